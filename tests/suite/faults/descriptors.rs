//! File descriptors that run out.

use crate::admission::Logged;
use crate::server::{AT, Answer};
use crate::support::root;
use sealgate::clock::Stopwatch;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// File descriptors that the server may have.
const MOST: usize = 40;

#[test]
fn running_out_of_descriptors_is_waited_for_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    // Under that limit.
    let mut limited = Command::new("sh");
    let script = format!("ulimit -n {MOST} && exec \"$0\" \"$@\"");
    limited.args(["-c", &script, env!("CARGO_BIN_EXE_sealgate")]);
    let arguments = ["--listen", "127.0.0.1:0", "--head-seconds", "60"];
    let mut server = Logged::start(limited, &arguments, "info", &folder.path().join("log"));
    let port = server.port("127.0.0.1");
    let address = format!("127.0.0.1:{port}");
    let connect = || {
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    };
    let failures = || server.text().matches("accepting a connection failed").count();

    // More than there are descriptors for; the kernel takes them up all the same.
    let held: Vec<TcpStream> = (0..2 * MOST).map(|_| connect()).collect();
    crate::server::wait_until(|| failures() > 0);
    let (begun, before) = (Stopwatch::start(), failures());
    std::thread::sleep(Duration::from_secs(1));
    let most = begun.elapsed().as_millis() / 50 + 2;
    let during = failures() - before;
    assert!(u128::try_from(during).unwrap() <= most, "{during} tries in {:?}", begun.elapsed());

    // Who already has a connection is served meanwhile.
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let ask = |stream: &mut TcpStream| {
        let length = body.len();
        let head = format!("POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        Answer::read(stream).unwrap().json()["verdict"].clone()
    };
    let mut held = held;
    assert_eq!(ask(&mut held[0]), "passed");
    // Those that waited come in once others have gone, and so does whoever comes later.
    let mut waiting = held.split_off(held.len() - 1);
    drop(held);
    assert_eq!(ask(&mut waiting[0]), "passed");
    for _ in 0..2 * MOST {
        assert_eq!(ask(&mut connect()), "passed");
    }
    assert!(server.child.try_wait().unwrap().is_none());
}
