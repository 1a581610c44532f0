//! Status lists: what they say of this credential.

use super::sealer::Sealer;
use super::{Check, CheckStatus, Context, Detail, Kind, Point};
use crate::catalogue::{Words, say};
use crate::credential::status::{FoundList, ListForm, ListSeal, ReadList, StatusList};
use crate::credential::{Credential, StatusEntry};
use crate::validation::SealVerdict;

/// What an entry can come to, worst first: the worst of all entries is the check's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// The list says so.
    Revoked,
    /// The list says so: not for good.
    Suspended,
    /// The signature on the list is not of who sealed the credential.
    OtherSigner,
    /// The list carries no signature that holds.
    Unverified,
    /// The list is past its end.
    Expired,
    /// The list has no such index.
    OutOfRange,
    /// The list, or the entry, is not what its type demands.
    Invalid,
    /// The entry is of a method or size that is not known.
    Unsupported,
    /// The list could not be had.
    Unreachable,
    /// The seal did not pass: what it names is not asked; or it names too many lists.
    NotAsked,
    /// Nothing may be fetched.
    Offline,
    /// The list says that it is good.
    Good,
    /// The entry is of a purpose that says nothing of revocation.
    Silent,
}

/// The codes of the outcomes that are not good, worst first.
pub(super) const CODES: [&str; 11] = [
    "revoked",
    "suspended",
    "list-other-signer",
    "list-unverified",
    "list-expired",
    "list-index-out-of-range",
    "list-invalid",
    "unsupported",
    "unreachable",
    "not-asked",
    "offline",
];

/// Entries that are looked up; a credential that names more is not followed.
const MOST_ENTRIES: usize = 8;

/// Asks every list that the credential names: first whether its signature is by who sealed the credential, then whether
/// it holds at the validation time, then for the status. Only a credential whose seal passed makes anyone ask.
pub(super) fn check(credential: &Credential, context: &Context<'_>) -> Check {
    let entries = &credential.status;
    if entries.is_empty() {
        return Check::new(Kind::Revocation, CheckStatus::Skipped, say("says.revocation-no-list"));
    }
    let passed: Vec<&SealVerdict> = context
        .seals
        .iter()
        .copied()
        .filter(|seal| !seal.counter_signature && seal.indication.passed())
        .collect();
    let judged: Vec<Judged> = entries
        .iter()
        .map(|entry| match context.lists {
            None => (Outcome::Offline, say("says.revocation-offline")),
            Some(_) if passed.is_empty() => (Outcome::NotAsked, say("says.revocation-seal-failed")),
            Some(_) if entries.len() > MOST_ENTRIES => {
                (Outcome::NotAsked, say("says.revocation-too-many").with("most", MOST_ENTRIES))
            }
            Some(_) => judge(entry, &passed, context).unwrap_or_else(|not_good| not_good),
        })
        .collect();
    let details = entries.iter().zip(&judged).map(|(entry, (outcome, why))| Detail {
        item: describe(entry),
        outcome: match outcome.status() {
            CheckStatus::Ok => Point::Agrees,
            CheckStatus::Error => Point::Differs,
            CheckStatus::Skipped => Point::NotComparable,
        },
        stated: entry.list.as_ref().or(entry.id.as_ref()).map(Words::verbatim),
        found: Some(why.clone()),
    });
    let Some((worst, why)) = judged.iter().min_by_key(|(outcome, _)| *outcome) else {
        return Check::new(Kind::Revocation, CheckStatus::Skipped, say("says.revocation-no-list"));
    };
    let reason = match entries.len() {
        1 => why.clone(),
        several => say("says.revocation-worst").with_words("reason", why.clone()).with("count", several),
    };
    Check {
        details: details.collect(),
        code: worst.code(),
        ..Check::new(Kind::Revocation, worst.status(), reason)
    }
}

impl Outcome {
    fn code(self) -> Option<&'static str> {
        let position = match self {
            Self::Revoked => 0,
            Self::Suspended => 1,
            Self::OtherSigner => 2,
            Self::Unverified => 3,
            Self::Expired => 4,
            Self::OutOfRange => 5,
            Self::Invalid => 6,
            Self::Unsupported => 7,
            Self::Unreachable => 8,
            Self::NotAsked => 9,
            Self::Offline => 10,
            Self::Good | Self::Silent => return None,
        };
        CODES.get(position).copied()
    }

    fn status(self) -> CheckStatus {
        match self {
            Self::Good => CheckStatus::Ok,
            Self::Unsupported | Self::Unreachable | Self::NotAsked | Self::Offline | Self::Silent => {
                CheckStatus::Skipped
            }
            _ => CheckStatus::Error,
        }
    }
}

type Judged = (Outcome, Words);

/// One entry: `Ok` where the list says nothing against it, `Err` for anything else. `passed` are the seals that passed.
fn judge(entry: &StatusEntry, passed: &[&SealVerdict], context: &Context<'_>) -> Result<Judged, Judged> {
    let wrong = |outcome: Outcome, key| (outcome, say(key));
    let form = form(entry)?;
    let purpose = entry.purpose.as_deref();
    // Without one nobody knows what a status stands for; a token status list has the meanings in its specification.
    if form != ListForm::Token && purpose.is_none() {
        return Err(wrong(Outcome::Invalid, "says.revocation-entry-no-purpose"));
    }
    let address =
        entry.list.as_deref().ok_or_else(|| wrong(Outcome::Invalid, "says.revocation-entry-no-list"))?;
    let address = address.split('#').next().unwrap_or(address);
    let index = entry.index.as_deref().and_then(|index| index.parse::<u64>().ok());
    let index = index.ok_or_else(|| wrong(Outcome::Invalid, "says.revocation-entry-no-index"))?;
    let size = match entry.size.as_deref() {
        None => 1,
        Some(size) => size
            .parse()
            .ok()
            .filter(|size| (1..=32).contains(size))
            .ok_or_else(|| wrong(Outcome::Unsupported, "says.revocation-entry-size"))?,
    };

    let read = find(address, context)?;
    let list = read.list.as_ref().map_err(|why| (Outcome::Invalid, of_list(why)))?;
    signed_by_the_sealer(&read.seal, passed)?;
    if list.form != form {
        return Err(wrong(Outcome::Invalid, "says.revocation-other-type"));
    }
    if list.id.as_deref().is_some_and(|id| id.split('#').next() != Some(address)) {
        return Err(wrong(Outcome::Invalid, "says.revocation-other-address"));
    }
    // A token status list is the one at its `sub` (Token Status List, 8.3).
    if form == ListForm::Token && list.id.is_none() {
        return Err(wrong(Outcome::Invalid, "says.revocation-no-address"));
    }
    let now = context.time.max(read.fetched);
    if let Some(until) = list.until.filter(|until| *until < now) {
        return Err((Outcome::Expired, say("says.revocation-list-ended").with("time", until)));
    }
    if let Some(from) = list.from.filter(|from| *from > now.plus_seconds(CLOCK_SKEW)) {
        return Err((Outcome::Invalid, say("says.revocation-list-begins").with("time", from)));
    }
    if let Some(purpose) = purpose
        && !list.purposes.iter().any(|of_list| of_list == purpose)
    {
        let why = say("says.revocation-other-purpose").with("purpose", format_args!("{:?}", shown(purpose)));
        return Err((Outcome::Invalid, why));
    }
    let status = list.status(index, size).ok_or_else(|| {
        let why = say("says.revocation-out-of-range").with("count", list.entries(size));
        (Outcome::OutOfRange, why.with("number", index))
    })?;
    says(status, form, purpose)
}

/// Seconds by which clocks may differ.
const CLOCK_SKEW: i64 = 300;

fn form(entry: &StatusEntry) -> Result<ListForm, Judged> {
    match entry.kind.as_deref() {
        Some("StatusList2021Entry") => Ok(ListForm::StatusList2021),
        Some("BitstringStatusListEntry") => Ok(ListForm::Bitstring),
        Some("TokenStatusList") => Ok(ListForm::Token),
        Some(other) => {
            let why = say("says.revocation-unknown-type").with("type", format_args!("{:?}", shown(other)));
            Err((Outcome::Unsupported, why))
        }
        None => Err((Outcome::Unsupported, say("says.revocation-no-type"))),
    }
}

/// The list, renewed where its own time to live is over.
fn find(address: &str, context: &Context<'_>) -> Result<std::sync::Arc<ReadList>, Judged> {
    let Some(lists) = context.lists else { return Err((Outcome::Offline, say("says.revocation-offline"))) };
    let stale = |read: &ReadList| {
        read.list.as_ref().is_ok_and(|list: &StatusList| {
            let kept = list.ttl.map(|ttl| read.fetched.plus_seconds(ttl.max(0)));
            kept.into_iter().chain(list.until).min().is_some_and(|end| end < context.time)
        })
    };
    let found = match lists.list(address) {
        FoundList::Read(read) if stale(&read) => lists.renewed(address),
        found => found,
    };
    match found {
        FoundList::Read(read) => Ok(read),
        FoundList::Wanted => Err((Outcome::Unreachable, say("says.revocation-not-at-hand"))),
        FoundList::Unreachable(why) => {
            Err((Outcome::Unreachable, say("says.revocation-unreachable").with_words("why", why)))
        }
    }
}

/// A list speaks for a credential only if who sealed the credential signed the list.
fn signed_by_the_sealer(seal: &ListSeal, passed: &[&SealVerdict]) -> Result<(), Judged> {
    let signer = match seal {
        ListSeal::Passed(signer) => signer,
        ListSeal::Unproven(why) => return Err((Outcome::Unverified, of_list(why))),
    };
    let signer = Sealer::of(&signer.subject);
    if Sealer::all(passed).any(|sealer| sealer.same_organisation(&signer)) {
        return Ok(());
    }
    let why = match signer.organisation.or(signer.common_name) {
        Some(who) => say("says.revocation-other-signer").with("signer", format_args!("{:?}", shown(who))),
        None => say("says.revocation-unnamed-signer"),
    };
    Err((Outcome::OtherSigner, why))
}

/// What is wrong with a list.
fn of_list(why: &Words) -> Words {
    say("says.revocation-list").with_words("why", why.clone())
}

fn says(status: u64, form: ListForm, purpose: Option<&str>) -> Result<Judged, Judged> {
    match (form, purpose, status) {
        (ListForm::Token, _, 0) | (_, Some("revocation" | "suspension"), 0) => {
            Ok((Outcome::Good, say("says.revocation-good")))
        }
        (ListForm::Token, _, 1) | (_, Some("revocation"), _) => {
            Err((Outcome::Revoked, say("says.revocation-revoked")))
        }
        (ListForm::Token, _, 2) | (_, Some("suspension"), _) => {
            Err((Outcome::Suspended, say("says.revocation-suspended")))
        }
        // Bitstring Status List 1.0, 2.2: these say nothing of revocation.
        (ListForm::Bitstring, Some(purpose @ ("message" | "refresh")), status) => Ok((
            Outcome::Silent,
            say("says.revocation-silent").with("purpose", purpose).with("status", status),
        )),
        (_, Some(purpose), status) => {
            let why = say("says.revocation-unknown-status").with("status", status);
            Err((Outcome::Unsupported, why.with("purpose", shown(purpose))))
        }
        (_, None, status) => {
            Err((Outcome::Unsupported, say("says.revocation-application-status").with("status", status)))
        }
    }
}

fn describe(entry: &StatusEntry) -> Words {
    let kind = entry.kind.as_ref().map_or(say("says.revocation-entry-no-type"), Words::verbatim);
    match (entry.purpose.as_deref(), entry.index.as_deref()) {
        (Some(purpose), Some(index)) => {
            let entry = say("says.revocation-entry-of-purpose").with_words("type", kind);
            entry.with("purpose", purpose).with("number", shown(index))
        }
        (Some(purpose), None) => Words::about(kind, Words::verbatim(purpose)),
        (None, Some(index)) => {
            say("says.revocation-entry").with_words("type", kind).with("number", shown(index))
        }
        (None, None) => kind,
    }
}

fn shown(text: &str) -> &str {
    text.char_indices().nth(60).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn codes_are_in_the_order_of_the_outcomes() {
        let all = [
            Outcome::Revoked,
            Outcome::Suspended,
            Outcome::OtherSigner,
            Outcome::Unverified,
            Outcome::Expired,
            Outcome::OutOfRange,
            Outcome::Invalid,
            Outcome::Unsupported,
            Outcome::Unreachable,
            Outcome::NotAsked,
            Outcome::Offline,
        ];
        assert!(all.is_sorted());
        assert_eq!(all.map(|outcome| outcome.code().unwrap()), CODES);
        assert_eq!((Outcome::Good.code(), Outcome::Silent.code()), (None, None));
        assert!(Outcome::Good < Outcome::Silent, "what is good counts before what says nothing");
    }

    #[test]
    fn a_list_that_nobody_asked_says_nothing_good() {
        let context = Context::at(Time::from_seconds(0));
        let none = check(&Credential::default(), &context);
        assert_eq!((none.status, none.code), (CheckStatus::Skipped, None));
        let list = Some("https://status.example/1".to_owned());
        let entry = StatusEntry { kind: Some("StatusList2021Entry".into()), list, ..StatusEntry::default() };
        let named = check(&Credential { status: vec![entry], ..Credential::default() }, &context);
        assert_eq!((named.status, named.code), (CheckStatus::Skipped, Some("offline")));
        assert_eq!(named.details[0].stated, Some(Words::constant("https://status.example/1")));
    }

    #[test]
    fn what_a_status_says() {
        let outcome = |status, form, purpose| says(status, form, purpose).unwrap_or_else(|not| not).0;
        let (bits, token) = (ListForm::Bitstring, ListForm::Token);
        assert_eq!(outcome(0, bits, Some("revocation")), Outcome::Good);
        assert_eq!(outcome(1, bits, Some("revocation")), Outcome::Revoked);
        assert_eq!(outcome(1, bits, Some("suspension")), Outcome::Suspended);
        assert_eq!(outcome(2, bits, Some("message")), Outcome::Silent);
        assert_eq!(outcome(0, bits, Some("odd")), Outcome::Unsupported);
        assert_eq!(outcome(1, bits, Some("odd")), Outcome::Unsupported);
        assert_eq!(outcome(1, token, None), Outcome::Revoked);
        assert_eq!(outcome(2, token, None), Outcome::Suspended);
        assert_eq!(outcome(3, token, None), Outcome::Unsupported);
    }
}
