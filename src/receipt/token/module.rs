//! Modules: loaded and started once in a process, whoever uses them.

use super::super::keys::Pin;
use super::{TokenFault, canonical, lock};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::time::Duration;

/// A module of the process. It is never unloaded: its maker's threads may run on.
pub(super) struct Module {
    pub(super) library: Pkcs11,
    /// How often it was started; held for reading by whoever is in it, for writing by whoever starts it anew.
    started: RwLock<u64>,
    /// Under which PINs the process is logged in, by the tokens' labels: one login is for all sessions of a process, and
    /// a second one is told that there is one, whatever PIN it has.
    pub(super) logins: Mutex<BTreeMap<String, Pin>>,
}

static LOADED: Mutex<Vec<(PathBuf, Arc<Module>)>> = Mutex::new(Vec::new());

impl Module {
    /// The module of this file, and whether it was there already.
    pub(super) fn load(path: &Path) -> Result<(Arc<Self>, bool), TokenFault> {
        let mut loaded = lock(&LOADED);
        let name = canonical(path);
        if let Some((_, module)) = loaded.iter().find(|(known, _)| *known == name) {
            return Ok((Arc::clone(module), true));
        }
        let library = Pkcs11::new(path).map_err(|error| match error {
            Error::LibraryLoading(error) => TokenFault::Module(format!("cannot be loaded: {error}")),
            Error::MissingSymbol(_) => TokenFault::Module("a library, but no PKCS #11 module".into()),
            error => TokenFault::Module(format!("no PKCS #11 module that can be used: {}", plain(&error))),
        })?;
        initialize(&library)?;
        let module = Arc::new(Self { library, started: RwLock::new(1), logins: Mutex::default() });
        loaded.push((name, Arc::clone(&module)));
        Ok((module, false))
    }

    /// Goes in, to make calls; the number tells one start from another.
    pub(super) fn enter(&self) -> RwLockReadGuard<'_, u64> {
        self.started.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it anew, unless somebody did since: some modules see a token that is back only then. All sessions end.
    pub(super) fn restart(&self, since: u64) -> Result<(), TokenFault> {
        // Never waits as a writer: one call that hangs would keep everybody out.
        for _ in 0..100 {
            let mut started = match self.started.try_write() {
                Ok(started) => started,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                }
            };
            if *started != since {
                return Ok(());
            }
            lock(&self.logins).clear();
            let _ = self.library.clone().finalize();
            *started = started.saturating_add(1);
            return initialize(&self.library);
        }
        Err(TokenFault::Module("cannot be started anew: a call to it hangs".into()))
    }
}

fn initialize(library: &Pkcs11) -> Result<(), TokenFault> {
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(error) => Err(TokenFault::Module(format!("cannot be started: {}", plain(&error)))),
    }
}

/// What a module answered, in a word: the standard's name of it, and to which call.
pub(super) fn plain(error: &Error) -> String {
    match error {
        Error::Pkcs11(RvError::DeviceRemoved | RvError::TokenNotPresent, _) => "it is not there".into(),
        Error::Pkcs11(RvError::SessionCount, _) => "it has no session to spare".into(),
        Error::Pkcs11(code, call) => format!("{call:?} came to {code:?}"),
        other => other.to_string(),
    }
}
