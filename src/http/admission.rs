//! CPU work on a bounded pool away from the I/O threads, behind a bounded queue.

use std::sync::Arc;
use tokio::sync::{Semaphore, oneshot};

/// A pool of threads and how much may wait for it.
#[derive(Debug)]
pub struct Admission {
    pool: rayon::ThreadPool,
    places: Arc<Semaphore>,
    all_places: usize,
}

/// There is no place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl Admission {
    /// A pool of `threads` with `queue` places for waiting work.
    ///
    /// # Errors
    /// The threads could not be started.
    pub fn new(threads: usize, queue: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("verify-{index}"))
            .panic_handler(|_| tracing::error!("a verification panicked"))
            .build()?;
        let all_places = threads.saturating_add(queue);
        Ok(Self { pool, places: Arc::new(Semaphore::new(all_places)), all_places })
    }

    /// How much work is running or waiting.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.all_places.saturating_sub(self.places.available_permits())
    }

    /// Queues `work`; the receiver gets its result, or an error if it panicked.
    ///
    /// # Errors
    /// Refused at once: the queue is full, nothing is queued.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Full> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Full)?;
        Ok(self.resume(move || {
            let _place = place;
            work()
        }))
    }

    /// Goes on with work that was admitted before and had to wait for the network meanwhile: never refused.
    pub fn resume<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.pool.spawn_fifo(move || {
            let _ = sender.send(work());
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_panic_frees_its_place() {
        let admission = Admission::new(1, 0).unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let first = admission
            .submit(move || {
                let _ = wait.recv();
                panic!("injected");
            })
            .unwrap();
        assert_eq!(admission.submit(|| 1).unwrap_err(), Full);
        assert_eq!(admission.depth(), 1);
        go.send(()).unwrap();
        assert!(first.blocking_recv().is_err());
        while admission.depth() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(admission.submit(|| 2).unwrap().blocking_recv(), Ok(2));
    }
}
