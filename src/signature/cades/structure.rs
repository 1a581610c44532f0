//! Facts about a signer from which the level is named (EN 319 122-1, 6.3, and RFC 5652, 5.3 and 11).

use crate::catalogue::{Words, say};
use crate::format::cms::{Sid, SignedData, SignerInfo, oid};
use crate::format::der::{Reader, Tag, minimal_integer};
use crate::signature::algorithm::{DigestAlgorithm, Scheme};
use crate::signature::cms::Signer;
use crate::signature::{Declared, Signature, Structure};

/// Signed attributes of which BES allows one at most.
const AT_MOST_ONCE: [(&[u8], &str); 10] = [
    (oid::SIGNING_TIME, "signing-time"),
    (oid::COMMITMENT_TYPE, "commitment-type-indication"),
    (oid::CONTENT_HINTS, "content-hints"),
    (oid::CONTENT_IDENTIFIER, "content-identifier"),
    (oid::CONTENT_REFERENCE, "content-reference"),
    (oid::MIME_TYPE, "mime-type"),
    (oid::SIGNATURE_POLICY, "signature-policy-identifier"),
    (oid::SIGNER_ATTRIBUTES, "signer-attributes"),
    (oid::SIGNER_ATTRIBUTES_V2, "signer-attributes-v2"),
    (oid::SIGNER_LOCATION, "signer-location"),
];

/// Unsigned attributes that no baseline LT may have.
const EXCLUDED_FROM_LT: [(&[u8], &str); 6] = [
    (oid::CERTIFICATE_REFERENCES, "complete-certificate-references"),
    (oid::REVOCATION_REFERENCES, "complete-revocation-references"),
    (oid::ATTRIBUTE_CERTIFICATE_REFERENCES, "attribute-certificate-references"),
    (oid::ATTRIBUTE_REVOCATION_REFERENCES, "attribute-revocation-references"),
    (oid::CERTIFICATE_VALUES, "certificate-values"),
    (oid::REVOCATION_VALUES, "revocation-values"),
];

/// The facts that signed attributes and the SignedData tell; those on time-stamps come with these.
pub(super) fn facts(
    info: &SignerInfo<'_>,
    signer: &Signer,
    cms: &SignedData<'_>,
    counters: bool,
) -> Structure {
    let unsigned = |oid: &[u8]| info.unsigned(oid).count();
    let excluded = EXCLUDED_FROM_LT.iter().filter(|(oid, _)| unsigned(oid) > 0);
    let not_bes = not_bes(info, signer, counters);
    let not_baseline_b = [not_bes.clone(), beyond_bes(info, signer, cms, counters)].concat();
    // A record in one signer covers the whole SignedData. An internal and an external one together are neither (RFC 4998,
    // appendix A).
    let records = [oid::INTERNAL_EVIDENCE_RECORD, oid::EXTERNAL_EVIDENCE_RECORD]
        .map(|oid| cms.signers.iter().any(|signer| signer.unsigned(oid).next().is_some()));
    Structure {
        value_failures: value_failures(info, signer, cms, counters),
        schema_warnings: other_digest(signer).into_iter().collect(),
        not_bes,
        not_baseline_b,
        excluded_from_lt: excluded.map(|(_, name)| (*name).to_owned()).collect(),
        complete_references: unsigned(oid::CERTIFICATE_REFERENCES) == 1
            && unsigned(oid::REVOCATION_REFERENCES) == 1,
        validation_data_containers: cms.revocation.is_some()
            || unsigned(oid::CERTIFICATE_VALUES) > 0
            || unsigned(oid::REVOCATION_VALUES) > 0,
        signing_time_attribute: info.signed(oid::SIGNING_TIME).count() == 1,
        evidence_record: records == [true, false] || records == [false, true],
        ..Structure::default()
    }
}

/// Outside of a PDF, baseline B has the signing time as an attribute (EN 319 122-1, 6.3).
pub(super) fn require_signing_time(signature: &mut Signature<'_>) {
    if !signature.structure.signing_time_attribute {
        signature.structure.not_baseline_b.push("not exactly one signing-time".to_owned());
    }
}

/// RFC 5652, 5.3 and 11: with a broken rule the value proves nothing.
fn value_failures(
    info: &SignerInfo<'_>,
    signer: &Signer,
    cms: &SignedData<'_>,
    counters: bool,
) -> Vec<Words> {
    let mut failures = signer.failures.iter().cloned().map(Words::from).collect::<Vec<_>>();
    let content_type = cms.content_type.to_string();
    match &signer.content_type {
        _ if counters => {}
        Some(signed) if *signed != content_type => {
            let why = say("detail.cms-content-type").with("expected", content_type);
            failures.push(why.with("signed", signed));
        }
        None if info.signed_attributes.is_some() && info.signed(oid::CONTENT_TYPE).next().is_none() => {
            failures.push(say("detail.cms-no-content-type"));
        }
        Some(_) | None => {}
    }
    failures
}

/// With Ed25519 goes SHA-512 (RFC 8419, 2.3); signers that take another one are about, and the value holds all the same.
fn other_digest(signer: &Signer) -> Option<Words> {
    let algorithm = signer.signature_algorithm.known()?;
    let digest = signer.digest_algorithm.known()?;
    let other = algorithm.scheme == Scheme::EdDsa && *digest != DigestAlgorithm::Sha512;
    other.then(|| say("detail.cms-digest").with("digest", digest.name()))
}

/// What BES asks.
fn not_bes(info: &SignerInfo<'_>, signer: &Signer, counters: bool) -> Vec<String> {
    let mut missing = Vec::new();
    let count = |oid| info.signed(oid).count();
    match count(oid::CONTENT_TYPE) {
        1 => {}
        0 if counters => {}
        other => missing.push(format!("{other} content-type attributes instead of one")),
    }
    match count(oid::MESSAGE_DIGEST) {
        1 => {}
        other => missing.push(format!("{other} message-digest attributes instead of one")),
    }
    match signer.signing_certificate_attributes {
        1 => {}
        other => missing.push(format!("{other} signing-certificate attributes instead of one")),
    }
    if info.signed(oid::SIGNING_CERTIFICATE_V2).next().is_some()
        && signer
            .signing_certificates
            .first()
            .is_some_and(|reference| reference.digest_algorithm == Declared::Known(DigestAlgorithm::Sha1))
    {
        missing.push("signing-certificate-v2 with SHA-1, for which the first version is".to_owned());
    }
    let several = AT_MOST_ONCE.iter().map(|(oid, name)| (count(oid), name)).filter(|(count, _)| *count > 1);
    missing.extend(several.map(|(count, name)| format!("{name} {count} times")));
    missing
}

/// What baseline B asks beyond BES, both outside and inside of a PDF.
fn beyond_bes(info: &SignerInfo<'_>, signer: &Signer, cms: &SignedData<'_>, counters: bool) -> Vec<String> {
    let mut missing = Vec::new();
    if !holds_signer(info, cms) {
        missing.push("the signing certificate is not among the certificates".to_owned());
    }
    if !counters && cms.content_type != oid::DATA {
        missing.push(format!("content type {} instead of id-data", cms.content_type));
    }
    let policy_has_digest = || {
        let policies = super::attributes::read(info, signer.signing_time).policy;
        matches!(policies, Some(crate::signature::SignaturePolicy::Identified { digest: Some(_), .. }))
    };
    if info.unsigned(oid::SIGNATURE_POLICY_STORE).next().is_some() && !policy_has_digest() {
        missing.push("signature-policy-store, but no policy digest is signed".to_owned());
    }
    missing
}

/// Whether the certificates field holds the one that the signer identifier names.
fn holds_signer(info: &SignerInfo<'_>, cms: &SignedData<'_>) -> bool {
    let mut certificates = cms.certificates.iter().flat_map(|field| &field.x509);
    match &info.sid {
        Sid::IssuerAndSerialNumber(issuer, serial) => certificates.any(|certificate| {
            issuer_and_serial(&certificate.der)
                .is_some_and(|found| found == (&**issuer, minimal_integer(serial)))
        }),
        // An identifier that is no part of the certificate's fields: the octets stand in its extension.
        Sid::SubjectKeyIdentifier(identifier) => certificates.any(|certificate| {
            !identifier.is_empty() && memchr::memmem::find(&certificate.der, identifier).is_some()
        }),
    }
}

/// Issuer and serial number of a certificate (RFC 5280, 4.1).
fn issuer_and_serial(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields =
        Reader::ber(certificate).sequence("Certificate").ok()?.sequence("TBSCertificate").ok()?;
    fields.optional(Tag::context(0)).ok()?;
    let serial = fields.expect(Tag::INTEGER, "serialNumber").ok()?.integer().ok()?;
    fields.any("signature").ok()?;
    Some((fields.any("issuer").ok()?.raw, minimal_integer(serial)))
}
