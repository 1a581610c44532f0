//! One piece of a batch on the pool, and the line that answers it.

use super::form::Form;
use super::input::Place;
use super::piece::{Opened, Piece};
use crate::clock;
use crate::credential::Fields;
use crate::credential::accreditation::Register;
use crate::fetch::Desk;
use crate::format::Limits;
use crate::http::Service;
use crate::http::body::Share;
use crate::http::clients::Admitted;
use crate::http::problem::Problem;
use crate::http::routes::{Query, signed};
use crate::outside::Outside;
use crate::pipeline::{Pipeline, Request};
use crate::receipt::Signer;
use crate::report::{AcceptancePolicy, Verdict};
use crate::time::Time;
use crate::validation::Policy;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What the query asks of every piece.
pub(super) struct Terms {
    /// Whose batch it is.
    admitted: Arc<Admitted>,
    /// Bytes that a piece may have.
    pub(super) limit: usize,
    at: Option<Time>,
    policy: Option<Arc<Policy>>,
    acceptance: Arc<AcceptancePolicy>,
    fields: Fields,
    lang: Option<Arc<str>>,
    /// Signs the receipts, where there shall be some.
    signer: Option<Arc<Signer>>,
    /// How answers are written.
    pub(super) form: Form,
}

impl Terms {
    /// Of a batch of this client, of which a piece may have so many bytes at most.
    pub(super) fn new(query: Query, admitted: Arc<Admitted>, most: usize, form: Form) -> Self {
        let limit = admitted.body_limit(most);
        let Query { at, policy, acceptance, fields, lang, signer } = query;
        // A table has no place for a receipt.
        let signer = signer.filter(|_| form == Form::Json);
        Self { form, admitted, limit, at, policy, acceptance, fields, lang: lang.map(Arc::from), signer }
    }
}

/// A piece in work, and everything its verdict depends on.
struct Work {
    service: Arc<Service>,
    /// Whose it is: once that is gone nobody waits for it.
    terms: Weak<Terms>,
    place: Place,
    piece: Piece,
    form: Form,
    limits: Limits,
    pipeline: Arc<Pipeline>,
    time: Time,
    acceptance: Arc<AcceptancePolicy>,
    fields: Fields,
    lang: Option<Arc<str>>,
    signer: Option<Arc<Signer>>,
    /// Given back only when no thread has the piece in work any more.
    share: Mutex<Share>,
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
            lang: self.lang.as_deref(),
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
                let request = self.request(desk, registers);
                let verdict = self.pipeline.verify(&bytes, &request);
                let signer = self.signer.as_deref();
                let on = (&*self.pipeline, &request);
                match signed(&self.service, signer, verdict, on, &bytes, desk) {
                    Ok(mut verdict) => {
                        let write = || self.form.verdict(id, self.place, &mut verdict);
                        let line = self.service.metrics.report(write);
                        Done { line, verdict: Some(verdict) }
                    }
                    Err(problem) => Done { line: self.form.problem(id, self.place, &problem), verdict: None },
                }
            }
            Err(problem) => Done { line: self.form.problem(id, self.place, &problem), verdict: None },
        })
    }
}

/// An answer, and what of it is counted.
struct Done {
    line: String,
    verdict: Option<Verdict>,
}

/// An answer with its share of the memory, which it keeps until it is written or nobody wants it any more.
struct Answer {
    line: String,
    _share: Share,
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        self.line.as_bytes()
    }
}

/// The line that answers a piece. Trust is what is in use now: a long batch does not hold on to what was replaced.
pub(super) async fn answer(
    service: Arc<Service>,
    terms: Arc<Terms>,
    place: Place,
    piece: Result<(Piece, Share), Problem>,
) -> Bytes {
    terms.admitted.turn().await;
    let pipeline = service.pipeline.load_full().ok_or(Problem::NotReady);
    let (done, share) = match piece.and_then(|piece| pipeline.map(|pipeline| (piece, pipeline))) {
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
                form: terms.form,
                limits: Limits { bytes: terms.limit, ..*pipeline.limits() },
                pipeline,
                time: terms.at.unwrap_or_else(clock::now),
                acceptance: Arc::clone(&terms.acceptance),
                fields: terms.fields,
                lang: terms.lang.clone(),
                signer: terms.signer.clone(),
                share: Mutex::new(share),
            };
            verified(&service, Arc::new(work)).await
        }
        Err(problem) => {
            let line = terms.form.problem(None, place, &problem);
            (Done { line, verdict: None }, Share::default())
        }
    };
    service.metrics.batch_answer(done.verdict.as_ref());
    Bytes::from_owner(Answer { line: done.line, _share: share })
}

/// Verifies within the time for one verification, which begins once the pool has a place for it.
async fn verified(service: &Service, work: Arc<Work>) -> (Done, Share) {
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
    let internal = || work.form.problem(work.piece.id(&work.limits), work.place, &Problem::Internal);
    let done = match tokio::time::timeout(service.bounds.verify_time, rounds).await {
        Ok(Some(done)) => done,
        Ok(None) => Done { line: internal(), verdict: None },
        // A thread has the piece in work still, and the share with it.
        Err(_) => {
            let mut verdict = work.pipeline.out_of_time(&work.request(None, &[]));
            let line = work.form.verdict(work.piece.id(&work.limits), work.place, &mut verdict);
            return (Done { line, verdict: Some(verdict) }, Share::default());
        }
    };
    let mut share = std::mem::take(&mut *work.share.lock().unwrap_or_else(PoisonError::into_inner));
    share.fit(&service.memory.batches, done.line.len());
    (done, share)
}
