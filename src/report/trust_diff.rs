//! What changed between two snapshots, as JSON and as text.

use super::text::plain;
use super::trust::last_part;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::diff::{ListDifference, ServiceDifference, difference};
use crate::trust::list::{Service, ServiceState};
use crate::trust::snapshot::{Condition, ListState};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

#[derive(Debug, Serialize)]
struct Side<'s> {
    domain: &'s str,
    snapshot: String,
    lotl_sequence: Option<u64>,
    lists: usize,
    services: usize,
}

impl<'s> Side<'s> {
    fn of(snapshot: &'s Snapshot) -> Self {
        Self {
            domain: &snapshot.domain,
            snapshot: format!("sha256:{}", hex::encode(snapshot.identity)),
            lotl_sequence: snapshot.lotl_sequence,
            lists: snapshot.accepted(),
            services: snapshot.services.len(),
        }
    }
}

/// A list in one of the snapshots.
#[derive(Debug, Serialize)]
struct ListSide<'s> {
    state: &'static str,
    reason: Option<&'s str>,
    sequence: Option<u64>,
    issued: Option<Time>,
    next_update: Option<Time>,
    signer: Option<String>,
    sha256: Option<String>,
    url: &'s str,
}

impl<'s> ListSide<'s> {
    fn of(list: &'s ListState) -> Self {
        let (state, reason) = match &list.condition {
            Condition::Accepted => ("accepted", None),
            Condition::Unreachable(_) => ("unreachable", None),
            Condition::Refused(why) => ("refused", Some(why.as_str())),
        };
        Self {
            state,
            reason,
            sequence: list.sequence,
            issued: list.issued,
            next_update: list.next_update,
            signer: list.signer.map(hex::encode),
            sha256: list.digest.map(hex::encode),
            url: &list.url,
        }
    }
}

#[derive(Debug, Serialize)]
struct ListChange<'s> {
    territory: &'s str,
    /// `added`, `gone` or `changed`.
    change: &'static str,
    signer_changed: bool,
    old: Option<ListSide<'s>>,
    new: Option<ListSide<'s>>,
    services_added: Vec<ServiceShown<'s>>,
    services_removed: Vec<ServiceShown<'s>>,
    services_changed: Vec<ServiceChange<'s>>,
}

#[derive(Debug, Serialize)]
struct ServiceShown<'s> {
    provider: &'s str,
    name: &'s str,
    #[serde(rename = "type")]
    service_type: &'s str,
    status: &'s str,
    since: Option<Time>,
    certificates: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PeriodShown<'s> {
    #[serde(rename = "type")]
    service_type: &'s str,
    status: &'s str,
    since: Time,
}

#[derive(Debug, Serialize)]
struct ServiceChange<'s> {
    provider: &'s str,
    name: &'s str,
    #[serde(rename = "type")]
    service_type: &'s str,
    old_status: &'s str,
    old_since: Option<Time>,
    /// Periods that began since, oldest first.
    periods: Vec<PeriodShown<'s>>,
    changed: Vec<&'static str>,
    certificates_added: Vec<String>,
    certificates_removed: Vec<String>,
}

fn kind(state: &ServiceState) -> &str {
    last_part(&state.service_type, "Svctype/")
}

impl<'s> ServiceShown<'s> {
    fn of(service: &'s Service) -> Self {
        let state = service.history.first();
        Self {
            provider: &service.provider,
            name: state.map_or("", |state| &state.name),
            service_type: state.map_or("", kind),
            status: state.map_or("", ServiceState::status_word),
            since: state.map(|state| state.start),
            certificates: service.certificates.iter().map(|c| hex::encode(c.sha256)).collect(),
        }
    }
}

impl<'s> ServiceChange<'s> {
    fn of(change: &ServiceDifference<'s>) -> Self {
        let (old, new) = (ServiceShown::of(change.old), ServiceShown::of(change.new));
        let before: BTreeSet<&String> = old.certificates.iter().collect();
        let after: BTreeSet<&String> = new.certificates.iter().collect();
        let owned = |digests: Vec<&&String>| digests.into_iter().map(|d| (*d).clone()).collect();
        Self {
            provider: new.provider,
            name: new.name,
            service_type: new.service_type,
            old_status: old.status,
            old_since: old.since,
            periods: change
                .periods
                .iter()
                .map(|state| PeriodShown {
                    service_type: kind(state),
                    status: state.status_word(),
                    since: state.start,
                })
                .collect(),
            changed: change.aspects.iter().map(|aspect| aspect.as_str()).collect(),
            certificates_added: owned(after.difference(&before).collect()),
            certificates_removed: owned(before.difference(&after).collect()),
        }
    }
}

impl<'s> ListChange<'s> {
    fn of(list: &ListDifference<'s>) -> Self {
        let signer = |state: Option<&ListState>| state.and_then(|state| state.signer);
        Self {
            territory: list.territory,
            change: match (list.old, list.new) {
                (None, _) => "added",
                (_, None) => "gone",
                _ => "changed",
            },
            signer_changed: signer(list.old).zip(signer(list.new)).is_some_and(|(old, new)| old != new),
            old: list.old.map(ListSide::of),
            new: list.new.map(ListSide::of),
            services_added: list.added.iter().map(|service| ServiceShown::of(service)).collect(),
            services_removed: list.removed.iter().map(|service| ServiceShown::of(service)).collect(),
            services_changed: list.changed.iter().map(ServiceChange::of).collect(),
        }
    }
}

/// What changed from `old` to `new`, as one line of JSON.
#[must_use]
pub fn trust_diff_json(old: &Snapshot, new: &Snapshot) -> String {
    let differences = difference(old, new);
    let lists: Vec<_> = differences.iter().map(ListChange::of).collect();
    serde_json::json!({ "old": Side::of(old), "new": Side::of(new), "lists": lists }).to_string()
}

/// The same for a terminal.
///
/// # Errors
/// Those of the writer.
pub fn write_trust_diff(old: &Snapshot, new: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    for (name, side) in [("Old", Side::of(old)), ("New", Side::of(new))] {
        let sequence = side.lotl_sequence.map_or("-".to_owned(), |sequence| sequence.to_string());
        let (lists, services) = (side.lists, side.services);
        let which = format!("list of lists {sequence}, {lists} lists, {services} services");
        writeln!(out, "{name}  {}  {which}", side.snapshot)?;
    }
    let differences = difference(old, new);
    if differences.is_empty() {
        writeln!(out, "no list differs")?;
    }
    for list in differences.iter().map(ListChange::of) {
        write_list(&list, out)?;
    }
    Ok(())
}

fn write_list(list: &ListChange<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut facts = vec![match (&list.old, &list.new) {
        (Some(old), Some(new)) => arrow("sequence", &number(old.sequence), &number(new.sequence)),
        (None, Some(new)) => format!("new list, sequence {}", number(new.sequence)),
        (Some(old), None) => format!("gone, was sequence {}", number(old.sequence)),
        (None, None) => String::new(),
    }];
    if let (Some(old), Some(new)) = (&list.old, &list.new) {
        if old.state != new.state {
            facts.push(arrow("state", old.state, new.state));
        }
        if list.signer_changed {
            let short = |signer: &Option<String>| {
                signer.as_deref().and_then(|digest| digest.get(..16)).unwrap_or("-").to_owned()
            };
            facts.push(arrow("signed by", &short(&old.signer), &short(&new.signer)));
        }
        if old.url != new.url {
            facts.push(arrow("published at", old.url, new.url));
        }
    }
    if let Some(why) = list.new.as_ref().and_then(|new| new.reason) {
        facts.push(format!("refused: {why}"));
    }
    for (services, word) in [
        (list.services_added.len(), "added"),
        (list.services_removed.len(), "removed"),
        (list.services_changed.len(), "changed"),
    ] {
        if services > 0 {
            facts.push(format!("{services} services {word}"));
        }
    }
    writeln!(out, "\n{}  {}", list.territory, plain(&facts.join("; ")))?;
    for (sign, services) in [('+', &list.services_added), ('-', &list.services_removed)] {
        for service in services {
            let since = service.since.map_or("-".to_owned(), |since| since.to_string());
            let what = format!("{}, {} since {since}", service.service_type, service.status);
            writeln!(out, "  {sign} {}: {}: {what}", plain(service.provider), plain(service.name))?;
        }
    }
    for service in &list.services_changed {
        writeln!(out, "  ~ {}: {}: {}", plain(service.provider), plain(service.name), what_changed(service))?;
    }
    Ok(())
}

fn what_changed(service: &ServiceChange<'_>) -> String {
    let mut facts = Vec::new();
    let mut status = service.old_status;
    for period in &service.periods {
        let since = period.since;
        facts.push(if period.status == status {
            format!("{status} anew since {since}")
        } else {
            format!("{status} -> {} since {since}", period.status)
        });
        status = period.status;
    }
    for aspect in &service.changed {
        facts.push(match *aspect {
            "certificates" => format!(
                "certificates +{} -{}",
                service.certificates_added.len(),
                service.certificates_removed.len()
            ),
            other => other.to_owned(),
        });
    }
    format!("{}: {}", service.service_type, facts.join("; "))
}

fn arrow(what: &str, old: &str, new: &str) -> String {
    if old == new { format!("{what} {new}") } else { format!("{what} {old} -> {new}") }
}

fn number(sequence: Option<u64>) -> String {
    sequence.map_or("-".to_owned(), |sequence| sequence.to_string())
}
