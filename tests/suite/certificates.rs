//! Every certificate of the real lists and of the NIST and interoperability vectors.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use sealgate::certificate::{
    BasicConstraints, Certificate, CertificateStore, KeyUsage, NotACertificate, QcType,
};
use sealgate::signature::Declared;
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm, KeyKind, Ledger, PublicKey, Verification};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !path.exists() {
        println!("skipped: {} is missing", path.display());
        return None;
    }
    Some(path)
}

/// The DER of every distinct X509Certificate element of the list of lists and the national ones, by a plain scan of the text.
fn of_lists() -> Option<BTreeSet<Vec<u8>>> {
    let mut certificates = BTreeSet::new();
    let folder = shared("trust-lists/2026-08")?;
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap();
    for entry in index.iter().filter(|entry| entry["role"] != "pivot") {
        let Some(file) = entry["file"].as_str() else { continue };
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for element in text.split("X509Certificate>").skip(1).step_by(2) {
            let (base64, _) = element.split_once("</").unwrap();
            let base64: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
            certificates.insert(STANDARD.decode(base64).unwrap());
        }
    }
    Some(certificates)
}

/// The table of `reference/crates.md`, section 1, counted by the code under test. There are two RSA keys of 1024
/// bits more than in it: old Austrian CA keys whose modulus lacks its leading zero.
#[test]
fn all_certificates_of_the_lists_are_read() {
    let Some(ders) = of_lists() else { return };
    assert_eq!(ders.len(), 3949);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: String| *counts.entry(what).or_default() += 1;
    for der in &ders {
        let certificate = Certificate::parse(der).unwrap_or_else(|why| panic!("{why:?}"));
        let Declared::Known(algorithm) = &certificate.signature_algorithm else {
            panic!("{:?}", certificate.signature_algorithm)
        };
        let digest = algorithm.digest.map_or("", DigestAlgorithm::name);
        match algorithm.salt_length {
            Some(salt) => count(format!("PSS {digest} salt {salt}")),
            None => count(format!("{:?} {digest}", algorithm.scheme)),
        }
        match &certificate.key.kind {
            KeyKind::Ec(curve) => count(curve.clone()),
            kind => count(format!("{kind:?} {}", certificate.key.bits)),
        }
        assert!(certificate.not_before < certificate.not_after);
        assert!(certificate.subject.common_name().is_some() || !certificate.subject.is_empty());
        for oid in &certificate.extensions.unreadable {
            count(format!("unreadable {oid}"));
        }
        for oid in &certificate.extensions.unknown_critical {
            count(format!("unknown critical {oid}"));
        }
    }
    let counts: Vec<(&str, usize)> = counts.iter().map(|(what, &count)| (what.as_str(), count)).collect();
    assert_eq!(
        counts,
        [
            ("EcdsaDer SHA-256", 53),
            ("EcdsaDer SHA-384", 145),
            ("EcdsaDer SHA-512", 39),
            ("P-256", 116),
            ("P-384", 131),
            ("P-521", 25),
            ("PSS SHA-256 salt 20", 2),
            ("PSS SHA-256 salt 32", 111),
            ("PSS SHA-512 salt 446", 2),
            ("PSS SHA-512 salt 64", 33),
            ("Rsa 1024", 82),
            ("Rsa 2047", 1),
            ("Rsa 2048", 2111),
            ("Rsa 3072", 322),
            ("Rsa 4096", 1144),
            ("Rsa 8192", 6),
            ("Rsa MD5", 3),
            ("Rsa SHA-1", 693),
            ("Rsa SHA-256", 2588),
            ("Rsa SHA-384", 49),
            ("Rsa SHA-512", 230),
            ("Rsa SHA3-256", 1),
            ("RsaPss 4096", 7),
            ("brainpoolP384r1", 4),
            ("unknown critical 2.5.29.16", 4),
            // Statements wrapped in a second SEQUENCE (a Hungarian TSA).
            ("unreadable 1.3.6.1.5.5.7.1.3", 3),
        ]
    );
}

/// What verification with every issuer came to, an issuer being whoever has the issuer's name and the key that the
/// certificate names; or itself, where it issued itself.
fn verified_with_issuers(certificates: &[Certificate]) -> Vec<(&Certificate, Verification)> {
    let crypto = Crypto::default();
    let mut by_subject: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
    for certificate in certificates {
        by_subject.entry(&certificate.subject.normal).or_default().push(certificate);
    }
    let mut verified = Vec::new();
    for certificate in certificates {
        let identifier = &certificate.extensions.authority_key_identifier;
        let mut keys: Vec<&PublicKey> = Vec::new();
        for issuer in by_subject.get(certificate.issuer.normal.as_slice()).into_iter().flatten() {
            let named = identifier.is_some() && *identifier == issuer.extensions.subject_key_identifier;
            let itself = identifier.is_none() && issuer.sha256 == certificate.sha256;
            if (named || itself) && !keys.iter().any(|key| key.identity() == issuer.key.identity()) {
                keys.push(&issuer.key);
            }
        }
        verified.extend(keys.iter().map(|key| (certificate, certificate.verify(&crypto, key))));
    }
    verified
}

fn count(things: impl IntoIterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    things.into_iter().for_each(|thing| *counts.entry(thing).or_default() += 1);
    counts.into_iter().collect()
}

fn scheme(certificate: &Certificate) -> String {
    match &certificate.signature_algorithm {
        Declared::Known(algorithm) => {
            let odd = matches!(algorithm.salt_length, Some(20 | 446));
            format!("{:?}{}", algorithm.scheme, if odd { ", odd salt" } else { "" })
        }
        Declared::Unknown(oid) => oid.clone(),
    }
}

#[test]
fn certificates_of_the_lists_verify_with_their_issuers() {
    let Some(ders) = of_lists() else { return };
    let certificates: Vec<_> = ders.iter().map(|der| Certificate::parse(der).unwrap()).collect();
    let counts =
        count(verified_with_issuers(&certificates).into_iter().map(|(certificate, verification)| {
            match verification {
                Verification::Valid => scheme(certificate),
                other => format!("{:?}: {other:?}", certificate.subject.common_name().unwrap_or_default()),
            }
        }));
    let counts: Vec<(&str, usize)> = counts.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    let md5 = "Unsupported(\"MD5 is not computed\")";
    assert_eq!(
        counts,
        [
            // One of the three of that name is broken in the French list: OpenSSL says so too.
            ("\"Equisign\": Invalid", 1),
            (&*format!("\"NetLock Expressz (Class C) Tanusitvanykiado\": {md5}"), 1),
            (&*format!("\"NetLock Kozjegyzoi (Class A) Tanusitvanykiado\": {md5}"), 1),
            (&*format!("\"NetLock Uzleti (Class B) Tanusitvanykiado\": {md5}"), 1),
            ("EcdsaDer", 68),
            ("Rsa", 2226),
            ("RsaPss", 128),
            ("RsaPss, odd salt", 4),
        ]
    );
}

#[test]
fn certificates_of_pkits_verify_but_for_those_that_must_not() {
    let Some(folder) = shared("vectors/pkits/certs") else { return };
    let mut certificates = Vec::new();
    let mut malformed = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match Certificate::parse(&std::fs::read(&path).unwrap()) {
            Ok(certificate) => certificates.push(certificate),
            Err(why) => malformed.push((path, why)),
        }
    }
    assert_eq!(malformed, []);
    let counts =
        count(verified_with_issuers(&certificates).into_iter().map(|(certificate, verification)| {
            match verification {
                Verification::Unsupported(_) => scheme(certificate),
                Verification::Valid => "valid".to_owned(),
                Verification::Invalid => certificate.subject.common_name().unwrap_or_default().to_owned(),
            }
        }));
    let expected = [("Bad Signed CA", 1), ("Dsa", 4), ("Invalid EE Signature Test3", 1), ("valid", 397)];
    assert_eq!(counts, expected.map(|(what, count)| (what.to_owned(), count)));
}

#[test]
fn certificates_of_other_corpora_are_read() {
    let mut paths = Vec::new();
    for folder in ["conformance/anchors", "vectors/xmldsig/merlin-xmldsig-twenty-three/certs"] {
        let Some(folder) = shared(folder) else { return };
        paths.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    // lugh.der is a bare key.
    paths.retain(|path| path.extension().is_some_and(|e| e == "der") && !path.ends_with("lugh.der"));
    let certificates: Vec<_> =
        paths.iter().map(|path| Certificate::parse(&std::fs::read(path).unwrap()).unwrap()).collect();
    let counts =
        count(verified_with_issuers(&certificates).into_iter().map(|(certificate, verification)| {
            match verification {
                Verification::Unsupported(_) => format!("{} unsupported", scheme(certificate)),
                other => format!("{} {other:?}", scheme(certificate)),
            }
        }));
    let expected = [
        ("Dsa unsupported", 7),
        ("EcdsaDer Valid", 5),
        ("Rsa Valid", 173),
        ("Rsa unsupported", 1),
        ("RsaPss Valid", 4),
    ];
    assert_eq!(counts, expected.map(|(what, count)| (what.to_owned(), count)));
}

/// Nothing that x509-limbo expects to pass may be refused here already.
#[test]
fn certificates_of_limbo_are_refused_only_where_the_case_fails() {
    let Some(path) = shared("vectors/limbo.json") else { return };
    let limbo: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut found = BTreeSet::new();
    for case in limbo["testcases"].as_array().unwrap() {
        let lists = ["trusted_certs", "untrusted_intermediates"];
        let others = lists.iter().flat_map(|list| case[list].as_array().unwrap());
        for pem in others.chain([&case["peer_certificate"]]) {
            let base64: String =
                pem.as_str().unwrap().lines().filter(|line| !line.starts_with('-')).collect();
            let what = match Certificate::parse(&STANDARD.decode(base64).unwrap()) {
                Err(NotACertificate(why)) => why,
                Ok(certificate) if certificate.extensions.unreadable.is_empty() => continue,
                Ok(certificate) => certificate.extensions.unreadable.join(" "),
            };
            assert_eq!(case["expected_result"], "FAILURE", "{}: {what}", case["id"]);
            found.insert((case["id"].as_str().unwrap(), what));
        }
    }
    let expected = [
        ("rfc5280::duplicate-extensions", "2.5.29.17"),
        ("rfc5280::eku::ee-eku-empty", "2.5.29.37"),
        ("rfc5280::mismatching-signature-algorithm", "signature and signatureAlgorithm differ"),
        ("rfc5280::san::malformed", "2.5.29.17"),
        ("webpki::malformed-aia", "1.3.6.1.5.5.7.1.1"),
        ("webpki::nc::intermediate-permitted-excluded-subtrees-both-null", "2.5.29.30"),
    ];
    assert_eq!(found, expected.map(|(id, what)| (id, what.to_owned())).into());
}

/// The seal of a sealed EDC: everything that qualification asks of a certificate, as OpenSSL prints it.
#[test]
fn the_certificate_of_a_qualified_seal_says_what_it_must() {
    let Some(path) = shared("credentials/edc-2026/edc-mc-signed.jsonld") else { return };
    let jws: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let protected = jws["protected"].as_str().or_else(|| jws["signatures"][0]["protected"].as_str()).unwrap();
    let header: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).unwrap()).unwrap();
    let der = STANDARD.decode(header["x5c"][0].as_str().unwrap()).unwrap();
    let certificate = Certificate::parse(&der).unwrap();
    assert_eq!(certificate.subject.organisation(), Some("VELOCERT OU"));
    assert_eq!(certificate.subject.organisation_identifier(), Some("NTREE-17207834"));
    assert_eq!(certificate.subject.country(), Some("EE"));
    assert_eq!(certificate.issuer.common_name(), Some("Halcom CA PO e-seal 2"));
    assert_eq!(certificate.serial, [0x15, 0x73, 0xee]);
    assert_eq!(certificate.not_before.to_string(), "2025-09-11T08:14:12Z");
    assert_eq!(certificate.not_after.to_string(), "2028-09-11T08:14:12Z");
    assert_eq!((&certificate.key.kind, certificate.key.bits), (&KeyKind::Rsa, 2048));
    let extensions = &certificate.extensions;
    assert_eq!(extensions.basic_constraints, Some(BasicConstraints { ca: false, path_length: None }));
    assert_eq!(extensions.key_usage, Some(KeyUsage(0b111)));
    assert_eq!(
        extensions.extended_key_usage.as_deref().unwrap(),
        ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"]
    );
    assert_eq!(hex::encode(extensions.authority_key_identifier.as_ref().unwrap()), "4735c8bc61e25d9e");
    assert_eq!(hex::encode(extensions.subject_key_identifier.as_ref().unwrap()), "4e5cd34087adac63");
    assert_eq!(extensions.policies, ["1.3.6.1.4.1.5939.5.4.3", "0.4.0.194112.1.1"]);
    assert_eq!(extensions.ca_issuers, ["http://domina.halcom.si/crls/Halcom_CA_PO_e-seal_2.cer"]);
    assert_eq!(extensions.ocsp_addresses, ["http://ocsp.halcom.si"]);
    assert_eq!(extensions.crl_addresses.len(), 2);
    assert_eq!(extensions.crl_addresses[1], "http://domina.halcom.si/crls/halcom_ca_po_e-seal_2.crl");
    let statements = &extensions.qc_statements;
    assert!(statements.compliance && !statements.sscd);
    assert_eq!((&statements.types[..], &statements.legislation[..]), (&[QcType::Eseal][..], &[][..]));
    assert_eq!(
        statements.statements,
        ["1.3.6.1.5.5.7.11.2", "0.4.0.1862.1.1", "0.4.0.1862.1.5", "0.4.0.1862.1.6"]
    );
    assert!(extensions.unknown_critical.is_empty() && extensions.unreadable.is_empty());
    assert!(!extensions.ocsp_no_check && !extensions.validity_assured_short_term);
}

#[test]
fn a_store_answers_as_without_one_whatever_its_size() {
    let Some(ders) = of_lists() else { return };
    let crypto = Crypto::default();
    let (large, small, none) =
        (CertificateStore::new(64 << 20), CertificateStore::new(100_000), CertificateStore::new(0));
    let ders: Vec<_> = ders.into_iter().take(200).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for der in &ders {
                    let expected = Certificate::parse(der).unwrap();
                    let verification = expected.verify(&crypto, &expected.key);
                    for store in [&large, &small, &none] {
                        for _ in 0..2 {
                            let certificate = store.certificate(der).unwrap();
                            assert_eq!(certificate.sha256, expected.sha256);
                            assert_eq!(store.verify(&crypto, &certificate, &expected.key), verification);
                        }
                    }
                }
            });
        }
    });
    for store in [&large, &small, &none] {
        assert!(store.certificate(&ders[0][1..]).is_err());
    }
}

/// Computed once: the second verification leaves nothing in the ledger, unless nothing is cached.
#[test]
fn a_store_computes_each_verification_once() {
    let Some(ders) = of_lists() else { return };
    let certificate =
        ders.iter().map(|der| Certificate::parse(der).unwrap()).find(Certificate::self_issued).unwrap();
    for (bytes, expected) in [(1 << 20, 1), (0, 3)] {
        let ledger = Arc::new(Ledger::default());
        let crypto = Crypto::recording(Arc::clone(&ledger));
        let store = CertificateStore::new(bytes);
        for _ in 0..3 {
            assert_eq!(store.verify(&crypto, &certificate, &certificate.key), Verification::Valid);
        }
        assert_eq!(ledger.take().len(), expected);
    }
}

/// One real certificate of each kind, mutated: whatever comes, it is read or refused, and what is read verifies or
/// not, in bounded time. A certificate whose signed part changed must not verify with the key that signed it.
#[test]
fn mutated_certificates_never_panic_and_never_verify() {
    let Some(ders) = of_lists() else { return };
    let mut kinds: HashMap<String, (Vec<u8>, Certificate)> = HashMap::new();
    for der in ders {
        let certificate = Certificate::parse(&der).unwrap();
        if certificate.self_issued() {
            kinds.insert(format!("{} {:?}", scheme(&certificate), certificate.key.kind), (der, certificate));
        }
    }
    let originals: Vec<_> = kinds.into_values().collect();
    assert!(originals.len() > 4);
    let crypto = Crypto::default();
    let mutations = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    proptest!(ProptestConfig::with_cases(3000), |(
        which: prop::sample::Index, mutations in mutations, cut: prop::sample::Index, whole: bool,
    )| {
        let (der, original) = which.get(&originals);
        let mut mutated = der.clone();
        for (position, octet) in &mutations {
            mutated[position.index(der.len())] = *octet;
        }
        if !whole {
            mutated.truncate(cut.index(der.len()));
        }
        if let Ok(certificate) = Certificate::parse(&mutated) {
            let _ = certificate.verify(&crypto, &certificate.key);
            let changed = mutated[certificate.tbs.clone()] != der[original.tbs.clone()];
            let verification = certificate.verify(&crypto, &original.key);
            prop_assert!(!changed || verification != Verification::Valid);
        }
    });
}
