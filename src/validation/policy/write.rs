//! [`Policy`] → TOML text with a comment for each key.

use super::algorithms::{DIGESTS, SCHEMES};
use super::read::{form_name, places};
use super::{Algorithms, End, FreshAt, Level, Levels, Place, Policy, Position, Scope};
use crate::trust::qualification::SignatureQualification;
use crate::validation::check::Check;

const HEAD: &str = "\
# A validation policy of Sealgate, whole. A file may leave keys out: it has them from the policy that it names with
# `extends = \"NAME\"` (one built in), else from `default`.
";

const CHECKS: &str = "\
# What follows where a check does not hold: FAIL, WARN (it is reported, and validation goes on) or IGNORE. A level holds
# in every place; `{ level = \"FAIL\", authority = \"WARN\" }` tells places apart. `signer` is the certificate that signed,
# `authority` one above it; `signature`, `counter-signature`, `timestamp` and `revocation` say on whose chain; and
# `timestamp-authority` and the like say both. What says more of the place counts, a chain before a position.
";

const ALGORITHMS: &str = "\
# Until when algorithms may be relied on: a date, that moment included, \"unlimited\" or \"never\".
";

/// Writes a policy.
pub(super) fn policy(policy: &Policy) -> String {
    let mut out = Writer(String::from(HEAD));
    out.comment("The name that verdicts state. Another policy than the one built in needs another name.");
    out.pair("name", &quoted(&policy.name));
    out.comment("Forms of signatures that are accepted, where `format-accepted` asks.");
    out.pair("formats", &array(policy.formats.iter().map(|form| form_name(*form))));

    out.section("qualification", "");
    out.comment("What a passed seal must be called (TS 119 615, 4.6), where `qualification-accepted` asks.");
    let names = policy.qualifications.iter().copied().map(SignatureQualification::as_str);
    out.pair("accepted", &array(names));

    out.section("freshness", "# How old revocation data may be, where `revocation-data-fresh` asks.\n");
    out.comment(
        "The time that its age is counted to: \"validation-time\", where what is stale stays so, or\n\
         \"best-signature-time\", where what was issued after the signature is proven to exist is fresh enough.",
    );
    let at = FreshAt::ALL.iter().find(|(_, at)| *at == policy.freshness.at);
    out.pair("at", &quoted(at.map_or("", |(name, _)| name)));
    out.comment("Days since thisUpdate of data on the certificate that signed.");
    out.pair("signer-days", &policy.freshness.signer_days.to_string());
    out.comment(
        "Days since thisUpdate of data on a certificate above it: authorities report on these more rarely.",
    );
    out.pair("authority-days", &policy.freshness.authority_days.to_string());

    out.section("lists", "");
    out.comment(
        "Days past its NextUpdate for which a list counts as current, where `trusted-list-freshness` asks.",
    );
    out.pair("grace-days", &policy.list_grace_days.to_string());

    out.section("checks", CHECKS);
    for check in Check::ALL {
        let always = if check.fixed() { " Always FAIL." } else { "" };
        out.comment(&format!("{}: {}{always}", check.clause(), check.description()));
        out.pair(check.name(), &levels(policy.levels(*check)));
    }
    algorithms(&policy.algorithms, &mut out);
    out.0
}

fn algorithms(algorithms: &Algorithms, out: &mut Writer) {
    out.section("algorithms", ALGORITHMS);
    out.comment("Ends after this date were forecasts when the table was made: past them it only warns.");
    let date = algorithms.forecasts_after.map_or(End::Never, End::At);
    out.pair("forecasts-after", &end(date));
    out.section("algorithms.digests", "# Digest algorithms.\n");
    for digest in DIGESTS {
        out.pair(digest.name(), &end(algorithms.digests.get(&digest).copied().unwrap_or(End::Never)));
    }
    for scheme in SCHEMES {
        let head = format!("# Keys for {scheme}, from this size in bits up to the next row's.\n");
        out.section(&format!("algorithms.keys.{scheme}"), &head);
        for (size, until) in algorithms.keys.get(scheme).into_iter().flatten() {
            out.pair(&size.to_string(), &end(*until));
        }
    }
}

struct Writer(String);

impl Writer {
    fn section(&mut self, name: &str, head: &str) {
        self.0.push_str(&format!("\n{head}[{name}]\n"));
    }

    fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.0.push_str(&format!("# {line}\n"));
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{key} = {value}\n"));
    }
}

/// Names here have neither quotes nor backslashes.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn array<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(quoted).collect();
    format!("[{}]", names.join(", "))
}

fn end(end: End) -> String {
    match end {
        End::Never => quoted("never"),
        End::Unlimited => quoted("unlimited"),
        End::At(time) => time.to_string(),
    }
}

/// The fewest words that give these levels when read: the level of the signature's signer, then the places that
/// differ, the less particular first.
fn levels(levels: Levels) -> String {
    let base = levels.at(Place::SIGNATURE);
    let mut said = Levels::everywhere(base);
    let mut words = vec![format!("level = {}", quoted(base.as_str()))];
    for (name, scope, position) in places() {
        if let Some(level) = uniform(levels, scope, position) {
            let with = said.with(scope, position, level);
            if with != said {
                words.push(format!("{name} = {}", quoted(level.as_str())));
                said = with;
            }
        }
    }
    match words.as_slice() {
        [_] => quoted(base.as_str()),
        words => format!("{{ {} }}", words.join(", ")),
    }
}

/// The level of all places that a word names, if they have the same.
fn uniform(levels: Levels, scope: Option<Scope>, position: Option<Position>) -> Option<Level> {
    let scopes = Scope::ALL.into_iter().map(|(_, one)| one).filter(|one| scope.is_none_or(|s| s == *one));
    let mut found = scopes.flat_map(|scope| {
        let positions = Position::ALL.into_iter().map(|(_, one)| one);
        let positions = positions.filter(move |one| position.is_none_or(|p| p == *one));
        positions.map(move |position| levels.at(Place { scope, position }))
    });
    let first = found.next()?;
    found.all(|level| level == first).then_some(first)
}
