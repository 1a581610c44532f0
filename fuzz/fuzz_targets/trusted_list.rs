//! Any bytes as a list of lists: refused, never a panic, never a snapshot.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::signature::algorithm::Crypto;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::Context;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::eu().expect("built in"));

fuzz_target!(|input: &[u8]| {
    let source = BTreeMap::from([(DOMAIN.lotl.clone(), input.to_vec())]);
    let crypto = Crypto::default();
    assert!(Snapshot::load(&source, &DOMAIN, &Context::new(&crypto)).is_err());
});
