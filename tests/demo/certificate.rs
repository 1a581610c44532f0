//! X.509 certificates with the extensions of EN 319 412.

use super::der::{self, octets, oid, sequence, sequence_of, tagged};
use super::key::Key;
use sealgate::time::Time;
use std::sync::Arc;

/// A certificate with its key.
#[derive(Clone)]
pub struct Identity {
    /// DER certificate.
    pub der: Vec<u8>,
    /// DER Name of the subject.
    pub subject: Vec<u8>,
    /// DER Name of the issuer.
    pub issuer: Vec<u8>,
    /// Serial number.
    pub serial: u64,
    /// Its key pair.
    pub key: Arc<Key>,
}

impl Identity {
    /// DER IssuerSerial (RFC 5035), as JAdES `kid` and XAdES `IssuerSerialV2` have it.
    pub fn issuer_serial(&self) -> Vec<u8> {
        let general_names = sequence(&[&tagged(4, &self.issuer)]);
        sequence(&[&general_names, &der::number(self.serial)])
    }
}

/// A certificate to be issued, all but its key.
pub struct Request {
    /// Subject.
    pub subject: Subject,
    /// Serial number, unique under its issuer.
    pub serial: u64,
    /// First moment of validity.
    pub not_before: Time,
    /// Last moment of validity.
    pub not_after: Time,
    /// Extensions besides the key identifiers.
    pub extensions: Vec<Vec<u8>>,
}

/// A distinguished name of an organisation.
#[derive(Clone)]
pub struct Subject {
    /// countryName.
    pub country: String,
    /// organizationName.
    pub organisation: String,
    /// organizationIdentifier (2.5.4.97).
    pub identifier: String,
    /// commonName.
    pub common_name: String,
}

impl Subject {
    fn der(&self) -> Vec<u8> {
        let attribute =
            |kind: &str, value: Vec<u8>| der::set_of(&[sequence(&[oid(kind).as_slice(), value.as_slice()])]);
        sequence_of(&[
            attribute("2.5.4.6", der::printable(&self.country)),
            attribute("2.5.4.10", der::utf8(&self.organisation)),
            attribute("2.5.4.97", der::utf8(&self.identifier)),
            attribute("2.5.4.3", der::utf8(&self.common_name)),
        ])
    }
}

/// Issues a certificate; without an issuer it signs itself.
pub fn issue(request: Request, key: Arc<Key>, issuer: Option<&Identity>) -> Identity {
    let subject = request.subject.der();
    let (issuer_name, issuer_key) = match issuer {
        Some(issuer) => (issuer.subject.clone(), Arc::clone(&issuer.key)),
        None => (subject.clone(), Arc::clone(&key)),
    };
    let mut extensions = request.extensions;
    extensions.push(extension("2.5.29.14", false, &octets(&key.identifier())));
    let authority = sequence(&[&der::implicit(0, &issuer_key.identifier())]);
    extensions.push(extension("2.5.29.35", false, &authority));
    let tbs = sequence_of(&[
        tagged(0, &der::number(2)),
        der::number(request.serial),
        issuer_key.algorithm(),
        issuer_name.clone(),
        sequence(&[&der::x509_time(request.not_before), &der::x509_time(request.not_after)]),
        subject.clone(),
        key.spki.clone(),
        tagged(3, &sequence_of(&extensions)),
    ]);
    let der = signed(&tbs, &issuer_key);
    Identity { der, subject, issuer: issuer_name, serial: request.serial, key }
}

/// The X.509 `SIGNED` construct: what is signed, algorithm, signature.
pub fn signed(tbs: &[u8], key: &Key) -> Vec<u8> {
    sequence(&[tbs, &key.algorithm(), &der::bits(&key.sign(tbs))])
}

/// One extension around its DER value.
pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der::yes() } else { Vec::new() };
    sequence(&[&oid(id), &critical, &octets(value)])
}

/// basicConstraints of a CA.
pub fn authority(path_length: Option<u64>) -> Vec<u8> {
    let path_length = path_length.map(der::number).unwrap_or_default();
    extension("2.5.29.19", true, &sequence(&[&der::yes(), &path_length]))
}

/// keyUsage by bit numbers.
pub fn key_usage(set: &[u8]) -> Vec<u8> {
    extension("2.5.29.15", true, &der::named_bits(set))
}

/// extendedKeyUsage with one purpose.
pub fn extended_key_usage(purpose: &str, critical: bool) -> Vec<u8> {
    extension("2.5.29.37", critical, &sequence(&[&oid(purpose)]))
}

/// certificatePolicies.
pub fn policies(identifiers: &[&str]) -> Vec<u8> {
    let policies: Vec<Vec<u8>> = identifiers.iter().map(|id| sequence(&[&oid(id)])).collect();
    extension("2.5.29.32", false, &sequence_of(&policies))
}

/// authorityInfoAccess: the issuer's certificate, and its OCSP responder where there is one.
pub fn access(ca_issuers: &str, ocsp: Option<&str>) -> Vec<u8> {
    let entry = |method: &str, url: &str| sequence(&[&oid(method), &der::implicit(6, url.as_bytes())]);
    let mut entries = vec![entry("1.3.6.1.5.5.7.48.2", ca_issuers)];
    entries.extend(ocsp.map(|url| entry("1.3.6.1.5.5.7.48.1", url)));
    extension("1.3.6.1.5.5.7.1.1", false, &sequence_of(&entries))
}

/// cRLDistributionPoints with one address.
pub fn crl_distribution_point(url: &str) -> Vec<u8> {
    let full_name = tagged(0, &der::implicit(6, url.as_bytes()));
    let point = sequence(&[&tagged(0, &full_name)]);
    extension("2.5.29.31", false, &sequence(&[&point]))
}

/// id-pkix-ocsp-nocheck.
pub fn no_check() -> Vec<u8> {
    extension("1.3.6.1.5.5.7.48.1.5", false, &der::null())
}

/// noRevAvail (RFC 9608).
pub fn no_revocation_available() -> Vec<u8> {
    extension("2.5.29.56", false, &der::null())
}

/// qcStatements of a seal certificate (EN 319 412-5).
pub fn seal_statements(compliance: bool, device: bool) -> Vec<u8> {
    let mut statements = Vec::new();
    if compliance {
        statements.push(sequence(&[&oid("0.4.0.1862.1.1")]));
    }
    if device {
        statements.push(sequence(&[&oid("0.4.0.1862.1.4")]));
    }
    statements.push(sequence(&[&oid("0.4.0.1862.1.6"), &sequence(&[&oid("0.4.0.1862.1.6.2")])]));
    extension("1.3.6.1.5.5.7.1.3", false, &sequence_of(&statements))
}
