//! The ACCREDITATION check: the Commission's samples, each step by itself, and registers of every kind.

mod registers;
mod service;
mod steps;

use crate::support::{root, shared};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealgate::credential::accreditation::{Folder, Qualification, Record, Register, records};
use sealgate::credential::{
    self, Accreditation, Achievement, Award, Check, CheckStatus, Concept, Credential, Date, Evidence,
    Identifier, Kind, Model, Organisation, Point, Specification, Text,
};
use sealgate::format::{self, Envelope, Limits};
use sealgate::signature::Payload;
use sealgate::time::Time;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const NOW: &str = "2026-11-22T00:00:00Z";

fn run(credential: &Credential, registers: &[Arc<dyn Register>]) -> Check {
    let time = Time::parse_rfc3339(NOW).unwrap();
    let context = credential::Context { registers, ..credential::Context::at(time) };
    let checks = credential::checks(credential, [None, None], &context);
    checks.into_iter().find(|check| check.kind == Kind::Accreditation).unwrap()
}

fn folder(name: &str, records: Vec<Record>) -> Arc<dyn Register> {
    Arc::new(Folder::of(name, records))
}

fn concept(id: &str) -> Concept {
    Concept { id: Some(id.to_owned()), ..Concept::default() }
}

fn identifier(notation: &str, country: &str) -> Identifier {
    Identifier { notation: notation.to_owned(), country: Some(country.to_owned()), scheme: None }
}

/// A university by its registration in Finland.
fn university(number: &str) -> Organisation {
    Organisation {
        legal_name: Some(Text::plain(&format!("University {number}"))),
        registrations: vec![identifier(number, "FIN")],
        countries: vec!["FIN".to_owned()],
        ..Organisation::default()
    }
}

fn awarded(body: Organisation) -> Vec<Award> {
    vec![Award { awarding_bodies: vec![body], date: None }]
}

fn achievement() -> Achievement {
    let specification = Specification {
        kind: Some("Qualification".to_owned()),
        identifiers: vec![Identifier { notation: "Q-1".to_owned(), ..Identifier::default() }],
        eqf_levels: vec![concept("http://data.europa.eu/snb/eqf/7")],
        thematic_areas: vec![concept("http://data.europa.eu/snb/isced-f/0732")],
        ..Specification::default()
    };
    Achievement {
        kind: Some("LearningAchievement".to_owned()),
        awarded_by: awarded(university("1")),
        specified_by: vec![specification],
        ..Achievement::default()
    }
}

/// An Accredited credential of 2024 that names one accreditation in evidence.
fn accredited() -> Credential {
    let mut credential = Credential {
        model: Model::ElmV3,
        profile_ids: vec!["http://data.europa.eu/snb/credential/c_ae121a00".to_owned()],
        achievements: vec![achievement()],
        evidence: vec![Evidence {
            types: vec!["http://data.europa.eu/snb/evidence-type/c_991b06c6".to_owned()],
            accreditations: vec![Accreditation {
                id: Some("https://register.example/7".to_owned()),
                ..Accreditation::default()
            }],
            ..Evidence::default()
        }],
        ..Credential::default()
    };
    credential.validity.issuance_date = Some(Date::new("2024-06-01T00:00:00Z"));
    credential
}

/// What covers it, limited in every way in which an accreditation can be.
fn covering() -> Record {
    let qualification = Qualification {
        id: None,
        identifiers: vec![Identifier { notation: "Q-1".to_owned(), ..Identifier::default() }],
    };
    Record {
        id: Some("https://register.example/7".to_owned()),
        kind: Some("http://data.europa.eu/snb/accreditation/e57dddfcf3".to_owned()),
        title: Some(Text::plain("Programme accreditation")),
        decision: Some("positive".to_owned()),
        organisations: vec![university("1")],
        limit_qualifications: vec![qualification],
        limit_fields: vec!["http://data.europa.eu/snb/isced-f/07".to_owned()],
        limit_eqf_levels: vec!["http://data.europa.eu/snb/eqf/7".to_owned()],
        limit_jurisdictions: vec!["http://publications.europa.eu/resource/authority/atu/FIN".to_owned()],
        limit_credential_types: vec!["http://data.europa.eu/snb/credential/6cf8e68c43".to_owned()],
        issued: Some(Date::new("2020-01-01T00:00:00Z")),
        expiry: Some(Date::new("2028-01-01T00:00:00Z")),
        status: vec!["released".to_owned()],
        ..Record::default()
    }
}

fn outcome(check: &Check, item: &str) -> Vec<Point> {
    check.details.iter().filter(|one| one.item.to_string().ends_with(item)).map(|one| one.outcome).collect()
}

/// The accreditation of the Commission's ELM v2 samples as a register would have it, in the form of its JSON; the
/// registration and the limits are the test's.
fn of_the_samples(limits: Value) -> Value {
    let mut record = json!({
        "id": "d5f03bcc-2599-42f8-bb3d-587995707cc0",
        "identifiers": [{"value": "https://data.deqar.eu/accreditationIdentifier/1", "schemeID": null}],
        "type": "http://data.europa.eu/snb/accreditation/003293d2ce",
        "titles": [{"language": "en", "value": "Institutional evaluation"}],
        "decision": {"content": "positive", "scoringSchemeID": null},
        "accreditedOrganization": {
            "registration": "https://data.deqar.eu/accreditationIdentifier/1",
            "vatIdentifiers": [{"value": "B00000000", "spatialId": "http://publications.europa.eu/resource/authority/country/ESP"}],
            "taxIdentifiers": null,
            "identifiers": [],
            "prefLabels": [{"language": "en", "value": "Accredited Organization"}],
            "locations": [{"locations": [{"nutsCode": "ES", "isoAlpha3Code": "ESP", "value": null}]}]
        },
        "limitQualification": null,
        "limitJurisdictions": [],
        "accreditingAgent": null,
        "issuedDate": 1_427_839_200_000_i64,
        "reviewDate": null,
        "expiryDate": 1_950_335_947_000_i64,
        "status": ["released"]
    });
    for (name, limit) in limits.as_object().unwrap() {
        record[name] = limit.clone();
    }
    record
}

fn examine(path: &Path, registers: &[Arc<dyn Register>]) -> Check {
    let bytes = std::fs::read(path).unwrap();
    let limits = Limits::default();
    let Envelope::Xml(document) = format::read(&bytes, &limits).unwrap() else { panic!("no XML") };
    let payload = Payload::Xml { document: &document, element: document.root_element().id() };
    let time = Time::parse_rfc3339(NOW).unwrap();
    let context = credential::Context { registers, ..credential::Context::at(time) };
    let checked = credential::examine(&payload, &limits, &context).unwrap();
    checked.checks.into_iter().find(|check| check.kind == Kind::Accreditation).unwrap()
}

/// How each sample's name was understood. The samples are of the official software's first version, which held the
/// registrations of issuer and awarding body against the identifiers of one accreditation that it had by it. All name
/// the accreditation `d5f03bcc-...`; the register here states the organisation of which those registrations are.
///
/// - step 1: the accreditation of the qualification that was awarded (`qualification/hasAccreditation`);
/// - step 2: that of an organisation (`organization/hasAccreditation`): the awarding body, or the issuer.
#[test]
fn the_commissions_samples_give_what_their_names_state() {
    let Some(samples) = shared("vectors/elm/v2", "the Commission's accreditation samples") else { return };
    let written = tempfile::tempdir().unwrap();
    let register = |name: &str, limits: Value| -> Arc<dyn Register> {
        let folder = written.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("one.json"), of_the_samples(limits).to_string()).unwrap();
        Arc::new(Folder::read(&folder).unwrap())
    };
    // Of an institution, without limits; and limited to what the qualification of step 1 is.
    let institution = register("institution", json!({"limitFields": [], "limitEQFLevels": []}));
    let limited = register(
        "limited",
        json!({
            "limitFields": [{"uri": "http://data.europa.eu/snb/isced-f/00"}],
            "limitEQFLevels": [{"uri": "http://data.europa.eu/snb/eqf/3"}],
            "limitJurisdictions": [{"uri": "http://publications.europa.eu/resource/authority/atu/ESP"}]
        }),
    );
    let elsewhere =
        register("elsewhere", json!({"limitFields": [{"uri": "http://data.europa.eu/snb/isced-f/07"}]}));
    // What the Commission's own service answered for this accreditation: another organisation, and no decision.
    let official: Arc<dyn Register> =
        Arc::new(Folder::read(&shared("vectors/elm/accreditations", "").unwrap()).unwrap());

    let (ok, error) = (CheckStatus::Ok, CheckStatus::Error);
    let file = |name: &str| samples.join(format!("test_name_accredited_credential_{name}.xml"));
    for (name, register, status, code, shows) in [
        // The issuer awarded it itself; its registration is a fake one.
        ("false", &institution, error, Some("not-covered"), ("awardingBody", Point::Differs)),
        ("false", &limited, error, Some("not-covered"), ("awardingBody", Point::Differs)),
        // The qualification's accreditation is the awarding body's, and holds for its field, level and country.
        ("step1_true", &limited, ok, None, ("thematicArea", Point::Agrees)),
        ("step1_true", &limited, ok, None, ("eqfLevel", Point::Agrees)),
        ("step1_true", &limited, ok, None, ("location", Point::Agrees)),
        ("step1_true", &elsewhere, error, Some("not-covered"), ("thematicArea", Point::Differs)),
        // The same document under this name: its organisation is the accredited one.
        ("step2_true", &institution, ok, None, ("awardingBody", Point::Agrees)),
        // Another organisation awarded it than issued it, and names the accreditation as its own.
        ("step2_awardingBody_true", &institution, ok, None, ("awardingBody", Point::Agrees)),
        // Its registration is a fake one, and so is the issuer's.
        (
            "step2_awardingBody_false",
            &institution,
            error,
            Some("not-covered"),
            ("awardingBody", Point::Differs),
        ),
        // Only the issuer is the accredited organisation: officially enough; said here by a code.
        (
            "step2_awardingBody_issuerTrue",
            &institution,
            ok,
            Some("issuer-only"),
            ("awardingBody", Point::Partial),
        ),
        // Nothing is claimed of the learner; the issuer names the accreditation as its own.
        ("step2_issuer_true", &institution, ok, None, ("issuer", Point::Agrees)),
        ("step2_issuer_false", &institution, error, Some("not-covered"), ("issuer", Point::Differs)),
        // Under the real record none of them is the Faculty that was evaluated.
        ("false", &official, error, Some("not-covered"), ("awardingBody", Point::Differs)),
        ("step2_true", &official, error, Some("not-covered"), ("awardingBody", Point::Differs)),
        (
            "step2_true",
            &official,
            error,
            Some("not-covered"),
            ("accreditation.decision", Point::NotComparable),
        ),
        ("step2_issuer_true", &official, error, Some("not-covered"), ("issuer", Point::Differs)),
    ] {
        let check = examine(&file(name), std::slice::from_ref(register));
        assert_eq!((check.status, check.code), (status, code), "{name}: {check:#?}");
        let points = outcome(&check, shows.0);
        assert!(points.contains(&shows.1), "{name} {}: {points:?} {check:#?}", shows.0);
    }
    for entry in std::fs::read_dir(&samples).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("test_name_accredited") {
            let check = examine(&path, &[]);
            assert_eq!((check.status, check.code), (CheckStatus::Skipped, Some("unproven")), "{path:?}");
        }
    }
}

#[test]
fn the_commissions_accreditations_are_read() {
    let Some(folder) = shared("vectors/elm/accreditations", "the Commission's accreditations") else {
        return;
    };
    let read = |name: &str| records(&std::fs::read(folder.join(name)).unwrap()).unwrap().remove(0);
    let limited = read("MockedSampleAccreditation.json");
    assert_eq!(
        limited.limit_fields,
        ["http://data.europa.eu/snb/isced-f/07", "http://data.europa.eu/snb/isced-f/08"]
    );
    assert_eq!((limited.identifiers.len(), limited.limit_qualifications[0].identifiers.len()), (3, 3));
    assert_eq!(limited.decision.as_deref(), Some("10"));
    let audit = read("MockedSampleAccreditation_2.json");
    assert_eq!(audit.decision.as_deref(), Some("positive"));
    assert_eq!(audit.organisations[0].countries, ["FIN"]);
    assert_eq!(audit.expiry.unwrap().text, "2025-05-19T22:00:00Z");
    let service = read("ServiceSampleAccreditation.json");
    assert_eq!((service.decision, service.expiry, service.status), (None, None, vec!["released".to_owned()]));
    assert_eq!(service.issued.unwrap().text, "2015-03-31T22:00:00Z");
    assert!(service.agents[0].legal_name.is_some());
    let Some(graph) = shared("vectors/elm/v3/Sample.jsonld", "the QDR's graph of an accreditation") else {
        return;
    };
    let found = records(&std::fs::read(graph).unwrap()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind.as_deref(), Some("http://data.europa.eu/snb/accreditation/003293d2ce"));
    assert_eq!(
        found[0].limit_eqf_levels,
        ["http://data.europa.eu/snb/eqf/7", "http://data.europa.eu/snb/eqf/6"]
    );
    assert_eq!(found[0].expiry.as_ref().unwrap().text, "2025-05-20T00:00:00Z");
    let organisation = &found[0].organisations[0];
    assert!(organisation.legal_name.is_some() && !organisation.identifiers.is_empty(), "{organisation:?}");
    assert!(found[0].identifiers.iter().all(|one| !one.notation.contains("europassResource")), "{found:#?}");
}

/// A credential of the Accredited profile that the register in `folder` covers, as a JWS whose seal does not hold: what
/// it says is checked all the same.
pub(crate) fn accredited_jws(folder: &Path) -> String {
    let example = std::fs::read_to_string(root().join("examples/sound/b-compact.jwt")).unwrap();
    let mut parts: Vec<String> = example.trim().split('.').map(str::to_owned).collect();
    let country = "http://publications.europa.eu/resource/authority/country/ESP";
    let body = json!({"id": "urn:epass:org:1", "type": "Organisation", "legalName": {"en": "Accredited Organization"},
        "vatIdentifier": {"notation": "B00000000", "spatial": {"id": country}}});
    parts[1] = URL_SAFE_NO_PAD.encode(
        json!({
            "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
            "credentialProfiles": {"id": "http://data.europa.eu/snb/credential/c_ae121a00"},
            "issuanceDate": "2024-06-01T00:00:00Z",
            "credentialSubject": {"type": "Person", "hasClaim": {"type": "LearningAchievement",
                "title": {"en": "Course"}, "awardedBy": {"awardingBody": body}}},
            "evidence": {"type": "Evidence", "dcType": {"id": "http://data.europa.eu/snb/evidence-type/c_991b06c6"},
                "accreditation": {"id": "d5f03bcc-2599-42f8-bb3d-587995707cc0", "type": "Accreditation"}}
        })
        .to_string(),
    );
    std::fs::write(folder.join("one.json"), of_the_samples(json!({})).to_string()).unwrap();
    parts.join(".")
}

/// ACCREDITATION of a verdict in JSON: its state and code.
pub(crate) fn of_verdict(verdict: &Value) -> (String, Value) {
    let checks = verdict["credential"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["check"] == "ACCREDITATION").unwrap();
    (check["status"].as_str().unwrap().to_owned(), check["code"].clone())
}

#[test]
fn registers_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credential.jwt");
    std::fs::write(&file, accredited_jws(folder.path())).unwrap();
    let sealgate = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .current_dir(root())
            .args(["verify", "--trust-domain", "trust-lists/demo.toml", "--format", "json"])
            .args(arguments)
            .arg(&file)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let check = |arguments: &[&str]| {
        let (code, out, error) = sealgate(arguments);
        assert_eq!(code, Some(1), "the seal is not of this payload: {error}");
        of_verdict(&serde_json::from_str(&out).unwrap())
    };
    let at = folder.path().to_str().unwrap();
    assert_eq!(check(&[]), ("SKIPPED".into(), json!("unproven")));
    assert_eq!(check(&["--accreditations", at]), ("OK".into(), Value::Null));
    let (code, _, error) = sealgate(&["--accreditations", "src"]);
    assert_eq!(code, Some(64));
    assert!(error.contains("--accreditations src: there is no accreditation file"), "{error}");
    let (code, _, error) = sealgate(&["--deqar", "Cargo.toml"]);
    assert_eq!(code, Some(64));
    assert!(error.contains("--deqar Cargo.toml: no column `deqar_id`"), "{error}");
}
