//! The checks on a seal, by the building block that they belong to.

use super::Meaning;
use crate::validation::check::Check;

/// A building block of EN 319 102-1, or what comes after them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Block {
    Format,
    SigningCertificate,
    Context,
    Cryptographic,
    Chain,
    Freshness,
    Acceptance,
    Timestamps,
    LongTerm,
    Archival,
    Constraints,
    Qualification,
}

impl Block {
    /// All, in the order of the process.
    pub(crate) const ALL: [Self; 12] = [
        Self::Format,
        Self::SigningCertificate,
        Self::Context,
        Self::Cryptographic,
        Self::Chain,
        Self::Freshness,
        Self::Acceptance,
        Self::Timestamps,
        Self::LongTerm,
        Self::Archival,
        Self::Constraints,
        Self::Qualification,
    ];

    /// Its name and clause.
    pub(crate) fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Format => ("Format checking", "EN 319 102-1, 5.2.2"),
            Self::SigningCertificate => ("Identification of the signing certificate", "EN 319 102-1, 5.2.3"),
            Self::Context => ("Validation context", "EN 319 102-1, 5.2.4"),
            Self::Cryptographic => ("Cryptographic verification", "EN 319 102-1, 5.2.7"),
            Self::Chain => ("Certificate validation", "EN 319 102-1, 5.2.6"),
            Self::Freshness => ("Revocation freshness", "EN 319 102-1, 5.2.5"),
            Self::Acceptance => ("Signature acceptance", "EN 319 102-1, 5.2.8"),
            Self::Timestamps => ("Time-stamps", "EN 319 102-1, 5.4"),
            Self::LongTerm => ("Validation with time", "EN 319 102-1, 5.5"),
            Self::Archival => ("Validation with archival data", "EN 319 102-1, 5.6"),
            Self::Constraints => ("Limits and policy", "EN 319 102-1, 5.1"),
            Self::Qualification => ("Qualification", "TS 119 615, 4"),
        }
    }

    /// The block of a check, by its name.
    pub(crate) fn of(name: &str) -> Self {
        let known = Check::ALL.iter().find(|check| check.name() == name).map(|check| block(*check));
        known
            .or_else(|| OTHERS.iter().find(|other| other.0 == name).map(|other| other.1))
            .unwrap_or(Self::Constraints)
    }
}

fn block(check: Check) -> Block {
    use Check as C;
    match check {
        C::FormatAcceptable
        | C::FormatAccepted
        | C::ChangesPermitted
        | C::DocumentCovered
        | C::StructureValid => Block::Format,
        C::SigningCertificateIdentified
        | C::SigningCertificateReferencePresent
        | C::SigningCertificateReferenceUnique
        | C::SigningCertificateReferenceDigest
        | C::SigningCertificateIssuerSerial
        | C::SigningCertificateKeyIdentifier => Block::SigningCertificate,
        C::SignaturePolicyAvailable => Block::Context,
        C::ReferenceDataFound
        | C::ReferenceDataIntact
        | C::ManifestEntryFound
        | C::ManifestEntryIntact
        | C::SignatureValueIntact => Block::Cryptographic,
        C::ChainTrusted
        | C::AnchorInForce
        | C::TrustedListFreshness
        | C::CaBasicConstraints
        | C::NameChaining
        | C::PathLength
        | C::CaKeyUsage
        | C::NameConstraints
        | C::CertificatePolicies
        | C::CriticalExtensions
        | C::ReadableExtensions
        | C::ForbiddenExtensions
        | C::SignerKeyUsage
        | C::ExtendedKeyUsage
        | C::AuthorityKeyIdentifier
        | C::AuthorityInformationAccess
        | C::RevocationPresent
        | C::RevocationAcceptable
        | C::ResponderFromIssuer
        | C::NotRevoked
        | C::NotOnHold
        | C::CertificateAlgorithm
        | C::RevocationAlgorithm
        | C::CertificateValidity
        | C::RevocationIssuerValidity => Block::Chain,
        C::RevocationFresh => Block::Freshness,
        C::SigningTimePresent
        | C::SigningTimeInValidity
        | C::SignedPropertiesCovered
        | C::CertificateReferencesInChain
        | C::SignatureAlgorithm
        | C::ReferenceAlgorithm
        | C::CertificateReferenceAlgorithm => Block::Acceptance,
        C::TimestampReadable
        | C::TimestampDataFound
        | C::TimestampImprintIntact
        | C::TimestampSignatureIntact
        | C::TimestampValid
        | C::TimestampOrder => Block::Timestamps,
        C::ValidAtBestSignatureTime => Block::LongTerm,
        C::ArchivalMaterial | C::PastCertificateValidation => Block::Archival,
        C::WorkBudget => Block::Constraints,
        C::QualificationAccepted => Block::Qualification,
    }
}

fn advice(check: Check) -> &'static str {
    use Check as C;
    match check {
        C::FormatAcceptable | C::StructureValid => {
            "If it does not hold, the file is damaged or of an old kind: ask for the original."
        }
        C::FormatAccepted => {
            "If it does not hold, another policy may accept the format (`formats` in `sealgate policy show`)."
        }
        C::ChangesPermitted | C::DocumentCovered => {
            "If it does not hold, what you see may not be what was sealed: look at `coverage`, and ask for the file as it was sealed."
        }
        C::SigningCertificateIdentified
        | C::SigningCertificateReferencePresent
        | C::SigningCertificateReferenceUnique
        | C::SigningCertificateReferenceDigest
        | C::SigningCertificateIssuerSerial
        | C::SigningCertificateKeyIdentifier => {
            "If it does not hold, the software that sealed did not bind its certificate well: tell the institution."
        }
        C::SignaturePolicyAvailable => "If it does not hold, give the policy's document with --detached.",
        C::ReferenceDataFound | C::ManifestEntryFound => {
            "If it does not hold, give what was sealed with --detached, or ask for the whole file."
        }
        C::ReferenceDataIntact
        | C::ManifestEntryIntact
        | C::SignatureValueIntact
        | C::SignedPropertiesCovered => {
            "If it does not hold, the file was changed after sealing: do not rely on it, ask for the original."
        }
        C::ChainTrusted | C::AnchorInForce => {
            "If it does not hold, see that the trusted lists are loaded and current (`sealgate trust status`); else nobody in the EU vouches for who sealed."
        }
        C::TrustedListFreshness => "If it does not hold, renew the lists: `sealgate trust sync`.",
        C::CaBasicConstraints
        | C::NameChaining
        | C::PathLength
        | C::CaKeyUsage
        | C::NameConstraints
        | C::CertificatePolicies
        | C::CriticalExtensions
        | C::ReadableExtensions
        | C::ForbiddenExtensions
        | C::SignerKeyUsage
        | C::ExtendedKeyUsage
        | C::AuthorityKeyIdentifier
        | C::AuthorityInformationAccess => {
            "If it does not hold, a certificate is made otherwise than the rules say: the institution's provider can tell why."
        }
        C::RevocationPresent | C::RevocationAcceptable | C::ResponderFromIssuer | C::RevocationFresh => {
            "If it does not hold, verify again with network access (without --offline), so that newer data can be had."
        }
        C::NotRevoked => {
            "If it does not hold, ask the institution whether the seal is genuine and to seal anew."
        }
        C::NotOnHold => "If it does not hold, verify again in some days.",
        C::CertificateAlgorithm
        | C::RevocationAlgorithm
        | C::SignatureAlgorithm
        | C::ReferenceAlgorithm
        | C::CertificateReferenceAlgorithm => {
            "If it does not hold, an algorithm or key is too weak by now: ask the institution to seal anew."
        }
        C::CertificateValidity | C::RevocationIssuerValidity | C::ValidAtBestSignatureTime => {
            "If it does not hold, only a time-stamp from within the validity would help: ask the institution to seal anew."
        }
        C::SigningTimePresent | C::SigningTimeInValidity | C::CertificateReferencesInChain => {
            "If it does not hold, the software that sealed made a mistake: tell the institution."
        }
        C::TimestampReadable
        | C::TimestampDataFound
        | C::TimestampImprintIntact
        | C::TimestampSignatureIntact
        | C::TimestampValid
        | C::TimestampOrder => {
            "If it does not hold, that time-stamp proves nothing; the seal may still stand without it."
        }
        C::ArchivalMaterial | C::PastCertificateValidation => {
            "If it does not hold, nothing proves the state of long ago: ask the institution to seal anew."
        }
        C::WorkBudget => {
            "If it does not hold, the file makes more work than any sound one: treat it with suspicion."
        }
        C::QualificationAccepted => {
            "If it does not hold, the policy wants a higher grade; `sealgate policy show` prints what it accepts."
        }
    }
}

/// What a check says.
pub(super) fn check(check: Check) -> Meaning {
    Meaning {
        word: check.name(),
        kind: KIND.to_owned(),
        clause: check.clause(),
        means: check.description(),
        advice: advice(check),
    }
}

const KIND: &str = "check on a seal";

/// Findings that no policy decides: name, block, clause, what holds, what to do.
const OTHERS: [(&str, Block, &str, &str, &str); 12] = [
    (
        "validation-material-readable",
        Block::Format,
        "EN 319 102-1, 5.1.1",
        "Certificates and revocation data in the file can be read; what cannot is left out.",
        "If it does not hold, see what was left out; the rest was enough or the verdict says so.",
    ),
    (
        "time-budget",
        Block::Constraints,
        "EN 319 102-1, 5.1.3",
        "The verification ended within the time that the service allows.",
        "If it does not hold, verify again later, or on the command line, where there is no such limit.",
    ),
    (
        "trusted-list-reached",
        Block::Qualification,
        "TS 119 615, 4.3",
        "The chain of certificates leads to a service of a trusted list.",
        "If it does not hold, EU law gives the seal no grade.",
    ),
    (
        "service-listed",
        Block::Qualification,
        "TS 119 615, 4.3",
        "That service stood in the list at the time in question.",
        LISTED,
    ),
    (
        "service-issues-qc",
        Block::Qualification,
        "TS 119 615, 4.3",
        "The service is one that issues qualified certificates.",
        LISTED,
    ),
    (
        "service-for-type",
        Block::Qualification,
        "TS 119 615, 4.4",
        "The service issues certificates of this type: for seals, for signatures, for websites.",
        LISTED,
    ),
    (
        "services-agree",
        Block::Qualification,
        "TS 119 615, 4.4",
        "Several services with this certificate say the same of it.",
        "If it does not hold, the list contradicts itself: its scheme operator can tell what is meant.",
    ),
    (
        "service-granted",
        Block::Qualification,
        "TS 119 615, 4.4",
        "The supervisor had granted the service its qualified status at the time in question.",
        LISTED,
    ),
    (
        "certificate-qualified",
        Block::Qualification,
        "TS 119 615, 4.4",
        "Certificate and list together say that the certificate is a qualified one.",
        LISTED,
    ),
    (
        "certificate-type",
        Block::Qualification,
        "TS 119 615, 4.4",
        "It is known whether the certificate is for seals or for signatures.",
        "If it does not hold, the grade ends in a question mark; the seal counts all the same.",
    ),
    (
        "certificate-qscd",
        Block::Qualification,
        "TS 119 615, 4.5",
        "The key is on a qualified device, which nobody can copy it from.",
        "If it does not hold, the seal is advanced, not qualified.",
    ),
    (
        "qualification",
        Block::Qualification,
        "TS 119 615, 4.6",
        "What the seal is under EU law, from the certificate at issuance and at signing and the verdict.",
        "Look up the qualification itself: `sealgate explain QESeal`.",
    ),
];

const LISTED: &str = "If it does not hold, the seal is not on a qualified certificate; see `sealgate trust show` for what the list says.";

/// What the other findings say.
pub(super) fn others() -> impl Iterator<Item = Meaning> {
    OTHERS.into_iter().map(|(word, _, clause, means, advice)| Meaning {
        word,
        kind: KIND.to_owned(),
        clause,
        means,
        advice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_has_checks() {
        let blocks: Vec<Block> =
            Check::ALL.iter().map(|check| block(*check)).chain(OTHERS.map(|one| one.1)).collect();
        for one in Block::ALL {
            assert!(blocks.contains(&one), "{one:?}");
        }
        assert_eq!(Block::of("certificate-not-revoked"), Block::Chain);
        assert_eq!(Block::of("certificate-qscd"), Block::Qualification);
    }
}
