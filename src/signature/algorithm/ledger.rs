//! The record of cryptographic work from which `sealgate bench` measures the floor.

use super::{Crypto, DigestAlgorithm, PublicKey, SignatureAlgorithm};
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

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

impl Operation {
    /// Does the work again, with the key as parsed as it was, and nothing else. `crypto` should not record.
    pub fn replay(&self, crypto: &Crypto) {
        match self {
            Self::Digest(algorithm, bytes) => {
                black_box(crypto.digest(*algorithm, &[black_box(bytes)]));
            }
            Self::Verify { algorithm, key, message, value } => {
                black_box(crypto.verify(algorithm, key, &[black_box(message)], value));
            }
        }
    }
}

/// Collects operations.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Operation>>);

impl Ledger {
    /// What was done since the last call, in order.
    pub fn take(&self) -> Vec<Operation> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn record(&self, operation: Operation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    }
}
