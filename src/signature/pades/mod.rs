//! PAdES (ETSI EN 319 142-1) and the PKCS #7 signatures of ISO 32000.
//!
//! A signature is what its field in the file as it stands leads to. Its ByteRange is held against the octets: it begins
//! with the file, leaves out its own Contents and nothing else, and ends with a revision. Document time-stamps stand with
//! every signature that they are later than, and the DSS of every revision with all signatures.

mod byte_range;
mod changes;
mod dss;
mod field;
mod revocation_archival;

pub use changes::{Change, Coverage, Scope, What};

use super::cades::{self, Content};
use super::{
    Context, Declared, EmbeddedTimestamp, Form, Imprint, Over, Reference, ReferenceKind, ReferenceOutcome,
    Signature, Standalone, TimestampKind,
};
use crate::catalogue::{Words, say};
use crate::format::Limits;
use crate::format::cms::{SignedData, Trailing};
use crate::format::pdf::{Dictionary, Document, Value};
use crate::signature::algorithm::{DigestAlgorithm, identity};
use crate::time::Time;
use byte_range::Signed;
use changes::Permission;
use dss::Material;
use field::Field;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Document time-stamps that are looked at.
const MOST_TIMESTAMPS: usize = 64;

/// What signatures borrow that does not stand in the file as it is needed: decoded strings and streams, and the CMS
/// structures read from them. One document fills it.
#[derive(Default)]
pub struct Arena<'a> {
    octets: OnceCell<Vec<Vec<u8>>>,
    signed_data: OnceCell<Vec<Option<Result<SignedData<'a>, String>>>>,
}

impl fmt::Debug for Arena<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").finish_non_exhaustive()
    }
}

/// A document time-stamp: where it stands, and what it covers.
struct DocumentTimestamp<'a> {
    token: &'a [u8],
    /// The end that its ByteRange claims.
    end: usize,
    revision: Option<usize>,
    covered: Result<[&'a [u8]; 2], Words>,
}

/// The signatures of a PDF in the order of their revisions, each followed by its counter-signatures, and the document
/// time-stamps that are later than none of them.
#[must_use]
pub fn signatures<'a>(
    document: &'a Document<'a>,
    arena: &'a Arena<'a>,
    context: &Context<'a>,
) -> (Vec<Signature<'a>>, Standalone<'a>) {
    let limits = context.limits;
    let mut fields = field::find(document);
    fields.sort_by_key(|field| (field.claimed_end(), field.claimed_time()));
    let timestamps_from = |field: &Field| field.is_timestamp();
    let (stamps, fields): (Vec<Field>, Vec<Field>) = fields.into_iter().partition(timestamps_from);
    let mut material = Material::read(document);

    let mut octets: Vec<Vec<u8>> = Vec::new();
    octets.extend(fields.iter().chain(&stamps).map(|field| field.contents().to_vec()));
    octets.extend(material.items.iter_mut().map(|item| std::mem::take(&mut item.octets)));
    // Filled once; a second document would get none of its own.
    let octets: &'a [Vec<u8>] = arena.octets.get_or_init(|| octets);
    let signed_data = arena.signed_data.get_or_init(|| {
        let parse = |contents: &'a Vec<u8>| {
            SignedData::parse(contents, Trailing::Any, limits).map_err(|e| e.to_string())
        };
        let read = |(field, contents): (&Field, &'a Vec<u8>)| field.holds_cms().then(|| parse(contents));
        fields.iter().zip(octets).map(read).collect()
    });
    let (_, rest) = octets.split_at_checked(fields.len()).unwrap_or_default();
    let (tokens, material_octets) = rest.split_at_checked(stamps.len()).unwrap_or_default();
    let stamp_fields = stamps;
    let stamps: Vec<DocumentTimestamp<'a>> = stamp_fields
        .iter()
        .zip(tokens)
        .take(MOST_TIMESTAMPS)
        .map(|(field, token)| document_timestamp(document, field, token, limits))
        .collect();

    let mut all = Vec::new();
    for (field, cms) in fields.iter().zip(signed_data) {
        if all.len() >= limits.signatures {
            break;
        }
        let mut read = read(document, field, cms.as_ref(), context);
        let base = all.len();
        for signature in &mut read {
            signature.counters = signature.counters.map(|index| index.saturating_add(base));
            stamp(signature, field, &stamps);
            material.add(signature, &stamps, material_octets);
        }
        all.append(&mut read);
    }
    make_unique(&mut all);
    // Both are in order, so that those before all signatures come first.
    let first = |stamp: &&DocumentTimestamp<'_>| fields.iter().all(|field| stamp.end <= field.claimed_end());
    let count = stamps.iter().take_while(first).count();
    let (alone, _) = stamps.split_at_checked(count).unwrap_or_default();
    let mut carrier = Signature::blank(Form::Pades);
    alone.iter().for_each(|stamp| embed(&mut carrier, stamp));
    material.add(&mut carrier, alone, material_octets);
    let over = alone.iter().zip(&stamp_fields).map(|(stamp, field)| over(document, stamp, field));
    (all, Standalone { carrier, over: over.collect() })
}

/// What a document time-stamp is over.
fn over(document: &Document<'_>, stamp: &DocumentTimestamp<'_>, field: &Field) -> Over {
    let coverage = stamp.revision.map(|revision| {
        let permission = Permission::of(document.view(revision), &field.dictionary, field.lock.as_ref());
        Coverage::of(document, revision, &permission)
    });
    let place = coverage
        .as_ref()
        .map_or_else(|| "no revision".to_owned(), |coverage| format!("revision {}", coverage.revision));
    Over { place, files: Vec::new(), differing: Vec::new(), coverage }
}

fn document_timestamp<'a>(
    document: &'a Document<'a>,
    field: &Field,
    token: &'a [u8],
    limits: &Limits,
) -> DocumentTimestamp<'a> {
    let signed = byte_range::check(document, field);
    let revision = signed.as_ref().ok().map(|signed| signed.revision);
    let covered = signed.map(|signed| pieces(document, &signed.ranges));
    DocumentTimestamp { token: whole(token, limits), end: field.claimed_end(), revision, covered }
}

fn pieces<'a>(document: &Document<'a>, ranges: &[Range<usize>; 2]) -> [&'a [u8]; 2] {
    ranges.clone().map(|range| document.octets().get(range).unwrap_or_default())
}

/// A token without the octets that fill the space reserved for it.
fn whole<'a>(contents: &'a [u8], limits: &Limits) -> &'a [u8] {
    SignedData::parse(contents, Trailing::Any, limits).map_or(contents, |parsed| parsed.raw)
}

/// One field's signature with its counter-signatures.
fn read<'a>(
    document: &'a Document<'a>,
    field: &Field,
    cms: Option<&'a Result<SignedData<'a>, String>>,
    context: &Context<'a>,
) -> Vec<Signature<'a>> {
    let checked = byte_range::check_as_signed(document, field);
    let signed = checked.as_ref().map(|(signed, _)| signed).map_err(Clone::clone);
    let mut failures: Vec<Words> = Vec::new();
    failures.extend(signed.as_ref().err().cloned());
    failures.extend(checked.as_ref().ok().and_then(|(_, failure)| failure.clone()));
    let dictionary =
        checked.as_ref().ok().and_then(|(signed, _)| signed.dictionary.as_ref()).unwrap_or(&field.dictionary);
    if dictionary.ambiguous() {
        failures.push(say("detail.pdf-key-twice"));
    }
    let sha1 = field.sub_filter() == b"adbe.pkcs7.sha1";
    let mut all = match cms {
        Some(Ok(cms)) => {
            let missing = |why| Content::missing(why, context.crypto);
            let content = match (&signed, sha1) {
                (Err(why), _) => missing(why.clone()),
                (Ok(_), true) => Content::encapsulated(cms, context.crypto)
                    .unwrap_or_else(|| missing(say("detail.pdf-no-digest"))),
                (Ok(signed), false) => {
                    Content::detached(pieces(document, &signed.ranges).to_vec(), context.crypto)
                }
            };
            if cms.signers.len() != 1 {
                failures.push(say("detail.pdf-signers").with("count", cms.signers.len()));
            }
            cades::over(cms, &content, context)
        }
        Some(Err(why)) => {
            failures.push(say("detail.pdf-contents").with("why", why));
            Vec::new()
        }
        None => {
            let name = String::from_utf8_lossy(field.sub_filter().get(..40).unwrap_or(field.sub_filter()));
            failures.push(say("detail.pdf-sub-filter").with("name", format_args!("{name:?}")));
            Vec::new()
        }
    };
    if all.is_empty() {
        let id = hex::encode(identity(field.contents()).first_chunk::<8>().unwrap_or(&[0; 8]));
        all.push(Signature { id, ..Signature::blank(field.form()) });
    }
    for signature in &mut all {
        signature.form = field.form();
        signature.payload = None;
        if signature.counters.is_some() {
            signature.structure.not_bes.clear();
            continue;
        }
        if let Some(Ok(cms)) = cms {
            let archival = revocation_archival::read(cms);
            signature.structure.excluded_from_lt.clear();
            if !archival.is_empty() {
                // Baseline LT has its revocation data in the DSS (EN 319 142-1, 6.3), unless that comes, too.
                signature.structure.excluded_from_lt.push("adbe-revocationInfoArchival".to_owned());
            }
            signature.revocation.extend(archival);
            let after = field.contents().get(cms.raw.len()..).unwrap_or_default();
            if after.iter().any(|octet| *octet != 0) {
                signature.structure.schema_warnings.push(say("detail.pdf-padding"));
            }
        }
        facts(signature, dictionary, field.form(), cms.and_then(|cms| cms.as_ref().ok()));
        signature.structure.format_failures.extend(failures.iter().cloned());
        if let Ok(signed) = &signed {
            if let (true, Some(Ok(cms))) = (sha1, cms) {
                signature.references.push(sha1_reference(document, signed, cms, context));
            }
            let permission = Permission::of(document.view(signed.revision), dictionary, field.lock.as_ref());
            let coverage = Coverage::of(document, signed.revision, &permission);
            let pages = coverage.changes.iter().find(|change| change.what == What::Pages);
            signature.structure.format_failures.extend(
                pages.map(|change| say("detail.pdf-pages").with_words("detail", change.detail.clone())),
            );
            signature.structure.coverage = Some(coverage);
        }
    }
    all
}

/// adbe.pkcs7.sha1: what is encapsulated is the digest of the byte ranges.
fn sha1_reference(
    document: &Document<'_>,
    signed: &Signed,
    cms: &SignedData<'_>,
    context: &Context<'_>,
) -> Reference {
    let found = context
        .crypto
        .digest(DigestAlgorithm::Sha1, &pieces(document, &signed.ranges))
        .map(|digest| digest.value);
    let stated = cms.content.as_ref().map(|content| content.octets.to_vec());
    let outcome = if found.is_some() && found == stated {
        ReferenceOutcome::Intact
    } else {
        ReferenceOutcome::Mismatch
    };
    Reference {
        uri: None,
        kind: ReferenceKind::Content,
        digest: Some(Declared::Known(DigestAlgorithm::Sha1)),
        value: stated.unwrap_or_default(),
        outcome,
    }
}

/// What EN 319 142-1, 4.1 and 6.3, asks beyond CAdES.
fn facts(signature: &mut Signature<'_>, dictionary: &Dictionary, form: Form, cms: Option<&SignedData<'_>>) {
    let claimed = dictionary.get("M").and_then(Value::as_string).and_then(date);
    let encapsulated = cms.is_some_and(|cms| cms.content.is_some());
    let structure = &mut signature.structure;
    if form == Form::Pades {
        if encapsulated {
            structure.not_bes.push("the content is encapsulated".to_owned());
        }
        if cms.is_some_and(|cms| cms.signers.len() != 1) {
            structure.not_bes.push("not exactly one signer".to_owned());
        }
        if dictionary.get("Filter").is_none() {
            structure.not_bes.push("no Filter".to_owned());
        }
        if dictionary.get("Reason").is_some() && !signature.attributes.commitments.is_empty() {
            structure.not_bes.push("Reason beside a commitment type".to_owned());
        }
        if structure.signing_time_attribute {
            structure.not_baseline_b.push("a signing-time attribute".to_owned());
        }
        if dictionary.get("M").is_none() {
            structure.not_baseline_b.push("no M".to_owned());
        }
    } else {
        structure.not_bes.clear();
        let digested = signature.references.iter().any(|reference| reference.digest.is_some());
        let sha1 = dictionary.name("SubFilter") == Some(b"adbe.pkcs7.sha1");
        if !sha1 && (encapsulated || !digested) {
            structure.not_bes.push("no message-digest, or the content is encapsulated".to_owned());
        }
    }
    let attributes = &mut signature.attributes;
    attributes.signing_time = claimed.or(attributes.signing_time);
    if let (None, Some(place)) =
        (&attributes.production_place, dictionary.get("Location").and_then(Value::as_string))
    {
        attributes.production_place = text_string(place);
    }
}

/// A text string (7.9.2.2) in one of the encodings that can be told; PDFDocEncoding only where it is ASCII.
fn text_string(octets: &[u8]) -> Option<String> {
    if let Some(units) = octets.strip_prefix(b"\xfe\xff") {
        let units = units.chunks_exact(2).map(|pair| match pair {
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        });
        return String::from_utf16(&units.collect::<Vec<_>>()).ok();
    }
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    std::str::from_utf8(octets).ok().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A date (7.9.4): `D:YYYYMMDDHHmmSSOHH'mm'`, of which all after the year may be missing.
fn date(octets: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(octets).ok()?.trim();
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = text.split_at_checked(digits)?;
    let part = |range: Range<usize>, default: &'static str| -> String {
        digits.get(range).map_or_else(|| default.to_owned(), str::to_owned)
    };
    let year = digits.get(..4)?;
    let (month, day) = (part(4..6, "01"), part(6..8, "01"));
    let (hour, minute, second) = (part(8..10, "00"), part(10..12, "00"), part(12..14, "00"));
    let zone: String = zone.chars().filter(|c| *c != '\'').collect();
    let zone = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), hours @ ..] => {
            let hours = std::str::from_utf8(hours).ok()?;
            format!("{}{}:{}", char::from(*sign), hours.get(..2)?, hours.get(2..4).unwrap_or("00"))
        }
        _ => "Z".to_owned(),
    };
    Time::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"))
}

/// Adds the document time-stamps that are later than a signature.
fn stamp<'a>(signature: &mut Signature<'a>, field: &Field, stamps: &[DocumentTimestamp<'a>]) {
    let later = stamps.iter().filter(|stamp| stamp.end > field.claimed_end());
    later.for_each(|stamp| embed(signature, stamp));
}

/// Adds a document time-stamp behind those that are there.
fn embed<'a>(signature: &mut Signature<'a>, stamp: &DocumentTimestamp<'a>) {
    let covered = stamp.covered.clone();
    let imprint: Imprint<'a> = Box::new(move |sink| {
        covered.as_ref().map_err(Clone::clone)?.iter().for_each(|piece| sink.write(piece));
        Ok(())
    });
    signature.timestamps.push(EmbeddedTimestamp {
        kind: TimestampKind::Document,
        token: Cow::Borrowed(stamp.token),
        imprint,
        older_imprint: None,
        covers_timestamps: signature.timestamps.len(),
    });
}

/// A copied signature has the same value.
fn make_unique(all: &mut [Signature<'_>]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for signature in all {
        let count = counts.entry(signature.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            signature.id = format!("{}-{count}", signature.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_length() {
        for (text, expected) in [
            ("D:20190704115743+02'00'", "2019-07-04T09:57:43Z"),
            ("D:20190704115743-0130", "2019-07-04T13:27:43Z"),
            ("D:20190704115743Z", "2019-07-04T11:57:43Z"),
            ("D:20190704115743Z00'00'", "2019-07-04T11:57:43Z"),
            ("20190704", "2019-07-04T00:00:00Z"),
            ("D:2019", "2019-01-01T00:00:00Z"),
        ] {
            assert_eq!(date(text.as_bytes()), Time::parse_rfc3339(expected), "{text}");
        }
        for wrong in ["D:", "", "D:201", "D:20191304", "D:20190704115743+x", "\u{e9}"] {
            assert_eq!(date(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
