//! The whole path of a scenario, from its file to what came of it.

use crate::Failure;
use crate::aside::{self, BatchOutcome, SlowOutcome};
use crate::bench::{self, Pipeline};
use crate::client::{Client, Closed, closed};
use crate::expect::Check;
use crate::finish::{all_answered, all_passed, counts_agree, end_under_load, good_beside, renewed};
use crate::inputs::Inputs;
use crate::judge::judge;
use crate::lists::Lists;
use crate::number::{real, seconds};
use crate::open::open_loop;
use crate::record::Record;
use crate::scenario::Scenario;
use crate::server::{self, Server};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// `--queue` of `sealgate serve` where the scenario says nothing.
const DEFAULT_QUEUE: usize = 256;
/// Times that pipeline and saturation are measured.
const TURNS: u32 = 3;
/// Clients of the closed loop at most.
const MOST_CLOSED: usize = 32;

/// What is the same for all scenarios of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's binary.
    pub sealgate: PathBuf,
    /// The trust domain's file.
    pub trust_domain: PathBuf,
    /// The folder that inputs lie below.
    pub data: PathBuf,
    /// A mirror of the EU's lists, for scenarios that refresh them.
    pub lists: Option<PathBuf>,
    /// Their older versions, by territory.
    pub history: Option<PathBuf>,
    /// Seconds for each measurement of the pipeline.
    pub bench_seconds: f64,
    /// Seconds for measuring the saturation; half as long before it to warm up.
    pub saturation_seconds: f64,
}

/// What a process used, at a moment since the scenario's start.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at: Duration,
    /// The server.
    pub server: server::Usage,
    /// The generator.
    pub generator: server::Usage,
}

/// What one phase came to.
#[derive(Clone, Debug, Default)]
pub struct PhaseOutcome {
    /// Arrivals a second at the start and the end.
    pub rates: (f64, f64),
    /// Answers with 200 a second.
    pub throughput: f64,
    /// Processors that the server kept busy, and the generator.
    pub processors: (f64, f64),
    /// The server's resident memory at the end, in bytes.
    pub resident: u64,
    /// Why it says nothing, where it does not.
    pub invalid: Option<String>,
    /// Its assertions.
    pub checks: Vec<Check>,
    /// What slow clients came to.
    pub slow: Option<SlowOutcome>,
    /// What batches came to.
    pub batch: Option<BatchOutcome>,
    /// How often trust was refreshed.
    pub refreshes: Option<u64>,
}

/// What a whole scenario came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The scenario.
    pub scenario: Scenario,
    /// Threads that verified.
    pub threads: usize,
    /// Distinct credentials.
    pub distinct: usize,
    /// The pipeline without HTTP.
    pub pipeline: Pipeline,
    /// The closed loop that found the saturation.
    pub saturation: Closed,
    /// Processor seconds of the server for one credential at saturation.
    pub processor: f64,
    /// Everything recorded.
    pub record: Record,
    /// What the processes used over time.
    pub samples: Vec<Sample>,
    /// One for each phase.
    pub phases: Vec<PhaseOutcome>,
    /// Assertions that every scenario makes.
    pub checks: Vec<Check>,
}

/// A scenario that ran, or why it did not.
#[derive(Clone, Debug)]
pub enum Outcomes {
    /// It ran.
    Ran(Box<Ran>),
    /// The server lacks what it needs.
    Skipped(Scenario, String),
    /// It could not be run.
    Failed(Scenario, String),
}

/// Runs a scenario on a server of its own.
///
/// It fails where inputs are missing, or the server cannot be started or is gone before its time.
pub async fn run(options: &Options, scenario: Scenario) -> Outcomes {
    match try_run(options, scenario.clone()).await {
        Ok(outcome) => outcome,
        Err(error) => Outcomes::Failed(scenario, error.to_string()),
    }
}

async fn try_run(options: &Options, scenario: Scenario) -> Result<Outcomes, Failure> {
    let inputs = Arc::new(Inputs::read(&options.data, &scenario.inputs)?);
    let lists = match (scenario.server.real_lists, &options.lists) {
        (false, _) => None,
        (true, Some(mirror)) => Some(Lists::start(mirror, options.history.as_deref())?),
        (true, None) => {
            return Ok(Outcomes::Skipped(scenario, "no mirror of the EU's lists was named (--lists)".into()));
        }
    };
    let cache = options.data.join("trust-cache");
    let from = lists.as_ref().map(|lists| (lists, &*cache));
    let server = Server::start(&options.sealgate, &options.trust_domain, &scenario.server, from).await?;
    if let Some(reason) = lacks(&server, &scenario).await? {
        return Ok(Outcomes::Skipped(scenario, reason));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = scenario.server.threads.unwrap_or(cores);
    // As many clients as find a place, so that none is refused.
    let places = threads.saturating_add(scenario.server.queue.unwrap_or(DEFAULT_QUEUE));
    let clients = places.min(MOST_CLOSED);
    let closed_for = |lasts: f64| saturate(&server, &inputs, clients, seconds(lasts));
    let warm = closed_for(options.saturation_seconds / 2.0).await?;
    let (mut pipeline, mut saturation, mut processor) = (Pipeline::default(), Closed::none()?, 0.0);
    // In turns, so that a machine that speeds up or slows down does so for both.
    for _ in 0..TURNS {
        let bench_seconds = options.bench_seconds / f64::from(TURNS);
        let (sealgate, domain) = (&options.sealgate, &options.trust_domain);
        let turn = bench::measure(sealgate, domain, &inputs, threads, bench_seconds)?;
        pipeline.add(&turn, 1.0 / f64::from(TURNS));
        let before = server.usage()?;
        saturation.add(&closed_for(options.saturation_seconds / f64::from(TURNS)).await?)?;
        processor += server.usage()?.processor - before.processor;
    }
    let processor = processor / real(saturation.good().max(1));
    let open = open_loop(&server, &scenario, &inputs, saturation.throughput(), lists.as_ref()).await?;
    let (record, samples, mut phases) = (open.record, open.samples, open.phases);
    judge(&scenario, &pipeline, &saturation, &record, &samples, &mut phases);
    let good = warm.good() + saturation.good() + record.good() + good_beside(&phases);
    let cut = phases.iter().filter_map(|phase| phase.slow.as_ref()).map(|slow| slow.cut).sum();
    let mut checks = vec![all_passed(&pipeline), all_answered(&record)];
    checks.push(counts_agree(&server, good, cut).await?);
    if lists.is_some() {
        checks.push(renewed(&server).await?);
    }
    checks.extend(end_under_load(server, &inputs, clients).await?);
    let distinct = inputs.distinct();
    let ran =
        Ran { scenario, threads, distinct, pipeline, saturation, processor, record, samples, phases, checks };
    Ok(Outcomes::Ran(Box::new(ran)))
}

/// What the scenario needs and the server does not have.
async fn lacks(server: &Server, scenario: &Scenario) -> Result<Option<String>, Failure> {
    let client = Client::new(server.address, 1)?;
    if scenario.phases.iter().any(|phase| phase.batch.is_some()) && !aside::has_batch(&client).await? {
        return Ok(Some(format!("the server answers POST {} with 404", aside::BATCH)));
    }
    if scenario.phases.iter().any(|phase| phase.refresh.is_some()) && !server.handles_hangup() {
        return Ok(Some("the server does not handle SIGHUP, so trust cannot be refreshed".into()));
    }
    Ok(None)
}

async fn saturate(
    server: &Server,
    inputs: &Arc<Inputs>,
    clients: usize,
    lasts: Duration,
) -> Result<Closed, Failure> {
    let client = Arc::new(Client::new(server.address, clients)?);
    let inputs = Arc::clone(inputs);
    closed(client, clients, lasts, Arc::new(move |number| inputs.body(number))).await
}

/// A fixed body for every request: what a closed loop against another tool sends.
#[must_use]
pub fn always(body: Bytes) -> Arc<dyn Fn(u64) -> Bytes + Send + Sync> {
    Arc::new(move |_| body.clone())
}
