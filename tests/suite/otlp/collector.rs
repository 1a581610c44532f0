//! A collector on loopback: keeps what is posted, or is as bad a one as a test asks for.

use crate::shapes::oracle;
use crate::support::root;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// How a collector takes what is posted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// It answers with this status.
    Answers(u16),
    /// It takes all and never answers.
    Hangs,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Post {
    /// In lower case but for what stands behind the colons.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// A running collector; it ends with the process.
#[derive(Clone)]
pub(super) struct Collector {
    pub(super) port: u16,
    manner: Arc<Mutex<Manner>>,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Collector {
    /// Over plain HTTP.
    pub(super) fn start(manner: Manner) -> Self {
        Self::serve(manner, |stream| stream)
    }

    /// Over TLS with this certificate and its key, PEM.
    pub(super) fn start_tls(certificate: &str, key: &str) -> Self {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
            .unwrap();
        let tls = Arc::new(tls);
        Self::serve(Manner::Answers(200), move |stream| {
            rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::clone(&tls)).unwrap(), stream)
        })
    }

    fn serve<S: Read + Write + Send + 'static>(
        manner: Manner,
        wrap: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let collector = Self { port, manner: Arc::new(Mutex::new(manner)), posts: Arc::default() };
        let shared = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mut stream, collector) = (wrap(stream), shared.clone());
                std::thread::spawn(move || collector.answer(&mut stream));
            }
        });
        collector
    }

    fn answer(&self, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body)?;
        self.posts.lock().unwrap().push(Post { head, body });
        let manner = *self.manner.lock().unwrap();
        match manner {
            Manner::Answers(status) => {
                write!(stream, "HTTP/1.1 {status} Status\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
                stream.flush()
            }
            Manner::Hangs => {
                std::thread::sleep(std::time::Duration::from_secs(600));
                Ok(())
            }
        }
    }

    /// Takes what comes from now on in this manner.
    pub(super) fn turn(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Everything that was posted, in order.
    pub(super) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// All spans that were posted, as OpenTelemetry's own classes read them; `None` without these.
    pub(super) fn spans(&self) -> Option<Vec<Value>> {
        let python = oracle(&["opentelemetry.proto"])?;
        let posts = self.posts();
        let exports: String = posts.iter().map(|post| format!("{}\n", post.json())).collect();
        let mut reading = Command::new(python)
            .arg(root().join("tests/oracles/otlp.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = reading.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(exports.as_bytes()).unwrap());
        let read = reading.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(read.status.success(), "an export that cannot be read");
        let read = String::from_utf8(read.stdout).unwrap();
        assert_eq!(read.lines().count(), posts.len());
        let spans = read.lines().map(|line| serde_json::from_str::<Vec<Value>>(line).unwrap());
        Some(spans.flatten().collect())
    }
}

impl Post {
    fn json(&self) -> Value {
        let encoding = self.head.lines().find_map(|line| line.strip_prefix("content-encoding: "));
        json!({"encoding": encoding, "body": STANDARD.encode(&self.body)})
    }
}
