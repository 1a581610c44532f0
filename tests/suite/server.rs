//! The real binary serving on loopback, and what a plain client needs.

use crate::support::root;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The time that requests ask for.
pub(crate) const AT: &str = "2026-11-22T00:00:00Z";

/// `sealgate verify` on the demonstration's lists at [`AT`], with these arguments besides.
pub(crate) fn verify_command(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(["verify", "--offline", "--trust-domain", "trust-lists/demo.toml"]);
    command.args(["--at", AT]).args(arguments).output().unwrap()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// What it logged and nobody waited for.
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts on a free port and waits until it is ready.
    pub(crate) fn start(extra: &[&str]) -> Self {
        let server = Self::launch(extra);
        wait_until(|| server.get("/readyz").status == 200);
        server
    }

    /// Starts on a free port and waits until trust is loaded.
    pub(crate) fn launch(extra: &[&str]) -> Self {
        Self::launch_in("trust-lists/demo.toml", extra)
    }

    /// The same in this trust domain.
    pub(crate) fn launch_in(domain: &str, extra: &[&str]) -> Self {
        Self::launch_until("trust is loaded", domain, extra)
    }

    /// The same, and waits only until it logged this.
    pub(crate) fn launch_until(logged: &str, domain: &str, extra: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command
            .current_dir(root())
            .args(["serve", "--listen", "127.0.0.1:0", "--trust-domain", domain])
            .args(extra);
        Self::spawn_until(logged, command)
    }

    /// What this command starts, once trust is loaded; its address is the first on loopback, if there is one.
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_until("trust is loaded", command)
    }

    /// The same, logging as much as that says (RUST_LOG).
    pub(crate) fn spawn_at(command: Command, level: &str) -> Self {
        Self::spawn_logging("trust is loaded", command, level)
    }

    /// The same, and waits only until it logged this.
    pub(crate) fn spawn_until(logged: &str, command: Command) -> Self {
        Self::spawn_logging(logged, command, "info")
    }

    fn spawn_logging(logged: &str, mut command: Command, level: &str) -> Self {
        let mut child = command.env("RUST_LOG", level).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let mut address = None;
        loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended before it was ready:\n{}", log.lock().unwrap());
            log.lock().unwrap().push_str(&line);
            if let Some((_, rest)) = line.split_once("127.0.0.1:") {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                address.get_or_insert(format!("127.0.0.1:{port}"));
            }
            if line.contains(logged) {
                break;
            }
        }
        let further = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                further.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Self { child, address: address.unwrap_or_default(), log }
    }

    /// What it logged and nobody waited for, so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the server logged this, and forgets what it logged up to there.
    pub(crate) fn logged(&self, text: &str) {
        // Generous: the machine may do much else.
        for _ in 0..12_000 {
            let mut log = self.log.lock().unwrap();
            if let Some(at) = log.find(text) {
                log.drain(..at + text.len());
                return;
            }
            drop(log);
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not logged: {text:?}; but\n{}", self.log.lock().unwrap());
    }

    /// How often it logged this since what was last waited for.
    pub(crate) fn times_logged(&self, text: &str) -> usize {
        self.log.lock().unwrap().matches(text).count()
    }

    /// The same with TLS, by a certificate of its own that is written into the folder.
    pub(crate) fn launch_tls(folder: &Path) -> (Self, PathBuf) {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
        (Self::launch(&["--tls-certificate", files[0], "--tls-key", files[1]]), certificate)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        // Head and body go one after the other: the second must not wait until the first is acknowledged.
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        get_from(&mut self.connect(), path).unwrap()
    }

    /// The sum of a metric's series that have these labels; `None` where there is none.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        sum(&String::from_utf8(self.get("/metrics").body).unwrap(), name, labels)
    }

    pub(crate) fn verify(&self, body: &[u8]) -> Answer {
        send(&mut self.connect(), body).unwrap()
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sum of a metric's series that have these labels, in Prometheus's text; `None` where there is none.
pub(crate) fn sum(metrics: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let series = metrics.lines().filter_map(|line| {
        let (series, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
        let inner = series.strip_prefix('{').and_then(|series| series.strip_suffix('}'));
        let is_it = series.is_empty() || inner.is_some();
        let inner = inner.unwrap_or_default();
        // No value of ours has a comma in it.
        let has = |label: &String| inner.split(',').any(|one| one == label);
        (is_it && labels.iter().all(has)).then(|| value.parse::<f64>().unwrap())
    });
    series.fold(None, |sum, value| Some(sum.unwrap_or_default() + value))
}

/// Asks for a verdict on an open connection.
pub(crate) fn send(stream: &mut (impl Read + Write), body: &[u8]) -> std::io::Result<Answer> {
    send_to(stream, &format!("/v1/verify?at={AT}"), body)
}

/// Asks for a page on an open connection.
pub(crate) fn get_from(stream: &mut (impl Read + Write), path: &str) -> std::io::Result<Answer> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")?;
    Answer::read(stream)
}

/// Sends a body on an open connection.
pub(crate) fn send_to(stream: &mut (impl Read + Write), path: &str, body: &[u8]) -> std::io::Result<Answer> {
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")?;
    stream.write_all(body)?;
    Answer::read(stream)
}

/// Waits until it holds.
pub(crate) fn wait_until(mut holds: impl FnMut() -> bool) {
    wait_for(|| holds().then_some(()));
}

/// Waits for something. In vain for five minutes, which no machine here needs, is a failure and no hang.
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let watch = sealgate::clock::Stopwatch::start();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(watch.elapsed() < Duration::from_secs(300), "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Bytes of memory that the server has resident.
pub(crate) fn resident(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

/// An HTTP/1.1 answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The next on a connection, and nothing beyond it.
    pub(crate) fn read(stream: &mut impl Read) -> std::io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        Ok(Self { status, head, body })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// The bundled examples.
pub(crate) fn examples() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["examples/sound", "examples/broken"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 10);
    files
}
