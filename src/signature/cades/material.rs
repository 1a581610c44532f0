//! Certificates and revocation data of a signer: the fields of the SignedData, and the signer's unsigned attributes.

use crate::catalogue::say;
use crate::format::cms::{SignedData, SignerInfo, oid};
use crate::signature::cms::{certificate_values, revocation_values};
use crate::signature::{EmbeddedCertificate, EmbeddedRevocation, RevocationKind, Source, Structure};
use std::borrow::Cow;

/// Certificates, CRLs or OCSP responses in the attributes of one signer; real ones have some dozens.
const MOST: usize = 1_024;

/// Where a piece stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// In the certificates or crls field: the whole element as received.
    Field(&'a [u8]),
    /// In the unsigned attribute with this index.
    Attribute(usize),
}

/// Certificates and revocation data with their places, in order.
#[derive(Debug, Default)]
pub(super) struct Material<'a> {
    pub(super) certificates: Vec<EmbeddedCertificate<'a>>,
    pub(super) revocation: Vec<EmbeddedRevocation<'a>>,
    certificate_places: Vec<Place<'a>>,
    revocation_places: Vec<Place<'a>>,
}

impl<'a> Material<'a> {
    /// Collects all pieces; what cannot be read is noted as a warning.
    pub(super) fn collect(cms: &'a SignedData<'a>, info: &SignerInfo<'a>, structure: &mut Structure) -> Self {
        let mut material = Self::default();
        for choice in cms.certificates.iter().flat_map(|field| &field.x509) {
            material.certificate(Cow::Borrowed(&*choice.der), Source::KeyInfo, Place::Field(choice.raw));
        }
        if let Some(field) = &cms.revocation {
            let crls = field.crls.iter().map(|choice| (RevocationKind::Crl, choice));
            let ocsps = field.ocsps.iter().map(|choice| (RevocationKind::Ocsp, choice));
            for (kind, choice) in crls.chain(ocsps) {
                let der = Cow::Borrowed(&*choice.der);
                material.evidence(kind, der, Source::KeyInfo, Place::Field(choice.raw));
            }
        }
        let unsigned = info.unsigned_attributes.iter().flat_map(|list| &list.list);
        for (index, attribute) in unsigned.enumerate() {
            for value in &attribute.values {
                let read = match attribute.oid.octets() {
                    oid::CERTIFICATE_VALUES => certificate_values(value).map(|all| {
                        for der in all {
                            material.certificate(der, Source::Values, Place::Attribute(index));
                        }
                    }),
                    oid::REVOCATION_VALUES => revocation_values(value).map(|[crls, ocsps]| {
                        for (kind, all) in [(RevocationKind::Crl, crls), (RevocationKind::Ocsp, ocsps)] {
                            for der in all {
                                material.evidence(kind, der, Source::Values, Place::Attribute(index));
                            }
                        }
                    }),
                    _ => break,
                };
                if let Err(error) = read {
                    structure
                        .schema_warnings
                        .push(say("detail.cms-attribute").with("oid", attribute.oid).with("why", error));
                }
            }
        }
        material
    }

    /// Says how many time-stamps stand before each piece.
    pub(super) fn settle(&mut self, after_timestamps: impl Fn(Place<'a>) -> usize) {
        for (certificate, place) in self.certificates.iter_mut().zip(&self.certificate_places) {
            certificate.after_timestamps = after_timestamps(*place);
        }
        for (revocation, place) in self.revocation.iter_mut().zip(&self.revocation_places) {
            revocation.after_timestamps = after_timestamps(*place);
        }
    }

    fn certificate(&mut self, der: Cow<'a, [u8]>, source: Source, place: Place<'a>) {
        if self.certificates.len() < 2 * MOST {
            self.certificates.push(EmbeddedCertificate { der, source, after_timestamps: 0 });
            self.certificate_places.push(place);
        }
    }

    fn evidence(&mut self, kind: RevocationKind, der: Cow<'a, [u8]>, source: Source, place: Place<'a>) {
        if self.revocation.len() < 2 * MOST {
            self.revocation.push(EmbeddedRevocation { kind, der, source, after_timestamps: 0 });
            self.revocation_places.push(place);
        }
    }
}
