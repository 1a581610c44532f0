//! The official EXPIRY, the order of the dates beside it, and the dates against the time of sealing.
//!
//! Errors: a date that is none; a start after the validation time or after an end; an end before the validation time,
//! the presentation's too; a seal proven to have existed before the credential was issued (`issued`, `issuanceDate`);
//! a seal made after the end by its own claimed time. Only said, since nothing is proven or it may well be meant so: a
//! seal that claims to be older than the credential; one before `validFrom`; one whose proof is younger than the end.
//! Clocks may differ by a minute; a date without time zone, or a day alone, by a day.

use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::catalogue::{Words, say};
use crate::credential::{Credential, Date};
use crate::excerpt::excerpt;
use crate::time::Time;
use crate::validation::SealVerdict;

/// Seconds by which a date can be off: with its time zone, and without.
const CLOCKS: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

/// Runs it at a validation time.
pub(super) fn check(credential: &Credential, seals: &[&SealVerdict], time: Time) -> Check {
    let own = seals.iter().filter(|seal| !seal.counter_signature);
    let sealed: Vec<Sealed> = own
        .map(|seal| Sealed { claimed: seal.claimed_signing_time, proven: seal.best_signature_time })
        .collect();
    judge(credential, &sealed, time)
}

/// When a seal was made: as it claims, and at the latest.
#[derive(Clone, Copy)]
struct Sealed {
    claimed: Option<Time>,
    proven: Time,
}

/// A date under its name.
struct Named<'c> {
    name: &'static str,
    date: &'c Date,
}

impl Named<'_> {
    /// Words about it, with its name.
    fn name(&self, key: &'static str) -> Words {
        say(key).with_words("name", Words::constant(self.name))
    }

    /// Words about it, with its name and what stands there.
    fn said(&self, key: &'static str) -> Words {
        self.name(key).with("date", &self.date.text)
    }
}

fn named<'c>(list: [(&'static str, Option<&'c Date>); 3]) -> Vec<Named<'c>> {
    list.into_iter().filter_map(|(name, date)| Some(Named { name, date: date? })).collect()
}

fn judge(credential: &Credential, sealed: &[Sealed], time: Time) -> Check {
    let dates = &credential.validity;
    let presentation = credential.presentation.as_ref();
    let starts = named([
        ("issued", dates.issued.as_ref()),
        ("issuanceDate", dates.issuance_date.as_ref()),
        ("validFrom", dates.valid_from.as_ref()),
    ]);
    let ends = named([
        ("validUntil", dates.valid_until.as_ref()),
        ("expirationDate", dates.expiration_date.as_ref()),
        ("presentation.expirationDate", presentation.and_then(|one| one.expiration_date.as_ref())),
    ]);

    let mut findings = Findings::default();
    for one in starts.iter().chain(&ends).filter(|one| one.date.time.is_none()) {
        let shown = excerpt(&one.date.text, 40);
        findings.error(one.name("says.validity-no-date").with("date", format_args!("{shown:?}")));
    }
    for start in &starts {
        findings.against_now(
            start,
            start.date.time.map(|start| start <= time),
            "says.validity-begins-later",
            time,
        );
        for end in &ends {
            if let (Some(from), Some(until)) = (start.date.time, end.date.end())
                && from > until
            {
                let wrong = start.said("says.validity-start-after-end");
                findings
                    .error(wrong.with_words("end", Words::constant(end.name)).with("until", &end.date.text));
            }
        }
    }
    for end in &ends {
        findings.against_now(end, end.date.end().map(|end| end >= time), "says.validity-ended", time);
    }
    for seal in sealed {
        starts.iter().for_each(|start| findings.sealed_before(start, *seal));
        // A seal that does not cover the presentation knows nothing of its end.
        let covered = presentation.is_some_and(|one| one.covered);
        let known = ends.iter().filter(|end| covered || !end.name.starts_with("presentation."));
        known.for_each(|end| findings.sealed_after(end, *seal));
    }

    let nothing = starts.is_empty() && ends.is_empty();
    let zoneless = starts.iter().chain(&ends).any(|one| one.date.time.is_some() && !one.date.zoned);
    findings.into_check(nothing, ends.first(), zoneless)
}

/// What was found so far.
#[derive(Default)]
struct Findings {
    errors: Vec<Words>,
    said: Vec<Words>,
    details: Vec<Detail>,
}

impl Findings {
    fn error(&mut self, text: Words) {
        if !self.errors.contains(&text) {
            self.errors.push(text);
        }
    }

    fn remark(&mut self, text: Words) {
        if !self.said.contains(&text) {
            self.said.push(text);
        }
    }

    fn detail(&mut self, item: Words, outcome: Point, stated: &Date, found: Words) {
        let stated = Some(Words::verbatim(excerpt(&stated.text, 40)));
        let detail = Detail { item, outcome, stated, found: Some(found) };
        if !self.details.contains(&detail) {
            self.details.push(detail);
        }
    }

    /// A date against the validation time; `None` for one that is none. `wrong` is what is said where it does not hold.
    fn against_now(&mut self, one: &Named<'_>, holds: Option<bool>, wrong: &'static str, time: Time) {
        let outcome = match holds {
            Some(true) => Point::Agrees,
            Some(false) => {
                self.error(one.said(wrong).with("time", time));
                Point::Differs
            }
            None => Point::NotComparable,
        };
        let found = say("says.validity-now").with("time", time);
        self.detail(Words::constant(one.name), outcome, one.date, found);
    }

    /// A start against the time of sealing.
    fn sealed_before(&mut self, start: &Named<'_>, seal: Sealed) {
        let Some(from) = start.date.time else { return };
        let earliest = from.plus_seconds(-tolerance(start.date));
        let claimed_before = seal.claimed.filter(|claimed| *claimed < earliest);
        let (outcome, found) = if seal.proven < earliest && start.name != "validFrom" {
            self.error(start.said("says.validity-sealed-before").with("time", seal.proven));
            (Point::Differs, proven(seal))
        } else if let Some(time) = claimed_before {
            self.remark(start.said("says.validity-claimed-before").with("time", time));
            (Point::Partial, claimed(time))
        } else if seal.proven < earliest {
            self.remark(start.said("says.validity-sealed-before").with("time", seal.proven));
            (Point::Partial, proven(seal))
        } else {
            (Point::Agrees, seal.claimed.map_or_else(|| proven(seal), claimed))
        };
        self.detail(start.name("says.validity-sealing"), outcome, start.date, found);
    }

    /// An end against the time of sealing.
    fn sealed_after(&mut self, end: &Named<'_>, seal: Sealed) {
        let Some(until) = end.date.end() else { return };
        let latest = until.plus_seconds(tolerance(end.date));
        let (outcome, found) = if let Some(time) = seal.claimed.filter(|claimed| *claimed > latest) {
            self.error(end.said("says.validity-sealed-after").with("time", time));
            (Point::Differs, claimed(time))
        } else if seal.proven > latest {
            self.remark(end.name("says.validity-proven-after").with("time", seal.proven));
            (Point::Partial, proven(seal))
        } else {
            (Point::Agrees, seal.claimed.map_or_else(|| proven(seal), claimed))
        };
        self.detail(end.name("says.validity-sealing"), outcome, end.date, found);
    }

    fn into_check(self, nothing: bool, end: Option<&Named<'_>>, zoneless: bool) -> Check {
        let Self { errors, said, details } = self;
        let (status, mut reason) = if !errors.is_empty() {
            (CheckStatus::Error, Words::list(errors))
        } else if nothing {
            (CheckStatus::Skipped, say("says.validity-no-dates"))
        } else if let Some(end) = end {
            (CheckStatus::Ok, Words::verbatim(format_args!("{} {}", end.name, end.date.text)))
        } else {
            (CheckStatus::Ok, say("says.validity-no-end"))
        };
        if !said.is_empty() {
            reason = Words::list(std::iter::once(reason).chain(said));
        }
        if zoneless {
            reason = say("says.validity-zoneless").with_words("reason", reason);
        }
        Check { details, ..Check::new(Kind::Validity, status, reason) }
    }
}

fn tolerance(date: &Date) -> i64 {
    if date.zoned { CLOCKS } else { DAY }
}

fn claimed(time: Time) -> Words {
    say("says.validity-claimed").with("time", time)
}

fn proven(seal: Sealed) -> Words {
    say("says.validity-proven").with("time", seal.proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Presentation, Validity};

    fn run(dates: [Option<&str>; 3]) -> (CheckStatus, String) {
        let [issued, valid_from, valid_until] = dates.map(|text| text.map(Date::new));
        let validity = Validity { issued, valid_from, valid_until, ..Validity::default() };
        let credential = Credential { validity, ..Credential::default() };
        let time = Time::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let check = judge(&credential, &[], time);
        assert_eq!(check.kind, Kind::Validity);
        (check.status, check.reason.to_string())
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

    fn sealed(validity: [Option<&str>; 3], claimed: Option<&str>, proven: &str) -> (CheckStatus, String) {
        let [issued, valid_from, valid_until] = validity.map(|text| text.map(Date::new));
        let validity = Validity { issued, valid_from, valid_until, ..Validity::default() };
        let time = |text: &str| Time::parse_rfc3339(text).unwrap();
        let seal = Sealed { claimed: claimed.map(time), proven: time(proven) };
        let credential = Credential { validity, ..Credential::default() };
        let check = judge(&credential, &[seal], time("2026-11-22T12:00:00Z"));
        let worst = check.details.iter().any(|one| one.outcome == Point::Differs);
        assert_eq!(worst, check.status == CheckStatus::Error, "{check:?}");
        (check.status, check.reason.to_string())
    }

    #[test]
    fn validity_against_the_time_of_sealing() {
        let noon = Some("2026-06-01T12:00:00Z");
        let issued = |text, claimed, proven| sealed([Some(text), None, None], claimed, proven);
        let (status, reason) = issued("2026-06-01T12:00:00Z", noon, "2026-06-01T12:00:01Z");
        assert_eq!((status, reason.as_str()), (CheckStatus::Ok, "no end of validity"));
        assert_eq!(issued("2026-06-01T12:00:30Z", noon, "2026-06-01T12:00:01Z").0, CheckStatus::Ok);
        let (status, reason) = issued("2026-06-02T12:00:00Z", noon, "2026-06-01T12:00:01Z");
        assert_eq!(status, CheckStatus::Error);
        assert!(reason.contains("sealed by 2026-06-01T12:00:01Z, before issued"), "{reason}");
        // Claimed alone: the proof came later.
        let (status, reason) = issued("2026-06-02T12:00:00Z", noon, "2026-06-03T12:00:01Z");
        assert_eq!(status, CheckStatus::Ok);
        assert!(reason.contains("claimed signing time 2026-06-01T12:00:00Z is before issued"), "{reason}");
        // Without time zone it may be the same day.
        assert_eq!(issued("2026-06-02T11:00:00", noon, "2026-06-01T12:00:01Z").0, CheckStatus::Ok);
        assert_eq!(issued("2026-06-02", noon, "2026-06-01T12:00:01Z").0, CheckStatus::Ok);
        assert_eq!(issued("2026-06-03", noon, "2026-06-01T12:00:01Z").0, CheckStatus::Error);
        // To hold later than it was sealed is no contradiction.
        let (status, reason) =
            sealed([None, Some("2026-09-01T00:00:00Z"), None], noon, "2026-06-01T12:00:01Z");
        assert_eq!(status, CheckStatus::Ok);
        assert!(reason.contains("before validFrom"), "{reason}");

        let until = |text, claimed, proven| sealed([None, None, Some(text)], claimed, proven);
        let late = Some("2026-12-03T00:00:00Z");
        assert_eq!(until("2026-12-01T00:00:00Z", late, "2026-11-22T12:00:00Z").0, CheckStatus::Error);
        assert_eq!(until("2026-12-02", late, "2026-11-22T12:00:00Z").0, CheckStatus::Ok);
        assert_eq!(until("2026-12-01", late, "2026-11-22T12:00:00Z").0, CheckStatus::Error);
        let (status, reason) = until("2026-06-30T00:00:00Z", None, "2026-11-22T12:00:00Z");
        assert_eq!(status, CheckStatus::Error, "over by now");
        assert!(reason.contains("is proven by 2026-11-22T12:00:00Z only"), "{reason}");
    }

    #[test]
    fn the_end_of_the_presentation() {
        let time = |text: &str| Time::parse_rfc3339(text).unwrap();
        let late =
            Sealed { claimed: Some(time("2026-11-20T00:00:00Z")), proven: time("2026-11-20T00:00:00Z") };
        let of = |text: &str, covered| {
            let presentation =
                Presentation { expiration_date: Some(Date::new(text)), covered, ..Presentation::default() };
            let credential = Credential { presentation: Some(presentation), ..Credential::default() };
            judge(&credential, &[late], time("2026-11-22T12:00:00Z"))
        };
        let says = |check: &Check, what| check.reason.to_string().contains(what);
        assert_eq!(of("2030-01-01T00:00:00Z", true).status, CheckStatus::Ok);
        let over = of("2026-11-01T00:00:00Z", false);
        assert_eq!(over.status, CheckStatus::Error);
        assert!(says(&over, "presentation.expirationDate") && !says(&over, "sealed"));
        assert!(says(&of("2026-11-01T00:00:00Z", true), "sealed at"));
    }
}
