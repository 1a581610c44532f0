//! A machine whose clock jumps by years while the service runs: validity follows the clock, everything else the time
//! that really passes.

use crate::admission::new_key;
use crate::demo::{self, Order, Sealer};
use crate::server::{Answer, Server, wait_until};
use crate::status;
use crate::support::{demo_folder, root};
use crate::sync::Scene;
use crate::web::{Route, Web};
use sealgate::clock::{self, Stopwatch};
use sealgate::time::Time;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The library that moves a process's clock, where this machine has it.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let folders = folders.chain([PathBuf::from("/usr/lib")]);
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|file| file.exists())
}

/// A clock that a test moves.
struct Clock {
    folder: tempfile::TempDir,
    library: PathBuf,
    /// From the machine's present to that of the demonstration.
    base: i64,
}

impl Clock {
    fn new(test: &str) -> Option<Self> {
        let Some(library) = library() else {
            println!("skipped: {test}: no libfaketime on this machine");
            return None;
        };
        let base = clock::now().seconds_until(demo::shared().options.reference);
        let clock = Self { folder: tempfile::tempdir().unwrap(), library, base };
        clock.jump(base);
        Some(clock)
    }

    /// From now on the clock is so many seconds beside the real one.
    fn jump(&self, seconds: i64) {
        let beside = self.folder.path().join("beside");
        std::fs::write(&beside, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(beside, self.file()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// A process under it; what it measures monotonically passes as ever.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.current_dir(root()).env("LD_PRELOAD", &self.library).envs([
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ]);
        command.env("FAKETIME_TIMESTAMP_FILE", self.file());
        command
    }
}

const HOUR: i64 = 3600;
const DECADE: i64 = 10 * 365 * 24 * HOUR;

/// Where the clock goes, one after the other.
const JUMPS: [i64; 6] = [DECADE, 0, -DECADE, HOUR, DECADE, 0];

fn ask(server: &Server, key: &str, body: &[u8]) -> Answer {
    let mut stream = server.connect();
    let length = body.len();
    let head = format!("host: x\r\nauthorization: Bearer {key}\r\ncontent-length: {length}\r\n\r\n");
    write!(stream, "POST /v1/verify HTTP/1.1\r\n{head}").unwrap();
    stream.write_all(body).unwrap();
    Answer::read(&mut stream).unwrap()
}

/// Begins a request whose head never ends.
fn dawdle(server: &Server) -> (TcpStream, Stopwatch) {
    let mut stream = server.connect();
    stream.write_all(b"POST /v1/verify HTT").unwrap();
    (stream, Stopwatch::start())
}

#[test]
fn a_service_whose_clock_jumps_answers_on() {
    let Some(clock) = Clock::new("a_service_whose_clock_jumps_answers_on") else { return };
    let scene = Scene::new();
    let folder = clock.folder.path();
    let domain = folder.join("demo.toml");
    std::fs::write(&domain, scene.demo.domain().replace("mirror = \"demo\"\n", "")).unwrap();
    let ((free, free_hash), (dated, dated_hash), (slow, slow_hash)) = (new_key(), new_key(), new_key());
    let half_an_hour = clock::now().plus_seconds(clock.base + HOUR / 2);
    let clients = format!(
        "metrics = \"anybody\"\n\
         [[client]]\nid = \"free\"\nkeys = [{{ {free_hash} }}]\n\
         [[client]]\nid = \"dated\"\nkeys = [{{ {dated_hash}, not_after = \"{half_an_hour}\" }}]\n\
         [[client]]\nid = \"slow\"\nkeys = [{{ {slow_hash} }}]\n\
         limits = {{ requests_per_second = 0.0001, burst = 3 }}\n"
    );
    let file = folder.join("clients.toml");
    std::fs::write(&file, clients).unwrap();
    let mut command = clock.command();
    command.args(["serve", "--listen", "127.0.0.1:0", "--refresh", "0.2", "--head-seconds", "2"]);
    command.arg("--trust-domain").arg(&domain).arg("--trust-cache").arg(scene.cache.path());
    command.args(["--trust-mirror", &scene.web.origin]).arg("--clients").arg(&file);
    let mut server = Server::spawn(command);

    let credential = scene.demo.issue(&Order::compact(1));
    let first = ask(&server, &free, &credential).json();
    assert_eq!(first["verdict"], "passed");
    let statuses: Vec<u16> = (0..4).map(|_| ask(&server, &slow, &credential).status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);

    for offset in JUMPS {
        let (mut dawdling, since) = dawdle(&server);
        clock.jump(clock.base + offset);
        // Validity follows the clock.
        let answer = ask(&server, &free, &credential);
        let verdict = answer.json();
        assert_eq!(answer.status, 200);
        let said = Time::parse_rfc3339(verdict["validation_time"].as_str().unwrap()).unwrap();
        let beside = clock::now().plus_seconds(clock.base + offset).seconds_until(said);
        assert!(beside.abs() < HOUR / 4, "{offset}: {beside} seconds beside the clock");
        if offset == 0 {
            assert_eq!(
                (&verdict["verdict"], &verdict["seals"][0]["indication"]),
                (&first["verdict"], &first["seals"][0]["indication"])
            );
        }
        let is_over = offset > HOUR / 2;
        assert_eq!(ask(&server, &dated, &credential).status, if is_over { 401 } else { 200 }, "{offset}");
        // Rates and times follow what passes: nobody is let in for a jump, nobody kept out, nobody cut off.
        let refused = ask(&server, &slow, &credential);
        assert_eq!(refused.status, 429, "{offset}");
        let wait = refused.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
        assert!(wait.parse::<u64>().unwrap() <= 10_000, "{offset}: {wait}");
        let slow_head = Answer::read(&mut dawdling).unwrap();
        assert!(slow_head.status == 408 && since.elapsed() >= Duration::from_secs(2), "{offset}");
        // Lists are asked for as often as before, neither never nor in a rush.
        let asked = || scene.web.asked("/index.json");
        let (begun, before) = (Stopwatch::start(), asked());
        wait_until(|| asked() >= before + 3);
        let most = begun.elapsed().as_millis() / 180 + 2;
        assert!(
            u128::try_from(asked() - before).unwrap() <= most,
            "{offset}: {} of {most}",
            asked() - before
        );
        assert_eq!(server.get("/readyz").status, 200);
        assert_eq!(server.get("/metrics").status, 200);
    }
    // What was synchronised in years to come is no older and no newer than the rest, for a process that starts now.
    clock.jump(clock.base + DECADE);
    let asked = scene.web.asked("/index.json");
    wait_until(|| scene.web.asked("/index.json") >= asked + 2);
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    clock.jump(clock.base);
    let mut command = clock.command();
    command.args(["serve", "--listen", "127.0.0.1:0", "--refresh", "0.2"]);
    command.arg("--trust-domain").arg(&domain).arg("--trust-cache").arg(scene.cache.path());
    command.args(["--trust-mirror", &scene.web.origin]);
    let server = Server::spawn(command);
    let asked = scene.web.asked("/index.json");
    wait_until(|| scene.web.asked("/index.json") >= asked + 2);
    assert_eq!(server.verify(&credential).status, 200);
}

/// A server that failed again and again rests for seconds that pass: not for the years that a clock was wrong by.
#[test]
fn a_host_that_rests_is_asked_again_though_the_clock_went_back() {
    let Some(clock) = Clock::new("a_host_that_rests_is_asked_again_though_the_clock_went_back") else {
        return;
    };
    let (web, folder) = (Web::start(), demo_folder(demo::shared()));
    let mut command = clock.command();
    command.args(["serve", "--listen", "127.0.0.1:0", "--fetch-from", &web.origin, "--trust-domain"]);
    let server = Server::spawn({
        command.arg(folder.path().join("demo.toml"));
        command
    });
    // Each has its own list, so that nothing is told from what is kept of another.
    let asks = |number: usize| {
        let path = format!("/status/{number}");
        let address = web.set(&path, Route::Status(503));
        let file = status::credential(Sealer::Compact, &status::bitstring_entry(&address, 1));
        assert_eq!(server.verify(&file).status, 200);
        web.asked(&path) > 0
    };
    clock.jump(clock.base + DECADE);
    let failures = (0..100).take_while(|number| asks(*number)).count();
    assert_eq!(failures, 5, "it rests after five failures in a row");
    clock.jump(clock.base);
    // Half a minute is all that the first rest takes.
    let mut number = 100;
    wait_until(|| {
        number += 1;
        std::thread::sleep(Duration::from_millis(200));
        asks(number)
    });
}
