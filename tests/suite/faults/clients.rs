//! Clients that take nothing, send nothing, or half.

use crate::server::{Answer, Server};
use std::io::{Read, Write};
use std::time::Duration;

/// File descriptors that the server has open.
pub(super) fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

pub(super) fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

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
    assert!(text.contains("anybody?") && !text.contains("no such route"), "{text}");
    assert_eq!(server.get("/livez").status, 200);
}
