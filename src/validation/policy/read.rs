//! TOML text → [`Policy`]; every mistake with its line.

use super::algorithms::{DIGESTS, SCHEMES};
use super::{Algorithms, End, FreshAt, Level, Levels, Policy, Position, Scope};
use crate::nearest::instead;
use crate::signature::Form;
use crate::signature::algorithm::DigestAlgorithm;
use crate::time::Time;
use crate::trust::qualification::SignatureQualification;
use crate::validation::check::Check;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All forms of signatures that there are.
pub(super) const FORMS: [Form; 5] = [Form::Jades, Form::Xades, Form::Cades, Form::Pades, Form::Pkcs7];

/// The name of a form in policies.
pub(super) fn form_name(form: Form) -> &'static str {
    match form {
        Form::Jades => "jades",
        Form::Xades => "xades",
        Form::Cades => "cades",
        Form::Pades => "pades",
        Form::Pkcs7 => "pkcs7",
    }
}

/// Why there is no policy in a text, with the line where that can be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAPolicy {
    file: Option<String>,
    line: Option<usize>,
    why: String,
}

impl NotAPolicy {
    /// The line of the mistake, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    pub(super) fn whole(why: String) -> Self {
        Self { file: None, line: None, why }
    }

    pub(super) fn at(line: usize, why: String) -> Self {
        Self { file: None, line: Some(line), why }
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self::whole(format!("no policy `{name}`{}", instead(name, Policy::BUILT_IN)))
    }

    pub(super) fn unreadable(file: &str, error: &std::io::Error) -> Self {
        let known = instead(file, Policy::BUILT_IN);
        Self::whole(format!("no policy `{file}` is built in{known}; nor is it a file to read: {error}"))
    }

    pub(super) fn in_file(self, file: &str) -> Self {
        Self { file: Some(file.to_owned()), ..self }
    }
}

impl fmt::Display for NotAPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("policy: ")?;
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for NotAPolicy {}

/// Reads a policy; with it the line of its name.
pub(super) fn policy(text: &str) -> Result<(Policy, usize), NotAPolicy> {
    let reader = Reader { text };
    let document = DeTable::parse(text).map_err(|error| NotAPolicy {
        file: None,
        line: error.span().map(|span| reader.line(&span)),
        why: error.message().to_owned(),
    })?;
    let document = document.get_ref();
    let base = match document.iter().find(|(key, _)| key.get_ref() == "extends") {
        None => Policy::default(),
        Some((_, value)) => {
            let name = reader.string(value, "the name of a policy")?;
            Policy::built_in(name).map_err(|error| reader.wrong(value, error.why))?
        }
    };
    let mut policy = Policy { name: String::new(), ..base };
    let mut named = None;
    for (key, value) in document {
        match &**key.get_ref() {
            "extends" => {}
            "name" => {
                policy.name = reader.name(value)?;
                named = Some(value);
            }
            "formats" => policy.formats = reader.some_of(value, FORMS, form_name)?,
            "qualification" => reader.qualification(value, &mut policy)?,
            "freshness" => reader.freshness(value, &mut policy)?,
            "lists" => reader.lists(value, &mut policy)?,
            "checks" => reader.checks(value, &mut policy)?,
            "algorithms" => reader.algorithms(value, &mut policy.algorithms)?,
            other => return Err(reader.unknown(key, "key", other, KEYS)),
        }
    }
    match named {
        Some(value) => Ok((policy, reader.line(&value.span()))),
        None => Err(NotAPolicy::whole("`name` is missing".into())),
    }
}

const KEYS: [&str; 8] =
    ["name", "extends", "formats", "qualification", "freshness", "lists", "checks", "algorithms"];

type Key<'t> = Spanned<std::borrow::Cow<'t, str>>;
type Value<'t> = Spanned<DeValue<'t>>;

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1)
    }

    fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>) -> NotAPolicy {
        NotAPolicy::at(self.line(&at.span()), why.into())
    }

    fn expected(&self, value: &Value<'_>, expected: &str) -> NotAPolicy {
        let found = match value.get_ref() {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other => other.type_str().to_owned(),
        };
        self.wrong(value, format!("expected {expected}, found {found}"))
    }

    fn unknown<const N: usize>(&self, key: &Key<'_>, kind: &str, name: &str, known: [&str; N]) -> NotAPolicy {
        self.wrong(key, format!("unknown {kind} `{name}`{}", instead(name, known)))
    }

    fn table<'v, 't>(&self, value: &'v Value<'t>) -> Result<&'v DeTable<'t>, NotAPolicy> {
        value.get_ref().as_table().ok_or_else(|| self.expected(value, "a table"))
    }

    fn string<'v>(&self, value: &'v Value<'_>, what: &str) -> Result<&'v str, NotAPolicy> {
        value.get_ref().as_str().ok_or_else(|| self.expected(value, what))
    }

    /// A name goes into verdicts and queries.
    fn name(&self, value: &Value<'_>) -> Result<String, NotAPolicy> {
        let what = "a name of 1 to 64 letters, digits, `-`, `_` and `.`";
        let name = self.string(value, what)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return Err(self.expected(value, what));
        }
        Ok(name.to_owned())
    }

    /// Some of a fixed set, in the set's order.
    fn some_of<T: Copy, const N: usize>(
        &self,
        value: &Value<'_>,
        all: [T; N],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>, NotAPolicy> {
        let names = all.map(&name);
        let list = value.get_ref().as_array().ok_or_else(|| self.expected(value, "an array of names"))?;
        let mut chosen = Vec::new();
        for entry in list.iter() {
            let found = self.string(entry, "a name")?;
            if !names.contains(&found) {
                return Err(self.wrong(entry, format!("unknown name `{found}`{}", instead(found, names))));
            }
            chosen.push(found);
        }
        if chosen.is_empty() {
            return Err(self.wrong(value, "nothing would be accepted"));
        }
        Ok(all.into_iter().filter(|one| chosen.contains(&name(*one))).collect())
    }

    fn qualification(&self, value: &Value<'_>, policy: &mut Policy) -> Result<(), NotAPolicy> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "accepted" => {
                    let mut all = [SignatureQualification::NotApplicable; 10];
                    let known =
                        SignatureQualification::ON_QUALIFIED.iter().chain(&SignatureQualification::ON_OTHERS);
                    all.iter_mut().zip(known).for_each(|(place, one)| *place = *one);
                    policy.qualifications = self.some_of(value, all, SignatureQualification::as_str)?;
                }
                other => return Err(self.unknown(key, "key", other, ["accepted"])),
            }
        }
        Ok(())
    }

    fn freshness(&self, value: &Value<'_>, policy: &mut Policy) -> Result<(), NotAPolicy> {
        for (key, value) in self.table(value)? {
            let freshness = &mut policy.freshness;
            match &**key.get_ref() {
                "at" => freshness.at = self.one_of(value, &FreshAt::ALL)?,
                "signer-days" => freshness.signer_days = self.days(value)?,
                "authority-days" => freshness.authority_days = self.days(value)?,
                other => {
                    return Err(self.unknown(key, "key", other, ["at", "signer-days", "authority-days"]));
                }
            }
        }
        Ok(())
    }

    fn lists(&self, value: &Value<'_>, policy: &mut Policy) -> Result<(), NotAPolicy> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "grace-days" => policy.list_grace_days = self.days(value)?,
                other => return Err(self.unknown(key, "key", other, ["grace-days"])),
            }
        }
        Ok(())
    }

    fn days(&self, value: &Value<'_>) -> Result<u32, NotAPolicy> {
        let number = value.get_ref().as_integer();
        let days = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        days.filter(|days| *days <= 36_525)
            .ok_or_else(|| self.expected(value, "a number of days, 0 to 36525"))
    }

    fn one_of<T: Copy>(&self, value: &Value<'_>, all: &[(&'static str, T)]) -> Result<T, NotAPolicy> {
        let found = value.get_ref().as_str();
        let known = all.iter().find(|(name, _)| found == Some(*name));
        known.map(|(_, one)| *one).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            self.expected(value, &format!("one of {}", names.join(", ")))
        })
    }

    fn checks(&self, value: &Value<'_>, policy: &mut Policy) -> Result<(), NotAPolicy> {
        for (key, value) in self.table(value)? {
            let name = &**key.get_ref();
            let Some(check) = Check::ALL.iter().copied().find(|check| check.name() == name) else {
                let names = Check::ALL.iter().map(|check| check.name());
                let mut hint = instead(name, names);
                if hint.is_empty() {
                    hint.push_str("; `sealgate policy show` lists all");
                }
                return Err(self.wrong(key, format!("unknown check `{name}`{hint}")));
            };
            let levels = self.levels(value, policy.levels(check))?;
            if check.fixed() && levels != Levels::everywhere(Level::Fail) {
                return Err(self.wrong(value, format!("`{name}` is always FAIL: nothing holds without it")));
            }
            policy.set_levels(check, levels);
        }
        Ok(())
    }

    /// A level for every place, or a table of levels by place: what says more of the place counts.
    fn levels(&self, value: &Value<'_>, inherited: Levels) -> Result<Levels, NotAPolicy> {
        let DeValue::Table(table) = value.get_ref() else {
            return Ok(Levels::everywhere(self.one_of(value, &Level::ALL)?));
        };
        for (key, _) in table {
            let name = &**key.get_ref();
            if name != "level" && !places().any(|(known, ..)| known == name) {
                let known = std::iter::once("level".to_owned()).chain(places().map(|(known, ..)| known));
                let known: Vec<String> = known.collect();
                let known = instead(name, known.iter().map(String::as_str));
                return Err(self.wrong(key, format!("unknown place `{name}`{known}")));
            }
        }
        let mut levels = inherited;
        let level = |name: &str| {
            let found = table.iter().find(|(key, _)| key.get_ref() == name);
            found.map(|(_, value)| self.one_of(value, &Level::ALL)).transpose()
        };
        if let Some(level) = level("level")? {
            levels = Levels::everywhere(level);
        }
        for (name, scope, position) in places() {
            if let Some(level) = level(&name)? {
                levels = levels.with(scope, position, level);
            }
        }
        Ok(levels)
    }

    fn algorithms(&self, value: &Value<'_>, algorithms: &mut Algorithms) -> Result<(), NotAPolicy> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "forecasts-after" => {
                    algorithms.forecasts_after = match self.end(value, "a date, or \"never\"")? {
                        End::At(time) => Some(time),
                        End::Never => None,
                        End::Unlimited => return Err(self.expected(value, "a date, or \"never\"")),
                    };
                }
                "digests" => {
                    for (key, value) in self.table(value)? {
                        let digest = DIGESTS.into_iter().find(|digest| digest.name() == key.get_ref());
                        let names = DIGESTS.map(DigestAlgorithm::name);
                        let unknown = || self.unknown(key, "digest algorithm", key.get_ref(), names);
                        algorithms.digests.insert(digest.ok_or_else(unknown)?, self.end(value, AN_END)?);
                    }
                }
                "keys" => {
                    for (key, value) in self.table(value)? {
                        let scheme = SCHEMES.into_iter().find(|scheme| scheme == key.get_ref());
                        let unknown = || self.unknown(key, "signature scheme", key.get_ref(), SCHEMES);
                        let sizes = algorithms.keys.entry(scheme.ok_or_else(unknown)?).or_default();
                        for (key, value) in self.table(value)? {
                            let size = key.get_ref().parse().ok().filter(|size| *size <= 65_536_usize);
                            let wrong = || self.wrong(key, "expected a size in bits, 0 to 65536, as the key");
                            sizes.insert(size.ok_or_else(wrong)?, self.end(value, AN_END)?);
                        }
                    }
                }
                other => return Err(self.unknown(key, "key", other, ["forecasts-after", "digests", "keys"])),
            }
        }
        Ok(())
    }

    fn end(&self, value: &Value<'_>, what: &str) -> Result<End, NotAPolicy> {
        let end = match value.get_ref() {
            DeValue::String(text) if text == "never" => Some(End::Never),
            DeValue::String(text) if text == "unlimited" => Some(End::Unlimited),
            DeValue::Datetime(time) => {
                // A bare date is its first moment in UTC.
                let rest = if time.time.is_none() { "T00:00:00Z" } else { "" };
                Time::parse_rfc3339(&format!("{time}{rest}")).map(End::At)
            }
            _ => None,
        };
        end.ok_or_else(|| self.expected(value, what))
    }
}

const AN_END: &str = "a date (2029-01-01 or 2029-01-01T00:00:00Z), \"unlimited\" or \"never\"";

impl FreshAt {
    /// All, as policies write them.
    pub(super) const ALL: [(&'static str, Self); 2] =
        [("validation-time", Self::ValidationTime), ("best-signature-time", Self::BestSignatureTime)];
}

/// Every place by name, those that say less first.
pub(super) fn places() -> impl Iterator<Item = (String, Option<Scope>, Option<Position>)> {
    let positions = Position::ALL.into_iter().map(|(name, one)| (name.to_owned(), None, Some(one)));
    let scopes = Scope::ALL.into_iter().map(|(name, one)| (name.to_owned(), Some(one), None));
    let both = Scope::ALL.into_iter().flat_map(|(scope_name, scope)| {
        let within = move |(name, one)| (format!("{scope_name}-{name}"), Some(scope), Some(one));
        Position::ALL.into_iter().map(within)
    });
    positions.chain(scopes).chain(both)
}
