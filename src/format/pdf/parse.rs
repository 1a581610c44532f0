//! Octets → objects (ISO 32000-2, 7.2 and 7.3), within the document's budget.

use super::object::{Dictionary, Error, Id, Kind, Value};
use std::cell::Cell;

/// Digits of a number; no real number has more.
const MOST_DIGITS: usize = 40;

/// Entries of all cross-reference sections; files of thousands of pages have some hundred thousands.
const MOST_ENTRIES: usize = 1 << 20;

/// How many times the limit on octets may be read in all: one long object may be referred to again and again.
const READ_FACTOR: usize = 4;

/// What reading all objects of a document may take together.
#[derive(Debug)]
pub(super) struct Budget {
    depth: usize,
    nodes: usize,
    nodes_left: Cell<usize>,
    /// Octets that filters may still give.
    decoded: usize,
    decoded_left: Cell<usize>,
    entries_left: Cell<usize>,
    octets_left: Cell<usize>,
}

impl Budget {
    pub(super) fn new(depth: usize, nodes: usize, decoded: usize) -> Self {
        Self {
            depth,
            nodes,
            nodes_left: Cell::new(nodes),
            decoded,
            decoded_left: Cell::new(decoded),
            entries_left: Cell::new(MOST_ENTRIES),
            octets_left: Cell::new(decoded.saturating_mul(READ_FACTOR)),
        }
    }

    pub(super) fn node(&self) -> Result<(), Error> {
        if self.octets_left.get() == 0 {
            let most = self.decoded.saturating_mul(READ_FACTOR);
            return Err(Error::OverLimit("octets of PDF objects read", most));
        }
        let left =
            self.nodes_left.get().checked_sub(1).ok_or(Error::OverLimit("PDF objects read", self.nodes))?;
        self.nodes_left.set(left);
        Ok(())
    }

    /// One more entry of a cross-reference section.
    pub(super) fn entry(&self) -> Result<(), Error> {
        let over = || Error::OverLimit("cross-reference entries of a PDF", MOST_ENTRIES);
        let left = self.entries_left.get().checked_sub(1).ok_or_else(over)?;
        self.entries_left.set(left);
        Ok(())
    }

    /// So many octets were read: where none are left, there is no further object.
    fn spend(&self, octets: usize) {
        self.octets_left.set(self.octets_left.get().saturating_sub(octets));
    }

    /// Octets that a filter may give now.
    pub(super) fn decodable(&self) -> usize {
        self.decoded_left.get()
    }

    pub(super) fn decoded(&self, octets: usize) -> Result<(), Error> {
        let left = self.decoded_left.get().checked_sub(octets).ok_or_else(|| self.over_decoded())?;
        self.decoded_left.set(left);
        Ok(())
    }

    pub(super) fn over_decoded(&self) -> Error {
        Error::OverLimit("octets of decoded PDF streams", self.decoded)
    }
}

pub(super) fn is_space(octet: u8) -> bool {
    matches!(octet, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(octet: u8) -> bool {
    matches!(octet, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn is_regular(octet: u8) -> bool {
    !is_space(octet) && !is_delimiter(octet)
}

/// Reads objects from a place on.
pub(super) struct Parser<'a> {
    octets: &'a [u8],
    pub(super) at: usize,
    budget: &'a Budget,
}

impl<'a> Parser<'a> {
    pub(super) fn new(octets: &'a [u8], at: usize, budget: &'a Budget) -> Self {
        Self { octets, at, budget }
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// White space and comments.
    pub(super) fn space(&mut self) {
        let start = self.at;
        while let Some(octet) = self.peek() {
            if octet == b'%' {
                let line = memchr::memchr2(b'\r', b'\n', self.rest());
                self.at = line.map_or(self.octets.len(), |length| self.at.saturating_add(length));
            } else if is_space(octet) {
                self.at += 1;
            } else {
                break;
            }
        }
        self.budget.spend(self.at.saturating_sub(start));
    }

    fn fail<T>(&self, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::at(self.at, what))
    }

    /// Takes a keyword that nothing regular follows.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix(word.as_bytes()) else { return false };
        if after.first().is_some_and(|octet| is_regular(*octet)) {
            return false;
        }
        self.at += word.len();
        true
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), Error> {
        self.space();
        if self.keyword(word) { Ok(()) } else { self.fail(format!("`{word}` expected")) }
    }

    /// An unsigned integer.
    pub(super) fn unsigned(&mut self) -> Result<u64, Error> {
        self.space();
        let digits = self.rest().iter().take_while(|octet| octet.is_ascii_digit()).count();
        let text = self.rest().get(..digits).unwrap_or_default();
        let after = self.rest().get(digits).copied();
        let value = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        match value {
            Some(value) if !after.is_some_and(is_regular) => {
                self.at += digits;
                Ok(value)
            }
            _ => self.fail("a number expected"),
        }
    }

    /// The head of an indirect object: `12 0 obj`.
    pub(super) fn head(&mut self) -> Result<Id, Error> {
        let number = u32::try_from(self.unsigned()?);
        let generation = u16::try_from(self.unsigned()?);
        self.expect("obj")?;
        match (number, generation) {
            (Ok(number), Ok(generation)) => Ok(Id { number, generation }),
            _ => self.fail("an object number out of range"),
        }
    }

    /// An object.
    pub(super) fn value(&mut self) -> Result<Value, Error> {
        let start = self.at;
        let value = self.nested(0);
        self.budget.spend(self.at.saturating_sub(start));
        value
    }

    fn nested(&mut self, depth: usize) -> Result<Value, Error> {
        if depth >= self.budget.depth {
            return Err(Error::OverLimit("nesting of PDF objects", self.budget.depth));
        }
        self.budget.node()?;
        self.space();
        let start = self.at;
        let kind = match self.peek() {
            None => return self.fail("an object expected, the end found"),
            Some(b'/') => Kind::Name(self.name()?),
            Some(b'(') => Kind::String(self.literal()?),
            Some(b'<') if self.rest().starts_with(b"<<") => Kind::Dictionary(self.dictionary(depth)?),
            Some(b'<') => Kind::String(self.hexadecimal()?),
            Some(b'[') => self.array(depth)?,
            Some(b'+' | b'-' | b'.' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Value { span: start..self.at, kind })
    }

    fn word(&mut self) -> Result<Kind, Error> {
        for (word, kind) in
            [("true", Kind::Boolean(true)), ("false", Kind::Boolean(false)), ("null", Kind::Null)]
        {
            if self.keyword(word) {
                return Ok(kind);
            }
        }
        self.fail("an object expected")
    }

    /// A number, or the reference that it begins.
    fn number(&mut self) -> Result<Kind, Error> {
        let length = self.rest().iter().take_while(|octet| is_regular(**octet)).count();
        let text = self.rest().get(..length).unwrap_or_default();
        let digits = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
        let points = digits.iter().filter(|octet| **octet == b'.').count();
        let all = digits.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.');
        if !all || points > 1 || digits.len() <= points || digits.len() > MOST_DIGITS {
            return self.fail("a number expected");
        }
        let text = std::str::from_utf8(text).unwrap_or_default();
        if points == 1 {
            let Ok(value) = text.parse() else { return self.fail("a real number expected") };
            self.at += length;
            return Ok(Kind::Real(value));
        }
        let Ok(value) = text.parse::<i64>() else { return self.fail("an integer out of range") };
        self.at += length;
        if digits.len() == length
            && let Ok(number) = u32::try_from(value)
            && let Some(id) = self.reference(number)
        {
            return Ok(Kind::Reference(id));
        }
        Ok(Kind::Integer(value))
    }

    /// The rest of a reference: ` 0 R`.
    fn reference(&mut self, number: u32) -> Option<Id> {
        let start = self.at;
        self.space();
        // Most integers are followed by something else: seen by the first octet.
        let found = self.peek().is_some_and(|octet| octet.is_ascii_digit()).then(|| {
            let generation = u16::try_from(self.unsigned().ok()?).ok()?;
            self.space();
            self.keyword("R").then_some(Id { number, generation })
        });
        if let Some(Some(id)) = found {
            return Some(id);
        }
        self.at = start;
        None
    }

    fn name(&mut self) -> Result<Vec<u8>, Error> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(octet) = self.peek().filter(|octet| is_regular(*octet)) {
            self.at += 1;
            if octet != b'#' {
                name.push(octet);
                continue;
            }
            let pair =
                self.rest().first_chunk::<2>().and_then(|[high, low]| Some((nibble(*high)?, nibble(*low)?)));
            let Some((high, low)) = pair else { return self.fail("`#` without two digits in a name") };
            name.push(high << 4 | low);
            self.at += 2;
        }
        Ok(name)
    }

    /// 7.3.4.2.
    fn literal(&mut self) -> Result<Vec<u8>, Error> {
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 0_usize);
        loop {
            let Some(octet) = self.peek() else { return self.fail("a string without its end") };
            self.at += 1;
            match octet {
                b'(' => {
                    open += 1;
                    text.push(octet);
                }
                b')' if open == 0 => return Ok(text),
                b')' => {
                    open -= 1;
                    text.push(octet);
                }
                b'\\' => self.escape(&mut text),
                b'\r' => {
                    // An end of line is one LF, however written.
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    text.push(b'\n');
                }
                _ => text.push(octet),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(octet) = self.peek() else { return };
        self.at += 1;
        match octet {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'0'..=b'7' => {
                let mut value = octet - b'0';
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.at += 1;
                    // High-order overflow is ignored.
                    value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                }
                text.push(value);
            }
            other => text.push(other),
        }
    }

    /// 7.3.4.3.
    fn hexadecimal(&mut self) -> Result<Vec<u8>, Error> {
        self.at += 1;
        let Some(length) = memchr::memchr(b'>', self.rest()) else {
            return self.fail("a hexadecimal string without its end");
        };
        let text = self.rest().get(..length).unwrap_or_default();
        let Some(octets) = hexadecimal(text) else {
            return self.fail("a hexadecimal string with something else in it");
        };
        self.at += length + 1;
        Ok(octets)
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Error> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Kind::Array(items));
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Dictionary, Error> {
        self.at += 2;
        let mut entries: Vec<(Vec<u8>, Value)> = Vec::new();
        loop {
            self.space();
            if self.rest().starts_with(b">>") {
                self.at += 2;
                break;
            }
            if self.peek() != Some(b'/') {
                return self.fail("a key or the end of a dictionary expected");
            }
            let key = self.name()?;
            entries.push((key, self.nested(depth + 1)?));
        }
        let mut keys: Vec<&[u8]> = entries.iter().map(|(key, _)| key.as_slice()).collect();
        keys.sort_unstable();
        let ambiguous = !keys.is_sorted_by(|one, next| one != next);
        Ok(Dictionary { entries, ambiguous })
    }

    /// What follows `stream`: the place of the first octet of data.
    pub(super) fn stream(&mut self) -> Option<usize> {
        let start = self.at;
        self.space();
        if !self.keyword("stream") {
            self.at = start;
            return None;
        }
        // 7.3.8.1: CR LF or LF, not CR alone.
        let rest = self.rest();
        self.at += if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
        Some(self.at)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Hexadecimal digits with white space between; a missing last one is 0.
pub(super) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 2 + 1);
    let mut high = None;
    for octet in text.iter().filter(|octet| !is_space(**octet)) {
        let digit = nibble(*octet)?;
        match high.take() {
            None => high = Some(digit << 4),
            Some(high) => octets.push(high | digit),
        }
    }
    octets.extend(high);
    Some(octets)
}
