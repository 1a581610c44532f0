//! QC statements (EN 319 412-5, RFC 3739).

use crate::format::der::{Error, Tag, Tlv};

/// The type of a qualified certificate (esi4-qcStatement-6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum QcType {
    /// For electronic signatures.
    Esign,
    /// For electronic seals.
    Eseal,
    /// For website authentication.
    Web,
}

impl QcType {
    /// The type's OID, dotted.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Esign => "0.4.0.1862.1.6.1",
            Self::Eseal => "0.4.0.1862.1.6.2",
            Self::Web => "0.4.0.1862.1.6.3",
        }
    }
}

/// What the qcStatements extension says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QcStatements {
    /// QcCompliance (esi4-qcStatement-1).
    pub compliance: bool,
    /// QcSSCD (esi4-qcStatement-4).
    pub sscd: bool,
    /// QcType.
    pub types: Vec<QcType>,
    /// QcType OIDs beside the three of EN 319 412-5, dotted.
    pub other_types: Vec<String>,
    /// QcCClegislation: countries (esi4-qcStatement-7).
    pub legislation: Vec<String>,
    /// Every statement's OID, dotted, known or not.
    pub statements: Vec<String>,
}

impl QcStatements {
    /// The statement that a certificate is qualified, dotted OID.
    pub const COMPLIANCE: &'static str = "0.4.0.1862.1.1";
    /// The statement that the private key is in a secure device, dotted OID.
    pub const SSCD: &'static str = "0.4.0.1862.1.4";
    /// The statement of the type, dotted OID.
    pub const TYPE: &'static str = "0.4.0.1862.1.6";
    /// The statement of the country under whose law the certificate is qualified, dotted OID.
    pub const LEGISLATION: &'static str = "0.4.0.1862.1.7";

    /// From the value of the extension: all of it is read, or it is an error.
    pub(super) fn read(value: &Tlv<'_>) -> Result<Self, Error> {
        let mut statements = value.reader()?;
        let mut read = Self::default();
        while !statements.is_empty() {
            let mut statement = statements.sequence("QCStatement")?;
            let oid = statement.expect(Tag::OID, "statementId")?.oid()?.to_string();
            match oid.as_str() {
                Self::COMPLIANCE => read.compliance = true,
                Self::SSCD => read.sscd = true,
                Self::TYPE => {
                    let mut types = statement.sequence("QcType")?;
                    while let Some(kind) = types.read()? {
                        let kind = kind.oid()?.to_string();
                        match [QcType::Esign, QcType::Eseal, QcType::Web]
                            .into_iter()
                            .find(|t| t.oid() == kind)
                        {
                            Some(kind) => read.types.push(kind),
                            None => read.other_types.push(kind),
                        }
                    }
                }
                Self::LEGISLATION => {
                    let mut countries = statement.sequence("QcCClegislation")?;
                    while let Some(country) = countries.read()? {
                        read.legislation.push(String::from_utf8_lossy(country.content).into_owned());
                    }
                }
                _ => {}
            }
            read.statements.push(oid);
        }
        Ok(read)
    }
}
