//! `sealgate bench`: the pipeline against the floor, both measured in one run.

use super::policy::PolicySource;
use super::process::{cpu_seconds, mebibytes, resident_bytes};
use super::verify::{collect, parse_time};
use super::{Failure, TrustSource};
use crate::clock::{self, Stopwatch};
use crate::pipeline::{Pipeline, Request};
use crate::signature::algorithm::{Crypto, Ledger, Operation};
use crate::time::Time;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Arguments of `sealgate bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    trust: TrustSource,
    #[command(flatten)]
    policy: PolicySource,
    /// Threads.
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// How long to measure, in all.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    seconds: f64,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Let a large document use a second thread, as `verify` and `serve` do.
    #[arg(long)]
    spread: bool,
    /// Validation time, RFC 3339; now otherwise.
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Time>,
    /// Fetch nothing.
    #[arg(long)]
    offline: bool,
    /// Also start `sealgate verify` N times on the first file, and tell the time from the start of the process to the
    /// verdict.
    #[arg(long, value_name = "N", default_value_t = 0)]
    starts: usize,
    /// Files or folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Serialize)]
struct Figures {
    credentials_per_second: f64,
    floor_per_second: f64,
    ratio: f64,
    threads: usize,
    bytes_per_second: f64,
    verdicts: BTreeMap<&'static str, usize>,
    cpu_seconds_per_credential: f64,
    resident_bytes: u64,
    trust_load_milliseconds: f64,
    /// Throughput by that of one thread, measured in the same run.
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_verdict_milliseconds: Option<f64>,
}

/// Both are measured in turns this long, so that a machine that speeds up or slows down does so for both.
const TURN: Duration = Duration::from_millis(100);

pub(super) fn run(args: &BenchArgs) -> Result<u8, Failure> {
    if args.threads == 0 || !(args.seconds > 0.0 && args.seconds <= 3600.0) {
        return Err(Failure::usage("--threads must be at least 1, --seconds in 0 to 3600"));
    }
    let files = collect(&args.paths)?;
    let inputs = files
        .iter()
        .map(|path| {
            std::fs::read(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let policy = args.policy.read()?;
    let loading = Stopwatch::start();
    let pipeline = args.trust.pipeline(policy)?;
    let pipeline = if args.spread { pipeline } else { pipeline.on_one_thread() };
    let loading = loading.elapsed();
    let request = Request::at(args.at.unwrap_or_else(clock::now));
    let mut verdicts = BTreeMap::new();
    for input in &inputs {
        let verdict = pipeline.verify(input, &request).verdict.as_str();
        verdicts.entry(verdict).and_modify(|n: &mut usize| *n = n.saturating_add(1)).or_insert(1);
    }
    let floor: Vec<Vec<Operation>> =
        inputs.iter().map(|input| operations(&pipeline, input, &request)).collect();
    let crypto = Crypto::default();
    let round = |kind| match kind {
        Kind::Pipeline | Kind::Alone => {
            for input in &inputs {
                std::hint::black_box(pipeline.verify(input, &request));
            }
        }
        Kind::Floor => floor.iter().flatten().for_each(|operation| operation.replay(&crypto)),
    };
    let [whole, alone, least] = measure(args.threads, args.seconds, inputs.len(), round);
    let starts = match files.first() {
        Some(file) => first_verdicts(args, file)?,
        None => Vec::new(),
    };
    let mut figures = figures(args.threads, &inputs, &whole, &least, verdicts);
    figures.trust_load_milliseconds = milliseconds(loading);
    figures.scaling = (args.threads > 1).then(|| whole.per_second() / alone.per_second());
    figures.first_verdict_milliseconds = starts.get(starts.len() / 2).copied().map(milliseconds);
    print(args.format, &figures)?;
    Ok(super::exit::PASSED)
}

/// What the pipeline does on this input with its caches warm.
fn operations(pipeline: &Pipeline, input: &[u8], request: &Request<'_>) -> Vec<Operation> {
    let ledger = Arc::new(Ledger::default());
    pipeline.verify_with(&Crypto::recording(Arc::clone(&ledger)), input, request);
    ledger.take()
}

/// How long it takes from the start of another process to its verdict on this file, each time anew; sorted.
fn first_verdicts(args: &BenchArgs, file: &Path) -> Result<Vec<Duration>, Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("--starts: {error}"));
    let mut times = Vec::with_capacity(args.starts.min(1 << 16));
    for _ in 0..args.starts {
        let mut command = Command::new(std::env::current_exe().map_err(wrong)?);
        command.args(["verify", "--offline", "--jobs", "1", "--format", "json"]).args(args.trust.arguments());
        if let Some(at) = args.at {
            command.args(["--at", &at.to_string()]);
        }
        let watch = Stopwatch::start();
        let mut child =
            command.arg(file).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(wrong)?;
        let mut verdict = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut verdict).map_err(wrong)?;
        }
        times.push(watch.elapsed());
        child.wait().map_err(wrong)?;
        if verdict.is_empty() {
            return Err(Failure::usage("--starts: the other process gave no verdict"));
        }
    }
    times.sort_unstable();
    Ok(times)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[derive(Default)]
struct Measured {
    done: usize,
    wall: f64,
    cpu: f64,
}

impl Measured {
    fn add(&mut self, other: &Self) {
        self.done = self.done.saturating_add(other.done);
        self.wall += other.wall;
        self.cpu += other.cpu;
    }

    fn per_second(&self) -> f64 {
        count(self.done) / self.wall
    }
}

/// What a turn measures.
#[derive(Clone, Copy)]
enum Kind {
    /// The pipeline, on every thread.
    Pipeline,
    /// The pipeline, on one thread of several.
    Alone,
    /// The floor, on every thread.
    Floor,
}

/// One thread's part in a turn.
struct Turn {
    kind: Kind,
    watch: Stopwatch,
}

/// Runs rounds of each kind in turns until the time is over; whole rounds only, so that every input weighs alike.
/// Threads live through all turns, as those of the service do: a new one would have its memory to get first.
fn measure(threads: usize, seconds: f64, inputs: usize, round: impl Fn(Kind) + Sync) -> [Measured; 3] {
    let kinds: &[Kind] = if threads > 1 {
        &[Kind::Pipeline, Kind::Alone, Kind::Floor]
    } else {
        &[Kind::Pipeline, Kind::Floor]
    };
    let (done, round) = (AtomicUsize::new(0), &round);
    let mut measured = [Measured::default(), Measured::default(), Measured::default()];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (sender, turns) = std::sync::mpsc::sync_channel::<Turn>(1);
                let (ready, finished) = std::sync::mpsc::sync_channel::<()>(1);
                let done = &done;
                scope.spawn(move || {
                    for turn in turns {
                        let mut mine = 0_usize;
                        while turn.watch.elapsed() < TURN {
                            round(turn.kind);
                            mine = mine.saturating_add(inputs);
                        }
                        done.fetch_add(mine, Ordering::Relaxed);
                        if ready.send(()).is_err() {
                            break;
                        }
                    }
                });
                (sender, finished)
            })
            .collect();
        let whole = Stopwatch::start();
        while whole.elapsed().as_secs_f64() < seconds {
            for kind in kinds {
                let taking_part = if matches!(kind, Kind::Alone) { 1 } else { threads };
                let (cpu, watch) = (cpu_seconds(), Stopwatch::start());
                let asked = workers
                    .iter()
                    .take(taking_part)
                    .filter(|(sender, _)| sender.send(Turn { kind: *kind, watch }).is_ok());
                let asked: Vec<_> = asked.collect();
                asked.iter().for_each(|(_, finished)| _ = finished.recv());
                let [pipeline, alone, floor] = &mut measured;
                let into = match kind {
                    Kind::Pipeline => pipeline,
                    Kind::Alone => alone,
                    Kind::Floor => floor,
                };
                into.add(&Measured {
                    done: done.swap(0, Ordering::Relaxed),
                    wall: watch.elapsed().as_secs_f64(),
                    cpu: cpu_seconds() - cpu,
                });
            }
        }
    });
    measured
}

fn figures(
    threads: usize,
    inputs: &[Vec<u8>],
    whole: &Measured,
    least: &Measured,
    verdicts: BTreeMap<&'static str, usize>,
) -> Figures {
    let mean_bytes = count(inputs.iter().map(Vec::len).sum()) / count(inputs.len().max(1));
    Figures {
        credentials_per_second: whole.per_second(),
        floor_per_second: least.per_second(),
        ratio: whole.per_second() / least.per_second(),
        threads,
        bytes_per_second: whole.per_second() * mean_bytes,
        verdicts,
        cpu_seconds_per_credential: whole.cpu / count(whole.done),
        resident_bytes: resident_bytes(),
        trust_load_milliseconds: 0.0,
        scaling: None,
        first_verdict_milliseconds: None,
    }
}

fn print(format: Format, figures: &Figures) -> Result<(), Failure> {
    match format {
        Format::Json => {
            let json = serde_json::to_string(figures).map_err(|error| Failure::usage(error.to_string()))?;
            println!("{json}");
        }
        Format::Text => {
            println!(
                "pipeline   {:>10.1} credentials/s on {} thread(s)",
                figures.credentials_per_second, figures.threads
            );
            println!("floor      {:>10.1} credentials/s", figures.floor_per_second);
            println!("ratio      {:>10.3}", figures.ratio);
            if let Some(scaling) = figures.scaling {
                println!("scaling    {scaling:>10.3} times one thread");
            }
            println!("input      {:>10.1} MB/s", figures.bytes_per_second / 1e6);
            println!("processor  {:>10.3} ms per credential", figures.cpu_seconds_per_credential * 1e3);
            println!("resident   {:>10.1} MiB", mebibytes(figures.resident_bytes));
            println!("trust      {:>10.1} ms to load", figures.trust_load_milliseconds);
            if let Some(first) = figures.first_verdict_milliseconds {
                println!("start      {first:>10.1} ms to the first verdict");
            }
            for (verdict, count) in &figures.verdicts {
                println!("{verdict:<11}{count:>9}");
            }
        }
    }
    Ok(())
}

/// Counts here are far below 2^53.
fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}
