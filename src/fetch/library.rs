//! Fetched documents, kept for a while, each fetched once for all who wait for it.

use super::client::{Client, NotFetched};
use crate::clock;
use crate::credential::{Document, Lookup, Outside};
use crate::time::Time;
use moka::sync::Cache;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Bytes of all documents that are kept.
const KEPT_BYTES: u64 = 64 << 20;

/// For how long a document or a failure is kept at least, whatever its server says: nobody is asked twice at once.
const AT_LEAST: Duration = Duration::from_secs(60);

/// For how long where the server says nothing.
const OTHERWISE: Duration = Duration::from_secs(300);

/// For how long at most.
const AT_MOST: Duration = Duration::from_secs(24 * 3600);

/// Addresses that are fetched at once for one request.
const AT_ONCE: usize = 16;

/// The documents that were fetched, by address.
#[derive(Debug)]
pub struct Library {
    client: Client,
    entries: Cache<String, Entry>,
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone, Debug)]
struct Entry {
    held: Result<Arc<Document>, NotFetched>,
    /// When the server was last asked.
    asked: Time,
    /// Until when it is given out without asking again.
    fresh_until: Time,
}

impl Library {
    /// An empty library.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let entries = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|address: &String, entry: &Entry| {
                let bytes = entry.held.as_ref().map_or(0, |document| document.bytes.len());
                u32::try_from(bytes.saturating_add(address.len()).saturating_add(256)).unwrap_or(u32::MAX)
            })
            .time_to_live(AT_MOST)
            .build();
        Self { client, entries, fetching: Mutex::default() }
    }

    /// What one request sees of it.
    #[must_use]
    pub fn desk(self: &Arc<Self>) -> Desk {
        Desk { library: Arc::clone(self), now: clock::now(), orders: Mutex::default() }
    }

    /// Fetches what a desk noted as wanted. `false` if there was nothing: the request is at its end.
    pub async fn fill(&self, desk: &Desk) -> bool {
        let wanted = desk.take_wanted();
        let any = !wanted.is_empty();
        let fetches = wanted.into_iter().take(AT_ONCE).map(|address| self.fetch(address));
        futures_util::future::join_all(fetches).await;
        any
    }

    /// Asks the server, unless it was asked a moment ago; whoever asks meanwhile waits for the same answer.
    async fn fetch(&self, address: String) {
        let turn = Arc::clone(self.lock().entry(address.clone()).or_default());
        let guard = turn.lock().await;
        let just_asked = |entry: &Entry| clock::now() < later(entry.asked, AT_LEAST);
        if !self.entries.get(&address).is_some_and(|entry| just_asked(&entry)) {
            let entry = self.ask(&address).await;
            self.entries.insert(address.clone(), entry);
        }
        drop(guard);
        let mut fetching = self.lock();
        // The map and this function hold one each: nobody else waits.
        if Arc::strong_count(&turn) <= 2 {
            fetching.remove(&address);
        }
    }

    async fn ask(&self, address: &str) -> Entry {
        let fetched = self.client.get(address).await;
        let asked = clock::now();
        match fetched {
            Ok(fetched) => {
                let kept = fetched.max_age.unwrap_or(OTHERWISE).clamp(AT_LEAST, AT_MOST);
                Entry { held: Ok(Arc::new(fetched.document)), asked, fresh_until: later(asked, kept) }
            }
            // A document that is there says itself until when it holds, but none is kept beyond a day.
            Err(why) => {
                let held = self.entries.get(address).and_then(|entry| entry.held.ok());
                let held = held.filter(|document| asked < later(document.fetched, AT_MOST)).ok_or(why);
                Entry { held, asked, fresh_until: later(asked, AT_LEAST) }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<()>>>> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn later(time: Time, by: Duration) -> Time {
    Time::from_millis(time.millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// What one request sees of a library, and what it still wants. Nothing is wanted twice.
#[derive(Debug)]
pub struct Desk {
    library: Arc<Library>,
    now: Time,
    orders: Mutex<Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    wanted: BTreeSet<String>,
    done: BTreeSet<String>,
}

impl Desk {
    fn take_wanted(&self) -> BTreeSet<String> {
        let mut orders = self.orders();
        let wanted = std::mem::take(&mut orders.wanted);
        orders.done.extend(wanted.iter().cloned());
        wanted
    }

    fn look_up(&self, address: &str, is_enough: impl Fn(&Entry) -> bool) -> Lookup {
        let entry = self.library.entries.get(address);
        let mut orders = self.orders();
        let done = orders.done.contains(address);
        match entry {
            Some(entry) if done || is_enough(&entry) => match entry.held {
                Ok(document) => Lookup::Found(document),
                Err(NotFetched::Status(404 | 410)) => Lookup::Absent,
                Err(why) => Lookup::Unreachable(why.to_string()),
            },
            None if done => Lookup::Unreachable(format!("more than {AT_ONCE} documents are wanted")),
            _ => {
                orders.wanted.insert(address.to_owned());
                Lookup::Wanted
            }
        }
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside for Desk {
    fn document(&self, address: &str) -> Lookup {
        self.look_up(address, |entry| self.now < entry.fresh_until)
    }

    fn renewed(&self, address: &str) -> Lookup {
        self.look_up(address, |entry| self.now < later(entry.asked, AT_LEAST))
    }
}
