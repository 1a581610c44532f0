//! CAdES seals of the demonstration's sealers, in parts that a test can alter.

use super::certificate::Identity;
use super::der::{self, number, octets, oid, sequence, sequence_of, set_of, tagged};
use super::key::sha256;
use super::pki::Evidence;
use super::{Demo, Level, Sealer, timestamp};
use sealgate::time::Time;

pub const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
pub const COUNTERSIGNATURE: &str = "1.2.840.113549.1.9.6";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
const SIGNATURE_TIMESTAMP: &str = "1.2.840.113549.1.9.16.2.14";
const ARCHIVE_TIMESTAMP_V2: &str = "1.2.840.113549.1.9.16.2.48";
const ARCHIVE_TIMESTAMP_V3: &str = "0.4.0.1733.2.4";
const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// How an archive time-stamp covers what it covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Archive {
    /// Long form, with tag and length of the unsigned attributes or without.
    V2 { tagged: bool },
    /// By an ats-hash-index of this version.
    V3 { index: u8 },
}

/// A SignedData in its parts.
#[derive(Clone)]
pub struct Sealed {
    pub content: Vec<u8>,
    pub detached: bool,
    pub certificates: Vec<Vec<u8>>,
    /// RevocationInfoChoices.
    pub revocation: Vec<Vec<u8>>,
    pub signers: Vec<Signer>,
}

/// A SignerInfo in its parts.
#[derive(Clone)]
pub struct Signer {
    pub identity: Identity,
    /// Attributes; none at all where it is empty.
    pub signed: Vec<Vec<u8>>,
    pub value: Vec<u8>,
    pub unsigned: Vec<Vec<u8>>,
}

pub fn attribute(kind: &str, values: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[&oid(kind), &set_of(values)])
}

fn sha256_identifier() -> Vec<u8> {
    sequence(&[&oid("2.16.840.1.101.3.4.2.1"), &der::null()])
}

impl Signer {
    /// Signs `content`; a counter-signature has no content-type.
    pub fn sign(identity: &Identity, content: &[u8], at: Time, counters: bool) -> Self {
        let reference = sequence(&[&octets(&sha256(&identity.der)), &identity.issuer_serial()]);
        let mut signed = vec![
            attribute(SIGNING_TIME, &[der::x509_time(at)]),
            attribute(MESSAGE_DIGEST, &[octets(&sha256(content))]),
            attribute(SIGNING_CERTIFICATE_V2, &[sequence(&[&sequence(&[&reference])])]),
        ];
        if !counters {
            signed.push(attribute(CONTENT_TYPE, &[oid(DATA)]));
        }
        let mut signer = Self { identity: identity.clone(), signed, value: Vec::new(), unsigned: Vec::new() };
        signer.resign();
        signer
    }

    /// Signs the attributes as they are now.
    pub fn resign(&mut self) {
        self.value = self.identity.key.sign(&set_of(&self.signed));
    }

    /// The fields before the unsigned attributes.
    fn signed_fields(&self) -> Vec<u8> {
        let mut attributes = set_of(&self.signed);
        attributes[0] = 0xa0;
        [
            number(1),
            sequence(&[&self.identity.issuer, &number(self.identity.serial)]),
            sha256_identifier(),
            attributes,
            self.identity.key.algorithm(),
            octets(&self.value),
        ]
        .concat()
    }

    pub fn info(&self) -> Vec<u8> {
        let mut unsigned = set_of(&self.unsigned);
        unsigned[0] = 0xa1;
        let unsigned = if self.unsigned.is_empty() { Vec::new() } else { unsigned };
        sequence(&[&self.signed_fields(), &unsigned])
    }

    /// Adds a counter-signature.
    pub fn counter_sign(&mut self, identity: &Identity, at: Time) {
        let counter = Self::sign(identity, &self.value, at, true);
        self.unsigned.push(attribute(COUNTERSIGNATURE, &[counter.info()]));
    }

    pub fn stamp(&mut self, tsa: &Identity, at: Time) {
        let token = timestamp::token(tsa, &self.value, at);
        self.unsigned.push(attribute(SIGNATURE_TIMESTAMP, &[token]));
    }
}

impl Sealed {
    /// One signer over `content` with its own certificate.
    pub fn new(content: &[u8], identity: &Identity, at: Time) -> Self {
        Self {
            content: content.to_vec(),
            detached: false,
            certificates: vec![identity.der.clone()],
            revocation: Vec::new(),
            signers: vec![Signer::sign(identity, content, at, false)],
        }
    }

    /// At a baseline level, the archive time-stamp a minute after the signature's.
    pub fn at_level(demo: &Demo, content: &[u8], sealer: Sealer, level: Level) -> Self {
        let (at, tsa) = (demo.options.reference, &demo.pki.tsa);
        let mut sealed = Self::new(content, demo.pki.sealer(sealer), at);
        if level >= Level::T {
            sealed.signers[0].stamp(tsa, at);
        }
        if level >= Level::Lt {
            sealed.add(demo.pki.evidence(sealer, at));
        }
        if level >= Level::Lta {
            sealed.archive(tsa, at.plus_seconds(60), Archive::V3 { index: 3 });
        }
        sealed
    }

    /// Over the byte ranges of a PDF: detached, with the claimed time in the PDF's own dictionary (EN 319 142-1, 6.3), and
    /// with the issuer's certificate.
    pub fn for_pdf(demo: &Demo, covered: &[u8], sealer: Sealer) -> Self {
        let mut sealed = Self::new(covered, demo.pki.sealer(sealer), demo.options.reference);
        sealed.detached = true;
        sealed.certificates.push(demo.pki.issuer(sealer).der.clone());
        let signer = &mut sealed.signers[0];
        let signing_time = oid(SIGNING_TIME);
        signer
            .signed
            .retain(|attribute| !attribute.windows(signing_time.len()).any(|part| part == signing_time));
        signer.resign();
        sealed
    }

    /// Adds certificates, CRLs and OCSP responses (RFC 5940) to the fields of the SignedData.
    pub fn add(&mut self, evidence: Evidence) {
        self.certificates.extend(evidence.certificates);
        self.revocation.extend(evidence.crls);
        let response = |der: &Vec<u8>| tagged(1, &[oid("1.3.6.1.5.5.7.16.2"), der.clone()].concat());
        self.revocation.extend(evidence.ocsps.iter().map(response));
    }

    fn encapsulated(&self) -> Vec<u8> {
        let content = if self.detached { Vec::new() } else { tagged(0, &octets(&self.content)) };
        sequence(&[&oid(DATA), &content])
    }

    fn field(number: u8, choices: &[Vec<u8>]) -> Vec<u8> {
        if choices.is_empty() {
            return Vec::new();
        }
        let mut set = set_of(choices);
        set[0] = 0xa0 | number;
        set
    }

    /// Adds an archive time-stamp to the first signer.
    pub fn archive(&mut self, tsa: &Identity, at: Time, kind: Archive) {
        let signer = &self.signers[0];
        let (identifier, token) = match kind {
            Archive::V2 { tagged } => {
                let mut unsigned = set_of(&signer.unsigned);
                unsigned[0] = 0xa1;
                let header = unsigned.len() - signer.unsigned.concat().len();
                let covered = [
                    self.encapsulated(),
                    if self.detached { self.content.clone() } else { Vec::new() },
                    Self::field(0, &self.certificates),
                    Self::field(1, &self.revocation),
                    signer.signed_fields(),
                    unsigned[if tagged { 0 } else { header }..].to_vec(),
                ];
                (ARCHIVE_TIMESTAMP_V2, timestamp::token(tsa, &covered.concat(), at))
            }
            Archive::V3 { index } => {
                let hashes = self.hash_index(index);
                let covered = [oid(DATA), sha256(&self.content), signer.signed_fields(), hashes.clone()];
                let token = timestamp::token(tsa, &covered.concat(), at);
                let version = match index {
                    1 => "0.4.0.1733.2.5",
                    2 => "0.4.0.19122.1.4",
                    _ => "0.4.0.19122.1.5",
                };
                (ARCHIVE_TIMESTAMP_V3, with_unsigned(&token, &attribute(version, &[hashes])))
            }
        };
        self.signers[0].unsigned.push(attribute(identifier, &[token]));
    }

    /// ATSHashIndex: the first version leaves SHA-256 out and hashes whole attributes, the third the type and one value.
    fn hash_index(&self, version: u8) -> Vec<u8> {
        let hashes = |pieces: &[Vec<u8>]| {
            sequence_of(&pieces.iter().map(|piece| octets(&sha256(piece))).collect::<Vec<_>>())
        };
        let unsigned: Vec<Vec<u8>> = self.signers[0]
            .unsigned
            .iter()
            .map(|attribute| if version == 3 { type_and_value(attribute) } else { attribute.clone() })
            .collect();
        let algorithm = if version == 1 { Vec::new() } else { sha256_identifier() };
        sequence(&[&algorithm, &hashes(&self.certificates), &hashes(&self.revocation), &hashes(&unsigned)])
    }

    pub fn bytes(&self) -> Vec<u8> {
        let infos: Vec<Vec<u8>> = self.signers.iter().map(Signer::info).collect();
        let fields = sequence(&[
            &number(1),
            &set_of(&[sha256_identifier()]),
            &self.encapsulated(),
            &Self::field(0, &self.certificates),
            &Self::field(1, &self.revocation),
            // In the order of the parts: BER has no other.
            &der::tlv(0x31, &infos.concat()),
        ]);
        sequence(&[&oid(SIGNED_DATA), &tagged(0, &fields)])
    }
}

/// Content of a TLV and what follows it.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (header, length) = match bytes[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let octets = usize::from(long & 0x7f);
            let length =
                bytes[2..2 + octets].iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            (2 + octets, length)
        }
    };
    (&bytes[header..header + length], &bytes[header + length..])
}

fn type_and_value(attribute: &[u8]) -> Vec<u8> {
    let (fields, _) = split(attribute);
    let (_, set) = split(fields);
    let kind = &fields[..fields.len() - set.len()];
    let (values, _) = split(set);
    let (_, after) = split(values);
    assert!(after.is_empty(), "one value");
    [kind, values].concat()
}

/// A token with an unsigned attribute in its only SignerInfo.
fn with_unsigned(token: &[u8], attribute: &[u8]) -> Vec<u8> {
    let (info, _) = split(token);
    let (_, explicit) = split(info);
    let (signed, _) = split(explicit);
    let (fields, _) = split(signed);
    let mut rest = fields;
    let mut before = Vec::new();
    // version, digestAlgorithms, encapContentInfo, certificates, signerInfos
    for _ in 0..4 {
        let (_, after) = split(rest);
        before.extend_from_slice(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    let (infos, _) = split(rest);
    let (signer, _) = split(infos);
    let signer = sequence(&[signer, &tagged(1, attribute)]);
    let signed = sequence(&[&before, &set_of(&[signer])]);
    sequence(&[&oid(SIGNED_DATA), &tagged(0, &signed)])
}
