//! Mutated real pieces, and shapes made to exhaust a reader.

use super::build::{entry, list, unhex, wrap};
use super::material::{Kind, find, shared};
use proptest::prelude::*;
use sealgate::clock::Stopwatch;
use sealgate::format::Limits;
use sealgate::format::cms::{SignedData, Trailing};
use sealgate::format::der::Tag;
use sealgate::revocation::{crl::Crl, ocsp::OcspResponse};
use sealgate::timestamp::Token;
use std::sync::LazyLock;
use std::time::Duration;

/// Far above what a linear reader needs on a loaded machine, far below what a quadratic one does.
const PATIENCE: Duration = Duration::from_secs(5);

/// One small piece of each kind from the corpora; empty where they are missing.
static PIECES: LazyLock<Vec<(Kind, Vec<u8>)>> = LazyLock::new(|| {
    let Some(folder) = shared("conformance/cades") else { return Vec::new() };
    let found = find(&[folder]);
    let mut pieces: Vec<_> = found.material.into_keys().filter(|(_, bytes)| bytes.len() < 8_000).collect();
    // Of every kind, pieces from all over its range.
    pieces.sort_by_key(|(kind, bytes)| (*kind, bytes.len()));
    pieces
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|kind| kind.iter().step_by(kind.len() / 4 + 1))
        .cloned()
        .collect()
});

fn read_all(kind: Kind, bytes: &[u8]) {
    match kind {
        Kind::Cms | Kind::Token => {
            if let Ok(cms) = SignedData::parse(bytes, Trailing::Any, &Limits::default()) {
                for attributes in cms.signers.iter().filter_map(|signer| signer.signed_attributes.as_ref()) {
                    let _ = attributes.to_der();
                }
            }
            let _ = Token::parse(bytes);
        }
        Kind::Crl => drop(Crl::parse(bytes)),
        Kind::Ocsp => drop(OcspResponse::parse(bytes)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_pieces_never_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        if PIECES.is_empty() {
            return Ok(());
        }
        let (kind, mut bytes) = which.get(&PIECES).clone();
        for (at, octet) in edits {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(kind, &bytes);
    }
}

/// A ContentInfo around these signed attributes.
fn cms_with_attributes(attributes: &[u8]) -> Vec<u8> {
    let signer = [
        &unhex("020101 3005 3000 020101 3005 06032a0304")[..],
        &wrap(Tag::context(0), attributes),
        &unhex("3005 06032a0304 0400"),
    ];
    let signed =
        [&unhex("020101 3100 3005 06032a0304")[..], &wrap(Tag::SET, &wrap(Tag::SEQUENCE, &signer.concat()))];
    let content = wrap(Tag::context(0), &wrap(Tag::SEQUENCE, &signed.concat()));
    wrap(Tag::SEQUENCE, &[&unhex("06092a864886f70d010702")[..], &content].concat())
}

fn refusal(bytes: &[u8]) -> String {
    let watch = Stopwatch::start();
    let error = SignedData::parse(bytes, Trailing::Refused, &Limits::default()).unwrap_err().to_string();
    assert!(watch.elapsed() < PATIENCE, "{:?}", watch.elapsed());
    error
}

#[test]
fn the_hostile_shapes_are_read_where_they_are_small() {
    let attribute = wrap(Tag::SEQUENCE, &unhex("06032a0304 3100"));
    let bytes = cms_with_attributes(&attribute.repeat(100));
    let cms = SignedData::parse(&bytes, Trailing::Refused, &Limits::default()).unwrap();
    assert_eq!(cms.signers[0].signed_attributes.as_ref().unwrap().list.len(), 100);
}

#[test]
fn a_million_attributes_are_refused() {
    let attribute = wrap(Tag::SEQUENCE, &unhex("06032a0304 3100"));
    let error = refusal(&cms_with_attributes(&attribute.repeat(1_000_000)));
    assert!(error.starts_with("over the limit: attributes (at most 256)"), "{error}");
    let values =
        wrap(Tag::SEQUENCE, &[&unhex("06032a0304")[..], &wrap(Tag::SET, &[5, 0].repeat(1_000_000))].concat());
    let error = refusal(&cms_with_attributes(&values));
    assert!(error.starts_with("over the limit: values of an attribute (at most 256)"), "{error}");
}

#[test]
fn deep_nesting_is_refused() {
    let indefinite = [[0x30_u8, 0x80].repeat(10_000), [0, 0].repeat(10_000)].concat();
    let error = refusal(&indefinite);
    assert!(error.starts_with("over the limit: depth (at most 128)"), "{error}");
    let unclosed = [0x30_u8, 0x80].repeat(10_000_000);
    let error = refusal(&unclosed);
    assert!(error.starts_with("over the limit: depth (at most 128)"), "{error}");
    let deep = (0..2_000).fold(unhex("0500"), |inner, _| wrap(Tag::SEQUENCE, &inner));
    let value = wrap(Tag::SEQUENCE, &[&unhex("06032a0304")[..], &wrap(Tag::SET, &deep)].concat());
    let bytes = cms_with_attributes(&value);
    let cms = SignedData::parse(&bytes, Trailing::Refused, &Limits::default()).unwrap();
    let error = cms.signers[0].signed_attributes.as_ref().unwrap().to_der().unwrap_err().to_string();
    assert!(error.starts_with("over the limit: depth (at most 128)"), "{error}");
}

/// A hundred indefinite levels around millions of elements: walked once a level, not once an element.
#[test]
fn wide_and_deep_indefinite_lengths_end_soon() {
    let bytes = [[0x30_u8, 0x80].repeat(100), [5, 0].repeat(3_000_000), [0, 0].repeat(100)].concat();
    refusal(&bytes);
    let error = refusal(&[vec![0x30_u8, 0x80], [5, 0].repeat(5_000_000), vec![0, 0]].concat());
    assert!(error.starts_with("over the limit: elements (at most 4000000)"), "{error}");
}

#[test]
fn lengths_beyond_the_bytes_are_refused() {
    for bytes in
        ["3088ffffffffffffffff", "3089010000000000000000", "308400000010 0000", "30847fffffff", "30fe"]
    {
        let bytes = unhex(bytes);
        assert!(SignedData::parse(&bytes, Trailing::Any, &Limits::default()).is_err());
        assert!(
            Crl::parse(&bytes).is_err()
                && OcspResponse::parse(&bytes).is_err()
                && Token::parse(&bytes).is_err()
        );
    }
}

/// crlEntryExtensions with a reasonCode, as most entries have.
fn reason() -> Vec<u8> {
    unhex("300a 0603551d15 04030a0101")
}

#[test]
fn a_list_of_two_hundred_thousand_entries_is_indexed_in_milliseconds() {
    // Serial numbers spread like random ones: multiples of an odd constant modulo 2^63.
    let serials = (1..=200_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1);
    let entries: Vec<u8> = serials.flat_map(|serial| entry(&serial.to_be_bytes(), &reason())).collect();
    let bytes = list(&entries, &[]);
    let watch = Stopwatch::start();
    let crl = Crl::parse(&bytes).unwrap();
    let elapsed = watch.elapsed();
    println!("{} entries, {} bytes: {elapsed:?}, {} bytes of memory", crl.len(), bytes.len(), crl.size());
    assert_eq!(crl.len(), 200_000);
    assert!(crl.size() < bytes.len() + 5 * 200_000);
    assert!(elapsed < PATIENCE);
}

#[test]
fn lists_made_to_slow_the_index_are_refused() {
    let watch = Stopwatch::start();
    let error = Crl::parse(&list(&entry(&[7], &[]).repeat(500_000), &[])).unwrap_err().to_string();
    assert!(error.starts_with("over the limit: entries with one serial number (at most 64)"), "{error}");
    // Serial numbers that differ only before their last eight octets.
    let serials = (0..200_000_u32).map(|n| [&[1][..], &n.to_be_bytes(), &[0; 8]].concat());
    let entries: Vec<u8> = serials.flat_map(|serial| entry(&serial, &reason())).collect();
    assert_eq!(Crl::parse(&list(&entries, &[])).unwrap().len(), 200_000);
    assert!(watch.elapsed() < PATIENCE, "{:?}", watch.elapsed());
}
