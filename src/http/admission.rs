//! CPU work on a bounded pool away from the I/O threads: single requests behind a bounded queue, batches beside them.

use crate::clock::Stopwatch;
use crate::recorder::{Lane, Recorder};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, oneshot};

/// How many single requests may start in a row while bulk work waits.
const SINGLES_BEFORE_BULK: usize = 8;

/// Bulk work running or waiting, for each thread: one in work and the next at hand, so that no thread idles.
const BULK_PER_THREAD: usize = 2;

/// A pool of threads and how much may wait for it. Single requests go before bulk work, which waits for nobody longer
/// than eight of them; so a batch of any size delays a single request by no more than what runs already.
#[derive(Debug)]
pub struct Admission {
    lanes: Arc<Lanes>,
    places: Arc<Semaphore>,
    all_places: usize,
    bulk_places: Arc<Semaphore>,
    all_bulk_places: usize,
    threads: usize,
    recorder: Option<Arc<dyn Recorder>>,
}

/// How much the pool has to do at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    /// Its threads, and those at work.
    pub(super) threads: usize,
    pub(super) busy: usize,
    /// What waits for them.
    pub(super) single: usize,
    pub(super) batch: usize,
    /// Single requests that may run or wait.
    pub(super) capacity: usize,
}

/// There is no place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl Admission {
    /// A pool of `threads`, at least one, with `queue` places for waiting work.
    ///
    /// # Errors
    /// The threads could not be started.
    pub fn new(threads: usize, queue: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let all_places = threads.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let all_bulk_places = threads.saturating_mul(BULK_PER_THREAD).min(Semaphore::MAX_PERMITS);
        let admission = Self {
            lanes: Arc::default(),
            places: Arc::new(Semaphore::new(all_places)),
            all_places,
            bulk_places: Arc::new(Semaphore::new(all_bulk_places)),
            all_bulk_places,
            threads,
            recorder: None,
        };
        for number in 0..threads {
            let lanes = Arc::clone(&admission.lanes);
            std::thread::Builder::new().name(format!("verify-{number}")).spawn(move || lanes.work())?;
        }
        Ok(admission)
    }

    /// The same, telling a recorder how long work waits.
    #[must_use]
    pub fn recorded(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// How much there is to do.
    pub(super) fn load(&self) -> Load {
        let waiting = self.lanes.lock();
        Load {
            threads: self.threads,
            busy: self.lanes.busy.load(Ordering::Relaxed),
            single: waiting.single.len(),
            batch: waiting.bulk.len(),
            capacity: self.all_places,
        }
    }

    /// How much work is running or waiting.
    #[must_use]
    pub fn depth(&self) -> usize {
        let singles = self.all_places.saturating_sub(self.places.available_permits());
        singles.saturating_add(self.all_bulk_places.saturating_sub(self.bulk_places.available_permits()))
    }

    /// Whether [`Admission::submit`] would refuse at this moment.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.places.available_permits() == 0
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
        let (job, receiver) = self.job(Lane::Single, work);
        self.lanes.push(|waiting| &mut waiting.single, job);
        receiver
    }

    /// Queues one piece of a batch, once there is a place for it: whoever waits here reads no further pieces meanwhile.
    /// The places are few, no single request's, and given in the order of asking.
    pub async fn submit_bulk<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let place = Arc::clone(&self.bulk_places).acquire_owned().await;
        let (job, receiver) = self.job(Lane::Batch, move || {
            let _place = place;
            work()
        });
        self.lanes.push(|waiting| &mut waiting.bulk, job);
        receiver
    }

    /// Work as it waits; it runs in the span in which it was asked for.
    fn job<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> (Job, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        let (span, waiting) = (tracing::Span::current(), tracing::debug_span!("queue"));
        let waits = self.recorder.clone().map(|recorder| (recorder, Stopwatch::start()));
        let lanes = Arc::clone(&self.lanes);
        let job = move || {
            drop(waiting);
            let busy = Busy::new(lanes);
            if let Some((recorder, watch)) = waits {
                recorder.waited(lane, watch.elapsed());
            }
            let done = span.in_scope(work);
            // Who has the answer finds the thread free.
            drop(busy);
            let _ = sender.send(done);
        };
        (Box::new(job), receiver)
    }
}

impl Drop for Admission {
    /// The threads end once nothing waits.
    fn drop(&mut self) {
        self.lanes.lock().closed = true;
        self.lanes.changed.notify_all();
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread at work, until it is dropped.
struct Busy(Arc<Lanes>);

impl Busy {
    fn new(lanes: Arc<Lanes>) -> Self {
        lanes.busy.fetch_add(1, Ordering::Relaxed);
        Self(lanes)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What waits for a thread.
#[derive(Default)]
struct Lanes {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// Threads at work.
    busy: AtomicUsize,
}

#[derive(Default)]
struct Waiting {
    single: VecDeque<Job>,
    bulk: VecDeque<Job>,
    singles_in_a_row: usize,
    closed: bool,
}

impl Waiting {
    fn next(&mut self) -> Option<Job> {
        let bulk_is_due = self.single.is_empty() || self.singles_in_a_row >= SINGLES_BEFORE_BULK;
        if bulk_is_due && let Some(job) = self.bulk.pop_front() {
            self.singles_in_a_row = 0;
            return Some(job);
        }
        let job = self.single.pop_front()?;
        let in_a_row = self.singles_in_a_row.saturating_add(1);
        self.singles_in_a_row = if self.bulk.is_empty() { 0 } else { in_a_row };
        Some(job)
    }
}

impl Lanes {
    /// Nothing runs while the lock is held that could leave the lanes half changed.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, lane: impl FnOnce(&mut Waiting) -> &mut VecDeque<Job>, job: Job) {
        lane(&mut self.lock()).push_back(job);
        self.changed.notify_one();
    }

    /// What a thread of the pool does until the end.
    fn work(&self) {
        while let Some(job) = self.take() {
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a verification panicked");
            }
        }
    }

    fn take(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.next() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.lock();
        let lengths = (waiting.single.len(), waiting.bulk.len());
        f.debug_tuple("Lanes").field(&lengths.0).field(&lengths.1).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    /// What ran, in order.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<&'static str>>>);

    impl Log {
        fn note(&self, what: &'static str) -> usize {
            let mut log = self.0.lock().unwrap();
            log.push(what);
            log.len() - 1
        }

        fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn a_full_queue_refuses_and_a_panic_frees_its_place() {
        let admission = Admission::new(1, 0).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let first = admission
            .submit(move || {
                let _ = wait.recv();
                panic!("injected");
            })
            .unwrap();
        assert!(admission.is_full());
        assert_eq!(admission.submit(|| 1).unwrap_err(), Full);
        assert_eq!(admission.depth(), 1);
        go.send(()).unwrap();
        assert!(first.blocking_recv().is_err());
        while admission.depth() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(admission.submit(|| 2).unwrap().blocking_recv(), Ok(2));
    }

    /// A single request that comes while the one thread is busy with a piece of a batch is the very next to start.
    #[test]
    fn a_batch_of_100_000_delays_a_single_request_by_no_more_than_what_runs() {
        const PIECES: usize = 100_000;
        const EVERY: usize = 1000;
        let admission = Arc::new(Admission::new(1, 4).unwrap());
        let log = Log::default();
        let (told, positions) = mpsc::channel();
        runtime().block_on(async {
            for piece in 0..PIECES {
                let (admission, log, told) = (Arc::clone(&admission), log.clone(), told.clone());
                let in_flight = Arc::clone(&admission);
                // Within a piece, so that nothing starts between noting when the single came and queueing it.
                let piece = in_flight
                    .submit_bulk(move || {
                        let arrived = log.note("bulk");
                        if piece % EVERY == 0 {
                            let single = move || told.send((arrived, log.note("single"))).unwrap();
                            drop(admission.submit(single).unwrap());
                        }
                    })
                    .await;
                drop(piece);
                assert!(in_flight.depth() <= BULK_PER_THREAD + 5);
            }
        });
        drop(told);
        let positions: Vec<(usize, usize)> = positions.iter().collect();
        assert_eq!(positions.len(), PIECES / EVERY);
        for (arrived, started) in positions {
            assert_eq!(started, arrived + 1);
        }
        while log.len() < PIECES + PIECES / EVERY {
            std::thread::yield_now();
        }
    }

    #[test]
    fn single_requests_without_end_do_not_starve_a_batch() {
        let admission = Admission::new(1, 100).unwrap();
        let log = Log::default();
        let (go, wait) = mpsc::channel::<()>();
        let gate = admission.submit(move || wait.recv().unwrap()).unwrap();
        let noting = |what| {
            let log = log.clone();
            move || log.note(what)
        };
        let mut singles: Vec<_> = (0..50).map(|_| admission.submit(noting("single")).unwrap()).collect();
        let mut pieces: Vec<_> = runtime().block_on(async {
            vec![admission.submit_bulk(noting("bulk")).await, admission.submit_bulk(noting("bulk")).await]
        });
        go.send(()).unwrap();
        gate.blocking_recv().unwrap();
        let at: Vec<usize> = pieces.drain(..).map(|piece| piece.blocking_recv().unwrap()).collect();
        // The gate may or may not have started before the batch came.
        assert!((SINGLES_BEFORE_BULK - 1..=SINGLES_BEFORE_BULK).contains(&at[0]), "{at:?}");
        assert_eq!(at[1] - at[0], SINGLES_BEFORE_BULK + 1);
        singles.drain(..).for_each(|single| assert!(single.blocking_recv().is_ok()));
    }

    #[test]
    fn a_batch_waits_for_places_of_its_own() {
        let admission = Admission::new(1, 0).unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let gate = admission.submit(move || wait.recv().unwrap()).unwrap();
        runtime().block_on(async {
            for _ in 0..BULK_PER_THREAD {
                drop(admission.submit_bulk(|| ()).await);
            }
            let mut beyond = Box::pin(admission.submit_bulk(|| ()));
            assert!(beyond.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            go.send(()).unwrap();
            assert!(beyond.await.await.is_ok());
        });
        gate.blocking_recv().unwrap();
    }
}
