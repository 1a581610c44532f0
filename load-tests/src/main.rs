//! `sealgate-load-tests`: runs scenarios on a gateway of its own, or a closed loop on a running one.

use clap::{Args, Parser, Subcommand};
use sealgate_load_tests::client::{Client, closed};
use sealgate_load_tests::machine::Machine;
use sealgate_load_tests::record::quantile_ms;
use sealgate_load_tests::run::{Options, always, run};
use sealgate_load_tests::scenario::Scenario;
use sealgate_load_tests::{Failure, number, report};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Load tests of the gateway, on loopback only.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs scenarios, each on a server of its own. Exit code: 0 all assertions hold, 1 one is broken, 2 none is
    /// broken but a generator did not keep up, 70 a scenario could not be run.
    Run(RunArgs),
    /// A closed loop on a running gateway: throughput and latency as JSON.
    Closed(ClosedArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The gateway's binary; nothing is built.
    #[arg(long, value_name = "FILE")]
    sealgate: PathBuf,
    /// A folder as `generate-demo --many` writes it: trust-lists/demo.toml, and inputs.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A mirror of the EU's trusted lists, with index.json; scenarios with `real_lists` are skipped without.
    #[arg(long, value_name = "DIR")]
    lists: Option<PathBuf>,
    /// Older versions of its lists, TERRITORY/*.xml by age: one more is published before each refresh.
    #[arg(long, value_name = "DIR", requires = "lists")]
    history: Option<PathBuf>,
    /// Phases as short as their scenarios allow.
    #[arg(long)]
    short: bool,
    /// Seconds for each measurement of the pipeline without HTTP.
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    bench_seconds: f64,
    /// Seconds for measuring the saturation.
    #[arg(long, value_name = "S", default_value_t = 6.0)]
    saturation_seconds: f64,
    /// Write everything as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page in Markdown; its plots go to `results/` beside it.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct ClosedArgs {
    /// Where the gateway listens; loopback only.
    #[arg(long)]
    target: SocketAddr,
    /// Clients at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The credential that every request sends.
    file: PathBuf,
}

fn main() -> ExitCode {
    // Half of the processors at most: the other half is for what is measured.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads((cores / 2).max(1)).enable_all().build();
    let outcome = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            match Cli::parse().command {
                Command::Run(args) => scenarios(args).await,
                Command::Closed(args) => one_closed(args).await,
            }
        })
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(70)
    })
}

async fn scenarios(args: RunArgs) -> Result<ExitCode, Failure> {
    let lasts = |seconds: f64| seconds > 0.0 && seconds <= 600.0;
    if !lasts(args.bench_seconds) || !lasts(args.saturation_seconds) {
        return Err("--bench-seconds and --saturation-seconds are above 0, up to 600".into());
    }
    // All are read before the first runs: a mistake in the last shows at once.
    let mut scenarios =
        args.scenarios.iter().map(|path| Scenario::read(path)).collect::<Result<Vec<_>, _>>()?;
    if args.short {
        scenarios.iter_mut().for_each(Scenario::shorten);
    }
    let options = Options {
        trust_domain: args.data.join("trust-lists").join("demo.toml"),
        sealgate: args.sealgate,
        data: args.data,
        lists: args.lists,
        history: args.history,
        bench_seconds: args.bench_seconds,
        saturation_seconds: args.saturation_seconds,
    };
    let machine = Machine::look(&options.sealgate);
    let mut all = Vec::new();
    for scenario in scenarios {
        let outcome = run(&options, scenario).await;
        print!("{}", report::text(&outcome));
        all.push(outcome);
    }
    if let Some(path) = &args.json {
        std::fs::write(path, report::json(&machine, &all)?)?;
    }
    if let Some(path) = &args.page {
        report::page(path, &machine, &all, args.short)?;
    }
    Ok(ExitCode::from(report::exit_code(&all)))
}

async fn one_closed(args: ClosedArgs) -> Result<ExitCode, Failure> {
    if !((1..=1024).contains(&args.connections) && args.seconds > 0.0 && args.seconds <= 600.0) {
        return Err("--connections is 1 to 1024, --seconds above 0, up to 600".into());
    }
    let body = std::fs::read(&args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
    let client = Arc::new(Client::new(args.target, args.connections)?);
    let lasts = number::seconds(args.seconds);
    let outcome = closed(client, args.connections, lasts, always(body.into())).await?;
    let json = serde_json::json!({
        "per_second": outcome.throughput(), "good": outcome.good(), "other": outcome.other,
        "p50_ms": quantile_ms(&outcome.latency, 0.5), "p99_ms": quantile_ms(&outcome.latency, 0.99),
    });
    println!("{json}");
    Ok(ExitCode::SUCCESS)
}
