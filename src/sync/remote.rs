//! Lists over the network, as a load asks for them: each once, side by side, with what is kept where nothing comes.

use super::store::{Held, Index, Store};
use crate::fetch::{Answer, Client, NotFetched, Reach, Received, Validators, Wish};
use crate::recorder::{Fetch, Recorder};
use crate::trust::load::{Fetched, INDEX_BYTES, Source, files_of_index};
use crate::trust::snapshot::Condition;
use bytes::Bytes;
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinError;

const ACCEPT: &str = "application/vnd.etsi.tsl+xml, application/xml, text/xml;q=0.9, */*;q=0.5";

/// Addresses that are asked at once.
const AT_ONCE: usize = 8;
/// Bytes of all lists that one synchronisation takes in: ten times what the EU's come to.
const ALL_BYTES: usize = 256 << 20;
/// How often one address is asked again where that may help.
const AGAIN: u32 = 2;
/// The first wait before that, at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Where lists are asked for.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    mirror: Option<String>,
    runtime: Handle,
    first_wait: Duration,
}

impl Fetcher {
    /// Asks each list's own address; or, where a mirror is named, only that: `index.json` there maps each address to
    /// a file beside it. `runtime` must have threads of its own.
    ///
    /// # Errors
    /// The mirror is no `http` or `https` address.
    pub fn new(client: Client, mirror: Option<&str>, runtime: Handle) -> Result<Self, String> {
        let mirror = mirror.map(|base| {
            let known = base.starts_with("https://") || base.starts_with("http://");
            known.then(|| format!("{}/", base.trim_end_matches('/'))).ok_or("no http or https address")
        });
        Ok(Self { client, mirror: mirror.transpose()?, runtime, first_wait: FIRST_WAIT })
    }

    /// Waits up to so long before it asks an address again for the first time, then up to twice as long.
    #[must_use]
    pub fn with_first_wait(self, first_wait: Duration) -> Self {
        Self { first_wait, ..self }
    }

    /// The same, telling a recorder what is fetched.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { client: self.client.recorded(recorder), ..self }
    }

    /// Asks on the runtime's own threads: who loads may be held up, and servers and time limits do not wait.
    async fn ask(&self, address: &str, known: &Validators) -> Result<Answer, NotFetched> {
        let (this, address, known) = (self.clone(), address.to_owned(), known.clone());
        let asked = self.runtime.spawn(async move { this.ask_here(&address, &known).await });
        match asked.await.map_err(JoinError::try_into_panic) {
            Ok(answer) => answer,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime ends.
            Err(Err(_)) => Err(NotFetched::Connection),
        }
    }

    async fn ask_here(&self, address: &str, known: &Validators) -> Result<Answer, NotFetched> {
        let mut wait = self.first_wait;
        for _ in 0..AGAIN {
            match self.client.ask(address, &wish(known)).await {
                Err(why) if may_pass(&why) => tracing::debug!(address, %why, "asked again in a moment"),
                other => return other,
            }
            tokio::time::sleep(wait.mul_f64(fastrand::f64())).await;
            wait = wait.saturating_mul(2);
        }
        self.client.ask(address, &wish(known)).await
    }
}

/// HTTP is as good: a list is believed by its own signature alone.
fn wish(known: &Validators) -> Wish<'_> {
    Wish { fetch: Fetch::TrustedList, accept: ACCEPT, known, reach: Reach::Plain, question: None }
}

/// Whether asking again may help. One that was too slow had its time.
fn may_pass(why: &NotFetched) -> bool {
    match why {
        NotFetched::Unresolved | NotFetched::Connection | NotFetched::Proxy(_) => true,
        NotFetched::Status(status) => matches!(status, 408 | 429 | 500..=599),
        NotFetched::Refused(_)
        | NotFetched::Tls(_)
        | NotFetched::TooSlow(_)
        | NotFetched::TooLarge(_)
        | NotFetched::Redirects
        | NotFetched::Resting => false,
    }
}

/// What came of an address.
#[derive(Clone, Debug)]
pub(super) enum Got {
    /// A version that is not kept yet.
    New(Held, Bytes),
    /// What is kept is the newest.
    Same,
    /// Nothing that helps.
    Failed(Condition),
}

/// What one synchronisation sees.
#[derive(Debug)]
pub(super) struct Remote<'r> {
    fetcher: &'r Fetcher,
    store: &'r Store,
    index: &'r Index,
    /// The files of the mirror, where one is named; or why it could not be asked.
    mirror: Option<Result<HashMap<String, Option<PathBuf>>, String>>,
    got: Mutex<BTreeMap<String, Got>>,
    bytes: AtomicUsize,
    progress: &'r dyn Progress,
}

/// Told how far a synchronisation is.
pub trait Progress: Sync + std::fmt::Debug {
    /// So many addresses more will be asked.
    fn expect(&self, addresses: usize);
    /// One was.
    fn done(&self, url: &str);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn expect(&self, _: usize) {}
    fn done(&self, _: &str) {}
}

impl<'r> Remote<'r> {
    pub(super) fn new(
        fetcher: &'r Fetcher,
        store: &'r Store,
        index: &'r Index,
        progress: &'r dyn Progress,
    ) -> Self {
        let mirror = fetcher.mirror.as_ref().map(|base| {
            let address = format!("{base}index.json");
            let none = Validators::default();
            match fetcher.runtime.block_on(fetcher.ask(&address, &none)) {
                Ok(Answer::Document(Received { bytes, .. }))
                    if u64::try_from(bytes.len()).is_ok_and(|length| length <= INDEX_BYTES) =>
                {
                    files_of_index(&bytes).map_err(|why| format!("{address}: {why}"))
                }
                Ok(_) => Err(format!("{address}: over {INDEX_BYTES} bytes")),
                Err(why) => Err(format!("{address}: {why}")),
            }
        });
        Self { fetcher, store, index, mirror, got: Mutex::default(), bytes: AtomicUsize::new(0), progress }
    }

    /// What came of every address.
    pub(super) fn into_got(self) -> BTreeMap<String, Got> {
        self.got.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on gives what is kept of this address, for what came was refused. `false` where nothing is kept, or it
    /// was given already.
    pub(super) fn keep_to_what_is_held(&self, url: &str, why: String) -> bool {
        let held = self.held(url).is_some();
        let mut got = self.lock();
        match got.get_mut(url) {
            Some(came @ Got::New(..)) if held => {
                *came = Got::Failed(Condition::Refused(why));
                true
            }
            _ => false,
        }
    }

    fn held(&self, url: &str) -> Option<(&'r Held, Bytes)> {
        let held = self.index.get(url)?.as_ref()?;
        self.store.bytes_of(held).map(|bytes| (held, bytes))
    }

    async fn fetch(&self, url: &str) -> Got {
        let unreachable = |why: String| Got::Failed(Condition::Unreachable(why));
        let address = match self.address(url) {
            Ok(address) => address,
            Err(why) => return unreachable(why),
        };
        // Only of what is whole and came from there does the server's word tell anything.
        let held = self.held(url).map(|(held, _)| held).filter(|held| held.from == address);
        let known = held.map(Held::validators).unwrap_or_default();
        match self.fetcher.ask(&address, &known).await {
            Ok(Answer::NotModified) => Got::Same,
            Ok(Answer::Document(came)) => match self.fits(&came) {
                Ok(()) => Got::New(Held::new(&came.bytes, &address, &came.validators), came.bytes),
                Err(why) => unreachable(why),
            },
            Err(why) => unreachable(why.to_string()),
        }
    }

    fn address(&self, url: &str) -> Result<String, String> {
        match (&self.mirror, &self.fetcher.mirror) {
            (Some(Ok(files)), Some(base)) => {
                let file = files.get(url).ok_or("not in the mirror")?.as_ref();
                let file =
                    file.ok_or("the mirror has no file for it")?.to_str().ok_or("not a plain file name")?;
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
                if file.chars().all(plain) {
                    Ok(format!("{base}{file}"))
                } else {
                    Err("not a plain file name".into())
                }
            }
            (Some(Err(why)), _) => Err(why.clone()),
            _ => Ok(url.to_owned()),
        }
    }

    /// A list is believed by its signature alone; this only tells a web page from one in plain words.
    fn fits(&self, came: &Received) -> Result<(), String> {
        let media = came.media.as_deref().unwrap_or_default().to_ascii_lowercase();
        if media.starts_with("text/html") {
            return Err("the server answered with a web page".to_owned());
        }
        let length = came.bytes.len();
        if self.bytes.fetch_add(length, Ordering::Relaxed).saturating_add(length) > ALL_BYTES {
            return Err(format!("all lists together are over {ALL_BYTES} bytes"));
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Got>> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Remote<'_> {
    fn get(&self, url: &str) -> Fetched {
        self.expect(&[url]);
        let got = self.lock().get(url).cloned();
        let why = match got {
            Some(Got::New(_, bytes)) => return Fetched::Bytes(bytes),
            Some(Got::Failed(Condition::Unreachable(why) | Condition::Refused(why))) => why,
            Some(Got::Same) => "what was kept is gone".to_owned(),
            Some(Got::Failed(Condition::Accepted)) | None => "not asked".to_owned(),
        };
        self.held(url).map_or(Fetched::Unreachable(why), |(_, bytes)| Fetched::Bytes(bytes))
    }

    fn expect(&self, urls: &[&str]) {
        let mut wanted: Vec<&str> = urls.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        {
            let got = self.lock();
            wanted.retain(|url| !got.contains_key(*url));
        }
        if wanted.is_empty() {
            return;
        }
        self.progress.expect(wanted.len());
        let fetches = futures_util::stream::iter(wanted).map(|url| async move {
            let got = self.fetch(url).await;
            self.progress.done(url);
            self.lock().insert(url.to_owned(), got);
        });
        self.fetcher.runtime.block_on(fetches.buffer_unordered(AT_ONCE).collect::<()>());
    }

    fn size(&self, url: &str) -> Option<u64> {
        match self.lock().get(url) {
            Some(Got::New(held, _)) => Some(held.bytes),
            _ => self.index.get(url)?.as_ref().map(|held| held.bytes),
        }
    }
}
