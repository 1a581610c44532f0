//! Any content of a compiled snapshot, in a right frame: refused or read, never a panic; as it stands, refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::signature::algorithm::identity;
use sealgate::trust::compiled::{Compiled, FORMAT, MAGIC};

fuzz_target!(|content: &[u8]| {
    assert!(Compiled::decode(content.to_vec()).is_err());
    let length = u64::try_from(content.len() + 52).expect("an input is shorter");
    let mut framed = [&MAGIC[..], &FORMAT.to_le_bytes(), &length.to_le_bytes(), content].concat();
    framed.extend(identity(&framed));
    let _ = Compiled::decode(framed);
});
