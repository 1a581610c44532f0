//! What a verifier states about the person who handed in a credential.

use super::Date;
use crate::excerpt::excerpt;
use crate::nearest::instead;
use serde_json::Value;
use std::fmt;

/// What is stated about an applicant: JSON, e.g.
/// `{"given_name": "Ana", "family_name": "Andromeda", "birth_date": "1999-10-02"}`. Never logged.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Applicant {
    /// The whole name, in any order.
    pub name: Option<String>,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Date of birth, `1999-10-02`.
    pub birth_date: Option<Date>,
    /// National identifier.
    pub national_id: Option<String>,
    /// The country that it is of: ISO 3166-1, two or three letters.
    pub national_id_country: Option<String>,
    /// European Student Identifier, `urn:schac:personalUniqueCode:int:esi:...`.
    pub european_student_identifier: Option<String>,
}

impl fmt::Debug for Applicant {
    /// Nothing personal may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Applicant(..)")
    }
}

impl schemars::JsonSchema for Applicant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Applicant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = |description: &str| serde_json::json!({"description": description, "type": "string", "pattern": "\\S"});
        schemars::json_schema!({
            "description": "What is stated about who handed the credential in. At most 16 KiB.",
            "type": "object",
            "properties": {
                "name": text("The whole name, in any order."),
                "given_name": text("Given names."),
                "family_name": text("Family name."),
                "birth_date": {"description": "Date of birth.", "type": "string", "format": "date"},
                "national_id": text("National identifier."),
                "national_id_country": text("The country that it is of: ISO 3166-1, two or three letters."),
                "european_student_identifier":
                    text("European Student Identifier, `urn:schac:personalUniqueCode:int:esi:...`."),
            },
            "minProperties": 1,
            "dependentRequired": {"national_id_country": ["national_id"]},
            "additionalProperties": false,
        })
    }
}

/// The members of the JSON object.
const MEMBERS: [&str; 7] = [
    "name",
    "given_name",
    "family_name",
    "birth_date",
    "national_id",
    "national_id_country",
    "european_student_identifier",
];

/// Bytes that a statement may have.
const BYTES: usize = 16 << 10;

impl Applicant {
    /// Reads a JSON object of texts.
    ///
    /// # Errors
    /// Why it is none, naming the member but no value: not JSON, not an object, an unknown member (with the nearest one
    /// known), a value that is no text or empty, no date, a country without identifier, nothing stated.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        if json.len() > BYTES {
            return Err(format!("more than {BYTES} bytes"));
        }
        // The error of the JSON reader names a place, never a value.
        let value: Value = serde_json::from_slice(json)
            .map_err(|error| format!("not JSON: line {}, column {}", error.line(), error.column()))?;
        let Value::Object(members) = value else { return Err("expected a JSON object".to_owned()) };
        let mut stated = Self::default();
        for (name, value) in members {
            let Value::String(text) = value else { return Err(format!("`{name}`: expected a text")) };
            let text = text.trim().to_owned();
            if text.is_empty() {
                return Err(format!("`{name}` is empty"));
            }
            match name.as_str() {
                "name" => stated.name = Some(text),
                "given_name" => stated.given_name = Some(text),
                "family_name" => stated.family_name = Some(text),
                "birth_date" => {
                    let date = Date::new(&text);
                    if date.time.is_none() || text.len() != 10 {
                        return Err("`birth_date`: expected a date like 1999-10-02".to_owned());
                    }
                    stated.birth_date = Some(date);
                }
                "national_id" => stated.national_id = Some(text),
                "national_id_country" => stated.national_id_country = Some(text),
                "european_student_identifier" => stated.european_student_identifier = Some(text),
                other => {
                    let shown = excerpt(other, 40);
                    return Err(format!("no member {shown:?}{}", instead(other, MEMBERS)));
                }
            }
        }
        if stated.national_id_country.is_some() && stated.national_id.is_none() {
            return Err("`national_id_country` without `national_id`".to_owned());
        }
        if stated == Self::default() {
            return Err("nothing is stated".to_owned());
        }
        Ok(stated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_and_its_mistakes() {
        let stated = Applicant::parse(br#"{"name": " Ana Andromeda ", "birth_date": "1999-10-02"}"#).unwrap();
        assert_eq!(stated.name.as_deref(), Some("Ana Andromeda"));
        assert_eq!(format!("{stated:?}"), "Applicant(..)");
        for (json, why) in [
            ("", "not JSON"),
            ("[]", "expected a JSON object"),
            ("{}", "nothing is stated"),
            (r#"{"nmae": "Ana"}"#, "the nearest is `name`"),
            (r#"{"name": 1}"#, "`name`: expected a text"),
            (r#"{"name": " "}"#, "`name` is empty"),
            (r#"{"birth_date": "2.10.1999"}"#, "`birth_date`: expected"),
            (r#"{"birth_date": "1999-10-02T00:00:00Z"}"#, "`birth_date`: expected"),
            (r#"{"national_id_country": "ES"}"#, "without `national_id`"),
        ] {
            let error = Applicant::parse(json.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
        assert!(Applicant::parse(&[b' '; BYTES + 1]).is_err());
    }
}
