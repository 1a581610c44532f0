//! `sealgate serve`.

use super::clients::ClientsSource;
use super::online::FetchArgs;
use super::refresh::{Refresh, keep_fresh};
use super::registers::RegisterSource;
use super::sync::MirrorSource;
use super::{Failure, TrustSource, policy};
use crate::http::{self, Address, Admission, Batches, BodyMemory, Bounds, Listener, Metrics, Service};
use crate::report::AcceptancePolicy;
use crate::validation::Policy;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Arguments of `sealgate serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    trust: TrustSource,
    /// The validation policy: `default`, `qualified-seal`, or a file; further ones can be asked for by name.
    #[arg(long, value_name = "NAME|FILE", default_value = Policy::BUILT_IN[0])]
    policy: Vec<String>,
    /// The acceptance policy: `default`, `admissions`, or a file; further ones can be asked for by name.
    #[arg(long, value_name = "NAME|FILE", default_value = AcceptancePolicy::BUILT_IN[0])]
    acceptance: Vec<String>,
    #[command(flatten)]
    registers: RegisterSource,
    /// Where to listen, an address or `unix:` and a path; may be repeated. Loopback unless told otherwise.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Vec<Address>,
    /// Mode of the files of Unix sockets, octal.
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = file_mode)]
    unix_mode: u32,
    /// Serve TLS on addresses with the certificates in this PEM file, own first.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key that goes with them, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    clients: ClientsSource,
    #[command(flatten)]
    mirror: MirrorSource,
    /// Seconds between two looks at whether trusted lists changed, a tenth more or less, and sooner where a list is due
    /// or failed; 0: never.
    #[arg(long, value_name = "S", default_value = "21600", value_parser = seconds)]
    refresh: Duration,
    #[command(flatten)]
    fetch: FetchArgs,
    /// Threads that verify; the number of processors otherwise.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Verifications that may wait; more are answered 503.
    #[arg(long, value_name = "N", default_value_t = 256)]
    queue: usize,
    /// Bytes that a request's body may have.
    #[arg(long, value_name = "BYTES", default_value_t = Bounds::default().body)]
    max_body: usize,
    /// Bytes that the bodies of single requests may hold at once; more is answered 503. Batches have half of that
    /// besides, and wait for it.
    #[arg(long, value_name = "BYTES", default_value_t = Bounds::default().body_memory)]
    body_memory: usize,
    /// Seconds that a request's head may take.
    #[arg(long, value_name = "S", default_value_t = Bounds::default().head_time.as_secs())]
    head_seconds: u64,
    /// Seconds that a request's body may take.
    #[arg(long, value_name = "S", default_value_t = Bounds::default().body_time.as_secs())]
    body_seconds: u64,
    /// Seconds in which a client must take something of an answer that waits for it.
    #[arg(long, value_name = "S", default_value_t = Bounds::default().write_time.as_secs())]
    write_seconds: u64,
    /// Seconds that one verification may take, waiting included.
    #[arg(long, value_name = "S", default_value_t = Bounds::default().verify_time.as_secs())]
    verify_seconds: u64,
}

impl ServeArgs {
    fn bounds(&self) -> Result<Bounds, Failure> {
        if self.body_memory < self.max_body {
            return Err(Failure::usage(
                "--body-memory: less than --max-body, so that no largest body would fit",
            ));
        }
        Ok(Bounds {
            body: self.max_body,
            body_memory: self.body_memory,
            head_time: Duration::from_secs(self.head_seconds),
            body_time: Duration::from_secs(self.body_seconds),
            write_time: Duration::from_secs(self.write_seconds),
            verify_time: Duration::from_secs(self.verify_seconds),
            ..Bounds::default()
        })
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| *time <= MOST_REFRESH)
        .ok_or_else(|| "not a number of seconds, a year at most".into())
}

/// Beyond that nobody means what he says.
const MOST_REFRESH: Duration = Duration::from_secs(366 * 24 * 3600);

fn file_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "not a mode from 0 to 777, octal".into())
}

/// Serves until SIGTERM or SIGINT, then answers what was accepted.
pub(super) fn run(args: &ServeArgs) -> Result<u8, Failure> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let validation = policies("--policy", &args.policy, Policy::BUILT_IN, policy::read, Policy::name)?;
    let read_acceptance = |name: &str| policy::read_acceptance(name).map(Arc::new);
    let acceptance = policies(
        "--acceptance",
        &args.acceptance,
        AcceptancePolicy::BUILT_IN,
        read_acceptance,
        AcceptancePolicy::name,
    )?;
    let policy = validation.first().cloned().unwrap_or_default();
    let bounds = args.bounds()?;
    let cores = || std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let admission = Admission::new(args.threads.map_or_else(cores, NonZeroUsize::get), args.queue)
        .map_err(|error| Failure::usage(format!("--threads: {error}")))?;
    let metrics = Metrics::new().map_err(|error| Failure::usage(error.to_string()))?;
    let tls = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(http::acceptor(certificate, key).map_err(Failure::usage)?),
        _ => None,
    };
    let clients = args.clients.read(&validation, &acceptance)?;
    let listeners = args
        .listen
        .iter()
        .map(|address| {
            Listener::bind(address, args.unix_mode)
                .map_err(|error| Failure::usage(format!("--listen {address}: {error}")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for listener in &listeners {
        if let Ok(address) = listener.address() {
            let is_local = match &address {
                Address::Tcp(address) => address.ip().is_loopback(),
                Address::Unix(_) => true,
            };
            if !is_local && !clients.serve_others() {
                tracing::warn!(%address, "whoever asks from elsewhere than this machine is refused: see --clients");
            }
            tracing::info!(%address, "listening");
        }
    }
    let service = Arc::new(Service {
        pipeline: arc_swap::ArcSwapOption::empty(),
        policies: validation,
        acceptance,
        library: args.fetch.library()?,
        registers: args.registers.read()?,
        clients,
        admission,
        memory: BodyMemory::new(&bounds),
        batches: Batches::default(),
        metrics,
        bounds,
        ending: AtomicBool::new(false),
        tls,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(error.to_string()))?;
    let served = runtime.block_on(async {
        let refresh = Refresh {
            trust: args.trust.clone(),
            fetcher: args.mirror.fetcher(&args.fetch, tokio::runtime::Handle::current())?,
            interval: args.refresh,
        };
        // Heard from the start: a SIGHUP while trust is loaded for the first time must end nothing.
        let asked =
            signal(SignalKind::hangup()).map_err(|error| Failure::usage(format!("SIGHUP: {error}")))?;
        let asked_too =
            signal(SignalKind::hangup()).map_err(|error| Failure::usage(format!("SIGHUP: {error}")))?;
        tokio::spawn(args.clients.clone().follow(Arc::clone(&service), asked_too));
        let loading = load(Arc::clone(&service), Arc::new(refresh), policy, asked);
        let (failed, failure) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            if let Err(error) = loading.await {
                let _ = failed.send(error);
            }
        });
        let mut failure_seen = None;
        let end = async {
            tokio::select! {
                () = asked_to_end() => {}
                Ok(error) = failure => failure_seen = Some(error),
            }
        };
        let served = http::serve(listeners, service, end).await;
        if let Some(error) = failure_seen {
            return Err(error);
        }
        served.map(|()| super::exit::PASSED).map_err(|error| Failure::usage(error.to_string()))
    });
    // Nobody waits for a list server; what is kept stands whole whenever this ends.
    runtime.shutdown_background();
    served
}

/// Trust is loaded while the listeners already answer `/livez`; until it is in, verification is 503.
async fn load(
    service: Arc<Service>,
    refresh: Arc<Refresh>,
    policy: Arc<Policy>,
    asked: Signal,
) -> Result<(), Failure> {
    let task = Arc::clone(&refresh);
    let loaded = tokio::task::spawn_blocking(move || task.first(policy)).await;
    let pipeline = loaded.map_err(|error| Failure::trust(error.to_string()))??;
    let snapshot = pipeline.trust_summary(crate::clock::now()).snapshot;
    service.pipeline.store(Some(Arc::new(pipeline)));
    tracing::info!(%snapshot, "trust is loaded");
    tokio::spawn(keep_fresh(service, refresh, asked));
    Ok(())
}

/// The policies named, then those built in; the first is followed where a request names none.
fn policies<P, const N: usize>(
    option: &str,
    named: &[String],
    built_in: [&str; N],
    read: impl Fn(&str) -> Result<Arc<P>, Failure>,
    name_of: impl Fn(&P) -> &str,
) -> Result<Vec<Arc<P>>, Failure> {
    let mut policies: Vec<Arc<P>> = Vec::new();
    for name in named {
        let policy = read(name)?;
        if policies.iter().any(|known| name_of(known) == name_of(&policy)) {
            return Err(Failure::usage(format!("{option} {name}: `{}` is named twice", name_of(&policy))));
        }
        policies.push(policy);
    }
    for name in built_in {
        if policies.iter().all(|known| name_of(known) != name) {
            policies.push(read(name)?);
        }
    }
    Ok(policies)
}

async fn asked_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("ending: no new connections; answering what was accepted");
}
