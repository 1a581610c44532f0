//! What standards call the algorithms: XML algorithm URIs (RFC 6931, RFC 9231), JOSE names, object identifiers.

use super::{DigestAlgorithm, Scheme, SignatureAlgorithm, der};
use DigestAlgorithm::{
    Md2, Md5, Ripemd160, Sha1, Sha3_224, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384, Sha512,
    Whirlpool,
};
use Scheme::{Dsa, EcdsaDer, EcdsaFixed, EdDsa, Rsa, RsaPss};

/// One digest algorithm's names.
struct DigestNames {
    algorithm: DigestAlgorithm,
    /// Bytes of a value.
    length: usize,
    name: &'static str,
    uri: &'static str,
    /// Content octets of the OBJECT IDENTIFIER.
    oid: &'static [u8],
    /// In JAdES headers, whatever the case of the letters.
    jose: &'static [&'static str],
}

#[rustfmt::skip]
const DIGESTS: [DigestNames; 13] = [
    DigestNames { algorithm: Md2, length: 16, name: "MD2", jose: &["MD2"],
        uri: "http://www.w3.org/2001/04/xmldsig-more#md2", oid: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 2] },
    DigestNames { algorithm: Md5, length: 16, name: "MD5", jose: &["MD5"],
        uri: "http://www.w3.org/2001/04/xmldsig-more#md5", oid: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5] },
    DigestNames { algorithm: Sha1, length: 20, name: "SHA-1", jose: &["S1", "SHA-1", "SHA1", "SHA"],
        uri: "http://www.w3.org/2000/09/xmldsig#sha1", oid: &[0x2b, 0x0e, 3, 2, 0x1a] },
    DigestNames { algorithm: Ripemd160, length: 20, name: "RIPEMD-160", jose: &["RIPEMD160", "RIPEMD-160"],
        uri: "http://www.w3.org/2001/04/xmlenc#ripemd160", oid: &[0x2b, 0x24, 3, 2, 1] },
    DigestNames { algorithm: Whirlpool, length: 64, name: "WHIRLPOOL", jose: &["WHIRLPOOL"],
        uri: "http://www.w3.org/2007/05/xmldsig-more#whirlpool", oid: &[0x28, 0xcf, 6, 3, 0, 0x37] },
    DigestNames { algorithm: Sha224, length: 28, name: "SHA-224", jose: &["S224", "SHA-224", "SHA224"],
        uri: "http://www.w3.org/2001/04/xmldsig-more#sha224", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4] },
    DigestNames { algorithm: Sha256, length: 32, name: "SHA-256", jose: &["S256", "SHA-256", "SHA256"],
        uri: "http://www.w3.org/2001/04/xmlenc#sha256", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] },
    DigestNames { algorithm: Sha384, length: 48, name: "SHA-384", jose: &["S384", "SHA-384", "SHA384"],
        uri: "http://www.w3.org/2001/04/xmldsig-more#sha384", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] },
    DigestNames { algorithm: Sha512, length: 64, name: "SHA-512", jose: &["S512", "SHA-512", "SHA512"],
        uri: "http://www.w3.org/2001/04/xmlenc#sha512", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] },
    DigestNames { algorithm: Sha3_224, length: 28, name: "SHA3-224", jose: &["S3-224", "SHA3-224"],
        uri: "http://www.w3.org/2007/05/xmldsig-more#sha3-224", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 7] },
    DigestNames { algorithm: Sha3_256, length: 32, name: "SHA3-256", jose: &["S3-256", "SHA3-256"],
        uri: "http://www.w3.org/2007/05/xmldsig-more#sha3-256", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8] },
    DigestNames { algorithm: Sha3_384, length: 48, name: "SHA3-384", jose: &["S3-384", "SHA3-384"],
        uri: "http://www.w3.org/2007/05/xmldsig-more#sha3-384", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 9] },
    DigestNames { algorithm: Sha3_512, length: 64, name: "SHA3-512", jose: &["S3-512", "SHA3-512"],
        uri: "http://www.w3.org/2007/05/xmldsig-more#sha3-512", oid: &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 10] },
];

impl DigestAlgorithm {
    /// From an XML-DSig / RFC 6931 / RFC 9231 algorithm URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        DIGESTS.iter().find(|names| names.uri == uri).map(|names| names.algorithm)
    }

    /// From the content octets of a DER OBJECT IDENTIFIER.
    #[must_use]
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        DIGESTS.iter().find(|names| names.oid == oid).map(|names| names.algorithm)
    }

    /// From a name in JAdES `x5t#o`, `sigD` or `digAlg`: `S256`, the IANA names (`sha-256`), or the XML URI.
    #[must_use]
    pub fn from_jose_name(name: &str) -> Option<Self> {
        DIGESTS
            .iter()
            .find(|names| {
                names.jose.iter().any(|known| known.eq_ignore_ascii_case(name)) || names.uri == name
            })
            .map(|names| names.algorithm)
    }

    /// The usual name, e.g. `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().map_or("", |names| names.name)
    }

    /// The URI of XML-DSig, RFC 6931 or RFC 9231.
    #[must_use]
    pub fn uri(self) -> &'static str {
        self.names().map_or("", |names| names.uri)
    }

    /// Content octets of the algorithm's OBJECT IDENTIFIER.
    #[must_use]
    pub fn oid(self) -> &'static [u8] {
        self.names().map_or(&[], |names| names.oid)
    }

    /// Bytes of a value.
    #[must_use]
    pub fn length(self) -> usize {
        self.names().map_or(0, |names| names.length)
    }

    fn names(self) -> Option<&'static DigestNames> {
        DIGESTS.iter().find(|names| names.algorithm == self)
    }
}

/// JWS `alg` values (RFC 7518, RFC 8037, RFC 8812, RFC 9864). Ed448 is left out: no primitive here computes it.
const JWS: [(&str, Scheme, Option<DigestAlgorithm>); 12] = [
    ("RS256", Rsa, Some(Sha256)),
    ("RS384", Rsa, Some(Sha384)),
    ("RS512", Rsa, Some(Sha512)),
    ("PS256", RsaPss, Some(Sha256)),
    ("PS384", RsaPss, Some(Sha384)),
    ("PS512", RsaPss, Some(Sha512)),
    ("ES256", EcdsaFixed, Some(Sha256)),
    ("ES256K", EcdsaFixed, Some(Sha256)),
    ("ES384", EcdsaFixed, Some(Sha384)),
    ("ES512", EcdsaFixed, Some(Sha512)),
    ("EdDSA", EdDsa, None),
    ("Ed25519", EdDsa, None),
];

#[rustfmt::skip]
const SIGNATURE_URIS: [(&str, Scheme, Option<DigestAlgorithm>); 35] = [
    ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", Rsa, Some(Sha1)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", Rsa, Some(Md5)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160", Rsa, Some(Ripemd160)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha224", Rsa, Some(Sha224)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Rsa, Some(Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", Rsa, Some(Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Rsa, Some(Sha512)),
    ("http://www.w3.org/2007/05/xmldsig-more#rsa-whirlpool", Rsa, Some(Whirlpool)),
    ("http://www.w3.org/2007/05/xmldsig-more#md2-rsa-MGF1", RsaPss, Some(Md2)),
    ("http://www.w3.org/2007/05/xmldsig-more#md5-rsa-MGF1", RsaPss, Some(Md5)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1", RsaPss, Some(Sha1)),
    ("http://www.w3.org/2007/05/xmldsig-more#ripemd160-rsa-MGF1", RsaPss, Some(Ripemd160)),
    ("http://www.w3.org/2007/05/xmldsig-more#whirlpool-rsa-MGF1", RsaPss, Some(Whirlpool)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha224-rsa-MGF1", RsaPss, Some(Sha224)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", RsaPss, Some(Sha256)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", RsaPss, Some(Sha384)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", RsaPss, Some(Sha512)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-224-rsa-MGF1", RsaPss, Some(Sha3_224)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1", RsaPss, Some(Sha3_256)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1", RsaPss, Some(Sha3_384)),
    ("http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1", RsaPss, Some(Sha3_512)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", EcdsaFixed, Some(Sha1)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224", EcdsaFixed, Some(Sha224)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", EcdsaFixed, Some(Sha256)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", EcdsaFixed, Some(Sha384)),
    ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", EcdsaFixed, Some(Sha512)),
    ("http://www.w3.org/2007/05/xmldsig-more#ecdsa-ripemd160", EcdsaFixed, Some(Ripemd160)),
    ("http://www.w3.org/2007/05/xmldsig-more#ecdsa-whirlpool", EcdsaFixed, Some(Whirlpool)),
    ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-224", EcdsaFixed, Some(Sha3_224)),
    ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256", EcdsaFixed, Some(Sha3_256)),
    ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384", EcdsaFixed, Some(Sha3_384)),
    ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512", EcdsaFixed, Some(Sha3_512)),
    ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", EdDsa, None),
    ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", Dsa, Some(Sha1)),
    ("http://www.w3.org/2009/xmldsig11#dsa-sha256", Dsa, Some(Sha256)),
];

/// What the OBJECT IDENTIFIER of an AlgorithmIdentifier says of the digest.
#[derive(Clone, Copy)]
enum OidDigest {
    /// The OID names it.
    Named(DigestAlgorithm),
    /// The OID names the key only; the digest stands elsewhere (CMS).
    Context,
    /// The parameters name it: RSASSA-PSS-params, ecdsa-with-Specified.
    Parameters,
    /// The scheme has its own.
    Inherent,
}

use OidDigest::{Context, Inherent, Named, Parameters};

/// Content octets of OBJECT IDENTIFIERs: PKCS #1, X9.62 and RFC 5758, RFC 8410, X9.57, the NIST arc, the old OIW and
/// TeleTrusT ones, BSI TR-03111 plain ECDSA.
#[rustfmt::skip]
const SIGNATURE_OIDS: [(&[u8], Scheme, OidDigest); 45] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], Rsa, Context),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2], Rsa, Named(Md2)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], Rsa, Named(Md5)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], Rsa, Named(Sha1)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], RsaPss, Parameters),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], Rsa, Named(Sha256)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], Rsa, Named(Sha384)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], Rsa, Named(Sha512)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14], Rsa, Named(Sha224)),
    (&[0x2b, 0x0e, 3, 2, 0x1d], Rsa, Named(Sha1)),
    (&[0x2b, 0x24, 3, 3, 1, 2], Rsa, Named(Ripemd160)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 13], Rsa, Named(Sha3_224)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 14], Rsa, Named(Sha3_256)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 15], Rsa, Named(Sha3_384)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 16], Rsa, Named(Sha3_512)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], EcdsaDer, Context),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], EcdsaDer, Named(Sha1)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3], EcdsaDer, Parameters),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1], EcdsaDer, Named(Sha224)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], EcdsaDer, Named(Sha256)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], EcdsaDer, Named(Sha384)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], EcdsaDer, Named(Sha512)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 9], EcdsaDer, Named(Sha3_224)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 10], EcdsaDer, Named(Sha3_256)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 11], EcdsaDer, Named(Sha3_384)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 12], EcdsaDer, Named(Sha3_512)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 1], EcdsaFixed, Named(Sha1)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 2], EcdsaFixed, Named(Sha224)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 3], EcdsaFixed, Named(Sha256)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 4], EcdsaFixed, Named(Sha384)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 5], EcdsaFixed, Named(Sha512)),
    (&[4, 0, 0x7f, 0, 7, 1, 1, 4, 1, 6], EcdsaFixed, Named(Ripemd160)),
    (&[0x2b, 0x65, 0x70], EdDsa, Inherent),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1], Dsa, Context),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3], Dsa, Named(Sha1)),
    (&[0x2b, 0x0e, 3, 2, 0x0d], Dsa, Named(Sha1)),
    (&[0x2b, 0x0e, 3, 2, 0x1b], Dsa, Named(Sha1)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1], Dsa, Named(Sha224)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2], Dsa, Named(Sha256)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 3], Dsa, Named(Sha384)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 4], Dsa, Named(Sha512)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 5], Dsa, Named(Sha3_224)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 6], Dsa, Named(Sha3_256)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 7], Dsa, Named(Sha3_384)),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 8], Dsa, Named(Sha3_512)),
];

impl SignatureAlgorithm {
    /// From a JWS `alg` (RFC 7518, RFC 8037). HMAC and `none` are not known.
    #[must_use]
    pub fn from_jws(alg: &str) -> Option<Self> {
        JWS.iter().find(|(name, ..)| *name == alg).map(|(_, scheme, digest)| Self::new(*scheme, *digest))
    }

    /// From an XML-DSig / RFC 6931 / RFC 9231 algorithm URI. (`http://www.w3.org/2007/05/xmldsig-more#rsa-pss`
    /// takes parameters: not here.)
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        SIGNATURE_URIS
            .iter()
            .find(|(name, ..)| *name == uri)
            .map(|(_, scheme, digest)| Self::new(*scheme, *digest))
    }

    /// From a DER AlgorithmIdentifier (its whole TLV). `context_digest` is the digest algorithm that stands
    /// elsewhere where the OID names the key only (CMS `rsaEncryption`, `id-ecPublicKey`).
    #[must_use]
    pub fn from_algorithm_identifier(der: &[u8], context_digest: Option<DigestAlgorithm>) -> Option<Self> {
        let (oid, parameters) = split_algorithm_identifier(der)?;
        let (_, scheme, digest) = SIGNATURE_OIDS.iter().find(|(known, ..)| *known == oid)?;
        match (digest, parameters) {
            (Named(digest), None | Some((der::NULL, []))) => Some(Self::new(*scheme, Some(*digest))),
            // Some signers repeat the parameters of the key here.
            (Context, _) => Some(Self::new(*scheme, Some(context_digest?))),
            (Inherent, None) => Some(Self::new(*scheme, None)),
            (Parameters, Some((der::SEQUENCE, parameters))) if *scheme == RsaPss => {
                PssParameters::read(parameters).map(Self::from)
            }
            (Parameters, Some((der::SEQUENCE, parameters))) => {
                let digest = digest_algorithm(&der::encode(der::SEQUENCE, &[parameters]))?;
                Some(Self::new(*scheme, Some(digest)))
            }
            _ => None,
        }
    }

    /// The URI of XML-DSig, RFC 6931 or RFC 9231, with the digest in it; of RSASSA-PSS with parameters of its own the
    /// one that takes parameters. `None` where there is none.
    #[must_use]
    pub fn uri(&self) -> Option<&'static str> {
        if self.scheme == RsaPss && *self != Self::new(RsaPss, self.digest) {
            return Some("http://www.w3.org/2007/05/xmldsig-more#rsa-pss");
        }
        let scheme = if self.scheme == EcdsaDer { EcdsaFixed } else { self.scheme };
        let named = |(_, of, digest): &&(_, Scheme, _)| *of == scheme && *digest == self.digest;
        SIGNATURE_URIS.iter().find(named).map(|(uri, ..)| *uri)
    }

    /// By name alone: a salt as long as the digest, and MGF1 with the same digest.
    fn new(scheme: Scheme, digest: Option<DigestAlgorithm>) -> Self {
        let pss = digest.filter(|_| scheme == RsaPss);
        Self { scheme, digest, mgf1_digest: pss, salt_length: pss.map(DigestAlgorithm::length) }
    }
}

/// RSASSA-PSS-params (RFC 4055, 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PssParameters {
    pub(super) digest: DigestAlgorithm,
    pub(super) mgf1_digest: DigestAlgorithm,
    pub(super) salt_length: usize,
}

impl PssParameters {
    /// From the content of the SEQUENCE; what is absent has its default.
    pub(super) fn read(mut content: &[u8]) -> Option<Self> {
        const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
        let input = &mut content;
        let digest = match der::expect(input, 0xa0) {
            Some(identifier) => digest_algorithm(identifier)?,
            None => Sha1,
        };
        let mgf1_digest = match der::expect(input, 0xa1) {
            Some(identifier) => {
                let mut identifier = identifier;
                let mut mask = der::expect(&mut identifier, der::SEQUENCE)?;
                (der::expect(&mut mask, der::OID)? == MGF1).then_some(())?;
                digest_algorithm(mask)?
            }
            None => Sha1,
        };
        let salt_length = match der::expect(input, 0xa2) {
            Some(number) => small(number)?,
            None => 20,
        };
        // trailerFieldBC is the only trailer there is.
        let trailer = match der::expect(input, 0xa3) {
            Some(number) => small(number)?,
            None => 1,
        };
        (input.is_empty() && trailer == 1).then_some(Self { digest, mgf1_digest, salt_length })
    }
}

impl From<PssParameters> for SignatureAlgorithm {
    fn from(parameters: PssParameters) -> Self {
        Self {
            scheme: RsaPss,
            digest: Some(parameters.digest),
            mgf1_digest: Some(parameters.mgf1_digest),
            salt_length: Some(parameters.salt_length),
        }
    }
}

/// The parameters of an AlgorithmIdentifier: tag and content, where there are any.
pub(super) type AlgorithmParameters<'a> = Option<(u8, &'a [u8])>;

/// OID content and the parameters' tag and content, from the whole TLV of an AlgorithmIdentifier.
pub(super) fn split_algorithm_identifier(mut der: &[u8]) -> Option<(&[u8], AlgorithmParameters<'_>)> {
    let mut content = der::expect(&mut der, der::SEQUENCE)?;
    let oid = der::expect(&mut content, der::OID)?;
    let parameters = if content.is_empty() { None } else { Some(der::next(&mut content)?) };
    (der.is_empty() && content.is_empty()).then_some((oid, parameters))
}

fn digest_algorithm(der: &[u8]) -> Option<DigestAlgorithm> {
    match split_algorithm_identifier(der)? {
        (oid, None | Some((der::NULL, []))) => DigestAlgorithm::from_oid(oid),
        _ => None,
    }
}

/// A non-negative INTEGER (its whole TLV) that could be a number of bytes of an RSA modulus.
fn small(mut der: &[u8]) -> Option<usize> {
    let octets = der::expect(&mut der, der::INTEGER)?;
    if !der.is_empty() || octets.is_empty() || octets.len() > 3 || octets.first().is_some_and(|&o| o >= 0x80)
    {
        return None;
    }
    Some(octets.iter().fold(0, |number, &octet| number << 8 | usize::from(octet)))
}
