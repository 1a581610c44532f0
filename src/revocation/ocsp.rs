//! OCSP responses (RFC 6960).

use super::{CertificateStatus, NotRevocationData, extension};
use crate::certificate::{Certificate, Name};
use crate::format::Limits;
use crate::format::cms::AlgorithmIdentifier;
use crate::format::der::{Error, Problem, Reader, Rules, Tag, Tlv, header_into, minimal_integer};
use crate::signature::Declared;
use crate::signature::algorithm::{Crypto, DigestAlgorithm, SignatureAlgorithm, identity};
use crate::signature::cms::{digest, signature_algorithm};
use crate::time::Time;
use std::ops::Range;
use std::sync::Arc;

/// Single responses in one response; real ones have one, responders that answer in advance some hundreds.
const MAX_RESPONSES: usize = 4_096;
/// Certificates in one response; real ones have none to three.
const MAX_CERTIFICATES: usize = 64;

/// A basic OCSP response, read once.
#[derive(Debug)]
pub struct OcspResponse {
    /// The bytes as received: OCSPResponse or BasicOCSPResponse.
    pub der: Arc<[u8]>,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// Who says that it answered.
    pub responder: ResponderId,
    /// producedAt.
    pub produced_at: Time,
    /// The answers, in order.
    pub responses: Vec<SingleResponse>,
    /// Certificates beside it, DER, in order.
    pub certificates: Vec<Vec<u8>>,
    /// How the response was signed.
    pub signature_algorithm: Declared<SignatureAlgorithm>,
    /// Range of the ResponseData in `der`.
    pub tbs: Range<usize>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// Critical extensions not processed here, of the response and of its answers, dotted: with any of them, the
    /// response must not be used.
    pub unknown_critical: Vec<String>,
}

/// ResponderID (RFC 6960, 4.2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResponderId {
    /// The responder's subject name.
    ByName(Name),
    /// SHA-1 of the responder's public key, without tag, length and unused bits.
    ByKey(Vec<u8>),
}

/// What the response says of one certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SingleResponse {
    /// Which certificate.
    pub cert_id: CertId,
    /// certStatus.
    pub status: CertificateStatus,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Option<Time>,
    /// Archive cutoff (RFC 6960, 4.4.4): certificates that expired since are answered for.
    pub archive_cutoff: Option<Time>,
    /// CertHash (Common PKI, part 4, 3.1.2): digest of the certificate, which the responder thereby knows.
    pub cert_hash: Option<(Declared<DigestAlgorithm>, Vec<u8>)>,
}

/// CertID (RFC 6960, 4.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertId {
    /// hashAlgorithm.
    pub hash_algorithm: Declared<DigestAlgorithm>,
    /// Digest of the issuer's DER name.
    pub issuer_name_hash: Vec<u8>,
    /// Digest of the issuer's public key, without tag, length and unused bits.
    pub issuer_key_hash: Vec<u8>,
    /// Serial number: content octets of the INTEGER.
    pub serial: Vec<u8>,
}

impl OcspResponse {
    /// Reads a DER OCSPResponse, or a bare BasicOCSPResponse (trailing bytes refused).
    ///
    /// # Errors
    /// Not a successful basic response, or over a limit: why.
    pub fn parse(der: &[u8]) -> Result<Self, NotRevocationData> {
        let mut outer = Reader::new(der, Rules::Der, &Limits::default());
        let mut fields = outer.sequence("OCSPResponse")?;
        outer.finish()?;
        if fields.peek() != Some(Tag::ENUMERATED) {
            return Self::basic(fields, der);
        }
        let status = fields.any("responseStatus")?.unsigned()?;
        if status != 0 {
            return Err(NotRevocationData(format!("response status {status} instead of successful")));
        }
        let mut response =
            fields.expect(Tag::context(0), "responseBytes")?.explicit("ResponseBytes")?.reader()?;
        fields.finish()?;
        let kind = response.expect(Tag::OID, "responseType")?.oid()?;
        if kind != ID_PKIX_OCSP_BASIC {
            return Err(NotRevocationData(format!(
                "response type id-pkix-ocsp-basic expected, {kind} found"
            )));
        }
        let octets = response.expect(Tag::OCTET_STRING, "response")?;
        response.finish()?;
        let mut wrapped = octets.wrapped()?;
        let basic = wrapped.sequence("BasicOCSPResponse")?;
        wrapped.finish()?;
        Self::basic(basic, der)
    }

    fn basic(mut fields: Reader<'_>, der: &[u8]) -> Result<Self, NotRevocationData> {
        let tbs = fields.expect(Tag::SEQUENCE, "tbsResponseData")?;
        let algorithm = AlgorithmIdentifier::read(fields.any("signatureAlgorithm")?)?;
        let signature = fields.expect(Tag::BIT_STRING, "signature")?.whole_bit_string()?.into_owned();
        let certificates = match fields.optional(Tag::context(0))? {
            Some(certificates) => {
                read_certificates(certificates.explicit("certs")?.of(Tag::SEQUENCE, "certs")?.reader()?)?
            }
            None => Vec::new(),
        };
        fields.finish()?;

        let mut data = tbs.reader()?;
        if let Some(version) = data.optional(Tag::context(0))?
            && version.explicit("version")?.unsigned()? != 0
        {
            return Err(version.unexpected("response data version 1").into());
        }
        let responder = ResponderId::read(&data.any("responderID")?)?;
        let produced_at = data.expect(Tag::GENERALIZED_TIME, "producedAt")?.generalized_time()?;
        let mut list = data.sequence("responses")?;
        let mut responses = Vec::new();
        let mut unknown_critical = Vec::new();
        while let Some(tlv) = list.read()? {
            if responses.len() == MAX_RESPONSES {
                let problem = Problem::OverLimit("single responses", MAX_RESPONSES);
                return Err(Error { position: tlv.position, problem }.into());
            }
            responses.push(SingleResponse::read(&tlv, &mut unknown_critical)?);
        }
        if let Some(extensions) = data.optional(Tag::context(1))? {
            let list =
                extensions.explicit("responseExtensions")?.of(Tag::SEQUENCE, "Extensions")?.reader()?;
            for extension in extension::read(list)? {
                // A nonce says that the response is fresh, and nothing about a stored one.
                if extension.critical && extension.oid != ID_PKIX_OCSP_NONCE {
                    extension::note_unknown(&mut unknown_critical, extension.oid);
                }
            }
        }
        data.finish()?;
        Ok(Self {
            der: Arc::from(der),
            sha256: identity(der),
            responder,
            produced_at,
            responses,
            certificates,
            signature_algorithm: signature_algorithm(&algorithm, None)?,
            tbs: tbs.range(),
            signature,
            unknown_critical,
        })
    }

    /// Bytes that this value occupies, about.
    #[must_use]
    pub fn size(&self) -> usize {
        let certificates: usize = self.certificates.iter().map(Vec::len).sum();
        self.der.len() + certificates + 256 * self.responses.len() + 1_024
    }

    /// The answer for `certificate`, issued by `issuer`: the one whose CertID, computed anew by whichever digest
    /// it names, is theirs. Of several, the one with the latest thisUpdate.
    #[must_use]
    pub fn answer_for(
        &self,
        crypto: &Crypto,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Option<&SingleResponse> {
        let serial = minimal_integer(&certificate.serial);
        let same_serial = self.responses.iter().filter(|one| minimal_integer(&one.cert_id.serial) == serial);
        let mut computed: Vec<(DigestAlgorithm, Option<[Vec<u8>; 2]>)> = Vec::new();
        let matching = same_serial.filter(|one| {
            let Some(algorithm) = one.cert_id.hash_algorithm.known() else {
                return false;
            };
            if !computed.iter().any(|(known, _)| known == algorithm) {
                computed.push((*algorithm, issuer_hashes(crypto, *algorithm, certificate, issuer)));
            }
            let hashes =
                computed.iter().find(|(known, _)| known == algorithm).and_then(|(_, hashes)| hashes.as_ref());
            hashes.is_some_and(|[name, key]| {
                *name == one.cert_id.issuer_name_hash && *key == one.cert_id.issuer_key_hash
            })
        });
        matching.max_by_key(|one| one.this_update)
    }
}

impl ResponderId {
    fn read(tlv: &Tlv<'_>) -> Result<Self, Error> {
        let inner = tlv.explicit("ResponderID")?;
        match tlv.tag {
            tag if tag == Tag::context(1) => {
                let invalid =
                    Error { position: inner.position, problem: Problem::Value("Name", "malformed") };
                Name::parse(inner.raw).map(Self::ByName).ok_or(invalid)
            }
            tag if tag == Tag::context(2) => {
                Ok(Self::ByKey(inner.of(Tag::OCTET_STRING, "KeyHash")?.octet_string()?.into_owned()))
            }
            _ => Err(tlv.unexpected("ResponderID")),
        }
    }

    /// Whether this names `certificate` as the responder's.
    #[must_use]
    pub fn names(&self, crypto: &Crypto, certificate: &Certificate) -> bool {
        match self {
            Self::ByName(name) => *name == certificate.subject,
            Self::ByKey(hash) => {
                let key = key_octets(&certificate.key.spki);
                let digest = key.and_then(|key| crypto.digest(DigestAlgorithm::Sha1, &[&key]));
                digest.is_some_and(|digest| digest.value == *hash)
            }
        }
    }
}

impl SingleResponse {
    fn read(tlv: &Tlv<'_>, unknown_critical: &mut Vec<String>) -> Result<Self, Error> {
        let mut fields = tlv.of(Tag::SEQUENCE, "SingleResponse")?.reader()?;
        let cert_id = CertId::read(fields.sequence("certID")?)?;
        let status = status(&fields.any("certStatus")?)?;
        let this_update = fields.expect(Tag::GENERALIZED_TIME, "thisUpdate")?.generalized_time()?;
        let next_update = match fields.optional(Tag::context(0))? {
            Some(next) => Some(
                next.explicit("nextUpdate")?.of(Tag::GENERALIZED_TIME, "nextUpdate")?.generalized_time()?,
            ),
            None => None,
        };
        let mut single =
            Self { cert_id, status, this_update, next_update, archive_cutoff: None, cert_hash: None };
        if let Some(extensions) = fields.optional(Tag::context(1))? {
            let list = extensions.explicit("singleExtensions")?.of(Tag::SEQUENCE, "Extensions")?.reader()?;
            for extension in extension::read(list)? {
                match extension.oid.octets() {
                    ID_PKIX_OCSP_ARCHIVE_CUTOFF => {
                        let cutoff = extension.inner("ArchiveCutoff")?;
                        single.archive_cutoff =
                            Some(cutoff.of(Tag::GENERALIZED_TIME, "ArchiveCutoff")?.generalized_time()?);
                    }
                    CERT_HASH => {
                        let mut fields = extension.inner("CertHash")?.reader()?;
                        let algorithm = AlgorithmIdentifier::read(fields.any("hashAlgorithm")?)?;
                        let value = fields.expect(Tag::OCTET_STRING, "certificateHash")?.octet_string()?;
                        fields.finish()?;
                        single.cert_hash = Some((digest(&algorithm), value.into_owned()));
                    }
                    _ if extension.critical => extension::note_unknown(unknown_critical, extension.oid),
                    _ => {}
                }
            }
        }
        fields.finish()?;
        Ok(single)
    }
}

impl CertId {
    fn read(mut fields: Reader<'_>) -> Result<Self, Error> {
        let algorithm = AlgorithmIdentifier::read(fields.any("hashAlgorithm")?)?;
        let mut octets = |what| -> Result<Vec<u8>, Error> {
            Ok(fields.expect(Tag::OCTET_STRING, what)?.octet_string()?.into_owned())
        };
        let (issuer_name_hash, issuer_key_hash) = (octets("issuerNameHash")?, octets("issuerKeyHash")?);
        let serial = fields.expect(Tag::INTEGER, "serialNumber")?.integer()?.to_vec();
        fields.finish()?;
        Ok(Self { hash_algorithm: digest(&algorithm), issuer_name_hash, issuer_key_hash, serial })
    }
}

/// CertStatus (RFC 6960, 4.2.1).
fn status(tlv: &Tlv<'_>) -> Result<CertificateStatus, Error> {
    match tlv.tag {
        tag if tag == Tag::context(0) && tlv.content.is_empty() => Ok(CertificateStatus::Good),
        tag if tag == Tag::context(1) => {
            let mut fields = tlv.reader()?;
            let at = fields.expect(Tag::GENERALIZED_TIME, "revocationTime")?.generalized_time()?;
            let reason = match fields.optional(Tag::context(0))? {
                Some(reason) => {
                    let code = reason.explicit("revocationReason")?.of(Tag::ENUMERATED, "CRLReason")?;
                    Some(u8::try_from(code.unsigned()?).map_err(|_| code.unexpected("CRLReason"))?)
                }
                None => None,
            };
            fields.finish()?;
            Ok(CertificateStatus::Revoked { at, reason })
        }
        tag if tag == Tag::context(2) && tlv.content.is_empty() => Ok(CertificateStatus::Unknown),
        _ => Err(tlv.unexpected("CertStatus")),
    }
}

fn read_certificates(mut list: Reader<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    while let Some(tlv) = list.read()? {
        if found.len() == MAX_CERTIFICATES {
            let problem = Problem::OverLimit("certificates", MAX_CERTIFICATES);
            return Err(Error { position: tlv.position, problem });
        }
        found.push(tlv.of(Tag::SEQUENCE, "Certificate")?.raw.to_vec());
    }
    Ok(found)
}

/// An OCSPRequest about one certificate (RFC 6960, 4.1.1), unsigned. Its CertID is of SHA-1, which every responder knows
/// (RFC 5019, 2.1.1); without a nonce, since responders that answer in advance have none to give.
///
/// `None` where the issuer's key cannot be read.
#[must_use]
pub fn request(crypto: &Crypto, certificate: &Certificate, issuer: &Certificate) -> Option<Vec<u8>> {
    /// SHA-1 without parameters, as a whole AlgorithmIdentifier.
    const SHA1: &[u8] = b"\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00";
    let [name, key] = issuer_hashes(crypto, DigestAlgorithm::Sha1, certificate, issuer)?;
    let element = |tag: Tag, content: &[u8]| {
        let mut out = Vec::with_capacity(content.len().saturating_add(4));
        header_into(tag, tag == Tag::SEQUENCE, content.len(), &mut out);
        out.extend_from_slice(content);
        out
    };
    let octets = |content: &[u8]| element(Tag::OCTET_STRING, content);
    let serial = element(Tag::INTEGER, &certificate.serial);
    let mut request = [SHA1, &octets(&name), &octets(&key), &serial].concat();
    // CertID, Request, requestList, TBSRequest, OCSPRequest.
    for _ in 0..5 {
        request = element(Tag::SEQUENCE, &request);
    }
    Some(request)
}

fn issuer_hashes(
    crypto: &Crypto,
    algorithm: DigestAlgorithm,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Option<[Vec<u8>; 2]> {
    let key = key_octets(&issuer.key.spki)?;
    let name = crypto.digest(algorithm, &[&certificate.issuer.der])?;
    Some([name.value, crypto.digest(algorithm, &[&key])?.value])
}

/// The octets of subjectPublicKey, without tag, length and unused bits.
fn key_octets(spki: &[u8]) -> Option<Vec<u8>> {
    let mut fields = Reader::der(spki).sequence("SubjectPublicKeyInfo").ok()?;
    fields.expect(Tag::SEQUENCE, "algorithm").ok()?;
    let key = fields.expect(Tag::BIT_STRING, "subjectPublicKey").ok()?;
    Some(key.bit_string().ok()?.0.into_owned())
}

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
const ID_PKIX_OCSP_BASIC: &[u8] = crate::format::cms::oid::PKIX_OCSP_BASIC;
/// id-pkix-ocsp-nonce, 1.3.6.1.5.5.7.48.1.2.
const ID_PKIX_OCSP_NONCE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x02";
/// id-pkix-ocsp-archive-cutoff, 1.3.6.1.5.5.7.48.1.6.
const ID_PKIX_OCSP_ARCHIVE_CUTOFF: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x06";
/// id-commonpki-at-certHash, 1.3.36.8.3.13.
const CERT_HASH: &[u8] = b"\x2b\x24\x08\x03\x0d";
