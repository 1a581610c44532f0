//! Facts about the structure from which the level is named (EN 319 132-1, 6 and annex; recorded rules).

use super::properties::{Properties, digest, name, named};
use super::references::References;
use crate::catalogue::{Words, say};
use crate::signature::xmldsig::{self, AMBIGUOUS, DS, Node, ReferenceElement, SignatureElement};
use crate::signature::{ReferenceKind, Structure};

/// All the facts.
pub(super) fn facts(
    signature: &SignatureElement<'_>,
    properties: &Properties<'_>,
    references: &References<'_>,
    signer_in_key_info: bool,
) -> Structure {
    let not_bes = not_bes(properties, references);
    let mut not_baseline_b = not_bes.clone();
    not_baseline_b.extend(beyond_bes(signature, properties, references, signer_in_key_info));
    let has = |wanted| properties.unsigned(wanted).next().is_some();
    let several_tokens = properties
        .unsigned("SignatureTimeStamp")
        .filter(|timestamp| named(*timestamp, "EncapsulatedTimeStamp").count() != 1)
        .map(|_| "a SignatureTimeStamp has not exactly one token".to_owned());
    Structure {
        format_failures: format_failures(references),
        schema_warnings: schema_warnings(signature, properties),
        not_bes,
        not_baseline_b,
        excluded_from_lt: excluded_from_lt(properties),
        complete_references: (has("CompleteCertificateRefs") || has("CompleteCertificateRefsV2"))
            && has("CompleteRevocationRefs"),
        validation_data_containers: ["CertificateValues", "RevocationValues", "TimeStampValidationData"]
            .into_iter()
            .any(has),
        evidence_record: has("SealingEvidenceRecords"),
        core_references_valid: references.core_valid,
        not_baseline_t: several_tokens.collect(),
        ..Structure::default()
    }
}

/// An Id that several elements carry leaves open what was signed.
fn format_failures(references: &References<'_>) -> Vec<Words> {
    let all = references.elements.iter().chain(&references.entries);
    let ambiguous = all.filter_map(|reference| reference.target.as_ref().err());
    ambiguous.filter(|why| matches!(why, Words::Text(AMBIGUOUS, _))).cloned().collect()
}

fn schema_warnings(signature: &SignatureElement<'_>, properties: &Properties<'_>) -> Vec<Words> {
    let mut warnings = Vec::new();
    if signature.value.is_none() {
        warnings.push(say("detail.xades-no-value"));
    } else if signature.value().is_empty() {
        warnings.push(say("detail.xades-value"));
    }
    if properties.count > 1 {
        warnings.push(say("detail.xades-properties").with("count", properties.count));
    }
    if let Some(qualifying) = properties.qualifying {
        let target = qualifying.attribute("Target").and_then(|target| target.strip_prefix('#'));
        if target.is_none() || target != xmldsig::id(signature.node) {
            warnings.push(say("detail.xades-target"));
        }
    }
    if !signature.node.ancestors().skip(1).all(|node| !xmldsig::is(node, DS, "Object"))
        && super::properties::countersigned(signature.node).is_none()
    {
        warnings.push(say("detail.xades-within"));
    }
    warnings
}

/// The basic electronic signature (annex to EN 319 132-2, E-BES).
fn not_bes(properties: &Properties<'_>, references: &References<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    if properties.signed.is_none() {
        missing.push("no SignedProperties".to_owned());
        return missing;
    }
    let at_most_one = |wanted: &'static str, with: Option<&'static str>| {
        let also = with.map_or(0, |with| properties.signature(with).count());
        let found = properties.signature(wanted).count().saturating_add(also);
        (found > 1).then(|| format!("{wanted} {found} times"))
    };
    missing.extend(at_most_one("SigningTime", None));
    missing.extend(at_most_one("SignatureProductionPlace", Some("SignatureProductionPlaceV2")));
    missing.extend(at_most_one("SignerRole", Some("SignerRoleV2")));
    let attributes = properties.signing_certificates().count();
    let key_info_signed = references.kinds().any(|kind| kind == ReferenceKind::KeyInfo);
    if attributes > 1 || (attributes == 0 && !key_info_signed) {
        missing.push(format!("{attributes} signing-certificate attributes instead of one"));
    }
    for format in data_object_formats(properties) {
        missing.extend(format_unsound(format, references));
    }
    missing
}

/// 5.2.4: a DataObjectFormat says something, about a reference of this signature, and not the contrary of what
/// the ds:Object says itself.
fn format_unsound(format: Node<'_>, references: &References<'_>) -> Option<String> {
    let part = |wanted| named(format, wanted).next();
    if part("Description").or(part("ObjectIdentifier")).or(part("MimeType")).is_none() {
        return Some("a DataObjectFormat without description, identifier or MIME type".to_owned());
    }
    let Some(reference) = described(format, references) else {
        return Some("a DataObjectFormat without a reference of the signature".to_owned());
    };
    let object = reference.element().filter(|element| xmldsig::is(*element, DS, "Object"))?;
    for (wanted, attribute) in [("MimeType", "MimeType"), ("Encoding", "Encoding")] {
        let said = part(wanted).map(|node| xmldsig::text(node).trim().to_owned());
        let has = object.attribute(attribute);
        if let (Some(said), Some(has)) = (&said, has)
            && said != has
        {
            return Some(format!("DataObjectFormat has {wanted} {said:?}, the ds:Object {has:?}"));
        }
    }
    None
}

fn data_object_formats<'a>(properties: &Properties<'a>) -> impl Iterator<Item = Node<'a>> {
    properties.data_objects.iter().copied().filter(|node| name(*node) == Some("DataObjectFormat"))
}

/// The reference that a DataObjectFormat describes.
fn described<'r, 'a>(format: Node<'_>, references: &'r References<'a>) -> Option<&'r ReferenceElement<'a>> {
    let wanted = format.attribute("ObjectReference")?.strip_prefix('#')?;
    let mut all = references.elements.iter().chain(&references.entries);
    all.find(|reference| reference.id() == Some(wanted))
}

/// What baseline B asks beyond BES (6.3).
fn beyond_bes(
    signature: &SignatureElement<'_>,
    properties: &Properties<'_>,
    references: &References<'_>,
    signer_in_key_info: bool,
) -> Vec<String> {
    let mut missing = Vec::new();
    if xmldsig::children(signature.node, DS, "KeyInfo").count() != 1 {
        missing.push("not exactly one ds:KeyInfo".to_owned());
    } else if !signer_in_key_info {
        missing.push("ds:KeyInfo does not contain the signing certificate".to_owned());
    }
    if references.elements.len() < 2 {
        missing.push("fewer than two references".to_owned());
    }
    let transforms =
        |reference: &ReferenceElement<'_>| xmldsig::children(reference.node, DS, "Transforms").count();
    if references.elements.iter().any(|reference| transforms(reference) > 1) {
        missing.push("a reference with several ds:Transforms".to_owned());
    }
    if signature.canonicalization().is_err() {
        missing.push("ds:CanonicalizationMethod is none of the six permitted".to_owned());
    }
    if properties.signature("SigningTime").count() != 1 {
        missing.push("not exactly one SigningTime".to_owned());
    }
    if properties.signing_certificates().count() != 1 {
        missing.push("not exactly one SigningCertificate or SigningCertificateV2".to_owned());
    }
    let mut certificates = properties.signature("SigningCertificateV2").flat_map(|one| named(one, "Cert"));
    if certificates.any(|certificate| certificate.has_attribute("URI")) {
        missing.push("SigningCertificateV2 with a URI".to_owned());
    }
    if data_object_formats(properties).any(|format| named(format, "MimeType").count() != 1) {
        missing.push("a DataObjectFormat without exactly one MimeType".to_owned());
    }
    missing.extend(undescribed(properties, references));
    if properties.unsigned("SignaturePolicyStore").next().is_some() && !policy_has_hash(properties) {
        missing.push("SignaturePolicyStore, but no policy digest is signed".to_owned());
    }
    missing
}

/// Signed data without a DataObjectFormat. One that has no Id cannot be described: that counts only for a
/// reference that calls itself a signed ds:Object.
fn undescribed(properties: &Properties<'_>, references: &References<'_>) -> Option<String> {
    let described = |reference: &ReferenceElement<'_>| {
        let id = reference.id();
        data_object_formats(properties).any(|format| {
            let wanted = format.attribute("ObjectReference").and_then(|uri| uri.strip_prefix('#'));
            wanted.is_some() && wanted == id
        })
    };
    // A manifest's entries are described, not the manifest; SignatureProperties are no data object.
    let mut data = references.content().filter(|one| !one.type_uri().ends_with("#SignatureProperties"));
    let lacks = |reference: &ReferenceElement<'_>| {
        (reference.id().is_some() || reference.type_uri().ends_with("#Object")) && !described(reference)
    };
    data.any(lacks).then(|| "signed data without a DataObjectFormat".to_owned())
}

fn policy_has_hash(properties: &Properties<'_>) -> bool {
    let identifiers = properties.signature("SignaturePolicyIdentifier");
    let mut policies = identifiers.flat_map(|identifier| named(identifier, "SignaturePolicyId"));
    policies.any(|policy| named(policy, "SigPolicyHash").next().and_then(digest).is_some())
}

/// 6.3: what no LT may hold: references instead of values, and more than one container of a kind.
fn excluded_from_lt(properties: &Properties<'_>) -> Vec<String> {
    const REFERENCES: [&str; 7] = [
        "CompleteCertificateRefs",
        "CompleteCertificateRefsV2",
        "CompleteRevocationRefs",
        "SigAndRefsTimeStamp",
        "SigAndRefsTimeStampV2",
        "RefsOnlyTimeStamp",
        "RefsOnlyTimeStampV2",
    ];
    const VALUES: [&str; 4] =
        ["CertificateValues", "RevocationValues", "AttrAuthoritiesCertValues", "AttributeRevocationValues"];
    let present = REFERENCES.into_iter().filter(|name| properties.unsigned(name).next().is_some());
    let mut excluded: Vec<String> = present.map(str::to_owned).collect();
    let several = VALUES.into_iter().filter(|name| properties.unsigned(name).count() > 1);
    excluded.extend(several.map(|name| format!("several {name}")));
    excluded
}
