//! The words of qualification and how they combine.

use crate::catalogue::{Words, say};
use std::fmt;

/// The indication of EN 319 102-1, as far as qualification asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Indication3 {
    /// TOTAL-PASSED.
    Passed,
    /// TOTAL-FAILED.
    Failed,
    /// INDETERMINATE.
    Indeterminate,
}

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum CertificateType {
    /// Electronic signatures.
    Esig,
    /// Electronic seals.
    Eseal,
    /// Website authentication.
    Wsa,
    /// Not known, or contradictory.
    Unknown,
}

impl CertificateType {
    /// For people.
    #[must_use]
    pub fn words(self) -> Words {
        match self {
            Self::Esig => Words::constant("Esig"),
            Self::Eseal => Words::constant("Eseal"),
            Self::Wsa => Words::constant("Wsa"),
            Self::Unknown => say("detail.type-unknown"),
        }
    }
}

/// The qualification of a certificate (TS 119 615, 4.4 and 4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum CertificateQualification {
    QcForEsigQscd,
    QcForEsealQscd,
    QcForUnknownQscd,
    QcForEsig,
    QcForEseal,
    QcForWsa,
    QcForUnknown,
    CertForEsig,
    CertForEseal,
    CertForWsa,
    CertForUnknown,
    NotApplicable,
}

impl CertificateQualification {
    /// From its three parts.
    #[must_use]
    pub fn new(qualified: bool, certificate_type: CertificateType, qscd: bool) -> Self {
        use CertificateType::{Eseal, Esig, Unknown, Wsa};
        match (qualified, certificate_type, qscd) {
            (true, Esig, true) => Self::QcForEsigQscd,
            (true, Eseal, true) => Self::QcForEsealQscd,
            (true, Unknown, true) => Self::QcForUnknownQscd,
            (true, Esig, false) => Self::QcForEsig,
            (true, Eseal, false) => Self::QcForEseal,
            // A device is nothing that website authentication asks for.
            (true, Wsa, _) => Self::QcForWsa,
            (true, Unknown, false) => Self::QcForUnknown,
            (false, Esig, _) => Self::CertForEsig,
            (false, Eseal, _) => Self::CertForEseal,
            (false, Wsa, _) => Self::CertForWsa,
            (false, Unknown, _) => Self::CertForUnknown,
        }
    }

    /// Qualified, type and device; `None` for not applicable.
    #[must_use]
    pub fn parts(self) -> Option<(bool, CertificateType, bool)> {
        use CertificateType::{Eseal, Esig, Unknown, Wsa};
        Some(match self {
            Self::QcForEsigQscd => (true, Esig, true),
            Self::QcForEsealQscd => (true, Eseal, true),
            Self::QcForUnknownQscd => (true, Unknown, true),
            Self::QcForEsig => (true, Esig, false),
            Self::QcForEseal => (true, Eseal, false),
            Self::QcForWsa => (true, Wsa, false),
            Self::QcForUnknown => (true, Unknown, false),
            Self::CertForEsig => (false, Esig, false),
            Self::CertForEseal => (false, Eseal, false),
            Self::CertForWsa => (false, Wsa, false),
            Self::CertForUnknown => (false, Unknown, false),
            Self::NotApplicable => return None,
        })
    }

    /// What holds of `self` at issuance and `signing` at the time of the signature together: qualified if both,
    /// of a type if the same, with a device as at signing.
    #[must_use]
    pub fn combine(self, signing: Self) -> Self {
        let (Some((qualified, kind, _)), Some((also, then, qscd))) = (self.parts(), signing.parts()) else {
            return Self::NotApplicable;
        };
        Self::new(qualified && also, if kind == then { kind } else { CertificateType::Unknown }, qscd)
    }

    /// What a signature by such a certificate is.
    #[must_use]
    pub fn signature(self, indication: Indication3) -> SignatureQualification {
        use CertificateType::{Eseal, Esig, Unknown, Wsa};
        use SignatureQualification as S;
        let Some((qualified, kind, qscd)) = self.parts() else {
            return match indication {
                Indication3::Failed => S::NotAdes,
                Indication3::Passed | Indication3::Indeterminate => S::NotApplicable,
            };
        };
        match (indication, kind, (qualified, qscd)) {
            // No signature is made for website authentication.
            (_, Wsa, _) => S::NotAdes,
            (Indication3::Passed, Esig, (true, true)) => S::QeSig,
            (Indication3::Passed, Eseal, (true, true)) => S::QeSeal,
            (Indication3::Passed, Unknown, (true, true)) => S::QesUnknown,
            (Indication3::Passed, Esig, (true, false)) => S::AdesigQc,
            (Indication3::Passed, Eseal, (true, false)) => S::AdesealQc,
            (Indication3::Passed, Unknown, (true, false)) => S::AdesUnknownQc,
            (Indication3::Passed, Esig, (false, _)) => S::Adesig,
            (Indication3::Passed, Eseal, (false, _)) => S::Adeseal,
            (Indication3::Passed, Unknown, (false, _)) => S::AdesUnknown,
            (Indication3::Indeterminate, Esig, (true, true)) => S::IndeterminateQeSig,
            (Indication3::Indeterminate, Eseal, (true, true)) => S::IndeterminateQeSeal,
            (Indication3::Indeterminate, Unknown, (true, true)) => S::IndeterminateQesUnknown,
            (Indication3::Indeterminate, Esig, (true, false)) => S::IndeterminateAdesigQc,
            (Indication3::Indeterminate, Eseal, (true, false)) => S::IndeterminateAdesealQc,
            (Indication3::Indeterminate, Unknown, (true, false)) => S::IndeterminateAdesUnknownQc,
            (Indication3::Indeterminate, Esig, (false, _)) => S::IndeterminateAdesig,
            (Indication3::Indeterminate, Eseal, (false, _)) => S::IndeterminateAdeseal,
            (Indication3::Indeterminate, Unknown, (false, _)) => S::IndeterminateAdesUnknown,
            (Indication3::Failed, _, (true, true)) => S::NotAdesQcQscd,
            (Indication3::Failed, _, (true, false)) => S::NotAdesQc,
            (Indication3::Failed, _, (false, _)) => S::NotAdes,
        }
    }
}

impl CertificateQualification {
    /// For people.
    #[must_use]
    pub fn words(self) -> Words {
        say(match self {
            Self::QcForEsigQscd => "detail.qualified-signatures-qscd",
            Self::QcForEsealQscd => "detail.qualified-seals-qscd",
            Self::QcForUnknownQscd => "detail.qualified-unknown-qscd",
            Self::QcForEsig => "detail.qualified-signatures",
            Self::QcForEseal => "detail.qualified-seals",
            Self::QcForWsa => "detail.qualified-websites",
            Self::QcForUnknown => "detail.qualified-unknown",
            Self::CertForEsig => "detail.certificate-signatures",
            Self::CertForEseal => "detail.certificate-seals",
            Self::CertForWsa => "detail.certificate-websites",
            Self::CertForUnknown => "detail.certificate-unknown",
            Self::NotApplicable => return Words::constant("N/A"),
        })
    }
}

impl fmt::Display for CertificateQualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().fmt(f)
    }
}

/// The qualification of a signature or seal (TS 119 615, 4.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum SignatureQualification {
    QeSig,
    QeSeal,
    QesUnknown,
    AdesigQc,
    AdesealQc,
    AdesUnknownQc,
    Adesig,
    Adeseal,
    AdesUnknown,
    IndeterminateQeSig,
    IndeterminateQeSeal,
    IndeterminateQesUnknown,
    IndeterminateAdesigQc,
    IndeterminateAdesealQc,
    IndeterminateAdesUnknownQc,
    IndeterminateAdesig,
    IndeterminateAdeseal,
    IndeterminateAdesUnknown,
    NotAdesQcQscd,
    NotAdesQc,
    NotAdes,
    NotApplicable,
}

impl SignatureQualification {
    /// All that there are.
    pub const ALL: [Self; 22] = [
        Self::QeSig,
        Self::QeSeal,
        Self::QesUnknown,
        Self::AdesigQc,
        Self::AdesealQc,
        Self::AdesUnknownQc,
        Self::Adesig,
        Self::Adeseal,
        Self::AdesUnknown,
        Self::IndeterminateQeSig,
        Self::IndeterminateQeSeal,
        Self::IndeterminateQesUnknown,
        Self::IndeterminateAdesigQc,
        Self::IndeterminateAdesealQc,
        Self::IndeterminateAdesUnknownQc,
        Self::IndeterminateAdesig,
        Self::IndeterminateAdeseal,
        Self::IndeterminateAdesUnknown,
        Self::NotAdesQcQscd,
        Self::NotAdesQc,
        Self::NotAdes,
        Self::NotApplicable,
    ];

    /// What a passed seal on a qualified certificate may be called.
    pub const ON_QUALIFIED: [Self; 6] =
        [Self::QeSeal, Self::QeSig, Self::QesUnknown, Self::AdesealQc, Self::AdesigQc, Self::AdesUnknownQc];

    /// What a passed seal on any other certificate may be called.
    pub const ON_OTHERS: [Self; 4] = [Self::Adeseal, Self::Adesig, Self::AdesUnknown, Self::NotApplicable];

    /// Whether it is a qualified signature or seal, or an advanced one on a qualified certificate.
    #[must_use]
    pub fn qualified(self) -> bool {
        matches!(
            self,
            Self::QeSig
                | Self::QeSeal
                | Self::QesUnknown
                | Self::AdesigQc
                | Self::AdesealQc
                | Self::AdesUnknownQc
        )
    }

    /// As answers show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QeSig => "QESig",
            Self::QeSeal => "QESeal",
            Self::QesUnknown => "QES?",
            Self::AdesigQc => "AdESig-QC",
            Self::AdesealQc => "AdESeal-QC",
            Self::AdesUnknownQc => "AdES?-QC",
            Self::Adesig => "AdESig",
            Self::Adeseal => "AdESeal",
            Self::AdesUnknown => "AdES?",
            Self::IndeterminateQeSig => "Indeterminate QESig",
            Self::IndeterminateQeSeal => "Indeterminate QESeal",
            Self::IndeterminateQesUnknown => "Indeterminate QES?",
            Self::IndeterminateAdesigQc => "Indeterminate AdESig-QC",
            Self::IndeterminateAdesealQc => "Indeterminate AdESeal-QC",
            Self::IndeterminateAdesUnknownQc => "Indeterminate AdES?-QC",
            Self::IndeterminateAdesig => "Indeterminate AdESig",
            Self::IndeterminateAdeseal => "Indeterminate AdESeal",
            Self::IndeterminateAdesUnknown => "Indeterminate AdES?",
            Self::NotAdesQcQscd => "Not AdES but QC with QSCD",
            Self::NotAdesQc => "Not AdES but QC",
            Self::NotAdes => "Not AdES",
            Self::NotApplicable => "N/A",
        }
    }
}

impl fmt::Display for SignatureQualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for SignatureQualification {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const ALL: [CertificateQualification; 12] = [
        CertificateQualification::QcForEsigQscd,
        CertificateQualification::QcForEsealQscd,
        CertificateQualification::QcForUnknownQscd,
        CertificateQualification::QcForEsig,
        CertificateQualification::QcForEseal,
        CertificateQualification::QcForWsa,
        CertificateQualification::QcForUnknown,
        CertificateQualification::CertForEsig,
        CertificateQualification::CertForEseal,
        CertificateQualification::CertForWsa,
        CertificateQualification::CertForUnknown,
        CertificateQualification::NotApplicable,
    ];

    #[test]
    fn the_parts_of_each_make_it_again() {
        for one in ALL {
            if let Some((qualified, kind, qscd)) = one.parts() {
                assert_eq!(CertificateQualification::new(qualified, kind, qscd), one);
            }
            assert_eq!(one.combine(one), one, "{one}");
        }
    }

    #[test]
    fn every_one_of_the_22_signature_qualifications_comes_of_some_certificate_and_indication() {
        let mut words = BTreeSet::new();
        for certificate in ALL {
            for indication in [Indication3::Passed, Indication3::Failed, Indication3::Indeterminate] {
                words.insert(certificate.signature(indication).as_str());
            }
        }
        let all = SignatureQualification::ALL.map(SignatureQualification::as_str);
        assert_eq!(words, BTreeSet::from(all));
        assert_eq!(words.len(), 22, "{words:?}");
    }

    #[test]
    fn issuance_and_signing_combine() {
        use CertificateQualification as C;
        assert_eq!(C::QcForEseal.combine(C::QcForEsealQscd), C::QcForEsealQscd, "device as at signing");
        assert_eq!(C::QcForEsealQscd.combine(C::QcForEseal), C::QcForEseal);
        assert_eq!(C::QcForEsealQscd.combine(C::CertForEseal), C::CertForEseal, "qualified at both times");
        assert_eq!(C::QcForEsealQscd.combine(C::QcForEsigQscd), C::QcForUnknownQscd, "differing type");
        assert_eq!(C::QcForEsealQscd.combine(C::NotApplicable), C::NotApplicable);
        assert_eq!(C::QcForWsa.signature(Indication3::Passed), SignatureQualification::NotAdes);
        assert_eq!(C::NotApplicable.signature(Indication3::Failed), SignatureQualification::NotAdes);
    }
}
