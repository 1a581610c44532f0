//! Instances that are replaced one after the other under load: every request that was taken up is answered.

mod load;
mod proxies;

use crate::server::{Server, get_from};
use crate::support::root;
use load::Load;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

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
    let binary = env!("CARGO_BIN_EXE_sealgate");
    let script = format!(
        "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 \
         exec '{binary}' serve --queue 1000 --trust-domain trust-lists/demo.toml"
    );
    let mut command = Command::new("sh");
    let socket: OwnedFd = socket.try_clone().unwrap().into();
    command.current_dir(root()).args(["-c", &script]).stdin(Stdio::from(socket));
    Server::spawn(command)
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
