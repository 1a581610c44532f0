//! What checks and decisions say to people, in each language, over every example and the real credentials at hand.

use crate::support::{demo_pipeline, real_pipeline, root, shared};
use sealgate::catalogue::{Language, Words};
use sealgate::credential::{Applicant, Check};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Contained, Decision, Verdict};
use sealgate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const AT: &str = "2026-11-22T00:00:00Z";

/// Somebody else than whom the credentials are about.
const APPLICANT: &[u8] = br#"{"name": "Nobody Else", "birth_date": "1970-01-01", "national_id": "1"}"#;

/// The texts of checks and decisions in a language.
fn catalogue(language: Language) -> BTreeMap<String, String> {
    let file = root().join(format!("src/catalogue/checks/{}.json", language.tag()));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn sources() -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    found
}

fn parameters(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|after| Some(after.split_once('}')?.0)).collect()
}

#[test]
fn every_key_is_used_with_its_parameters_and_every_one_used_is_there() {
    let texts = catalogue(Language::English);
    assert!(texts.len() > 200, "{}", texts.len());
    let sources = sources();
    for (key, text) in &texts {
        let users: Vec<&String> =
            sources.iter().filter(|source| source.contains(&format!("\"{key}\""))).collect();
        assert!(!users.is_empty(), "nobody uses {key}");
        for parameter in parameters(text) {
            let named = users.iter().all(|source| source.contains(&format!("\"{parameter}\"")));
            assert!(named, "{key}: somebody does not give {parameter}");
        }
    }
    for source in &sources {
        for literal in
            source.split('"').filter(|literal| literal.starts_with("says.") && !literal.contains(' '))
        {
            assert!(texts.contains_key(literal), "{literal} is not in the catalogue");
        }
    }
}

/// All words of a verdict that this is about.
fn words(verdict: &Verdict) -> Vec<&Words> {
    fn of_checks<'v>(checks: &'v [Check], all: &mut Vec<&'v Words>) {
        for check in checks {
            all.push(&check.reason);
            for one in &check.details {
                all.push(&one.item);
                all.extend(one.stated.iter().chain(&one.found));
            }
        }
    }
    fn of_decision<'v>(decision: &'v Decision, all: &mut Vec<&'v Words>) {
        all.extend(decision.explanations.iter().map(|one| &one.text));
    }
    fn within<'v>(contained: &'v [Contained], all: &mut Vec<&'v Words>) {
        for one in contained {
            one.credential.iter().for_each(|checked| of_checks(&checked.checks, all));
            of_decision(&one.decision, all);
            within(&one.contained, all);
        }
    }
    let mut all = Vec::new();
    verdict.credential.iter().for_each(|checked| of_checks(&checked.checks, &mut all));
    of_decision(&verdict.decision, &mut all);
    within(&verdict.contained, &mut all);
    all
}

/// The keys in words, each with the parameters that are its template's.
fn keys<'w>(words: &'w Words, found: &mut BTreeSet<&'w str>) {
    match words {
        Words::Verbatim(_) => {}
        Words::Text(key, values) => {
            let template = Language::English.text(key);
            assert_ne!(&template, key, "not in the catalogue");
            let given: BTreeSet<&str> = values.iter().map(|(name, _)| *name).collect();
            assert_eq!(given, parameters(template), "{key}");
            found.insert(key);
            values.iter().for_each(|(_, value)| keys(value, found));
        }
        Words::Several(all, _) => all.iter().for_each(|one| keys(one, found)),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.file_name().is_some_and(|name| name != "expected.json") {
            found.push(path);
        }
    }
}

fn verify(pipeline: &Pipeline, file: &Path, applicant: Option<&Applicant>, lang: Option<&str>) -> Verdict {
    let request = Request { applicant, lang, ..Request::at(Time::parse_rfc3339(AT).unwrap()) };
    pipeline.verify(&std::fs::read(file).unwrap(), &request)
}

#[test]
fn checks_and_decisions_speak_each_language() {
    let mut places = Vec::new();
    let mut found = Vec::new();
    files(&root().join("examples"), &mut found);
    places.extend(found.into_iter().map(|file| (demo_pipeline(), file)));
    let test = "checks_and_decisions_speak_each_language";
    if let (Some(pipeline), Some(folder)) = (real_pipeline("2026-08", test), shared("credentials", test)) {
        let mut found = Vec::new();
        files(&folder, &mut found);
        // Large ones say nothing that small ones do not.
        found.retain(|file| std::fs::metadata(file).unwrap().len() < 1 << 20);
        places.extend(found.into_iter().map(|file| (pipeline, file)));
    }
    let applicant = Applicant::parse(APPLICANT).unwrap();
    let greek = |text: &str| {
        text.chars().any(|c| ('\u{370}'..='\u{3ff}').contains(&c) || ('\u{1f00}'..='\u{1fff}').contains(&c))
    };
    let mut met: BTreeSet<String> = BTreeSet::new();
    let mut same = 0_usize;
    for (pipeline, file) in &places {
        for applicant in [None, Some(&applicant)] {
            let verdict = verify(pipeline, file, applicant, None);
            for one in words(&verdict) {
                let mut own = BTreeSet::new();
                keys(one, &mut own);
                if own.is_empty() {
                    same += 1;
                    continue;
                }
                for language in Language::ALL {
                    let text = one.text(language);
                    assert!(
                        !text.contains("says.") && !text.contains(['{', '}']),
                        "{}: {text}",
                        file.display()
                    );
                }
                let (english, other) = (one.text(Language::English), one.text(Language::Greek));
                assert!(english != other && greek(&other), "{}: {english}: {other}", file.display());
                met.extend(own.into_iter().map(str::to_owned));
            }
        }
    }
    println!(
        "{} files, {} texts met, {same} times words that are the same everywhere",
        places.len(),
        met.len()
    );
    let unmet: Vec<String> =
        catalogue(Language::English).into_keys().filter(|key| !met.contains(key)).collect();
    println!("not met: {}", unmet.join(" "));
    assert!(met.len() > 20, "{met:?}");
}

#[test]
fn a_verdict_is_in_the_language_that_was_asked_for() {
    let file = root().join("examples/sound/lt-advanced.jsonld");
    let said = |lang| {
        let json: serde_json::Value =
            serde_json::from_str(&verify(demo_pipeline(), &file, None, lang).to_json()).unwrap();
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
