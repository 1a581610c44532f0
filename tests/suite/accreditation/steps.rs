//! Each step by itself, on achievements and their parts.

use super::{
    accredited, achievement, awarded, concept, covering, folder, identifier, outcome, run, university,
};
use sealgate::credential::accreditation::Record;
use sealgate::credential::{
    Accreditation, Achievement, CheckStatus, Credential, Date, Detail, Point, Specification,
};

#[test]
fn what_is_covered_in_every_way() {
    let check = run(&accredited(), &[folder("register", vec![covering()])]);
    assert_eq!((check.status, check.code), (CheckStatus::Ok, None), "{check:#?}");
    assert!(check.reason.to_string().contains("register"), "{}", check.reason);
    assert!(check.details.iter().all(|one| one.outcome == Point::Agrees), "{:#?}", check.details);
    assert_eq!(check.details.len(), 12, "every step is a point: {:#?}", check.details);
    let named =
        |one: &Detail| one.found.as_ref().is_some_and(|found| found.to_string().starts_with("register: "));
    assert!(check.details.iter().all(named), "who said it: {:#?}", check.details);
    let bare = Record { limit_qualifications: Vec::new(), kind: None, ..covering() };
    let institutional = Some("http://data.europa.eu/snb/accreditation/bb4618238e".to_owned());
    let unlimited = Record {
        limit_fields: Vec::new(),
        limit_eqf_levels: Vec::new(),
        limit_jurisdictions: Vec::new(),
        limit_credential_types: Vec::new(),
        expiry: None,
        kind: institutional,
        ..bare
    };
    assert_eq!(run(&accredited(), &[folder("register", vec![unlimited])]).status, CheckStatus::Ok);
}

/// Each step: what is changed in the record and the credential, the item that shows it, how, and what it comes to.
#[test]
fn every_step_by_itself() {
    use Point::{Agrees, Differs, NotComparable, Partial};
    type Change = fn(&mut Record, &mut Credential);
    let cases: &[(&str, Change, &str, Point, Option<&str>)] = &[
        ("negative", |r, _| r.decision = Some("negative".into()), "decision", Differs, Some("not-covered")),
        (
            "a concept",
            |r, _| {
                r.decision =
                    Some("https://data.deqar.eu/decision/positive_with_conditions_or_restrictions".into());
            },
            "decision",
            Partial,
            None,
        ),
        ("no decision", |r, _| r.decision = None, "decision", NotComparable, Some("incomplete")),
        ("a score", |r, _| r.decision = Some("10".into()), "decision", NotComparable, Some("incomplete")),
        (
            "not applicable",
            |r, _| r.decision = Some("not applicable".into()),
            "decision",
            NotComparable,
            Some("incomplete"),
        ),
        ("revoked", |r, _| r.status = vec!["revoked".into()], "status", Differs, Some("not-covered")),
        ("both", |r, _| r.status.push("withdrawn".into()), "status", Differs, Some("not-covered")),
        ("no status", |r, _| r.status.clear(), "status", NotComparable, Some("incomplete")),
        ("no type", |r, _| r.kind = None, "accreditation.type", NotComparable, Some("incomplete")),
        (
            "unknown type",
            |r, _| r.kind = Some("urn:t".into()),
            "accreditation.type",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "another type than is claimed",
            |_, c| c.evidence[0].accreditations[0].types = vec![concept("x/accreditation/bb4618238e")],
            "accreditation.type",
            Differs,
            Some("not-covered"),
        ),
        (
            "the type that is claimed, by its other URI",
            |_, c| {
                c.evidence[0].accreditations[0].types =
                    vec![concept("https://x/authority/snb/accreditation/e57dddfcf3")]
            },
            "accreditation.type",
            Agrees,
            None,
        ),
        (
            "a programme, but which",
            |r, _| r.limit_qualifications.clear(),
            "accreditation.type",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "issued later",
            |r, _| r.issued = Some(Date::new("2024-06-02")),
            "issuedDate",
            Differs,
            Some("not-covered"),
        ),
        ("issued when", |r, _| r.issued = None, "issuedDate", NotComparable, Some("incomplete")),
        (
            "expired before",
            |r, _| r.expiry = Some(Date::new("2024-05-31")),
            "expiryDate",
            Differs,
            Some("not-covered"),
        ),
        ("expires that day", |r, _| r.expiry = Some(Date::new("2024-06-01")), "expiryDate", Partial, None),
        ("expired since", |r, _| r.expiry = Some(Date::new("2025-01-01")), "expiryDate", Partial, None),
        ("no end", |r, _| r.expiry = None, "expiryDate", Agrees, None),
        (
            "a review was due",
            |r, _| {
                r.expiry = None;
                r.review = Some(Date::new("2023-01-01"));
            },
            "reviewDate",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "issued without date",
            |_, c| c.validity.issuance_date = None,
            "expiryDate",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "another type of credential",
            |r, _| r.limit_credential_types = vec!["http://data.europa.eu/snb/credential/6dff8a0f87".into()],
            "limitCredentialType",
            Differs,
            Some("not-covered"),
        ),
        (
            "another body",
            |r, _| r.organisations = vec![university("2")],
            "awardingBody",
            Differs,
            Some("not-covered"),
        ),
        (
            "the same number in another country",
            |r, _| r.organisations[0].registrations = vec![identifier("1", "SWE")],
            "awardingBody",
            Differs,
            Some("not-covered"),
        ),
        (
            "the same number of another scheme",
            |r, c| {
                r.organisations[0].registrations[0].scheme = Some("https://one.example".into());
                c.achievements[0].awarded_by[0].awarding_bodies[0].registrations[0].scheme =
                    Some("https://other.example".into());
            },
            "awardingBody",
            Differs,
            Some("not-covered"),
        ),
        (
            "the same name only",
            |r, _| r.organisations[0].registrations.clear(),
            "awardingBody",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "no organisation",
            |r, _| r.organisations.clear(),
            "awardingBody",
            NotComparable,
            Some("incomplete"),
        ),
        ("one of several", |r, _| r.organisations.insert(0, university("2")), "awardingBody", Agrees, None),
        (
            "no awarding body",
            |_, c| c.achievements[0].awarded_by.clear(),
            "awardingBody",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "two bodies, one accredited",
            |_, c| c.achievements[0].awarded_by[0].awarding_bodies.push(university("2")),
            "awardingBody",
            Differs,
            Some("not-covered"),
        ),
        (
            "another qualification",
            |_, c| c.achievements[0].specified_by[0].identifiers[0].notation = "Q-2".into(),
            "limitQualification",
            Differs,
            Some("not-covered"),
        ),
        (
            "a qualification of the document's own numbering",
            |_, c| {
                c.achievements[0].specified_by[0].identifiers.clear();
                c.achievements[0].specified_by[0].id = Some("urn:epass:qualification:1".into());
            },
            "limitQualification",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "another level",
            |_, c| {
                c.achievements[0].specified_by[0].eqf_levels =
                    vec![concept("http://data.europa.eu/snb/eqf/8")]
            },
            "eqfLevel",
            Differs,
            Some("not-covered"),
        ),
        (
            "the level by its other URI",
            |r, _| {
                r.limit_eqf_levels =
                    vec!["https://publications.europa.eu/resource/authority/snb/eqf/7".into()]
            },
            "eqfLevel",
            Agrees,
            None,
        ),
        (
            "no level",
            |_, c| c.achievements[0].specified_by[0].eqf_levels.clear(),
            "eqfLevel",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "a field outside",
            |_, c| {
                c.achievements[0].specified_by[0]
                    .thematic_areas
                    .push(concept("http://data.europa.eu/snb/isced-f/0111"))
            },
            "thematicArea",
            Differs,
            Some("not-covered"),
        ),
        (
            "a wider field",
            |r, _| {
                r.limit_fields = vec![
                    "http://data.europa.eu/snb/isced-f/0732".into(),
                    "http://data.europa.eu/snb/isced-f/0733".into(),
                ]
            },
            "thematicArea",
            Agrees,
            None,
        ),
        (
            "the field around a limit",
            |_, c| {
                c.achievements[0].specified_by[0].thematic_areas =
                    vec![concept("http://data.europa.eu/snb/isced-f/07")]
            },
            "thematicArea",
            Agrees,
            None,
        ),
        (
            "wider than the limit",
            |r, c| {
                r.limit_fields = vec!["http://data.europa.eu/snb/isced-f/0732".into()];
                c.achievements[0].specified_by[0].thematic_areas =
                    vec![concept("http://data.europa.eu/snb/isced-f/073")];
            },
            "thematicArea",
            Differs,
            Some("not-covered"),
        ),
        (
            "no field",
            |_, c| c.achievements[0].specified_by[0].thematic_areas.clear(),
            "thematicArea",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "a field of another vocabulary",
            |_, c| c.achievements[0].specified_by[0].thematic_areas = vec![concept("urn:field")],
            "thematicArea",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "another country's jurisdiction",
            |r, _| {
                r.limit_jurisdictions =
                    vec!["http://publications.europa.eu/resource/authority/atu/SWE".into()]
            },
            "location",
            Differs,
            Some("not-covered"),
        ),
        (
            "a region within the jurisdiction",
            |r, c| {
                r.limit_jurisdictions = vec!["http://data.europa.eu/nuts/code/FI1".into()];
                c.achievements[0].awarded_by[0].awarding_bodies[0].regions =
                    vec!["http://data.europa.eu/nuts/code/FI1B1".into()];
            },
            "location",
            Agrees,
            None,
        ),
        (
            "a region beside the jurisdiction",
            |r, c| {
                r.limit_jurisdictions = vec!["http://data.europa.eu/nuts/code/FI2".into()];
                c.achievements[0].awarded_by[0].awarding_bodies[0].regions =
                    vec!["http://data.europa.eu/nuts/code/FI1B1".into()];
            },
            "location",
            Differs,
            Some("not-covered"),
        ),
        (
            "the codes do not tell",
            |r, c| {
                r.limit_jurisdictions =
                    vec!["http://publications.europa.eu/resource/authority/atu/FIN_XX_1".into()];
                c.achievements[0].awarded_by[0].awarding_bodies[0].regions =
                    vec!["http://publications.europa.eu/resource/authority/atu/FIN_YY_2".into()];
            },
            "location",
            NotComparable,
            Some("incomplete"),
        ),
        (
            "no location",
            |_, c| c.achievements[0].awarded_by[0].awarding_bodies[0].countries.clear(),
            "location",
            NotComparable,
            Some("incomplete"),
        ),
    ];
    for (name, change, item, point, code) in cases {
        let (mut record, mut credential) = (covering(), accredited());
        change(&mut record, &mut credential);
        let check = run(&credential, &[folder("register", vec![record])]);
        let points = outcome(&check, item);
        assert!(points.contains(point), "{name}: {points:?} {check:#?}");
        assert_eq!(check.code, *code, "{name}: {check:#?}");
        let expected = match code {
            None => CheckStatus::Ok,
            Some("not-covered") => CheckStatus::Error,
            Some(_) => CheckStatus::Skipped,
        };
        assert_eq!(check.status, expected, "{name}: {check:#?}");
    }
}

#[test]
fn what_an_achievement_consists_of_is_covered_too() {
    let with = |part: Achievement| {
        let mut credential = accredited();
        credential.achievements[0].parts = vec![Achievement { parts: vec![part], ..Achievement::default() }];
        run(&credential, &[folder("register", vec![covering()])])
    };
    // A part that says nothing of its own comes with the whole.
    assert_eq!(with(Achievement::default()).status, CheckStatus::Ok);
    let other_body = with(Achievement { awarded_by: awarded(university("2")), ..Achievement::default() });
    assert_eq!((other_body.status, other_body.code), (CheckStatus::Error, Some("not-covered")));
    assert!(
        other_body.reason.to_string().contains("hasClaim[0].hasPart[0].hasPart[0].awardedBy"),
        "{}",
        other_body.reason
    );
    let other_field = Specification {
        thematic_areas: vec![concept("http://data.europa.eu/snb/isced-f/0911")],
        ..Specification::default()
    };
    let other_field = with(Achievement { specified_by: vec![other_field], ..Achievement::default() });
    assert_eq!(other_field.code, Some("not-covered"));
    // Another achievement beside the one that is covered.
    let mut credential = accredited();
    credential.achievements.push(Achievement { awarded_by: awarded(university("2")), ..achievement() });
    let check = run(&credential, &[folder("register", vec![covering()])]);
    assert_eq!(check.code, Some("not-covered"), "{check:#?}");
    // It may have an accreditation of its own.
    let own = Record {
        id: Some("https://register.example/8".to_owned()),
        organisations: vec![university("2")],
        ..covering()
    };
    let own_claim = Accreditation { id: own.id.clone(), ..Accreditation::default() };
    credential.evidence[0].accreditations.push(own_claim);
    let check = run(&credential, &[folder("register", vec![covering(), own])]);
    assert_eq!(check.status, CheckStatus::Ok, "{check:#?}");
}

#[test]
fn hostile_credentials_end() {
    let mut credential = accredited();
    let parts: Vec<Achievement> = (0..3000)
        .map(|at| Achievement { awarded_by: awarded(university(&at.to_string())), ..achievement() })
        .collect();
    credential.achievements[0].parts = parts;
    let claims: Vec<Accreditation> = (0..3000)
        .map(|at| Accreditation {
            id: Some(format!("https://register.example/{at}")),
            ..Accreditation::default()
        })
        .collect();
    credential.evidence[0].accreditations = claims;
    let check = run(&credential, &[folder("register", vec![covering()])]);
    assert_ne!(check.status, CheckStatus::Ok);
    assert!(check.details.len() <= 200, "{}", check.details.len());
}
