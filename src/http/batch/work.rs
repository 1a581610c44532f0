//! One piece of a batch on the pool, and the line that answers it.

use super::input::Place;
use super::piece::{Opened, Piece};
use crate::clock;
use crate::credential::accreditation::Register;
use crate::credential::{Fields, Outside};
use crate::fetch::Desk;
use crate::format::Limits;
use crate::http::Service;
use crate::http::body::Share;
use crate::http::problem::Problem;
use crate::http::routes::Query;
use crate::pipeline::{Pipeline, Request};
use crate::report::{AcceptancePolicy, Verdict};
use crate::time::Time;
use crate::validation::Policy;
use bytes::Bytes;
use std::sync::{Arc, Weak};

/// What the query asks of every piece.
pub(super) struct Terms {
    at: Option<Time>,
    policy: Option<Arc<Policy>>,
    acceptance: Arc<AcceptancePolicy>,
    fields: Fields,
}

impl Terms {
    pub(super) fn new(query: Query) -> Self {
        Self { at: query.at, policy: query.policy, acceptance: query.acceptance, fields: query.fields }
    }
}

/// A piece in work, and everything its verdict depends on.
struct Work {
    service: Arc<Service>,
    /// Whose it is: once that is gone nobody waits for it.
    terms: Weak<Terms>,
    place: Place,
    piece: Piece,
    limits: Limits,
    pipeline: Arc<Pipeline>,
    time: Time,
    acceptance: Arc<AcceptancePolicy>,
    fields: Fields,
    /// Given back only when no thread has the piece in work any more.
    _share: Share,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.service.metrics.batch_piece_done();
    }
}

impl Work {
    fn request<'r>(&'r self, desk: Option<&'r Desk>, registers: &'r [Arc<dyn Register>]) -> Request<'r> {
        Request {
            acceptance: &self.acceptance,
            fields: self.fields,
            outside: desk.map(|desk| -> &dyn Outside { desk }),
            registers,
            ..Request::at(self.time)
        }
    }

    /// Reads and verifies: what runs on the pool, the writing of the answer included. `None` where the client left.
    fn run(&self, desk: Option<&Desk>, registers: &[Arc<dyn Register>]) -> Option<Done> {
        if self.terms.strong_count() == 0 {
            return None;
        }
        let Opened { id, credential } = self.piece.open(&self.limits);
        Some(match credential {
            Ok(bytes) => {
                let verdict = self.pipeline.verify(&bytes, &self.request(desk, registers));
                let line = line(id, self.place, "verdict", &verdict.to_json());
                Done { line, verdict: Some(verdict) }
            }
            Err(problem) => Done { line: line(id, self.place, "problem", &problem.body()), verdict: None },
        })
    }
}

/// An answer, and what of it is counted.
struct Done {
    line: Bytes,
    verdict: Option<Verdict>,
}

/// The line that answers a piece. Trust is what is in use now: a long batch does not hold on to what was replaced.
pub(super) async fn answer(
    service: Arc<Service>,
    terms: Arc<Terms>,
    place: Place,
    piece: Result<(Piece, Share), Problem>,
) -> Bytes {
    let pipeline = service.pipeline.load_full().ok_or(Problem::NotReady);
    let done = match piece.and_then(|piece| pipeline.map(|pipeline| (piece, pipeline))) {
        Ok(((piece, share), pipeline)) => {
            let pipeline = match &terms.policy {
                Some(policy) => Arc::new(pipeline.with_policy(Arc::clone(policy))),
                None => pipeline,
            };
            service.metrics.batch_piece_begun();
            let work = Work {
                service: Arc::clone(&service),
                terms: Arc::downgrade(&terms),
                place,
                piece,
                limits: Limits { bytes: service.bounds.body, ..*pipeline.limits() },
                pipeline,
                time: terms.at.unwrap_or_else(clock::now),
                acceptance: Arc::clone(&terms.acceptance),
                fields: terms.fields,
                _share: share,
            };
            verified(&service, Arc::new(work)).await
        }
        Err(problem) => Done { line: line(None, place, "problem", &problem.body()), verdict: None },
    };
    service.metrics.batch_answer(done.verdict.as_ref());
    done.line
}

/// Verifies within the time for one verification, which begins once the pool has a place for it.
async fn verified(service: &Service, work: Arc<Work>) -> Done {
    let desk = service.library.as_ref().map(|library| Arc::new(library.desk()));
    let registers: Arc<[_]> = service.registers.for_request(desk.as_ref()).into();
    let job = || {
        let (work, desk, registers) = (Arc::clone(&work), desk.clone(), Arc::clone(&registers));
        move || work.run(desk.as_deref(), &registers)
    };
    let mut running = service.admission.submit_bulk(job()).await;
    let rounds = async {
        loop {
            let done = running.await.ok().flatten();
            match (&service.library, &desk) {
                // Whatever it still wants from outside comes, and it is verified again.
                (Some(library), Some(desk)) if done.is_some() && library.fill(desk).await => {
                    running = service.admission.submit_bulk(job()).await;
                }
                _ => return done,
            }
        }
    };
    let internal = || line(work.piece.id(&work.limits), work.place, "problem", &Problem::Internal.body());
    match tokio::time::timeout(service.bounds.verify_time, rounds).await {
        Ok(Some(done)) => done,
        Ok(None) => Done { line: internal(), verdict: None },
        Err(_) => {
            let verdict = work.pipeline.out_of_time(&work.request(None, &[]));
            let line = line(work.piece.id(&work.limits), work.place, "verdict", &verdict.to_json());
            Done { line, verdict: Some(verdict) }
        }
    }
}

/// What is said where a batch ends before its end: the first place that was not read, and why. It has no `id`.
pub(super) fn last_line(place: Place, problem: &Problem) -> Bytes {
    let (kind, number) = numbered(place);
    format!("{{\"{kind}\":{number},\"problem\":{}}}\n", problem.body()).into()
}

/// `{"id", "line", "verdict"}` or the like; what has no name is called by its number.
fn line(id: Option<String>, place: Place, member: &str, content: &str) -> Bytes {
    let (kind, number) = numbered(place);
    let id = id.unwrap_or_else(|| number.to_string());
    format!("{{\"id\":{id},\"{kind}\":{number},\"{member}\":{content}}}\n").into()
}

fn numbered(place: Place) -> (&'static str, u64) {
    match place {
        Place::Line(number) => ("line", number),
        Place::Entry(number) => ("entry", number),
    }
}
