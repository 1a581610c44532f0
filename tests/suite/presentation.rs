//! Presentations: every credential in one is verified on its own, whatever carries it, and no seal speaks for what it
//! does not cover.

use crate::demo::{self, Demo, Form, Level, Order, Sealer, jades, xades};
use crate::demonstration::fresh_pipeline;
use crate::support;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sealgate::credential::{CheckStatus, Fields, Kind};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Contained, Outcome, Overall, Verdict};
use sealgate::time::Time;
use serde_json::{Value, json};
use std::sync::OnceLock;

const NOW: &str = "2026-11-22T00:00:00Z";
const VP: &str = "http://data.europa.eu/snb/vp";
const SHARED: &str = "http://data.europa.eu/snb/verifiable-presentation/c_409018f7";

fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(fresh_pipeline)
}

fn verify(bytes: impl AsRef<[u8]>) -> Verdict {
    support::verify(pipeline(), bytes.as_ref(), NOW)
}

fn demo() -> &'static Demo {
    demo::shared()
}

/// A sealed credential in general JSON form, and in compact form.
fn general(index: u64) -> Value {
    let order = Order { form: Form::General, ..Order::compact(index) };
    serde_json::from_slice(&demo().issue(&order)).unwrap()
}

fn flattened(index: u64) -> Value {
    let order = Order { form: Form::Flattened, ..Order::compact(index) };
    serde_json::from_slice(&demo().issue(&order)).unwrap()
}

fn compact(index: u64) -> String {
    String::from_utf8(demo().issue(&Order::compact(index))).unwrap()
}

/// The payload of a sealed credential, with no seal.
fn unsealed(index: u64) -> Value {
    serde_json::from_str(general(index)["payload"].as_str().unwrap()).unwrap()
}

fn forged(index: u64) -> Value {
    let text = unsealed(index).to_string();
    serde_json::from_str(&text.replace("first lesson", "Forged")).unwrap()
}

fn presentation(credentials: &Value) -> Value {
    json!({
        "@context": ["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"],
        "id": "urn:presentation:1",
        "type": ["VerifiablePresentation", "EuropeanDigitalPresentation"],
        "holder": {"id": "did:example:holder", "type": "Person"},
        "verificationCheck": [{"type": "VerificationCheck", "dcType": {"id": "http://data.europa.eu/snb/verification/f9c2016fe9"},
            "verificationStatus": {"id": "http://data.europa.eu/snb/verification-status/9895008394"}}],
        "verifiableCredential": credentials,
    })
}

fn seal(payload: &Value, sealer: Sealer, form: Form) -> Vec<u8> {
    let demo = demo();
    jades::seal(&jades::Order {
        payload: payload.to_string().as_bytes(),
        signer: demo.pki.sealer(sealer),
        tsa: &demo.pki.tsa,
        at: demo.options.reference,
        level: Level::B,
        evidence: demo::Evidence::default(),
        form,
        fault: demo::HeaderFault::None,
        broken_imprint: false,
    })
    .bytes()
}

fn places(contained: &[Contained]) -> Vec<(&str, Overall)> {
    contained.iter().map(|one| (one.place.as_str(), one.verdict)).collect()
}

fn check(contained: &Contained, kind: Kind) -> (CheckStatus, String) {
    let checks = &contained.credential.as_ref().unwrap().checks;
    let check = checks.iter().find(|check| check.kind == kind).unwrap();
    (check.status, check.reason.to_string())
}

#[test]
fn sealed_credentials_in_an_unsigned_presentation() {
    let data = format!("data:application/vc+jwt,{}", compact(5));
    let all = json!([
        general(1),
        flattened(2),
        compact(3),
        general(4).to_string(),
        {"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": data},
        data,
    ]);
    let verdict = verify(presentation(&all).to_string());
    assert_eq!(verdict.verdict, Overall::Passed);
    assert!(verdict.seals.is_empty() && verdict.credential.is_none());
    assert_eq!((verdict.format, verdict.contained.len()), (Some("json"), 6));
    for (index, one) in verdict.contained.iter().enumerate() {
        assert_eq!(
            (one.place.as_str(), one.verdict),
            (&*format!("/verifiableCredential/{index}"), Overall::Passed)
        );
        assert_eq!((one.format, one.seals.len(), one.sealed_from_outside), (Some("jades"), 1, false));
        let presentation = one.credential.as_ref().unwrap().credential.presentation.as_ref().unwrap();
        assert!(!presentation.covered && presentation.kind.as_deref() == Some("EuropeanDigitalPresentation"));
        // Who holds it is personal, and not asked for.
        assert_eq!(presentation.presenter.as_ref().unwrap().id, None);
        assert!(check(one, Kind::Custom).1.contains("claims 1 results"), "{:?}", check(one, Kind::Custom));
    }
    let ids: std::collections::BTreeSet<_> =
        verdict.contained.iter().map(|one| one.credential.as_ref().unwrap().credential.id.clone()).collect();
    assert_eq!(ids.len(), 5);

    let mut text = Vec::new();
    sealgate::report::write_text(&verdict, &sealgate::report::Manner::PLAIN, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("  Contained: /verifiableCredential/5: PASSED\n    Seal: TOTAL-PASSED"), "{text}");
}

#[test]
fn the_worst_of_them_is_the_verdict() {
    let mut broken = general(2);
    broken["payload"] = json!(forged(2).to_string());
    let of = |list: Value| {
        let verdict = verify(presentation(&list).to_string());
        (verdict.verdict, verdict.decision.outcome, verdict.decision.reasons.join(" "))
    };
    let stranger = seal(&unsealed(3), Sealer::Stranger, Form::General);
    let stranger: Value = serde_json::from_slice(&stranger).unwrap();
    let good = general(1);
    for (bad, overall, outcome) in [
        (broken, Overall::Failed, Outcome::Reject),
        (json!("nothing that is one"), Overall::Unreadable, Outcome::Reject),
        (json!(7), Overall::Unreadable, Outcome::Reject),
        (stranger, Overall::Indeterminate, Outcome::Review),
        (unsealed(1), Overall::Unsigned, Outcome::Review),
    ] {
        let (found, decided, reasons) = of(json!([good, bad]));
        assert_eq!((found, decided), (overall, outcome), "{bad}");
        let wanted = format!("contained-{}", outcome.as_str());
        assert!(reasons.contains(&wanted) && !reasons.contains("unsigned"), "{reasons}");
    }
    let verdict = verify(presentation(&json!([good, 7])).to_string());
    let said = &verdict.decision.explanations[0];
    assert!(said.text.to_string().contains("/verifiableCredential/1 (unreadable: unreadable)"), "{said:?}");
    assert_eq!(of(json!([])).0, Overall::Unsigned);
    // What is no presentation is unsigned as before, and nothing of it is read.
    let plain = verify(unsealed(1).to_string());
    assert!(plain.verdict == Overall::Unsigned && plain.credential.is_none() && plain.contained.is_empty());
}

#[test]
fn a_seal_on_the_presentation_covers_what_has_none() {
    let several = json!([unsealed(1), unsealed(2).to_string()]);
    let verdict = verify(seal(&presentation(&several), Sealer::Compact, Form::General));
    assert_eq!(verdict.verdict, Overall::Passed);
    assert!(verdict.credential.is_none() && verdict.seals.len() == 1);
    let passed = [("/verifiableCredential/0", Overall::Passed), ("/verifiableCredential/1", Overall::Passed)];
    assert_eq!(places(&verdict.contained), passed);
    for one in &verdict.contained {
        assert!(one.sealed_from_outside);
        assert_eq!(one.seals[0].id, verdict.seals[0].id);
        assert_eq!(check(one, Kind::Seal).0, CheckStatus::Ok);
        assert!(one.credential.as_ref().unwrap().credential.presentation.as_ref().unwrap().covered);
    }
    // Alone, it is the credential of the document.
    for form in [Form::General, Form::Compact] {
        let one = verify(seal(&presentation(&unsealed(1)), Sealer::Compact, form));
        assert_eq!((one.verdict, one.contained.len()), (Overall::Passed, 0));
        let credential = one.credential.unwrap().credential;
        assert_eq!(credential.title.unwrap().chosen(), Some("Sealed Bees: first lesson"));
        assert!(credential.presentation.unwrap().covered);
    }
    // As JWT.
    let jwt = json!({"iss": "did:example:holder", "vp": presentation(&json!([compact(1)]))});
    let jwt = verify(seal(&jwt, Sealer::Compact, Form::Compact));
    assert_eq!(places(&jwt.contained), [("/vp/verifiableCredential/0", Overall::Passed)]);
}

#[test]
fn its_own_seal_is_its_seal() {
    let (own, broken) = (general(1), {
        let mut broken = general(1);
        broken["payload"] = json!(forged(1).to_string());
        broken
    });
    let within = |credential: &Value, sealer| verify(seal(&presentation(credential), sealer, Form::General));
    let verdict = within(&own, Sealer::CompactEc);
    assert_eq!((verdict.verdict, verdict.contained.len()), (Overall::Passed, 1));
    let one = &verdict.contained[0];
    let name = |seals: &[sealgate::report::Seal]| seals[0].sealed_by.as_ref().unwrap().common_name.clone();
    assert_ne!(name(&one.seals), name(&verdict.seals));
    assert!(!one.sealed_from_outside);
    // Neither seal helps the other.
    let verdict = within(&broken, Sealer::CompactEc);
    assert_eq!((verdict.verdict, verdict.contained[0].verdict), (Overall::Failed, Overall::Failed));
    let verdict = within(&own, Sealer::Stranger);
    assert_eq!((verdict.verdict, verdict.contained[0].verdict), (Overall::Indeterminate, Overall::Passed));
}

#[test]
fn forged_credentials_never_pass_on_anothers_seal() {
    let (sealed, other) = (general(1), general(2));
    let forged_text = json!(forged(1).to_string());
    let one = |value: &Value| json!({"protected": value["signatures"][0]["protected"], "signature": value["signatures"][0]["signature"]});
    let both = |extra: &Value| {
        let mut document = sealed.clone();
        document.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        document
    };
    let mut candidates = vec![
        forged(1),
        json!({"payload": forged_text, "signatures": [one(&sealed)]}),
        json!({"payload": forged_text, "signatures": [one(&sealed), one(&other)]}),
        json!({"payload": forged(1), "signatures": [one(&sealed)]}),
        json!({"payload": forged_text, "protected": one(&sealed)["protected"], "signature": one(&sealed)["signature"]}),
        json!({"type": "EnvelopedVerifiableCredential", "id": format!("data:,{}", forged_text.as_str().unwrap())}),
        json!(forged_text),
        both(&json!({"payload": forged_text})),
    ];
    let mut nested = forged(1);
    nested["proof"] = sealed.clone();
    candidates.push(nested.clone());
    nested["verifiableCredential"] = json!([sealed]);
    candidates.push(nested);
    let parts: Vec<String> = compact(1).split('.').map(str::to_owned).collect();
    let text = URL_SAFE_NO_PAD.encode(forged(1).to_string());
    candidates.push(json!(format!("{}.{text}.{}", parts[0], parts[2])));
    candidates.push(json!(format!("{}..{}", parts[0], parts[2])));
    for candidate in &candidates {
        for list in [json!([sealed, candidate]), json!([candidate, sealed]), json!(candidate)] {
            let verdict = verify(presentation(&list).to_string());
            assert_ne!(verdict.verdict, Overall::Passed, "{candidate}");
            assert_no_forgery_passed(&verdict);
        }
    }
    // The forged beside, around and instead of what a presentation's seal covers.
    let honest = presentation(&json!([unsealed(1), unsealed(2)]));
    let bytes = seal(&honest, Sealer::Compact, Form::General);
    let whole: Value = serde_json::from_slice(&bytes).unwrap();
    let mut beside = whole.clone();
    beside["verifiableCredential"] = json!([forged(1)]);
    let verdict = verify(beside.to_string());
    assert_eq!(verdict.verdict, Overall::Passed, "nothing beside the payload is read");
    assert_no_forgery_passed(&verdict);
    let mut instead = whole.clone();
    instead["payload"] = json!(whole["payload"].as_str().unwrap().replace("first lesson", "Forged"));
    assert_eq!(verify(instead.to_string()).verdict, Overall::Failed);
    for outer in [json!([whole, forged(1)]), json!([forged(1), whole])] {
        let verdict = verify(presentation(&outer).to_string());
        assert_eq!(verdict.verdict, Overall::Unsigned);
        assert_no_forgery_passed(&verdict);
    }
    // A detached payload handed in for the document serves nothing within it.
    let detached = sealgate::signature::Detached { name: "x".into(), bytes: unsealed(1).to_string().into() };
    let bare = json!({"protected": one(&sealed)["protected"], "signature": one(&sealed)["signature"]});
    let request = Request { detached: &[detached], ..Request::at(Time::parse_rfc3339(NOW).unwrap()) };
    let verdict = pipeline().verify(presentation(&json!([bare])).to_string().as_bytes(), &request);
    assert_ne!(verdict.verdict, Overall::Passed);
}

/// No credential that says `Forged` has a passed verdict, in the document or anywhere in it.
fn assert_no_forgery_passed(verdict: &Verdict) {
    let shown = serde_json::to_value(verdict).unwrap();
    fn walk(value: &Value) {
        if value["verdict"] == "passed" || value["seals"].as_array().is_some_and(|seals| !seals.is_empty()) {
            let failed = value["verdict"] == "failed";
            assert!(failed || !value["credential"].to_string().contains("Forged"), "{value:#}");
        }
        value["contained"].as_array().into_iter().flatten().for_each(walk);
    }
    walk(&shown);
}

#[test]
fn presentations_within_presentations_end() {
    let inner = presentation(&json!([general(1), general(2)]));
    let two = presentation(&json!([inner, general(3)]));
    let verdict = verify(two.to_string());
    assert_eq!(verdict.verdict, Overall::Passed);
    assert_eq!(verdict.contained[0].contained.len(), 2);
    let verdict = verify(presentation(&json!([two])).to_string());
    assert_eq!(verdict.verdict, Overall::Unreadable);
    let third = &verdict.contained[0].contained[0].contained;
    let why = third[0].error.as_ref().unwrap().to_string();
    assert!(third.len() == 1 && why.contains("2 credentials") && why.contains("at most 2"), "{why}");
    // Count.
    let many: Vec<Value> = (0..130).map(|_| json!("x")).collect();
    let verdict = verify(presentation(&json!(many)).to_string());
    assert_eq!(verdict.contained.len(), 101);
    let why = verdict.contained[100].error.as_ref().unwrap().to_string();
    assert!(why.contains("30 credentials") && why.contains("at most 100"), "{why}");
    // A sealed presentation within an unsigned one: its seal covers its own.
    let sealed: Value = serde_json::from_slice(&seal(
        &presentation(&json!([unsealed(1), unsealed(2)])),
        Sealer::Compact,
        Form::General,
    ))
    .unwrap();
    let verdict = verify(presentation(&json!([sealed])).to_string());
    assert_eq!((verdict.verdict, verdict.contained[0].contained.len()), (Overall::Passed, 2));
    assert!(verdict.contained[0].contained[1].sealed_from_outside);
}

/// An ELM v2 presentation in canonical form around credentials, and where its own seal goes.
fn presentation_v2(credentials: &[String], extra: &str) -> (String, usize) {
    let credentials = credentials.join("");
    let text = format!(
        "<vp:verifiablePresentation xmlns:vp=\"{VP}\" id=\"urn:verifiable:1\"><vp:type uri=\"{SHARED}\"></vp:type>{extra}{credentials}<vp:proof></vp:proof></vp:verifiablePresentation>"
    );
    let at = text.rfind("</vp:proof>").unwrap();
    (text, at)
}

fn seal_v2(canonical: &str, position: usize, sealer: Sealer, exclusion: xades::Exclusion) -> String {
    let demo = demo();
    xades::seal(&xades::Order {
        canonical,
        position,
        exclusion,
        signer: demo.pki.sealer(sealer),
        tsa: &demo.pki.tsa,
        at: demo.options.reference,
        level: Level::B,
        evidence: demo::Evidence::default(),
        wrong_certificate: false,
        broken_imprint: false,
    })
}

fn credential_v2(index: u64) -> (String, usize) {
    demo::elm_v2::credential(&demo::content::Content {
        index,
        sealer: Sealer::Compact,
        issued: demo().options.reference,
        picture: Some(100),
    })
}

/// A sealed ELM v2 credential without the XML declaration.
fn sealed_v2(index: u64) -> String {
    let (canonical, at) = credential_v2(index);
    let text = seal_v2(&canonical, at, Sealer::Compact, xades::Exclusion::Filter2);
    text.split_once("?>").unwrap().1.trim_start().to_owned()
}

#[test]
fn credentials_of_elm_v2_with_seals_of_their_own() {
    let (sealed, plain) = (sealed_v2(1), credential_v2(2).0);
    assert_eq!(verify(&sealed).verdict, Overall::Passed);
    // Unsigned around two sealed ones.
    let (text, _) = presentation_v2(&[sealed.clone(), sealed_v2(3)], "");
    let verdict = verify(&text);
    assert_eq!(verdict.verdict, Overall::Passed, "{}", verdict.to_json());
    let place = |n| format!("/verifiablePresentation/europassCredential[{n}]");
    assert_eq!(places(&verdict.contained), [(&*place(1), Overall::Passed), (&*place(2), Overall::Passed)]);
    assert!(verdict.seals.is_empty() && verdict.credential.is_none());
    // One of them altered; one without.
    let altered = sealed.replacen("Sealed Bees", "Forged", 1);
    let verdict = verify(presentation_v2(&[altered, sealed.clone()], "").0);
    assert_eq!((verdict.verdict, verdict.contained[1].verdict), (Overall::Failed, Overall::Passed));
    let verdict = verify(presentation_v2(&[sealed.clone(), plain.clone()], "").0);
    assert_eq!((verdict.verdict, verdict.contained[0].verdict), (Overall::Unsigned, Overall::Passed));
    // Prefixes declared on the presentation alone.
    let cred = "xmlns:cred=\"http://data.europa.eu/europass/model/credentials/w3c#\"";
    let (text, _) = presentation_v2(&[sealed.replacen(&format!(" {cred}"), "", 1)], "");
    let verdict = verify(text.replacen(" id=", &format!(" {cred} id="), 1));
    assert_eq!(places(&verdict.contained), [("/verifiablePresentation/europassCredential", Overall::Passed)]);

    for exclusion in [xades::Exclusion::Filter2, xades::Exclusion::Enveloped] {
        // Sealed, one and two without seals of their own: the first is the document's credential.
        let (canonical, at) = presentation_v2(std::slice::from_ref(&plain), "");
        let verdict = verify(seal_v2(&canonical, at, Sealer::CompactEc, exclusion));
        assert_eq!((verdict.verdict, verdict.contained.len()), (Overall::Passed, 0));
        assert!(verdict.credential.unwrap().credential.presentation.unwrap().covered);
        let (canonical, at) = presentation_v2(&[plain.clone(), credential_v2(3).0], "");
        let verdict = verify(seal_v2(&canonical, at, Sealer::CompactEc, exclusion));
        assert_eq!((verdict.verdict, verdict.contained.len()), (Overall::Passed, 2));
        assert!(verdict.contained.iter().all(|one| one.sealed_from_outside && one.seals.len() == 1));
    }
    // Sealed with a sealed one in it: each has its own. The presentation's seal leaves every signature out.
    let (canonical, at) = presentation_v2(&[credential_v2(1).0, plain.clone()], "");
    let both = seal_v2(&canonical, at, Sealer::CompactEc, xades::Exclusion::Filter2);
    let inner = &sealed[sealed.find("<ds:Signature").unwrap()..sealed.find("</ds:Signature>").unwrap() + 15];
    let both = both.replacen("<proof></proof>", &format!("<proof>{inner}</proof>"), 1);
    let verdict = verify(&both);
    assert_eq!((verdict.verdict, verdict.seals.len()), (Overall::Passed, 1), "{}", verdict.to_json());
    assert!(!verdict.contained[0].sealed_from_outside && verdict.contained[1].sealed_from_outside);
    let name = |seal: &sealgate::report::Seal| seal.sealed_by.as_ref().unwrap().common_name.clone();
    assert_ne!(name(&verdict.contained[0].seals[0]), name(&verdict.seals[0]));
    // Moved into the other credential it proves nothing, and hides nothing.
    let moved = both.replacen(inner, "", 1);
    let last = moved.rfind("<proof></proof>").unwrap() + "<proof>".len();
    let moved = [&moved[..last], inner, &moved[last..]].concat();
    let verdict = verify(&moved);
    assert_eq!((verdict.verdict, verdict.contained[1].verdict), (Overall::Failed, Overall::Failed));
}

#[test]
fn forged_elements_never_pass_on_anothers_seal() {
    let (sealed, plain) = (sealed_v2(1), credential_v2(1).0);
    let forged = plain.replace("Sealed Bees", "Forged");
    let signature =
        &sealed[sealed.find("<ds:Signature").unwrap()..sealed.find("</ds:Signature>").unwrap() + 15];
    let with = |credential: &str, signature: &str| {
        credential.replacen("<proof></proof>", &format!("<proof>{signature}</proof>"), 1)
    };
    let mut candidates = vec![
        vec![with(&forged, signature)],
        vec![forged.clone(), sealed.clone()],
        vec![sealed.clone(), forged.clone()],
        vec![with(&forged, signature), plain.clone()],
        vec![plain.clone(), with(&forged, signature)],
        // The sealed one within the forged one.
        vec![forged.replacen(
            "<proof></proof>",
            &format!("<extension>{sealed}</extension><proof></proof>"),
            1,
        )],
        vec![forged.replacen("<proof></proof>", &format!("{sealed}<proof></proof>"), 1)],
    ];
    // A reference by Id to the sealed element, from the forged one's proof.
    let named = plain.replacen("<europassCredential ", "<europassCredential Id=\"c\" ", 1);
    candidates.push(vec![with(&forged, &signature.replacen("URI=\"\"", "URI=\"#c\"", 1)), named]);
    for list in &candidates {
        let verdict = verify(presentation_v2(list, "").0);
        assert_ne!(verdict.verdict, Overall::Passed);
        assert_no_forgery_passed(&verdict);
    }
    // A presentation's seal over what was put into it afterwards.
    let (canonical, at) = presentation_v2(std::slice::from_ref(&plain), "");
    for exclusion in [xades::Exclusion::Filter2, xades::Exclusion::Enveloped] {
        let whole = seal_v2(&canonical, at, Sealer::CompactEc, exclusion);
        let hidden = format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:Object>{forged}</ds:Object></ds:Signature>"
        );
        for text in [
            whole.replacen("<vp:proof>", &format!("{forged}<vp:proof>"), 1),
            whole.replacen("<europassCredential ", &format!("{sealed}<europassCredential "), 1),
            whole.replacen("<proof></proof>", &format!("<proof>{hidden}</proof>"), 1),
            whole.replace("Sealed Bees", "Forged"),
        ] {
            assert_ne!(text, whole);
            let verdict = verify(&text);
            assert_ne!(verdict.verdict, Overall::Passed);
            assert_no_forgery_passed(&verdict);
        }
    }
}

#[test]
fn a_wallets_export_is_believed_in_nothing() {
    let ok = "http://data.europa.eu/snb/verification-status/9895008394";
    let checks = format!(
        "<vp:expirationDate>2026-12-31T00:00:00Z</vp:expirationDate><vp:verificationChecks><vp:verificationCheck><vp:type uri=\"http://data.europa.eu/snb/verification/f9c2016fe9\"></vp:type><vp:status uri=\"{ok}\"></vp:status></vp:verificationCheck></vp:verificationChecks>"
    );
    let (text, _) = presentation_v2(&[credential_v2(1).0], &checks);
    let verdict = verify(&text);
    assert_eq!((verdict.verdict, verdict.decision.outcome), (Overall::Unsigned, Outcome::Review));
    let one = &verdict.contained[0];
    assert_eq!((one.verdict, one.seals.len()), (Overall::Unsigned, 0));
    assert_eq!(check(one, Kind::Seal).0, CheckStatus::Error);
    let (status, reason) = check(one, Kind::Custom);
    assert!(status == CheckStatus::Skipped && reason.contains("1 results"), "{reason}");
    let presentation = one.credential.as_ref().unwrap().credential.presentation.as_ref().unwrap();
    assert_eq!(presentation.claimed_checks[0].status.as_deref(), Some(ok));
    assert!(!presentation.covered);
    // Its own end counts for what is in it, sealed or not.
    assert_eq!(check(one, Kind::Validity).0, CheckStatus::Ok);
    let over = checks.replace("2026-12-31", "2026-10-31");
    let verdict = verify(presentation_v2(&[sealed_v2(1)], &over).0);
    assert_eq!((verdict.verdict, verdict.decision.outcome), (Overall::Passed, Outcome::Reject));
    assert!(check(&verdict.contained[0], Kind::Validity).1.contains("presentation.expirationDate"));
    // A mandate that an unsigned presentation claims is none.
    let mandated = "http://data.europa.eu/snb/verifiable-presentation/c_825cddc0";
    let text = presentation_v2(&[sealed_v2(1)], "").0.replace(SHARED, mandated);
    let said = check(&verify(text).contained[0], Kind::Mandate).1;
    assert!(said.contains("sealed it itself"), "{said}");
}

#[test]
fn personal_data_within_is_returned_where_it_is_asked_for() {
    let text = presentation(&json!([compact(1), STANDARD.encode("x")])).to_string();
    let shown = |fields: &str| {
        let fields = Fields::parse(fields).unwrap();
        let request = Request { fields, ..Request::at(Time::parse_rfc3339(NOW).unwrap()) };
        pipeline().verify(text.as_bytes(), &request).to_json()
    };
    let name = unsealed(1)["credentialSubject"]["fullName"]["en"].as_str().unwrap().to_owned();
    assert!(shown("name").contains(&name) && !shown("none").contains(&name));
    assert!(
        shown("identifiers").contains("did:example:holder") && !shown("name").contains("did:example:holder")
    );
    assert!(shown("raw").contains("\"raw\":{"));
}
