//! Status lists.

use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::credential::{Credential, StatusEntry};

/// Says which lists would have to be asked. None is fetched by this version: a credential that names one is never said
/// to be good.
pub(super) fn check(credential: &Credential) -> Check {
    if credential.status.is_empty() {
        return Check::new(Kind::Revocation, CheckStatus::Skipped, "the credential names no status list");
    }
    let details: Vec<Detail> = credential.status.iter().map(entry).collect();
    let reason =
        format!("{} entries in status lists, which were not asked: nothing was fetched", details.len());
    Check { details, ..Check::new(Kind::Revocation, CheckStatus::Skipped, reason).with_code("offline") }
}

fn entry(entry: &StatusEntry) -> Detail {
    let kind = entry.kind.as_deref().unwrap_or("an entry of no type");
    let purpose = entry.purpose.as_deref().unwrap_or("no purpose");
    Detail {
        item: format!("{kind}: {purpose}"),
        outcome: Point::NotComparable,
        stated: entry.list.clone().or_else(|| entry.id.clone()),
        found: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_nobody_asked_says_nothing_good() {
        let none = check(&Credential::default());
        assert_eq!((none.status, none.code), (CheckStatus::Skipped, None));
        let list = Some("https://status.example/1".to_owned());
        let entry = StatusEntry { kind: Some("StatusList2021Entry".into()), list, ..StatusEntry::default() };
        let named = check(&Credential { status: vec![entry], ..Credential::default() });
        assert_eq!((named.status, named.code), (CheckStatus::Skipped, Some("offline")));
        assert_eq!(named.details[0].stated.as_deref(), Some("https://status.example/1"));
    }
}
