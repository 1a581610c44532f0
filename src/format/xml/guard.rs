//! The linear pre-scan: counts what roxmltree would build before it builds it, and refuses what it cannot bear
//! (attributes and namespaces cost it quadratic time) or reads more leniently than XML 1.0 allows.
//!
//! The scan reads the same tokens as the parser and refuses wherever it would not: up to the first error of the
//! parser the two see the same document, so nothing is counted short.

use super::declaration;
use crate::format::{Limits, Unreadable};
use memchr::{memchr, memchr_iter, memchr2, memmem, memrchr};
use std::collections::HashSet;

/// Distinct namespace declarations in one document: roxmltree inserts each into a sorted list.
const DISTINCT_DECLARATIONS: usize = 4096;

/// Name comparisons that a document may come to: this many, and [`WORK_PER_BYTE`] for each byte. Real documents
/// come to less than one for ten bytes.
const WORK: u64 = 1_000_000;
const WORK_PER_BYTE: u64 = 4;

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
    let content = mark + declaration::length(bytes.get(mark..).unwrap_or_default(), bytes.is_ascii())?;
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
        if self.open.len() >= self.limits.depth {
            return Err(Unreadable::OverLimit("nesting of XML elements", self.limits.depth));
        }
        if empty {
            self.prefixes.truncate(before);
        } else {
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

    /// The comparisons that roxmltree makes for one element, and what its namespaces may come to when exclusive
    /// canonicalisation writes them out at it, in words of 16 bytes.
    fn weigh(&mut self, element: &Element) -> Result<(), Unreadable> {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let scope = wide(self.prefixes.len());
        let pairs = wide(element.attributes).pow(2) / 2;
        let prefixed = wide(element.prefixed).pow(2) / 2;
        let inherit = if element.declarations > 0 { scope.pow(2) / 2 } else { 0 };
        let uris = (prefixed + wide(element.prefixed) + 1).saturating_mul(wide(self.longest_uri / 16));
        let lookups = (wide(element.prefixed) + 1) * scope;
        self.work = self.work.saturating_add(pairs + inherit + lookups).saturating_add(uris);
        if self.work > WORK.saturating_add(wide(self.bytes.len()).saturating_mul(WORK_PER_BYTE)) {
            return Err(Unreadable::OverLimit("XML names compared, a million and for each byte", 4));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::xml::Document;
    use proptest::prelude::*;

    fn refused(text: &[u8]) -> Unreadable {
        Document::parse(text, &Limits::default()).unwrap_err()
    }

    fn why(text: &str) -> String {
        match refused(text.as_bytes()) {
            Unreadable::Malformed("XML", why) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn is_read(text: &str) {
        if let Err(unreadable) = Document::parse(text.as_bytes(), &Limits::default()) {
            panic!("{text}: {unreadable}");
        }
    }

    #[test]
    fn declarations_are_refused_by_name() {
        assert!(why("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>").contains("DOCTYPE"));
        assert!(
            why("<?xml version='1.0'?>\n<!-- c --><!DOCTYPE a SYSTEM 'http://example.org'><a/>")
                .contains("DOCTYPE")
        );
        assert!(why("<a><!ENTITY x 'y'></a>").contains("ENTITY"));
        assert!(why("<a>&x;</a>").contains("unknown entity"));
        // In a comment or CDATA section they are text.
        is_read("<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a>]]></a>");
    }

    #[test]
    fn what_the_parser_would_read_leniently_is_refused() {
        for text in [
            "<a xmlns='x' xmlns='y'/>",
            "<a x:xmlns='y' xmlns:x='z'/>",
            "<a xmlns:x=''/>",
            "<:a/>",
            "<a :b='c'/>",
            "<a></:a>",
            "<a>&#xD800;</a>",
            "<a b='&#x110000;'/>",
            "<a>&#0;</a>",
            "<a><?p+q?></a>",
            "<a>x\r&amp;</a>",
            "<a>&amp;\r</a>",
            "<a>&#13;\r</a>",
        ] {
            why(text);
        }
        for text in [
            "<a>x\r\n&amp;\r\n</a>",
            "<a>x;\ry\r</a>",
            "<a>&amp; x;\r</a>",
            "<a><!--&#0;--></a>",
            "<a xmlns=''/>",
        ] {
            is_read(text);
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            " ",
            "a",
            "<",
            "<a",
            "<a>",
            "</a>",
            "<a></b>",
            "<a b/>",
            "<a b=c/>",
            "<a b='c/>",
            "<a b='<'/>",
            "<a b='c'd='e'/>",
            "<a b='1' b='2'/>",
            "<a><!-- x</a>",
            "<a><![CDATA[x</a>",
            "<a><?x</a>",
            "<a/><b/>",
            "<a/>text",
            "<a>]]></a>",
            "<a><!-- -- --></a>",
            "<x:a/>",
            "<a / >",
            "<a><!X></a>",
            "<a>\u{1}</a>",
        ] {
            why(text);
        }
    }

    #[test]
    fn every_limit_is_kept_to_the_number() {
        let limits =
            Limits { bytes: 200, depth: 3, nodes: 6, attributes: 3, namespaces: 2, ..Limits::default() };
        let parse = |text: &str| Document::parse(text.as_bytes(), &limits).map(|_| ());
        let over = |what, limit| Err(Unreadable::OverLimit(what, limit));
        assert_eq!(parse("<a><b><c/></b></a>"), Ok(()));
        assert_eq!(parse("<a><b><c></c></b></a>"), Ok(()));
        assert_eq!(parse("<a><b><c><d></d></c></b></a>"), over("nesting of XML elements", 3));
        assert_eq!(parse("<a><b><c><d/></c></b></a>"), over("nesting of XML elements", 3));
        assert_eq!(parse("<a><b/><b/><b/>t</a>"), Ok(()));
        assert_eq!(parse("<a><b/><b/><b/>t<b/></a>"), over("XML nodes", 6));
        assert_eq!(parse("<a b='>' c='/>' d=\"'\"/>"), Ok(()));
        assert_eq!(parse("<a b='' c='' d='' e=''/>"), over("attributes of an XML element", 3));
        assert_eq!(parse("<a xmlns:b='x'><c xmlns='y'><d xmlns:b='z' xmlns='y'/></c></a>"), Ok(()));
        assert_eq!(
            parse("<a xmlns:b='x'><c xmlns='y' xmlns:d='z'/></a>"),
            over("XML namespaces in scope", 2)
        );
        assert_eq!(parse("<a><b xmlns:b='x' xmlns='y'/><c xmlns:d='z' xmlns:e='z'/></a>"), Ok(()));
        assert_eq!(parse(&format!("<a>{}</a>", "x".repeat(200))), over("bytes of an XML document", 200));
        assert_eq!(parse(&format!("<a>{}</a>", "=".repeat(7))), over("XML attributes", 6));
    }

    #[test]
    fn quadratic_documents_are_refused() {
        let nested: String = (0..2500).map(|i| format!("<a xmlns:p{i}='x'>")).collect();
        assert!(matches!(refused(nested.as_bytes()), Unreadable::OverLimit("XML namespaces in scope", 64)));
        let wide: String = (0..65_000).map(|i| format!(" a{i}=''")).collect();
        let wide = format!("<a{wide}/>");
        assert!(matches!(
            refused(wide.as_bytes()),
            Unreadable::OverLimit("attributes of an XML element", 256)
        ));
        let distinct: String = (0..65_000).map(|i| format!("<a xmlns='{i}'/>")).collect();
        let distinct = format!("<a>{distinct}</a>");
        assert!(matches!(
            refused(distinct.as_bytes()),
            Unreadable::OverLimit("distinct XML namespace declarations", 4096)
        ));
        let uris: String = (0..200).map(|i| format!(" {}:a{i}=''", ["p", "q"][i % 2])).collect();
        let long = "u".repeat(100_000);
        let uris = format!("<a xmlns:p='{long}1' xmlns:q='{long}2'><a{uris}/></a>");
        assert!(matches!(refused(uris.as_bytes()), Unreadable::OverLimit(..)));
        let shadowed: String = (0..60).map(|i| format!(" xmlns:p{i}='x'")).collect();
        let shadowed = format!("<a{shadowed}>{}</a>", "<a xmlns:p0='y'/>".repeat(100_000));
        assert!(matches!(refused(shadowed.as_bytes()), Unreadable::OverLimit(..)));
    }

    /// What is in the tree of a document that was let in.
    fn is_within(document: &Document<'_>, limits: &Limits) -> bool {
        document.tree().descendants().len() <= limits.nodes
            && document.tree().descendants().all(|node| {
                node.attributes().len() <= limits.attributes
                    && node.namespaces().len() <= limits.namespaces
                    && node.ancestors().filter(|node| node.is_element()).count() <= limits.depth
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_counted_short(
            pieces in proptest::collection::vec(prop::sample::select(&[
                "<a", "<b", ">", "/>", "</a>", "</b>", "<a>", "<b>", "<a/>", " x='", " y=\"", "'", "\"", " x=''",
                " y='>'", " z=\"/>\"", " w='<a>'", " xmlns='u'", " xmlns:p='u'", " xmlns:q='u'", " p:v=''", "<!--",
                "-->", "--", "<![CDATA[", "]]>", "]", "<?p", "?>", "?", " ", "\n", "t", "&amp;", "&", "<", "=", "é", "<a>", "</a>", "<b>", "</b>",
                "<b y='>'/>", "<a xmlns:p='u'>", "<b p:v='' x=\"'\">", "<!-- <a> -->", "<![CDATA[<a>]]>", "<?p <a> ?>",
            ][..]), 0..24),
        ) {
            let limits = Limits { depth: 2, nodes: 8, attributes: 2, namespaces: 2, ..Limits::default() };
            let text = format!("<a>{}</a>", pieces.concat());
            if let Ok(document) = Document::parse(text.as_bytes(), &limits) {
                prop_assert!(is_within(&document, &limits), "{}", text);
            }
            // What the parser reads is not refused for being malformed, but for its known leniencies.
            let lenient = ["a second default namespace", "a processing instruction's target", "a lone carriage return"];
            if let (Ok(_), Err(Unreadable::Malformed(_, why))) = (roxmltree::Document::parse(&text), admit(text.as_bytes(), &limits)) {
                prop_assert!(lenient.iter().any(|known| why.starts_with(known)), "{}: {}", text, why);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Document::parse(&bytes, &Limits::default());
        }
    }
}
