//! What findings, checks and decisions say to people, in each language, over every example and the files at hand.

use crate::server::{AT, examples};
use crate::support::{conformance_pipeline, demo_pipeline, root, shared};
use sealgate::catalogue::{Language, Words};
use sealgate::credential::Applicant;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Verdict;
use sealgate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// When the files at hand are judged, beside [`AT`].
const RECORDED: &str = "2026-08-30T12:00:00Z";

/// Somebody else than whom the credentials are about.
const APPLICANT: &[u8] = br#"{"name": "Nobody Else", "birth_date": "1970-01-01", "national_id": "1"}"#;

/// Names of parameters in a text.
fn parameters(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).map(|after| after.split_once('}').unwrap().0).collect()
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

/// The catalogue's texts of findings, checks and decisions, in English.
fn texts() -> BTreeMap<String, String> {
    let read = |part: &str| {
        let file = std::fs::read(root().join("src/catalogue").join(part).join("en.json")).unwrap();
        let texts: BTreeMap<String, String> = serde_json::from_slice(&file).unwrap();
        assert!(texts.len() > 200, "{part}: {}", texts.len());
        texts
    };
    ["findings", "checks"].into_iter().flat_map(read).collect()
}

#[test]
fn the_source_says_every_text_and_no_other_and_gives_its_parameters() {
    let texts = texts();
    let mut unsaid: BTreeSet<&String> = texts.keys().collect();
    let mut sources = Vec::new();
    files_below(&root().join("src"), &mut sources);
    for path in sources.iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
        let source = std::fs::read_to_string(path).unwrap();
        for (place, _) in ["\"says.", "\"detail."].iter().flat_map(|prefix| source.match_indices(prefix)) {
            let key = source[place + 1..].split('"').next().unwrap();
            let text = texts.get(key).unwrap_or_else(|| panic!("{}: {key} is no text", path.display()));
            for name in parameters(text) {
                assert!(source.contains(&format!("\"{name}\"")), "{}: {key}: {name}", path.display());
            }
            unsaid.retain(|unsaid| *unsaid != key);
        }
    }
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
}

fn at(time: &str) -> Request<'static> {
    Request::at(Time::parse_rfc3339(time).unwrap())
}

/// All that a verdict says, in its order.
fn said(verdict: &mut Verdict) -> Vec<Words> {
    let mut said = Vec::new();
    verdict.each_word(&mut |words| said.push(words.clone()));
    said
}

/// What was met in words.
#[derive(Default)]
struct Met {
    keys: BTreeSet<&'static str>,
    /// What stands so in every language.
    verbatim: String,
}

impl Met {
    /// Holds the parts of words against their texts.
    fn parts(&mut self, words: &Words, texts: &BTreeMap<String, String>) {
        match words {
            Words::Verbatim(text) => {
                assert!(!texts.contains_key(&**text), "{text} is a key");
                self.verbatim.push_str(text);
            }
            Words::Text(key, values) => {
                let template = Language::English.find(key).unwrap_or_else(|| panic!("{key} is no text"));
                let given: BTreeSet<&str> = values.iter().map(|(name, _)| *name).collect();
                assert_eq!(given, parameters(template), "{key}");
                self.keys.insert(key);
                values.iter().for_each(|(_, value)| self.parts(value, texts));
            }
            Words::Several(all, _) => all.iter().for_each(|one| self.parts(one, texts)),
        }
    }
}

/// Holds words against what they are in each language; the keys that they are made of.
fn hold(words: &Words, texts: &BTreeMap<String, String>) -> BTreeSet<&'static str> {
    let mut met = Met::default();
    met.parts(words, texts);
    let english = words.text(Language::English);
    for language in Language::ALL {
        let text = words.text(language);
        let brace = text.contains(['{', '}']) && !met.verbatim.contains(['{', '}']);
        let key = text.split(|c: char| c.is_whitespace() || "(),:;".contains(c));
        let key = key.map(|part| part.trim_end_matches('.')).find(|part| texts.contains_key(*part));
        assert!(!brace && key.is_none(), "{language:?}: {text}");
        if !met.keys.is_empty() && language != Language::English {
            assert_ne!(text, english, "{language:?}");
        }
    }
    let other = words.text(Language::Greek);
    let greek = |c| ('\u{370}'..='\u{3ff}').contains(&c) || ('\u{1f00}'..='\u{1fff}').contains(&c);
    assert!(met.keys.is_empty() || other.chars().any(greek), "{english}: {other}");
    met.keys
}

#[test]
fn what_is_said_is_said_in_every_language() {
    let test = "what_is_said_is_said_in_every_language";
    let mut places: Vec<(&Pipeline, &str, PathBuf)> =
        examples().into_iter().map(|path| (demo_pipeline(), AT, path)).collect();
    let mut recorded = Vec::new();
    if let (Some(pipeline), Some(credentials), Some(corpora)) =
        (conformance_pipeline(test), shared("credentials", test), shared("conformance", test))
    {
        files_below(&credentials, &mut recorded);
        let mut files = Vec::new();
        files_below(&corpora, &mut files);
        // Of files that are much alike some say what all say.
        recorded.extend(files.into_iter().step_by(9));
        places.extend(recorded.iter().map(|path| (pipeline, RECORDED, path.clone())));
    }
    let applicant = Applicant::parse(APPLICANT).unwrap();
    let texts = texts();
    let mut keys = BTreeSet::new();
    let (mut told, mut same) = (0_usize, 0_usize);
    for (pipeline, time, path) in &places {
        let file = std::fs::read(path).unwrap();
        // A failure below names the file.
        println!("{}", path.display());
        for (time, applicant) in [(*time, None), (AT, Some(&applicant))] {
            let mut verdict = pipeline.verify(&file, &Request { applicant, ..at(time) });
            let unspoken = said(&mut verdict);
            told += unspoken.len();
            for words in &unspoken {
                let own = hold(words, &texts);
                same += usize::from(own.is_empty());
                keys.extend(own);
            }
            verdict.speak("el-CY");
            let spoken = said(&mut verdict);
            assert_eq!(spoken.len(), unspoken.len());
            for (spoken, words) in spoken.iter().zip(&unspoken) {
                assert_eq!(spoken.to_string(), words.text(Language::Greek));
            }
        }
    }
    let unmet: Vec<&String> = texts.keys().filter(|key| !keys.contains(key.as_str())).collect();
    println!("not met: {unmet:?}");
    let of = |prefix: &str| keys.iter().filter(|key| key.starts_with(prefix)).count();
    let (says, details) = (of("says."), of("detail."));
    println!(
        "{} files, {told} times words, {same} of them the same everywhere; met: {says} of says.*, {details} of detail.*",
        places.len()
    );
    let least = if recorded.is_empty() { 60 } else { 140 };
    assert!(told > 1000 && says + details > least, "{told}: {says} of says.*, {details} of detail.*");
}

#[test]
fn a_verdict_is_in_the_language_that_was_asked_for() {
    let file = std::fs::read(root().join("examples/sound/lt-advanced.jsonld")).unwrap();
    let said = |lang| {
        let verdict = demo_pipeline().verify(&file, &Request { lang, ..at(AT) });
        let json: serde_json::Value = serde_json::from_str(&verdict.to_json()).unwrap();
        let check = &json["credential"]["checks"][1];
        assert_eq!(check["check"], "SEAL", "names stay");
        let text = &json["decision"]["explanations"][0]["text"];
        (check["reason"].as_str().unwrap().to_owned(), text.as_str().unwrap().to_owned())
    };
    let found = "No seal is of an accepted qualification; found: AdESeal.";
    assert_eq!(said(None), ("1 of 1 seals passed".to_owned(), found.to_owned()));
    assert_eq!(said(Some("nl")), said(None));
    let (reason, text) = said(Some("de-AT"));
    assert_eq!(reason, "1 von 1 Siegeln ist gültig");
    assert_eq!(text, "Kein Siegel hat eine angenommene Stufe; gefunden: AdESeal.");
}
