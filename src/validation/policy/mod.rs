//! The signature validation policy as a table: what follows of each check, which algorithms hold until when, how old
//! revocation data and lists may be, what is accepted. A TOML file, or built in; see [`Policy::read`].

mod algorithms;
mod levels;
mod read;
mod write;

pub(super) use algorithms::Named;
pub use algorithms::{Algorithms, End, Reliability};
pub use levels::{Level, Levels, Place, Position, Scope};
pub use read::NotAPolicy;

use super::check::Check;
use crate::signature::Form;
use crate::signature::algorithm::identity;
use crate::time::Time;
use crate::trust::qualification::SignatureQualification;
use std::collections::BTreeMap;
use std::io::Read;

/// A validation policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    name: String,
    /// Forms of signatures that are accepted.
    pub formats: Vec<Form>,
    /// What a seal must be called, where [`Check::QualificationAccepted`] asks.
    pub qualifications: Vec<SignatureQualification>,
    /// How old revocation data may be, where [`Check::RevocationFresh`] asks.
    pub freshness: Freshness,
    /// For how many days past its NextUpdate a trusted list still counts as current.
    pub list_grace_days: u32,
    /// Which algorithms hold until when.
    pub algorithms: Algorithms,
    levels: BTreeMap<Check, Levels>,
}

/// How old revocation data may be (EN 319 102-1, 5.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// The time that its age is counted to.
    pub at: FreshAt,
    /// Days since thisUpdate of data on a signing certificate.
    pub signer_days: u32,
    /// Days since thisUpdate of data on a certificate above it.
    pub authority_days: u32,
}

/// The time to which the age of revocation data is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FreshAt {
    /// The validation time: what is stale then stays so.
    ValidationTime,
    /// What is stale at the validation time is looked at again at the best signature time (5.5.4, 5.6.2.2).
    BestSignatureTime,
}

impl Freshness {
    /// Days that data on a certificate in this position may be old.
    #[must_use]
    pub fn days(&self, position: Position) -> u32 {
        match position {
            Position::Signer => self.signer_days,
            Position::Authority => self.authority_days,
        }
    }

    /// Whether data of `this_update` is fresh at `time`.
    #[must_use]
    pub fn fresh(&self, this_update: Time, position: Position, time: Time) -> bool {
        this_update.plus_seconds(seconds(self.days(position))) >= time
    }
}

/// Days as seconds.
pub(super) fn seconds(days: u32) -> i64 {
    i64::from(days).saturating_mul(86_400)
}

/// Bytes that a policy file may have.
const MOST_BYTES: u64 = 1 << 20;

impl Policy {
    /// Names of the policies built in; the first is the one that holds where none is named.
    pub const BUILT_IN: [&'static str; 2] = ["default", "qualified-seal"];

    /// The policy's name, for the verdict.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of its whole text, as [`Policy::to_toml`] gives it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        identity(self.to_toml().as_bytes())
    }

    /// What follows where a check does not hold.
    #[must_use]
    pub fn level(&self, check: Check, place: Place) -> Level {
        self.levels.get(&check).map_or(check.default_level(), |levels| levels.at(place))
    }

    /// The levels of a check in all places.
    #[must_use]
    pub fn levels(&self, check: Check) -> Levels {
        self.levels.get(&check).copied().unwrap_or(Levels::everywhere(check.default_level()))
    }

    /// Sets what follows where a check does not hold.
    pub(super) fn set_levels(&mut self, check: Check, levels: Levels) {
        self.levels.insert(check, levels);
    }

    /// The policy built in under a name.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn built_in(name: &str) -> Result<Self, NotAPolicy> {
        match name {
            "default" => Ok(Self::default()),
            "qualified-seal" => {
                read::policy(include_str!("../../../policies/qualified-seal.toml")).map(|(policy, _)| policy)
            }
            other => Err(NotAPolicy::unknown(other)),
        }
    }

    /// The policy built in under this name, else the one in this file.
    ///
    /// # Errors
    /// Neither is there, or the file has a mistake: its line.
    pub fn read(name_or_file: &str) -> Result<Self, NotAPolicy> {
        if Self::BUILT_IN.contains(&name_or_file) {
            return Self::built_in(name_or_file);
        }
        let mut text = String::new();
        let read = std::fs::File::open(name_or_file)
            .and_then(|file| file.take(MOST_BYTES.saturating_add(1)).read_to_string(&mut text));
        match read {
            Err(error) => Err(NotAPolicy::unreadable(name_or_file, &error)),
            Ok(bytes) if u64::try_from(bytes).is_ok_and(|bytes| bytes > MOST_BYTES) => {
                Err(NotAPolicy::whole(format!("a policy has {MOST_BYTES} bytes at most"))
                    .in_file(name_or_file))
            }
            Ok(_) => Self::parse(&text).map_err(|error| error.in_file(name_or_file)),
        }
    }

    /// Reads a policy from TOML text. What it does not say it has from the policy that it extends, else from
    /// `default`.
    ///
    /// # Errors
    /// A mistake, with its line.
    pub fn parse(text: &str) -> Result<Self, NotAPolicy> {
        let (policy, line) = read::policy(text)?;
        // A verdict names its policy: a name built in must mean what is built in.
        if Self::built_in(&policy.name).is_ok_and(|built_in| built_in != policy) {
            let why =
                format!("the policy `{}` is built in, and this is another: name it otherwise", policy.name);
            return Err(NotAPolicy::at(line, why));
        }
        Ok(policy)
    }

    /// The policy for signatures on status lists: `default`, but a list is renewed within hours, and most have no claimed
    /// signing time.
    #[must_use]
    pub fn for_status_lists() -> Self {
        let mut policy = Self { name: "status-list".into(), ..Self::default() };
        policy.set_levels(Check::SigningTimePresent, Levels::everywhere(Level::Warn));
        policy
    }

    /// The whole policy as TOML with a comment for each key; [`Policy::parse`] reads it back equal.
    #[must_use]
    pub fn to_toml(&self) -> String {
        write::policy(self)
    }
}

impl Default for Policy {
    /// The policy `default`: EN 319 102-1 with the cryptographic constraints of TS 119 312 V1.5.1.
    fn default() -> Self {
        use Level::{Fail, Ignore, Warn};
        let levels = Check::ALL.iter().map(|check| (*check, Levels::everywhere(check.default_level())));
        let mut policy = Self {
            name: "default".into(),
            formats: read::FORMS.to_vec(),
            qualifications: SignatureQualification::ON_QUALIFIED.to_vec(),
            freshness: Freshness { at: FreshAt::ValidationTime, signer_days: 90, authority_days: 366 },
            list_grace_days: 0,
            algorithms: Algorithms::ts_119_312(),
            levels: levels.collect(),
        };
        let (authority, timestamp) = (Some(Position::Authority), Some(Scope::Timestamp));
        // The shell model asks for the validity of the certificate that signed, not of its issuers.
        policy.set_levels(Check::CertificateValidity, Levels::everywhere(Fail).with(None, authority, Ignore));
        let responder = Levels::everywhere(Fail)
            .with(None, authority, Ignore)
            .with(timestamp, None, Ignore)
            .with(Some(Scope::CounterSignature), None, Ignore);
        policy.set_levels(Check::RevocationIssuerValidity, responder);
        for check in [Check::RevocationPresent, Check::RevocationAcceptable] {
            let lenient = Levels::everywhere(Fail).with(timestamp, authority, Warn).with(
                Some(Scope::Revocation),
                authority,
                Warn,
            );
            policy.set_levels(check, lenient);
        }
        policy
    }
}

#[cfg(test)]
mod tests;
