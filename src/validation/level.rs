//! The level's name (TS 119 182-1, 6.3; EN 319 132-1, 6.3, and its extended forms), from structure and the
//! signature's own material, never from validity.

mod pdf;

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

    if matches!(signature.form, Form::Pades | Form::Pkcs7) {
        let minimal = || MinimalLt { signature, index, timestamps, material }.holds(signer);
        return pdf::name(signature, timestamps, minimal);
    }
    match signature.form {
        Form::Jades if !baseline_b => "JSON-NOT-ETSI",
        Form::Jades if !baseline_t => "JAdES-BASELINE-B",
        Form::Jades if !structure.excluded_from_lt.is_empty() || !minimal_lt() => "JAdES-BASELINE-T",
        Form::Jades if archive => "JAdES-BASELINE-LTA",
        Form::Jades => "JAdES-BASELINE-LT",
        Form::Xades | Form::Cades if !structure.not_bes.is_empty() => Named::NotEtsi.of(signature.form),
        Form::Xades | Form::Cades if !stamped => match &signature.attributes.policy {
            _ if baseline_b => Named::BaselineB.of(signature.form),
            Some(SignaturePolicy::Identified { digest: Some(_), .. } | SignaturePolicy::Implied) => {
                Named::Epes.of(signature.form)
            }
            Some(SignaturePolicy::Identified { digest: None, .. }) | None => Named::Bes.of(signature.form),
        },
        Form::Xades | Form::Cades | Form::Pades | Form::Pkcs7 => {
            let references = has(TimestampKind::References) || has(TimestampKind::SignatureAndReferences);
            let baseline_archive = archive && structure.not_baseline_lta.is_empty();
            let named = match (minimal_lt(), structure.complete_references) {
                (true, _) if baseline_b && baseline_t && structure.excluded_from_lt.is_empty() => {
                    match (structure.evidence_record, baseline_archive, archive) {
                        (true, ..) => Named::Ers,
                        (false, true, _) => Named::BaselineLta,
                        (false, false, true) => Named::A,
                        (false, false, false) => Named::BaselineLt,
                    }
                }
                (true, _) if structure.evidence_record => Named::Ers,
                (true, _) if archive => Named::A,
                (true, true) if references => Named::Xl,
                (false, true) if references => Named::X,
                (_, true) => Named::C,
                (true, false) => Named::Lt,
                (false, false) if baseline_b && baseline_t => Named::BaselineT,
                (false, false) => Named::T,
            };
            named.of(signature.form)
        }
    }
}

/// Levels whose names XAdES and CAdES share.
#[derive(Clone, Copy)]
enum Named {
    NotEtsi,
    Bes,
    Epes,
    T,
    C,
    X,
    Xl,
    Lt,
    A,
    Ers,
    BaselineB,
    BaselineT,
    BaselineLt,
    BaselineLta,
}

impl Named {
    fn of(self, form: Form) -> &'static str {
        let (xades, cades) = match self {
            Self::NotEtsi => ("XML-NOT-ETSI", "CMS-NOT-ETSI"),
            Self::Bes => ("XAdES-BES", "CAdES-BES"),
            Self::Epes => ("XAdES-EPES", "CAdES-EPES"),
            Self::T => ("XAdES-T", "CAdES-T"),
            Self::C => ("XAdES-C", "CAdES-C"),
            Self::X => ("XAdES-X", "CAdES-X"),
            Self::Xl => ("XAdES-XL", "CAdES-XL"),
            Self::Lt => ("XAdES-LT", "CAdES-LT"),
            Self::A => ("XAdES-A", "CAdES-A"),
            Self::Ers => ("XAdES-ERS", "CAdES-ERS"),
            Self::BaselineB => ("XAdES-BASELINE-B", "CAdES-BASELINE-B"),
            Self::BaselineT => ("XAdES-BASELINE-T", "CAdES-BASELINE-T"),
            Self::BaselineLt => ("XAdES-BASELINE-LT", "CAdES-BASELINE-LT"),
            Self::BaselineLta => ("XAdES-BASELINE-LTA", "CAdES-BASELINE-LTA"),
        };
        if form == Form::Cades { cades } else { xades }
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
        let newest = self.timestamps.iter().rposition(|timestamp| {
            matches!(timestamp.kind, TimestampKind::Archive | TimestampKind::Document)
        });
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
