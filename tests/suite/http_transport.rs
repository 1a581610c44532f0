//! What carries requests: HTTP/2, Unix sockets, pipelining; refusals before a body came, and what bodies may hold.

use crate::server::{AT, Answer, Server, examples, send, wait_until};
use crate::support::root;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

type Client = SendRequest<Full<Bytes>>;

fn example(name: &str) -> Vec<u8> {
    std::fs::read(root().join("examples/sound").join(name)).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(work)
}

/// HTTP/2 with prior knowledge; the task is the connection's.
async fn two<S>(stream: S) -> (Client, tokio::task::JoinHandle<hyper::Result<()>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (client, tokio::spawn(connection))
}

async fn connect(server: &Server) -> (Client, tokio::task::JoinHandle<hyper::Result<()>>) {
    two(tokio::net::TcpStream::connect(&server.address).await.unwrap()).await
}

fn post(body: &[u8]) -> Request<Full<Bytes>> {
    let uri = format!("http://x/v1/verify?at={AT}");
    Request::post(uri).body(Full::new(Bytes::copy_from_slice(body))).unwrap()
}

async fn text(response: Response<hyper::body::Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[test]
fn http_2_answers_as_http_1_does_many_at_once() {
    let server = Server::start(&["--queue", "1000"]);
    let bodies: Vec<Vec<u8>> = examples().iter().map(|file| std::fs::read(file).unwrap()).collect();
    block_on(async {
        let (client, _) = connect(&server).await;
        let mut asked = tokio::task::JoinSet::new();
        for (index, body) in bodies.iter().enumerate().cycle().take(100) {
            let (mut client, request) = (client.clone(), post(body));
            asked.spawn(async move {
                client.ready().await.unwrap();
                let answer = client.send_request(request).await.unwrap();
                assert_eq!(answer.status(), 200);
                (index, text(answer).await)
            });
        }
        let expected: Vec<Vec<u8>> = bodies.iter().map(|body| server.verify(body).body).collect();
        while let Some(answered) = asked.join_next().await {
            let (index, answer) = answered.unwrap();
            assert_eq!(answer.as_bytes(), expected[index]);
        }
    });
}

#[test]
fn http_2_keeps_its_bounds_and_stays_usable() {
    let server = Server::start(&["--max-body", "100000", "--body-seconds", "1"]);
    block_on(async {
        let (mut client, _) = connect(&server).await;
        let large = client.send_request(post(&[b' '; 300_000])).await.unwrap();
        assert_eq!(large.status(), 413);
        let mut request = post(b"x");
        request.headers_mut().insert("x-long", "a".repeat(20_000).parse().unwrap());
        // Refused with 431 or by a reset of its stream alone.
        if let Ok(answer) = client.send_request(request).await {
            assert_eq!(answer.status(), 431);
        }
        let sound = client.send_request(post(&example("b-compact.jwt"))).await.unwrap();
        assert_eq!((sound.status().as_u16(), sound.headers().get("connection")), (200, None));
        assert!(text(sound).await.contains("\"verdict\":\"passed\""));
    });
}

#[test]
fn http_2_is_offered_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (server, certificate) = Server::launch_tls(folder.path());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    block_on(async {
        for (offered, spoken) in
            [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
        {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ClientConfig::builder_with_provider(provider);
            let config = config.with_safe_default_protocol_versions().unwrap();
            let mut config = config.with_root_certificates(roots.clone()).with_no_client_auth();
            config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            let stream = connector.connect(name, stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), spoken.map(str::as_bytes));
            let live =
                Request::get("http://x/livez").header("host", "x").body(Full::new(Bytes::new())).unwrap();
            let answer = if spoken == Some("h2") {
                two(stream).await.0.send_request(live).await.unwrap()
            } else {
                let (mut client, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
                tokio::spawn(connection);
                client.send_request(live).await.unwrap()
            };
            assert_eq!((answer.status().as_u16(), text(answer).await.as_str()), (200, "live\n"));
        }
    });
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn opening_and_resetting_streams_ends_the_connection_and_nothing_else() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let mut attack = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    attack.extend(frame(4, 0, 0, &[]));
    for number in 0..1000 {
        let stream = 2 * number + 1;
        // GET / over http by the static table of HPACK, its end, then a reset.
        attack.extend(frame(1, 5, stream, &[0x82, 0x86, 0x84]));
        attack.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
    }
    let _ = stream.write_all(&attack);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let mut rest = &answer[..];
    let mut goodbye = None;
    while rest.len() >= 9 {
        let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
        if rest[3] == 7 && rest.len() >= 17 {
            goodbye = Some(u32::from_be_bytes(rest[13..17].try_into().unwrap()));
        }
        rest = &rest[rest.len().min(9 + length)..];
    }
    assert_eq!(goodbye, Some(11), "GOAWAY with ENHANCE_YOUR_CALM");
    assert_eq!(server.get("/livez").status, 200);
}

#[test]
fn an_idle_http_2_connection_is_let_go_and_one_at_work_is_not() {
    let server = Server::start(&["--head-seconds", "1", "--body-seconds", "3"]);
    block_on(async {
        let (_idle, ended) = connect(&server).await;
        let stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        let (mut client, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let never = futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>();
        let request = Request::post("http://x/v1/verify").body(StreamBody::new(never)).unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 408);
        assert!(ended.await.unwrap().is_ok());
    });
}

/// Whether the server said in an orderly GOAWAY that the stream is above the last one that it took up.
fn is_disclaimed(error: &hyper::Error) -> bool {
    let h2 = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    h2.is_some_and(|h2| h2.is_go_away() && h2.is_remote() && h2.reason() == Some(h2::Reason::NO_ERROR))
}

#[test]
fn sigterm_loses_no_request_of_http_2() {
    let mut server = Server::start(&["--queue", "1000", "--threads", "1"]);
    let body = example("lta-qualified.jsonld");
    let answered = Arc::new(AtomicUsize::new(0));
    block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (client, _) = connect(&server).await;
            for _ in 0..20 {
                let (mut client, body, answered) = (client.clone(), body.clone(), Arc::clone(&answered));
                asking.spawn(async move {
                    loop {
                        if client.ready().await.is_err() {
                            return;
                        }
                        match client.try_send_request(post(&body)).await {
                            Ok(answer) => {
                                assert_eq!(answer.status(), 200);
                                assert!(text(answer).await.contains("\"verdict\":\"passed\""));
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(mut error) => {
                                // The client itself knows of these that they were never sent, or GOAWAY said that they
                                // were not taken up (RFC 9113, 6.8): of all others the server owes an answer.
                                let back = error.take_message();
                                let error = error.into_error();
                                assert!(back.is_some() || is_disclaimed(&error), "lost: {error:?}");
                                return;
                            }
                        }
                    }
                });
            }
        }
        while answered.load(Ordering::Relaxed) < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.terminate();
        while let Some(asked) = asking.join_next().await {
            asked.unwrap();
        }
    });
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_head_that_might_still_become_http_2_is_408_too() {
    let server = Server::start(&["--head-seconds", "1"]);
    for beginning in [&b"P"[..], b"PRI * HTTP/2.0\r\n\r\nS"] {
        let mut stream = server.connect();
        stream.write_all(beginning).unwrap();
        assert_eq!(Answer::read(&mut stream).unwrap().status, 408);
    }
    let mut silent = server.connect();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "nothing is said to who said nothing");
}

fn socket(path: &Path) -> String {
    format!("unix:{}", path.display())
}

#[test]
fn a_unix_socket_serves_beside_an_address_and_is_gone_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealgate.sock");
    let listen = ["--listen", &socket(&path), "--unix-mode", "600"];
    let body = example("lta-qualified.jsonld");
    {
        let mut killed = Server::start(&listen);
        killed.child.kill().unwrap();
        killed.child.wait().unwrap();
    }
    assert!(path.exists(), "left behind by a process that was killed");
    let mut server = Server::start(&listen);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let answer = send(&mut stream, &body).unwrap();
    assert_eq!((answer.status, answer.body), (200, server.verify(&body).body));
    block_on(async {
        let (mut client, _) = two(tokio::net::UnixStream::connect(&path).await.unwrap()).await;
        assert_eq!(client.send_request(post(&body)).await.unwrap().status(), 200);
    });

    let second = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .current_dir(root())
        .args(["serve", "--listen", &socket(&path), "--trust-domain", "trust-lists/demo.toml"])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&second.stderr).contains("--listen unix:"));
    assert_eq!(send(&mut stream, &body).unwrap().status, 200);

    server.terminate();
    drop(stream);
    assert!(server.child.wait().unwrap().success());
    assert!(!path.exists());
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = Server::start(&["--queue", "100"]);
    let (slow, fast) = (example("lta-qualified.jsonld"), example("b-compact.jwt"));
    let expected = [server.verify(&slow).body, server.verify(&fast).body];
    let mut requests = Vec::new();
    for _ in 0..10 {
        for body in [&slow, &fast] {
            let length = body.len();
            write!(
                requests,
                "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
            )
            .unwrap();
            requests.extend_from_slice(body);
        }
        requests.extend_from_slice(
            b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n",
        );
    }
    let mut stream = server.connect();
    let mut writer = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(&requests).unwrap());
        for round in 0..10 {
            for expected in &expected {
                assert_eq!(&Answer::read(&mut stream).unwrap().body, expected, "{round}");
            }
            assert_eq!(Answer::read(&mut stream).unwrap().status, 404);
            assert_eq!(Answer::read(&mut stream).unwrap().body, b"live\n");
        }
    });
}

/// Begins a request; the rest of its body is the caller's.
fn begin(stream: &mut TcpStream, length: usize, sent: &[u8]) {
    write!(stream, "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").unwrap();
    stream.write_all(sent).unwrap();
}

#[test]
fn a_full_queue_refuses_before_the_body_and_the_connection_stays_usable() {
    let server = Server::start(&["--threads", "1", "--queue", "0"]);
    let (busy, enough) = (example("lta-qualified.jsonld"), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut stream = server.connect();
                while !enough.load(Ordering::Relaxed) {
                    assert!(matches!(send(&mut stream, &busy).unwrap().status, 200 | 503));
                }
            });
        }
        let body = vec![b' '; 500_000];
        let (mut refused, mut stream) = (0, server.connect());
        while refused < 5 {
            begin(&mut stream, body.len(), &body[..1]);
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let early = stream.peek(&mut [0]).is_ok();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            // With no answer yet there was a place, and the body is waited for.
            stream.write_all(&body[1..]).unwrap();
            let answer = Answer::read(&mut stream).unwrap();
            if early {
                assert_eq!(answer.status, 503);
                assert!(answer.head.contains("retry-after: "), "{}", answer.head);
                refused += 1;
            }
        }
        enough.store(true, Ordering::Relaxed);
    });
    assert_eq!(server.verify(&busy).status, 200);
}

/// What the server says it holds of bodies.
fn held(server: &Server) -> usize {
    server.metric("sealgate_body_bytes", &[]).unwrap() as usize
}

fn wait_until_held(server: &Server, is_it: impl Fn(usize) -> bool) {
    wait_until(|| is_it(held(server)));
}

#[test]
fn bodies_hold_no_more_than_they_may_together() {
    let server = Server::start(&["--max-body", "1000000", "--body-memory", "1000000"]);
    let body = vec![b'x'; 900_000];
    let mut first = server.connect();
    begin(&mut first, body.len(), &body[..800_000]);
    wait_until_held(&server, |bytes| bytes >= 800_000);

    // Announced: refused before a byte of it came.
    let mut second = server.connect();
    begin(&mut second, 300_000, &[]);
    let answer = Answer::read(&mut second).unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: ") && !answer.head.contains("connection: close"));
    second.write_all(&body[..300_000]).unwrap();

    // In HTTP/2 what is refused costs its stream alone.
    block_on(async {
        let (mut client, _) = connect(&server).await;
        let refused = client.send_request(post(&body[..300_000])).await.unwrap();
        assert_eq!(
            (refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()),
            (503, &b"1"[..])
        );
        assert_eq!(client.send_request(post(b"x")).await.unwrap().status(), 200);
    });

    // Not announced: refused where it no longer fits; what it had taken is given back.
    let mut third = server.connect();
    write!(third, "POST /v1/verify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"4000\r\n", &[b'x'; 0x4000][..], b"\r\n"].concat();
    (0..20).for_each(|_| third.write_all(&chunk).unwrap());
    third.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(Answer::read(&mut third).unwrap().status, 503);
    wait_until_held(&server, |bytes| bytes < 900_000);

    first.write_all(&body[800_000..]).unwrap();
    assert_eq!(Answer::read(&mut first).unwrap().json()["verdict"], "unreadable");
    wait_until_held(&server, |bytes| bytes == 0);
    for stream in [&mut second, &mut third, &mut first] {
        assert_eq!(send(stream, &body).unwrap().status, 200);
    }
}

#[test]
fn memory_in_which_no_largest_body_fits_is_wrong_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["serve", "--max-body", "2000", "--body-memory", "1000", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--body-memory"));
}
