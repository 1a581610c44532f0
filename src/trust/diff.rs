//! What changed from one snapshot to another: lists, their signers, services and their status.

use super::Snapshot;
use super::list::{Service, ServiceState};
use super::snapshot::ListState;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

/// One list of two snapshots that is not the same in both.
#[derive(Clone, Debug)]
pub struct ListDifference<'s> {
    /// Territory (`EU` for the list of lists).
    pub territory: &'s str,
    /// Its state in the old snapshot; `None` where it is new.
    pub old: Option<&'s ListState>,
    /// Its state in the new snapshot; `None` where it is gone.
    pub new: Option<&'s ListState>,
    /// Services that were not there before, in the order of the new list.
    pub added: Vec<&'s Service>,
    /// Services that are no longer there, in the order of the old list.
    pub removed: Vec<&'s Service>,
    /// Services of which something changed, in the order of the old list.
    pub changed: Vec<ServiceDifference<'s>>,
}

/// One service that is not the same in both.
#[derive(Clone, Debug)]
pub struct ServiceDifference<'s> {
    /// As it was.
    pub old: &'s Service,
    /// As it is.
    pub new: &'s Service,
    /// Periods that began since, oldest first; the last is the current one.
    pub periods: Vec<&'s ServiceState>,
    /// What else changed, the current period's first.
    pub aspects: Vec<Aspect>,
}

/// What may change about a service beside its status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Aspect {
    /// ServiceTypeIdentifier.
    Type,
    /// ServiceName.
    Name,
    /// TSPName, or the provider's identifier.
    Provider,
    /// Certificates of the identity.
    Certificates,
    /// Keys, key identifiers or subject names of the identity.
    Identity,
    /// AdditionalServiceInformation.
    AdditionalInformation,
    /// Qualifiers or their criteria.
    Qualifications,
    /// Other extensions.
    Extensions,
    /// Periods that had ended, or the start of the current one.
    History,
    /// The agreement under which the list is recognised.
    MutualRecognition,
}

impl Aspect {
    /// In one or two words, as answers show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Name => "name",
            Self::Provider => "provider",
            Self::Certificates => "certificates",
            Self::Identity => "identity",
            Self::AdditionalInformation => "additional information",
            Self::Qualifications => "qualifications",
            Self::Extensions => "extensions",
            Self::History => "history",
            Self::MutualRecognition => "mutual recognition",
        }
    }
}

/// What changed, list by list in the order of the territories, list of lists first; lists that are the same are left
/// out.
#[must_use]
pub fn difference<'s>(old: &'s Snapshot, new: &'s Snapshot) -> Vec<ListDifference<'s>> {
    let place = |territory: &'s str| (*territory != *"EU", territory);
    let territories: BTreeSet<_> =
        old.lists.iter().chain(&new.lists).map(|list| place(&list.territory)).collect();
    let difference = |(_, territory)| list_difference(old, new, territory);
    territories.into_iter().filter_map(difference).collect()
}

fn list_difference<'s>(
    old: &'s Snapshot,
    new: &'s Snapshot,
    territory: &'s str,
) -> Option<ListDifference<'s>> {
    let ((old, before), (new, after)) = (list_of(old, territory), list_of(new, territory));
    let same = old.zip(new).is_some_and(|(old, new)| {
        (&old.condition, &old.newest, old.digest, &old.url)
            == (&new.condition, &new.newest, new.digest, &new.url)
    });
    if same {
        return None;
    }
    let pairs = paired(&before, &after);
    let matched: HashSet<usize> = pairs.iter().flatten().copied().collect();
    let pair = |(old, number): (&&'s Service, &Option<usize>)| {
        number.and_then(|number| after.get(number)).and_then(|new| service_difference(old, new))
    };
    let unpaired = pairs.iter().map(Option::is_none);
    Some(ListDifference {
        territory,
        old,
        new,
        added: (0..).zip(&after).filter(|(number, _)| !matched.contains(number)).map(|(_, s)| *s).collect(),
        removed: before.iter().zip(unpaired).filter(|(_, alone)| *alone).map(|(s, _)| *s).collect(),
        changed: before.iter().zip(&pairs).filter_map(pair).collect(),
    })
}

/// The state of a territory's list, and its services. Where several pointers name the territory, the accepted list.
fn list_of<'s>(snapshot: &'s Snapshot, territory: &str) -> (Option<&'s ListState>, Vec<&'s Service>) {
    let mut here = snapshot.lists.iter().enumerate().filter(|(_, list)| list.territory == territory);
    match here.next() {
        Some((number, list)) => (Some(list), snapshot.services_of(number).iter().map(Arc::as_ref).collect()),
        None => (None, Vec::new()),
    }
}

/// For each old service, which new one it is. A service has no name that stays (TS 119 612, 5.5.3: its identity is its
/// key), so the surest sign counts first.
fn paired(old: &[&Service], new: &[&Service]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; old.len()];
    let mut free: BTreeSet<usize> = (0..new.len()).collect();
    let kind = |s: &Service| s.history.first().map(|state| Arc::clone(&state.service_type));
    let name = |s: &Service| s.history.first().map(|state| Arc::clone(&state.name));
    let keys = |s: &Service| {
        let mut keys: Vec<_> = s.certificates.iter().map(|c| c.anchor_key()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    pair_by(old, new, &mut pairs, &mut free, |s| {
        vec![(kind(s), name(s), keys(s), s.key_identifiers.clone())]
    });
    pair_by(old, new, &mut pairs, &mut free, |s| keys(s).into_iter().map(|key| (kind(s), key)).collect());
    pair_by(old, new, &mut pairs, &mut free, |s| vec![(kind(s), name(s), Arc::clone(&s.provider))]);
    pair_by(old, new, &mut pairs, &mut free, keys);
    pairs
}

/// Pairs what is still alone and has one of `signs` in common, in the order of the lists.
fn pair_by<K: Hash + Eq>(
    old: &[&Service],
    new: &[&Service],
    pairs: &mut [Option<usize>],
    free: &mut BTreeSet<usize>,
    signs: impl Fn(&Service) -> Vec<K>,
) {
    let mut by_sign: HashMap<K, VecDeque<usize>> = HashMap::new();
    for number in free.iter() {
        for sign in new.get(*number).into_iter().flat_map(|service| signs(service)) {
            by_sign.entry(sign).or_default().push_back(*number);
        }
    }
    for (service, pair) in old.iter().zip(pairs).filter(|(_, pair)| pair.is_none()) {
        *pair = signs(service).iter().find_map(|sign| {
            let candidates = by_sign.get_mut(sign)?;
            // Others of their signs may have taken some.
            while candidates.front().is_some_and(|number| !free.contains(number)) {
                candidates.pop_front();
            }
            candidates.pop_front()
        });
        pair.iter().for_each(|number| {
            free.remove(number);
        });
    }
}

fn service_difference<'s>(old: &'s Service, new: &'s Service) -> Option<ServiceDifference<'s>> {
    let (was, is) = old.history.first().zip(new.history.first())?;
    let begun = |state: &&ServiceState| state.start > was.start;
    let mut periods: Vec<&ServiceState> = new.history.iter().take_while(begun).collect();
    periods.reverse();
    if periods.is_empty() && is.status != was.status {
        periods.push(is);
    }
    // What the periods say that were already there; the one that was current has ended since.
    let past = |service: &'s Service| {
        let known = service.history.iter().skip_while(begun);
        known.map(|state| (&state.service_type, &state.status, state.start)).collect::<Vec<_>>()
    };
    let certificates =
        |service: &Service| service.certificates.iter().map(|c| c.sha256).collect::<BTreeSet<_>>();
    let mut aspects = Vec::new();
    let mut aspect = |differs: bool, aspect| {
        if differs {
            aspects.push(aspect);
        }
    };
    aspect(was.service_type != is.service_type, Aspect::Type);
    aspect(was.name != is.name, Aspect::Name);
    aspect(
        (&old.provider, &old.provider_identifier) != (&new.provider, &new.provider_identifier),
        Aspect::Provider,
    );
    aspect(certificates(old) != certificates(new), Aspect::Certificates);
    aspect(
        (&old.keys, &old.key_identifiers, &old.subject_names)
            != (&new.keys, &new.key_identifiers, &new.subject_names),
        Aspect::Identity,
    );
    aspect(was.additional_information != is.additional_information, Aspect::AdditionalInformation);
    aspect(was.qualifications != is.qualifications, Aspect::Qualifications);
    aspect(
        (&was.unknown_critical, was.expired_certs_revocation_info)
            != (&is.unknown_critical, is.expired_certs_revocation_info),
        Aspect::Extensions,
    );
    aspect(past(old) != past(new) && !(periods.len() == 1 && is.start == was.start), Aspect::History);
    aspect(old.mutual_recognition != new.mutual_recognition, Aspect::MutualRecognition);
    (!periods.is_empty() || !aspects.is_empty()).then_some(ServiceDifference { old, new, periods, aspects })
}
