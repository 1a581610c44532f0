//! JSON strings: the hot path, since a sealed credential's payload is one string of some hundred kilobytes.
//!
//! Bytes are looked at eight at a time in a register, and by 64 once a run proves long; what is looked at is
//! copied in the same step.

/// What is wrong, and at which byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault(pub(super) usize, pub(super) &'static str);

/// Bytes inspected at once when a run proves long; the fold over a block compiles to vector instructions.
const BLOCK: usize = 64;

/// Words inspected one by one before a run counts as long.
const LONG: usize = 4;

/// Bytes that may be written between two looks at the output's size: the words, and the longest escape.
const ROOM: usize = 8 * LONG + 8;

/// Eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The lowest bit set marks the first byte that ends a run: a quote, a backslash or a control character.
const fn stops(word: u64) -> u64 {
    let quote = word ^ each(b'"');
    let backslash = word ^ each(b'\\');
    ((quote.wrapping_sub(each(1)) & !quote)
        | (backslash.wrapping_sub(each(1)) & !backslash)
        | (word.wrapping_sub(each(0x20)) & !word))
        & each(0x80)
}

/// How many bytes stand before the first stop of a word that has one.
fn before(stops: u64) -> usize {
    usize::try_from(stops.trailing_zeros() / 8).unwrap_or(0)
}

fn is_stop(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

fn has_stop(block: &[u8; BLOCK]) -> bool {
    block
        .iter()
        .fold(0, |hit, &byte| hit | u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < 0x20))
        != 0
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk)
}

/// The index of the first quote, backslash or control character from `at` on, or the end.
pub(super) fn find_stop(bytes: &[u8], mut at: usize) -> usize {
    let mut words = 0;
    while let Some(word) = chunk::<8>(bytes, at) {
        let hits = stops(u64::from_le_bytes(*word));
        if hits != 0 {
            return at + before(hits);
        }
        at += 8;
        words += 1;
        if words == LONG {
            while chunk::<BLOCK>(bytes, at).is_some_and(|block| !has_stop(block)) {
                at += BLOCK;
            }
        }
    }
    tail(bytes, at)
}

/// The same for the last bytes of a document, too few for a word.
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
                let (character, next) = escape(bytes, at)?;
                output.make_room();
                output.push(character);
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
            Some(b'\\') => at = find_stop(bytes, escape(bytes, at)?.1),
            Some(_) => return Err(Fault(at, "a control character in a string")),
            None => return Err(Fault(at, "a string without end")),
        }
    }
}

/// The character that the escape at `at` stands for, and the index after it (RFC 8259, 7).
fn escape(bytes: &[u8], at: usize) -> Result<(char, usize), Fault> {
    let character = match bytes.get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(bytes, at),
        _ => return Err(Fault(at, "an unknown escape")),
    };
    Ok((character, at + 2))
}

/// `\uXXXX` at `at`, with its low surrogate where it is a high one.
fn unicode(bytes: &[u8], at: usize) -> Result<(char, usize), Fault> {
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

/// A buffer longer than its content, so that a word or block is copied without asking how much of it counts.
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

    /// Keeps room for the words before a run counts as long, and an escape.
    fn make_room(&mut self) {
        if self.buffer.len() < self.length + ROOM {
            self.buffer.resize(self.length + 16 * ROOM, 0);
        }
    }

    /// Copies without moving on.
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        if let Some(place) = self.buffer.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = *bytes;
        }
    }

    fn push(&mut self, character: char) {
        if character.is_ascii() {
            self.put(&[u8::try_from(character).unwrap_or(0)]);
            self.length += 1;
        } else {
            let mut encoded = [0; 4];
            let length = character.encode_utf8(&mut encoded).len();
            self.put(&encoded);
            self.length += length;
        }
    }

    /// Copies from `at` up to the next stop; returns its index.
    fn copy_run(&mut self, bytes: &[u8], mut at: usize) -> usize {
        let mut words = 0;
        while let Some(word) = chunk::<8>(bytes, at) {
            self.put(word);
            let hits = stops(u64::from_le_bytes(*word));
            if hits != 0 {
                self.length += before(hits);
                return at + before(hits);
            }
            self.length += 8;
            at += 8;
            words += 1;
            if words == LONG {
                let end = find_stop(bytes, at);
                self.append(bytes.get(at..end).unwrap_or_default());
                return end;
            }
        }
        let end = tail(bytes, at);
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
