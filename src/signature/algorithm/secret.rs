//! Secrets: bytes that nobody can guess, and comparing without telling by the time it takes.

use aws_lc_rs::{constant_time, rand};

/// 256 random bits of the kernel's; `None` where it gives none.
#[must_use]
pub fn random_256() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok().map(|()| bytes)
}

/// Whether both are the same, in a time that depends on their lengths alone.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}
