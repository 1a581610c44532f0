//! Signed attributes that validation looks at (EN 319 122-1, 5.2).

use crate::format::cms::{AlgorithmIdentifier, SignerInfo, oid};
use crate::format::der::{self, Reader, Tag, Tlv};
use crate::signature::cms::digest;
use crate::signature::{Attributes, SignaturePolicy};
use crate::time::Time;
use std::borrow::Cow;

/// Commitments and roles that are kept; real ones are one or two.
const MOST: usize = 32;

/// Reads the signed attributes. One that cannot be read says nothing: none of them is relied on.
pub(super) fn read(info: &SignerInfo<'_>, signing_time: Option<Time>) -> Attributes {
    let mut attributes = Attributes { signing_time, ..Attributes::default() };
    for attribute in info.signed_attributes.iter().flat_map(|list| &list.list) {
        let values = || attribute.values.iter().take(MOST);
        match attribute.oid.octets() {
            oid::SIGNATURE_POLICY => {
                attributes.policy = values().find_map(|value| policy(value).ok()).or(attributes.policy);
            }
            oid::COMMITMENT_TYPE => {
                attributes.commitments.extend(values().filter_map(|value| commitment(value).ok()));
            }
            oid::MIME_TYPE => attributes.media_type = values().find_map(string),
            oid::SIGNER_LOCATION => {
                attributes.production_place = values().find_map(|value| location(value).ok().flatten());
            }
            oid::SIGNER_ATTRIBUTES | oid::SIGNER_ATTRIBUTES_V2 => {
                for value in values() {
                    // What was read before an error counts.
                    let _ = claimed(value, &mut attributes.claimed_roles);
                }
            }
            _ => {}
        }
    }
    attributes.commitments.truncate(MOST);
    attributes
}

/// SignaturePolicy (RFC 5126, 5.8.1).
fn policy(value: &Tlv<'_>) -> Result<SignaturePolicy, der::Error> {
    if value.tag == Tag::NULL {
        return Ok(SignaturePolicy::Implied);
    }
    let mut fields = value.of(Tag::SEQUENCE, "SignaturePolicyId")?.reader()?;
    let id = format!("urn:oid:{}", fields.expect(Tag::OID, "sigPolicyId")?.oid()?);
    let digest = match fields.optional(Tag::SEQUENCE)? {
        Some(hash) => {
            let mut hash = hash.reader()?;
            let algorithm = digest(&AlgorithmIdentifier::read(hash.any("hashAlgorithm")?)?);
            let value = hash.expect(Tag::OCTET_STRING, "hashValue")?.octet_string()?.into_owned();
            // A digest of zeros says that there is none (EN 319 122-1, 5.2.9.1).
            (!value.is_empty() && value.iter().any(|octet| *octet != 0)).then_some((algorithm, value))
        }
        None => None,
    };
    Ok(SignaturePolicy::Identified { id, digest })
}

/// CommitmentTypeIndication (RFC 5126, 5.11.1).
fn commitment(value: &Tlv<'_>) -> Result<String, der::Error> {
    let mut fields = value.of(Tag::SEQUENCE, "CommitmentTypeIndication")?.reader()?;
    Ok(format!("urn:oid:{}", fields.expect(Tag::OID, "commitmentTypeId")?.oid()?))
}

/// SignerLocation (RFC 5126, 5.11.2): locality and postal address, then the country.
fn location(value: &Tlv<'_>) -> Result<Option<String>, der::Error> {
    let mut fields = value.of(Tag::SEQUENCE, "SignerLocation")?.reader()?;
    let country = fields.optional(Tag::context(0))?;
    let locality = fields.optional(Tag::context(1))?;
    let mut words = Vec::new();
    words.extend(locality.and_then(|locality| string(&locality.explicit("localityName").ok()?)));
    if let Some(address) = fields.optional(Tag::context(2))? {
        // The tag is explicit in one module and implicit in the other (RFC 5126, annexes A.1 and A.2).
        let mut lines = match address.explicit("postalAddress") {
            Ok(inner) if inner.tag == Tag::SEQUENCE => inner.reader()?,
            _ => address.reader()?,
        };
        while let Some(line) = lines.read()? {
            words.extend(string(&line));
        }
    }
    words.extend(country.and_then(|country| string(&country.explicit("countryName").ok()?)));
    Ok((!words.is_empty()).then(|| words.join(", ")))
}

/// The text values in the claimed attributes of SignerAttribute (RFC 5126, 5.11.3; EN 319 122-1, 5.2.6.1).
fn claimed(value: &Tlv<'_>, roles: &mut Vec<String>) -> Result<(), der::Error> {
    let mut choices = value.of(Tag::SEQUENCE, "SignerAttribute")?.reader()?;
    while let Some(choice) = choices.read()? {
        if choice.tag != Tag::context(0) {
            continue;
        }
        let mut attributes = match choice.explicit("claimedAttributes") {
            Ok(inner) if inner.tag == Tag::SEQUENCE && first_is_sequence(&inner) => inner.reader()?,
            _ => choice.reader()?,
        };
        while let Some(attribute) = attributes.read()? {
            let mut fields = attribute.of(Tag::SEQUENCE, "Attribute")?.reader()?;
            fields.expect(Tag::OID, "attrType")?;
            let mut values = fields.set("attrValues")?;
            while let Some(value) = values.read()? {
                if roles.len() < MOST {
                    roles.extend(string(&value));
                }
            }
        }
    }
    Ok(())
}

fn first_is_sequence(tlv: &Tlv<'_>) -> bool {
    tlv.reader().is_ok_and(|reader: Reader<'_>| reader.peek() == Some(Tag::SEQUENCE))
}

fn string(value: &Tlv<'_>) -> Option<String> {
    value.text().map(Cow::into_owned)
}
