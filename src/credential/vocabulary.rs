//! Controlled vocabularies: whether a URI in a vocabulary's namespace is one of its values. `None` for a URI of another
//! namespace, on which nothing is said.

use super::identity::alpha_3;

/// EQF levels (`http://data.europa.eu/snb/eqf/`): 1 to 8, as the EQF Recommendation of 22 May 2017 has them.
pub(crate) fn eqf_level(uri: &str) -> Option<bool> {
    let level = uri.strip_prefix("http://data.europa.eu/snb/eqf/")?;
    Some(matches!(level.as_bytes(), [b'1'..=b'8']))
}

/// ISCED-F 2013 (`http://data.europa.eu/snb/isced-f/`): broad fields of two digits, narrow of three, detailed of four.
pub(crate) fn isced_f(uri: &str) -> Option<bool> {
    let code = uri.strip_prefix("http://data.europa.eu/snb/isced-f/")?;
    let digits = (2..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    let known = |broad: &str, narrow: &str| {
        let (_, narrows) = ISCED_F.iter().find(|(known, _)| *known == broad)?;
        (narrow.is_empty() || narrow == "0" || narrow == "8" || narrows.contains(narrow)).then_some(())
    };
    let (broad, rest) = code.split_at_checked(2)?;
    Some(digits && known(broad, rest.get(..1).unwrap_or_default()).is_some())
}

/// Broad fields with the digits of their narrow fields, beside 0 (not further defined) and 8 (interdisciplinary)
/// (UNESCO, ISCED fields of education and training 2013).
const ISCED_F: [(&str, &str); 11] = [
    ("00", "1239"),
    ("01", "1"),
    ("02", "123"),
    ("03", "12"),
    ("04", "12"),
    ("05", "1234"),
    ("06", "1"),
    ("07", "123"),
    ("08", "1234"),
    ("09", "12"),
    ("10", "1234"),
];

/// Languages of the Publications Office (`.../authority/language/`): three capital letters, from ISO 639-3 and
/// beyond it; the form alone is checked.
pub(crate) fn language(uri: &str) -> Option<bool> {
    let code = uri.strip_prefix("http://publications.europa.eu/resource/authority/language/")?;
    let form = code.len() >= 3
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    Some(form)
}

/// The code of a country of the Publications Office, by ISO 3166-1 alpha-3 (`1A0` and user-assigned codes beside it).
/// Codes of other lengths come from elsewhere.
pub(crate) fn country(code: &str) -> Option<bool> {
    (code.len() == 3).then(|| alpha_3(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_strangers() {
        for (uri, expected) in [
            ("http://data.europa.eu/snb/eqf/1", Some(true)),
            ("http://data.europa.eu/snb/eqf/8", Some(true)),
            ("http://data.europa.eu/snb/eqf/9", Some(false)),
            ("http://data.europa.eu/snb/eqf/99", Some(false)),
            ("http://data.europa.eu/snb/eqf/", Some(false)),
            ("urn:epass:eqf", None),
        ] {
            assert_eq!(eqf_level(uri), expected, "{uri}");
        }
        for (code, expected) in [
            ("003", true),
            ("0688", true),
            ("009", true),
            ("01", true),
            ("0111", true),
            ("0732", true),
            ("11", false),
            ("0999", false),
            ("1", false),
            ("01111", false),
            ("0x1", false),
            ("10", true),
            ("1041", true),
        ] {
            let uri = format!("http://data.europa.eu/snb/isced-f/{code}");
            assert_eq!(isced_f(&uri).unwrap_or(false), expected, "{code}");
        }
        assert_eq!(language("http://publications.europa.eu/resource/authority/language/ENG"), Some(true));
        assert_eq!(
            language("http://publications.europa.eu/resource/authority/language/english"),
            Some(false)
        );
        assert_eq!((country("EST"), country("ZZZ"), country("EE")), (Some(true), Some(false), None));
    }
}
