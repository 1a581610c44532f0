//! The verdict as text for a terminal: the answer first, then what speaks against it.

use super::palette::{Palette, painted};
use super::tree::write_tree;
use super::trust::last_part;
use super::{Contained, ContainerSummary, Decision, Seal, StandaloneTimestamp, Verdict};
use crate::catalogue::Words;
use crate::credential::{Annex, CheckedCredential, Text};
use crate::finding::{Finding, Status};
use std::io::{self, Write};

/// How a verdict is written for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// In which colours.
    pub palette: Palette,
    /// Whether all that was looked at on a seal is shown, as a tree, with what it means.
    pub explain: bool,
}

impl Manner {
    /// Text alone, and of the findings those that speak against the seal.
    pub const PLAIN: Self = Self { palette: Palette::PLAIN, explain: false };
}

/// Writes the verdict for a person.
///
/// # Errors
/// Those of the writer.
pub fn write_text(verdict: &Verdict, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    let name = verdict.file.as_deref().unwrap_or("(input)");
    let palette = &manner.palette;
    let word = painted(palette.overall(verdict.verdict), verdict.verdict.as_str().to_uppercase());
    writeln!(out, "{}: {word}", painted(palette.strong, plain(name)))?;
    let parts = Parts {
        error: verdict.error.as_ref(),
        seals: &verdict.seals,
        timestamps: &verdict.timestamps,
        credential: verdict.credential.as_ref(),
        contained: &verdict.contained,
        container: verdict.container.as_ref(),
        decision: &verdict.decision,
    };
    write_parts(&parts, manner, out)?;
    for trust in std::iter::once(&verdict.trust).chain(&verdict.further_trust) {
        write!(out, "  Trust: {}, {} lists", trust.domain, trust.lists)?;
        if let Some(sequence) = trust.lotl_sequence {
            write!(out, ", list of lists no. {sequence}")?;
        }
        if !trust.expired.is_empty() {
            write!(out, "; past their next update: {}", trust.expired.join(" "))?;
        }
        if !trust.missing.is_empty() {
            write!(out, "; missing: {}", trust.missing.join(" "))?;
        }
        writeln!(out, "; at {}", verdict.validation_time)?;
    }
    Ok(())
}

/// What a document and a credential in it have in common.
struct Parts<'v> {
    error: Option<&'v Words>,
    seals: &'v [Seal],
    timestamps: &'v [StandaloneTimestamp],
    credential: Option<&'v CheckedCredential>,
    contained: &'v [Contained],
    container: Option<&'v ContainerSummary>,
    decision: &'v Decision,
}

/// Writes them; a contained one is indented under its place.
fn write_parts(parts: &Parts<'_>, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    let Parts { error, seals, timestamps, credential, contained, container, decision } = *parts;
    let palette = &manner.palette;
    if let Some(error) = error {
        writeln!(out, "  {}", plain(&error.to_string()))?;
    }
    for seal in seals {
        write_seal(seal, manner, out)?;
    }
    for stamp in timestamps {
        write_timestamp(stamp, palette, out)?;
    }
    for file in container.into_iter().flat_map(|container| &container.files) {
        let by =
            if file.sealed_by.is_empty() { "no seal".to_owned() } else { plain(&file.sealed_by.join(", ")) };
        writeln!(out, "  File: {}, {} bytes: {by}", plain(&file.name), file.bytes)?;
    }
    for record in container.into_iter().flat_map(|container| &container.evidence_records) {
        let (over, differing) = (record.covers.len(), record.differing.len());
        writeln!(
            out,
            "  Evidence record, not evaluated: {}: over {over} files, {differing} of its manifest's differ",
            plain(&record.name)
        )?;
    }
    if let Some(credential) = credential {
        write_credential(credential, out)?;
    }
    for one in contained {
        let word = painted(palette.overall(one.verdict), one.verdict.as_str().to_uppercase());
        writeln!(out, "  Contained: {}: {word}", plain(&one.place))?;
        let mut within = Vec::new();
        if one.sealed_from_outside && !one.seals.is_empty() {
            writeln!(within, "  No seal of its own: those around it count")?;
        }
        let parts = Parts {
            error: one.error.as_ref(),
            seals: if one.sealed_from_outside { &[] } else { one.seals.as_slice() },
            timestamps: &one.timestamps,
            credential: one.credential.as_ref(),
            contained: &one.contained,
            container: one.container.as_ref(),
            decision: &one.decision,
        };
        write_parts(&parts, manner, &mut within)?;
        for line in String::from_utf8_lossy(&within).lines() {
            writeln!(out, "  {line}")?;
        }
    }
    writeln!(out, "  Decision: {}", painted(palette.outcome(decision.outcome), decision.outcome.as_str()))?;
    for one in &decision.explanations {
        let word = painted(palette.outcome(one.outcome), one.outcome.as_str());
        writeln!(out, "    {word}: {} [{}]", plain(&one.text.to_string()), one.reason)?;
    }
    Ok(())
}

fn write_seal(seal: &Seal, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    let palette = &manner.palette;
    let kind = if seal.counter_signature { "Counter-signature" } else { "Seal" };
    let indication = painted(palette.indication(seal.indication), seal.indication.unwrap_or("no verdict"));
    write!(out, "  {kind}: {indication}")?;
    if let Some(sub) = seal.sub_indication {
        write!(out, ", {sub}")?;
    }
    writeln!(out, "; {}; {}", seal.qualification, seal.level)?;
    if let Some(by) = &seal.sealed_by {
        let parts = [&by.common_name, &by.organisation, &by.organisation_identifier, &by.country];
        let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        writeln!(out, "    Sealed by: {}", plain(&parts.join(", ")))?;
    }
    if let Some(time) = seal.claimed_signing_time {
        writeln!(out, "    Claimed signing time: {time}; proven to exist by: {}", seal.best_signature_time)?;
    }
    if let Some(service) = &seal.trusted_service {
        writeln!(
            out,
            "    Trusted service: {}, {} ({}, {}, {})",
            plain(&service.provider),
            plain(&service.service),
            service.territory,
            last_part(&service.service_type, "Svctype/"),
            service.status
        )?;
    }
    if manner.explain {
        return write_tree(seal, palette, out);
    }
    write_findings(&seal.findings, palette, out)
}

/// A time-stamp that belongs to no seal.
fn write_timestamp(stamp: &StandaloneTimestamp, palette: &Palette, out: &mut dyn Write) -> io::Result<()> {
    let summary = &stamp.summary;
    write!(out, "  Time-stamp without a seal: {}", summary.indication)?;
    if let Some(sub) = summary.sub_indication {
        write!(out, ", {sub}")?;
    }
    let time = summary.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
    writeln!(out, "; {}; {time}; {}", summary.qualification, plain(&stamp.place))?;
    if let Some(by) = &summary.produced_by {
        writeln!(out, "    Produced by: {}", plain(by))?;
    }
    if let Some(coverage) = &stamp.coverage {
        writeln!(
            out,
            "    Over: revision {} of {}: {}",
            coverage.revision,
            coverage.revisions,
            coverage.scope.as_str()
        )?;
    }
    for name in &stamp.covers {
        writeln!(out, "    Over: {}", plain(name))?;
    }
    for name in &stamp.differing {
        writeln!(out, "    Listed, and differs or is missing: {}", plain(name))?;
    }
    write_findings(&stamp.findings, palette, out)
}

fn write_findings(findings: &[Finding], palette: &Palette, out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        let mark = match finding.status {
            Status::Failed => "FAILED",
            Status::Warning => "warning",
            Status::Passed | Status::NotRun => continue,
        };
        let (mark, detail) = (painted(palette.status(finding.status), mark), finding.detail.to_string());
        writeln!(out, "    {mark}: {}: {} [{}]", finding.check, plain(&detail), finding.clause)?;
    }
    Ok(())
}

fn write_credential(checked: &CheckedCredential, out: &mut dyn Write) -> io::Result<()> {
    let credential = &checked.credential;
    let mut line = |name: &str, text: Option<&str>| match text {
        Some(text) => writeln!(out, "  {name}: {}", plain(text)),
        None => Ok(()),
    };
    line("Credential", credential.title.as_ref().and_then(Text::chosen))?;
    line("  Profile", credential.profile.as_deref())?;
    let issuer = credential.issuer.as_ref();
    line(
        "  Issuer by its own words",
        issuer.and_then(|i| i.legal_name.as_ref().and_then(Text::chosen).or(i.id.as_deref())),
    )?;
    line(
        "  Learner",
        credential.learner.as_ref().and_then(|learner| learner.full_name.as_ref().and_then(Text::chosen)),
    )?;
    for achievement in &credential.achievements {
        line("  Achievement", achievement.title.as_ref().and_then(Text::chosen))?;
    }
    for check in &checked.checks {
        line("  Check", Some(&format!("{} {}: {}", check.kind.name(), check.status.as_str(), check.reason)))?;
    }
    for (name, table) in [("Annex I", &checked.annex_i), ("EQF Annex VI", &checked.eqf_annex_vi)] {
        if let Some(table) = table {
            write_annex(name, table, out)?;
        }
    }
    Ok(())
}

/// A table of standard elements: what is there with its value, what is absent.
fn write_annex(name: &str, table: &Annex, out: &mut dyn Write) -> io::Result<()> {
    let word = if table.complete { "complete" } else { "incomplete" };
    writeln!(out, "    {name}: {word}")?;
    for one in &table.elements {
        let kind = if one.mandatory { "mandatory" } else { "optional" };
        let (mark, value) = match (one.present, &one.value) {
            (false, _) => ("-", "absent"),
            (true, None) => ("+", "(not shown)"),
            (true, Some(value)) => ("+", value.as_str()),
        };
        writeln!(out, "      {mark} {:<56} {kind:<9} {}", one.element, plain(value))?;
    }
    Ok(())
}

/// Text from outside without control or direction characters, which could forge lines on a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_cannot_forge_a_line_or_turn_the_text() {
        assert_eq!(plain("A\n  Seal: TOTAL-PASSED\u{202e}x\u{1b}[2J"), "A   Seal: TOTAL-PASSED x [2J");
    }
}
