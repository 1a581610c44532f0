//! `POST /v1/verify/batch`: NDJSON or a ZIP archive in, NDJSON out as each credential is done.
//!
//! One task reads, hands to the pool and passes on what is done. It reads no further while [`IN_FLIGHT`] pieces are
//! not answered yet, and waits while the client does not take answers: so a slow reader slows the work, and a batch
//! of any length takes the memory of a short one. It ends when the client leaves.

mod input;
mod piece;
mod stream;
mod work;

use super::clients::Admitted;
use super::outgoing::{Pieces, Progress};
use super::problem::Problem;
use super::routes::Query;
use super::{Service, accept, body};
use crate::format::Limits;
use crate::format::zip::Archive;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use input::{Input, Item, Source};
use std::sync::Arc;
use std::time::Duration;
use stream::{Sent, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tracing::Instrument;
use work::Terms;

/// Pieces of a batch that are read and not answered yet: enough to keep a pool busy while some wait for the network.
const IN_FLIGHT: usize = 32;

/// Batches at once; what each may hold is bounded, so this bounds what all hold.
const BATCHES: usize = 64;

/// The batches under way.
#[derive(Debug)]
pub struct Batches {
    places: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

impl Default for Batches {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(BATCHES)), ending: watch::Sender::new(false) }
    }
}

impl Batches {
    /// From now on they read no further: what was read is answered, and a last line says where the batch ended.
    pub(super) fn end(&self) {
        self.ending.send_replace(true);
    }
}

/// The lines that answer a batch.
pub(super) type Answers = Pieces<Stream>;

/// Answers one batch: the response begins once it is known what the body is.
pub(super) async fn answer(
    service: &Arc<Service>,
    request: Request<Incoming>,
) -> Result<Response<Answers>, Problem> {
    let (head, body) = request.into_parts();
    let (terms, place) = match admissible(service, &head) {
        Ok(admissible) => admissible,
        Err(problem) => {
            body::discard(body, &head, &service.bounds);
            return Err(problem);
        }
    };
    let limit = terms.limit;
    let mut input = Input::new(body, &head, limit, Arc::clone(service));
    let source = match source(&mut input, &head, service).await {
        Ok(Some((archive, share))) => Source::entries(archive, share, limit, Arc::clone(service)),
        Ok(None) => Source::Lines(Box::new(input)),
        Err(problem) => {
            input.discard();
            return Err(problem);
        }
    };
    // One answer under way to the connection; what it has not taken waits in the batch, and is counted there.
    let (out, answers) = mpsc::channel(1);
    let taken = Arc::new(Progress::default());
    let out = Out { answers: out, taken: Arc::clone(&taken), time: service.bounds.write_time };
    let run = run(Arc::clone(service), Arc::new(terms), source, out, place);
    tokio::spawn(run.in_current_span());
    let mut response = Response::new(Pieces::new(Stream::new(answers), taken));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// What can be told before the body comes.
fn admissible(service: &Service, head: &Parts) -> Result<(Terms, OwnedSemaphorePermit), Problem> {
    let query = Query::parse(head, service)?;
    // Each line is JSON: who asks for that is not refused.
    accept::choose(&head.headers, &["application/x-ndjson", "application/json"])
        .ok_or(Problem::NotAcceptable("application/x-ndjson"))?;
    if *service.batches.ending.borrow() {
        return Err(Problem::Ending);
    }
    if service.pipeline.load().is_none() {
        return Err(Problem::NotReady);
    }
    let place = Arc::clone(&service.batches.places).try_acquire_owned().map_err(|_| Problem::Busy)?;
    let admitted = Admitted::of(&head.extensions)?;
    Ok((Terms::new(query, admitted, service.bounds.body), place))
}

/// An archive, read whole, with its share of the memory; `None` where lines come.
async fn source(
    input: &mut Input,
    head: &Parts,
    service: &Service,
) -> Result<Option<(Archive<Bytes>, body::Share)>, Problem> {
    let said = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = said.is_some_and(|said| {
        let media = said.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case("application/zip")
    });
    // No line of JSON begins so.
    let is_zip = input.begins_with(b"PK").await?;
    let nothing = || Problem::BadRequest("body", "there is no credential in the request".into());
    if input.is_empty() {
        return Err(nothing());
    }
    if !is_zip && said {
        return Err(Problem::BadRequest("body", "is no ZIP archive, as its type says".into()));
    }
    if !is_zip {
        return Ok(None);
    }
    let (bytes, mut share) = input.whole().await?;
    let limits = Limits { bytes: service.bounds.body, ..Limits::default() };
    let opened = service.admission.submit_bulk(move || Archive::open(bytes, &limits)).await;
    let opened = opened.await.map_err(|_| Problem::Internal)?;
    let archive = opened.map_err(|why| Problem::BadRequest("body", why.to_string()))?;
    if archive.entries().is_empty() {
        return Err(nothing());
    }
    let time = service.bounds.body_time;
    if !share.grow_in_time(&service.memory.batches, archive.memory(), time).await {
        return Err(Problem::Crowded);
    }
    Ok(Some((archive, share)))
}

/// A batch from its first piece to its end; dropped work is nobody's.
async fn run(
    service: Arc<Service>,
    terms: Arc<Terms>,
    mut source: Source,
    out: Out,
    _place: OwnedSemaphorePermit,
) {
    let mut ending = service.batches.ending.subscribe();
    let mut running = FuturesUnordered::new();
    let (mut reads, mut cut_short) = (true, None);
    while reads || !running.is_empty() {
        tokio::select! {
            biased;
            () = out.answers.closed() => return,
            Some(answer) = running.next(), if !running.is_empty() => {
                if !out.pass_on(answer).await {
                    return;
                }
            }
            () = told(&mut ending), if reads => (reads, cut_short) = (false, Some(Problem::Ending)),
            next = source.next(), if reads && running.len() < IN_FLIGHT => match next {
                Ok(Some(Item { place, piece })) => {
                    running.push(work::answer(Arc::clone(&service), Arc::clone(&terms), place, piece));
                }
                Ok(None) => reads = false,
                Err(problem) => (reads, cut_short) = (false, Some(problem)),
            },
        }
    }
    if let Some(problem) = cut_short {
        let last = work::last_line(source.place(), &problem);
        if !out.pass_on(last).await {
            return;
        }
        // Else closing the connection on what is still to come would take the answer's end with it.
        source.discard();
    }
    let _ = out.answers.send(Sent::End).await;
}

/// The way to the connection.
struct Out {
    answers: mpsc::Sender<Sent>,
    /// What the client takes.
    taken: Arc<Progress>,
    /// In which it must take something.
    time: Duration,
}

impl Out {
    /// Hands an answer over; `false` where the client left or takes nothing.
    async fn pass_on(&self, answer: Bytes) -> bool {
        tokio::select! {
            sent = self.answers.send(Sent::Line(answer)) => sent.is_ok(),
            () = self.taken.stalled(self.time) => {
                tracing::debug!("a batch ended: its answers were not read");
                false
            }
        }
    }
}

async fn told(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}
