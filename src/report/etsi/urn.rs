//! What the standard, or where it leaves that open the Commission's own validator (DSS), calls things.

use crate::signature::{RevocationKind, TimestampKind};

pub(super) const PASSED: &str = "urn:etsi:019102:mainindication:passed";
pub(super) const FAILED: &str = "urn:etsi:019102:mainindication:failed";
pub(super) const INDETERMINATE: &str = "urn:etsi:019102:mainindication:indeterminate";
/// The standard has no word for a document without a signature: DSS's.
pub(super) const NO_SIGNATURE: &str = "urn:cef:dss:mainindication:noSignatureFound";
pub(super) const APPLIED: &str = "urn:etsi:019102:constraintStatus:applied";
pub(super) const DISABLED: &str = "urn:etsi:019102:constraintStatus:disabled";
pub(super) const POE_BY_VALIDATION: &str = "urn:etsi:019102:poetype:validation";
/// The process of EN 319 102-1, 5.6, of which the others are parts.
pub(super) const PROCESS: &str = "urn:etsi:019102:validationprocess:LTA";
/// The process of 5.4, of one time-stamp.
pub(super) const BASIC: &str = "urn:etsi:019102:validationprocess:Basic";
pub(super) const CERTIFICATE: &str = "urn:etsi:019102:validationObject:certificate";
pub(super) const TIMESTAMP: &str = "urn:etsi:019102:validationObject:timestamp";
pub(super) const SIGNED_DATA: &str = "urn:etsi:019102:validationObject:signedData";

/// TOTAL-PASSED, TOTAL-FAILED or INDETERMINATE of a signature.
pub(super) fn indication(word: &str) -> &'static str {
    match word {
        "TOTAL-PASSED" => "urn:etsi:019102:mainindication:total-passed",
        "TOTAL-FAILED" => "urn:etsi:019102:mainindication:total-failed",
        _ => INDETERMINATE,
    }
}

/// A sub-indication by its word.
pub(super) fn sub_indication(word: &str) -> String {
    format!("urn:etsi:019102:subindication:{word}")
}

/// The kind of revocation data as an object.
pub(super) fn revocation(kind: RevocationKind) -> &'static str {
    match kind {
        RevocationKind::Crl => "urn:etsi:019102:validationObject:CRL",
        RevocationKind::Ocsp => "urn:etsi:019102:validationObject:OCSPResponse",
    }
}

/// CRLReason (RFC 5280, 5.3.1).
pub(super) fn reason(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "urn:etsi:019102:revocationReason:unspecified",
        1 => "urn:etsi:019102:revocationReason:keyCompromise",
        2 => "urn:etsi:019102:revocationReason:cACompromise",
        3 => "urn:etsi:019102:revocationReason:affiliationChanged",
        4 => "urn:etsi:019102:revocationReason:superseded",
        5 => "urn:etsi:019102:revocationReason:cessationOfOperation",
        6 => "urn:etsi:019102:revocationReason:certificateHold",
        8 => "urn:etsi:019102:revocationReason:removeFromCRL",
        9 => "urn:etsi:019102:revocationReason:privilegeWithdrawn",
        10 => "urn:etsi:019102:revocationReason:aACompromise",
        _ => return None,
    })
}

/// A qualification by its readable form (TS 119 615); the standard leaves the names to the validator: DSS's.
pub(super) fn qualification(readable: &str) -> String {
    let (prefix, rest) = match readable.strip_prefix("Indeterminate ") {
        Some(rest) => ("indeterminate", rest),
        None => ("", readable),
    };
    let name = match rest {
        "AdESig-QC" => "AdESigQC",
        "AdESeal-QC" => "AdESealQC",
        "QES?" => "UnknownQCwithQSCD",
        "AdES?-QC" => "UnknownQC",
        "AdES?" => "Unknown",
        "Not AdES but QC with QSCD" => "notAdESbutQCwithQSCD",
        "Not AdES but QC" => "notAdESbutQC",
        "Not AdES" => "notAdES",
        "N/A" => "notApplicable",
        same => same,
    };
    format!("urn:cef:dss:signatureQualification:{prefix}{name}")
}

/// The element of SignatureAttributes for a time-stamp, and whether it is signed.
pub(super) fn timestamp_attribute(kind: TimestampKind) -> (&'static str, bool) {
    match kind {
        TimestampKind::Content => ("AllDataObjectsTimeStamp", true),
        TimestampKind::Signature => ("SignatureTimeStamp", false),
        TimestampKind::References => ("RefsOnlyTimeStamp", false),
        TimestampKind::SignatureAndReferences => ("SigAndRefsTimeStamp", false),
        TimestampKind::Document => ("DocTimeStamp", false),
        TimestampKind::Archive => ("ArchiveTimeStamp", false),
    }
}
