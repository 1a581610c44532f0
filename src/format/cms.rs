//! Views on CMS SignedData (RFC 5652), BER or DER.
//!
//! A view states what stands where: every field keeps its TLV as received, since CAdES time-stamps and PAdES hash
//! fields as they were transmitted. What the fields mean is for `signature/` to say.

pub mod oid;

use super::der::{self, Oid, Reader, Rules, Tag, Tlv};
use super::{Limits, Unreadable};
use std::borrow::Cow;
use std::fmt;

/// Certificates, CRLs or OCSP responses in one SignedData; real ones have some dozens.
const MAX_MATERIAL: usize = 1_024;
/// Bytes of one signer's signed attributes, which hold digests, references and content time-stamps.
const MAX_SIGNED_ATTRIBUTES: usize = 4 << 20;

/// What may follow the ContentInfo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trailing {
    /// Nothing.
    Refused,
    /// Zero octets, which fill the space that a PDF reserved for `/Contents`.
    ZeroPadding,
    /// Anything, as real PDFs have there: no signature covers that space, so nothing can be read from it.
    Any,
}

/// Why bytes are no SignedData.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotSignedData {
    /// A ContentInfo with other content: its dotted type.
    ContentType(String),
    /// Malformed, or over a limit.
    Encoding(der::Error),
}

/// A ContentInfo holding SignedData (RFC 5652, 3 and 5.1).
#[derive(Clone, Debug)]
pub struct SignedData<'a> {
    /// The ContentInfo as received, without what follows it.
    pub raw: &'a [u8],
    /// version.
    pub version: u64,
    /// digestAlgorithms.
    pub digest_algorithms: Vec<AlgorithmIdentifier<'a>>,
    /// encapContentInfo as received.
    pub encapsulated: Tlv<'a>,
    /// eContentType.
    pub content_type: Oid<'a>,
    /// eContent; `None` where the signature is detached.
    pub content: Option<Content<'a>>,
    /// certificates.
    pub certificates: Option<Certificates<'a>>,
    /// crls.
    pub revocation: Option<Revocation<'a>>,
    /// signerInfos, in order.
    pub signers: Vec<SignerInfo<'a>>,
}

/// Encapsulated content.
#[derive(Clone, Debug)]
pub struct Content<'a> {
    /// What is digested: the octets of the OCTET STRING, or of PKCS #7's value without its tag and length
    /// (RFC 5652, 5.2.1).
    pub octets: Cow<'a, [u8]>,
    /// Whether it is an OCTET STRING, as CMS wants it.
    pub is_octet_string: bool,
    /// The TLV inside the `[0] EXPLICIT`, as received.
    pub tlv: Tlv<'a>,
}

/// The certificates field.
#[derive(Clone, Debug)]
pub struct Certificates<'a> {
    /// The field as received.
    pub tlv: Tlv<'a>,
    /// X.509 certificates, in order.
    pub x509: Vec<Choice<'a>>,
    /// How many of the other choices there are: attribute certificates, other formats.
    pub others: usize,
}

/// The crls field.
#[derive(Clone, Debug)]
pub struct Revocation<'a> {
    /// The field as received.
    pub tlv: Tlv<'a>,
    /// Certificate lists, in order.
    pub crls: Vec<Choice<'a>>,
    /// OCSPResponse or BasicOCSPResponse from otherRevInfo (RFC 5940), in order.
    pub ocsps: Vec<Choice<'a>>,
    /// How many other formats there are.
    pub others: usize,
}

/// One element of the certificates or crls field.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// The whole element as received, which archive time-stamps hash.
    pub raw: &'a [u8],
    /// The object in it: DER.
    pub der: Cow<'a, [u8]>,
}

/// An AlgorithmIdentifier.
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmIdentifier<'a> {
    /// The whole.
    pub tlv: Tlv<'a>,
    /// algorithm.
    pub oid: Oid<'a>,
    /// parameters.
    pub parameters: Option<Tlv<'a>>,
}

/// How a SignerInfo names the signer's certificate.
#[derive(Clone, Debug)]
pub enum Sid<'a> {
    /// issuerAndSerialNumber: DER Name and the content octets of the INTEGER.
    IssuerAndSerialNumber(Cow<'a, [u8]>, &'a [u8]),
    /// subjectKeyIdentifier.
    SubjectKeyIdentifier(Cow<'a, [u8]>),
}

/// A SignerInfo (RFC 5652, 5.3).
#[derive(Clone, Debug)]
pub struct SignerInfo<'a> {
    /// The whole as received.
    pub tlv: Tlv<'a>,
    /// version.
    pub version: u64,
    /// sid.
    pub sid: Sid<'a>,
    /// digestAlgorithm.
    pub digest_algorithm: AlgorithmIdentifier<'a>,
    /// signedAttrs.
    pub signed_attributes: Option<Attributes<'a>>,
    /// signatureAlgorithm.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// signature, as received.
    pub signature_tlv: Tlv<'a>,
    /// signature: its octets.
    pub signature: Cow<'a, [u8]>,
    /// unsignedAttrs.
    pub unsigned_attributes: Option<Attributes<'a>>,
}

/// Attributes in the order in which they were received, repeated ones included.
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    /// The field as received, with its context-specific tag.
    pub tlv: Tlv<'a>,
    /// The attributes.
    pub list: Vec<Attribute<'a>>,
}

/// An Attribute.
#[derive(Clone, Debug)]
pub struct Attribute<'a> {
    /// The whole as received.
    pub tlv: Tlv<'a>,
    /// attrType.
    pub oid: Oid<'a>,
    /// attrValues, in the order received.
    pub values: Vec<Tlv<'a>>,
}

/// Whether bytes begin as a ContentInfo of one of the types of PKCS #7.
#[must_use]
pub fn is_content_info(bytes: &[u8]) -> bool {
    const PKCS7: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    let length_octets = match bytes {
        [0x30, length, ..] if *length > 0x80 => usize::from(length & 0x7f),
        [0x30, ..] => 0,
        _ => return false,
    };
    bytes.get(length_octets.saturating_add(2)..).is_some_and(|content| content.starts_with(PKCS7))
}

impl<'a> SignedData<'a> {
    /// Reads a ContentInfo. Of `limits`, depth, nodes, signatures (signers) and attributes (of one signer) apply.
    ///
    /// # Errors
    /// No SignedData, malformed, over a limit, or followed by what `trailing` does not allow.
    pub fn parse(bytes: &'a [u8], trailing: Trailing, limits: &Limits) -> Result<Self, NotSignedData> {
        let mut outer = Reader::new(bytes, Rules::Ber, limits);
        let info = outer.expect(Tag::SEQUENCE, "ContentInfo")?;
        match trailing {
            Trailing::Any => {}
            Trailing::ZeroPadding if outer.rest().iter().all(|octet| *octet == 0) => {}
            Trailing::ZeroPadding | Trailing::Refused => outer.finish()?,
        }
        let mut fields = info.reader()?;
        let content_type = fields.expect(Tag::OID, "contentType")?.oid()?;
        if content_type != oid::SIGNED_DATA {
            return Err(NotSignedData::ContentType(content_type.to_string()));
        }
        let content = fields.expect(Tag::context(0), "content [0]")?.explicit("SignedData")?;
        fields.finish()?;
        Ok(Self::fields(info.raw, content.of(Tag::SEQUENCE, "SignedData")?.reader()?, limits)?)
    }

    fn fields(raw: &'a [u8], mut fields: Reader<'a>, limits: &Limits) -> Result<Self, der::Error> {
        let version = fields.expect(Tag::INTEGER, "version")?.unsigned()?;
        let mut algorithms = fields.set("digestAlgorithms")?;
        let mut digest_algorithms = Vec::new();
        while let Some(tlv) = algorithms.read()? {
            within(digest_algorithms.len(), limits.signatures, "digest algorithms", &tlv)?;
            digest_algorithms.push(AlgorithmIdentifier::read(tlv)?);
        }
        let encapsulated = fields.expect(Tag::SEQUENCE, "encapContentInfo")?;
        let (content_type, content) = encapsulated_content(&encapsulated)?;
        let certificates = fields.optional(Tag::context(0))?.map(Certificates::read).transpose()?;
        let revocation = fields.optional(Tag::context(1))?.map(Revocation::read).transpose()?;
        let mut infos = fields.set("signerInfos")?;
        fields.finish()?;
        let mut signers = Vec::new();
        while let Some(tlv) = infos.read()? {
            within(signers.len(), limits.signatures, "signers", &tlv)?;
            signers.push(SignerInfo::read(tlv, limits)?);
        }
        Ok(Self {
            raw,
            version,
            digest_algorithms,
            encapsulated,
            content_type,
            content,
            certificates,
            revocation,
            signers,
        })
    }
}

fn encapsulated_content<'a>(tlv: &Tlv<'a>) -> Result<(Oid<'a>, Option<Content<'a>>), der::Error> {
    let mut fields = tlv.reader()?;
    let content_type = fields.expect(Tag::OID, "eContentType")?.oid()?;
    let content =
        fields.optional(Tag::context(0))?.map(|explicit| explicit.explicit("eContent")).transpose()?;
    fields.finish()?;
    let content = content.map(|tlv| -> Result<_, der::Error> {
        let is_octet_string = tlv.tag == Tag::OCTET_STRING;
        let octets = if is_octet_string { tlv.octet_string()? } else { Cow::Borrowed(tlv.content) };
        Ok(Content { octets, is_octet_string, tlv })
    });
    Ok((content_type, content.transpose()?))
}

impl<'a> Certificates<'a> {
    fn read(tlv: Tlv<'a>) -> Result<Self, der::Error> {
        let mut choices = tlv.reader()?;
        let (mut x509, mut others) = (Vec::new(), 0);
        while let Some(choice) = choices.read()? {
            within(x509.len() + others, MAX_MATERIAL, "certificates", &choice)?;
            match choice.tag {
                Tag::SEQUENCE => x509.push(Choice { raw: choice.raw, der: choice.definite()? }),
                _ => others += 1,
            }
        }
        Ok(Self { tlv, x509, others })
    }
}

impl<'a> Revocation<'a> {
    fn read(tlv: Tlv<'a>) -> Result<Self, der::Error> {
        let mut choices = tlv.reader()?;
        let (mut crls, mut ocsps, mut others) = (Vec::new(), Vec::new(), 0);
        while let Some(choice) = choices.read()? {
            within(crls.len() + ocsps.len() + others, MAX_MATERIAL, "revocation information", &choice)?;
            match choice.tag {
                Tag::SEQUENCE => crls.push(Choice { raw: choice.raw, der: choice.definite()? }),
                tag if tag == Tag::context(1) => {
                    let mut other = choice.reader()?;
                    let format = other.expect(Tag::OID, "otherRevInfoFormat")?.oid()?;
                    let info = other.any("otherRevInfo")?;
                    other.finish()?;
                    if format == oid::RI_OCSP_RESPONSE || format == oid::PKIX_OCSP_BASIC {
                        ocsps.push(Choice { raw: choice.raw, der: info.definite()? });
                    } else {
                        others += 1;
                    }
                }
                _ => return Err(choice.unexpected("RevocationInfoChoice")),
            }
        }
        Ok(Self { tlv, crls, ocsps, others })
    }
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads an AlgorithmIdentifier.
    ///
    /// # Errors
    /// Malformed.
    pub fn read(tlv: Tlv<'a>) -> Result<Self, der::Error> {
        Self::read_tagged(tlv.of(Tag::SEQUENCE, "AlgorithmIdentifier")?)
    }

    /// The same under an implicit tag.
    ///
    /// # Errors
    /// Malformed.
    pub fn read_tagged(tlv: Tlv<'a>) -> Result<Self, der::Error> {
        let mut fields = tlv.reader()?;
        let oid = fields.expect(Tag::OID, "algorithm")?.oid()?;
        let parameters = fields.read()?;
        fields.finish()?;
        Ok(Self { tlv, oid, parameters })
    }

    /// Whether both name the same algorithm with the same parameters; absent ones and NULL are alike, since
    /// authorities write now the one, now the other.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let meant =
            |of: &Self| of.parameters.filter(|parameters| parameters.tag != Tag::NULL).map(|tlv| tlv.raw);
        self.oid == other.oid && meant(self) == meant(other)
    }
}

impl<'a> SignerInfo<'a> {
    /// Reads a SignerInfo, also one that stands as the value of a countersignature attribute.
    ///
    /// # Errors
    /// Malformed, or over a limit.
    pub fn read(tlv: Tlv<'a>, limits: &Limits) -> Result<Self, der::Error> {
        let mut fields = tlv.of(Tag::SEQUENCE, "SignerInfo")?.reader()?;
        let version = fields.expect(Tag::INTEGER, "version")?.unsigned()?;
        let sid = Sid::read(fields.any("sid")?)?;
        let digest_algorithm = AlgorithmIdentifier::read(fields.any("digestAlgorithm")?)?;
        let signed_attributes =
            fields.optional(Tag::context(0))?.map(|tlv| Attributes::read(tlv, limits)).transpose()?;
        if let Some(Attributes { tlv, .. }) = &signed_attributes {
            within(tlv.raw.len(), MAX_SIGNED_ATTRIBUTES, "bytes of signed attributes", tlv)?;
        }
        let signature_algorithm = AlgorithmIdentifier::read(fields.any("signatureAlgorithm")?)?;
        let signature_tlv = fields.expect(Tag::OCTET_STRING, "signature")?;
        let signature = signature_tlv.octet_string()?;
        let unsigned_attributes =
            fields.optional(Tag::context(1))?.map(|tlv| Attributes::read(tlv, limits)).transpose()?;
        fields.finish()?;
        Ok(Self {
            tlv,
            version,
            sid,
            digest_algorithm,
            signed_attributes,
            signature_algorithm,
            signature_tlv,
            signature,
            unsigned_attributes,
        })
    }
}

impl<'a> SignerInfo<'a> {
    /// The signed attributes of this type, in order.
    pub fn signed(&self, oid: &[u8]) -> impl Iterator<Item = &Attribute<'a>> {
        self.signed_attributes.iter().flat_map(move |list| list.of(oid))
    }

    /// The unsigned attributes of this type, in order.
    pub fn unsigned(&self, oid: &[u8]) -> impl Iterator<Item = &Attribute<'a>> {
        self.unsigned_attributes.iter().flat_map(move |list| list.of(oid))
    }

    /// The fields before the unsigned attributes as received, each with tag and length.
    ///
    /// # Errors
    /// None: they were read already.
    pub fn signed_fields(&self) -> Result<Vec<&'a [u8]>, der::Error> {
        let mut fields = self.tlv.reader()?;
        let mut all = Vec::new();
        while let Some(field) = fields.read()? {
            if field.tag != Tag::context(1) {
                all.push(field.raw);
            }
        }
        Ok(all)
    }
}

impl<'a> Sid<'a> {
    fn read(tlv: Tlv<'a>) -> Result<Self, der::Error> {
        if tlv.tag == Tag::context(0) {
            return Ok(Self::SubjectKeyIdentifier(tlv.octet_string()?));
        }
        let mut fields = tlv.of(Tag::SEQUENCE, "SignerIdentifier")?.reader()?;
        let issuer = fields.expect(Tag::SEQUENCE, "issuer")?.definite()?;
        let serial = fields.expect(Tag::INTEGER, "serialNumber")?.integer()?;
        fields.finish()?;
        Ok(Self::IssuerAndSerialNumber(issuer, serial))
    }
}

impl<'a> Attributes<'a> {
    fn read(tlv: Tlv<'a>, limits: &Limits) -> Result<Self, der::Error> {
        let mut reader = tlv.reader()?;
        let mut list = Vec::new();
        while let Some(tlv) = reader.read()? {
            within(list.len(), limits.attributes, "attributes", &tlv)?;
            let mut fields = tlv.of(Tag::SEQUENCE, "Attribute")?.reader()?;
            let oid = fields.expect(Tag::OID, "attrType")?.oid()?;
            let mut set = fields.set("attrValues")?;
            fields.finish()?;
            let mut values = Vec::new();
            while let Some(value) = set.read()? {
                within(values.len(), limits.attributes, "values of an attribute", &value)?;
                values.push(value);
            }
            list.push(Attribute { tlv, oid, values });
        }
        Ok(Self { tlv, list })
    }

    /// The attributes of this type, in order.
    pub fn of(&self, oid: &[u8]) -> impl Iterator<Item = &Attribute<'a>> {
        self.list.iter().filter(move |attribute| attribute.oid == *oid)
    }

    /// The DER encoding as SET OF: what a signature value is over (RFC 5652, 5.4), however it was received.
    ///
    /// # Errors
    /// Malformed inside, or over a limit.
    pub fn to_der(&self) -> Result<Vec<u8>, der::Error> {
        self.tlv.to_der_as(Tag::SET)
    }
}

fn within(count: usize, limit: usize, what: &'static str, at: &Tlv<'_>) -> Result<(), der::Error> {
    if count < limit {
        return Ok(());
    }
    Err(der::Error { position: at.position, problem: der::Problem::OverLimit(what, limit) })
}

impl From<der::Error> for NotSignedData {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error)
    }
}

impl From<NotSignedData> for Unreadable {
    fn from(why: NotSignedData) -> Self {
        match why {
            NotSignedData::Encoding(der::Error { problem: der::Problem::OverLimit(what, limit), .. }) => {
                Self::OverLimit(what, limit)
            }
            other => Self::Malformed("CMS", other.to_string()),
        }
    }
}

impl fmt::Display for NotSignedData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType(oid) => write!(f, "id-signedData expected, content type {oid} found"),
            Self::Encoding(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotSignedData {}
