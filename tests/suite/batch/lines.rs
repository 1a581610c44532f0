//! What is answered to lines, sound and bad.

use super::{Batch, batch, compact, example, in_flight, line, post};
use crate::server::{AT, Server, examples};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use std::collections::HashMap;

#[test]
fn every_line_gets_the_verdict_that_a_single_request_gets() {
    let server = Server::start(&[]);
    let mut lines = String::new();
    let mut expected = HashMap::new();
    for (number, file) in examples().iter().enumerate() {
        let body = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let single = server.verify(&body).json();
        lines.push_str(&line(&format!("\"{name}\""), &body));
        expected.insert(Value::from(name), single.clone());
        // One that is written as one line of JSON can stand there as it is.
        let text = String::from_utf8_lossy(&body);
        if text.starts_with('{') && !text.trim_end().contains('\n') {
            lines.push_str(&format!("{{\"credential\":{},\"id\":{number}}}\r\n", text.trim_end()));
            expected.insert(Value::from(number), single);
        }
    }
    assert!(expected.keys().any(Value::is_number), "no example is one line of JSON");
    let answers = batch(&server, &lines);
    assert_eq!(answers.len(), expected.len());
    for answer in answers {
        let expected = expected.remove(&answer["id"]).unwrap();
        assert_eq!(answer["verdict"], expected, "{}", answer["id"]);
    }
    assert!(expected.is_empty());
}

#[test]
fn lines_are_answered_while_others_are_still_to_come() {
    let server = Server::start(&[]);
    let mut batch = Batch::begin(&server);
    batch.send(&line("\"first\"", &compact())).unwrap();
    let mut answers = batch.answers();
    assert_eq!(answers.next().unwrap()["id"], "first");
    for number in 2..10_u64 {
        let text = line(&number.to_string(), &compact());
        // In two pieces, and the end of one line with the beginning of the next.
        batch.send(&text[..10]).unwrap();
        batch.send(&text[10..]).unwrap();
        let answer = answers.next().unwrap();
        assert_eq!((&answer["id"], &answer["line"]), (&number.into(), &number.into()));
        assert_eq!(answer["verdict"]["verdict"], "passed");
    }
    // The last line may lack its end.
    batch.send(line("\"last\"", &compact()).trim_end()).unwrap();
    batch.finish();
    assert_eq!(answers.map(|answer| answer["id"].clone()).collect::<Vec<_>>(), ["last"]);
    assert_eq!(in_flight(&server), 0);
}

#[test]
fn one_bad_line_spoils_no_other() {
    let server = Server::start(&["--max-body", "1000000"]);
    let long = format!("{{\"id\":\"long\",\"credential\":{{\"a\":\"{}\"}}}}", "a".repeat(1_000_000));
    let bad = [
        ("{", 400, "line"),
        ("\u{0}", 400, "line"),
        ("{\"id\":1,\"credential\":{}", 400, "line"),
        ("{\"id\":1,\"id\":2,\"credential\":{}}", 400, "line"),
        ("{\"id\":1,\"credential\":{},\"more\":1}", 400, "line"),
        ("{\"id\":[],\"credential\":{}}", 400, "id"),
        ("{\"id\":1}", 400, "credential"),
        ("{\"id\":1,\"credential_base64\":\"?\"}", 400, "credential_base64"),
        (&long, 413, ""),
    ];
    let mut lines = String::from("\n \t\r\n");
    let mut expected = HashMap::new();
    for (number, (text, status, field)) in bad.iter().enumerate() {
        let place = 3 + 2 * number as u64;
        expected.insert(place, (*status, *field));
        lines.push_str(&format!("{text}\n{}", line(&format!("\"after {place}\""), &compact())));
    }
    // A credential that cannot be read is an answer, not a problem.
    lines.push_str("{\"credential_base64\":\"AAAA\"}\n");
    let unreadable = 3 + 2 * bad.len() as u64;
    let mut sound = 0;
    for answer in batch(&server, &lines) {
        let place = answer["line"].as_u64().unwrap();
        if place == unreadable {
            assert_eq!((&answer["id"], &answer["verdict"]["verdict"]), (&place.into(), &"unreadable".into()));
        } else if let Some((status, field)) = expected.remove(&place) {
            let problem = &answer["problem"];
            assert_eq!(problem["status"], status, "{answer}");
            assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{answer}");
            assert!(problem["title"].is_string() && problem["detail"].is_string(), "{answer}");
            assert!(answer.get("verdict").is_none() && answer.get("id").is_some(), "{answer}");
        } else {
            assert_eq!(answer["verdict"]["verdict"], "passed");
            assert_eq!(answer["id"], format!("after {}", place - 1));
            sound += 1;
        }
    }
    assert_eq!((sound, expected.len()), (bad.len(), 0));
}

#[test]
fn what_the_query_says_holds_for_every_line() {
    let server = Server::start(&[]);
    let body = [line("1", &compact()), line("2", &example("lta-qualified.jsonld"))].concat();
    let mut stream = server.connect();
    let path = format!("/v1/verify/batch?at={AT}&policy=qualified-seal&acceptance=admissions");
    std::io::Write::write_all(
        &mut stream,
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes(),
    )
    .unwrap();
    let answers: Vec<Value> = Batch { stream }.answers().collect();
    assert_eq!(answers.len(), 2);
    for answer in answers {
        assert_eq!(answer["verdict"]["policy"], "qualified-seal");
    }
}

#[test]
fn what_is_no_batch_is_refused_whole() {
    let server = Server::start(&[]);
    let sound = line("1", &compact());
    for (more, body, status, says) in [
        ("", "", 400, "body: there is no credential"),
        ("content-type: application/zip\r\n", &*sound, 400, "no ZIP archive"),
        ("accept: text/html\r\n", &sound, 406, "application/x-ndjson"),
    ] {
        let (found, text) = post(&server, more, body.as_bytes());
        assert!(found == status && text.contains(says), "{more}: {text}");
    }
    assert_eq!(post(&server, "accept: application/x-ndjson\r\n", b"\n\n").0, 200);
    assert_eq!(server.get("/v1/verify/batch").status, 405);
    let mut stream = server.connect();
    let head = format!(
        "POST /v1/verify/batch?at=never HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        sound.len()
    );
    std::io::Write::write_all(&mut stream, (head + &sound).as_bytes()).unwrap();
    let refused = crate::server::Answer::read(&mut stream).unwrap();
    assert_eq!((refused.status, &refused.json()["field"]), (400, &"at".into()));
    // The body was thrown away, and the connection goes on.
    assert_eq!(crate::server::send(&mut stream, &compact()).unwrap().status, 200);
}

#[test]
fn http_2_carries_batches_beside_singles() {
    let server = Server::start(&[]);
    let body: String = (0..200).map(|number| line(&number.to_string(), &compact())).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
        let (mut client, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let post = |path: &str, body: Bytes| {
            Request::post(format!("http://x{path}?at={AT}")).body(Full::new(body)).unwrap()
        };
        // Read as they come: what is left unread takes the connection's window from the singles.
        let mut batches = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let batch = client.send_request(post("/v1/verify/batch", body.clone().into()));
            batches.spawn(async move {
                let batch = batch.await.unwrap();
                assert_eq!(batch.status(), 200);
                batch.into_body().collect().await.unwrap().to_bytes()
            });
        }
        for _ in 0..20 {
            let single = client.send_request(post("/v1/verify", compact().into())).await.unwrap();
            assert_eq!(single.status(), 200);
            single.into_body().collect().await.unwrap();
        }
        for text in batches.join_all().await {
            let mut ids: Vec<u64> = text
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice::<Value>(line).unwrap()["id"].as_u64().unwrap())
                .collect();
            ids.sort_unstable();
            assert!(ids.into_iter().eq(0..200));
        }
    });
}
