//! A PDF of 20 MB and containers of 100 MB, from the command line and over HTTP: verified within the memory that README
//! states.

use crate::asic;
use crate::demo;
use crate::pdf::sealed::{Parts, seal};
use crate::pdf::writer::stream;
use crate::server::{AT, Server};
use crate::support::{Random, demo_folder};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const MIB: usize = 1 << 20;

/// What README states: this much beside the document once and a half.
const BESIDE: usize = 96 * MIB;

/// Octets that cannot be compressed, with a few in each that can.
fn noise(length: usize) -> Vec<u8> {
    let mut rng = Random::new();
    let mut octets = Vec::with_capacity(length + 8);
    while octets.len() < length {
        octets.extend_from_slice(&rng.below(usize::MAX).to_le_bytes()[..7]);
        octets.push(0);
    }
    octets.truncate(length);
    octets
}

fn pdf(length: usize) -> Vec<u8> {
    let image =
        "/Type /XObject /Subtype /Image /Width 2000 /Height 3000 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    let objects = vec![(30, stream(image, &noise(length)))];
    seal(&Parts { page: "/Resources << /XObject << /I 30 0 R >> >>", objects, ..Parts::default() }).bytes
}

/// `star` for compressed.
fn container(content: &[u8], star: &str) -> Vec<u8> {
    let name = format!("recording.bin{star}");
    asic::extended(&[("recording.bin", content)], &[(&name, content)])
}

/// The most memory that a process had resident so far.
fn most(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024)
}

/// What a verification in a process of its own came to and took.
pub(crate) struct Taken {
    pub(crate) verdict: Value,
    /// Ticks of the processor's time, hundredths of a second.
    pub(crate) ticks: usize,
    /// Octets of memory at most.
    pub(crate) memory: usize,
}

pub(crate) fn on_the_command_line(domain: &str, folder: &Path, document: &[u8]) -> Taken {
    let (file, out) = (folder.join("document"), folder.join("verdict"));
    std::fs::write(&file, document).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command
        .args(["verify", "--offline", "--at", AT, "--format", "json", "--trust-domain", domain])
        .arg(&file);
    let mut running = command.stdout(std::fs::File::create(&out).unwrap()).spawn().unwrap();
    let (mut ticks, mut memory, id) = (0, 0, running.id());
    // Both only grow, so that looking often enough sees all of them.
    while running.try_wait().unwrap().is_none() {
        memory = memory.max(most(id));
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if let Some((_, fields)) = stat.rsplit_once(") ") {
            let field = |number: usize| fields.split(' ').nth(number).unwrap().parse::<usize>().unwrap();
            ticks = ticks.max(field(11) + field(12));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Taken { verdict: serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap(), ticks, memory }
}

fn over_http(domain: &str, document: &[u8]) -> (Value, usize) {
    let server = Server::launch_in(domain, &[]);
    let mut stream = server.connect();
    let length = document.len();
    write!(stream, "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")
        .unwrap();
    stream.write_all(document).unwrap();
    let answer = crate::server::Answer::read(&mut stream).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    (answer.json(), most(server.child.id()))
}

#[test]
fn large_documents_are_verified_within_the_memory_that_is_stated() {
    let folder = demo_folder(demo::shared());
    let domain = folder.path().join("demo.toml");
    let domain = domain.to_str().unwrap();
    let recording = noise(100_000_000);
    let documents = [
        ("a PDF", pdf(20_000_000), "pades"),
        ("a container, its file stored", container(&recording, ""), "asic-e"),
        (
            "a container, its file compressed",
            container(&[recording, vec![0; 20_000_000]].concat(), "*"),
            "asic-e",
        ),
    ];
    for (name, document, format) in documents {
        let taken = on_the_command_line(domain, folder.path(), &document);
        for (way, (verdict, peak)) in
            [("verify", (taken.verdict, taken.memory)), ("serve", over_http(domain, &document))]
        {
            println!("{name} of {} MB, {way}: {} MiB at most", document.len() / 1_000_000, peak / MIB);
            assert_eq!(
                (&verdict["verdict"], &verdict["format"]),
                (&"passed".into(), &format.into()),
                "{name}"
            );
            assert!(peak > document.len() && peak < document.len() * 3 / 2 + BESIDE, "{name}, {way}: {peak}");
        }
    }
}
