//! Status lists from a server on loopback: each outcome its own, through `fetch/` and its rules.

use crate::demo::certificate::{self as x509, Identity};
use crate::demo::{self, Form, HeaderFault, Level, Sealer, content::Content, elm_v3, jades};
use crate::fetching::{Addresses, certificate_of};
use crate::support::{demo_folder, demo_pipeline_of};
use crate::web::{Route, Web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use sealgate::credential::accreditation::Registers;
use sealgate::credential::{Check, CheckStatus, Kind};
use sealgate::fetch::{Client, Library, Origin, Rules};
use sealgate::outside::Outside;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Outcome, Verdict};
use sealgate::time::Time;
use serde_json::{Value, json};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// The index that is set in every list.
pub(crate) const SET: u64 = 4711;

/// A pipeline of the demonstration with a server, and a library that may ask it.
pub(crate) struct Scene {
    pub(crate) pipeline: Pipeline,
    pub(crate) web: Web,
    library: Arc<Library>,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    /// With nothing to answer yet.
    pub(crate) fn new() -> Self {
        let web = Web::start();
        let origin = Origin::parse(&web.origin).unwrap();
        let rules =
            Rules { allowed: vec![origin], time: Duration::from_secs(2), bytes: 1 << 20, ..Rules::default() };
        let library = Arc::new(Library::new(Client::new(rules, None).unwrap()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { pipeline: demo_pipeline_of(demo::shared()), web, library, runtime: runtime.unwrap() }
    }

    pub(crate) fn verify(&self, file: &[u8]) -> Verdict {
        self.verify_with(file, &Registers::default())
    }

    /// Verifies with registers, and fetches what was wanted.
    pub(crate) fn verify_with(&self, file: &[u8], registers: &Registers) -> Verdict {
        let desk = Arc::new(self.library.desk());
        let registers = registers.for_request(Some(&desk));
        let outside: &dyn Outside = &*desk;
        let request = Request { outside: Some(outside), registers: &registers, ..Request::at(now()) };
        loop {
            let verdict = self.pipeline.verify(file, &request);
            if !self.runtime.block_on(self.library.fill(&desk)) {
                return verdict;
            }
        }
    }

    /// The REVOCATION check on a credential with these entries.
    pub(crate) fn check(&self, entries: &Value) -> Check {
        revocation(&self.verify(&credential(Sealer::Compact, entries)))
    }

    /// The same with one entry of a bitstring list that answers so.
    fn bitstring(&self, path: &str, route: Route, index: u64) -> Check {
        let address = self.web.set(path, route);
        self.check(&bitstring_entry(&address, index))
    }
}

pub(crate) fn now() -> Time {
    demo::shared().options.reference
}

/// Lists hold when they are fetched, by the machine's clock.
fn far() -> Time {
    Time::parse_rfc3339("2099-01-01T00:00:00Z").unwrap()
}

pub(crate) fn revocation(verdict: &Verdict) -> Check {
    let checked = verdict.credential.as_ref().unwrap();
    checked.checks.iter().find(|check| check.kind == Kind::Revocation).unwrap().clone()
}

/// Seals at level B.
pub(crate) fn seal(sealer: Sealer, payload: &Value, form: Form) -> Vec<u8> {
    seal_by(demo::shared().pki.sealer(sealer), payload, form)
}

/// The same by this certificate.
pub(crate) fn seal_by(signer: &Identity, payload: &Value, form: Form) -> Vec<u8> {
    let (demo, payload) = (demo::shared(), payload.to_string());
    let order = jades::Order {
        payload: payload.as_bytes(),
        signer,
        tsa: &demo.pki.tsa,
        at: now(),
        level: Level::B,
        evidence: demo::Evidence::default(),
        form,
        fault: HeaderFault::None,
        broken_imprint: false,
    };
    jades::seal(&order).bytes()
}

/// A sealed credential with these status entries.
pub(crate) fn credential(sealer: Sealer, entries: &Value) -> Vec<u8> {
    let content = Content { index: 1, sealer, issued: now(), picture: None };
    let mut payload: Value = serde_json::from_slice(&elm_v3::credential(&content)).unwrap();
    payload["credentialStatus"] = entries.clone();
    seal(sealer, &payload, Form::Compact)
}

pub(crate) fn bitstring_entry(address: &str, index: u64) -> Value {
    json!({
        "id": format!("{address}#{index}"), "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": index.to_string(), "statusListCredential": address,
    })
}

fn bits(entries: usize) -> Vec<u8> {
    let mut bytes = vec![0_u8; entries / 8];
    bytes[(SET / 8) as usize] |= 1 << (7 - SET % 8);
    bytes
}

fn packed(bytes: &[u8], gzip: bool) -> String {
    let mut packed = Vec::new();
    match gzip {
        true => GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed).unwrap(),
        false => ZlibEncoder::new(bytes, Compression::best()).read_to_end(&mut packed).unwrap(),
    };
    URL_SAFE_NO_PAD.encode(packed)
}

pub(crate) fn bitstring(address: &str, purpose: &str) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": address, "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": "https://issuer.example", "validFrom": now().plus_seconds(-3600).to_string(),
        "credentialSubject": {
            "id": format!("{address}#list"), "type": "BitstringStatusList", "statusPurpose": purpose,
            "encodedList": format!("u{}", packed(&bits(131_072), true)),
        }
    })
}

/// A signed bitstring list with one thing changed.
fn signed(scene: &Scene, path: &str, sealer: Sealer, change: impl FnOnce(&mut Value)) -> Route {
    let mut list = bitstring(&format!("{}{path}", scene.web.origin), "revocation");
    change(&mut list);
    Route::Body(seal(sealer, &list, Form::Compact))
}

#[test]
fn good_and_revoked() {
    let scene = Scene::new();
    let good = scene.bitstring("/a", signed(&scene, "/a", Sealer::Compact, |_| {}), SET + 1);
    assert_eq!((good.status, good.code), (CheckStatus::Ok, None), "{good:?}");
    let revoked = scene.bitstring("/b", signed(&scene, "/b", Sealer::Compact, |_| {}), SET);
    assert_eq!((revoked.status, revoked.code), (CheckStatus::Error, Some("revoked")), "{revoked:?}");
    let address = format!("{}/b", scene.web.origin);
    let verdict = scene.verify(&credential(Sealer::Compact, &bitstring_entry(&address, SET)));
    assert_eq!(verdict.decision.outcome, Outcome::Reject);
    assert!(verdict.decision.reasons.iter().any(|reason| reason == "check-revocation-revoked"));
    assert_eq!(scene.web.asked("/b"), 1, "kept between requests");
}

#[test]
fn suspended_beside_good_and_the_worst_counts() {
    let scene = Scene::new();
    let revocation = scene.web.set("/r", signed(&scene, "/r", Sealer::Compact, |_| {}));
    let suspension = scene.web.set(
        "/s",
        signed(&scene, "/s", Sealer::Compact, |list| {
            list["credentialSubject"]["statusPurpose"] = json!("suspension")
        }),
    );
    let mut second = bitstring_entry(&suspension, SET);
    second["statusPurpose"] = json!("suspension");
    let check = scene.check(&json!([bitstring_entry(&revocation, 1), second.clone()]));
    assert_eq!((check.status, check.code), (CheckStatus::Error, Some("suspended")), "{check:?}");
    assert_eq!(check.details.len(), 2);
    let check = scene.check(&json!([bitstring_entry(&revocation, SET), second]));
    assert_eq!(check.code, Some("revoked"));
}

#[test]
fn each_trouble_has_its_own_outcome() {
    let scene = Scene::new();
    let sealer = Sealer::Compact;
    let mut outcomes = Vec::new();
    let mut expect = |path: &str, route: Route, index: u64, code: &'static str, says: &str| {
        let check = scene.bitstring(path, route, index);
        assert_eq!(check.code, Some(code), "{path}: {check:?}");
        assert!(check.reason.to_string().contains(says), "{path}: {}", check.reason);
        outcomes.push(code);
    };
    let ended = signed(&scene, "/ended", sealer, |list| {
        list["validUntil"] = json!(now().plus_seconds(-60).to_string());
    });
    expect("/ended", ended, 1, "list-expired", "ended at");
    // Another organisation, whose own signature passes.
    let rest = vec![x509::key_usage(&[1]), x509::no_revocation_available()];
    let college = ("Orchard College", "NTRXA-12121212");
    let issuer = &demo::shared().pki.seal_ca;
    let other = certificate_of(college, "Orchard College Lists", issuer, &Addresses::default(), rest);
    let list = bitstring(&format!("{}/other", scene.web.origin), "revocation");
    let by_other = Route::Body(seal_by(&other, &list, Form::Compact));
    expect("/other", by_other, 1, "list-other-signer", "who did not seal");
    expect(
        "/strange",
        signed(&scene, "/strange", Sealer::Stranger, |_| {}),
        1,
        "list-unverified",
        "INDETERMINATE",
    );
    let plain = bitstring(&format!("{}/plain", scene.web.origin), "revocation");
    expect("/plain", Route::Body(plain.to_string().into_bytes()), 1, "list-unverified", "no signature");
    expect(
        "/range",
        signed(&scene, "/range", sealer, |_| {}),
        131_072,
        "list-index-out-of-range",
        "131072 entries",
    );
    let purpose = signed(&scene, "/purpose", sealer, |list| {
        list["credentialSubject"]["statusPurpose"] = json!("suspension");
    });
    expect("/purpose", purpose, 1, "list-invalid", "not one of purpose");
    expect("/elsewhere", signed(&scene, "/x", sealer, |_| {}), 1, "list-invalid", "another address");
    let later = signed(&scene, "/later", sealer, |list| {
        list["validFrom"] = json!("2099-01-01T00:00:00Z");
    });
    expect("/later", later, 1, "list-invalid", "begins only at");
    let bomb = signed(&scene, "/bomb", sealer, |list| {
        list["credentialSubject"]["encodedList"] = json!(format!("u{}", packed(&vec![0; 200 << 20], true)));
    });
    expect("/bomb", bomb, 1, "list-invalid", "over the limit");
    expect("/gone", Route::Status(404), 1, "unreachable", "has none there");
    expect("/slow", Route::Slow(Duration::from_secs(6)), 1, "unreachable", "did not come within");
    expect("/endless", Route::Endless, 1, "unreachable", "more than 1048576 bytes");
    expect("/truncated", Route::Truncated, 1, "unreachable", "no connection");
    expect("/loop", Route::Redirect("/loop".into()), 1, "unreachable", "redirected too often");
    expect("/inner", Route::Redirect("http://127.0.0.1:1/".into()), 1, "unreachable", "only https");
    expect(
        "/meta",
        Route::Redirect("https://169.254.169.254/latest".into()),
        1,
        "unreachable",
        "not on the public",
    );
    expect("/html", Route::Body(b"<html></html>".to_vec()), 1, "list-invalid", "JSON or a JWT");
    // A tampered signature: one digit of the signature's text.
    let mut tampered = match signed(&scene, "/tampered", sealer, |_| {}) {
        Route::Body(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    let at = tampered.len() - 40;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    expect("/tampered", Route::Body(tampered), 1, "list-unverified", "TOTAL-FAILED");
    outcomes.sort_unstable();
    outcomes.dedup();
    assert_eq!(outcomes.len(), 6, "{outcomes:?}");
}

#[test]
fn only_an_entry_about_revocation_says_that_it_is_good() {
    let scene = Scene::new();
    let address = scene.web.set(
        "/m",
        signed(&scene, "/m", Sealer::Compact, |list| {
            list["credentialSubject"]["statusPurpose"] = json!("message");
        }),
    );
    let mut message = bitstring_entry(&address, SET);
    message["statusPurpose"] = json!("message");
    let check = scene.check(&message);
    assert_eq!((check.status, check.code), (CheckStatus::Skipped, None), "{check:?}");
    let good = scene.web.set("/r", signed(&scene, "/r", Sealer::Compact, |_| {}));
    let check = scene.check(&json!([message, bitstring_entry(&good, 1)]));
    assert_eq!((check.status, check.code), (CheckStatus::Ok, None), "{check:?}");
    let mut purposeless = bitstring_entry(&good, 1);
    purposeless.as_object_mut().unwrap().remove("statusPurpose");
    assert_eq!(scene.check(&purposeless).code, Some("list-invalid"));
}

#[test]
fn a_redirect_within_the_rules_is_followed() {
    let scene = Scene::new();
    scene.web.set("/new", signed(&scene, "/old", Sealer::Compact, |_| {}));
    let check = scene.bitstring("/old", Route::Redirect("/new".into()), 1);
    assert_eq!(check.status, CheckStatus::Ok, "{check:?}");
}

#[test]
fn lists_of_2021_and_token_lists() {
    let scene = Scene::new();
    let address = format!("{}/2021", scene.web.origin);
    let list = json!({
        "id": address, "type": ["VerifiableCredential", "StatusList2021Credential"],
        "issuanceDate": now().plus_seconds(-60).to_string(),
        "credentialSubject": {
            "type": "StatusList2021", "statusPurpose": "revocation", "encodedList": packed(&bits(8192), true),
        }
    });
    // As sealed EDCs come: general JSON serialisation.
    scene.web.set("/2021", Route::Body(seal(Sealer::Compact, &list, Form::General)));
    let entry = |index: u64| {
        let mut entry = bitstring_entry(&address, index);
        entry["type"] = json!("StatusList2021Entry");
        entry
    };
    assert_eq!(scene.check(&entry(SET)).code, Some("revoked"));
    assert_eq!(scene.check(&entry(1)).status, CheckStatus::Ok);
    assert_eq!(scene.check(&entry(8192)).code, Some("list-index-out-of-range"));
    assert_eq!(scene.check(&bitstring_entry(&address, 1)).code, Some("list-invalid"), "of another type");

    let address = format!("{}/token", scene.web.origin);
    let mut statuses = vec![0_u8; 4096];
    (statuses[0], statuses[1]) = (0b1001_0000, 0b0000_0011);
    let token = |sub: &str, exp: Time| {
        let list = json!({"bits": 2, "lst": packed(&statuses, false)});
        let claims = json!({
            "sub": sub, "iat": now().millis() / 1000, "exp": exp.millis() / 1000, "ttl": 43200, "status_list": list,
        });
        Route::Body(seal(Sealer::Compact, &claims, Form::Compact))
    };
    let check = |index: u64| {
        // A JWT's claims: the credential in `vc`, its status beside it.
        let content = Content { index: 1, sealer: Sealer::Compact, issued: now(), picture: None };
        let credential: Value = serde_json::from_slice(&elm_v3::credential(&content)).unwrap();
        let status = json!({"status_list": {"idx": index, "uri": address}});
        let claims = json!({"vc": credential, "status": status});
        revocation(&scene.verify(&seal(Sealer::Compact, &claims, Form::Compact)))
    };
    scene.web.set("/token", token(&address, far()));
    let codes: Vec<_> = (0..5).map(|index| check(index).code).collect();
    assert_eq!(codes, [None, None, Some("revoked"), Some("suspended"), Some("unsupported")]);
    assert_eq!(check(16384).code, Some("list-index-out-of-range"));
    let fresh = Scene::new();
    let other = fresh.web.set("/token", token("https://elsewhere.example/", far()));
    let claims = json!({"status": {"status_list": {"idx": 0, "uri": other}}, "vc": {"type": ["VerifiableCredential"]}});
    let verdict = fresh.verify(&seal(Sealer::Compact, &claims, Form::Compact));
    assert_eq!(revocation(&verdict).code, Some("list-invalid"));
}

#[test]
fn nobody_is_asked_for_a_seal_that_did_not_pass_nor_offline() {
    let scene = Scene::new();
    let address = scene.web.set("/a", signed(&scene, "/a", Sealer::Compact, |_| {}));
    let stranger = scene.verify(&credential(Sealer::Stranger, &bitstring_entry(&address, 1)));
    assert_eq!(revocation(&stranger).code, Some("not-asked"));
    let many: Vec<Value> = (0..9).map(|index| bitstring_entry(&format!("{address}{index}"), 1)).collect();
    assert_eq!(scene.check(&json!(many)).code, Some("not-asked"));
    assert_eq!(scene.web.asked("/a"), 0);
    let offline = scene
        .pipeline
        .verify(&credential(Sealer::Compact, &bitstring_entry(&address, 1)), &Request::at(now()));
    assert_eq!(revocation(&offline).code, Some("offline"));
    // The rules hold for what a passed credential names.
    let inner = scene.check(&bitstring_entry("http://127.0.0.1:1/list", 1));
    assert_eq!(inner.code, Some("unreachable"));
    assert!(inner.reason.to_string().contains("only https is asked"), "{}", inner.reason);
}

#[test]
fn one_fetch_for_many_waiters_and_lists_are_renewed() {
    let scene = Scene::new();
    let address = scene.web.set("/a", signed(&scene, "/a", Sealer::Compact, |_| {}));
    let file = credential(Sealer::Compact, &bitstring_entry(&address, 1));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(revocation(&scene.verify(&file)).status, CheckStatus::Ok));
        }
    });
    assert_eq!(scene.web.asked("/a"), 1);
    // A server that forbids keeping is not asked for each credential all the same.
    let list = match signed(&scene, "/n", Sealer::Compact, |_| {}) {
        Route::Body(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    for _ in 0..3 {
        scene.bitstring("/n", Route::Cached(list.clone(), "no-store"), 1);
    }
    assert_eq!(scene.web.asked("/n"), 1);
}

#[test]
fn lists_are_asked_on_the_command_line_unless_offline() {
    let scene = Scene::new();
    let address = scene.web.set("/a", signed(&scene, "/a", Sealer::Compact, |_| {}));
    let folder = demo_folder(demo::shared());
    let file = folder.path().join("revoked.jwt");
    std::fs::write(&file, credential(Sealer::Compact, &bitstring_entry(&address, SET))).unwrap();
    let run = |extra: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(["verify", "--format", "json", "--at", &now().to_string(), "--trust-domain"])
            .arg(folder.path().join("demo.toml"))
            .args(extra)
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        let verdict: Value = serde_json::from_slice(&out.stdout).unwrap();
        let checks = verdict["credential"]["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["check"] == "REVOCATION").unwrap();
        (
            check["code"].as_str().unwrap().to_owned(),
            verdict["decision"]["outcome"].as_str().unwrap().to_owned(),
        )
    };
    let outcome = |code: &str, decision: &str| (code.to_owned(), decision.to_owned());
    assert_eq!(run(&["--offline"]), outcome("offline", "review"));
    assert_eq!(run(&[]), outcome("unreachable", "review"), "http on loopback is not asked");
    assert_eq!(scene.web.asked("/a"), 0);
    assert_eq!(run(&["--fetch-from", &scene.web.origin]), outcome("revoked", "reject"));
    assert_eq!(scene.web.asked("/a"), 1);
}
