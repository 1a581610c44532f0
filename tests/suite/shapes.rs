//! The native shapes against pyshacl, over every ELM v3 file and seeded mutations of them.

use crate::support::{Random, root, shared};
use sealgate::credential::shapes::{Document, Profile};
use sealgate::format::{Limits, json};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Mutations in all.
const MUTATIONS: usize = 320;

type Found = BTreeSet<(String, String, String)>;

struct Case {
    name: String,
    document: Value,
    profile: Profile,
}

#[test]
fn agrees_with_an_independent_engine() {
    let Some(shapes) = shared("vectors/elm", "the shapes against pyshacl") else { return };
    let Some(python) = oracle(&["pyshacl", "rdflib"]) else { return };
    let cases = cases(&shapes);
    assert!(cases.len() > MUTATIONS, "{} cases", cases.len());
    let folder = tempfile::tempdir().unwrap();
    let halves: Vec<_> = cases.chunks(cases.len().div_ceil(2)).collect();
    let answers: Vec<Found> = std::thread::scope(|scope| {
        let (python, shapes, folder) = (&python, &shapes, folder.path());
        let running: Vec<_> = halves
            .into_iter()
            .enumerate()
            .map(|(half, cases)| {
                scope.spawn(move || ask(python, shapes, &folder.join(half.to_string()), cases))
            })
            .collect();
        running.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert_eq!(answers.len(), cases.len());
    let (mut different, mut conforming) = (Vec::new(), 0);
    for (case, expected) in cases.iter().zip(&answers) {
        let found = native(&case.document, case.profile);
        conforming += usize::from(expected.is_empty());
        if found != *expected {
            different.push(format!(
                "{} {:?}: ours alone {:?}, theirs alone {:?}",
                case.name,
                case.profile,
                found.difference(expected).take(3).collect::<Vec<_>>(),
                expected.difference(&found).take(3).collect::<Vec<_>>()
            ));
        }
    }
    println!("{} documents, {conforming} conform; {} differ", cases.len(), different.len());
    assert!(different.is_empty(), "{}", different[..different.len().min(12)].join("\n"));
    assert!(conforming > 10 && conforming < cases.len() / 2, "{conforming} conform");
}

fn native(document: &Value, profile: Profile) -> Found {
    let text = document.to_string();
    let value = json::parse(text.as_bytes(), &Limits::default()).unwrap();
    let report = Document::new(&value).validate(profile);
    let violations = report.violations.into_iter();
    violations
        .map(|one| {
            let node = one.node.unwrap_or_else(|| "_".into());
            (node, one.property.to_owned(), one.component.to_owned())
        })
        .collect()
}

fn ask(python: &str, shapes: &Path, folder: &Path, cases: &[Case]) -> Vec<Found> {
    std::fs::create_dir(folder).unwrap();
    let mut manifest = String::new();
    for (index, case) in cases.iter().enumerate() {
        let file = folder.join(format!("{index}.json"));
        std::fs::write(&file, case.document.to_string()).unwrap();
        manifest.push_str(&json!({"file": file, "profile": case.profile.shapes()}).to_string());
        manifest.push('\n');
    }
    let mut oracle = Command::new(python)
        .arg(root().join("tests/oracles/shacl.py"))
        .arg(shapes)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = oracle.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(manifest.as_bytes()).unwrap());
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A Python that has these modules: that of `.ci/setup`, else the machine's.
pub(crate) fn oracle(modules: &[&str]) -> Option<String> {
    let own = root().join("target/oracles/bin/python").to_string_lossy().into_owned();
    let import = format!("import {}", modules.join(", "));
    let works = |python: &String| {
        let run = Command::new(python).args(["-c", &import]).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    };
    let found = [own, "python3".to_owned()].into_iter().find(works);
    if found.is_none() {
        println!("skipped: no python3 with {}; .ci/setup installs them", modules.join(", "));
    }
    found
}

fn cases(shapes: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        ["v3", "../../credentials/unsigned", "../../credentials/edc-2023", "../../credentials/edc-2026"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(shapes.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
    files.sort();
    // A graph of qualifications with terms of its own: no credential, nor in the pinned context.
    files.retain(|file| !file.ends_with("v3/Sample.jsonld"));
    let mut originals = Vec::new();
    for file in &files {
        let mut document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        if let Some(payload) = document.get_mut("payload").map(Value::take) {
            document = payload.as_str().map_or(payload.clone(), |text| serde_json::from_str(text).unwrap());
        }
        slim(&mut document);
        originals.push((file.file_name().unwrap().to_string_lossy().into_owned(), document));
    }
    let mut cases: Vec<Case> = Vec::new();
    for (name, document) in &originals {
        for profile in Profile::ALL {
            cases.push(Case { name: name.clone(), document: document.clone(), profile });
        }
    }
    let mut random = Random::new();
    for index in 0..MUTATIONS {
        let (name, original) = &originals[index % originals.len()];
        let mut document = original.clone();
        let what = mutate(&mut document, &mut random);
        // Most under their own profile, so that what conforms is made not to.
        let profile = if index % 4 == 3 { Profile::ALL[random.below(5)] } else { Profile::Generic };
        cases.push(Case { name: format!("{name} no. {index}: {what}"), document, profile });
    }
    cases
}

/// Images say nothing to the shapes and cost time.
fn slim(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if name == "content" || name == "html" => text.truncate(4),
                    other => slim(other),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(slim),
        _ => {}
    }
}

fn objects(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(objects).sum::<usize>(),
        Value::Array(elements) => elements.iter().map(objects).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Map<String, Value>> {
    match value {
        Value::Object(members) => {
            if *left == 0 {
                return Some(members);
            }
            *left -= 1;
            members.values_mut().find_map(|member| nth(member, left))
        }
        Value::Array(elements) => elements.iter_mut().find_map(|element| nth(element, left)),
        _ => None,
    }
}

/// One change somewhere in a document; what it was.
fn mutate(document: &mut Value, random: &mut Random) -> String {
    loop {
        let mut place = random.below(objects(document));
        let members = nth(document, &mut place).unwrap();
        let names: Vec<String> = members.keys().filter(|name| !name.starts_with('@')).cloned().collect();
        if names.is_empty() {
            continue;
        }
        let name = names[random.below(names.len())].clone();
        let member = members[&name].clone();
        let changed = match random.below(9) {
            0 => {
                members.remove(&name);
                "dropped"
            }
            // In a language map it would be no JSON-LD, and engines differ in what they make of that.
            1 if member.is_object() => {
                members.insert(
                    name.clone(),
                    json!([member.clone(), {"type": "Note", "noteLiteral": {"en": "more"}}]),
                );
                "a note beside"
            }
            2 if member.is_string() && name != "id" => {
                members.insert(name.clone(), json!("something else"));
                "another text"
            }
            3 if member.is_object() => {
                members.insert(name.clone(), json!({"id": "urn:of:no:class"}));
                "a node without class"
            }
            4 if name == "type" => {
                members.insert(name.clone(), json!("Organisation"));
                "another class"
            }
            5 if member.is_object() => {
                let mut second = member.clone();
                second["id"] = json!("urn:a:second");
                members.insert(name.clone(), json!([member, second]));
                "twice"
            }
            6 if member.get("en").is_some_and(Value::is_string) => {
                members.insert(name.clone(), json!({"en": [member["en"], "again"], "de": "nochmals"}));
                "a language twice"
            }
            7 if name == "id" => {
                members.remove(&name);
                "no identifier"
            }
            8 if name == "id" => {
                members.insert(name.clone(), json!("urn:epass:org:1"));
                "the identifier of another node"
            }
            _ => continue,
        };
        return format!("{name} {changed}");
    }
}
