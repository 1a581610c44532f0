//! The document as it was handed in.

use crate::signature::algorithm::identity;

/// What a report says of the document that it is about, besides the verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Original {
    /// SHA-256 of its octets.
    pub sha256: [u8; 32],
    /// How many octets it has.
    pub bytes: usize,
}

impl Original {
    /// Of these octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        Self { sha256: identity(octets), bytes: octets.len() }
    }
}
