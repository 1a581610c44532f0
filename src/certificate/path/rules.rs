//! Certification path validation (RFC 5280, 6.1): every certificate of a path against every rule. What follows of
//! a rule that does not hold is policy.

use super::Path;
use super::names::{Constraints, Names, Work};
use super::policies::{PolicyInputs, PolicyState};
use crate::catalogue::{Words, say};
use crate::certificate::{Certificate, KeyUsage};
use crate::time::Time;

/// A rule of RFC 5280 on one certificate of a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// The time is within the certificate's validity (6.1.3 a 2); asked only where [`Inputs`] have a time.
    Validity,
    /// The issuer's name in the child is the subject of the issuer, and not empty (6.1.3 a 4; 4.1.2.4).
    NameChaining,
    /// An issuer is a CA by its basic constraints (6.1.4 k).
    BasicConstraints,
    /// Not more issuers follow than a pathLenConstraint above allows (6.1.4 l, m).
    PathLength,
    /// An issuer with key usage has keyCertSign (6.1.4 n).
    CaKeyUsage,
    /// Subject and alternative names are within the name constraints of the issuers above (6.1.3 b, c).
    NameConstraints,
    /// Policies are valid where one is required; nothing is mapped from or to anyPolicy (6.1.3 d to f, 6.1.4 a to
    /// j, 6.1.5 a, b, g).
    CertificatePolicies,
    /// No critical extension that is not processed (6.1.4 o, 6.1.5 f).
    CriticalExtensions,
    /// No known extension unreadable or twice (4.2).
    ReadableExtensions,
    /// An issuer does not carry noRevAvail (RFC 9608, 4).
    ForbiddenExtensions,
}

/// The rules that hold or not whatever the time, in the order in which they are told of a certificate.
pub const RULES: [Rule; 9] = [
    Rule::BasicConstraints,
    Rule::NameChaining,
    Rule::PathLength,
    Rule::CaKeyUsage,
    Rule::NameConstraints,
    Rule::CertificatePolicies,
    Rule::CriticalExtensions,
    Rule::ReadableExtensions,
    Rule::ForbiddenExtensions,
];

/// What the certificate of a trust anchor counts for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AnchorUse {
    /// Its name and key (RFC 5280, 6.1.1 d).
    #[default]
    NameAndKey,
    /// It is held to the rules of an issuer, and its constraints bind the path (RFC 5937).
    Certificate,
}

/// The inputs of path validation (RFC 5280, 6.1.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inputs {
    /// The time at which every certificate has to be valid; `None` where validity is judged elsewhere.
    pub time: Option<Time>,
    /// What is asked of policies.
    pub policies: PolicyInputs,
    /// How many issuers, self-issued ones not counted, may stand below the anchor; `None` for any number.
    pub longest: Option<u32>,
    /// What the anchor's certificate counts for.
    pub anchor: AnchorUse,
}

/// A rule that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Position of the certificate in the path, the leaf being 0.
    pub index: usize,
    /// The rule.
    pub rule: Rule,
    /// What was expected and what was found.
    pub why: Words,
}

/// What path validation came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// All that does not hold, from the anchor down.
    pub violations: Vec<Violation>,
}

impl Outcome {
    /// Whether a rule holds for the certificate at a position.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn obeys(&self, rule: Rule, index: usize) -> Result<(), Words> {
        match self.violations.iter().find(|found| found.rule == rule && found.index == index) {
            None => Ok(()),
            Some(found) => Err(found.why.clone()),
        }
    }

    /// Whether every rule holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether every rule holds but for those that the leaf breaks on any path.
    #[must_use]
    pub fn path_holds(&self) -> bool {
        let of_leaf = |found: &Violation| {
            found.index == 0 && matches!(found.rule, Rule::CriticalExtensions | Rule::ReadableExtensions)
        };
        self.violations.iter().all(of_leaf)
    }
}

impl Path {
    /// Validates the path from the anchor at a position down to the leaf (RFC 5280, 6.1.2 to 6.1.5), signatures and
    /// revocation aside: a path has only verified links, and status has its own sources.
    #[must_use]
    pub fn process(&self, anchor: usize, inputs: &Inputs) -> Outcome {
        let mut processing = Processing {
            path: self,
            inputs,
            outcome: Outcome::default(),
            policies: PolicyState::new(anchor, &inputs.policies),
            constraints: Vec::new(),
            work: Work::new(),
            length: inputs.longest,
        };
        if let (AnchorUse::Certificate, Some(certificate), 1..) =
            (inputs.anchor, self.certificate(anchor), anchor)
        {
            processing.alone(anchor, certificate);
            processing.bind(anchor, certificate);
        }
        for index in (0..anchor).rev() {
            if let Some(certificate) = self.certificate(index) {
                processing.certificate(index, certificate);
            }
        }
        processing.outcome
    }
}

/// The state of path validation (RFC 5280, 6.1.2).
struct Processing<'p> {
    path: &'p Path,
    inputs: &'p Inputs,
    outcome: Outcome,
    policies: PolicyState<'p>,
    /// Of the issuers seen so far: permitted_subtrees and excluded_subtrees together, since a name has to satisfy
    /// each issuer's.
    constraints: Vec<Constraints<'p>>,
    work: Work,
    /// max_path_length.
    length: Option<u32>,
}

impl<'p> Processing<'p> {
    fn certificate(&mut self, index: usize, certificate: &'p Certificate) {
        let issuer = index > 0;
        self.alone(index, certificate);
        self.chained(index, certificate);
        if !(issuer && certificate.self_issued()) {
            self.named(index, certificate);
        }
        let policies = self.policies.take(&certificate.extensions, issuer, certificate.self_issued());
        self.outcome(index, Rule::CertificatePolicies, policies);
        if issuer {
            if !certificate.self_issued() {
                match self.length {
                    Some(0) => self.violation(index, Rule::PathLength, say("detail.path-length")),
                    Some(left) => self.length = Some(left.saturating_sub(1)),
                    None => {}
                }
            }
            let prepared = self.policies.prepare(&certificate.extensions, certificate.self_issued());
            self.outcome(index, Rule::CertificatePolicies, prepared);
            self.bind(index, certificate);
        } else {
            let wrapped = self.policies.wrap_up(&certificate.extensions);
            self.outcome(index, Rule::CertificatePolicies, wrapped);
        }
    }

    /// What a certificate owes by itself.
    fn alone(&mut self, index: usize, certificate: &Certificate) {
        let extensions = &certificate.extensions;
        if let Some(time) = self.inputs.time
            && !within(certificate, time)
        {
            let why = say("detail.validity").with("from", certificate.not_before);
            let why = why.with("to", certificate.not_after).with("time", time);
            self.violation(index, Rule::Validity, why);
        }
        if index > 0 {
            match extensions.basic_constraints {
                Some(constraints) if constraints.ca => {}
                Some(_) => {
                    self.violation(index, Rule::BasicConstraints, say("detail.issuer-no-ca"));
                }
                None => {
                    self.violation(index, Rule::BasicConstraints, say("detail.issuer-unconstrained"));
                }
            }
            if extensions.key_usage.is_some_and(|usage| !usage.any(KeyUsage::KEY_CERT_SIGN)) {
                self.violation(index, Rule::CaKeyUsage, say("detail.issuer-cert-sign"));
            }
            if extensions.no_revocation_available {
                self.violation(index, Rule::ForbiddenExtensions, say("detail.issuer-no-rev-avail"));
            }
        }
        let unknown = none_of(&extensions.unknown_critical, "detail.extensions-critical");
        self.outcome(index, Rule::CriticalExtensions, unknown);
        let unreadable = none_of(&extensions.unreadable, "detail.extensions-unreadable");
        self.outcome(index, Rule::ReadableExtensions, unreadable);
    }

    fn chained(&mut self, index: usize, certificate: &Certificate) {
        let parent = self.path.certificate(index.saturating_add(1));
        if certificate.issuer.is_empty() {
            self.violation(index, Rule::NameChaining, say("detail.issuer-nameless"));
        } else if parent.is_some_and(|parent| parent.subject != certificate.issuer) {
            self.violation(index, Rule::NameChaining, say("detail.names-differ"));
        }
    }

    fn named(&mut self, index: usize, certificate: &Certificate) {
        if self.constraints.is_empty() {
            return;
        }
        let names = Names::of(certificate);
        let outcome = names.and_then(|names| {
            self.constraints.iter().try_for_each(|constraints| constraints.admit(&names, &mut self.work))
        });
        self.outcome(index, Rule::NameConstraints, outcome);
    }

    /// Takes up what an issuer asks of the certificates below it.
    fn bind(&mut self, index: usize, issuer: &'p Certificate) {
        let extensions = &issuer.extensions;
        self.policies.constrain(extensions);
        if let Some(limit) = extensions.basic_constraints.and_then(|constraints| constraints.path_length) {
            self.length = Some(self.length.map_or(limit, |length| length.min(limit)));
        }
        if let Some(der) = &extensions.name_constraints {
            match Constraints::read(der) {
                Ok(constraints) => self.constraints.push(constraints),
                Err(why) => self.violation(index, Rule::NameConstraints, why),
            }
        }
    }

    fn outcome(&mut self, index: usize, rule: Rule, outcome: Result<(), Words>) {
        if let Err(why) = outcome {
            self.violation(index, rule, why);
        }
    }

    fn violation(&mut self, index: usize, rule: Rule, why: Words) {
        self.outcome.violations.push(Violation { index, rule, why });
    }
}

/// Validity has whole seconds, both ends included (RFC 5280, 4.1.2.5).
fn within(certificate: &Certificate, time: Time) -> bool {
    let second = Time::from_seconds(time.millis().div_euclid(1000));
    certificate.not_before <= second && second <= certificate.not_after
}

fn none_of(found: &[String], key: &'static str) -> Result<(), Words> {
    if found.is_empty() { Ok(()) } else { Err(say(key).with("names", found.join(", "))) }
}
