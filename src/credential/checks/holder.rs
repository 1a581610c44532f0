//! The subject of a credential against what the verifier states about the applicant. Officially OWNER.
//!
//! An identifier of the same kind and country decides, whatever the name; otherwise name and birth date must both agree
//! as far as both are there. Values of the credential are never echoed: the details say what was compared alone.

use super::{Check, CheckStatus, Detail, Kind, Point, and, or};
use crate::catalogue::{Words, say};
use crate::credential::identity::{Likeness, alpha_2, compact, likeness, person};
use crate::credential::{Applicant, Date, Identifier, Learner, Text};

/// The points that identify a person by themselves.
const NATIONAL_ID: Words = say("says.holder-national-identifier");
const STUDENT_ID: Words = say("says.holder-student-identifier");

/// Compares; without an applicant there is nothing to compare.
pub(super) fn check(learner: Option<&Learner>, applicant: Option<&Applicant>) -> Check {
    let skipped = |key| Check::new(Kind::Holder, CheckStatus::Skipped, say(key));
    let Some(applicant) = applicant else { return skipped("says.holder-no-applicant") };
    let Some(learner) = learner else { return skipped("says.holder-nobody") };
    let points = [
        (NATIONAL_ID, applicant.national_id.as_ref().map(|_| national_id(applicant, learner))),
        (STUDENT_ID, applicant.european_student_identifier.as_deref().map(|stated| student(stated, learner))),
        (say("says.holder-name"), stated_name(applicant).map(|stated| name(&stated, applicant, learner))),
        (
            say("says.holder-birth-date"),
            applicant.birth_date.as_ref().map(|stated| birth_date(stated, learner)),
        ),
    ];
    let details: Vec<Detail> = points
        .into_iter()
        .filter_map(|(item, outcome)| Some(Detail { item, outcome: outcome?, stated: None, found: None }))
        .collect();
    judge(details)
}

fn judge(details: Vec<Detail>) -> Check {
    let items = |outcome: Point| -> Vec<Words> {
        details.iter().filter(|one| one.outcome == outcome).map(|one| one.item.clone()).collect()
    };
    let (agreeing, partial, differing, missing) =
        (items(Point::Agrees), items(Point::Partial), items(Point::Differs), items(Point::NotComparable));
    let identified = agreeing.iter().any(|item| [NATIONAL_ID, STUDENT_ID].contains(item));
    let check = if !differing.is_empty() {
        let reason = say("says.holder-no-match").with_words("items", and(differing));
        Check::new(Kind::Holder, CheckStatus::Error, reason).with_code("no-match")
    } else if agreeing.is_empty() && partial.is_empty() {
        let reason = say("says.holder-not-said").with_words("items", or(missing));
        Check::new(Kind::Holder, CheckStatus::Skipped, reason)
    } else if identified || (partial.is_empty() && missing.is_empty()) {
        let reason = say("says.holder-match").with_words("items", and(agreeing));
        Check::new(Kind::Holder, CheckStatus::Ok, reason)
    } else {
        let parts = [
            ("says.holder-agree", agreeing),
            ("says.holder-agree-in-part", partial),
            ("says.holder-absent", missing),
        ];
        let parts = parts.into_iter().filter(|(_, items)| !items.is_empty());
        let parts = parts.map(|(key, items)| say(key).with_words("items", and(items)));
        let reason = Words::list(std::iter::once(say("says.holder-partial-match")).chain(parts));
        Check::new(Kind::Holder, CheckStatus::Error, reason).with_code("partial-match")
    };
    Check { details, ..check }
}

fn stated_name(applicant: &Applicant) -> Option<String> {
    let parts = [&applicant.given_name, &applicant.family_name];
    let joined: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
    applicant.name.clone().or_else(|| (!joined.is_empty()).then(|| joined.join(" ")))
}

/// The best likeness of any way in which the credential writes the name.
fn name(stated: &str, applicant: &Applicant, learner: &Learner) -> Point {
    let texts = |text: &Option<Text>| -> Vec<String> {
        text.iter().flat_map(|text| text.texts().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let (given, family) = (texts(&learner.given_name), texts(&learner.family_name));
    let mut written = texts(&learner.full_name);
    for family in &family {
        written.extend(given.iter().map(|given| format!("{given} {family}")));
    }
    let whole = !written.is_empty();
    if !whole {
        // Only one part is there: it can agree in part at most.
        written.extend(given.into_iter().chain(family));
    }
    let stated_words = person(stated);
    let best = written.iter().map(|one| likeness(&stated_words, &person(one))).max();
    let only_part_stated =
        applicant.name.is_none() && (applicant.given_name.is_none() || applicant.family_name.is_none());
    match best {
        None => Point::NotComparable,
        Some(Likeness::Same) if whole && !only_part_stated => Point::Agrees,
        Some(Likeness::Same | Likeness::Partial) => Point::Partial,
        Some(Likeness::Different) => Point::Differs,
    }
}

/// Hours by which European time zones are ahead of UTC, at most.
const AHEAD: i64 = 4;

/// A birth date is a day. Some credentials have its midnight somewhere in Europe, as a moment in UTC: the evening
/// before is the same day then.
fn birth_date(stated: &Date, learner: &Learner) -> Point {
    let Some(found) = &learner.birth_date else { return Point::NotComparable };
    let (Some(moment), Some(day)) = (found.time, stated.time) else { return Point::NotComparable };
    let day_of_text = found.text.get(..10) == stated.text.get(..10);
    let midnight = |hours: i64| moment.plus_seconds(hours.saturating_mul(3600)) == day;
    let evening = found.text.contains('T') && found.text.ends_with('Z') && (1..=AHEAD).any(midnight);
    if day_of_text || evening { Point::Agrees } else { Point::Differs }
}

fn national_id(applicant: &Applicant, learner: &Learner) -> Point {
    let stated = applicant.national_id.as_deref().map(compact).unwrap_or_default();
    let country = applicant.national_id_country.as_deref();
    let mut comparable = learner.national_ids.iter().filter(|one| match (country, one.country.as_deref()) {
        (Some(stated), Some(found)) => {
            stated == found || alpha_2(stated).is_some_and(|s| alpha_2(found) == Some(s))
        }
        _ => true,
    });
    match comparable.next() {
        None => Point::NotComparable,
        Some(first) => {
            let same =
                compact(&first.notation) == stated || comparable.any(|one| compact(&one.notation) == stated);
            if same { Point::Agrees } else { Point::Differs }
        }
    }
}

/// European Student Identifiers begin with their namespace (SCHAC); others are of another kind.
fn student(stated: &str, learner: &Learner) -> Point {
    const NAMESPACE: &str = "urn:schac:personaluniquecode:int:esi:";
    let of_kind = |notation: &str| notation.to_ascii_lowercase().starts_with(NAMESPACE);
    let named =
        |scheme: Option<&str>| scheme.is_some_and(|scheme| scheme.contains("European Student Identifier"));
    let short = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        text.strip_prefix(NAMESPACE).map_or(text.clone(), str::to_owned)
    };
    let of_kind = |one: &&Identifier| of_kind(&one.notation) || named(one.scheme.as_deref());
    let found: Vec<&Identifier> = learner.identifiers.iter().filter(of_kind).collect();
    if found.is_empty() {
        return Point::NotComparable;
    }
    let same = found.iter().any(|one| short(&one.notation) == short(stated));
    if same { Point::Agrees } else { Point::Differs }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learner() -> Learner {
        let identifier = |notation: &str, country: Option<&str>| Identifier {
            notation: notation.into(),
            country: country.map(str::to_owned),
            scheme: None,
        };
        Learner {
            full_name: Some(Text::plain("Ana Andromeda")),
            birth_date: Some(Date::new("1999-10-01T22:00:00Z")),
            national_ids: vec![identifier("12345-A", Some("ESP"))],
            identifiers: vec![identifier(
                "urn:schac:personalUniqueCode:int:esi:math.example.edu:xxxxxxxxxx",
                None,
            )],
            ..Learner::default()
        }
    }

    fn run(json: &str) -> (CheckStatus, Option<&'static str>, String) {
        let check = check(Some(&learner()), Some(&Applicant::parse(json.as_bytes()).unwrap()));
        let shown = serde_json::to_string(&check).unwrap();
        assert!(!shown.contains("1999-10-01") && !shown.contains("12345"), "{shown}");
        (check.status, check.code, check.reason.to_string())
    }

    #[test]
    fn match_partial_and_no_match() {
        use CheckStatus::{Error, Ok, Skipped};
        for (json, status, code) in [
            (r#"{"name": "Andromeda Ana", "birth_date": "1999-10-02"}"#, Ok, None),
            (r#"{"given_name": "Ana", "family_name": "ANDROMEDA"}"#, Ok, None),
            (r#"{"name": "Ana Andromeda", "birth_date": "1999-10-01"}"#, Ok, None),
            (r#"{"name": "Ana Andromeda", "birth_date": "1999-10-03"}"#, Error, Some("no-match")),
            (r#"{"name": "Bea Andromeda", "birth_date": "1999-10-02"}"#, Error, Some("no-match")),
            (r#"{"name": "Ana Maria Andromeda"}"#, Error, Some("partial-match")),
            (r#"{"family_name": "Andromeda"}"#, Error, Some("partial-match")),
            (r#"{"name": "A. Andromeda", "birth_date": "1999-10-02"}"#, Error, Some("partial-match")),
            (
                r#"{"name": "Ana Lopez", "national_id": "12345a", "national_id_country": "ES"}"#,
                Error,
                Some("no-match"),
            ),
            (r#"{"name": "A. Andromeda", "national_id": "12345a", "national_id_country": "ES"}"#, Ok, None),
            (
                r#"{"name": "Ana Andromeda", "national_id": "99999", "national_id_country": "ESP"}"#,
                Error,
                Some("no-match"),
            ),
            (r#"{"national_id": "12345A", "national_id_country": "FR"}"#, Skipped, None),
            (r#"{"european_student_identifier": "math.example.edu:xxxxxxxxxx"}"#, Ok, None),
            (r#"{"european_student_identifier": "math.example.edu:y"}"#, Error, Some("no-match")),
        ] {
            let (found, found_code, reason) = run(json);
            assert_eq!((found, found_code), (status, code), "{json}: {reason}");
        }
        assert_eq!(check(Some(&learner()), None).status, CheckStatus::Skipped);
    }
}
