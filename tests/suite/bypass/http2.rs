//! Ways around authentication over HTTP/2: pseudo-headers, names, lengths, as raw frames.

use super::guarded;
use crate::server::Server;
use std::io::{Read, Write};

/// A frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as literals without an index and without Huffman's code (RFC 7541, 6.2.2).
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        assert!(text.len() < 127);
        [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    fields.iter().flat_map(|(name, value)| [&[0][..], &text(name), &text(value)].concat()).collect()
}

const RESET: u8 = 3;
const GOAWAY: u8 = 7;
const DATA: u8 = 0;

/// What comes of the first stream.
#[derive(PartialEq, Eq, Debug)]
enum Outcome {
    /// Its body.
    Answer(String),
    /// It alone ends, for this reason.
    Reset(u32),
    /// The connection ends, for this reason.
    GoAway(u32),
    /// The connection ends.
    Closed,
}

/// PROTOCOL_ERROR (RFC 9113, 7).
const PROTOCOL: u32 = 1;

fn talk(server: &Server, frames: &[u8]) -> Outcome {
    let mut stream = server.connect();
    let settings = frame(4, 0, 0, &[]);
    stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], frames].concat()).unwrap();
    let mut body = String::new();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).is_err() {
            return Outcome::Closed;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).is_err() {
            return Outcome::Closed;
        }
        let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match head[3] {
            DATA => {
                body.push_str(std::str::from_utf8(&payload).unwrap());
                if head[4] & 1 == 1 {
                    return Outcome::Answer(body);
                }
            }
            RESET => return Outcome::Reset(word(0)),
            GOAWAY => return Outcome::GoAway(word(4)),
            _ => {}
        }
    }
}

/// A request with a body of one byte.
fn post(head: &[(&str, &str)]) -> Vec<u8> {
    [frame(1, 4, 1, &fields(head)), frame(0, 1, 1, b"x")].concat()
}

fn is_status(outcome: &Outcome, status: u16) -> bool {
    matches!(outcome, Outcome::Answer(body) if body.contains(&format!("\"status\":{status}")))
}

const METHOD: (&str, &str) = (":method", "POST");
const SCHEME: (&str, &str) = (":scheme", "http");
const HOST: (&str, &str) = (":authority", "x");
const PATH: (&str, &str) = (":path", "/v1/verify");
const LIVE: (&str, &str) = (":path", "/livez");

#[test]
fn the_key_is_asked_for_and_lets_in() {
    let (server, key, _file) = guarded();
    let bearer = format!("Bearer {key}");
    let right = ("authorization", &*bearer);
    let asked = |more: &[(&str, &str)]| talk(&server, &post(&[&[METHOD, SCHEME, HOST, PATH], more].concat()));
    assert!(matches!(asked(&[right]), Outcome::Answer(body) if body.contains("\"verdict\"")));
    assert!(matches!(asked(&[right, ("host", "X")]), Outcome::Answer(body) if body.contains("\"verdict\"")));
    for (what, more, status) in [
        ("none", vec![], 401),
        ("twice", vec![right, right], 401),
        ("a wrong one besides", vec![right, ("authorization", "Bearer x")], 401),
        ("a name with an underscore", vec![("authorization_", &*bearer)], 401),
        ("another header", vec![("x-api-key", &*key)], 401),
        ("a cookie", vec![("cookie", &*bearer)], 401),
        ("another host", vec![right, ("host", "y")], 400),
        ("two hosts", vec![right, ("host", "x"), ("host", "x")], 400),
    ] {
        let outcome = asked(&more);
        assert!(is_status(&outcome, status), "{what}: {outcome:?}");
    }
    // In a trailer it comes too late.
    let late = [
        frame(1, 4, 1, &fields(&[METHOD, SCHEME, HOST, PATH])),
        frame(0, 0, 1, b"x"),
        frame(1, 5, 1, &fields(&[right])),
    ];
    let outcome = talk(&server, &late.concat());
    assert!(is_status(&outcome, 401), "{outcome:?}");
    assert_eq!(server.get("/livez").status, 200);
}

/// Of the following those that end the connection, not the stream alone.
const ENDING: [&str; 7] = [
    "one that there is not",
    "one of another case",
    "a line's end in a value",
    "a line's end in a name",
    "upper case",
    "a space in a name",
    "a colon in a name",
];

#[test]
fn pseudo_headers_and_fields_that_may_not_be() {
    let (server, key, _file) = guarded();
    let bearer = format!("Bearer {key}");
    let right = ("authorization", &*bearer);
    let mut wrong = Vec::new();
    let split = format!("x\r\nauthorization: {bearer}");
    for (what, head) in [
        ("two paths", vec![METHOD, SCHEME, HOST, LIVE, PATH]),
        ("two paths, the other way about", vec![METHOD, SCHEME, HOST, PATH, LIVE]),
        ("one path twice", vec![METHOD, SCHEME, HOST, PATH, PATH, right]),
        ("two methods", vec![(":method", "GET"), METHOD, SCHEME, HOST, PATH, right]),
        ("two hosts", vec![METHOD, SCHEME, HOST, HOST, PATH, right]),
        ("two schemes", vec![METHOD, SCHEME, SCHEME, HOST, PATH, right]),
        ("a path that comes late", vec![METHOD, SCHEME, HOST, ("x", "y"), PATH]),
        ("a second path that comes late", vec![METHOD, SCHEME, HOST, LIVE, ("x", "y"), PATH]),
        ("one that there is not", vec![METHOD, SCHEME, HOST, PATH, (":admin", "true"), right]),
        ("one of answers", vec![METHOD, SCHEME, HOST, PATH, (":status", "200"), right]),
        ("one of another case", vec![METHOD, SCHEME, HOST, (":Path", "/v1/verify"), right]),
        ("no path", vec![METHOD, SCHEME, HOST, right]),
        ("no method", vec![SCHEME, HOST, PATH, right]),
        ("no scheme", vec![METHOD, HOST, PATH, right]),
        ("an empty path", vec![METHOD, SCHEME, HOST, (":path", ""), right]),
        ("a path without its slash", vec![METHOD, SCHEME, HOST, (":path", "v1/verify"), right]),
        ("NUL in the path", vec![METHOD, SCHEME, HOST, (":path", "/livez\0/v1/verify")]),
        ("a space in the path", vec![METHOD, SCHEME, HOST, (":path", "/livez /v1/verify")]),
        ("a line's end in the path", vec![METHOD, SCHEME, HOST, (":path", "/livez HTTP/1.1\r\nx: y")]),
        ("a line's end in a value", vec![METHOD, SCHEME, HOST, PATH, ("x", &*split)]),
        ("a line's end in a name", vec![METHOD, SCHEME, HOST, PATH, ("x\r\nauthorization", &*bearer)]),
        ("upper case", vec![METHOD, SCHEME, HOST, PATH, ("Authorization", &*bearer)]),
        ("a space in a name", vec![METHOD, SCHEME, HOST, PATH, ("authorization ", &*bearer)]),
        ("a colon in a name", vec![METHOD, SCHEME, HOST, PATH, ("authorization:", &*bearer)]),
        ("a coding", vec![METHOD, SCHEME, HOST, PATH, right, ("transfer-encoding", "chunked")]),
        ("of the connection", vec![METHOD, SCHEME, HOST, PATH, right, ("connection", "close")]),
        ("to keep alive", vec![METHOD, SCHEME, HOST, PATH, right, ("keep-alive", "1")]),
        ("an upgrade", vec![METHOD, SCHEME, HOST, PATH, right, ("upgrade", "h2c")]),
        ("a length that is too short", vec![METHOD, SCHEME, HOST, PATH, right, ("content-length", "0")]),
        ("a length that is too long", vec![METHOD, SCHEME, HOST, PATH, right, ("content-length", "2")]),
        (
            "two lengths",
            vec![METHOD, SCHEME, HOST, PATH, right, ("content-length", "1"), ("content-length", "2")],
        ),
        ("no number", vec![METHOD, SCHEME, HOST, PATH, right, ("content-length", "+1")]),
    ] {
        let outcome = talk(&server, &post(&head));
        // Where a field cannot be read at all, what comes after it cannot either.
        let expected = match ENDING.contains(&what) {
            true => Outcome::GoAway(PROTOCOL),
            false => Outcome::Reset(PROTOCOL),
        };
        if outcome != expected {
            wrong.push(format!("{what}: {outcome:?}"));
        }
        assert_eq!(server.get("/livez").status, 200, "{what}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_way_of_writing_a_path_gets_past() {
    let (server, key, _file) = guarded();
    let bearer = format!("Bearer {key}");
    let right = ("authorization", &*bearer);
    for (path, without, with) in [
        ("//v1/verify", 401, 404),
        ("/v1/./verify", 401, 404),
        ("/v1/verify/", 401, 404),
        ("/livez/../v1/verify", 401, 404),
        ("/livez%2f..%2fv1/verify", 401, 404),
        ("/livez;/v1/verify", 401, 404),
        ("/V1/VERIFY", 401, 404),
        ("/%76%31/verify", 401, 404),
        ("/livez?/v1/verify", 405, 405),
    ] {
        let head = [METHOD, SCHEME, HOST, (":path", path)];
        let outcome = talk(&server, &post(&head));
        assert!(is_status(&outcome, without), "{path}: {outcome:?}");
        let outcome = talk(&server, &post(&[&head[..], &[right]].concat()));
        assert!(is_status(&outcome, with), "{path}: {outcome:?}");
    }
}
