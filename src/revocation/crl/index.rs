//! revokedCertificates as an index of offsets, sorted by serial number: four bytes an entry, built in one walk.

use super::super::extension::note_unknown;
use crate::format::der::{
    Error, Oid, Problem, Reader, Rules, Tag, Tlv, generalized_time, minimal_integer, split, utc_time,
};
use crate::time::Time;
use std::ops::Range;

/// Entries of one list; the largest public ones have some millions.
const MAX_ENTRIES: usize = 4_000_000;
/// Entries with one serial number: an indirect list may have one for each issuer.
const MAX_SAME: usize = 64;

/// Where the entries of a list stand.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Offsets of the entries in the list's DER, sorted by [`key`], then serial number.
    offsets: Vec<u32>,
    /// Of an indirect list: from the entry at this offset on, entries are of the issuer whose Name stands at this
    /// range (RFC 5280, 5.3.3). Sorted by offset.
    issuers: Vec<(u32, Range<usize>)>,
}

/// One entry.
pub(super) struct Entry {
    /// revocationDate.
    pub(super) at: Time,
    /// reasonCode.
    pub(super) reason: Option<u8>,
    issuer: Option<Range<usize>>,
}

impl Entry {
    /// DER Name of the certificate's issuer where it is not the list's.
    pub(super) fn issuer<'a>(&self, list: &'a [u8]) -> Option<&'a [u8]> {
        self.issuer.clone().and_then(|range| list.get(range))
    }
}

/// An entry's fields as they stand.
struct Fields<'a> {
    serial: &'a [u8],
    at: Time,
    /// Content of crlEntryExtensions.
    extensions: &'a [u8],
}

/// One crlEntryExtension.
struct Extension<'a> {
    oid: &'a [u8],
    critical: bool,
    value: &'a [u8],
    /// Where it ends, and its value with it, in crlEntryExtensions.
    end: usize,
}

impl Index {
    /// Walks the entries once; also returns the unknown critical extensions among them, dotted.
    pub(super) fn build(revoked: Option<&Tlv<'_>>) -> Result<(Self, Vec<String>), Error> {
        let mut index = Self::default();
        let mut unknown = Vec::new();
        let Some(revoked) = revoked else {
            return Ok((index, unknown));
        };
        let all = revoked.reader()?;
        let (whole, start) = (all.rest(), all.position());
        let mut keys: Vec<(u64, u32)> = Vec::with_capacity((whole.len() / 32).min(MAX_ENTRIES));
        let mut rest = whole;
        while !rest.is_empty() {
            let position = start + (whole.len() - rest.len());
            let malformed = |what| Error { position, problem: Problem::Value("revokedCertificates", what) };
            let (fields, after) = Fields::read(rest).map_err(malformed)?;
            let Some(offset) = u32::try_from(position).ok().filter(|_| keys.len() < MAX_ENTRIES) else {
                return Err(Error { position, problem: Problem::OverLimit("entries", MAX_ENTRIES) });
            };
            keys.push((key(fields.serial), offset));
            if !fields.extensions.is_empty() {
                let base = position + (rest.len() - after.len()) - fields.extensions.len();
                let issuer = fields.check_extensions(base, &mut unknown).map_err(malformed)?;
                index.issuers.extend(issuer.map(|name| (offset, name)));
            }
            rest = after;
        }
        let serial = |offset: u32| serial_at(whole, usize::try_from(offset).unwrap_or(usize::MAX) - start);
        keys.sort_unstable_by_key(|(key, _)| *key);
        for alike in keys.chunk_by_mut(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
            alike.sort_unstable_by_key(|(_, offset)| serial(*offset));
            let mut same = alike.chunk_by(|a, b| serial(a.1) == serial(b.1));
            if same.any(|same| same.len() > MAX_SAME) {
                let problem = Problem::OverLimit("entries with one serial number", MAX_SAME);
                return Err(Error { position: start, problem });
            }
        }
        index.offsets = keys.into_iter().map(|(_, offset)| offset).collect();
        Ok((index, unknown))
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        self.offsets.len() * size_of::<u32>() + self.issuers.len() * size_of::<(u32, Range<usize>)>()
    }

    /// The entries with this serial number, whoever issued them.
    pub(super) fn find<'i>(&'i self, list: &'i [u8], serial: &'i [u8]) -> impl Iterator<Item = Entry> + 'i {
        let serial = minimal_integer(serial);
        let wanted = (key(serial), serial);
        let at = |offset: &u32| {
            let found = serial_at(list, usize::try_from(*offset).unwrap_or(usize::MAX));
            (key(found), found)
        };
        let first = self.offsets.partition_point(|offset| at(offset) < wanted);
        let rest = self.offsets.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |offset| at(offset) == wanted)
            .filter_map(|offset| self.entry(list, *offset))
    }

    fn entry(&self, list: &[u8], offset: u32) -> Option<Entry> {
        let (fields, _) = Fields::read(list.get(usize::try_from(offset).ok()?..)?).ok()?;
        let before = self.issuers.partition_point(|(from, _)| *from <= offset);
        let issuer = before.checked_sub(1).and_then(|last| self.issuers.get(last));
        Some(Entry { at: fields.at, reason: fields.reason(), issuer: issuer.map(|(_, name)| name.clone()) })
    }
}

impl<'a> Fields<'a> {
    /// The first entry's fields, and what follows it.
    #[inline]
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), &'static str> {
        let (SEQUENCE, entry, after) = split(bytes).ok_or("entry")? else {
            return Err("entry");
        };
        let (INTEGER, serial, rest) = split(entry).ok_or("userCertificate")? else {
            return Err("userCertificate");
        };
        if serial.is_empty() {
            return Err("userCertificate");
        }
        let (time, date, rest) = split(rest).ok_or("revocationDate")?;
        let at = match time {
            UTC_TIME => utc_time(date, Rules::Der)?,
            GENERALIZED_TIME => generalized_time(date, Rules::Der)?,
            _ => return Err("revocationDate"),
        };
        let extensions = match (rest, split(rest)) {
            ([], _) => rest,
            (_, Some((SEQUENCE, extensions, []))) => extensions,
            _ => return Err("crlEntryExtensions"),
        };
        // Real lists have padded serial numbers; they are compared as numbers.
        Ok((Self { serial: minimal_integer(serial), at, extensions }, after))
    }

    /// Each extension.
    fn extensions(&self) -> impl Iterator<Item = Result<Extension<'a>, &'static str>> {
        let whole = self.extensions;
        let mut rest = whole;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let read = split(rest).and_then(|(tag, content, after)| {
                rest = after;
                let (oid, critical, value) =
                    (tag == SEQUENCE).then(|| extension_fields(content)).flatten()?;
                Some(Extension { oid, critical, value, end: whole.len() - after.len() })
            });
            if read.is_none() {
                rest = &[];
            }
            Some(read.ok_or("crlEntryExtensions"))
        })
    }

    /// Holds that the extensions can be read; the range of a certificateIssuer's Name, where there is one. `base`
    /// is the offset of the extensions in the list.
    fn check_extensions(
        &self,
        base: usize,
        unknown: &mut Vec<String>,
    ) -> Result<Option<Range<usize>>, &'static str> {
        let mut issuer = None;
        for extension in self.extensions() {
            let Extension { oid, critical, value, end } = extension?;
            match oid {
                CERTIFICATE_ISSUER => {
                    let within = directory_name(value).ok_or("certificateIssuer")?;
                    let start = base + end - value.len();
                    issuer = Some(start + within.start..start + within.end);
                }
                REASON_CODE if reason(value).is_none() => return Err("reasonCode"),
                REASON_CODE | INVALIDITY_DATE => {}
                _ if critical => note_unknown(unknown, Oid::new(oid).ok_or("crlEntryExtensions")?),
                _ => {}
            }
        }
        Ok(issuer)
    }

    fn reason(&self) -> Option<u8> {
        let mut extensions = self.extensions().flatten();
        extensions.find(|extension| extension.oid == REASON_CODE).and_then(|found| reason(found.value))
    }
}

/// A sort key that tells most serial numbers apart: their last eight octets, since leading ones repeat.
#[inline]
fn key(serial: &[u8]) -> u64 {
    let start = serial.len().saturating_sub(8);
    let tail = serial.get(start..).unwrap_or_default();
    tail.iter().fold(0, |key, octet| (key << 8) | u64::from(*octet))
}

fn serial_at(bytes: &[u8], offset: usize) -> &[u8] {
    let entry = bytes.get(offset..).and_then(split);
    let serial = entry.and_then(|(_, entry, _)| split(entry)).map(|(_, serial, _)| serial);
    minimal_integer(serial.unwrap_or_default())
}

fn extension_fields(extension: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let (OID, oid, rest) = split(extension)? else {
        return None;
    };
    let (critical, value, rest) = match split(rest)? {
        (BOOLEAN, [flag], rest) => {
            let (OCTET_STRING, value, rest) = split(rest)? else {
                return None;
            };
            (*flag != 0, value, rest)
        }
        (OCTET_STRING, value, rest) => (false, value, rest),
        _ => return None,
    };
    rest.is_empty().then_some((oid, critical, value))
}

fn reason(value: &[u8]) -> Option<u8> {
    match split(value)? {
        (ENUMERATED, [code], []) => Some(*code),
        _ => None,
    }
}

/// The range of the Name of the only directoryName in GeneralNames.
fn directory_name(value: &[u8]) -> Option<Range<usize>> {
    let mut names = Reader::der(value).sequence("GeneralNames").ok()?;
    let mut found = None;
    while let Some(general) = names.read().ok()? {
        if general.tag == Tag::context(4) && found.replace(general.explicit("Name").ok()?.range()).is_some() {
            return None;
        }
    }
    found
}

const SEQUENCE: u8 = 0x30;
const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const ENUMERATED: u8 = 0x0a;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// id-ce-cRLReasons, 2.5.29.21.
const REASON_CODE: &[u8] = b"\x55\x1d\x15";
/// id-ce-invalidityDate, 2.5.29.24.
const INVALIDITY_DATE: &[u8] = b"\x55\x1d\x18";
/// id-ce-certificateIssuer, 2.5.29.29.
const CERTIFICATE_ISSUER: &[u8] = b"\x55\x1d\x1d";
