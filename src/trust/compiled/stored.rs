//! Values ↔ bytes. Each type says both directions in one place; reading stands up to any bytes.

use crate::certificate::AnchorKey;
use crate::signature::algorithm::identity;
use crate::time::Time;
use crate::trust::list::{ListedCertificate, MutualRecognition};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// What of the content is not as the format wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Damaged(pub(super) &'static str);

/// A value that can be written down and read back.
pub(super) trait Stored: Sized {
    /// Bytes that one takes at least: a count beyond what is left is seen before anything is reserved for it.
    const LEAST: usize;

    fn write(&self, out: &mut Writer);
    fn read(from: &mut Reader) -> Result<Self, Damaged>;
}

/// Levels of nested criteria, at most: those of an XML document, which bounds what can be written.
const DEPTH: usize = 128;

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
    texts: HashMap<Arc<str>, u32>,
    subjects: HashMap<Bytes, u32>,
    certificates: HashMap<[u8; 32], u32>,
    agreements: Vec<Arc<MutualRecognition>>,
}

impl Writer {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// The whole with its length, which stands at `at`, and the checksum.
    pub(super) fn finish(mut self, at: usize) -> Vec<u8> {
        let length = self.out.len().saturating_add(32);
        let length = u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes();
        if let Some(place) = self.out.get_mut(at..at.saturating_add(8)) {
            place.copy_from_slice(&length);
        }
        let checksum = identity(&self.out);
        self.put(&checksum);
        self.out
    }
}

/// Bytes being read.
pub(super) struct Reader {
    whole: Bytes,
    at: usize,
    depth: usize,
    texts: Vec<Arc<str>>,
    subjects: Vec<Bytes>,
    certificates: Vec<Arc<ListedCertificate>>,
    agreements: Vec<Arc<MutualRecognition>>,
}

impl Reader {
    pub(super) fn new(whole: Bytes) -> Self {
        Self {
            whole,
            at: 0,
            depth: 0,
            texts: Vec::new(),
            subjects: Vec::new(),
            certificates: Vec::new(),
            agreements: Vec::new(),
        }
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), Damaged> {
        if self.left() == 0 { Ok(()) } else { Err(Damaged("bytes after its content")) }
    }

    fn left(&self) -> usize {
        self.whole.len().saturating_sub(self.at)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Damaged> {
        let end = self.at.saturating_add(length);
        let part = self.whole.get(self.at..end).ok_or(Damaged("a value is longer than what is left"))?;
        self.at = end;
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged("a value is cut short"))
    }

    /// A count of values that take at least so many bytes each.
    fn count(&mut self, least: usize) -> Result<usize, Damaged> {
        let count = usize::try_from(u32::read(self)?).unwrap_or(usize::MAX);
        match count.saturating_mul(least) <= self.left() {
            true => Ok(count),
            false => Err(Damaged("a count is higher than what is left")),
        }
    }

    /// Bytes with their length, shared with the file's.
    fn shared(&mut self) -> Result<Bytes, Damaged> {
        let length = self.count(1)?;
        let start = self.at;
        self.take(length)?;
        Ok(self.whole.slice(start..self.at))
    }

    /// One level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<T, Damaged> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH {
            return Err(Damaged("criteria nested too deep"));
        }
        let value = read(self)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(value)
    }
}

/// How many follow.
pub(super) fn count(number: usize, out: &mut Writer) {
    // What is counted was read from lists of at most 32 MiB.
    u32::try_from(number).unwrap_or(u32::MAX).write(out);
}

/// As a Vec of them.
pub(super) fn slice<T: Stored>(values: &[T], out: &mut Writer) {
    count(values.len(), out);
    values.iter().for_each(|value| value.write(out));
}

fn bytes(value: &[u8], out: &mut Writer) {
    count(value.len(), out);
    out.put(value);
}

/// The number of a value that recurs: one known, or the next, which then follows.
fn number<K: std::hash::Hash + Eq>(known: &mut HashMap<K, u32>, key: K) -> (u32, bool) {
    let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
    match known.entry(key) {
        std::collections::hash_map::Entry::Occupied(entry) => (*entry.get(), false),
        std::collections::hash_map::Entry::Vacant(entry) => (*entry.insert(next), true),
    }
}

/// The value with this number, or `None` where it follows.
fn numbered<T: Clone>(known: &[T], number: u32) -> Result<Option<T>, Damaged> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    match known.get(number) {
        Some(value) => Ok(Some(value.clone())),
        None if number == known.len() => Ok(None),
        None => Err(Damaged("a number of something that was not there")),
    }
}

macro_rules! stored_number {
    ($($kind:ty),*) => {$(
        impl Stored for $kind {
            const LEAST: usize = size_of::<Self>();

            fn write(&self, out: &mut Writer) {
                out.put(&self.to_le_bytes());
            }

            fn read(from: &mut Reader) -> Result<Self, Damaged> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )*};
}
stored_number!(u8, u32, u64, i64);

impl Stored for bool {
    const LEAST: usize = 1;

    fn write(&self, out: &mut Writer) {
        u8::from(*self).write(out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged("neither true nor false")),
        }
    }
}

impl Stored for Time {
    const LEAST: usize = 8;

    fn write(&self, out: &mut Writer) {
        self.millis().write(out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        i64::read(from).map(Self::from_millis)
    }
}

impl Stored for [u8; 32] {
    const LEAST: usize = 32;

    fn write(&self, out: &mut Writer) {
        out.put(self);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        from.array()
    }
}

impl Stored for Arc<str> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Writer) {
        let (number, new) = number(&mut out.texts, Arc::clone(self));
        number.write(out);
        if new {
            bytes(self.as_bytes(), out);
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let number = u32::read(from)?;
        if let Some(known) = numbered(&from.texts, number)? {
            return Ok(known);
        }
        let length = from.count(1)?;
        let text = std::str::from_utf8(from.take(length)?).map_err(|_| Damaged("a text is not UTF-8"))?;
        let text: Self = Self::from(text);
        from.texts.push(Self::clone(&text));
        Ok(text)
    }
}

impl Stored for String {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Writer) {
        bytes(self.as_bytes(), out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let length = from.count(1)?;
        let text = std::str::from_utf8(from.take(length)?).map_err(|_| Damaged("a text is not UTF-8"))?;
        Ok(text.to_owned())
    }
}

impl<T: Stored> Stored for Option<T> {
    const LEAST: usize = 1;

    fn write(&self, out: &mut Writer) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

impl<T: Stored> Stored for Vec<T> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Writer) {
        slice(self, out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let count = from.count(T::LEAST)?;
        let mut values = Self::with_capacity(count);
        for _ in 0..count {
            values.push(T::read(from)?);
        }
        Ok(values)
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    const LEAST: usize = A::LEAST + B::LEAST;

    fn write(&self, out: &mut Writer) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

impl Stored for Arc<ListedCertificate> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Writer) {
        let (known, new) = number(&mut out.certificates, self.sha256);
        known.write(out);
        if new {
            self.sha256.write(out);
            self.anchor_key().0.write(out);
            let (subject, new) = number(&mut out.subjects, self.subject.clone());
            subject.write(out);
            if new {
                bytes(&self.subject, out);
            }
            bytes(&self.der, out);
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let number = u32::read(from)?;
        if let Some(known) = numbered(&from.certificates, number)? {
            return Ok(known);
        }
        let sha256 = from.array()?;
        let anchor_key = AnchorKey(from.array()?);
        let subject = u32::read(from)?;
        let subject = match numbered(&from.subjects, subject)? {
            Some(known) => known,
            None => {
                let subject = from.shared()?;
                from.subjects.push(subject.clone());
                subject
            }
        };
        let der = from.shared()?;
        let listed = Self::new(ListedCertificate::from_parts(der, sha256, subject, anchor_key));
        from.certificates.push(Self::clone(&listed));
        Ok(listed)
    }
}

impl Stored for Arc<MutualRecognition> {
    const LEAST: usize = 4;

    fn write(&self, out: &mut Writer) {
        let known = out.agreements.iter().position(|known| Self::ptr_eq(known, self));
        count(known.unwrap_or(out.agreements.len()), out);
        if known.is_none() {
            out.agreements.push(Self::clone(self));
            MutualRecognition::write(self, out);
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let number = u32::read(from)?;
        if let Some(known) = numbered(&from.agreements, number)? {
            return Ok(known);
        }
        let agreement = Self::new(MutualRecognition::read(from)?);
        from.agreements.push(Self::clone(&agreement));
        Ok(agreement)
    }
}
