//! CriteriaList: for which certificates a qualifier holds (TS 119 612, 5.5.9.2.2).

use crate::certificate::{Certificate, QcType};
use std::sync::Arc;

/// A CriteriaList (TS 119 612, 5.5.9.2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Criteria {
    /// How the parts combine.
    pub assert: Assert,
    /// The parts.
    pub criteria: Vec<Criterion>,
}

/// How criteria combine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assert {
    /// All hold.
    All,
    /// At least one holds.
    AtLeastOne,
    /// None holds.
    None,
}

/// One criterion on a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Criterion {
    /// Key usage bits: (bit, value).
    KeyUsage(Vec<(u8, bool)>),
    /// All of these policies (dotted OIDs).
    Policies(Vec<Arc<str>>),
    /// All of these subject attributes are present (dotted OIDs).
    SubjectAttributes(Vec<Arc<str>>),
    /// All of these extended key usages (dotted OIDs).
    ExtendedKeyUsage(Vec<Arc<str>>),
    /// This QC statement (dotted OID), with the type or legislation demanded, where one is.
    QcStatement {
        /// The statement.
        oid: Arc<str>,
        /// For QcType: the type's OID.
        qc_type: Option<Arc<str>>,
        /// For QcCClegislation: the country.
        legislation: Option<Arc<str>>,
    },
    /// A nested list.
    Nested(Criteria),
    /// A criterion that is not understood: nothing can be concluded from it. Its name.
    Unknown(Arc<str>),
}

impl Criteria {
    /// Whether the certificate meets the criteria; `None` where that hangs on a part that is not understood, or the
    /// list is empty.
    #[must_use]
    pub fn hold_for(&self, certificate: &Certificate) -> Option<bool> {
        let (mut holding, mut failing, mut open) = (false, false, self.criteria.is_empty());
        for criterion in &self.criteria {
            match criterion.holds_for(certificate) {
                Some(true) => holding = true,
                Some(false) => failing = true,
                None => open = true,
            }
        }
        match self.assert {
            Assert::All if failing => Some(false),
            Assert::AtLeastOne if holding => Some(true),
            Assert::None if holding => Some(false),
            _ if open => None,
            Assert::All | Assert::None => Some(true),
            Assert::AtLeastOne => Some(false),
        }
    }
}

impl Criterion {
    fn holds_for(&self, certificate: &Certificate) -> Option<bool> {
        let extensions = &certificate.extensions;
        Some(match self {
            Self::KeyUsage(bits) => {
                let mask = extensions.key_usage.map_or(0, |usage| usage.0);
                bits.iter()
                    .all(|(bit, value)| (mask.checked_shr(u32::from(*bit)).unwrap_or(0) & 1 == 1) == *value)
            }
            Self::Policies(oids) => all_in(oids, |oid| extensions.policies.iter().any(|p| p == oid)),
            Self::SubjectAttributes(oids) => all_in(oids, |oid| certificate.subject.get(oid).is_some()),
            Self::ExtendedKeyUsage(oids) => {
                let usages = extensions.extended_key_usage.as_deref().unwrap_or_default();
                all_in(oids, |oid| usages.iter().any(|u| u == oid))
            }
            Self::QcStatement { oid, qc_type, legislation } => {
                let statements = &extensions.qc_statements;
                statements.statements.iter().any(|s| **s == **oid)
                    && qc_type
                        .as_deref()
                        .is_none_or(|t| statements.types.iter().any(|have| type_oid(*have) == t))
                    && legislation.as_deref().is_none_or(|country| {
                        statements.legislation.iter().any(|c| c.eq_ignore_ascii_case(country))
                    })
            }
            Self::Nested(criteria) => return criteria.hold_for(certificate),
            Self::Unknown(_) => return None,
        })
    }
}

fn all_in(oids: &[Arc<str>], has: impl Fn(&str) -> bool) -> bool {
    !oids.is_empty() && oids.iter().all(|oid| has(oid))
}

/// The OID of a type in esi4-qcStatement-6 (EN 319 412-5, 4.2.3).
fn type_oid(qc_type: QcType) -> &'static str {
    match qc_type {
        QcType::Esign => "0.4.0.1862.1.6.1",
        QcType::Eseal => "0.4.0.1862.1.6.2",
        QcType::Web => "0.4.0.1862.1.6.3",
    }
}
