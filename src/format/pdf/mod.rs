//! PDF files (ISO 32000-2): revisions by their cross-reference chain, and the objects of each, byte for byte.
//!
//! Nothing is repaired. A reader that searches for objects where the cross-reference table is broken sees what it
//! wants to see; here a broken table is the answer. What cannot be read twice in the same way is refused: a key twice
//! in a trailer, an object twice in one section. Encrypted files are not read.

mod attachment;
mod filter;
mod object;
mod parse;
mod view;
mod xref;

pub use attachment::{Attachment, attachments};
pub use object::{Dictionary, Error, Id, Kind, Value};
pub use view::View;
pub use xref::{Entry, Section};

use super::{Limits, Unreadable};
use foldhash::{HashMap, HashSet, HashSetExt};
use memchr::memmem;
use parse::{Budget, Parser};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use view::ObjectStream;

/// With what a PDF file begins.
pub const MAGIC: &[u8] = b"%PDF-";

/// Revisions of one file.
const MOST_REVISIONS: usize = 1_024;

/// A file whose cross-reference chain was read.
pub struct Document<'a> {
    octets: &'a [u8],
    revisions: Vec<Revision>,
    /// Every version of each object: the revision and where it stands, oldest first.
    versions: HashMap<u32, SmallVec<[(usize, Entry); 1]>>,
    budget: Budget,
    /// Object streams that were decoded, by the offset at which they stand.
    object_streams: RefCell<HashMap<usize, std::rc::Rc<ObjectStream>>>,
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("revisions", &self.revisions.len()).finish_non_exhaustive()
    }
}

/// What one save added: the original file, or an incremental update (7.5.6).
#[derive(Debug)]
pub struct Revision {
    /// From the end of the revision before to behind its end-of-file marker, an end of line after that not counted.
    pub span: Range<usize>,
    /// The same with that end of line.
    pub line_end: usize,
    /// Its cross-reference section; a linearised file has two, that of the first page first.
    pub sections: Vec<Section>,
}

impl Revision {
    /// The trailer that counts.
    #[must_use]
    pub fn trailer(&self) -> Option<&Dictionary> {
        self.sections.first().map(|section| &section.trailer)
    }

    /// Whether octets from the file's beginning to `end` are the file as this revision left it.
    #[must_use]
    pub fn ends_at(&self, end: usize) -> bool {
        (self.span.end..=self.line_end).contains(&end)
    }
}

impl<'a> Document<'a> {
    /// Reads the cross-reference chain from the last `startxref` back to the first revision. Of `limits`, depth, nodes
    /// (objects read) and bytes (which is also what all filters together may give) apply.
    ///
    /// # Errors
    /// No PDF, broken anywhere in the chain, encrypted, over a limit.
    pub fn open(octets: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        if !octets.starts_with(MAGIC) {
            return Err(Error::at(0, "no PDF header"));
        }
        let budget = Budget::new(limits.depth, limits.nodes, limits.bytes);
        let last = last_marker(octets, &budget)?;
        let sections = chain(octets, last.section, &budget)?;
        if sections.iter().any(|section| section.trailer.get("Encrypt").is_some()) {
            return Err(Error::Encrypted);
        }
        let revisions = revisions(octets, sections, last, &budget)?;
        let mut versions: HashMap<u32, SmallVec<[(usize, Entry); 1]>> = HashMap::default();
        for (index, revision) in revisions.iter().enumerate() {
            let mut seen = HashSet::new();
            for (number, entry) in revision.sections.iter().flat_map(|section| &section.entries) {
                if seen.insert(*number) {
                    versions.entry(*number).or_default().push((index, *entry));
                }
            }
        }
        Ok(Self { octets, revisions, versions, budget, object_streams: RefCell::default() })
    }

    /// The whole file.
    #[must_use]
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The revisions, oldest first; there is at least one.
    #[must_use]
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The document as a revision left it; the last one's where there are not so many.
    #[must_use]
    pub fn view(&self, revision: usize) -> View<'_, 'a> {
        View { document: self, revision: revision.min(self.revisions.len().saturating_sub(1)) }
    }

    /// The document as it stands.
    #[must_use]
    pub fn last(&self) -> View<'_, 'a> {
        self.view(usize::MAX)
    }

    /// Where an object stands in a revision; `None` if no section up to that names it.
    #[must_use]
    pub fn entry(&self, number: u32, revision: usize) -> Option<Entry> {
        let versions = self.versions.get(&number)?;
        versions.iter().rev().find(|(of, _)| *of <= revision).map(|(_, entry)| *entry)
    }

    /// The revision, up to a given one, that says where an object stands, or where the object stream does that holds it.
    #[must_use]
    pub fn defined_in(&self, number: u32, revision: usize) -> Option<usize> {
        let version =
            |number: u32| self.versions.get(&number)?.iter().rev().find(|(of, _)| *of <= revision).copied();
        let (of, entry) = version(number)?;
        let holder = match entry {
            Entry::Within { stream, .. } => version(stream).map(|(of, _)| of),
            Entry::At { .. } | Entry::Free => None,
        };
        Some(holder.map_or(of, |holder| holder.max(of)))
    }

    /// One more than the highest number that any section names, at least 1.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.versions.keys().max().map_or(1, |highest| highest.saturating_add(1))
    }

    /// The numbers of the objects that sections after a revision name, and of those in object streams that they name, in
    /// order.
    #[must_use]
    pub fn named_after(&self, revision: usize) -> Vec<u32> {
        let named = |number: &u32| {
            self.versions.get(number).is_some_and(|versions| versions.iter().any(|(of, _)| *of > revision))
        };
        let later = self.versions.keys().filter(|number| {
            let holder = match self.entry(**number, revision) {
                Some(Entry::Within { stream, .. }) => named(&stream),
                _ => false,
            };
            holder || named(number)
        });
        let mut numbers: Vec<u32> = later.copied().collect();
        numbers.sort_unstable();
        numbers
    }
}

/// A `startxref` with the end-of-file marker behind it (7.5.5).
struct Marker {
    section: usize,
    /// Behind the end-of-file marker, and behind the end of line after that.
    end: usize,
    line_end: usize,
}

fn last_marker(octets: &[u8], budget: &Budget) -> Result<Marker, Error> {
    let end = memmem::rfind(octets, b"%%EOF").map(|at| at.saturating_add(5));
    let after = end.and_then(|end| octets.get(end..));
    let closed = after.is_some_and(|after| after.iter().all(|octet| parse::is_space(*octet)));
    let Some(end) = end.filter(|_| closed) else {
        return Err(Error::at(octets.len(), "no end-of-file marker at the end: the file is cut short"));
    };
    let head = octets.get(..end).unwrap_or_default();
    let start = memmem::rfind(head, b"startxref");
    let marker = start.map(|start| marker(octets, start, budget)).transpose()?;
    marker
        .filter(|marker| marker.end == end)
        .ok_or_else(|| Error::at(end, "no `startxref` before the end of the file"))
}

/// Reads `startxref`, an offset and `%%EOF`.
fn marker(octets: &[u8], start: usize, budget: &Budget) -> Result<Marker, Error> {
    let mut parser = Parser::new(octets, start, budget);
    parser.expect("startxref")?;
    let section = parser.unsigned()?;
    let rest = octets.get(parser.at..).unwrap_or_default();
    let space = rest.iter().take_while(|octet| parse::is_space(**octet)).count();
    if !rest.get(space..).is_some_and(|rest| rest.starts_with(b"%%EOF")) {
        return Err(Error::at(parser.at, "no end-of-file marker after `startxref`"));
    }
    let end = parser.at.saturating_add(space).saturating_add(5);
    let after = octets.get(end..).unwrap_or_default();
    let line = if after.starts_with(b"\r\n") {
        2
    } else {
        usize::from(after.starts_with(b"\r") || after.starts_with(b"\n"))
    };
    let section = usize::try_from(section).map_err(|_| Error::at(start, "an offset out of range"))?;
    Ok(Marker { section, end, line_end: end.saturating_add(line) })
}

/// All sections, newest first.
fn chain(octets: &[u8], newest: usize, budget: &Budget) -> Result<Vec<Section>, Error> {
    let mut sections = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(newest);
    while let Some(offset) = next {
        if !seen.insert(offset) {
            return Err(Error::at(offset, "the cross-reference chain leads back to itself"));
        }
        if sections.len() >= MOST_REVISIONS {
            return Err(Error::OverLimit("revisions of a PDF", MOST_REVISIONS));
        }
        let section = Section::read(octets, offset, budget)?;
        next = section.previous()?;
        sections.push(section);
    }
    Ok(sections)
}

/// Sections to revisions, oldest first.
fn revisions(
    octets: &[u8],
    sections: Vec<Section>,
    last: Marker,
    budget: &Budget,
) -> Result<Vec<Revision>, Error> {
    let mut revisions: Vec<Revision> = Vec::new();
    let count = sections.len();
    for (index, section) in sections.into_iter().rev().enumerate() {
        let newest = index + 1 == count;
        // In a linearised file the section of the first page stands before the one to which it leads back (annex F):
        // both are one revision, whose end is the later one's.
        if let Some(first) = revisions.last_mut().filter(|_| index == 1)
            && first.sections.first().is_some_and(|main| section.span.start < main.span.start)
        {
            if newest {
                (first.span.end, first.line_end) = (last.end, last.line_end);
            }
            first.sections.insert(0, section);
            continue;
        }
        let start = revisions.last().map_or(0, |before| before.span.end);
        if section.span.start < start {
            return Err(Error::at(section.span.start, "a cross-reference section leads forward"));
        }
        let (end, line_end) = if newest {
            (last.end, last.line_end)
        } else {
            let rest = octets.get(section.span.end..last.end).unwrap_or_default();
            let found = memmem::find(rest, b"startxref").map(|at| section.span.end.saturating_add(at));
            let found = found.ok_or_else(|| Error::at(section.span.end, "a revision without `startxref`"))?;
            let marker = marker(octets, found, budget)?;
            (marker.end, marker.line_end)
        };
        if section.span.end > end {
            return Err(Error::at(
                section.span.start,
                "a cross-reference section behind the end of its revision",
            ));
        }
        revisions.push(Revision { span: start..end, line_end, sections: vec![section] });
    }
    Ok(revisions)
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        match error {
            Error::OverLimit(what, limit) => Self::OverLimit(what, limit),
            Error::Malformed { .. } => Self::Malformed("PDF", error.to_string()),
            Error::Encrypted => Self::Encrypted("PDF"),
        }
    }
}
