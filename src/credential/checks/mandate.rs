//! Who sealed on whose behalf, and on what evidence.

use super::sealer::Sealer;
use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::catalogue::{Words, say};
use crate::credential::{Achievement, Credential, Organisation, Text};
use crate::excerpt::excerpt;
use crate::validation::SealVerdict;

/// Evidence of a mandate (`http://data.europa.eu/snb/evidence-type/`).
const MANDATE: &str = "http://data.europa.eu/snb/evidence-type/c_18016257";

/// The profile whose shapes demand a statement with it.
const PROFILE: &str = "http://data.europa.eu/snb/credential/c_9a31f32a";

/// The type of an ELM v2 presentation that its issuer sealed for another.
const MANDATED_PRESENTATION: &str = "http://data.europa.eu/snb/verifiable-presentation/c_825cddc0";

/// Compares sealer and awarding bodies.
pub(super) fn check(credential: &Credential, seals: &[&SealVerdict]) -> Check {
    let sealers: Vec<Sealer<'_>> = Sealer::all(seals).collect();
    judge(credential, &sealers)
}

fn judge(credential: &Credential, sealers: &[Sealer<'_>]) -> Check {
    let skipped = |key| Check::new(Kind::Mandate, CheckStatus::Skipped, say(key));
    let mut bodies: Vec<&Organisation> = Vec::new();
    awarding_bodies(&credential.achievements, &mut bodies);
    let evidence = credential.evidence.iter().find(|one| one.types.iter().any(|kind| kind == MANDATE));
    let presented = credential
        .presentation
        .as_ref()
        .is_some_and(|one| one.covered && one.kind.as_deref() == Some(MANDATED_PRESENTATION));
    let mandated_profile = credential.profile_ids.iter().any(|id| id == PROFILE);
    if sealers.is_empty() {
        return skipped("says.no-certificate");
    }
    if bodies.is_empty() && evidence.is_none() && !mandated_profile {
        return skipped("says.mandate-no-body");
    }

    let mut details = Vec::new();
    let mut others = Vec::new();
    for body in bodies {
        let compared: Vec<bool> = sealers.iter().filter_map(|sealer| sealer.is(body)).collect();
        let outcome = match (compared.is_empty(), compared.contains(&true)) {
            (true, _) => Point::NotComparable,
            (false, true) => Point::Agrees,
            (false, false) => Point::Differs,
        };
        let name =
            body.legal_name.as_ref().and_then(Text::chosen).or(body.id.as_deref()).map(Words::verbatim);
        if outcome != Point::Agrees {
            others.push(name.clone().unwrap_or(say("says.mandate-nameless-body")));
        }
        let sealer =
            sealers.first().and_then(|one| one.organisation.or(one.common_name)).map(Words::verbatim);
        let detail = Detail { item: Words::constant("awardingBody"), outcome, stated: name, found: sealer };
        if !details.contains(&detail) {
            details.push(detail);
        }
    }
    others.dedup();
    let statement = evidence.and_then(|one| one.statement.as_ref()).and_then(Text::chosen);
    if let Some(statement) = statement {
        let stated = excerpt(statement, 300);
        let item = Words::constant("evidence.evidenceStatement");
        details.push(Detail {
            item,
            outcome: Point::NotComparable,
            stated: Some(Words::verbatim(stated)),
            found: None,
        });
    }

    let claimed = evidence.is_some() || presented;
    let (status, reason) = match (others.is_empty(), claimed) {
        (true, false) if mandated_profile => (CheckStatus::Error, say("says.mandate-no-evidence")),
        (true, false) => (CheckStatus::Ok, say("says.mandate-own-seal")),
        (false, false) => {
            let bodies = Words::enumeration(others);
            (CheckStatus::Error, say("says.mandate-sealed-by-another").with_words("bodies", bodies))
        }
        (_, true) if presented && evidence.is_none() => (CheckStatus::Ok, say("says.mandate-presentation")),
        (_, true) if statement.is_none() => (CheckStatus::Error, say("says.mandate-no-statement")),
        (_, true) if !mandated_profile => (CheckStatus::Error, say("says.mandate-other-profile")),
        (_, true) => (CheckStatus::Ok, say("says.mandate-statement")),
    };
    Check { details, ..Check::new(Kind::Mandate, status, reason) }
}

fn awarding_bodies<'c>(achievements: &'c [Achievement], bodies: &mut Vec<&'c Organisation>) {
    for achievement in achievements {
        for body in achievement.awarded_by.iter().flat_map(|award| &award.awarding_bodies) {
            if !bodies.contains(&body) {
                bodies.push(body);
            }
        }
        awarding_bodies(&achievement.parts, bodies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Award, Evidence};

    fn credential(body: &str, evidence: Option<Option<&str>>, profile: &str) -> Credential {
        let legal_name = Some(Text::plain(body));
        let body = Organisation { legal_name, ..Organisation::default() };
        let award = Award { awarding_bodies: vec![body], date: None };
        let evidence = evidence.map(|statement| Evidence {
            types: vec![MANDATE.to_owned()],
            statement: statement.map(Text::plain),
            ..Evidence::default()
        });
        Credential {
            achievements: vec![Achievement { awarded_by: vec![award], ..Achievement::default() }],
            evidence: evidence.into_iter().collect(),
            profile_ids: vec![profile.to_owned()],
            ..Credential::default()
        }
    }

    #[test]
    fn who_sealed_for_whom() {
        let sealer = Sealer {
            common_name: None,
            organisation: Some("Sealing Ltd"),
            organisation_identifier: None,
            country: None,
        };
        let generic = "http://data.europa.eu/snb/credential/e34929035b";
        let run = |credential: &Credential| judge(credential, &[sealer]);
        let status = |body, evidence, profile| run(&credential(body, evidence, profile)).status;
        assert_eq!(status("Sealing Limited", None, generic), CheckStatus::Ok);
        assert_eq!(status("University", None, generic), CheckStatus::Error);
        assert_eq!(status("University", Some(Some("by contract")), PROFILE), CheckStatus::Ok);
        assert_eq!(status("University", Some(None), PROFILE), CheckStatus::Error);
        assert_eq!(status("Sealing Ltd", None, PROFILE), CheckStatus::Error);
        let trap = run(&credential("University", Some(Some("by contract")), generic));
        assert_eq!(trap.status, CheckStatus::Error);
        assert!(trap.reason.to_string().contains("profile is not Issued by mandate"), "{}", trap.reason);
        assert_eq!(run(&Credential::default()).status, CheckStatus::Skipped);
        assert_eq!(judge(&credential("University", None, generic), &[]).status, CheckStatus::Skipped);
    }
}
