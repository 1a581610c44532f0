//! The acceptance policy's word on verdict and credential together.

mod policy;

pub use policy::{AcceptancePolicy, NotAnAcceptancePolicy};

use super::{Contained, Overall, Seal};
use crate::catalogue::{Words, say};
use crate::credential::{Check, CheckStatus, CheckedCredential};
use crate::finding::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Contained credentials that a sentence names.
const NAMED: usize = 5;

/// What to do with the credential, and why not simply accept it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Decision {
    /// The word.
    pub outcome: Outcome,
    /// Stable identifiers of everything that speaks against acceptance; empty where nothing does.
    pub reasons: Vec<String>,
    /// The same in plain language, in the same order.
    pub explanations: Vec<Explanation>,
    /// The acceptance policy's name.
    pub policy: String,
}

/// One reason in plain language.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The reason's identifier.
    pub reason: String,
    /// What it leads to by itself.
    pub outcome: Outcome,
    /// A sentence: in English, or in the language that was asked for.
    pub text: Words,
}

/// The acceptance policy's three words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// What the policy says of it all. `overall` is the word on the document's own seals, `contained` what is in it; of
    /// a document without seals they alone count.
    #[must_use]
    pub fn of(
        policy: &AcceptancePolicy,
        overall: Overall,
        seals: &[Seal],
        credential: Option<&CheckedCredential>,
        contained: &[Contained],
    ) -> Self {
        let mut decision = Self {
            outcome: Outcome::Accept,
            reasons: Vec::new(),
            explanations: Vec::new(),
            policy: policy.name().to_owned(),
        };
        let verdicts = &policy.verdicts;
        let (outcome, text) = match overall {
            Overall::Passed => (verdicts.passed, "says.decision-passed"),
            Overall::Indeterminate => (verdicts.indeterminate, "says.decision-indeterminate"),
            Overall::Unsigned => (verdicts.unsigned, "says.decision-unsigned"),
            Overall::Failed => (verdicts.failed, "says.decision-failed"),
            Overall::Unreadable => (verdicts.unreadable, "says.decision-unreadable"),
        };
        if overall != Overall::Unsigned || contained.is_empty() {
            decision.add(outcome, overall.as_str().to_owned(), || say(text));
        }
        if overall == Overall::Passed {
            decision.seals(policy, seals);
        }
        match credential {
            Some(credential) => credential.checks.iter().for_each(|check| decision.check(policy, check)),
            None if overall == Overall::Passed && contained.is_empty() => {
                decision.add(policy.credential.missing, "no-credential".to_owned(), || {
                    say("says.decision-no-credential")
                });
            }
            None => {}
        }
        decision.contained(contained);
        decision
    }

    /// Everything that it says to people.
    pub(super) fn each_word(&mut self, f: &mut dyn FnMut(&mut Words)) {
        self.explanations.iter_mut().for_each(|one| f(&mut one.text));
    }

    /// What the credentials within lead to, by the same policy.
    fn contained(&mut self, contained: &[Contained]) {
        for (outcome, reason, text) in [
            (Outcome::Reject, "contained-reject", "says.decision-contained-reject"),
            (Outcome::Review, "contained-review", "says.decision-contained-review"),
        ] {
            let those: Vec<&Contained> =
                contained.iter().filter(|one| one.decision.outcome == outcome).collect();
            if those.is_empty() {
                continue;
            }
            self.add(outcome, reason.to_owned(), || {
                let named = those.iter().take(NAMED).map(|one| {
                    let (verdict, reasons) = (one.verdict.as_str(), one.decision.reasons.join(", "));
                    Words::verbatim(format_args!("{} ({verdict}: {reasons})", one.place))
                });
                let more = those.len().saturating_sub(NAMED);
                let more = (more > 0).then(|| say("says.and-more").with("count", more));
                say(text).with_words("list", Words::list(named.chain(more)))
            });
        }
    }

    fn seals(&mut self, policy: &AcceptancePolicy, seals: &[Seal]) {
        let own = || seals.iter().filter(|seal| !seal.counter_signature);
        if !own().any(|seal| policy.seals.accepted.contains(&seal.qualification)) {
            self.add(policy.seals.otherwise, "qualification".to_owned(), || {
                let found: Vec<&str> = own().map(|seal| seal.qualification.as_str()).collect();
                say("says.decision-qualification").with("found", found.join(", "))
            });
        }
        let accepted = || own().filter(|seal| policy.seals.accepted.contains(&seal.qualification));
        let reaches = |seal: &Seal| seal.coverage.as_ref().is_none_or(|coverage| coverage.scope.is_whole());
        if accepted().next().is_some() && !accepted().any(reaches) {
            self.add(policy.seals.otherwise, "document-changed".to_owned(), || {
                say("says.decision-document-changed")
            });
        }
        if policy.seals.warning > Outcome::Accept {
            let warnings = seals.iter().flat_map(|seal| &seal.findings);
            for finding in warnings.filter(|finding| finding.status == Status::Warning) {
                let reason = format!("warning-{}", finding.check);
                if !self.reasons.contains(&reason) {
                    self.add(policy.seals.warning, reason, || {
                        say("says.decision-warning").with_words("detail", finding.detail.clone())
                    });
                }
            }
        }
    }

    fn check(&mut self, policy: &AcceptancePolicy, check: &Check) {
        let state = match check.status {
            CheckStatus::Ok => "ok",
            CheckStatus::Error => "error",
            CheckStatus::Skipped => "skipped",
        };
        let outcome = policy.check(check.kind, state, check.code);
        if outcome == Outcome::Accept {
            return;
        }
        let mut reason = format!("check-{}", check.kind.name().to_lowercase().replace(' ', "-"));
        if let Some(code) = check.code.or((check.status == CheckStatus::Skipped).then_some("skipped")) {
            reason.push('-');
            reason.push_str(code);
        }
        self.add(outcome, reason, || {
            let text = say("says.decision-check").with_words("check", check.kind.in_words());
            text.with_words("reason", check.reason.clone())
        });
    }

    fn add(&mut self, outcome: Outcome, reason: String, text: impl FnOnce() -> Words) {
        if outcome == Outcome::Accept {
            return;
        }
        self.outcome = self.outcome.max(outcome);
        self.explanations.push(Explanation { reason: reason.clone(), outcome, text: text() });
        self.reasons.push(reason);
    }
}
