//! Certificates and revocation data in the unsigned properties (EN 319 132-1, 5.4).

use super::properties::{Properties, name, named};
use crate::signature::xmldsig::{KeyInfo, Node, decode_base64, text};
use crate::signature::{EmbeddedCertificate, EmbeddedRevocation, RevocationKind, Source};
use std::borrow::Cow;

/// Certificates and revocation data of one signature, in order.
#[derive(Default)]
pub(super) struct Material<'a> {
    pub(super) certificates: Vec<EmbeddedCertificate<'a>>,
    pub(super) revocation: Vec<EmbeddedRevocation<'a>>,
    /// Time-stamp tokens that stand before the next piece.
    after_timestamps: usize,
}

impl Material<'_> {
    /// Those of ds:KeyInfo first, then those of the unsigned properties.
    pub(super) fn collect(key_info: &mut KeyInfo, properties: &Properties<'_>) -> Self {
        let mut material = Self::default();
        for der in key_info.certificates.drain(..) {
            material.certificate(der, Source::KeyInfo);
        }
        for der in key_info.crls.drain(..) {
            material.revocation(RevocationKind::Crl, der, Source::KeyInfo);
        }
        material.after_timestamps = properties.data_objects.iter().map(|property| tokens(*property)).sum();
        for property in &properties.unsigned {
            match name(*property) {
                Some("CertificateValues") => material.certificates_in(*property, Source::Values),
                Some("AttrAuthoritiesCertValues") => {
                    material.certificates_in(*property, Source::AttributeValues)
                }
                Some("RevocationValues") => material.revocation_in(*property, Source::Values),
                Some("AttributeRevocationValues") => {
                    material.revocation_in(*property, Source::AttributeValues)
                }
                Some("TimeStampValidationData") => {
                    material.both_in(*property, Source::TimestampValidationData)
                }
                Some("AnyValidationData") => material.both_in(*property, Source::AnyValidationData),
                _ => material.after_timestamps = material.after_timestamps.saturating_add(tokens(*property)),
            }
        }
        material
    }

    /// Indexes of the certificates of ds:KeyInfo.
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> {
        let all = self.certificates.iter().enumerate();
        all.filter(|(_, certificate)| certificate.source == Source::KeyInfo).map(|(index, _)| index)
    }

    fn both_in(&mut self, property: Node<'_>, source: Source) {
        named(property, "CertificateValues").for_each(|values| self.certificates_in(values, source));
        named(property, "RevocationValues").for_each(|values| self.revocation_in(values, source));
    }

    fn certificates_in(&mut self, values: Node<'_>, source: Source) {
        for der in named(values, "EncapsulatedX509Certificate").filter_map(encapsulated) {
            self.certificate(der, source);
        }
    }

    fn revocation_in(&mut self, values: Node<'_>, source: Source) {
        for (list, value, kind) in [
            ("CRLValues", "EncapsulatedCRLValue", RevocationKind::Crl),
            ("OCSPValues", "EncapsulatedOCSPValue", RevocationKind::Ocsp),
        ] {
            for der in named(values, list).flat_map(|list| named(list, value)).filter_map(encapsulated) {
                self.revocation(kind, der, source);
            }
        }
    }

    fn certificate(&mut self, der: Vec<u8>, source: Source) {
        let (der, after_timestamps) = (Cow::Owned(der), self.after_timestamps);
        self.certificates.push(EmbeddedCertificate { der, source, after_timestamps });
    }

    fn revocation(&mut self, kind: RevocationKind, der: Vec<u8>, source: Source) {
        let (der, after_timestamps) = (Cow::Owned(der), self.after_timestamps);
        self.revocation.push(EmbeddedRevocation { kind, der, source, after_timestamps });
    }
}

/// Time-stamp tokens in a property; none in one that is no time-stamp.
fn tokens(property: Node<'_>) -> usize {
    named(property, "EncapsulatedTimeStamp").count()
}

/// EncapsulatedPKIDataType, decoded.
fn encapsulated(node: Node<'_>) -> Option<Vec<u8>> {
    decode_base64(&text(node)).filter(|der| !der.is_empty())
}
