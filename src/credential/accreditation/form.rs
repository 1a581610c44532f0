//! The JSON that the QDR's accreditation service answers, with plain members instead of linked data. Dates are
//! milliseconds since 1970, or texts.

use super::read::bounded;
use super::{Qualification, Record};
use crate::credential::{Date, Identifier, Organisation, Text, country_code};
use crate::format::json::Value;

/// Whether an entry is in this form.
pub(super) fn is(value: &Value<'_>) -> bool {
    value.get("accreditedOrganization").is_some()
}

/// Reads one accreditation; what is `null` is absent.
///
/// # Errors
/// A member of the wrong kind, or with too many entries.
pub(super) fn record(value: &Value<'_>) -> Result<Record, String> {
    let organisation = |name: &str| member(value, name).map(|one| organisation(one, name)).transpose();
    let qualification = member(value, "limitQualification").map(qualification).transpose()?;
    Ok(Record {
        id: text(value, "id")?,
        identifiers: identifiers(value, "identifiers")?,
        kind: text(value, "type")?,
        title: texts(value, "titles")?,
        decision: decision(value)?,
        organisations: organisation("accreditedOrganization")?.into_iter().collect(),
        limit_qualifications: qualification.into_iter().collect(),
        limit_fields: concepts(value, "limitFields")?,
        limit_eqf_levels: concepts(value, "limitEQFLevels")?,
        limit_jurisdictions: concepts(value, "limitJurisdictions")?,
        limit_credential_types: either(concepts(value, "limitCredentialTypes")?, || {
            concepts(value, "limitCredentialType")
        })?,
        agents: organisation("accreditingAgent")?.into_iter().collect(),
        issued: date(value, "issuedDate")?,
        review: date(value, "reviewDate")?,
        expiry: date(value, "expiryDate")?,
        status: concepts(value, "status")?,
    })
}

fn organisation(value: &Value<'_>, name: &str) -> Result<Organisation, String> {
    if value.as_object().is_none() {
        return Err(format!("`{name}`: expected an object"));
    }
    let registration = |member: &Value<'_>| match identifier(member) {
        Some(identifier) => Ok(identifier),
        None => Err("`registration`: expected a text or an identifier".to_owned()),
    };
    let mut found = Organisation {
        id: text(value, "id")?,
        legal_name: texts(value, "prefLabels")?,
        alternative_name: texts(value, "alternativeNames")?,
        registrations: member(value, "registration").map(registration).transpose()?.into_iter().collect(),
        vat_identifiers: identifiers(value, "vatIdentifiers")?,
        tax_identifiers: identifiers(value, "taxIdentifiers")?,
        eidas_identifiers: identifiers(value, "eIDASIdentifiers")?,
        identifiers: identifiers(value, "identifiers")?,
        ..Organisation::default()
    };
    for location in list(value, "locations")? {
        for place in list(location, "locations")? {
            found.add_country(text(place, "isoAlpha3Code")?);
        }
        for address in list(location, "addresses")? {
            let country = member(address, "countryCode").and_then(uri);
            found.add_country(country.map(country_code));
        }
    }
    Ok(found)
}

fn qualification(value: &Value<'_>) -> Result<Qualification, String> {
    Ok(Qualification { id: uri(value).map(str::to_owned), identifiers: identifiers(value, "identifiers")? })
}

/// A member that is there and not `null`.
fn member<'v, 'p>(value: &'v Value<'p>, name: &str) -> Option<&'v Value<'p>> {
    value.get(name).filter(|member| **member != Value::Null)
}

fn text(value: &Value<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(member) = member(value, name) else { return Ok(None) };
    let text = member.as_str().ok_or_else(|| format!("`{name}`: expected a text"))?.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn list<'v, 'p>(value: &'v Value<'p>, name: &str) -> Result<&'v [Value<'p>], String> {
    match member(value, name) {
        None => Ok(&[]),
        Some(member) => bounded(member, name),
    }
}

/// `[{"language": "en", "value": "..."}]`
fn texts(value: &Value<'_>, name: &str) -> Result<Option<Text>, String> {
    let mut found = Vec::new();
    for one in list(value, name)? {
        let text = one.as_str().or_else(|| one.get("value")?.as_str());
        let text = text.ok_or_else(|| format!("`{name}`: expected texts with `language` and `value`"))?;
        let language = one.get("language").and_then(Value::as_str).unwrap_or_default();
        found.push((language.to_owned(), text.trim().to_owned()));
    }
    Ok((!found.is_empty()).then_some(Text(found)))
}

fn identifiers(value: &Value<'_>, name: &str) -> Result<Vec<Identifier>, String> {
    let read = |one: &Value<'_>| {
        identifier(one).ok_or_else(|| format!("`{name}`: expected identifiers with a text as `value`"))
    };
    list(value, name)?.iter().map(read).collect()
}

/// A text, or `{"value", "schemeID", "schemeAgencyName", "spatialId"}`.
fn identifier(value: &Value<'_>) -> Option<Identifier> {
    let notation = value.as_str().or_else(|| value.get("value")?.as_str())?.trim();
    let member = |names: [&str; 2]| names.iter().find_map(|name| value.get(name)?.as_str());
    (!notation.is_empty()).then(|| Identifier {
        notation: notation.to_owned(),
        country: member(["spatialId", "spatialID"]).map(country_code),
        scheme: member(["schemeID", "schemeAgencyName"]).map(str::to_owned),
    })
}

/// A concept: its URI, or an object with it.
fn uri<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    let uri = value.as_str().or_else(|| value.get("uri")?.as_str()).or_else(|| value.get("id")?.as_str())?;
    Some(uri.trim())
}

fn concepts(value: &Value<'_>, name: &str) -> Result<Vec<String>, String> {
    let read = |one: &Value<'_>| {
        uri(one).map(str::to_owned).ok_or_else(|| format!("`{name}`: expected texts, or objects with `uri`"))
    };
    list(value, name)?.iter().map(read).collect()
}

fn either(
    first: Vec<String>,
    second: impl FnOnce() -> Result<Vec<String>, String>,
) -> Result<Vec<String>, String> {
    if first.is_empty() { second() } else { Ok(first) }
}

/// A word, or `{"content": "positive", "scoringSchemeID": "..."}`.
fn decision(value: &Value<'_>) -> Result<Option<String>, String> {
    match member(value, "decision") {
        Some(score) if score.as_object().is_some() => text(score, "content"),
        _ => text(value, "decision"),
    }
}

fn date(value: &Value<'_>, name: &str) -> Result<Option<Date>, String> {
    let wrong = || format!("`{name}`: expected milliseconds since 1970, or a date");
    let date = match member(value, name) {
        None => return Ok(None),
        Some(Value::Number(millis)) => {
            let millis: i64 = millis.parse().map_err(|_| wrong())?;
            Date::numeric(&millis.div_euclid(1000).to_string())
        }
        Some(other) => Date::new(other.as_str().ok_or_else(wrong)?),
    };
    if date.time.is_none() { Err(wrong()) } else { Ok(Some(date)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;
    use crate::format::json::parse;

    #[test]
    fn one_with_everything() {
        let text = br#"{"id": "a", "identifiers": [{"value": "1", "schemeID": "https://scheme.example/"}],
            "type": "http://data.europa.eu/snb/accreditation/bb4618238e", "titles": [{"language": "en", "value": "Audit"}],
            "decision": {"content": "positive", "scoringSchemeID": null}, "limitFields": [{"uri": "urn:f"}, "urn:g"],
            "limitQualification": {"uri": "urn:q", "identifiers": null}, "limitEQFLevels": null, "status": ["released"],
            "accreditedOrganization": {"registration": "R", "vatIdentifiers": [{"value": "V",
                "spatialId": "http://publications.europa.eu/resource/authority/country/FIN"}],
                "prefLabels": [{"language": "en", "value": "School"}],
                "locations": [{"addresses": null, "locations": [{"nutsCode": "FI", "isoAlpha3Code": "FIN"}]}]},
            "accreditingAgent": null, "issuedDate": 1558303200000, "expiryDate": "2030-01-01", "reviewDate": null}"#;
        let found = record(&parse(text, &Limits::default()).unwrap()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "1"]);
        assert_eq!(found.identifiers[0].scheme.as_deref(), Some("https://scheme.example/"));
        assert_eq!(found.decision.as_deref(), Some("positive"));
        assert_eq!(found.limit_fields, ["urn:f", "urn:g"]);
        assert_eq!(found.limit_qualifications[0].id.as_deref(), Some("urn:q"));
        let organisation = &found.organisations[0];
        assert_eq!(organisation.countries, ["FIN"]);
        assert_eq!(organisation.registrations[0].notation, "R");
        assert_eq!(organisation.vat_identifiers[0].country.as_deref(), Some("FIN"));
        assert_eq!(found.issued.unwrap().text, "2019-05-19T22:00:00Z");
        assert_eq!(found.expiry.unwrap().text, "2030-01-01");
        assert!(found.agents.is_empty() && found.review.is_none());
    }

    #[test]
    fn members_of_the_wrong_kind_are_named() {
        for (members, why) in [
            (r#""identifiers": [{}]"#, "`identifiers`: expected identifiers"),
            (r#""identifiers": 7"#, "`identifiers`: expected identifiers"),
            (r#""titles": [1]"#, "`titles`: expected texts"),
            (r#""expiryDate": "soon""#, "`expiryDate`: expected milliseconds"),
            (r#""expiryDate": 1e9"#, "`expiryDate`: expected milliseconds"),
            (r#""issuedDate": 99999999999999999"#, "`issuedDate`: expected milliseconds"),
            (r#""status": [{}]"#, "`status`: expected texts"),
            (r#""decision": 10"#, "`decision`: expected a text"),
            (r#""accreditingAgent": "urn:a""#, "`accreditingAgent`: expected an object"),
        ] {
            let text = format!(r#"{{"id": "a", "accreditedOrganization": {{}}, {members}}}"#);
            let error = record(&parse(text.as_bytes(), &Limits::default()).unwrap()).unwrap_err();
            assert!(error.contains(why), "{members}: {error}");
        }
    }
}
