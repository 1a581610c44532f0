//! The linear pre-scan: counts what roxmltree would build before it builds it, and refuses what it cannot bear
//! (attributes and namespaces cost it quadratic time) or reads more leniently than XML 1.0 allows.
//!
//! The scan reads the same tokens as the parser and refuses wherever it would not: up to the first error of the
//! parser the two see the same document, so nothing is counted short.

use crate::format::{Limits, Unreadable};
use memchr::{memchr, memchr_iter, memchr2, memmem, memrchr};
use std::collections::HashSet;

/// Distinct namespace declarations in one document: roxmltree inserts each into a sorted list.
const DISTINCT_DECLARATIONS: usize = 4096;

/// Name comparisons that roxmltree may come to: this many, and [`WORK_PER_BYTE`] for each byte.
const WORK: u64 = 1_000_000;
const WORK_PER_BYTE: u64 = 16;

/// A document fit for the parser.
pub(super) struct Admitted<'a> {
    /// What the parser shall read.
    pub(super) text: &'a str,
    /// How many bytes of the input stand before `text`.
    pub(super) skipped: usize,
}

/// Refuses what is beyond the limits, or no XML that this reader takes.
pub(super) fn admit<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Admitted<'a>, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(Unreadable::OverLimit("bytes of an XML document", limits.bytes));
    }
    if let [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..] | [b'<', 0, ..] = bytes {
        return Err(malformed("UTF-16 is not taken, only UTF-8"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    // roxmltree reserves room by these two counts before it reads anything.
    if memchr_iter(b'<', bytes).count() > limits.nodes.saturating_mul(2) {
        return Err(Unreadable::OverLimit("XML nodes", limits.nodes));
    }
    if memchr_iter(b'=', bytes).count() > limits.nodes {
        return Err(Unreadable::OverLimit("XML attributes", limits.nodes));
    }
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let content = mark + declaration(bytes.get(mark..).unwrap_or_default())?;
    Scan::new(bytes, content, limits).run()?;
    // The parser knows a declaration only by `<?xml` and a space; any other is skipped here.
    let plain = bytes.get(mark..).is_some_and(|rest| rest.starts_with(b"<?xml ")) || content == mark;
    let skipped = if plain { 0 } else { content };
    Ok(Admitted { text: text.get(skipped..).unwrap_or_default(), skipped })
}

/// An error of this reader, its detail cut to a bearable length.
pub(super) fn malformed(why: impl Into<String>) -> Unreadable {
    let mut why: String = why.into();
    if why.len() > 200 {
        why = why.chars().take(160).chain("...".chars()).collect();
    }
    Unreadable::Malformed("XML", why)
}

/// The length of the XML declaration at the start, 0 if there is none (XML 1.0, 2.8 and 4.3.3).
fn declaration(bytes: &[u8]) -> Result<usize, Unreadable> {
    let Some(rest) = bytes.strip_prefix(b"<?xml") else { return Ok(0) };
    if !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return Ok(0);
    }
    let end = memmem::find(rest, b"?>").ok_or_else(|| malformed("XML declaration not closed"))?;
    let mut fields = rest.get(..end).unwrap_or_default();
    if fields.contains(&b'\x0c') {
        return Err(malformed("broken XML declaration"));
    }
    let mut names: Vec<&[u8]> = Vec::new();
    loop {
        let spaced = fields.first().is_some_and(u8::is_ascii_whitespace);
        fields = fields.trim_ascii_start();
        if fields.is_empty() {
            break;
        }
        let (name, value, rest) =
            pseudo_attribute(fields).filter(|_| spaced).ok_or_else(|| malformed("broken XML declaration"))?;
        match (names.as_slice(), name) {
            ([], b"version") if value == b"1.0" => {}
            ([], b"version") => {
                return Err(malformed(format!("expected XML version 1.0, found {}", value.escape_ascii())));
            }
            ([_], b"encoding") if is_utf8_compatible(value) => {}
            ([_], b"encoding") => {
                return Err(malformed(format!("expected encoding UTF-8, found {}", value.escape_ascii())));
            }
            ([_] | [_, b"encoding"], b"standalone") if matches!(value, b"yes" | b"no") => {}
            _ => return Err(malformed("broken XML declaration")),
        }
        names.push(name);
        fields = rest;
    }
    if names.is_empty() {
        return Err(malformed("XML declaration without a version"));
    }
    Ok(b"<?xml".len() + end + b"?>".len())
}

type PseudoAttribute<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn pseudo_attribute(fields: &[u8]) -> Option<PseudoAttribute<'_>> {
    let equals = memchr(b'=', fields)?;
    let (name, value) = fields.split_at_checked(equals)?;
    let value = value.get(1..)?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(**quote, b'"' | b'\''))?;
    let close = memchr(*quote, value)?;
    Some((name.trim_ascii_end(), value.get(..close)?, value.get(close + 1..)?))
}

/// The bytes were checked to be UTF-8; US-ASCII is part of it.
fn is_utf8_compatible(encoding: &[u8]) -> bool {
    [&b"utf-8"[..], b"utf8", b"us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known))
}

struct Scan<'a, 'l> {
    bytes: &'a [u8],
    at: usize,
    limits: &'l Limits,
    nodes: usize,
    /// Distinct prefixes declared at the open elements, the innermost last.
    prefixes: Vec<&'a [u8]>,
    /// For each open element, how many prefixes stood before its own.
    open: Vec<usize>,
    declarations: HashSet<(&'a [u8], &'a [u8])>,
    longest_uri: usize,
    work: u64,
}

impl<'a, 'l> Scan<'a, 'l> {
    fn new(bytes: &'a [u8], at: usize, limits: &'l Limits) -> Self {
        Self {
            bytes,
            at,
            limits,
            nodes: 1,
            prefixes: Vec::new(),
            open: Vec::new(),
            declarations: HashSet::new(),
            longest_uri: 0,
            work: 0,
        }
    }

    fn run(&mut self) -> Result<(), Unreadable> {
        while self.at < self.bytes.len() {
            let rest = self.rest();
            match rest {
                [b'<', b'/', ..] => self.end_tag()?,
                [b'<', b'?', ..] => self.instruction()?,
                [b'<', b'!', ..] => self.markup(rest)?,
                [b'<', ..] => self.start_tag()?,
                _ => self.text(rest)?,
            }
        }
        if self.open.is_empty() { Ok(()) } else { Err(malformed("an element is not closed")) }
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn error(&self, what: &str) -> Unreadable {
        malformed(format!("{what} at byte {}", self.at))
    }

    fn count_node(&mut self) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Unreadable::OverLimit("XML nodes", self.limits.nodes));
        }
        Ok(())
    }

    fn text(&mut self, rest: &[u8]) -> Result<(), Unreadable> {
        self.count_node()?;
        let mut end = 0;
        loop {
            let from = rest.get(end..).unwrap_or_default();
            match memchr2(b'<', b'&', from) {
                Some(found) if from.get(found) == Some(&b'&') => {
                    end += found;
                    // roxmltree leaves a lone carriage return beside a reference as it is (XML 1.0, 2.11).
                    if end > 0 && rest.get(end - 1) == Some(&b'\r') {
                        self.at += end;
                        return Err(self.error("a lone carriage return before a reference is not taken"));
                    }
                    self.reference(rest.get(end..).unwrap_or_default())?;
                    end += 1;
                }
                found => {
                    end += found.unwrap_or(from.len());
                    break;
                }
            }
        }
        let text = rest.get(..end).unwrap_or_default();
        if let [before @ .., b';', b'\r'] = text
            && memrchr(b'&', before)
                .is_some_and(|amp| memchr(b';', before.get(amp..).unwrap_or_default()).is_none())
        {
            self.at += end;
            return Err(self.error("a lone carriage return after a reference is not taken"));
        }
        self.at += end;
        Ok(())
    }

    /// A character reference must be to an XML character; roxmltree would replace a surrogate.
    fn reference(&self, rest: &[u8]) -> Result<(), Unreadable> {
        let (digits, radix) = match rest {
            [b'&', b'#', b'x', digits @ ..] => (digits, 16),
            [b'&', b'#', digits @ ..] => (digits, 10),
            _ => return Ok(()),
        };
        let mut value = 0u32;
        for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(radix)) {
            value = value.saturating_mul(radix).saturating_add(digit);
        }
        match char::from_u32(value) {
            Some('\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..) => Ok(()),
            _ => Err(self.error("a reference to no XML character")),
        }
    }

    fn end_tag(&mut self) -> Result<(), Unreadable> {
        let Some(prefixes) = self.open.pop() else { return Err(self.error("an end tag without a start")) };
        self.prefixes.truncate(prefixes);
        self.at += 2;
        if self.peek() == Some(b':') {
            return Err(self.error("a name that begins with a colon"));
        }
        let length = memchr(b'>', self.rest()).ok_or_else(|| self.error("an end tag not closed"))?;
        self.at += length + 1;
        Ok(())
    }

    fn instruction(&mut self) -> Result<(), Unreadable> {
        self.count_node()?;
        self.at += 2;
        let rest = self.rest();
        let target = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'?'));
        let (target, after) = target
            .and_then(|end| rest.split_at_checked(end))
            .ok_or_else(|| self.error("a processing instruction"))?;
        if target.eq_ignore_ascii_case(b"xml") {
            return Err(self.error("an XML declaration that is not at the start"));
        }
        // Without a blank the target is not over; roxmltree would end it at any byte that no name has.
        if !self.is_name(target) || after.first() == Some(&b'?') && after.get(1) != Some(&b'>') {
            return Err(self.error("a processing instruction's target"));
        }
        self.skip_past(b"?>", "a processing instruction not closed")
    }

    fn is_name(&self, name: &[u8]) -> bool {
        let ascii = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        name.iter().all(|byte| !byte.is_ascii() || ascii(*byte))
    }

    fn markup(&mut self, rest: &[u8]) -> Result<(), Unreadable> {
        self.count_node()?;
        if rest.starts_with(b"<!--") {
            self.at += 4;
            self.skip_past(b"-->", "a comment not closed")
        } else if rest.starts_with(b"<![CDATA[") {
            self.at += 9;
            self.skip_past(b"]]>", "a CDATA section not closed")
        } else if rest.starts_with(b"<!DOCTYPE") {
            Err(self.error("a document type declaration (DOCTYPE) is refused"))
        } else if rest.starts_with(b"<!ENTITY") {
            Err(self.error("an entity declaration (ENTITY) is refused"))
        } else {
            Err(self.error("an unknown declaration"))
        }
    }

    fn skip_past(&mut self, end: &[u8], what: &str) -> Result<(), Unreadable> {
        let length = memmem::find(self.rest(), end).ok_or_else(|| self.error(what))?;
        self.at += length + end.len();
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), Unreadable> {
        self.count_node()?;
        self.at += 1;
        self.name()?;
        let before = self.prefixes.len();
        let mut element = Element::default();
        let empty = loop {
            let spaced = self.skip_blanks();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    break false;
                }
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    break true;
                }
                Some(_) if spaced => self.attribute(&mut element)?,
                _ => return Err(self.error("a start tag")),
            }
        };
        self.weigh(&element)?;
        if empty {
            self.prefixes.truncate(before);
        } else {
            if self.open.len() >= self.limits.depth {
                return Err(Unreadable::OverLimit("nesting of XML elements", self.limits.depth));
            }
            self.open.push(before);
        }
        Ok(())
    }

    fn attribute(&mut self, element: &mut Element) -> Result<(), Unreadable> {
        let name = self.name()?;
        self.skip_blanks();
        if self.peek() != Some(b'=') {
            return Err(self.error("an attribute without a value"));
        }
        self.at += 1;
        self.skip_blanks();
        let Some(quote @ (b'"' | b'\'')) = self.peek() else {
            return Err(self.error("an attribute without quotes"));
        };
        self.at += 1;
        let rest = self.rest();
        let value = memchr2(quote, b'<', rest)
            .filter(|end| rest.get(*end) == Some(&quote))
            .and_then(|end| rest.get(..end))
            .ok_or_else(|| self.error("an attribute value not closed"))?;
        for reference in memchr_iter(b'&', value) {
            self.reference(value.get(reference..).unwrap_or_default())?;
        }
        self.at += value.len() + 1;
        element.attributes += 1;
        if element.attributes > self.limits.attributes {
            return Err(Unreadable::OverLimit("attributes of an XML element", self.limits.attributes));
        }
        let (prefix, local) =
            memchr(b':', name).and_then(|colon| name.split_at_checked(colon)).unwrap_or((b"", name));
        match (prefix, local) {
            (b"", b"xmlns") => self.declare(element, b"", value),
            (b"xmlns", local) => {
                // Namespaces in XML 1.0, 5: only the default namespace can be undeclared.
                if value.is_empty() {
                    return Err(self.error("an empty namespace for a prefix"));
                }
                self.declare(element, local.get(1..).unwrap_or_default(), value)
            }
            // roxmltree would take it for a declaration of the default namespace.
            (_, b":xmlns") => Err(self.error("an attribute named xmlns with a prefix")),
            (b"", _) => Ok(()),
            _ => {
                element.prefixed += 1;
                Ok(())
            }
        }
    }

    fn declare(&mut self, element: &mut Element, prefix: &'a [u8], uri: &'a [u8]) -> Result<(), Unreadable> {
        element.declarations += 1;
        if prefix.is_empty() {
            // roxmltree does not notice a second default namespace.
            if element.declares_default {
                return Err(self.error("a second default namespace on an element"));
            }
            element.declares_default = true;
        }
        self.longest_uri = self.longest_uri.max(uri.len());
        self.declarations.insert((prefix, uri));
        if self.declarations.len() > DISTINCT_DECLARATIONS {
            return Err(Unreadable::OverLimit("distinct XML namespace declarations", DISTINCT_DECLARATIONS));
        }
        if !self.prefixes.contains(&prefix) {
            self.prefixes.push(prefix);
            if self.prefixes.len() > self.limits.namespaces {
                return Err(Unreadable::OverLimit("XML namespaces in scope", self.limits.namespaces));
            }
        }
        Ok(())
    }

    /// The comparisons that roxmltree makes for one element, in words of 16 bytes.
    fn weigh(&mut self, element: &Element) -> Result<(), Unreadable> {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let scope = wide(self.prefixes.len());
        let pairs = wide(element.attributes).pow(2) / 2;
        let prefixed = wide(element.prefixed).pow(2) / 2;
        let inherit = if element.declarations > 0 { scope.pow(2) / 2 } else { 0 };
        let uris = prefixed.saturating_mul(wide(self.longest_uri / 16));
        let lookups = (wide(element.prefixed) + 1) * scope;
        self.work = self.work.saturating_add(pairs + inherit + lookups).saturating_add(uris);
        if self.work > WORK.saturating_add(wide(self.bytes.len()).saturating_mul(WORK_PER_BYTE)) {
            return Err(Unreadable::OverLimit("XML names compared, for each byte", 16));
        }
        Ok(())
    }

    /// A name, up to what cannot be part of one; the parser checks its characters.
    fn name(&mut self) -> Result<&'a [u8], Unreadable> {
        let rest = self.rest();
        let end = rest.iter().position(|byte| {
            matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'/' | b'>' | b'<' | b'"' | b'\'')
        });
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if matches!(name, [] | [b':', ..]) {
            return Err(self.error("a name that is empty or begins with a colon"));
        }
        self.at += name.len();
        Ok(name)
    }

    fn skip_blanks(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.at > start
    }
}

#[derive(Default)]
struct Element {
    attributes: usize,
    prefixed: usize,
    declarations: usize,
    declares_default: bool,
}
