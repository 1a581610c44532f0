//! Levels of signatures in PDF files (EN 319 142-1, 6.3, and its older forms; PKCS #7 by likeness).

use super::super::timestamps::Timestamp;
use crate::signature::{Form, Signature, SignaturePolicy, Source, TimestampKind};

/// The name of the level; `minimal_lt` says whether there is revocation data for every certificate that needs it.
pub(super) fn name(
    signature: &Signature<'_>,
    timestamps: &[Timestamp],
    minimal_lt: impl FnOnce() -> bool,
) -> &'static str {
    let structure = &signature.structure;
    let pades = signature.form == Form::Pades;
    if !structure.not_bes.is_empty() {
        return "PDF-NOT-ETSI";
    }
    let stamped = timestamps
        .iter()
        .any(|timestamp| matches!(timestamp.kind, TimestampKind::Signature | TimestampKind::Document));
    let lt = structure.validation_data_containers && structure.excluded_from_lt.is_empty() && minimal_lt();
    let archived = timestamps
        .iter()
        .any(|timestamp| timestamp.kind == TimestampKind::Document && over_store(signature, timestamp));
    if pades && !structure.not_baseline_b.is_empty() {
        return match &signature.attributes.policy {
            _ if lt && archived => "PAdES-LTV",
            Some(SignaturePolicy::Identified { digest: Some(_), .. } | SignaturePolicy::Implied) => {
                "PAdES-EPES"
            }
            Some(SignaturePolicy::Identified { digest: None, .. }) | None => "PAdES-BES",
        };
    }
    let lta = archived && timestamps.len() > 1;
    match (pades, stamped, lt, lta) {
        (true, false, ..) => "PAdES-BASELINE-B",
        (true, true, false, _) => "PAdES-BASELINE-T",
        (true, true, true, false) => "PAdES-BASELINE-LT",
        (true, true, true, true) => "PAdES-BASELINE-LTA",
        (false, false, ..) => "PKCS7-B",
        (false, true, false, _) => "PKCS7-T",
        (false, true, true, false) => "PKCS7-LT",
        (false, true, true, true) => "PKCS7-LTA",
    }
}

/// Whether a document time-stamp covers material of the DSS.
fn over_store(signature: &Signature<'_>, timestamp: &Timestamp) -> bool {
    let covered = |source, after: usize| {
        matches!(source, Source::Dss | Source::Vri) && after <= timestamp.covers_timestamps
    };
    signature.revocation.iter().any(|one| covered(one.source, one.after_timestamps))
        || signature.certificates.iter().any(|one| covered(one.source, one.after_timestamps))
}
