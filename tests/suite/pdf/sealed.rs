//! Seals PDF files of the tests' writer: PAdES-BASELINE-B by a key of the demonstration domain.

use super::writer::{Writer, page_object};
use crate::demo;
use crate::demo::der::{self, octets, oid, sequence, set_of, tagged};
use crate::demo::key::sha256;
use crate::demo::{Sealer, certificate::Identity};
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
    let signer = demo::shared().pki.sealer(Sealer::Compact);
    fill(&mut writer.bytes, |covered| cms(signer, covered));
}

/// Fills the last ByteRange and Contents.
pub(super) fn fill(bytes: &mut [u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) {
    let open = memchr::memmem::rfind(bytes, b"/Contents <00").unwrap() + 10;
    let close = open + memchr::memchr(b'>', &bytes[open..]).unwrap() + 1;
    let range = format!("[0 {open:010} {close:010} {:010}]", bytes.len() - close);
    let at = memchr::memmem::rfind(bytes, b"[0 0000000000 ").unwrap();
    bytes[at..at + range.len()].copy_from_slice(range.as_bytes());
    let covered = [&bytes[..open], &bytes[close..]].concat();
    let value = hex::encode(sign(&covered));
    bytes[open + 1..open + 1 + value.len()].copy_from_slice(value.as_bytes());
}

/// A detached CAdES signature.
pub(super) fn cms(signer: &Identity, covered: &[u8]) -> Vec<u8> {
    let digest_algorithm = sequence(&[&oid("2.16.840.1.101.3.4.2.1"), &der::null()]);
    let attribute = |id: &str, value: Vec<u8>| sequence(&[&oid(id), &set_of(&[value])]);
    let reference = sequence(&[&octets(&sha256(&signer.der)), &signer.issuer_serial()]);
    let attributes = vec![
        attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1")),
        attribute("1.2.840.113549.1.9.4", octets(&sha256(covered))),
        attribute("1.2.840.113549.1.9.16.2.47", sequence(&[&sequence(&[&reference])])),
    ];
    let set = set_of(&attributes);
    let signature = signer.key.sign(&set);
    let mut implicit = set;
    implicit[0] = 0xa0;
    let info = sequence(&[
        &der::number(1),
        &sequence(&[&signer.issuer, &der::number(signer.serial)]),
        &digest_algorithm,
        &implicit,
        &signer.key.algorithm(),
        &octets(&signature),
    ]);
    let ca = &demo::shared().pki.seal_ca;
    let signed_data = sequence(&[
        &der::number(1),
        &set_of(&[digest_algorithm]),
        &sequence(&[&oid("1.2.840.113549.1.7.1")]),
        &tagged(0, &[signer.der.as_slice(), &ca.der].concat()),
        &set_of(&[info]),
    ]);
    sequence(&[&oid("1.2.840.113549.1.7.2"), &tagged(0, &signed_data)])
}
