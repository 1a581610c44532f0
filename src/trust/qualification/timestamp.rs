//! Qualification of a time-stamp (TS 119 615; Regulation (EU) 910/2014, articles 41 and 42).

use super::{Snapshot, reached};
use crate::certificate::Certificate;
use crate::time::Time;
use std::fmt;
use std::sync::Arc;

const QTST: &str = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST";

/// What a time-stamp is under eIDAS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum TimestampQualification {
    /// Qualified: a QTST service of a trusted list, granted when the token was made, is in its chain.
    Qtsa,
    /// The chain reaches a trusted list, but no such service.
    Tsa,
    /// The chain reaches no trusted list, or one of a domain whose lists do not say what is qualified.
    NotApplicable,
}

impl TimestampQualification {
    /// `QTSA`, `TSA` or `N/A`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qtsa => "QTSA",
            Self::Tsa => "TSA",
            Self::NotApplicable => "N/A",
        }
    }
}

impl fmt::Display for TimestampQualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Qualifies a time-stamp by its TSA's chain, the TSA's certificate first, at the time that it states.
#[must_use]
pub fn qualify_timestamp(
    snapshot: &Snapshot,
    chain: &[Arc<Certificate>],
    generated: Time,
) -> TimestampQualification {
    let reached = reached(snapshot, chain);
    if reached.is_empty() || !snapshot.qualifies {
        return TimestampQualification::NotApplicable;
    }
    let qualified =
        reached.iter().filter_map(|(_, service)| service.state_at(generated)).any(|(_, state)| {
            &*state.service_type == QTST
                && state.status_word() == "granted"
                && state.unknown_critical.is_empty()
        });
    if qualified { TimestampQualification::Qtsa } else { TimestampQualification::Tsa }
}
