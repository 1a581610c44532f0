//! Proofs of existence (EN 319 102-1, 5.6.2.3): what existed when, as valid time-stamps prove it.

use super::material::{Material, Place};
use super::timestamps::{ProvenTime, Timestamp};
use crate::signature::TimestampKind;
use crate::time::Time;
use foldhash::{HashMap, HashMapExt};

/// Something whose existence can be proven.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Object {
    /// A signature's value, by its index.
    Signature(usize),
    /// A time-stamp token, by its signature and its index in it.
    Timestamp(usize, usize),
    /// A certificate, by its digest.
    Certificate([u8; 32]),
    /// A piece of revocation data, by its index in the material.
    Evidence(usize),
}

/// The earliest proof for each object; without one, that it is there now.
#[derive(Debug)]
pub(super) struct Proofs {
    now: Time,
    earliest: HashMap<Object, Time>,
}

impl Proofs {
    pub(super) fn new(now: Time) -> Self {
        Self { now, earliest: HashMap::new() }
    }

    /// The earliest time at which an object is proven to have existed.
    pub(super) fn earliest(&self, object: Object) -> Time {
        self.earliest.get(&object).copied().unwrap_or(self.now)
    }

    fn add(&mut self, object: Object, time: Time) {
        let known = self.earliest.entry(object).or_insert(self.now);
        *known = time.min(*known);
    }

    /// Adds what a valid time-stamp of a signature proves.
    pub(super) fn extend(
        &mut self,
        timestamp: &Timestamp,
        proven: ProvenTime,
        signature: usize,
        signer: Option<[u8; 32]>,
        material: &Material<'_>,
    ) {
        let time = proven.time();
        match timestamp.kind {
            // The signed attributes are not made yet, and references to material are not the material.
            TimestampKind::Content | TimestampKind::References => return,
            TimestampKind::Signature
            | TimestampKind::SignatureAndReferences
            | TimestampKind::Document
            | TimestampKind::Archive => {}
        }
        self.add(Object::Signature(signature), time);
        // The signature itself names its signing certificate by digest.
        if let Some(signer) = signer {
            self.add(Object::Certificate(signer), time);
        }
        if !matches!(timestamp.kind, TimestampKind::Archive | TimestampKind::Document) {
            return;
        }
        let covers = timestamp.covers_timestamps;
        let covered = |place: &Place| {
            place.signature == signature
                && match place.token {
                    Some(token) => token < covers,
                    None => place.after_timestamps <= covers,
                }
        };
        for earlier in 0..covers {
            self.add(Object::Timestamp(signature, earlier), time);
        }
        for (certificate, place) in &material.certificate_places {
            if covered(place) {
                self.add(Object::Certificate(*certificate), time);
            }
        }
        for (index, item) in material.evidence.iter().enumerate() {
            if item.places.iter().any(covered) {
                self.add(Object::Evidence(index), time);
                for certificate in &item.certificates {
                    self.add(Object::Certificate(*certificate), time);
                }
            }
        }
    }
}
