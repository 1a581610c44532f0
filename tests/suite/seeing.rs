//! What an operator sees: each metric moves when it should and by as much, logs tell a request from others, and neither
//! tells anything of a person.

use crate::server::{AT, Answer, Server, examples, send, send_to, sum, wait_until};
use crate::support::root;
use serde_json::Value;
use std::io::Write;

fn example(name: &str) -> Vec<u8> {
    std::fs::read(root().join("examples").join(name)).unwrap()
}

fn metrics(server: &Server) -> String {
    String::from_utf8(server.get("/metrics").body).unwrap()
}

/// By how much sums of series grew between two texts.
struct Growth(String, String);

impl Growth {
    fn of(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        sum(&self.1, name, labels).unwrap_or_default() - sum(&self.0, name, labels).unwrap_or_default()
    }
}

#[test]
fn a_verification_moves_every_metric_of_its_path_by_as_much_as_it_is() {
    let server = Server::start(&["--offline", "--threads", "1"]);
    let body = example("sound/lt-qualified.jsonld");
    let before = metrics(&server);
    let mut stream = server.connect();
    for _ in 0..3 {
        let verdict = send(&mut stream, &body).unwrap().json();
        assert_eq!(verdict["seals"][0]["trusted_service"]["territory"], "XA", "{verdict}");
    }
    let grown = Growth(before, metrics(&server));
    let route = [("route", "/v1/verify"), ("method", "POST"), ("status", "200")];
    for (name, labels, by) in [
        ("sealgate_http_requests_total", &route[..], 3.0),
        ("sealgate_http_request_duration_seconds_count", &route[..1], 3.0),
        ("sealgate_verdicts_total", &[("verdict", "passed"), ("format", "jades")], 3.0),
        (
            "sealgate_seals_total",
            &[
                ("indication", "TOTAL-PASSED"),
                ("qualification", "QESeal"),
                ("format", "jades"),
                ("territory", "XA"),
            ],
            3.0,
        ),
        (
            "sealgate_seal_indications_total",
            &[("indication", "TOTAL-PASSED"), ("sub_indication", "none")],
            3.0,
        ),
        ("sealgate_stage_duration_seconds_count", &[("stage", "format")], 3.0),
        ("sealgate_stage_duration_seconds_count", &[("stage", "signature")], 3.0),
        ("sealgate_stage_duration_seconds_count", &[("stage", "validation")], 3.0),
        ("sealgate_stage_duration_seconds_count", &[("stage", "payload")], 3.0),
        ("sealgate_stage_duration_seconds_count", &[("stage", "credential")], 3.0),
        ("sealgate_stage_duration_seconds_count", &[("stage", "report")], 3.0),
        // Without a key nothing is signed.
        ("sealgate_stage_duration_seconds_count", &[("stage", "receipt")], 0.0),
        ("sealgate_receipts_total", &[], 0.0),
        ("sealgate_queue_wait_seconds_count", &[("lane", "single")], 3.0),
        ("sealgate_queue_wait_seconds_count", &[("lane", "batch")], 0.0),
        ("sealgate_batch_lines_total", &[], 0.0),
        ("sealgate_fetches_total", &[], 0.0),
        ("sealgate_requests_refused_total", &[], 0.0),
    ] {
        assert_eq!(grown.of(name, labels), by, "{name} {labels:?}");
    }
    // The stages are parts of what the requests took.
    let whole = grown.of("sealgate_http_request_duration_seconds_sum", &[("route", "/v1/verify")]);
    let stages = grown.of("sealgate_stage_duration_seconds_sum", &[]);
    assert!(stages > 0.0 && stages < whole, "{stages} of {whole}");
    for cache in ["certificates", "certificate-signatures"] {
        let of = |name: &str| grown.of(name, &[("cache", cache)]);
        let (hits, misses) = (of("sealgate_cache_hits_total"), of("sealgate_cache_misses_total"));
        assert!(hits > 0.0 && misses > 0.0 && hits >= 2.0 * misses, "{cache}: {hits} and {misses}");
        assert_eq!(of("sealgate_cache_entries"), misses, "{cache}: what was computed is kept");
        assert!(of("sealgate_cache_bytes") > misses, "{cache}");
    }
    for (name, labels, value) in [
        ("sealgate_workers", &[][..], 1.0),
        ("sealgate_workers_busy", &[], 0.0),
        ("sealgate_queue_depth", &[], 0.0),
        ("sealgate_queue_capacity", &[], 257.0),
        ("sealgate_queue_waiting", &[], 0.0),
        ("sealgate_body_bytes", &[], 0.0),
        ("sealgate_body_limit_bytes", &[("lane", "single")], 536_870_912.0),
        ("sealgate_body_limit_bytes", &[("lane", "batch")], 402_653_184.0),
        ("sealgate_fetch_hosts_resting", &[], 0.0),
        ("sealgate_ready", &[], 1.0),
        ("sealgate_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0),
    ] {
        assert_eq!(sum(&grown.1, name, labels), Some(value), "{name} {labels:?}");
    }
    // This connection and the one that asks.
    assert_eq!(sum(&grown.1, "sealgate_connections", &[]), Some(2.0));
    let started = sum(&grown.1, "process_start_time_seconds", &[]).unwrap();
    let age = sealgate::clock::now().millis() as f64 / 1000.0 - started;
    assert!((-60.0..3600.0).contains(&age), "{age}");
}

#[test]
fn batches_bad_input_and_refusals_are_counted_as_what_they_are() {
    let server = Server::start(&["--offline"]);
    let sound = String::from_utf8(example("sound/t-flattened.jsonld")).unwrap().replace('\n', "");
    let broken = String::from_utf8(example("broken/payload-altered.jsonld")).unwrap().replace('\n', "");
    let mut text = String::new();
    for credential in [&sound, &broken, &sound] {
        text.push_str(&format!("{{\"id\":1,\"credential\":{credential}}}\n"));
    }
    text.push_str("no line\n");
    let before = metrics(&server);
    let mut stream = server.connect();
    let length = text.len();
    write!(stream, "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n").unwrap();
    write!(stream, "content-length: {length}\r\n\r\n{text}").unwrap();
    let mut all = String::new();
    std::io::Read::read_to_string(&mut stream, &mut all).unwrap();
    assert!(all.starts_with("HTTP/1.1 200 "), "{all}");
    assert_eq!(server.verify(b"{").json()["verdict"], "unreadable");
    assert_eq!(server.get("/v1/verify").status, 405);
    assert_eq!(server.verify(b"").status, 400);
    let grown = Growth(before, metrics(&server));
    for (name, labels, by) in [
        ("sealgate_batch_lines_total", &[("result", "verdict")][..], 3.0),
        ("sealgate_batch_lines_total", &[("result", "problem")], 1.0),
        ("sealgate_queue_wait_seconds_count", &[("lane", "batch")], 4.0),
        ("sealgate_verdicts_total", &[("format", "jades")], 3.0),
        ("sealgate_verdicts_total", &[("format", "none"), ("verdict", "unreadable")], 1.0),
        ("sealgate_seals_total", &[("indication", "TOTAL-FAILED")], 1.0),
        ("sealgate_http_requests_total", &[("method", "POST"), ("status", "200")], 2.0),
        ("sealgate_http_requests_total", &[("method", "GET"), ("status", "405")], 1.0),
        ("sealgate_http_requests_total", &[("status", "400")], 1.0),
    ] {
        assert_eq!(grown.of(name, labels), by, "{name} {labels:?}");
    }
}

#[test]
fn a_thousand_hostile_requests_make_no_series() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    let mut ask = |number: usize| {
        let head = format!("X{number} /v1/verify/{number}?a={number} HTTP/1.1\r\nhost: h{number}\r\n");
        write!(stream, "{head}x-request-id: id{number}\r\ncontent-length: 0\r\n\r\n").unwrap();
        Answer::read(&mut stream).unwrap().status
    };
    assert_eq!(ask(0), 404);
    // The series of this very route are made by the first time.
    metrics(&server);
    let before = metrics(&server);
    (1..=1000).for_each(|number| assert_eq!(ask(number), 404));
    let grown = Growth(before, metrics(&server));
    assert_eq!(grown.0.lines().count(), grown.1.lines().count(), "no line more");
    let other = [("route", "other"), ("method", "other"), ("status", "404")];
    assert_eq!(grown.of("sealgate_http_requests_total", &other), 1000.0);
}

#[test]
fn every_trust_domain_has_its_lists_and_an_absent_one_shows() {
    let folder = crate::support::demo_folder(crate::demo::shared());
    let text = std::fs::read_to_string(folder.path().join("demo.toml")).unwrap();
    let name = text.lines().find(|line| line.starts_with("name")).unwrap();
    std::fs::write(folder.path().join("second.toml"), text.replacen(name, "name = \"second\"", 1)).unwrap();
    let second = folder.path().join("second.toml");
    let server = Server::start(&["--trust-domain", second.to_str().unwrap()]);
    let text = metrics(&server);
    let of = |name: &str, labels: &[(&str, &str)]| sum(&text, name, labels);
    for domain in ["demo", "second"] {
        let xa = [("domain", domain), ("territory", "XA")];
        assert_eq!(of("sealgate_trust_domain_loaded", &[("domain", domain)]), Some(1.0), "{text}");
        assert_eq!(of("sealgate_trusted_list_state", &xa), Some(1.0), "in one state: {domain}");
        assert!(of("sealgate_trusted_list_next_update_timestamp_seconds", &xa).is_some(), "{domain}");
        assert!(of("sealgate_trusted_list_issued_timestamp_seconds", &xa).is_some(), "{domain}");
        assert_eq!(of("sealgate_trusted_list_last_good", &xa), Some(0.0), "{domain}");
        assert!(of("sealgate_trusted_lists", &[("domain", domain)]) >= Some(2.0), "{domain}");
    }
}

/// The names of metrics in a text.
fn names(text: &str) -> std::collections::BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("sealgate_") || word.starts_with("process_")).collect()
}

#[test]
fn dashboard_alerts_and_documents_name_only_metrics_that_there_are() {
    let server = Server::start(&["--offline"]);
    assert_eq!(server.verify(&example("sound/b-compact.jwt")).status, 200);
    let mut stream = server.connect();
    write!(stream, "POST /v1/verify/batch HTTP/1.1\r\nhost: x\r\nconnection: close\r\n").unwrap();
    write!(stream, "content-length: 8\r\n\r\nno line\n").unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    let text = metrics(&server);
    let series = text.lines().filter(|line| !line.starts_with('#'));
    let mut exported: std::collections::BTreeSet<&str> =
        series.filter_map(|line| line.split([' ', '{']).next()).collect();
    // No server was asked for a list here.
    exported.insert("sealgate_trusted_list_checked_timestamp_seconds");
    let files = [
        ("deploy/grafana/sealgate.json", 25),
        ("deploy/prometheus/alerts.yml", 11),
        ("deploy/prometheus/alerts.test.yml", 11),
        ("deploy/kubernetes/horizontalpodautoscaler.yaml", 1),
    ];
    for (file, least) in files {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let named = names(&text);
        assert!(named.len() >= least, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&exported).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    // Every metric stands in the table of the deployment's page, and no other.
    let page = std::fs::read_to_string(root().join("deploy/README.md")).unwrap();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let mut families: std::collections::BTreeSet<&str> =
        families.filter(|name| name.starts_with("sealgate_")).collect();
    families.insert("sealgate_trusted_list_checked_timestamp_seconds");
    let told = names(&page);
    let told: std::collections::BTreeSet<&str> =
        told.into_iter().filter(|name| name.starts_with("sealgate_")).collect();
    assert_eq!(told, families);
}

/// An answer to a request with these header lines.
fn with(server: &Server, path: &str, headers: &str) -> Answer {
    let mut stream = server.connect();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n").unwrap();
    Answer::read(&mut stream).unwrap()
}

fn id_of(answer: &Answer) -> String {
    answer.head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned()
}

/// The object that tells of this request.
fn line_of(server: &Server, id: &str) -> Value {
    let is_it = |line: &&str| line.contains("\"answered\"") && line.contains(id);
    wait_until(|| server.log().lines().any(|line| is_it(&line)));
    let log = server.log();
    serde_json::from_str(log.lines().find(is_it).unwrap()).unwrap()
}

#[test]
fn a_request_has_one_id_in_its_answer_its_problem_and_its_line() {
    let server = Server::start(&["--log-format", "json", "--offline"]);
    let answer = with(&server, "/v1/trust/ZZ?secret=Kowalska", "x-request-id: mine-1\r\n");
    assert_eq!((answer.status, id_of(&answer).as_str()), (404, "mine-1"));
    assert_eq!(answer.json()["request_id"], "mine-1");
    let line = line_of(&server, "mine-1");
    assert_eq!(line["target"], "sealgate::access");
    assert_eq!(
        (&line["status"], &line["method"], &line["route"], &line["client"]),
        (&404.into(), &"GET".into(), &"/v1/trust/{territory}".into(), &"anonymous".into())
    );
    assert_eq!(line["bytes"], answer.body.len());
    assert!(line["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{line}");
    assert_eq!(line["span"]["id"], "mine-1");
    assert!(line["span"].get("trace_id").is_none());

    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = format!("x-request-id: a b\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n");
    let answer = with(&server, "/v1/trust", &headers);
    let id = id_of(&answer);
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(line_of(&server, &id)["span"]["trace_id"], trace);
    // A batch's line comes at its end, with the bytes of all answers; its request has one id throughout.
    let verdict = server.verify(&example("sound/b-compact.jwt"));
    let line = line_of(&server, &id_of(&verdict));
    assert_eq!((&line["bytes"], &line["route"]), (&verdict.body.len().into(), &"/v1/verify".into()));
    // Who asks whether the service lives is not told of.
    assert_eq!(id_of(&with(&server, "/livez", "x-request-id: probe-1\r\n")), "probe-1");
    assert!(!server.log().contains("probe-1") && !server.log().contains("Kowalska"));
}

#[test]
fn livez_lives_and_readyz_waits_for_trust() {
    let folder = tempfile::tempdir().unwrap();
    // A domain whose server never answers: trust does not come.
    let text = std::fs::read_to_string(root().join("trust-lists/demo.toml")).unwrap();
    let web = crate::web::Web::start();
    let kept: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("mirror"))
        .map(|line| if line.starts_with("name") { "name = \"nowhere\"".into() } else { line.to_owned() })
        .collect();
    let domain = folder.path().join("nowhere.toml");
    std::fs::write(&domain, kept.join("\n")).unwrap();
    let cache = folder.path().join("cache");
    let server = Server::launch_until(
        "no trust yet",
        domain.to_str().unwrap(),
        &[
            "--trust-cache",
            cache.to_str().unwrap(),
            "--trust-mirror",
            &web.origin,
            "--fetch-from",
            &web.origin,
        ],
    );
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = server.get(path);
        assert_eq!(answer.status, if path == "/readyz" { 503 } else { 200 }, "{path}");
        assert_eq!(answer.head.contains("retry-after: "), path == "/readyz");
        assert_eq!(with_method(&server, "HEAD", path), answer.status);
        assert_eq!(with_method(&server, "DELETE", path), 405);
    }
    let refused = server.verify(b"x");
    assert_eq!((refused.status, refused.head.contains("retry-after: ")), (503, true));
    let text = metrics(&server);
    assert_eq!(sum(&text, "sealgate_ready", &[]), Some(0.0));
    assert!(sum(&text, "sealgate_requests_refused_total", &[("reason", "no-trust")]) >= Some(2.0));
    drop(server);

    let server = Server::start(&[]);
    let mut open = server.connect();
    write!(open, "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nx").unwrap();
    let mut asking = server.connect();
    wait_until(|| server.metric("sealgate_body_bytes", &[]) > Some(0.0));
    server.terminate();
    server.logged("ending: no new connections");
    // A connection that is there is answered until the end: alive, and no longer ready.
    for (path, status) in [("/livez", 200), ("/readyz", 503)] {
        let answer = crate::server::get_from(&mut asking, path);
        if let Ok(answer) = answer {
            assert_eq!(answer.status, status, "{path}");
        }
        asking = open.try_clone().unwrap();
        if path == "/livez" {
            break;
        }
    }
    open.write_all(b"y").unwrap();
    assert_eq!(Answer::read(&mut open).unwrap().status, 200);
}

fn with_method(server: &Server, method: &str, path: &str) -> u16 {
    let mut stream = server.connect();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Every text in a verdict that is a person's: their name, and what identifies them.
fn personal(verdict: &Value) -> Vec<String> {
    let learner = &verdict["credential"]["learner"];
    let texts = learner.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let contained = verdict["contained"].as_array().into_iter().flatten().flat_map(personal);
    texts.filter(|text| text.len() > 4).map(str::to_owned).chain(contained).collect()
}

#[test]
fn neither_metrics_nor_logs_tell_of_a_person() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sealgate"));
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--trust-domain", "trust-lists/demo.toml"];
    command.current_dir(root()).args(arguments).args(["--log-format", "json", "--offline"]);
    let server = Server::spawn_at(command, "sealgate=trace,info");
    let (mut secrets, mut batch) = (Vec::new(), String::new());
    for file in examples() {
        let body = std::fs::read(&file).unwrap();
        let path = format!("/v1/verify?at={AT}&fields=birth-date");
        let verdict = send_to(&mut server.connect(), &path, &body).unwrap().json();
        secrets.extend(personal(&verdict));
        secrets.extend(verdict["credential"]["id"].as_str().map(str::to_owned));
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &body);
        let of = secrets.first().map_or("nobody", String::as_str);
        batch.push_str(&format!("{{\"id\":\"of {of}\",\"credential_base64\":\"{encoded}\"}}\n"));
    }
    secrets.sort();
    secrets.dedup();
    assert!(secrets.len() > 5, "{secrets:?}");
    let secret = "Wilhelmina-Kowalska-1987";
    secrets.push(secret.to_owned());
    let mut stream = server.connect();
    write!(
        stream,
        "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nreferer: https://{secret}/\r\n\
         content-length: {}\r\n\r\n{batch}",
        batch.len()
    )
    .unwrap();
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    for (path, body) in [
        (format!("/v1/verify?colour={secret}"), "x".to_owned()),
        (format!("/{secret}"), "x".to_owned()),
        ("/v1/verify".to_owned(), format!("{{\"name\":\"{secret}\"")),
        ("/v1/verify".to_owned(), format!("<name>{secret}</nam>")),
    ] {
        send_to(&mut server.connect(), &path, body.as_bytes()).unwrap();
    }
    write!(server.connect(), "GET /v1/trust HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\n\r\n")
        .unwrap();
    wait_until(|| server.metric("sealgate_requests_refused_total", &[("reason", "wrong-key")]) == Some(1.0));
    wait_until(|| server.log().contains("/v1/verify/batch"));
    let (text, log) = (metrics(&server), server.log());
    assert!(log.lines().count() > examples().len(), "{log}");
    for secret in secrets {
        assert!(!text.contains(&secret), "in metrics: {secret}");
        assert!(!log.contains(&secret), "in the log: {secret}");
    }
}
