//! What a verdict owes to the state of the trusted lists (TS 119 612, 5.3.15).

use super::Context;
use super::check::{Check, Recorder};
use super::policy::{Place, seconds};
use super::verdict::TrustedService;
use crate::catalogue::{Words, say};
use crate::certificate::path::Path;
use crate::trust::Snapshot;
use std::collections::BTreeSet;

/// Checks that every list that the verdict rests on is there and current: those whose services the chain reaches, the
/// list of lists, and where no anchor was reached, the list of the country that the chain ends in.
pub(super) fn freshness(
    context: &Context<'_>,
    path: Option<&Path>,
    place: Place,
    recorder: &mut Recorder<'_>,
) -> bool {
    let snapshot = context.snapshot;
    let check = Check::TrustedListFreshness;
    let Some(path) = path.filter(|_| !snapshot.lists.is_empty()) else {
        recorder.not_run(check, say("detail.no-list"));
        return true;
    };
    let mut territories = BTreeSet::new();
    for link in &path.links {
        let anchor = snapshot.anchor(&link.certificate.anchor_key());
        for index in anchor.iter().flat_map(|anchor| anchor.services) {
            territories.extend(snapshot.services.get(*index).map(|service| service.territory.to_string()));
        }
    }
    if territories.is_empty()
        && path.anchors().next().is_none()
        && let Some(country) = path.links.last().and_then(|link| link.certificate.issuer.country())
    {
        territories.insert(territory(country));
    }
    if territories.is_empty() {
        recorder.not_run(check, say("detail.no-list"));
        return true;
    }

    let late = context.time.plus_seconds(seconds(context.policy.list_grace_days).saturating_neg());
    let mut stale = Vec::new();
    for (index, list) in snapshot.lists.iter().enumerate() {
        // The list of lists comes first and vouches for every other one.
        let involved = index == 0 || territories.contains(&list.territory);
        if involved && !list.accepted() {
            stale.push(say("detail.list-missing").with("territory", &list.territory));
        } else if involved && list.expired_at(late) {
            stale.push(match list.next_update {
                Some(next) => say("detail.list-due").with("territory", &list.territory).with("time", next),
                None => say("detail.list-closed").with("territory", &list.territory),
            });
        }
    }
    recorder.check(check, place, stale.is_empty(), || Words::list(stale))
}

/// The code under which a country's list stands (TS 119 612, 5.3.10: Greece is EL, the United Kingdom UK).
fn territory(country: &str) -> String {
    match country.to_ascii_uppercase().as_str() {
        "GR" => "EL".into(),
        "GB" => "UK".into(),
        other => other.to_owned(),
    }
}

/// The service at a place of the snapshot, for the answer.
pub(super) fn service(snapshot: &Snapshot, (service, state): (usize, usize)) -> Option<TrustedService> {
    let service = snapshot.services.get(service)?;
    let state = service.history.get(state)?;
    Some(TrustedService {
        territory: service.territory.to_string(),
        provider: service.provider.to_string(),
        service: state.name.to_string(),
        service_type: state.service_type.to_string(),
        status: state.status_word().to_owned(),
    })
}
