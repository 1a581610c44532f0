//! Sockets that the service manager opened and passed (sd_listen_fds(3)).

use super::listen::Listener;
use listenfd::ListenFd;
use std::collections::VecDeque;
use std::io;

/// The sockets that were passed, until they are taken.
#[derive(Debug, Default)]
pub struct Inherited(VecDeque<(String, Listener)>);

impl Inherited {
    /// Takes over what was passed to this very process: `LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES`. To be called once,
    /// before there are threads.
    ///
    /// # Errors
    /// A descriptor that is no stream socket, or a count that is no number.
    pub fn from_environment() -> io::Result<Self> {
        let variable = |name| std::env::var(name).unwrap_or_default();
        // Without it the sockets are a parent's, who forgot to take the variables away.
        if variable("LISTEN_PID").parse() != Ok(std::process::id()) {
            return Ok(Self::default());
        }
        let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        let count = variable("LISTEN_FDS");
        if count.parse::<u16>().is_err() {
            return Err(wrong(format!("LISTEN_FDS is no number of sockets: {count:?}")));
        }
        let names = variable("LISTEN_FDNAMES");
        let mut names = names.split(':');
        let mut passed = ListenFd::from_env();
        let mut sockets = VecDeque::new();
        for index in 0..passed.len() {
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
            let listener = match passed.take_tcp_listener(index) {
                Ok(listener) => listener.map(Listener::Tcp),
                Err(_) => passed
                    .take_unix_listener(index)
                    .map_err(|_| wrong(format!("socket {index} ({name}) is neither TCP nor a Unix stream")))?
                    .map(|listener| Listener::Unix(listener, None)),
            };
            sockets.extend(listener.map(|listener| (name, listener)));
        }
        Ok(Self(sockets))
    }

    /// Whether none is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of those that are left, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Takes those of this name.
    pub fn take(&mut self, name: &str) -> Vec<Listener> {
        let (taken, left): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(named, _)| named == name);
        self.0 = left;
        taken.into_iter().map(|(_, listener)| listener).collect()
    }
}
