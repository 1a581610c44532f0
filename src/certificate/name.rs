//! Distinguished names, compared as RFC 5280, 7.1 wants it.

use crate::format::der::{Reader, Tag, Tlv};
use std::borrow::Cow;

/// A distinguished name.
#[derive(Clone, Debug)]
pub struct Name {
    /// DER.
    pub der: Vec<u8>,
    /// A normal form: equal for names that RFC 5280, 7.1 calls equal (case and inner white space folded in
    /// directory strings, order of attributes within an RDN irrelevant).
    pub normal: Vec<u8>,
    /// Attributes in order: dotted OID and text value; a value that is no string as `#` and its DER in
    /// hexadecimal (RFC 4514, 2.4).
    pub attributes: Vec<(String, String)>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Eq for Name {}

impl Name {
    /// Reads a DER Name; `None` if it is malformed or bytes follow it.
    #[must_use]
    pub fn parse(der: &[u8]) -> Option<Self> {
        let mut outer = Reader::der(der);
        let mut rdns = outer.sequence("Name").ok()?;
        outer.finish().ok()?;
        let mut normal = Vec::with_capacity(der.len().saturating_mul(2));
        let mut attributes = Vec::new();
        while let Some(rdn) = rdns.read().ok()? {
            if rdn.tag != Tag::SET {
                return None;
            }
            let mut rdn = rdn.reader().ok()?;
            let mut normals = Vec::with_capacity(1);
            while let Some(attribute) = rdn.read().ok()? {
                let mut parts = attribute.reader().ok().filter(|_| attribute.tag == Tag::SEQUENCE)?;
                let oid = parts.any("AttributeType").ok().filter(|oid| oid.tag == Tag::OID)?.oid().ok()?;
                let value = parts.any("AttributeValue").ok()?;
                parts.finish().ok()?;
                let text = value.text();
                normals.push(normal_attribute(oid.octets(), &value, text.as_deref())?);
                let text = text.map_or_else(|| format!("#{}", hex::encode(value.raw)), Cow::into_owned);
                attributes.push((oid.to_string(), text));
            }
            // RFC 5280, 4.1.2.4: an RDN is a set of at least one.
            if normals.is_empty() {
                return None;
            }
            normals.sort_unstable();
            normal.extend_from_slice(&u32::try_from(normals.len()).ok()?.to_be_bytes());
            normals.iter().for_each(|attribute| normal.extend_from_slice(attribute));
        }
        // Thousands of names are kept for as long as a snapshot lives.
        normal.shrink_to_fit();
        attributes.shrink_to_fit();
        Some(Self { der: der.to_vec(), normal, attributes })
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

    /// Whether there is no attribute at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }
}

/// An attribute such that equal ones have equal bytes: lengths first, so that no two lists of attributes run
/// together into the same bytes.
fn normal_attribute(oid: &[u8], value: &Tlv<'_>, text: Option<&str>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.raw.len().saturating_add(16));
    out.extend_from_slice(&u32::try_from(oid.len()).ok()?.to_be_bytes());
    out.extend_from_slice(oid);
    let at = out.len();
    out.extend_from_slice(&[0; 5]);
    match text {
        Some(text) => fold(text, &mut out),
        None => out.extend_from_slice(value.raw),
    }
    let length = u32::try_from(out.len().checked_sub(at)?).ok()?;
    out.splice(at..at.checked_add(5)?, [u8::from(text.is_some())].into_iter().chain(length.to_be_bytes()));
    Some(out)
}

/// RFC 5280, 7.1 by way of RFC 4518: without case, white space trimmed and collapsed. The compatibility
/// decomposition (NFKC) is left out: names that differ by it alone stay different, as everybody compares them.
fn fold(text: &str, out: &mut Vec<u8>) {
    let mut started = false;
    let mut space = false;
    for character in text.chars() {
        if character.is_whitespace() {
            space = started;
            continue;
        }
        if space {
            out.push(b' ');
            space = false;
        }
        started = true;
        if character.is_ascii() {
            out.extend(u8::try_from(character).map(|ascii| ascii.to_ascii_lowercase()));
        } else {
            // Upper case first: it joins what lower case alone keeps apart (final sigma, sharp s).
            for folded in character.to_uppercase().flat_map(char::to_lowercase) {
                out.extend_from_slice(folded.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
        [header, content.to_vec()].concat()
    }

    /// Last arc of 2.5.4, string tag, content.
    type Attribute<'a> = (u8, u8, &'a [u8]);

    /// One RDN for each inner slice.
    fn name(rdns: &[&[Attribute<'_>]]) -> Name {
        let rdns: Vec<u8> = rdns
            .iter()
            .flat_map(|attributes| {
                let set: Vec<u8> = attributes
                    .iter()
                    .flat_map(|(arc, tag, content)| {
                        tlv(0x30, &[tlv(6, &[0x55, 4, *arc]), tlv(*tag, content)].concat())
                    })
                    .collect();
                tlv(0x31, &set)
            })
            .collect();
        Name::parse(&tlv(0x30, &rdns)).unwrap()
    }

    #[test]
    fn text_compares_without_case_space_or_string_type() {
        let utf8 = name(&[&[(3, 12, "Ärzte  Kammer ΟΔΟΣ".as_bytes())]]);
        for (tag, content) in [
            (12, "ärzte kammer οδος".as_bytes().to_vec()),
            (12, " ÄRZTE\tKammer οδοσ ".as_bytes().to_vec()),
            (30, "ärzte kammer οδος".encode_utf16().flat_map(u16::to_be_bytes).collect()),
            (28, "ärzte kammer οδος".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ] {
            assert_eq!(utf8, name(&[&[(3, tag, &content)]]), "{tag}");
        }
        assert_eq!(name(&[&[(3, 20, b"\xe4b")]]), name(&[&[(3, 12, "Äb".as_bytes())]]));
        assert_eq!(name(&[&[(3, 19, b"a b")]]), name(&[&[(3, 12, b"A  B")]]));
        assert_ne!(name(&[&[(3, 19, b"ab")]]), name(&[&[(3, 19, b"a b")]]));
        assert_ne!(name(&[&[(3, 19, b"a")]]), name(&[&[(10, 19, b"a")]]));
        assert_eq!(utf8.common_name(), Some("Ärzte  Kammer ΟΔΟΣ"), "shown as it stands");
    }

    #[test]
    fn order_counts_between_rdns_but_not_within_one() {
        let (c, o): (Attribute<'_>, Attribute<'_>) = ((6, 19, b"EE"), (10, 12, b"x"));
        assert_eq!(name(&[&[c, o]]), name(&[&[o, c]]));
        assert_ne!(name(&[&[c], &[o]]), name(&[&[o], &[c]]));
        assert_ne!(name(&[&[c, o]]), name(&[&[c], &[o]]));
        assert_ne!(name(&[&[c]]), name(&[&[c], &[c]]));
        assert_eq!(name(&[&[c], &[o]]).country(), Some("EE"));
        assert!(name(&[]).is_empty());
    }

    #[test]
    fn a_value_that_is_no_string_is_kept_as_it_is() {
        let null = name(&[&[(3, 5, b"")]]);
        assert_eq!(null.common_name(), Some("#0500"));
        assert_ne!(null, name(&[&[(3, 19, b"#0500")]]));
        assert_ne!(null, name(&[&[(3, 19, b"\x05\x00")]]));
        assert_eq!(name(&[&[(3, 30, b"abc")]]).common_name(), Some("#1e03616263"), "half a character");
    }

    #[test]
    fn malformed_names_are_none() {
        for hex in [
            "",
            "30",
            "3000 00",
            "3001",
            "3002 3100",
            "3004 3102 3000",
            "300b 3109 3007 0603550403 1301",
            "3180",
        ] {
            let der = hex::decode(hex.replace(' ', "")).unwrap();
            assert!(Name::parse(&der).is_none(), "{hex}");
        }
        assert!(Name::parse(&[0x30, 0]).is_some());
    }

    proptest! {
        #[test]
        fn equal_folds_mean_equal_names(a in "\\PC{0,20}", b in "\\PC{0,20}") {
            let folded = |text: &str| { let mut out = Vec::new(); fold(text, &mut out); out };
            let equal = folded(&a) == folded(&b);
            prop_assert_eq!(name(&[&[(3, 12, a.as_bytes())]]) == name(&[&[(3, 12, b.as_bytes())]]), equal);
            prop_assert_eq!(folded(&a), folded(&format!("  {a} ")));
            prop_assert_eq!(folded(&String::from_utf8(folded(&a)).unwrap()), folded(&a));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Name::parse(&bytes);
        }
    }
}
