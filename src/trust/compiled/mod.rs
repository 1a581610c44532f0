//! A snapshot on disk: what was read from verified lists, written down once and loaded in milliseconds.
//!
//! Nothing in the file is verified again but its own checksum, so whoever can write it decides what is trusted: it
//! is as sensitive as the pins. What it was made from stands in it ([`Origin`]); a file whose lists, pins or software
//! are no longer those is refused.
//!
//! | Bytes | |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 4 | [`FORMAT`], little-endian like every number |
//! | 8 | length of the whole file |
//! | … | [`Origin`], then the snapshot: domain, whether it qualifies, Official Journal, identity, every list's state with its services |
//! | 32 | SHA-256 over everything before |
//!
//! Texts, certificates and agreements that recur are numbered in the order in which they first stand there, and stand
//! there once.

mod file;
mod origin;
mod shapes;
mod stored;

pub use file::{load, save};
pub use origin::Origin;

use super::Snapshot;
use super::domain::Domain;
use super::list::Service;
use super::load::{Context, Error, Mirror};
use super::snapshot::ListState;
use crate::signature::algorithm::identity;
use crate::time::Time;
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use stored::{Reader, Stored, Writer};

/// With what a compiled snapshot begins.
pub const MAGIC: [u8; 8] = *b"\x89SGTRUST";
/// The format written and read here.
pub const FORMAT: u32 = 3;
/// Bytes of the longest compiled snapshot that is read: ten times what the EU's lists could come to.
pub const LONGEST: usize = 256 << 20;

/// Bytes before the content: magic, format, length.
const HEAD: usize = 20;
/// Bytes of the checksum.
const CHECKSUM: usize = 32;

/// A snapshot with what it was made from.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What it was made from.
    pub origin: Origin,
    /// The snapshot; without further anchors, which are no part of the file.
    pub snapshot: Snapshot,
}

/// Why a compiled snapshot is not used; each in one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The file could not be read.
    Unreadable(String),
    /// It does not begin as one.
    NotCompiled,
    /// Of another format.
    Format(u32),
    /// Cut short, bits flipped, or its content is not what the format wants: what.
    Damaged(&'static str),
    /// Made by another version of the software, which may have read the lists otherwise.
    Software(String),
    /// Made for another domain: its name.
    Domain(String),
    /// The domain's address or pins are no longer those.
    Pins,
    /// These sources are no longer those: addresses, or the index of the mirror.
    Sources(Vec<String>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::NotCompiled => f.write_str("not a compiled trust snapshot"),
            Self::Format(found) => write!(f, "expected format {FORMAT}, found {found}"),
            Self::Damaged(what) => write!(f, "damaged: {what}"),
            Self::Software(found) => {
                write!(f, "compiled by version {found}, this is {}", origin::SOFTWARE)
            }
            Self::Domain(found) => write!(f, "compiled for the trust domain {found:?}"),
            Self::Pins => f.write_str("the domain's pins or addresses changed since it was compiled"),
            Self::Sources(changed) => {
                let shown: Vec<&str> = changed.iter().take(3).map(String::as_str).collect();
                write!(f, "changed since it was compiled: {}", shown.join(", "))?;
                match changed.len().saturating_sub(shown.len()) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

impl std::error::Error for Refused {}

impl Compiled {
    /// Loads a domain's lists from a mirror, and remembers what it was given on the way. `made` is the present.
    ///
    /// # Errors
    /// As [`Snapshot::load`].
    pub fn make(mirror: &Mirror, domain: &Domain, context: &Context<'_>, made: Time) -> Result<Self, Error> {
        let recorder = origin::Recorder::new(mirror);
        let snapshot = Snapshot::load(&recorder, domain, context)?;
        Ok(Self { origin: recorder.origin(domain, made), snapshot })
    }

    /// The bytes of the file. The same snapshot and origin give the same bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let snapshot = &self.snapshot;
        let mut out = Writer::default();
        out.put(&MAGIC);
        FORMAT.write(&mut out);
        0_u64.write(&mut out);
        self.origin.write(&mut out);
        snapshot.domain.write(&mut out);
        snapshot.qualifies.write(&mut out);
        snapshot.official_journal.write(&mut out);
        snapshot.identity.write(&mut out);
        stored::count(snapshot.lists.len(), &mut out);
        for (number, list) in snapshot.lists.iter().enumerate() {
            list.write(&mut out);
            stored::slice(snapshot.services_of(number), &mut out);
        }
        out.finish(MAGIC.len() + 4)
    }

    /// Reads the bytes of a file. Whether they are still to be used, [`Self::check`] and [`Self::check_sources`] say.
    ///
    /// # Errors
    /// Not a compiled snapshot, of another format, or damaged.
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, Refused> {
        let bytes = bytes.into();
        let content = content(&bytes)?;
        // Reading stands up to any bytes, so it need not wait for the checksum: the two take about as long.
        std::thread::scope(|scope| {
            let beside = std::thread::Builder::new().spawn_scoped(scope, || checksum_holds(&bytes));
            let read = Self::read(content);
            let intact = match beside {
                Ok(thread) => thread.join().unwrap_or(false),
                Err(_) => checksum_holds(&bytes),
            };
            match intact {
                true => read.map_err(|damaged| Refused::Damaged(damaged.0)),
                false => Err(Refused::Damaged("the checksum differs")),
            }
        })
    }

    fn read(content: Bytes) -> Result<Self, stored::Damaged> {
        let mut from = Reader::new(content);
        let origin = Origin::read(&mut from)?;
        let domain = String::read(&mut from)?;
        let qualifies = bool::read(&mut from)?;
        let official_journal = Option::<String>::read(&mut from)?;
        let named = <[u8; 32]>::read(&mut from)?;
        let lists = Vec::<(ListState, Vec<Arc<Service>>)>::read(&mut from)?;
        from.finish()?;
        if lists.iter().any(|(list, services)| !list.accepted() && !services.is_empty()) {
            return Err(stored::Damaged("services of a list that is not accepted"));
        }
        let mut snapshot = Snapshot::assemble(&domain, official_journal, lists);
        snapshot.qualifies = qualifies;
        if snapshot.identity != named {
            return Err(stored::Damaged("its lists are not those of its identity"));
        }
        Ok(Self { origin, snapshot })
    }

    /// Whether it was made by this software for this domain with these pins.
    ///
    /// # Errors
    /// It was not: why.
    pub fn check(&self, domain: &Domain) -> Result<(), Refused> {
        if self.snapshot.domain != domain.name {
            return Err(Refused::Domain(self.snapshot.domain.clone()));
        }
        self.origin.check(domain)
    }

    /// Whether the mirror still has what it was made from.
    ///
    /// # Errors
    /// It does not: what changed.
    pub fn check_sources(&self, mirror: &Mirror) -> Result<(), Refused> {
        self.origin.check_sources(mirror)
    }
}

/// What stands between head and checksum.
fn content(bytes: &Bytes) -> Result<Bytes, Refused> {
    let head = || {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (format, rest) = rest.split_first_chunk::<4>()?;
        let (length, _) = rest.split_first_chunk::<8>()?;
        Some((*magic, u32::from_le_bytes(*format), u64::from_le_bytes(*length)))
    };
    let Some((magic, format, length)) = head() else {
        let begins = MAGIC.starts_with(bytes.get(..8).unwrap_or(bytes)) && !bytes.is_empty();
        return Err(if begins { Refused::Damaged("cut short") } else { Refused::NotCompiled });
    };
    if magic != MAGIC {
        return Err(Refused::NotCompiled);
    }
    if format != FORMAT {
        return Err(Refused::Format(format));
    }
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found < length || bytes.len() < HEAD + CHECKSUM {
        return Err(Refused::Damaged("cut short"));
    }
    if found > length {
        return Err(Refused::Damaged("bytes after its end"));
    }
    Ok(bytes.slice(HEAD..bytes.len().saturating_sub(CHECKSUM)))
}

fn checksum_holds(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<CHECKSUM>().is_some_and(|(before, checksum)| identity(before) == *checksum)
}

#[cfg(test)]
mod tests;
