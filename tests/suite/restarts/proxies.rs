//! Two instances behind a proxy of another's making, upgraded in turns: its clients notice nothing.

use super::load::Load;
use super::{RESTARTS, end, instance, port};
use crate::server::{Server, wait_until};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A proxy that runs; killed when dropped.
struct Proxy {
    child: Child,
    log: PathBuf,
}

impl Proxy {
    /// Where the program is on this machine.
    fn program(name: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        folders.map(|folder| folder.join(name)).find(|program| program.exists())
    }

    /// Starts it, and waits until it listens.
    fn start(mut command: Command, folder: &Path, port: u16) -> Self {
        let log = folder.join("proxy.log");
        let file = std::fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let mut proxy = Self { child: command.spawn().unwrap(), log };
        wait_until(|| {
            let said = || std::fs::read_to_string(&proxy.log).unwrap();
            assert!(proxy.child.try_wait().unwrap().is_none(), "{}", said());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Replaces each of two in turns; `up` says when the proxy sends requests to one again.
fn upgrade(
    load: &Load,
    servers: &mut [Server; 2],
    start: impl Fn(usize) -> Server,
    up: impl Fn(usize) -> bool,
) {
    load.during(|| {
        for restart in 0..RESTARTS {
            load.goes_on();
            let one = restart % 2;
            end(&mut servers[one]);
            servers[one] = start(one);
            wait_until(|| up(one));
        }
        load.goes_on();
    });
    let told = load.told();
    told.nothing_is_lost();
    println!("{RESTARTS} upgrades: {told:?}");
    assert_eq!(told.untaken, 0, "the proxy refused a connection");
}

/// What HAProxy says of the state of its servers; nothing as long as it does not listen yet.
fn states(port: u16) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    stream.write_all(b"GET /;csv HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// It looks at `/readyz` and speaks PROXY protocol: no request is answered other than by a verdict, none is tried twice
/// but where the connection was refused.
#[test]
fn behind_haproxy_twenty_upgrades_are_not_noticed() {
    let Some(program) = Proxy::program("haproxy") else {
        println!("skipped: behind_haproxy_twenty_upgrades_are_not_noticed: no haproxy on this machine");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ports, one, two, stats) = ([port(), port()], port(), port(), port());
    let start = |number: usize| {
        let file = folder.path().join(format!("{number}.toml"));
        let listen = format!(
            "[[listen]]\naddress = \"127.0.0.1:{}\"\nproxy_protocol = [\"127.0.0.1\"]\n\
             [limits]\nqueue = 1000\ndrain_seconds = 1\n[trust]\ndomain = \"trust-lists/demo.toml\"\n",
            ports[number]
        );
        std::fs::write(&file, listen).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.current_dir(crate::support::root()).args(["serve", "--config", file.to_str().unwrap()]);
        Server::spawn(command)
    };
    let mut servers = [0, 1].map(start);
    let mut text = format!(
        "global\n  maxconn 256\ndefaults\n  mode http\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n  \
         timeout check 10s\n  option redispatch\n  retries 3\n\
         frontend clients\n  bind 127.0.0.1:{one}\n  bind 127.0.0.1:{two} proto h2\n  default_backend sealgate\n\
         frontend states\n  bind 127.0.0.1:{stats}\n  stats enable\n  stats uri /\n\
         backend sealgate\n  balance roundrobin\n  option httpchk GET /readyz\n  http-check expect status 200\n"
    );
    for (number, port) in ports.iter().enumerate() {
        writeln!(
            text,
            "  server s{number} 127.0.0.1:{port} check inter 100ms fall 1 rise 1 send-proxy-v2 check-send-proxy"
        )
        .unwrap();
    }
    let file = folder.path().join("haproxy.cfg");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(program);
    command.args(["-db", "-f"]).arg(&file);
    let _proxy = Proxy::start(command, folder.path(), one);
    let up = |number: usize| {
        let all = states(stats);
        let line = all.lines().find(|line| line.starts_with(&format!("sealgate,s{number},")));
        line.is_some_and(|line| line.split(',').any(|field| field == "UP"))
    };
    wait_until(|| up(0) && up(1));
    let address = |port: u16| vec![format!("127.0.0.1:{port}")];
    let load = Load::on_each(address(one), address(two));
    upgrade(&load, &mut servers, start, up);
    assert_eq!(load.told().put_off, 0, "a client was told to ask again");
}

/// It asks nobody beforehand, and the other one where one does not take a request; verifying twice is as good as once.
#[test]
fn behind_nginx_twenty_upgrades_are_not_noticed() {
    let Some(program) = Proxy::program("nginx") else {
        println!("skipped: behind_nginx_twenty_upgrades_are_not_noticed: no nginx on this machine");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (ports, one, two) = ([port(), port()], port(), port());
    let start = |number: usize| instance(ports[number], &[]);
    let mut servers = [0, 1].map(start);
    let at = folder.path().display();
    let text = format!(
        "daemon off; master_process off; pid {at}/pid; error_log stderr warn;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n  access_log off; client_body_buffer_size 2m;\n\
           client_body_temp_path {at}/a; proxy_temp_path {at}/b; fastcgi_temp_path {at}/c; uwsgi_temp_path {at}/d;\n\
           scgi_temp_path {at}/e;\n\
           upstream sealgate {{ server 127.0.0.1:{} max_fails=0; server 127.0.0.1:{} max_fails=0; keepalive 8; }}\n\
           server {{\n    listen 127.0.0.1:{one}; listen 127.0.0.1:{two} http2;\n\
             location / {{\n      proxy_pass http://sealgate; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
               proxy_next_upstream error timeout http_503 non_idempotent;\n    }}\n  }}\n}}\n",
        ports[0], ports[1]
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(program);
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    let _proxy = Proxy::start(command, folder.path(), one);
    let address = |port: u16| vec![format!("127.0.0.1:{port}")];
    let load = Load::on_each(address(one), address(two));
    upgrade(&load, &mut servers, start, |_| true);
}
