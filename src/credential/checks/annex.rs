//! Completeness by the Council's recommendations.

use super::{Check, CheckStatus, Kind};
use crate::catalogue::{Words, say};
use crate::credential::Annex;

/// What a table of standard elements comes to; without one there was nothing to look at.
pub(super) fn check(kind: Kind, table: Option<&Annex>, nothing: Words) -> Check {
    let Some(table) = table else { return Check::new(kind, CheckStatus::Skipped, nothing) };
    let absent: Vec<Words> = table.absent().map(named).collect();
    if absent.is_empty() {
        return Check::new(kind, CheckStatus::Ok, say("says.annex-complete"));
    }
    let reason = say("says.annex-absent").with_words("elements", Words::enumeration(absent));
    Check::new(kind, CheckStatus::Error, reason)
}

/// A mandatory element within a sentence.
fn named(element: &'static str) -> Words {
    say(match element {
        "identification of the learner" => "says.element-identification-of-the-learner",
        "title of the micro-credential" => "says.element-title-of-the-micro-credential",
        "country or region of the issuer" => "says.element-country-or-region-of-the-issuer",
        "awarding body" => "says.element-awarding-body",
        "date of issuing" => "says.element-date-of-issuing",
        "learning outcomes" => "says.element-learning-outcomes",
        "notional workload" => "says.element-notional-workload",
        "level" => "says.element-level",
        "type of assessment" => "says.element-type-of-assessment",
        "form of participation" => "says.element-form-of-participation",
        "type of quality assurance" => "says.element-type-of-quality-assurance",
        "title of the qualification" => "says.element-title-of-the-qualification",
        "field" => "says.element-field",
        "country or region" => "says.element-country-or-region",
        "EQF level" => "says.element-eqf-level",
        "description in learning outcomes" => "says.element-description-in-learning-outcomes",
        "awarding body or competent authority" => "says.element-awarding-body-or-competent-authority",
        other => return Words::constant(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Achievement, Specification};
    use crate::credential::{Credential, Model, annex_i, eqf_annex_vi};

    #[test]
    fn every_mandatory_element_has_its_words() {
        let kind = Some("Qualification".to_owned());
        let specification = Specification { kind, ..Specification::default() };
        let achievement = Achievement { specified_by: vec![specification], ..Achievement::default() };
        let credential =
            Credential { model: Model::ElmV3, achievements: vec![achievement], ..Credential::default() };
        for table in [annex_i(&credential), eqf_annex_vi(&credential)] {
            let table = table.unwrap();
            assert!(table.absent().count() > 5);
            for element in table.absent() {
                assert!(matches!(named(element), Words::Text(..)), "{element}");
                assert_eq!(named(element).to_string(), element);
            }
        }
    }
}
