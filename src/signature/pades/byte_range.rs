//! ByteRange and Contents against the octets of the file (ISO 32000-2, 12.8.1; EN 319 142-1, 4.1).

use super::field::{Field, in_file};
use crate::catalogue::{Words, say};
use crate::format::pdf::{Dictionary, Document, Value};
use std::ops::Range;

/// What a signature covers.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Before and behind Contents.
    pub(super) ranges: [Range<usize>; 2],
    /// The revision that it ends with.
    pub(super) revision: usize,
    /// The dictionary as it was signed, where another stands in its place now.
    pub(super) dictionary: Option<Dictionary>,
}

/// The same with what speaks against it: a dictionary that is not the one signed. Its ByteRange may still be that of the
/// one signed, as an attacker copies it.
pub(super) fn check_as_signed(
    document: &Document<'_>,
    field: &Field,
) -> Result<(Signed, Option<Words>), Words> {
    let why = match check(document, field) {
        Ok(signed) => return Ok((signed, None)),
        Err(why) => why,
    };
    let ends = |revision: &crate::format::pdf::Revision| revision.ends_at(field.claimed_end());
    let revision = document.revisions().iter().position(ends).ok_or_else(|| why.clone())?;
    let holder = field.holder.filter(|_| field.indirect).ok_or_else(|| why.clone())?;
    let value = document.view(revision).object(holder).map_err(|_| why.clone())?;
    let dictionary = value.as_dictionary().filter(|then| !then.says_the_same(&field.dictionary));
    let dictionary = dictionary.cloned().ok_or_else(|| why.clone())?;
    let then = Field { holder: Some(holder), indirect: true, dictionary, lock: None };
    let signed = check_at(document, &then, revision).map_err(|_| why)?;
    let failure = say("detail.pdf-dictionary-other");
    Ok((Signed { dictionary: Some(then.dictionary), ..signed }, Some(failure)))
}

/// Holds a ByteRange against the file. What does not hold is told in words, with the name of the attack that it looks like.
pub(super) fn check(document: &Document<'_>, field: &Field) -> Result<Signed, Words> {
    let end = field.claimed_end();
    let revision = document.revisions().iter().position(|revision| revision.ends_at(end));
    let last = document.revisions().len().saturating_sub(1);
    check_at(document, field, revision.unwrap_or(last))
}

fn check_at(document: &Document<'_>, field: &Field, revision: usize) -> Result<Signed, Words> {
    const FORGERY: &str = "universal signature forgery";
    const WRAPPING: &str = "signature wrapping attack";
    let dictionary = &field.dictionary;
    let refuse = |attack: &'static str, key| Err(Words::of(key, [("attack", Words::constant(attack))]));
    let Some(numbers) = dictionary.get("ByteRange").and_then(Value::as_array) else {
        return refuse(FORGERY, "detail.pdf-range-none");
    };
    let numbers: Option<Vec<usize>> =
        numbers.iter().map(|number| usize::try_from(number.as_integer()?).ok()).collect();
    let Some([start, first_length, second, second_length]) =
        numbers.as_deref().and_then(|numbers| numbers.first_chunk::<4>().filter(|_| numbers.len() == 4))
    else {
        return refuse(FORGERY, "detail.pdf-range-numbers");
    };
    let Some(contents) = dictionary.get("Contents").filter(|contents| contents.as_string().is_some()) else {
        return refuse(FORGERY, "detail.pdf-contents-string");
    };
    if contents.as_string().unwrap_or_default().iter().all(|octet| *octet == 0) {
        return refuse(FORGERY, "detail.pdf-contents-empty");
    }
    if *start != 0 {
        return refuse(WRAPPING, "detail.pdf-range-begin");
    }
    let view = document.view(revision);
    let Some(holder) = field.holder.filter(|holder| in_file(view, *holder)) else {
        return refuse(WRAPPING, "detail.pdf-dictionary-stream");
    };
    let opens = document.octets().get(contents.span.start);
    if opens != Some(&b'<') || contents.span.start != *first_length || contents.span.end != *second {
        return refuse(WRAPPING, "detail.pdf-range-hole");
    }
    let end = second.checked_add(*second_length).filter(|end| *end <= document.octets().len());
    let Some(end) = end else {
        return refuse(WRAPPING, "detail.pdf-range-beyond");
    };
    let ends_so = document.revisions().get(revision).is_some_and(|revision| revision.ends_at(end));
    if !ends_so {
        return refuse(WRAPPING, "detail.pdf-range-end");
    }
    if document.defined_in(holder.number, revision) != Some(revision) {
        return refuse(WRAPPING, "detail.pdf-dictionary-revision");
    }
    Ok(Signed { ranges: [0..*first_length, *second..end], revision, dictionary: None })
}
