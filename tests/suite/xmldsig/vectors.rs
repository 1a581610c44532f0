//! The W3C, Merlin and xmlsec vectors: each verifies, or stands in the table with the reason.

use super::{intact, verify, with_signatures};
use crate::xml::shared;
use base64::Engine as _;
use sealgate::signature::Detached;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What does not verify: parts of the reasons why the value, and why a reference, does not; empty if it does.
const REFUSED: &[(&str, &str, &str)] = &[
    ("aleksey-xmldsig-01/enveloped-ecdsa-java-bug.xml", "value invalid", ""),
    (
        "aleksey-xmldsig-01/enveloped-gost2001.xml",
        "#gostr34102001-gostr3411",
        "digest algorithm http://www.w3.org/2001/04/xmldsig-more#gostr3411",
    ),
    ("aleksey-xmldsig-01/enveloped-gost2012-256.xml", "gostr34112012-256", "gostr34112012-256"),
    ("aleksey-xmldsig-01/enveloped-gost2012-512.xml", "gostr34112012-512", "gostr34112012-512"),
    ("aleksey-xmldsig-01/enveloped-ripemd160-ecdsa-ripemd160.xml", "no key", "digest algorithm RIPEMD-160"),
    ("aleksey-xmldsig-01/enveloped-sha1-dsa-sha1.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha1-ecdsa-sha1.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha1-rsa-sha1.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha224-ecdsa-sha224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha224-rsa-pss-sha224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-ecdsa-sha256-with-asn1.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-ecdsa-sha256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed25519.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed25519ctx-with-context-string.xml", "#eddsa-ed25519ctx", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed25519ph-with-context-string.xml", "#eddsa-ed25519ph", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed25519ph.xml", "#eddsa-ed25519ph", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed448.xml", "#eddsa-ed448", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed448ph-with-context-string.xml", "#eddsa-ed448ph", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-eddsa-ed448ph.xml", "#eddsa-ed448ph", ""),
    ("aleksey-xmldsig-01/enveloped-sha256-rsa-pss-sha256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha384-ecdsa-sha384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha384-rsa-pss-sha384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_224-ecdsa-sha3_224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_224-rsa-pss-sha3_224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_256-ecdsa-sha3_256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_256-rsa-pss-sha3_256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_384-ecdsa-sha3_384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_384-rsa-pss-sha3_384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_512-ecdsa-sha3_512.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha3_512-rsa-pss-sha3_512.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-ecdsa-sha512.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa44-with-context-string.xml", "#ml-dsa-44", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa44.xml", "#ml-dsa-44", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa65-with-context-string.xml", "#ml-dsa-65", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa65.xml", "#ml-dsa-65", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa87-with-context-string.xml", "#ml-dsa-87", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-mldsa87.xml", "#ml-dsa-87", ""),
    ("aleksey-xmldsig-01/enveloped-sha512-rsa-pss-sha512.xml", "no key", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-128f-with-context-string.xml",
        "#slh-dsa-sha2-128f",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-128f.xml", "#slh-dsa-sha2-128f", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-128s-with-context-string.xml",
        "#slh-dsa-sha2-128s",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-128s.xml", "#slh-dsa-sha2-128s", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-192f-with-context-string.xml",
        "#slh-dsa-sha2-192f",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-192f.xml", "#slh-dsa-sha2-192f", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-192s-with-context-string.xml",
        "#slh-dsa-sha2-192s",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-192s.xml", "#slh-dsa-sha2-192s", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-256f-with-context-string.xml",
        "#slh-dsa-sha2-256f",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-256f.xml", "#slh-dsa-sha2-256f", ""),
    (
        "aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-256s-with-context-string.xml",
        "#slh-dsa-sha2-256s",
        "",
    ),
    ("aleksey-xmldsig-01/enveloped-sha512-slhdsa-sha2-256s.xml", "#slh-dsa-sha2-256s", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha1.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha3_224.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha3_256.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha3_384.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha3_512.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-digest-sha512.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-issuerserial.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-ski.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloped-x509-subjectname.xml", "no key", ""),
    ("aleksey-xmldsig-01/enveloping-dsa-x509chain.xml", "DSA is not verified", ""),
    ("aleksey-xmldsig-01/enveloping-md5-hmac-md5-64.xml", "#hmac-md5", "digest algorithm MD5"),
    ("aleksey-xmldsig-01/enveloping-md5-hmac-md5.xml", "#hmac-md5", "digest algorithm MD5"),
    ("aleksey-xmldsig-01/enveloping-md5-rsa-md5.xml", "MD5 is not computed", "digest algorithm MD5"),
    (
        "aleksey-xmldsig-01/enveloping-ripemd160-hmac-ripemd160-64.xml",
        "#hmac-ripemd160",
        "digest algorithm RIPEMD-160",
    ),
    (
        "aleksey-xmldsig-01/enveloping-ripemd160-hmac-ripemd160.xml",
        "#hmac-ripemd160",
        "digest algorithm RIPEMD-160",
    ),
    (
        "aleksey-xmldsig-01/enveloping-ripemd160-rsa-ripemd160.xml",
        "RIPEMD-160 is not computed",
        "digest algorithm RIPEMD-160",
    ),
    ("aleksey-xmldsig-01/enveloping-sha1-dsa1024-der-encoded-key-value.xml", "DSA is not verified", ""),
    ("aleksey-xmldsig-01/enveloping-sha1-hmac-sha1-64.xml", "#hmac-sha1", ""),
    ("aleksey-xmldsig-01/enveloping-sha1-hmac-sha1.xml", "#hmac-sha1", ""),
    ("aleksey-xmldsig-01/enveloping-sha224-hmac-sha224-64.xml", "#hmac-sha224", ""),
    ("aleksey-xmldsig-01/enveloping-sha224-hmac-sha224.xml", "#hmac-sha224", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-dsa2048-der-encoded-key-value.xml", "DSA is not verified", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-dsa2048-sha256.xml", "DSA is not verified", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-dsa3072-sha256.xml", "DSA is not verified", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-ecdsa-sha256_padded.xml", "value invalid", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-eddsa-ed448-der-encoded-key-value.xml", "#eddsa-ed448", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-64.xml", "#hmac-sha256", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-1024.xml", "#hmac-sha256", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-512.xml", "#hmac-sha256", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-768.xml", "#hmac-sha256", ""),
    ("aleksey-xmldsig-01/enveloping-sha256-hmac-sha256.xml", "#hmac-sha256", ""),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-attr-escape.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-foreign.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-ns-legacy.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-ns.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-whitespace-legacy.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship-whitespace.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    (
        "aleksey-xmldsig-01/enveloping-sha256-rsa-sha256-relationship.xml",
        "",
        "transform http://schemas.openxmlformats.org/package/2006/RelationshipTransform",
    ),
    ("aleksey-xmldsig-01/enveloping-sha384-hmac-sha384-64.xml", "#hmac-sha384", ""),
    ("aleksey-xmldsig-01/enveloping-sha384-hmac-sha384.xml", "#hmac-sha384", ""),
    ("aleksey-xmldsig-01/enveloping-sha512-ecdsa-sha512-with-asn1.xml", "value invalid", ""),
    ("aleksey-xmldsig-01/enveloping-sha512-hmac-sha512-64.xml", "#hmac-sha512", ""),
    ("aleksey-xmldsig-01/enveloping-sha512-hmac-sha512.xml", "#hmac-sha512", ""),
    ("aleksey-xmldsig-01/relationship/attr-escape-input.xml", "no signature", "no signature"),
    ("aleksey-xmldsig-01/relationship/foreign-input.xml", "no signature", "no signature"),
    ("aleksey-xmldsig-01/relationship/ns-input.xml", "no signature", "no signature"),
    ("aleksey-xmldsig-01/relationship/whitespace-input.xml", "no signature", "no signature"),
    ("aleksey-xmldsig-01/relationship/xml-base-input.xml", "no signature", "no signature"),
    ("aleksey-xmldsig-01/signature-two-keynames.xml", "no key", "NotFound"),
    ("aleksey-xmldsig-01/x509data-sn-test.xml", "no key", ""),
    ("aleksey-xmldsig-01/xpointer-hmac.xml", "DOCTYPE", "DOCTYPE"),
    ("merlin-c14n-three/signature.xml", "DSA is not verified", ""),
    ("merlin-exc-c14n-one/exc-signature.xml", "no key", ""),
    ("merlin-xmldsig-twenty-three/signature-enveloped-dsa.xml", "DSA is not verified", ""),
    ("merlin-xmldsig-twenty-three/signature-enveloping-b64-dsa.xml", "DSA is not verified", ""),
    ("merlin-xmldsig-twenty-three/signature-enveloping-dsa.xml", "DSA is not verified", ""),
    ("merlin-xmldsig-twenty-three/signature-enveloping-hmac-sha1-40.xml", "#hmac-sha1", ""),
    ("merlin-xmldsig-twenty-three/signature-enveloping-hmac-sha1.xml", "#hmac-sha1", ""),
    ("merlin-xmldsig-twenty-three/signature-external-b64-dsa.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-external-dsa.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-keyname.xml", "DSA is not verified", "NotFound"),
    (
        "merlin-xmldsig-twenty-three/signature-retrievalmethod-rawx509crt.xml",
        "DSA is not verified",
        "NotFound",
    ),
    ("merlin-xmldsig-twenty-three/signature-x509-crt-crl.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-x509-crt.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-x509-is.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-x509-ski.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature-x509-sn.xml", "DSA is not verified", "NotFound"),
    ("merlin-xmldsig-twenty-three/signature.xml", "DOCTYPE", "DOCTYPE"),
    ("xmldsig2ed-tests/c14n11/xml-base-input.xml", "no signature", "no signature"),
    ("xmldsig2ed-tests/defCan-1.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/defCan-2.xml", "#hmac-sha1", "transform http://www.w3.org/TR/1999/REC-xslt-19991116"),
    ("xmldsig2ed-tests/defCan-3.xml", "#hmac-sha1", "transform http://www.w3.org/TR/1999/REC-xslt-19991116"),
    ("xmldsig2ed-tests/xpointer-1-SUN.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/xpointer-2-SUN.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/xpointer-3-SUN.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/xpointer-4-SUN.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/xpointer-5-SUN.xml", "#hmac-sha1", ""),
    ("xmldsig2ed-tests/xpointer-6-SUN.xml", "#hmac-sha1", ""),
];

#[test]
fn every_vector_verifies_or_is_refused_for_a_known_reason() {
    let Some(root) = shared("vectors/xmldsig") else { return };
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut expected: BTreeMap<&str, (&str, &str)> =
        REFUSED.iter().map(|row| (row.0, (row.1, row.2))).collect();
    let mut wrong = Vec::new();
    let (mut values, mut references) = (0, 0);
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "xml")) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(path).unwrap();
        let (value, reference) = with_signatures(&bytes, &detached(path), |crypto, signatures| {
            if signatures.is_empty() {
                return (Err("no signature".to_owned()), Err("no signature".to_owned()));
            }
            let certificates = certificates(&files, path.parent().unwrap());
            let value = signatures.iter().try_for_each(|signature| verify(crypto, signature, &certificates));
            (value, signatures.iter().try_for_each(|signature| intact(&signature.references)))
        })
        .unwrap_or_else(|why| (Err(why.clone()), Err(why)));
        values += usize::from(value.is_ok());
        references += usize::from(reference.is_ok());
        let reasons = expected.remove(name.as_str()).unwrap_or_default();
        if !(is(&value, reasons.0) && is(&reference, reasons.1)) {
            let (value, reference) = (value.err().unwrap_or_default(), reference.err().unwrap_or_default());
            wrong.push(format!("    ({name:?}, {value:?}, {reference:?}),"));
        }
    }
    println!("{values} values verify, {references} times all references are intact");
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
    assert!(expected.is_empty(), "not among the vectors: {expected:?}");
}

fn is(outcome: &Result<(), String>, reason: &str) -> bool {
    match outcome {
        Ok(()) => reason.is_empty(),
        Err(why) => !reason.is_empty() && why.contains(reason),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// The certificates beside a vector, for signatures that only name theirs.
fn certificates(files: &[PathBuf], folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for path in files.iter().filter(|path| path.starts_with(folder)) {
        let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { continue };
        let bytes = fs::read(path).unwrap();
        match extension {
            "der" => found.push(bytes),
            "pem" => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let body: String = text
                    .lines()
                    .skip_while(|line| !line.starts_with("-----BEGIN CERTIFICATE"))
                    .skip(1)
                    .take_while(|line| !line.starts_with("-----END"))
                    .collect();
                found.extend(base64::engine::general_purpose::STANDARD.decode(body.trim()).ok());
            }
            _ => {}
        }
    }
    found
}

/// The inputs that a vector may name, by the path that it uses.
fn detached(vector: &Path) -> Vec<Detached> {
    let folder = vector.parent().unwrap();
    let mut inputs = Vec::new();
    for inner in ["c14n11", "relationship"] {
        let Ok(entries) = fs::read_dir(folder.join(inner)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = format!("{inner}/{}", path.file_name().unwrap().to_str().unwrap());
            inputs.push(Detached { name, bytes: fs::read(path).unwrap().into() });
        }
    }
    inputs
}
