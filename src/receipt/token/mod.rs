//! Keys in tokens, by PKCS #11: the module of the token's maker is loaded, and asked to sign.
//!
//! Whatever a module does happens on threads of its own, each with a session: who waits for a signature waits so long
//! and no longer.

mod device;
mod module;
mod public;

use super::keys::{Pin, SigningKey};
use crate::clock::Stopwatch;
use crate::signature::algorithm::{PublicKey, receipt_algorithm};
use device::{Device, Opened};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Where a key is.
#[derive(Clone, Debug)]
pub struct TokenPlace {
    /// The module: a shared library.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the private key in it, and of its public key or certificate.
    pub key: String,
}

/// What is wrong with a key in a token, by what was said of it; why, without the PIN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenFault {
    /// The module cannot be loaded, or does not answer.
    Module(String),
    /// No such token, or it does not work.
    Token(String),
    /// The token does not take the PIN. It is not tried again.
    Pin(String),
    /// No such key, or none that signs receipts.
    Key(String),
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Module(why) | Self::Token(why) | Self::Pin(why) | Self::Key(why)) = self;
        f.write_str(why)
    }
}

/// A private key in a token.
pub struct TokenKey {
    token: String,
    algorithm: &'static str,
    public: PublicKey,
    /// `None` once it goes.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Of each thread, since when it waits for the token.
    busy: Vec<Busy>,
}

type Busy = Arc<Mutex<Option<Stopwatch>>>;

/// A message to be signed, and who waits for that.
struct Job {
    message: Vec<u8>,
    asked: Stopwatch,
    answer: SyncSender<Result<Vec<u8>, TokenFault>>,
}

/// Time that a signature may take, the wait for others' included.
const SIGNING: Duration = Duration::from_secs(5);

/// Time that loading a module, logging in and finding a key may take.
const OPENING: Duration = Duration::from_secs(20);

/// Sessions at once: in software more gain nothing, over a network each waits on its own.
const SESSIONS: usize = 4;

/// Time that closing them may take: longer takes only a token that hangs.
const CLOSING: Duration = Duration::from_secs(5);

impl TokenKey {
    /// Logs in and finds the key. The PIN is tried once.
    ///
    /// # Errors
    /// What is wrong.
    pub fn open(place: TokenPlace, pin: Pin, algorithm: Option<&str>) -> Result<Self, TokenFault> {
        let (told, hear) = sync_channel(1);
        let token = place.token.clone();
        let module = place.module.display().to_string();
        let asked = algorithm.map(str::to_owned);
        let opening = move || {
            let opened = Device::new(place, pin).and_then(|device| {
                let (first, public) = device.begin()?;
                match receipt_algorithm(&public, asked.as_deref()) {
                    Ok(algorithm) => {
                        let further = device.further(SESSIONS, &first);
                        let sessions: Vec<_> = std::iter::once(first).chain(further).collect();
                        Ok((device, sessions, public, algorithm))
                    }
                    Err(why) => {
                        device.close(first);
                        Err(TokenFault::Key(why))
                    }
                }
            });
            let _ = told.send(opened);
        };
        let no_thread = |error: std::io::Error| TokenFault::Module(format!("no thread: {error}"));
        let opener = thread::Builder::new().name("token".into()).spawn(opening).map_err(no_thread)?;
        let silent = |_| TokenFault::Module(format!("{module} does not answer within {OPENING:?}"));
        let opened = hear.recv_timeout(OPENING).map_err(silent)?;
        join(vec![opener]);
        let (device, sessions, public, algorithm) = opened?;
        let device = Arc::new(device);
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let (threads, busy) = (Vec::new(), Vec::new());
        let mut key = Self { token, algorithm, public, jobs: Some(jobs), threads, busy };
        for session in sessions {
            let since = Busy::default();
            key.busy.push(Arc::clone(&since));
            let (device, waiting) = (Arc::clone(&device), Arc::clone(&waiting));
            let by = By { algorithm, public: key.public.clone() };
            let work = move || work(&device, &by, &waiting, &since, session);
            key.threads.push(thread::Builder::new().name("token".into()).spawn(work).map_err(no_thread)?);
        }
        Ok(key)
    }

    /// Whether every thread has waited in vain: then nobody else shall.
    fn hangs(&self) -> bool {
        self.busy.iter().all(|since| lock(since).is_some_and(|since| since.elapsed() >= SIGNING))
    }
}

impl SigningKey for TokenKey {
    fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let silent = || format!("the token {:?} does not answer within {SIGNING:?}", self.token);
        if self.hangs() {
            return Err(silent());
        }
        let (answer, hear) = sync_channel(1);
        let job = Job { message: message.to_vec(), asked: Stopwatch::start(), answer };
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(silent)?;
        let value = hear.recv_timeout(SIGNING).map_err(|_| silent())?;
        value.map_err(|fault| format!("the token {:?}: {fault}", self.token))
    }
}

impl Drop for TokenKey {
    /// Waits until the sessions are closed.
    fn drop(&mut self) {
        self.jobs = None;
        join(std::mem::take(&mut self.threads));
    }
}

/// Waits until threads that called a module are gone, what the module keeps for each of them included: it takes the
/// process down where that goes on while the process ends.
fn join(threads: Vec<JoinHandle<()>>) {
    let (gone, hear) = channel::<()>();
    let wait = move || {
        threads.into_iter().for_each(|thread| drop(thread.join()));
        drop(gone);
    };
    if thread::Builder::new().name("token".into()).spawn(wait).is_ok() {
        let _ = hear.recv_timeout(CLOSING);
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// By what a key signs, and what its signatures are held against.
struct By {
    algorithm: &'static str,
    public: PublicKey,
}

/// Signs until nobody can ask any more.
fn work(
    device: &Device,
    by: &By,
    jobs: &Mutex<Receiver<Job>>,
    busy: &Mutex<Option<Stopwatch>>,
    first: Opened,
) {
    let mut session = Some(first);
    loop {
        let Ok(Job { message, asked, answer }) = lock(jobs).recv() else { break };
        // Who asked has given up.
        if asked.elapsed() >= SIGNING {
            continue;
        }
        *lock(busy) = Some(Stopwatch::start());
        let value = device.sign(&mut session, by, &message);
        *lock(busy) = None;
        let _ = answer.send(value);
    }
    if let Some(session) = session {
        device.close(session);
    }
}

/// What a thread that panicked left is whole: nothing here is changed in two steps.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A module's name in the file system, once for each file.
fn canonical(module: &Path) -> PathBuf {
    std::fs::canonicalize(module).unwrap_or_else(|_| module.to_owned())
}
