//! Time-stamp attributes and what they cover (EN 319 122-1, 5.2.8, 5.3, 5.5 and annex A.1.5).

use super::archive::{Coverage, Hashes, TokenFacts};
use super::content::Content;
use super::material::Material;
use crate::catalogue::{Words, say};
use crate::format::cms::{Attribute, SignedData, SignerInfo, oid};
use crate::format::der::{Tag, header_into};
use crate::format::{Limits, Sink};
use crate::signature::algorithm::DigestAlgorithm;
use crate::signature::{Declared, EmbeddedTimestamp, Imprint, Structure, TimestampKind, not_computed};
use crate::time::Time;
use std::borrow::Cow;
use std::sync::Arc;

/// Tokens in one signature; each covers up to the whole document.
const MAX_TOKENS: usize = 128;

/// What every time-stamp of a signer may cover.
pub(super) struct Covered<'a> {
    pub(super) cms: &'a SignedData<'a>,
    pub(super) info: SignerInfo<'a>,
    pub(super) content: Content<'a>,
}

/// Which octets a token covers.
#[derive(Clone, Debug)]
enum Scope<'a> {
    Content,
    Value,
    /// With the signature value and its time-stamps, or without.
    References {
        with_value: bool,
    },
    ArchiveV2 {
        /// Unsigned attributes that it does not cover.
        without: Vec<usize>,
    },
    ArchiveV3 {
        digest: Declared<DigestAlgorithm>,
        /// The ats-hash-index as received; an error says why there is none.
        index: Result<&'a [u8], String>,
    },
}

/// A token with its place.
struct Stamp<'a> {
    kind: TimestampKind,
    token: &'a [u8],
    scope: Scope<'a>,
    generated: Option<Time>,
    /// Attribute and value; of an unsigned attribute.
    place: Option<(usize, usize)>,
    /// Of an archive time-stamp.
    coverage: Option<Coverage<'a>>,
}

/// All time-stamps of a signer in the order in which they were made, as far as the tokens tell: the order of a SET says
/// nothing. Also says which of them stand before each piece of material.
pub(super) fn collect<'a>(
    covered: Covered<'a>,
    material: &mut Material<'a>,
    hashes: &mut Hashes<'a>,
    limits: &Limits,
    structure: &mut Structure,
) -> Vec<EmbeddedTimestamp<'a>> {
    let info = &covered.info;
    let unsigned: &[Attribute<'a>] = info.unsigned_attributes.as_ref().map_or(&[], |list| &list.list);
    let mut stamps = Vec::new();
    for value in info.signed(oid::CONTENT_TIMESTAMP).flat_map(|attribute| &attribute.values) {
        stamps.push(Stamp::new(TimestampKind::Content, value.raw, Scope::Content, None, limits));
    }
    for (place, attribute) in unsigned.iter().enumerate() {
        for (number, value) in attribute.values.iter().enumerate() {
            let stamp = Stamp::of(attribute, value.raw, (place, number), limits);
            if stamp.is_some() && value.tag != Tag::SEQUENCE {
                structure.schema_warnings.push(say("detail.cms-no-token").with("oid", attribute.oid));
                continue;
            }
            stamps.extend(stamp);
        }
    }
    if info.unsigned(oid::ARCHIVE_TIMESTAMP).next().is_some() {
        structure.schema_warnings.push(say("detail.cms-old-archive"));
    }
    if stamps.len() > MAX_TOKENS {
        structure.format_failures.push(say("detail.too-many-tokens").with("most", MAX_TOKENS));
        stamps.truncate(MAX_TOKENS);
    }
    if info.unsigned(oid::SIGNATURE_TIMESTAMP).any(|attribute| attribute.values.len() != 1) {
        structure.not_baseline_t.push("a signature-time-stamp without exactly one token".to_owned());
    }
    if !stamps.iter().any(|stamp| matches!(stamp.scope, Scope::ArchiveV3 { .. })) {
        structure.not_baseline_lta.push("no archive-time-stamp-v3".to_owned());
    }
    exclude_later(&mut stamps);
    stamps.sort_by_key(|stamp| {
        let archive = stamp.kind == TimestampKind::Archive;
        (stamp.kind != TimestampKind::Content, stamp.generated.is_none(), stamp.generated, archive)
    });
    let before = covered_before(&stamps, unsigned, hashes);
    let memory = std::cell::RefCell::new(hashes);
    material.settle(|place| {
        let mut after = usize::MAX;
        // From the newest on, as long as all cover it: one that does not proves nothing about it.
        for (stamp, covers) in stamps.iter().zip(&before).rev() {
            let Some(coverage) = &stamp.coverage else { continue };
            if !coverage.covers(place, unsigned, &mut memory.borrow_mut()) {
                break;
            }
            after = *covers;
        }
        after
    });
    let covered = Arc::new(covered);
    stamps.into_iter().zip(before).map(|(stamp, covers)| stamp.embedded(&covered, covers)).collect()
}

/// How many of the time-stamps before it each archive time-stamp covers, as far as it covers all.
fn covered_before<'a>(
    stamps: &[Stamp<'a>],
    unsigned: &[Attribute<'a>],
    hashes: &mut Hashes<'a>,
) -> Vec<usize> {
    let mut counts = Vec::with_capacity(stamps.len());
    for (position, stamp) in stamps.iter().enumerate() {
        let count = stamp.coverage.as_ref().map_or(0, |coverage| {
            let mut earlier = stamps.iter().take(position);
            earlier
                .position(|earlier| {
                    earlier.place.is_some_and(|place| !coverage.covers_value(place, unsigned, hashes))
                })
                .unwrap_or(position)
        });
        counts.push(count);
    }
    counts
}

/// An archive time-stamp of the second version covers all unsigned attributes but archive time-stamps that are not older
/// than it.
fn exclude_later(stamps: &mut [Stamp<'_>]) {
    let archive: Vec<(usize, Option<Time>)> = stamps
        .iter()
        .filter(|stamp| stamp.kind == TimestampKind::Archive)
        .filter_map(|stamp| Some((stamp.place?.0, stamp.generated)))
        .collect();
    for stamp in stamps {
        if let Scope::ArchiveV2 { without } = &mut stamp.scope {
            let later = archive.iter().filter(|(_, generated)| *generated >= stamp.generated);
            *without = later.map(|(place, _)| *place).collect();
            stamp.coverage = Some(Coverage::AllBut(without.clone()));
        }
    }
}

impl<'a> Stamp<'a> {
    fn new(
        kind: TimestampKind,
        token: &'a [u8],
        scope: Scope<'a>,
        place: Option<(usize, usize)>,
        limits: &Limits,
    ) -> Self {
        let generated = TokenFacts::read(token, limits).map(|facts| facts.generated);
        Self { kind, token, scope, generated, place, coverage: None }
    }

    /// The time-stamp that a value of an unsigned attribute is, if it is one.
    fn of(
        attribute: &Attribute<'a>,
        token: &'a [u8],
        place: (usize, usize),
        limits: &Limits,
    ) -> Option<Self> {
        let new = |kind, scope| Some(Self::new(kind, token, scope, Some(place), limits));
        match attribute.oid.octets() {
            oid::SIGNATURE_TIMESTAMP => new(TimestampKind::Signature, Scope::Value),
            oid::CADES_C_TIMESTAMP => {
                new(TimestampKind::SignatureAndReferences, Scope::References { with_value: true })
            }
            oid::REFERENCES_TIMESTAMP => {
                new(TimestampKind::References, Scope::References { with_value: false })
            }
            oid::ARCHIVE_TIMESTAMP_V2 => {
                new(TimestampKind::Archive, Scope::ArchiveV2 { without: Vec::new() })
            }
            oid::ARCHIVE_TIMESTAMP_V3 => {
                let facts = TokenFacts::read(token, limits);
                let generated = facts.as_ref().map(|facts| facts.generated);
                let (digest, index) = match facts {
                    Some(facts) => (facts.imprint_algorithm, facts.index),
                    None => (Declared::Unknown(String::new()), Err("the token cannot be read".to_owned())),
                };
                let raw = index.as_ref().map(|index| index.raw).map_err(Clone::clone);
                Some(Self {
                    kind: TimestampKind::Archive,
                    token,
                    scope: Scope::ArchiveV3 { digest, index: raw },
                    generated,
                    place: Some(place),
                    coverage: Some(Coverage::Listed(index.ok())),
                })
            }
            _ => None,
        }
    }

    fn embedded(self, covered: &Arc<Covered<'a>>, covers_timestamps: usize) -> EmbeddedTimestamp<'a> {
        let imprint = |scope: Scope<'a>, older: bool| -> Imprint<'a> {
            let covered = Arc::clone(covered);
            Box::new(move |sink| Ok(covered.write(&scope, older, sink)?))
        };
        let two_ways = matches!(self.scope, Scope::ArchiveV2 { .. });
        EmbeddedTimestamp {
            kind: self.kind,
            token: Cow::Borrowed(self.token),
            older_imprint: two_ways.then(|| imprint(self.scope.clone(), true)),
            imprint: imprint(self.scope, false),
            covers_timestamps,
        }
    }
}

impl Covered<'_> {
    fn write(&self, scope: &Scope<'_>, older: bool, sink: &mut dyn Sink) -> Result<(), Words> {
        match scope {
            Scope::Content => self.content.write(sink),
            Scope::Value => {
                sink.write(&self.info.signature);
                Ok(())
            }
            Scope::References { with_value } => {
                if *with_value {
                    sink.write(&self.info.signature);
                    self.attributes(oid::SIGNATURE_TIMESTAMP, sink);
                }
                self.attributes(oid::CERTIFICATE_REFERENCES, sink);
                self.attributes(oid::REVOCATION_REFERENCES, sink);
                Ok(())
            }
            Scope::ArchiveV2 { without } => self.long_form(without, older, sink),
            Scope::ArchiveV3 { digest, index } => self.by_index(digest, index.clone()?, sink),
        }
    }

    /// Type and values of attributes, without the tag and length of the whole (annex A.1.5).
    fn attributes(&self, oid: &[u8], sink: &mut dyn Sink) {
        self.info.unsigned(oid).for_each(|attribute| sink.write(attribute.tlv.content));
    }

    /// TS 101 733, 6.4.1: encapContentInfo, detached content, certificates, crls, every field of the SignerInfo. Since
    /// V1.8.3 the unsigned attributes stand under their tag and length, before they stood one after the other.
    fn long_form(&self, without: &[usize], older: bool, sink: &mut dyn Sink) -> Result<(), Words> {
        sink.write(self.cms.encapsulated.raw);
        if self.content.is_detached() {
            self.content.write(sink)?;
        }
        let certificates = self.cms.certificates.as_ref().map(|field| field.tlv.raw);
        let revocation = self.cms.revocation.as_ref().map(|field| field.tlv.raw);
        certificates.into_iter().chain(revocation).for_each(|field| sink.write(field));
        self.signed_fields(sink)?;
        let unsigned = self.info.unsigned_attributes.iter().flat_map(|list| &list.list).enumerate();
        let covered: Vec<&[u8]> = unsigned
            .filter(|(index, _)| !without.contains(index))
            .map(|(_, attribute)| attribute.tlv.raw)
            .collect();
        if !older && !covered.is_empty() {
            let mut header = Vec::new();
            let length = covered.iter().map(|attribute| attribute.len()).sum();
            header_into(Tag::context(1), true, length, &mut header);
            sink.write(&header);
        }
        covered.into_iter().for_each(|attribute| sink.write(attribute));
        Ok(())
    }

    /// EN 319 122-1, 5.5.3: eContentType, the content's digest, the fields of the SignerInfo but the unsigned attributes,
    /// the ats-hash-index.
    fn by_index(
        &self,
        digest: &Declared<DigestAlgorithm>,
        index: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<(), Words> {
        let content_type = self.cms.encapsulated.reader().and_then(|mut fields| fields.any("eContentType"));
        sink.write(content_type.map_err(|error| error.to_string())?.raw);
        let Declared::Known(algorithm) = digest else {
            return Err(say("detail.imprint-algorithm"));
        };
        let value = self.content.digest(*algorithm)?;
        sink.write(&value.ok_or_else(|| not_computed(*algorithm))?);
        self.signed_fields(sink)?;
        sink.write(index);
        Ok(())
    }

    fn signed_fields(&self, sink: &mut dyn Sink) -> Result<(), Words> {
        let fields = self.info.signed_fields().map_err(|error| error.to_string())?;
        fields.into_iter().for_each(|field| sink.write(field));
        Ok(())
    }
}
