//! JSON strings: the hot path, since a sealed credential's payload is one string of some hundred kilobytes.
//!
//! Bytes are looked at sixteen at a time in a vector register; what is looked at is copied in the same step.

use wide::u8x16;

/// What is wrong, and at which byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault(pub(super) usize, pub(super) &'static str);

/// Bytes looked at in one step.
const STEP: usize = 16;

/// Steps copied one by one before a run counts as long.
const LONG: usize = 4;

/// Bytes that may be written between two looks at the output's size: the steps, and the longest escape.
const ROOM: usize = STEP * LONG + 8;

/// The lowest bit set marks the first byte that ends a run: a quote, a backslash or a control character.
fn stops(step: [u8; STEP]) -> u32 {
    let bytes = u8x16::new(step);
    let ends = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    ends.to_bitmask()
}

/// How many bytes stand before the first stop of a step that has one.
fn before(stops: u32) -> usize {
    usize::try_from(stops.trailing_zeros()).unwrap_or(0)
}

fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// The index of the first quote, backslash or control character from `at` on, or the end.
pub(super) fn find_stop(bytes: &[u8], mut at: usize) -> usize {
    while let Some(step) = chunk(bytes, at) {
        let hits = stops(*step);
        if hits != 0 {
            return at + before(hits);
        }
        at += STEP;
    }
    tail(bytes, at)
}

/// The same for the last bytes of a document, too few for a step.
fn tail(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&byte| is_stop(byte)))
        .map_or(bytes.len(), |n| at + n)
}

/// Unescapes a string whose first byte is at `from` and whose first stop is at `stop`. Returns the bytes and the
/// index after the closing quote.
pub(super) fn unescape(bytes: &[u8], from: usize, stop: usize) -> Result<(Vec<u8>, usize), Fault> {
    let mut output = Output::starting(bytes.get(from..stop).unwrap_or_default());
    let mut at = stop;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((output.finish(), at + 1)),
            Some(b'\\') => {
                output.make_room(bytes.len().saturating_sub(at));
                let next = match simple(bytes, at) {
                    Some(byte) => {
                        output.put(&[byte]);
                        output.length += 1;
                        at + 2
                    }
                    None => {
                        let (character, next) = unicode(bytes, at)?;
                        let mut encoded = [0; 4];
                        let length = character.encode_utf8(&mut encoded).len();
                        output.put(&encoded);
                        output.length += length;
                        next
                    }
                };
                at = output.copy_run(bytes, next);
            }
            Some(_) => return Err(Fault(at, "a control character in a string")),
            None => return Err(Fault(at, "a string without end")),
        }
    }
}

/// Checks the rest of a string from its first stop on; returns the index after the closing quote.
pub(super) fn skip(bytes: &[u8], stop: usize) -> Result<usize, Fault> {
    let mut at = stop;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = find_stop(bytes, after_escape(bytes, at)?),
            Some(_) => return Err(Fault(at, "a control character in a string")),
            None => return Err(Fault(at, "a string without end")),
        }
    }
}

/// The byte that the escape at `at` stands for, if it is one of two characters (RFC 8259, 7).
fn simple(bytes: &[u8], at: usize) -> Option<u8> {
    Some(match bytes.get(at + 1)? {
        byte @ (b'"' | b'\\' | b'/') => *byte,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// The index after the escape at `at`.
fn after_escape(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    if simple(bytes, at).is_some() { Ok(at + 2) } else { Ok(unicode(bytes, at)?.1) }
}

/// `\uXXXX` at `at`, with its low surrogate where it is a high one.
fn unicode(bytes: &[u8], at: usize) -> Result<(char, usize), Fault> {
    if bytes.get(at + 1) != Some(&b'u') {
        return Err(Fault(at, "an unknown escape"));
    }
    let lone = Fault(at, "a lone surrogate");
    let first = hex(bytes, at + 2).ok_or(Fault(at, "a \\u without four hexadecimal digits"))?;
    if !(0xd800..0xdc00).contains(&first) {
        return Ok((char::from_u32(first).ok_or(lone)?, at + 6));
    }
    if bytes.get(at + 6) != Some(&b'\\') || bytes.get(at + 7) != Some(&b'u') {
        return Err(lone);
    }
    let second = hex(bytes, at + 8).filter(|low| (0xdc00..0xe000).contains(low)).ok_or(lone)?;
    let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Ok((char::from_u32(code).ok_or(lone)?, at + 12))
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits: &[u8; 4] = chunk(bytes, at)?;
    digits.iter().try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
}

/// A buffer longer than its content, so that a step is copied without asking how much of it counts.
struct Output {
    buffer: Vec<u8>,
    length: usize,
}

impl Output {
    /// Starts with the run before the first escape.
    fn starting(run: &[u8]) -> Self {
        let mut output = Self { buffer: Vec::with_capacity(run.len() + 2 * ROOM), length: 0 };
        output.append(run);
        output
    }

    /// Keeps room for the steps before a run counts as long, and an escape; no more than `left` bytes are to come.
    fn make_room(&mut self, left: usize) {
        if self.buffer.len() < self.length + ROOM {
            // Moving a long text again and again costs more than room that is never touched.
            self.buffer.reserve(left.min(15 * self.length));
            self.buffer.resize(self.length + 16 * ROOM, 0);
        }
    }

    /// Copies without moving on.
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        if let Some(place) = self.buffer.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = *bytes;
        }
    }

    /// Copies from `at` up to the next stop; returns its index.
    fn copy_run(&mut self, bytes: &[u8], mut at: usize) -> usize {
        for _ in 0..LONG {
            let Some(step) = chunk::<STEP>(bytes, at) else { break };
            self.put(step);
            let hits = stops(*step);
            if hits != 0 {
                self.length += before(hits);
                return at + before(hits);
            }
            self.length += STEP;
            at += STEP;
        }
        let end = find_stop(bytes, at);
        self.append(bytes.get(at..end).unwrap_or_default());
        end
    }

    /// Copies a run of known length.
    fn append(&mut self, run: &[u8]) {
        self.buffer.truncate(self.length);
        self.buffer.extend_from_slice(run);
        self.length = self.buffer.len();
    }

    fn finish(mut self) -> Vec<u8> {
        self.buffer.truncate(self.length);
        self.buffer
    }
}
