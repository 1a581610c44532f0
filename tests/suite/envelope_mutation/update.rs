//! Incremental updates of PDF files made at random: an object of the file rewritten, with one thing in it changed.

use crate::support::Random;
use sealgate::format::Limits;
use sealgate::format::pdf::{Dictionary, Document, Entry, Id, Kind, Value};
use std::io::Write;

/// An object as it is written.
#[derive(Clone)]
enum Object {
    /// A number, name, string, boolean, reference or null, as it stands.
    Plain(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Vec<(Vec<u8>, Object)>),
    Stream(Vec<(Vec<u8>, Object)>, Vec<u8>),
}

impl Object {
    fn of(value: &Value, octets: &[u8]) -> Self {
        let entries = |dictionary: &Dictionary| {
            dictionary.iter().map(|(key, value)| (key.to_vec(), Self::of(value, octets))).collect()
        };
        match &value.kind {
            Kind::Array(items) => Self::Array(items.iter().map(|item| Self::of(item, octets)).collect()),
            Kind::Dictionary(dictionary) => Self::Dictionary(entries(dictionary)),
            Kind::Stream(dictionary, data) => {
                Self::Stream(entries(dictionary), octets[data.clone()].to_vec())
            }
            Kind::Null => Self::Plain(b"null".to_vec()),
            Kind::Boolean(value) => Self::Plain(value.to_string().into_bytes()),
            Kind::Integer(value) => Self::Plain(value.to_string().into_bytes()),
            Kind::Real(value) => Self::Plain(value.to_string().into_bytes()),
            Kind::String(value) => Self::Plain(format!("<{}>", hex::encode(value)).into_bytes()),
            Kind::Name(value) => Self::Plain(name(value)),
            Kind::Reference(id) => Self::Plain(format!("{id} R").into_bytes()),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let dictionary = |entries: &[(Vec<u8>, Self)], out: &mut Vec<u8>| {
            out.extend_from_slice(b"<<");
            for (key, value) in entries {
                out.extend_from_slice(&name(key));
                out.push(b' ');
                value.write(out);
                out.push(b' ');
            }
            out.extend_from_slice(b">>");
        };
        match self {
            Self::Plain(text) => out.extend_from_slice(text),
            Self::Array(items) => {
                out.push(b'[');
                for item in items {
                    item.write(out);
                    out.push(b' ');
                }
                out.push(b']');
            }
            Self::Dictionary(entries) => dictionary(entries, out),
            Self::Stream(entries, data) => {
                let mut entries = entries.clone();
                entries.retain(|(key, _)| key != b"Length");
                entries.push((b"Length".to_vec(), Self::Plain(data.len().to_string().into_bytes())));
                dictionary(&entries, out);
                out.extend_from_slice(b"\nstream\n");
                out.extend_from_slice(data);
                out.extend_from_slice(b"\nendstream");
            }
        }
    }

    fn count(&self) -> usize {
        1 + match self {
            Self::Plain(_) => 0,
            Self::Array(items) => items.iter().map(Self::count).sum(),
            Self::Dictionary(entries) | Self::Stream(entries, _) => {
                entries.iter().map(|(_, value)| value.count()).sum()
            }
        }
    }

    /// Changes the part with this number.
    fn change(&mut self, number: &mut usize, pool: &Pool, rng: &mut Random, words: &mut String) {
        if *number == 0 {
            *number = usize::MAX;
            return self.changed(pool, rng, words);
        }
        *number = number.wrapping_sub(1);
        match self {
            Self::Plain(_) => {}
            Self::Array(items) => items.iter_mut().for_each(|item| item.change(number, pool, rng, words)),
            Self::Dictionary(entries) | Self::Stream(entries, _) => {
                entries.iter_mut().for_each(|(_, value)| value.change(number, pool, rng, words));
            }
        }
    }

    fn changed(&mut self, pool: &Pool, rng: &mut Random, words: &mut String) {
        let said = match self {
            Self::Array(items) if !items.is_empty() => {
                let (one, other) = (rng.below(items.len()), rng.below(items.len()));
                match rng.below(4) {
                    0 => {
                        items.remove(one);
                        "item dropped"
                    }
                    1 => {
                        items.swap(one, other);
                        "items exchanged"
                    }
                    2 => {
                        items.insert(other, items[one].clone());
                        "item doubled"
                    }
                    _ => {
                        items.insert(one, pool.plain(rng));
                        "item added"
                    }
                }
            }
            Self::Dictionary(entries) | Self::Stream(entries, _)
                if rng.below(3) > 0 && !entries.is_empty() =>
            {
                let (one, other) = (rng.below(entries.len()), rng.below(entries.len()));
                match rng.below(5) {
                    0 => {
                        entries.remove(one);
                        "key dropped"
                    }
                    1 => {
                        let value = entries[other].1.clone();
                        entries[one].1 = value;
                        "another key's value"
                    }
                    2 => {
                        entries.insert(0, (entries[one].0.clone(), pool.plain(rng)));
                        "key doubled"
                    }
                    3 => {
                        entries.push((pool.key(rng), pool.plain(rng)));
                        "key added"
                    }
                    _ => {
                        entries[one].0 = pool.key(rng);
                        "key renamed"
                    }
                }
            }
            Self::Stream(_, data) => {
                let at = rng.below(data.len().max(1)).min(data.len());
                data.truncate(at);
                "data cut off"
            }
            other => {
                *other = pool.plain(rng);
                "replaced"
            }
        };
        words.push_str(said);
    }
}

fn name(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![b'/'];
    for octet in octets {
        match octet {
            b'!'..=b'~' if !b"#()<>[]{}/%".contains(octet) => out.push(*octet),
            _ => out.extend_from_slice(format!("#{octet:02x}").as_bytes()),
        }
    }
    out
}

/// Values and keys of the file, to be put elsewhere in it.
struct Pool {
    plain: Vec<Vec<u8>>,
    keys: Vec<Vec<u8>>,
}

impl Pool {
    fn collect(&mut self, object: &Object) {
        match object {
            Object::Plain(text) => self.plain.push(text.clone()),
            Object::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Object::Dictionary(entries) | Object::Stream(entries, _) => {
                for (key, value) in entries {
                    self.keys.push(key.clone());
                    self.collect(value);
                }
            }
        }
    }

    fn plain(&self, rng: &mut Random) -> Object {
        Object::Plain(self.plain[rng.below(self.plain.len())].clone())
    }

    fn key(&self, rng: &mut Random) -> Vec<u8> {
        self.keys[rng.below(self.keys.len())].clone()
    }
}

/// The objects of a file, ready to be rewritten.
pub(super) struct Updates {
    objects: Vec<(Id, Object)>,
    pool: Pool,
    trailer: Vec<u8>,
}

impl Updates {
    /// `None` where the file is none, or holds nothing.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let document = Document::open(bytes, &Limits::default()).ok()?;
        let view = document.last();
        let mut objects = Vec::new();
        for number in 1..document.size() {
            let generation = match view.entry(number) {
                Some(Entry::At { generation, .. }) => generation,
                Some(Entry::Within { .. }) => 0,
                _ => continue,
            };
            let id = Id { number, generation };
            let Ok(value) = view.object(id) else { continue };
            // What holds objects or says where they are is no object of the document.
            let kind = value.as_dictionary().and_then(|dictionary| dictionary.name("Type"));
            if value.span.len() < 200_000
                && !matches!(kind, Some(b"XRef" | b"ObjStm" | b"Sig" | b"DocTimeStamp"))
            {
                objects.push((id, Object::of(&value, bytes)));
            }
        }
        let mut pool = Pool { plain: vec![b"0".to_vec(), b"null".to_vec()], keys: Vec::new() };
        objects.iter().for_each(|(_, object)| pool.collect(object));
        let mut trailer = format!("/Size {}", document.size()).into_bytes();
        for key in ["Root", "Info", "ID"] {
            if let Some(value) = view.trailer()?.get(key) {
                trailer.extend_from_slice(format!(" /{key} ").as_bytes());
                Object::of(value, bytes).write(&mut trailer);
            }
        }
        let section = document.revisions().last()?.sections.first()?.span.start;
        trailer.extend_from_slice(format!(" /Prev {section}").as_bytes());
        (!objects.is_empty() && !pool.keys.is_empty()).then_some(Self { objects, pool, trailer })
    }

    /// The file with one more update; the words say which.
    pub(super) fn apply(&self, bytes: &[u8], rng: &mut Random) -> (String, Vec<u8>) {
        let (id, object) = &self.objects[rng.below(self.objects.len())];
        let mut words = format!("object {id}: ");
        let mut changed = object.clone();
        match rng.below(12) {
            0 => {
                let (other, object) = &self.objects[rng.below(self.objects.len())];
                words += &format!("as object {other}");
                changed = object.clone();
            }
            1 => {
                words += "deleted";
                return (words, self.written(bytes, *id, None));
            }
            _ => {
                let mut number = rng.below(changed.count());
                changed.change(&mut number, &self.pool, rng, &mut words);
            }
        }
        (words, self.written(bytes, *id, Some(&changed)))
    }

    fn written(&self, bytes: &[u8], id: Id, object: Option<&Object>) -> Vec<u8> {
        let mut out = bytes.to_vec();
        out.push(b'\n');
        let at = out.len();
        let entry = match object {
            Some(object) => {
                writeln!(out, "{id} obj").unwrap();
                object.write(&mut out);
                out.extend_from_slice(b"\nendobj\n");
                format!("{at:010} {:05} n \n", id.generation)
            }
            None => format!("0000000000 {:05} f \n", id.generation + 1),
        };
        let section = out.len();
        write!(out, "xref\n{} 1\n{entry}trailer\n<<", id.number).unwrap();
        out.extend_from_slice(&self.trailer);
        write!(out, ">>\nstartxref\n{section}\n%%EOF\n").unwrap();
        out
    }
}
