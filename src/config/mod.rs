//! Configuration: one TOML file, environment variables and flags over it, and what an operator meant by all three.
//!
//! A section is a struct; its keys, their types and the flags over them are told by it alone. [`Document`] reads a file
//! against such structs and finds every mistake with its place; [`overlay`] lays one source over another.

mod document;
mod keys;
mod limits;
mod listen;
mod values;

pub use document::{Document, Mistake, given, overlay};
pub use keys::Keys;
pub use limits::Limits;
pub use listen::{ClientCertificates, Listen, Planned, Shared, TlsSection, UnixSection, exposure, plan};
pub use values::{Mode, Seconds};

/// What is wrong with the value of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// The key with its sections, e.g. `limits.queue` or `listen[0].tls.key`.
    pub key: String,
    /// Why.
    pub why: String,
}

impl Wrong {
    /// At a key.
    #[must_use]
    pub fn at(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}
