//! `sealgate trust sync`, and the first use without lists.

use super::online::FetchArgs;
use super::source::CacheSource;
use super::{Failure, exit};
use crate::clock;
use crate::fetch::{Origin, Rules};
use crate::sync::{self, Fetcher, Progress, Silent, Store, Synced, synchronise};
use crate::trust::Snapshot;
use crate::trust::domain::Domain;
use clap::Args;
use hyper::Uri;
use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{self, IsTerminal, Write};
use tokio::runtime::{Handle, Runtime};

/// Arguments of `sealgate trust sync`.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// The trust domain: `eu`, or a file like trust-lists/demo.toml. May be repeated.
    #[arg(long, value_name = "NAME|FILE", default_value = "eu")]
    trust_domain: Vec<String>,
    #[command(flatten)]
    cache: CacheSource,
    #[command(flatten)]
    mirror: MirrorSource,
    #[command(flatten)]
    fetch: FetchArgs,
}

/// Where lists are fetched from.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct MirrorSource {
    /// Fetch trusted lists from a mirror alone: the address of a folder whose index.json maps each list's address to a
    /// file. HTTP is as good as HTTPS: a list is believed by its own signature.
    #[arg(long, visible_alias = "mirror", value_name = "URL", env = "SEALGATE_TRUST_MIRROR")]
    #[serde(rename = "mirror")]
    trust_mirror: Option<String>,
}

/// What to do where nothing can be fetched.
const WITHOUT_NETWORK: &str = "without network, name a mirror: --trust-mirror URL, a folder of lists with --trust-lists DIR, or --trust-snapshot FILE";

impl MirrorSource {
    /// Asks for lists under the rules for them; `None` where nothing may be fetched.
    pub(super) fn fetcher(&self, fetch: &FetchArgs, runtime: Handle) -> Result<Option<Fetcher>, Failure> {
        let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("--trust-mirror: {why}"));
        let mut rules: Rules = sync::rules();
        if let Some(mirror) = &self.trust_mirror {
            let address: Uri = mirror.parse().map_err(|error| wrong(&error))?;
            rules.allowed.push(Origin::of(&address).map_err(|why| wrong(&why))?);
        }
        let Some(client) = fetch.client(rules)? else { return Ok(None) };
        Fetcher::new(client, self.trust_mirror.as_deref(), runtime).map(Some).map_err(|why| wrong(&why))
    }
}

/// A runtime for fetching while this thread waits.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| Failure::usage(error.to_string()))
}

pub(super) fn run(args: &SyncArgs) -> Result<u8, Failure> {
    let domains = super::source::domains(&args.trust_domain)?;
    let runtime = runtime()?;
    let fetcher = args.mirror.fetcher(&args.fetch, runtime.handle().clone())?;
    let fetcher = fetcher.ok_or_else(|| Failure::usage("--offline: nothing can be synchronised"))?;
    // One that fails takes no other down; what failed first is told last.
    let mut failed = None;
    for domain in domains.iter().filter(|domain| domain.has_lists()) {
        if let Err(failure) = args.cache.store(domain).and_then(|store| sync_domain(&store, domain, &fetcher))
        {
            if domains.len() > 1 {
                eprintln!("sealgate: trust domain {}: {}", domain.name, failure.message);
            }
            failed.get_or_insert(failure);
        }
    }
    failed.map_or(Ok(exit::PASSED), Err)
}

fn sync_domain(store: &Store, domain: &Domain, fetcher: &Fetcher) -> Result<(), Failure> {
    let synced = with_progress(store, domain, fetcher)?;
    let mut out = io::stdout().lock();
    let snapshot = &synced.snapshot;
    let (lists, services) = (snapshot.accepted(), snapshot.services.len());
    let lines = [
        format!("Domain    {}", snapshot.domain),
        format!("Snapshot  sha256:{}", hex::encode(snapshot.identity)),
        format!("Holds     {lists} lists, {services} services"),
        format!("Kept in   {}", store.folder().display()),
    ];
    // A reader that closed the pipe has seen what it wanted.
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    synced.kept.map_err(|why| Failure::trust(format!("the lists could not be kept: {why}")))
}

/// Synchronises where nothing ever was, before the first verification.
pub(super) fn first_use(
    store: &Store,
    domain: &Domain,
    mirror: &MirrorSource,
    fetch: &FetchArgs,
) -> Result<Option<Snapshot>, Failure> {
    let runtime = runtime()?;
    let Some(fetcher) = mirror.fetcher(fetch, runtime.handle().clone())? else { return Ok(None) };
    eprintln!("sealgate: no trusted lists yet: fetching those of the trust domain {:?}", domain.name);
    let synced = with_progress(store, domain, &fetcher)?;
    if let Err(why) = &synced.kept {
        eprintln!("sealgate: the lists could not be kept: {why}");
    }
    Ok(Some(synced.snapshot))
}

/// Synchronises, with a bar on a terminal, and tells which lists failed.
pub(super) fn with_progress(store: &Store, domain: &Domain, fetcher: &Fetcher) -> Result<Synced, Failure> {
    let bar = Bar::new();
    let progress: &dyn Progress = if io::stderr().is_terminal() { &bar } else { &Silent };
    let synced = synchronise(store, domain, fetcher, None, clock::now(), progress);
    bar.0.finish_and_clear();
    let synced = synced.map_err(|why| match why {
        sync::NotSynced::Folder(why) => Failure::for_now(why),
        sync::NotSynced::Trust(why) => Failure::for_now(format!("{why}; {WITHOUT_NETWORK}")),
    })?;
    for (territory, condition) in synced.failed() {
        eprintln!("sealgate: {territory}: {condition}");
    }
    Ok(synced)
}

#[derive(Debug)]
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Progress for Bar {
    fn expect(&self, addresses: usize) {
        if self.0.length().is_none_or(|length| length == 0) {
            self.0.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.0.set_length(0);
        }
        self.0.inc_length(u64::try_from(addresses).unwrap_or(u64::MAX));
    }

    fn done(&self, url: &str) {
        // The host tells whom we wait for; the address comes from a list.
        let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        self.0.set_message(host.unwrap_or_default());
        self.0.inc(1);
    }
}
