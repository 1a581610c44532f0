//! Whether an organisation that a credential names is the one that a register states, by their identifiers. A number
//! alone identifies nothing: its scheme and its country count with it.

use crate::credential::checks::sealer::{identifiers, same_name};
use crate::credential::identity::{OrganisationIdentifier, alpha_2, compact};
use crate::credential::{Identifier, Organisation, Point};

/// Identifiers of one organisation that are compared; more are not looked at.
const COMPARED: usize = 64;

/// How two organisations compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Likeness {
    /// `Agrees`: an identifier is the same. `NotComparable`: none can be compared, or it is not said of which country or
    /// scheme one is. `Differs`: those that can be compared are others, or nothing at all speaks for it.
    pub(super) point: Point,
    /// The identifier that decided, as the credential has it.
    pub(super) by: Option<String>,
}

/// Compares a credential's organisation with a register's.
pub(super) fn compare(stated: &Organisation, registered: &Organisation) -> Likeness {
    let (own, others) = (ids(stated), ids(registered));
    let mut unclear = None;
    let mut other = false;
    for one in &own {
        for candidate in &others {
            match one.is(candidate) {
                Same::Yes => return Likeness { point: Point::Agrees, by: Some(one.text.to_owned()) },
                Same::Unclear => unclear = unclear.or(Some(one.text)),
                Same::No => other = true,
                Same::Unrelated => {}
            }
        }
    }
    let point = if unclear.is_some() {
        Point::NotComparable
    } else if other {
        Point::Differs
    } else {
        by_name(stated, registered)
    };
    Likeness { point, by: unclear.map(str::to_owned) }
}

/// A name identifies nobody, but other names speak against it.
fn by_name(stated: &Organisation, registered: &Organisation) -> Point {
    let names = |of: &Organisation| -> Vec<String> {
        let texts = of.legal_name.iter().chain(&of.alternative_name).flat_map(|name| name.texts());
        texts.take(COMPARED).map(str::to_owned).collect()
    };
    let (own, others) = (names(stated), names(registered));
    let alike = own.iter().any(|one| others.iter().any(|other| same_name(one, other)));
    if alike || own.is_empty() || others.is_empty() { Point::NotComparable } else { Point::Differs }
}

/// The keys by which a register finds an organisation: its identifiers, normalised, without scheme and country.
pub(super) fn keys(organisation: &Organisation) -> Vec<String> {
    ids(organisation).into_iter().map(|one| one.reference).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Same {
    /// The same identifier of the same scheme and country.
    Yes,
    /// The same text, but of which scheme or country is not said, or it is of another kind.
    Unclear,
    /// Another identifier of the same scheme, or the same text of another scheme or country.
    No,
    /// Of different kinds: neither follows.
    Unrelated,
}

/// An identifier with what its place and its organisation say of it.
struct Id<'o> {
    text: &'o str,
    /// Upper-case letters and digits alone; a URI as it stands.
    reference: String,
    /// `VAT`, `NTR`, ... by its own form, else by its place.
    kind: Option<&'o str>,
    scheme: Option<&'o str>,
    /// Identifies by itself, anywhere in the world.
    global: bool,
    /// The country stated with it.
    country: Option<String>,
    /// Else those of the organisation's locations.
    located: &'o [String],
}

fn ids(organisation: &Organisation) -> Vec<Id<'_>> {
    let all = identifiers(organisation).map(|(_, kind, one)| (kind, one));
    let mut found: Vec<Id<'_>> =
        all.take(COMPARED).filter_map(|(kind, one)| Id::of(one, kind, &organisation.countries)).collect();
    // A URI as an organisation's own identifier is one of it; those of a document's own numbering are not.
    if let Some(uri) = organisation.id.as_deref().filter(|id| is_global(id) && !id.starts_with("urn:epass:"))
    {
        let country = None;
        let (text, reference) = (uri, uri.trim_end_matches('/').to_owned());
        let located = &organisation.countries;
        found.push(Id { text, reference, kind: None, scheme: None, global: true, country, located });
    }
    found
}

impl<'o> Id<'o> {
    fn of(identifier: &'o Identifier, kind: Option<&'o str>, located: &'o [String]) -> Option<Self> {
        let text = identifier.notation.trim();
        let country = identifier.country.as_deref().and_then(known_country);
        let scheme = identifier.scheme.as_deref();
        let parsed = OrganisationIdentifier::parse(text);
        let (reference, kind, global, country) = match &parsed {
            Some(parsed) => {
                // `XG` and `EU` are no countries: the identifier is the world's or the Union's.
                let of_country = known_country(parsed.country).or(country);
                (compact(parsed.reference), Some(parsed.scheme), true, of_country)
            }
            None if is_global(text) => (text.trim_end_matches('/').to_owned(), kind, true, country),
            None => match deqar(text) {
                Some(uri) => (uri, kind, true, country),
                None => (compact(text), kind, false, country),
            },
        };
        (!reference.is_empty()).then_some(Self { text, reference, kind, scheme, global, country, located })
    }

    fn is(&self, other: &Self) -> Same {
        let schemes = match (self.scheme, other.scheme) {
            (Some(one), Some(other)) => same_scheme(one, other),
            _ => None,
        };
        let kinds = match (self.kind, other.kind) {
            (Some(one), Some(other)) => Some(one == other),
            _ => None,
        };
        let countries = self.same_country(other);
        if !self.equals(other) {
            let comparable = (schemes == Some(true) || kinds == Some(true)) && countries != Some(false);
            return if comparable && schemes != Some(false) { Same::No } else { Same::Unrelated };
        }
        if schemes == Some(false) || countries == Some(false) {
            Same::No
        } else if kinds == Some(false) && schemes != Some(true) {
            Same::Unclear
        } else if (self.global && other.global) || schemes == Some(true) || countries == Some(true) {
            Same::Yes
        } else {
            Same::Unclear
        }
    }

    /// Whether the texts are the same; a VAT number may be written with its country before it.
    fn equals(&self, other: &Self) -> bool {
        let vat = self.kind == Some("VAT") || other.kind == Some("VAT");
        let bare = |one: &Self| -> Option<String> {
            let country =
                one.country.as_ref().or_else(|| one.located.first()).and_then(|code| alpha_2(code))?;
            let written = if country == "GR" { "EL" } else { country };
            one.reference.strip_prefix(written).filter(|rest| rest.len() > 3).map(str::to_owned)
        };
        self.reference == other.reference
            || (vat
                && (bare(self).as_ref() == Some(&other.reference)
                    || bare(other).as_ref() == Some(&self.reference)))
    }

    /// By the countries stated with both; where one is without, by where its organisation is. `None` where that tells
    /// nothing; an identifier that holds everywhere needs no location.
    fn same_country(&self, other: &Self) -> Option<bool> {
        let of = |one: &Self| -> Vec<String> {
            match &one.country {
                Some(country) => vec![country.clone()],
                None if one.global => Vec::new(),
                None => one.located.iter().filter_map(|code| known_country(code)).collect(),
            }
        };
        let (own, others) = (of(self), of(other));
        let told = !own.is_empty() && !others.is_empty();
        told.then(|| own.iter().any(|one| others.contains(one)))
    }
}

/// A country by alpha-2 where there is such a country, else a user-assigned code as it stands; `None` for what is no
/// code.
fn known_country(code: &str) -> Option<String> {
    if let Some(known) = alpha_2(code) {
        return Some(known.to_owned());
    }
    let assigned =
        code.starts_with('X') && code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    assigned.then(|| code.to_owned())
}

/// Schemes by URI, whatever the protocol; a name says nothing against a URI.
fn same_scheme(one: &str, other: &str) -> Option<bool> {
    let plain = |scheme: &str| -> (bool, String) {
        let scheme = scheme.trim();
        let rest = scheme.strip_prefix("https://").or_else(|| scheme.strip_prefix("http://"));
        let text = rest.unwrap_or(scheme).trim_end_matches('/').to_lowercase();
        (rest.is_some(), text.strip_prefix("www.").map(str::to_owned).unwrap_or(text))
    };
    let (one, other) = (plain(one), plain(other));
    (one.0 == other.0 && !one.1.is_empty() && !other.1.is_empty()).then(|| one.1 == other.1)
}

fn is_global(text: &str) -> bool {
    text.contains("://") || text.starts_with("urn:") || text.starts_with("did:")
}

/// The URI of an institution that is named by its number in DEQAR: `DEQARINST0879` is
/// `https://data.deqar.eu/institution/879`.
fn deqar(text: &str) -> Option<String> {
    let number: u32 = text.strip_prefix("DEQARINST")?.parse().ok()?;
    Some(format!("https://data.deqar.eu/institution/{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Text;

    fn identifier(notation: &str, country: &str, scheme: &str) -> Identifier {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Identifier { notation: notation.to_owned(), country: some(country), scheme: some(scheme) }
    }

    fn with(place: &str, one: Identifier, location: &str) -> Organisation {
        let mut found = Organisation::default();
        match place {
            "registration" => found.registrations.push(one),
            "vat" => found.vat_identifiers.push(one),
            "eidas" => found.eidas_identifiers.push(one),
            _ => found.identifiers.push(one),
        }
        found.add_country((!location.is_empty()).then(|| location.to_owned()));
        found
    }

    #[test]
    fn notation_scheme_and_country() {
        use Point::{Agrees, Differs, NotComparable};
        let uri = "https://data.deqar.eu/institution/879";
        let eter = "https://www.eter-project.com/";
        for (stated, registered, expected) in [
            (("", uri, "", "", ""), ("registration", uri, "", "", "FIN"), Agrees),
            (("registration", uri, "ES", "", "AND"), ("registration", uri, "", "", "ESP"), Agrees),
            (("registration", uri, "ES", "", ""), ("registration", uri, "FIN", "", ""), Differs),
            (("", "DEQARINST0879", "", "", ""), ("", uri, "", "", ""), Agrees),
            (("", "FI0504", "", "http://eter-project.com", ""), ("", "FI0504", "", eter, "FIN"), Agrees),
            (("", "FI0504", "", "https://scheme.example/", ""), ("", "FI0504", "", eter, "FIN"), Differs),
            (("", "FI0504", "", "ETER", ""), ("", "FI0504", "", eter, ""), NotComparable),
            (("", "FI0504", "", "", ""), ("", "FI0504", "", "", ""), NotComparable),
            (("", "FI0504", "", "", "FIN"), ("", "FI0504", "", "", "FIN"), Agrees),
            (("", "FI0504", "", "", "SWE"), ("", "FI0504", "", "", "FIN"), Differs),
            (("registration", "123", "EST", "", ""), ("registration", "123", "", "", "EST"), Agrees),
            (("registration", "123", "LVA", "", ""), ("registration", "123", "", "", "EST"), Differs),
            (("registration", "123", "EST", "", ""), ("registration", "124", "EST", "", ""), Differs),
            (("registration", "123", "EST", "", ""), ("vat", "123", "EST", "", ""), NotComparable),
            (("vat", "10065502", "FIN", "", ""), ("vat", "FI10065502", "FIN", "", ""), Agrees),
            (("vat", "FI-10065502", "", "", "FIN"), ("", "FI10065502", "", "", "FIN"), Agrees),
            (("eidas", "VATES-B00000000", "", "", ""), ("vat", "B00000000", "ESP", "", ""), Agrees),
            (("eidas", "VATES-B00000000", "", "", ""), ("vat", "B00000000", "PRT", "", ""), Differs),
            (("eidas", "NTRES-B00000000", "", "", ""), ("vat", "B00000000", "ESP", "", ""), NotComparable),
            (("registration", "VATES-B0", "ES", "", ""), ("registration", "VATES-B0", "", "", ""), Agrees),
            (("eidas", "LEIXG-1", "", "", "EST"), ("eidas", "LEIXG-1", "", "", "FIN"), Agrees),
            (("", "urn:epass:org:1", "", "", ""), ("", "urn:x:1", "", "", ""), NotComparable),
            (("", " ", "", "", ""), ("", "", "", "", ""), NotComparable),
        ] {
            let make = |(place, notation, country, scheme, location): (&str, &str, &str, &str, &str)| {
                with(place, identifier(notation, country, scheme), location)
            };
            let found = compare(&make(stated), &make(registered));
            assert_eq!(found.point, expected, "{stated:?} / {registered:?}: {found:?}");
        }
    }

    #[test]
    fn names_only_speak_against() {
        let named =
            |name: &str| Organisation { legal_name: Some(Text::plain(name)), ..Organisation::default() };
        assert_eq!(compare(&named("A School"), &named("Another")).point, Point::Differs);
        assert_eq!(compare(&named("A School"), &named("A SCHOOL")).point, Point::NotComparable);
        assert_eq!(compare(&named("A School"), &Organisation::default()).point, Point::NotComparable);
        let local = Organisation { id: Some("urn:epass:org:1".into()), ..Organisation::default() };
        assert_eq!(compare(&local, &local.clone()).point, Point::NotComparable);
    }
}
