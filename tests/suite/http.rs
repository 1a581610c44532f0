//! The service as its clients meet it: the real binary on loopback.

use crate::server::{AT, Answer, Server, examples, send};
use crate::support::root;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn the_verdict_is_that_of_the_command_line_but_for_the_file_name() {
    let server = Server::start(&[]);
    for file in examples() {
        let out = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .current_dir(root())
            .args(["verify", "--trust-domain", "trust-lists/demo.toml", "--at", AT, "--format", "json"])
            .arg(&file)
            .output()
            .unwrap();
        let line = String::from_utf8(out.stdout).unwrap();
        let name = serde_json::to_string(&file.to_str().unwrap()).unwrap();
        let expected = line.trim_end().replacen(&format!("\"file\":{name},"), "", 1);
        let answer = server.verify(&std::fs::read(&file).unwrap());
        assert_eq!(answer.status, 200, "{}", file.display());
        assert_eq!(String::from_utf8(answer.body).unwrap(), expected, "{}", file.display());
    }
}

#[test]
fn bad_bodies_get_an_answer_and_the_server_goes_on() {
    let server = Server::start(&[]);
    let sound = std::fs::read(&examples()[examples().len() - 1]).unwrap();
    let deep_json = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    let deep_xml = [b"<a>".repeat(10_000), b"</a>".repeat(10_000)].concat();
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for body in [&deep_json[..], &deep_xml, &noise, &sound[..sound.len() / 2], b"{", b"\0"] {
        let answer = server.verify(body);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["verdict"], "unreadable", "{}", answer.json());
        assert!(answer.json()["error"].is_string());
    }
    let empty = server.verify(b"");
    assert_eq!((empty.status, empty.json()["field"].as_str()), (400, Some("body")));
    assert!(empty.head.contains("application/problem+json"));
    assert_eq!(server.verify(&sound).status, 200);
}

#[test]
fn a_body_over_the_limit_is_413_and_its_connection_stays_usable() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let size = 300_usize << 20;
    write!(stream, "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n").unwrap();
    let piece = vec![b' '; 1 << 20];
    for _ in 0..300 {
        stream.write_all(&piece).unwrap();
    }
    let answer = Answer::read(&mut stream).unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["status"], 413);
    let sound = std::fs::read(&examples()[examples().len() - 1]).unwrap();
    assert_eq!(send(&mut stream, &sound).unwrap().status, 200);
}

#[test]
fn requests_that_make_no_sense_name_the_field() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    for (query, field) in [("at=yesterday", "at"), ("colour=red", "query"), ("policy=strict", "policy")] {
        write!(stream, "POST /v1/verify?{query} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx").unwrap();
        let answer = Answer::read(&mut stream).unwrap();
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some(field)));
    }
    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/v1/verify").status, 405);
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(server.get("/v1/trust").json()["lists"].as_array().map(Vec::is_empty), Some(false));
    let bad = [("route", "/v1/verify"), ("method", "POST"), ("status", "400")];
    assert_eq!(server.metric("sealgate_http_requests_total", &bad), Some(3.0));
}

#[test]
fn a_request_may_name_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "name = \"mine\"\nformats = [\"xades\"]").unwrap();
    let server = Server::start(&["--policy", "default", "--policy", file.to_str().unwrap()]);
    let advanced = std::fs::read(root().join("examples/sound/lt-advanced.jsonld")).unwrap();
    let mut stream = server.connect();
    for (query, policy, sub_indication) in [
        ("", "default", serde_json::Value::Null),
        ("&policy=default", "default", serde_json::Value::Null),
        ("&policy=qualified-seal", "qualified-seal", "TRY_LATER".into()),
        ("&policy=mine", "mine", "FORMAT_FAILURE".into()),
    ] {
        let length = advanced.len();
        let head =
            format!("POST /v1/verify?at={AT}{query} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&advanced).unwrap();
        let verdict = Answer::read(&mut stream).unwrap().json();
        assert_eq!(verdict["policy"], policy);
        assert_eq!(verdict["seals"][0]["sub_indication"], sub_indication, "{query}");
    }
}

#[test]
fn a_request_may_name_an_acceptance_policy_and_fields() {
    let server = Server::start(&[]);
    let bytes = std::fs::read(root().join("examples/sound/elm-v2-lt.xml")).unwrap();
    let mut stream = server.connect();
    let mut ask = |query: &str| {
        let length = bytes.len();
        let head =
            format!("POST /v1/verify?at={AT}{query} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&bytes).unwrap();
        Answer::read(&mut stream).unwrap().json()
    };
    assert_eq!(ask("")["decision"]["policy"], "default");
    assert_eq!(ask("&acceptance=admissions")["decision"]["policy"], "admissions");
    let learner =
        |verdict: &serde_json::Value, name: &str| verdict["credential"]["learner"].get(name).cloned();
    assert_eq!(learner(&ask(""), "birth_date"), None);
    let asked = ask("&fields=birth-date");
    assert!(learner(&asked, "birth_date").is_some_and(|date| date.is_string()));
    assert_eq!(learner(&asked, "full_name"), Some(serde_json::Value::Null));
    for (query, field) in [("&acceptance=nobody", "acceptance"), ("&fields=all", "fields")] {
        assert!(ask(query).to_string().contains(field), "{query}");
    }
}

/// Sends parts as `multipart/form-data`: name, file name, content.
fn send_parts(stream: &mut TcpStream, parts: &[(&str, &str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let head =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    send_as(stream, "multipart/form-data; boundary=edge", &body)
}

fn send_as(stream: &mut TcpStream, media: &str, body: &[u8]) -> Answer {
    let length = body.len();
    write!(stream, "POST /v1/verify?at={AT}&lang=de HTTP/1.1\r\nhost: x\r\ncontent-type: {media}\r\n")
        .unwrap();
    write!(stream, "content-length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    Answer::read(stream).unwrap()
}

#[test]
fn a_request_may_come_in_parts() {
    let server = Server::start(&["--offline"]);
    let mut stream = server.connect();
    let file = std::fs::read(root().join("examples/sound/elm-v2-lt.xml")).unwrap();
    let alone = send_as(&mut stream, "application/xml", &file).json();
    let learner = alone["credential"]["learner"]["full_name"].as_str().unwrap().to_owned();
    assert_eq!(send_parts(&mut stream, &[("file", "a.xml", &file)]).json(), alone);

    let mut holder = |name: &str| {
        let applicant = serde_json::json!({ "name": name }).to_string();
        let parts = [("applicant", "", applicant.as_bytes()), ("file", "a.xml", &file[..])];
        let verdict = send_parts(&mut stream, &parts).json();
        let checks = verdict["credential"]["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == "HOLDER").unwrap()["status"].clone()
    };
    assert_eq!((holder(&learner), holder("Somebody Else")), ("OK".into(), "ERROR".into()));

    for (parts, field) in [
        (&[("detached", "a", &b"x"[..])][..], "file"),
        (&[("file", "a", &b""[..])][..], "file"),
        (&[("file", "a", &b"x"[..]), ("file", "b", b"y")][..], "file"),
        (&[("file", "a", &b"x"[..]), ("applicant", "", b"{}")][..], "applicant"),
        (&[("file", "a", &b"x"[..]), ("colour", "", b"red")][..], "body"),
        (&[][..], "file"),
    ] {
        let answer = send_parts(&mut stream, parts);
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some(field)), "{parts:?}");
    }
    for (media, body) in [
        ("multipart/form-data", &b"x"[..]),
        ("multipart/form-data; boundary=edge", b"no boundary at all"),
        (
            "multipart/form-data; boundary=edge",
            b"--edge\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nx",
        ),
    ] {
        assert_eq!(send_as(&mut stream, media, body).status, 400, "{media}");
    }
}

#[test]
fn a_detached_document_comes_as_a_part() {
    let server = Server::start(&["--offline"]);
    let file = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let text = String::from_utf8(file).unwrap();
    let parts: Vec<&str> = text.trim().split('.').collect();
    let detached = format!("{}..{}", parts[0], parts[2]);
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, parts[1]).unwrap();
    let mut stream = server.connect();
    let without = send_parts(&mut stream, &[("file", "a", detached.as_bytes())]).json();
    assert_eq!(without["seals"][0]["sub_indication"], "SIGNED_DATA_NOT_FOUND");
    let with = [("file", "a", detached.as_bytes()), ("detached", "payload.json", &payload)];
    assert_eq!(send_parts(&mut stream, &with).json()["verdict"], "passed");
}

#[test]
fn the_server_asks_its_registers() {
    let folder = tempfile::tempdir().unwrap();
    let body = crate::accreditation::accredited_jws(folder.path());
    let server = Server::start(&["--accreditations", folder.path().to_str().unwrap()]);
    let (status, code) = crate::accreditation::of_verdict(&server.verify(body.as_bytes()).json());
    assert_eq!((status.as_str(), code), ("OK", serde_json::Value::Null));
}

#[test]
fn a_slow_head_is_408() {
    let server = Server::start(&["--head-seconds", "1"]);
    let mut stream = server.connect();
    stream.write_all(b"POST /v1/verify HTT").unwrap();
    let answer = Answer::read(&mut stream).unwrap();
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["status"], 408);
}

#[test]
fn a_slow_body_is_408() {
    let server = Server::start(&["--body-seconds", "1"]);
    let mut stream = server.connect();
    stream.write_all(b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nslow").unwrap();
    assert_eq!(Answer::read(&mut stream).unwrap().status, 408);
}

#[test]
fn a_full_queue_is_503_with_retry_after() {
    let server = Server::start(&["--threads", "1", "--queue", "0"]);
    let sound = std::fs::read(&examples()[examples().len() - 1]).unwrap();
    let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut stream = server.connect();
                for _ in 0..50 {
                    let answer = send(&mut stream, &sound).unwrap();
                    match answer.status {
                        200 => served.fetch_add(1, Ordering::Relaxed),
                        503 => {
                            assert!(answer.head.contains("retry-after: "), "{}", answer.head);
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        other => panic!("{other}"),
                    };
                }
            });
        }
    });
    assert!(served.into_inner() > 0);
    assert!(refused.into_inner() > 0);
}

/// Asks on one connection after another until none is taken up any more; panics where an open one gets no answer.
fn keep_asking(address: &str, body: &[u8], answered: &AtomicUsize, ending: &AtomicBool) {
    while let Ok(mut stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        for round in 0..5 {
            let answer = match send(&mut stream, body) {
                Ok(answer) => answer,
                // The kernel took the connection up, the service no longer did: nothing was accepted.
                Err(_) if round == 0 && ending.load(Ordering::SeqCst) => return,
                Err(error) => panic!("lost on an open connection: {error}"),
            };
            assert_eq!(answer.status, 200);
            answered.fetch_add(1, Ordering::Relaxed);
            if answer.head.contains("connection: close") {
                break;
            }
        }
    }
}

#[test]
fn sigterm_under_load_loses_no_accepted_request() {
    let mut server = Server::start(&[]);
    let sound = std::fs::read(&examples()[examples().len() - 1]).unwrap();
    let (answered, ending) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| keep_asking(&server.address, &sound, &answered, &ending));
        }
        while answered.load(Ordering::Relaxed) < 200 {
            std::thread::sleep(Duration::from_millis(1));
        }
        ending.store(true, Ordering::SeqCst);
        server.terminate();
    });
    assert!(server.child.wait().unwrap().success());
    assert!(TcpStream::connect(&server.address).is_err());
}

#[test]
fn the_server_serves_nothing_without_trust() {
    let nowhere = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["serve", "--listen", "127.0.0.1:0", "--trust-lists"])
        .arg(Path::new(nowhere.path()))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(70));
}

#[test]
fn tls_answers_to_a_client_that_knows_the_certificate_and_to_no_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    let (server, certificate) = Server::launch_tls(folder.path());

    let Ok(out) = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-verify_return_error",
            "-CAfile",
            certificate.to_str().unwrap(),
            "-connect",
            &server.address,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .and_then(|mut client| {
            client
                .stdin
                .take()
                .unwrap()
                .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
            client.wait_with_output()
        })
    else {
        println!("skipped: no openssl to speak TLS with");
        return;
    };
    let answer = String::from_utf8_lossy(&out.stdout);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("live\n"), "{answer}");

    let mut plain = server.connect();
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "a plain request was answered");
}
