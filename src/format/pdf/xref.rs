//! Cross-reference sections (ISO 32000-2, 7.5.4, 7.5.8), each as it stands: nothing is searched for, nothing mended.

use super::filter::{self, Filter};
use super::object::{Dictionary, Error, Kind, Value};
use super::parse::{Budget, Parser, is_space};
use std::collections::BTreeMap;
use std::ops::Range;

/// Where an object stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// Nowhere: never was, or deleted.
    Free,
    /// In the file.
    At {
        /// Offset of its first octet.
        offset: usize,
        /// Its generation number.
        generation: u16,
    },
    /// In an object stream.
    Within {
        /// The object stream's number.
        stream: u32,
        /// The place in it, from 0 on.
        index: usize,
    },
}

/// One section: a table with its trailer, or a stream.
#[derive(Clone, PartialEq, Debug)]
pub struct Section {
    /// The first octet to the last of the table and trailer dictionary, or of the stream object.
    pub span: Range<usize>,
    /// The trailer dictionary, or the stream's.
    pub trailer: Dictionary,
    /// Where the stream stands that a table names with XRefStm, for its hidden objects.
    pub hidden: Option<Range<usize>>,
    pub(super) entries: BTreeMap<u32, Entry>,
}

impl Section {
    /// The objects that it names, in the order of their numbers.
    pub fn entries(&self) -> impl Iterator<Item = (u32, Entry)> {
        self.entries.iter().map(|(number, entry)| (*number, *entry))
    }

    /// Reads the section at an offset, with the stream that a hybrid one names.
    pub(super) fn read(octets: &[u8], offset: usize, budget: &Budget) -> Result<Self, Error> {
        let rest = octets.get(offset..).unwrap_or_default();
        let space = rest.iter().take_while(|octet| is_space(**octet)).count();
        let is_table = rest.get(space..).is_some_and(|rest| rest.starts_with(b"xref"));
        let mut section =
            if is_table { table(octets, offset, budget)? } else { stream(octets, offset, budget)? };
        if section.trailer.ambiguous() {
            return Err(Error::at(offset, "a trailer with a key twice"));
        }
        if !is_table {
            return Ok(section);
        }
        if let Some(place) = section.trailer.get("XRefStm") {
            let place = offset_of(place)?;
            let hidden = stream(octets, place, budget)?;
            // 7.5.8.4: hidden objects are free in the table.
            for (number, entry) in hidden.entries {
                let known = section.entries.entry(number).or_insert(Entry::Free);
                if *known == Entry::Free {
                    *known = entry;
                }
            }
            section.hidden = Some(hidden.span);
        }
        Ok(section)
    }

    /// The offset of the section before it.
    pub(super) fn previous(&self) -> Result<Option<usize>, Error> {
        self.trailer.get("Prev").map(offset_of).transpose()
    }
}

pub(super) fn offset_of(value: &Value) -> Result<usize, Error> {
    let offset = value.as_integer().and_then(|offset| usize::try_from(offset).ok());
    offset.ok_or_else(|| Error::at(value.span.start, "an offset expected"))
}

fn table(octets: &[u8], offset: usize, budget: &Budget) -> Result<Section, Error> {
    let mut parser = Parser::new(octets, offset, budget);
    parser.expect("xref")?;
    let mut entries = BTreeMap::new();
    loop {
        parser.space();
        if parser.keyword("trailer") {
            break;
        }
        let place = parser.at;
        let (first, count) = (parser.unsigned()?, parser.unsigned()?);
        for step in 0..count {
            // Each entry takes octets of the file, which bounds the count.
            let (offset, generation) = (parser.unsigned()?, parser.unsigned()?);
            parser.space();
            let at = parser.at;
            let in_use = match (parser.keyword("n"), parser.keyword("f")) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => {
                    return Err(Error::at(at, "neither `n` nor `f` in a cross-reference entry"));
                }
            };
            let number = u32::try_from(first.saturating_add(step));
            let number = number.map_err(|_| Error::at(place, "an object number out of range"))?;
            let entry = match (usize::try_from(offset), u16::try_from(generation)) {
                (Ok(offset), Ok(generation)) if in_use => Entry::At { offset, generation },
                _ if !in_use => Entry::Free,
                _ => return Err(Error::at(at, "a cross-reference entry out of range")),
            };
            budget.entry()?;
            add(&mut entries, number, entry, at)?;
        }
    }
    parser.space();
    let trailer = parser.value()?;
    let span = offset..parser.at;
    match trailer.kind {
        Kind::Dictionary(trailer) => Ok(Section { span, trailer, hidden: None, entries }),
        _ => Err(Error::at(trailer.span.start, "the trailer is no dictionary")),
    }
}

fn add(entries: &mut BTreeMap<u32, Entry>, number: u32, entry: Entry, at: usize) -> Result<(), Error> {
    match entries.insert(number, entry) {
        Some(known) if known != entry => {
            Err(Error::at(at, format!("object {number} twice in one cross-reference section")))
        }
        _ => Ok(()),
    }
}

/// 7.5.8.2.
fn stream(octets: &[u8], offset: usize, budget: &Budget) -> Result<Section, Error> {
    let mut parser = Parser::new(octets, offset, budget);
    if parser.head().is_err() {
        return Err(Error::at(offset, "no cross-reference section where one is said to be"));
    }
    let value = parser.value()?;
    let Kind::Dictionary(trailer) = value.kind else {
        return Err(Error::at(offset, "no cross-reference section where one is said to be"));
    };
    let Some(start) = parser.stream().filter(|_| trailer.name("Type") == Some(b"XRef")) else {
        return Err(Error::at(offset, "no cross-reference section where one is said to be"));
    };
    let length = trailer.get("Length").map(offset_of).transpose()?;
    let length = length.ok_or_else(|| Error::at(offset, "a cross-reference stream without its length"))?;
    let data = data(octets, start, length)?;
    let mut end = Parser::new(octets, data.end, budget);
    end.expect("endstream")?;
    end.expect("endobj")?;
    let filters = filters(&trailer, offset)?;
    let encoded = octets.get(data).unwrap_or_default();
    let decoded = filter::decode(encoded, &filters, offset, budget)?;
    let entries = rows(&decoded, &trailer, (offset, budget))?;
    Ok(Section { span: offset..end.at, trailer, hidden: None, entries })
}

/// The range of `length` octets of data, if the file has so many.
pub(super) fn data(octets: &[u8], start: usize, length: usize) -> Result<Range<usize>, Error> {
    let end = start.checked_add(length).filter(|end| *end <= octets.len());
    end.map(|end| start..end).ok_or_else(|| Error::at(start, "a stream that is longer than the file"))
}

/// The filters of a stream with their parameters, all direct.
pub(super) fn filters(dictionary: &Dictionary, at: usize) -> Result<Vec<Filter>, Error> {
    let list = |key: &str| match dictionary.get(key) {
        None => Vec::new(),
        Some(value) => value.as_array().map_or_else(|| vec![value.clone()], <[_]>::to_vec),
    };
    let parameters = list("DecodeParms");
    let filters = list("Filter").into_iter().enumerate().map(|(index, filter)| {
        let name = filter.as_name()?.to_vec();
        Some(Filter { name, parameters: parameters.get(index).and_then(Value::as_dictionary).cloned() })
    });
    filters.collect::<Option<_>>().ok_or_else(|| Error::at(at, "a filter that is no name"))
}

/// The rows of a cross-reference stream.
fn rows(
    decoded: &[u8],
    trailer: &Dictionary,
    (at, budget): (usize, &Budget),
) -> Result<BTreeMap<u32, Entry>, Error> {
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let items = trailer.get(key)?.as_array()?.iter();
        items.map(|item| usize::try_from(item.as_integer()?).ok()).collect()
    };
    let widths = numbers("W").and_then(|widths| <[usize; 3]>::try_from(widths).ok());
    let Some([kind_width, second_width, third_width]) =
        widths.filter(|widths| widths.iter().all(|w| *w <= 8))
    else {
        return Err(Error::at(at, "a cross-reference stream without the widths of its fields"));
    };
    let row_length = kind_width + second_width + third_width;
    let size = trailer.integer("Size").and_then(|size| usize::try_from(size).ok());
    let index = match (trailer.get("Index"), size) {
        (None, Some(size)) => vec![0, size],
        (Some(_), _) => numbers("Index").unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    if row_length == 0 || index.is_empty() || index.len() % 2 != 0 {
        return Err(Error::at(at, "a cross-reference stream without its size or index"));
    }
    let mut entries = BTreeMap::new();
    let mut rows = decoded.chunks_exact(row_length);
    for range in index.chunks_exact(2) {
        let [first, count] = range else { continue };
        for step in 0..*count {
            let row =
                rows.next().ok_or_else(|| Error::at(at, "a cross-reference stream with too few rows"))?;
            let (kind, rest) = row.split_at_checked(kind_width).unwrap_or_default();
            let (second, third) = rest.split_at_checked(second_width).unwrap_or_default();
            let number = u32::try_from(first.saturating_add(step)).ok();
            let kind = if kind_width == 0 { 1 } else { big_endian(kind) };
            let (second, third) = (usize::try_from(big_endian(second)), usize::try_from(big_endian(third)));
            let entry = match (kind, second, third) {
                (1, Ok(offset), Ok(generation)) => {
                    u16::try_from(generation).ok().map(|generation| Entry::At { offset, generation })
                }
                (2, Ok(stream), Ok(index)) => {
                    u32::try_from(stream).ok().map(|stream| Entry::Within { stream, index })
                }
                // Any other type is a reference to null.
                _ => Some(Entry::Free),
            };
            let (Some(number), Some(entry)) = (number, entry) else {
                return Err(Error::at(at, "a cross-reference entry out of range"));
            };
            budget.entry()?;
            add(&mut entries, number, entry, at)?;
        }
    }
    Ok(entries)
}

fn big_endian(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}
