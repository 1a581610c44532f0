//! Ways around authentication, and requests within requests: raw bytes, each with what must come of it.

mod http1;
mod http2;
mod smuggling;

use crate::admission::{File, new_key};
use crate::server::Server;
use std::io::{Read, Write};

/// A server that knows one key and lets nobody in without.
fn guarded() -> (Server, String, File) {
    let (key, hash) = new_key();
    let file = File::new(&format!("[[client]]\nid = \"one\"\nkeys = [{{ {hash} }}]"));
    (file.server(&[]), key, file)
}

/// An answer of HTTP/1.1.
#[derive(Debug)]
struct Raw {
    status: u16,
    body: String,
}

/// Sends it all, closes that half, and reads until the server has closed the other.
fn talk(server: &Server, bytes: &[u8]) -> Vec<Raw> {
    let mut stream = server.connect();
    // What comes after an answer that ends the connection may find it closed.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came);
    answers(&String::from_utf8_lossy(&came))
}

fn answers(mut text: &str) -> Vec<Raw> {
    let mut answers = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
        let status = head.strip_prefix("HTTP/1.").and_then(|head| head.get(2..5)).unwrap().parse().unwrap();
        if status == 100 {
            text = rest;
            continue;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap_or_else(|| panic!("{head}")).parse().unwrap();
        answers.push(Raw { status, body: rest[..length].to_owned() });
        text = &rest[length..];
    }
    answers
}

fn statuses(answers: &[Raw]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}
