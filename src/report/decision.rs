//! The acceptance policy's word on verdict and credential together.

use super::{Overall, Seal};
use crate::credential::{CheckStatus, CheckedCredential};
use serde::Serialize;

/// What to do with the credential, and why not simply accept it.
#[derive(Debug, Serialize)]
pub struct Decision {
    /// The word.
    pub outcome: Outcome,
    /// Stable identifiers of everything that speaks against acceptance; empty where nothing does.
    pub reasons: Vec<String>,
}

/// The acceptance policy's three words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing speaks against it.
    Accept,
    /// A person should look.
    Review,
    /// It proves nothing.
    Reject,
}

impl Outcome {
    /// The word in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Review => "review",
            Self::Reject => "reject",
        }
    }
}

impl Decision {
    /// The default acceptance policy: every seal passed and rests on a qualified certificate, the payload is a
    /// credential that we can read, and none of its checks is an error.
    #[must_use]
    pub fn of(overall: Overall, seals: &[Seal], credential: Option<&CheckedCredential>) -> Self {
        let mut decision = Self { outcome: Outcome::Accept, reasons: Vec::new() };
        match overall {
            Overall::Passed => {}
            Overall::Failed | Overall::Unreadable => decision.add(Outcome::Reject, overall.as_str()),
            Overall::Indeterminate | Overall::Unsigned => decision.add(Outcome::Review, overall.as_str()),
        }
        if overall == Overall::Passed {
            if !seals.iter().any(|seal| rests_on_qualified_certificate(&seal.qualification)) {
                decision.add(Outcome::Review, "no-qualified-certificate");
            }
            if credential.is_none() {
                decision.add(Outcome::Review, "no-credential");
            }
        }
        for check in credential.map_or(&[][..], |credential| &credential.checks) {
            if check.status == CheckStatus::Error {
                decision.add(
                    Outcome::Reject,
                    &format!("check-{}", check.kind.name().to_lowercase().replace(' ', "-")),
                );
            }
        }
        decision
    }

    fn add(&mut self, outcome: Outcome, reason: &str) {
        self.outcome = self.outcome.max(outcome);
        self.reasons.push(reason.to_owned());
    }
}

fn rests_on_qualified_certificate(qualification: &str) -> bool {
    qualification.starts_with("QES") || qualification.ends_with("-QC")
}
