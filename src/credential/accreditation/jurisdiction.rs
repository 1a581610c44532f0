//! Whether a place lies within another, as far as their codes tell: countries and administrative territorial units of
//! the Publications Office (`.../authority/country/FIN`, `.../authority/atu/ESP_PR_BCN`) and NUTS regions
//! (`http://data.europa.eu/nuts/code/FI1B`).
//!
//! The code of a NUTS region begins with that of the region around it. That of a territorial unit begins with its
//! country's and says nothing of what lies between: which province is of which community is not told.

use crate::credential::identity::alpha_2;

/// Whether `place` lies within `limit`; `None` where the codes do not tell.
pub(super) fn within(place: &str, limit: &str) -> Option<bool> {
    if place == limit {
        return Some(true);
    }
    let (place, limit) = (Area::of(place)?, Area::of(limit)?);
    if place.country != limit.country {
        return Some(false);
    }
    match (place.part, limit.part) {
        (_, Part::Whole) => Some(true),
        (Part::Nuts(place), Part::Nuts(limit)) => {
            match (place.starts_with(limit), limit.starts_with(place)) {
                (true, _) => Some(true),
                // The larger region may be meant for a part of it.
                (false, true) => None,
                (false, false) => Some(false),
            }
        }
        (Part::Unit(place), Part::Unit(limit)) if place == limit => Some(true),
        _ => None,
    }
}

struct Area<'u> {
    /// ISO 3166-1 alpha-2.
    country: &'static str,
    part: Part<'u>,
}

enum Part<'u> {
    Whole,
    Nuts(&'u str),
    Unit(&'u str),
}

impl<'u> Area<'u> {
    /// By URI, or by a country's code alone.
    fn of(uri: &'u str) -> Option<Self> {
        let (vocabulary, code) = uri.trim().rsplit_once('/').unwrap_or(("", uri.trim()));
        if vocabulary.contains("/nuts") {
            let plain =
                (2..=5).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let country = alpha_2(code.get(..2).filter(|_| plain)?)?;
            return Some(Self {
                country,
                part: if code.len() == 2 { Part::Whole } else { Part::Nuts(code) },
            });
        }
        if vocabulary.ends_with("/atu") {
            let (country, rest) = code.split_once('_').unwrap_or((code, ""));
            let part = if rest.is_empty() { Part::Whole } else { Part::Unit(code) };
            return Some(Self { country: alpha_2(country)?, part });
        }
        let of_country = vocabulary.is_empty() || vocabulary.ends_with("/country");
        Some(Self { country: alpha_2(code).filter(|_| of_country)?, part: Part::Whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_within_places() {
        let country = |code: &str| format!("http://publications.europa.eu/resource/authority/country/{code}");
        let unit = |code: &str| format!("http://publications.europa.eu/resource/authority/atu/{code}");
        let nuts = |code: &str| format!("http://data.europa.eu/nuts/code/{code}");
        for (place, limit, expected) in [
            (unit("ESP_PR_BCN"), unit("ESP"), Some(true)),
            (unit("ESP_PR_BCN"), country("ESP"), Some(true)),
            (unit("ESP_PR_BCN"), unit("FIN"), Some(false)),
            (unit("ESP_PR_BCN"), unit("ESP_PR_BCN"), Some(true)),
            (unit("ESP_PR_BCN"), unit("ESP_AC_CAT"), None),
            (unit("ESP"), unit("ESP_AC_CAT"), None),
            (nuts("ES511"), nuts("ES51"), Some(true)),
            (nuts("ES511"), nuts("ES52"), Some(false)),
            (nuts("ES51"), nuts("ES511"), None),
            (nuts("ES511"), unit("ESP"), Some(true)),
            (nuts("EL30"), country("GRC"), Some(true)),
            (nuts("UKI"), country("GBR"), Some(true)),
            (nuts("ES511"), unit("ESP_PR_BCN"), None),
            (nuts("ES511"), unit("PRT_X"), Some(false)),
            ("FIN".to_owned(), unit("FIN"), Some(true)),
            ("FI".to_owned(), nuts("FI"), Some(true)),
            ("FIN".to_owned(), nuts("FI1B"), None),
            ("FIN".to_owned(), unit("SWE"), Some(false)),
            (unit("FIN"), "https://publications.europa.eu/resource/authority/snb/jur/1".to_owned(), None),
            ("https://example.org/region".to_owned(), unit("FIN"), None),
            (nuts("F"), unit("FIN"), None),
            (nuts("FI1B1234"), unit("FIN"), None),
            (nuts("é1"), unit("FIN"), None),
            (String::new(), String::new(), Some(true)),
        ] {
            assert_eq!(within(&place, &limit), expected, "{place} in {limit}");
        }
    }
}
