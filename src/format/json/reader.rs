//! The pull reader: one pass over the text, and what nobody asks for is checked but never built.

use super::{Value, string};
use crate::excerpt::excerpt;
use crate::format::{Limits, Unreadable};
use std::borrow::Cow;
use std::collections::HashSet;

/// Members compared one by one before an object gets a hash set against duplicate names.
const FEW_MEMBERS: usize = 24;

/// Room for the members of all objects open at once in an ordinary document.
const DEEP: usize = 64;

/// What kind of value comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Reads a JSON text value by value. Whatever is skipped is held to the same rules: grammar, limits, unique names.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    nodes: usize,
    limits: Limits,
    /// Names of the members read so far in each open object, innermost last.
    names: Vec<Cow<'a, str>>,
    /// What was built so far of each open array and object, innermost last, until its length is known.
    elements: Vec<Value<'a>>,
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of the text; one byte order mark is ignored (RFC 8259, 8.1).
    ///
    /// # Errors
    /// Not UTF-8, or more bytes than the limit.
    pub fn new(bytes: &'a [u8], limits: &Limits) -> Result<Self, Unreadable> {
        if bytes.len() > limits.bytes {
            return Err(Unreadable::OverLimit("bytes", limits.bytes));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = simdutf8::compat::from_utf8(bytes)
            .map_err(|error| malformed(error.valid_up_to(), "not UTF-8"))?;
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            nodes: 0,
            limits: *limits,
            names: Vec::with_capacity(DEEP),
            elements: Vec::new(),
            members: Vec::with_capacity(DEEP),
        })
    }

    /// The kind of the value that comes next.
    ///
    /// # Errors
    /// No value starts here.
    pub fn kind(&mut self) -> Result<Kind, Unreadable> {
        self.white_space();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => Err(self.fault("no value starts here")),
            None => Err(self.fault("a value is missing")),
        }
    }

    /// Builds the next value.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn value(&mut self) -> Result<Value<'a>, Unreadable> {
        match self.kind()? {
            Kind::Null => self.literal("null").map(|()| Value::Null),
            Kind::Bool if self.peek() == Some(b't') => self.literal("true").map(|()| Value::Bool(true)),
            Kind::Bool => self.literal("false").map(|()| Value::Bool(false)),
            Kind::Number => self.number().map(Value::Number),
            Kind::String => self.string().map(Value::String),
            Kind::Array => self.build_array(Self::value),
            Kind::Object => self.build_object(|reader, _| reader.value().map(Some)),
        }
    }

    fn build_array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<Value<'a>, Unreadable>,
    ) -> Result<Value<'a>, Unreadable> {
        let outer = self.elements.len();
        self.array(|reader| {
            let value = element(reader)?;
            reader.elements.push(value);
            Ok(())
        })?;
        Ok(Value::Array(self.elements.drain(outer..).collect()))
    }

    /// Builds an object of the members for which there is a value.
    fn build_object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<Option<Value<'a>>, Unreadable>,
    ) -> Result<Value<'a>, Unreadable> {
        let outer = self.members.len();
        self.object(|reader, name| {
            if let Some(value) = member(reader, &name)? {
                reader.members.push((name, value));
            }
            Ok(())
        })?;
        Ok(Value::Object(self.members.drain(outer..).collect()))
    }

    /// Builds the next value less the members of these names, wherever they stand in it: images are checked, not
    /// built.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn value_without(&mut self, left_out: &[&str]) -> Result<Value<'a>, Unreadable> {
        match self.kind()? {
            Kind::Array => self.build_array(|reader| reader.value_without(left_out)),
            Kind::Object => self.build_object(|reader, name| {
                let kept = !left_out.contains(&name);
                kept.then(|| reader.value_without(left_out)).transpose()
            }),
            _ => self.value(),
        }
    }

    /// Passes over the next value and returns its text as it stands.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn skip(&mut self) -> Result<&'a str, Unreadable> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            Kind::Null => self.literal("null")?,
            Kind::Bool if self.peek() == Some(b't') => self.literal("true")?,
            Kind::Bool => self.literal("false")?,
            Kind::Number => self.number().map(|_| ())?,
            Kind::String => self.skip_string()?,
            Kind::Array => self.array(|reader| reader.skip().map(|_| ()))?,
            Kind::Object => self.object(|reader, _| reader.skip().map(|_| ()))?,
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// The next value if it is a string; any other is passed over and gives `None`.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn text(&mut self) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self.kind()? {
            Kind::String => self.string().map(Some),
            _ => self.skip().map(|_| None),
        }
    }

    /// The next value, a string, as its octets: for texts so long that to look at each byte once more is felt.
    ///
    /// # Errors
    /// Not a string, or as [`parse`](super::parse).
    pub fn octets(&mut self) -> Result<Cow<'a, [u8]>, Unreadable> {
        self.white_space();
        self.expect(b'"')?;
        let stop = string::find_stop(self.bytes(), self.at);
        if self.bytes().get(stop) == Some(&b'"') {
            let text = self.bytes().get(self.at..stop).unwrap_or_default();
            self.at = stop + 1;
            return Ok(Cow::Borrowed(text));
        }
        // Room that is never touched costs less than moving a long text.
        self.unescape(stop, self.bytes().len() - stop).map(Cow::Owned)
    }

    /// Reads an object: `member` is called with each name and takes the value; one it leaves alone is skipped.
    ///
    /// # Errors
    /// Not an object, as [`parse`](super::parse), or what `member` returns.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.enter(b'{')?;
        let outer = self.names.len();
        let mut seen = Names::default();
        self.white_space();
        if self.peek() == Some(b'}') {
            return self.leave();
        }
        loop {
            self.white_space();
            let start = self.at;
            let name = self.string()?;
            self.unique(outer, name.clone(), start, &mut seen)?;
            self.white_space();
            self.expect(b':')?;
            self.white_space();
            let value = self.at;
            self.count()?;
            member(self, name)?;
            if self.at == value {
                self.skip()?;
            }
            if !self.next_of(b'}')? {
                self.names.truncate(outer);
                return Ok(());
            }
        }
    }

    /// Reads an array: `element` is called at each element; one it leaves alone is skipped.
    ///
    /// # Errors
    /// Not an array, as [`parse`](super::parse), or what `element` returns.
    pub fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.enter(b'[')?;
        self.white_space();
        if self.peek() == Some(b']') {
            return self.leave();
        }
        loop {
            self.white_space();
            let value = self.at;
            self.count()?;
            element(self)?;
            if self.at == value {
                self.skip()?;
            }
            if !self.next_of(b']')? {
                return Ok(());
            }
        }
    }

    /// Calls `each` at every element of an array, or once at any other value.
    ///
    /// # Errors
    /// As [`parse`](super::parse), or what `each` returns.
    pub fn one_or_many(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        if self.kind()? == Kind::Array { self.array(each) } else { each(self) }
    }

    /// Only white space may follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(&mut self) -> Result<(), Unreadable> {
        self.white_space();
        if self.peek().is_none() { Ok(()) } else { Err(self.fault("text after the value")) }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.peek() != Some(byte) {
            return Err(self.expected(byte));
        }
        self.at += 1;
        Ok(())
    }

    #[cold]
    fn expected(&self, byte: u8) -> Unreadable {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.map_or_else(|| String::from("the end"), |c| format!("{c:?}"));
        malformed(self.at, &format!("expected {:?}, found {found}", char::from(byte)))
    }

    fn enter(&mut self, open: u8) -> Result<(), Unreadable> {
        self.white_space();
        self.expect(open)?;
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Unreadable::OverLimit("nesting of JSON", self.limits.depth));
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Unreadable> {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// After a member or element: whether another follows; if not, the closing bracket is consumed.
    fn next_of(&mut self, close: u8) -> Result<bool, Unreadable> {
        self.white_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => self.leave().map(|()| false),
            _ => Err(self.expected(close)),
        }
    }

    fn count(&mut self) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Unreadable::OverLimit("members and elements of JSON", self.limits.nodes));
        }
        Ok(())
    }

    /// Refuses a name that the object opened at `outer` has already; remembers it otherwise.
    fn unique(
        &mut self,
        outer: usize,
        name: Cow<'a, str>,
        start: usize,
        seen: &mut Names<'a>,
    ) -> Result<(), Unreadable> {
        let known = self.names.get(outer..).unwrap_or_default();
        let duplicate = match &mut seen.many {
            Some(set) => !set.insert(name.clone()),
            None if known.len() < FEW_MEMBERS => seen.perhaps(&name) && known.contains(&name),
            None => {
                let mut set: HashSet<_> = known.iter().cloned().collect();
                let duplicate = !set.insert(name.clone());
                seen.many = Some(set);
                duplicate
            }
        };
        if duplicate {
            return Err(malformed(start, &format!("the member {:?} stands twice", excerpt(&name, 64))));
        }
        if seen.many.is_none() {
            self.names.push(name);
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), Unreadable> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.fault("no such literal"))
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    /// RFC 8259, 6.
    fn number(&mut self) -> Result<&'a str, Unreadable> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let integer = self.digits();
        if integer == 0 || (leading_zero && integer > 1) {
            return Err(malformed(start, "a number that is none"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.fault("a fraction without digits"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.fault("an exponent without digits"));
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.expect(b'"')?;
        let (start, bytes) = (self.at, self.bytes());
        let stop = string::find_stop(bytes, start);
        if bytes.get(stop) == Some(&b'"') {
            self.at = stop + 1;
            return Ok(Cow::Borrowed(self.text.get(start..stop).unwrap_or_default()));
        }
        let unescaped = self.unescape(stop, 0)?;
        String::from_utf8(unescaped).map(Cow::Owned).map_err(|_| malformed(start, "not UTF-8"))
    }

    /// The rest of a string whose first stop is known.
    fn unescape(&mut self, stop: usize, more: usize) -> Result<Vec<u8>, Unreadable> {
        let (unescaped, end) = string::unescape(self.bytes(), self.at, stop, more).map_err(fault)?;
        self.at = end;
        Ok(unescaped)
    }

    fn skip_string(&mut self) -> Result<(), Unreadable> {
        self.expect(b'"')?;
        let stop = string::find_stop(self.bytes(), self.at);
        self.at = string::skip(self.bytes(), stop).map_err(fault)?;
        Ok(())
    }

    #[cold]
    fn fault(&self, why: &str) -> Unreadable {
        malformed(self.at, why)
    }
}

/// The names in one object.
#[derive(Default)]
struct Names<'a> {
    /// A bit for each name's length and ends: names that differ there need not be compared.
    bits: u64,
    many: Option<HashSet<Cow<'a, str>>>,
}

impl Names<'_> {
    /// Whether a name may have been seen before; remembers it.
    fn perhaps(&mut self, name: &str) -> bool {
        let end = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(0));
        let bytes = name.as_bytes();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mixed = length.wrapping_mul(7) ^ end(bytes.first()).wrapping_mul(5) ^ end(bytes.last());
        let bit = 1_u64 << (mixed % u64::BITS);
        let perhaps = self.bits & bit != 0;
        self.bits |= bit;
        perhaps
    }
}

#[cold]
fn fault(string::Fault(at, why): string::Fault) -> Unreadable {
    malformed(at, why)
}

#[cold]
fn malformed(at: usize, why: &str) -> Unreadable {
    Unreadable::Malformed("JSON", format!("{why}, at byte {at}"))
}
