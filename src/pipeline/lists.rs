//! Status lists for the checks, from the documents at hand.

use super::Pipeline;
use crate::credential::status::{self, FoundList, StatusLists};
use crate::outside::{Lookup, Outside};
use crate::recorder::Kept;
use crate::validation;
use std::sync::Arc;

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
            Lookup::Unreachable(why) => return FoundList::Unreachable(why),
            Lookup::Absent => return FoundList::Unreachable("the server has none there".to_owned()),
            Lookup::Found(document) => document,
        };
        let mut found = true;
        let mut read = || {
            found = false;
            Arc::new(status::read(&document, &self.context, &self.pipeline.limits))
        };
        let list = match &self.pipeline.status_lists {
            Some(cache) => {
                let domain = self.context.snapshot.domain.clone();
                cache.get_with((domain, document.sha256, document.fetched), read)
            }
            None => read(),
        };
        if let Some(recorder) = &self.pipeline.recorder {
            recorder.lookup(Kept::StatusLists, found);
        }
        FoundList::Read(list)
    }
}
