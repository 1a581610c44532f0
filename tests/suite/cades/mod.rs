//! CAdES: seals of every level and form through the whole pipeline, against openssl, and under attack.

mod eddsa;
mod hostile;
mod openssl;

pub(crate) use crate::demo::cades as seal;

use crate::asn1::build::loosen;
use crate::demo::content::Content;
use crate::demo::{self, Demo, Level, Order, Sealer, elm_v2, elm_v3};
use crate::support::demo_pipeline_of;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use seal::{Archive, Sealed, Signer};
use sealgate::finding::Status;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Overall, Verdict};
use sealgate::signature::Detached;
use std::sync::LazyLock;

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| demo_pipeline_of(demo::shared()));

fn demo() -> &'static Demo {
    demo::shared()
}

fn verify(bytes: &[u8]) -> Verdict {
    beside(bytes, &[])
}

fn beside(bytes: &[u8], detached: &[&[u8]]) -> Verdict {
    let named = |(index, bytes): (usize, &&[u8])| Detached {
        name: format!("{index}.bin"),
        bytes: bytes.to_vec().into(),
    };
    let detached: Vec<Detached> = detached.iter().enumerate().map(named).collect();
    let at = demo().options.reference.plus_seconds(3_600);
    PIPELINE.verify(bytes, &Request { detached: &detached, ..Request::at(at) })
}

/// An unsealed ELM v3 credential.
fn credential(index: u64) -> Vec<u8> {
    let issued = demo().options.reference;
    elm_v3::credential(&Content { index, sealer: Sealer::University, issued, picture: None })
}

fn sealed(content: &[u8]) -> Sealed {
    Sealed::new(content, demo().pki.sealer(Sealer::Compact), demo().options.reference)
}

fn check(verdict: &Verdict, name: &str) -> Vec<Status> {
    let findings = verdict.seals[0].findings.iter();
    findings.filter(|finding| finding.check == name).map(|finding| finding.status).collect()
}

/// The content's digest and the value hold; nobody vouches for the keys.
fn intact(verdict: &Verdict) -> bool {
    ["reference-data-intact", "signature-value-intact"]
        .iter()
        .all(|name| check(verdict, name) == [Status::Passed])
}

fn sub_indication(verdict: &Verdict) -> Option<&'static str> {
    verdict.seals[0].sub_indication
}

#[test]
fn a_sealed_credential_passes_at_every_level() {
    for (level, name) in [
        (Level::B, "CAdES-BASELINE-B"),
        (Level::T, "CAdES-BASELINE-T"),
        (Level::Lt, "CAdES-BASELINE-LT"),
        (Level::Lta, "CAdES-BASELINE-LTA"),
    ] {
        let sealer = if level < Level::Lt { Sealer::Compact } else { Sealer::University };
        let verdict = verify(&Sealed::at_level(demo(), &credential(1), sealer, level).bytes());
        let seal = &verdict.seals[0];
        assert_eq!(verdict.verdict, Overall::Passed, "{name}: {:#?}", seal.findings);
        assert_eq!((verdict.format, &*seal.level), (Some("cades"), name));
        let expected = if level < Level::Lt { "AdESeal-QC" } else { "QESeal" };
        assert_eq!(seal.qualification, expected);
        assert_eq!(seal.claimed_signing_time, Some(demo().options.reference));
        assert!(verdict.contained.is_empty());
        let credential = verdict.credential.unwrap();
        assert_eq!(credential.credential.model, sealgate::credential::Model::ElmV3);
    }
}

#[test]
fn archive_time_stamps_of_both_kinds_cover_what_they_say() {
    let (tsa, at) = (&demo().pki.tsa, demo().options.reference.plus_seconds(60));
    let kinds = [
        (Archive::V2 { tagged: true }, "CAdES-A"),
        (Archive::V2 { tagged: false }, "CAdES-A"),
        (Archive::V3 { index: 1 }, "CAdES-BASELINE-LTA"),
        (Archive::V3 { index: 2 }, "CAdES-BASELINE-LTA"),
        (Archive::V3 { index: 3 }, "CAdES-BASELINE-LTA"),
    ];
    for detached in [false, true] {
        for (kind, level) in kinds {
            let mut sealed = Sealed::at_level(demo(), b"content", Sealer::University, Level::Lt);
            sealed.detached = detached;
            sealed.archive(tsa, at, kind);
            // A second one covers the first.
            sealed.archive(tsa, at.plus_seconds(60), kind);
            let verdict = beside(&sealed.bytes(), if detached { &[b"content"] } else { &[] });
            let seal = &verdict.seals[0];
            assert_eq!(verdict.verdict, Overall::Passed, "{kind:?}");
            assert_eq!(seal.level, level, "{kind:?}");
            assert_eq!(seal.timestamps.iter().filter(|stamp| stamp.intact).count(), 3, "{kind:?}");

            let mut changed = sealed.clone();
            changed.signers[0].unsigned.remove(0);
            let seal = &beside(&changed.bytes(), if detached { &[b"content"] } else { &[] }).seals[0];
            // The long form covers every attribute; an index only lists what there was, and what is gone proves nothing.
            let intact = seal.timestamps.iter().filter(|stamp| stamp.intact).count();
            assert_eq!(intact, if matches!(kind, Archive::V2 { .. }) { 0 } else { 2 }, "{kind:?}");
        }
    }
}

#[test]
fn detached_content_is_the_one_that_the_digest_names() {
    let mut sealed = sealed(b"the content");
    sealed.detached = true;
    let bytes = sealed.bytes();
    assert_eq!(sub_indication(&verify(&bytes)), Some("SIGNED_DATA_NOT_FOUND"));
    assert_eq!(beside(&bytes, &[b"the content"]).verdict, Overall::Passed);
    assert_eq!(sub_indication(&beside(&bytes, &[b"other content"])), Some("HASH_FAILURE"));
    assert_eq!(beside(&bytes, &[b"one", b"the content", b"two"]).verdict, Overall::Passed);
    assert_eq!(sub_indication(&beside(&bytes, &[b"one", b"two"])), Some("SIGNED_DATA_NOT_FOUND"));
    // What is in the signature is what is signed, whatever is given beside it.
    sealed.detached = false;
    assert_eq!(beside(&sealed.bytes(), &[b"other content"]).verdict, Overall::Passed);
    // A credential given beside its signature is read as one in it.
    let mut sealed = self::sealed(&credential(2));
    sealed.detached = true;
    assert!(beside(&sealed.bytes(), &[&credential(2)]).credential.is_some());
    assert!(verify(&sealed.bytes()).credential.is_none());
}

#[test]
fn the_encoding_changes_no_verdict() {
    let der = Sealed::at_level(demo(), &credential(3), Sealer::University, Level::Lt).bytes();
    let sealed = self::sealed(&credential(3)).bytes();
    let plain = verify(&der).to_json();
    let base64 = STANDARD.encode(&der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = |label: &str| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
    };
    for bytes in [pem("CMS"), pem("PKCS7"), base64.clone().into_bytes(), [&der[..], &[0; 9]].concat()] {
        assert_eq!(verify(&bytes).to_json(), plain);
    }
    // Certificates must be DER inside: of the rest any BER will do.
    assert_eq!(verify(&sealed).to_json(), verify(&loosen(&sealed)).to_json());
}

#[test]
fn counter_signatures_follow_what_they_counter() {
    let (pki, at) = (&demo().pki, demo().options.reference);
    let (one, other) = (pki.sealer(Sealer::Compact), pki.sealer(Sealer::CompactEc));
    let mut sealed = sealed(b"content");
    sealed.certificates.push(other.der.clone());
    let mut counter = Signer::sign(other, &sealed.signers[0].value, at, true);
    counter.counter_sign(one, at);
    sealed.signers[0].unsigned.push(seal::attribute(seal::COUNTERSIGNATURE, &[counter.info()]));
    sealed.signers.push(Signer::sign(other, b"content", at, false));
    let verdict = verify(&sealed.bytes());
    assert_eq!(verdict.verdict, Overall::Passed);
    let counters: Vec<bool> = verdict.seals.iter().map(|seal| seal.counter_signature).collect();
    assert_eq!(counters, [false, true, true, false]);

    // One made for another value counters nothing here.
    let mut strange = self::sealed(b"content");
    strange.certificates.push(other.der.clone());
    let counter = Signer::sign(other, b"another value", at, true);
    strange.signers[0].unsigned.push(seal::attribute(seal::COUNTERSIGNATURE, &[counter.info()]));
    let verdict = verify(&strange.bytes());
    assert_eq!((verdict.verdict, verdict.seals[1].sub_indication), (Overall::Failed, Some("HASH_FAILURE")));

    // Each counters the one before, deeper than is read.
    let mut deep = Signer::sign(one, b"x", at, true);
    for _ in 0..5 {
        let mut around = Signer::sign(one, b"y", at, true);
        around.unsigned.push(seal::attribute(seal::COUNTERSIGNATURE, &[deep.info()]));
        deep = around;
    }
    let mut sealed = self::sealed(b"content");
    sealed.signers[0].unsigned.push(seal::attribute(seal::COUNTERSIGNATURE, &[deep.info()]));
    assert_eq!(verify(&sealed.bytes()).verdict, Overall::Failed);
}

#[test]
fn what_is_broken_is_named() {
    let sealed = self::sealed(b"content");
    let alter = |change: &dyn Fn(&mut Sealed)| {
        let mut sealed = sealed.clone();
        change(&mut sealed);
        let verdict = verify(&sealed.bytes());
        (verdict.seals[0].sub_indication, verdict.seals[0].level.clone())
    };
    let named = |change: &dyn Fn(&mut Sealed)| alter(change).0;
    assert_eq!(named(&|_| {}), None);
    assert_eq!(named(&|sealed| sealed.content[0] ^= 1), Some("HASH_FAILURE"));
    assert_eq!(named(&|sealed| sealed.signers[0].value[9] ^= 1), Some("SIG_CRYPTO_FAILURE"));
    // A changed attribute that stays readable.
    let at = demo().options.reference.plus_seconds(-86_400);
    let earlier = seal::attribute(seal::SIGNING_TIME, &[crate::demo::der::x509_time(at)]);
    assert_eq!(named(&|sealed| sealed.signers[0].signed[0] = earlier.clone()), Some("SIG_CRYPTO_FAILURE"));
    // Rules of RFC 5652, 11, broken by the signer itself.
    for kind in [seal::MESSAGE_DIGEST, seal::SIGNING_TIME, seal::CONTENT_TYPE] {
        let twice = |sealed: &mut Sealed| {
            let signer = &mut sealed.signers[0];
            let oid = crate::demo::der::oid(kind);
            let found =
                signer.signed.iter().find(|one| one.windows(oid.len()).any(|w| w == oid)).unwrap().clone();
            signer.signed.push(found);
            signer.resign();
        };
        let (sub, level) = alter(&twice);
        let expected = if kind == seal::MESSAGE_DIGEST { "HASH_FAILURE" } else { "SIG_CRYPTO_FAILURE" };
        assert_eq!((sub, &*level), (Some(expected), "CMS-NOT-ETSI"), "{kind}");
    }
    // Without signed attributes the value is over the content itself.
    let bare = |content: &'static [u8]| {
        move |sealed: &mut Sealed| {
            sealed.signers[0].signed.clear();
            sealed.signers[0].value = sealed.signers[0].identity.key.sign(content);
        }
    };
    let plain = |change: &dyn Fn(&mut Sealed)| {
        let mut sealed = sealed.clone();
        change(&mut sealed);
        without_signed_attributes(&sealed)
    };
    assert_eq!(verify(&plain(&bare(b"content"))).seals[0].level, "CMS-NOT-ETSI");
    assert_eq!(verify(&plain(&bare(b"content"))).verdict, Overall::Indeterminate);
    assert_eq!(sub_indication(&verify(&plain(&bare(b"other")))), Some("SIG_CRYPTO_FAILURE"));
}

/// The bytes of a seal whose signer has no signed attributes: the field is left out, not empty.
fn without_signed_attributes(sealed: &Sealed) -> Vec<u8> {
    const EMPTY: [u8; 5] = [5, 0, 0xa0, 0, 0x30];
    let bytes = sealed.bytes();
    let at = bytes.windows(5).rposition(|window| window == EMPTY).unwrap();
    bytes_without(&bytes, at + 2, 2)
}

/// The same DER with an element taken out, the lengths around it mended.
fn bytes_without(bytes: &[u8], at: usize, count: usize) -> Vec<u8> {
    fn copy(bytes: &[u8], start: usize, at: usize, count: usize) -> Vec<u8> {
        let mut reader = sealgate::format::der::Reader::der(bytes);
        let mut out = Vec::new();
        while let Some(tlv) = reader.read().unwrap() {
            let from = start + tlv.position;
            if from == at {
                assert_eq!(tlv.raw.len(), count);
            } else if tlv.constructed && from < at && at < from + tlv.raw.len() {
                let header = tlv.raw.len() - tlv.content.len();
                out.extend(crate::demo::der::tlv(tlv.raw[0], &copy(tlv.content, from + header, at, count)));
            } else {
                out.extend_from_slice(tlv.raw);
            }
        }
        out
    }
    copy(bytes, 0, at, count)
}

#[test]
fn a_credential_in_a_signature_is_verified_on_its_own() {
    // Sealed itself: it has its own seals, and the signature around it another.
    let edc = demo().issue(&Order::compact(4));
    let verdict = verify(&sealed(&edc).bytes());
    assert_eq!((verdict.verdict, verdict.format), (Overall::Passed, Some("cades")));
    assert!(verdict.credential.is_none());
    let [inner] = verdict.contained.as_slice() else { panic!("{:#?}", verdict.contained) };
    assert_eq!((inner.format, inner.sealed_from_outside), (Some("jades"), false));
    assert!(inner.credential.is_some());
    // The seal within is broken: the whole fails, the seal around does not.
    let at = edc.len() - 9;
    let mut broken = edc.clone();
    broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
    let verdict = verify(&sealed(&broken).bytes());
    assert_eq!(verdict.verdict, Overall::Failed);
    assert_eq!(
        (verdict.seals[0].indication, verdict.contained[0].verdict),
        (Some("TOTAL-PASSED"), Overall::Failed)
    );
    // An unsealed ELM v2 one is sealed by the signature around it.
    let issued = demo().options.reference;
    let content = Content { index: 5, sealer: Sealer::University, issued, picture: Some(0) };
    let (xml, _) = elm_v2::credential(&content);
    let verdict = verify(&sealed(xml.as_bytes()).bytes());
    assert_eq!(verdict.verdict, Overall::Passed);
    assert_eq!(verdict.credential.unwrap().credential.model, sealgate::credential::Model::ElmV2);
    // Anything else is only signed.
    for content in [&b"text"[..], b"{\"a\"", b"<html><p>", b""] {
        let verdict = verify(&sealed(content).bytes());
        assert_eq!(verdict.verdict, Overall::Passed);
        assert!(verdict.credential.is_none() && verdict.contained.is_empty());
    }
}
