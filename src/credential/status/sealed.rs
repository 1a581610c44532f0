//! Who says so: the signature on a status list.

use super::StatusList;
use crate::catalogue::{Words, say};
use crate::certificate::Certificate;
use crate::finding::Status;
use crate::format::{self, Envelope, Limits};
use crate::outside::Document;
use crate::signature::{self, Payload, jades};
use crate::time::Time;
use crate::validation::{self, Policy};
use std::sync::{Arc, LazyLock};

/// A status list with the word on its signature.
#[derive(Clone, Debug)]
pub struct ReadList {
    /// What it says; an error says why it cannot be read.
    pub list: Result<StatusList, Words>,
    /// Who says so.
    pub seal: ListSeal,
    /// SHA-256 of the document.
    pub sha256: [u8; 32],
    /// When it was fetched: the time for which its signature was validated.
    pub fetched: Time,
}

impl ReadList {
    /// Bytes that it takes in memory, about.
    #[must_use]
    pub fn weight(&self) -> u32 {
        let list = self.list.as_ref().map_or(0, StatusList::bytes);
        u32::try_from(list.saturating_add(1024)).unwrap_or(u32::MAX)
    }
}

/// The word on a list's signature.
#[derive(Clone, Debug)]
pub enum ListSeal {
    /// TOTAL-PASSED, by this certificate.
    Passed(Arc<Certificate>),
    /// Not proven: why, in words.
    Unproven(Words),
}

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::for_status_lists);

/// Reads a fetched list and validates its signature for the time at which it was fetched: that makes the answer one of
/// the document, the snapshot and what is at hand from outside. Of `context` all but policy and time counts.
#[must_use]
pub fn read(document: &Document, context: &validation::Context<'_>, limits: &Limits) -> ReadList {
    let (list, seal) = match format::read(&document.bytes, limits) {
        Err(error) => {
            let why = error.words();
            (Err(why.clone()), ListSeal::Unproven(why))
        }
        Ok(Envelope::Jws(jws)) => {
            let reading = signature::Context { crypto: context.crypto, limits, detached: &[] };
            signed(&jades::signatures(&jws, &reading), document.fetched, context, limits)
        }
        Ok(Envelope::Json(text)) => {
            (StatusList::parse(text, limits), ListSeal::Unproven(say("says.list-no-certificate")))
        }
        Ok(Envelope::Xml(_) | Envelope::Cms(_) | Envelope::Pdf(_) | Envelope::Container(_)) => {
            (Err(say("says.list-no-json-or-jwt")), ListSeal::Unproven(say("says.list-neither")))
        }
    };
    ReadList { list, seal, sha256: document.sha256, fetched: document.fetched }
}

fn signed(
    signatures: &[signature::Signature<'_>],
    fetched: Time,
    context: &validation::Context<'_>,
    limits: &Limits,
) -> (Result<StatusList, Words>, ListSeal) {
    let [only] = signatures else {
        let why = say("says.list-one-signature");
        return (Err(why.clone()), ListSeal::Unproven(why));
    };
    let list = match &only.payload {
        Some(Payload::Json(text)) => StatusList::parse(text, limits),
        _ => Err(say("says.list-signed-no-json")),
    };
    let context = validation::Context { policy: &POLICY, time: fetched, ..*context };
    let seal = match validation::validate(signatures, &context).pop() {
        Some(verdict) if verdict.indication.passed() => match verdict.signer {
            Some(signer) => ListSeal::Passed(signer),
            None => ListSeal::Unproven(say("says.list-nobody")),
        },
        Some(verdict) => {
            let sub = verdict.sub_indication.map(|sub| format!(", {sub}")).unwrap_or_default();
            let mut failed = verdict.findings.iter().filter(|finding| finding.status == Status::Failed);
            let indication = format_args!("{}{sub}", verdict.indication);
            ListSeal::Unproven(match failed.next() {
                Some(one) => say("says.list-signature-for")
                    .with("verdict", indication)
                    .with("check", one.check)
                    .with_words("why", one.detail.clone()),
                None => say("says.list-signature").with("verdict", indication),
            })
        }
        None => ListSeal::Unproven(say("says.list-no-signature")),
    };
    (list, seal)
}
