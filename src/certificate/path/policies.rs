//! Certificate policies along a path (RFC 5280, 6.1, as RFC 9618 mends it): only the lowest level of the policy
//! graph is kept, each of its nodes with the policies of the anchor's domain that it comes from. A tree of paths
//! would grow exponentially with mappings.

use crate::catalogue::{Words, say};
use crate::certificate::Extensions;
use std::collections::{BTreeMap, BTreeSet};

/// anyPolicy.
pub const ANY_POLICY: &str = "2.5.29.32.0";

/// Policies, and mappings, of one certificate; real ones have up to some ten.
const MOST_POLICIES: usize = 128;

/// What is asked of policies (RFC 5280, 6.1.1 c, e to g).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PolicyInputs {
    /// user-initial-policy-set: dotted OIDs; `None` for any policy.
    pub acceptable: Option<BTreeSet<String>>,
    /// initial-policy-mapping-inhibit.
    pub inhibit_mapping: bool,
    /// initial-explicit-policy: the path must be valid for an acceptable policy.
    pub explicit: bool,
    /// initial-any-policy-inhibit.
    pub inhibit_any: bool,
}

/// A node of the lowest level.
#[derive(Clone, Debug, Default)]
struct Node<'p> {
    /// expected_policy_set.
    expected: BTreeSet<&'p str>,
    /// The policies under the anchor, in its own domain, that led here; none of its own for anyPolicy.
    roots: BTreeSet<&'p str>,
}

impl<'p> Node<'p> {
    fn new(policy: &'p str, roots: BTreeSet<&'p str>) -> Self {
        Self { expected: BTreeSet::from([policy]), roots }
    }
}

/// valid_policy_graph and the counters.
#[derive(Debug)]
pub(super) struct PolicyState<'p> {
    inputs: &'p PolicyInputs,
    /// By valid_policy; empty where RFC 5280 says NULL.
    level: BTreeMap<&'p str, Node<'p>>,
    /// explicit_policy, policy_mapping and inhibit_anyPolicy.
    explicit: u32,
    mapping: u32,
    any: u32,
}

impl<'p> PolicyState<'p> {
    /// For a path of `length` certificates below the anchor (6.1.2).
    pub(super) fn new(length: usize, inputs: &'p PolicyInputs) -> Self {
        let beyond = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(1);
        let counter = |now: bool| if now { 0 } else { beyond };
        Self {
            inputs,
            level: BTreeMap::from([(ANY_POLICY, Node::new(ANY_POLICY, BTreeSet::new()))]),
            explicit: counter(inputs.explicit),
            mapping: counter(inputs.inhibit_mapping),
            any: counter(inputs.inhibit_any),
        }
    }

    /// The policies of a certificate (6.1.3 d to f).
    pub(super) fn take(
        &mut self,
        extensions: &'p Extensions,
        issuer: bool,
        self_issued: bool,
    ) -> Result<(), Words> {
        let policies = &extensions.policies;
        let mut level = BTreeMap::new();
        if policies.len() > MOST_POLICIES {
            self.level.clear();
            return Err(too_many("detail.policies-too-many", policies.len()));
        }
        let mut expected: BTreeMap<&'p str, BTreeSet<&'p str>> = BTreeMap::new();
        for node in self.level.values() {
            for policy in &node.expected {
                expected.entry(policy).or_default().extend(&node.roots);
            }
        }
        let under_any = self.level.contains_key(ANY_POLICY);
        for policy in policies.iter().map(String::as_str).filter(|policy| *policy != ANY_POLICY) {
            if let Some(roots) = expected.get(policy) {
                level.insert(policy, Node::new(policy, roots.clone()));
            } else if under_any {
                // Hanging from anyPolicy, it is one of the anchor's own domain.
                level.insert(policy, Node::new(policy, BTreeSet::from([policy])));
            }
        }
        let any_counts = self.any > 0 || (issuer && self_issued);
        if any_counts && policies.iter().any(|policy| policy == ANY_POLICY) {
            for (policy, roots) in expected {
                level.entry(policy).or_insert_with(|| Node::new(policy, roots));
            }
        }
        self.level = level;
        self.valid()
    }

    /// Before the next certificate: mappings and the counters (6.1.4 a, b, h).
    pub(super) fn prepare(&mut self, extensions: &'p Extensions, self_issued: bool) -> Result<(), Words> {
        let mapped = self.map(&extensions.policy_mappings);
        if !self_issued {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(1);
            }
        }
        mapped
    }

    /// Policy constraints and inhibitAnyPolicy of an issuer (6.1.4 i, j).
    pub(super) fn constrain(&mut self, extensions: &Extensions) {
        let (explicit, mapping) = extensions.policy_constraints.unwrap_or_default();
        for (counter, limit) in [
            (&mut self.explicit, explicit),
            (&mut self.mapping, mapping),
            (&mut self.any, extensions.inhibit_any_policy),
        ] {
            *counter = limit.map_or(*counter, |limit| limit.min(*counter));
        }
    }

    /// After the last certificate (6.1.5 a, b, g).
    pub(super) fn wrap_up(&mut self, extensions: &Extensions) -> Result<(), Words> {
        self.explicit = self.explicit.saturating_sub(1);
        if let Some((Some(0), _)) = extensions.policy_constraints {
            self.explicit = 0;
        }
        if self.explicit > 0 {
            return Ok(());
        }
        self.valid()?;
        let Some(acceptable) = &self.inputs.acceptable else { return Ok(()) };
        let any = acceptable.contains(ANY_POLICY)
            || (self.level.contains_key(ANY_POLICY) && !acceptable.is_empty());
        let mut roots = self.level.values().flat_map(|node| &node.roots);
        if any || roots.any(|root| acceptable.contains(*root)) {
            return Ok(());
        }
        let found: BTreeSet<_> = self.level.values().flat_map(|node| &node.roots).copied().collect();
        let found: Vec<_> = found.into_iter().collect();
        Err(say("detail.policy-unacceptable").with("found", found.join(", ")))
    }

    fn valid(&self) -> Result<(), Words> {
        if self.explicit > 0 || !self.level.is_empty() {
            return Ok(());
        }
        Err(say("detail.policy-none-valid"))
    }

    fn map(&mut self, mappings: &'p [(String, String)]) -> Result<(), Words> {
        if mappings.len() > MOST_POLICIES {
            self.level.clear();
            return Err(too_many("detail.mappings-too-many", mappings.len()));
        }
        let mut by_issuer: BTreeMap<&'p str, BTreeSet<&'p str>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            if issuer == ANY_POLICY || subject == ANY_POLICY {
                return Err(say("detail.policy-any-mapped"));
            }
            by_issuer.entry(issuer).or_default().insert(subject);
        }
        for (policy, expected) in by_issuer {
            if self.mapping == 0 {
                self.level.remove(policy);
            } else if let Some(node) = self.level.get_mut(policy) {
                node.expected = expected;
            } else if self.level.contains_key(ANY_POLICY) {
                self.level.insert(policy, Node { expected, roots: BTreeSet::from([policy]) });
            }
        }
        Ok(())
    }
}

fn too_many(key: &'static str, count: usize) -> Words {
    say(key).with("count", count).with("most", MOST_POLICIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(policies: &[String], mappings: Vec<(String, String)>) -> Extensions {
        Extensions { policies: policies.to_vec(), policy_mappings: mappings, ..Extensions::default() }
    }

    /// Every policy mapped to every other, on every level: a tree would have eleven to the power of the depth nodes.
    #[test]
    fn mappings_of_all_to_all_stay_within_the_number_of_policies() {
        let policies: Vec<String> = (0..11).map(|n| format!("1.2.{n}")).collect();
        let all = policies.iter().flat_map(|from| policies.iter().map(|to| (from.clone(), to.clone())));
        let extensions = extensions(&policies, all.collect());
        let inputs = PolicyInputs {
            acceptable: Some(BTreeSet::from(["1.2.3".to_owned()])),
            explicit: true,
            ..PolicyInputs::default()
        };
        let mut state = PolicyState::new(15, &inputs);
        for _ in 0..14 {
            assert_eq!(state.take(&extensions, true, false), Ok(()));
            assert_eq!(state.prepare(&extensions, false), Ok(()));
            assert_eq!(state.level.len(), policies.len());
        }
        assert_eq!(state.take(&extensions, false, false), Ok(()));
        assert_eq!(state.wrap_up(&extensions), Ok(()));
    }

    #[test]
    fn too_many_policies_make_none_valid() {
        let policies: Vec<String> = (0..=MOST_POLICIES).map(|n| format!("1.2.{n}")).collect();
        let extensions = extensions(&policies, Vec::new());
        let inputs = PolicyInputs::default();
        let mut state = PolicyState::new(2, &inputs);
        assert!(state.take(&extensions, true, false).is_err());
        assert!(state.level.is_empty());
    }

    #[test]
    fn a_mapped_policy_is_acceptable_by_its_name_in_the_domain_of_the_anchor() {
        let (one, two) = ("1.1".to_owned(), "1.2".to_owned());
        let above = extensions(std::slice::from_ref(&one), vec![(one.clone(), two.clone())]);
        let below = extensions(std::slice::from_ref(&two), Vec::new());
        for (acceptable, holds) in [(one, true), (two, false)] {
            let inputs = PolicyInputs {
                acceptable: Some(BTreeSet::from([acceptable])),
                explicit: true,
                ..PolicyInputs::default()
            };
            let mut state = PolicyState::new(2, &inputs);
            state.take(&above, true, false).unwrap();
            state.prepare(&above, false).unwrap();
            state.take(&below, false, false).unwrap();
            assert_eq!(state.wrap_up(&below).is_ok(), holds);
        }
    }
}
