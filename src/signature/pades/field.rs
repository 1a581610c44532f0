//! Signature fields (ISO 32000-2, 12.7.5.5) and what they hold.

use super::changes::pages_of;
use super::date;
use crate::format::pdf::{Dictionary, Document, Entry, Id, Value, View};
use crate::signature::Form;
use crate::time::Time;
use foldhash::{HashSet, HashSetExt};

/// Fields and annotations that are looked at.
const MOST_FIELDS: usize = 100_000;

/// A signature dictionary that a field, or a widget on a page, leads to.
pub(super) struct Field {
    /// The indirect object in which the dictionary stands: its own, or the field's where it is direct.
    pub(super) holder: Option<Id>,
    /// Whether the dictionary is that object itself.
    pub(super) indirect: bool,
    pub(super) dictionary: Dictionary,
    /// The field's Lock.
    pub(super) lock: Option<Dictionary>,
}

impl Field {
    pub(super) fn contents(&self) -> &[u8] {
        self.dictionary.get("Contents").and_then(Value::as_string).unwrap_or_default()
    }

    pub(super) fn sub_filter(&self) -> &[u8] {
        self.dictionary.name("SubFilter").unwrap_or_default()
    }

    /// A document time-stamp; one that calls itself a signature is neither (EN 319 142-1, 5.4.3).
    pub(super) fn is_timestamp(&self) -> bool {
        self.sub_filter() == b"ETSI.RFC3161"
    }

    pub(super) fn holds_cms(&self) -> bool {
        matches!(self.sub_filter(), b"ETSI.CAdES.detached" | b"adbe.pkcs7.detached" | b"adbe.pkcs7.sha1")
    }

    pub(super) fn form(&self) -> Form {
        if self.sub_filter().starts_with(b"adbe.") { Form::Pkcs7 } else { Form::Pades }
    }

    /// The claimed time of signing; none first.
    pub(super) fn claimed_time(&self) -> Option<Time> {
        self.dictionary.get("M").and_then(Value::as_string).and_then(date)
    }

    /// The end of the second byte range, whether or not it is right.
    pub(super) fn claimed_end(&self) -> usize {
        let range = self.dictionary.get("ByteRange").and_then(Value::as_array).unwrap_or_default();
        let number =
            |index: usize| range.get(index).and_then(Value::as_integer).and_then(|n| usize::try_from(n).ok());
        number(2).zip(number(3)).and_then(|(start, length)| start.checked_add(length)).unwrap_or(0)
    }
}

/// Every signature dictionary of the file as it stands, each once.
pub(super) fn find(document: &Document<'_>) -> Vec<Field> {
    let view = document.last();
    let mut search = Search {
        view,
        found: Vec::new(),
        seen: HashSet::new(),
        dictionaries: HashSet::new(),
        left: MOST_FIELDS,
    };
    let Ok(catalog) = view.catalog() else { return Vec::new() };
    if let Ok(Some(form)) = view.dictionary(&catalog, "AcroForm") {
        let fields = view.array(&form, "Fields").unwrap_or_default();
        search.fields(fields);
    }
    // A widget may be on a page and in no list of fields.
    for page in pages_of(view, &catalog).unwrap_or_default() {
        search.fields(view.array(&page, "Annots").unwrap_or_default());
    }
    search.found
}

struct Search<'s, 'a> {
    view: View<'s, 'a>,
    found: Vec<Field>,
    seen: HashSet<Id>,
    dictionaries: HashSet<Id>,
    left: usize,
}

impl Search<'_, '_> {
    fn fields(&mut self, fields: Vec<Value>) {
        let mut stack: Vec<(Value, bool)> = fields.into_iter().rev().map(|field| (field, false)).collect();
        while let Some((value, signature_above)) = stack.pop() {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let id = value.as_reference();
            if id.is_some_and(|id| !self.seen.insert(id)) {
                continue;
            }
            let Ok(field) = self.view.resolve(&value) else { continue };
            let Some(dictionary) = field.as_dictionary() else { continue };
            let kind = self.view.get(dictionary, "FT").ok().flatten();
            let signature = match kind.as_ref().and_then(Value::as_name) {
                Some(name) => name == b"Sig",
                None => signature_above,
            };
            if signature {
                self.held(dictionary, id);
            }
            let kids = self.view.array(dictionary, "Kids").unwrap_or_default();
            stack.extend(kids.into_iter().rev().map(|kid| (kid, signature)));
        }
    }

    /// Takes what a signature field holds.
    fn held(&mut self, field: &Dictionary, id: Option<Id>) {
        let Some(value) = field.get("V") else { return };
        let own = value.as_reference();
        if own.is_some_and(|own| !self.dictionaries.insert(own)) {
            return;
        }
        let Ok(resolved) = self.view.resolve(value) else { return };
        let Some(dictionary) = resolved.as_dictionary() else { return };
        let kind = dictionary.name("Type");
        let timestamp = dictionary.name("SubFilter") == Some(b"ETSI.RFC3161");
        let of_its_type = match kind {
            None => true,
            Some(b"DocTimeStamp") => timestamp || dictionary.ambiguous(),
            Some(b"Sig") => !timestamp,
            Some(_) => false,
        };
        if of_its_type {
            let lock = self.view.dictionary(field, "Lock").ok().flatten();
            let dictionary = dictionary.clone();
            self.found.push(Field { holder: own.or(id), indirect: own.is_some(), dictionary, lock });
        }
    }
}

/// Whether an object stands in the file itself, where its octets can be held against a byte range.
pub(super) fn in_file(view: View<'_, '_>, id: Id) -> bool {
    matches!(view.entry(id.number), Some(Entry::At { .. }))
}
