//! What a validation report names of a signature beside the verdict on it (TS 119 102-2): gathered only where a request
//! asks for it.

use crate::certificate::Certificate;
use crate::signature::algorithm::{Crypto, Digest, DigestAlgorithm, identity};
use crate::signature::{
    Attributes, CertificateReference, Form, Payload, Reference, ReferenceKind, ReferenceOutcome,
    RevocationKind, Signature, Source,
};
use crate::time::Time;
use crate::validation::policy::{Algorithms, Reliability};
use crate::validation::{ChainCertificate, RevocationUsed, SealVerdict, TimestampVerdict};
use std::sync::Arc;

/// What a validation report names of one signature.
#[derive(Debug)]
pub struct Evidence {
    /// The syntax.
    pub form: Form,
    /// The signature value, decoded.
    pub value: Vec<u8>,
    /// Digest of what the value is over (the data to be signed representation), by the signature's own algorithm.
    pub signed: Option<Digest>,
    /// The signature algorithm, where it is known and has a URI.
    pub algorithm: Option<AlgorithmUsed>,
    /// Digest of the signer's document, where it is there as it was signed.
    pub content: Option<Digest>,
    /// The identifier of the signature that this one counter-signs.
    pub counters: Option<String>,
    /// Signed attributes.
    pub attributes: Attributes,
    /// Signed references to the signing certificate and others.
    pub certificate_references: Vec<CertificateReference>,
    /// The certificates in the signature.
    pub certificates: Vec<Embedded>,
    /// The CRLs and OCSP responses in the signature.
    pub revocation: Vec<(RevocationKind, Embedded)>,
    /// How many certificates, CRLs and OCSP responses beyond those there are.
    pub left_out: usize,
    /// The signing certificate, where one was identified.
    pub signer: Option<Arc<Certificate>>,
    /// Signer first, up to the root.
    pub chain: Vec<ChainCertificate>,
    /// The revocation data that the verdict rests on.
    pub used: Vec<RevocationUsed>,
    /// The time-stamps, in document order.
    pub timestamps: Vec<Stamped>,
}

/// Validation material in a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Embedded {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// Where it stands.
    pub source: Source,
    /// How many of the signature's time-stamps stand before it.
    pub after_timestamps: usize,
}

/// A time-stamp token.
#[derive(Debug)]
pub struct Stamped {
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// How many of the signature's time-stamps it covers.
    pub covers_timestamps: usize,
    /// The verdict on it.
    pub verdict: TimestampVerdict,
}

/// A signature algorithm and what the policy says of it with the signer's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlgorithmUsed {
    /// Its URI (RFC 6931, RFC 9231).
    pub uri: &'static str,
    /// Whether it may be relied on at the validation time.
    pub secure: bool,
    /// Until when; `None` where no end is set.
    pub not_after: Option<Time>,
}

/// Certificates, and pieces of revocation data, that are named of one signature; real ones have some dozens.
const MOST: usize = 512;

impl Evidence {
    /// Of one of the signatures of a document, with the verdict on it.
    pub(crate) fn of(
        index: usize,
        signatures: &[Signature<'_>],
        verdict: &SealVerdict,
        (algorithms, time): (&Algorithms, Time),
        crypto: &Crypto,
    ) -> Option<Self> {
        let signature = signatures.get(index)?;
        let known = signature.algorithm.known();
        let algorithm = known.and_then(|algorithm| {
            let reliability = verdict
                .signer
                .as_ref()
                .map_or(Reliability::Never, |signer| algorithms.signature(algorithm, &signer.key));
            let (secure, not_after) = (reliability.at(time), reliability.end());
            Some(AlgorithmUsed { uri: algorithm.uri()?, secure, not_after })
        });
        let digest = known.and_then(|algorithm| algorithm.digest).unwrap_or(DigestAlgorithm::Sha256);
        let message: Vec<&[u8]> = signature.message.iter().map(|part| &**part).collect();
        let signed = if message.is_empty() { None } else { crypto.digest(digest, &message) };
        let counters = signature.counters.and_then(|master| signatures.get(master));
        Some(Self {
            form: signature.form,
            value: signature.value.clone(),
            signed,
            algorithm,
            content: content(signature, crypto),
            counters: counters.map(|master| master.id.clone()),
            attributes: signature.attributes.clone(),
            certificate_references: signature.signer.references.clone(),
            certificates: signature
                .certificates
                .iter()
                .take(MOST)
                .map(|one| Embedded::new(&one.der, one.source, one.after_timestamps))
                .collect(),
            revocation: signature
                .revocation
                .iter()
                .take(MOST)
                .map(|one| (one.kind, Embedded::new(&one.der, one.source, one.after_timestamps)))
                .collect(),
            left_out: [signature.certificates.len(), signature.revocation.len()]
                .map(|count| count.saturating_sub(MOST))
                .iter()
                .sum(),
            signer: verdict.signer.clone(),
            chain: verdict.chain.clone(),
            used: verdict.revocation.clone(),
            timestamps: signature
                .timestamps
                .iter()
                .zip(&verdict.timestamps)
                .map(|(one, verdict)| Stamped {
                    sha256: identity(&one.token),
                    covers_timestamps: one.covers_timestamps,
                    verdict: verdict.clone(),
                })
                .collect(),
        })
    }
}

impl Embedded {
    fn new(der: &[u8], source: Source, after_timestamps: usize) -> Self {
        Self { sha256: identity(der), source, after_timestamps }
    }
}

/// By the reference to it where there is one with a digest; else of the octets of the payload.
fn content(signature: &Signature<'_>, crypto: &Crypto) -> Option<Digest> {
    let is_content = |reference: &&Reference| {
        matches!(reference.kind, ReferenceKind::Content | ReferenceKind::ManifestEntry)
            && reference.outcome == ReferenceOutcome::Intact
            && !reference.value.is_empty()
    };
    let stated = signature.references.iter().find(is_content).and_then(|reference| {
        let algorithm = *reference.digest.as_ref()?.known()?;
        Some(Digest { algorithm, value: reference.value.clone() })
    });
    let octets = match &signature.payload {
        Some(Payload::Json(octets) | Payload::Bytes(octets)) => Some(&**octets),
        Some(Payload::Xml { .. }) | None => None,
    };
    stated.or_else(|| crypto.digest(DigestAlgorithm::Sha256, &[octets?]))
}
