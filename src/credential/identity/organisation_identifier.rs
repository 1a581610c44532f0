//! organizationIdentifier (2.5.4.97) in the forms of ETSI EN 319 412-1, 5.1.4.

use super::{alpha_2, compact};
use crate::credential::Identifier;

/// A legal person's identifier: `VATES-B00000000`, `NTREE-17207834`, `LEIXG-...`, `EI:SE-5567971433`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OrganisationIdentifier<'t> {
    /// `VAT`, `NTR`, `PSD`, `LEI`, or two letters and a colon for a national scheme.
    pub(crate) scheme: &'t str,
    /// ISO 3166-1 alpha-2, as it stands; `XG` for LEI, `EU` for VAT of the Union.
    pub(crate) country: &'t str,
    /// The identifier within the scheme.
    pub(crate) reference: &'t str,
}

impl<'t> OrganisationIdentifier<'t> {
    /// Three characters of the scheme, two of the country, a hyphen-minus, the reference.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (head, reference) = text.trim().split_once('-')?;
        let (scheme, country) = head.split_at_checked(3)?;
        let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
        let national = scheme.strip_suffix(':').is_some_and(|letters| letters.len() == 2 && upper(letters));
        let known = matches!(scheme, "VAT" | "NTR" | "PSD" | "LEI");
        let valid = (known || national) && country.len() == 2 && upper(country) && !reference.is_empty();
        valid.then_some(Self { scheme, country, reference })
    }

    /// Whether an LEI's check digits hold (ISO 17442: ISO/IEC 7064, MOD 97-10); `None` for another scheme.
    pub(crate) fn lei_holds(&self) -> Option<bool> {
        if self.scheme != "LEI" {
            return None;
        }
        let digits = self.reference.bytes().try_fold(0_u32, |sum, byte| match byte {
            b'0'..=b'9' => Some((sum * 10 + u32::from(byte - b'0')) % 97),
            b'A'..=b'Z' => Some((sum * 100 + u32::from(byte - b'A') + 10) % 97),
            _ => None,
        });
        Some(self.reference.len() == 20 && digits == Some(1))
    }

    /// Whether an identifier of a credential is this one. `kind` is the scheme that its place in the credential says it
    /// is of, if any. `None` where the two are of different kinds, so that neither follows.
    pub(crate) fn is(&self, identifier: &Identifier, kind: Option<&str>) -> Option<bool> {
        let notation = compact(&identifier.notation);
        if notation.is_empty() {
            return None;
        }
        if let Some(other) = OrganisationIdentifier::parse(&identifier.notation) {
            let same_kind = other.scheme == self.scheme;
            let equal = same_country(other.country, self.country)
                && compact(other.reference) == compact(self.reference);
            return (same_kind || equal).then_some(equal);
        }
        let country = identifier.country.as_deref();
        let same_place = country.is_none_or(|country| same_country(country, self.country));
        let reference = compact(self.reference);
        // A VAT number may be written with its country before it.
        let prefixed = self.scheme == "VAT" && notation.strip_prefix(self.country) == Some(&reference);
        let equal = same_place && (notation == reference || prefixed);
        (equal || kind == Some(self.scheme)).then_some(equal)
    }
}

/// Whether two country codes can be of one country, however they are written. A code that is no country's contradicts
/// nothing: the number must agree anyway.
fn same_country(one: &str, other: &str) -> bool {
    match (alpha_2(one), alpha_2(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(notation: &str, country: &str) -> Identifier {
        let country = (!country.is_empty()).then(|| country.to_owned());
        Identifier { notation: notation.to_owned(), country, scheme: None }
    }

    #[test]
    fn forms() {
        for (text, parts) in [
            ("VATES-B00000000", Some(("VAT", "ES", "B00000000"))),
            ("NTREE-17207834", Some(("NTR", "EE", "17207834"))),
            ("LEIXG-529900T8BM49AURSDO55", Some(("LEI", "XG", "529900T8BM49AURSDO55"))),
            ("PSDBE-NBB-1234.567.890", Some(("PSD", "BE", "NBB-1234.567.890"))),
            ("EI:SE-5567971433", Some(("EI:", "SE", "5567971433"))),
            ("NTRGB-12345678 ", Some(("NTR", "GB", "12345678"))),
            ("VATES", None),
            ("VATES-", None),
            ("vates-B0", None),
            ("XYZES-1", None),
            ("VATESP-1", None),
            ("é-1", None),
            ("", None),
        ] {
            let found = OrganisationIdentifier::parse(text);
            assert_eq!(found.map(|one| (one.scheme, one.country, one.reference)), parts, "{text}");
        }
    }

    #[test]
    fn check_digits_of_an_lei() {
        let lei = |text| OrganisationIdentifier::parse(text).unwrap().lei_holds();
        assert_eq!(lei("LEIXG-529900T8BM49AURSDO55"), Some(true));
        assert_eq!(lei("LEIXG-529900T8BM49AURSDO56"), Some(false));
        assert_eq!(lei("LEIXG-529900T8BM49AURSDO5"), Some(false));
        assert_eq!(lei("NTREE-17207834"), None);
    }

    #[test]
    fn against_identifiers_of_a_credential() {
        for (certificate, notation, country, kind, expected) in [
            ("NTREE-17207834", "17207834", "EST", Some("NTR"), Some(true)),
            ("NTREE-17207834", "17207834", "", None, Some(true)),
            ("NTREE-17207834", "NTREE-17207834", "", None, Some(true)),
            ("NTREE-17207834", "172 078 34", "EE", Some("NTR"), Some(true)),
            ("NTREE-17207834", "17207835", "EST", Some("NTR"), Some(false)),
            ("NTREE-17207834", "17207834", "LVA", Some("NTR"), Some(false)),
            ("NTREE-17207834", "17207835", "EST", None, None),
            ("NTREE-17207834", "EE101234567", "EST", Some("VAT"), None),
            ("VATES-A00000000", "654321", "IRL", Some("VAT"), Some(false)),
            ("VATES-A00000000", "ESA00000000", "ESP", Some("VAT"), Some(true)),
            ("VATES-A00000000", "A-00000000", "ESP", Some("VAT"), Some(true)),
            ("VATES-A00000000", "VATES-B00000000", "", None, Some(false)),
            ("VATES-A00000000", "NTRES-A00000000", "", None, Some(true)),
            ("VATES-A00000000", "NTRES-1", "", None, None),
            ("NTRXA-70080090", "70080090", "XAA", Some("NTR"), Some(true)),
            ("LEIXG-1", "LEIXG-2", "", None, Some(false)),
            ("VATEL-123", "123", "GRC", Some("VAT"), Some(true)),
            ("VATES-A0", "", "ESP", Some("VAT"), None),
        ] {
            let parsed = OrganisationIdentifier::parse(certificate).unwrap();
            assert_eq!(
                parsed.is(&identifier(notation, country), kind),
                expected,
                "{certificate} {notation} {country}"
            );
        }
    }
}
