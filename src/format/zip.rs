//! ZIP archives (APPNOTE.TXT 6.3.10): the central directory is read and held against the local headers, and entries are
//! inflated one by one, each within what the directory declares.
//!
//! Whatever two readers could read differently is refused as a whole: overlapping entries, two directories, bytes
//! before or behind, local headers that say otherwise, a name twice, numbers that ZIP64 says in two ways. Encryption and
//! several disks are not read, and an archive in an archive is an entry like any other.

mod zip64;

mod octets;

pub use octets::Octets;

use super::{Limits, Unreadable};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use memchr::memmem;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// With what a ZIP archive begins: its first entry's local header.
pub const MAGIC: [u8; 4] = *b"PK\x03\x04";

/// All entries together may be this many times the archive, and [`SLACK`] bytes more. Sealed credentials, which hold
/// base64 of what cannot be compressed, reach 10.
const RATIO: usize = 100;
const SLACK: usize = 1 << 20;

/// Bytes of an entry's name.
const NAME: usize = 1024;

const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_END_LENGTH: usize = 22;
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const CENTRAL_LENGTH: usize = 46;
const LOCAL_LENGTH: usize = 30;
const DESCRIPTOR_SIGNATURE: [u8; 4] = *b"PK\x07\x08";

/// Bits of the general purpose flag (4.4.4).
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const DESCRIPTOR: u16 = 1 << 3;
const UTF_8: u16 = 1 << 11;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An archive whose directory was read; nothing is inflated yet. `B` holds or borrows its bytes.
#[derive(Debug)]
pub struct Archive<B> {
    bytes: B,
    entries: Vec<Entry>,
}

/// One file of an archive. Folders are none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// As it stands in the directory; what it reads as is not kept.
    name: Box<[u8]>,
    utf_8: bool,
    encrypted: bool,
    method: u16,
    crc: usize,
    packed: Range<usize>,
    size: usize,
    is_first: bool,
}

impl Entry {
    /// Its name; `None` where that is empty, too long, leads out of the archive's folder or would deceive a reader.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        file_name(&self.name, self.utf_8)
    }

    /// Whether its name's encoding is not stated and shows: in another one it reads otherwise.
    #[must_use]
    pub fn name_is_guessed(&self) -> bool {
        !self.utf_8 && !self.name.is_ascii()
    }

    /// Whether it is not compressed.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.method == STORED
    }

    /// Whether no other entry stands before it in the archive.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Bytes that it comes to.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl<B: AsRef<[u8]>> Archive<B> {
    /// Reads the directory.
    ///
    /// # Errors
    /// No archive, one that could be read in two ways, or one over the limits.
    pub fn open(bytes: B, limits: &Limits) -> Result<Self, Unreadable> {
        let entries = Self::entries_of(bytes.as_ref(), limits)?;
        Ok(Self { bytes, entries })
    }

    fn entries_of(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>, Unreadable> {
        if bytes.len() > limits.bytes {
            return Err(Unreadable::OverLimit("bytes", limits.bytes));
        }
        let directory = Directory::find(bytes).map_err(malformed)?;
        let mut entries = Vec::new();
        let (mut names, mut taken) = (HashSet::new(), Vec::new());
        let mut rest = bytes.get(directory.range.clone()).unwrap_or_default();
        for _ in 0..directory.count {
            let central = Central::read(&mut rest).map_err(malformed)?;
            if !names.insert(central.name) {
                return Err(malformed("two entries have the same name"));
            }
            let local = central.local(bytes).map_err(malformed)?;
            taken.push(local.whole);
            if !central.is_folder() {
                entries.push(central.entry(local.packed));
            }
        }
        // Two encodings of one name are one name to who reads the answers.
        let is_twice = |entry: &Entry| {
            let text = entry.name();
            text.is_some_and(|text| *text.as_bytes() != *entry.name && names.contains(text.as_bytes()))
        };
        if entries.iter().any(is_twice) {
            return Err(malformed("two entries have the same name"));
        }
        entries.shrink_to_fit();
        if !rest.is_empty() {
            return Err(malformed("the directory holds more than its entries"));
        }
        taken.push(directory.range);
        taken.sort_by_key(|range| range.start);
        if !taken.is_sorted_by(|one, next| one.end <= next.start) {
            return Err(malformed("entries overlap"));
        }
        // Another reader might find an entry there.
        let begins = taken.first().is_some_and(|first| first.start == 0);
        if !begins || !taken.is_sorted_by(|one, next| one.end == next.start) {
            return Err(malformed("bytes that belong to no entry"));
        }
        let most = bytes.len().saturating_mul(RATIO).saturating_add(SLACK);
        let all = entries.iter().fold(0_usize, |all, entry| all.saturating_add(entry.size));
        if all > most {
            return Err(Unreadable::OverLimit("bytes of all entries of a ZIP archive", most));
        }
        Ok(entries)
    }

    /// What it was opened on.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// Its files, in the order of the directory.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of memory that it takes: those of the archive, and what is kept of its directory.
    #[must_use]
    pub fn memory(&self) -> usize {
        let of = |entry: &Entry| size_of::<Entry>().saturating_add(entry.name.len());
        self.entries.iter().map(of).fold(self.bytes.as_ref().len(), usize::saturating_add)
    }

    /// The content of an entry of this archive: borrowed where it is stored, else inflated.
    ///
    /// # Errors
    /// Misnamed, encrypted, compressed in another way than DEFLATE, over the limit, or not what the directory says it is.
    pub fn read(&self, entry: &Entry, limits: &Limits) -> Result<Cow<'_, [u8]>, Unreadable> {
        self.readable(entry, limits)?;
        let packed = self.bytes.as_ref().get(entry.packed.clone()).unwrap_or_default();
        let content = match entry.method {
            STORED if packed.len() == entry.size => Cow::Borrowed(packed),
            STORED => return Err(malformed("a stored entry has two sizes")),
            DEFLATED => Cow::Owned(inflate(packed, entry.size).map_err(malformed)?),
            other => return Err(malformed(&format!("compression method {other} is not read"))),
        };
        let mut crc = Crc::new();
        crc.update(&content);
        if usize::try_from(crc.sum()) != Ok(entry.crc) {
            return Err(malformed("the entry's checksum differs"));
        }
        Ok(content)
    }

    /// Whether an entry has a name, is not encrypted, and within the limit.
    fn readable(&self, entry: &Entry, limits: &Limits) -> Result<(), Unreadable> {
        if entry.name().is_none() {
            return Err(malformed("the entry's name is not one of a file in the archive"));
        }
        if entry.encrypted {
            return Err(malformed("the entry is encrypted"));
        }
        if entry.size > limits.bytes {
            return Err(Unreadable::OverLimit("bytes of an entry of a ZIP archive", limits.bytes));
        }
        Ok(())
    }
}

/// Exactly `size` bytes out of all of `packed`.
fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    const OTHER: &str = "the entry is not what its size says";
    // Nothing is written beyond the capacity; the byte more shows what does not end there.
    let mut content = Vec::with_capacity(size.saturating_add(1));
    let mut inflater = Decompress::new(false);
    let status = inflater.decompress_vec(packed, &mut content, FlushDecompress::Finish);
    match status.map_err(|_| "the entry's DEFLATE is broken")? {
        Status::StreamEnd if content.len() == size => {}
        _ => return Err(OTHER),
    }
    let all = usize::try_from(inflater.total_in()).is_ok_and(|read| read == packed.len());
    if all { Ok(content) } else { Err(OTHER) }
}

/// Where the central directory stands (4.3.16).
struct Directory {
    range: Range<usize>,
    count: usize,
}

impl Directory {
    fn find(bytes: &[u8]) -> Result<Self, &'static str> {
        let furthest = DIRECTORY_END_LENGTH.saturating_add(usize::from(u16::MAX));
        let first = bytes.len().saturating_sub(furthest);
        let tail = bytes.get(first..).unwrap_or_default();
        let mut ends = memmem::find_iter(tail, &DIRECTORY_END).filter(|at| {
            let comment = u16_at(tail, at.saturating_add(20)).map(usize::from);
            comment.is_some_and(|length| at + DIRECTORY_END_LENGTH + length == tail.len())
        });
        let end = ends.next().ok_or("its directory does not end")?;
        if ends.next().is_some() {
            return Err("two directories end there");
        }
        let record = tail.get(end..).unwrap_or_default();
        let half = |at| number(record, at, 2).unwrap_or_default();
        let word = |at| number(record, at, 4).unwrap_or_default();
        let end = first.saturating_add(end);
        if half(4) != 0 || half(6) != 0 || half(8) != half(10) {
            return Err("of several disks");
        }
        let stated = zip64::Stated { count: half(10), length: word(12), start: word(16) };
        let (zip64::Stated { count, length, start }, end) = stated.complete(bytes, end)?;
        // Nothing stands before the first entry or between directory and end, so offsets are what they say.
        if start.checked_add(length) != Some(end) {
            return Err("the directory is not where it should be");
        }
        Ok(Self { range: start..end, count })
    }
}

/// Where an entry stands: with header and descriptor, and its data alone.
struct Local {
    whole: Range<usize>,
    packed: Range<usize>,
}

/// A header of the central directory (4.3.12).
struct Central<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    crc: usize,
    packed: usize,
    size: usize,
    local: usize,
}

impl<'a> Central<'a> {
    /// The next, of which `rest` is then rid.
    fn read(rest: &mut &'a [u8]) -> Result<Self, &'static str> {
        let (central, extra) = Self::fields(rest).ok_or("the directory is cut short")?;
        let numbers = [central.size, central.packed, central.local];
        let [size, packed, local] = zip64::complete(numbers, zip64::extended(extra)?)?;
        Ok(Self { size, packed, local, ..central })
    }

    /// As they stand there, and the extra field.
    fn fields(rest: &mut &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, after) = rest.split_at_checked(CENTRAL_LENGTH)?;
        if !head.starts_with(&CENTRAL) {
            return None;
        }
        let (name, after) = after.split_at_checked(number(head, 28, 2)?)?;
        let (extra, after) = after.split_at_checked(number(head, 30, 2)?)?;
        *rest = after.get(number(head, 32, 2)?..)?;
        let central = Self {
            name,
            flags: u16_at(head, 8)?,
            method: u16_at(head, 10)?,
            crc: number(head, 16, 4)?,
            packed: number(head, 20, 4)?,
            size: number(head, 24, 4)?,
            local: number(head, 42, 4)?,
        };
        Some((central, extra))
    }

    /// Where it stands, by its local header (4.3.7); what both headers and the descriptor say must be the same.
    fn local(&self, bytes: &[u8]) -> Result<Local, &'static str> {
        const CUT: &str = "an entry is cut short";
        const OTHERWISE: &str = "an entry's local header says otherwise than the directory";
        let part = |start: usize, length: usize| {
            let end = start.checked_add(length)?;
            bytes.get(start..end).map(|part| (part, end))
        };
        let (head, name_at) = part(self.local, LOCAL_LENGTH).ok_or(CUT)?;
        let length = |at| number(head, at, 2).unwrap_or_default();
        let (name, extra_at) = part(name_at, length(26)).ok_or(CUT)?;
        let (extra, data) = part(extra_at, length(28)).ok_or(CUT)?;
        let (_, end) = part(data, self.packed).ok_or(CUT)?;
        let flags = u16_at(head, 6).unwrap_or_default();
        let same = head.starts_with(&MAGIC)
            && name == self.name
            && flags == self.flags
            && u16_at(head, 8) == Some(self.method);
        if !same {
            return Err(OTHERWISE);
        }
        let word = |at| number(head, at, 4).unwrap_or_default();
        let extended = zip64::extended(extra)?;
        let [size, packed] = zip64::local([word(22), word(18)], extended)?;
        let here = [(word(14), self.crc), (packed, self.packed), (size, self.size)];
        if flags & DESCRIPTOR == 0 {
            let same = here.iter().all(|(local, central)| local == central);
            return if same {
                Ok(Local { whole: self.local..end, packed: data..end })
            } else {
                Err(OTHERWISE)
            };
        }
        // What the descriptor says is not known yet where the header stands (4.4.4), or said twice.
        if here.iter().any(|(local, central)| *local != 0 && local != central) {
            return Err(OTHERWISE);
        }
        // Its signature is optional (4.3.9.3), and its sizes are as wide as the header's (4.3.9.2).
        let signed = bytes.get(end..).is_some_and(|rest| rest.starts_with(&DESCRIPTOR_SIGNATURE));
        let width = if extended.is_some() { 8 } else { 4 };
        let at = end.saturating_add(if signed { 4 } else { 0 });
        let (descriptor, after) = part(at, 4 + 2 * width).ok_or(CUT)?;
        let said = [(0, 4), (4, width), (4 + width, width)].map(|(at, width)| number(descriptor, at, width));
        if said != [self.crc, self.packed, self.size].map(Some) {
            return Err(OTHERWISE);
        }
        Ok(Local { whole: self.local..after, packed: data..end })
    }

    fn is_folder(&self) -> bool {
        self.name.ends_with(b"/") && self.size == 0
    }

    /// With its data there.
    fn entry(&self, packed: Range<usize>) -> Entry {
        let name = self.name.into();
        let (utf_8, encrypted) = (self.flags & UTF_8 != 0, self.flags & ENCRYPTED != 0);
        Entry {
            name,
            utf_8,
            encrypted,
            method: self.method,
            crc: self.crc,
            packed,
            size: self.size,
            is_first: self.local == 0,
        }
    }
}

/// A name as text, if it is one of a file in the archive's folder and shows as it is.
fn file_name(name: &[u8], utf_8: bool) -> Option<Cow<'_, str>> {
    if name.len() > NAME {
        return None;
    }
    let text = match std::str::from_utf8(name) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if utf_8 => return None,
        Err(_) => Cow::Owned(name.iter().map(|byte| code_page_437(*byte)).collect()),
    };
    // Characters that turn the direction of writing make `gpj.exe` look like `exe.jpg`.
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}'..='\u{200f}');
    let misleads = text.contains(|c: char| c.is_control() || c == '\\' || turns(c));
    let leads_out = text.split('/').any(|part| matches!(part, "" | "." | ".."));
    let is_drive = text.as_bytes().get(1) == Some(&b':');
    (!misleads && !leads_out && !is_drive).then_some(text)
}

/// What a name is written in that does not say that it is UTF-8 (APPNOTE, D.1).
fn code_page_437(byte: u8) -> char {
    static UPPER: LazyLock<Vec<char>> = LazyLock::new(|| {
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}".chars().collect()
    });
    match byte.checked_sub(128) {
        None => char::from(byte),
        Some(upper) => UPPER.get(usize::from(upper)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The little-endian number of `width` bytes, at most 8, at a place.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let field = bytes.get(at..)?.get(..width)?;
    usize::try_from(field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))).ok()
}

#[cold]
fn malformed(why: &str) -> Unreadable {
    Unreadable::Malformed("ZIP", why.to_owned())
}

#[cfg(test)]
mod tests;
