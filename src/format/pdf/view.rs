//! The objects of one revision.

use super::Document;
use super::filter::{self, Filter};
use super::object::{Dictionary, Error, Id, Kind, Value};
use super::parse::Parser;
use super::xref::{Entry, data, filters, offset_of};
use std::borrow::Cow;
use std::rc::Rc;

/// References that lead to references.
const MOST_STEPS: usize = 32;
/// Objects in one object stream.
const MOST_WITHIN: usize = 1 << 20;

/// The document as one revision left it.
#[derive(Clone, Copy, Debug)]
pub struct View<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) revision: usize,
}

/// A decoded object stream.
#[derive(Debug)]
pub(super) struct ObjectStream {
    octets: Vec<u8>,
    /// Number and offset of each object.
    objects: Vec<(u32, usize)>,
}

impl<'d, 'a> View<'d, 'a> {
    /// The document.
    #[must_use]
    pub fn document(&self) -> &'d Document<'a> {
        self.document
    }

    /// Which revision, from 0 on.
    #[must_use]
    pub fn revision(&self) -> usize {
        self.revision
    }

    /// Its trailer.
    #[must_use]
    pub fn trailer(&self) -> Option<&'d Dictionary> {
        self.document.revisions.get(self.revision)?.trailer()
    }

    /// Where an object stands.
    #[must_use]
    pub fn entry(&self, number: u32) -> Option<Entry> {
        self.document.entry(number, self.revision)
    }

    /// The catalog's identifier.
    ///
    /// # Errors
    /// The trailer names none.
    pub fn root(&self) -> Result<Id, Error> {
        let root = self.trailer().and_then(|trailer| trailer.get("Root")).and_then(Value::as_reference);
        root.ok_or_else(|| Error::at(0, "a trailer without a reference to the catalog"))
    }

    /// The catalog.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn catalog(&self) -> Result<Dictionary, Error> {
        match self.object(self.root()?)?.kind {
            Kind::Dictionary(catalog) => Ok(catalog),
            _ => Err(Error::at(0, "the catalog is no dictionary")),
        }
    }

    /// An indirect object; null where there is none of that number and generation (7.3.10).
    ///
    /// # Errors
    /// The cross-reference table leads to something else, or what it leads to cannot be read.
    pub fn object(&self, id: Id) -> Result<Value, Error> {
        match self.entry(id.number) {
            Some(Entry::At { offset, generation }) if generation == id.generation => {
                self.at(id, offset, false)
            }
            Some(Entry::Within { stream, index }) if id.generation == 0 => self.within(id, stream, index),
            Some(_) | None => Ok(Value::NULL),
        }
    }

    fn at(&self, id: Id, offset: usize, object_stream: bool) -> Result<Value, Error> {
        let octets = self.document.octets;
        let mut parser = Parser::new(octets, offset, &self.document.budget);
        if parser.head() != Ok(id) {
            return Err(misplaced(id, offset));
        }
        let value = parser.value()?;
        let Kind::Dictionary(dictionary) = value.kind else {
            parser.expect("endobj")?;
            return Ok(value);
        };
        let Some(start) = parser.stream() else {
            parser.expect("endobj")?;
            return Ok(Value { span: value.span, kind: Kind::Dictionary(dictionary) });
        };
        let length =
            dictionary.get("Length").ok_or_else(|| Error::at(offset, "a stream without its length"))?;
        let length = match length.as_reference() {
            Some(of) => self.length(of, object_stream)?,
            None => offset_of(length)?,
        };
        let data = data(octets, start, length)?;
        let mut end = Parser::new(octets, data.end, &self.document.budget);
        end.expect("endstream")?;
        end.expect("endobj")?;
        Ok(Value { span: value.span.start..end.at, kind: Kind::Stream(dictionary, data) })
    }

    /// The value of a Length that stands on its own: an integer, read without following anything. That of an object
    /// stream stands in no object stream (7.5.7), so that this ends.
    fn length(&self, id: Id, of_object_stream: bool) -> Result<usize, Error> {
        let value = match self.entry(id.number) {
            Some(Entry::At { offset, generation }) if generation == id.generation => {
                let mut parser = Parser::new(self.document.octets, offset, &self.document.budget);
                if parser.head() != Ok(id) {
                    return Err(misplaced(id, offset));
                }
                parser.value()?
            }
            Some(Entry::Within { stream, index }) if id.generation == 0 && !of_object_stream => {
                self.within(id, stream, index)?
            }
            Some(_) | None => Value::NULL,
        };
        offset_of(&value)
    }

    fn within(&self, id: Id, stream: u32, index: usize) -> Result<Value, Error> {
        let stream = self.object_stream(stream)?;
        let place = stream.objects.get(index).filter(|(number, _)| *number == id.number);
        let Some((_, offset)) = place else {
            return Err(Error::at(
                0,
                format!("object {id} is not in the object stream that is said to hold it"),
            ));
        };
        Parser::new(&stream.octets, *offset, &self.document.budget).value()
    }

    /// 7.5.7.
    fn object_stream(&self, number: u32) -> Result<Rc<ObjectStream>, Error> {
        let Some(Entry::At { offset, generation }) = self.entry(number) else {
            return Err(Error::at(0, format!("object stream {number} is not in the file itself")));
        };
        if let Some(known) = self.document.object_streams.borrow().get(&offset) {
            return Ok(Rc::clone(known));
        }
        let value = self.at(Id { number, generation }, offset, true)?;
        let dictionary = value.as_dictionary().filter(|found| found.name("Type") == Some(b"ObjStm"));
        let refuse = || Error::at(offset, format!("object {number} is no object stream"));
        let dictionary = dictionary.ok_or_else(refuse)?;
        let count = |key| dictionary.integer(key).and_then(|count| usize::try_from(count).ok());
        let (objects, first) = count("N").zip(count("First")).ok_or_else(refuse)?;
        if objects > MOST_WITHIN {
            return Err(Error::OverLimit("objects in a PDF object stream", MOST_WITHIN));
        }
        let filters = filters(dictionary, offset)?;
        let octets =
            filter::decode(self.encoded(&value), &filters, offset, &self.document.budget)?.into_owned();
        let mut header = Parser::new(&octets, 0, &self.document.budget);
        let mut places = Vec::new();
        for _ in 0..objects {
            self.document.budget.node()?;
            let number = u32::try_from(header.unsigned()?);
            let place = usize::try_from(header.unsigned()?).ok().and_then(|place| place.checked_add(first));
            match (number, place) {
                (Ok(number), Some(place)) => places.push((number, place)),
                _ => return Err(refuse()),
            }
        }
        let stream = Rc::new(ObjectStream { octets, objects: places });
        self.document.object_streams.borrow_mut().insert(offset, Rc::clone(&stream));
        Ok(stream)
    }

    /// What a value stands for, references followed.
    ///
    /// # Errors
    /// A reference leads to what cannot be read, or too far.
    pub fn resolve<'v>(&self, value: &'v Value) -> Result<Cow<'v, Value>, Error> {
        let mut found = Cow::Borrowed(value);
        for _ in 0..MOST_STEPS {
            match found.as_reference() {
                Some(id) => found = Cow::Owned(self.object(id)?),
                None => return Ok(found),
            }
        }
        Err(Error::OverLimit("references to references in a PDF", MOST_STEPS))
    }

    /// What a key of a dictionary stands for; `None` where it stands for null.
    ///
    /// # Errors
    /// See [`View::resolve`].
    pub fn get(&self, dictionary: &Dictionary, key: &str) -> Result<Option<Value>, Error> {
        let Some(value) = dictionary.get(key) else { return Ok(None) };
        let value = self.resolve(value)?.into_owned();
        Ok(Some(value).filter(|value| value.kind != Kind::Null))
    }

    /// The dictionary that a key stands for.
    ///
    /// # Errors
    /// See [`View::resolve`].
    pub fn dictionary(&self, dictionary: &Dictionary, key: &str) -> Result<Option<Dictionary>, Error> {
        Ok(self.get(dictionary, key)?.and_then(|value| match value.kind {
            Kind::Dictionary(dictionary) | Kind::Stream(dictionary, _) => Some(dictionary),
            _ => None,
        }))
    }

    /// The items of the array that a key stands for; none where it is no array.
    ///
    /// # Errors
    /// See [`View::resolve`].
    pub fn array(&self, dictionary: &Dictionary, key: &str) -> Result<Vec<Value>, Error> {
        Ok(self.get(dictionary, key)?.map_or_else(Vec::new, |value| match value.kind {
            Kind::Array(items) => items,
            _ => Vec::new(),
        }))
    }

    /// The data of a stream as it stands in the file; empty for anything else.
    #[must_use]
    pub fn encoded(&self, stream: &Value) -> &'a [u8] {
        match &stream.kind {
            Kind::Stream(_, range) => self.document.octets.get(range.clone()).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The decoded data of a stream.
    ///
    /// # Errors
    /// No stream, a filter that is not read, broken data, over the budget.
    pub fn data(&self, stream: &Value) -> Result<Cow<'a, [u8]>, Error> {
        let Kind::Stream(dictionary, _) = &stream.kind else {
            return Err(Error::at(stream.span.start, "a stream expected"));
        };
        let list = |key: &str| -> Result<Vec<Value>, Error> {
            Ok(match self.get(dictionary, key)? {
                None => Vec::new(),
                Some(Value { kind: Kind::Array(items), .. }) => items,
                Some(one) => vec![one],
            })
        };
        let parameters = list("DecodeParms")?;
        let mut filters = Vec::new();
        for (index, filter) in list("Filter")?.iter().enumerate() {
            let name = self.resolve(filter)?;
            let name =
                name.as_name().ok_or_else(|| Error::at(stream.span.start, "a filter that is no name"))?;
            let parameters = parameters.get(index).map(|value| self.resolve(value)).transpose()?;
            let parameters = parameters.and_then(|value| value.as_dictionary().cloned());
            filters.push(Filter { name: name.to_vec(), parameters });
        }
        filter::decode(self.encoded(stream), &filters, stream.span.start, &self.document.budget)
    }
}

fn misplaced(id: Id, offset: usize) -> Error {
    Error::at(offset, format!("object {id} is not where the cross-reference table has it"))
}
