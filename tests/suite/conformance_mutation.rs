//! No mutation turns a conformance file that is not TOTAL-PASSED into one that is, except by dropping an unsigned or
//! already refused part, which the rules here name.

use crate::der_mutator::{self, Der};
use crate::json_mutator::{self, Json};
use crate::support::{Random, conformance_pipeline, demo_pipeline, root, shared, verify};
use crate::xml_mutator;
use sealgate::finding::Status;
use sealgate::pipeline::Pipeline;
use sealgate::report::{Overall, Seal, Verdict};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Deserialize)]
struct Record {
    file: String,
    at: String,
}

/// A file at a time.
struct File {
    name: String,
    at: String,
    bytes: Vec<u8>,
    verdict: Verdict,
}

/// Files at their times.
struct Corpus {
    pipeline: &'static Pipeline,
    files: Vec<File>,
    /// What passing seals say, each by its identifier.
    passing: BTreeMap<String, String>,
}

impl Corpus {
    /// A shared corpus, at its recorded times.
    fn read(name: &str, test: &str) -> Option<Self> {
        let folder = shared(&format!("conformance/{name}"), test)?;
        let mut corpus = Self::new(conformance_pipeline(test)?);
        let records = std::fs::read_to_string(folder.join("expected.jsonl")).unwrap();
        for line in records.lines().filter(|line| !line.trim().is_empty()) {
            let Record { file, at } = serde_json::from_str(line).unwrap();
            corpus.add(&folder, file, at);
        }
        Some(corpus)
    }

    fn new(pipeline: &'static Pipeline) -> Self {
        Self { pipeline, files: Vec::new(), passing: BTreeMap::new() }
    }

    fn add(&mut self, folder: &Path, name: String, at: String) {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let verdict = verify(self.pipeline, &bytes, &at);
        let passing = verdict.seals.iter().filter(|seal| passed(seal));
        self.passing.extend(passing.map(|seal| (identifier(seal).to_owned(), statement(seal))));
        self.files.push(File { name, at, bytes, verdict });
    }

    /// Every file's bytes, once.
    fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        let mut seen = BTreeSet::new();
        self.files.iter().filter(move |file| seen.insert(file.name.clone())).map(|file| file.bytes.as_slice())
    }
}

fn passed(seal: &Seal) -> bool {
    seal.indication == Some("TOTAL-PASSED")
}

/// The identifier of a seal without the container's file that it stands in, and the number that tells copies of it apart.
pub(crate) fn identifier(seal: &Seal) -> &str {
    let id = seal.id.rsplit_once('#').map_or(seal.id.as_str(), |(_, id)| id);
    match id.split_once('-') {
        Some((value, _)) if value.len() == 16 && value.bytes().all(|b| b.is_ascii_hexdigit()) => value,
        _ => id.trim_end_matches('\''),
    }
}

/// What a seal says that no unsigned part of it may change.
pub(crate) fn statement(seal: &Seal) -> String {
    let signer = seal.certificates.first().map(|certificate| certificate.sha256.clone());
    format!("{signer:?} {:?} {}", seal.claimed_signing_time, seal.counter_signature)
}

/// Why a seal of a changed file may pass: the name of a rule, or `None`.
fn explained(seal: &Seal, before: &File, words: &str, corpus: &Corpus) -> Option<&'static str> {
    let foreign = words.contains("another file's");
    let known = before.verdict.seals.iter().find(|known| identifier(known) == identifier(seal));
    if let Some(known) = known.filter(|known| statement(known) == statement(seal)) {
        // Proofs of an earlier time cannot come of a change.
        if passed(known) {
            return (known.best_signature_time <= seal.best_signature_time)
                .then_some("it passed before: what is gone was refused, or unsigned and not needed");
        }
        // Revocation data is signed by its own issuer: whoever has it may add it, as in raising a B level to LT.
        let lacked = known
            .findings
            .iter()
            .any(|finding| finding.check == "revocation-data-present" && finding.status == Status::Failed);
        if foreign && lacked && !seal.revocation.is_empty() {
            return Some("it lacked revocation data, which another file had");
        }
    }
    // The digest says that what was altered by hand is again what was sealed.
    let altered = before.name.contains("-altered") || before.name.contains("-swapped");
    if foreign && altered && known.is_some_and(|known| known.sub_indication == Some("HASH_FAILURE")) {
        return Some("the altered part was replaced by the sealed one");
    }
    let there = corpus.passing.get(identifier(seal)).is_some_and(|known| *known == statement(seal));
    (foreign && there).then_some("another file's seal, as it passes there")
}

/// One change of a file, with the words that say which.
type Mutate<'m> = dyn FnMut(&[u8], &mut Random) -> (String, Vec<u8>) + 'm;

/// Changes every file, `count` times by its length, and asks why those that pass do.
fn run(test: &str, corpus: &Corpus, count: impl Fn(usize) -> usize, mutate: &mut Mutate<'_>) {
    let mut rng = Random::new();
    let (mut rules, mut changed, mut unexplained) = (BTreeMap::new(), 0, BTreeSet::new());
    for file in &corpus.files {
        let was = if file.verdict.verdict == Overall::Passed { "passed" } else { "refused" };
        for _ in 0..count(file.bytes.len()) {
            let (mut words, mut bytes) = mutate(&file.bytes, &mut rng);
            for _ in 0..rng.below(2) {
                let (more, again) = mutate(&bytes, &mut rng);
                words = format!("{words}, {more}");
                bytes = again;
            }
            if bytes == file.bytes {
                continue;
            }
            changed += 1;
            let verdict = verify(corpus.pipeline, &bytes, &file.at);
            if verdict.verdict != Overall::Passed {
                continue;
            }
            for seal in &verdict.seals {
                match explained(seal, file, &words, corpus) {
                    Some(rule) => *rules.entry((was, rule)).or_insert(0) += 1,
                    None => {
                        unexplained.insert(format!("{} at {}: {words}", file.name, file.at));
                    }
                }
            }
        }
    }
    println!("{test}: {changed} changes; seals that pass, by what the file was and the rule: {rules:#?}");
    assert!(changed > 1000, "only {changed} changes");
    assert!(unexplained.is_empty(), "passed: {unexplained:#?}");
}

fn flip(bytes: &[u8], rng: &mut Random) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let at = rng.below(bytes.len());
    changed[at] = changed[at].wrapping_add(1 + rng.below(255) as u8);
    changed
}

fn changed_json(bytes: &[u8], pool: &json_mutator::Pool, rng: &mut Random) -> (String, Vec<u8>) {
    match Json::read(bytes).filter(|_| rng.below(5) > 0) {
        Some(json) => {
            let (words, changed) = json.mutate(pool, rng);
            (words, changed.write().into_bytes())
        }
        None => ("flipped a byte".to_owned(), flip(bytes, rng)),
    }
}

fn changed_xml(bytes: &[u8], pool: &xml_mutator::Pool, rng: &mut Random) -> (String, Vec<u8>) {
    let text = std::str::from_utf8(bytes).ok().filter(|_| rng.below(5) > 0);
    let document = text.and_then(|text| roxmltree::Document::parse(text).ok());
    match text.zip(document) {
        Some((text, document)) => {
            let (words, changed) = xml_mutator::mutate(text, &document, pool, rng);
            (words, changed.into_bytes())
        }
        None => ("flipped a byte".to_owned(), flip(bytes, rng)),
    }
}

#[test]
fn no_change_to_a_jades_file_makes_it_pass() {
    let test = "no_change_to_a_jades_file_makes_it_pass";
    let Some(corpus) = Corpus::read("jades", test) else { return };
    let mut pool = json_mutator::Pool::new();
    corpus.bytes().filter_map(Json::read).for_each(|json| json.collect("", &mut pool));
    let count = |length| if length < 12_000 { 100 } else { 300 };
    run(test, &corpus, count, &mut |bytes, rng| changed_json(bytes, &pool, rng));
}

#[test]
fn no_change_to_a_xades_file_makes_it_pass() {
    let test = "no_change_to_a_xades_file_makes_it_pass";
    let Some(corpus) = Corpus::read("xades", test) else { return };
    let mut pool = xml_mutator::Pool::new();
    corpus
        .bytes()
        .filter_map(|bytes| std::str::from_utf8(bytes).ok())
        .for_each(|text| xml_mutator::collect(text, &mut pool));
    let count = |length| match length {
        0..15_000 => 40,
        15_000..60_000 => 120,
        60_000..200_000 => 40,
        _ => 4,
    };
    run(test, &corpus, count, &mut |bytes, rng| changed_xml(bytes, &pool, rng));
}

#[test]
fn no_change_to_a_cades_file_makes_it_pass() {
    let test = "no_change_to_a_cades_file_makes_it_pass";
    let Some(corpus) = Corpus::read("cades", test) else { return };
    let mut pool = der_mutator::Pool::new();
    corpus.bytes().filter_map(Der::read).for_each(|der| der.collect("", &mut pool));
    let count = |length| match length {
        0..30_000 => 150,
        30_000..120_000 => 60,
        _ => 10,
    };
    run(test, &corpus, count, &mut |bytes, rng| match Der::read(bytes).filter(|_| rng.below(5) > 0) {
        Some(der) => {
            let (words, changed) = der.mutate(&pool, rng);
            (words, changed.write())
        }
        None => ("flipped a byte".to_owned(), flip(bytes, rng)),
    });
}

#[test]
fn no_change_to_a_broken_example_makes_it_pass() {
    let test = "no_change_to_a_broken_example_makes_it_pass";
    let mut corpus = Corpus::new(demo_pipeline());
    for folder in ["sound", "broken"].map(|name| root().join("examples").join(name)) {
        let entries = std::fs::read_dir(&folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names.into_iter().for_each(|name| corpus.add(&folder, name, "2026-11-22T00:00:00Z".to_owned()));
    }
    let (mut json, mut xml) = (json_mutator::Pool::new(), xml_mutator::Pool::new());
    for bytes in corpus.bytes() {
        match (Json::read(bytes), std::str::from_utf8(bytes)) {
            (Some(document), _) => document.collect("", &mut json),
            (None, Ok(text)) => xml_mutator::collect(text, &mut xml),
            // Of CMS, PDF and containers octets are changed.
            (None, Err(_)) => {}
        }
    }
    run(test, &corpus, |_| 250, &mut |bytes, rng| match bytes.first() {
        Some(b'<') => changed_xml(bytes, &xml, rng),
        _ => changed_json(bytes, &json, rng),
    });
}
