//! What an entry holds, without a copy of it where none is needed: borrowed where it is stored, and where it is
//! compressed inflated piece by piece for whoever reads it once.

use super::{Archive, DEFLATED, Entry, Limits, Unreadable, malformed};
use crate::format::Sink;
use bytes::Bytes;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use std::borrow::Cow;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Entries of fewer bytes are inflated when they are first met.
const SMALL: usize = 1 << 20;

/// Bytes that are inflated at a time.
const PIECE: usize = 64 << 10;

/// The content of an entry; cheap to clone. As a slice it is inflated once and kept.
#[derive(Clone, Debug)]
pub struct Octets<'a>(Kind<'a>);

#[derive(Clone, Debug)]
enum Kind<'a> {
    Stored(&'a [u8]),
    Held(Bytes),
    Deflated(Arc<Deflated<'a>>),
}

/// Compressed data that was seen to come to so many bytes.
#[derive(Debug)]
struct Deflated<'a> {
    packed: &'a [u8],
    size: usize,
    inflated: OnceLock<Vec<u8>>,
}

impl<'a> Octets<'a> {
    /// Bytes that they are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Stored(octets) => octets.len(),
            Kind::Held(octets) => octets.len(),
            Kind::Deflated(deflated) => deflated.size,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes them, in pieces where they are compressed.
    pub fn write(&self, sink: &mut dyn Sink) {
        match &self.0 {
            Kind::Stored(octets) => sink.write(octets),
            Kind::Held(octets) => sink.write(octets),
            Kind::Deflated(deflated) => match deflated.inflated.get() {
                Some(octets) => sink.write(octets),
                // It was inflated before, so that it comes to the same again.
                None => drop(inflate(deflated.packed, deflated.size, sink)),
            },
        }
    }

    /// At least the first `most` of them, where there are so many.
    #[must_use]
    pub fn beginning(&self, most: usize) -> Cow<'_, [u8]> {
        match &self.0 {
            Kind::Deflated(deflated) if deflated.inflated.get().is_none() => {
                let mut head = Vec::with_capacity(most.min(deflated.size));
                // Nothing is written beyond the capacity; that it does not end there is no matter.
                let _ =
                    Decompress::new(false).decompress_vec(deflated.packed, &mut head, FlushDecompress::None);
                Cow::Owned(head)
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// All of them, not kept longer than the answer.
    #[must_use]
    pub fn once(&self) -> Cow<'_, [u8]> {
        match &self.0 {
            Kind::Deflated(deflated) if deflated.inflated.get().is_none() => Cow::Owned(deflated.whole()),
            _ => Cow::Borrowed(self),
        }
    }
}

impl Deflated<'_> {
    fn whole(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.size);
        let _ = inflate(self.packed, self.size, &mut octets);
        octets
    }
}

impl Deref for Octets<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Stored(octets) => octets,
            Kind::Held(octets) => octets,
            Kind::Deflated(deflated) => deflated.inflated.get_or_init(|| deflated.whole()),
        }
    }
}

impl From<Bytes> for Octets<'_> {
    fn from(octets: Bytes) -> Self {
        Self(Kind::Held(octets))
    }
}

impl<'a> Archive<&'a [u8]> {
    /// The content of an entry of this archive. Its size and its checksum were looked at.
    ///
    /// # Errors
    /// See [`Archive::read`].
    pub fn octets(&self, entry: &Entry, limits: &Limits) -> Result<Octets<'a>, Unreadable> {
        let packed = self.bytes.get(entry.packed.clone()).unwrap_or_default();
        let large = entry.method == DEFLATED && entry.size > SMALL;
        if !large {
            return Ok(Octets(match self.read(entry, limits)? {
                Cow::Borrowed(_) => Kind::Stored(packed),
                Cow::Owned(inflated) => Kind::Held(inflated.into()),
            }));
        }
        self.readable(entry, limits)?;
        let mut crc = Checksum(Crc::new());
        inflate(packed, entry.size, &mut crc).map_err(malformed)?;
        if usize::try_from(crc.0.sum()) != Ok(entry.crc) {
            return Err(malformed("the entry's checksum differs"));
        }
        let deflated = Deflated { packed, size: entry.size, inflated: OnceLock::new() };
        Ok(Octets(Kind::Deflated(Arc::new(deflated))))
    }
}

struct Checksum(Crc);

impl Sink for Checksum {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Writes exactly `size` bytes out of all of `packed`.
fn inflate(packed: &[u8], size: usize, sink: &mut dyn Sink) -> Result<(), &'static str> {
    const OTHER: &str = "the entry is not what its size says";
    let mut inflater = Decompress::new(false);
    let mut piece = Vec::with_capacity(PIECE);
    let (mut rest, mut left) = (packed, size);
    loop {
        piece.clear();
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress_vec(rest, &mut piece, FlushDecompress::None);
        let status = status.map_err(|_| "the entry's DEFLATE is broken")?;
        left = left.checked_sub(piece.len()).ok_or(OTHER)?;
        sink.write(&piece);
        let read = usize::try_from(inflater.total_in().saturating_sub(before.0)).unwrap_or(usize::MAX);
        rest = rest.get(read..).unwrap_or_default();
        match status {
            Status::StreamEnd => return if left == 0 && rest.is_empty() { Ok(()) } else { Err(OTHER) },
            _ if before == (inflater.total_in(), inflater.total_out()) => return Err(OTHER),
            _ => {}
        }
    }
}
