//! ByteRange and Contents against the octets of the file (ISO 32000-2, 12.8.1; EN 319 142-1, 4.1).

use super::field::{Field, in_file};
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
) -> Result<(Signed, Option<String>), String> {
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
    let failure = "the signature dictionary is not the one that was signed (EN 319 142-1, 4.1)".to_owned();
    Ok((Signed { dictionary: Some(then.dictionary), ..signed }, Some(failure)))
}

/// Holds a ByteRange against the file. What does not hold is told in words, with the name of the attack that it looks like.
pub(super) fn check(document: &Document<'_>, field: &Field) -> Result<Signed, String> {
    let end = field.claimed_end();
    let revision = document.revisions().iter().position(|revision| revision.ends_at(end));
    let last = document.revisions().len().saturating_sub(1);
    check_at(document, field, revision.unwrap_or(last))
}

fn check_at(document: &Document<'_>, field: &Field, revision: usize) -> Result<Signed, String> {
    const FORGERY: &str = "universal signature forgery";
    const WRAPPING: &str = "signature wrapping attack";
    const CLAUSE: &str = "ISO 32000-2, 12.8.1";
    let dictionary = &field.dictionary;
    let refuse = |attack: &str, why: &str| Err(format!("{attack}: {why} ({CLAUSE})"));
    let Some(numbers) = dictionary.get("ByteRange").and_then(Value::as_array) else {
        return refuse(FORGERY, "no ByteRange");
    };
    let numbers: Option<Vec<usize>> =
        numbers.iter().map(|number| usize::try_from(number.as_integer()?).ok()).collect();
    let Some([start, first_length, second, second_length]) =
        numbers.as_deref().and_then(|numbers| numbers.first_chunk::<4>().filter(|_| numbers.len() == 4))
    else {
        return refuse(FORGERY, "the ByteRange is not four numbers");
    };
    let Some(contents) = dictionary.get("Contents").filter(|contents| contents.as_string().is_some()) else {
        return refuse(FORGERY, "Contents is no string");
    };
    if contents.as_string().unwrap_or_default().iter().all(|octet| *octet == 0) {
        return refuse(FORGERY, "Contents is empty");
    }
    if *start != 0 {
        return refuse(WRAPPING, "the ByteRange does not begin with the file");
    }
    let view = document.view(revision);
    let Some(holder) = field.holder.filter(|holder| in_file(view, *holder)) else {
        return refuse(WRAPPING, "the signature dictionary stands in an object stream");
    };
    let opens = document.octets().get(contents.span.start);
    if opens != Some(&b'<') || contents.span.start != *first_length || contents.span.end != *second {
        return refuse(WRAPPING, "the ByteRange leaves out something else than Contents");
    }
    let end = second.checked_add(*second_length).filter(|end| *end <= document.octets().len());
    let Some(end) = end else {
        return refuse(WRAPPING, "the ByteRange reaches beyond the file");
    };
    let ends_so = document.revisions().get(revision).is_some_and(|revision| revision.ends_at(end));
    if !ends_so {
        return refuse(WRAPPING, "the ByteRange does not end with a revision");
    }
    if document.defined_in(holder.number, revision) != Some(revision) {
        return refuse(WRAPPING, "the signature dictionary is not of the revision that it signs");
    }
    Ok(Signed { ranges: [0..*first_length, *second..end], revision, dictionary: None })
}
