//! What a receipt says.

use crate::credential::Fields;
use crate::outside::LookedFor;
use crate::pipeline::{Pipeline, Request};
use crate::report::Verdict;
use crate::signature::algorithm::identity;
use crate::time::Time;
use crate::trust::Snapshot;
use serde::{Deserialize, Serialize};

/// Everything that a verdict rests on, by digests and names. Nothing of a person is in it: what is stated about the
/// applicant is not named in any form, since names and dates are few enough to be guessed from a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The form of the statement; 1.
    pub version: u32,
    /// Name and version of the software.
    pub software: String,
    /// When the receipt was made.
    pub signed: Time,
    /// The time for which the verdict holds.
    pub validation_time: Time,
    /// The bytes that were verified.
    pub input: Blob,
    /// Bytes that a document may have, and come to where it is inflated.
    pub limit: usize,
    /// The documents that a detached signature is over, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detached: Vec<Blob>,
    /// Whether something was stated about the applicant. What, whoever gives the verdict again has to state again.
    pub applicant: bool,
    /// What of the personal data the verdict returns, as `--fields` has it.
    pub fields: String,
    /// The language of what is said to people, and in which credentials are shown where they have it, as it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The validation policy, and SHA-256 of what `sealgate policy show` prints of it.
    pub policy: Named,
    /// The acceptance policy, and SHA-256 of its keys and values as JSON.
    pub acceptance: Named,
    /// The snapshots of the trust domains, in their order.
    pub trust: Vec<Trusted>,
    /// Registers at hand, and SHA-256 of what they were read from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registers: Vec<Named>,
    /// Whether documents might be fetched.
    pub online: bool,
    /// What was looked for outside the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Looked>,
    /// The verdict.
    pub verdict: Given,
}

/// The form of statements that is written here.
pub(super) const VERSION: u32 = 1;

/// Name and version of this software.
pub const SOFTWARE: &str = concat!("sealgate ", env!("CARGO_PKG_VERSION"));

/// Bytes by their digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// How many.
    pub bytes: usize,
}

/// Something with a name and a digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// SHA-256, hexadecimal; `null` of a register that is asked over the network.
    pub sha256: Option<String>,
}

/// The lists and anchors of a trust domain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// The trust domain's name.
    pub domain: String,
    /// The snapshot, as verdicts name it.
    pub snapshot: String,
    /// SHA-256 over the digests of the anchors beside the lists, in their order; `null` where there are none.
    pub anchors: Option<String>,
    /// Whether the domain says what is qualified.
    pub qualification: bool,
}

/// A document outside the file that was looked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// `crl`, `ocsp`, `issuer`, or `credential`: about its status or accreditation.
    pub kind: String,
    /// SHA-256 of what came, hexadecimal; `null` where nothing could be had.
    pub sha256: Option<String>,
}

/// A verdict by its digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Its word, e.g. `passed`.
    pub word: String,
    /// SHA-256 of its text without the members `file` and `receipt`, hexadecimal.
    pub sha256: String,
    /// Bytes of that text.
    pub bytes: usize,
}

impl From<LookedFor> for Looked {
    fn from(LookedFor { kind, sha256 }: LookedFor) -> Self {
        Self { kind: kind.to_owned(), sha256: sha256.map(hex::encode) }
    }
}

impl Blob {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: sha256(bytes), bytes: bytes.len() }
    }
}

impl Given {
    /// A verdict that has neither `file` nor `receipt` yet.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        let Blob { sha256, bytes } = Blob::of(verdict.to_json().as_bytes());
        Self { word: verdict.verdict.as_str().to_owned(), sha256, bytes }
    }
}

impl Trusted {
    /// What a snapshot is named by.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut anchors: Vec<[u8; 32]> =
            snapshot.static_anchors.values().map(|anchor| anchor.sha256).collect();
        anchors.sort_unstable();
        Self {
            domain: snapshot.domain.clone(),
            snapshot: format!("sha256:{}", hex::encode(snapshot.identity)),
            anchors: (!anchors.is_empty()).then(|| sha256(&anchors.concat())),
            qualification: snapshot.qualifies,
        }
    }
}

impl Statement {
    /// What this verdict on these bytes rests on. `outside` is what was looked for, where something might be fetched;
    /// the verdict has neither `file` nor `receipt` yet.
    #[must_use]
    pub fn of(
        pipeline: &Pipeline,
        request: &Request<'_>,
        input: &[u8],
        outside: Option<Vec<Looked>>,
        verdict: &Verdict,
        signed: Time,
    ) -> Self {
        let mut statement = Self::before(pipeline, request, input, outside.is_some());
        statement.signed = signed;
        statement.outside = outside.unwrap_or_default();
        statement.verdict = Given::of(verdict);
        statement
    }

    /// The same before there is a verdict: what it would rest on.
    #[must_use]
    pub fn before(pipeline: &Pipeline, request: &Request<'_>, input: &[u8], online: bool) -> Self {
        let named =
            |name: &str, digest: [u8; 32]| Named { name: name.to_owned(), sha256: Some(hex::encode(digest)) };
        let registers = request.registers.iter().map(|register| Named {
            name: register.name().to_owned(),
            sha256: register.digest().map(hex::encode),
        });
        Self {
            version: VERSION,
            software: SOFTWARE.to_owned(),
            signed: request.time,
            validation_time: request.time,
            input: Blob::of(input),
            limit: pipeline.limits().bytes,
            detached: request.detached.iter().map(|document| Blob::of(&document.bytes)).collect(),
            applicant: request.applicant.is_some(),
            fields: words(request.fields),
            lang: request.lang.map(str::to_owned),
            policy: named(pipeline.policy().name(), pipeline.policy().digest()),
            acceptance: named(request.acceptance.name(), request.acceptance.digest()),
            trust: pipeline.snapshots().map(|snapshot| Trusted::of(snapshot)).collect(),
            registers: registers.collect(),
            online,
            outside: Vec::new(),
            verdict: Given { word: String::new(), sha256: String::new(), bytes: 0 },
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(identity(bytes))
}

fn words(fields: Fields) -> String {
    let Fields { name, birth_date, identifiers, raw } = fields;
    let all = [(name, "name"), (birth_date, "birth-date"), (identifiers, "identifiers"), (raw, "raw")];
    let words: Vec<&str> = all.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_they_are_read() {
        for list in ["none", "name", "birth-date,identifiers", "name,birth-date,identifiers,raw"] {
            assert_eq!(words(Fields::parse(list).unwrap()), list);
        }
    }
}
