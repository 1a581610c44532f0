//! ASiC containers and OpenDocument packages.

use super::{Corpus, holds, identifier, octets, says_the_same, times, told};
use crate::support::Random;
use flate2::{Decompress, FlushDecompress};
use std::collections::{BTreeMap, BTreeSet};

/// The files of an archive by its central directory, read by nothing of the core's.
fn files(bytes: &[u8]) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
    let half = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let end = memchr::memmem::rfind(bytes, b"PK\x05\x06")?;
    let (count, mut at) = (half(end + 10)?, word(end + 16)?);
    let mut found = BTreeMap::new();
    for _ in 0..count {
        let (method, packed, size) = (half(at + 10)?, word(at + 20)?, word(at + 24)?);
        let (name, extra, comment) = (half(at + 28)?, half(at + 30)?, half(at + 32)?);
        let local = word(at + 42)?;
        let data = local + 30 + half(local + 26)? + half(local + 28)?;
        let data = bytes.get(data..data + packed)?;
        let mut content = Vec::with_capacity(size);
        match method {
            0 => content.extend_from_slice(data),
            _ => drop(Decompress::new(false).decompress_vec(data, &mut content, FlushDecompress::Finish)),
        }
        found.insert(bytes.get(at + 46..at + 46 + name)?.to_vec(), content);
        at += 46 + name + extra + comment;
    }
    Some(found)
}

/// An archive of these files, all stored.
fn archive(files: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let word = |length: usize| (length as u32).to_le_bytes();
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let sizes = [crc.sum().to_le_bytes(), word(content.len()), word(content.len())].concat();
        let name_length = (name.len() as u16).to_le_bytes();
        let common = [&[0, 8, 0, 0, 0, 0, 0, 0][..], &sizes, &name_length, &[0; 2]].concat();
        let at = word(out.len());
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &[0; 10], &at, name].concat());
        out.extend([b"PK\x03\x04\x14\0", &common[..], name, content].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &word(directory.len()), &word(out.len()), &[0; 2]];
    [out, directory, end.concat()].concat()
}

type Files = Vec<(Vec<u8>, Vec<u8>)>;

/// One change to the files of a container; others' stand in for them.
fn rearranged(files: &BTreeMap<Vec<u8>, Vec<u8>>, others: &Files, rng: &mut Random) -> (String, Vec<u8>) {
    let mut all: Files = files.iter().map(|(name, content)| (name.clone(), content.clone())).collect();
    let (one, other) = (rng.below(all.len()), rng.below(all.len()));
    let foreign = &others[rng.below(others.len())];
    let verb = match rng.below(7) {
        0 => {
            all.remove(one);
            "dropped"
        }
        1 => {
            let content = all[other].1.clone();
            all[one].1 = content;
            "filled with another's content"
        }
        2 => {
            let names = (all[one].0.clone(), all[other].0.clone());
            (all[other].0, all[one].0) = names;
            "named as another"
        }
        3 => {
            all[one].1.clone_from(&foreign.1);
            "filled with content of another file's"
        }
        4 => {
            all.push((foreign.0.clone(), foreign.1.clone()));
            "beside another file's"
        }
        5 => {
            all[one].0.extend_from_slice(b"x");
            "renamed"
        }
        _ if !all[one].1.is_empty() => {
            let at = rng.below(all[one].1.len());
            let (_, changed) = octets(&all[one].1, at, rng);
            all[one].1 = changed;
            "changed"
        }
        _ => "left",
    };
    let name = String::from_utf8_lossy(&all.get(one).unwrap_or(foreign).0).into_owned();
    (format!("{name:?} {verb}"), archive(&all))
}

fn run(folder: &str, test: &str, each: usize) {
    let Some(corpus) = Corpus::read(folder, test) else { return };
    let known: Vec<_> = corpus.files.iter().map(|file| files(&file.bytes)).collect();
    let others: Files = known
        .iter()
        .flatten()
        .flatten()
        .filter(|(_, content)| content.len() < 100_000)
        .map(|(name, content)| (name.clone(), content.clone()))
        .collect();
    let mut rng = Random::new();
    let (mut changed, mut held, mut wrong) = (0, 0, BTreeSet::new());
    for (file, before) in corpus.files.iter().zip(&known) {
        let Some(before) = before.as_ref().filter(|_| file.verdict.seals.iter().any(holds)) else { continue };
        for _ in 0..each * times() {
            let (words, bytes) = if rng.below(2) == 0 {
                rearranged(before, &others, &mut rng)
            } else {
                octets(&file.bytes, rng.below(file.bytes.len()), &mut rng)
            };
            if bytes == file.bytes {
                continue;
            }
            changed += 1;
            let verdict = corpus.verify(file, &bytes);
            let foreign = words.contains("another file's");
            for seal in verdict.seals.iter().filter(|seal| holds(seal)) {
                held += 1;
                let sealed = |verdict: &sealgate::report::Verdict, seals: &[&str]| -> Vec<String> {
                    let all = verdict.container.iter().flat_map(|container| &container.files);
                    let by = all.filter(|one| one.sealed_by.iter().any(|id| seals.contains(&id.as_str())));
                    by.map(|one| one.name.clone()).collect()
                };
                let alike = file.verdict.seals.iter().filter(|known| identifier(known) == identifier(seal));
                let alike: Vec<_> = alike.map(|known| known.id.as_str()).collect();
                let content =
                    |files: &BTreeMap<Vec<u8>, Vec<u8>>, name: &str| files.get(name.as_bytes()).cloned();
                let was: Vec<_> = sealed(&file.verdict, &alike)
                    .iter()
                    .map(|name| (name.clone(), content(before, name)))
                    .collect();
                let after = files(&bytes);
                for name in sealed(&verdict, &[&seal.id]) {
                    let now = after.as_ref().and_then(|after| content(after, &name));
                    // The one file of an ASiC-S may have any name, and names in no stated encoding read as they may.
                    let any_name = verdict.format == Some("asic-s") || !name.is_ascii();
                    let same = was.iter().any(|(was, content)| *content == now && (any_name || *was == name));
                    if !same && !foreign {
                        wrong.insert(format!("{} at {}: {words}: {name:?}", file.name, file.at));
                    }
                }
                if !foreign && !says_the_same(seal, &file.verdict) {
                    wrong.insert(format!(
                        "{} at {}: {words}: another signer {}",
                        file.name,
                        file.at,
                        told(seal)
                    ));
                }
            }
        }
    }
    println!("{test}: {changed} changes, {held} seals that hold, {} of them wrongly", wrong.len());
    assert!(changed > 150 * times(), "only {changed} changes");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_seal_of_a_container_with_xades_holds_over_other_files() {
    run("asic-xades", "no_seal_of_a_container_with_xades_holds_over_other_files", 12);
}

#[test]
fn no_seal_of_a_container_with_cades_holds_over_other_files() {
    run("asic-cades", "no_seal_of_a_container_with_cades_holds_over_other_files", 12);
}
