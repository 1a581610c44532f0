//! Requests → pipeline → responses: listeners, admission, problems, metrics.

mod admission;
mod body;
mod metrics;
mod multipart;
mod problem;
mod routes;
mod tls;

pub use admission::Admission;
pub use metrics::Metrics;
pub use tls::acceptor;

use crate::clock::Stopwatch;
use crate::credential::accreditation::Registers;
use crate::fetch::Library;
use crate::pipeline::Pipeline;
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// The bounds that the service keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a request's body.
    pub body: usize,
    /// Time for a request's head.
    pub head_time: Duration,
    /// Time for a request's body.
    pub body_time: Duration,
    /// Time for one verification, waiting included.
    pub verify_time: Duration,
    /// Connections open at once.
    pub connections: usize,
    /// How long the end may take.
    pub shutdown_time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 64 << 20,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            verify_time: Duration::from_secs(30),
            connections: 1024,
            shutdown_time: Duration::from_secs(60),
        }
    }
}

/// What every request sees.
pub struct Service {
    /// The path of a credential; `None` until a snapshot is in.
    pub pipeline: arc_swap::ArcSwapOption<Pipeline>,
    /// Policies that a request may name; where it names none, the pipeline's own holds.
    pub policies: Vec<Arc<Policy>>,
    /// Acceptance policies that a request can name; the first where it names none.
    pub acceptance: Vec<Arc<AcceptancePolicy>>,
    /// Documents from outside; `None` where nothing is fetched.
    pub library: Option<Arc<Library>>,
    /// Registers that are asked for accreditations.
    pub registers: Registers,
    /// The pool behind its queue.
    pub admission: Admission,
    /// Counters.
    pub metrics: Metrics,
    /// Bounds.
    pub bounds: Bounds,
    /// Set once the end has begun: answers close their connections.
    pub ending: AtomicBool,
    /// TLS on every listener; plain HTTP without.
    pub tls: Option<TlsAcceptor>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// How long connections are asked, answer by answer, to close before the idle ones are closed.
const LAME_DUCK: Duration = Duration::from_secs(2);

/// Serves on `listeners` until `end` resolves, then answers what was accepted and returns.
///
/// # Errors
/// Those of registering with the runtime; errors of single connections end only these.
pub async fn serve(
    listeners: Vec<std::net::TcpListener>,
    service: Arc<Service>,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = Arc::new(GracefulShutdown::new());
    let open = Arc::new(Semaphore::new(service.bounds.connections));
    let (stop, stopped) = tokio::sync::watch::channel(());
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        accepting.spawn(accept(
            listener,
            Arc::clone(&service),
            Arc::clone(&graceful),
            Arc::clone(&open),
            stopped.clone(),
        ));
    }
    end.await;
    service.ending.store(true, Ordering::Release);
    drop(stop);
    while accepting.join_next().await.is_some() {}
    wait_until_idle(&graceful, LAME_DUCK).await;
    if let Ok(graceful) = Arc::try_unwrap(graceful)
        && tokio::time::timeout(service.bounds.shutdown_time, graceful.shutdown()).await.is_err()
    {
        tracing::warn!("connections were still open at the end of the time for shutting down");
    }
    Ok(())
}

async fn wait_until_idle(graceful: &GracefulShutdown, at_most: Duration) {
    let waited = Stopwatch::start();
    while graceful.count() > 0 && waited.elapsed() < at_most {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Accepts until told to stop; then takes what the kernel had already accepted, so that closing resets nobody.
async fn accept(
    listener: TcpListener,
    service: Arc<Service>,
    graceful: Arc<GracefulShutdown>,
    open: Arc<Semaphore>,
    mut stopped: tokio::sync::watch::Receiver<()>,
) {
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&open).acquire_owned() => permit,
            _ = stopped.changed() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((stream, _)) => spawn_connection(stream, &service, &graceful, Some(permit)),
            Err(error) => {
                // Out of file descriptors and the like: wait for connections to end instead of spinning.
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Only what waits already: clients that keep coming must not put off the end.
    for _ in 0..service.bounds.connections {
        match tokio::time::timeout(Duration::ZERO, listener.accept()).await {
            Ok(Ok((stream, _))) => spawn_connection(stream, &service, &graceful, None),
            _ => break,
        }
    }
}

fn spawn_connection(
    stream: TcpStream,
    service: &Arc<Service>,
    graceful: &GracefulShutdown,
    permit: Option<tokio::sync::OwnedSemaphorePermit>,
) {
    let watcher = graceful.watcher();
    let service = Arc::clone(service);
    tokio::spawn(async move {
        let _permit = permit;
        let _ = stream.set_nodelay(true);
        let Some(tls) = &service.tls else {
            let Ok((stream, spare)) = with_spare(stream) else { return };
            if connection(stream, &service, watcher).await == Ended::SlowHead {
                answer_slow_head(spare).await;
            }
            return;
        };
        match tokio::time::timeout(service.bounds.head_time, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                connection(stream, &service, watcher).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake came too slowly"),
        }
    });
}

/// How a connection came to its end.
#[derive(PartialEq, Eq)]
enum Ended {
    SlowHead,
    Otherwise,
}

async fn connection<S>(stream: S, service: &Arc<Service>, watcher: Watcher) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unanswered = Arc::new(AtomicUsize::new(0));
    let io = TokioIo::new(Counted { stream, read: Arc::clone(&unanswered) });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(service.bounds.head_time)
        .max_headers(64)
        .max_buf_size(256 << 10);
    let answered = Arc::clone(&unanswered);
    let service = Arc::clone(service);
    let respond = service_fn(move |request| {
        answered.store(0, Ordering::Relaxed);
        let service = Arc::clone(&service);
        async move { Ok::<_, std::convert::Infallible>(routes::respond(service, request).await) }
    });
    match watcher.watch(builder.serve_connection(io, respond)).await {
        Err(error) if error.is_timeout() && unanswered.load(Ordering::Relaxed) > 0 => Ended::SlowHead,
        Err(error) => {
            tracing::debug!(%error, "connection ended");
            Ended::Otherwise
        }
        Ok(()) => Ended::Otherwise,
    }
}

/// hyper drops a connection whose head is slow without a word; the spare handle lets us still say 408.
fn with_spare(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let spare = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, spare))
}

async fn answer_slow_head(spare: std::net::TcpStream) {
    let Ok(mut stream) = TcpStream::from_std(spare) else { return };
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        let _ = stream.write_all(problem::slow_head().as_bytes()).await;
        let _ = stream.shutdown().await;
    })
    .await;
}

/// A stream that counts what was read since the last request was taken up.
struct Counted<S> {
    stream: S,
    read: Arc<AtomicUsize>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.read.fetch_add(buf.filled().len().saturating_sub(before), Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
