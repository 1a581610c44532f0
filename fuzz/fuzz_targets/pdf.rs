//! Any bytes as a PDF file: every object of its last revision read, every stream decoded, its signatures and what was
//! changed after them, its attached files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::format::Limits;
use sealgate::format::pdf::{Document, Entry, Id, attachments};
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::{Context, pades};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 20, nodes: 100_000, ..Limits::default() };
    let Ok(document) = Document::open(bytes, &limits) else { return };
    let view = document.last();
    for number in 1..document.size().min(1_000) {
        let generation = match view.entry(number) {
            Some(Entry::At { generation, .. }) => generation,
            _ => 0,
        };
        if let Ok(value) = view.object(Id { number, generation }) {
            let _ = view.data(&value);
        }
    }
    let (crypto, arena) = (Crypto::default(), pades::Arena::default());
    let context = Context { crypto: &crypto, limits: &limits, detached: &[] };
    let _ = pades::signatures(&document, &arena, &context);
    let _ = attachments(&document);
    for revision in document.revisions() {
        assert!(revision.span.end <= bytes.len() && revision.span.start <= revision.span.end);
    }
});
