//! Every CMS, token, CRL and OCSP response of the shared corpora is read, or named with the reason why not.

use super::material::{Kind, Material, find, shared};
use sealgate::format::Limits;
use sealgate::format::cms::{SignedData, Trailing};
use sealgate::revocation::{crl::Crl, ocsp::OcspResponse};
use sealgate::timestamp::Token;
use std::collections::BTreeMap;

fn refusal(material: &Material) -> Option<String> {
    let trailing = if material.padded { Trailing::Any } else { Trailing::Refused };
    match material.kind {
        Kind::Cms => SignedData::parse(&material.bytes, trailing, &Limits::default())
            .err()
            .map(|error| error.to_string()),
        Kind::Token if material.padded => {
            Token::parse_before(&material.bytes, trailing).err().map(|error| error.to_string())
        }
        Kind::Token => Token::parse(&material.bytes).err().map(|error| error.to_string()),
        Kind::Crl => Crl::parse(&material.bytes).err().map(|error| error.to_string()),
        Kind::Ocsp => OcspResponse::parse(&material.bytes).err().map(|error| error.to_string()),
    }
}

/// What is refused, rightly: attribute values that are no ContentInfo (DSS counts no time-stamp there either), and
/// a response overwritten with line feeds.
const KNOWN_REFUSALS: &[(Kind, &str, &str)] = &[
    (
        Kind::Token,
        "conformance/cades/validation/Signature-C-DE_CRY-4.p7m",
        "ContentInfo expected, OCTET STRING found at offset 0",
    ),
    (
        Kind::Token,
        "conformance/cades/validation/Signature-C-DE_CRY-3.p7m",
        "ContentInfo expected, OCTET STRING found at offset 0",
    ),
    (
        Kind::Ocsp,
        "conformance/asic-xades/validation/Signature-A-EE_AS-19.asice",
        "510 trailing bytes at offset 23",
    ),
];

#[test]
fn the_corpora_are_read_or_refused_by_name() {
    let (Some(conformance), Some(credentials)) = (shared("conformance"), shared("credentials")) else {
        return;
    };
    let found = find(&[conformance, credentials]);
    let mut counts: BTreeMap<Kind, (usize, usize, usize, usize)> = BTreeMap::new();
    let mut refused = Vec::new();
    for (material, occurrences) in found.material.values() {
        let (read, total, read_occurrences, all_occurrences) = counts.entry(material.kind).or_default();
        *total += 1;
        *all_occurrences += occurrences;
        match refusal(material) {
            None => {
                *read += 1;
                *read_occurrences += occurrences;
            }
            Some(why) => refused.push((material, why)),
        }
    }
    for (kind, (read, total, read_occurrences, all)) in &counts {
        println!("{kind:?}: {read} of {total} distinct read ({read_occurrences} of {all} occurrences)");
    }
    for (material, why) in &refused {
        println!("refused {:?} of {} bytes, {}: {why}", material.kind, material.bytes.len(), material.file);
    }
    println!("{} files hold none of these", found.without.len());
    let refused: Vec<(Kind, &str, &str)> =
        refused.iter().map(|(material, why)| (material.kind, material.file.as_str(), why.as_str())).collect();
    assert_eq!(refused, KNOWN_REFUSALS);
    let indefinite =
        found.material.keys().filter(|(kind, bytes)| *kind <= Kind::Token && bytes.get(1) == Some(&0x80));
    let indefinite = indefinite.count();
    println!("{indefinite} of them of indefinite length");
    assert!(indefinite > 10, "{indefinite}");
}
