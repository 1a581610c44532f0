//! The report as a file: PDF/A-2a and PDF/UA-1, tagged, with its own font. The same verdict makes the same octets.

mod font;
mod layout;

use super::Verdict;
use super::sheet::Sheet;
use crate::catalogue::Language;
use crate::time::Time;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::{Document, SerializeSettings};
use layout::Layout;

/// Makes the report in a language.
///
/// # Errors
/// In words: a bug here, never the fault of a verdict.
pub fn pdf(verdict: &Verdict, language: Language) -> Result<Vec<u8>, String> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| format!("{error:?}"))?;
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let sheet = Sheet::of(verdict, language);
    let digest = verdict.original.map(|original| hex::encode(original.sha256)).unwrap_or_default();
    let mut metadata = Metadata::new()
        .title(sheet.title.clone())
        .language(language.tag().to_owned())
        .creator("Sealgate".to_owned())
        .producer(concat!("Sealgate ", env!("CARGO_PKG_VERSION")).to_owned())
        .document_id(format!(
            "{digest} {} {} {} {}",
            verdict.validation_time,
            verdict.trust.snapshot,
            verdict.policy,
            language.tag()
        ))
        .text_direction(TextDirection::LeftToRight);
    if let Some(date) = date(verdict.validation_time) {
        metadata = metadata.creation_date(date);
    }
    document.set_metadata(metadata);
    let footer = match digest.as_str() {
        "" => sheet.title.clone(),
        digest => format!("{}, SHA-256 {digest}", sheet.title),
    };
    Layout::new(&mut document, &sheet, &footer)?.write()?;
    document.finish().map_err(|error| format!("{error:?}"))
}

/// In UTC, to the second.
fn date(time: Time) -> Option<DateTime> {
    let text = time.to_string();
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let year = text.get(..4)?.parse::<u16>().ok()?;
    let date = DateTime::new(year).month(part(5..7)?).day(part(8..10)?);
    let date = date.hour(part(11..13)?).minute(part(14..16)?).second(part(17..19)?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}
