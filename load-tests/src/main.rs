//! Open-loop load on a running gateway on loopback.

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Uri};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Sends files to `POST /v1/verify` at a constant rate.
#[derive(Parser)]
struct Args {
    /// Where the gateway listens; loopback only.
    #[arg(long, default_value = "127.0.0.1:8080")]
    target: SocketAddr,
    /// Requests a second.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// For how long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Files or folders (not walked further), sent in turn.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// One answer: its status (0 where there was none) and the time since it was due.
struct Outcome {
    status: u16,
    latency: Duration,
}

type Sender = Client<HttpConnector, Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    if !args.target.ip().is_loopback() {
        return Err("load goes to loopback only".into());
    }
    if !(args.rate > 0.0 && args.rate <= 100_000.0 && args.seconds > 0.0 && args.seconds <= 7200.0) {
        return Err("--rate must be in 0 to 100000, --seconds in 0 to 7200".into());
    }
    let bodies = bodies(&args.paths)?;
    let uri: Uri = format!("http://{}/v1/verify", args.target).parse()?;
    let client: Sender = Client::builder(TokioExecutor::new()).build_http();
    let (report, mut outcomes) = mpsc::unbounded_channel();
    let due = (args.rate * args.seconds) as u64;
    let start = Instant::now();
    for number in 0..due {
        let at = start + Duration::from_secs_f64(number as f64 / args.rate);
        tokio::time::sleep_until(at).await;
        let body = bodies[number as usize % bodies.len()].clone();
        tokio::spawn(one(client.clone(), uri.clone(), body, at, report.clone()));
    }
    drop(report);
    let mut all = Vec::new();
    while let Some(outcome) = outcomes.recv().await {
        all.push(outcome);
    }
    print(&all, start.elapsed(), args.rate);
    Ok(())
}

async fn one(client: Sender, uri: Uri, body: Bytes, due: Instant, report: mpsc::UnboundedSender<Outcome>) {
    let status = match client.request(Request::post(uri).body(Full::new(body)).expect("a request")).await {
        Ok(response) => {
            let status = response.status().as_u16();
            if response.into_body().collect().await.is_ok() { status } else { 0 }
        }
        Err(_) => 0,
    };
    let _ = report.send(Outcome { status, latency: due.elapsed() });
}

fn bodies(paths: &[PathBuf]) -> std::io::Result<Arc<[Bytes]>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            for entry in std::fs::read_dir(path)? {
                files.push(entry?.path());
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    let files = files.iter().filter(|file| file.is_file());
    let bodies: Vec<Bytes> = files.map(|file| std::fs::read(file).map(Bytes::from)).collect::<Result<_, _>>()?;
    if bodies.is_empty() {
        return Err(std::io::Error::other("no files to send"));
    }
    Ok(bodies.into())
}

fn print(outcomes: &[Outcome], took: Duration, rate: f64) {
    let mut statuses = BTreeMap::new();
    for outcome in outcomes {
        *statuses.entry(outcome.status).or_insert(0_u64) += 1;
    }
    let good = statuses.get(&200).copied().unwrap_or(0);
    println!("offered    {rate:>10.1} /s");
    println!("answered   {:>10.1} /s with 200", good as f64 / took.as_secs_f64());
    for (status, count) in &statuses {
        let name = if *status == 0 { "no answer".to_owned() } else { status.to_string() };
        println!("{name:<11}{count:>10}");
    }
    let mut latencies: Vec<Duration> = outcomes.iter().filter(|o| o.status == 200).map(|o| o.latency).collect();
    latencies.sort();
    for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        let index = ((latencies.len() as f64 * share).ceil() as usize).clamp(1, latencies.len().max(1)) - 1;
        if let Some(latency) = latencies.get(index) {
            println!("{name:<11}{:>10.2} ms", latency.as_secs_f64() * 1e3);
        }
    }
}
