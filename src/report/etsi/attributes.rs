//! SignatureAttributes (TS 119 102-2, 4.3.6 and annex A): what the signature says of itself.

use super::base64;
use super::objects::Objects;
use super::urn;
use super::xml::Xml;
use crate::report::evidence::{Embedded, Evidence};
use crate::signature::{RevocationKind, SignaturePolicy, Source};

const SIGNED: &[(&str, &str)] = &[("Signed", "true")];
const UNSIGNED: &[(&str, &str)] = &[("Signed", "false")];

/// Writes the element, where there is any attribute.
pub(super) fn write<'v>(
    xml: &mut Xml,
    evidence: &'v Evidence,
    counter_signatures: impl Iterator<Item = &'v Evidence>,
    objects: &mut Objects<'v>,
) {
    let mut inner = xml.part();
    signed(&mut inner, evidence, objects);
    for stamped in &evidence.timestamps {
        let Some(generated) = stamped.verdict.generated else { continue };
        let (name, is_signed) = urn::timestamp_attribute(stamped.verdict.kind);
        let token = objects.timestamp(stamped, evidence);
        inner.element(name, if is_signed { SIGNED } else { UNSIGNED }, |xml| {
            xml.empty("AttributeObject", &[("VOReference", &token)]);
            xml.leaf("TimeStampValue", &generated.to_string());
        });
    }
    for counter in counter_signatures {
        let Some(digest) = &counter.signed else { continue };
        inner.element("CounterSignature", UNSIGNED, |xml| {
            xml.within("CounterSignature", |xml| {
                xml.leaf("DigestMethod", digest.algorithm.uri());
                xml.leaf("DigestValue", &base64(&digest.value));
            });
        });
    }
    values(&mut inner, evidence, objects);
    if !inner.is_empty() {
        xml.within("SignatureAttributes", |xml| xml.append(inner));
    }
}

fn signed(xml: &mut Xml, evidence: &Evidence, objects: &mut Objects<'_>) {
    let attributes = &evidence.attributes;
    if let Some(time) = attributes.signing_time {
        xml.element("SigningTime", SIGNED, |xml| xml.leaf("Time", &time.to_string()));
    }
    let references = evidence.certificate_references.iter().filter_map(|reference| {
        let algorithm = reference.digest_algorithm.known()?;
        Some((reference, algorithm))
    });
    let references: Vec<_> = references.collect();
    if !references.is_empty() {
        xml.element("SigningCertificate", SIGNED, |xml| {
            if let Some(signer) = &evidence.signer {
                xml.empty("AttributeObject", &[("VOReference", &objects.certificate(signer))]);
            }
            for (reference, algorithm) in references {
                xml.within("CertID", |xml| {
                    if let Some(serial) = &reference.issuer_serial {
                        xml.leaf("X509IssuerSerial", &base64(serial));
                    }
                    xml.empty("ds:DigestMethod", &[("Algorithm", algorithm.uri())]);
                    xml.leaf("ds:DigestValue", &base64(&reference.digest));
                });
            }
        });
    }
    if let Some(media_type) = &attributes.media_type {
        xml.element("DataObjectFormat", SIGNED, |xml| xml.leaf("MimeType", media_type));
    }
    for commitment in &attributes.commitments {
        xml.element("CommitmentTypeIndication", SIGNED, |xml| {
            xml.leaf("CommitmentTypeIdentifier", &uri(commitment));
        });
    }
    if let Some(SignaturePolicy::Identified { id, .. }) = &attributes.policy {
        xml.element("SigPolicyIdentifier", SIGNED, |xml| xml.leaf("SigPolicyId", &uri(id)));
    }
    if let Some(place) = &attributes.production_place {
        xml.element("SignatureProductionPlace", SIGNED, |xml| xml.leaf("AddressString", place));
    }
    if !attributes.claimed_roles.is_empty() {
        xml.element("SignerRole", SIGNED, |xml| {
            for role in &attributes.claimed_roles {
                xml.within("RoleDetails", |xml| {
                    xml.leaf("Role", role);
                    xml.leaf("EndorsementType", "claimed");
                });
            }
        });
    }
}

/// Where validation material stands in the signature: of a PDF in DSS and VRI, else in properties of their own.
fn values(xml: &mut Xml, evidence: &Evidence, objects: &mut Objects<'_>) {
    for (name, source) in
        [("CertificateValues", Source::Values), ("AttrAuthoritiesCertValues", Source::AttributeValues)]
    {
        let ids: Vec<String> =
            certificates(evidence, source).map(|one| objects.certificate_digest(one)).collect();
        references(xml, name, &ids);
    }
    for (name, source) in
        [("RevocationValues", Source::Values), ("AttributeRevocationValues", Source::AttributeValues)]
    {
        let ids: Vec<String> =
            revocation(evidence, source).map(|(kind, one)| objects.revocation(kind, one)).collect();
        references(xml, name, &ids);
    }
    let of_timestamps = Source::TimestampValidationData;
    let certificate_ids = certificates(evidence, of_timestamps).map(|one| objects.certificate_digest(one));
    let mut ids: Vec<String> = certificate_ids.collect();
    ids.extend(revocation(evidence, of_timestamps).map(|(kind, one)| objects.revocation(kind, one)));
    references(xml, "TimeStampValidationData", &ids);
    for (name, source) in [("DSS", Source::Dss), ("VRI", Source::Vri)] {
        let certs: Vec<String> =
            certificates(evidence, source).map(|one| objects.certificate_digest(one)).collect();
        let mut ids = |wanted: RevocationKind| -> Vec<String> {
            let of_kind = revocation(evidence, source).filter(|(kind, _)| *kind == wanted);
            of_kind.map(|(kind, one)| objects.revocation(kind, one)).collect()
        };
        let lists =
            [("Certs", certs), ("CRLs", ids(RevocationKind::Crl)), ("OCSPs", ids(RevocationKind::Ocsp))];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            continue;
        }
        xml.element(name, UNSIGNED, |xml| {
            for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
                xml.empty(name, &[("VOReference", &joined(list))]);
            }
        });
    }
}

fn certificates(evidence: &Evidence, source: Source) -> impl Iterator<Item = [u8; 32]> {
    evidence.certificates.iter().filter(move |one| one.source == source).map(|one| one.sha256)
}

fn revocation(evidence: &Evidence, source: Source) -> impl Iterator<Item = (RevocationKind, [u8; 32])> {
    let of_source = move |(_, one): &&(RevocationKind, Embedded)| one.source == source;
    evidence.revocation.iter().filter(of_source).map(|(kind, one)| (*kind, one.sha256))
}

fn references(xml: &mut Xml, name: &str, ids: &[String]) {
    if !ids.is_empty() {
        xml.element(name, UNSIGNED, |xml| {
            xml.empty("AttributeObject", &[("VOReference", &joined(ids))]);
        });
    }
}

/// Each once, in their order: IDREFS.
fn joined(ids: &[String]) -> String {
    let mut seen = std::collections::HashSet::new();
    let once: Vec<&str> = ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect();
    once.join(" ")
}

/// An identifier that a signature states: as it stands where anybody takes it for a URI, else within one.
fn uri(text: &str) -> String {
    let text = text.trim();
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~/:".contains(&octet);
    let rest = ["http://", "https://", "urn:"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let simple = rest.is_some_and(|rest| {
        let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let host = path.split('/').next().unwrap_or_default();
        let authority = text.starts_with("urn:") || (!host.is_empty() && !host.contains(':'));
        authority && path.bytes().chain(fragment.bytes()).all(plain)
    });
    if simple {
        return text.to_owned();
    }
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("urn:sealgate:identifier:{}", encoded.replace('+', "%20"))
}
