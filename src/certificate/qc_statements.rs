//! QC statements (EN 319 412-5, RFC 3739).

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

/// What the qcStatements extension says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QcStatements {
    /// QcCompliance (esi4-qcStatement-1).
    pub compliance: bool,
    /// QcSSCD (esi4-qcStatement-4).
    pub sscd: bool,
    /// QcType.
    pub types: Vec<QcType>,
    /// QcCClegislation: countries (esi4-qcStatement-7).
    pub legislation: Vec<String>,
    /// Every statement's OID, dotted, known or not.
    pub statements: Vec<String>,
}
