//! JSON strings: the hot path, since a sealed credential's payload is one string of some hundred kilobytes.
//!
//! Bytes are looked at sixteen at a time in a vector register. A text with escapes is unescaped by blocks of 64 bytes:
//! all stops of a block are found first, so that the copying of one run does not wait for the search of the next.

use wide::u8x16;

/// What is wrong, and at which byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault(pub(super) usize, pub(super) &'static str);

/// Bytes looked at in one step.
const STEP: usize = 16;

/// Steps in a block.
const STEPS: usize = 4;

/// Bytes in a block: one for each bit of its stops.
const BLOCK: usize = STEP * STEPS;

/// Bytes that may be written between two looks at the output's size: a block by whole steps, and the longest escape.
const ROOM: usize = BLOCK + STEP + 8;

/// The lowest bit set marks the first byte that ends a run: a quote, a backslash or a control character.
fn stops(step: [u8; STEP]) -> u32 {
    let bytes = u8x16::new(step);
    let ends = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    ends.to_bitmask()
}

/// The same for a block.
fn block_stops(block: &[u8; BLOCK]) -> u64 {
    let (steps, _) = block.as_chunks::<STEP>();
    steps.iter().rev().fold(0, |bits, step| bits << STEP | u64::from(stops(*step)))
}

/// How many bytes stand before the first stop, if there is one.
fn before(stops: impl Into<u64>) -> usize {
    usize::try_from(stops.into().trailing_zeros()).unwrap_or(0)
}

fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// The index of the first quote, backslash or control character from `at` on, or the end.
pub(super) fn find_stop(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..STEPS {
        let Some(step) = chunk(bytes, at) else { return tail(bytes, at) };
        let hits = stops(*step);
        if hits != 0 {
            return at + before(hits);
        }
        at += STEP;
    }
    // In a long run two quick passes cost less than one that asks for everything.
    let rest = bytes.get(at..).unwrap_or_default();
    let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    let run = rest.get(..end).unwrap_or_default();
    if run.iter().copied().fold(u8::MAX, u8::min) < 0x20 { tail(bytes, at) } else { at + end }
}

/// The same, byte by byte.
fn tail(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&byte| is_stop(byte)))
        .map_or(bytes.len(), |n| at + n)
}

/// Unescapes a string whose first byte is at `from` and whose first stop is at `stop`. Returns the bytes and the
/// index after the closing quote. It asks for room for `more` bytes beside those before the first stop.
pub(super) fn unescape(
    bytes: &[u8],
    from: usize,
    stop: usize,
    more: usize,
) -> Result<(Vec<u8>, usize), Fault> {
    let mut output = Output::starting(bytes.get(from..stop).unwrap_or_default(), more);
    let mut at = stop;
    loop {
        at = output.simple_escapes(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((output.finish(), at + 1)),
            Some(b'\\') => {
                output.make_room(bytes.len().saturating_sub(at));
                if let Some(byte) = simple(bytes, at) {
                    output.put(&[byte]);
                    output.length += 1;
                    at += 2;
                } else {
                    let (character, next) = unicode(bytes, at)?;
                    let mut encoded = [0; 4];
                    let length = character.encode_utf8(&mut encoded).len();
                    output.put(&encoded);
                    output.length += length;
                    at = next;
                }
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
    bytes.get(at..).and_then(two)
}

/// The same at the start of these bytes.
fn two(bytes: &[u8]) -> Option<u8> {
    let [b'\\', escaped, ..] = bytes else { return None };
    Some(match escaped {
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
    fn starting(run: &[u8], more: usize) -> Self {
        let mut output = Self { buffer: Vec::with_capacity(run.len() + 2 * ROOM + more), length: 0 };
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

    /// Unescapes from `at` on. Returns the index of the stop that it leaves alone: the closing quote,
    /// what is wrong, an escape of more than two characters, or any near the end of the text.
    fn simple_escapes(&mut self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(window) = chunk::<{ BLOCK + STEP }>(bytes, at) {
            let Some(block) = window.first_chunk() else { break };
            self.make_room(bytes.len().saturating_sub(at));
            let mut hits = block_stops(block);
            if hits == 0 {
                at = self.run(bytes, at);
                continue;
            }
            let mut run = 0;
            while hits != 0 {
                let stop = before(hits);
                self.copy(window, run, stop);
                run = stop;
                let Some(byte) = window.get(stop..).and_then(two) else { return at + stop };
                self.put(&[byte]);
                self.length += 1;
                run += 2;
                // What is escaped ends no run.
                hits &= !(0b11 << stop);
            }
            if run < BLOCK {
                self.copy(window, run, BLOCK);
                run = BLOCK;
            }
            at += run;
        }
        self.run(bytes, at)
    }

    /// Copies from `at` up to the next stop; returns its index.
    fn run(&mut self, bytes: &[u8], at: usize) -> usize {
        let end = find_stop(bytes, at);
        self.append(bytes.get(at..end).unwrap_or_default());
        end
    }

    /// Copies a run within a window by whole steps; what is written beyond its end is written over.
    fn copy(&mut self, window: &[u8; BLOCK + STEP], mut from: usize, to: usize) {
        loop {
            if let Some(step) = chunk::<STEP>(window, from) {
                self.put(step);
            }
            if to <= from + STEP {
                self.length += to - from;
                return;
            }
            self.length += STEP;
            from += STEP;
        }
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
