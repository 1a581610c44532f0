//! Who sealed, by the signing certificate.

use crate::certificate::Name;
use crate::credential::Organisation;
use crate::credential::identity::{Likeness, OrganisationIdentifier, likeness, of_organisation};
use crate::validation::SealVerdict;

/// The subject of a signing certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sealer<'c> {
    pub(super) common_name: Option<&'c str>,
    pub(super) organisation: Option<&'c str>,
    pub(super) organisation_identifier: Option<&'c str>,
    pub(super) country: Option<&'c str>,
}

impl<'c> Sealer<'c> {
    /// Those of every seal that is no counter-signature and has a signing certificate.
    pub(super) fn all(seals: &'c [&'c SealVerdict]) -> impl Iterator<Item = Self> {
        let own = seals.iter().filter(|seal| !seal.counter_signature);
        own.filter_map(|seal| seal.signer.as_deref()).map(|certificate| Self::of(&certificate.subject))
    }

    /// By a certificate's subject.
    pub(super) fn of(subject: &'c Name) -> Self {
        Self {
            common_name: subject.common_name(),
            organisation: subject.organisation(),
            organisation_identifier: subject.organisation_identifier(),
            country: subject.country(),
        }
    }

    /// Whether two certificates name the same organisation: by organizationIdentifier, and only where neither has one by
    /// name and country.
    pub(super) fn same_organisation(&self, other: &Self) -> bool {
        match (self.organisation_identifier, other.organisation_identifier) {
            (Some(own), Some(others)) => own == others,
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => {
                self.organisation.is_some()
                    && self.organisation == other.organisation
                    && self.country == other.country
            }
        }
    }

    /// Whether an organisation is the sealer: by an identifier where one can be compared, else by name. `None` where
    /// nothing can be compared.
    pub(super) fn is(&self, organisation: &Organisation) -> Option<bool> {
        if let Some(own) = self.organisation_identifier.and_then(OrganisationIdentifier::parse) {
            let mut compared = identifiers(organisation).filter_map(|(_, kind, other)| own.is(other, kind));
            if let Some(first) = compared.next() {
                return Some(first || compared.any(|same| same));
            }
        }
        let names = organisation.legal_name.iter().chain(&organisation.alternative_name);
        let names: Vec<&str> = names.flat_map(|name| name.texts()).collect();
        let own = self.organisation.or(self.common_name)?;
        (!names.is_empty()).then(|| names.iter().any(|name| same_name(own, name)))
    }
}

/// Every identifier of an organisation: its place, the scheme that this place speaks of, the identifier.
pub(in crate::credential) fn identifiers(
    organisation: &Organisation,
) -> impl Iterator<Item = (&'static str, Option<&'static str>, &crate::credential::Identifier)> {
    let places = [
        ("eIDASIdentifier", None, &organisation.eidas_identifiers),
        ("registration", Some("NTR"), &organisation.registrations),
        ("vatIdentifier", Some("VAT"), &organisation.vat_identifiers),
        ("taxIdentifier", None, &organisation.tax_identifiers),
        ("identifier", None, &organisation.identifiers),
    ];
    places.into_iter().flat_map(|(place, kind, all)| all.iter().map(move |one| (place, kind, one)))
}

/// Whether two names of organisations are the same once normalised.
pub(in crate::credential) fn same_name(one: &str, other: &str) -> bool {
    let likeness = || likeness(&of_organisation(one), &of_organisation(other));
    (one == other && !one.trim().is_empty()) || likeness() == Likeness::Same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_stand_for_a_missing_identifier() {
        let of = |identifier: Option<&'static str>, organisation: &'static str| Sealer {
            common_name: None,
            organisation: Some(organisation),
            organisation_identifier: identifier,
            country: Some("SI"),
        };
        let (own, other) = (Some("VATSI-1"), Some("VATSI-2"));
        for (one, another, same) in [
            (of(own, "A"), of(own, "B"), true),
            (of(own, "A"), of(other, "A"), false),
            (of(own, "A"), of(None, "A"), false),
            (of(None, "A"), of(own, "A"), false),
            (of(None, "A"), of(None, "A"), true),
            (of(None, "A"), of(None, "B"), false),
        ] {
            assert_eq!(one.same_organisation(&another), same, "{one:?} {another:?}");
        }
    }
}
