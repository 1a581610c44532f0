//! RFC 3161 time-stamp tokens: CMS SignedData with ESSCertIDv2 (RFC 5816).

use super::certificate::Identity;
use super::der::{self, octets, oid, sequence, set_of, tagged};
use super::key::sha256;
use sealgate::time::Time;

/// The time-stamping policy: BTSP of EN 319 421.
pub const POLICY: &str = "0.4.0.2023.1.1";

const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

/// A token over the SHA-256 digest of `covered`.
pub fn token(tsa: &Identity, covered: &[u8], at: Time) -> Vec<u8> {
    let digest_algorithm = sequence(&[&oid("2.16.840.1.101.3.4.2.1"), &der::null()]);
    let imprint = sha256(covered);
    // Any number unique under the authority will do: the imprint's head, made positive.
    let serial = &imprint[..8];
    let info = sequence(&[
        &der::number(1),
        &oid(POLICY),
        &sequence(&[&digest_algorithm, &octets(&imprint)]),
        &der::integer(serial),
        &der::generalized_time(at),
        &sequence(&[&der::number(1)]),
    ]);
    let attributes = signed_attributes(tsa, &info, at);
    let signature = tsa.key.sign(&set_of(&attributes));
    let implicit_attributes = {
        let mut set = set_of(&attributes);
        set[0] = 0xa0;
        set
    };
    let signer = sequence(&[
        &der::number(1),
        &sequence(&[&tsa.issuer, &der::number(tsa.serial)]),
        &digest_algorithm,
        &implicit_attributes,
        &tsa.key.algorithm(),
        &octets(&signature),
    ]);
    let signed_data = sequence(&[
        &der::number(3),
        &set_of(&[digest_algorithm]),
        &sequence(&[&oid(TST_INFO), &tagged(0, &octets(&info))]),
        &tagged(0, &tsa.der),
        &set_of(&[signer]),
    ]);
    sequence(&[&oid("1.2.840.113549.1.7.2"), &tagged(0, &signed_data)])
}

fn signed_attributes(tsa: &Identity, info: &[u8], at: Time) -> Vec<Vec<u8>> {
    let attribute = |id: &str, value: Vec<u8>| sequence(&[&oid(id), &set_of(&[value])]);
    let reference = sequence(&[&octets(&sha256(&tsa.der)), &tsa.issuer_serial()]);
    let signing_certificate = sequence(&[&sequence(&[&reference])]);
    vec![
        attribute("1.2.840.113549.1.9.3", oid(TST_INFO)),
        attribute("1.2.840.113549.1.9.5", der::x509_time(at)),
        attribute("1.2.840.113549.1.9.4", octets(&sha256(info))),
        attribute("1.2.840.113549.1.9.16.2.47", signing_certificate),
    ]
}
