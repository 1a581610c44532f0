//! What a compiled snapshot was made from, and whether that is still so.

use super::Refused;
use crate::signature::algorithm::identity;
use crate::time::Time;
use crate::trust::domain::Domain;
use crate::trust::load::{Fetched, Mirror, Source, on_own_threads};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// This software's version: another may read the same lists otherwise.
pub(super) const SOFTWARE: &str = env!("CARGO_PKG_VERSION");

/// What a compiled snapshot was made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The version of the software that made it.
    pub software: String,
    /// When it was made.
    pub made: Time,
    /// [`Domain::digest`]: addresses, types and pins.
    pub domain: [u8; 32],
    /// SHA-256 of the mirror's `index.json`.
    pub index: [u8; 32],
    /// Every address that was asked for, with the SHA-256 of what it gave; `None` where it gave nothing.
    pub sources: Vec<(String, Option<[u8; 32]>)>,
}

impl Origin {
    pub(super) fn check(&self, domain: &Domain) -> Result<(), Refused> {
        if self.software != SOFTWARE {
            return Err(Refused::Software(self.software.clone()));
        }
        if self.domain != domain.digest() {
            return Err(Refused::Pins);
        }
        Ok(())
    }

    pub(super) fn check_sources(&self, mirror: &Mirror) -> Result<(), Refused> {
        let differs = |(url, digest): &&(String, Option<[u8; 32]>)| digest_of(&mirror.get(url)) != *digest;
        let files: Vec<&str> =
            on_own_threads(|| self.sources.par_iter().filter(differs).map(|(url, _)| url.as_str()).collect());
        let index = (self.index != mirror.index_digest()).then_some("index.json");
        let changed: Vec<String> = files.into_iter().chain(index).map(str::to_owned).collect();
        if changed.is_empty() { Ok(()) } else { Err(Refused::Sources(changed)) }
    }
}

fn digest_of(fetched: &Fetched) -> Option<[u8; 32]> {
    match fetched {
        Fetched::Bytes(bytes) => Some(identity(bytes)),
        Fetched::Unreachable(_) => None,
    }
}

/// A mirror that remembers what it gave.
pub(super) struct Recorder<'m> {
    mirror: &'m Mirror,
    given: Mutex<BTreeMap<String, Option<[u8; 32]>>>,
}

impl<'m> Recorder<'m> {
    pub(super) fn new(mirror: &'m Mirror) -> Self {
        Self { mirror, given: Mutex::default() }
    }

    pub(super) fn origin(self, domain: &Domain, made: Time) -> Origin {
        let given = self.given.into_inner().unwrap_or_else(PoisonError::into_inner);
        Origin {
            software: SOFTWARE.to_owned(),
            made,
            domain: domain.digest(),
            index: self.mirror.index_digest(),
            sources: given.into_iter().collect(),
        }
    }
}

impl Source for Recorder<'_> {
    fn get(&self, url: &str) -> Fetched {
        let fetched = self.mirror.get(url);
        let digest = digest_of(&fetched);
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), digest);
        fetched
    }

    fn size(&self, url: &str) -> Option<u64> {
        self.mirror.size(url)
    }
}
