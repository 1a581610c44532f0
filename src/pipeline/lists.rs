//! Status lists for the checks, from the documents at hand.
//!
//! Who signed one is judged like who sealed a credential: where revocation data is lacking it is wanted, too. What was read
//! is kept with what was seen from outside meanwhile, and holds as long as that is the same.

use super::Pipeline;
use crate::catalogue::say;
use crate::credential::status::{self, FoundList, ReadList, StatusLists};
use crate::outside::{Lookup, Outside};
use crate::recorder::Kept;
use crate::validation;
use std::sync::{Arc, Mutex, PoisonError};

/// The status lists among the documents at hand, each read once.
#[derive(Debug)]
pub(super) struct Lists<'p> {
    pub(super) pipeline: &'p Pipeline,
    pub(super) context: validation::Context<'p>,
    pub(super) outside: &'p dyn Outside,
}

impl StatusLists for Lists<'_> {
    fn list(&self, address: &str) -> FoundList {
        self.read(self.outside.document(address))
    }

    fn renewed(&self, address: &str) -> FoundList {
        self.read(self.outside.renewed(address))
    }
}

impl Lists<'_> {
    fn read(&self, found: Lookup) -> FoundList {
        let document = match found {
            Lookup::Wanted => return FoundList::Wanted,
            Lookup::Unreachable(why) => return FoundList::Unreachable(why.into()),
            Lookup::Absent => return FoundList::Unreachable(say("says.revocation-absent")),
            Lookup::Found(document) => document,
        };
        let key = (self.context.snapshot.domain.clone(), document.sha256, document.fetched);
        let cache = self.pipeline.status_lists.as_ref();
        let kept = cache.and_then(|cache| cache.get(&key)).filter(|kept| kept.holds(self.outside));
        if let Some(recorder) = &self.pipeline.recorder {
            recorder.lookup(Kept::StatusLists, kept.is_some());
        }
        if let Some(kept) = kept {
            return FoundList::Read(Arc::clone(&kept.list));
        }
        let noting = Noting { outside: self.outside, seen: Mutex::default() };
        let context = validation::Context { outside: Some(&noting), ..self.context };
        let list = Arc::new(status::read(&document, &context, &self.pipeline.limits));
        let seen = noting.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What was judged without a document that is only being fetched counts for nothing.
        if seen.iter().any(|seen| seen.came == Came::Wanted) {
            return FoundList::Wanted;
        }
        if let Some(cache) = cache {
            cache.insert(key, Arc::new(Reading { list: Arc::clone(&list), seen }));
        }
        FoundList::Read(list)
    }
}

/// A list that was read, and what its signature's validation saw from outside.
#[derive(Debug)]
pub(super) struct Reading {
    list: Arc<ReadList>,
    seen: Vec<Seen>,
}

impl Reading {
    /// Bytes that it takes in memory, about.
    pub(super) fn weight(&self) -> u32 {
        let seen: usize = self.seen.iter().map(|seen| seen.asked.weight().saturating_add(128)).sum();
        self.list.weight().saturating_add(u32::try_from(seen).unwrap_or(u32::MAX))
    }

    /// Whether the same would be seen now.
    fn holds(&self, outside: &dyn Outside) -> bool {
        self.seen.iter().all(|seen| Came::of(&seen.asked.look_up(outside)) == seen.came)
    }
}

#[derive(Debug)]
struct Seen {
    asked: Asked,
    came: Came,
}

#[derive(Debug)]
enum Asked {
    Revocation { address: String, request: Option<Vec<u8>> },
    Issuer(String),
}

#[derive(PartialEq, Eq, Debug)]
enum Came {
    Wanted,
    /// In words, which are part of what a list's reader is told.
    Unreachable(String),
    Absent,
    /// SHA-256.
    Found([u8; 32]),
}

impl Asked {
    fn look_up(&self, outside: &dyn Outside) -> Lookup {
        match self {
            Self::Revocation { address, request } => outside.revocation(address, request.as_deref()),
            Self::Issuer(address) => outside.issuer(address),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Revocation { address, request } => {
                address.len().saturating_add(request.as_ref().map_or(0, Vec::len))
            }
            Self::Issuer(address) => address.len(),
        }
    }
}

impl Came {
    fn of(lookup: &Lookup) -> Self {
        match lookup {
            Lookup::Wanted => Self::Wanted,
            Lookup::Unreachable(why) => Self::Unreachable(why.clone()),
            Lookup::Absent => Self::Absent,
            Lookup::Found(document) => Self::Found(document.sha256),
        }
    }
}

/// The documents at hand, noting what is looked up to validate a signature.
#[derive(Debug)]
struct Noting<'o> {
    outside: &'o dyn Outside,
    seen: Mutex<Vec<Seen>>,
}

impl Noting<'_> {
    fn look_up(&self, asked: Asked) -> Lookup {
        let lookup = asked.look_up(self.outside);
        let seen = Seen { came: Came::of(&lookup), asked };
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        lookup
    }
}

impl Outside for Noting<'_> {
    // No signature's validation asks for these; what a credential names is not its list's to name.
    fn document(&self, address: &str) -> Lookup {
        self.outside.document(address)
    }

    fn renewed(&self, address: &str) -> Lookup {
        self.outside.renewed(address)
    }

    fn revocation(&self, address: &str, request: Option<&[u8]>) -> Lookup {
        self.look_up(Asked::Revocation { address: address.to_owned(), request: request.map(<[u8]>::to_vec) })
    }

    fn issuer(&self, address: &str) -> Lookup {
        self.look_up(Asked::Issuer(address.to_owned()))
    }
}
