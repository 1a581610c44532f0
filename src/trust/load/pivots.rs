//! Who may sign the list of lists: the certificates that the Official Journal announces, and from there through the
//! pivots those that follow them (Implementing Decision (EU) 2015/1505, article 4; TS 119 615, 4.1).

use super::seal::{self, Allowed};
use super::{Fetched, Loader, Opened};
use crate::time::Time;
use crate::trust::domain::PinSet;
use crate::trust::list::{ListedCertificate, Pointer, TrustedList, XML_MIME_TYPE};
use std::sync::Arc;

/// Pivots since one announcement, at most. The EU had five in seven years.
const PIVOTS: usize = 32;

/// What leads to a list of lists.
pub(super) struct Succession {
    /// Who signed it.
    pub(super) signer: Arc<ListedCertificate>,
    /// The address of the announcement from which the signer follows.
    pub(super) official_journal: String,
    /// The pivots on the way, oldest first.
    pub(super) parents: Vec<Parent>,
}

/// An earlier list of lists whose signature was checked.
pub(super) struct Parent {
    /// TSLSequenceNumber.
    pub(super) sequence: u64,
    /// ListIssueDateTime.
    pub(super) issued: Option<Time>,
    /// Its pointers.
    pub(super) pointers: Vec<Pointer>,
}

/// How the signer of the list of lists follows from an announcement.
pub(super) fn succession(loader: &Loader<'_>, lotl: &Opened<'_>) -> Result<Succession, String> {
    let mut reasons = Vec::new();
    for (set, pivots) in announcements(&loader.domain.pins, &lotl.list) {
        match through(loader, lotl, set, &pivots) {
            Ok((signer, parents)) => {
                let official_journal = set.official_journal.clone();
                return Ok(Succession { signer, official_journal, parents });
            }
            Err(why) if reasons.contains(&why) => {}
            Err(why) => reasons.push(why),
        }
    }
    Err(reasons.join("; "))
}

/// The pin sets that the list of lists names, newest first, each with the pivots that stand before it, newest first;
/// then those it does not name, without any.
fn announcements<'a>(sets: &'a [PinSet], lotl: &'a TrustedList) -> Vec<(&'a PinSet, Vec<&'a str>)> {
    let mut named: Vec<(&PinSet, Vec<&str>)> = Vec::new();
    let mut pivots = Vec::new();
    for uri in &lotl.scheme_information {
        match sets.iter().find(|set| *set.official_journal == **uri) {
            Some(set) => named.push((set, pivots.clone())),
            None if uri.ends_with(".xml") && !pivots.contains(&&**uri) => pivots.push(&**uri),
            None => {}
        }
    }
    let unnamed = sets.iter().filter(|set| !named.iter().any(|(known, _)| std::ptr::eq(*known, *set)));
    let unnamed: Vec<_> = unnamed.map(|set| (set, Vec::new())).collect();
    named.into_iter().chain(unnamed).collect()
}

fn through(
    loader: &Loader<'_>,
    lotl: &Opened<'_>,
    set: &PinSet,
    pivots: &[&str],
) -> Result<(Arc<ListedCertificate>, Vec<Parent>), String> {
    let pins = Allowed { certificates: &[], pins: &set.sha256 };
    let directly = seal::signer(&lotl.document, &pins, &loader.certificates, loader.context);
    if directly.is_ok() || pivots.is_empty() {
        return directly.map(|signer| (signer, Vec::new()));
    }
    if pivots.len() > PIVOTS {
        return Err(format!("expected at most {PIVOTS} pivots, found {}", pivots.len()));
    }
    loader.source.expect(pivots);
    let mut named: Option<Vec<Arc<ListedCertificate>>> = None;
    let mut parents: Vec<Parent> = Vec::with_capacity(pivots.len());
    for url in pivots.iter().rev() {
        let allowed = match &named {
            None => Allowed { certificates: &[], pins: &set.sha256 },
            Some(certificates) => Allowed { certificates, pins: &[] },
        };
        let pivot = pivot(loader, url, &allowed).map_err(|why| format!("pivot {url}: {why}"))?;
        if pivot.territory != lotl.list.territory {
            return Err(format!(
                "pivot {url}: expected territory {}, found {}",
                lotl.list.territory, pivot.territory
            ));
        }
        let sequence = parents.last().map_or(0, |parent| parent.sequence);
        if pivot.sequence <= sequence || pivot.sequence > lotl.list.sequence {
            let range = format!("{sequence} to {}", lotl.list.sequence);
            return Err(format!(
                "pivot {url}: expected a sequence number after {range}, found {}",
                pivot.sequence
            ));
        }
        named = Some(successors(&pivot));
        parents.push(Parent { sequence: pivot.sequence, issued: pivot.issued, pointers: pivot.pointers });
    }
    let certificates = named.unwrap_or_default();
    let allowed = Allowed { certificates: &certificates, pins: &[] };
    let signer = seal::signer(&lotl.document, &allowed, &loader.certificates, loader.context)?;
    Ok((signer, parents))
}

fn pivot(loader: &Loader<'_>, url: &str, allowed: &Allowed<'_>) -> Result<TrustedList, String> {
    let bytes = match loader.source.get(url) {
        Fetched::Bytes(bytes) => bytes,
        Fetched::Unreachable(why) => return Err(format!("unreachable: {why}")),
    };
    let opened = loader.open(&bytes, &loader.domain.lotl_type)?;
    seal::signer(&opened.document, allowed, &loader.certificates, loader.context)?;
    Ok(opened.list)
}

/// The certificates in a list of lists' pointer to itself: those that may sign the next.
fn successors(lotl: &TrustedList) -> Vec<Arc<ListedCertificate>> {
    let itself = lotl.pointers.iter().filter(|pointer| {
        pointer.list_type == lotl.list_type
            && pointer.territory == lotl.territory
            && *pointer.mime_type == *XML_MIME_TYPE
    });
    itself.flat_map(|pointer| pointer.certificates.iter().cloned()).collect()
}
