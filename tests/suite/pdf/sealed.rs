//! Seals PDF files of the tests' writer: PAdES-BASELINE-B by a key of the demonstration domain.

use super::writer::{Writer, page_object};
use crate::demo;
use crate::demo::Sealer;
use crate::demo::cades::Sealed;
pub(super) use crate::demo::pdf::fill;
use crate::support::{demo_pipeline_of, verify};
use sealgate::pipeline::Pipeline;
use sealgate::report::Verdict;
use std::sync::OnceLock;

pub(super) const NOW: &str = "2026-11-22T00:00:00Z";

/// Hexadecimal digits reserved for Contents.
const ROOM: usize = 16_000;

/// What is in the sealed revision beside the page and the seal.
#[derive(Clone, Default)]
pub(crate) struct Parts<'p> {
    pub(crate) catalog: &'p str,
    pub(crate) fields: &'p str,
    pub(crate) page: &'p str,
    pub(crate) annotations: &'p str,
    /// Further entries of the signature dictionary.
    pub(crate) dictionary: &'p str,
    pub(crate) objects: Vec<(u32, Vec<u8>)>,
}

pub(super) fn pipeline() -> &'static Pipeline {
    static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
    PIPELINE.get_or_init(|| demo_pipeline_of(demo::shared()))
}

pub(super) fn check(bytes: &[u8]) -> Verdict {
    verify(pipeline(), bytes, NOW)
}

pub(super) fn catalog(parts: &Parts<'_>, fields: &str) -> Vec<u8> {
    format!(
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{} {fields}] /SigFlags 3 >> {} >>",
        parts.fields, parts.catalog
    )
    .into_bytes()
}

/// A page, and in a second revision the seal: 20 the signature dictionary, 21 its invisible field.
pub(crate) fn seal(parts: &Parts<'_>) -> Writer {
    let mut writer = Writer::page("", "");
    seal_on(&mut writer, parts);
    writer
}

pub(crate) fn seal_on(writer: &mut Writer, parts: &Parts<'_>) {
    let dictionary = format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260801000000Z) {} \
         /ByteRange [0 0000000000 0000000000 0000000000] /Contents <{}> >>",
        parts.dictionary,
        "0".repeat(ROOM)
    );
    let field =
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /V 20 0 R /P 3 0 R /Rect [0 0 0 0] /F 132 >>";
    let mut objects = vec![
        (1, catalog(parts, "21 0 R")),
        (3, page_object(&format!("/Annots [21 0 R {}] {}", parts.annotations, parts.page))),
        (20, dictionary.into_bytes()),
        (21, field.as_bytes().to_vec()),
    ];
    objects.extend(parts.objects.iter().cloned());
    writer.table(&objects);
    fill(&mut writer.bytes, cms);
}

/// A detached CAdES signature.
pub(super) fn cms(covered: &[u8]) -> Vec<u8> {
    Sealed::for_pdf(demo::shared(), covered, Sealer::Compact).bytes()
}
