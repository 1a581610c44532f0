//! RFC 5280 path validation against NIST's PKITS and the groups of x509-limbo that are about paths.

use super::support::{root, shared};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::certificate::path::policies::PolicyInputs;
use sealgate::certificate::path::rules::{AnchorUse, Inputs};
use sealgate::certificate::path::{Anchors, Budget, Builder, Pool};
use sealgate::certificate::{AnchorKey, Certificate, CertificateStore};
use sealgate::revocation::RevocationStore;
use sealgate::revocation::crl::Crl;
use sealgate::revocation::path::{Invalid, Lists, PathValidator};
use sealgate::signature::algorithm::Crypto;
use sealgate::time::Time;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Groups of limbo that are about paths; the others are about names of web servers and about fetching.
const GROUPS: [&str; 5] = ["rfc5280", "pathlen", "pathological", "crl", "cve"];

/// Tests of PKITS that need DSA, whose signatures are verified nowhere here.
const NEED_DSA: [&str; 3] = ["40104", "40105", "40106"];

/// A case whose outcome here is another than the corpus has, and why.
#[derive(Deserialize)]
struct Exception {
    case: String,
    why: String,
}

#[derive(Default)]
struct Trusting(BTreeMap<Vec<u8>, Vec<Arc<Certificate>>>);

impl Trusting {
    fn add(&mut self, anchor: Arc<Certificate>) {
        self.0.entry(anchor.subject.normal.clone()).or_default().push(anchor);
    }
}

impl Anchors for Trusting {
    fn contains(&self, key: &AnchorKey) -> bool {
        self.0.values().flatten().any(|anchor| anchor.anchor_key() == *key)
    }

    fn by_subject(&self, subject: &[u8]) -> &[Arc<Certificate>] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }
}

/// What one validation is given.
struct Case {
    anchors: Trusting,
    leaf: Arc<Certificate>,
    pool: Pool,
    crls: Option<Vec<Arc<Crl>>>,
    inputs: Inputs,
}

/// What is computed once for all cases.
struct Tools {
    store: CertificateStore,
    revocation: RevocationStore,
    crypto: Crypto,
}

impl Tools {
    fn new() -> Self {
        Self {
            store: CertificateStore::new(1 << 24),
            revocation: RevocationStore::new(1 << 24),
            crypto: Crypto::default(),
        }
    }

    fn validate(&self, case: &Case) -> Result<sealgate::certificate::path::Path, Invalid> {
        let budget = Budget::new();
        let builder = Builder {
            pool: &case.pool,
            anchors: &case.anchors,
            store: &self.store,
            crypto: &self.crypto,
            budget: &budget,
        };
        let time = case.inputs.time.unwrap();
        let lists = case.crls.as_ref().map(|lists| Lists { lists, store: &self.revocation, time });
        PathValidator::new(builder, &case.inputs, lists).validate(&case.leaf)
    }
}

/// Compares outcomes with the exceptions of a corpus: each case has to agree, or to be one of them.
struct Tally {
    exceptions: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// With the exceptions whose cases begin with `corpus`.
    fn new(corpus: &str) -> Self {
        let listed = std::fs::read(root().join("tests/path-exceptions.json")).unwrap();
        let listed: Vec<Exception> = serde_json::from_slice(&listed).unwrap();
        assert!(listed.iter().all(|exception| exception.why.len() > 20), "an exception without its reason");
        let count = listed.len();
        let all: BTreeMap<_, _> = listed.into_iter().map(|one| (one.case, one.why)).collect();
        assert_eq!(all.len(), count, "an exception listed twice");
        let exceptions = all.into_iter().filter(|(case, _)| case.starts_with(corpus)).collect();
        Self { exceptions, counts: BTreeMap::new(), wrong: Vec::new() }
    }

    fn case(&mut self, name: &str, valid: bool, outcome: Result<(), String>) {
        let excepted = self.exceptions.remove(name).is_some();
        let agrees = valid == outcome.is_ok();
        let kind = match (agrees, excepted) {
            (true, false) => "agree",
            (false, true) => "listed exceptions",
            (true, true) => {
                self.wrong.push(format!("{name}: listed as an exception, but agrees"));
                "wrong"
            }
            (false, false) => {
                let expected = if valid { "valid" } else { "invalid" };
                self.wrong.push(format!("{name}: expected {expected}, found {outcome:?}"));
                "wrong"
            }
        };
        *self.counts.entry(kind).or_default() += 1;
    }

    fn finish(mut self, corpus: &str) -> usize {
        self.wrong.extend(self.exceptions.keys().map(|case| format!("{case}: an exception for no case")));
        println!("{corpus}: {:?}", self.counts);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        self.counts.values().sum()
    }
}

#[derive(Deserialize)]
struct Pkits {
    id: String,
    name: String,
    cert: String,
    #[serde(default)]
    other_certs: Vec<String>,
    #[serde(default)]
    crls: Vec<String>,
    #[serde(default)]
    params: Parameters,
    #[serde(default)]
    path_len: usize,
    /// Whether status is asked for.
    #[serde(default = "yes")]
    revocation: bool,
    error: Option<Expected>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Expected {
    class: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Parameters {
    user_initial_policy_set: Option<BTreeSet<String>>,
    initial_explicit_policy: bool,
    initial_policy_mapping_inhibit: bool,
    initial_any_policy_inhibit: bool,
}

impl Pkits {
    fn case(&self, folder: &Path, tools: &Tools) -> Case {
        let certificate = |file: &str| {
            let der = std::fs::read(folder.join("certs").join(file)).unwrap();
            tools.store.certificate(&der).unwrap()
        };
        let mut anchors = Trusting::default();
        anchors.add(certificate("TrustAnchorRootCertificate.crt"));
        let leaf = certificate(&self.cert);
        let mut pool = Pool::default();
        assert!(pool.add(&leaf, 0));
        assert!(self.other_certs.iter().all(|file| pool.add(&certificate(file), 0)));
        let files = self.crls.iter().map(String::as_str).chain(["TrustAnchorRootCRL.crl"]);
        // One has a signature value that cannot be read, and is no list then.
        let crls = files.filter_map(|file| {
            tools.revocation.crl(&std::fs::read(folder.join("crls").join(file)).unwrap()).ok()
        });
        Case {
            anchors,
            leaf,
            pool,
            crls: self.revocation.then(|| crls.collect()),
            inputs: Inputs {
                time: Time::parse_rfc3339("2022-05-01T00:00:00Z"),
                policies: PolicyInputs {
                    acceptable: self.params.user_initial_policy_set.clone(),
                    inhibit_mapping: self.params.initial_policy_mapping_inhibit,
                    explicit: self.params.initial_explicit_policy,
                    inhibit_any: self.params.initial_any_policy_inhibit,
                },
                ..Inputs::default()
            },
        }
    }
}

#[test]
fn pkits_agrees() {
    let Some(folder) = shared("vectors/pkits", "pkits_agrees") else { return };
    let tests: Vec<Pkits> =
        serde_json::from_slice(&std::fs::read(folder.join("pkits.json")).unwrap()).unwrap();
    let (tools, mut tally) = (Tools::new(), Tally::new("pkits::"));
    let mut dsa = 0;
    for test in &tests {
        if NEED_DSA.contains(&test.id.as_str()) {
            dsa += 1;
            continue;
        }
        let name = format!("pkits::{}::{}", test.id, test.name);
        let found = tools.validate(&test.case(&folder, &tools));
        if let Ok(path) = &found {
            let anchor = path.anchors().next().unwrap();
            assert_eq!(anchor + 1, test.path_len, "{name}: length of the path");
        }
        // For the reason recorded, not by chance for another.
        if let (Some(expected), Err(invalid)) = (&test.error, &found) {
            let class = match invalid {
                Invalid::NoPath | Invalid::Rules(_) => "PathValidationError",
                Invalid::Revoked { .. } => "RevokedError",
                Invalid::StatusUnknown { .. } => "InsufficientRevinfoError",
            };
            let stale = expected.class == "StaleRevinfoError" && class == "InsufficientRevinfoError";
            if class != expected.class && !stale {
                tally.wrong.push(format!("{name}: expected {}, found {invalid}", expected.class));
            }
        }
        tally.case(&name, test.error.is_none(), found.map(drop).map_err(|invalid| invalid.to_string()));
    }
    assert_eq!((tally.finish("PKITS"), dsa), (243, 3));
}

#[derive(Deserialize)]
struct Limbo {
    testcases: Vec<LimboCase>,
}

#[derive(Deserialize)]
struct LimboCase {
    id: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: String,
    max_chain_depth: Option<u32>,
    features: Vec<String>,
    crls: Vec<String>,
}

fn pem(text: &str) -> Vec<u8> {
    let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(base64).unwrap()
}

impl LimboCase {
    fn case(&self, tools: &Tools) -> Result<Case, String> {
        let certificate = |text: &String| tools.store.certificate(&pem(text)).map_err(|why| why.0);
        let mut anchors = Trusting::default();
        // An anchor that cannot be read is none; so is one in the pool.
        self.trusted_certs.iter().filter_map(|text| certificate(text).ok()).for_each(|one| anchors.add(one));
        let leaf = certificate(&self.peer_certificate)?;
        let mut pool = Pool::default();
        for one in self.untrusted_intermediates.iter().filter_map(|text| certificate(text).ok()) {
            assert!(pool.add(&one, 0));
        }
        let crls: Result<Vec<_>, _> = self.crls.iter().map(|text| tools.revocation.crl(&pem(text))).collect();
        let crls = crls.map_err(|why| why.to_string())?;
        let time = self.validation_time.as_deref().unwrap_or("2025-01-01T00:00:00Z");
        let depth_asked = self.features.iter().any(|feature| feature == "max-chain-depth");
        Ok(Case {
            anchors,
            leaf,
            pool,
            crls: (!crls.is_empty()).then_some(crls),
            inputs: Inputs {
                time: Some(Time::parse_rfc3339(time).unwrap()),
                // The corpus leaves a depth of 0 out, as it does for none.
                longest: self.max_chain_depth.or(depth_asked.then_some(0)),
                anchor: AnchorUse::Certificate,
                ..Inputs::default()
            },
        })
    }
}

#[test]
fn limbo_agrees() {
    let Some(file) = shared("vectors/limbo.json", "limbo_agrees") else { return };
    let limbo: Limbo = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let (tools, mut tally) = (Tools::new(), Tally::new("limbo::"));
    for case in &limbo.testcases {
        let group = case.id.split("::").next().unwrap();
        if !GROUPS.contains(&group) {
            continue;
        }
        let outcome = case
            .case(&tools)
            .and_then(|case| tools.validate(&case).map(drop).map_err(|invalid| invalid.to_string()));
        tally.case(&format!("limbo::{}", case.id), case.expected_result == "SUCCESS", outcome);
    }
    assert_eq!(tally.finish("limbo"), 137);
}
