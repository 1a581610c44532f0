//! Every recorded verdict of the shared corpora against ours: indication, sub-indication, qualification, level, best
//! signature time.

use crate::xml::shared;
use sealgate::certificate::{Certificate, CertificateStore};
use sealgate::finding::Status;
use sealgate::format::{self, Envelope, Limits};
use sealgate::revocation::RevocationStore;
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::{Context, asic, cades, jades, pades, xades};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{self, Mirror};
use sealgate::validation::{self, Policy, SealVerdict};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

#[derive(Deserialize)]
struct Record {
    file: String,
    #[serde(default)]
    trust_lists: Option<String>,
    at: String,
    signatures: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    indication: String,
    sub_indication: Option<String>,
    qualification: String,
    level: String,
    best_signature_time: Option<String>,
    intact: bool,
    because: Option<Because>,
}

#[derive(Deserialize)]
struct Because {
    timestamps: Vec<Timestamp>,
}

#[derive(Deserialize)]
struct Timestamp {
    time: String,
    imprint_intact: bool,
    sub_indication: Option<String>,
}

/// A case in which ours differs on purpose.
#[derive(Deserialize)]
struct Divergence {
    case: String,
    parts: Vec<String>,
    clause: String,
    why: String,
}

/// Everything that does not change between files.
struct Bench {
    crypto: Crypto,
    certificates: CertificateStore,
    revocation: RevocationStore,
    policy: Policy,
    snapshot: Snapshot,
}

impl Bench {
    fn new(snapshot: Snapshot, cache: u64) -> Self {
        Self {
            crypto: Crypto::default(),
            certificates: CertificateStore::new(cache),
            revocation: RevocationStore::new(cache),
            policy: Policy::default(),
            snapshot,
        }
    }

    fn verdicts(&self, bytes: &[u8], time: Time) -> Vec<SealVerdict> {
        let limits = Limits::default();
        let envelope = match format::read(bytes, &limits) {
            Ok(envelope) => envelope,
            Err(why) => {
                println!("  unreadable: {why}");
                return Vec::new();
            }
        };
        let context = Context { crypto: &self.crypto, limits: &limits, detached: &[] };
        let opened = match &envelope {
            Envelope::Container(container) => Some(asic::Opened::new(container, &limits).unwrap()),
            _ => None,
        };
        let arena = pades::Arena::default();
        let signatures = match &envelope {
            Envelope::Jws(jws) => jades::signatures(jws, &context),
            Envelope::Xml(document) => xades::signatures(document, &context),
            Envelope::Cms(cms) => cades::signatures(cms, &context),
            Envelope::Pdf(document) => pades::signatures(document, &arena, &context).0,
            Envelope::Json(_) => Vec::new(),
            Envelope::Container(_) => opened.iter().flat_map(|opened| opened.signatures(&context)).collect(),
        };
        let context = validation::Context {
            crypto: &self.crypto,
            certificates: &self.certificates,
            revocation: &self.revocation,
            snapshot: &self.snapshot,
            policy: &self.policy,
            time,
            spread: true,
            outside: None,
        };
        validation::validate(&signatures, &context)
    }
}

fn lists(folder: &Path) -> Snapshot {
    let mirror = Mirror::open(folder).unwrap();
    let crypto = Crypto::default();
    Snapshot::load(&mirror, &Domain::eu().unwrap(), &load::Context::new(&crypto)).unwrap()
}

fn anchors(folder: &Path) -> Vec<Arc<Certificate>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Arc::new(Certificate::parse(&std::fs::read(file).unwrap()).unwrap())).collect()
}

const PARTS: [&str; 8] = [
    "signatures",
    "indication",
    "sub-indication",
    "qualification",
    "level",
    "best-signature-time",
    "intact",
    "time-stamps",
];

/// Agreements of all by part, and where they differ.
#[derive(Default)]
struct Tally {
    parts: BTreeMap<&'static str, (usize, usize)>,
    differing: BTreeSet<(String, &'static str)>,
}

impl Tally {
    fn count(
        &mut self,
        part: &'static str,
        file: &str,
        expected: &str,
        found: &str,
        seal: Option<&SealVerdict>,
    ) {
        let (agreed, all) = self.parts.entry(part).or_default();
        *all += 1;
        if expected == found {
            *agreed += 1;
            return;
        }
        let of_timestamps = seal.iter().flat_map(|seal| seal.timestamps.iter().flat_map(|t| &t.findings));
        let of_seal = seal.iter().flat_map(|seal| &seal.findings);
        let findings: Vec<_> =
            if part == "time-stamps" { of_timestamps.collect() } else { of_seal.collect() };
        let failed = findings.iter().find(|finding| finding.status == Status::Failed);
        let why = failed.map_or(String::new(), |finding| format!(" [{}: {}]", finding.check, finding.detail));
        println!("  {file}: {part} {expected} expected, {found} found{why}");
        self.differing.insert((file.to_owned(), part));
    }

    fn seal(&mut self, file: &str, expected: &Expected, seal: &SealVerdict) {
        let none = || "none".to_owned();
        let mut part =
            |part, expected: &str, found: &str| self.count(part, file, expected, found, Some(seal));
        part("indication", &expected.indication, seal.indication.as_str());
        part(
            "sub-indication",
            &expected.sub_indication.clone().unwrap_or_else(none),
            &seal.sub_indication.map_or_else(none, |sub| sub.to_string()),
        );
        part("qualification", &expected.qualification, &seal.qualification.to_string());
        part("level", &expected.level, &seal.level);
        if let Some(best) = &expected.best_signature_time {
            part("best-signature-time", &normal(best), &seal.best_signature_time.to_string());
        }
        part("intact", &expected.intact.to_string(), &seal.intact.to_string());
        if let Some(because) = &expected.because {
            let mut recorded: Vec<String> = because
                .timestamps
                .iter()
                .map(|t| {
                    format!(
                        "{} {} {}",
                        normal(&t.time),
                        t.imprint_intact,
                        t.sub_indication.as_deref().unwrap_or("PASSED")
                    )
                })
                .collect();
            let mut found: Vec<String> = seal
                .timestamps
                .iter()
                .map(|t| {
                    let time = t.generated.map_or_else(none, |time| time.to_string());
                    let sub = t.sub_indication.map_or_else(|| "PASSED".to_owned(), |sub| sub.to_string());
                    format!("{time} {} {sub}", t.imprint_intact)
                })
                .collect();
            recorded.sort();
            found.sort();
            part("time-stamps", &recorded.join(", "), &found.join(", "));
        }
    }

    /// Differences and divergences must be the same cases.
    fn settle(&self, folder: &str) {
        for part in PARTS {
            let (agreed, all) = self.parts.get(part).copied().unwrap_or_default();
            println!("{folder}: {part} {agreed} of {all}");
        }
        let listed: BTreeSet<(String, &str)> = divergences()
            .iter()
            .filter(|divergence| divergence.case.starts_with(&format!("{folder}/")))
            .flat_map(|divergence| {
                divergence.parts.iter().map(|part| (divergence.case.clone(), part.as_str()))
            })
            .collect();
        let differing: BTreeSet<(String, &str)> =
            self.differing.iter().map(|(f, p)| (f.clone(), *p)).collect();
        let unlisted: Vec<_> = differing.difference(&listed).collect();
        let stale: Vec<_> = listed.difference(&differing).collect();
        assert!(unlisted.is_empty(), "{folder}: not in tests/divergences.json: {unlisted:#?}");
        assert!(stale.is_empty(), "{folder}: no longer differs: {stale:#?}");
    }
}

/// A time as ours are written: some recorded ones have zeros at the end.
fn normal(time: &str) -> String {
    Time::parse_rfc3339(time).map_or_else(|| time.to_owned(), |time| time.to_string())
}

fn divergences() -> &'static [Divergence] {
    static LISTED: OnceLock<Vec<Divergence>> = OnceLock::new();
    LISTED.get_or_init(|| {
        let listed: Vec<Divergence> = serde_json::from_str(include_str!("../divergences.json")).unwrap();
        assert!(listed.iter().all(|divergence| !divergence.clause.is_empty() && !divergence.why.is_empty()));
        listed
    })
}

fn run(name: &str, folder: &Path, bench: &dyn Fn(&Record) -> Arc<Bench>) {
    let mut tally = Tally::default();
    let records = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    for line in records.lines().filter(|line| !line.trim().is_empty()) {
        let record: Record = serde_json::from_str(line).unwrap();
        let bytes = std::fs::read(folder.join(&record.file)).unwrap();
        let time = Time::parse_rfc3339(&record.at).unwrap();
        let found = bench(&record).verdicts(&bytes, time);
        let file = format!("{name}/{}", record.file);
        let count = |n: usize| n.to_string();
        tally.count("signatures", &file, &count(record.signatures.len()), &count(found.len()), None);
        for (expected, seal) in record.signatures.iter().zip(&found) {
            tally.seal(&file, expected, seal);
        }
    }
    tally.settle(name);
}

fn conformance() -> Option<(PathBuf, Arc<Bench>)> {
    static BENCH: OnceLock<Arc<Bench>> = OnceLock::new();
    let (trust, corpora) = (shared("trust-lists/2026-08")?, shared("conformance")?);
    let bench = BENCH.get_or_init(|| {
        Arc::new(Bench::new(lists(&trust).with_static_anchors(anchors(&corpora.join("anchors"))), 16 << 20))
    });
    Some((corpora, Arc::clone(bench)))
}

#[test]
fn recorded_verdicts_on_jades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("jades", &corpora.join("jades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_xades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("xades", &corpora.join("xades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_cades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("cades", &corpora.join("cades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_pades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("pades", &corpora.join("pades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_asic_with_xades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("asic-xades", &corpora.join("asic-xades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_asic_with_cades() {
    let Some((corpora, bench)) = conformance() else { return };
    run("asic-cades", &corpora.join("asic-cades"), &|_| Arc::clone(&bench));
}

#[test]
fn recorded_verdicts_on_the_real_credentials() {
    let (Some(trust), Some(folder)) = (shared("trust-lists"), shared("credentials")) else { return };
    let benches: BTreeMap<&str, Arc<Bench>> = ["2023-09", "2026-08"]
        .map(|date| (date, Arc::new(Bench::new(lists(&trust.join(date)), 16 << 20))))
        .into();
    run("credentials", &folder, &|record| Arc::clone(&benches[record.trust_lists.as_deref().unwrap()]));
}

#[test]
fn caches_change_no_verdict() {
    let Some((corpora, warm)) = conformance() else { return };
    let cold = Bench::new(warm.snapshot.clone(), 0);
    let time = Time::parse_rfc3339("2021-07-13T14:27:44Z").unwrap();
    for file in [
        "jades/validation/jades-triple-LTA.json",
        "xades/validation/xades-lta-copied-atst.xml",
        "cades/validation/cades-lta-duplicated-atst.p7m",
    ] {
        let bytes = std::fs::read(corpora.join(file)).unwrap();
        let first = format!("{:?}", warm.verdicts(&bytes, time));
        assert!(first.contains("SealVerdict"), "{file}: no verdict");
        assert_eq!(first, format!("{:?}", warm.verdicts(&bytes, time)), "{file}: again");
        assert_eq!(first, format!("{:?}", cold.verdicts(&bytes, time)), "{file}: without caches");
    }
}
