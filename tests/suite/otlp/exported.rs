//! What a collector gets.

use super::collector::{Collector, Manner};
use super::serve;
use crate::authority::Authority;
use crate::server::{AT, Answer, Server, examples, send, send_to, wait_until};
use crate::support::root;
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Batches go out soon, so that tests do not wait.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "50");

/// Of a verification, besides the request itself.
const STAGES: [&str; 7] = ["queue", "format", "signature", "validation", "payload", "credential", "report"];

fn sound() -> Vec<u8> {
    std::fs::read(root().join("examples/sound/lt-qualified.jsonld")).unwrap()
}

/// A verification with these header lines.
fn verify(server: &Server, headers: &str) -> Answer {
    let (mut stream, body) = (server.connect(), sound());
    write!(stream, "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\n{headers}").unwrap();
    write!(stream, "content-length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(&body).unwrap();
    let answer = Answer::read(&mut stream).unwrap();
    assert_eq!(answer.json()["verdict"], "passed");
    answer
}

fn traceparent(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{PARENT}-{flags}\r\n")
}

fn request_id(answer: &Answer) -> String {
    answer.head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned()
}

/// Ends the server, so that all that waits goes out, and gives that; `None` where nobody reads it.
fn all(mut server: Server, collector: &Collector) -> Option<Vec<Value>> {
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    collector.spans()
}

fn requests(spans: &[Value]) -> Vec<&Value> {
    spans.iter().filter(|span| span["kind"] == "SPAN_KIND_SERVER").collect()
}

#[test]
fn a_request_is_a_server_span_under_its_caller_with_queue_and_stages_as_children() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}/base/", collector.port);
    let server = serve(
        &[
            (ENDPOINT, &address),
            SOON,
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=se%20cret,tenant=a"),
            ("OTEL_SERVICE_NAME", "gateway"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test"),
        ],
        &[],
    );
    let id = request_id(&verify(&server, &traceparent("01")));
    wait_until(|| !collector.posts().is_empty());
    let Some(spans) = all(server, &collector) else { return };
    for post in collector.posts() {
        assert!(post.head.starts_with("POST /base/v1/traces HTTP/1.1\r\n"), "{}", post.head);
        for line in
            ["content-type: application/x-protobuf", "api-key: se cret", "tenant: a", "connection: close"]
        {
            assert!(post.head.lines().any(|sent| sent == line), "{line}: {}", post.head);
        }
    }
    let [request] = &*requests(&spans) else { panic!("{spans:#?}") };
    assert_eq!((&request["trace"], &request["parent"]), (&TRACE.into(), &PARENT.into()));
    assert_eq!(
        (&request["name"], &request["status"]),
        (&"POST /v1/verify".into(), &"STATUS_CODE_UNSET".into())
    );
    let attributes = json!({
        "http.request.method": "POST",
        "http.route": "/v1/verify",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "sealgate.request.id": id,
    });
    assert_eq!(
        request["attributes"], attributes,
        "all of them, and nothing of path, query, client or credential"
    );
    let resource = &request["resource"];
    assert_eq!(resource["service.name"], "gateway");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["deployment.environment.name"], "test");
    assert_eq!(resource["telemetry.sdk.language"], "rust");
    let children: Vec<&Value> = spans.iter().filter(|span| span["parent"] == request["span"]).collect();
    let names: Vec<&str> = children.iter().map(|child| child["name"].as_str().unwrap()).collect();
    assert_eq!(names, STAGES);
    assert_eq!(spans.len(), 1 + STAGES.len(), "{spans:#?}");
    let at = |span: &Value, what: &str| span[what].as_u64().unwrap();
    for span in &spans {
        assert_eq!((&span["trace"], &span["scope"]), (&TRACE.into(), &"sealgate".into()));
        assert!(span["sampled"] == true && span["events"] == 0 && span["links"] == 0, "{span:#}");
        assert!(
            at(request, "start") <= at(span, "start") && at(span, "start") <= at(span, "end"),
            "{span:#}"
        );
        assert!(at(span, "end") <= at(request, "end"), "{span:#} within {request:#}");
    }
    for pair in children.windows(2) {
        assert!(at(pair[0], "end") <= at(pair[1], "start"), "one after the other: {pair:#?}");
    }
    for child in &children {
        assert_eq!((&child["kind"], &child["attributes"]), (&"SPAN_KIND_INTERNAL".into(), &json!({})));
    }
}

#[test]
fn a_request_without_a_caller_begins_a_trace_and_one_that_its_caller_drops_is_dropped() {
    let collector = Collector::start(Manner::Answers(202));
    let address = format!("http://localhost:{}/v1/traces", collector.port);
    let server = serve(
        &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &address), (ENDPOINT, "http://localhost:1"), SOON],
        &[],
    );
    verify(&server, &traceparent("00"));
    verify(&server, "traceparent: no-trace\r\n");
    verify(&server, "");
    // Probes are none that anybody looks into.
    for probe in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(server.get(probe).status, 200);
    }
    let Some(spans) = all(server, &collector) else { return };
    let requests = requests(&spans);
    assert_eq!(requests.len(), 2, "{requests:#?}");
    for request in &requests {
        assert_eq!((&request["name"], &request["parent"]), (&"POST /v1/verify".into(), &"".into()));
        let children = spans.iter().filter(|span| span["parent"] == request["span"]);
        assert!(children.filter(|child| child["trace"] == request["trace"]).count() == STAGES.len());
    }
    assert_eq!(spans.len(), 2 * (1 + STAGES.len()));
    let traces: BTreeSet<&str> = requests.iter().map(|request| request["trace"].as_str().unwrap()).collect();
    assert!(traces.len() == 2 && !traces.contains(TRACE), "{traces:?}");
}

#[test]
fn what_is_no_route_or_method_has_a_name_without_it_and_only_server_errors_are_errors() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let server = serve(&[(ENDPOINT, &address), SOON], &["--max-body", "1000000", "--body-memory", "1000000"]);
    let ask = |head: &str| {
        let mut stream = server.connect();
        write!(stream, "{head} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").unwrap();
        Answer::read(&mut stream).unwrap().status
    };
    assert_eq!(ask("GET /Kowalska?secret=Kowalska"), 404);
    assert_eq!(ask("KOWALSKA /v1/verify"), 405);
    assert_eq!(ask("GET /v1/trust/Kowalska"), 404);
    // A body that holds what memory there is for bodies.
    let mut held = server.connect();
    write!(held, "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n").unwrap();
    held.write_all(&vec![b' '; 999_999]).unwrap();
    wait_until(|| server.metric("sealgate_body_bytes", &[("lane", "single")]) >= Some(999_999.0));
    assert_eq!(send(&mut server.connect(), &sound()).unwrap().status, 503);
    held.write_all(b" ").unwrap();
    assert_eq!(Answer::read(&mut held).unwrap().status, 200);
    let Some(spans) = all(server, &collector) else { return };
    assert!(!collector.posts().iter().any(|post| post.body.windows(8).any(|bytes| bytes == b"Kowalska")));
    let of = |name: &str| {
        requests(&spans).into_iter().filter(|span| span["name"] == name).cloned().collect::<Vec<_>>()
    };
    let [unknown] = &*of("GET") else { panic!("{spans:#?}") };
    assert_eq!(
        (unknown["attributes"].get("http.route"), &unknown["status"]),
        (None, &"STATUS_CODE_UNSET".into())
    );
    let [method] = &*of("HTTP /v1/verify") else { panic!("{spans:#?}") };
    assert_eq!(method["attributes"]["http.request.method"], "_OTHER");
    assert_eq!(method["attributes"]["http.response.status_code"], 405);
    let [territory] = &*of("GET /v1/trust/{territory}") else { panic!("{spans:#?}") };
    assert_eq!(territory["attributes"]["http.route"], "/v1/trust/{territory}");
    let verifications = of("POST /v1/verify");
    let failed: Vec<&Value> =
        verifications.iter().filter(|span| span["status"] == "STATUS_CODE_ERROR").collect();
    assert!(!failed.is_empty() && failed.len() < verifications.len(), "{verifications:#?}");
    for span in failed {
        let attributes = &span["attributes"];
        assert_eq!(
            (&attributes["http.response.status_code"], &attributes["error.type"]),
            (&503.into(), &"503".into())
        );
    }
}

#[test]
fn a_batch_is_one_trace_with_the_stages_of_each_line() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let server = serve(&[(ENDPOINT, &address), SOON, ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")], &[]);
    let line = String::from_utf8(sound()).unwrap().replace('\n', "");
    let text = format!("{{\"id\":1,\"credential\":{line}}}\n").repeat(3);
    let mut stream = server.connect();
    write!(stream, "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\n{}", traceparent("01")).unwrap();
    write!(stream, "connection: close\r\ncontent-length: {}\r\n\r\n{text}", text.len()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert_eq!(answer.matches("\"verdict\":\"passed\"").count(), 3, "{answer}");
    let Some(spans) = all(server, &collector) else { return };
    assert!(collector.posts().iter().all(|post| post.head.contains("content-encoding: gzip\r\n")));
    let [request] = &*requests(&spans) else { panic!("{spans:#?}") };
    assert_eq!((&request["name"], &request["parent"]), (&"POST /v1/verify/batch".into(), &PARENT.into()));
    for stage in STAGES {
        let of_stage = spans.iter().filter(|span| span["name"] == stage && span["parent"] == request["span"]);
        assert_eq!(of_stage.count(), 3, "{stage}: {spans:#?}");
    }
}

#[test]
fn nothing_of_a_credential_goes_out() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let server = serve(&[(ENDPOINT, &address), SOON], &[]);
    let mut secrets = BTreeSet::new();
    for file in examples() {
        let body = std::fs::read(file).unwrap();
        let path = format!("/v1/verify?at={AT}&fields=birth-date");
        let verdict = send_to(&mut server.connect(), &path, &body).unwrap().json();
        let learner = verdict["credential"]["learner"].as_object().into_iter().flatten();
        secrets.extend(learner.filter_map(|(_, value)| Some(value.as_str()?.to_owned())));
        secrets.extend(verdict["credential"]["id"].as_str().map(str::to_owned));
        secrets.extend(verdict["credential"]["title"].as_str().map(str::to_owned));
    }
    secrets.retain(|secret| secret.len() > 4);
    assert!(secrets.len() > 5, "{secrets:?}");
    let sent = examples().len();
    if let Some(spans) = all(server, &collector) {
        assert_eq!(requests(&spans).len(), sent);
    }
    let bytes: Vec<u8> = collector.posts().into_iter().flat_map(|post| post.body).collect();
    let has = |text: &str| bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has("/v1/verify"));
    secrets.insert("127.0.0.1".into());
    secrets.insert("birth-date".into());
    for secret in secrets {
        assert!(!has(&secret), "{secret}");
    }
}

#[test]
fn the_end_sends_what_waits() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let server = serve(&[(ENDPOINT, &address), ("OTEL_BSP_SCHEDULE_DELAY", "3600000")], &[]);
    verify(&server, "");
    assert!(collector.posts().is_empty());
    let spans = all(server, &collector);
    assert_eq!(collector.posts().len(), 1);
    assert!(spans.is_none_or(|spans| spans.len() == 1 + STAGES.len()));
}

#[test]
fn a_collector_over_tls_is_believed_by_the_authority_that_is_named() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let identity = authority.named("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let collector = Collector::start_tls(&identity.certificate, &identity.key);
    let address = format!("https://localhost:{}", collector.port);
    let roots = folder.path().join("authority.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    let stranger = serve(&[(ENDPOINT, &address), SOON], &[]);
    verify(&stranger, "");
    stranger
        .logged("traces could not be exported; until they are, lost spans are counted why=\"TLS failed: ");
    assert!(collector.posts().is_empty());
    let certificate = ("OTEL_EXPORTER_OTLP_CERTIFICATE", roots.to_str().unwrap());
    let server = serve(&[(ENDPOINT, &address), SOON, certificate], &[]);
    verify(&server, "");
    let spans = all(server, &collector);
    assert!(!collector.posts().is_empty());
    assert!(spans.is_none_or(|spans| spans.len() == 1 + STAGES.len()));
}

#[test]
fn nothing_goes_out_where_no_collector_is_named_or_traces_are_off() {
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let endpoint = (ENDPOINT, address.as_str());
    for off in [
        &[][..],
        &[(ENDPOINT, "")],
        &[endpoint, ("OTEL_SDK_DISABLED", "true")],
        &[endpoint, ("OTEL_TRACES_EXPORTER", "none")],
        &[endpoint, ("OTEL_TRACES_SAMPLER", "always_off")],
        &[endpoint, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")],
    ] {
        let mut server = serve(&[off, &[SOON]].concat(), &[]);
        verify(&server, &traceparent("01"));
        server.terminate();
        assert!(server.child.wait().unwrap().success());
        assert_eq!(collector.posts().len(), 0, "{off:?}");
        let told = server.log().contains("traces are exported");
        assert_eq!(told, off.iter().any(|(name, _)| *name == "OTEL_TRACES_SAMPLER"), "{off:?}");
    }
}

#[test]
fn what_variables_say_wrongly_is_told_without_the_value_and_is_no_reason_not_to_serve() {
    for (address, why) in [
        ("http://user:Kowalska@localhost:1", "it names a user; OTEL_EXPORTER_OTLP_HEADERS is for that"),
        ("ftp://Kowalska", "it is no http or https address"),
        ("Kowalska", "it is no http or https address"),
        ("http://Kowalska /", "it is no http or https address"),
    ] {
        let server = serve(&[(ENDPOINT, address)], &[]);
        verify(&server, "");
        let log = server.log();
        assert!(log.contains(" WARN ") && log.contains(&format!("{ENDPOINT}: {why}: no traces")), "{log}");
        assert!(!log.contains("Kowalska") && !log.contains("traces are exported"), "{log}");
    }
    let file = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/authority.pem");
    let server = serve(&[(ENDPOINT, "https://localhost:1"), file], &[]);
    assert!(server.log().contains("/nowhere/authority.pem: "), "{}", server.log());
    let collector = Collector::start(Manner::Answers(200));
    let address = format!("http://localhost:{}", collector.port);
    let wrong = [
        (ENDPOINT, address.as_str()),
        SOON,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    let server = serve(&wrong, &[]);
    for (name, _) in &wrong[2..] {
        let named =
            server.log().lines().any(|line| line.contains(" WARN ") && line.contains(&format!("{name}: ")));
        assert_eq!(named, *name != "OTEL_TRACES_SAMPLER", "{name}: {}", server.log());
    }
    verify(&server, "");
    let spans = all(server, &collector);
    assert!(spans.is_none_or(|spans| spans.len() == 1 + STAGES.len()));
}
