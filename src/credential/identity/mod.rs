//! Comparing who is named: names, countries, identifiers of organisations.

mod countries;
mod name;
mod organisation_identifier;

pub(super) use countries::{alpha_2, alpha_3};
pub(super) use name::{Likeness, likeness, of_organisation, person};
pub(super) use organisation_identifier::OrganisationIdentifier;
