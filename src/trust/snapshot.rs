//! The immutable result of loading a trust domain.

use super::list::Service;
use crate::certificate::{AnchorKey, Certificate};
use crate::time::Time;
use std::collections::HashMap;
use std::sync::Arc;

/// All accepted lists of a domain at one moment.
#[derive(Debug)]
pub struct Snapshot {
    /// The domain's name, e.g. `eu`.
    pub domain: String,
    /// SHA-256 over the digests of the accepted lists: list of lists first, then by territory.
    pub identity: [u8; 32],
    /// Sequence number of the list of lists; `None` where only static anchors are trusted.
    pub lotl_sequence: Option<u64>,
    /// The Official Journal address that announces the pins in use.
    pub official_journal: Option<String>,
    /// Every list, list of lists first, then by territory; also those that contribute nothing.
    pub lists: Vec<ListState>,
    /// All services of all accepted lists.
    pub services: Vec<Arc<Service>>,
    /// Service indexes by the anchor identity of each of their certificates.
    pub index: HashMap<AnchorKey, Vec<usize>>,
    /// Anchors beside the lists (`--trust-anchors`): trusted, never qualified.
    pub static_anchors: HashMap<AnchorKey, Arc<Certificate>>,
    /// Every anchor certificate by the normal form of its subject, for path building.
    pub by_subject: HashMap<Vec<u8>, Vec<Arc<Certificate>>>,
}

/// The state of one list.
#[derive(Clone, Debug)]
pub struct ListState {
    /// Territory (`EU` for the list of lists).
    pub territory: String,
    /// Where it is published.
    pub url: String,
    /// Whether it contributes.
    pub condition: Condition,
    /// Sequence number, where it could be read.
    pub sequence: Option<u64>,
    /// Issue time.
    pub issued: Option<Time>,
    /// Next update; expiry is judged at every verdict.
    pub next_update: Option<Time>,
    /// TSL version.
    pub version: Option<u32>,
    /// SHA-256 of the bytes.
    pub digest: Option<[u8; 32]>,
    /// SHA-256 of the certificate that signed it.
    pub signer: Option<[u8; 32]>,
    /// How many services it contributes.
    pub services: usize,
}

/// Whether a list contributes to the snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Accepted: its signature is TOTAL-PASSED by a certificate that its parent names.
    Accepted,
    /// Could not be had.
    Unreachable,
    /// Refused: why.
    Refused(String),
}

impl ListState {
    /// Past its NextUpdate at `time`, or closed without one.
    #[must_use]
    pub fn expired_at(&self, time: Time) -> bool {
        self.next_update.is_none_or(|next| next < time)
    }
}
