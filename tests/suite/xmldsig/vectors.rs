//! The W3C, Merlin and xmlsec vectors: each verifies, or stands in the table with the reason.

use super::{intact, verify, with_signatures};
use crate::xml::shared;
use base64::Engine as _;
use sealgate::signature::Detached;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What does not verify: parts of the reasons why the value, and why a reference, does not; empty if it does.
const REFUSED: &[(&str, &str, &str)] = &[];

#[test]
fn every_vector_verifies_or_is_refused_for_a_known_reason() {
    let Some(root) = shared("vectors/xmldsig") else { return };
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut expected: BTreeMap<&str, (&str, &str)> =
        REFUSED.iter().map(|row| (row.0, (row.1, row.2))).collect();
    let mut wrong = Vec::new();
    let (mut values, mut references) = (0, 0);
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "xml")) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(path).unwrap();
        let (value, reference) = with_signatures(&bytes, &detached(path), |crypto, signatures| {
            if signatures.is_empty() {
                return (Err("no signature".to_owned()), Err("no signature".to_owned()));
            }
            let certificates = certificates(&files, path.parent().unwrap());
            let value = signatures.iter().try_for_each(|signature| verify(crypto, signature, &certificates));
            (value, signatures.iter().try_for_each(|signature| intact(&signature.references)))
        })
        .unwrap_or_else(|why| (Err(why.clone()), Err(why)));
        values += usize::from(value.is_ok());
        references += usize::from(reference.is_ok());
        let reasons = expected.remove(name.as_str()).unwrap_or_default();
        if !(is(&value, reasons.0) && is(&reference, reasons.1)) {
            let (value, reference) = (value.err().unwrap_or_default(), reference.err().unwrap_or_default());
            wrong.push(format!("    ({name:?}, {value:?}, {reference:?}),"));
        }
    }
    println!("{values} values verify, {references} times all references are intact");
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
    assert!(expected.is_empty(), "not among the vectors: {expected:?}");
}

fn is(outcome: &Result<(), String>, reason: &str) -> bool {
    match outcome {
        Ok(()) => reason.is_empty(),
        Err(why) => !reason.is_empty() && why.contains(reason),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// The certificates beside a vector, for signatures that only name theirs.
fn certificates(files: &[PathBuf], folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for path in files.iter().filter(|path| path.starts_with(folder)) {
        let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { continue };
        let bytes = fs::read(path).unwrap();
        match extension {
            "der" => found.push(bytes),
            "pem" => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let body: String = text
                    .lines()
                    .skip_while(|line| !line.starts_with("-----BEGIN CERTIFICATE"))
                    .skip(1)
                    .take_while(|line| !line.starts_with("-----END"))
                    .collect();
                found.extend(base64::engine::general_purpose::STANDARD.decode(body.trim()).ok());
            }
            _ => {}
        }
    }
    found
}

/// The inputs that a vector may name, by the path that it uses.
fn detached(vector: &Path) -> Vec<Detached> {
    let folder = vector.parent().unwrap();
    let mut inputs = Vec::new();
    for inner in ["c14n11", "relationship"] {
        let Ok(entries) = fs::read_dir(folder.join(inner)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = format!("{inner}/{}", path.file_name().unwrap().to_str().unwrap());
            inputs.push(Detached { name, bytes: fs::read(path).unwrap() });
        }
    }
    inputs
}
