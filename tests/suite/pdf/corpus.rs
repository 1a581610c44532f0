//! Real files: each opens, every object in use can be read, and qpdf sees as many objects.

use crate::support::shared;
use sealgate::format::Limits;
use sealgate::format::pdf::{Document, Entry, Id, Kind};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "pdf") {
            found.push(path);
        }
    }
}

#[test]
fn every_object_of_real_files_can_be_read() {
    let test = "every_object_of_real_files_can_be_read";
    let Some(folder) = shared("conformance/pades", test) else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    assert!(paths.len() > 100, "only {} files", paths.len());
    let (mut objects, mut wrong) = (0, Vec::new());
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let document = match Document::open(&bytes, &Limits::default()) {
            Ok(document) => document,
            Err(why) => {
                wrong.push(format!("{}: {why}", path.display()));
                continue;
            }
        };
        let view = document.last();
        view.catalog().unwrap();
        let ends: Vec<usize> = document.revisions().iter().map(|revision| revision.span.end).collect();
        assert!(ends.is_sorted_by(|one, next| one < next), "{}: {ends:?}", path.display());
        for number in 1..document.size() {
            let generation = match view.entry(number) {
                Some(Entry::At { generation, .. }) => generation,
                Some(Entry::Within { .. }) => 0,
                Some(Entry::Free) | None => continue,
            };
            match view.object(Id { number, generation }) {
                Ok(_) => objects += 1,
                Err(why) => wrong.push(format!("{}: object {number}: {why}", path.display())),
            }
        }
    }
    println!("{} files, {objects} objects", paths.len());
    // What is broken in these was made or left so on purpose: an update that redirects an object, a stream that is
    // longer than said, a chain that leads to octet 0 (qpdf and poppler call it damaged, too).
    let known = ["hide.pdf: object 6", "hide.pdf: object 8", "and-1-document-timestamp.pdf: at octet 0"];
    wrong.retain(|wrong| !known.iter().any(|known| wrong.contains(known)));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn qpdf_reads_the_same_streams() {
    let test = "qpdf_reads_the_same_streams";
    let Some(folder) = shared("conformance/pades/validation", test) else { return };
    if Command::new("qpdf").arg("--version").output().is_err() {
        println!("skipped: {test}: no qpdf");
        return;
    }
    let (mut compared, mut paths) = (0, Vec::new());
    files(&folder, &mut paths);
    for path in paths.iter().step_by(7) {
        let bytes = std::fs::read(path).unwrap();
        let Ok(document) = Document::open(&bytes, &Limits::default()) else { continue };
        let view = document.last();
        for number in 1..document.size().min(60) {
            let Some(Entry::At { generation, .. }) = view.entry(number) else { continue };
            let Ok(value) = view.object(Id { number, generation }) else { continue };
            let Kind::Stream(dictionary, _) = &value.kind else { continue };
            if dictionary.name("Filter") != Some(b"FlateDecode") {
                continue;
            }
            let Ok(decoded) = view.data(&value) else { continue };
            let object = format!("--show-object={number}");
            let shown = Command::new("qpdf").args([&object, "--filtered-stream-data"]).arg(path).output();
            assert!(*shown.unwrap().stdout == *decoded, "{}: object {number}", path.display());
            compared += 1;
        }
    }
    println!("{compared} streams");
    assert!(compared > 20, "only {compared} streams compared");
}
