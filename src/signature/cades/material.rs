//! Certificates and revocation data of a signer: the fields of the SignedData, and the signer's unsigned attributes.

use crate::format::cms::{SignedData, SignerInfo, oid};
use crate::format::der::{self, Tag, Tlv};
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
    pub(super) fn collect(
        cms: &'a SignedData<'a>,
        info: &SignerInfo<'a>,
        structure: &mut Structure,
    ) -> Self {
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
                    oid::CERTIFICATE_VALUES => material.certificate_values(value, index),
                    oid::REVOCATION_VALUES => material.revocation_values(value, index),
                    _ => break,
                };
                if let Err(error) = read {
                    structure.schema_warnings.push(format!("attribute {}: {error}", attribute.oid));
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

    /// CertificateValues (RFC 5126, 6.3.3).
    fn certificate_values(&mut self, value: &Tlv<'a>, attribute: usize) -> Result<(), der::Error> {
        let mut certificates = value.of(Tag::SEQUENCE, "CertificateValues")?.reader()?;
        while let Some(certificate) = certificates.read()? {
            self.certificate(certificate.definite()?, Source::Values, Place::Attribute(attribute));
        }
        Ok(())
    }

    /// RevocationValues (RFC 5126, 6.3.4).
    fn revocation_values(&mut self, value: &Tlv<'a>, attribute: usize) -> Result<(), der::Error> {
        let mut fields = value.of(Tag::SEQUENCE, "RevocationValues")?.reader()?;
        for (tag, kind) in [(0, RevocationKind::Crl), (1, RevocationKind::Ocsp)] {
            let Some(list) = fields.optional(Tag::context(tag))? else { continue };
            let mut pieces = list.explicit("values")?.reader()?;
            while let Some(piece) = pieces.read()? {
                self.evidence(kind, piece.definite()?, Source::Values, Place::Attribute(attribute));
            }
        }
        Ok(())
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
