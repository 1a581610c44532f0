//! BER → DER (X.690, 10 and 11), in one pass over the input.

use super::{Bounds, Error, Header, Problem, Tag, Tlv};
use smallvec::SmallVec;

impl Tlv<'_> {
    /// Re-encodes in DER: shortest definite lengths, strings primitive, every SET sorted by its elements'
    /// encodings, BOOLEAN true as 0xff, integers unpadded. Context-specific encodings keep their form, since
    /// nothing tells whether one is a string in segments.
    ///
    /// # Errors
    /// Malformed inside, or over a limit.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        self.to_der_as(self.tag)
    }

    /// As [`Self::to_der`], under another tag, as CMS hashes `[0] IMPLICIT SET OF` attributes under the tag of
    /// SET OF (RFC 5652, 5.4).
    ///
    /// # Errors
    /// Malformed inside, or over a limit.
    pub fn to_der_as(&self, tag: Tag) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(self.raw.len());
        let mut cursor = Cursor { rest: self.raw, position: self.position, bounds: self.bounds };
        cursor.element(Some(tag), &mut out)?;
        Ok(out)
    }
}

/// Writes identifier and length octets for content of `length` octets.
pub fn header_into(tag: Tag, constructed: bool, length: usize, out: &mut Vec<u8>) {
    let identifier = (tag.class() << 6) | if constructed { 0x20 } else { 0 };
    match u8::try_from(tag.number()) {
        Ok(number) if number < 0x1f => out.push(identifier | number),
        _ => {
            out.push(identifier | 0x1f);
            for shift in [28, 21, 14, 7, 0] {
                let left = tag.number() >> shift;
                if left != 0 {
                    let more = if shift == 0 { 0 } else { 0x80 };
                    out.push((left & 0x7f).to_le_bytes()[0] | more);
                }
            }
        }
    }
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let leading = octets.iter().take_while(|octet| **octet == 0).count();
            let significant = octets.get(leading..).unwrap_or_default();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0x7f));
            out.extend_from_slice(significant);
        }
    }
}

/// The joined segments of a constructed string; of a BIT STRING with the octet of unused bits in front.
pub(super) fn joined(string: &Tlv<'_>, tag: Tag) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(string.content.len());
    let mut cursor = Cursor { rest: string.raw, position: string.position, bounds: string.bounds };
    let header = cursor.header()?;
    cursor.segments(&header, tag, &mut out)?;
    Ok(out)
}

struct Cursor<'a> {
    rest: &'a [u8],
    position: usize,
    bounds: Bounds,
}

impl<'a> Cursor<'a> {
    /// Re-encodes the next element into `out`, under `tag` if one is given.
    fn element(&mut self, tag: Option<Tag>, out: &mut Vec<u8>) -> Result<(), Error> {
        let header = self.header()?;
        let tag = tag.unwrap_or(header.tag);
        if !header.constructed {
            let content = self.take(header.length.unwrap_or(0))?;
            match (tag, content) {
                (Tag::BOOLEAN, [octet]) if *octet != 0 => out.extend_from_slice(&[0x01, 0x01, 0xff]),
                (Tag::INTEGER | Tag::ENUMERATED, _) => {
                    let content = super::minimal_integer(content);
                    header_into(tag, false, content.len(), out);
                    out.extend_from_slice(content);
                }
                _ => {
                    header_into(tag, false, content.len(), out);
                    out.extend_from_slice(content);
                }
            }
            return Ok(());
        }
        if is_string(tag) {
            let mut body = Vec::new();
            self.segments(&header, tag, &mut body)?;
            header_into(tag, false, body.len(), out);
            out.extend_from_slice(&body);
            return Ok(());
        }
        let start = out.len();
        // What is DER already keeps its length.
        header_into(tag, true, header.length.unwrap_or(0), out);
        let body = out.len();
        let mut starts = SmallVec::<[usize; 16]>::new();
        self.inside(&header, |inner| {
            starts.push(out.len());
            inner.element(None, out)
        })?;
        if tag == Tag::SET {
            sort(out, body, &starts);
        }
        let length = out.len().saturating_sub(body);
        if header.length != Some(length) {
            let mut right = Vec::new();
            header_into(tag, true, length, &mut right);
            out.splice(start..body, right);
        }
        Ok(())
    }

    /// Joins the segments of a constructed string whose header was read.
    fn segments(&mut self, header: &Header, tag: Tag, out: &mut Vec<u8>) -> Result<(), Error> {
        let bits = tag == Tag::BIT_STRING;
        if bits && out.is_empty() {
            out.push(0);
        }
        self.inside(header, |inner| {
            let position = inner.position;
            let segment = inner.header()?;
            if segment.tag != tag && segment.tag != Tag::OCTET_STRING {
                let problem =
                    Problem::Unexpected { expected: "segment of a string", found: Some(segment.tag) };
                return Err(Error { position, problem });
            }
            if segment.constructed {
                return inner.segments(&segment, tag, out);
            }
            let content = inner.take(segment.length.unwrap_or(0))?;
            if !bits {
                out.extend_from_slice(content);
                return Ok(());
            }
            // Only the last segment may have unused bits (X.690, 8.6.4).
            match (content, out.first_mut()) {
                ([unused, octets @ ..], Some(first)) if *first == 0 => {
                    *first = *unused;
                    out.extend_from_slice(octets);
                    Ok(())
                }
                _ => {
                    Err(Error { position, problem: Problem::Value("BIT STRING", "unused bits in a segment") })
                }
            }
        })
    }

    /// Calls `each` at the start of every element inside the constructed element whose header was read.
    fn inside(
        &mut self,
        header: &Header,
        mut each: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(depth) = self.bounds.depth.checked_sub(1) else {
            let problem = Problem::OverLimit("depth", self.bounds.limits.0);
            return Err(Error { position: self.position, problem });
        };
        let position = self.position;
        let rest = match header.length {
            Some(length) => self.take(length)?,
            None => self.rest,
        };
        let mut inner = Self { rest, position, bounds: Bounds { depth, ..self.bounds } };
        loop {
            match (header.length, inner.rest) {
                (Some(_), []) => break,
                (None, [0, 0, after @ ..]) => {
                    self.rest = after;
                    self.position = inner.position.saturating_add(2);
                    break;
                }
                (None, []) => return Err(Error { position: inner.position, problem: Problem::EndMissing }),
                _ => each(&mut inner)?,
            }
        }
        self.bounds.count = inner.bounds.count;
        Ok(())
    }

    fn header(&mut self) -> Result<Header, Error> {
        let header = Header::read(self.rest, self.position, self.bounds.rules)?;
        if header.is_end_of_contents() {
            let problem = Problem::Encoding("end-of-contents octets without an indefinite length");
            return Err(Error { position: self.position, problem });
        }
        self.bounds.spend(self.position)?;
        self.take(header.size)?;
        Ok(header)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let problem = Problem::Truncated { needed: length, available: self.rest.len() };
        let truncated = Error { position: self.position, problem };
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(truncated)?;
        self.rest = rest;
        self.position = self.position.saturating_add(length);
        Ok(taken)
    }
}

/// Types whose BER encoding may be constructed from segments (X.690, 8.6, 8.7, 8.23).
fn is_string(tag: Tag) -> bool {
    tag.class() == 0 && matches!(tag.number(), 3 | 4 | 12 | 18..=30)
}

/// Sorts the elements that stand at `starts` to the end of `out`, the first of them at `body`.
fn sort(out: &mut Vec<u8>, body: usize, starts: &[usize]) {
    let ends = starts.iter().skip(1).copied().chain([out.len()]);
    let mut elements: SmallVec<[&[u8]; 16]> =
        starts.iter().zip(ends).filter_map(|(start, end)| out.get(*start..end)).collect();
    if elements.is_sorted() {
        return;
    }
    elements.sort_unstable();
    let sorted = elements.concat();
    drop(elements);
    out.truncate(body);
    out.extend_from_slice(&sorted);
}
