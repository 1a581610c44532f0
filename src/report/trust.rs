//! What the snapshot holds, as JSON and as text.

use super::TrustSummary;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::domain::Absent;
use crate::trust::snapshot::{Condition, ListState};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, Write};

impl TrustSummary {
    /// The lists that verdicts at `time` rest on.
    #[must_use]
    pub fn of(snapshot: &Snapshot, time: Time) -> Self {
        let national = || snapshot.lists.iter().skip(1);
        let accepted = |list: &&ListState| list.condition == Condition::Accepted;
        Self {
            domain: snapshot.domain.clone(),
            snapshot: name(snapshot),
            lotl_sequence: snapshot.lotl_sequence,
            lists: national().filter(accepted).count(),
            expired: snapshot
                .lists
                .iter()
                .filter(accepted)
                .filter(|list| list.expired_at(time))
                .map(|list| list.territory.clone())
                .collect(),
            missing: national()
                .filter(|list| list.condition != Condition::Accepted)
                .map(|list| list.territory.clone())
                .collect(),
        }
    }
}

/// The state of one list, in words that stay.
#[derive(Debug, Serialize, JsonSchema)]
struct ListSummary<'s> {
    /// Whose list it is: a country's code, `EU` for the list of lists.
    territory: &'s str,
    /// Where it is published.
    url: &'s str,
    /// `accepted`, `expired`, `unreachable` or `refused`.
    state: &'static str,
    /// Why it is unreachable or refused.
    reason: Option<&'s str>,
    /// Why what is published now does not take the place of this last good list.
    newest_refused: Option<&'s str>,
    /// TSLSequenceNumber.
    sequence: Option<u64>,
    /// ListIssueDateTime.
    issued: Option<Time>,
    /// NextUpdate.
    next_update: Option<Time>,
    /// When its server was last heard.
    checked: Option<Time>,
    /// Seconds since then.
    age_seconds: Option<i64>,
    /// TSLVersionIdentifier.
    version: Option<u32>,
    /// SHA-256 of the list, hexadecimal.
    sha256: Option<String>,
    /// SHA-256 of the certificate that signed it, hexadecimal.
    signer: Option<String>,
    /// How many services it has.
    services: usize,
    /// Sequence number of the list of lists that named its signer, where the present one does not.
    signer_named_by: Option<u64>,
    /// What else is worth knowing.
    notes: &'s [String],
}

impl<'s> ListSummary<'s> {
    fn of(list: &'s ListState, time: Time) -> Self {
        let reason = |condition: &'s Condition| match condition {
            Condition::Accepted => None,
            Condition::Unreachable(why) | Condition::Refused(why) => Some(why.as_str()),
        };
        Self {
            territory: &list.territory,
            url: &list.url,
            state: list.state_at(time),
            reason: reason(&list.condition),
            newest_refused: list.newest.as_ref().and_then(reason),
            sequence: list.sequence,
            issued: list.issued,
            next_update: list.next_update,
            checked: list.checked,
            age_seconds: list.checked.map(|checked| checked.seconds_until(time).max(0)),
            version: list.version,
            sha256: list.digest.map(hex::encode),
            signer: list.signer.map(hex::encode),
            services: list.services,
            signer_named_by: list.named_by,
            notes: &list.notes,
        }
    }
}

/// The trusted lists that are loaded: the first trust domain's, then those of others.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrustReport<'s> {
    #[serde(flatten)]
    first: SnapshotSummary<'s>,
    /// All trust domains, also those that could not be loaded.
    domains: Vec<DomainSummary<'s>>,
    /// The further domains' lists. Absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    further: Vec<SnapshotSummary<'s>>,
}

/// A trust domain's snapshot.
#[derive(Debug, Serialize, JsonSchema)]
struct SnapshotSummary<'s> {
    /// The trust domain's name.
    domain: &'s str,
    /// `sha256:` and the snapshot's identity.
    snapshot: String,
    /// Where the pins of the list of lists were published.
    official_journal: Option<&'s str>,
    /// Sequence number of the list of lists.
    lotl_sequence: Option<u64>,
    /// How many services all lists have.
    services: usize,
    /// How many further anchors there are.
    anchors: usize,
    /// The list of lists, then the national ones.
    lists: Vec<ListSummary<'s>>,
}

impl<'s> SnapshotSummary<'s> {
    fn of(snapshot: &'s Snapshot, time: Time) -> Self {
        Self {
            domain: &snapshot.domain,
            snapshot: name(snapshot),
            official_journal: snapshot.official_journal.as_deref(),
            lotl_sequence: snapshot.lotl_sequence,
            services: snapshot.services.len(),
            anchors: snapshot.static_anchors.len(),
            lists: snapshot.lists.iter().map(|list| ListSummary::of(list, time)).collect(),
        }
    }
}

/// Whether a trust domain is loaded.
#[derive(Debug, Serialize, JsonSchema)]
struct DomainSummary<'s> {
    /// Its name.
    domain: &'s str,
    /// `loaded`, or `missing`.
    state: &'static str,
    /// `sha256:` and its snapshot's identity; absent where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    /// Why it is missing; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'s str>,
}

/// The snapshots and the state of every list at `time`, as one line of JSON: the first trust domain's at the top, the
/// others' in `further`, and all in `domains`, also those that could not be loaded.
#[must_use]
pub fn trust_json<'s>(
    snapshots: impl IntoIterator<Item = &'s Snapshot>,
    absent: &[Absent],
    time: Time,
) -> String {
    let snapshots: Vec<&Snapshot> = snapshots.into_iter().collect();
    let loaded = snapshots.iter().map(|snapshot| DomainSummary {
        domain: &snapshot.domain,
        state: "loaded",
        snapshot: Some(name(snapshot)),
        reason: None,
    });
    let missing = absent.iter().map(|absent| DomainSummary {
        domain: &absent.domain,
        state: "missing",
        snapshot: None,
        reason: Some(&absent.why),
    });
    let domains: Vec<_> = loaded.chain(missing).collect();
    let mut all = snapshots.iter().map(|snapshot| SnapshotSummary::of(snapshot, time));
    let json = match all.next() {
        Some(first) => serde_json::to_string(&TrustReport { first, domains, further: all.collect() }),
        None => serde_json::to_string(&serde_json::json!({ "domains": domains })),
    };
    json.unwrap_or_default()
}

fn name(snapshot: &Snapshot) -> String {
    format!("sha256:{}", hex::encode(snapshot.identity))
}

/// Which trust domains could not be loaded, for a terminal.
///
/// # Errors
/// Those of the writer.
pub fn write_absent(absent: &[Absent], out: &mut dyn Write) -> io::Result<()> {
    absent.iter().try_for_each(|absent| {
        writeln!(out, "Domain    {}: missing: {}", absent.domain, super::text::plain(&absent.why))
    })
}

/// The same for a terminal.
///
/// # Errors
/// Those of the writer.
pub fn write_trust(snapshot: &Snapshot, time: Time, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Domain    {}", snapshot.domain)?;
    writeln!(out, "Snapshot  sha256:{}", hex::encode(snapshot.identity))?;
    if let Some(address) = &snapshot.official_journal {
        writeln!(out, "Pins      {address}")?;
    }
    writeln!(out, "Services  {}", snapshot.services.len())?;
    writeln!(
        out,
        "\n{:<5}{:<13}{:>8}{:>3}  {:<22}{:>8}  signed by",
        "list", "state", "seq.", "v", "next update", "services"
    )?;
    let number = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    for list in snapshot.lists.iter().map(|list| ListSummary::of(list, time)) {
        writeln!(
            out,
            "{:<5}{:<13}{:>8}{:>3}  {:<22}{:>8}  {}",
            list.territory,
            list.state,
            number(list.sequence),
            number(list.version.map(u64::from)),
            list.next_update.map_or("-".to_owned(), |time| time.to_string()),
            list.services,
            super::text::plain(
                list.reason.or(list.signer.as_deref().and_then(|s| s.get(..16))).unwrap_or("-")
            ),
        )?;
        if let Some(why) = list.newest_refused {
            writeln!(out, "     last good; what is published now: {}", super::text::plain(why))?;
        }
        if let Some(sequence) = list.signer_named_by {
            writeln!(
                out,
                "     its signer is named by the list of lists no. {sequence} of its own time only"
            )?;
        }
        for note in list.notes {
            writeln!(out, "     {}", super::text::plain(note))?;
        }
    }
    Ok(())
}

/// A territory's list and its services.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TerritoryReport<'s> {
    /// The trust domain that has the list.
    domain: &'s str,
    /// The state of the list.
    list: ListSummary<'s>,
    /// Its services.
    services: Vec<ServiceSummary<'s>>,
}

/// A service of a trust service provider.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceSummary<'s> {
    /// The provider's name.
    provider: &'s str,
    /// SHA-256 of the certificates that identify it, hexadecimal.
    certificates: Vec<String>,
    /// The present state, then those before it.
    history: Vec<PeriodSummary<'s>>,
}

/// A state of a service.
#[derive(Debug, Serialize, JsonSchema)]
struct PeriodSummary<'s> {
    /// The service's name.
    name: &'s str,
    /// ServiceTypeIdentifier less its beginning: `CA/QC`.
    #[serde(rename = "type")]
    service_type: &'s str,
    /// ServiceStatus less its beginning: `granted`.
    status: &'s str,
    /// StatusStartingTime.
    start: Time,
    /// When the next state began.
    end: Option<Time>,
    /// AdditionalServiceInformation, each less its beginning: `ForeSeals`.
    additional_information: Vec<&'s str>,
    /// Qualifiers that it gives certificates, each less its beginning: `QCWithQSCD`.
    qualifiers: Vec<&'s str>,
}

fn services<'s>(snapshot: &'s Snapshot, territory: &str) -> Vec<ServiceSummary<'s>> {
    let here = snapshot.services.iter().filter(|service| service.territory.eq_ignore_ascii_case(territory));
    here.map(|service| ServiceSummary {
        provider: &service.provider,
        certificates: service.certificates.iter().map(|c| hex::encode(c.sha256)).collect(),
        history: service
            .history
            .iter()
            .map(|period| PeriodSummary {
                name: &period.name,
                service_type: last_part(&period.service_type, "Svctype/"),
                status: last_part(&period.status, "Svcstatus/"),
                start: period.start,
                end: period.end,
                additional_information: period
                    .additional_information
                    .iter()
                    .map(|uri| last_part(uri, "SvcInfoExt/"))
                    .collect(),
                qualifiers: period
                    .qualifications
                    .iter()
                    .flat_map(|qualification| &qualification.qualifiers)
                    .map(|uri| last_part(uri, "SvcInfoExt/"))
                    .collect(),
            })
            .collect(),
    })
    .collect()
}

/// What follows `marker` in an ETSI identifier; the whole where it does not occur.
pub(super) fn last_part<'u>(uri: &'u str, marker: &str) -> &'u str {
    uri.split_once(marker).map_or(uri, |(_, rest)| rest)
}

/// The state of a territory's list and its services, as one line of JSON; `None` where the snapshot has no such list.
#[must_use]
pub fn territory_json(snapshot: &Snapshot, territory: &str, time: Time) -> Option<String> {
    let list = snapshot.lists.iter().find(|list| list.territory.eq_ignore_ascii_case(territory))?;
    let report = TerritoryReport {
        domain: &snapshot.domain,
        list: ListSummary::of(list, time),
        services: services(snapshot, territory),
    };
    Some(serde_json::to_string(&report).unwrap_or_default())
}

/// The same for a terminal; `false` where there is no such list.
///
/// # Errors
/// Those of the writer.
pub fn write_territory(
    snapshot: &Snapshot,
    territory: &str,
    time: Time,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let Some(list) = snapshot.lists.iter().find(|list| list.territory.eq_ignore_ascii_case(territory)) else {
        return Ok(false);
    };
    let list = ListSummary::of(list, time);
    writeln!(out, "{} {}: {} services", list.territory, list.state, list.services)?;
    let mut provider = "";
    for service in services(snapshot, territory) {
        if service.provider != provider {
            provider = service.provider;
            writeln!(out, "\n{}", super::text::plain(provider))?;
        }
        for (index, period) in service.history.iter().enumerate() {
            let until = period.end.map_or("now".to_owned(), |end| end.to_string());
            let name = if index == 0 { super::text::plain(period.name) } else { "  earlier".to_owned() };
            let (kind, status) = (period.service_type, period.status);
            writeln!(out, "  {name}: {kind}, {status}, {} to {until}", period.start)?;
            for note in period.additional_information.iter().chain(&period.qualifiers) {
                writeln!(out, "      {note}")?;
            }
        }
    }
    Ok(true)
}
