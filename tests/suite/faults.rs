//! Faults of clients, of the machine and of our own: the service answers on, and says what happened.

mod clients;
mod descriptors;
mod half_closed;
mod panics;

use crate::server::Server;

/// File descriptors that the server has open.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}
