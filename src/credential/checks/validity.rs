//! The official EXPIRY, and the order of the dates beside it.

use super::{Check, CheckStatus, Kind};
use crate::credential::{Credential, Date};
use crate::time::Time;

/// Runs it at a validation time.
pub(super) fn check(credential: &Credential, time: Time) -> Check {
    let dates = &credential.validity;
    let starts =
        [("issued", &dates.issued), ("issuanceDate", &dates.issuance_date), ("validFrom", &dates.valid_from)];
    let ends = [("validUntil", &dates.valid_until), ("expirationDate", &dates.expiration_date)];
    let named = |list: &[(&'static str, &Option<Date>)]| -> Vec<(&'static str, Date)> {
        list.iter().filter_map(|(name, date)| Some((*name, Option::clone(date)?))).collect()
    };
    let (starts, ends) = (named(&starts), named(&ends));

    let mut errors = Vec::new();
    for (name, date) in starts.iter().chain(&ends) {
        if date.time.is_none() {
            let shown: String = date.text.chars().take(40).collect();
            errors.push(format!("{name} {shown:?} is no date"));
        }
    }
    for (name, start) in &starts {
        if start.time.is_some_and(|start| start > time) {
            errors.push(format!("{name} {} is after the validation time {time}", start.text));
        }
        for (end_name, end) in &ends {
            if let (Some(from), Some(until)) = (start.time, end.end())
                && from > until
            {
                errors.push(format!("{name} {} is after {end_name} {}", start.text, end.text));
            }
        }
    }
    for (name, end) in &ends {
        if end.end().is_some_and(|end| end < time) {
            errors.push(format!("{name} {} is before the validation time {time}", end.text));
        }
    }

    let (status, mut reason) = if !errors.is_empty() {
        (CheckStatus::Error, errors.join("; "))
    } else if starts.is_empty() && ends.is_empty() {
        (CheckStatus::Skipped, "the credential has no dates".to_owned())
    } else if let Some((name, end)) = ends.first() {
        (CheckStatus::Ok, format!("{name} {}", end.text))
    } else {
        (CheckStatus::Ok, "no end of validity".to_owned())
    };
    let zoneless = starts.iter().chain(&ends).any(|(_, date)| date.time.is_some() && !date.zoned);
    if zoneless {
        reason.push_str(" (a date without time zone is read as UTC)");
    }
    Check::new(Kind::Validity, status, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Validity;

    fn run(dates: [Option<&str>; 3]) -> (CheckStatus, String) {
        let [issued, valid_from, valid_until] = dates.map(|text| text.map(Date::new));
        let validity = Validity { issued, valid_from, valid_until, ..Validity::default() };
        let credential = Credential { validity, ..Credential::default() };
        let time = Time::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let check = check(&credential, time);
        assert_eq!(check.kind, Kind::Validity);
        (check.status, check.reason)
    }

    #[test]
    fn validity_against_the_validation_time() {
        let past = Some("2020-01-01T00:00:00Z");
        let future = Some("2030-01-01T00:00:00Z");
        assert_eq!(run([None, None, None]).0, CheckStatus::Skipped);
        assert_eq!(run([past, past, future]).0, CheckStatus::Ok);
        assert_eq!(run([past, None, None]), (CheckStatus::Ok, "no end of validity".into()));
        assert_eq!(run([past, past, past]).0, CheckStatus::Error);
        assert_eq!(run([past, future, None]).0, CheckStatus::Error);
        assert_eq!(run([future, None, None]).0, CheckStatus::Error);
        let reversed = run([None, Some("2027-01-01T00:00:00Z"), Some("2026-12-01T00:00:00Z")]).1;
        assert!(reversed.contains("validFrom 2027-01-01T00:00:00Z is after validUntil"), "{reversed}");
        assert_eq!(run([past, None, Some("2026-11-22")]).0, CheckStatus::Ok, "the day is not over");
        assert_eq!(run([past, None, Some("2026-11-21")]).0, CheckStatus::Error);
        assert_eq!(run([past, None, Some("one day")]).0, CheckStatus::Error);
        assert!(run([past, None, Some("2030-01-01T00:00:00")]).1.contains("read as UTC"));
    }
}
