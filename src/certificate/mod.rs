//! Certificates → a path to a trust anchor.

mod extensions;
pub mod name;
pub mod path;
pub mod pem;
mod qc_statements;
mod store;

pub use extensions::{BasicConstraints, Extensions, KeyUsage};
pub use name::Name;
pub use qc_statements::{QcStatements, QcType};
pub use store::CertificateStore;

use crate::catalogue::say;
use crate::format::der::{Error, Reader, Tag, Tlv, minimal_integer};
use crate::signature::{
    Declared,
    algorithm::{Crypto, PublicKey, SignatureAlgorithm, Verification, identity},
    cms::SignerIdentifier,
};
use crate::time::Time;
use std::sync::Arc;
use x509_parser::certificate::TbsCertificateParser;
use x509_parser::nom::Parser;
use x509_parser::prelude::FromDer;
use x509_parser::x509::AlgorithmIdentifier;

/// An X.509 certificate, read once: everything that validation asks of it, owned.
#[derive(Debug)]
pub struct Certificate {
    /// The DER bytes as received.
    pub der: Arc<[u8]>,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// Subject.
    pub subject: Name,
    /// Issuer.
    pub issuer: Name,
    /// Serial number: content octets of the INTEGER.
    pub serial: Vec<u8>,
    /// Not before.
    pub not_before: Time,
    /// Not after.
    pub not_after: Time,
    /// The subject's key.
    pub key: Arc<PublicKey>,
    /// How the certificate was signed.
    pub signature_algorithm: Declared<SignatureAlgorithm>,
    /// Range of the TBSCertificate in `der`.
    pub tbs: std::ops::Range<usize>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// The extensions.
    pub extensions: Extensions,
    anchor_key: AnchorKey,
}

/// Why bytes are no certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotACertificate(pub String);

/// Bytes of the longest certificate that is read: real ones have a few thousand, post-quantum ones up to some
/// ten thousand.
const LONGEST: usize = 1 << 18;

impl Certificate {
    /// Reads a DER certificate (trailing bytes refused).
    ///
    /// # Errors
    /// Not a certificate: why.
    pub fn parse(der: &[u8]) -> Result<Self, NotACertificate> {
        if der.len() > LONGEST {
            return Err(NotACertificate(format!("{} bytes, more than {LONGEST}", der.len())));
        }
        let parts = Parts::read(der)?;
        let (rest, tbs) = TbsCertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(parts.tbs.raw)
            .map_err(|error| NotACertificate(format!("malformed TBSCertificate: {error}")))?;
        let (_, declared) = AlgorithmIdentifier::from_der(parts.algorithm.raw)
            .map_err(|error| NotACertificate(format!("malformed signatureAlgorithm: {error}")))?;
        // RFC 5280, 4.1.1.2.
        if tbs.signature != declared {
            return Err(NotACertificate("signature and signatureAlgorithm differ".to_owned()));
        }
        if !rest.is_empty() {
            return Err(NotACertificate("bytes after the TBSCertificate".to_owned()));
        }
        // x509-parser stops at an RDN that it cannot read; our own reader takes all of a Name or nothing.
        let name = |raw, which| Name::parse(raw).ok_or_else(|| NotACertificate(format!("malformed {which}")));
        let subject = name(tbs.subject.as_raw(), "subject")?;
        let mut extensions = Extensions::default();
        let mut seen = 0;
        for extension in tbs.extensions() {
            extensions.take(extension.oid.as_bytes(), extension.critical, extension.value, &mut seen);
        }
        let key = PublicKey::from_spki(tbs.subject_pki.raw);
        Ok(Self {
            der: der.into(),
            sha256: identity(der),
            issuer: name(tbs.issuer.as_raw(), "issuer")?,
            serial: tbs.raw_serial().to_vec(),
            not_before: tbs.validity.not_before.to_datetime().into(),
            not_after: tbs.validity.not_after.to_datetime().into(),
            signature_algorithm: match SignatureAlgorithm::from_algorithm_identifier(
                parts.algorithm.raw,
                None,
            ) {
                Some(algorithm) => Declared::Known(algorithm),
                None => Declared::Unknown(declared.algorithm.to_id_string()),
            },
            tbs: parts.tbs.range(),
            signature: parts.signature,
            extensions,
            anchor_key: AnchorKey::new(&subject, &key),
            subject,
            key: Arc::new(key),
        })
    }

    /// Subject and issuer are equal.
    #[must_use]
    pub fn self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Identity as a trust anchor: same subject and same key (RFC 5280, 6.1.1 d).
    #[must_use]
    pub fn anchor_key(&self) -> AnchorKey {
        self.anchor_key
    }

    /// Whether the signer identifier of a CMS signature names this certificate (RFC 5652, 5.3).
    #[must_use]
    pub fn is_named_by(&self, identifier: &SignerIdentifier) -> bool {
        match identifier {
            SignerIdentifier::IssuerSerial { issuer, serial } => {
                minimal_integer(serial) == minimal_integer(&self.serial)
                    && (*issuer == self.issuer.der
                        || Name::parse(issuer).is_some_and(|name| name == self.issuer))
            }
            SignerIdentifier::SubjectKeyIdentifier(identifier) => {
                self.extensions.subject_key_identifier.as_ref() == Some(identifier)
            }
        }
    }

    /// Whether this certificate was signed by `key`. Not cached: see [`CertificateStore::verify`].
    #[must_use]
    pub fn verify(&self, crypto: &Crypto, key: &PublicKey) -> Verification {
        match &self.signature_algorithm {
            Declared::Known(algorithm) => {
                let tbs = self.der.get(self.tbs.clone()).unwrap_or_default();
                crypto.verify(algorithm, key, &[tbs], &self.signature)
            }
            Declared::Unknown(oid) => {
                Verification::Unsupported(say("detail.algorithm-not-computed").with("algorithm", oid))
            }
        }
    }
}

/// The three elements of a Certificate (RFC 5280, 4.1).
struct Parts<'a> {
    tbs: Tlv<'a>,
    algorithm: Tlv<'a>,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> Result<Self, NotACertificate> {
        let read = || {
            let mut outer = Reader::der(der);
            let mut parts = outer.sequence("Certificate")?;
            outer.finish()?;
            let tbs = parts.expect(Tag::SEQUENCE, "TBSCertificate")?;
            let algorithm = parts.expect(Tag::SEQUENCE, "signatureAlgorithm")?;
            // Three signers of the Italian list (AgID) declare unused bits: the octets count all the same.
            let (signature, _) = parts.expect(Tag::BIT_STRING, "signatureValue")?.bit_string()?;
            parts.finish()?;
            Ok(Self { tbs, algorithm, signature: signature.into_owned() })
        };
        read().map_err(|error: Error| NotACertificate(error.to_string()))
    }
}

/// What identifies a trust anchor: SHA-256 over the digest of the SubjectPublicKeyInfo and the normalised subject.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AnchorKey(pub [u8; 32]);

impl AnchorKey {
    fn new(subject: &Name, key: &PublicKey) -> Self {
        // The digest has a fixed length, so the two cannot run together.
        Self(identity(&[key.identity().as_slice(), &subject.normal].concat()))
    }
}
