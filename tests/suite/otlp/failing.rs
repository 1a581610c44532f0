//! A collector that does not take what it gets: no request is lost or waits for it, and nothing piles up.

use super::collector::{Collector, Manner};
use super::serve;
use crate::server::{Server, examples, resident, send, wait_until};
use sealgate::clock::Stopwatch;
use std::net::TcpListener;
use std::time::Duration;

const REQUESTS: usize = 500;

/// A port on which nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Asks both servers in turn; how long each took.
fn in_turn(servers: [&Server; 2], body: &[u8]) -> [Duration; 2] {
    let mut streams = servers.map(Server::connect);
    // Else the kernel's wait for acknowledgements, 40 ms, would hide any other.
    streams.iter().for_each(|stream| stream.set_nodelay(true).unwrap());
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..REQUESTS {
        for (stream, times) in streams.iter_mut().zip(&mut times) {
            let watch = Stopwatch::start();
            let answer = send(stream, body).unwrap();
            times.push(watch.elapsed());
            assert_eq!((answer.status, answer.json()["verdict"].as_str()), (200, Some("passed")));
        }
    }
    times.map(|mut times| median(&mut times))
}

#[test]
fn five_hundred_requests_are_answered_as_fast_whatever_the_collector_does() {
    let body =
        std::fs::read(examples().into_iter().find(|file| file.ends_with("b-compact.jwt")).unwrap()).unwrap();
    let hanging = Collector::start(Manner::Hangs);
    let broken = Collector::start(Manner::Answers(500));
    for (port, why) in [
        (nobody(), "there was no connection"),
        (hanging.port, "it did not come within 1 s"),
        (broken.port, "the server answered 500"),
    ] {
        let address = format!("http://localhost:{port}");
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ];
        let (plain, mut traced) = (serve(&[], &[]), serve(&variables, &[]));
        in_turn([&plain, &traced], &body);
        let before = resident(&traced);
        let [without, with] = in_turn([&plain, &traced], &body);
        println!("{why}: median {without:?} without traces, {with:?} with");
        assert!(with < without * 3 / 2 + Duration::from_millis(1), "{why}: {with:?} against {without:?}");
        // The queue holds 2,048 spans of about a kilobyte, and was full before where it fills.
        let grown = resident(&traced).saturating_sub(before);
        assert!(grown < 16 << 20, "{why}: {grown} bytes more");
        wait_until(|| traced.log().contains("traces could not be exported"));
        let log = traced.log();
        let told: Vec<&str> =
            log.lines().filter(|line| line.contains("traces could not be exported")).collect();
        assert!(told.len() == 1 && told[0].contains(why), "once, and why: {told:?}");
        let watch = Stopwatch::start();
        traced.terminate();
        assert!(traced.child.wait().unwrap().success());
        assert!(watch.elapsed() < Duration::from_secs(15), "{why}: {:?}", watch.elapsed());
        wait_until(|| traced.log().contains("spans that were not exported"));
    }
}

#[test]
fn spans_beyond_the_queue_are_dropped_and_counted_and_later_ones_exported_again() {
    let body =
        std::fs::read(examples().into_iter().find(|file| file.ends_with("b-compact.jwt")).unwrap()).unwrap();
    let collector = Collector::start(Manner::Hangs);
    let address = format!("http://localhost:{}", collector.port);
    let mut server = serve(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &address),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "20"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20"),
        ],
        &[],
    );
    let ask = |times: usize| {
        let mut stream = server.connect();
        stream.set_nodelay(true).unwrap();
        (0..times).for_each(|_| assert_eq!(send(&mut stream, &body).unwrap().status, 200));
    };
    ask(50);
    server.logged("more spans than the collector takes: those beyond are dropped, and counted most=20");
    collector.turn(Manner::Answers(200));
    wait_until(|| {
        ask(1);
        server.log().contains("traces are exported again")
    });
    assert_eq!(server.times_logged("more spans than the collector takes"), 0, "once");
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    server.logged("spans that were not exported");
    let log = server.log();
    let rest = log.lines().next().unwrap();
    let count = |name: &str| -> u64 {
        let (_, rest) = rest.split_once(&format!("{name}=")).unwrap_or_else(|| panic!("{rest}"));
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    // Eight spans a request; at most 20 of them were on their way or waited.
    assert!(count("dropped") + count("failed") >= 50 * 8 - 20 && count("left") == 0, "{rest}");
}
