//! The qualifiers that a service's period holds against one certificate (TS 119 612, 5.5.9.2.3).

use super::CertificateType;
use crate::certificate::Certificate;
use crate::trust::list::ServiceState;

/// Common start of the URIs of qualifiers and of additional service information.
const SERVICE_INFORMATION: &str = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/";

/// A qualifier that is understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Qualifier {
    NotQualified,
    QcStatement,
    ForLegalPerson,
    ForEsig,
    ForEseal,
    ForWsa,
    WithQscd,
    NoQscd,
    QscdStatusAsInCert,
    QscdManagedOnBehalf,
    WithSscd,
    NoSscd,
    SscdStatusAsInCert,
}

impl Qualifier {
    const ALL: [(&'static str, Self); 13] = [
        ("NotQualified", Self::NotQualified),
        ("QCStatement", Self::QcStatement),
        ("QCForLegalPerson", Self::ForLegalPerson),
        ("QCForESig", Self::ForEsig),
        ("QCForESeal", Self::ForEseal),
        ("QCForWSA", Self::ForWsa),
        ("QCWithQSCD", Self::WithQscd),
        ("QCNoQSCD", Self::NoQscd),
        ("QCQSCDStatusAsInCert", Self::QscdStatusAsInCert),
        ("QCQSCDManagedOnBehalf", Self::QscdManagedOnBehalf),
        ("QCWithSSCD", Self::WithSscd),
        ("QCNoSSCD", Self::NoSscd),
        ("QCSSCDStatusAsInCert", Self::SscdStatusAsInCert),
    ];

    fn from_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix(SERVICE_INFORMATION)?;
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, qualifier)| *qualifier)
    }

    /// Takes something away from the certificate: where its criteria cannot be decided, it is taken to hold.
    fn restricts(self) -> bool {
        matches!(self, Self::NotQualified | Self::ForLegalPerson | Self::NoQscd | Self::NoSscd)
    }
}

/// The qualifiers that hold for a certificate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Captured(Vec<Qualifier>);

impl Captured {
    pub(super) fn by(state: &ServiceState, certificate: &Certificate) -> Self {
        let mut captured = Vec::new();
        for element in &state.qualifications {
            // Decided once for all qualifiers of the element.
            let holds = element.criteria.hold_for(certificate);
            for qualifier in element.qualifiers.iter().filter_map(|uri| Qualifier::from_uri(uri)) {
                if holds.unwrap_or_else(|| qualifier.restricts()) && !captured.contains(&qualifier) {
                    captured.push(qualifier);
                }
            }
        }
        Self(captured)
    }

    pub(super) fn has(&self, qualifier: Qualifier) -> bool {
        self.0.contains(&qualifier)
    }

    pub(super) fn any(&self, qualifiers: &[Qualifier]) -> bool {
        qualifiers.iter().any(|qualifier| self.has(*qualifier))
    }

    /// The types that the list says the certificate is for, whatever the certificate says.
    pub(super) fn types(&self) -> Vec<CertificateType> {
        let types = [
            (Qualifier::ForEsig, CertificateType::Esig),
            (Qualifier::ForEseal, CertificateType::Eseal),
            (Qualifier::ForWsa, CertificateType::Wsa),
        ];
        types.iter().filter(|(qualifier, _)| self.has(*qualifier)).map(|(_, kind)| *kind).collect()
    }
}

/// Whether the service's additional information says that it issues certificates of this type.
pub(super) fn informs(state: &ServiceState, kind: CertificateType) -> bool {
    let name = match kind {
        CertificateType::Esig => "ForeSignatures",
        CertificateType::Eseal => "ForeSeals",
        CertificateType::Wsa => "ForWebSiteAuthentication",
        CertificateType::Unknown => return false,
    };
    state.additional_information.iter().any(|uri| uri.strip_prefix(SERVICE_INFORMATION) == Some(name))
}
