//! What registers answer: none, one, several, contradicting ones; DEQAR beside them.

use super::{accredited, covering, folder, identifier, outcome, run};
use sealgate::catalogue::Words;
use sealgate::credential::accreditation::{Deqar, Found, Query, Record, Register, queries};
use sealgate::credential::{Accreditation, CheckStatus, Identifier, Point, Text};
use sealgate::report::AcceptancePolicy;
use std::sync::Arc;

/// A register with one answer to everything.
#[derive(Debug)]
struct Answering(Found);

impl Register for Answering {
    fn name(&self) -> &str {
        "remote"
    }

    fn find(&self, _: &Query) -> Found {
        self.0.clone()
    }
}

#[test]
fn what_registers_answer() {
    let one = || folder("register", vec![covering()]);
    let remote = |found: Found| -> Arc<dyn Register> { Arc::new(Answering(found)) };
    let unreachable = || remote(Found::Unreachable(Words::constant("timed out")));
    let other = Record { title: Some(Text::plain("Another")), ..covering() };
    let negative = Record { decision: Some("negative".into()), ..covering() };
    for (name, registers, status, code) in [
        ("none at hand", vec![], CheckStatus::Skipped, Some("unproven")),
        ("not known", vec![remote(Found::nothing())], CheckStatus::Skipped, Some("unproven")),
        (
            "not asked",
            vec![remote(Found::nothing()), remote(Found::NotAsked)],
            CheckStatus::Skipped,
            Some("not-asked"),
        ),
        ("unreachable", vec![unreachable()], CheckStatus::Skipped, Some("unreachable")),
        ("one knows", vec![unreachable(), one(), remote(Found::NotAsked)], CheckStatus::Ok, None),
        (
            "two of one identifier",
            vec![folder("register", vec![covering(), other.clone()])],
            CheckStatus::Skipped,
            Some("ambiguous"),
        ),
        (
            "two of one identifier, though another register knows one",
            vec![one(), folder("second", vec![covering(), other])],
            CheckStatus::Skipped,
            Some("ambiguous"),
        ),
        (
            "two registers contradict each other",
            vec![one(), folder("second", vec![negative])],
            CheckStatus::Error,
            Some("not-covered"),
        ),
    ] {
        let check = run(&accredited(), &registers);
        assert_eq!((check.status, check.code), (status, code), "{name}: {check:#?}");
        assert!(!check.details.is_empty(), "{name}");
    }
    let check = run(&accredited(), &[unreachable()]);
    let found = check.details[0].found.as_ref().map(Words::to_string);
    assert_eq!(found.as_deref(), Some("remote: could not be reached: timed out"));
    // Every code has its word in the default policy, and the policy in the file is the one in code.
    assert_eq!(AcceptancePolicy::read("default").unwrap(), AcceptancePolicy::default());
}

#[test]
fn found_by_another_identifier_of_the_accreditation() {
    let mut credential = accredited();
    credential.evidence[0].accreditations[0] = Accreditation {
        id: Some("urn:epass:accreditation:1".to_owned()),
        identifiers: vec![Identifier { notation: "A-7".to_owned(), ..Identifier::default() }],
        ..Accreditation::default()
    };
    assert_eq!(queries(&credential)[0], Query::Notation("A-7".to_owned()));
    let of = |id: &str| Record {
        id: Some(id.to_owned()),
        identifiers: vec![Identifier { notation: "A-7".to_owned(), ..Identifier::default() }],
        ..covering()
    };
    assert_eq!(run(&credential, &[folder("register", vec![of("a")])]).status, CheckStatus::Ok);
    let two = run(&credential, &[folder("register", vec![of("a"), of("b")])]);
    assert_eq!(two.code, Some("ambiguous"));
}

#[test]
fn deqar_tells_which_identifiers_are_of_one_institution() {
    let file = |closed: &str, reports: &str| -> Arc<dyn Register> {
        let text = format!(
            "deqar_id,eter_id,name_primary,country,closure_date,report_count,identifiers_all\n\
             DEQARINST0001,FI0001,University 1,Finland,{closed},{reports},\n"
        );
        Arc::new(Deqar::parse("deqar", text.as_bytes()).unwrap())
    };
    // The register has its DEQAR number, the credential its ETER identifier.
    let mut record = covering();
    record.organisations[0].registrations.clear();
    record.organisations[0].identifiers = vec![Identifier {
        notation: "https://data.deqar.eu/institution/1".to_owned(),
        ..Identifier::default()
    }];
    let mut credential = accredited();
    let body = &mut credential.achievements[0].awarded_by[0].awarding_bodies[0];
    body.registrations.clear();
    body.identifiers = vec![identifier("FI0001", "FIN")];
    let register = folder("register", vec![record]);
    let alone = run(&credential, &[Arc::clone(&register)]);
    assert_eq!(alone.code, Some("incomplete"), "{alone:#?}");
    let both = run(&credential, &[Arc::clone(&register), file("", "3")]);
    assert_eq!(both.status, CheckStatus::Ok, "{both:#?}");
    assert_eq!(outcome(&both, "institution"), [Point::Agrees]);
    // DEQAR alone knows no accreditation.
    assert_eq!(run(&credential, &[file("", "3")]).code, Some("unproven"));
    let closed = run(&credential, &[Arc::clone(&register), file("2020-12-31", "3")]);
    assert_eq!((closed.code, outcome(&closed, "institution")), (Some("not-covered"), vec![Point::Differs]));
    let unreported = run(&credential, &[Arc::clone(&register), file("", "0")]);
    assert_eq!(
        (unreported.status, outcome(&unreported, "institution")),
        (CheckStatus::Ok, vec![Point::Partial])
    );
    // The same number of another country is another institution.
    credential.achievements[0].awarded_by[0].awarding_bodies[0].identifiers =
        vec![identifier("FI0001", "SWE")];
    let foreign = run(&credential, &[register, file("", "3")]);
    assert_eq!(
        (foreign.status, outcome(&foreign, "institution")),
        (CheckStatus::Skipped, vec![]),
        "{foreign:#?}"
    );
}
