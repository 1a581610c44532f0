//! CMS made to exhaust or to deceive: answered, within the budget, and never passed.

use super::seal::{self, Sealed, Signer, attribute};
use super::{beside, demo, sealed, verify};
use crate::demo::der::{self, octets, oid, sequence, tagged};
use crate::demo::{Level, Sealer};
use crate::support::Random;
use sealgate::clock::Stopwatch;
use sealgate::report::{Overall, Verdict};
use std::time::Duration;

/// Far above what a linear reader needs on a loaded machine, far below what a quadratic one does.
const PATIENCE: Duration = Duration::from_secs(20);

fn answered(bytes: &[u8]) -> Verdict {
    let watch = Stopwatch::start();
    let verdict = verify(bytes);
    assert!(watch.elapsed() < PATIENCE, "{:?}", watch.elapsed());
    assert!(!verdict.to_json().is_empty());
    verdict
}

fn unreadable(bytes: &[u8], why: &str) {
    let verdict = answered(bytes);
    assert_eq!(verdict.verdict, Overall::Unreadable);
    let error = verdict.error.unwrap().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn too_much_of_anything_is_refused_by_name() {
    let small = attribute("1.2.3.4", &[der::null()]);
    for signed in [true, false] {
        let mut sealed = sealed(b"content");
        let attributes = vec![small.clone(); 1_000_000];
        let signer = &mut sealed.signers[0];
        if signed {
            signer.signed.extend(attributes)
        } else {
            signer.unsigned.extend(attributes)
        }
        unreadable(&sealed.bytes(), "attributes (at most 256)");
    }
    let mut sealed = self::sealed(b"content");
    sealed.signers[0].unsigned.push(attribute("1.2.3.4", &vec![der::null(); 1_000_000]));
    unreadable(&sealed.bytes(), "values of an attribute (at most 256)");

    let mut sealed = self::sealed(b"content");
    sealed.signers = vec![sealed.signers[0].clone(); 5_000];
    unreadable(&sealed.bytes(), "signers (at most 64)");

    let mut sealed = self::sealed(b"content");
    sealed.certificates = vec![sealed.certificates[0].clone(); 5_000];
    unreadable(&sealed.bytes(), "certificates (at most 1024)");

    // As many counter-signatures as fit, each with as many: the first over the limit ends it.
    let (one, at) = (demo().pki.sealer(Sealer::CompactEc), demo().options.reference);
    let mut sealed = self::sealed(b"content");
    let mut counter = Signer::sign(one, &sealed.signers[0].value, at, true);
    counter.unsigned.push(attribute(seal::COUNTERSIGNATURE, &vec![counter.info(); 256]));
    sealed.signers[0].unsigned.push(attribute(seal::COUNTERSIGNATURE, &vec![counter.info(); 256]));
    let verdict = answered(&sealed.bytes());
    assert_eq!((verdict.verdict, verdict.seals.len()), (Overall::Failed, 64));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = (0..2_000).fold(der::null(), |inner, _| sequence(&[&inner]));
    let mut sealed = sealed(b"content");
    sealed.signers[0].signed.push(attribute("1.2.3.4", std::slice::from_ref(&deep)));
    assert_eq!(answered(&sealed.bytes()).verdict, Overall::Failed);
    let mut sealed = self::sealed(b"content");
    sealed.signers[0].unsigned.push(attribute("1.2.3.4", &[deep]));
    assert_eq!(answered(&sealed.bytes()).verdict, Overall::Passed, "nothing reads it");
    let info =
        [&b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"[..], &[0xa0, 0x80].repeat(1_000_000)];
    unreadable(&info.concat(), "depth (at most 128)");
}

#[test]
fn signatures_in_signatures_end() {
    let mut bytes = sealed(b"innermost").bytes();
    for _ in 0..20 {
        bytes = sealed(&bytes).bytes();
    }
    let verdict = answered(&bytes);
    assert_eq!(verdict.verdict, Overall::Passed);
    let mut depth = 0;
    let mut contained = &verdict.contained;
    while let [one] = contained.as_slice() {
        contained = &one.contained;
        depth += 1;
    }
    assert_eq!(depth, 2);
}

#[test]
fn other_content_types_are_no_signature() {
    let enveloped = sequence(&[&oid("1.2.840.113549.1.7.3"), &tagged(0, &sequence(&[&der::number(0)]))]);
    unreadable(&enveloped, "content type 1.2.840.113549.1.7.3");
    let data = sequence(&[&oid("1.2.840.113549.1.7.1"), &tagged(0, &octets(b"text"))]);
    unreadable(&data, "content type 1.2.840.113549.1.7.1");
}

#[test]
fn no_truncated_seal_is_read() {
    let bytes = Sealed::at_level(demo(), b"content", Sealer::University, Level::Lta).bytes();
    for length in (0..bytes.len()).step_by(7) {
        let verdict = verify(&bytes[..length]);
        assert_eq!(verdict.verdict, Overall::Unreadable, "{length} of {} bytes", bytes.len());
    }
}

/// Attributes that stand twice, or where they must not, speak for nobody.
#[test]
fn attributes_in_the_wrong_place_are_refused() {
    let digest =
        |content: &[u8]| attribute(seal::MESSAGE_DIGEST, &[octets(&crate::demo::key::sha256(content))]);
    let mut sealed = sealed(b"content");
    sealed.signers[0].unsigned.push(digest(b"content"));
    assert_eq!(verify(&sealed.bytes()).seals[0].sub_indication, Some("SIG_CRYPTO_FAILURE"));
    // Both digests in one attribute: which one counts is nobody's guess.
    let mut sealed = self::sealed(b"content");
    let signer = &mut sealed.signers[0];
    signer.signed[1] = attribute(
        seal::MESSAGE_DIGEST,
        &[b"content", &b"another"[..]].map(|content| octets(&crate::demo::key::sha256(content))),
    );
    signer.resign();
    assert_eq!(verify(&sealed.bytes()).verdict, Overall::Failed);
    sealed.content = b"another".to_vec();
    assert_eq!(verify(&sealed.bytes()).verdict, Overall::Failed);
    // Signed attributes shown as content verify with the same value (RFC 5652, 5.4).
    let mut sealed = self::sealed(b"content");
    sealed.content = der::set_of(&sealed.signers[0].signed);
    sealed.signers[0].signed.clear();
    let seal = &verify(&super::without_signed_attributes(&sealed)).seals[0];
    assert_eq!((seal.sub_indication, &*seal.level), (Some("HASH_FAILURE"), "CMS-NOT-ETSI"));
}

/// Every octet that is signed, in turn: none may change and the seal pass.
#[test]
fn no_signed_octet_changes_and_passes() {
    let content = super::credential(9);
    for (sealer, level) in [(Sealer::CompactEc, Level::B), (Sealer::University, Level::Lta)] {
        for detached in [false, true] {
            let mut sealed = Sealed::at_level(demo(), &content, sealer, level);
            sealed.detached = detached;
            let bytes = sealed.bytes();
            let given: &[&[u8]] = if detached { &[&content] } else { &[] };
            assert_eq!(beside(&bytes, given).verdict, Overall::Passed);
            let signer = &sealed.signers[0];
            let mut regions: Vec<&[u8]> = signer.signed.iter().map(Vec::as_slice).collect();
            regions.push(&signer.value);
            if !detached {
                regions.push(&content);
            }
            let mut rng = Random::new();
            let mut changes = 0;
            for region in regions {
                let start = bytes.windows(region.len()).position(|window| window == region).unwrap();
                // Attributes and value wholly, content here and there.
                let step = region.len() / 400 + 1;
                for at in (start..start + region.len()).step_by(step) {
                    let mut changed = bytes.clone();
                    changed[at] = changed[at].wrapping_add(1 + rng.below(255) as u8);
                    let verdict = beside(&changed, given).verdict;
                    assert_ne!(verdict, Overall::Passed, "{level:?}: octet {at} changed to {}", changed[at]);
                    changes += 1;
                }
            }
            assert!(changes > 300, "{changes}");
        }
    }
}
