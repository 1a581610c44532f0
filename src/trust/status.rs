//! A snapshot for people and machines to look at: `sealgate trust status` and `show`, `GET /v1/trust`.

use super::Snapshot;
use super::list::{Service, ServiceState};
use super::snapshot::{Condition, ListState};
use crate::time::Time;
use serde::Serialize;
use std::fmt::Write as _;

/// The state of a snapshot at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Status {
    /// The domain's name.
    pub domain: String,
    /// `sha256:` and the snapshot's identity in hexadecimal.
    pub snapshot: String,
    /// Sequence number of the list of lists.
    pub lotl_sequence: Option<u64>,
    /// The announcement from which its signer follows.
    pub official_journal: Option<String>,
    /// Every list, list of lists first.
    pub lists: Vec<ListStatus>,
}

/// The state of one list at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ListStatus {
    /// Territory.
    pub territory: String,
    /// Where it is published.
    pub url: String,
    /// `accepted`, `unreachable` or `refused`.
    pub condition: &'static str,
    /// Why it is refused.
    pub reason: Option<String>,
    /// Where an older list stays in its place: what is wrong with the newest.
    pub newest: Option<String>,
    /// Sequence number.
    pub sequence: Option<u64>,
    /// TSL version.
    pub version: Option<u32>,
    /// Issue time.
    pub issued: Option<Time>,
    /// Next update.
    pub next_update: Option<Time>,
    /// Accepted, and past its next update or closed without one.
    pub expired: bool,
    /// How many services it contributes.
    pub services: usize,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: Option<String>,
    /// SHA-256 of the certificate that signed it, in hexadecimal.
    pub signer: Option<String>,
    /// What of it was left out because it could not be read.
    pub notes: Vec<String>,
}

/// A territory's list with its services at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Territory {
    /// The list.
    pub list: ListStatus,
    /// Its providers, in the order of the list.
    pub providers: Vec<Provider>,
}

/// A trust service provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Provider {
    /// Name.
    pub name: String,
    /// Registration identifier or trade name.
    pub identifier: Option<String>,
    /// Its services, in the order of the list.
    pub services: Vec<ProviderService>,
}

/// A trust service in its present period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProviderService {
    /// Name.
    pub name: String,
    /// Type URI.
    #[serde(rename = "type")]
    pub service_type: String,
    /// Status: `granted`, `withdrawn`, ...
    pub status: String,
    /// Since when.
    pub since: Time,
    /// Additional service information: the last part of each URI.
    pub additional_information: Vec<String>,
    /// How many periods its history has, the present one included.
    pub periods: usize,
    /// SHA-256 of each certificate of its identity, in hexadecimal.
    pub certificates: Vec<String>,
}

impl Snapshot {
    /// The state of every list at `time`.
    #[must_use]
    pub fn status(&self, time: Time) -> Status {
        Status {
            domain: self.domain.clone(),
            snapshot: format!("sha256:{}", hex::encode(self.identity)),
            lotl_sequence: self.lotl_sequence,
            official_journal: self.official_journal.clone(),
            lists: self.lists.iter().map(|list| ListStatus::at(list, time)).collect(),
        }
    }

    /// The same as text, one line a list.
    #[must_use]
    pub fn status_text(&self, time: Time) -> String {
        let status = self.status(time);
        let mut text = format!("domain {}\nsnapshot {}\n", status.domain, status.snapshot);
        if let Some(announcement) = &status.official_journal {
            let _ = writeln!(text, "signers announced in {announcement}");
        }
        for list in &status.lists {
            let _ = write!(text, "{:<4}{:<12}", list.territory, list.condition);
            if list.condition == "accepted" {
                let next = list.next_update.map_or("none".to_owned(), |next| next.to_string());
                let _ = write!(
                    text,
                    "version {}  sequence {:>5}  services {:>4}  next update {next}",
                    list.version.unwrap_or_default(),
                    list.sequence.unwrap_or_default(),
                    list.services,
                );
            }
            let expired = list.expired.then_some("expired".to_owned());
            let left_out = (!list.notes.is_empty()).then(|| format!("{} parts left out", list.notes.len()));
            let newest = list.newest.as_ref().map(|why| format!("newest: {why}"));
            for remark in [expired, list.reason.clone(), newest, left_out].into_iter().flatten() {
                let _ = write!(text, "  {remark}");
            }
            text.push('\n');
        }
        text
    }

    /// A territory's list with its services; `None` where no list has the territory.
    #[must_use]
    pub fn show(&self, territory: &str, time: Time) -> Option<Territory> {
        let (number, list) =
            self.lists.iter().enumerate().find(|(_, list)| list.territory.eq_ignore_ascii_case(territory))?;
        let mut providers: Vec<Provider> = Vec::new();
        for service in self.services_of(number) {
            let shown = ProviderService::of(service, time);
            match providers.last_mut() {
                Some(last)
                    if *last.name == *service.provider
                        && last.identifier.as_deref() == service.provider_identifier.as_deref() =>
                {
                    last.services.extend(shown);
                }
                _ => providers.push(Provider {
                    name: service.provider.to_string(),
                    identifier: service.provider_identifier.as_deref().map(str::to_owned),
                    services: shown.into_iter().collect(),
                }),
            }
        }
        Some(Territory { list: ListStatus::at(list, time), providers })
    }
}

impl ListStatus {
    fn at(list: &ListState, time: Time) -> Self {
        let (condition, reason) = words(&list.condition);
        Self {
            territory: list.territory.clone(),
            url: list.url.clone(),
            condition,
            reason: reason.map(str::to_owned),
            newest: list.newest.as_ref().map(|newest| match words(newest) {
                (word, None) => word.to_owned(),
                (word, Some(why)) => format!("{word}: {why}"),
            }),
            sequence: list.sequence,
            version: list.version,
            issued: list.issued,
            next_update: list.next_update,
            expired: list.accepted() && list.expired_at(time),
            services: list.services,
            sha256: list.digest.map(hex::encode),
            signer: list.signer.map(hex::encode),
            notes: list.notes.clone(),
        }
    }
}

fn words(condition: &Condition) -> (&'static str, Option<&str>) {
    match condition {
        Condition::Accepted => ("accepted", None),
        Condition::Unreachable => ("unreachable", None),
        Condition::Refused(why) => ("refused", Some(why)),
    }
}

impl ProviderService {
    /// In the period that contains `time`; the oldest one for a time before them all.
    fn of(service: &Service, time: Time) -> Option<Self> {
        let state: &ServiceState =
            service.state_at(time).map(|(_, state)| state).or_else(|| service.history.last())?;
        let last_part = |uri: &str| uri.rsplit('/').next().unwrap_or_default().to_owned();
        Some(Self {
            name: state.name.to_string(),
            service_type: state.service_type.to_string(),
            status: state.status_word().to_owned(),
            since: state.start,
            additional_information: state.additional_information.iter().map(|uri| last_part(uri)).collect(),
            periods: service.history.len(),
            certificates: service.certificates.iter().map(|c| hex::encode(c.sha256)).collect(),
        })
    }
}
