//! The pieces of work that benches measure, on the bundled examples and demonstration lists.

use bytes::Bytes;
use sealgate::credential;
use sealgate::format::xml::Document;
use sealgate::format::xml::c14n::{Method, NodeSet, canonicalize};
use sealgate::format::{self, Envelope, Limits};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm};
use sealgate::signature::{Context, Payload, cades, jades, pades, xades};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::compiled::Compiled;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{self, Mirror};
use sealgate::validation::Policy;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// One piece of work, ready to run any number of times.
pub(crate) struct Scenario {
    /// Its name: the stage, then the input.
    pub(crate) name: &'static str,
    /// One run.
    pub(crate) work: Box<dyn FnMut()>,
}

/// Every scenario, stages first.
pub(crate) fn all() -> Vec<Scenario> {
    vec![
        Scenario { name: "format/json", work: read("lta-qualified.jsonld") },
        Scenario { name: "format/xml", work: read("elm-v2-lt.xml") },
        Scenario { name: "format/c14n", work: c14n("elm-v2-lt.xml") },
        Scenario { name: "signature/jades", work: signatures("lta-qualified.jsonld") },
        Scenario { name: "signature/xades", work: signatures("elm-v2-lt.xml") },
        Scenario { name: "credential/elm-v3", work: examine(payload(example("lta-qualified.jsonld"))) },
        Scenario { name: "reference/serde_json", work: serde(payload(example("lta-qualified.jsonld"))) },
        Scenario { name: "trust/load", work: trust() },
        Scenario { name: "trust/compiled", work: compiled() },
        Scenario { name: "pipeline/jades-b-compact", work: pipeline("b-compact.jwt") },
        Scenario { name: "pipeline/jades-lta", work: pipeline("lta-qualified.jsonld") },
        Scenario { name: "pipeline/xades-lt", work: pipeline("elm-v2-lt.xml") },
    ]
}

/// The credential stage on real credentials beside a bare parse of the same payload; none where the data is not here.
#[allow(dead_code, reason = "the gate counts on bundled examples alone")]
pub(crate) fn real() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/credentials");
    let files = [
        ("edc-2023/Sample-MC-Annex1-signed.jsonld", "credential/sample", "reference/serde_json-sample"),
        ("edc-2026/edc-dc-signed.jsonld", "credential/degree", "reference/serde_json-degree"),
    ];
    let mut scenarios = Vec::new();
    for (file, credential, reference) in files {
        let Ok(bytes) = std::fs::read(folder.join(file)) else {
            println!("skipped: {credential}: no {file}");
            continue;
        };
        let text = payload(&bytes);
        scenarios.push(Scenario { name: credential, work: examine(text) });
        scenarios.push(Scenario { name: reference, work: serde(text) });
    }
    scenarios
}

/// The payload of a JWS in a JSON serialisation.
fn payload(sealed: &[u8]) -> &'static [u8] {
    let jws: serde_json::Value = serde_json::from_slice(sealed).expect("a JWS in JSON");
    jws["payload"].as_str().expect("a payload").to_owned().leak().as_bytes()
}

fn examine(text: &'static [u8]) -> Box<dyn FnMut()> {
    let limits = Limits::default();
    let time = Time::parse_rfc3339("2026-11-22T00:00:00Z").expect("a time");
    Box::new(move || {
        let payload = Payload::Json(black_box(text).into());
        let checked = credential::examine(&payload, &limits, &credential::Context::at(time));
        black_box(checked.expect("a credential"));
    })
}

fn serde(text: &'static [u8]) -> Box<dyn FnMut()> {
    Box::new(move || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(text))).expect("JSON");
    })
}

fn example(name: &str) -> &'static [u8] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sound").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).leak()
}

fn read(name: &str) -> Box<dyn FnMut()> {
    let (bytes, limits) = (example(name), Limits::default());
    Box::new(move || {
        black_box(format::read(black_box(bytes), &limits)).expect("a sound example");
    })
}

fn c14n(name: &str) -> Box<dyn FnMut()> {
    let (crypto, limits) = (Crypto::default(), Limits::default());
    let document = Document::parse(example(name), &limits).expect("a sound example");
    let method = Method::from_uri("http://www.w3.org/2001/10/xml-exc-c14n#").expect("exclusive C14N");
    let root = document.root_element().id();
    Box::new(move || {
        let mut hasher = crypto.hasher(DigestAlgorithm::Sha256).expect("SHA-256");
        canonicalize(&document, &NodeSet::Subtree(root), &[], &method, &mut hasher);
        black_box(hasher.finish());
    })
}

fn signatures(name: &str) -> Box<dyn FnMut()> {
    let (bytes, limits, crypto) = (example(name), Limits::default(), Crypto::default());
    Box::new(move || {
        let context = Context { crypto: &crypto, limits: &limits, detached: &[] };
        let found = match &format::read(bytes, &limits).expect("a sound example") {
            Envelope::Jws(jws) => jades::signatures(jws, &context).len(),
            Envelope::Xml(document) => xades::signatures(document, &context).len(),
            Envelope::Cms(cms) => cades::signatures(cms, &context).len(),
            Envelope::Pdf(document) => {
                let arena = pades::Arena::default();
                pades::signatures(document, &arena, &context).0.len()
            }
            _ => 0,
        };
        assert!(found > 0);
    })
}

fn demo_lists() -> (Domain, Mirror) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("trust-lists/demo.toml");
    let domain = Domain::read(&file).expect("trust-lists/demo.toml");
    let mirror = Mirror::open(domain.mirror.as_deref().expect("a mirror")).expect("trust-lists/demo");
    (domain, mirror)
}

fn load_demo() -> Snapshot {
    let (domain, mirror) = demo_lists();
    let crypto = Crypto::default();
    Snapshot::load(&mirror, &domain, &load::Context::new(&crypto)).expect("the demonstration lists")
}

fn compiled() -> Box<dyn FnMut()> {
    let (domain, mirror) = demo_lists();
    let crypto = Crypto::default();
    let made = Compiled::make(&mirror, &domain, &load::Context::new(&crypto), Time::from_seconds(0));
    let bytes = Bytes::from(made.expect("the demonstration lists").encode());
    Box::new(move || {
        black_box(Compiled::decode(bytes.clone()).expect("what was written"));
    })
}

fn trust() -> Box<dyn FnMut()> {
    Box::new(|| {
        black_box(load_demo());
    })
}

fn pipeline(name: &str) -> Box<dyn FnMut()> {
    let bytes = example(name);
    let pipeline = Pipeline::new(Arc::new(load_demo()), Arc::new(Policy::default()));
    let time = Time::parse_rfc3339("2026-11-22T00:00:00Z").expect("a time");
    Box::new(move || {
        let verdict = pipeline.verify(black_box(bytes), &Request::at(time));
        black_box(verdict.to_json());
    })
}
