//! Extensions (RFC 5280, 4.1 and 4.2) as CRLs and OCSP responses carry them.

use crate::format::der::{Error, Oid, Problem, Reader, Tag, Tlv};

/// Extensions in one place; real ones have some four.
const MAX_EXTENSIONS: usize = 64;

/// Unknown critical extensions listed by name; one is enough to refuse what carries it.
const MAX_UNKNOWN: usize = 16;

/// Adds an unknown critical extension to those that are known to be there.
pub(super) fn note_unknown(unknown: &mut Vec<String>, oid: Oid<'_>) {
    if unknown.len() < MAX_UNKNOWN {
        let dotted = oid.to_string();
        if !unknown.contains(&dotted) {
            unknown.push(dotted);
        }
    }
}

/// One extension.
pub(super) struct Extension<'a> {
    pub(super) oid: Oid<'a>,
    pub(super) critical: bool,
    /// extnValue, the OCTET STRING.
    value: Tlv<'a>,
}

impl<'a> Extension<'a> {
    /// The value's own encoding.
    pub(super) fn inner(&self, what: &'static str) -> Result<Tlv<'a>, Error> {
        let mut reader = self.value.wrapped()?;
        let inner = reader.any(what)?;
        reader.finish()?;
        Ok(inner)
    }
}

/// Reads a series of extensions; a repeated one is refused (RFC 5280, 4.2).
pub(super) fn read(mut list: Reader<'_>) -> Result<Vec<Extension<'_>>, Error> {
    let mut found: Vec<Extension<'_>> = Vec::new();
    while let Some(tlv) = list.read()? {
        if found.len() == MAX_EXTENSIONS {
            let problem = Problem::OverLimit("extensions", MAX_EXTENSIONS);
            return Err(Error { position: tlv.position, problem });
        }
        let mut fields = tlv.of(Tag::SEQUENCE, "Extension")?.reader()?;
        let oid = fields.expect(Tag::OID, "extnID")?.oid()?;
        let critical = fields.optional(Tag::BOOLEAN)?.map(|tlv| tlv.boolean()).transpose()?.unwrap_or(false);
        let value = fields.expect(Tag::OCTET_STRING, "extnValue")?;
        fields.finish()?;
        if found.iter().any(|other| other.oid == oid) {
            return Err(Error { position: tlv.position, problem: Problem::Value("Extensions", "repeated") });
        }
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}
