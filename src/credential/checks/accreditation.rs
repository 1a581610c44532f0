//! Accreditation of the awarding body for what was awarded.

use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::credential::shapes::Profile;
use crate::credential::{Accreditation, Credential, Text};

/// Evidence of an accreditation (`http://data.europa.eu/snb/evidence-type/`).
const ACCREDITATION: &str = "http://data.europa.eu/snb/evidence-type/c_991b06c6";

/// The first official step, eligibility: an Accredited profile needs evidence with an accreditation and an achievement.
/// This version has no register to hold it against: what is eligible is said to be unproven, never good.
pub(super) fn check(credential: &Credential) -> Check {
    let accredited = credential.profile_ids.iter().any(|id| Profile::of(id) == Some(Profile::Accredited));
    if !accredited {
        let reason = "the profile is not Accredited";
        return Check::new(Kind::Accreditation, CheckStatus::Skipped, reason);
    }
    let evidence =
        credential.evidence.iter().filter(|one| one.types.iter().any(|kind| kind == ACCREDITATION));
    let of_bodies = credential
        .achievements
        .iter()
        .flat_map(|one| &one.awarded_by)
        .flat_map(|award| &award.awarding_bodies)
        .flat_map(|body| &body.accreditations);
    let claimed: Vec<&Accreditation> =
        evidence.flat_map(|one| &one.accreditations).chain(of_bodies).collect();
    let error = |reason: &str| Check::new(Kind::Accreditation, CheckStatus::Error, reason);
    if credential.achievements.is_empty() {
        return error("the profile is Accredited, but nothing was achieved");
    }
    if claimed.is_empty() {
        return error("the profile is Accredited, but no accreditation is named");
    }
    let details = claimed.into_iter().map(|one| Detail {
        item: "accreditation".to_owned(),
        outcome: Point::NotComparable,
        stated: one.id.clone().or_else(|| one.title.as_ref().and_then(Text::chosen).map(str::to_owned)),
        found: None,
    });
    Check {
        details: details.collect(),
        ..Check::new(
            Kind::Accreditation,
            CheckStatus::Skipped,
            "an accreditation is named, but no register was at hand to hold it against",
        )
        .with_code("unproven")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Achievement, Evidence};

    #[test]
    fn eligibility() {
        let profile_ids = vec!["http://data.europa.eu/snb/credential/c_ae121a00".to_owned()];
        let bare = Credential { profile_ids, ..Credential::default() };
        assert_eq!(check(&Credential::default()).status, CheckStatus::Skipped);
        assert_eq!(check(&bare).status, CheckStatus::Error);
        let achieved = Credential { achievements: vec![Achievement::default()], ..bare };
        assert_eq!(check(&achieved).status, CheckStatus::Error);
        let evidence = Evidence {
            types: vec![ACCREDITATION.to_owned()],
            accreditations: vec![Accreditation { id: Some("urn:a".into()), ..Accreditation::default() }],
            ..Evidence::default()
        };
        let named = check(&Credential { evidence: vec![evidence], ..achieved });
        assert_eq!((named.status, named.code), (CheckStatus::Skipped, Some("unproven")));
    }
}
