//! Trusted lists → [`Snapshot`]: immutable, indexed, content-addressed.

pub mod compiled;
pub mod diff;
pub mod domain;
pub mod list;
pub mod load;
pub mod qualification;
pub mod snapshot;

pub use snapshot::Snapshot;
