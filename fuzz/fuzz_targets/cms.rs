//! Any bytes as a CMS signature with its content beside it: every time-stamp's covered octets are written, too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::format::cms::{SignedData, Trailing};
use sealgate::format::{Limits, armour};
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::cades::{self, Content};
use sealgate::signature::{Context, Detached};

fuzz_target!(|bytes: &[u8]| {
    let (crypto, limits) = (Crypto::default(), Limits::default());
    let bytes = armour::unarmoured(bytes);
    let Ok(cms) = SignedData::parse(&bytes, Trailing::Any, &limits) else { return };
    let detached = [Detached { name: String::new(), bytes: b"content".to_vec().into() }];
    let context = Context { crypto: &crypto, limits: &limits, detached: &detached };
    let mut signatures = cades::signatures(&cms, &context);
    signatures.extend(cades::over(&cms, &Content::detached(vec![b"con", b"tent"], &crypto), &context));
    for timestamp in signatures.iter().flat_map(|signature| &signature.timestamps) {
        let _ = (timestamp.imprint)(&mut Vec::new());
        let _ = timestamp.older_imprint.as_ref().map(|imprint| imprint(&mut Vec::new()));
    }
});
