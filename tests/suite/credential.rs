//! What credentials say, over the shared samples.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use crate::xml::shared;
use proptest::prelude::*;
use sealgate::credential::{self, CheckStatus, Credential, Kind, Model, Text};
use sealgate::format::{self, Envelope, Limits, Unreadable};
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::{Context, Payload, jades};
use sealgate::time::Time;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Reads a file as the pipeline does: a signed payload where there is a signature, else the document itself.
fn read_bytes(bytes: &[u8]) -> Result<Option<Credential>, Unreadable> {
    let limits = Limits::default();
    Ok(match format::read(bytes, &limits)? {
        Envelope::Jws(jws) => {
            let crypto = Crypto::default();
            let signatures =
                jades::signatures(&jws, &Context { crypto: &crypto, limits: &limits, detached: &[] });
            for signature in &signatures {
                for timestamp in &signature.timestamps {
                    let _ = (timestamp.imprint)(&mut Vec::new());
                }
            }
            signatures.iter().find_map(|signature| read_payload(signature.payload.as_ref()?, &limits))
        }
        Envelope::Json(text) => read_payload(&Payload::Json(text.into()), &limits),
        Envelope::Xml(document) => {
            let element = document.root_element().id();
            read_payload(&Payload::Xml { document: &document, element }, &limits)
        }
        Envelope::Cms(_) | Envelope::Pdf(_) | Envelope::Container(_) => None,
    })
}

fn read_payload(payload: &Payload<'_>, limits: &Limits) -> Option<Credential> {
    credential::read(&credential::open(payload, limits)?.ok()?)
}

fn expiry(credential: &Credential, at: &str) -> CheckStatus {
    let context = credential::Context::at(Time::parse_rfc3339(at).unwrap());
    let checks = credential::checks(credential, [None, None], &context);
    checks.iter().find(|check| check.kind == Kind::Validity).unwrap().status
}

/// A text in English, else the first.
fn said(text: &Option<Text>) -> Option<&str> {
    text.as_ref().and_then(Text::chosen)
}

fn read(path: &Path) -> Option<Credential> {
    let bytes = std::fs::read(path).unwrap();
    read_bytes(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn sealed_credential_of_2026() {
    let Some(folder) = shared("credentials/edc-2026") else { return };
    let found = read(&folder.join("edc-mc-signed.jsonld")).unwrap();
    assert_eq!(found.model, Model::ElmV3);
    assert_eq!(found.profile.as_deref(), Some("Generic"));
    assert_eq!(found.id.as_deref(), Some("urn:credential:92cdd79b-fd53-4ad4-90e8-20db7e1b4675"));
    assert_eq!(said(&found.title), Some("Microcredential"));
    let issuer = found.issuer.as_ref().unwrap();
    assert_eq!(said(&issuer.legal_name), Some("Velocert OÜ"));
    assert_eq!(issuer.eidas_identifiers[0].notation, "17207834");
    assert_eq!(issuer.registrations[0].country.as_deref(), Some("EST"));
    assert_eq!(issuer.countries, ["EST"]);
    let learner = found.learner.as_ref().unwrap();
    assert_eq!(said(&learner.full_name), Some("Joe Done"));
    assert_eq!(learner.national_ids[0].notation, "12345");
    assert_eq!(found.achievements.len(), 1);
    assert_eq!(said(&found.achievements[0].title), Some("Title of your learning achievement"));
    assert_eq!(found.evidence[0].types, ["http://data.europa.eu/snb/evidence-type/c_18016257"]);
    assert_eq!(found.status.len(), 2);
    assert_eq!(found.status[1].purpose.as_deref(), Some("suspension"));
    assert_eq!(found.status[0].index.as_deref(), Some("194"));

    let shown = serde_json::to_string(&found).unwrap();
    assert!(shown.contains("\"model\":\"elm-v3\""), "{shown}");
    assert!(!format!("{found:?}").contains("Joe"), "personal data in a debug print");
}

#[test]
fn every_elm_sample_is_read() {
    let mut count = 0;
    for (folder, model) in [
        ("credentials/edc-2026", Model::ElmV3),
        ("credentials/edc-2023", Model::ElmV3),
        ("credentials/unsigned", Model::ElmV3),
        ("credentials/elm-v2-xml", Model::ElmV2),
        ("vectors/elm/v2", Model::ElmV2),
        ("vectors/elm/v3", Model::ElmV3),
    ] {
        let Some(folder) = shared(folder) else { return };
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            let found = read(&path).unwrap_or_else(|| panic!("{name}"));
            if name.ends_with("v3/Sample.jsonld") {
                // A graph of qualifications, no credential.
                assert_eq!(found.model, Model::Unknown);
                continue;
            }
            assert_eq!(found.model, model, "{name}");
            assert!(found.title.is_some() && found.id.is_some(), "{name}: {found:?}");
            let learner = found.learner.as_ref().unwrap();
            assert!(
                learner.full_name.is_some() || learner.given_name.is_some() || learner.id.is_some(),
                "{name}"
            );
            let issuer = found.issuer.as_ref().unwrap();
            assert!(issuer.legal_name.is_some(), "{name}: {issuer:?}");
            // Two samples for accreditation claim nothing.
            let claimless = name.contains("step2_issuer_");
            assert_eq!(found.achievements.is_empty(), claimless, "{name}");
            assert!(found.achievements.iter().all(|one| one.title.is_some()), "{name}: {found:?}");
            let dates = &found.validity;
            let issued = dates.issued.is_some() || dates.issuance_date.is_some();
            assert!(issued || (name.contains("unsigned") && dates.valid_from.is_some()), "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 27);
}

#[test]
fn a_node_within_itself_ends() {
    for (name, part) in [("hasPart", r#"["urn:a"]"#), ("isPartOf", r#"["urn:a", "urn:a"]"#)] {
        let text = format!(
            r#"{{"type": ["EuropeanDigitalCredential"], "credentialSubject": {{"hasClaim": {{"id": "urn:a",
                "title": {{"en": "A"}}, "{name}": {part}}}}}}}"#
        );
        let found = read_bytes(text.as_bytes()).unwrap().unwrap();
        assert_eq!(found.achievements.len(), 1);
        assert!(
            found.conflicts.iter().any(|one| one.to_string().contains("not read to its end")),
            "{:?}",
            found.conflicts
        );
    }
}

#[test]
fn presentation_with_a_diploma_supplement() {
    let Some(folder) = shared("credentials/elm-v2-xml") else { return };
    let found = read(&folder.join("EDC_DiplomaSupplement_AA.xml")).unwrap();
    assert_eq!(found.profile.as_deref(), Some("Diploma Supplement"));
    assert_eq!(
        said(&found.title),
        Some("Graduate University Study of Civil Engineering - Diploma Supplement")
    );
    let issuer = found.issuer.as_ref().unwrap();
    assert_eq!(issuer.id.as_deref(), Some("urn:epass:org:47"));
    let learner = found.learner.as_ref().unwrap();
    assert_eq!(said(&learner.full_name), Some("Ana Andromeda"));
    assert_eq!(learner.birth_date.as_ref().unwrap().text, "1999-10-02");
    assert_eq!(learner.national_ids[0].country.as_deref(), Some("ES"));
    let master = &found.achievements[0];
    assert_eq!(said(&master.title), Some("Master of Science in Civil Engineering"));
    assert_eq!(master.parts.len(), 2);
    assert_eq!(found.validity.valid_until.as_ref().unwrap().text, "2100-12-31T00:00:00+01:00");
}

#[test]
fn expiry_of_a_real_credential() {
    let Some(folder) = shared("credentials/edc-2023") else { return };
    let found = read(&folder.join("credential-jws-invalid.jsonld")).unwrap();
    for (at, status) in [
        ("2009-01-01T00:00:00Z", CheckStatus::Error),
        ("2023-10-01T00:00:00Z", CheckStatus::Ok),
        ("2026-11-22T00:00:00Z", CheckStatus::Error),
    ] {
        assert_eq!(expiry(&found, at), status, "{at}");
    }
}

#[test]
fn open_badges() {
    let Some(folder) = shared("vectors/openbadges") else { return };
    let complete = read(&folder.join("ob30/complete.json")).unwrap();
    assert_eq!(complete.model, Model::OpenBadge3);
    assert_eq!(said(&complete.title), Some("1EdTech University Degree for Example Student"));
    assert_eq!(said(&complete.achievements[0].title), Some("1EdTech University Degree"));
    assert_eq!(said(&complete.issuer.as_ref().unwrap().legal_name), Some("1EdTech University"));
    assert_eq!(complete.issuer.as_ref().unwrap().countries, ["US"]);
    assert_eq!(complete.status[0].kind.as_deref(), Some("1EdTechRevocationList"));

    let jwt = read(&folder.join("ob30/velocity.jwt")).unwrap();
    assert_eq!(jwt.model, Model::OpenBadge3);
    assert_eq!(said(&jwt.title), Some("Velocity Network Board Member 2022"));
    assert_eq!(jwt.validity.valid_from.as_ref().unwrap().text, "2022-12-31T00:00:00Z");

    let assertion = read(&folder.join("ob20/simple-revoked.jwt")).unwrap();
    assert_eq!(assertion.model, Model::Unknown);
    let expired = read(&folder.join("ob30/simple-err-expired.json")).unwrap();
    assert_eq!(expiry(&expired, "2026-11-22T00:00:00Z"), CheckStatus::Error);
}

/// The shared badge file is the protected header alone.
#[test]
fn a_header_without_payload_and_signature_is_malformed() {
    let Some(folder) = shared("credentials/open-badges") else { return };
    let bytes = std::fs::read(folder.join("open-badge-mc-signed.jwt")).unwrap();
    assert!(matches!(read_bytes(&bytes), Err(Unreadable::Malformed("JWS", _))));
}

#[test]
fn the_vc_of_a_jwt_is_the_credential() {
    let text = br#"{"type": ["VerifiableCredential"], "issuer": "did:example:outer", "iss": "did:example:iss",
        "exp": 1733491325, "sub": "did:example:sub",
        "vc": {"type": ["VerifiableCredential", "OpenBadgeCredential"], "credentialSubject": {"achievement": [{"name": "A"}]}},
        "name": "outer"}"#;
    let found = read_bytes(text).unwrap().unwrap();
    assert_eq!(found.model, Model::OpenBadge3);
    assert_eq!(found.issuer.unwrap().id.as_deref(), Some("did:example:iss"));
    assert_eq!(said(&found.title), Some("A"));
    assert_eq!(found.learner.unwrap().id.as_deref(), Some("did:example:sub"));
    assert_eq!(found.validity.expiration_date.unwrap().text, "2024-12-06T13:22:05Z");
}

#[test]
fn objects_and_arrays_say_the_same() {
    let one = br#"{"type": "EuropeanDigitalCredential", "issuer": {"legalName": {"de": "A"}, "location": {"address": {"countryCode": {"id": "x/EST"}}}},
        "credentialSubject": {"fullName": {"de": "B", "en": "C"}, "hasClaim": {"title": {"en": "D"}, "hasPart": {"title": {"en": "E"}}}}}"#;
    let many = br#"{"type": ["EuropeanDigitalCredential"], "issuer": [{"legalName": [{"de": ["A"]}], "location": [{"address": [{"countryCode": [{"id": "x/EST"}]}]}]}],
        "credentialSubject": [{"fullName": [{"de": "B"}, {"en": ["C"]}], "hasClaim": [{"title": [{"en": "D"}], "hasPart": [{"title": [{"@value": "E", "@language": "en"}]}]}]}]}"#;
    let (one, many) = (read_bytes(one).unwrap().unwrap(), read_bytes(many).unwrap().unwrap());
    assert_eq!(one, many);
    assert_eq!(said(&one.learner.unwrap().full_name), Some("C"));
    assert_eq!(one.issuer.unwrap().countries, ["EST"]);
    assert_eq!(said(&one.achievements[0].parts[0].title), Some("E"));
}

#[test]
fn deep_nesting_is_refused_fast() {
    for text in
        ["[".repeat(10_000), format!("{{\"payload\":{}", "[".repeat(10_000)), "{\"a\":".repeat(10_000)]
    {
        assert_eq!(read_bytes(text.as_bytes()), Err(Unreadable::OverLimit("nesting of JSON", 128)));
    }
}

/// Real documents to mutate, the smaller ones.
fn documents() -> &'static [Vec<u8>] {
    static DOCUMENTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        let folders = [
            "conformance/jades/validation",
            "conformance/jades/validation/dss2620",
            "vectors/openbadges/ob30",
        ];
        let paths = folders.iter().filter_map(|folder| shared(folder)).flat_map(|folder| {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<PathBuf>>()
        });
        let text = |path: &PathBuf| {
            path.is_file() && path.extension().is_some_and(|end| end == "json" || end == "jwt")
        };
        paths
            .filter(text)
            .map(|path| std::fs::read(path).unwrap())
            .filter(|bytes| bytes.len() < 40_000)
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn mutated_documents_never_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        moved in any::<Option<(prop::sample::Index, prop::sample::Index)>>(),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let documents = documents();
        if documents.is_empty() {
            return Ok(());
        }
        let mut bytes = which.get(documents).clone();
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((from, to)) = moved {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.splice(from..from, piece);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{\\[<\"a-zA-Z0-9._:,\\\\}\\]>/ -]{0,80}") {
        let _ = read_bytes(&bytes);
        let _ = read_bytes(text.as_bytes());
    }

    /// Every header member with every kind of value, in a document that is well-formed otherwise.
    #[test]
    fn headers_of_any_shape_never_panic(
        members in prop::collection::btree_map("alg|crit|b64|x5c|x5t#S256|x5t#o|sigX5ts|kid|jwk|sigT|iat|sigD|adoTst|srCms|sigPl|sigPId|srAts", value(), 0..6),
        unsigned in prop::collection::vec(("sigTst|arcTst|xVals|rVals|xRefs|cSig|tstVD|sigPSt|anyValData|rfsTst|sigRTst|other", value(), any::<bool>()), 0..6),
        payload in value(),
    ) {
        let header = sealgate::format::jose::to_base64url(serde_json::to_string(&members).unwrap().as_bytes());
        let unsigned: Vec<serde_json::Value> = unsigned
            .into_iter()
            .map(|(name, value, clear)| {
                let element = serde_json::json!({ name: value });
                if clear { element } else {
                    sealgate::format::jose::to_base64url(element.to_string().as_bytes()).into()
                }
            })
            .collect();
        let document = serde_json::json!({"payload": payload, "signatures": [
            {"protected": header, "signature": "c2ln", "header": {"etsiU": unsigned}}
        ]});
        let _ = read_bytes(document.to_string().as_bytes());
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[A-Za-z0-9+/=._-]{0,12}".prop_map(Into::into),
        "sigT|b64|sigD|S256|RSA|EC|P-256|OKP|http://uri.etsi.org/19182/ObjectIdByURIHash|AQAB|e30.YQ.YQ|2026-11-22T00:00:00Z"
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let names = "val|tstTokens|x509Cert|crlVals|ocspVals|xVals|rVals|id|digAlg|digVal|mId|pars|hashM|hashV|kty|n|e|crv|x|y|payload|protected|signature|header|etsiU|cSig|commId|canonAlg";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(names, inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn the_order_of_attributes_does_not_choose_the_identifier() {
    for attributes in ["id='a' c:id='b'", "c:id='b' id='a'"] {
        let text = format!(
            "<europassCredential xmlns='http://data.europa.eu/snb' xmlns:c='urn:c' {attributes}><title/></europassCredential>"
        );
        let found = read_bytes(text.as_bytes()).unwrap().unwrap();
        assert_eq!(found.id.as_deref(), Some("a"), "{attributes}");
    }
}
