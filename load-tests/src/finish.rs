//! The assertions that every scenario makes, the end of the server under load among them.

use crate::Failure;
use crate::bench::Pipeline;
use crate::client::{Broken, Client};
use crate::expect::Check;
use crate::inputs::Inputs;
use crate::record::{Record, Status};
use crate::run::PhaseOutcome;
use crate::server::Server;
use hyper::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How long a client loads the server while it is told to end.
const BEFORE_END: Duration = Duration::from_millis(200);

pub(crate) fn good_beside(phases: &[PhaseOutcome]) -> u64 {
    let slow = phases.iter().filter_map(|phase| phase.slow.as_ref());
    slow.filter_map(|slow| slow.statuses.get(&Status::Answer(200))).sum()
}

/// Measuring refusals instead of verifications would flatter.
pub(crate) fn all_passed(pipeline: &Pipeline) -> Check {
    let only = pipeline.verdicts.keys().all(|verdict| verdict == "passed");
    let said: Vec<String> = pipeline.verdicts.iter().map(|(v, count)| format!("{count} {v}")).collect();
    Check::new(only, "every credential passes", said.join(", "))
}

pub(crate) fn all_answered(record: &Record) -> Check {
    let count = |status: Status| record.phases.iter().map(|phase| phase.count(status)).sum::<u64>();
    let (none, late) = (count(Status::NoAnswer), count(Status::TimedOut));
    let measured = format!("{none} without an answer, {late} timed out");
    Check::new(none == 0 && late == 0, "every request sent is answered", measured)
}

/// The server's own count of answers against the generator's.
pub(crate) async fn counts_agree(server: &Server, good: u64, cut: u64) -> Result<Check, Failure> {
    let answer = Client::new(server.address, 1)?.get("/metrics").await?;
    let counted =
        answered(&String::from_utf8_lossy(&answer.body)).ok_or("/metrics has no count of requests")?;
    let holds = (good..=good + cut).contains(&counted);
    let measured = format!("{counted} answered, {good} received");
    Ok(Check::new(holds, "the server's count of 200 is the generator's", measured))
}

/// Where real lists are published: that the server took some, or nothing was measured.
pub(crate) async fn renewed(server: &Server) -> Result<Check, Failure> {
    let answer = Client::new(server.address, 1)?.get("/metrics").await?;
    let metrics = String::from_utf8_lossy(&answer.body).into_owned();
    let count = |outcome: &str| {
        let name = format!("sealgate_trust_refreshes_total{{outcome=\"{outcome}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok()).unwrap_or_default()
    };
    let (changed, unchanged, failed) = (count("changed"), count("unchanged"), count("failed"));
    let measured = format!("{changed} times with another list, {unchanged} without, {failed} in vain");
    Ok(Check::new(changed > 0 && failed == 0, "trust was renewed under load", measured))
}

/// Requests to `/v1/verify` answered 200, from Prometheus's text.
fn answered(metrics: &str) -> Option<u64> {
    let line = metrics.lines().find(|line| {
        line.starts_with("sealgate_http_requests_total{")
            && line.contains(r#"route="/v1/verify""#)
            && line.contains(r#"status="200""#)
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Ends the server while it is loaded: whatever was sent on a connection that stood has to be answered.
pub(crate) async fn end_under_load(
    server: Server,
    inputs: &Arc<Inputs>,
    clients: usize,
) -> Result<Vec<Check>, Failure> {
    let (lost, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let ending = Arc::new(AtomicBool::new(false));
    let mut senders = Vec::new();
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let client = Arc::new(Client::new(server.address, 1)?);
        senders.push(Arc::clone(&client));
        let (lost, answered, ending) = (Arc::clone(&lost), Arc::clone(&answered), Arc::clone(&ending));
        let inputs = Arc::clone(inputs);
        loads.spawn(async move {
            for number in 0.. {
                match client.send(Method::POST, "/v1/verify", inputs.body(number)).await {
                    Ok(_) => _ = answered.fetch_add(1, Ordering::Relaxed),
                    Err(Broken::Sent(_)) => _ = lost.fetch_add(1, Ordering::Relaxed),
                    Err(Broken::Unsent(_)) if ending.load(Ordering::Acquire) => return,
                    Err(Broken::Unsent(_)) => {}
                }
            }
        });
    }
    tokio::time::sleep(BEFORE_END).await;
    ending.store(true, Ordering::Release);
    senders.iter().for_each(|client| client.open_no_more());
    server.terminate()?;
    let status = server.end().await?;
    loads.join_all().await;
    let (lost, answered) = (lost.load(Ordering::Relaxed), answered.load(Ordering::Relaxed));
    let measured = format!("{lost} lost, {answered} answered");
    Ok(vec![
        Check::new(
            lost == 0 && answered > 0,
            "nothing sent is lost when the server is told to end",
            measured,
        ),
        Check::new(status.success(), "the server ends by itself with 0", status.to_string()),
    ])
}
