//! What bounds a batch: memory, readers that are slow, clients that leave, the end of the service.

use super::{Batch, batch, compact, example, in_flight, line, metric, verified};
use crate::server::{Server, resident, wait_until};
use serde_json::Value;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Pieces of one batch that may be read and not answered.
const IN_FLIGHT: usize = 32;

/// A line of about so many bytes, which is quickly answered `unsigned` or the like.
fn padded(id: usize, bytes: usize) -> String {
    format!("{{\"id\":{id},\"credential\":{{\"a\":\"{}\"}}}}\n", "a".repeat(bytes))
}

#[test]
fn a_long_batch_takes_the_memory_of_a_short_one() {
    const LINES: usize = 8000;
    const BYTES: usize = 50_000;
    let server = Server::start(&[]);
    // What a first few leave with the allocator.
    assert_eq!(batch(&server, &(0..100).map(|id| padded(id, BYTES)).collect::<String>()).len(), 100);
    let before = resident(&server);
    let (mut most, mut most_in_flight) = (before, 0);
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for id in 0..LINES {
                writer.send(&padded(id, BYTES)).unwrap();
            }
        });
        let mut answers = batch.answers();
        for number in 0..LINES {
            assert!(answers.next().unwrap()["verdict"].is_object());
            if number % 200 == 0 {
                most = most.max(resident(&server));
                most_in_flight = most_in_flight.max(in_flight(&server));
            }
        }
        answers
    });
    batch.finish();
    assert_eq!(answers.count(), 0);
    assert!((1..=IN_FLIGHT).contains(&most_in_flight), "{most_in_flight}");
    let grown = most.saturating_sub(before);
    assert!(grown < LINES * BYTES / 5, "grew by {grown} for {} bytes", LINES * BYTES);
    assert_eq!(metric(&server, "sealgate_body_bytes"), 0);
}

#[test]
fn a_slow_reader_slows_the_work_and_loses_nothing() {
    let server = Server::start(&[]);
    let sent = AtomicUsize::new(0);
    const LINES: usize = 20_000;
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        let sent = &sent;
        scope.spawn(move || {
            for id in 0..LINES {
                writer.send(&padded(id, 5000)).unwrap();
                sent.store(id + 1, Ordering::Relaxed);
            }
        });
        // Nothing is read: what sockets hold fills up, and then the work stands still.
        let still = || {
            let (now, before) = (verified(&server), sent.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(500));
            now > 0 && now == verified(&server) && before == sent.load(Ordering::Relaxed)
        };
        wait_until(still);
        assert!(sent.load(Ordering::Relaxed) < LINES, "all was taken from a client that reads nothing");
        assert!(in_flight(&server) <= IN_FLIGHT);
        // What is answered and not taken is held and counted, beside the pieces that are in work.
        let held = metric(&server, "sealgate_body_bytes");
        assert!(held >= in_flight(&server) * 5000 + 8 * 1024, "{held}");
        // Others are served meanwhile.
        assert_eq!(server.verify(&compact()).status, 200);
        let mut answers = batch.answers();
        for _ in 0..LINES {
            assert!(answers.next().unwrap()["verdict"].is_object());
        }
        batch.finish();
        assert_eq!(answers.count(), 0);
        wait_until(|| metric(&server, "sealgate_body_bytes") == 0);
    });
}

#[test]
fn a_slow_reader_is_waited_for_as_long_as_it_takes_something() {
    const LINES: usize = 4000;
    let server = Server::start(&["--write-seconds", "3"]);
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        scope.spawn(move || (0..LINES).for_each(|id| writer.send(&padded(id, 5000)).unwrap()));
        let mut answers = batch.answers();
        let mut pauses = 0;
        for number in 0..LINES {
            assert!(answers.next().unwrap()["verdict"].is_object());
            if number % 64 == 0 {
                pauses += 200;
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        assert!(pauses > 4 * 3000 - 500, "it was not slow");
        batch.finish();
        assert_eq!(answers.count(), 0);
    });
}

#[test]
fn singles_are_not_refused_for_the_memory_of_batches() {
    let server = Server::start(&["--max-body", "1000000", "--body-memory", "1000000"]);
    let whole = padded(1, 900_000);
    let (begun, rest) = whole.split_at(890_000);
    let mut batches: Vec<Batch> = (0..3).map(|_| Batch::begin(&server)).collect();
    // Half of what singles have would not do for one archive: three times the largest body.
    for (number, batch) in batches.iter_mut().enumerate() {
        batch.send(begun).unwrap();
        wait_until(|| metric(&server, "sealgate_body_bytes") > (number + 1) * 885_000);
    }
    for _ in 0..10 {
        assert_eq!(server.verify(&vec![b'x'; 900_000]).status, 200);
    }
    assert!(metric(&server, "sealgate_body_bytes") <= 3_000_000 + 1024);
    for batch in &mut batches {
        batch.send(rest).unwrap();
        batch.finish();
    }
    for batch in batches {
        let answers: Vec<Value> = batch.answers().collect();
        assert!(answers.len() == 1 && answers[0]["verdict"].is_object(), "{answers:?}");
    }
    wait_until(|| metric(&server, "sealgate_body_bytes") == 0);
}

#[test]
fn a_client_that_reads_nothing_for_too_long_ends_its_batch() {
    let server = Server::start(&["--write-seconds", "1"]);
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        scope.spawn(move || (0..).take_while(|id| writer.send(&padded(*id, 5000)).is_ok()).count());
        wait_until(|| verified(&server) > 0);
        let idle = || {
            let before = verified(&server);
            std::thread::sleep(Duration::from_millis(1500));
            before == verified(&server)
        };
        wait_until(|| idle() && in_flight(&server) == 0);
        // What was on its way is given up with the connection.
        wait_until(|| metric(&server, "sealgate_body_bytes") == 0);
        let _ = batch.stream.shutdown(std::net::Shutdown::Both);
    });
    let _ = batch.send("");
}

#[test]
fn a_client_that_leaves_stops_its_work() {
    let server = Server::start(&["--threads", "1"]);
    let slow = example("lta-qualified.jsonld");
    let lines: String = (0..500).map(|id| line(&id.to_string(), &slow)).collect();
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        scope.spawn(move || writer.send(&lines));
        let mut answers = batch.answers();
        assert!(answers.next().unwrap()["verdict"].is_object());
        batch.stream.shutdown(std::net::Shutdown::Both).unwrap();
        drop(answers);
    });
    let _ = batch.stream.flush();
    wait_until(|| in_flight(&server) == 0);
    let after = verified(&server);
    assert!(after < 500, "all of it was verified for nobody");
    assert_eq!(server.verify(&compact()).status, 200);
    assert_eq!((verified(&server), metric(&server, "sealgate_body_bytes")), (after, 0));
}

#[test]
fn singles_do_not_wait_for_a_batch_nor_are_they_refused() {
    const LINES: usize = 300;
    let server = Server::start(&["--threads", "1", "--queue", "0"]);
    let slow = example("lta-qualified.jsonld");
    let lines: String = (0..LINES).map(|id| line(&id.to_string(), &slow)).collect();
    let mut batch = Batch::begin(&server);
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writer.send(&lines).unwrap();
            writer.finish();
        });
        let mut answers = batch.answers();
        assert!(answers.next().is_some());
        for _ in 0..10 {
            assert_eq!(server.verify(&compact()).json()["verdict"], "passed");
        }
        let done = verified(&server);
        assert!(done < LINES, "singles came after the whole batch");
        assert_eq!(answers.count(), LINES - 1);
    });
    let _ = batch.stream.flush();
}

#[test]
fn a_body_that_stops_coming_ends_with_a_line_that_says_so() {
    let server = Server::start(&["--body-seconds", "1"]);
    let mut batch = Batch::begin(&server);
    batch.send(&(line("1", &compact()) + "{\"id\":2,")).unwrap();
    let answers: Vec<Value> = batch.answers().collect();
    assert_eq!((answers.len(), &answers[0]["id"]), (2, &1.into()));
    assert_eq!(answers[0]["verdict"]["verdict"], "passed");
    let last = &answers[1];
    assert_eq!((last.get("id"), &last["line"], &last["problem"]["status"]), (None, &2.into(), &408.into()));
    // Before anything came there is a status to say so with.
    let silent = Batch::begin(&server);
    assert_eq!(crate::server::Answer::read(&mut &silent.stream).unwrap().status, 408);
}

#[test]
fn a_line_that_comes_in_drops_holds_its_memory_no_longer_than_a_body_may() {
    let server = Server::start(&["--body-seconds", "2"]);
    let mut batch = Batch::begin(&server);
    batch.send(&padded(1, 500_000)).unwrap();
    batch.send("{\"id\":2,\"credential\":{\"a\":\"").unwrap();
    batch.send(&"a".repeat(500_000)).unwrap();
    let mut dropping = Batch { stream: batch.stream.try_clone().unwrap() };
    std::thread::scope(|scope| {
        // Every drop comes in time for itself.
        scope.spawn(move || {
            while dropping.send("a").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let answers: Vec<Value> = batch.answers().collect();
        assert_eq!((answers.len(), &answers[1]["line"]), (2, &2.into()));
        assert_eq!(answers[1]["problem"]["status"], 408);
        wait_until(|| metric(&server, "sealgate_body_bytes") == 0);
        let _ = batch.stream.shutdown(std::net::Shutdown::Both);
    });
}

#[test]
fn a_batch_may_pause_between_its_lines_and_within_them() {
    let server = Server::start(&["--body-seconds", "4"]);
    let mut batch = Batch::begin(&server);
    let mut answers = None;
    // More than a body may take, in all.
    for id in 0..4 {
        let text = padded(id, 100);
        std::thread::sleep(Duration::from_millis(750));
        batch.send(&text[..50]).unwrap();
        std::thread::sleep(Duration::from_millis(750));
        batch.send(&text[50..]).unwrap();
        let answer = answers.get_or_insert_with(|| batch.answers()).next().unwrap();
        assert_eq!(answer["id"], id);
    }
    batch.finish();
    assert_eq!(answers.unwrap().count(), 0);
}

#[test]
fn at_the_end_of_the_service_what_was_read_is_answered_and_the_rest_is_named() {
    let mut server = Server::start(&["--threads", "1"]);
    let mut batch = Batch::begin(&server);
    let slow = example("lta-qualified.jsonld");
    let mut writer = Batch { stream: batch.stream.try_clone().unwrap() };
    let answers: Vec<Value> = std::thread::scope(|scope| {
        scope.spawn(move || {
            for id in 1.. {
                if writer.send(&line(&id.to_string(), &slow)).is_err() {
                    return;
                }
            }
        });
        let mut answers = batch.answers();
        let first = answers.next().unwrap();
        server.terminate();
        let all = std::iter::once(first).chain(answers).collect();
        batch.stream.shutdown(std::net::Shutdown::Both).unwrap();
        all
    });
    let (last, answered) = answers.split_last().unwrap();
    assert_eq!((last.get("id"), &last["problem"]["status"]), (None, &503.into()), "{last}");
    let mut lines: Vec<u64> = answered.iter().map(|answer| answer["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert!(lines.iter().copied().eq(1..last["line"].as_u64().unwrap()), "{lines:?}, {last}");
    assert!(answered.iter().all(|answer| answer["verdict"]["verdict"] == "passed"));
    let _ = batch.stream.flush();
    assert!(server.child.wait().unwrap().success());
}
