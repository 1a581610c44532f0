//! Verdicts and seals, counted by what they came to.

use super::{Made, Maker};
use crate::report::{Contained, Seal, Verdict};
use crate::trust::qualification::SignatureQualification;
use prometheus::IntCounterVec;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub(super) struct Verdicts {
    verdicts: IntCounterVec,
    seals: IntCounterVec,
    indications: IntCounterVec,
    /// Territories of which seals were counted.
    territories: Mutex<BTreeSet<String>>,
}

/// Territories that are told apart: more than publish lists, the third countries' and those of domains of one's own.
const TERRITORIES: usize = 64;

/// What stands for what is not told apart.
const OTHER: &str = "other";

/// What stands for what is not there.
const NONE: &str = "none";

impl Verdicts {
    pub(super) fn new(make: &Maker<'_>) -> Made<Self> {
        Ok(Self {
            verdicts: make.counters(
                "sealgate_verdicts_total",
                "Verdicts given, by overall verdict and format.",
                &["verdict", "format"],
            )?,
            seals: make.counters(
                "sealgate_seals_total",
                "Seals judged, by indication, qualification, format and the territory of the trusted service.",
                &["indication", "qualification", "format", "territory"],
            )?,
            indications: make.counters(
                "sealgate_seal_indications_total",
                "Seals judged, by indication and sub-indication.",
                &["indication", "sub_indication"],
            )?,
            territories: Mutex::default(),
        })
    }

    pub(super) fn count(&self, verdict: &Verdict) {
        let format = verdict.format.unwrap_or(NONE);
        self.verdicts.with_label_values(&[verdict.verdict.as_str(), format]).inc();
        verdict.seals.iter().for_each(|seal| self.seal(seal, format));
        self.contained(&verdict.contained);
    }

    /// Each seal where it stands: not again where it covers what is contained.
    fn contained(&self, contained: &[Contained]) {
        for one in contained {
            if !one.sealed_from_outside {
                let format = one.format.unwrap_or(NONE);
                one.seals.iter().for_each(|seal| self.seal(seal, format));
            }
            self.contained(&one.contained);
        }
    }

    fn seal(&self, seal: &Seal, format: &str) {
        let indication = seal.indication.unwrap_or(NONE);
        let qualification = qualification(&seal.qualification);
        let territory = seal.trusted_service.as_ref().map(|service| self.territory(&service.territory));
        let territory = territory.as_deref().unwrap_or(NONE);
        self.seals.with_label_values(&[indication, qualification, format, territory]).inc();
        self.indications.with_label_values(&[indication, seal.sub_indication.unwrap_or(NONE)]).inc();
    }

    /// A territory as trusted lists name it; `other` beyond so many, and where it is none.
    pub(super) fn territory(&self, territory: &str) -> String {
        let is_one = (2..=3).contains(&territory.len()) && territory.bytes().all(|b| b.is_ascii_uppercase());
        let mut known = self.territories.lock().unwrap_or_else(PoisonError::into_inner);
        let told_apart = known.contains(territory) || (is_one && known.len() < TERRITORIES);
        if !told_apart {
            return OTHER.to_owned();
        }
        if !known.contains(territory) {
            known.insert(territory.to_owned());
        }
        territory.to_owned()
    }
}

/// One of the qualifications that there are.
pub(super) fn qualification(word: &str) -> &'static str {
    let mut all = SignatureQualification::ALL.into_iter().map(SignatureQualification::as_str);
    all.find(|known| *known == word).unwrap_or(OTHER)
}
