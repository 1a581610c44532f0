//! `sealgate serve`.

use super::refresh::{Refresh, keep_fresh};
use super::reload::{self, Running};
use super::settings::{Prepared, Sources};
use super::signals::Ends;
use super::{Failure, notify};
use crate::config::{Planned, exposure};
use crate::http::{
    self, Address, Admission, After, Batches, BodyMemory, Clients, Endpoint, Inherited, Listener, Metrics,
    Service,
};
use crate::validation::Policy;
use clap::Args;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Arguments of `sealgate serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    sources: Sources,
}

/// Serves until SIGTERM or SIGINT, then answers what was accepted.
pub(super) fn run(args: ServeArgs) -> Result<u8, Failure> {
    let inherited = Inherited::from_environment().map_err(wrong)?;
    let passed: Vec<String> = inherited.names().map(str::to_owned).collect();
    let effective = args.sources.read()?;
    let traces = effective.log().start();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(wrong)?;
    let Prepared {
        listeners,
        policies,
        clients,
        registers,
        signer,
        library,
        bounds,
        queue,
        threads,
        mut refresh,
    } = effective.prepare(&passed, runtime.handle().clone())?;
    let admission = Admission::new(threads, queue).map_err(|why| wrong(format!("--threads: {why}")))?;
    let metrics = Metrics::new().map_err(wrong)?;
    let recorder = metrics.recorder();
    let admission = admission.recorded(Arc::clone(&recorder));
    let library = library.map(|library| Arc::new(library.recorded(Arc::clone(&recorder))));
    refresh.fetcher = refresh.fetcher.map(|fetcher| fetcher.recorded(recorder));
    let tls =
        listeners.iter().map(|planned| (planned.address.clone(), planned.conditions.tls.clone())).collect();
    let running = Running { sources: args.sources, table: effective.table, listeners: tls, passed };
    let (tried, after) = After::new();
    // Heard before anybody can know that this listens: none ends a process that serves by itself.
    let (ends, renew, reload) = {
        let _inside = runtime.enter();
        let hangup = || signal(SignalKind::hangup()).map_err(|error| wrong(format!("SIGHUP: {error}")));
        (Ends::hear().map_err(wrong)?, hangup()?, hangup()?)
    };
    let endpoints = open(listeners, inherited, &after)?;
    let policy = policies.validation.first().cloned().unwrap_or_default();
    let names = policies.clone();
    let names = names.names();
    let service = Arc::new(Service {
        pipeline: arc_swap::ArcSwapOption::empty(),
        policies: arc_swap::ArcSwap::from_pointee(policies),
        library,
        registers,
        signer: arc_swap::ArcSwapOption::new(signer.map(Arc::new)),
        clients: Clients::new(&clients, &names).map_err(|why| wrong(why.join("; ")))?,
        admission,
        memory: BodyMemory::new(&bounds),
        batches: Batches::default(),
        metrics,
        bounds,
        leaving: AtomicBool::new(false),
        ending: AtomicBool::new(false),
    });
    let served = runtime.block_on(async {
        tokio::spawn(reload::on_hangup(running, Arc::clone(&service), reload));
        let loading = load(Arc::clone(&service), Arc::new(refresh), policy, renew, tried);
        let (failed, failure) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            if let Err(error) = loading.await {
                let _ = failed.send(error);
            }
        });
        let (mut failure_seen, asked) = (None, Arc::clone(&service));
        let end = async {
            tokio::select! {
                () = asked_to_end(ends, &asked) => {}
                Ok(error) = failure => {
                    notify::stopping();
                    failure_seen = Some(error);
                }
            }
        };
        let served = http::serve(endpoints, service, end).await;
        // A token's module survives no call while the process ends, and the service is let go of only then.
        asked.signer.store(None);
        if let Some(error) = failure_seen {
            return Err(error);
        }
        served.map(|()| super::exit::PASSED).map_err(wrong)
    });
    traces.end();
    // Nobody waits for a list server; what is kept stands whole whenever this ends.
    runtime.shutdown_background();
    served
}

fn wrong(why: impl std::fmt::Display) -> Failure {
    Failure::usage(why.to_string())
}

/// Opens the listeners; one that cannot be opened closes all.
fn open(planned: Vec<Planned>, mut inherited: Inherited, after: &After) -> Result<Vec<Endpoint>, Failure> {
    let mut endpoints = Vec::new();
    for planned in planned {
        let wrong = |why: &dyn std::fmt::Display| wrong(format!("--listen {}: {why}", planned.address));
        let listeners = match &planned.address {
            Address::Inherited(name) => inherited.take(name),
            address => vec![Listener::bind(address, planned.access).map_err(|error| wrong(&error))?],
        };
        if listeners.is_empty() {
            return Err(wrong(&"the service manager passed no socket of this name"));
        }
        for listener in listeners {
            let address = listener.address().map_err(|error| wrong(&error))?;
            let mut conditions = planned.conditions.clone();
            match &address {
                Address::Tcp(address) => {
                    let (authenticated, anonymous) = (planned.authenticated, conditions.anonymous);
                    exposure(*address, authenticated, anonymous).map_err(|why| wrong(&why))?;
                    if conditions.tls.is_none() && exposure(*address, false, false).is_err() {
                        tracing::warn!(%address, "plain HTTP beyond this machine: what is sent can be read on its way");
                    }
                }
                // As for those that are opened here, what holds for addresses does not for Unix sockets.
                _ if planned.shared_tls => conditions.tls = None,
                _ => {}
            }
            tracing::info!(%address, "listening");
            // Who is there already answers meanwhile; where nobody is, the kernel keeps what comes.
            let after = matches!(planned.address, Address::Inherited(_)).then(|| after.clone());
            endpoints.push(Endpoint { listener, conditions, after });
        }
    }
    let left: Vec<String> = inherited.names().map(str::to_owned).collect();
    drop(inherited);
    for name in left {
        tracing::warn!(name, "a socket that the service manager passed is in no `listen`; it is closed");
    }
    Ok(endpoints)
}

/// How long connections to a socket that was handed on wait for trust before they are answered with 503.
const HANDED_ON: Duration = Duration::from_secs(30);

/// Trust is loaded while the listeners that were opened here already answer `/livez`; until it is in, verification is 503.
/// `tried` is set once trust is in, does not come for now, or takes long.
async fn load(
    service: Arc<Service>,
    refresh: Arc<Refresh>,
    policy: Arc<Policy>,
    mut asked: Signal,
    tried: watch::Sender<bool>,
) -> Result<(), Failure> {
    let tried = Arc::new(tried);
    let late = Arc::clone(&tried);
    tokio::spawn(async move {
        tokio::time::sleep(HANDED_ON).await;
        late.send_replace(true);
    });
    let mut failures = 0_u32;
    let pipeline = loop {
        let (task, policy) = (Arc::clone(&refresh), Arc::clone(&policy));
        let loaded = tokio::task::spawn_blocking(move || task.first(policy)).await;
        match loaded.map_err(|error| Failure::trust(error.to_string()))? {
            Ok(pipeline) => break pipeline,
            // What is configured wrongly stays so; what a server did not give may come.
            Err(failure) if !failure.may_pass => return Err(failure),
            Err(failure) => {
                failures = failures.saturating_add(1);
                let wait = refresh.first_again(failures);
                tried.send_replace(true);
                tracing::error!(why = %failure.message, ?wait, "no trust yet; trying again");
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    Some(()) = asked.recv() => {}
                }
            }
        }
    };
    for absent in pipeline.absent() {
        tracing::error!(domain = absent.domain, why = %absent.why, "a trust domain could not be loaded");
    }
    let snapshot = pipeline.trust_summary(crate::clock::now()).snapshot;
    let pipeline = pipeline.recorded(service.metrics.recorder()).reading(service.bounds.body);
    service.metrics.trust_came(crate::clock::now());
    service.pipeline.store(Some(Arc::new(pipeline)));
    tried.send_replace(true);
    tracing::info!(%snapshot, "trust is loaded");
    notify::ready();
    tokio::spawn(keep_fresh(service, refresh, asked));
    Ok(())
}

/// Resolves once the service is to end: when it is asked to, or after the pause in which balancers learn of it; who asks
/// twice does not want to wait for that.
async fn asked_to_end(mut ends: Ends, service: &Service) {
    ends.asked().await;
    notify::stopping();
    let pause = service.bounds.drain_time;
    if !pause.is_zero() {
        service.leaving.store(true, Ordering::Release);
        tracing::info!(?pause, "asked to end: /readyz says so, all else is served for a while yet");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ends.asked() => {}
        }
    }
    tracing::info!("ending: no new connections; answering what was accepted");
}
