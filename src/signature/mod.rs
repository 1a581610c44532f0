//! [`Envelope`](crate::format::Envelope) → [`Signature`]s with their signed bytes resolved.
//!
//! A signature here is facts only: what is signed, by what value, with what beside it. Whether that is enough
//! is `validation/`'s to say. One shape serves every format, so that one validation core serves them all.

pub mod algorithm;
pub mod asic;
pub mod cades;
pub mod cms;
pub mod jades;
pub mod pades;
mod standalone;
pub mod xades;
pub mod xmldsig;

pub use standalone::{Over, Standalone};

use crate::catalogue::{Words, say};
use crate::format::{Limits, Sink, xml};
use crate::time::Time;
use algorithm::{Crypto, DigestAlgorithm, SignatureAlgorithm};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;

/// What reading signatures takes besides the document.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// The primitives.
    pub crypto: &'c Crypto,
    /// The budget.
    pub limits: &'c Limits,
    /// Content that a signature may cover without containing it.
    pub detached: &'c [Detached],
}

/// A document given beside the signed one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Detached {
    /// The name by which a reference may call it.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An identifier from the document: known to us, or kept as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Declared<T> {
    /// Known.
    Known(T),
    /// Not known: the identifier as the document has it.
    Unknown(String),
}

impl<T> Declared<T> {
    /// The value, if known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// The signature's syntax.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// JWS, ETSI TS 119 182-1 or plain.
    Jades,
    /// XML-DSig, ETSI EN 319 132-1 or plain.
    Xades,
    /// CMS, ETSI EN 319 122-1 or plain.
    Cades,
    /// PDF, ETSI EN 319 142-1.
    Pades,
    /// PDF, PKCS #7 of ISO 32000-1, 12.8.3.3 (SubFilter adbe.*).
    Pkcs7,
}

/// One signature, its parts located and its references digested.
#[derive(Debug)]
pub struct Signature<'a> {
    /// Identifier: stable for the same bytes, unique within the document.
    pub id: String,
    /// The syntax.
    pub form: Form,
    /// The ds:Signature in its document; `None` in every other syntax.
    pub element: Option<xml::NodeId>,
    /// The index, in document order, of the signature that this one counter-signs.
    pub counters: Option<usize>,
    /// The declared signature algorithm.
    pub algorithm: Declared<SignatureAlgorithm>,
    /// The signature value, decoded; empty where it could not be.
    pub value: Vec<u8>,
    /// What `value` signs: the parts, concatenated. JWS signing input, canonical `ds:SignedInfo`, CMS signed attributes
    /// in DER.
    pub message: Vec<Cow<'a, [u8]>>,
    /// The data objects signed, each with what its digest came to. In JAdES the signing input is the only
    /// reference unless there is a `sigD`.
    pub references: Vec<Reference>,
    /// Files of the container around it whose very octets a reference covers and whose digest is equal, by path.
    pub files: Vec<String>,
    /// The signed content that `credential/` may read, if this signature covers one and it was found.
    pub payload: Option<Payload<'a>>,
    /// How the signature names its signing certificate.
    pub signer: SignerIdentification,
    /// Every certificate in the signature, in order.
    pub certificates: Vec<EmbeddedCertificate<'a>>,
    /// Every CRL and OCSP response in the signature, in order.
    pub revocation: Vec<EmbeddedRevocation<'a>>,
    /// Every time-stamp token in the signature, in document order.
    pub timestamps: Vec<EmbeddedTimestamp<'a>>,
    /// Signed attributes that validation looks at.
    pub attributes: Attributes,
    /// Facts about the structure, from which the level is named and format checking decides.
    pub structure: Structure,
}

impl Signature<'_> {
    /// One that says nothing, for a reader to fill in.
    pub(crate) fn blank(form: Form) -> Self {
        Self {
            id: String::new(),
            form,
            element: None,
            counters: None,
            algorithm: Declared::Unknown("unreadable".to_owned()),
            value: Vec::new(),
            message: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            payload: None,
            signer: SignerIdentification::default(),
            certificates: Vec::new(),
            revocation: Vec::new(),
            timestamps: Vec::new(),
            attributes: Attributes::default(),
            structure: Structure::default(),
        }
    }
}

/// The signed bytes that `credential/` reads: the very bytes or element that a reference covered.
#[derive(Clone, Debug)]
pub enum Payload<'a> {
    /// JSON text.
    Json(Cow<'a, [u8]>),
    /// An element of a parsed document. ds:Signature elements below it may not be covered, all else is: a reader
    /// leaves them out.
    Xml {
        /// The document.
        document: &'a xml::Document<'a>,
        /// The covered element.
        element: xml::NodeId,
    },
    /// Anything else.
    Bytes(Cow<'a, [u8]>),
}

/// One signed data object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// The URI as it stands, or the name in a manifest. `None` where the syntax has none.
    pub uri: Option<String>,
    /// What it points at.
    pub kind: ReferenceKind,
    /// The digest algorithm; `None` for a JWS signing input, whose digest is the signature algorithm's.
    pub digest: Option<Declared<DigestAlgorithm>>,
    /// The digest as the signature states it; empty where it states none.
    pub value: Vec<u8>,
    /// What came of it.
    pub outcome: ReferenceOutcome,
}

impl Reference {
    /// One of which no digest is stated.
    pub(crate) fn without_digest(kind: ReferenceKind, outcome: ReferenceOutcome) -> Self {
        Self { uri: None, kind, digest: None, value: Vec::new(), outcome }
    }
}

/// What a reference points at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceKind {
    /// A signed data object.
    Content,
    /// The XAdES SignedProperties of this signature.
    SignedProperties,
    /// The signature's own KeyInfo.
    KeyInfo,
    /// A ds:Manifest.
    Manifest,
    /// An entry of a ds:Manifest or a `sigD`.
    ManifestEntry,
    /// The value of the signature that this one counter-signs.
    CounterSigned,
    /// A JWS signing input.
    SigningInput,
}

/// What came of a reference. Where the whole is proved by the signature value alone (a JWS signing input), the
/// outcome is `Intact` as soon as the data is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReferenceOutcome {
    /// Found, and the digest is equal.
    Intact,
    /// Found, and the digest differs.
    Mismatch,
    /// The data is not there, not unique, or not where it must be: why.
    NotFound(Words),
    /// A transform, digest algorithm or limit refused by name: the data was not digested.
    Refused(Words),
}

/// How a signature names its signing certificate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignerIdentification {
    /// Indexes in [`Signature::certificates`] that the syntax offers as the signer's, best first
    /// (JAdES `x5c`; XAdES KeyInfo X509Data).
    pub candidates: Vec<usize>,
    /// The signer identifier of CMS: no other certificate can be the signer's.
    pub identifier: Option<cms::SignerIdentifier>,
    /// Signed references to the signing certificate; the first is the signer's.
    pub references: Vec<CertificateReference>,
    /// How many signing-certificate attributes there are (`x5t#S256`, SigningCertificateV2, ...): 1 is right.
    pub reference_attributes: usize,
    /// A bare key (`jwk`, ds:KeyValue) as DER SubjectPublicKeyInfo.
    pub key: Option<Vec<u8>>,
    /// Issuer and serial from `kid`: DER IssuerSerial.
    pub kid: Option<Vec<u8>>,
}

/// A signed reference to a certificate, by digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateReference {
    /// The digest algorithm.
    pub digest_algorithm: Declared<DigestAlgorithm>,
    /// The digest of the DER certificate.
    pub digest: Vec<u8>,
    /// DER IssuerSerial (RFC 5035), where the reference has one in that form.
    pub issuer_serial: Option<Vec<u8>>,
}

/// Where in the signature a piece of validation material stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// JAdES `x5c`, ds:KeyInfo, the certificates and crls fields of a CMS SignedData.
    KeyInfo,
    /// JAdES `xVals`/`rVals`, XAdES CertificateValues/RevocationValues, CAdES certificate-values/revocation-values.
    Values,
    /// JAdES `axVals`/`arVals`, XAdES AttrAuthoritiesCertValues/AttributeRevocationValues.
    AttributeValues,
    /// JAdES `tstVD`, XAdES TimeStampValidationData.
    TimestampValidationData,
    /// JAdES/XAdES AnyValidationData.
    AnyValidationData,
    /// PDF: DSS.
    Dss,
    /// PDF: a VRI dictionary of the DSS.
    Vri,
    /// Inside a time-stamp token.
    TimestampToken,
}

/// A certificate found in the signature.
#[derive(Clone, Debug)]
pub struct EmbeddedCertificate<'a> {
    /// DER.
    pub der: Cow<'a, [u8]>,
    /// Where.
    pub source: Source,
    /// How many of [`Signature::timestamps`] stand before it: an archive time-stamp that covers fewer does not
    /// prove that it existed.
    pub after_timestamps: usize,
}

/// The kind of revocation data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RevocationKind {
    /// RFC 5280 certificate list.
    Crl,
    /// RFC 6960 response: OCSPResponse or BasicOCSPResponse.
    Ocsp,
}

/// A CRL or OCSP response found in the signature.
#[derive(Clone, Debug)]
pub struct EmbeddedRevocation<'a> {
    /// Which.
    pub kind: RevocationKind,
    /// DER.
    pub der: Cow<'a, [u8]>,
    /// Where.
    pub source: Source,
    /// How many of [`Signature::timestamps`] stand before it: an archive time-stamp that covers fewer does not
    /// prove that it existed.
    pub after_timestamps: usize,
}

/// What a time-stamp is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TimestampKind {
    /// The content before signing (JAdES `adoTst`; XAdES AllDataObjects, IndividualDataObjects; CAdES content-time-stamp).
    Content,
    /// The signature value (`sigTst`, SignatureTimeStamp).
    Signature,
    /// References to validation data only (`rfsTst`, RefsOnlyTimeStamp).
    References,
    /// Signature and references (`sigRTst`, SigAndRefsTimeStamp).
    SignatureAndReferences,
    /// A PDF file up to the end of a revision (EN 319 142-1, 5.4.3).
    Document,
    /// Everything before it (`arcTst`, ArchiveTimeStamp).
    Archive,
}

/// Feeds exactly the bytes that a time-stamp covers into a sink; an error says why they cannot be had.
pub type Imprint<'a> = Box<dyn Fn(&mut dyn Sink) -> Result<(), NoImprint> + Send + Sync + 'a>;

/// Why there are no bytes that a time-stamp could cover.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoImprint {
    /// They cannot be had: why.
    NotFound(Words),
    /// They say of other data that it is what it is not.
    Differs,
}

/// Why data is not digested whose algorithm has no primitive here.
pub(crate) fn not_computed(algorithm: DigestAlgorithm) -> Words {
    say("detail.digest-not-computed").with("digest", algorithm.name())
}

impl From<Words> for NoImprint {
    fn from(why: Words) -> Self {
        Self::NotFound(why)
    }
}

/// A time-stamp token found in the signature.
pub struct EmbeddedTimestamp<'a> {
    /// What it is over.
    pub kind: TimestampKind,
    /// The token: DER or BER ContentInfo.
    pub token: Cow<'a, [u8]>,
    /// The bytes that it covers.
    pub imprint: Imprint<'a>,
    /// The bytes as an older edition of the standard puts them together, where there are two ways.
    pub older_imprint: Option<Imprint<'a>>,
    /// For an archive or document time-stamp: how many of [`Signature::timestamps`] stand before it and are covered by it.
    pub covers_timestamps: usize,
}

impl fmt::Debug for EmbeddedTimestamp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedTimestamp").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Signed attributes that validation looks at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attributes {
    /// Claimed signing time.
    pub signing_time: Option<Time>,
    /// Signature policy, where there is one.
    pub policy: Option<SignaturePolicy>,
    /// Commitment types, by identifier.
    pub commitments: Vec<String>,
    /// Claimed signer roles.
    pub claimed_roles: Vec<String>,
    /// Production place in words: city, state, postal code, country.
    pub production_place: Option<String>,
    /// Media type of the signed data (JAdES `cty`; XAdES DataObjectFormat; CAdES mime-type).
    pub media_type: Option<String>,
}

/// A signature policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignaturePolicy {
    /// Implied by context.
    Implied,
    /// Named, with a digest where there is one.
    Identified {
        /// Identifier: an OID URN or a URI.
        id: String,
        /// Digest of the policy document.
        digest: Option<(Declared<DigestAlgorithm>, Vec<u8>)>,
    },
}

/// Facts about the structure. The level's rules stand in `validation/level.rs`; the formats only state facts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Structure {
    /// Violations that make the document no signature of its format at all (FORMAT_FAILURE), in words.
    pub format_failures: Vec<Words>,
    /// Violations that leave the signature value without meaning (SIG_CRYPTO_FAILURE), in words.
    pub value_failures: Vec<Words>,
    /// Violations of the schema that only warn, in words.
    pub schema_warnings: Vec<Words>,
    /// Why it is not the form's basic electronic signature (BES); empty if it is. In JAdES the same as
    /// `not_baseline_b`.
    pub not_bes: Vec<String>,
    /// Why it is not baseline B; empty if it is.
    pub not_baseline_b: Vec<String>,
    /// Why a signature time-stamp does not make it baseline T (several tokens in one property, ...); empty if
    /// nothing speaks against it.
    pub not_baseline_t: Vec<String>,
    /// Why an archive time-stamp does not make it baseline LTA; empty if nothing speaks against it.
    pub not_baseline_lta: Vec<String>,
    /// Unsigned members that no baseline LT may have (`xRefs`, CompleteCertificateRefs, ...).
    pub excluded_from_lt: Vec<String>,
    /// Complete certificate and revocation references both present (C level).
    pub complete_references: bool,
    /// Containers for validation data (`xVals`/`rVals`, CertificateValues/RevocationValues) are present.
    pub validation_data_containers: bool,
    /// CMS: exactly one signing-time attribute is signed, whatever it says.
    pub signing_time_attribute: bool,
    /// PDF: which revision is signed, and what was changed afterwards.
    pub coverage: Option<pades::Coverage>,
    /// An evidence record is present.
    pub evidence_record: bool,
    /// XML-DSig core reference validation held (3.2.1): every digest is equal, though a reference may stand for
    /// data that is not where it must be, as its outcome then says. Says less than the outcomes, never more.
    pub core_references_valid: bool,
}
