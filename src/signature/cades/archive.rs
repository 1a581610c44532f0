//! Archive time-stamps (EN 319 122-1, 5.5; TS 101 733, 6.4): what their tokens say, and what they cover besides the
//! signature itself.

use super::material::Place;
use crate::format::Limits;
use crate::format::cms::{AlgorithmIdentifier, Attribute, SignedData, SignerInfo, Trailing, oid};
use crate::format::der::{self, Reader, Rules, Tag, Tlv};
use crate::signature::Declared;
use crate::signature::algorithm::{Crypto, DigestAlgorithm};
use crate::signature::cms::digest;
use crate::time::Time;
use foldhash::{HashMap, HashMapExt};
use std::borrow::Cow;
use std::collections::HashSet;

/// Hashes in one ats-hash-index; real ones have some dozens.
const MAX_HASHES: usize = 4_096;

/// What reading a time-stamp attribute needs of its token.
#[derive(Debug)]
pub(super) struct TokenFacts<'a> {
    pub(super) generated: Time,
    pub(super) imprint_algorithm: Declared<DigestAlgorithm>,
    /// The ats-hash-index among the unsigned attributes of the token; an error says why there is none.
    pub(super) index: Result<HashIndex<'a>, String>,
}

impl<'a> TokenFacts<'a> {
    /// Reads them; `None` where the token is none.
    pub(super) fn read(token: &'a [u8], limits: &Limits) -> Option<Self> {
        let cms = SignedData::parse(token, Trailing::Refused, limits).ok()?;
        let content = cms.content.as_ref()?;
        let (generated, imprint_algorithm) = tst_info(&content.octets, limits).ok()?;
        let index = match cms.signers.as_slice() {
            [signer] => HashIndex::of(signer),
            _ => Err("not exactly one signer".to_owned()),
        };
        Some(Self { generated, imprint_algorithm, index })
    }
}

/// genTime and the hash algorithm of the imprint (RFC 3161, 2.4.2).
fn tst_info(octets: &[u8], limits: &Limits) -> Result<(Time, Declared<DigestAlgorithm>), der::Error> {
    let mut fields = Reader::new(octets, Rules::Ber, limits).sequence("TSTInfo")?;
    fields.any("version")?;
    fields.any("policy")?;
    let algorithm = AlgorithmIdentifier::read(fields.sequence("messageImprint")?.any("hashAlgorithm")?)?;
    fields.any("serialNumber")?;
    Ok((fields.any("genTime")?.generalized_time()?, digest(&algorithm)))
}

/// ATSHashIndex in any of its three versions (EN 319 122-1, 5.5.2; TS 101 733, 6.4.2).
#[derive(Debug)]
pub(super) struct HashIndex<'a> {
    /// As received.
    pub(super) raw: &'a [u8],
    algorithm: Declared<DigestAlgorithm>,
    /// Of certificates, of revocation data, of unsigned attributes.
    lists: [HashSet<Cow<'a, [u8]>>; 3],
}

impl<'a> HashIndex<'a> {
    fn of(signer: &SignerInfo<'a>) -> Result<Self, String> {
        let versions = [oid::ATS_HASH_INDEX, oid::ATS_HASH_INDEX_V2, oid::ATS_HASH_INDEX_V3];
        let mut found = versions.iter().flat_map(|version| signer.unsigned(version));
        let (Some(attribute), None) = (found.next(), found.next()) else {
            return Err("not exactly one ats-hash-index".to_owned());
        };
        let [value] = attribute.values.as_slice() else {
            return Err("an ats-hash-index with several values".to_owned());
        };
        Self::read(value).map_err(|error| format!("ats-hash-index: {error}"))
    }

    fn read(value: &Tlv<'a>) -> Result<Self, der::Error> {
        let mut reader = value.of(Tag::SEQUENCE, "ATSHashIndex")?.reader()?;
        let mut fields = Vec::new();
        while let Some(field) = reader.read()? {
            fields.push(field.of(Tag::SEQUENCE, "SEQUENCE")?);
        }
        let (algorithm, lists) = match fields.as_slice() {
            [algorithm, lists @ ..] if lists.len() == 3 => {
                (digest(&AlgorithmIdentifier::read(*algorithm)?), lists)
            }
            lists if lists.len() == 3 => (Declared::Known(DigestAlgorithm::Sha256), lists),
            _ => return Err(value.unexpected("three lists of hashes")),
        };
        let mut sets = [HashSet::new(), HashSet::new(), HashSet::new()];
        for (set, list) in sets.iter_mut().zip(lists) {
            let mut hashes = list.reader()?;
            while let Some(hash) = hashes.read()? {
                if set.len() >= MAX_HASHES {
                    let problem = der::Problem::OverLimit("hashes of an ats-hash-index", MAX_HASHES);
                    return Err(der::Error { position: hash.position, problem });
                }
                set.insert(hash.of(Tag::OCTET_STRING, "hash")?.octet_string()?);
            }
        }
        Ok(Self { raw: value.raw, algorithm, lists: sets })
    }
}

/// Digests of certificates, revocation data and attributes, each made once by each algorithm.
#[derive(Debug)]
pub(super) struct Hashes<'a> {
    crypto: &'a Crypto,
    /// By algorithm, count of parts, and place and length of the last part in the document.
    known: HashMap<(DigestAlgorithm, usize, usize, usize), Option<Vec<u8>>>,
}

impl<'a> Hashes<'a> {
    pub(super) fn new(crypto: &'a Crypto) -> Self {
        Self { crypto, known: HashMap::new() }
    }

    fn of(&mut self, algorithm: DigestAlgorithm, parts: &[&'a [u8]]) -> Option<&[u8]> {
        let last = parts.last()?;
        let key = (algorithm, parts.len(), last.as_ptr().addr(), last.len());
        let crypto = self.crypto;
        let hash = || crypto.digest(algorithm, parts).map(|digest| digest.value);
        self.known.entry(key).or_insert_with(hash).as_deref()
    }
}

/// What an archive time-stamp covers of what stands beside the signature.
#[derive(Debug)]
pub(super) enum Coverage<'a> {
    /// All but these unsigned attributes, which are archive time-stamps that are not older (long form, second version).
    AllBut(Vec<usize>),
    /// What its ats-hash-index lists; `None` where there is none.
    Listed(Option<HashIndex<'a>>),
}

impl<'a> Coverage<'a> {
    /// Whether it covers a certificate or a piece of revocation data.
    pub(super) fn covers(
        &self,
        place: Place<'a>,
        unsigned: &[Attribute<'a>],
        hashes: &mut Hashes<'a>,
    ) -> bool {
        match (self, place) {
            (Self::AllBut(_), Place::Field(_)) => true,
            (Self::AllBut(others), Place::Attribute(index)) => !others.contains(&index),
            (Self::Listed(None), _) => false,
            (Self::Listed(Some(index)), Place::Field(raw)) => {
                let [certificates, revocation, _] = &index.lists;
                index.lists(certificates, &[raw], hashes) || index.lists(revocation, &[raw], hashes)
            }
            (Self::Listed(Some(index)), Place::Attribute(place)) => {
                unsigned.get(place).is_some_and(|attribute| {
                    let values = 0..attribute.values.len();
                    values.into_iter().all(|value| index.lists_value(attribute, value, hashes))
                })
            }
        }
    }

    /// Whether it covers one value of an unsigned attribute.
    pub(super) fn covers_value(
        &self,
        (place, value): (usize, usize),
        unsigned: &[Attribute<'a>],
        hashes: &mut Hashes<'a>,
    ) -> bool {
        match self {
            Self::AllBut(others) => !others.contains(&place),
            Self::Listed(None) => false,
            Self::Listed(Some(index)) => {
                unsigned.get(place).is_some_and(|attribute| index.lists_value(attribute, value, hashes))
            }
        }
    }
}

impl<'a> HashIndex<'a> {
    fn lists(&self, list: &HashSet<Cow<'a, [u8]>>, parts: &[&'a [u8]], hashes: &mut Hashes<'a>) -> bool {
        let Declared::Known(algorithm) = self.algorithm else { return false };
        hashes.of(algorithm, parts).is_some_and(|hash| list.contains(hash))
    }

    /// The first versions hash the whole attribute, the third its type and one value.
    fn lists_value(&self, attribute: &Attribute<'a>, value: usize, hashes: &mut Hashes<'a>) -> bool {
        let [.., attributes] = &self.lists;
        if self.lists(attributes, &[attribute.tlv.raw], hashes) {
            return true;
        }
        let kind = attribute.tlv.reader().and_then(|mut fields| fields.any("attrType"));
        let (Ok(kind), Some(value)) = (kind, attribute.values.get(value)) else { return false };
        self.lists(attributes, &[kind.raw, value.raw], hashes)
    }
}
