//! Fetched documents, kept for a while, each fetched once for all who wait for it.

use super::address::Reach;
use super::breaker::Breaker;
use super::client::{Client, NotFetched, Question, UNKNOWN, Wish};
use crate::clock::Stopwatch;
use crate::outside::{Document, LookedFor, Lookup, Outside};
use crate::recorder::{Fetch, Holding, Kept, Recorder};
use bytes::Bytes;
use hyper::Uri;
use moka::sync::Cache;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// The documents that were fetched.
#[derive(Debug)]
pub struct Library {
    client: Client,
    entries: Cache<Wanted, Entry>,
    fetching: Mutex<HashMap<Wanted, Arc<tokio::sync::Mutex<()>>>>,
    breaker: Breaker,
    /// Against which ages are measured: the machine's clock may jump, and then nothing must be kept for years.
    watch: Stopwatch,
}

/// What is fetched.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct Wanted {
    kind: Kind,
    address: String,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Kind {
    /// A document about a credential's status or accreditation.
    AboutCredential,
    /// A CRL.
    Crl,
    /// What a responder answers to this request.
    Ocsp(Bytes),
    /// The certificate of an issuer.
    Issuer,
}

impl Kind {
    fn word(&self) -> &'static str {
        match self {
            Self::AboutCredential => "credential",
            Self::Crl => "crl",
            Self::Ocsp(_) => "ocsp",
            Self::Issuer => "issuer",
        }
    }
}

impl Wanted {
    fn wish(&self) -> Wish<'_> {
        let (fetch, accept, reach, question) = match &self.kind {
            Kind::AboutCredential => {
                let accept = "application/statuslist+jwt, application/vc+jwt, application/json, */*;q=0.5";
                (Fetch::AboutCredential, accept, Reach::Secure, None)
            }
            Kind::Crl => (Fetch::Crl, "application/pkix-crl, */*;q=0.5", Reach::Plain, None),
            Kind::Ocsp(bytes) => {
                let question = Question { media: "application/ocsp-request", bytes };
                (Fetch::Ocsp, "application/ocsp-response", Reach::Plain, Some(question))
            }
            Kind::Issuer => {
                let accept = "application/pkix-cert, application/pkcs7-mime, */*;q=0.5";
                (Fetch::Issuer, accept, Reach::Named, None)
            }
        };
        Wish { fetch, accept, known: &UNKNOWN, reach, question }
    }

    /// Scheme, host and port, as the address has them.
    fn host(&self) -> String {
        let uri = self.address.parse::<Uri>().unwrap_or_default();
        let part = |part: Option<&str>| part.unwrap_or_default().to_ascii_lowercase();
        format!("{}://{}", part(uri.scheme_str()), part(uri.authority().map(|authority| authority.as_str())))
    }

    fn weight(&self) -> usize {
        let request = if let Kind::Ocsp(bytes) = &self.kind { bytes.len() } else { 0 };
        self.address.len().saturating_add(request).saturating_add(256)
    }
}

#[derive(Clone, Debug)]
struct Entry {
    held: Result<Arc<Document>, NotFetched>,
    /// When the server gave it.
    came: Duration,
    /// When the server was last asked.
    asked: Duration,
    /// Until when it is given out without asking again.
    fresh_until: Duration,
}

impl Library {
    /// An empty library.
    #[must_use]
    pub fn new(client: Client) -> Self {
        let entries = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|wanted: &Wanted, entry: &Entry| {
                let bytes = entry.held.as_ref().map_or(0, |document| document.bytes.len());
                u32::try_from(bytes.saturating_add(wanted.weight())).unwrap_or(u32::MAX)
            })
            .time_to_live(AT_MOST)
            .build();
        let (breaker, watch) = (Breaker::default(), Stopwatch::start());
        Self { client, entries, fetching: Mutex::default(), breaker, watch }
    }

    /// The same, telling a recorder what is fetched and what is at hand.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { client: self.client.recorded(recorder), ..self }
    }

    /// How full it is.
    #[must_use]
    pub fn holding(&self) -> Holding {
        Holding::of(Kept::Documents, &self.entries)
    }

    /// How many hosts rest, since they failed again and again.
    #[must_use]
    pub fn resting(&self) -> usize {
        self.breaker.resting(self.watch.elapsed())
    }

    /// What one request sees of it.
    #[must_use]
    pub fn desk(self: &Arc<Self>) -> Desk {
        Desk { library: Arc::clone(self), now: self.watch.elapsed(), orders: Mutex::default() }
    }

    /// Fetches what a desk noted as wanted. `false` if there was nothing: the request is at its end.
    pub async fn fill(&self, desk: &Desk) -> bool {
        let wanted = desk.take_wanted();
        let any = !wanted.is_empty();
        let fetches = wanted.into_iter().take(AT_ONCE).map(|one| self.fetch(one));
        futures_util::future::join_all(fetches).await;
        any
    }

    /// Asks the server, unless it was asked a moment ago; whoever asks meanwhile waits for the same answer.
    async fn fetch(&self, wanted: Wanted) {
        let turn = Turn::of(self, &wanted);
        let _guard = turn.lock.lock().await;
        let just_asked = |entry: &Entry| self.watch.elapsed() < entry.asked.saturating_add(AT_LEAST);
        if !self.entries.get(&wanted).is_some_and(|entry| just_asked(&entry)) {
            let entry = self.ask(&wanted).await;
            self.entries.insert(wanted.clone(), entry);
        }
    }

    async fn ask(&self, wanted: &Wanted) -> Entry {
        let host = wanted.host();
        let fetched = if self.breaker.admits(&host, self.watch.elapsed()) {
            let fetched = self.client.get(&wanted.address, &wanted.wish()).await;
            if let Some(answered) = answered(fetched.as_ref().err()) {
                self.breaker.note(&host, answered, self.watch.elapsed());
            }
            fetched
        } else {
            let resting = NotFetched::Resting;
            self.client.note(wanted.wish().fetch, resting.word(), Duration::ZERO);
            Err(resting)
        };
        let asked = self.watch.elapsed();
        match fetched {
            Ok(fetched) => {
                let kept = fetched.max_age.unwrap_or(OTHERWISE).clamp(AT_LEAST, AT_MOST);
                let held = Ok(Arc::new(fetched.document));
                Entry { held, came: asked, asked, fresh_until: asked.saturating_add(kept) }
            }
            // A document that is there says itself until when it holds, but none is kept beyond a day.
            Err(why) => {
                let before = self.entries.get(wanted);
                let before = before.filter(|entry| asked < entry.came.saturating_add(AT_MOST));
                let came = before.as_ref().map_or(asked, |entry| entry.came);
                let held = before.and_then(|entry| entry.held.ok()).ok_or(why);
                Entry { held, came, asked, fresh_until: asked.saturating_add(AT_LEAST) }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Wanted, Arc<tokio::sync::Mutex<()>>>> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who want the same document; the last one out forgets it, also where nobody waits any more for what
/// comes.
struct Turn<'t> {
    library: &'t Library,
    wanted: &'t Wanted,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl<'t> Turn<'t> {
    fn of(library: &'t Library, wanted: &'t Wanted) -> Self {
        let lock = Arc::clone(library.lock().entry(wanted.clone()).or_default());
        Self { library, wanted, lock }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut fetching = self.library.lock();
        // Given back while the map is locked: of two who leave at once one sees that it is the last.
        self.lock = Arc::default();
        if fetching.get(self.wanted).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            fetching.remove(self.wanted);
        }
    }
}

/// Whether a server did its work, as far as that shows in what came; `None` where it was not asked.
fn answered(failed: Option<&NotFetched>) -> Option<bool> {
    match failed {
        Some(NotFetched::Refused(_) | NotFetched::Resting) => None,
        Some(NotFetched::Status(status)) => Some(*status != 429 && *status < 500),
        None | Some(NotFetched::TooLarge(_) | NotFetched::Redirects) => Some(true),
        Some(
            NotFetched::Unresolved
            | NotFetched::Connection
            | NotFetched::Tls(_)
            | NotFetched::TooSlow(_)
            | NotFetched::Proxy(_),
        ) => Some(false),
    }
}

/// What one request sees of a library, and what it still wants. Nothing is wanted twice.
#[derive(Debug)]
pub struct Desk {
    library: Arc<Library>,
    now: Duration,
    orders: Mutex<Orders>,
}

#[derive(Debug, Default)]
struct Orders {
    wanted: BTreeSet<Wanted>,
    done: BTreeSet<Wanted>,
    /// What was looked for, and SHA-256 of what was given.
    given: BTreeMap<Wanted, Option<[u8; 32]>>,
}

impl Desk {
    /// Whether something is wanted: then the answer made so far is not the last one.
    #[must_use]
    pub fn wants(&self) -> bool {
        !self.orders().wanted.is_empty()
    }

    /// What was looked for, each document once.
    #[must_use]
    pub fn looked_for(&self) -> Vec<LookedFor> {
        let orders = self.orders();
        let given = orders.given.iter();
        given.map(|(wanted, sha256)| LookedFor { kind: wanted.kind.word(), sha256: *sha256 }).collect()
    }

    fn take_wanted(&self) -> BTreeSet<Wanted> {
        let mut orders = self.orders();
        let wanted = std::mem::take(&mut orders.wanted);
        orders.done.extend(wanted.iter().cloned());
        wanted
    }

    fn look_up(&self, kind: Kind, address: &str, is_enough: impl Fn(&Entry) -> bool) -> Lookup {
        let wanted = Wanted { kind, address: address.to_owned() };
        // What the address itself tells need not be waited for.
        if let Err(why) = self.library.client.admits(address, wanted.wish().reach) {
            self.orders().given.insert(wanted, None);
            return Lookup::Unreachable(why.to_string());
        }
        let entry = self.library.entries.get(&wanted);
        let mut orders = self.orders();
        let done = orders.done.contains(&wanted);
        if !done {
            self.library.client.looked_up(entry.as_ref().is_some_and(&is_enough));
        }
        let lookup = match entry {
            Some(entry) if done || is_enough(&entry) => match entry.held {
                Ok(document) => Lookup::Found(document),
                Err(NotFetched::Status(404 | 410)) => Lookup::Absent,
                Err(why) => Lookup::Unreachable(why.to_string()),
            },
            None if done => Lookup::Unreachable(format!("more than {AT_ONCE} documents are wanted")),
            _ => {
                orders.wanted.insert(wanted);
                return Lookup::Wanted;
            }
        };
        let sha256 = if let Lookup::Found(document) = &lookup { Some(document.sha256) } else { None };
        orders.given.insert(wanted, sha256);
        lookup
    }

    fn fresh(&self) -> impl Fn(&Entry) -> bool {
        let now = self.now;
        move |entry| now < entry.fresh_until
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside for Desk {
    fn document(&self, address: &str) -> Lookup {
        self.look_up(Kind::AboutCredential, address, self.fresh())
    }

    fn renewed(&self, address: &str) -> Lookup {
        self.look_up(Kind::AboutCredential, address, |entry| self.now < entry.asked.saturating_add(AT_LEAST))
    }

    fn revocation(&self, address: &str, request: Option<&[u8]>) -> Lookup {
        let kind = request.map_or(Kind::Crl, |request| Kind::Ocsp(Bytes::copy_from_slice(request)));
        self.look_up(kind, address, self.fresh())
    }

    fn issuer(&self, address: &str) -> Lookup {
        self.look_up(Kind::Issuer, address, self.fresh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{Origin, Rules};
    use std::net::TcpListener;

    /// A client that leaves takes back what it waits for; nothing of that may stay.
    #[test]
    fn who_leaves_while_a_document_is_fetched_leaves_nothing_behind() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", silent.local_addr().unwrap());
        let rules = Rules { allowed: vec![Origin::parse(&origin).unwrap()], ..Rules::default() };
        let library = Arc::new(Library::new(Client::new(rules, None).unwrap()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let waits = |number: usize| {
                // Two each for one address.
                let (library, address) = (Arc::clone(&library), format!("{origin}/{}", number / 2));
                tokio::spawn(async move {
                    let desk = library.desk();
                    desk.document(&address);
                    library.fill(&desk).await
                })
            };
            let waiting: Vec<_> = (0..32).map(waits).collect();
            while library.lock().len() < 16 {
                tokio::task::yield_now().await;
            }
            waiting.iter().for_each(tokio::task::JoinHandle::abort);
            for one in waiting {
                assert!(one.await.unwrap_err().is_cancelled());
            }
        });
        assert_eq!(library.lock().len(), 0);
    }
}
