//! Who may ask, and how much: keys, rates and limits of clients, as the real binary holds them.

use crate::server::{AT, Answer, Server, sum, wait_until};
use crate::support::root;
use sealgate::clock::Stopwatch;
use serde_json::Value;
use std::io::Write;
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What `sealgate keys new` prints: a key, and its line for the configuration.
pub(crate) fn new_key() -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_sealgate")).args(["keys", "new"]).output().unwrap();
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    let (key, hash) = text.trim_end().split_once('\n').unwrap();
    (key.to_owned(), hash.to_owned())
}

/// The file of clients in a folder.
pub(crate) struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub(crate) fn new(text: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        file.write(text);
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("clients.toml")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn server(&self, more: &[&str]) -> Server {
        let path = self.path();
        Server::start(&[&["--clients", path.to_str().unwrap()], more].concat())
    }
}

fn client(id: &str, hash: &str, more: &str) -> String {
    format!("[[client]]\nid = \"{id}\"\nkeys = [{{ {hash} }}]\n{more}\n")
}

/// Asks with a key, if any.
fn ask(server: &Server, method: &str, path: &str, key: Option<&str>, body: &[u8]) -> Answer {
    let mut stream = server.connect();
    send(&mut stream, method, path, key, body)
}

fn send(stream: &mut impl Both, method: &str, path: &str, key: Option<&str>, body: &[u8]) -> Answer {
    let key = key.map_or(String::new(), |key| format!("authorization: Bearer {key}\r\n"));
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\n{key}content-length: {length}\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    Answer::read(stream).unwrap()
}

trait Both: std::io::Read + Write {}

impl<S: std::io::Read + Write> Both for S {}

fn compact() -> Vec<u8> {
    std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap()
}

fn verify(server: &Server, key: &str) -> Answer {
    ask(server, "POST", &format!("/v1/verify?at={AT}"), Some(key), &compact())
}

#[test]
fn a_key_is_asked_for_and_lets_in() {
    let ((key, hash), (other, _)) = (new_key(), new_key());
    let file = File::new(&client("one", &hash, ""));
    let server = file.server(&[]);
    let mut stream = server.connect();
    // The connection goes on after a refusal, with or without a body.
    for (method, path, body) in [
        ("GET", "/v1/trust", &b""[..]),
        ("GET", "/metrics", b""),
        ("POST", "/v1/verify", b"x"),
        ("POST", "/v1/verify/batch", b"{}\n"),
        ("GET", "/nowhere", b""),
    ] {
        for (key, says) in
            [(None, "bearer realm=\"sealgate\"\r\n"), (Some(&*other), "error=\"invalid_token\"\r\n")]
        {
            let refused = send(&mut stream, method, path, key, body);
            assert_eq!((refused.status, &refused.json()["status"]), (401, &401.into()), "{path}");
            assert!(refused.head.contains("content-type: application/problem+json"), "{}", refused.head);
            let challenge = refused.head.lines().find_map(|line| line.strip_prefix("www-authenticate: "));
            assert!(format!("{}\r\n", challenge.unwrap()).ends_with(says), "{path}: {}", refused.head);
        }
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(send(&mut stream, "GET", path, None, b"").status, 200);
    }
    for path in ["/v1/trust", "/metrics"] {
        assert_eq!(send(&mut stream, "GET", path, Some(&key), b"").status, 200);
    }
    assert_eq!(send(&mut stream, "GET", "/nowhere", Some(&key), b"").status, 404);
    assert_eq!(verify(&server, &key).json()["verdict"], "passed");
    assert_eq!(server.verify(&compact()).status, 401, "loopback alone is no key");
    let metrics = String::from_utf8(ask(&server, "GET", "/metrics", Some(&key), b"").body).unwrap();
    let refused = [("route", "not admitted"), ("status", "401")];
    assert_eq!(sum(&metrics, "sealgate_http_requests_total", &refused), Some(11.0), "{metrics}");
}

#[test]
fn keys_are_changed_without_a_restart() {
    let ((old, old_hash), (new, new_hash)) = (new_key(), new_key());
    let file = File::new(&client("one", &old_hash, ""));
    let server = file.server(&[]);
    let status = |key: &str| ask(&server, "GET", "/v1/trust", Some(key), b"").status;
    let reload = |text: &str| {
        file.write(text);
        server.signal("-HUP");
    };
    let until = |key: &str, wanted: u16| {
        wait_until(|| status(key) == wanted);
    };
    assert_eq!((status(&old), status(&new)), (200, 401));
    let both = format!("[[client]]\nid = \"one\"\nkeys = [{{ {old_hash} }}, {{ {new_hash} }}]");
    // A request under way while keys are changed is answered.
    let mut stream = server.connect();
    let body = compact();
    let head = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {old}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    reload(&both);
    until(&new, 200);
    assert_eq!(status(&old), 200);
    reload(&client("one", &new_hash, ""));
    until(&old, 401);
    assert_eq!(status(&new), 200);
    stream.write_all(&body).unwrap();
    assert_eq!(Answer::read(&mut stream).unwrap().status, 200);
    // What cannot be read changes nothing; what comes after it does.
    reload("[[client]]\nid = 1");
    reload("");
    reload(&both);
    until(&old, 200);
    let over = format!(
        "[[client]]\nid = \"one\"\nkeys = [{{ {old_hash}, not_after = \"2020-01-01T00:00:00Z\" }}, {{ {new_hash} }}]"
    );
    reload(&over);
    until(&old, 401);
    assert_eq!(status(&new), 200);
}

#[test]
fn a_client_may_name_its_policies_and_no_others() {
    let ((free, free_hash), (bound, bound_hash)) = (new_key(), new_key());
    let text = client("free", &free_hash, "")
        + &client("bound", &bound_hash, "policies = [\"qualified-seal\"]\nacceptance = [\"admissions\"]");
    let file = File::new(&text);
    let server = file.server(&[]);
    let asked = |key: &str, query: &str| {
        let path = format!("/v1/verify?at={AT}{query}");
        let answer = ask(&server, "POST", &path, Some(key), &compact());
        (answer.status, answer.json())
    };
    let policies = |answer: &Value| (answer["policy"].clone(), answer["decision"]["policy"].clone());
    assert_eq!(policies(&asked(&free, "").1), ("default".into(), "default".into()));
    assert_eq!(policies(&asked(&bound, "").1), ("qualified-seal".into(), "admissions".into()));
    assert_eq!(
        policies(&asked(&bound, "&policy=qualified-seal").1),
        ("qualified-seal".into(), "admissions".into())
    );
    for query in
        ["&policy=default", "&acceptance=default", "&policy=qualified-seal&policy=default", "&policy=x"]
    {
        let (status, problem) = asked(&bound, query);
        assert_eq!((status, &problem["status"]), (403, &403.into()), "{query}");
    }
    assert_eq!(asked(&free, "&policy=x").0, 400);
    let line = format!(
        "{{\"credential_base64\":\"{}\"}}\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, compact())
    );
    let path = format!("/v1/verify/batch?at={AT}");
    assert_eq!(ask_batch(&server, &format!("{path}&policy=default"), &bound, &line).0, 403);
    let (status, text) = ask_batch(&server, &path, &bound, &line);
    assert!(status == 200 && text.contains("\"policy\":\"qualified-seal\""), "{text}");
}

/// The status of a batch and all that comes.
fn ask_batch(server: &Server, path: &str, key: &str, lines: &str) -> (u16, String) {
    let mut stream = server.connect();
    let length = lines.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{lines}").unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

#[test]
fn who_asks_too_often_is_told_when_to_ask_again() {
    let ((slow, slow_hash), (fast, fast_hash)) = (new_key(), new_key());
    let rate = "limits = { requests_per_second = 0.01, burst = 3 }";
    let file = File::new(&(client("slow", &slow_hash, rate) + &client("fast", &fast_hash, "")));
    let server = file.server(&[]);
    let statuses: Vec<u16> = (0..5).map(|_| verify(&server, &slow).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let refused = verify(&server, &slow);
    let wait = refused.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((1..=100).contains(&wait.parse::<u64>().unwrap()), "{wait}");
    assert!(refused.head.contains("application/problem+json"));
    assert_eq!(refused.json()["status"], 429);
    // Others do not wait for it, and health is open to it.
    assert_eq!(verify(&server, &fast).status, 200);
    assert_eq!(ask(&server, "GET", "/livez", Some(&slow), b"").status, 200);
}

#[test]
fn lines_of_a_batch_wait_for_their_turn() {
    let (key, hash) = new_key();
    let file = File::new(&client("one", &hash, "limits = { requests_per_second = 20, burst = 1 }"));
    let server = file.server(&[]);
    let begun = Stopwatch::start();
    let lines = "{\"credential\":{}}\n".repeat(10);
    let (status, text) = ask_batch(&server, "/v1/verify/batch", &key, &lines);
    assert_eq!((status, text.matches("\"verdict\":{").count()), (200, 10), "{text}");
    // The request itself and nine lines before the last one.
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn bodies_and_requests_at_once_are_bounded_for_each_client() {
    let ((small, small_hash), (large, large_hash)) = (new_key(), new_key());
    let text = client("small", &small_hash, "limits = { body = 1000, concurrent = 1 }");
    let file = File::new(&(text + &client("large", &large_hash, "")));
    let server = file.server(&[]);
    let path = "/v1/verify";
    let statuses = |length: usize| {
        [&small, &large].map(|key| ask(&server, "POST", path, Some(key), &vec![b'x'; length]).status)
    };
    assert_eq!(statuses(1000), [200, 200]);
    assert_eq!(statuses(1001), [413, 200]);
    let long = format!(
        "{{\"id\":1,\"credential\":{{\"a\":\"{}\"}}}}\n{{\"id\":2,\"credential\":{{}}}}\n",
        "a".repeat(1000)
    );
    let (status, text) = ask_batch(&server, "/v1/verify/batch", &small, &long);
    assert!(
        status == 200 && text.contains("\"status\":413") && text.contains("\"id\":2,\"line\":2,\"verdict\""),
        "{text}"
    );

    // One is under way for as long as its body is awaited. What was before has given its place back, and whether the
    // first one has it another client asks: a request of its own could take it before.
    let second = || ask(&server, "GET", "/v1/trust", Some(&small), b"");
    wait_until(|| second().status == 200);
    let mut first = server.connect();
    write!(
        first,
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {small}\r\ncontent-length: 2\r\n\r\nx"
    )
    .unwrap();
    let metrics = || ask(&server, "GET", "/metrics", Some(&large), b"").body;
    let held = || sum(&String::from_utf8(metrics()).unwrap(), "sealgate_body_bytes", &[]);
    wait_until(|| held() != Some(0.0));
    let refused = second();
    assert!(refused.status == 429 && refused.head.contains("retry-after: 1\r\n"), "{}", refused.head);
    assert_eq!(ask(&server, "GET", "/v1/trust", Some(&large), b"").status, 200);
    first.write_all(b"y").unwrap();
    assert_eq!(Answer::read(&mut first).unwrap().status, 200);
    wait_until(|| second().status == 200);
}

#[test]
fn a_unix_socket_may_be_open_where_addresses_are_not() {
    let (key, hash) = new_key();
    let file = File::new(&format!(
        "anonymous = {{ from = [\"unix\"] }}\nmetrics = \"anybody\"\n{}",
        client("one", &hash, "")
    ));
    let socket = file.folder.path().join("sealgate.sock");
    let server = file.server(&["--listen", &format!("unix:{}", socket.display())]);
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    for (key, status) in [(None, 200), (Some(&*key), 200), (Some("wrong"), 401)] {
        assert_eq!(send(&mut stream, "GET", "/v1/trust", key, b"").status, status);
    }
    assert_eq!(ask(&server, "GET", "/v1/trust", None, b"").status, 401);
    assert_eq!(ask(&server, "GET", "/metrics", None, b"").status, 200);
}

/// A server whose log can be read; killed when dropped.
pub(crate) struct Logged {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Logged {
    /// Starts it by this command, to which the arguments are added, and waits until trust is loaded.
    pub(crate) fn start(mut command: Command, arguments: &[&str], level: &str, log: &Path) -> Self {
        let child = command
            .current_dir(root())
            .args(["serve", "--trust-domain", "trust-lists/demo.toml"])
            .args(arguments)
            .env("RUST_LOG", level)
            .stderr(Stdio::from(std::fs::File::create(log).unwrap()))
            .spawn()
            .unwrap();
        let mut server = Self { child, log: log.to_owned() };
        wait_until(|| {
            assert!(server.child.try_wait().unwrap().is_none(), "{}", server.text());
            server.text().contains("trust is loaded")
        });
        server
    }

    /// What it has logged so far.
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The port that it was given on an address.
    pub(crate) fn port(&self, address: &str) -> u16 {
        let text = self.text();
        let behind = text.split(&format!("{address}:")).nth(1).unwrap_or_else(|| panic!("{text}"));
        behind.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sealgate"))
}

#[test]
fn no_key_is_ever_logged() {
    let ((key, hash), (other, _)) = (new_key(), new_key());
    let file = File::new(&client("one", &hash, ""));
    let path = file.path();
    let arguments = ["--listen", "127.0.0.1:0", "--clients", path.to_str().unwrap()];
    let mut server = Logged::start(binary(), &arguments, "trace", &file.folder.path().join("log"));
    let mut stream = TcpStream::connect(("127.0.0.1", server.port("127.0.0.1"))).unwrap();
    for sent in [&key, &other, &format!("{key}x")] {
        send(&mut stream, "GET", "/v1/trust", Some(sent), b"");
    }
    // Where the parser gives up, too.
    let folded = format!("GET /v1/trust HTTP/1.1\r\nhost: x\r\nauthorization : Bearer {key}\r\n\r\n");
    stream.write_all(folded.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).unwrap().status, 400);
    let status = Command::new("kill").arg(server.child.id().to_string()).status().unwrap();
    assert!(status.success() && server.child.wait().unwrap().success());
    let text = server.text();
    let secrets = [&key[9..], &other[9..], hash.split('"').nth(1).unwrap()];
    assert!(text.contains("TRACE") || text.contains("DEBUG"), "nothing was logged: {text}");
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
}

/// An address of this machine's under which others would reach it.
fn outward() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: only the way there is looked up.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

#[test]
fn without_clients_this_machine_alone_is_served() {
    let Some(outward) = outward() else {
        println!("skipped: without_clients_this_machine_alone_is_served: no address but loopback");
        return;
    };
    let (_, hash) = new_key();
    let closed = File::new(&format!("[anonymous]\nfrom = [\"loopback\"]\n{}", client("one", &hash, "")));
    let open = File::new("[anonymous]\nfrom = [\"anywhere\"]");
    let (closed_path, open_path) = (closed.path(), open.path());
    for (more, elsewhere) in [
        (["--clients", closed_path.to_str().unwrap()], 401),
        (["--clients", open_path.to_str().unwrap()], 200),
        (["--allow-unauthenticated", "--queue=10"], 200),
    ] {
        let log = closed.folder.path().join("log");
        let server = Logged::start(binary(), &[&["--listen", "0.0.0.0:0"], &more[..]].concat(), "info", &log);
        let port = server.port("0.0.0.0");
        let status = |address: IpAddr, path: &str| {
            let mut stream = TcpStream::connect((address, port)).unwrap();
            send(&mut stream, "GET", path, None, b"").status
        };
        assert_eq!(status([127, 0, 0, 1].into(), "/v1/trust"), 200);
        assert_eq!((status(outward, "/v1/trust"), status(outward, "/livez")), (elsewhere, 200), "{more:?}");
    }
}

#[test]
fn the_configuration_has_clients_too_and_is_read_anew() {
    let ((old, old_hash), (new, new_hash)) = (new_key(), new_key());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealgate.toml");
    let write = |hash: &str, body: usize| {
        let text = format!(
            "[limits]\nwrite_seconds = 20\n[[clients.client]]\nid = \"one\"\nkeys = [{{ {hash} }}]\nlimits = {{ body = {body} }}"
        );
        std::fs::write(&path, text).unwrap();
    };
    write(&old_hash, 10);
    let server = Server::start(&["--config", path.to_str().unwrap()]);
    let status =
        |key: &str, body: usize| ask(&server, "POST", "/v1/verify", Some(key), &vec![b'x'; body]).status;
    assert_eq!((status(&old, 10), status(&old, 11), status(&new, 10)), (200, 413, 401));
    write(&new_hash, 20);
    server.signal("-HUP");
    wait_until(|| status(&new, 20) == 200);
    assert_eq!((status(&old, 10), status(&new, 21)), (401, 413));
    let check = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let out = binary().args(["config", "check", "--config"]).arg(&path).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = check("[[clients.client]]\nid = \"one\"\nkees = []");
    assert!(code == Some(64) && said.contains("keys"), "{said}");
    let (code, said) =
        check("[[clients.client]]\nid = \"one\"\ncertificates = [\"x\"]\npolicies = [\"defualt\"]");
    assert!(code == Some(64) && said.contains("`DNS:`") && said.contains("nearest is `default`"), "{said}");
}

#[test]
fn what_is_wrong_with_clients_is_told_before_anything_listens() {
    let file = File::new("[[client]]\nid = \"one\"\npolicies = [\"qualified-sael\"]\n");
    let out = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .current_dir(root())
        .args(["serve", "--listen", "127.0.0.1:0", "--trust-domain", "trust-lists/demo.toml", "--clients"])
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(64));
    assert!(text.contains("neither keys") && text.contains("nearest is `qualified-seal`"), "{text}");
    assert!(!text.contains("listening"), "{text}");
}
