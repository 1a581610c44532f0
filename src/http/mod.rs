//! Requests → pipeline → responses: listeners, connections, admission, problems, metrics.

mod accept;
mod admission;
mod batch;
mod body;
mod clients;
mod connection;
mod examples;
mod inherited;
mod listen;
mod metrics;
mod multipart;
mod observed;
mod openapi;
mod operations;
mod outgoing;
mod page;
mod peer;
mod problem;
mod proxy_protocol;
mod representation;
mod routes;
mod tls;
mod trace;

pub use admission::Admission;
pub use batch::Batches;
pub use body::BodyMemory;
pub use clients::{
    AnonymousSettings, ClientSettings, Clients, ClientsSettings, KeyHash, KeySettings, LimitsSettings,
    MetricsAccess, NewKey, Origin, PolicyNames,
};
pub use inherited::Inherited;
pub use listen::{Address, Listener, SocketFile, UnixAccess};
pub use metrics::Metrics;
pub use observed::PROBES;
pub use openapi::openapi;
pub use peer::{Conditions, Peer};
pub use proxy_protocol::{Refused, Source, Sources, client as proxied_client};
pub use tls::{ClientAuthority, ClientCertificate, Tls, TlsFiles, own_identity};

use crate::credential::accreditation::Registers;
use crate::fetch::Library;
use crate::pipeline::Pipeline;
use crate::receipt::Signer;
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};

/// The bounds that the service keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a request's body.
    pub body: usize,
    /// Bytes that the bodies of single requests may hold at once, at least one of the largest; batches have half of
    /// that besides.
    pub body_memory: usize,
    /// Time for a request's head, and for a connection on which none comes.
    pub head_time: Duration,
    /// Time for a request's body.
    pub body_time: Duration,
    /// Time in which a client must take something of an answer that waits for it.
    pub write_time: Duration,
    /// Time for one verification, waiting included.
    pub verify_time: Duration,
    /// Connections open at once.
    pub connections: usize,
    /// How long the service goes on serving after it was asked to end, while `/readyz` already says so.
    pub drain_time: Duration,
    /// How long the end may take.
    pub shutdown_time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 128 << 20,
            body_memory: 512 << 20,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            verify_time: Duration::from_secs(30),
            connections: 1024,
            drain_time: Duration::ZERO,
            shutdown_time: Duration::from_secs(60),
        }
    }
}

/// What every request sees.
pub struct Service {
    /// The path of a credential; `None` until a snapshot is in.
    pub pipeline: arc_swap::ArcSwapOption<Pipeline>,
    /// What a request may name; a request keeps what it began with.
    pub policies: arc_swap::ArcSwap<Policies>,
    /// Documents from outside; `None` where nothing is fetched.
    pub library: Option<Arc<Library>>,
    /// Registers that are asked for accreditations.
    pub registers: Registers,
    /// Signs receipts; `None` where no key is configured. A request keeps what it began with.
    pub signer: arc_swap::ArcSwapOption<Signer>,
    /// Who may ask.
    pub clients: Clients,
    /// The pool behind its queue.
    pub admission: Admission,
    /// What the bodies of requests may hold.
    pub memory: BodyMemory,
    /// The batches under way.
    pub batches: Batches,
    /// Counters.
    pub metrics: Metrics,
    /// Bounds.
    pub bounds: Bounds,
    /// Set once the end was asked for: `/readyz` says so, all else is served as ever.
    pub leaving: AtomicBool,
    /// Set once the end has begun: answers close their connections.
    pub ending: AtomicBool,
}

/// The policies that a request may name; the first of each holds where it names none.
#[derive(Clone, Debug)]
pub struct Policies {
    /// Of validation.
    pub validation: Vec<Arc<Policy>>,
    /// Of acceptance.
    pub acceptance: Vec<Arc<AcceptancePolicy>>,
}

impl Policies {
    /// Their names.
    #[must_use]
    pub fn names(&self) -> PolicyNames<'_> {
        PolicyNames {
            validation: self.validation.iter().map(|policy| policy.name()).collect(),
            acceptance: self.acceptance.iter().map(|policy| policy.name()).collect(),
        }
    }
}

impl Service {
    /// Whether it takes up verifications: trust is in, and the end has not begun.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.ending.load(Ordering::Acquire) && self.pipeline.load().is_some()
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// How long connections are asked, answer by answer, to close before the idle ones are closed.
const LAME_DUCK: Duration = Duration::from_secs(2);

/// Bytes that the kernel holds of an answer beside those that are on their way.
const NOT_SENT: u32 = 64 << 10;

/// How far the end has come. Every connection holds a receiver of it, so that the last one's end shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    /// It has not begun.
    Serving,
    /// Nothing new is taken up; HTTP/1.1 is asked to close with each answer, HTTP/2 at once.
    Ending,
    /// Connections without a request close.
    Closing,
}

/// Resolves once the end has come so far.
async fn reached(stage: &mut watch::Receiver<Stage>, so_far: Stage) {
    let _ = stage.wait_for(|stage| *stage >= so_far).await;
}

/// A listener and what holds on it.
#[derive(Debug)]
pub struct Endpoint {
    /// Where connections come from.
    pub listener: Listener,
    /// What is asked of them.
    pub conditions: Conditions,
    /// Until this resolves connections wait in the kernel. Where the end comes first they are left there, for who is
    /// handed the socket next.
    pub after: Option<After>,
}

/// Resolves once it is set, or who would set it is gone.
#[derive(Clone, Debug)]
pub struct After(watch::Receiver<bool>);

impl After {
    /// One with what sets it.
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (set, seen) = watch::channel(false);
        (set, Self(seen))
    }

    async fn reached(&mut self) {
        let _ = self.0.wait_for(|set| *set).await;
    }
}

/// Serves on `endpoints` until `end` resolves, then answers what was accepted and returns.
///
/// # Errors
/// Those of registering with the runtime; errors of single connections end only these.
pub async fn serve(
    endpoints: Vec<Endpoint>,
    service: Arc<Service>,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let open = Arc::new(Semaphore::new(service.bounds.connections));
    let (stage, watched) = watch::channel(Stage::Serving);
    let mut accepting = tokio::task::JoinSet::new();
    for Endpoint { listener, conditions, after } in endpoints {
        let (service, open, mut watched) = (Arc::clone(&service), Arc::clone(&open), watched.clone());
        let conditions = Arc::new(conditions);
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = TcpListener::from_std(listener)?;
                accepting.spawn(async move {
                    if waited(after, &mut watched).await {
                        accept(listener, conditions, service, open, watched).await;
                    }
                });
            }
            Listener::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                let listener = UnixListener::from_std(listener)?;
                accepting.spawn(async move {
                    let _file = file;
                    if waited(after, &mut watched).await {
                        accept(listener, conditions, service, open, watched).await;
                    }
                });
            }
        }
    }
    drop(watched);
    end.await;
    service.ending.store(true, Ordering::Release);
    service.batches.end();
    stage.send_replace(Stage::Ending);
    while accepting.join_next().await.is_some() {}
    let _ = tokio::time::timeout(LAME_DUCK, stage.closed()).await;
    stage.send_replace(Stage::Closing);
    if tokio::time::timeout(service.bounds.shutdown_time, stage.closed()).await.is_err() {
        tracing::warn!("connections were still open at the end of the time for shutting down");
    }
    Ok(())
}

/// Waits until a listener's connections may be accepted; `false` where the end comes first.
async fn waited(after: Option<After>, stage: &mut watch::Receiver<Stage>) -> bool {
    let Some(mut after) = after else { return true };
    tokio::select! {
        () = after.reached() => true,
        () = reached(stage, Stage::Ending) => false,
    }
}

/// What connections come from.
trait Accept: Send + Sync {
    /// Its connections.
    type Socket: connection::Socket;

    /// The next, with the address of its other end where it has one.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Socket, Option<SocketAddr>)>> + Send;
}

impl Accept for TcpListener {
    type Socket = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, address) = self.accept().await?;
        // An answer goes out whole at once; without this its end may wait for the client's word on the beginning.
        let _ = stream.set_nodelay(true);
        // A client that takes little is told from one that takes nothing by what it takes of this.
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(NOT_SENT);
        Ok((stream, Some(address)))
    }
}

impl Accept for UnixListener {
    type Socket = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<SocketAddr>)> {
        self.accept().await.map(|(stream, _)| (stream, None))
    }
}

/// Accepts until told to stop; then takes what the kernel had already accepted, so that closing resets nobody.
async fn accept<L: Accept>(
    listener: L,
    conditions: Arc<Conditions>,
    service: Arc<Service>,
    open: Arc<Semaphore>,
    mut stage: watch::Receiver<Stage>,
) {
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&open).acquire_owned() => permit,
            () = reached(&mut stage, Stage::Ending) => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = Accept::accept(&listener) => accepted,
            () = reached(&mut stage, Stage::Ending) => break,
        };
        match accepted {
            Ok(accepted) => spawn_connection(accepted, &conditions, &service, &stage, Some(permit)),
            Err(error) => {
                // Out of file descriptors and the like: wait for connections to end instead of spinning.
                service.metrics.refused(metrics::Refused::Accept, &error);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Only what waits already: clients that keep coming must not put off the end.
    for _ in 0..service.bounds.connections {
        match tokio::time::timeout(Duration::ZERO, Accept::accept(&listener)).await {
            Ok(Ok(accepted)) => spawn_connection(accepted, &conditions, &service, &stage, None),
            _ => break,
        }
    }
}

fn spawn_connection<S: connection::Socket>(
    (socket, address): (S, Option<SocketAddr>),
    conditions: &Arc<Conditions>,
    service: &Arc<Service>,
    stage: &watch::Receiver<Stage>,
    permit: Option<tokio::sync::OwnedSemaphorePermit>,
) {
    let (conditions, service, stage) = (Arc::clone(conditions), Arc::clone(service), stage.clone());
    tokio::spawn(async move {
        let _permit = permit;
        let _open = service.metrics.connection();
        connection::serve(socket, address, &conditions, &service, stage).await;
    });
}
