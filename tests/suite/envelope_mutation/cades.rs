//! CMS signatures.

use super::{Corpus, holds, identifier, octets, says_the_same, signed, times, told};
use crate::der_mutator::{self, Der};
use crate::support::Random;
use std::collections::BTreeSet;

#[test]
fn no_cms_seal_holds_over_other_octets() {
    let test = "no_cms_seal_holds_over_other_octets";
    let Some(corpus) = Corpus::read("cades", test) else { return };
    let mut pool = der_mutator::Pool::new();
    for file in corpus.files.iter().filter(|file| file.bytes.len() < 200_000) {
        Der::read(&file.bytes).into_iter().for_each(|der| der.collect("", &mut pool));
    }
    let mut rng = Random::new();
    let (mut changed, mut held, mut wrong) = (0, 0, BTreeSet::new());
    for file in corpus.files.iter().filter(|file| file.verdict.seals.iter().any(holds)) {
        let Some(before) = Der::read(&file.bytes) else { continue };
        let before_signed = signed(&before);
        let count = if file.bytes.len() < 100_000 { 8 } else { 1 };
        for _ in 0..count * times() {
            let (words, bytes) = if rng.below(3) == 0 {
                let (words, der) = before.mutate(&pool, &mut rng);
                (words, der.write())
            } else {
                octets(&file.bytes, rng.below(file.bytes.len()), &mut rng)
            };
            if bytes == file.bytes {
                continue;
            }
            changed += 1;
            let verdict = corpus.verify(file, &bytes);
            let mut after = None;
            for seal in verdict.seals.iter().filter(|seal| holds(seal)) {
                held += 1;
                let after = after.get_or_insert_with(|| Der::read(&bytes).map(|der| signed(&der)));
                let of = |all: &[super::Signed]| all.iter().find(|one| one.id == *identifier(seal)).cloned();
                let was = of(&before_signed);
                let now = after.as_deref().and_then(of);
                // Counter-signatures hold where what they counter does, whose content that is.
                let is_same = was.is_some() && was == now;
                // An element of another file's is that file's, and says what it said there.
                let foreign = words.contains("another file's");
                let as_before = is_same && says_the_same(seal, &file.verdict);
                if !foreign && !as_before {
                    wrong.insert(format!(
                        "{} at {}: {words}: {} {was:?} {now:?}",
                        file.name,
                        file.at,
                        told(seal)
                    ));
                }
            }
        }
    }
    println!("{test}: {changed} changes, {held} seals that hold, {} of them over other octets", wrong.len());
    assert!(changed > 250 * times(), "only {changed} changes");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
