//! An accreditation as a register states it.

use crate::credential::{Date, Identifier, Organisation, Text};

/// An accreditation (ELM v3 `Accreditation`). Lists of limits are empty where it is not limited so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Its identifier: a URI, or the register's own.
    pub id: Option<String>,
    /// Its other identifiers.
    pub identifiers: Vec<Identifier>,
    /// `type`, a concept's URI under `http://data.europa.eu/snb/accreditation/`.
    pub kind: Option<String>,
    /// Its title.
    pub title: Option<Text>,
    /// `decision`: a word (`positive`), a score, or a concept's URI.
    pub decision: Option<String>,
    /// Whose activities are accredited.
    pub organisations: Vec<Organisation>,
    /// The qualifications that were accredited.
    pub limit_qualifications: Vec<Qualification>,
    /// Fields of education that it is for: URIs of ISCED-F.
    pub limit_fields: Vec<String>,
    /// EQF levels that it is for: URIs.
    pub limit_eqf_levels: Vec<String>,
    /// Where it is valid: URIs of administrative territorial units, NUTS regions or countries.
    pub limit_jurisdictions: Vec<String>,
    /// Types of credentials that it is valid for: URIs under `http://data.europa.eu/snb/credential/`.
    pub limit_credential_types: Vec<String>,
    /// Who accredited.
    pub agents: Vec<Organisation>,
    /// When it was issued.
    pub issued: Option<Date>,
    /// When it has to be reviewed.
    pub review: Option<Date>,
    /// When it expires.
    pub expiry: Option<Date>,
    /// `status`: of its publication, `released`.
    pub status: Vec<String>,
}

/// A qualification by what identifies it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Qualification {
    /// URI.
    pub id: Option<String>,
    /// Other identifiers.
    pub identifiers: Vec<Identifier>,
}

impl Record {
    /// Everything by which it can be asked for.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let id = self.id.as_deref().into_iter();
        id.chain(self.identifiers.iter().map(|one| one.notation.as_str())).filter(|key| !key.is_empty())
    }
}
