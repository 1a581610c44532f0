//! Lists over the network → the snapshot, and the folder that keeps the last good of each.
//!
//! A server that fails changes the state of its list and nothing else. What is kept is swapped whole: a process that is
//! killed, or a disk that fills up, leaves the old lists or the new ones.

mod remote;
mod schedule;
mod store;

pub use remote::{Fetcher, Progress, Silent};
pub use schedule::pause;
pub use store::{Memory, Store};

use crate::fetch::Rules;
use crate::signature::algorithm::Crypto;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::domain::Domain;
use crate::trust::list::ListLimits;
use crate::trust::load::{Context, Error};
use crate::trust::snapshot::{Condition, ListState};
use bytes::Bytes;
use remote::{Got, Remote};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use store::{Index, Lock};

/// The rules for trusted lists: larger than other documents, from servers that take their time.
#[must_use]
pub fn rules() -> Rules {
    Rules { time: Duration::from_secs(30), bytes: ListLimits::default().bytes, ..Rules::default() }
}

/// What a synchronisation came to.
#[derive(Clone, Debug)]
pub struct Synced {
    /// The lists as they stand now.
    pub snapshot: Snapshot,
    /// Whether they could be written to the folder; if not, the folder has the last good ones from before.
    pub kept: Result<(), String>,
}

impl Synced {
    /// Territories whose newest list could not be had or was refused, with why.
    #[must_use]
    pub fn failed(&self) -> Vec<(&str, &Condition)> {
        let lists = self.snapshot.lists.iter();
        lists.filter_map(|list| Some((&*list.territory, failure(list)?))).collect()
    }
}

/// What is wrong with the newest version of a list.
#[must_use]
pub fn failure(list: &ListState) -> Option<&Condition> {
    list.newest.as_ref().or((!list.accepted()).then_some(&list.condition))
}

/// Why nothing was synchronised; the folder is as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotSynced {
    /// The folder cannot be used, or another process is at it.
    Folder(String),
    /// There is no list of lists.
    Trust(Error),
}

impl fmt::Display for NotSynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(why) => f.write_str(why),
            Self::Trust(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotSynced {}

/// Fetches every list of the domain that changed, and keeps the good ones. Blocks; not to be called where futures run.
///
/// `previous` is the snapshot in use; without it, what the folder keeps. `now` is the present.
///
/// # Errors
/// See [`NotSynced`]. A national list changes only its own [`ListState`], a list of lists that cannot be had or is
/// refused only where none is kept.
pub fn synchronise(
    store: &Store,
    domain: &Domain,
    fetcher: &Fetcher,
    previous: Option<&Snapshot>,
    now: Time,
    progress: &dyn Progress,
) -> Result<Synced, NotSynced> {
    let lock = store.lock().map_err(NotSynced::Folder)?;
    let crypto = Crypto::default();
    let on_disk = match previous {
        Some(_) => None,
        None if !store.exists() => None,
        None => store
            .load(domain, &Context::new(&crypto))
            .inspect_err(|why| tracing::warn!(%why, "the lists that are kept cannot be used"))
            .ok(),
    };
    let previous = previous.or(on_disk.as_ref());
    let mut memory = store.memory();
    let mut context = Context::new(&crypto);
    if let Some(previous) = previous {
        memory.learn(previous.last_good());
        context.previous = Some(previous);
    }
    let context = context.with_last_good(memory.last_good.clone());

    let index = store.index();
    let remote = Remote::new(fetcher, store, &index, progress);
    let loaded = match Snapshot::load(&remote, domain, &context) {
        // National lists go on to be renewed under the last good list of lists.
        Err(Error::Refused { url, why }) if remote.keep_to_what_is_held(&url, why.clone()) => {
            Snapshot::load(&remote, domain, &context).map_err(|_| Error::Refused { url, why })
        }
        other => other,
    };
    let mut snapshot = loaded.map_err(NotSynced::Trust)?;
    let got = remote.into_got();
    for list in &mut snapshot.lists {
        let known =
            previous.and_then(|previous| previous.list(&list.territory)).and_then(|list| list.checked);
        note(list, got.get(&list.url), memory.checked.get(&list.url).copied().or(known), now);
    }
    memory.learn(snapshot.last_good());
    let checked = snapshot.lists.iter().filter_map(|list| Some((list.url.clone(), list.checked?)));
    memory.checked = checked.collect();
    let kept = keep(store, &lock, domain, &snapshot, &index, &got, &memory, now);
    Ok(Synced { snapshot, kept })
}

/// Notes in a list's state what its server said.
fn note(list: &mut ListState, got: Option<&Got>, before: Option<Time>, now: Time) {
    list.checked = before;
    match got {
        Some(Got::New(..) | Got::Same) if list.accepted() && list.newest.is_none() => {
            list.checked = Some(now)
        }
        Some(Got::Failed(why)) if list.accepted() => list.newest = Some(why.clone()),
        _ => {}
    }
}

#[allow(clippy::too_many_arguments, reason = "everything that one synchronisation came to")]
fn keep(
    store: &Store,
    lock: &Lock,
    domain: &Domain,
    snapshot: &Snapshot,
    old: &Index,
    got: &BTreeMap<String, Got>,
    memory: &Memory,
    now: Time,
) -> Result<(), String> {
    let new = index(snapshot, old, got);
    let bodies: Vec<Bytes> = got
        .values()
        .filter_map(|got| match got {
            Got::New(_, bytes) => Some(bytes.clone()),
            _ => None,
        })
        .collect();
    let wrong = |error: std::io::Error| format!("{}: {error}", store.folder().display());
    store.commit(old, &new, &bodies, lock).map_err(wrong)?;
    store.remember(memory, lock).map_err(wrong)?;
    let crypto = Crypto::default();
    store.compile(domain, &Context::after(&crypto, snapshot), now, lock)
}

/// What is to be kept of every address that was asked: of a list the version that was accepted.
fn index(snapshot: &Snapshot, old: &Index, got: &BTreeMap<String, Got>) -> Index {
    let lists: BTreeMap<&str, &ListState> =
        snapshot.lists.iter().map(|list| (list.url.as_str(), list)).collect();
    let held = |url: &String, came: &Got| {
        let before = old.get(url).cloned().flatten();
        let newest = match came {
            Got::New(held, _) => Some(held.clone()),
            Got::Same | Got::Failed(_) => before.clone(),
        };
        let Some(list) = lists.get(url.as_str()) else { return newest };
        // A list that moved to another address is still the one that is kept.
        let elsewhere = || old.values().flatten().cloned().collect::<Vec<_>>();
        let known = newest.into_iter().chain(before).chain(elsewhere());
        let good = list.digest.filter(|_| list.accepted());
        known.into_iter().find(|held| Some(held.sha256) == good)
    };
    got.iter().map(|(url, came)| (url.clone(), held(url, came))).collect()
}
