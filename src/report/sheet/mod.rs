//! A verdict in words, in one language: the blocks that the HTML and the PDF report both show.

mod answer;
mod credential;
mod envelope;
mod seal;

pub(super) use answer::told;

use super::{Contained, ContainerSummary, Decision, Overall, Seal, StandaloneTimestamp, Verdict};
use crate::catalogue::{Language, Words};
use crate::credential::{CheckedCredential, Text};
use crate::excerpt::excerpt;
use crate::time::Time;

/// Characters of a value that are shown.
const LONGEST: usize = 1000;

/// A report before it has a form.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) language: Language,
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// A part of a report.
#[derive(Debug)]
pub(super) enum Block {
    /// A heading of this level, from 2 on.
    Heading(u8, String),
    /// The answer, and what it is.
    Answer(Overall, String),
    Text(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    Table(Table),
}

/// A table whose first row names the columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) caption: String,
    /// Names and shares of the width.
    pub(super) columns: Vec<(String, u8)>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Of a verdict.
    pub(super) fn of(verdict: &Verdict, language: Language) -> Self {
        let title = language.text("report.title").to_owned();
        let mut writer = Writer { language, verdict, blocks: Vec::new() };
        writer.blocks.push(Block::Answer(verdict.verdict, answer::sentence(verdict, language)));
        writer.about();
        writer.part(&Part::of(verdict), 2);
        Self { language, title, blocks: writer.blocks }
    }
}

/// What a document and a credential in it have in common.
struct Part<'v> {
    error: Option<&'v Words>,
    seals: &'v [Seal],
    sealed_from_outside: bool,
    timestamps: &'v [StandaloneTimestamp],
    credential: Option<&'v CheckedCredential>,
    contained: &'v [Contained],
    container: Option<&'v ContainerSummary>,
    decision: &'v Decision,
}

impl<'v> Part<'v> {
    fn of(verdict: &'v Verdict) -> Self {
        Self {
            error: verdict.error.as_ref(),
            seals: &verdict.seals,
            sealed_from_outside: false,
            timestamps: &verdict.timestamps,
            credential: verdict.credential.as_ref(),
            contained: &verdict.contained,
            container: verdict.container.as_ref(),
            decision: &verdict.decision,
        }
    }

    fn within(contained: &'v Contained) -> Self {
        Self {
            error: contained.error.as_ref(),
            seals: &contained.seals,
            sealed_from_outside: contained.sealed_from_outside,
            timestamps: &contained.timestamps,
            credential: contained.credential.as_ref(),
            contained: &contained.contained,
            container: contained.container.as_ref(),
            decision: &contained.decision,
        }
    }
}

struct Writer<'v> {
    language: Language,
    verdict: &'v Verdict,
    blocks: Vec<Block>,
}

impl<'v> Writer<'v> {
    fn text(&self, key: &str) -> String {
        self.language.text(key).to_owned()
    }

    /// The text of a key made from a value; the value where the catalogue does not know it.
    fn named(&self, prefix: &str, value: &str) -> String {
        self.language.find(&format!("{prefix}.{value}")).unwrap_or(value).to_owned()
    }

    /// ETSI's word for what came of a seal or a time-stamp.
    fn indication(&self, word: &str) -> String {
        self.named("verdict", &word.trim_start_matches("TOTAL-").to_lowercase())
    }

    fn heading(&mut self, level: u8, text: String) {
        self.blocks.push(Block::Heading(level, text));
    }

    /// Facts under their names; those without a value are left out.
    fn facts(&mut self, facts: Vec<(&str, Option<String>)>) {
        let named = facts.into_iter().filter_map(|(key, value)| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            Some((self.text(key), short(&value)))
        });
        let facts: Vec<_> = named.collect();
        if !facts.is_empty() {
            self.blocks.push(Block::Facts(facts));
        }
    }

    fn table(&mut self, caption: String, columns: &[(&str, u8)], rows: Vec<Vec<String>>) {
        if !rows.is_empty() {
            let columns = columns.iter().map(|(key, share)| (self.text(key), *share)).collect();
            let rows = rows.iter().map(|row| row.iter().map(|cell| short(cell)).collect()).collect();
            self.blocks.push(Block::Table(Table { caption, columns, rows }));
        }
    }

    /// What was checked, and on what the verdict rests.
    fn about(&mut self) {
        let verdict = self.verdict;
        let decision = &verdict.decision;
        let word = self.named("decision", decision.outcome.as_str());
        let by = self.language.fill("decision.policy", &[("policy", &decision.policy)]);
        let mut facts = vec![
            ("table.file", verdict.file.clone()),
            ("report.original", verdict.original.map(|original| hex::encode(original.sha256))),
            ("table.size", verdict.original.map(|original| format!("{} B", original.bytes))),
            ("table.verdict", Some(self.named("verdict", verdict.verdict.as_str()))),
            ("decision.title", Some(format!("{word} ({by})"))),
            ("foot.checked", Some(moment(verdict.validation_time))),
            ("foot.policy", Some(verdict.policy.clone())),
            ("report.software", Some(concat!("Sealgate ", env!("CARGO_PKG_VERSION")).to_owned())),
        ];
        for trust in std::iter::once(&verdict.trust).chain(&verdict.further_trust) {
            facts.push(("trust.domain", Some(trust.domain.clone())));
            facts.push(("foot.snapshot", Some(trust.snapshot.clone())));
            let mut lists = vec![self.language.fill("foot.lists", &[("count", &trust.lists.to_string())])];
            for (key, territories) in [("foot.expired", &trust.expired), ("foot.missing", &trust.missing)] {
                if !territories.is_empty() {
                    lists.push(self.language.fill(key, &[("territories", &territories.join(" "))]));
                }
            }
            facts.push(("trust.title", Some(lists.join("; "))));
        }
        self.facts(facts);
    }

    fn part(&mut self, part: &Part<'v>, level: u8) {
        self.against(part, level);
        if !part.sealed_from_outside {
            for (index, seal) in part.seals.iter().enumerate() {
                self.seal(seal, index.saturating_add(1), level);
            }
        }
        self.standalone(part.timestamps);
        if let Some(container) = part.container {
            self.container(container, part.seals);
        }
        if let Some(credential) = part.credential {
            self.credential(credential, level);
        }
        for one in part.contained {
            let heading = self.language.fill("credential.contained", &[("place", &one.place)]);
            let verdict = self.named("verdict", one.verdict.as_str());
            self.heading(level, format!("{heading}: {verdict}"));
            // Headings go no deeper than readers follow.
            self.part(&Part::within(one), level.saturating_add(1).min(4));
        }
    }

    /// What speaks against it.
    fn against(&mut self, part: &Part<'_>, level: u8) {
        let mut rows: Vec<String> =
            part.error.iter().map(|error| error.text(self.language).into_owned()).collect();
        for one in &part.decision.explanations {
            let own = self.language.find(&format!("reason.{}", one.reason));
            rows.push(own.map_or_else(|| one.text.text(self.language).into_owned(), str::to_owned));
        }
        for seal in part.seals.iter().filter(|_| !part.sealed_from_outside) {
            rows.extend(seal.sub_indication.map(|sub| self.named("sub", sub)));
        }
        rows.dedup();
        self.heading(level, self.text("against.title"));
        if rows.is_empty() {
            rows.push(self.text("against.none"));
        }
        self.blocks.extend(rows.iter().map(|row| Block::Text(short(row))));
    }

    /// A text in the report's language where the credential has it, else as for everybody.
    fn of_text(&self, text: &Text) -> Option<String> {
        let tag = self.language.tag();
        let own = text.0.iter().find(|(language, _)| language.split('-').next() == Some(tag));
        own.map(|(_, text)| text.as_str()).or_else(|| text.chosen()).map(str::to_owned)
    }
}

/// A value, cut where it is long.
fn short(text: &str) -> String {
    match excerpt(text, LONGEST) {
        cut if cut.len() < text.len() => format!("{cut}…"),
        whole => whole.to_owned(),
    }
}

/// A point in time for people: `2026-11-22 00:00:00 UTC`.
fn moment(time: Time) -> String {
    let text = time.to_string();
    match text.strip_suffix('Z').and_then(|text| text.split_once('T')) {
        Some((date, clock)) => format!("{date} {clock} UTC"),
        None => text,
    }
}

/// The day of a point in time, in UTC.
fn day(time: Time) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Kind;
    use crate::trust::qualification::SignatureQualification;
    use crate::validation::SubIndication;
    use crate::validation::check::Check;
    use std::collections::BTreeSet;

    #[test]
    fn everything_that_a_verdict_can_say_has_its_text() {
        let sub = SubIndication::ALL.iter().map(|one| format!("sub.{one}"));
        let checks = Check::ALL.iter().map(|one| format!("finding.{}", one.name()));
        let kinds = Kind::ALL.iter().map(|one| format!("check.{}", one.name()));
        let grades = SignatureQualification::ALL.iter().map(|one| one.as_str());
        let grades = grades.filter(|one| !one.starts_with("Indeterminate "));
        let grades = grades.map(|one| format!("qualification.{one}"));
        let all: BTreeSet<String> = sub.chain(checks).chain(kinds).chain(grades).collect();
        let without: Vec<_> =
            all.iter().filter(|key| Language::English.find(key.as_str()).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
