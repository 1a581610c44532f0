//! Comparing who is named: names, countries, identifiers of organisations.

mod countries;
mod name;
mod organisation_identifier;

pub(super) use countries::{alpha_2, alpha_3};
pub(super) use name::{Likeness, likeness, of_organisation, person};
pub(super) use organisation_identifier::OrganisationIdentifier;

/// Letters and digits alone, in upper case: how numbers are grouped says nothing.
pub(super) fn compact(text: &str) -> String {
    if text.is_ascii() {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        let mut compact = String::with_capacity(text.len());
        compact.extend(letters.map(|byte| char::from(byte.to_ascii_uppercase())));
        return compact;
    }
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}
