//! The open loop: every request when the schedule has it, and what goes on beside.

use crate::client::Client;
use crate::inputs::Inputs;
use crate::lists::Lists;
use crate::record::{Outcome, Record, Shared, Status};
use crate::run::{PhaseOutcome, Sample};
use crate::scenario::{Phase, Scenario};
use crate::schedule::Schedule;
use crate::server::{self, Server};
use crate::{Failure, aside, clock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Requests that may be under way at once; more are not sent, which makes the run invalid.
const MOST_UNDER_WAY: usize = 20_000;
/// Memory and processor are looked at this often.
const LOOK: Duration = Duration::from_millis(250);

/// What the open loop came to.
pub(crate) struct Open {
    pub(crate) record: Record,
    pub(crate) samples: Vec<Sample>,
    pub(crate) phases: Vec<PhaseOutcome>,
}

/// One phase, with its place in time.
struct Planned<'s> {
    phase: &'s Phase,
    schedule: Schedule,
    start: Duration,
}

/// The phases, one after the other, each request at its time.
pub(crate) async fn open_loop(
    server: &Server,
    scenario: &Scenario,
    inputs: &Arc<Inputs>,
    saturation: f64,
    lists: Option<&Lists>,
) -> Result<Open, Failure> {
    let mut end = Duration::ZERO;
    let mut plan = Vec::new();
    for phase in &scenario.phases {
        let schedule = Schedule::new(phase.rates(saturation), phase.seconds);
        plan.push(Planned { phase, schedule, start: end });
        end += schedule.lasts();
    }
    let lengths: Vec<Duration> = plan.iter().map(|planned| planned.schedule.lasts()).collect();
    // A moment ahead, so that the first request is not late already.
    let start = clock::now() + Duration::from_millis(50);
    let sender = Arc::new(Sender {
        client: Client::new(server.address, scenario.connections)?,
        inputs: Arc::clone(inputs),
        record: Shared::new(Record::new(&lengths)?),
        under_way: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        start,
    });
    let due: Vec<(Schedule, Duration)> = plan.iter().map(|p| (p.schedule, p.start)).collect();
    let (pacer, handle) = (Arc::clone(&sender), Handle::current());
    let pacing = std::thread::spawn(move || pace(&handle, &pacer, &due));
    let sampling = async { sample(server, start, end).await };
    let beside = async {
        let mut outcomes = Vec::new();
        for planned in &plan {
            outcomes.push(beside(server, planned, inputs, start, lists).await?);
        }
        Ok::<_, Failure>(outcomes)
    };
    let watched = tokio::try_join!(sampling, beside);
    // Where the server is gone there is nothing left to send.
    sender.stopped.store(watched.is_err(), Ordering::Release);
    let (samples, phases) = watched?;
    // All answers are waited for; each request has a time of its own that ends it.
    while !pacing.is_finished() || sender.under_way.load(Ordering::Acquire) > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(Open { record: sender.record.take(), samples, phases })
}

/// What every request needs.
struct Sender {
    client: Client,
    inputs: Arc<Inputs>,
    record: Shared,
    under_way: AtomicUsize,
    stopped: AtomicBool,
    start: Instant,
}

impl Sender {
    async fn one(&self, phase: usize, number: u64, due: Duration) {
        let sent = self.start.elapsed();
        let status = self.client.post("/v1/verify", self.inputs.body(number)).await;
        self.record.add(&Outcome { phase, due, sent, done: self.start.elapsed(), status });
        self.under_way.fetch_sub(1, Ordering::AcqRel);
    }

    fn drop_one(&self, phase: usize, due: Duration) {
        let now = self.start.elapsed();
        self.record.add(&Outcome { phase, due, sent: now, done: now, status: Status::Unsent });
    }
}

/// Hands every request to the runtime when it is due: a thread of its own, since the runtime's timers count in
/// milliseconds.
fn pace(handle: &Handle, sender: &Arc<Sender>, phases: &[(Schedule, Duration)]) {
    // The kernel may otherwise wake us 50 µs late to save power. Where it refuses, lateness is reported anyway.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
    let mut number = 0;
    for (phase, (schedule, starts)) in phases.iter().enumerate() {
        for index in 0..schedule.count() {
            let due = *starts + schedule.due(index);
            clock::sleep_until(sender.start + due);
            if sender.stopped.load(Ordering::Acquire) {
                return;
            }
            if sender.under_way.load(Ordering::Acquire) >= MOST_UNDER_WAY {
                sender.drop_one(phase, due);
            } else {
                sender.under_way.fetch_add(1, Ordering::AcqRel);
                let sender = Arc::clone(sender);
                handle.spawn(async move { sender.one(phase, number, due).await });
            }
            number += 1;
        }
    }
}

async fn sample(server: &Server, start: Instant, end: Duration) -> Result<Vec<Sample>, Failure> {
    let mut samples = Vec::new();
    loop {
        let at = start.elapsed();
        samples.push(Sample { at, server: server.usage()?, generator: server::usage("self")? });
        if at >= end {
            return Ok(samples);
        }
        tokio::time::sleep(LOOK.min(end.saturating_sub(at))).await;
    }
}

/// What goes on beside a phase's arrivals; returns at its end.
async fn beside(
    server: &Server,
    planned: &Planned<'_>,
    inputs: &Arc<Inputs>,
    start: Instant,
    lists: Option<&Lists>,
) -> Result<PhaseOutcome, Failure> {
    let from = tokio::time::Instant::from_std(start + planned.start);
    let until = from + planned.schedule.lasts();
    tokio::time::sleep_until(from).await;
    let slow = async {
        match &planned.phase.slow {
            Some(slow) => Some(aside::slow(server.address, slow.clone(), Arc::clone(inputs), until).await),
            None => None,
        }
    };
    let batch = async {
        match &planned.phase.batch {
            Some(batch) => {
                let batches = aside::batches(server.address, batch.clone(), Arc::clone(inputs), until);
                batches.await.map(Some)
            }
            None => Ok(None),
        }
    };
    let refreshes = async {
        match &planned.phase.refresh {
            Some(refresh) => aside::refreshes(server, refresh, lists, until).await.map(Some),
            None => Ok(None),
        }
    };
    let (slow, batch, refreshes) = tokio::join!(slow, batch, refreshes);
    tokio::time::sleep_until(until).await;
    Ok(PhaseOutcome { slow, batch: batch?, refreshes: refreshes?, ..PhaseOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::quantile_ms;
    use crate::scenario::Input;
    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::service::service_fn;
    use hyper::{Request, Response, body::Incoming};
    use hyper_util::rt::TokioIo;

    /// Answers at once, but its fifth answer takes 300 ms.
    async fn stalling_server() -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answered = Arc::clone(&answered);
                let answer = service_fn(move |_: Request<Incoming>| {
                    let number = answered.fetch_add(1, Ordering::Relaxed);
                    async move {
                        if number == 4 {
                            tokio::time::sleep(Duration::from_millis(300)).await;
                        }
                        Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::new())))
                    }
                });
                let serve = hyper::server::conn::http1::Builder::new();
                tokio::spawn(async move { serve.serve_connection(TokioIo::new(stream), answer).await });
            }
        });
        address
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stall_counts_for_every_request_that_was_due_in_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "x").unwrap();
        let inputs = Inputs::read(folder.path(), &[Input { path: "a".into(), weight: 1 }]).unwrap();
        let schedule = Schedule::new((100.0, 100.0), 1.0);
        let sender = Arc::new(Sender {
            client: Client::new(stalling_server().await, 1).unwrap(),
            inputs: Arc::new(inputs),
            record: Shared::new(Record::new(&[schedule.lasts()]).unwrap()),
            under_way: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            start: clock::now() + Duration::from_millis(20),
        });
        let (pacer, handle) = (Arc::clone(&sender), Handle::current());
        let pacing = std::thread::spawn(move || pace(&handle, &pacer, &[(schedule, Duration::ZERO)]));
        while !pacing.is_finished() || sender.under_way.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let record = sender.record.take();
        let phase = &record.phases[0];
        assert_eq!(phase.count(Status::Answer(200)), 100);
        // Thirty were due while one was being answered; their mean wait is half the stall.
        assert!(quantile_ms(&phase.good, 0.99).unwrap() > 250.0);
        assert!(quantile_ms(&phase.good, 0.85).unwrap() > 100.0, "{:?}", quantile_ms(&phase.good, 0.85));
        assert!(quantile_ms(&phase.good, 0.60).unwrap() < 100.0);
    }
}
