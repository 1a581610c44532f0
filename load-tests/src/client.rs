//! An HTTP/1.1 client on hyper: keep-alive connections to one address, a bounded number of them.

use crate::Failure;
use crate::clock;
use crate::number::{micros, real};
use crate::record::{self, Status};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response, header};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// A connection idle for longer is not used again: the server may be closing it at this very moment.
const IDLE: Duration = Duration::from_secs(1);
/// Failures that are told one by one.
const MOST_TOLD: usize = 3;

/// Connections to one server.
#[derive(Debug)]
pub struct Client {
    target: SocketAddr,
    idle: Mutex<Vec<Idle>>,
    places: Semaphore,
    opens: AtomicBool,
    told: AtomicUsize,
}

/// A connection and when its last answer came.
#[derive(Debug)]
struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// An exchange that came to nothing.
#[derive(Debug)]
pub enum Broken {
    /// Before a byte of the request was sent: the server never saw it.
    Unsent(Failure),
    /// After: the answer is missing.
    Sent(Failure),
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// To `target`, with at most `connections` at once.
    ///
    /// # Errors
    /// The address is not a loopback address: load goes nowhere else.
    pub fn new(target: SocketAddr, connections: usize) -> Result<Self, Failure> {
        if !target.ip().is_loopback() {
            return Err(format!("{target}: load goes to loopback addresses only").into());
        }
        Ok(Self {
            target,
            idle: Mutex::default(),
            places: Semaphore::new(connections),
            opens: AtomicBool::new(true),
            told: AtomicUsize::new(0),
        })
    }

    /// `POST` of a body; waits for a free connection where all are busy.
    pub async fn post(&self, path: &str, body: Bytes) -> Status {
        match tokio::time::timeout(PATIENCE, self.send(Method::POST, path, body)).await {
            Ok(Ok(answer)) => Status::Answer(answer.status),
            Ok(Err(Broken::Unsent(error) | Broken::Sent(error))) => {
                self.tell(&error);
                Status::NoAnswer
            }
            Err(_) => Status::TimedOut,
        }
    }

    /// `GET`.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        match tokio::time::timeout(PATIENCE, self.send(Method::GET, path, Bytes::new())).await? {
            Ok(answer) => Ok(answer),
            Err(Broken::Unsent(error) | Broken::Sent(error)) => Err(error),
        }
    }

    /// From now on only connections that are open already are used.
    pub fn open_no_more(&self) {
        self.opens.store(false, Ordering::Release);
    }

    /// One exchange, on an idle connection or a new one.
    ///
    /// # Errors
    /// Connecting failed, or the connection broke off; whether the server may have seen the request is told.
    pub async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Answer, Broken> {
        let _place = self.places.acquire().await.map_err(unsent)?;
        let mut request = self.request(method, path, body).map_err(Broken::Unsent)?;
        loop {
            let (mut sender, fresh) = match self.take_idle() {
                Some(sender) => (sender, false),
                None => (self.connect().await.map_err(Broken::Unsent)?, true),
            };
            // The server may close an idle connection at any time; that loses nothing.
            match sender.ready().await {
                Ok(()) => {}
                Err(error) if fresh => return Err(unsent(error)),
                Err(_) => continue,
            }
            match sender.try_send_request(request).await {
                Ok(response) => {
                    let answer = read(response).await.map_err(Broken::Sent)?;
                    self.keep(sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message() {
                    // Not a byte of it was sent.
                    Some(message) if !fresh => request = message,
                    Some(_) => return Err(unsent(error.into_error())),
                    None => return Err(Broken::Sent(error.into_error().into())),
                },
            }
        }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let request = Request::builder().method(method).uri(path);
        Ok(request.header(header::HOST, self.target.to_string()).body(Full::new(body))?)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        if !self.opens.load(Ordering::Acquire) {
            return Err("no new connections are opened".into());
        }
        let stream = TcpStream::connect(self.target).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn take_idle(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match idle.pop() {
                Some(Idle { sender, since }) if sender.is_closed() || since.elapsed() > IDLE => drop(sender),
                other => return other.map(|idle| idle.sender),
            }
        }
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        if !sender.is_closed() {
            let idle = Idle { sender, since: clock::now() };
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        }
    }

    /// The first few reasons go to the terminal; they are counted all the same.
    fn tell(&self, error: &Failure) {
        if self.told.fetch_add(1, Ordering::Relaxed) < MOST_TOLD {
            eprintln!("no answer: {error}");
        }
    }
}

fn unsent(error: impl Into<Failure>) -> Broken {
    Broken::Unsent(error.into())
}

async fn read(response: Response<hyper::body::Incoming>) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
}

/// What a closed loop came to.
#[derive(Clone, Debug)]
pub struct Closed {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Everything else.
    pub other: u64,
    /// Microseconds from sending to answer, of those with 200.
    pub latency: Histogram<u64>,
}

impl Closed {
    /// Nothing yet.
    ///
    /// # Errors
    /// A histogram cannot be made.
    pub fn none() -> Result<Self, Failure> {
        Ok(Self { seconds: 0.0, other: 0, latency: record::histogram()? })
    }

    /// Answers with 200.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.latency.len()
    }

    /// Answers with 200 a second.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        real(self.good()) / self.seconds
    }

    /// Takes in another loop that ran before or after.
    ///
    /// # Errors
    /// The histograms do not go together.
    pub fn add(&mut self, other: &Self) -> Result<(), Failure> {
        self.seconds += other.seconds;
        self.other += other.other;
        Ok(self.latency.add(&other.latency)?)
    }
}

/// A closed loop: `connections` clients, each sending its next request when the last is answered.
///
/// This finds how much the server can do; it says nothing of latency under a load of a given rate.
///
/// # Errors
/// A client could not run.
pub async fn closed(
    client: Arc<Client>,
    connections: usize,
    lasts: Duration,
    body: Arc<dyn Fn(u64) -> Bytes + Send + Sync>,
) -> Result<Closed, Failure> {
    let number = Arc::new(AtomicU64::new(0));
    let start = clock::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (client, number, body) = (Arc::clone(&client), Arc::clone(&number), Arc::clone(&body));
        clients.spawn(async move {
            let mut mine = Closed::none()?;
            while start.elapsed() < lasts {
                let sent = clock::now();
                let next = body(number.fetch_add(1, Ordering::Relaxed));
                match client.post("/v1/verify", next).await {
                    Status::Answer(200) => mine.latency.saturating_record(micros(sent.elapsed())),
                    _ => mine.other += 1,
                }
            }
            Ok::<_, Failure>(mine)
        });
    }
    let mut all = Closed::none()?;
    while let Some(client) = clients.join_next().await {
        all.add(&client??)?;
    }
    all.seconds = start.elapsed().as_secs_f64();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_a_target() {
        for refused in ["192.0.2.1:80", "0.0.0.0:80", "[2001:db8::1]:80"] {
            assert!(Client::new(refused.parse().unwrap(), 1).is_err(), "{refused}");
        }
        assert!(Client::new("127.0.0.1:80".parse().unwrap(), 1).is_ok());
        assert!(Client::new("[::1]:80".parse().unwrap(), 1).is_ok());
    }
}
