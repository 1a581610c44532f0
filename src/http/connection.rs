//! One connection: HTTP/1.1 or HTTP/2, from its first byte to its end.

use super::metrics::Refused;
use super::outgoing::{Pieces, Progress};
use super::peer::{Conditions, Peer};
use super::tls::ClientCertificate;
use super::{Service, Stage, observed, problem, proxy_protocol, reached};
use bytes::{Buf, Bytes, BytesMut};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

/// What a connection is made of.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Socket for S {}

/// What an HTTP/2 client sends first (RFC 9113, 3.4); no HTTP/1.1 request begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Headers of an HTTP/1.1 request, and bytes that its head may have.
const HEADERS: usize = 64;
const HEAD: usize = 256 << 10;

/// Bytes of an HTTP/2 request's header list.
const HEADER_LIST: u32 = 16 << 10;

/// Requests at once on an HTTP/2 connection.
const STREAMS: u32 = 128;

/// Streams that a peer opened and took back before we looked at them, and streams that we reset for its mistakes: more
/// of either ends the connection, so that opening and resetting costs the peer more than us (CVE-2023-44487).
const RESETS_PENDING: usize = 20;
const RESETS_OURS: usize = 256;

/// Bytes under way on a stream and on a connection before we acknowledged any. Bodies are read as they come.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const FRAME: u32 = 256 << 10;

/// An HTTP/2 peer is asked this often whether it is there, and has this long to say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_ANSWER: Duration = Duration::from_secs(10);

/// How long what still comes on an HTTP/2 connection that ended is taken.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a connection to its end: by ALPN with TLS, by what the client sends first without.
pub(super) async fn serve<S: Socket>(
    mut socket: S,
    address: Option<SocketAddr>,
    conditions: &Conditions,
    service: &Arc<Service>,
    mut stage: watch::Receiver<Stage>,
) {
    let head_time = service.bounds.head_time;
    let mut peer = Peer { address, anonymous: conditions.anonymous, ..Peer::default() };
    if let Some(trusted) = &conditions.proxies {
        let told = tokio::select! {
            told = tokio::time::timeout(head_time, proxy_protocol::client(&mut socket, address, trusted)) => told,
            () = reached(&mut stage, Stage::Closing) => return,
        };
        match told {
            Ok(Ok(client)) => {
                peer.elsewhere = address.is_some_and(|proxy| !proxy.ip().to_canonical().is_loopback());
                peer.address = client;
            }
            Ok(Err(why)) => return service.metrics.refused(Refused::ProxyHeader, &why),
            Err(_) => return service.metrics.refused(Refused::Slow, &"the PROXY header came too slowly"),
        }
    }
    let Some(tls) = &conditions.tls else { return plain(socket, peer, service, stage).await };
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(head_time, tls.acceptor().accept(socket)) => shaken,
        () = reached(&mut stage, Stage::Closing) => return,
    };
    match shaken {
        Ok(Ok(stream)) => encrypted(stream, peer, service, stage).await,
        Ok(Err(error)) => service.metrics.refused(Refused::Tls, &error),
        Err(_) => service.metrics.refused(Refused::Slow, &"the TLS handshake came too slowly"),
    }
}

async fn encrypted<S: Socket>(
    stream: TlsStream<S>,
    mut peer: Peer,
    service: &Arc<Service>,
    stage: watch::Receiver<Stage>,
) {
    let session = stream.get_ref().1;
    peer.encrypted = true;
    let own = session.peer_certificates().and_then(|chain| chain.first());
    peer.certificate = own.and_then(|own| ClientCertificate::read(own)).map(Arc::new);
    match session.alpn_protocol() == Some(b"h2") {
        true => two(stream, Bytes::new(), peer, service, stage).await,
        false => one(stream, Bytes::new(), peer, service, stage).await,
    }
}

async fn plain<S: Socket>(
    mut socket: S,
    peer: Peer,
    service: &Arc<Service>,
    mut stage: watch::Receiver<Stage>,
) {
    let mut first = BytesMut::new();
    let told = tokio::select! {
        told = tokio::time::timeout(service.bounds.head_time, is_two(&mut socket, &mut first)) => told,
        () = reached(&mut stage, Stage::Closing) => return,
    };
    match told {
        Ok(Ok(true)) => two(socket, first.freeze(), peer, service, stage).await,
        Ok(Ok(false)) => one(socket, first.freeze(), peer, service, stage).await,
        Ok(Err(error)) => tracing::debug!(%error, "connection ended"),
        Err(_) if first.is_empty() => {}
        Err(_) => answer_slow_head(socket).await,
    }
}

/// Whether the client speaks HTTP/2; reads no more than is needed to tell.
async fn is_two<S: Socket>(socket: &mut S, first: &mut BytesMut) -> io::Result<bool> {
    while let Some(missing) = PREFACE.strip_prefix(&**first) {
        let Ok(missing @ 1..) = u64::try_from(missing.len()) else { return Ok(true) };
        if (&mut *socket).take(missing).read_buf(first).await? == 0 {
            break;
        }
    }
    Ok(false)
}

async fn one<S: Socket>(
    socket: S,
    first: Bytes,
    peer: Peer,
    service: &Arc<Service>,
    mut stage: watch::Receiver<Stage>,
) {
    let peer = Arc::new(peer);
    let lent = Arc::new(Lent { unanswered: AtomicUsize::new(first.len()), socket: Mutex::new(None) });
    let io = TokioIo::new(Stream::new(socket, first, Arc::clone(&lent), service.bounds.write_time));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(service.bounds.head_time)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        // A client that closed its half after its request still reads the answer.
        .half_close(true);
    let taken_up = Arc::clone(&lent);
    let respond = service_fn(|mut request: Request<Incoming>| {
        taken_up.unanswered.store(0, Ordering::Relaxed);
        request.extensions_mut().insert(Arc::clone(&peer));
        let service = Arc::clone(service);
        async move { Ok::<_, std::convert::Infallible>(observed::respond(service, request).await) }
    });
    let ended = {
        let mut connection = pin!(builder.serve_connection(io, respond));
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = reached(&mut stage, Stage::Closing) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    let Err(error) = ended else { return };
    let socket = lent.returned();
    match socket {
        Some(socket) if error.is_timeout() && lent.unanswered.load(Ordering::Relaxed) > 0 => {
            answer_slow_head(socket).await;
        }
        _ => tracing::debug!(%error, "connection ended"),
    }
}

async fn two<S: Socket>(
    socket: S,
    first: Bytes,
    peer: Peer,
    service: &Arc<Service>,
    mut stage: watch::Receiver<Stage>,
) {
    let peer = Arc::new(peer);
    let lent = Arc::new(Lent { unanswered: AtomicUsize::new(0), socket: Mutex::new(None) });
    let write_time = service.bounds.write_time;
    let io = TokioIo::new(Stream::new(socket, first, Arc::clone(&lent), write_time));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIST)
        .max_pending_accept_reset_streams(RESETS_PENDING)
        .max_local_error_reset_streams(RESETS_OURS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER);
    let opened = Arc::new(AtomicUsize::new(0));
    let open = Arc::new(Progress::default());
    let respond = service_fn(|mut request: Request<Incoming>| {
        opened.fetch_add(1, Ordering::Relaxed);
        request.extensions_mut().insert(Arc::clone(&peer));
        let (service, open) = (Arc::clone(service), Arc::clone(&open));
        async move {
            let response = observed::respond(service, request).await;
            Ok::<_, std::convert::Infallible>(response.map(|body| Pieces::new(body, open)))
        }
    });
    let ended = {
        let mut connection = pin!(builder.serve_connection(io, respond));
        // Both say GOAWAY, which loses nothing: what the client sent before it read that is still answered.
        let ended = async {
            let end_time = tokio::select! {
                ended = connection.as_mut() => return ended,
                // All that is left is in buffers: a client that takes nothing of that must not hold the connection.
                () = idle(&opened, &open, service.bounds.head_time) => Some(service.bounds.shutdown_time),
                () = reached(&mut stage, Stage::Ending) => None,
            };
            connection.as_mut().graceful_shutdown();
            match end_time {
                Some(time) => tokio::time::timeout(time, connection).await.unwrap_or(Ok(())),
                None => connection.await,
            }
        };
        // In HTTP/2 a client can take everything but answers: then the socket never waits.
        tokio::select! {
            ended = ended => ended,
            () = open.stalled(write_time) => return tracing::debug!("connection ended: its answers were not taken"),
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
    if let Some(socket) = lent.returned() {
        linger(socket).await;
    }
}

/// Takes what the client sent before it could read GOAWAY: over a reset it might never read that (RFC 9112, 9.6).
async fn linger<S: Socket>(mut socket: S) {
    let _ = tokio::time::timeout(LINGER, async {
        let _ = socket.shutdown().await;
        let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
    })
    .await;
}

/// Resolves when no request is open and none came for `time`; a head that comes slowly is none yet, and one is open until
/// the last of its answer is handed over.
async fn idle(opened: &AtomicUsize, open: &Arc<Progress>, time: Duration) {
    let mut before = None;
    loop {
        let now = (Arc::strong_count(open) == 1).then(|| opened.load(Ordering::Relaxed));
        if now.is_some() && now == before {
            return;
        }
        before = now;
        tokio::time::sleep(time).await;
    }
}

/// hyper drops a connection whose head is slow without a word; with the socket back we can still say 408.
async fn answer_slow_head<S: Socket>(mut socket: S) {
    let _ = tokio::time::timeout(Duration::from_secs(1), async {
        let _ = socket.write_all(problem::slow_head().as_bytes()).await;
        let _ = socket.shutdown().await;
    })
    .await;
}

/// What is kept of a socket while hyper has it.
struct Lent<S> {
    /// Bytes that were read since the last request was taken up.
    unanswered: AtomicUsize,
    /// The socket, once hyper let go of it.
    socket: Mutex<Option<S>>,
}

impl<S> Lent<S> {
    fn returned(&self) -> Option<S> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A socket lent to hyper: gives back first what was read to tell the protocol, counts what is read, fails where nothing
/// can be written for too long, returns at the end.
struct Stream<S> {
    socket: Option<S>,
    first: Bytes,
    lent: Arc<Lent<S>>,
    write_time: Duration,
    /// Runs while the other end takes nothing.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S: Unpin> Stream<S> {
    fn new(socket: S, first: Bytes, lent: Arc<Lent<S>>, write_time: Duration) -> Self {
        Self { socket: Some(socket), first, lent, write_time, stall: None }
    }

    /// What writing came to, or an error where it has waited for too long.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall = None;
            return polled;
        }
        let time = self.write_time;
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        stall.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The socket, which only dropping takes away.
    fn socket(&mut self) -> io::Result<Pin<&mut S>> {
        self.socket.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S> Drop for Stream<S> {
    fn drop(&mut self) {
        *self.lent.socket.lock().unwrap_or_else(PoisonError::into_inner) = self.socket.take();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.has_remaining() {
            let count = self.first.len().min(buf.remaining());
            buf.put_slice(&self.first.split_to(count));
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let polled = self.socket()?.poll_read(cx, buf);
        let read = buf.filled().len().saturating_sub(before);
        self.lent.unanswered.fetch_add(read, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = self.socket()?.poll_write(cx, buf);
        self.in_time(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.socket()?.poll_write_vectored(cx, bufs);
        self.in_time(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.as_ref().is_some_and(S::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.socket()?.poll_flush(cx);
        self.in_time(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.socket()?.poll_shutdown(cx);
        self.in_time(cx, polled)
    }
}
