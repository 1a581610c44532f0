//! The same file, lists, policy and time give the same bytes: on one thread, on many, after a restart, with caches
//! cold, warm and disabled.

use crate::demo::{self, Order};
use crate::support::{conformance_snapshot, demo_pipeline, demo_pipeline_of, real_pipeline, root, shared};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::validation::Policy;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const NOW: &str = "2026-11-22T00:00:00Z";

/// Every file below a folder, in the order of their paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The JAdES and XAdES corpora and the credentials.
fn corpora(test: &str) -> Vec<PathBuf> {
    let folders = ["conformance/jades", "conformance/xades", "credentials"];
    let mut found = Vec::new();
    for folder in folders.iter().filter_map(|folder| shared(folder, test)) {
        found
            .extend(files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e != "jsonl")));
    }
    found
}

fn answer(pipeline: &Pipeline, bytes: &[u8], at: &str) -> String {
    let time = Time::parse_rfc3339(at).unwrap();
    pipeline.verify(bytes, &Request::at(time)).to_json()
}

fn answers(pipeline: &Pipeline, documents: &[Vec<u8>], at: &str) -> Vec<String> {
    documents.iter().map(|bytes| answer(pipeline, bytes, at)).collect()
}

/// The same on `threads` at once, each taking the next document.
fn answers_at_once(pipeline: &Pipeline, documents: &[Vec<u8>], at: &str, threads: usize) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(bytes) = documents.get(index) else { return own };
                        own.push((index, answer(pipeline, bytes, at)));
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| found.extend(worker.join().unwrap()));
    });
    found.into_values().collect()
}

fn same(what: &str, paths: &[PathBuf], expected: &[String], found: &[String]) {
    assert_eq!(expected.len(), found.len(), "{what}");
    for ((path, expected), found) in paths.iter().zip(expected).zip(found) {
        assert_eq!(expected, found, "{what}: {}", path.display());
    }
}

/// All the ways of one process.
fn compare(snapshot: &Snapshot, paths: &[PathBuf], at: &str) {
    let fresh = |caches: Option<u64>| {
        let (snapshot, policy) = (Arc::new(snapshot.clone()), Arc::new(Policy::default()));
        match caches {
            Some(bytes) => Pipeline::with_caches(snapshot, policy, bytes),
            None => Pipeline::new(snapshot, policy),
        }
    };
    let documents: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let pipeline = fresh(None);
    let cold = answers(&pipeline, &documents, at);
    same("warm", paths, &cold, &answers(&pipeline, &documents, at));
    same("without caches", paths, &cold, &answers(&fresh(Some(0)), &documents, at));
    // Caches of a few entries, whose contents come and go.
    same("caches too small", paths, &cold, &answers(&fresh(Some(20_000)), &documents, at));
    same("on eight threads, warm", paths, &cold, &answers_at_once(&pipeline, &documents, at, 8));
    same("on eight threads, cold", paths, &cold, &answers_at_once(&fresh(None), &documents, at, 8));
    let uncached = answers_at_once(&fresh(Some(0)), &documents, at, 8);
    same("on eight threads, without caches", paths, &cold, &uncached);
    // What is cached at another time, or under another policy, must not show either.
    let elsewhere = fresh(None);
    let strict = elsewhere.with_policy(Arc::new(Policy::built_in(Policy::BUILT_IN[1]).unwrap()));
    let before = answers(&strict, &documents, "2024-02-29T12:00:00Z");
    assert_ne!(before, cold);
    same("warm from another time and policy", paths, &cold, &answers(&elsewhere, &documents, at));
    // The order in which files meet a cache must not show.
    let backwards: Vec<Vec<u8>> = documents.iter().rev().cloned().collect();
    let mut found = answers(&fresh(None), &backwards, at);
    found.reverse();
    same("in the other order", paths, &cold, &found);
    assert!(cold.iter().any(|answer| answer.contains("\"verdict\":\"passed\"")), "nothing passes");
}

#[test]
fn the_examples_give_the_same_bytes_however_they_are_run() {
    compare(demo_pipeline().snapshot(), &files(&root().join("examples")), NOW);
}

#[test]
fn a_large_document_on_two_threads_gives_the_same_bytes() {
    let demo = demo::shared();
    let pipeline = demo_pipeline_of(demo);
    let sound = demo.issue(&Order::archival(1, 3_000_000));
    let mut changed = sound.clone();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let at = demo.options.reference.to_string();
    for (bytes, verdict) in [(sound, "passed"), (changed, "failed")] {
        let alone = answer(&pipeline.on_one_thread(), &bytes, &at);
        assert!(alone.contains(&format!("\"verdict\":\"{verdict}\"")), "{verdict}");
        assert!(alone == answer(&pipeline, &bytes, &at), "{verdict}");
    }
}

#[test]
fn the_corpora_give_the_same_bytes_however_they_are_run() {
    let test = "the_corpora_give_the_same_bytes_however_they_are_run";
    let Some(snapshot) = conformance_snapshot(test) else { return };
    let paths = corpora(test);
    for at in [NOW, "2021-01-25T13:35:32Z"] {
        compare(&snapshot, &paths, at);
    }
}

/// What a new process prints for these paths: the answers by file.
fn process(arguments: &[&str], paths: &[PathBuf]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .current_dir(root())
        .args(["verify", "--offline", "--format", "json"])
        .args(arguments)
        .args(paths)
        .output()
        .unwrap();
    let lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), paths.len(), "{}", String::from_utf8_lossy(&output.stderr));
    lines
}

/// The same answer with the file's path in it, as a process prints it.
fn with_path(path: &Path, answer: &str) -> String {
    let path = serde_json::Value::from(path.to_str().unwrap());
    answer.replacen('{', &format!("{{\"file\":{path},"), 1)
}

fn compare_processes(pipeline: &Pipeline, arguments: &[&str], paths: &[PathBuf]) {
    let expected: Vec<String> = paths
        .iter()
        .map(|path| with_path(path, &answer(pipeline, &std::fs::read(path).unwrap(), NOW)))
        .collect();
    for jobs in ["1", "4"] {
        let arguments = [arguments, &["--at", NOW, "--jobs", jobs]].concat();
        same(&format!("after a restart, {jobs} jobs"), paths, &expected, &process(&arguments, paths));
    }
}

#[test]
fn the_examples_give_the_same_bytes_after_a_restart() {
    let paths = files(&root().join("examples"));
    compare_processes(demo_pipeline(), &["--trust-domain", "trust-lists/demo.toml"], &paths);
}

#[test]
fn the_corpora_give_the_same_bytes_after_a_restart() {
    let test = "the_corpora_give_the_same_bytes_after_a_restart";
    let Some(lists) = shared("trust-lists/2026-08", test) else { return };
    let Some(snapshot) = conformance_snapshot(test) else { return };
    let anchors = shared("conformance/anchors", test).unwrap();
    let trust = ["--trust-lists", lists.to_str().unwrap(), "--trust-anchors", anchors.to_str().unwrap()];
    let pipeline = crate::support::pipeline(snapshot);
    compare_processes(&pipeline, &trust, &corpora(test));
    let real = real_pipeline("2026-08", test).unwrap();
    compare_processes(real, &trust[..2], &files(&shared("credentials", test).unwrap()));
}
