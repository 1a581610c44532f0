//! Connections and streams of which one half is closed: HTTP/2 (RFC 9113, 5.1).

use crate::server::{AT, Server, wait_until};
use crate::support::root;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn compact() -> Vec<u8> {
    std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap()
}

/// A frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header field without indexing, its name and value as they are (RFC 7541, 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let short = |text: &str| u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap();
    [&[0, short(name)][..], name.as_bytes(), &[short(value)], value.as_bytes()].concat()
}

/// The head of a POST with a body to come, or none.
fn head(path: &str, more: &[u8]) -> Vec<u8> {
    // `:method: POST` and `:scheme: http` by the static table.
    [&[0x83, 0x86][..], &field(":path", path), &field(":authority", "x"), more].concat()
}

/// A connection as frames.
struct Frames(TcpStream);

/// What came on a stream until it ended.
#[derive(Default, Debug)]
struct Got {
    body: Vec<u8>,
    ended: bool,
    reset: Option<u32>,
}

impl Frames {
    fn open(server: &Server) -> Self {
        let mut stream = server.connect();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut frames = Self(stream);
        frames.send(SETTINGS, 0, 0, &[]);
        frames
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.0.write_all(&frame(kind, flags, stream, payload)).unwrap();
    }

    fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).ok()?;
        if head[3] == DATA && length > 0 {
            // The connection takes as much again (RFC 9113, 6.9); not where our half is closed.
            let _ = self.0.write_all(&frame(WINDOW_UPDATE, 0, 0, &length.to_be_bytes()));
        }
        Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
    }

    /// Reads until this stream ended, or the connection.
    fn answer(&mut self, stream: u32) -> Got {
        let mut got = Got::default();
        while let Some((kind, flags, on, payload)) = self.next() {
            assert_ne!(kind, GOAWAY, "{payload:?}");
            if on != stream {
                continue;
            }
            match kind {
                DATA => got.body.extend_from_slice(&payload),
                RST_STREAM => got.reset = Some(u32::from_be_bytes(payload[..4].try_into().unwrap())),
                _ => {}
            }
            got.ended |= matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
            if got.ended || got.reset.is_some() {
                break;
            }
        }
        got
    }

    fn passes(&mut self, stream: u32) {
        let got = self.answer(stream);
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(got.ended && text.contains("\"verdict\":\"passed\""), "{:?}: {text}", got.reset);
    }
}

fn verify() -> String {
    format!("/v1/verify?at={AT}")
}

fn is_idle(server: &Server) -> bool {
    let none = |name: &str| server.metric(name, &[]) == Some(0.0);
    none("sealgate_body_bytes") && none("sealgate_queue_depth")
}

#[test]
fn a_stream_that_is_half_closed_is_answered() {
    let server = Server::start(&[]);
    let body = compact();
    let mut frames = Frames::open(&server);
    // Closed by the last bytes of the body; by a frame without any, after the answer could have begun; by trailers.
    frames.send(HEADERS, END_HEADERS, 1, &head(&verify(), &[]));
    frames.send(DATA, END_STREAM, 1, &body);
    frames.passes(1);
    frames.send(HEADERS, END_HEADERS, 3, &head(&verify(), &[]));
    frames.send(DATA, 0, 3, &body);
    std::thread::sleep(Duration::from_millis(50));
    frames.send(DATA, END_STREAM, 3, &[]);
    frames.passes(3);
    frames.send(HEADERS, END_HEADERS, 5, &head(&verify(), &[]));
    frames.send(DATA, 0, 5, &body);
    frames.send(HEADERS, END_HEADERS | END_STREAM, 5, &field("x-checksum", "1"));
    frames.passes(5);
    // With its head: there is no credential.
    frames.send(HEADERS, END_HEADERS | END_STREAM, 7, &head(&verify(), &[]));
    let none = frames.answer(7);
    assert!(none.ended && String::from_utf8_lossy(&none.body).contains("\"status\":400"), "{none:?}");
    // Before as much came as was announced (RFC 9113, 8.1.1): malformed, and the stream's own matter.
    let announced = field("content-length", &(body.len() + 1).to_string());
    frames.send(HEADERS, END_HEADERS, 9, &head(&verify(), &announced));
    frames.send(DATA, END_STREAM, 9, &body);
    let short = frames.answer(9);
    let is_refused = short.reset.is_some() || String::from_utf8_lossy(&short.body).contains("\"status\":400");
    assert!(is_refused, "{short:?}");
    frames.send(HEADERS, END_HEADERS, 11, &head(&verify(), &[]));
    frames.send(DATA, END_STREAM, 11, &body);
    frames.passes(11);
}

#[test]
fn a_stream_that_is_reset_within_its_body_costs_nobody_else() {
    let server = Server::start(&["--threads", "1"]);
    let body = compact();
    let mut frames = Frames::open(&server);
    for number in 0..10 {
        let (reset, sound) = (4 * number + 1, 4 * number + 3);
        frames.send(HEADERS, END_HEADERS, reset, &head(&verify(), &[]));
        frames.send(HEADERS, END_HEADERS, sound, &head(&verify(), &[]));
        frames.send(DATA, 0, reset, &body[..body.len() / 2]);
        frames.send(DATA, 0, sound, &body[..100]);
        frames.send(RST_STREAM, 0, reset, &8_u32.to_be_bytes());
        frames.send(DATA, END_STREAM, sound, &body[100..]);
        frames.passes(sound);
    }
    // With the whole body read, too: what was under way for it is given back.
    frames.send(HEADERS, END_HEADERS, 101, &head(&verify(), &[]));
    frames.send(DATA, END_STREAM, 101, &body);
    frames.send(RST_STREAM, 0, 101, &8_u32.to_be_bytes());
    frames.send(HEADERS, END_HEADERS, 103, &head(&verify(), &[]));
    frames.send(DATA, END_STREAM, 103, &body);
    frames.passes(103);
    wait_until(|| is_idle(&server));
}

/// HTTP/2 knows half-closed streams and no half-closed connections: who closes its half has left.
#[test]
fn a_client_that_closes_its_half_of_the_connection_leaves_nothing_behind() {
    let server = Server::start(&["--threads", "1"]);
    let body = compact();
    let mut frames = Frames::open(&server);
    for stream in [1, 3, 5] {
        frames.send(HEADERS, END_HEADERS, stream, &head(&verify(), &[]));
        frames.send(DATA, END_STREAM, stream, &body);
    }
    // One more, whose body will never come whole.
    frames.send(HEADERS, END_HEADERS, 7, &head(&verify(), &[]));
    frames.send(DATA, 0, 7, &body[..100]);
    frames.0.shutdown(Shutdown::Write).unwrap();
    // The server's half is closed, too, whatever it still said.
    while frames.next().is_some() {}
    wait_until(|| is_idle(&server));
    assert_eq!(server.verify(&body).status, 200);
}

/// What a client sent before it could read GOAWAY is no reason to reset the connection: over a reset it might never read that
/// its request was not taken up (RFC 9113, 6.8).
#[test]
fn a_client_that_still_sends_reads_what_was_not_taken_up() {
    let mut server = Server::start(&[]);
    let body = compact();
    let mut frames = Frames::open(&server);
    frames.send(HEADERS, END_HEADERS, 1, &head(&verify(), &[]));
    frames.send(DATA, END_STREAM, 1, &body);
    frames.passes(1);
    server.terminate();
    let shown = loop {
        let (kind, flags, _, payload) = frames.next().expect("the connection is still open");
        if kind == PING && flags & ACK == 0 {
            break payload;
        }
    };
    frames.send(PING, ACK, 0, &shown);
    frames.send(HEADERS, END_HEADERS, 3, &head(&verify(), &[]));
    for part in body.chunks(body.len() / 3) {
        std::thread::sleep(Duration::from_millis(50));
        frames.send(DATA, 0, 3, part);
    }
    let mut taken_up = Vec::new();
    while let Some((kind, _, _, payload)) = frames.next() {
        if kind == GOAWAY {
            taken_up.push(u32::from_be_bytes(payload[..4].try_into().unwrap()));
        }
    }
    assert_eq!(taken_up.last(), Some(&1), "{taken_up:?}");
    drop(frames);
    assert!(server.child.wait().unwrap().success());
}
