//! One document on two threads, where it is large enough.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Bytes from which a second thread pays: below them starting one costs more than it takes off (see benches/README.md).
pub(super) const WORTH: usize = 1 << 20;

/// Threads that may still be started: with those that verify there are never more than twice the cores.
static FREE: LazyLock<AtomicUsize> =
    LazyLock::new(|| AtomicUsize::new(thread::available_parallelism().map_or(1, usize::from)));

/// Does both; at once where `pays` and a thread is to be had.
pub(super) fn both<A: Send, B>(
    pays: bool,
    aside: impl FnOnce() -> A + Send,
    here: impl FnOnce() -> B,
) -> (A, B) {
    let Some(_place) = pays.then(Place::take).flatten() else { return (aside(), here()) };
    thread::scope(|scope| {
        let aside = scope.spawn(aside);
        let here = here();
        (aside.join().unwrap_or_else(|panic| resume_unwind(panic)), here)
    })
}

/// One of the free threads, given back at the end.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let less = |free: usize| free.checked_sub(1);
        FREE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        FREE.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_with_and_without_a_free_thread() {
        let here = thread::current().id();
        let ids = |pays| both(pays, || thread::current().id(), || thread::current().id());
        assert_eq!(ids(false), (here, here));
        assert_ne!(ids(true).0, here);
        let mut places = Vec::new();
        while let Some(place) = Place::take() {
            places.push(place);
        }
        assert_eq!(ids(true), (here, here));
        drop(places);
        assert_ne!(ids(true).0, here);
    }
}
