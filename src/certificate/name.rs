//! Distinguished names, compared as RFC 5280, 7.1 wants it.

/// A distinguished name.
#[derive(Clone, Debug)]
pub struct Name {
    /// DER.
    pub der: Vec<u8>,
    /// A normal form: equal for names that RFC 5280, 7.1 calls equal (case and inner white space folded in
    /// directory strings, order of attributes within an RDN irrelevant).
    pub normal: Vec<u8>,
    /// Attributes in order: dotted OID and text value.
    pub attributes: Vec<(String, String)>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Eq for Name {}

impl Name {
    /// Reads a DER Name.
    #[must_use]
    pub fn parse(der: &[u8]) -> Option<Self> {
        todo!("{der:?}")
    }

    /// The first value of an attribute, by dotted OID.
    #[must_use]
    pub fn get(&self, oid: &str) -> Option<&str> {
        self.attributes.iter().find(|(o, _)| o == oid).map(|(_, value)| value.as_str())
    }

    /// commonName.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.get("2.5.4.3")
    }

    /// organizationName.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        self.get("2.5.4.10")
    }

    /// organizationIdentifier (EN 319 412-1, 5.1.4).
    #[must_use]
    pub fn organisation_identifier(&self) -> Option<&str> {
        self.get("2.5.4.97")
    }

    /// countryName.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.get("2.5.4.6")
    }
}
