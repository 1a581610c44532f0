//! Faults of clients, of the machine and of our own: the service answers on, and says what happened.

mod clients;
mod descriptors;
mod panics;

use crate::server::Server;

/// Waits until it holds; whoever runs the tests bounds the whole.
fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// File descriptors that the server has open.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

/// Bytes of memory that the server has resident.
fn resident(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}
