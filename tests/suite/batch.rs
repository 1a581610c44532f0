//! `POST /v1/verify/batch` over real sockets: ids and order, bad lines, ZIP archives, and what bounds a batch.

mod flow;
mod lines;
mod zip;

use crate::server::{AT, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// The bundled compact credential: the quickest to verify.
fn compact() -> Vec<u8> {
    example("b-compact.jwt")
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(crate::support::root().join("examples/sound").join(name)).unwrap()
}

/// A line with its newline.
fn line(id: &str, credential: &[u8]) -> String {
    format!("{{\"id\":{id},\"credential_base64\":\"{}\"}}\n", STANDARD.encode(credential))
}

/// A batch under way on a connection of its own.
struct Batch {
    stream: TcpStream,
}

impl Batch {
    /// Sends the head of one whose length is not told.
    fn begin(server: &Server) -> Self {
        let mut stream = server.connect();
        write!(
            stream,
            "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        .unwrap();
        Self { stream }
    }

    fn send(&mut self, text: &str) -> std::io::Result<()> {
        write!(self.stream, "{:x}\r\n{text}\r\n", text.len())
    }

    fn finish(&mut self) {
        self.stream.write_all(b"0\r\n\r\n").unwrap();
    }

    /// The head of the answer, then its lines.
    fn answers(&self) -> Answers {
        let mut from = BufReader::new(self.stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(from.read_line(&mut head).unwrap() > 0, "no head: {head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("content-type: application/x-ndjson\r\n"), "{head}");
        Answers { from: BufReader::new(Chunked { from, left: 0, ended: false }) }
    }
}

/// The lines of an answer as they come.
struct Answers {
    from: BufReader<Chunked>,
}

impl Iterator for Answers {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        (self.from.read_line(&mut line).unwrap() > 0).then(|| {
            assert!(line.ends_with('\n'), "cut short: {line}");
            serde_json::from_str(&line).unwrap()
        })
    }
}

/// A body in chunks (RFC 9112, 7.1); one that breaks off is an error.
struct Chunked {
    from: BufReader<TcpStream>,
    left: usize,
    ended: bool,
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let broken = |what: &str| std::io::Error::other(format!("the answer broke off: {what}"));
        if self.ended {
            return Ok(0);
        }
        if self.left == 0 {
            let mut size = String::new();
            self.from.read_line(&mut size)?;
            self.left = usize::from_str_radix(size.trim(), 16).map_err(|_| broken(&size))?;
            if self.left == 0 {
                self.ended = true;
                self.from.read_line(&mut size)?;
                return Ok(0);
            }
        }
        let most = self.left.min(buffer.len());
        let read = self.from.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(broken("within a chunk"));
        }
        self.left -= read;
        if self.left == 0 {
            self.from.read_exact(&mut [0; 2])?;
        }
        Ok(read)
    }
}

/// A whole batch: its answers, in the order in which they came.
fn batch(server: &Server, lines: &str) -> Vec<Value> {
    let mut batch = Batch::begin(server);
    batch.send(lines).unwrap();
    batch.finish();
    batch.answers().collect()
}

/// What comes of a body of a told length and type: the status, and the text.
fn post(server: &Server, more: &str, body: &[u8]) -> (u16, String) {
    let mut stream = server.connect();
    let length = body.len();
    write!(stream, "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n").unwrap();
    // Refused early, the rest of a body is not taken.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// A number of the server's.
fn metric(server: &Server, name: &str) -> usize {
    server.metric(name, &[]).unwrap_or_default() as usize
}

/// Pieces that are read and not answered.
fn in_flight(server: &Server) -> usize {
    metric(server, "sealgate_batch_lines_in_flight")
}

/// Pieces that a verdict was given on.
fn verified(server: &Server) -> usize {
    server.metric("sealgate_batch_lines_total", &[("result", "verdict")]).unwrap_or_default() as usize
}
