//! The seal's certificate against the issuer that the credential names: organizationIdentifier, O, CN and C against
//! identifiers, names and countries.
//!
//! At sealing the official issuer software writes the certificate's values over `eIDASIdentifier`, `legalName` and
//! `altLabel` and adds a location: that these agree says little where other identifiers are another organisation's.

use super::sealer::{Sealer, identifiers, same_name};
use super::{Check, CheckStatus, Detail, Kind, Point};
use crate::credential::identity::{OrganisationIdentifier, alpha_2};
use crate::credential::{Organisation, Text};
use crate::validation::SealVerdict;

/// Compares every seal's certificate; the one that agrees best speaks.
pub(super) fn check(issuer: Option<&Organisation>, seals: &[&SealVerdict]) -> Check {
    let Some(issuer) = issuer else { return skipped("the credential names no issuer") };
    let checks = Sealer::all(seals).map(|sealer| compare(issuer, &sealer));
    let rank = |check: &Check| match check.status {
        CheckStatus::Ok => 0,
        CheckStatus::Error => 1,
        CheckStatus::Skipped => 2,
    };
    checks.min_by_key(rank).unwrap_or_else(|| skipped("no seal has a signing certificate"))
}

fn skipped(reason: &str) -> Check {
    Check::new(Kind::Issuer, CheckStatus::Skipped, reason)
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
        details.push(detail(format!("issuer.{place}"), outcome, Some(stated), own));
    }
    if parsed.as_ref().and_then(OrganisationIdentifier::lei_holds) == Some(false) {
        details.push(detail("certificate.organizationIdentifier".to_owned(), Point::Differs, None, own));
    }
    details.extend(name("issuer.legalName", issuer.legal_name.as_ref(), sealer.organisation));
    details.extend(name("issuer.altLabel", issuer.alternative_name.as_ref(), sealer.common_name));
    details.extend(country(issuer, sealer.country));
    judge(details)
}

fn name(item: &str, stated: Option<&Text>, found: Option<&str>) -> Option<Detail> {
    let text = stated?;
    let outcome = match found {
        None => Point::NotComparable,
        Some(found) if text.texts().any(|one| same_name(one, found)) => Point::Agrees,
        Some(_) => Point::Differs,
    };
    Some(detail(item.to_owned(), outcome, text.chosen().map(str::to_owned), found))
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
    Some(detail("issuer.location".to_owned(), outcome, Some(issuer.countries.join(", ")), found))
}

fn detail(item: String, outcome: Point, stated: Option<String>, found: Option<&str>) -> Detail {
    Detail { item, outcome, stated, found: found.map(str::to_owned) }
}

/// An identifier decides; without one that can be compared, the name does. Countries alone never identify.
fn judge(details: Vec<Detail>) -> Check {
    let count = |outcome, of: fn(&Detail) -> bool| {
        details.iter().filter(|one| of(one) && one.outcome == outcome).count()
    };
    let identifier: fn(&Detail) -> bool = |one| {
        one.item != "issuer.location" && one.item != "issuer.legalName" && one.item != "issuer.altLabel"
    };
    let legal_name: fn(&Detail) -> bool = |one| one.item == "issuer.legalName";
    let location: fn(&Detail) -> bool = |one| one.item == "issuer.location";
    let agreeing = count(Point::Agrees, identifier);
    let mut against: Vec<&str> = details
        .iter()
        .filter(|one| identifier(one) && one.outcome == Point::Differs)
        .map(|one| one.item.as_str())
        .collect();
    if count(Point::Differs, legal_name) > 0 {
        against.push("issuer.legalName");
    }
    if count(Point::Differs, location) > 0 {
        against.push("issuer.location");
    }
    let two_countries = count(Point::Partial, location) > 0;
    let mut reason = match (against.is_empty(), agreeing, count(Point::Agrees, legal_name)) {
        (false, ..) => format!("the certificate and the issuer differ in {}", against.join(", ")),
        (true, 1.., _) => "an identifier of the issuer is the certificate's".to_owned(),
        (true, 0, 1..) => {
            "the issuer's name is the certificate's; no identifier could be compared".to_owned()
        }
        (true, 0, 0) => "nothing of the issuer could be compared with the certificate".to_owned(),
    };
    if two_countries {
        reason.push_str("; the issuer has locations in several countries, the certificate's among them");
    }
    let status = if !against.is_empty() {
        CheckStatus::Error
    } else if agreeing > 0 || count(Point::Agrees, legal_name) > 0 {
        CheckStatus::Ok
    } else {
        CheckStatus::Skipped
    };
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
        assert!(compare(&by_name, &VELOCERT).reason.contains("no identifier could be compared"));
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
        assert!(check.reason.contains("issuer.vatIdentifier"), "{}", check.reason);
        assert!(check.reason.contains("several countries"), "{}", check.reason);
    }
}
