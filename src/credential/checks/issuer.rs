//! The seal's certificate against the issuer that the credential names: organizationIdentifier, O, CN and C against
//! identifiers, names and countries.
//!
//! At sealing the official issuer software writes the certificate's values over `eIDASIdentifier`, `legalName` and
//! `altLabel` and adds a location: that these agree says little where other identifiers are another organisation's.

use super::sealer::{Sealer, identifiers, same_name};
use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::catalogue::{Words, say};
use crate::credential::identity::{OrganisationIdentifier, alpha_2};
use crate::credential::{Organisation, Text};
use crate::validation::SealVerdict;

/// The points that are no identifiers.
const LEGAL_NAME: Words = Words::constant("issuer.legalName");
const OTHER_NAME: Words = Words::constant("issuer.altLabel");
const LOCATION: Words = Words::constant("issuer.location");

/// Compares every seal's certificate; the one that agrees best speaks.
pub(super) fn check(issuer: Option<&Organisation>, seals: &[&SealVerdict]) -> Check {
    let Some(issuer) = issuer else { return skipped("says.issuer-none") };
    let checks = Sealer::all(seals).map(|sealer| compare(issuer, &sealer));
    let rank = |check: &Check| match check.status {
        CheckStatus::Ok => 0,
        CheckStatus::Error => 1,
        CheckStatus::Skipped => 2,
    };
    checks.min_by_key(rank).unwrap_or_else(|| skipped("says.no-certificate"))
}

fn skipped(key: &'static str) -> Check {
    Check::new(Kind::Issuer, CheckStatus::Skipped, say(key))
}

fn compare(issuer: &Organisation, sealer: &Sealer<'_>) -> Check {
    let mut details = Vec::new();
    let own = sealer.organisation_identifier;
    let parsed = own.and_then(OrganisationIdentifier::parse);
    for (place, kind, identifier) in identifiers(issuer) {
        let outcome = match parsed.as_ref().map(|own| own.is(identifier, kind)) {
            Some(Some(true)) => Point::Agrees,
            Some(Some(false)) => Point::Differs,
            Some(None) | None => Point::NotComparable,
        };
        let country = identifier.country.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        let stated = format!("{}{country}", identifier.notation);
        details.push(detail(Words::verbatim(format_args!("issuer.{place}")), outcome, Some(stated), own));
    }
    if parsed.as_ref().and_then(OrganisationIdentifier::lei_holds) == Some(false) {
        details.push(detail(
            Words::constant("certificate.organizationIdentifier"),
            Point::Differs,
            None,
            own,
        ));
    }
    details.extend(name(LEGAL_NAME, issuer.legal_name.as_ref(), sealer.organisation));
    details.extend(name(OTHER_NAME, issuer.alternative_name.as_ref(), sealer.common_name));
    details.extend(country(issuer, sealer.country));
    judge(details)
}

fn name(item: Words, stated: Option<&Text>, found: Option<&str>) -> Option<Detail> {
    let text = stated?;
    let outcome = match found {
        None => Point::NotComparable,
        Some(found) if text.texts().any(|one| same_name(one, found)) => Point::Agrees,
        Some(_) => Point::Differs,
    };
    Some(detail(item, outcome, text.chosen().map(str::to_owned), found))
}

fn country(issuer: &Organisation, found: Option<&str>) -> Option<Detail> {
    if issuer.countries.is_empty() {
        return None;
    }
    let code = found.and_then(alpha_2);
    let known: Vec<&str> = issuer.countries.iter().filter_map(|code| alpha_2(code)).collect();
    let outcome = match code {
        None => Point::NotComparable,
        Some(_) if known.is_empty() => Point::NotComparable,
        Some(code) if !known.contains(&code) => Point::Differs,
        Some(_) if issuer.countries.len() > 1 => Point::Partial,
        Some(_) => Point::Agrees,
    };
    Some(detail(LOCATION, outcome, Some(issuer.countries.join(", ")), found))
}

fn detail(item: Words, outcome: Point, stated: Option<String>, found: Option<&str>) -> Detail {
    Detail { item, outcome, stated: stated.map(Words::from), found: found.map(Words::verbatim) }
}

/// An identifier decides; without one that can be compared, the name does. Countries alone never identify.
fn judge(details: Vec<Detail>) -> Check {
    let count = |outcome, of: fn(&Detail) -> bool| {
        details.iter().filter(|one| of(one) && one.outcome == outcome).count()
    };
    let identifier: fn(&Detail) -> bool = |one| ![LOCATION, LEGAL_NAME, OTHER_NAME].contains(&one.item);
    let legal_name: fn(&Detail) -> bool = |one| one.item == LEGAL_NAME;
    let location: fn(&Detail) -> bool = |one| one.item == LOCATION;
    let agreeing = count(Point::Agrees, identifier);
    let mut against: Vec<Words> = details
        .iter()
        .filter(|one| identifier(one) && one.outcome == Point::Differs)
        .map(|one| one.item.clone())
        .collect();
    if count(Point::Differs, legal_name) > 0 {
        against.push(LEGAL_NAME);
    }
    if count(Point::Differs, location) > 0 {
        against.push(LOCATION);
    }
    let two_countries = count(Point::Partial, location) > 0;
    let status = if !against.is_empty() {
        CheckStatus::Error
    } else if agreeing > 0 || count(Point::Agrees, legal_name) > 0 {
        CheckStatus::Ok
    } else {
        CheckStatus::Skipped
    };
    let mut reason = match (against.is_empty(), agreeing, count(Point::Agrees, legal_name)) {
        (false, ..) => say("says.issuer-differs").with_words("items", Words::enumeration(against)),
        (true, 1.., _) => say("says.issuer-identifier"),
        (true, 0, 1..) => say("says.issuer-name-only"),
        (true, 0, 0) => say("says.issuer-nothing-compared"),
    };
    if two_countries {
        reason = Words::list([reason, say("says.issuer-several-countries")]);
    }
    Check { details, ..Check::new(Kind::Issuer, status, reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Identifier;

    const VELOCERT: Sealer<'static> = Sealer {
        common_name: Some("VELOCERT OU"),
        organisation: Some("VELOCERT OU"),
        organisation_identifier: Some("NTREE-17207834"),
        country: Some("EE"),
    };

    fn identifiers(notation: &str, country: &str) -> Vec<Identifier> {
        vec![Identifier { notation: notation.into(), country: Some(country.into()), scheme: None }]
    }

    fn velocert() -> Organisation {
        Organisation {
            legal_name: Some(Text::plain("Velocert OÜ")),
            eidas_identifiers: identifiers("17207834", "EST"),
            registrations: identifiers("17207834", "EST"),
            countries: vec!["EST".into()],
            ..Organisation::default()
        }
    }

    #[test]
    fn identifiers_decide_then_names() {
        let check = compare(&velocert(), &VELOCERT);
        assert_eq!(check.status, CheckStatus::Ok);
        assert!(check.details.iter().all(|one| one.outcome == Point::Agrees), "{check:?}");
        let by_name = Organisation { eidas_identifiers: vec![], registrations: vec![], ..velocert() };
        assert!(compare(&by_name, &VELOCERT).reason.to_string().contains("no identifier could be compared"));
        let nothing = Organisation { legal_name: None, countries: vec![], ..by_name.clone() };
        assert_eq!(compare(&nothing, &VELOCERT).status, CheckStatus::Skipped);
        for other in [
            Organisation { registrations: identifiers("99999999", "EST"), ..velocert() },
            Organisation { registrations: identifiers("17207834", "LVA"), ..velocert() },
            Organisation { legal_name: Some(Text::plain("Somebody else")), ..velocert() },
            Organisation { countries: vec!["LVA".into()], ..velocert() },
        ] {
            assert_eq!(compare(&other, &VELOCERT).status, CheckStatus::Error, "{other:?}");
        }
    }

    #[test]
    fn what_sealing_left_of_another_organisation_is_seen() {
        let issuer = Organisation {
            legal_name: Some(Text::plain("ORGANIZACION TEST")),
            alternative_name: Some(Text::plain("TEST SEAL")),
            eidas_identifiers: identifiers("VATES-A00000000", "ESP"),
            vat_identifiers: identifiers("654321", "IRL"),
            countries: vec!["IRL".into(), "ESP".into()],
            ..Organisation::default()
        };
        let sealer = Sealer {
            common_name: Some("TEST SEAL"),
            organisation: Some("ORGANIZACION TEST"),
            organisation_identifier: Some("VATES-A00000000"),
            country: Some("ES"),
        };
        let check = compare(&issuer, &sealer);
        assert_eq!(check.status, CheckStatus::Error);
        assert!(check.reason.to_string().contains("issuer.vatIdentifier"), "{}", check.reason);
        assert!(check.reason.to_string().contains("several countries"), "{}", check.reason);
    }
}
