//! Clients that keep asking over HTTP/1.1 and HTTP/2, one by one and in batches, and keep account of every request.

use crate::server::{AT, wait_until};
use crate::support::root;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;

/// Lines of a batch.
const LINES: usize = 40;

/// A client that was itself away from a connection for so long knows that it may be closed (RFC 9112, 9.5).
const AWAY: Duration = Duration::from_millis(500);

/// What became of all requests.
#[derive(Clone, Default, Debug)]
pub(super) struct Told {
    /// Requests with a verdict.
    pub(super) answered: usize,
    /// Lines of batches with a verdict.
    pub(super) lines: usize,
    /// Told in an answer to ask again: 503 with Retry-After, or the last line of a batch that names the first line not read.
    pub(super) put_off: usize,
    /// Told by GOAWAY that they were not taken up (RFC 9113, 6.8).
    pub(super) disclaimed: usize,
    /// Not sent: the client saw before that the connection was closed.
    pub(super) unsent: usize,
    /// On a connection that was refused, or ended before its first request was read.
    pub(super) untaken: usize,
    /// All others that got no answer.
    pub(super) lost: Vec<String>,
}

/// Clients on these addresses, in turns.
pub(super) struct Load {
    http1: Vec<String>,
    http2: Vec<String>,
    told: Arc<Mutex<Told>>,
    enough: Arc<AtomicBool>,
}

/// How a client asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    One,
    Two,
    Batch,
}

impl Load {
    /// On addresses that speak both.
    pub(super) fn on(addresses: Vec<String>) -> Self {
        Self::on_each(addresses.clone(), addresses)
    }

    /// On addresses of HTTP/1.1, and of HTTP/2.
    pub(super) fn on_each(http1: Vec<String>, http2: Vec<String>) -> Self {
        Self { http1, http2, told: Arc::default(), enough: Arc::default() }
    }

    pub(super) fn told(&self) -> Told {
        self.told.lock().unwrap().clone()
    }

    /// Waits until some more was answered, of every kind.
    pub(super) fn goes_on(&self) {
        let before = self.told();
        wait_until(|| {
            let now = self.told();
            now.answered >= before.answered + 50 && now.lines > before.lines || !now.lost.is_empty()
        });
    }

    /// Runs the clients while this runs, and until each has the answer to its last request.
    pub(super) fn during(&self, run: impl FnOnce()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let ways = [Way::One, Way::One, Way::One, Way::Two, Way::Two, Way::Batch, Way::Batch];
        let asking: Vec<_> = ways
            .into_iter()
            .enumerate()
            .map(|(number, way)| {
                let addresses = if way == Way::Two { self.http2.clone() } else { self.http1.clone() };
                runtime.spawn(Client::new(way, addresses, self).keep_asking(number))
            })
            .collect();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        self.enough.store(true, Ordering::SeqCst);
        for one in asking {
            runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(300), one).await })
                .unwrap()
                .unwrap();
        }
        if let Err(panic) = ran {
            std::panic::resume_unwind(panic);
        }
    }
}

/// A connection of either version.
#[derive(Clone)]
enum Sender {
    One(Arc<tokio::sync::Mutex<http1::SendRequest<Full<Bytes>>>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

/// What became of one request that was not answered.
enum Failed {
    Unsent,
    Disclaimed,
    Broken(String),
}

impl Sender {
    async fn connect(way: Way, address: &str) -> Option<Self> {
        let io = TokioIo::new(TcpStream::connect(address).await.ok()?);
        Some(match way {
            Way::One | Way::Batch => {
                let (sender, connection) = http1::handshake(io).await.ok()?;
                tokio::spawn(connection);
                Self::One(Arc::new(tokio::sync::Mutex::new(sender)))
            }
            Way::Two => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.ok()?;
                tokio::spawn(connection);
                Self::Two(sender)
            }
        })
    }

    async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<hyper::body::Incoming>, Failed> {
        let sent = match self {
            Self::One(sender) => {
                let mut sender = sender.lock().await;
                sender.ready().await.map_err(|_| Failed::Unsent)?;
                sender.try_send_request(request).await
            }
            Self::Two(sender) => {
                sender.ready().await.map_err(|_| Failed::Unsent)?;
                sender.try_send_request(request).await
            }
        };
        sent.map_err(|mut error| {
            let back = error.take_message();
            let error = error.into_error();
            match back {
                Some(_) => Failed::Unsent,
                None if is_disclaimed(&error) => Failed::Disclaimed,
                None => Failed::Broken(format!("{error:?}")),
            }
        })
    }
}

/// Whether the server said in an orderly GOAWAY that the stream is above the last one that it took up.
pub(crate) fn is_disclaimed(error: &hyper::Error) -> bool {
    let h2 = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    h2.is_some_and(|h2| h2.is_go_away() && h2.is_remote() && h2.reason() == Some(h2::Reason::NO_ERROR))
}

#[derive(Clone)]
struct Client {
    way: Way,
    addresses: Vec<String>,
    credential: Bytes,
    told: Arc<Mutex<Told>>,
    enough: Arc<AtomicBool>,
}

impl Client {
    fn new(way: Way, addresses: Vec<String>, load: &Load) -> Self {
        let credential = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap().into();
        let (told, enough) = (Arc::clone(&load.told), Arc::clone(&load.enough));
        Self { way, addresses, credential, told, enough }
    }

    fn note(&self, what: impl FnOnce(&mut Told)) {
        what(&mut self.told.lock().unwrap());
    }

    async fn keep_asking(self, number: usize) {
        for turn in number.. {
            if self.enough.load(Ordering::SeqCst) {
                return;
            }
            let address = &self.addresses[turn % self.addresses.len()];
            let Some(sender) = Sender::connect(self.way, address).await else {
                self.note(|told| told.untaken += 1);
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            let answered = Arc::new(AtomicUsize::new(0));
            // Several at once where the connection can carry them.
            let streams = if self.way == Way::Two { 4 } else { 1 };
            let mut asking = tokio::task::JoinSet::new();
            for _ in 0..streams {
                asking.spawn(self.clone().ask_on(sender.clone(), Arc::clone(&answered)));
            }
            while let Some(ended) = asking.join_next().await {
                ended.unwrap();
            }
        }
    }

    /// Asks on one connection until that ends.
    async fn ask_on(self, mut sender: Sender, answered: Arc<AtomicUsize>) {
        while !self.enough.load(Ordering::SeqCst) {
            let away = sealgate::clock::Stopwatch::start();
            tokio::time::sleep(Duration::from_millis(2)).await;
            let was_away = away.elapsed() > AWAY;
            let (path, body) = match self.way {
                Way::Batch => ("/v1/verify/batch", self.lines()),
                _ => ("/v1/verify", self.credential.clone()),
            };
            let uri = match self.way {
                Way::Two => format!("http://x{path}?at={AT}"),
                _ => format!("{path}?at={AT}"),
            };
            let request = Request::post(uri);
            // In HTTP/2 `:authority` says it (RFC 9113, 8.3.1).
            let request = if self.way == Way::Two { request } else { request.header("host", "x") };
            let request = request.body(Full::new(body)).unwrap();
            match sender.ask(request).await {
                Ok(answer) => {
                    self.read(answer).await;
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                Err(failed) => {
                    let is_first = answered.load(Ordering::SeqCst) == 0;
                    return self.note(|told| match failed {
                        Failed::Unsent => told.unsent += 1,
                        Failed::Disclaimed => told.disclaimed += 1,
                        Failed::Broken(_) if was_away => told.unsent += 1,
                        Failed::Broken(_) if is_first => told.untaken += 1,
                        Failed::Broken(why) => told.lost.push(format!("{:?}: no answer: {why}", self.way)),
                    });
                }
            }
        }
    }

    fn lines(&self) -> Bytes {
        let credential = STANDARD.encode(&self.credential);
        let line = |id: usize| format!("{{\"id\":{id},\"credential_base64\":\"{credential}\"}}\n");
        (1..=LINES).map(line).collect::<String>().into()
    }

    async fn read(&self, answer: Response<hyper::body::Incoming>) {
        let status = answer.status().as_u16();
        let again = answer.headers().contains_key("retry-after");
        let body = match answer.into_body().collect().await {
            Ok(body) => String::from_utf8(body.to_bytes().to_vec()).unwrap(),
            Err(why) => return self.lost(&format!("the answer broke off: {why:?}")),
        };
        match (status, self.way) {
            (503, _) if again => self.note(|told| told.put_off += 1),
            (200, Way::Batch) => self.read_lines(&body),
            (200, _) if body.contains("\"verdict\":\"passed\"") => self.note(|told| told.answered += 1),
            _ => self.lost(&format!("{status}: {body}")),
        }
    }

    /// Every line is answered that comes before the one that the last line names, if there is such a one.
    fn read_lines(&self, body: &str) {
        let (mut answered, mut end) = (BTreeSet::new(), LINES + 1);
        for line in body.lines() {
            let answer: Value = serde_json::from_str(line).unwrap();
            let number = usize::try_from(answer["line"].as_u64().unwrap()).unwrap();
            if answer.get("id").is_none() && answer["problem"]["status"] == 503 {
                end = number;
            } else if answer["verdict"]["verdict"] == "passed" {
                answered.insert(number);
            } else {
                self.lost(&format!("a line: {line}"));
            }
        }
        if !answered.iter().copied().eq(1..end) {
            self.lost(&format!("lines: those up to {end} were read, and answered {answered:?}"));
        }
        self.note(|told| {
            told.lines += answered.len();
            told.put_off += usize::from(end <= LINES);
        });
    }

    fn lost(&self, why: &str) {
        self.note(|told| told.lost.push(format!("{:?}: {why}", self.way)));
    }
}

impl Told {
    /// That no request is lost; the first few, if any are.
    pub(super) fn nothing_is_lost(&self) {
        let (count, some) = (self.lost.len(), self.lost.iter().take(3).collect::<Vec<_>>());
        assert!(count == 0, "{count} lost, of {} answered: {some:#?}", self.answered);
    }
}
