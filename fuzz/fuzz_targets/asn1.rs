//! Any bytes as each ASN.1 object that a signature can embed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealgate::certificate::Certificate;
use sealgate::revocation::crl::Crl;
use sealgate::revocation::ocsp::OcspResponse;
use sealgate::signature::algorithm::PublicKey;
use sealgate::timestamp::Token;

fuzz_target!(|bytes: &[u8]| {
    let _ = Certificate::parse(bytes);
    let _ = Crl::parse(bytes);
    let _ = OcspResponse::parse(bytes);
    let _ = Token::parse(bytes);
    let _ = PublicKey::from_spki(bytes);
});
