//! Clients that take nothing, send nothing, or half.

use super::descriptors;
use crate::server::{AT, Answer, Server, resident, wait_until};
use crate::support::root;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Requests without a body, one after the other, whose answers come to some 10 MB.
fn many_requests() -> Vec<u8> {
    b"GET /v1/trust HTTP/1.1\r\nhost: x\r\n\r\n".repeat(5000)
}

/// How many of those are answered on a connection before it ends.
fn answered(stream: &mut impl Read, pause: Duration) -> usize {
    let mut count = 0;
    while let Ok(answer) = Answer::read(stream) {
        assert_eq!(answer.status, 200);
        count += 1;
        if count % 50 == 0 {
            std::thread::sleep(pause);
        }
    }
    count
}

#[test]
fn a_client_that_never_reads_its_answers_does_not_hold_its_connection() {
    let server = Server::start(&["--write-seconds", "1", "--head-seconds", "600"]);
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    // Ends with an error once the server has let go, and before that waits for it.
    let error = (0..).find_map(|_| stream.write_all(&many_requests()).err()).unwrap();
    let is_cut =
        [std::io::ErrorKind::ConnectionReset, std::io::ErrorKind::BrokenPipe].contains(&error.kind());
    assert!(is_cut, "{error}");
    assert_eq!(server.get("/livez").status, 200);
}

#[test]
fn a_client_that_reads_slowly_gets_all_its_answers() {
    let server = Server::start(&["--write-seconds", "3"]);
    let mut stream = server.connect();
    let mut writer = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writer.write_all(&many_requests()).unwrap();
            writer.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        });
        assert_eq!(answered(&mut stream, Duration::from_millis(100)), 5001);
    });
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn an_http_2_client_that_takes_all_but_its_answer_does_not_hold_its_connection() {
    let server = Server::start(&["--write-seconds", "1", "--head-seconds", "600"]);
    let mut stream = server.connect();
    // A window of nothing for every stream, then GET / over http by the static table of HPACK.
    let window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let asks = frame(1, 5, 1, &[0x82, 0x86, 0x84]);
    stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &window[..], &asks].concat()).unwrap();
    let mut came = Vec::new();
    // It goes on to ask whether the server is there.
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => came.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if stream.write_all(&frame(6, 0, 0, b"anybody?")).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&came);
    assert!(text.contains("anybody?") && !text.contains("<!doctype"), "{text}");
    assert_eq!(server.get("/livez").status, 200);
}

/// The bundled compact credential.
fn compact() -> Vec<u8> {
    std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap()
}

#[test]
fn a_thousand_slow_clients_cost_little_and_keep_nobody_out() {
    const CLIENTS: usize = 1000;
    let server = Server::start(&["--head-seconds", "20", "--body-seconds", "20"]);
    assert_eq!(server.verify(&compact()).status, 200);
    let (before, memory) = (descriptors(&server), resident(&server));
    let mut slow: Vec<TcpStream> = (0..CLIENTS).map(|_| server.connect()).collect();
    for (number, stream) in slow.iter_mut().enumerate() {
        let begun: &[u8] = match number % 4 {
            0 => b"",
            1 => b"POST /v1/verify HTT",
            2 => b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 60000000\r\n\r\n{",
            _ => b"POST /v1/verify/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 60000000\r\n\r\n{\"id\":",
        };
        stream.write_all(begun).unwrap();
    }
    wait_until(|| descriptors(&server) >= before + CLIENTS - 1);
    // What a client announces costs nothing; what it holds is a connection and its buffers.
    for _ in 0..20 {
        assert_eq!(server.verify(&compact()).json()["verdict"], "passed");
    }
    let grown = resident(&server).saturating_sub(memory);
    assert!(grown < CLIENTS * 64 * 1024, "grew by {grown}");
    // All are told, or let go where they said nothing; batches beyond those that may be at once have been refused.
    for (number, stream) in slow.iter_mut().enumerate() {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let expected: &[&str] = match number % 4 {
            0 => &[""],
            3 => &["HTTP/1.1 200 ", "HTTP/1.1 503 "],
            _ => &["HTTP/1.1 408 "],
        };
        let is_one =
            expected.iter().any(|begin| answer.starts_with(begin) && answer.is_empty() == begin.is_empty());
        assert!(is_one, "{number}: {answer}");
    }
    drop(slow);
    wait_until(|| descriptors(&server) <= before);
}

#[test]
fn a_client_that_closed_its_half_gets_its_answer() {
    let server = Server::start(&[]);
    let body = compact();
    let mut stream = server.connect();
    let head =
        format!("POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Answer::read(&mut stream).unwrap().json()["verdict"], "passed");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the other half is closed after it");

    // With half of its body it gets none but this.
    let mut stream = server.connect();
    stream.write_all(&[head.as_bytes(), &body[..100]].concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let answer = Answer::read(&mut stream).unwrap();
    assert_eq!((answer.status, &answer.json()["field"]), (400, &"body".into()));

    // A batch: what came is answered, then where it broke off is said.
    let mut stream = server.connect();
    let line = "{\"id\":1,\"credential\":{}}\n{\"id\":2,";
    write!(
        stream,
        "POST /v1/verify/batch HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{line}\r\n",
        line.len()
    )
    .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(
        text.contains("{\"id\":1,\"line\":1,\"verdict\"") && text.contains("{\"line\":2,\"problem\""),
        "{text}"
    );
    assert!(text.ends_with("0\r\n\r\n"), "{text}");

    // One that leaves altogether, with its request read or not, leaves nothing behind.
    for length in [0, 100, body.len()] {
        let mut stream = server.connect();
        stream.write_all(&[head.as_bytes(), &body[..length]].concat()).unwrap();
    }
    wait_until(|| {
        let none = |name: &str| server.metric(name, &[]) == Some(0.0);
        none("sealgate_body_bytes") && none("sealgate_queue_depth")
    });
}
