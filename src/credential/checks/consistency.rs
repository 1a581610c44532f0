//! What stands in a credential twice with different values, or cannot be meant as it stands.

use super::{Check, CheckStatus, Kind};
use crate::catalogue::{Words, say};
use crate::credential::duration::Duration;
use crate::credential::{Achievement, Activity, Assessment, Credential, Model, Specification};
use crate::excerpt::excerpt;

/// Notional workload beyond which it is surely another unit: ten years of full time.
const HOURS: u64 = 20_000;

/// Points shown in the reason.
const SHOWN: usize = 8;

/// Collects what the reader saw and what the values say.
pub(super) fn check(credential: &Credential) -> Check {
    let mut found = credential.conflicts.clone();
    let validity = &credential.validity;
    if let (Some(issued), Some(issuance)) = (&validity.issued, &validity.issuance_date)
        && let (Some(one), Some(other)) = (issued.time, issuance.time)
        && one != other
    {
        let differ = say("says.consistency-issued-twice").with("issued", &issued.text);
        found.push(differ.with("issuance", &issuance.text));
    }
    for achievement in &credential.achievements {
        of_achievement(achievement, "hasClaim", &mut found);
    }
    let birth = credential.learner.as_ref().and_then(|learner| learner.birth_date.as_ref());
    if let Some(birth) = birth {
        if birth.time.is_none() {
            found.push(say("says.consistency-birth-no-date"));
        } else if evening(&birth.text) {
            found.push(say("says.consistency-birth-evening"));
        }
    }
    found.dedup();
    if found.is_empty() {
        return match credential.model {
            Model::Unknown => Check::new(Kind::Consistency, CheckStatus::Skipped, say("says.unknown-model")),
            _ => Check::new(Kind::Consistency, CheckStatus::Ok, say("says.consistency-holds")),
        };
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    if more > 0 {
        found.push(say("says.and-more").with("count", more));
    }
    Check::new(Kind::Consistency, CheckStatus::Error, Words::list(found))
}

/// A time from 20:00 on in UTC, to the minute.
fn evening(text: &str) -> bool {
    let time = text.split_once('T').map(|(_, time)| time).unwrap_or_default();
    let hour = time.get(..2).and_then(|hour| hour.parse::<u8>().ok());
    time.ends_with('Z') && hour.is_some_and(|hour| hour >= 20) && time.get(2..5) == Some(":00")
}

fn of_achievement(one: &Achievement, path: &str, found: &mut Vec<Words>) {
    one.specified_by.iter().for_each(|each| of_specification(each, &format!("{path}.specifiedBy"), found));
    one.proven_by.iter().for_each(|each| of_assessment(each, &format!("{path}.provenBy"), found));
    one.influenced_by.iter().for_each(|each| of_activity(each, &format!("{path}.influencedBy"), found));
    one.parts.iter().for_each(|part| of_achievement(part, &format!("{path}.hasPart"), found));
}

fn of_assessment(one: &Assessment, path: &str, found: &mut Vec<Words>) {
    one.specified_by.iter().for_each(|each| of_specification(each, &format!("{path}.specifiedBy"), found));
    one.parts.iter().for_each(|part| of_assessment(part, &format!("{path}.hasPart"), found));
}

fn of_activity(one: &Activity, path: &str, found: &mut Vec<Words>) {
    workload(&one.workload, || format!("{path}.workload"), found);
    one.specified_by.iter().for_each(|each| of_specification(each, &format!("{path}.specifiedBy"), found));
    one.parts.iter().for_each(|part| of_activity(part, &format!("{path}.hasPart"), found));
}

fn of_specification(one: &Specification, path: &str, found: &mut Vec<Words>) {
    workload(&one.workload, || format!("{path}.volumeOfLearning"), found);
    one.parts.iter().for_each(|part| of_specification(part, &format!("{path}.hasPart"), found));
}

fn workload(values: &[String], path: impl Fn() -> String, found: &mut Vec<Words>) {
    for value in values {
        let shown = || excerpt(value, 40);
        match Duration::parse(value) {
            None => {
                let wrong = say("says.consistency-no-duration").with("item", path());
                found.push(wrong.with("value", format_args!("{:?}", shown())));
            }
            Some(duration) if duration.calendar_only() => {
                let wrong = say("says.consistency-calendar").with("item", path()).with("value", shown());
                found.push(wrong.with_words("duration", duration.in_words()));
            }
            Some(duration) if duration.hours() > HOURS => {
                found.push(say("says.consistency-long").with("item", path()).with("value", shown()));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Date, Learner, Validity};

    #[test]
    fn implausible_and_contradicting_values() {
        let with = |workload: &str| {
            let specification = Specification { workload: vec![workload.into()], ..Specification::default() };
            let achievement = Achievement { specified_by: vec![specification], ..Achievement::default() };
            Credential { model: Model::ElmV3, achievements: vec![achievement], ..Credential::default() }
        };
        assert_eq!(check(&with("PT60H")).status, CheckStatus::Ok);
        let months = check(&with("P60M"));
        assert_eq!(months.status, CheckStatus::Error);
        assert!(
            months.reason.to_string().contains("hasClaim.specifiedBy.volumeOfLearning P60M is 60 months"),
            "{months:?}"
        );
        assert_eq!(check(&with("60 hours")).status, CheckStatus::Error);
        assert_eq!(check(&with("PT99999H")).status, CheckStatus::Error);
        assert_eq!(check(&Credential::default()).status, CheckStatus::Skipped);

        let born = |text: &str| {
            let learner = Learner { birth_date: Some(Date::new(text)), ..Learner::default() };
            Credential { learner: Some(learner), ..with("PT1H") }
        };
        assert_eq!(check(&born("1999-10-02")).status, CheckStatus::Ok);
        assert_eq!(check(&born("2000-12-31T00:00:00.000Z")).status, CheckStatus::Ok);
        let evening = check(&born("1999-10-01T22:00:00Z"));
        assert!(
            evening.reason.to_string().contains("the day after")
                && !evening.reason.to_string().contains("1999"),
            "{evening:?}"
        );

        let dates = |one: &str, other: &str| Validity {
            issued: Some(Date::new(one)),
            issuance_date: Some(Date::new(other)),
            ..Validity::default()
        };
        let validity = dates("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(check(&Credential { validity, ..with("PT1H") }).status, CheckStatus::Error);
        let validity = dates("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00");
        assert_eq!(check(&Credential { validity, ..with("PT1H") }).status, CheckStatus::Ok);
    }
}
