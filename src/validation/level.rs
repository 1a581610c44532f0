//! The level's name (TS 119 182-1, 6.3; EN 319 132-1, 6.3, and its extended forms), from structure and the
//! signature's own material, never from validity.

use super::material::{Material, evidence_origin, signature_origin, token_origin};
use super::timestamps::Timestamp;
use crate::certificate::path::Path;
use crate::signature::{Form, Signature, SignaturePolicy, TimestampKind};
use crate::time::Time;
use foldhash::{HashSet, HashSetExt};
use std::rc::Rc;

/// The name of the level of one signature.
pub(super) fn name(
    signature: &Signature<'_>,
    index: usize,
    signer: Option<&Rc<Path>>,
    timestamps: &[Timestamp],
    material: &Material<'_>,
) -> &'static str {
    let structure = &signature.structure;
    let has = |kind| timestamps.iter().any(|timestamp| timestamp.kind == kind);
    let stamped = has(TimestampKind::Signature);
    let baseline_b = structure.not_baseline_b.is_empty();
    let not_after = signer.and_then(|path| path.leaf()).map(|certificate| certificate.not_after);
    let baseline_t = stamped && structure.not_baseline_t.is_empty() && stamped_before(not_after, timestamps);
    let minimal_lt = || stamped && MinimalLt { signature, index, timestamps, material }.holds(signer);
    let archive = has(TimestampKind::Archive);

    match signature.form {
        Form::Jades if !baseline_b => "JSON-NOT-ETSI",
        Form::Jades if !baseline_t => "JAdES-BASELINE-B",
        Form::Jades if !structure.excluded_from_lt.is_empty() || !minimal_lt() => "JAdES-BASELINE-T",
        Form::Jades if archive => "JAdES-BASELINE-LTA",
        Form::Jades => "JAdES-BASELINE-LT",
        Form::Xades if !structure.not_bes.is_empty() => "XML-NOT-ETSI",
        Form::Xades if !stamped => match &signature.attributes.policy {
            _ if baseline_b => "XAdES-BASELINE-B",
            Some(SignaturePolicy::Identified { digest: Some(_), .. } | SignaturePolicy::Implied) => {
                "XAdES-EPES"
            }
            Some(SignaturePolicy::Identified { digest: None, .. }) | None => "XAdES-BES",
        },
        Form::Xades => {
            let references = has(TimestampKind::References) || has(TimestampKind::SignatureAndReferences);
            let lt = minimal_lt();
            let record = structure.evidence_record;
            match (lt, structure.complete_references) {
                (true, _) if baseline_b && baseline_t && structure.excluded_from_lt.is_empty() => {
                    match (record, archive) {
                        (true, _) => "XAdES-ERS",
                        (false, true) => "XAdES-BASELINE-LTA",
                        (false, false) => "XAdES-BASELINE-LT",
                    }
                }
                (true, _) if record => "XAdES-ERS",
                (true, _) if archive => "XAdES-A",
                (true, true) if references => "XAdES-XL",
                (false, true) if references => "XAdES-X",
                (_, true) => "XAdES-C",
                (true, false) => "XAdES-LT",
                (false, false) if baseline_b && baseline_t => "XAdES-BASELINE-T",
                (false, false) => "XAdES-T",
            }
        }
    }
}

/// Every signature time-stamp is readable and from before the signing certificate's end.
fn stamped_before(not_after: Option<Time>, timestamps: &[Timestamp]) -> bool {
    timestamps
        .iter()
        .filter(|timestamp| timestamp.kind == TimestampKind::Signature)
        .all(|timestamp| timestamp.generated().zip(not_after).is_some_and(|(time, end)| time < end))
}

/// Whether there is revocation data for every certificate that needs it.
struct MinimalLt<'l, 'm> {
    signature: &'l Signature<'l>,
    index: usize,
    timestamps: &'l [Timestamp],
    material: &'l Material<'m>,
}

impl MinimalLt<'_, '_> {
    fn holds(&self, signer: Option<&Rc<Path>>) -> bool {
        let own = self.certificates_all_self_signed();
        if own {
            return self.signature.structure.validation_data_containers;
        }
        if !self.material.evidence.iter().any(|item| item.stands_in(self.index)) {
            return false;
        }
        let mut paths: Vec<_> = signer.cloned().into_iter().collect();
        for (position, timestamp) in self.timestamps.iter().enumerate() {
            if !self.newest_archive(position)
                && let Some(tsa) = &timestamp.tsa
            {
                let origins = [token_origin(self.index, position), signature_origin(self.index)];
                paths.push(self.material.path(tsa, &origins));
            }
        }
        self.all_have_revocation_data(paths)
    }

    /// The newest archive time-stamp still waits for its validation data, if it has something to protect.
    fn newest_archive(&self, position: usize) -> bool {
        let newest = self.timestamps.iter().rposition(|timestamp| timestamp.kind == TimestampKind::Archive);
        newest == Some(position)
    }

    fn certificates_all_self_signed(&self) -> bool {
        let mut own = self.material.certificates_of(self.index).iter().flatten().peekable();
        own.peek().is_some() && own.all(|certificate| self.material.builder().self_signed(certificate))
    }

    /// Follows the paths, and those of the issuers of revocation data, each certificate once.
    fn all_have_revocation_data(&self, mut paths: Vec<Rc<Path>>) -> bool {
        let mut seen = HashSet::new();
        while let Some(path) = paths.pop() {
            for (position, link) in path.links.iter().enumerate() {
                if link.trusted || path.self_signed(position) {
                    break;
                }
                let extensions = &link.certificate.extensions;
                let exempt = extensions.ocsp_no_check
                    || extensions.no_revocation_available
                    || extensions.validity_assured_short_term;
                if exempt || !seen.insert(link.certificate.sha256) {
                    continue;
                }
                let Some(issuer) = path.issuer_of(position) else { return false };
                let speaking = self.material.speaking_of(&link.certificate, issuer);
                if speaking.is_empty() {
                    return false;
                }
                for evidence in speaking.iter() {
                    if let Some(signer) =
                        self.material.issuer_of_evidence(*evidence, &link.certificate, issuer)
                    {
                        paths.push(self.material.path(&signer, &[evidence_origin(*evidence)]));
                    }
                }
            }
        }
        true
    }
}
