//! Which algorithms hold until when (TS 119 312).

use crate::catalogue::{Words, say};
use crate::signature::Declared;
use crate::signature::algorithm::{DigestAlgorithm, KeyKind, PublicKey, Scheme, SignatureAlgorithm};
use crate::time::Time;
use std::collections::BTreeMap;

/// Cryptographic constraints (TS 119 312).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Algorithms {
    /// Ends after this date only warn: they were forecasts when the table was made. `None`: no end is a forecast.
    pub forecasts_after: Option<Time>,
    /// Digest algorithms; one that is not here is not accepted.
    pub digests: BTreeMap<DigestAlgorithm, End>,
    /// By scheme: sizes of keys in bits, each with the end of keys from this size up to the next.
    pub keys: BTreeMap<&'static str, BTreeMap<usize, End>>,
}

/// Until when something holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It never does.
    Never,
    /// Until then, that moment included.
    At(Time),
    /// No end in sight.
    Unlimited,
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

/// Names of the signature schemes, as policies have them.
pub(super) const SCHEMES: [&str; 5] = ["RSA", "RSASSA-PSS", "DSA", "ECDSA", "EdDSA"];

/// Every digest algorithm that has a name.
pub(super) const DIGESTS: [DigestAlgorithm; 13] = [
    DigestAlgorithm::Md2,
    DigestAlgorithm::Md5,
    DigestAlgorithm::Sha1,
    DigestAlgorithm::Ripemd160,
    DigestAlgorithm::Whirlpool,
    DigestAlgorithm::Sha224,
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha512,
    DigestAlgorithm::Sha3_224,
    DigestAlgorithm::Sha3_256,
    DigestAlgorithm::Sha3_384,
    DigestAlgorithm::Sha3_512,
];

impl Algorithms {
    /// Until when a digest algorithm may be relied on.
    #[must_use]
    pub fn digest(&self, digest: DigestAlgorithm) -> Reliability {
        self.digests.get(&digest).map_or(Reliability::Never, |end| self.reliability(*end))
    }

    /// Until when a signature algorithm with this key may be relied on: the earlier of its digest's end and the
    /// key size's.
    #[must_use]
    pub fn signature(&self, algorithm: &SignatureAlgorithm, key: &PublicKey) -> Reliability {
        // A key of unknown size belongs to a kind that nothing here verifies.
        if matches!(key.kind, KeyKind::Other(_)) {
            return Reliability::Never;
        }
        let digest = match (algorithm.scheme, algorithm.digest) {
            (_, Some(digest)) => self.digest(digest),
            (Scheme::EdDsa, None) => Reliability::Unlimited,
            (_, None) => Reliability::Never,
        };
        let sizes = self.keys.get(scheme_name(algorithm.scheme));
        let size = sizes.and_then(|sizes| sizes.range(..=key.bits).next_back());
        size.map_or(Reliability::Never, |(_, end)| self.reliability(*end)).and(digest)
    }

    /// The same of declared algorithms: one that is not known is never reliable.
    #[must_use]
    pub fn declared(&self, algorithm: &Declared<SignatureAlgorithm>, key: &PublicKey) -> Reliability {
        algorithm.known().map_or(Reliability::Never, |algorithm| self.signature(algorithm, key))
    }

    fn reliability(&self, end: End) -> Reliability {
        match (end, self.forecasts_after) {
            (End::Never, _) => Reliability::Never,
            (End::Unlimited, _) => Reliability::Unlimited,
            (End::At(end), Some(updated)) if end > updated => Reliability::Forecast(end),
            (End::At(end), _) => Reliability::Until(end),
        }
    }

    /// TS 119 312 V1.5.1, with the older dates of its predecessors.
    pub(super) fn ts_119_312() -> Self {
        use DigestAlgorithm as D;
        let end = |text: &str| match Time::parse_rfc3339(&format!("{text}T00:00:00Z")) {
            Some(time) => End::At(time),
            None if text == "unlimited" => End::Unlimited,
            None => End::Never,
        };
        let ends = [
            (D::Md5, "2004-08-01"),
            (D::Sha1, "2012-08-01"),
            (D::Ripemd160, "2014-08-01"),
            (D::Whirlpool, "2020-12-01"),
            (D::Sha224, "2029-01-01"),
            (D::Sha256, "unlimited"),
            (D::Sha384, "unlimited"),
            (D::Sha512, "unlimited"),
            (D::Sha3_256, "unlimited"),
            (D::Sha3_384, "unlimited"),
            (D::Sha3_512, "unlimited"),
        ];
        let mut digests: BTreeMap<_, _> = DIGESTS.iter().map(|digest| (*digest, End::Never)).collect();
        digests.extend(ends.map(|(digest, text)| (digest, end(text))));
        let rsa = |last| {
            [
                (786, "2010-08-01"),
                (1024, "2019-10-01"),
                (1536, "2019-10-01"),
                (1900, "2029-01-01"),
                (3000, last),
            ]
        };
        let dsa = [(1024, "2015-12-01"), (1900, "2029-01-01"), (3000, "unlimited")];
        let ecdsa = [(160, "2012-08-01"), (163, "2012-08-01"), (224, "2021-10-01"), (256, "unlimited")];
        let sizes = |rows: &[(usize, &str)]| rows.iter().map(|(from, text)| (*from, end(text))).collect();
        Self {
            forecasts_after: Time::parse_rfc3339("2024-10-13T00:00:00Z"),
            digests,
            keys: BTreeMap::from([
                ("RSA", sizes(&rsa("2029-01-01"))),
                ("RSASSA-PSS", sizes(&rsa("unlimited"))),
                ("DSA", sizes(&dsa)),
                ("ECDSA", sizes(&ecdsa)),
                ("EdDSA", sizes(&[(0, "never")])),
            ]),
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
pub(in crate::validation) struct Named<'a>(
    pub(in crate::validation) &'a Declared<SignatureAlgorithm>,
    pub(in crate::validation) &'a PublicKey,
);

impl Named<'_> {
    pub(in crate::validation) fn words(&self) -> Words {
        let algorithm = match self.0 {
            Declared::Known(algorithm) => algorithm,
            Declared::Unknown(identifier) => {
                return say("detail.algorithm-unknown").with("identifier", identifier);
            }
        };
        let words = match algorithm.digest {
            Some(digest) => say("detail.algorithm-known").with("digest", digest.name()),
            None => say("detail.algorithm-bare"),
        };
        words.with("scheme", scheme_name(algorithm.scheme)).with("bits", self.1.bits)
    }
}
