//! The record of cryptographic work from which `sealgate bench` measures the floor.

use super::{DigestAlgorithm, PublicKey, SignatureAlgorithm};
use std::sync::{Arc, Mutex};

/// One piece of irreducible work.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A digest of these bytes that is not part of a verification.
    Digest(DigestAlgorithm, Vec<u8>),
    /// A public-key verification, its digest included.
    Verify {
        /// By which algorithm.
        algorithm: SignatureAlgorithm,
        /// With which key.
        key: Arc<PublicKey>,
        /// Over which message.
        message: Vec<u8>,
        /// Which value.
        value: Vec<u8>,
    },
}

/// Collects operations.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Operation>>);

impl Ledger {
    /// What was done since the last call, in order.
    pub fn take(&self) -> Vec<Operation> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
