//! Seals in PDF files: over the very octets, and fully covering only what a person sees as it was sealed. What is seen,
//! poppler shows.

use super::update::Updates;
use super::{Corpus, holds, identifier, octets, says_the_same, signed, times, told};
use crate::der_mutator::Der;
use crate::support::Random;
use sealgate::report::Seal;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::process::Command;

/// What a signature dictionary covers, as its ByteRange says.
#[derive(Clone, Debug)]
struct Covered {
    contents: Range<usize>,
    end: usize,
}

/// Every ByteRange in the octets whose Contents hold a signature, by the names of those signatures.
fn covered(bytes: &[u8]) -> BTreeMap<String, Covered> {
    let mut found = BTreeMap::new();
    for at in memchr::memmem::find_iter(bytes, b"/ByteRange") {
        let text = String::from_utf8_lossy(&bytes[at + 10..(at + 110).min(bytes.len())]).into_owned();
        let Some((_, list)) = text.split_once('[') else { continue };
        let list = list.split(']').next().unwrap_or_default();
        let numbers: Vec<usize> = list.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [0, first, second, length] = numbers.as_slice() else { continue };
        let Some(text) = bytes.get(first + 1..second.saturating_sub(1)) else { continue };
        let Some(der) = hex::decode(text).ok().and_then(|contents| Der::read(&contents)) else { continue };
        for one in signed(&der) {
            found.insert(one.id, Covered { contents: *first..*second, end: second + length });
        }
    }
    found
}

fn fully_covers(seal: &Seal) -> bool {
    holds(seal) && seal.coverage.as_ref().is_some_and(|coverage| coverage.scope.is_whole())
}

/// The octets that a seal covered are there as they were.
fn untouched(before: &[u8], after: &[u8], covered: &Covered) -> bool {
    let Covered { contents, end } = covered;
    after.len() >= *end
        && before[..contents.start] == after[..contents.start]
        && before[contents.end..*end] == after[contents.end..*end]
}

/// Pages as poppler shows them; `None` where it cannot.
fn shown(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.pdf");
    std::fs::write(&file, bytes).unwrap();
    let mut command = Command::new("pdftoppm");
    let status =
        command.args(["-q", "-r", "30", "-l", "4"]).arg(&file).arg(folder.path().join("page")).status();
    if !status.unwrap().success() {
        return None;
    }
    let pages = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = pages.filter(|path| *path != file).collect();
    pages.sort();
    Some(pages.iter().map(|page| std::fs::read(page).unwrap()).collect())
}

fn poppler(test: &str) -> bool {
    let there = Command::new("pdftoppm").arg("-v").output().is_ok();
    if !there {
        println!("skipped: what is seen in {test}: no pdftoppm");
    }
    there
}

/// What a person sees of the revisions that seals of the file cover.
#[derive(Default)]
struct Seen(BTreeMap<usize, Option<Vec<Vec<u8>>>>);

impl Seen {
    /// Whether the changed file shows what the sealed revision showed.
    fn same(&mut self, before: &[u8], end: usize, after: &[u8]) -> bool {
        let was = self.0.entry(end).or_insert_with(|| shown(&before[..end]));
        *was == shown(after)
    }
}

#[test]
fn no_pdf_seal_holds_over_other_octets() {
    let test = "no_pdf_seal_holds_over_other_octets";
    let Some(corpus) = Corpus::read("pades", test) else { return };
    let poppler = poppler(test);
    let mut rng = Random::new();
    let (mut changed, mut held, mut looked_at, mut wrong) = (0, 0, 0, BTreeSet::new());
    for file in corpus.files.iter().filter(|file| file.verdict.seals.iter().any(holds)) {
        let before = covered(&file.bytes);
        let mut seen = Seen::default();
        for _ in 0..2 * times() {
            // Half of them where it is no padding of Contents.
            let at = loop {
                let at = rng.below(file.bytes.len());
                if rng.below(8) == 0 || !before.values().any(|one| one.contents.contains(&at)) {
                    break at;
                }
            };
            let (words, bytes) = octets(&file.bytes, at, &mut rng);
            if bytes == file.bytes {
                continue;
            }
            changed += 1;
            let verdict = corpus.verify(file, &bytes);
            for seal in verdict.seals.iter().filter(|seal| holds(seal) && !seal.counter_signature) {
                held += 1;
                let covered = before.get(identifier(seal));
                let whole = covered.is_some_and(|covered| untouched(&file.bytes, &bytes, covered));
                if !whole || !says_the_same(seal, &file.verdict) {
                    wrong.insert(format!(
                        "{} at {}: {words}: other octets {}",
                        file.name,
                        file.at,
                        told(seal)
                    ));
                }
                let covered = covered.filter(|covered| poppler && fully_covers(seal) && at >= covered.end);
                if let Some(covered) = covered {
                    looked_at += 1;
                    if !seen.same(&file.bytes, covered.end, &bytes) {
                        wrong.insert(format!("{} at {}: {words}: looks otherwise", file.name, file.at));
                    }
                }
            }
        }
    }
    println!(
        "{test}: {changed} changes, {held} seals that hold, {looked_at} looked at, {} wrongly",
        wrong.len()
    );
    assert!(changed > 150 * times(), "only {changed} changes");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_update_that_changes_what_is_seen_is_fully_covered() {
    let test = "no_update_that_changes_what_is_seen_is_fully_covered";
    let Some(corpus) = Corpus::read("pades", test) else { return };
    if !poppler(test) {
        return;
    }
    let mut rng = Random::new();
    let (mut changed, mut full, mut wrong) = (0, 0, BTreeSet::new());
    for file in corpus.files.iter().filter(|file| file.verdict.seals.iter().any(fully_covers)) {
        let before = covered(&file.bytes);
        let Some(updates) = Updates::of(&file.bytes) else { continue };
        let mut seen = Seen::default();
        for _ in 0..2 * times() {
            let (words, bytes) = updates.apply(&file.bytes, &mut rng);
            changed += 1;
            let verdict = corpus.verify(file, &bytes);
            for seal in verdict.seals.iter().filter(|seal| fully_covers(seal) && !seal.counter_signature) {
                full += 1;
                let covered = &before[identifier(seal)];
                if !seen.same(&file.bytes, covered.end, &bytes) {
                    wrong.insert(format!("{} at {}: {words}", file.name, file.at));
                }
            }
        }
    }
    println!("{test}: {changed} updates, {full} of them fully covered, {} look otherwise", wrong.len());
    assert!(changed > 150 * times() && full > 10, "only {changed} updates, {full} fully covered");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
