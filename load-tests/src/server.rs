//! The gateway as a process of its own: started, watched through `/proc`, ended by SIGTERM.

use crate::Failure;
use crate::client::Client;
use crate::clock;
use crate::lists::Lists;
use crate::number::real;
use crate::scenario;
use rustix::process::{Pid, Signal, kill_process};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Loading trust may take this long, and so may the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gateway; killed if dropped before [`Server::end`].
#[derive(Debug)]
pub struct Server {
    child: Child,
    pid: Pid,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Processor time so far, in seconds.
    pub processor: f64,
    /// Resident memory, in bytes.
    pub resident: u64,
}

impl Server {
    /// Starts `sealgate serve` on a free port of loopback and waits until it is ready. With lists it synchronises the EU's
    /// from that server into the folder.
    ///
    /// # Errors
    /// It cannot be started, ends at once, or is not ready in time.
    pub async fn start(
        sealgate: &Path,
        trust_domain: &Path,
        options: &scenario::Server,
        lists: Option<(&Lists, &Path)>,
    ) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut serve = Command::new(sealgate);
        serve.arg("serve").arg("--trust-domain").arg(trust_domain);
        match lists {
            None => serve.arg("--offline"),
            // Refreshed when the scenario says so, and never besides.
            Some((lists, cache)) => serve
                .args(["--trust-domain", "eu", "--refresh", "0", "--trust-mirror", &lists.origin])
                .arg("--trust-cache")
                .arg(cache),
        };
        serve.args(["--listen", &address.to_string()]);
        let numbers = [
            ("--threads", options.threads.map(|n| n.to_string())),
            ("--queue", options.queue.map(|n| n.to_string())),
            ("--head-seconds", options.head_seconds.map(|n| n.to_string())),
            ("--body-seconds", options.body_seconds.map(|n| n.to_string())),
        ];
        for (name, value) in numbers {
            serve.args(value.iter().flat_map(|value| [name, value]));
        }
        serve.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
        let child = serve.spawn().map_err(|error| format!("{}: {error}", sealgate.display()))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("a process without an id")?;
        let mut server = Self { child, pid, address };
        server.wait_until_ready().await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let client = Client::new(self.address, 1)?;
        let start = clock::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended at once: {status}").into());
            }
            if client.get("/readyz").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the server was not ready in time".into())
    }

    /// What it has used.
    ///
    /// # Errors
    /// `/proc` has no such process, or reads otherwise than expected.
    pub fn usage(&self) -> Result<Usage, Failure> {
        usage(&self.child.id().to_string()).map_err(|error| format!("the server is gone: {error}").into())
    }

    /// Whether it handles SIGHUP; where it does not, the signal would end it.
    #[must_use]
    pub fn handles_hangup(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        catches_hangup(&status)
    }

    /// SIGHUP.
    ///
    /// # Errors
    /// The signal could not be sent.
    pub fn hang_up(&self) -> Result<(), Failure> {
        Ok(kill_process(self.pid, Signal::HUP)?)
    }

    /// SIGTERM.
    ///
    /// # Errors
    /// The signal could not be sent.
    pub fn terminate(&self) -> Result<(), Failure> {
        Ok(kill_process(self.pid, Signal::TERM)?)
    }

    /// Waits for the end after [`Server::terminate`].
    ///
    /// # Errors
    /// It does not end in time; it is killed then.
    pub async fn end(mut self) -> Result<ExitStatus, Failure> {
        let start = clock::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("the server did not end in time after SIGTERM".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// What a process has used; `self` for this one.
///
/// # Errors
/// As [`Server::usage`].
pub fn usage(process: &str) -> Result<Usage, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let processor = processor_seconds(&stat).ok_or("/proc: stat reads otherwise than expected")?;
    let resident = resident_bytes(&status).ok_or("/proc: status has no VmRSS")?;
    Ok(Usage { processor, resident })
}

/// `utime` and `stime`, fields 14 and 15; ticks are hundredths of a second on Linux.
fn processor_seconds(stat: &str) -> Option<f64> {
    // The name in parentheses may hold spaces.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()?.checked_add(fields.next()?.parse().ok()?)?;
    Some(real(ticks) / 100.0)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Bit 0 of `SigCgt` is signal 1, SIGHUP.
fn catches_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_by_its_fields() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 99 1000 20";
        assert_eq!(processor_seconds(stat), Some(3.0));
        assert_eq!(resident_bytes("VmHWM:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2 << 20));
        assert!(catches_hangup("SigCgt:\t0000000000004003\n"));
        assert!(!catches_hangup("SigCgt:\t0000000000004002\n"));
        assert!(usage("self").unwrap().resident > 0);
    }
}
