//! Instances that are replaced one after the other under load: every request that was taken up is answered.

mod load;
mod proxies;

use crate::server::{AT, Answer, Server, get_from, wait_until};
use crate::support::root;
use load::Load;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// How often an instance is replaced.
const RESTARTS: usize = 20;

/// A port that no connection of anybody's is given by the kernel, so that it is free again once its listener is gone.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 5000).unwrap();
    let ports = (0..10_000).map(|_| 20_000 + begin + NEXT.fetch_add(1, Ordering::SeqCst));
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn instance(port: u16, extra: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(["serve", "--trust-domain", "trust-lists/demo.toml", "--queue", "1000"]);
    command.args(["--listen", &format!("127.0.0.1:{port}")]).args(extra);
    Server::spawn(command)
}

/// Asks it to end and waits until it has.
fn end(server: &mut Server) {
    server.terminate();
    assert!(server.child.wait().unwrap().success());
}

/// An instance on a socket that it did not open, as a service manager passes it.
fn activated(socket: &TcpListener) -> Server {
    activated_until("trust is loaded", socket, &["--trust-domain", "trust-lists/demo.toml"])
}

/// The same in other words, once it logged this.
fn activated_until(logged: &str, socket: &TcpListener, arguments: &[&str]) -> Server {
    let become_it = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve --queue 1000 \"$@\"";
    let mut command = Command::new("sh");
    let socket: OwnedFd = socket.try_clone().unwrap().into();
    command.current_dir(root()).args(["-c", become_it, env!("CARGO_BIN_EXE_sealgate")]).args(arguments);
    command.stdin(Stdio::from(socket));
    Server::spawn_until(logged, command)
}

/// The demonstration's trust domain, whose list of lists comes only once somebody writes it into the pipe beside it.
struct Late {
    folder: tempfile::TempDir,
}

impl Late {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mirror = folder.path().join("demo");
        std::fs::create_dir(&mirror).unwrap();
        std::fs::copy(root().join("trust-lists/demo.toml"), folder.path().join("demo.toml")).unwrap();
        for file in ["index.json", "XA.xml", "XB.xml"] {
            std::fs::copy(root().join("trust-lists/demo").join(file), mirror.join(file)).unwrap();
        }
        assert!(Command::new("mkfifo").arg(mirror.join("lotl.xml")).status().unwrap().success());
        Self { folder }
    }

    fn domain(&self) -> String {
        self.folder.path().join("demo.toml").display().to_string()
    }

    /// Lets the list come; who reads it has it, or nobody ever will.
    fn comes(&self) {
        let list = std::fs::read(root().join("trust-lists/demo/lotl.xml")).unwrap();
        std::fs::write(self.folder.path().join("demo/lotl.xml"), list).unwrap();
    }
}

fn asks(address: &str) -> TcpStream {
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    stream.write_all(&body).unwrap();
    stream
}

/// Whoever connects to a socket that was handed on before the new process has its trust waits, and is not told 503.
#[test]
fn on_a_socket_that_is_handed_on_nobody_is_answered_before_trust_is_loaded() {
    let (socket, late) = (TcpListener::bind("127.0.0.1:0").unwrap(), Late::new());
    let arguments =
        ["--trust-domain", &late.domain(), "--listen", "127.0.0.1:0", "--listen", "systemd:unknown"];
    let server = activated_until("listening", &socket, &arguments);
    let mut client = asks(&socket.local_addr().unwrap().to_string());
    // What it opened itself answers meanwhile, as ever.
    assert_eq!((server.get("/livez").status, server.get("/readyz").status), (200, 503));
    client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(client.peek(&mut [0]).is_err(), "answered before trust was loaded");
    late.comes();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let answer = Answer::read(&mut client).unwrap();
    assert_eq!((answer.status, answer.json()["verdict"].as_str()), (200, Some("passed")));
}

/// One that is told to end before its trust came leaves those who wait to the next.
#[test]
fn who_waits_on_a_socket_that_is_handed_on_is_left_to_the_next_instance() {
    let (socket, late) = (TcpListener::bind("127.0.0.1:0").unwrap(), Late::new());
    let mut first = activated_until("listening", &socket, &["--trust-domain", &late.domain()]);
    let mut client = asks(&socket.local_addr().unwrap().to_string());
    end(&mut first);
    let _second = activated(&socket);
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    assert_eq!(Answer::read(&mut client).unwrap().status, 200);
}

/// Whoever reads that it listens may send a signal: none of those that a service manager sends ends it on the spot.
#[test]
fn signals_are_heard_before_it_says_that_it_listens() {
    let (socket, late) = (TcpListener::bind("127.0.0.1:0").unwrap(), Late::new());
    let server = activated_until("listening", &socket, &["--trust-domain", &late.domain()]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
    let caught = u64::from_str_radix(caught, 16).unwrap();
    for (name, number) in [("SIGHUP", 1), ("SIGINT", 2), ("SIGTERM", 15)] {
        assert_ne!(caught >> (number - 1) & 1, 0, "{name} is not heard");
    }
}

/// How the system schedules the server's thread of this name (proc_pid_stat(5), 41), where there is one.
fn scheduling(server: &Server, name: &str) -> Option<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let mut found = stats.filter_map(|stat| {
        let (before, after) = stat.rsplit_once(") ")?;
        before.ends_with(&format!("({name}")).then(|| after.split(' ').nth(38)?.parse().ok())?
    });
    found.next()
}

/// Lists are read where there is nothing else to do: requests do not wait for them.
#[test]
fn trust_is_renewed_behind_requests() {
    const SCHED_IDLE: Option<u32> = Some(5);
    let late = Late::new();
    let server = Server::launch_until("listening", &late.domain(), &["--threads", "1"]);
    late.comes();
    wait_until(|| server.get("/readyz").status == 200);
    server.signal("-HUP");
    for idle in ["renewal", "trust-0"] {
        wait_until(|| scheduling(&server, idle) == SCHED_IDLE);
    }
    for usual in ["verify-0", "sealgate"] {
        assert_ne!(scheduling(&server, usual), SCHED_IDLE, "{usual}");
    }
    late.comes();
    wait_until(|| scheduling(&server, "renewal").is_none());
    assert_eq!(server.get("/readyz").status, 200);
}

/// Where trust does not come for now, that is said: nobody waits for hours.
#[test]
fn on_a_socket_that_is_handed_on_503_is_said_where_trust_does_not_come_for_now() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let domain = folder.path().join("late.toml");
    let text = std::fs::read_to_string(root().join("trust-lists/demo.toml")).unwrap();
    std::fs::write(&domain, text.replace("mirror = \"demo\"\n", "")).unwrap();
    let (cache, nowhere) = (folder.path().join("cache"), "http://127.0.0.1:9");
    let [domain, cache] = [&domain, &cache].map(|path| path.to_str().unwrap());
    let arguments = [
        "--trust-domain",
        domain,
        "--trust-cache",
        cache,
        "--trust-mirror",
        nowhere,
        "--fetch-from",
        nowhere,
    ];
    let _server = activated_until("listening", &socket, &arguments);
    let answer = Answer::read(&mut asks(&socket.local_addr().unwrap().to_string())).unwrap();
    assert!(answer.status == 503 && answer.head.contains("retry-after: "), "{}", answer.head);
}

/// The next instance is there before the one before it ends, or comes after it: who connects meanwhile waits.
#[test]
fn a_socket_that_is_handed_on_loses_nothing_over_twenty_restarts() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = activated(&socket);
    let load = Load::on(vec![socket.local_addr().unwrap().to_string()]);
    load.during(|| {
        for restart in 0..RESTARTS {
            load.goes_on();
            if restart % 2 == 0 {
                let next = activated(&socket);
                end(&mut server);
                server = next;
            } else {
                end(&mut server);
                server = activated(&socket);
            }
        }
        load.goes_on();
    });
    let told = load.told();
    told.nothing_is_lost();
    println!("{RESTARTS} restarts: {told:?}");
    assert_eq!(told.untaken, 0, "a connection was refused, or ended before its first request was read");
}

/// Clients know both and ask the other one where one is not there.
#[test]
fn two_instances_lose_nothing_over_twenty_restarts() {
    let ports = [port(), port()];
    let mut servers = ports.map(|port| instance(port, &[]));
    let load = Load::on(servers.iter().map(|server| server.address.clone()).collect());
    load.during(|| {
        for restart in 0..RESTARTS {
            load.goes_on();
            let one = restart % 2;
            end(&mut servers[one]);
            load.goes_on();
            servers[one] = instance(ports[one], &[]);
        }
        load.goes_on();
    });
    let told = load.told();
    told.nothing_is_lost();
    println!("{RESTARTS} restarts: {told:?}");
}

/// Between SIGTERM and the end `/readyz` says that no more should come, and whoever comes is served.
#[test]
fn an_instance_that_drains_is_not_ready_and_serves_on() {
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let mut server = Server::start(&["--drain-seconds", "600"]);
    let mut before = server.connect();
    assert_eq!(get_from(&mut before, "/readyz").unwrap().status, 200);
    server.terminate();
    server.logged("asked to end");
    for _ in 0..3 {
        let told = get_from(&mut before, "/readyz").unwrap();
        assert!(told.status == 503 && told.head.contains("retry-after: "), "{}", told.head);
        assert_eq!(told.json()["detail"], "the service was asked to end");
        assert_eq!(server.get("/livez").status, 200);
        let answer = server.verify(&body);
        assert_eq!((answer.status, answer.head.contains("connection: close")), (200, false));
        assert_eq!(answer.json()["verdict"], "passed");
    }
    // Who asks twice does not want to wait.
    server.terminate();
    drop(before);
    assert!(server.child.wait().unwrap().success());
}
