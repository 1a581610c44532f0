//! CRLs (RFC 5280) and OCSP responses (RFC 6960).

use super::certificate::{Identity, extension, signed};
use super::der::{self, octets, oid, sequence, sequence_of, tagged};
use super::key;
use sealgate::time::Time;

/// What is said of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Not revoked.
    Good,
    /// Revoked then, for cessation of operation.
    Revoked(Time),
}

// CRLReason cessationOfOperation.
const REASON: u8 = 5;

/// A complete CRL.
pub fn crl(issuer: &Identity, number: u64, this: Time, next: Time, revoked: &[(u64, Time)]) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = revoked
        .iter()
        .map(|(serial, at)| {
            let reason = extension("2.5.29.21", false, &der::enumerated(REASON));
            sequence(&[&der::number(*serial), &der::x509_time(*at), &sequence(&[&reason])])
        })
        .collect();
    let authority = sequence(&[&der::implicit(0, &issuer.key.identifier())]);
    let extensions = sequence_of(&[
        extension("2.5.29.35", false, &authority),
        extension("2.5.29.20", false, &der::number(number)),
    ]);
    let tbs = sequence_of(&[
        der::number(1),
        issuer.key.algorithm(),
        issuer.subject.clone(),
        der::x509_time(this),
        der::x509_time(next),
        // revokedCertificates is absent, not empty, where nothing is revoked.
        if entries.is_empty() { Vec::new() } else { sequence_of(&entries) },
        tagged(0, &extensions),
    ]);
    signed(&tbs, &issuer.key)
}

/// A successful response of a delegated responder about one certificate.
pub fn ocsp(
    subject: &Identity,
    issuer: &Identity,
    responder: &Identity,
    status: Status,
    produced: Time,
    next: Time,
) -> Vec<u8> {
    let certificate_id = sequence(&[
        &sequence(&[&oid("1.3.14.3.2.26"), &der::null()]),
        &octets(&key::sha1(&issuer.subject)),
        &octets(&issuer.key.identifier()),
        &der::number(subject.serial),
    ]);
    let status = match status {
        Status::Good => der::implicit(0, &[]),
        Status::Revoked(at) => {
            let reason = tagged(0, &der::enumerated(REASON));
            tagged(1, &[der::generalized_time(at), reason].concat())
        }
    };
    let this_update = der::generalized_time(produced);
    let next_update = tagged(0, &der::generalized_time(next));
    let single = sequence(&[&certificate_id, &status, &this_update, &next_update]);
    let data = sequence(&[
        &tagged(2, &octets(&responder.key.identifier())),
        &der::generalized_time(produced),
        &sequence(&[&single]),
    ]);
    let basic = sequence(&[
        &data,
        &responder.key.algorithm(),
        &der::bits(&responder.key.sign(&data)),
        &tagged(0, &sequence(&[&responder.der])),
    ]);
    let bytes = sequence(&[&oid("1.3.6.1.5.5.7.48.1.1"), &octets(&basic)]);
    sequence(&[&der::enumerated(0), &tagged(0, &bytes)])
}
