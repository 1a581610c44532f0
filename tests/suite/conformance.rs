//! Every recorded verdict of the shared corpora against ours: indication, sub-indication, qualification, level, best
//! signature time.

use crate::xml::shared;
use sealgate::certificate::{Certificate, CertificateStore};
use sealgate::finding::Status;
use sealgate::format::{self, Envelope, Limits};
use sealgate::revocation::RevocationStore;
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::{Context, jades, xades};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{self, Mirror};
use sealgate::validation::{self, Policy, SealVerdict};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    fn new(snapshot: Snapshot) -> Self {
        Self {
            crypto: Crypto::default(),
            certificates: CertificateStore::new(16 << 20),
            revocation: RevocationStore::new(16 << 20),
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
        let signatures = match &envelope {
            Envelope::Jws(jws) => jades::signatures(jws, &context),
            Envelope::Xml(document) => xades::signatures(document, &context),
            Envelope::Json(_) => Vec::new(),
        };
        let context = validation::Context {
            crypto: &self.crypto,
            certificates: &self.certificates,
            revocation: &self.revocation,
            snapshot: &self.snapshot,
            policy: &self.policy,
            time,
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

const PARTS: [&str; 7] =
    ["indication", "sub-indication", "qualification", "level", "best-signature-time", "intact", "signatures"];

/// Agreements of all by part.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, (usize, usize)>);

impl Tally {
    fn count(
        &mut self,
        part: &'static str,
        file: &str,
        expected: &str,
        found: &str,
        seal: Option<&SealVerdict>,
    ) {
        let (agreed, all) = self.0.entry(part).or_default();
        *all += 1;
        if expected == found {
            *agreed += 1;
            return;
        }
        let why = seal.and_then(|seal| seal.findings.iter().find(|finding| finding.status == Status::Failed));
        let why = why.map_or(String::new(), |finding| format!(" [{}: {}]", finding.check, finding.detail));
        println!("  {file}: {part} {expected} expected, {found} found{why}");
    }

    fn print(&self, folder: &str) {
        for part in PARTS {
            let (agreed, all) = self.0.get(part).copied().unwrap_or_default();
            println!("{folder}: {part} {agreed} of {all}");
        }
    }

    fn disagreed(&self, part: &str) -> usize {
        self.0.get(part).map_or(0, |(agreed, all)| all - agreed)
    }
}

fn run(folder: &Path, records: &str, bench: &dyn Fn(&Record) -> Arc<Bench>) -> Tally {
    let mut tally = Tally::default();
    for line in records.lines().filter(|line| !line.trim().is_empty()) {
        let record: Record = serde_json::from_str(line).unwrap();
        let bytes = std::fs::read(folder.join(&record.file)).unwrap();
        let time = Time::parse_rfc3339(&record.at).unwrap();
        let found = bench(&record).verdicts(&bytes, time);
        let name = format!("{} at {}", record.file, record.at);
        let count = |n: usize| n.to_string();
        tally.count("signatures", &name, &count(record.signatures.len()), &count(found.len()), None);
        for (index, expected) in record.signatures.iter().enumerate() {
            let name = format!("{name} #{index}");
            let Some(seal) = found.get(index) else {
                PARTS.iter().for_each(|part| tally.count(part, &name, "a signature", "none", None));
                continue;
            };
            let sub = |text: Option<&str>| text.unwrap_or("none").to_owned();
            let mut part =
                |part, expected: &str, found: &str| tally.count(part, &name, expected, found, Some(seal));
            part("indication", &expected.indication, seal.indication.as_str());
            part(
                "sub-indication",
                &sub(expected.sub_indication.as_deref()),
                &sub(seal.sub_indication.map(|sub| sub.as_str())),
            );
            part("qualification", &expected.qualification, &seal.qualification.to_string());
            part("level", &expected.level, &seal.level);
            if let Some(best) = &expected.best_signature_time {
                part("best-signature-time", best, &seal.best_signature_time.to_string());
            }
            part("intact", &expected.intact.to_string(), &seal.intact.to_string());
        }
    }
    tally
}

/// The most disagreements that a part may have.
type Floor = [(&'static str, usize); 7];

fn assert_floor(folder: &str, tally: &Tally, floor: Floor) {
    tally.print(folder);
    for (part, most) in floor {
        let disagreed = tally.disagreed(part);
        assert!(disagreed <= most, "{folder}: {part} differs {disagreed} times, at most {most} expected");
    }
}

#[test]
fn recorded_verdicts_of_the_conformance_corpora() {
    let (Some(trust), Some(corpora)) = (shared("trust-lists/2026-08"), shared("conformance")) else { return };
    let snapshot = lists(&trust).with_static_anchors(anchors(&corpora.join("anchors")));
    let bench = Arc::new(Bench::new(snapshot));
    for (name, floor) in [("jades", [("signatures", 0); 7]), ("xades", [("signatures", 0); 7])] {
        let folder = corpora.join(name);
        let records = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
        let tally = run(&folder, &records, &|_| Arc::clone(&bench));
        assert_floor(name, &tally, floor);
    }
}

#[test]
fn recorded_verdicts_of_the_real_credentials() {
    let (Some(trust), Some(folder)) = (shared("trust-lists"), shared("credentials")) else { return };
    let benches: BTreeMap<&str, Arc<Bench>> =
        ["2023-09", "2026-08"].map(|date| (date, Arc::new(Bench::new(lists(&trust.join(date)))))).into();
    let records = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
    let tally =
        run(&folder, &records, &|record| Arc::clone(&benches[record.trust_lists.as_deref().unwrap()]));
    assert_floor("credentials", &tally, [("signatures", 0); 7]);
}
