//! Verdicts as a table (RFC 4180): a line for each file.

use super::Verdict;
use super::sheet::told;
use crate::credential::{CheckStatus, Text};
use std::io::{self, Write};

/// The columns: stable within `/v1`; what is added is added behind.
pub const CSV_COLUMNS: [&str; 20] = [
    "file",
    "verdict",
    "decision",
    "reasons",
    "format",
    "seals",
    "indication",
    "sub_indication",
    "qualification",
    "level",
    "sealed_by",
    "organisation_identifier",
    "country",
    "best_signature_time",
    "title",
    "learner",
    "issuer",
    "failed_checks",
    "validation_time",
    "error",
];

/// Writes the names of the columns.
///
/// # Errors
/// Those of the writer.
pub fn write_csv_head(out: &mut dyn Write) -> io::Result<()> {
    line(&CSV_COLUMNS.map(str::to_owned), out)
}

/// Writes the line of one verdict: the seal that a report's answer is about stands for all.
///
/// # Errors
/// Those of the writer.
pub fn write_csv(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let seals = verdict.seals.iter().chain(verdict.contained.iter().flat_map(|one| &one.seals)).count();
    let (seal, credential) = told(verdict);
    let by = seal.and_then(|seal| seal.sealed_by.as_ref());
    let checked = credential.or_else(|| verdict.contained.first()?.credential.as_ref());
    let credential = checked.map(|checked| &checked.credential);
    let chosen = |text: Option<&Text>| text.and_then(Text::chosen).unwrap_or_default().to_owned();
    let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
    let failed = checked.into_iter().flat_map(|checked| &checked.checks);
    let failed = failed.filter(|check| check.status == CheckStatus::Error).map(|check| check.kind.name());
    let fields = [
        word(verdict.file.as_deref()),
        verdict.verdict.as_str().to_owned(),
        verdict.decision.outcome.as_str().to_owned(),
        verdict.decision.reasons.join(" "),
        word(verdict.format),
        seals.to_string(),
        word(seal.and_then(|seal| seal.indication)),
        word(seal.and_then(|seal| seal.sub_indication)),
        word(seal.map(|seal| seal.qualification.as_str())),
        word(seal.map(|seal| seal.level.as_str())),
        word(by.and_then(|by| by.organisation.as_deref().or(by.common_name.as_deref()))),
        word(by.and_then(|by| by.organisation_identifier.as_deref())),
        word(by.and_then(|by| by.country.as_deref())),
        seal.map(|seal| seal.best_signature_time.to_string()).unwrap_or_default(),
        chosen(credential.and_then(|credential| credential.title.as_ref())),
        chosen(credential.and_then(|credential| credential.learner.as_ref()?.full_name.as_ref())),
        chosen(credential.and_then(|credential| credential.issuer.as_ref()?.legal_name.as_ref())),
        failed.collect::<Vec<_>>().join(" "),
        verdict.validation_time.to_string(),
        verdict.error.as_ref().map(ToString::to_string).unwrap_or_default(),
    ];
    line(&fields, out)
}

/// Writes the line of something on which there is no verdict.
///
/// # Errors
/// Those of the writer.
pub fn write_csv_problem(file: &str, why: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut fields: [String; 20] = Default::default();
    if let Some(first) = fields.first_mut() {
        file.clone_into(first);
    }
    if let Some(last) = fields.last_mut() {
        why.clone_into(last);
    }
    line(&fields, out)
}

fn line(fields: &[String; 20], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(fields.iter().map(|field| harmless(field)))?;
    writer.flush()
}

/// A field that no spreadsheet takes for a formula: an apostrophe stands before what would begin one, at the start and, since
/// many European ones split at it, after each semicolon.
fn harmless(field: &str) -> String {
    let mut harmless = String::with_capacity(field.len());
    let mut begins = true;
    for c in super::text::plain(field).chars() {
        match c {
            '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' if begins => {
                harmless.push('\'');
                begins = false;
            }
            ';' => begins = true,
            c => begins &= c.is_whitespace() || c == '"',
        }
        harmless.push(c);
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn no_field_begins_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "  =x", "\t=x", "\r=x", "\u{ff1d}x"] {
            assert_eq!(harmless(text).trim_start().find('\''), Some(0), "{text}");
        }
        assert_eq!(harmless("a; \"=1;b"), "a; \"'=1;b");
        assert_eq!(harmless("University = Uni"), "University = Uni");
        assert_eq!(harmless("a\r\nb"), "a  b");
    }
}
