//! What goes on beside the arrivals of a phase: slow clients, batches, refreshes of trust.

use crate::Failure;
use crate::client::Client;
use crate::clock;
use crate::inputs::Inputs;
use crate::lists::Lists;
use crate::record::Status;
use crate::scenario::{Batch, Part, Refresh, Slow};
use crate::server::Server;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Slow clients send a piece this often.
const BEAT: Duration = Duration::from_millis(100);

/// The route for batches.
pub const BATCH: &str = "/v1/verify/batch";

/// What slow clients came to.
#[derive(Clone, Debug, Default)]
pub struct SlowOutcome {
    /// Requests by what became of them.
    pub statuses: BTreeMap<Status, u64>,
    /// Requests that the end of the phase cut off.
    pub cut: u64,
}

/// Runs slow clients until `until`.
pub async fn slow(target: SocketAddr, slow: Slow, inputs: Arc<Inputs>, until: Instant) -> SlowOutcome {
    let mut clients = JoinSet::new();
    for number in 0..slow.connections {
        let body = inputs.body(u64::try_from(number).unwrap_or_default());
        let slow = slow.clone();
        clients.spawn(async move {
            let mut outcome = SlowOutcome::default();
            while is_before(until) {
                match timeout_at(until, slow_request(target, &slow, &body)).await {
                    Ok(status) => *outcome.statuses.entry(status).or_insert(0) += 1,
                    Err(_) => outcome.cut += 1,
                }
            }
            outcome
        });
    }
    let mut all = SlowOutcome::default();
    while let Some(client) = clients.join_next().await {
        let Ok(of_one) = client else { continue };
        all.cut += of_one.cut;
        for (status, count) in of_one.statuses {
            *all.statuses.entry(status).or_insert(0) += count;
        }
    }
    all
}

async fn slow_request(target: SocketAddr, slow: &Slow, body: &[u8]) -> Status {
    let Ok(stream) = TcpStream::connect(target).await else {
        tokio::time::sleep(BEAT).await;
        return Status::NoAnswer;
    };
    let (read, mut write) = stream.into_split();
    let head =
        format!("POST /v1/verify HTTP/1.1\r\nhost: {target}\r\ncontent-length: {}\r\n\r\n", body.len());
    let send = async {
        match slow.part {
            Part::Head => trickle(&mut write, head.as_bytes(), slow.bytes_per_second).await?,
            Part::Body => write.write_all(head.as_bytes()).await?,
        }
        trickle(&mut write, body, slow.bytes_per_second).await
    };
    // The answer may come before everything is sent, and counts even where sending failed.
    let send = async {
        let _ = send.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        status = status(read) => status,
        () = send => Status::NoAnswer,
    }
}

async fn trickle(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], a_second: u32) -> std::io::Result<()> {
    let beats = u32::try_from(1000 / BEAT.as_millis()).unwrap_or(1);
    let piece = usize::try_from(a_second / beats).unwrap_or(1).max(1);
    for piece in bytes.chunks(piece) {
        to.write_all(piece).await?;
        tokio::time::sleep(BEAT).await;
    }
    Ok(())
}

/// The status of the first line that comes.
async fn status(mut from: impl AsyncRead + Unpin) -> Status {
    let mut line = [0; 12];
    if from.read_exact(&mut line).await.is_err() {
        return Status::NoAnswer;
    }
    let text = String::from_utf8_lossy(&line);
    let code = text.strip_prefix("HTTP/1.1 ").and_then(|code| code.parse().ok());
    code.map_or(Status::NoAnswer, Status::Answer)
}

/// What batches came to.
#[derive(Clone, Debug, Default)]
pub struct BatchOutcome {
    /// Batches answered whole.
    pub batches: u64,
    /// Verdicts in them.
    pub verdicts: u64,
    /// Batches answered otherwise, in part or not at all.
    pub failed: u64,
}

/// Whether the server has the route; asks it with an empty batch.
///
/// # Errors
/// There was no answer.
pub async fn has_batch(client: &Client) -> Result<bool, Failure> {
    match client.post(BATCH, Bytes::new()).await {
        Status::Answer(status) => Ok(status != 404),
        other => Err(format!("{BATCH}: {other}").into()),
    }
}

/// Sends batches until `until`; the last of each stream is seen to its end.
///
/// # Errors
/// The client cannot be made.
pub async fn batches(
    target: SocketAddr,
    batch: Batch,
    inputs: Arc<Inputs>,
    until: Instant,
) -> Result<BatchOutcome, Failure> {
    let client = Arc::new(Client::new(target, batch.streams)?);
    let body = ndjson(&inputs, batch.size);
    let mut streams = JoinSet::new();
    for _ in 0..batch.streams {
        let (client, body) = (Arc::clone(&client), body.clone());
        streams.spawn(async move {
            let mut outcome = BatchOutcome::default();
            while is_before(until) {
                match client.send(Method::POST, BATCH, body.clone()).await {
                    Ok(answer) if answer.status == 200 && passed(&answer.body) == batch.size => {
                        outcome.batches += 1;
                        outcome.verdicts += u64::try_from(batch.size).unwrap_or_default();
                    }
                    _ => {
                        outcome.failed += 1;
                        // A server that refuses at once must not be asked in a tight loop.
                        tokio::time::sleep(BEAT).await;
                    }
                }
            }
            outcome
        });
    }
    let mut all = BatchOutcome::default();
    while let Some(stream) = streams.join_next().await {
        let of_one = stream?;
        all.batches += of_one.batches;
        all.verdicts += of_one.verdicts;
        all.failed += of_one.failed;
    }
    Ok(all)
}

/// One JSON object a line: `{"id", "credential_base64"}`.
fn ndjson(inputs: &Inputs, size: usize) -> Bytes {
    let mut text = String::new();
    for number in 0..u64::try_from(size).unwrap_or_default() {
        let line = serde_json::json!({
            "id": number.to_string(), "credential_base64": STANDARD.encode(inputs.body(number)),
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text.into()
}

/// Lines whose credential passed: one that is refused is no answer.
fn passed(body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).unwrap_or_default();
    text.lines().filter(|line| line.contains(r#""verdict":{"verdict":"passed""#)).count()
}

/// Sends SIGHUP at the interval until `until`, each after a list changed where there is a list server; answers how often.
///
/// # Errors
/// A signal could not be sent, since the server is gone; or a list not be read.
pub async fn refreshes(
    server: &Server,
    refresh: &Refresh,
    lists: Option<&Lists>,
    until: Instant,
) -> Result<u64, Failure> {
    let mut sent = 0;
    loop {
        let next = Instant::from_std(clock::now()) + crate::number::seconds(refresh.every_seconds);
        if next >= until {
            tokio::time::sleep_until(until).await;
            return Ok(sent);
        }
        tokio::time::sleep_until(next).await;
        if let Some(lists) = lists {
            lists.publish_next()?;
        }
        server.hang_up()?;
        sent += 1;
    }
}

fn is_before(until: Instant) -> bool {
    Instant::from_std(clock::now()) < until
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Input;

    #[tokio::test]
    async fn a_status_line_is_read_and_silence_is_no_answer() {
        assert_eq!(status(&b"HTTP/1.1 408 Request Timeout\r\n"[..]).await, Status::Answer(408));
        assert_eq!(status(&b"HTTP"[..]).await, Status::NoAnswer);
        assert_eq!(status(&b"SSH-2.0-other"[..]).await, Status::NoAnswer);
    }

    #[test]
    fn a_batch_has_a_line_for_each_credential() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "one").unwrap();
        let inputs = Inputs::read(folder.path(), &[Input { path: "a".into(), weight: 1 }]).unwrap();
        let body = ndjson(&inputs, 2);
        assert_eq!(std::str::from_utf8(&body).unwrap().lines().count(), 2);
        let answers = b"{\"id\":1,\"verdict\":{\"verdict\":\"passed\"}}\n{\"id\":2,\"problem\":{}}\n";
        assert_eq!(passed(answers), 1);
        assert!(body.starts_with(b"{\"credential_base64\":\"b25l\",\"id\":\"0\"}\n"), "{body:?}");
    }
}
