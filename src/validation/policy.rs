//! The signature validation policy as a table: what follows of each check, and which algorithms hold until when.

use super::check::Check;
use crate::signature::Declared;
use crate::signature::algorithm::{DigestAlgorithm, KeyKind, PublicKey, Scheme, SignatureAlgorithm};
use crate::time::Time;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A validation policy.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    name: String,
    /// What follows where a check does not hold; the last rule that fits counts, else the check's default.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Which algorithms hold until when.
    pub algorithms: Algorithms,
}

/// What follows where a check does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The block fails.
    Fail,
    /// It is reported, and the process goes on.
    Warn,
    /// It has no effect.
    Ignore,
}

/// One row of the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which check.
    pub check: Check,
    /// On whose chain; any if absent.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// On which certificate; any if absent.
    #[serde(default)]
    pub position: Option<Position>,
    /// What follows.
    pub level: Level,
}

/// What is being validated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// A signature.
    Signature,
    /// A counter-signature.
    CounterSignature,
    /// A time-stamp.
    Timestamp,
    /// A CRL or OCSP response.
    Revocation,
}

/// Which certificate of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// The signing certificate.
    Signer,
    /// One above it.
    Authority,
}

/// Where a check applies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// What is being validated.
    pub scope: Scope,
    /// Which certificate of its chain.
    pub position: Position,
}

impl Place {
    /// The signature itself.
    pub const SIGNATURE: Self = Self::signer(Scope::Signature);

    /// The signing certificate in a scope.
    #[must_use]
    pub const fn signer(scope: Scope) -> Self {
        Self { scope, position: Position::Signer }
    }

    /// The certificate at a position of a chain, 0 being the signer's.
    #[must_use]
    pub fn at(scope: Scope, index: usize) -> Self {
        Self { scope, position: if index == 0 { Position::Signer } else { Position::Authority } }
    }
}

/// Cryptographic constraints (TS 119 312).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Algorithms {
    /// Expiry dates after this date only warn: they were forecasts when the table was made.
    #[serde(deserialize_with = "optional_time", default)]
    pub updated: Option<Time>,
    /// Accepted digest algorithms; others are not accepted.
    pub digests: Vec<DigestRule>,
    /// Accepted schemes; others are not accepted.
    pub schemes: Vec<SchemeRule>,
}

/// A digest algorithm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestRule {
    /// Its name, as [`DigestAlgorithm::name`].
    pub name: String,
    /// Until when; `None`: no end in sight.
    #[serde(deserialize_with = "optional_time", default)]
    pub expires: Option<Time>,
}

/// A signature scheme.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemeRule {
    /// `RSA`, `RSASSA-PSS`, `ECDSA`, `DSA` or `EdDSA`.
    pub name: String,
    /// Smallest key, in bits.
    pub minimum: usize,
    /// Until when keys of a size hold, by ascending size.
    pub sizes: Vec<SizeRule>,
}

/// A range of key sizes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRule {
    /// From this size on, in bits, up to the next row's.
    pub from: usize,
    /// Until when; `None`: no end in sight.
    #[serde(deserialize_with = "optional_time", default)]
    pub expires: Option<Time>,
}

fn optional_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        Time::parse_rfc3339(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!("expected an RFC 3339 time, found {text:?}"))
        })
    })
    .transpose()
}

/// Until when an algorithm with its key may be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reliability {
    /// Not at any time.
    Never,
    /// Until then, that moment included.
    Until(Time),
    /// Until then by forecast: beyond, it only warns.
    Forecast(Time),
    /// No end in sight.
    Unlimited,
}

impl Reliability {
    /// Reliable at `time`, forecasts not counting.
    #[must_use]
    pub fn at(self, time: Time) -> bool {
        match self {
            Self::Never => false,
            Self::Until(end) => time <= end,
            Self::Forecast(_) | Self::Unlimited => true,
        }
    }

    /// When it ends, if that is certain.
    #[must_use]
    pub fn end(self) -> Option<Time> {
        match self {
            Self::Until(end) => Some(end),
            Self::Never | Self::Forecast(_) | Self::Unlimited => None,
        }
    }

    /// The one that ends earlier.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Unlimited, x) | (x, Self::Unlimited) => x,
            (Self::Until(a), Self::Until(b)) => Self::Until(a.min(b)),
            (Self::Until(a), Self::Forecast(_)) | (Self::Forecast(_), Self::Until(a)) => Self::Until(a),
            (Self::Forecast(a), Self::Forecast(b)) => Self::Forecast(a.min(b)),
        }
    }
}

impl Algorithms {
    /// Until when a digest algorithm may be relied on.
    #[must_use]
    pub fn digest(&self, digest: DigestAlgorithm) -> Reliability {
        match self.digests.iter().find(|rule| rule.name == digest.name()) {
            None => Reliability::Never,
            Some(rule) => self.reliability(rule.expires),
        }
    }

    /// Until when a signature algorithm with this key may be relied on: the earlier of its digest's end and the
    /// key size's.
    #[must_use]
    pub fn signature(&self, algorithm: &SignatureAlgorithm, key: &PublicKey) -> Reliability {
        let Some(rule) = self.schemes.iter().find(|rule| rule.name == scheme_name(algorithm.scheme)) else {
            return Reliability::Never;
        };
        let Some(digest) = algorithm.digest else { return Reliability::Never };
        // A key of unknown size belongs to a kind that nothing here verifies.
        if key.bits < rule.minimum || matches!(key.kind, KeyKind::Other(_)) {
            return Reliability::Never;
        }
        let size = match rule.sizes.iter().rev().find(|size| key.bits >= size.from) {
            None => Reliability::Never,
            Some(size) => self.reliability(size.expires),
        };
        size.and(self.digest(digest))
    }

    /// The same of declared algorithms: one that is not known is never reliable.
    #[must_use]
    pub fn declared(&self, algorithm: &Declared<SignatureAlgorithm>, key: &PublicKey) -> Reliability {
        algorithm.known().map_or(Reliability::Never, |algorithm| self.signature(algorithm, key))
    }

    fn reliability(&self, expires: Option<Time>) -> Reliability {
        match (expires, self.updated) {
            (None, _) => Reliability::Unlimited,
            (Some(end), Some(updated)) if end > updated => Reliability::Forecast(end),
            (Some(end), _) => Reliability::Until(end),
        }
    }
}

fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rsa => "RSA",
        Scheme::RsaPss => "RSASSA-PSS",
        Scheme::EcdsaDer | Scheme::EcdsaFixed => "ECDSA",
        Scheme::EdDsa => "EdDSA",
        Scheme::Dsa => "DSA",
    }
}

/// An algorithm in words: its name, or the identifier that the document has.
#[derive(Debug)]
pub(super) struct Named<'a>(pub(super) &'a Declared<SignatureAlgorithm>, pub(super) &'a PublicKey);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Declared::Known(algorithm) => {
                let digest = algorithm.digest.map_or("no digest", DigestAlgorithm::name);
                write!(f, "{} with {digest}, {} bits", scheme_name(algorithm.scheme), self.1.bits)
            }
            Declared::Unknown(identifier) => write!(f, "the unknown algorithm {identifier}"),
        }
    }
}

impl Policy {
    /// The policy's name, for the verdict.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What follows where a check does not hold.
    #[must_use]
    pub fn level(&self, check: Check, place: Place) -> Level {
        let fits = |rule: &&Rule| {
            rule.check == check
                && rule.scope.is_none_or(|scope| scope == place.scope)
                && rule.position.is_none_or(|position| position == place.position)
        };
        self.rules.iter().rev().find(fits).map_or(check.default_level(), |rule| rule.level)
    }
}

impl Default for Policy {
    /// The policy `default`: EN 319 102-1 with the cryptographic constraints of TS 119 312 V1.5.1.
    fn default() -> Self {
        use Position::Authority;
        use Scope::{CounterSignature, Revocation, Timestamp};
        let rule = |check, scope, position, level| Rule { check, scope, position, level };
        Self {
            name: "default".into(),
            rules: vec![
                // The shell model asks for the validity of the certificate that signed, not of its issuers.
                rule(Check::CertificateValidity, None, Some(Authority), Level::Ignore),
                rule(Check::RevocationIssuerValidity, None, Some(Authority), Level::Ignore),
                rule(Check::RevocationIssuerValidity, Some(Timestamp), None, Level::Ignore),
                rule(Check::RevocationIssuerValidity, Some(CounterSignature), None, Level::Ignore),
                rule(Check::RevocationPresent, Some(Timestamp), Some(Authority), Level::Warn),
                rule(Check::RevocationPresent, Some(Revocation), Some(Authority), Level::Warn),
                rule(Check::RevocationAcceptable, Some(Timestamp), Some(Authority), Level::Warn),
                rule(Check::RevocationAcceptable, Some(Revocation), Some(Authority), Level::Warn),
            ],
            algorithms: Algorithms::ts_119_312(),
        }
    }
}

impl Algorithms {
    /// TS 119 312 V1.5.1, with the older dates of its predecessors.
    fn ts_119_312() -> Self {
        let end = |text: &str| (!text.is_empty()).then(|| Time::parse_rfc3339(text)).flatten();
        let digest = |name: &str, expires: &str| DigestRule { name: name.into(), expires: end(expires) };
        let scheme = |name: &str, minimum: usize, sizes: &[(usize, &str)]| SchemeRule {
            name: name.into(),
            minimum,
            sizes: sizes
                .iter()
                .map(|(from, expires)| SizeRule { from: *from, expires: end(expires) })
                .collect(),
        };
        let rsa = |last: &'static str| {
            [
                (786, "2010-08-01T00:00:00Z"),
                (1024, "2019-10-01T00:00:00Z"),
                (1536, "2019-10-01T00:00:00Z"),
                (1900, "2029-01-01T00:00:00Z"),
                (3000, last),
            ]
        };
        Self {
            updated: end("2024-10-13T00:00:00Z"),
            digests: vec![
                digest("MD5", "2004-08-01T00:00:00Z"),
                digest("SHA-1", "2012-08-01T00:00:00Z"),
                digest("RIPEMD-160", "2014-08-01T00:00:00Z"),
                digest("WHIRLPOOL", "2020-12-01T00:00:00Z"),
                digest("SHA-224", "2029-01-01T00:00:00Z"),
                digest("SHA-256", ""),
                digest("SHA-384", ""),
                digest("SHA-512", ""),
                digest("SHA3-256", ""),
                digest("SHA3-384", ""),
                digest("SHA3-512", ""),
            ],
            schemes: vec![
                scheme("RSA", 786, &rsa("2029-01-01T00:00:00Z")),
                scheme("RSASSA-PSS", 786, &rsa("")),
                scheme(
                    "DSA",
                    1024,
                    &[(1024, "2015-12-01T00:00:00Z"), (1900, "2029-01-01T00:00:00Z"), (3000, "")],
                ),
                scheme(
                    "ECDSA",
                    160,
                    &[
                        (160, "2012-08-01T00:00:00Z"),
                        (163, "2012-08-01T00:00:00Z"),
                        (224, "2021-10-01T00:00:00Z"),
                        (256, ""),
                    ],
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap()
    }

    /// A key of this size; nobody verifies with it.
    fn rsa(bits: usize) -> PublicKey {
        let modulus = vec![0xff; bits / 8];
        PublicKey::from_spki(&PublicKey::spki_from_rsa(&modulus, &[1, 0, 1]))
    }

    fn algorithm(scheme: Scheme, digest: DigestAlgorithm) -> SignatureAlgorithm {
        SignatureAlgorithm { scheme, digest: Some(digest), mgf1_digest: None, salt_length: None }
    }

    #[test]
    fn the_last_rule_that_fits_counts() {
        let mut policy = Policy::default();
        let signer = Place::SIGNATURE;
        let tsa_authority = Place { scope: Scope::Timestamp, position: Position::Authority };
        assert_eq!(policy.level(Check::RevocationPresent, signer), Level::Fail);
        assert_eq!(policy.level(Check::RevocationPresent, tsa_authority), Level::Warn);
        policy.rules.push(Rule {
            check: Check::RevocationPresent,
            scope: None,
            position: None,
            level: Level::Ignore,
        });
        assert_eq!(policy.level(Check::RevocationPresent, signer), Level::Ignore);
        assert_eq!(policy.level(Check::RevocationPresent, tsa_authority), Level::Ignore);
        assert_eq!(policy.level(Check::RevocationAcceptable, signer), Level::Fail);
    }

    #[test]
    fn a_policy_survives_its_own_text() {
        let policy = Policy::default();
        let text = toml::to_string(&policy).unwrap();
        assert_eq!(toml::from_str::<Policy>(&text).unwrap(), policy);
        let misspelt = text.replacen("certificate-validity", "certificate-validty", 1);
        assert!(toml::from_str::<Policy>(&misspelt).is_err());
    }

    #[test]
    fn an_algorithm_ends_with_the_earlier_of_digest_and_key() {
        let table = Policy::default().algorithms;
        let of = |scheme, digest, bits| table.signature(&algorithm(scheme, digest), &rsa(bits));
        let sha1 = Reliability::Until(time("2012-08-01T00:00:00Z"));
        assert_eq!(of(Scheme::Rsa, DigestAlgorithm::Sha1, 2048), sha1);
        assert_eq!(
            of(Scheme::Rsa, DigestAlgorithm::Sha256, 1024),
            Reliability::Until(time("2019-10-01T00:00:00Z"))
        );
        assert_eq!(
            of(Scheme::Rsa, DigestAlgorithm::Sha256, 2048),
            Reliability::Forecast(time("2029-01-01T00:00:00Z"))
        );
        assert_eq!(of(Scheme::RsaPss, DigestAlgorithm::Sha256, 4096), Reliability::Unlimited);
        assert_eq!(of(Scheme::Rsa, DigestAlgorithm::Sha256, 512), Reliability::Never);
        assert_eq!(of(Scheme::EdDsa, DigestAlgorithm::Sha512, 256), Reliability::Never);
        assert_eq!(table.digest(DigestAlgorithm::Sha3_224), Reliability::Never);
        assert!(sha1.at(time("2012-08-01T00:00:00Z")) && !sha1.at(time("2012-08-01T00:00:01Z")));
    }

    #[test]
    fn every_digest_rule_names_a_digest() {
        use DigestAlgorithm::{
            Md2, Md5, Ripemd160, Sha1, Sha3_224, Sha3_256, Sha3_384, Sha3_512, Sha224, Sha256, Sha384,
            Sha512, Whirlpool,
        };
        let known = [
            Md2, Md5, Sha1, Ripemd160, Whirlpool, Sha224, Sha256, Sha384, Sha512, Sha3_224, Sha3_256,
            Sha3_384, Sha3_512,
        ];
        let table = Policy::default().algorithms;
        for rule in &table.digests {
            assert!(known.iter().any(|digest| digest.name() == rule.name), "{}", rule.name);
        }
        let accepted = known.iter().filter(|digest| table.digest(**digest) != Reliability::Never).count();
        assert_eq!(accepted, table.digests.len());
    }
}
