//! Files attached to a PDF (ISO 32000-2, 7.11.4): by name, by association, and by annotation.

use super::object::{Dictionary, Error, Id, Value};
use super::{Document, View};
use foldhash::{HashSet, HashSetExt};

/// Attached files of one document.
const MOST_FILES: usize = 256;
/// Nodes of name and page trees looked at for them.
const MOST_NODES: usize = 100_000;

/// An attached file.
#[derive(Debug)]
pub struct Attachment {
    /// The last revision, from 0 on, that changed the file or what leads to it.
    pub revision: usize,
    /// What is in it.
    pub octets: Result<Vec<u8>, Error>,
}

/// The files attached to a document as it stands, each once, and why others may be missing.
#[must_use]
pub fn attachments(document: &Document<'_>) -> (Vec<Attachment>, Option<Error>) {
    let mut search = Search {
        view: document.last(),
        found: Vec::new(),
        seen: HashSet::new(),
        streams: HashSet::new(),
        left: MOST_NODES,
        broken: None,
    };
    let ended = search.all().err();
    let ended = ended.filter(|why| matches!(why, Error::OverLimit(..)));
    (search.found, ended.or(search.broken))
}

struct Search<'s, 'a> {
    view: View<'s, 'a>,
    found: Vec<Attachment>,
    seen: HashSet<Id>,
    streams: HashSet<Id>,
    left: usize,
    /// Why an entry of the list of attached files, or one of them, cannot be read.
    broken: Option<Error>,
}

/// A dictionary with the last revision that changed it or what led to it.
struct Reached {
    dictionary: Dictionary,
    since: usize,
}

impl Search<'_, '_> {
    fn all(&mut self) -> Result<(), Error> {
        let root = self.view.root()?;
        let since = self.view.document().defined_in(root.number, self.view.revision()).unwrap_or(0);
        let catalog = Reached { dictionary: self.view.catalog()?, since };
        if let Some(names) = self.child(&catalog, "Names")?
            && let Some(files) = names.dictionary.get("EmbeddedFiles").cloned()
        {
            let listed = self.tree(&files, names.since, &["Kids"], &mut |search, node| search.names(node));
            self.goes_on(listed)?;
        }
        self.associated(&catalog)?;
        if let Some(pages) = catalog.dictionary.get("Pages").cloned() {
            self.tree(&pages, since, &["Kids"], &mut |search, page| search.page(page))?;
        }
        Ok(())
    }

    fn reach(&self, value: &Value, since: usize) -> Result<Option<Reached>, Error> {
        let document = self.view.document();
        let own = value.as_reference().and_then(|id| document.defined_in(id.number, self.view.revision()));
        let resolved = self.view.resolve(value)?;
        let dictionary = resolved.as_dictionary().cloned();
        Ok(dictionary.map(|dictionary| Reached { dictionary, since: since.max(own.unwrap_or(0)) }))
    }

    fn child(&self, of: &Reached, key: &str) -> Result<Option<Reached>, Error> {
        of.dictionary.get(key).map_or(Ok(None), |value| self.reach(value, of.since))
    }

    /// The nodes of a tree, each once.
    fn tree(
        &mut self,
        root: &Value,
        since: usize,
        keys: &[&str],
        visit: &mut dyn FnMut(&mut Self, &Reached) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut stack = vec![(root.clone(), since)];
        while let Some((value, since)) = stack.pop() {
            self.left = self.left.checked_sub(1).ok_or(Error::OverLimit("nodes of PDF trees", MOST_NODES))?;
            if value.as_reference().is_some_and(|id| !self.seen.insert(id)) {
                continue;
            }
            let Some(node) = self.reach(&value, since)? else { continue };
            visit(self, &node)?;
            for key in keys {
                let kids = self.view.array(&node.dictionary, key)?;
                stack.extend(kids.into_iter().rev().map(|kid| (kid, node.since)));
            }
        }
        Ok(())
    }

    /// What is broken is kept, for who asks for the files; what is over a limit ends the search.
    fn goes_on(&mut self, outcome: Result<(), Error>) -> Result<(), Error> {
        match outcome {
            Err(why @ Error::OverLimit(..)) => Err(why),
            Err(why) => {
                self.broken.get_or_insert(why);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn names(&mut self, node: &Reached) -> Result<(), Error> {
        for pair in self.view.array(&node.dictionary, "Names")?.chunks_exact(2) {
            if let [_, file] = pair {
                self.specification(file, node.since)?;
            }
        }
        Ok(())
    }

    fn page(&mut self, page: &Reached) -> Result<(), Error> {
        self.associated(page)?;
        for annotation in self.view.array(&page.dictionary, "Annots")? {
            let Some(annotation) = self.reach(&annotation, page.since)? else { continue };
            if annotation.dictionary.name("Subtype") == Some(b"FileAttachment")
                && let Some(file) = annotation.dictionary.get("FS")
            {
                self.specification(file, annotation.since)?;
            }
        }
        Ok(())
    }

    fn associated(&mut self, of: &Reached) -> Result<(), Error> {
        for file in self.view.array(&of.dictionary, "AF")? {
            self.specification(&file, of.since)?;
        }
        Ok(())
    }

    /// A file specification (7.11.3).
    fn specification(&mut self, value: &Value, since: usize) -> Result<(), Error> {
        let read = self.specified(value, since);
        self.goes_on(read)
    }

    fn specified(&mut self, value: &Value, since: usize) -> Result<(), Error> {
        let Some(file) = self.reach(value, since)? else { return Ok(()) };
        let Some(embedded) = self.child(&file, "EF")? else { return Ok(()) };
        for key in ["UF", "F"] {
            let Some(id) = embedded.dictionary.get(key).and_then(Value::as_reference) else { continue };
            if !self.streams.insert(id) {
                continue;
            }
            if self.found.len() >= MOST_FILES {
                return Err(Error::OverLimit("files attached to a PDF", MOST_FILES));
            }
            let own = self.view.document().defined_in(id.number, self.view.revision()).unwrap_or(0);
            let stream = self.view.object(id);
            let octets = stream.and_then(|stream| Ok(self.view.data(&stream)?.into_owned()));
            self.found.push(Attachment { revision: embedded.since.max(own), octets });
        }
        Ok(())
    }
}
