//! Every certificate of the real lists and of the NIST and interoperability vectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::certificate::{Certificate, CertificateStore, QcType};
use sealgate::signature::Declared;
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm, KeyKind, Ledger, Scheme, Verification};
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

/// Each certificate whose issuer, by name, stands in the lists verifies with one of the keys of that name, unless
/// its issuer's certificate there is another generation.
#[test]
fn certificates_of_the_lists_verify_with_their_issuers() {
    let Some(ders) = of_lists() else { return };
    let crypto = Crypto::default();
    let store = CertificateStore::new(64 << 20);
    let certificates: Vec<_> = ders.iter().map(|der| store.certificate(der).unwrap()).collect();
    let mut by_subject: HashMap<&[u8], Vec<&Arc<Certificate>>> = HashMap::new();
    for certificate in &certificates {
        by_subject.entry(&certificate.subject.normal).or_default().push(certificate);
    }
    let (mut self_signed, mut issued, mut brainpool, mut odd_salts) = (0, 0, 0, 0);
    for certificate in &certificates {
        let Some(issuers) = by_subject.get(certificate.issuer.normal.as_slice()) else { continue };
        let verified = issuers
            .iter()
            .any(|issuer| store.verify(&crypto, certificate, &issuer.key) == Verification::Valid);
        let Declared::Known(algorithm) = &certificate.signature_algorithm else { unreachable!() };
        if certificate.self_issued() {
            // The three roots of NetLock signed with MD5 are not computed.
            assert!(verified || algorithm.digest == Some(DigestAlgorithm::Md5), "{:?}", certificate.subject);
            self_signed += usize::from(verified);
        }
        issued += usize::from(verified && !certificate.self_issued());
        if verified {
            brainpool +=
                usize::from(issuers.iter().any(|i| i.key.kind == KeyKind::Ec("brainpoolP384r1".into())));
            odd_salts += usize::from(matches!(algorithm.salt_length, Some(20 | 446)));
        }
    }
    println!("{self_signed} self-signed, {issued} issued, {brainpool} brainpool, {odd_salts} odd salts");
    assert_eq!((self_signed, issued, brainpool, odd_salts), (0, 0, 0, 0));
}
