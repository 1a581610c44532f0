//! Real PDF, CMS and ASiC files with octets and objects changed: no seal speaks for anything but the very octets that it
//! spoke for before. What was signed is told here by readers of the test's own.
//!
//! A seeded sample runs in the suite; `SEALGATE_MUTATIONS=N` runs so many times as many.

mod asic;
mod cades;
mod pdf;
mod update;

use crate::conformance_mutation::{identifier, statement};
use crate::demo::key::sha256;
use crate::der_mutator::Der;
use crate::support::{Random, conformance_pipeline, shared, verify};
use sealgate::finding::Status;
use sealgate::pipeline::Pipeline;
use sealgate::report::{Seal, Verdict};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Record {
    file: String,
    at: String,
    signatures: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    indication: String,
}

/// A file of a corpus at the first of its times at which a recorded seal passes, else its first.
struct File {
    name: String,
    at: String,
    bytes: Vec<u8>,
    verdict: Verdict,
}

struct Corpus {
    pipeline: &'static Pipeline,
    files: Vec<File>,
}

impl Corpus {
    fn read(folder: &str, test: &str) -> Option<Self> {
        let at = shared(&format!("conformance/{folder}"), test)?;
        let pipeline = conformance_pipeline(test)?;
        let records = std::fs::read_to_string(at.join("expected.jsonl")).unwrap();
        let mut records: Vec<Record> =
            records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        records.sort_by_key(|record| !record.signatures.iter().any(|seal| seal.indication == "TOTAL-PASSED"));
        let mut seen = BTreeSet::new();
        records.retain(|record| !record.signatures.is_empty() && seen.insert(record.file.clone()));
        let files = records.into_iter().map(|Record { file, at: time, .. }| {
            let bytes = std::fs::read(at.join(&file)).unwrap();
            let verdict = verify(pipeline, &bytes, &time);
            File { name: format!("{folder}/{file}"), at: time, bytes, verdict }
        });
        Some(Self { pipeline, files: files.collect() })
    }

    fn verify(&self, file: &File, bytes: &[u8]) -> Verdict {
        let verdict = verify(self.pipeline, bytes, &file.at);
        assert!(!verdict.to_json().is_empty());
        verdict
    }
}

/// How many times the sample is run.
fn times() -> usize {
    std::env::var("SEALGATE_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Whether nothing speaks against the octets that a seal is over: trust in its signer is another matter. Where the
/// certificate is not the one that was signed with, nobody is said to have sealed anything (EN 319 102-1, 5.2.3).
fn holds(seal: &Seal) -> bool {
    seal.indication.is_some_and(|indication| indication != "TOTAL-FAILED")
        && !matches!(seal.sub_indication, Some("SIGNED_DATA_NOT_FOUND" | "NO_SIGNING_CERTIFICATE_FOUND"))
}

/// What is answered of a seal, for who looks for the reason.
fn told(seal: &Seal) -> String {
    let failed =
        seal.findings.iter().filter(|finding| finding.status == Status::Failed).map(|finding| &finding.check);
    format!("({}: {:?} {:?} {:?})", seal.id, seal.indication, seal.sub_indication, failed.collect::<Vec<_>>())
}

/// Whether a seal says of its signer what it said before; elements of one identifier are not told apart.
fn says_the_same(seal: &Seal, before: &Verdict) -> bool {
    let mut known = before.seals.iter().filter(|known| identifier(known) == identifier(seal));
    known.any(|known| statement(known) == statement(seal))
}

/// An octet changed, taken away, doubled or added, or some of them moved; the words say which.
fn octets(bytes: &[u8], at: usize, rng: &mut Random) -> (String, Vec<u8>) {
    let mut changed = bytes.to_vec();
    let verb = match rng.below(6) {
        0 => {
            changed.remove(at);
            "taken away"
        }
        1 => {
            changed.insert(at, changed[at]);
            "doubled"
        }
        2 => {
            changed.insert(at, rng.below(256) as u8);
            "put before"
        }
        3 => {
            let end = (at + 1 + rng.below(40)).min(changed.len());
            changed[at..end].reverse();
            "reversed with those after it"
        }
        _ => {
            changed[at] = changed[at].wrapping_add(1 + rng.below(255) as u8);
            "changed"
        }
    };
    (format!("octet {at} {verb}"), changed)
}

/// What a SignerInfo signs, by a reader of BER that shares nothing with the core.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Signed {
    /// Of the value, as seals are named.
    id: String,
    /// In the order of their encodings.
    attributes: Vec<Vec<u8>>,
    content: Option<Vec<u8>>,
}

/// Every SignerInfo of a CMS file, those of counter-signatures included.
fn signed(cms: &Der) -> Vec<Signed> {
    let Der::Constructed(0x30, children) = cms else { return Vec::new() };
    let [_, Der::Constructed(0xa0, data)] = children.as_slice() else { return Vec::new() };
    let [Der::Constructed(0x30, data)] = data.as_slice() else { return Vec::new() };
    let content = match data.get(2) {
        Some(Der::Constructed(0x30, content)) => content.get(1).map(flat),
        _ => None,
    };
    let mut found = Vec::new();
    if let Some(Der::Constructed(0x31, infos)) = data.last() {
        infos.iter().for_each(|info| signer(info, content.as_ref(), &mut found));
    }
    found
}

/// The octets of an OCTET STRING in one piece or many.
fn flat(value: &Der) -> Vec<u8> {
    match value {
        Der::Primitive(_, octets) => octets.clone(),
        Der::Constructed(_, pieces) => pieces.iter().flat_map(flat).collect(),
    }
}

fn signer(info: &Der, content: Option<&Vec<u8>>, found: &mut Vec<Signed>) {
    let Der::Constructed(0x30, fields) = info else { return };
    let mut attributes = Vec::new();
    // The sid by key identifier is [0], too, but is the second field.
    for field in fields.iter().skip(3) {
        match field {
            Der::Constructed(0xa0, all) => attributes = all.iter().map(Der::write).collect(),
            Der::Primitive(4, value) => {
                let id = hex::encode(&sha256(value)[..8]);
                attributes.sort();
                found.push(Signed { id, attributes: attributes.clone(), content: content.cloned() });
            }
            Der::Constructed(0xa1, all) => {
                for values in all.iter().filter_map(|attribute| match attribute {
                    Der::Constructed(0x30, parts) => parts.get(1),
                    _ => None,
                }) {
                    if let Der::Constructed(0x31, values) = values {
                        values.iter().for_each(|value| signer(value, None, found));
                    }
                }
            }
            _ => {}
        }
    }
}
