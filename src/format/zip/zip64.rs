//! ZIP64 (APPNOTE.TXT, 4.3.14, 4.3.15 and 4.5.3): numbers that do not fit their fields, which stand elsewhere.
//!
//! A number has one value or the archive is refused: what stands elsewhere must have been asked for, and nothing more may.

use super::{number, u16_at};
use std::ops::Range;

/// What stands in place of a size or offset that stands elsewhere (4.4.1.4).
pub(super) const ELSEWHERE: usize = 0xffff_ffff;
/// The same of a count.
const COUNT_ELSEWHERE: usize = 0xffff;

const END: [u8; 4] = *b"PK\x06\x06";
const END_LENGTH: usize = 56;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LENGTH: usize = 20;

/// Header identifier of the extended information.
const EXTENDED: u16 = 1;

/// What an extra field holds of extended information; `None` where it has none.
///
/// # Errors
/// It has it twice, or is cut short.
pub(super) fn extended(mut extra: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let mut found = None;
    // What comes after the last whole field is padding.
    while let (Some(kind), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let field = extra.get(4..).and_then(|rest| rest.split_at_checked(length.into()));
        match field {
            Some((field, rest)) => {
                if kind == EXTENDED && found.replace(field).is_some() {
                    return Err("sizes twice in a ZIP64 extra field");
                }
                extra = rest;
            }
            None if kind == EXTENDED => return Err("a ZIP64 extra field is cut short"),
            None => break,
        }
    }
    Ok(found)
}

/// The numbers of a directory's header: those that are elsewhere out of the extended information, which has them in
/// this order and nothing else.
///
/// # Errors
/// It holds less or more than is asked for.
pub(super) fn complete(numbers: [usize; 3], extended: Option<&[u8]>) -> Result<[usize; 3], &'static str> {
    let mut rest = extended.unwrap_or_default();
    let mut complete = numbers;
    for value in complete.iter_mut().filter(|value| **value == ELSEWHERE) {
        let (first, others) = rest.split_at_checked(8).ok_or("a size is missing in a ZIP64 extra field")?;
        (*value, rest) = (number(first, 0, 8).ok_or("a size out of range")?, others);
    }
    if rest.is_empty() { Ok(complete) } else { Err("a ZIP64 extra field says more than it is asked") }
}

/// Full and packed size of a local header, which are elsewhere both or not at all (4.5.3).
///
/// # Errors
/// One is missing, or said in two ways.
pub(super) fn local(sizes: [usize; 2], extended: Option<&[u8]>) -> Result<[usize; 2], &'static str> {
    let Some(extended) = extended else {
        let here = !sizes.contains(&ELSEWHERE);
        return if here { Ok(sizes) } else { Err("a size is missing in a ZIP64 extra field") };
    };
    let (Some(size), Some(packed), 16) = (number(extended, 0, 8), number(extended, 8, 8), extended.len())
    else {
        return Err("a ZIP64 extra field of a local header without both sizes");
    };
    let wide = [size, packed];
    let agree = sizes.iter().zip(wide).all(|(here, wide)| *here == ELSEWHERE || *here == wide);
    if agree { Ok(wide) } else { Err("a size is said in two ways") }
}

/// Where the central directory is said to stand, and how many entries it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stated {
    pub(super) count: usize,
    pub(super) length: usize,
    pub(super) start: usize,
}

impl Stated {
    /// What is stated at the end of an archive, completed by the ZIP64 record before it at `end`, if there is one; and where
    /// that begins.
    ///
    /// # Errors
    /// A record that is missing, somewhere else, or says otherwise.
    pub(super) fn complete(self, bytes: &[u8], end: usize) -> Result<(Self, usize), &'static str> {
        let locator = end.checked_sub(LOCATOR_LENGTH).map(|start| start..end);
        let locator = locator.filter(|at| at_begins(bytes, at, &LOCATOR));
        let Some(locator) = locator else {
            let elsewhere = self.count == COUNT_ELSEWHERE || [self.length, self.start].contains(&ELSEWHERE);
            return if elsewhere { Err("its ZIP64 record is missing") } else { Ok((self, end)) };
        };
        let place = |at: usize, length| number(bytes.get(locator.clone())?, at, length);
        let record = locator.start.checked_sub(END_LENGTH).map(|start| start..locator.start);
        let record = record.filter(|at| at_begins(bytes, at, &END) && place(8, 8) == Some(at.start));
        let record = record.ok_or("its ZIP64 record is not where it should be")?;
        let field = |at: usize, length| number(bytes.get(record.clone())?, at, length);
        // The record's length is counted behind its own field; there is one disk, the first.
        if field(4, 8) != Some(END_LENGTH - 12) {
            return Err("its ZIP64 record holds more than is read");
        }
        let one_disk = (place(4, 4), place(16, 4)) == (Some(0), Some(1));
        if !one_disk || (field(16, 4), field(20, 4)) != (Some(0), Some(0)) || field(24, 8) != field(32, 8) {
            return Err("of several disks");
        }
        let (Some(count), Some(length), Some(start)) = (field(32, 8), field(40, 8), field(48, 8)) else {
            return Err("its ZIP64 record has a number out of range");
        };
        let wide = Self { count, length, start };
        let agree = |here: usize, wide, elsewhere| here == wide || here == elsewhere;
        if !agree(self.count, count, COUNT_ELSEWHERE)
            || !agree(self.length, length, ELSEWHERE)
            || !agree(self.start, start, ELSEWHERE)
        {
            return Err("its ZIP64 record says otherwise than its end");
        }
        Ok((wide, record.start))
    }
}

fn at_begins(bytes: &[u8], at: &Range<usize>, magic: &[u8]) -> bool {
    bytes.get(at.clone()).is_some_and(|record| record.starts_with(magic))
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::super::{Archive, CENTRAL, DESCRIPTOR, DESCRIPTOR_SIGNATURE, DIRECTORY_END, MAGIC};
    use super::*;
    use crate::format::Limits;
    use flate2::Crc;

    const CONTENT: &[u8] = b"a diploma";

    /// An archive of one stored file with every number elsewhere that can be.
    struct Made {
        local_sizes: [u32; 2],
        local_extra: Vec<u8>,
        descriptor: Vec<u8>,
        central_extra: Vec<u8>,
        record: Vec<u8>,
        locator: Vec<u8>,
        /// Count, length and start, as the end of the directory has them.
        end: (u16, u32, u32),
    }

    fn field(numbers: &[usize]) -> Vec<u8> {
        let content: Vec<u8> = numbers.iter().flat_map(|number| (*number as u64).to_le_bytes()).collect();
        [&EXTENDED.to_le_bytes()[..], &(content.len() as u16).to_le_bytes(), &content].concat()
    }

    impl Made {
        fn new() -> Self {
            let mut made = Self {
                local_sizes: [u32::MAX; 2],
                local_extra: field(&[CONTENT.len(); 2]),
                descriptor: Vec::new(),
                central_extra: field(&[CONTENT.len(), CONTENT.len(), 0]),
                record: Vec::new(),
                locator: Vec::new(),
                end: (u16::MAX, u32::MAX, u32::MAX),
            };
            made.place();
            made
        }

        /// The record and its locator where the rest stands by now.
        fn place(&mut self) {
            let start = self.local().len();
            let length = self.central().len();
            let wide = |number: usize| (number as u64).to_le_bytes();
            let ones = [wide(1), wide(1), wide(length), wide(start)].concat();
            self.record = [&END[..], &wide(END_LENGTH - 12), &[45, 0, 45, 0], &[0; 8], &ones].concat();
            self.locator = [&LOCATOR[..], &[0; 4], &wide(start + length), &[1, 0, 0, 0]].concat();
        }

        fn common(&self, extra: &[u8], sizes: [u32; 2], central: bool) -> Vec<u8> {
            let mut crc = Crc::new();
            crc.update(CONTENT);
            let flags = if self.descriptor.is_empty() { 0 } else { DESCRIPTOR };
            let sum = if central || self.descriptor.is_empty() { crc.sum() } else { 0 };
            let mut out = [&flags.to_le_bytes()[..], &[0; 6], &sum.to_le_bytes()].concat();
            out.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            out.extend([1, 0]);
            out.extend((extra.len() as u16).to_le_bytes());
            out
        }

        fn local(&self) -> Vec<u8> {
            let common = self.common(&self.local_extra, self.local_sizes, false);
            [&MAGIC[..], &[45, 0], &common, b"a", &self.local_extra, CONTENT, &self.descriptor].concat()
        }

        fn central(&self) -> Vec<u8> {
            let common = self.common(&self.central_extra, [u32::MAX; 2], true);
            let rest = [&[0; 10][..], &[0xff; 4], b"a", &self.central_extra].concat();
            [&CENTRAL[..], &[45, 0, 45, 0], &common, &rest].concat()
        }

        fn bytes(&self) -> Vec<u8> {
            let (count, length, start) = self.end;
            let mut end = [&DIRECTORY_END[..], &[0; 4], &count.to_le_bytes(), &count.to_le_bytes()].concat();
            end.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
            end.extend([0; 2]);
            [self.local(), self.central(), self.record.clone(), self.locator.clone(), end].concat()
        }

        fn read(&self) -> Result<Vec<u8>, String> {
            let limits = Limits::default();
            let archive = Archive::open(self.bytes(), &limits).map_err(|why| why.to_string())?;
            let read = archive.read(&archive.entries()[0], &limits);
            read.map(|content| content.into_owned()).map_err(|why| why.to_string())
        }
    }

    /// Made with a change, and what is then placed anew.
    fn changed(change: impl FnOnce(&mut Made)) -> Result<Vec<u8>, String> {
        let mut made = Made::new();
        change(&mut made);
        made.place();
        made.read()
    }

    /// Made with a change in what comes after the entries.
    fn ended(change: impl FnOnce(&mut Made)) -> Result<Vec<u8>, String> {
        let mut made = Made::new();
        change(&mut made);
        made.read()
    }

    #[test]
    fn numbers_elsewhere_are_read_and_those_here_may_stand_beside() {
        assert_eq!(Made::new().read().unwrap(), CONTENT);
        let (start, length) = (Made::new().local().len() as u32, Made::new().central().len() as u32);
        assert_eq!(ended(|made| made.end = (1, length, start)).unwrap(), CONTENT);
        assert_eq!(ended(|made| made.end.0 = 1).unwrap(), CONTENT);
        // Other fields around it, and padding behind.
        let around = |extra: &[u8]| [b"\x55\x54\x01\x00x", extra, &[0; 3]].concat();
        assert_eq!(changed(|made| made.local_extra = around(&made.local_extra)).unwrap(), CONTENT);
        assert_eq!(changed(|made| made.central_extra = around(&made.central_extra)).unwrap(), CONTENT);
        // Sizes that fit stand in the local header, too.
        assert_eq!(changed(|made| made.local_sizes = [CONTENT.len() as u32; 2]).unwrap(), CONTENT);
    }

    #[test]
    fn a_descriptor_is_as_wide_as_its_header() {
        let mut crc = Crc::new();
        crc.update(CONTENT);
        let descriptor = |width: usize| {
            let size = &CONTENT.len().to_le_bytes()[..width];
            [&DESCRIPTOR_SIGNATURE[..], &crc.sum().to_le_bytes(), size, size].concat()
        };
        let streamed = |extra: Vec<u8>, sizes, width| {
            changed(|made| {
                made.descriptor = descriptor(width);
                (made.local_extra, made.local_sizes) = (extra, sizes);
            })
        };
        assert_eq!(streamed(field(&[0; 2]), [u32::MAX; 2], 8).unwrap(), CONTENT);
        assert_eq!(streamed(Vec::new(), [0; 2], 4).unwrap(), CONTENT);
        assert!(streamed(field(&[0; 2]), [u32::MAX; 2], 4).is_err());
        assert!(streamed(Vec::new(), [0; 2], 8).is_err());
        let other = streamed(field(&[1, 1]), [u32::MAX; 2], 8).unwrap_err();
        assert!(other.contains("otherwise"), "{other}");
    }

    #[test]
    fn what_is_said_in_two_ways_or_not_asked_for_is_refused() {
        let length = CONTENT.len();
        for (read, why) in [
            (changed(|made| made.local_extra = field(&[length, length + 1])), "otherwise"),
            (changed(|made| made.local_sizes = [1, u32::MAX]), "two ways"),
            (changed(|made| made.local_extra = Vec::new()), "missing"),
            (changed(|made| made.local_extra = field(&[length])), "without both"),
            (changed(|made| made.local_extra = field(&[length; 3])), "without both"),
            (changed(|made| made.central_extra = field(&[length; 2])), "missing"),
            (changed(|made| made.central_extra = field(&[length, length, 0, 0])), "more than it is asked"),
            (changed(|made| made.central_extra = field(&[length, length, 1])), "cut short"),
            (changed(|made| made.central_extra = field(&[usize::MAX, length, 0])), "otherwise"),
            (changed(|made| made.central_extra = field(&[length, usize::MAX, 0])), "cut short"),
            (changed(|made| made.central_extra = field(&[length, length, usize::MAX])), "cut short"),
            (changed(|made| made.central_extra = made.central_extra.repeat(2)), "twice"),
            (changed(|made| made.central_extra.truncate(made.central_extra.len() - 1)), "cut short"),
            (ended(|made| made.end.0 = 2), "otherwise than its end"),
            (ended(|made| made.end.1 = 1), "otherwise than its end"),
            (ended(|made| made.end.2 = 1), "otherwise than its end"),
            (ended(|made| made.locator = Vec::new()), "missing"),
            (ended(|made| made.locator[8] ^= 1), "not where it should be"),
            (ended(|made| made.locator[4] = 1), "disks"),
            (ended(|made| made.locator[16] = 2), "disks"),
            (ended(|made| made.record[4] ^= 1), "holds more"),
            (ended(|made| made.record[16] = 1), "disks"),
            (ended(|made| made.record[24] = 2), "disks"),
            (ended(|made| made.record[40] ^= 1), "not where it should be"),
            (ended(|made| made.record[48] ^= 1), "not where it should be"),
            (ended(|made| made.record.extend([0; 4])), "not where it should be"),
            (ended(|made| made.record[32..40].fill(0xff)), "disks"),
            (ended(|made| made.record[24..40].fill(0xff)), "cut short"),
        ] {
            let refused = read.unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
    }

    #[test]
    fn every_changed_octet_of_its_numbers_is_refused() {
        let sound = Made::new().bytes();
        let limits = Limits::default();
        let numbers = [END, LOCATOR].map(|magic| memchr::memmem::rfind(&sound, &magic).unwrap());
        // Versions are no numbers that are read.
        let skipped = [numbers[0] + 12, numbers[0] + 13, numbers[0] + 14, numbers[0] + 15];
        for at in (numbers[0]..numbers[1] + LOCATOR_LENGTH).filter(|at| !skipped.contains(at)) {
            let mut changed = sound.clone();
            changed[at] ^= 1;
            assert!(Archive::open(&changed[..], &limits).is_err(), "{at}");
        }
    }
}
