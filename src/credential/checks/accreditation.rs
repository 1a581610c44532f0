//! Accreditation of the awarding body for what was awarded.

use super::{Check, CheckStatus, Context, Kind};
use crate::catalogue::say;
use crate::credential::Credential;
use crate::credential::accreditation::{Coverage, Register, cover};
use crate::credential::shapes::Profile;
use std::sync::Arc;

/// The codes, and what each stands for.
pub(super) const CODES: [&str; 7] = [
    // SKIPPED: no register was at hand, or none knows the accreditation.
    "unproven",
    // SKIPPED: a register has no answer yet; it may have one later.
    "not-asked",
    // SKIPPED: a register could not be reached.
    "unreachable",
    // SKIPPED: a register has several accreditations of the identifier.
    "ambiguous",
    // SKIPPED: a register knows it, but a step lacks data on one side.
    "incomplete",
    // ERROR: a register knows it, and a step does not hold.
    "not-covered",
    // OK: the issuer is the accredited organisation, the awarding body is not (ELM v2).
    "issuer-only",
];

/// The official steps and more, for an Accredited profile: it names an accreditation and has an achievement, a register
/// knows the accreditation, and it covers every achievement.
pub(super) fn check(credential: &Credential, context: &Context<'_>) -> Check {
    let sealed = context.seals.iter().any(|seal| !seal.counter_signature && seal.indication.passed());
    let asked = context.registers.iter().filter(|register| sealed || !register.fetches());
    let registers: Vec<Arc<dyn Register>> = asked.cloned().collect();
    let accredited = credential.profile_ids.iter().any(|id| Profile::of(id) == Some(Profile::Accredited));
    if !accredited {
        let reason = say("says.accreditation-not-accredited");
        return Check::new(Kind::Accreditation, CheckStatus::Skipped, reason);
    }
    let Some(cover) = cover(credential, &registers, context.time) else {
        let reason = say(if credential.achievements.is_empty() {
            "says.accreditation-nothing-achieved"
        } else {
            "says.accreditation-none-named"
        });
        return Check::new(Kind::Accreditation, CheckStatus::Error, reason);
    };
    let (status, code) = match cover.coverage {
        Coverage::Covered => (CheckStatus::Ok, None),
        Coverage::IssuerOnly => (CheckStatus::Ok, Some("issuer-only")),
        Coverage::NotAsked => (CheckStatus::Skipped, Some("not-asked")),
        Coverage::Unreachable => (CheckStatus::Skipped, Some("unreachable")),
        Coverage::Ambiguous => (CheckStatus::Skipped, Some("ambiguous")),
        Coverage::Incomplete => (CheckStatus::Skipped, Some("incomplete")),
        Coverage::Unproven => (CheckStatus::Skipped, Some("unproven")),
        Coverage::NotCovered => (CheckStatus::Error, Some("not-covered")),
    };
    Check { code, details: cover.details, ..Check::new(Kind::Accreditation, status, cover.reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Accreditation, Achievement, Evidence, Model};
    use crate::time::Time;

    #[test]
    fn eligibility() {
        let check = |credential: &Credential| check(credential, &Context::at(Time::from_seconds(0)));
        for profile in ["c_ae121a00", "6cf8e68c43"] {
            let profile_ids = vec![format!("http://data.europa.eu/snb/credential/{profile}")];
            let bare = Credential { model: Model::ElmV3, profile_ids, ..Credential::default() };
            assert_eq!(check(&Credential::default()).status, CheckStatus::Skipped);
            assert_eq!(check(&bare).status, CheckStatus::Error);
            let achieved = Credential { achievements: vec![Achievement::default()], ..bare };
            assert_eq!(check(&achieved).status, CheckStatus::Error);
            let evidence = Evidence {
                types: vec!["http://data.europa.eu/snb/evidence-type/c_991b06c6".to_owned()],
                accreditations: vec![Accreditation { id: Some("urn:a".into()), ..Accreditation::default() }],
                ..Evidence::default()
            };
            let named = check(&Credential { evidence: vec![evidence], ..achieved });
            assert_eq!((named.status, named.code), (CheckStatus::Skipped, Some("unproven")));
            assert_eq!(named.details.len(), 1, "{named:?}");
        }
    }
}
