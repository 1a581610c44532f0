//! What findings say, in each language.

use crate::server::{AT, examples};
use crate::support::{conformance_pipeline, demo_pipeline, root, shared, verify};
use sealgate::catalogue::{Language, Words};
use sealgate::pipeline::Pipeline;
use sealgate::report::{Contained, Seal, StandaloneTimestamp, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Parameters of a text.
fn parameters(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|after| after.split_once('}').unwrap().0)
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

/// The texts of the catalogue's part on findings, in English.
fn texts() -> BTreeMap<String, String> {
    let file = std::fs::read(root().join("src/catalogue/findings/en.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

#[test]
fn the_source_says_every_text_and_no_other_and_gives_its_parameters() {
    let mut unsaid = texts();
    let texts = texts();
    let mut sources = Vec::new();
    files_below(&root().join("src"), &mut sources);
    for path in sources.iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
        let source = std::fs::read_to_string(path).unwrap();
        for after in source.split("\"detail.").skip(1) {
            let key = &*format!("detail.{}", after.split('"').next().unwrap());
            let text = texts.get(key).unwrap_or_else(|| panic!("{}: {key} is no text", path.display()));
            for name in parameters(text) {
                assert!(source.contains(&format!("\"{name}\"")), "{}: {key}: {name}", path.display());
            }
            unsaid.remove(key);
        }
    }
    assert!(texts.len() > 200 && unsaid.is_empty(), "nobody says {unsaid:?}");
}

/// What is said in a verdict and in those within.
#[derive(Default)]
struct Said(Vec<Words>);

impl Said {
    fn of(verdict: &Verdict) -> Self {
        let mut said = Self::default();
        said.0.extend(verdict.error.clone());
        said.parts(&verdict.seals, &verdict.timestamps, &verdict.contained);
        said
    }

    fn parts(&mut self, seals: &[Seal], timestamps: &[StandaloneTimestamp], contained: &[Contained]) {
        self.0.extend(seals.iter().filter_map(|seal| seal.error.clone()));
        let findings = seals.iter().flat_map(|seal| &seal.findings);
        let findings = findings.chain(timestamps.iter().flat_map(|stamp| &stamp.findings));
        self.0.extend(findings.map(|finding| finding.detail.clone()));
        let coverages = seals.iter().filter_map(|seal| seal.coverage.as_ref());
        let coverages = coverages.chain(timestamps.iter().filter_map(|stamp| stamp.coverage.as_ref()));
        self.0.extend(coverages.flat_map(|coverage| &coverage.changes).map(|change| change.detail.clone()));
        for one in contained {
            self.0.extend(one.error.clone());
            self.parts(&one.seals, &one.timestamps, &one.contained);
        }
    }
}

/// Holds words against their texts; the keys that they are made of.
fn check(words: &Words, texts: &BTreeMap<String, String>, keys: &mut BTreeSet<&'static str>) {
    match words {
        Words::Verbatim(text) => assert!(!texts.contains_key(&**text), "{text} is a key"),
        Words::Text(key, values) => {
            keys.insert(key);
            let Some(text) = texts.get(*key) else { return };
            for name in parameters(text) {
                assert!(values.iter().any(|(given, _)| *given == name), "{key}: {name} is not given");
            }
            values.iter().for_each(|(_, value)| check(value, texts, keys));
        }
        Words::Several(all, _) => all.iter().for_each(|one| check(one, texts, keys)),
    }
}

/// Whether it stands so in every language.
fn verbatim(words: &Words) -> bool {
    match words {
        Words::Verbatim(_) => true,
        Words::Text(..) => false,
        Words::Several(all, _) => all.iter().all(verbatim),
    }
}

#[test]
fn findings_are_said_in_every_language() {
    let test = "findings_are_said_in_every_language";
    let texts = texts();
    let mut keys = BTreeSet::new();
    let mut told = 0;
    let mut hold = |pipeline: &Pipeline, path: &Path, at: &str| {
        let bytes = std::fs::read(path).unwrap();
        let mut verdict = verify(pipeline, &bytes, at);
        let said = Said::of(&verdict).0;
        said.iter().for_each(|words| check(words, &texts, &mut keys));
        told += said.len();
        for words in said.iter().filter(|words| !words.is_none() && !verbatim(words)) {
            let english = words.to_string();
            for language in Language::ALL.into_iter().skip(1) {
                let text = words.text(language);
                assert_ne!(text, english, "{}: {language:?}", path.display());
                let greek = text.chars().any(|letter| ('\u{370}'..'\u{400}').contains(&letter));
                assert!(greek || language != Language::Greek, "{}: {text}", path.display());
            }
        }
        verdict.speak("el-CY");
        for (spoken, words) in Said::of(&verdict).0.iter().zip(&said) {
            assert_eq!(spoken.to_string(), words.text(Language::Greek), "{}", path.display());
        }
    };
    examples().iter().for_each(|path| hold(demo_pipeline(), path, AT));
    let mut recorded = Vec::new();
    for folder in ["credentials", "conformance"] {
        if let Some(folder) = shared(folder, test) {
            files_below(&folder, &mut recorded);
        }
    }
    if let Some(pipeline) = conformance_pipeline(test) {
        recorded.iter().step_by(9).for_each(|path| hold(pipeline, path, "2026-08-30T12:00:00Z"));
    }
    println!("{told} details of {} texts", keys.len());
    assert!(told > 1000 && keys.len() > 40, "{told} details of {keys:?}");
}
