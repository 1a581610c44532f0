//! Who signed a status list is held to what holds for who sealed: revocation data on the certificate is fetched where the
//! list brings none, and a list by a revoked one is not believed.

use crate::demo::certificate::{self as x509, Identity};
use crate::demo::revocation::{self, Status};
use crate::demo::{self, Form, Sealer, pki};
use crate::fetching::{Addresses, certificate_of};
use crate::status::{
    SET, Scene, bitstring, bitstring_entry, credential, now, revocation as checked, seal_by,
};
use crate::support::demo_folder;
use crate::web::Route;
use bytes::Bytes;
use sealgate::credential::{Check, CheckStatus};
use sealgate::outside::{Document, Lookup, Outside};
use sealgate::pipeline::Request;
use sealgate::report::Outcome;
use sealgate::time::Time;
use std::process::Command;
use std::sync::{Arc, Mutex};

const DAY: i64 = 86_400;

/// A certificate of the university that seals, for its lists, under the listed CA or another.
fn list_signer(issuer: &Identity, addresses: &Addresses) -> Identity {
    let rest = vec![
        x509::key_usage(&[1]),
        x509::policies(&["0.4.0.194112.1.1"]),
        x509::seal_statements(true, false),
    ];
    certificate_of(pki::UNIVERSITY, "Meadowgate Status Lists", issuer, addresses, rest)
}

fn ocsp(about: &Identity, status: Status) -> Vec<u8> {
    let pki = &demo::shared().pki;
    let (produced, next) = (now().plus_seconds(-60), now().plus_seconds(7 * DAY));
    revocation::ocsp(about, &pki.seal_ca, &pki.responder, status, produced, next)
}

fn crl(revoked: &[(u64, Time)]) -> Vec<u8> {
    let (this, next) = (now().plus_seconds(-60), now().plus_seconds(7 * DAY));
    revocation::crl(&demo::shared().pki.seal_ca, 9, this, next, revoked)
}

fn yesterday() -> Time {
    now().plus_seconds(-DAY)
}

/// A list at `/list` with a signer that names servers for both kinds, which answer so.
struct Listed {
    scene: Scene,
    address: String,
    signer: Identity,
}

impl Listed {
    fn new(issuer: &Identity) -> Self {
        let scene = Scene::new();
        let at = |path: &str| Some(format!("{}{path}", scene.web.origin));
        let signer = list_signer(issuer, &Addresses { ocsp: at("/ocsp"), crl: at("/crl"), issuer: None });
        let address = format!("{}/list", scene.web.origin);
        let list = seal_by(&signer, &bitstring(&address, "revocation"), Form::Compact);
        scene.web.set("/list", Route::Body(list));
        Self { scene, address, signer }
    }

    fn answering(ocsp: impl FnOnce(&Identity) -> Route, crl: impl FnOnce(&Identity) -> Route) -> Self {
        let listed = Self::new(&demo::shared().pki.seal_ca);
        listed.scene.web.set("/ocsp", ocsp(&listed.signer));
        listed.scene.web.set("/crl", crl(&listed.signer));
        listed
    }

    fn check(&self, index: u64) -> Check {
        self.scene.check(&bitstring_entry(&self.address, index))
    }

    /// How often list, responder and CRL were asked for.
    fn asked(&self) -> [usize; 3] {
        ["/list", "/ocsp", "/crl"].map(|path| self.scene.web.asked(path))
    }
}

fn gone(_: &Identity) -> Route {
    Route::Status(503)
}

#[test]
fn a_list_by_a_good_certificate_is_believed_and_its_status_kept() {
    let listed = Listed::answering(|signer| Route::Body(ocsp(signer, Status::Good)), gone);
    let good = listed.check(1);
    assert_eq!((good.status, good.code), (CheckStatus::Ok, None), "{good:?}");
    assert_eq!(listed.check(SET).code, Some("revoked"));
    assert_eq!(listed.asked(), [1, 1, 0], "kept between requests");

    let listed = Listed::answering(gone, |_| Route::Body(crl(&[])));
    assert_eq!(listed.check(1).status, CheckStatus::Ok);
    assert_eq!(listed.asked(), [1, 1, 1], "a CRL stands in for the responder");
}

#[test]
fn a_list_by_a_revoked_certificate_is_not_believed() {
    let by_responder =
        Listed::answering(|signer| Route::Body(ocsp(signer, Status::Revoked(yesterday()))), gone);
    let by_list = Listed::answering(gone, |signer| Route::Body(crl(&[(signer.serial, yesterday())])));
    for listed in [by_responder, by_list] {
        // Whatever it says of the credential.
        for index in [1, SET] {
            let check = listed.check(index);
            assert_eq!(
                (check.status, check.code),
                (CheckStatus::Error, Some("list-unverified")),
                "{check:?}"
            );
            let why = format!(
                "REVOKED_NO_POE (certificate-not-revoked: signing certificate: revoked since {}",
                yesterday()
            );
            assert!(check.reason.to_string().contains(&why), "{}", check.reason);
        }
        let verdict =
            listed.scene.verify(&credential(Sealer::Compact, &bitstring_entry(&listed.address, SET)));
        assert_eq!(verdict.decision.outcome, Outcome::Review);
        let reasons = &verdict.decision.reasons;
        assert!(reasons.iter().any(|reason| reason == "check-revocation-list-unverified"), "{reasons:?}");
    }
}

#[test]
fn a_list_whose_signers_status_cannot_be_had_is_not_believed() {
    let listed = Listed::answering(gone, gone);
    let check = listed.check(1);
    assert_eq!((check.status, check.code), (CheckStatus::Error, Some("list-unverified")), "{check:?}");
    for why in
        ["CERTIFICATE_CHAIN_GENERAL_FAILURE", "OCSP: the server answered 503", "CRL: the server answered 503"]
    {
        assert!(check.reason.to_string().contains(why), "{}", check.reason);
    }
    listed.check(2);
    assert_eq!(listed.asked(), [1, 1, 1], "a failure is kept");
}

#[test]
fn nobody_is_asked_about_a_signer_that_no_anchor_vouches_for() {
    let listed = Listed::new(&demo::shared().pki.stranger_ca);
    let check = listed.check(1);
    assert_eq!(check.code, Some("list-unverified"));
    assert!(check.reason.to_string().contains("NO_CERTIFICATE_CHAIN_FOUND"), "{}", check.reason);
    assert_eq!(listed.asked(), [1, 0, 0]);
}

#[test]
fn the_command_line_asks_about_the_signer_unless_offline() {
    let listed = Listed::answering(|signer| Route::Body(ocsp(signer, Status::Good)), gone);
    let folder = demo_folder(demo::shared());
    let file = folder.path().join("sealed.jwt");
    std::fs::write(&file, credential(Sealer::Compact, &bitstring_entry(&listed.address, 1))).unwrap();
    let run = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.args(["verify", "--format", "json", "--at", &now().to_string(), "--trust-domain"]);
        let out = command.arg(folder.path().join("demo.toml")).args(extra).arg(&file).output().unwrap();
        let verdict: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let checks = verdict["credential"]["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|check| check["check"] == "REVOCATION").unwrap();
        (check["status"].as_str().unwrap().to_owned(), check["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(run(&["--offline"]), ("SKIPPED".into(), "nothing was fetched".into()));
    assert_eq!(listed.asked(), [0, 0, 0]);
    assert_eq!(run(&["--fetch-from", &listed.scene.web.origin]).0, "OK");
    assert_eq!(listed.asked(), [1, 1, 0]);
}

/// A list and an answer about its signer that were fetched.
#[derive(Debug)]
struct Fetched {
    list: Arc<Document>,
    about: Mutex<Lookup>,
}

impl Outside for Fetched {
    fn document(&self, _: &str) -> Lookup {
        Lookup::Found(Arc::clone(&self.list))
    }

    fn renewed(&self, address: &str) -> Lookup {
        self.document(address)
    }

    fn revocation(&self, _: &str, request: Option<&[u8]>) -> Lookup {
        match request {
            Some(_) => self.about.lock().unwrap().clone(),
            None => Lookup::Absent,
        }
    }

    fn issuer(&self, _: &str) -> Lookup {
        Lookup::Absent
    }
}

/// What was read of a list is kept, but not for longer than what is known of its signer.
#[test]
fn a_list_that_was_read_is_looked_at_again_once_more_is_known_of_its_signer() {
    let listed = Listed::new(&demo::shared().pki.seal_ca);
    let document = |bytes: Vec<u8>| Arc::new(Document::new(Bytes::from(bytes), now()));
    let list = seal_by(&listed.signer, &bitstring(&listed.address, "revocation"), Form::Compact);
    let outside = Fetched { list: document(list), about: Mutex::new(Lookup::Wanted) };
    let file = credential(Sealer::Compact, &bitstring_entry(&listed.address, 1));
    let check = |about: Lookup| {
        *outside.about.lock().unwrap() = about;
        let request = Request { outside: Some(&outside), ..Request::at(now()) };
        let check = checked(&listed.scene.pipeline.verify(&file, &request));
        (check.code, check.reason.to_string())
    };
    let of = |status| Lookup::Found(document(ocsp(&listed.signer, status)));
    let good = || of(Status::Good);
    assert_eq!(check(Lookup::Wanted), (Some("unreachable"), "the list is not at hand".into()));
    assert_eq!(check(good()).0, None);
    assert_eq!(check(good()).0, None);
    let (code, why) = check(of(Status::Revoked(yesterday())));
    assert!(code == Some("list-unverified") && why.contains("revoked since"), "{why}");
    let (code, why) = check(Lookup::Unreachable("a storm".into()));
    assert!(code == Some("list-unverified") && why.contains("OCSP: a storm"), "{why}");
    // Revoked only after the list was fetched: that it was there before is known.
    let later = now().plus_seconds(60);
    assert_eq!(check(of(Status::Revoked(later))).0, None);
}
