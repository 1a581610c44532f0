//! The description of the HTTP interface against the service itself: recorded exchanges are what it answers today, and
//! what the schemas say; the compatibility route answers as the official API does.
//!
//! `SEALGATE_RECORD=1 cargo test --test suite interface::` writes the answers anew into `src/http/examples`; then
//! `cargo run -- openapi` prints the description for `src/http/openapi.json`.

use crate::admission::{File, new_key};
use crate::server::{AT, Server};
use crate::shapes::oracle;
use crate::support::{root, shared};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An answer whole, read to the end of its connection.
struct Whole {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Whole {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Whole {
    let mut stream = server.connect();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let rest = all[end + 4..].to_vec();
    let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
    Whole { status, headers, body: if chunked { unchunked(&rest) } else { rest } }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return body;
        }
        body.extend(&bytes[end + 2..end + 2 + length]);
        bytes = &bytes[end + 4 + length..];
    }
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        let head =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=edge";

/// Bytes of a request's body that the description shows.
const SHOWN: usize = 8 << 10;

/// The services that exchanges are recorded with.
struct Services {
    plain: Server,
    clients: Server,
    without_trust: Server,
    keys: BTreeMap<&'static str, String>,
    _files: (File, tempfile::TempDir),
}

impl Services {
    fn start() -> Self {
        let mut keys = BTreeMap::new();
        let mut text = String::new();
        for (id, more) in [
            ("bound", "policies = [\"qualified-seal\"]\nlimits = { body = 1000 }"),
            ("slow", "limits = { requests_per_second = 0.01, burst = 1 }"),
        ] {
            let (key, hash) = new_key();
            text += &format!("[[client]]\nid = \"{id}\"\nkeys = [{{ {hash} }}]\n{more}\n");
            keys.insert(id, key);
        }
        let file = File::new(&text);
        let empty = tempfile::tempdir().unwrap();
        let cache = empty.path().to_str().unwrap();
        let without_trust = ["--trust-cache", cache, "--trust-mirror", "http://127.0.0.1:9"];
        Self {
            plain: Server::start(&[]),
            clients: file.server(&[]),
            without_trust: Server::launch_until("no trust yet", "eu", &without_trust),
            keys,
            _files: (file, empty),
        }
    }

    /// Sends what an example asks for; what it records of the request and of the answer.
    fn exchange(&self, request: &Value) -> (Map<String, Value>, Value) {
        let text = |name: &str| request[name].as_str();
        let content = |of: &Value| match of["file"].as_str() {
            Some(file) => std::fs::read(root().join(file)).unwrap(),
            None => of["text"].as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        let mut shown = None;
        let body = if let Some(parts) = request["parts"].as_array() {
            let parts: Vec<_> =
                parts.iter().map(|part| (part["name"].as_str().unwrap(), content(part))).collect();
            form(&parts.iter().map(|(name, content)| (*name, &content[..])).collect::<Vec<_>>())
        } else if let Some(lines) = request["lines"].as_array() {
            let encode =
                |line| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, content(line));
            let lines: Vec<_> = lines
                .iter()
                .map(|line| json!({"id": line["id"], "credential_base64": encode(line)}))
                .collect();
            shown = Some(lines.clone().into());
            lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes()
        } else {
            let body = content(request);
            if (1..=SHOWN).contains(&body.len()) {
                let is_json = text("content_type") == Some("application/json");
                let text = String::from_utf8(body.clone()).unwrap();
                shown = Some(if is_json { serde_json::from_str(&text).unwrap() } else { text.into() });
            }
            body
        };
        // Else each problem would name a request of its own.
        let mut headers = vec![("x-request-id", "example".to_owned())];
        for (name, value) in [("content-type", text("content_type")), ("accept", text("accept"))] {
            headers.extend(value.map(|value| (name, value.to_owned())));
        }
        let server = match (text("client"), text("server")) {
            (Some(client), _) => {
                let key = self.keys.get(client);
                headers.extend(key.map(|key| ("authorization", format!("Bearer {key}"))));
                &self.clients
            }
            (None, Some("without trust")) => &self.without_trust,
            (None, Some(other)) => panic!("no service {other}"),
            (None, None) => &self.plain,
        };
        let (method, path) = (text("method").unwrap(), text("path").unwrap());
        let mut answer = ask(server, method, path, &headers, &body);
        for _ in 1..request["times"].as_u64().unwrap_or(1) {
            answer = ask(server, method, path, &headers, &body);
        }
        let media = &answer.headers["content-type"];
        let said = match media.as_str() {
            "application/x-ndjson" => {
                let text = answer.text();
                let mut lines: Vec<Value> =
                    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                lines.sort_by_key(|line| line["line"].as_u64());
                lines.into()
            }
            media if media.contains("json") => answer.json(),
            _ => answer.text().into(),
        };
        let mut request = request.as_object().unwrap().clone();
        request.remove("body");
        if let Some(shown) = shown {
            request.insert("body".into(), shown);
        }
        (request, json!({"status": answer.status, "content_type": media, "body": said}))
    }
}

/// The answer less what differs from one time to the next.
fn settled(answer: &Value) -> Value {
    let mut answer = answer.clone();
    fn walk(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["checked", "age_seconds"] {
                    members.get_mut(name).into_iter().for_each(|value| *value = Value::Null);
                }
                members.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut answer);
    answer
}

fn recorded() -> Vec<(PathBuf, Value)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("src/http/examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 20);
    files
        .into_iter()
        .map(|file| {
            let read = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            (file, read)
        })
        .collect()
}

#[test]
fn recorded_exchanges_are_what_the_service_answers() {
    let services = Services::start();
    let record = std::env::var_os("SEALGATE_RECORD").is_some();
    let mut different = Vec::new();
    for (file, example) in recorded() {
        let (request, answer) = services.exchange(&example["request"]);
        let same = settled(&answer) == settled(&example["answer"]);
        if same && example["request"].as_object() == Some(&request) {
            continue;
        }
        different.push(file.file_stem().unwrap().to_str().unwrap().to_owned());
        if record {
            let now = json!({"summary": example["summary"], "request": request, "answer": answer});
            std::fs::write(file, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        }
    }
    assert!(record || different.is_empty(), "not what was recorded: {different:?}; see interface.rs");
}

fn document() -> Value {
    serde_json::from_slice(&std::fs::read(root().join("src/http/openapi.json")).unwrap()).unwrap()
}

/// The problems that a JSON Schema validator sees in values, each to be as a schema of the description says.
fn invalid(values: &[(Value, Value)]) -> Option<String> {
    let python = oracle(&["jsonschema"])?;
    let mut running = Command::new(python)
        .args([root().join("tests/oracles/described.py"), root().join("src/http/openapi.json")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = values
        .iter()
        .map(|(schema, value)| format!("{}\n", json!({"schema": schema, "value": value})))
        .collect();
    running.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn examples_are_as_their_schemas_say() {
    let document = document();
    let mut values = Vec::new();
    fn walk(value: &Value, values: &mut Vec<(Value, Value)>) {
        if let (Some(schema), Some(examples)) = (value.get("schema"), value["examples"].as_object()) {
            values.extend(examples.values().map(|one| (schema.clone(), one["value"].clone())));
        }
        if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
            values.push((schema.clone(), example.clone()));
        }
        match value {
            Value::Object(members) => members.values().for_each(|value| walk(value, values)),
            Value::Array(items) => items.iter().for_each(|value| walk(value, values)),
            _ => {}
        }
    }
    walk(&document["paths"], &mut values);
    walk(&document["components"]["responses"], &mut values);
    assert!(values.len() >= 30, "{}", values.len());
    // What is wrong must be seen.
    let verdict = json!({"$ref": "#/components/schemas/Verdict"});
    let Some(said) = invalid(&[(verdict, json!({"verdict": "splendid"}))]) else { return };
    assert!(said.contains("splendid"), "{said}");
    assert_eq!(invalid(&values).unwrap(), "");
}

#[test]
fn the_description_is_served_to_all() {
    let (_, hash) = new_key();
    let file = File::new(&format!("[[client]]\nid = \"one\"\nkeys = [{{ {hash} }}]\n"));
    let server = file.server(&[]);
    let answer = ask(&server, "GET", "/openapi.json", &[], b"");
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    assert_eq!(answer.json(), document());
    // A path is described if and only if it is there.
    for (path, item) in document()["paths"].as_object().unwrap() {
        let path = path.replace("{territory}", "EU").replace("{asset}", "en.json");
        let methods = item.as_object().unwrap();
        let plain = Server::start(&[]);
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let is_described = methods.contains_key(&method.to_ascii_lowercase());
            let answer = ask(&plain, method, &path, &[], b"");
            assert_ne!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.status == 405, !is_described, "{method} {path}: {}", answer.status);
        }
    }
}

/// The official identifiers and states of an answer, in its order.
fn states(answer: &Value) -> Vec<(String, String)> {
    let last = |concept: &Value| concept["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    answer.as_array().unwrap().iter().map(|check| (last(&check["type"]), last(&check["status"]))).collect()
}

const OK: &str = "9895008394";
const ERROR: &str = "9d26eb9a37";
const SKIPPED: &str = "641f0c5e5d";

/// FORMAT, SEAL, EXPIRY, REVOCATION, ACCREDITATION, OWNER, CUSTOM.
const TYPES: [&str; 7] =
    ["2f5b89b96f", "f9c2016fe9", "94d828f160", "271aef9eb4", "e2bbc86a28", "1faf8d450f", "c_50990fe3"];

fn validate(server: &Server, query: &str, credential: &[u8]) -> Whole {
    let path = format!("/api/v1/credentials/validate?{query}");
    ask(server, "POST", &path, &[("content-type", FORM.to_owned())], &form(&[("_file", credential)]))
}

/// That it is shaped as the official API's clients expect, and what the first two checks come to.
fn shaped(answer: &Whole, name: &str) -> (String, String) {
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"), "{name}");
    let checks = answer.json();
    let states = states(&checks);
    assert_eq!(states.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), TYPES, "{name}");
    for check in checks.as_array().unwrap() {
        for (concept, vocabulary) in [("type", "verification"), ("status", "verification-status")] {
            let concept = &check[concept];
            let scheme = format!("http://data.europa.eu/snb/{vocabulary}/25831c2");
            assert_eq!(concept["inScheme"]["id"], scheme.as_str(), "{name}");
            assert!(concept["prefLabel"]["en"][0].is_string() && concept["notation"].is_string(), "{name}");
        }
        for texts in ["description", "longDescription"] {
            assert!(check[texts]["en"][0].as_str().is_some_and(|text| !text.is_empty()), "{name}: {check}");
        }
        assert!(check["internalInformation"].is_null() || check["internalInformation"].is_string());
    }
    (states[0].1.clone(), states[1].1.clone())
}

#[test]
fn the_compatibility_route_answers_as_the_official_api() {
    let server = Server::start(&[]);
    let at = format!("locale=en_GB&at={AT}");
    let expected: Value =
        serde_json::from_slice(&std::fs::read(root().join("examples/expected.json")).unwrap()).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let bytes = std::fs::read(root().join("examples").join(name)).unwrap();
        let (_, seal) = shaped(&validate(&server, &at, &bytes), name);
        let wanted = if expected["verdict"] == "passed" { OK } else { ERROR };
        assert_eq!(seal, wanted, "{name}");
    }
    let sound = std::fs::read(root().join("examples/sound/lta-qualified.jsonld")).unwrap();
    let answer = validate(&server, &at, &sound).json();
    let of = |index: usize| answer[index]["status"]["id"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!((of(0), of(1), of(2), of(5)), (OK, OK, OK, SKIPPED), "{answer}");
    assert!(answer[1]["longDescription"]["en"][1].as_str().unwrap().contains("QESeal"), "{answer}");
    // What is no credential is an answer, too, and so is one without a seal.
    for bytes in [&b"nothing"[..], b"{}", br#"{"type": "EuropeanDigitalCredential"}"#] {
        assert_eq!(shaped(&validate(&server, "locale=en", bytes), "unreadable").1, ERROR);
    }
    // Of several credentials the worst counts, and it is named.
    let altered: Value = serde_json::from_slice(
        &std::fs::read(root().join("examples/broken/payload-altered.jsonld")).unwrap(),
    )
    .unwrap();
    let sound: Value = serde_json::from_slice(&sound).unwrap();
    let both = json!({"type": "VerifiablePresentation", "verifiableCredential": [sound, altered]});
    let answer = validate(&server, &at, both.to_string().as_bytes());
    assert_eq!(shaped(&answer, "both").1, ERROR);
    let said = answer.json()[1]["description"]["en"][0].as_str().unwrap().to_owned();
    assert!(said.starts_with("/verifiableCredential/1: "), "{said}");
}

#[test]
fn the_compatibility_route_refuses_as_every_route() {
    let server = Server::start(&["--max-body", "100000"]);
    let path = "/api/v1/credentials/validate";
    let sent = |query: &str, media: &str, body: &[u8]| {
        let answer =
            ask(&server, "POST", &format!("{path}?{query}"), &[("content-type", media.to_owned())], body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        (answer.status, answer.json()["field"].as_str().unwrap_or_default().to_owned())
    };
    let good = form(&[("_file", b"{}")]);
    for (query, media, body, status, field) in [
        ("locale=english%20please", FORM, &good[..], 400, "locale"),
        ("colour=red", FORM, &good, 400, "query"),
        ("fields=name", FORM, &good, 400, "query"),
        ("policy=nobody", FORM, &good, 400, "policy"),
        ("", "application/json", b"{}", 400, "body"),
        ("", FORM, &form(&[("file", b"{}")]), 400, "body"),
        ("", FORM, &form(&[("_file", b"{}"), ("_file", b"{}")]), 400, "_file"),
        ("", FORM, &form(&[]), 400, "_file"),
        ("", FORM, b"no form", 400, "body"),
        ("", FORM, &form(&[("_file", b"")]), 400, "_file"),
        ("", FORM, &form(&[("_file", &[b' '; 100_000])]), 413, ""),
    ] {
        assert_eq!(sent(query, media, body), (status, field.to_owned()), "{query} {media}");
    }
    assert_eq!(ask(&server, "GET", path, &[], b"").status, 405);
    // `file` stays what `/v1/verify` takes.
    let other = ask(&server, "POST", "/v1/verify", &[("content-type", FORM.to_owned())], &good);
    assert_eq!((other.status, other.json()["field"].as_str()), (400, Some("body")));
}

#[test]
fn real_credentials_by_the_compatibility_route() {
    for (lists, at, folders) in [
        ("2026-08", AT, &["credentials/edc-2026"][..]),
        ("2023-09", "2023-10-01T00:00:00Z", &["credentials/edc-2023", "credentials/elm-v2-xml"]),
    ] {
        let Some(mirror) = shared(&format!("trust-lists/{lists}"), "the compatibility route") else { return };
        let recorded = std::fs::read_to_string(shared("credentials/expected.jsonl", "").unwrap()).unwrap();
        let recorded: Vec<Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let server = Server::launch_in("eu", &["--offline", "--trust-lists", mirror.to_str().unwrap()]);
        for folder in folders {
            for entry in std::fs::read_dir(shared(folder, "").unwrap()).unwrap() {
                let path = entry.unwrap().path();
                let name = format!("{}/{}", file_name(Path::new(folder)), file_name(&path));
                let (_, seal) = shaped(
                    &validate(&server, &format!("locale=en&at={at}"), &std::fs::read(&path).unwrap()),
                    &name,
                );
                let known = recorded.iter().find(|one| one["file"] == name.as_str());
                let known = known.unwrap_or_else(|| panic!("{name} is not recorded"));
                let all = known["signatures"].as_array().unwrap();
                let passed = !all.is_empty() && all.iter().all(|seal| seal["indication"] == "TOTAL-PASSED");
                assert_eq!(seal, if passed { OK } else { ERROR }, "{name}");
            }
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
