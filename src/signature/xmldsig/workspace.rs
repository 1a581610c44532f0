//! What all the signatures of a document share: the document, the detached content, the budget of work.

use super::Node;
use crate::format::xml::Document;
use crate::format::xml::c14n::{self, Method, NodeSet};
use crate::format::zip::Octets;
use crate::format::{Limits, Sink};
use crate::signature::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many times [`Limits::bytes`] the references and time-stamps of one document may digest in all: a hostile
/// document may name itself in each of its references.
const WORK_FACTOR: usize = 16;

/// The document with what belongs to it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Workspace<'a> {
    /// The document that the signatures stand in.
    pub document: &'a Document<'a>,
    /// The limits on what is parsed on the way.
    pub limits: Limits,
    /// Detached documents by name.
    pub detached: Arc<[(String, Octets<'a>)]>,
    /// Those are the files of a container: a reference must give the whole path of one.
    pub in_container: bool,
    /// The one file that every reference of an ASiC-S is to, whatever it calls it (EN 319 162-1, 4.3.1).
    pub only_file: Option<(String, Octets<'a>)>,
    /// What may still be digested.
    pub budget: Arc<Budget>,
}

impl<'a> Workspace<'a> {
    /// For one document.
    pub(crate) fn new(document: &'a Document<'a>, context: &Context<'_>) -> Self {
        let detached = context.detached.iter().map(|one| (one.name.clone(), one.bytes.clone().into()));
        Self {
            document,
            limits: *context.limits,
            detached: detached.collect(),
            in_container: false,
            only_file: None,
            budget: Arc::new(Budget::new(context.limits)),
        }
    }

    /// For a document among the files of a container, all of which share one budget.
    pub(crate) fn in_container(
        document: &'a Document<'a>,
        files: Arc<[(String, Octets<'a>)]>,
        only_file: Option<(String, Octets<'a>)>,
        budget: Arc<Budget>,
        limits: &Limits,
    ) -> Self {
        Self { document, limits: *limits, detached: files, in_container: true, only_file, budget }
    }

    /// Writes the canonical form of an element of the document.
    pub(crate) fn element(&self, node: Node<'_>, method: &Method, sink: &mut dyn Sink) -> Result<(), String> {
        self.budget.metered(sink, |sink| {
            c14n::canonicalize(self.document, &NodeSet::Subtree(node.id()), &[], method, sink);
            Ok(())
        })
    }

    /// The detached document that a URI names: by the whole name, else, unless in a container, by the file name where
    /// only one has it. Without a URI the only detached document.
    pub(crate) fn detached(&self, uri: Option<&str>) -> Option<Octets<'a>> {
        self.found(uri).map(|(_, bytes)| bytes.clone())
    }

    /// The name of the same.
    pub(crate) fn detached_name(&self, uri: Option<&str>) -> Option<String> {
        self.found(uri).map(|(name, _)| name.clone())
    }

    fn found(&self, uri: Option<&str>) -> Option<&(String, Octets<'a>)> {
        let Some(uri) = uri else {
            return match &*self.detached {
                [only] => Some(only),
                _ => None,
            };
        };
        let decoded = percent_decoded(uri);
        let exact = self.detached.iter().find(|(name, _)| name == uri || *name == decoded);
        if self.in_container {
            return exact.or(self.only_file.as_ref());
        }
        let mut by_file_name =
            self.detached.iter().filter(|(name, _)| file_name(name) == file_name(&decoded));
        exact.or_else(|| match (by_file_name.next(), by_file_name.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        })
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A URI's path with its escapes undone (RFC 3986, 2.1).
pub(crate) fn percent_decoded(uri: &str) -> String {
    let mut bytes = uri.bytes();
    let mut decoded = Vec::with_capacity(uri.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (byte == b'%').then(|| [ahead.next(), ahead.next()]);
        let value = digits.and_then(|digits| match digits {
            [Some(high), Some(low)] => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                Some(digit(high)? << 4 | digit(low)?)
            }
            _ => None,
        });
        match value {
            Some(value) => {
                decoded.push(value);
                bytes = ahead;
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Octets that may still be digested.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    /// For one document, or one container.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(AtomicUsize::new(limits.bytes.saturating_mul(WORK_FACTOR)))
    }

    /// Takes `octets` away, or refuses where nothing is left.
    pub(crate) fn spend(&self, octets: usize) -> Result<(), String> {
        let spent = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left > 0).then(|| left.saturating_sub(octets))
        });
        spent.map(|_| ()).map_err(|_| "over the limit of digested octets in one document".to_owned())
    }

    /// Runs `write` and takes away what it wrote.
    pub(crate) fn metered(
        &self,
        sink: &mut dyn Sink,
        write: impl FnOnce(&mut dyn Sink) -> Result<(), String>,
    ) -> Result<(), String> {
        self.spend(0)?;
        let mut meter = Meter { sink, octets: 0 };
        let outcome = write(&mut meter);
        // What is over the budget now is refused next time: no single piece is larger than the document.
        let _ = self.spend(meter.octets);
        outcome
    }
}

struct Meter<'s> {
    sink: &'s mut dyn Sink,
    octets: usize,
}

impl Sink for Meter<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.octets = self.octets.saturating_add(bytes.len());
        self.sink.write(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_decoding_leaves_what_is_no_escape() {
        assert_eq!(percent_decoded("a%20b%C3%A9%2"), "a b\u{e9}%2");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz"), "%zz");
    }

    #[test]
    fn a_spent_budget_refuses() {
        let budget = Budget(AtomicUsize::new(3));
        let mut sink = Vec::new();
        let write = |sink: &mut dyn Sink| {
            sink.write(b"abcd");
            Ok(())
        };
        assert!(budget.metered(&mut sink, write).is_ok());
        assert!(budget.metered(&mut sink, write).is_err());
        assert_eq!(sink, b"abcd");
    }
}
