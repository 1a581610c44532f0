//! Requests within requests: what two readers could take for other numbers of requests is refused, and what comes
//! behind it is never answered.

use super::{Raw, statuses, talk};
use crate::server::Server;

/// What must never be answered where it stands within or behind something doubtful.
const INNER: &str = "GET /livez HTTP/1.1\r\nhost: inner\r\n\r\n";

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /v1/verify HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}").into_bytes()
}

fn inner_answers(answers: &[Raw]) -> usize {
    answers.iter().filter(|answer| answer.body == "live\n").count()
}

/// Sends each with the inner request behind it.
fn nothing_follows(server: &Server, table: &[(&str, Vec<u8>, &[u16])]) {
    for (what, bytes, expected) in table {
        let answers = talk(server, &[bytes, INNER.as_bytes()].concat());
        assert_eq!(&statuses(&answers), expected, "{what}: {answers:?}");
        assert_eq!(inner_answers(&answers), 0, "{what}");
        assert_eq!(server.get("/livez").status, 200, "{what}");
    }
}

#[test]
fn lengths_that_can_be_read_in_two_ways() {
    let server = Server::start(&[]);
    let chunked = "1\r\nx\r\n0\r\n\r\n";
    nothing_follows(
        &server,
        &[
            // RFC 9112, 6.1: the coding counts, and the connection ends.
            (
                "a length, then a coding",
                post("content-length: 11\r\ntransfer-encoding: chunked\r\n", chunked),
                &[200],
            ),
            (
                "a coding, then a length",
                post("transfer-encoding: chunked\r\ncontent-length: 11\r\n", chunked),
                &[200],
            ),
            (
                "a coding and a short length",
                post("transfer-encoding: chunked\r\ncontent-length: 1\r\n", chunked),
                &[200],
            ),
            (
                "a coding and no length at all",
                post("content-length: 0\r\ntransfer-encoding: chunked\r\n", chunked),
                &[200],
            ),
            (
                "a coding and no number",
                post("transfer-encoding: chunked\r\ncontent-length: x\r\n", chunked),
                &[200],
            ),
            ("two lengths", post("content-length: 1\r\ncontent-length: 2\r\n", "x"), &[400]),
            ("two lengths in one", post("content-length: 1, 2\r\n", "x"), &[400]),
            ("one length twice in one", post("content-length: 1, 1\r\n", "x"), &[400]),
            ("a sign", post("content-length: +1\r\n", "x"), &[400]),
            ("less than nothing", post("content-length: -1\r\n", "x"), &[400]),
            ("hexadecimal", post("content-length: 0x1\r\n", "x"), &[400]),
            ("a fraction", post("content-length: 1.0\r\n", "x"), &[400]),
            ("a space within", post("content-length: 1 1\r\n", "x"), &[400]),
            ("nothing", post("content-length:\r\n", "x"), &[400]),
            ("over 64 bits", post("content-length: 18446744073709551617\r\n", "x"), &[400]),
            (
                "just 64 bits, which no body reaches",
                post("content-length: 18446744073709551615\r\n", "x"),
                &[431],
            ),
            ("digits of another script", post("content-length: \u{661}\r\n", "x"), &[400]),
            ("a space before the colon", post("content-length : 1\r\n", "x"), &[400]),
            ("folded", post("content-length:\r\n 1\r\n", "x"), &[400]),
            ("NUL in the name", post("content\0-length: 1\r\n", "x"), &[400]),
        ],
    );
    // The same length twice is that length (RFC 9112, 6.3).
    let twice = talk(&server, &post("content-length: 1\r\ncontent-length: 1\r\n", "x"));
    assert_eq!(statuses(&twice), [200]);
}

#[test]
fn codings_that_hide() {
    let server = Server::start(&[]);
    let chunked = "1\r\nx\r\n0\r\n\r\n";
    let coded = |header: &str| post(&format!("{header}\r\n"), chunked);
    nothing_follows(
        &server,
        &[
            ("another coding", coded("transfer-encoding: identity"), &[400]),
            ("another coding at the end", coded("transfer-encoding: chunked, identity"), &[400]),
            (
                "another line at the end",
                coded("transfer-encoding: chunked\r\ntransfer-encoding: identity"),
                &[400],
            ),
            ("almost its name", coded("transfer-encoding: xchunked"), &[400]),
            ("its name and more", coded("transfer-encoding: chunked-"), &[400]),
            ("a parameter", coded("transfer-encoding: chunked;q=1"), &[400]),
            ("in quotes", coded("transfer-encoding: \"chunked\""), &[400]),
            ("nothing", coded("transfer-encoding:"), &[400]),
            ("a vertical tab", coded("transfer-encoding: \u{b}chunked"), &[400]),
            ("NUL", coded("transfer-encoding: chunked\0"), &[400]),
            ("letters that fold to others", coded("transfer-encoding: chun\u{212a}ed"), &[400]),
            ("folded", coded("transfer-encoding: chunked\r\n , identity"), &[400]),
            ("folded away", coded("x: y\r\n transfer-encoding: chunked"), &[400]),
            ("a space before the colon", coded("transfer-encoding : chunked"), &[400]),
            ("a space before the name", coded(" transfer-encoding: chunked"), &[400]),
            ("behind a bare CR", coded("x: y\rtransfer-encoding: chunked"), &[400]),
            (
                "in HTTP/1.0",
                b"POST /v1/verify HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n".to_vec(),
                &[400],
            ),
            // No body for who does not read the underscore: it is no request then.
            ("an underscore", coded("transfer_encoding: chunked"), &[400, 400]),
        ],
    );
}

#[test]
fn chunks_that_are_none() {
    let server = Server::start(&[]);
    let chunks = |body: &str| post("transfer-encoding: chunked\r\n", body);
    let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(20_000));
    nothing_follows(
        &server,
        &[
            ("over 64 bits", chunks("10000000000000001\r\nx\r\n0\r\n\r\n"), &[400]),
            ("no number", chunks("x\r\nx\r\n0\r\n\r\n"), &[400]),
            ("nothing", chunks("\r\nx\r\n0\r\n\r\n"), &[400]),
            ("a sign", chunks("+1\r\nx\r\n0\r\n\r\n"), &[400]),
            ("less than nothing", chunks("-1\r\nx\r\n0\r\n\r\n"), &[400]),
            ("a prefix", chunks("0x1\r\nx\r\n0\r\n\r\n"), &[400]),
            ("a space before it", chunks(" 1\r\nx\r\n0\r\n\r\n"), &[400]),
            ("an underscore", chunks("0_1\r\nx\r\n0\r\n\r\n"), &[400]),
            ("bare LF behind it", chunks("1\nx\r\n0\r\n\r\n"), &[400]),
            ("bare CR behind it", chunks("1\rx\r\n0\r\n\r\n"), &[400]),
            ("longer than told", chunks("1\r\nxy\r\n0\r\n\r\n"), &[400]),
            ("bare LF behind the data", chunks("1\r\nx\n0\r\n\r\n"), &[400]),
            ("LF in an extension", chunks("1;a=b\nc\r\nx\r\n0\r\n\r\n"), &[400]),
            ("a long extension", chunks(&long), &[400]),
            ("bare LF at the end", chunks("1\r\nx\r\n0\n\n"), &[400]),
        ],
    );
    // An extension is no harm, nor is a trailer; a trailer frames nothing.
    let plain =
        chunks("1;name=\"value\"\r\nx\r\n0\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n");
    let answers = talk(&server, &[&plain, INNER.as_bytes()].concat());
    assert_eq!((statuses(&answers), inner_answers(&answers)), (vec![200, 200], 1));
}

#[test]
fn lines_and_versions() {
    let server = Server::start(&[]);
    let plain = |text: &str| text.as_bytes().to_vec();
    nothing_follows(
        &server,
        &[
            ("HTTP/0.9", plain("GET /readyz\r\n"), &[400]),
            ("HTTP/0.9 by its name", plain("GET /readyz HTTP/0.9\r\n\r\n"), &[400]),
            ("a version that there is not", plain("GET /readyz HTTP/1.2\r\n\r\n"), &[400]),
            ("HTTP/2 in the words of 1.1", plain("GET /readyz HTTP/2.0\r\nhost: x\r\n\r\n"), &[400]),
            ("a version in small letters", plain("GET /readyz http/1.1\r\nhost: x\r\n\r\n"), &[400]),
            ("two spaces", plain("GET  /readyz HTTP/1.1\r\nhost: x\r\n\r\n"), &[400]),
            ("a tab", plain("GET\t/readyz\tHTTP/1.1\r\nhost: x\r\n\r\n"), &[400]),
            ("a space at the end", plain("GET /readyz HTTP/1.1 \r\nhost: x\r\n\r\n"), &[400]),
            ("a space before the first header", plain("GET /readyz HTTP/1.1\r\n host: x\r\n\r\n"), &[400]),
            ("an empty name", plain("GET /readyz HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n"), &[400]),
            ("a bare CR in the request line", plain("GET /readyz HTTP/1.1\rhost: x\r\n\r\n"), &[400]),
            ("no host", plain("GET /readyz HTTP/1.1\r\nconnection: close\r\n\r\n"), &[400]),
            ("one of HTTP/1.0, which ends", plain("GET /readyz HTTP/1.0\r\n\r\n"), &[200]),
            (
                "one that asks for the end",
                plain("GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
                &[200],
            ),
            (
                "the end, then its contrary",
                plain(
                    "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nconnection: keep-alive\r\n\r\n",
                ),
                &[200],
            ),
            // It is the body of the first, and that is read to its end.
            ("within a body", post(&format!("content-length: {}\r\n", INNER.len()), ""), &[200]),
            (
                "within a body of GET",
                plain(&format!("GET /readyz HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", INNER.len())),
                &[200],
            ),
            ("behind a body that is too long for it", post("content-length: 1000\r\n", ""), &[400]),
            ("behind what is no request", post("content-length: 1\r\n", "xyz\r\n"), &[200, 400]),
        ],
    );
    // What every reader takes for the same: bare LF (RFC 9112, 2.2), empty lines before a request, HTTP/1.0 that goes on.
    for (what, text, count) in [
        ("bare LF", "GET /livez HTTP/1.1\nhost: x\n\nGET /livez HTTP/1.1\nhost: x\n\n", 2),
        ("empty lines", "\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n", 1),
        (
            "HTTP/1.0 that goes on",
            "GET /livez HTTP/1.0\r\nconnection: keep-alive\r\n\r\nGET /livez HTTP/1.0\r\n\r\nGET /livez HTTP/1.0\r\n\r\n",
            2,
        ),
        (
            "an upgrade that is not taken",
            "GET /livez HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n",
            2,
        ),
    ] {
        let answers = talk(&server, text.as_bytes());
        assert_eq!((inner_answers(&answers), answers.len()), (count, count), "{what}: {answers:?}");
    }
}
