//! Any bytes as a ZIP archive, every entry inflated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::format::Limits;
use sealgate::format::zip::Archive;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    if let Ok(archive) = Archive::open(data, &limits) {
        for entry in archive.entries() {
            if let Ok(content) = archive.read(entry, &limits) {
                assert_eq!(content.len(), entry.size());
            }
        }
    }
});
