//! The JSON Schema of the verdict, made from its types.

use super::Verdict;
use schemars::generate::SchemaSettings;

/// The verdict's JSON Schema (draft 2020-12), indented, with a description for every field.
#[must_use]
pub fn verdict_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Verdict>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_schema_checked_in_is_that_of_the_types() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/verdict.schema.json");
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == verdict_schema(), "run `sealgate schema > src/report/verdict.schema.json`");
    }

    #[test]
    fn every_field_is_described() {
        let schema: Value = serde_json::from_str(&verdict_schema()).unwrap();
        let mut silent = Vec::new();
        let definitions = schema["$defs"].as_object().unwrap().iter();
        for (name, definition) in definitions.chain([(&"Verdict".to_owned(), &schema)]) {
            for (field, of) in definition["properties"].as_object().into_iter().flatten() {
                if of.get("description").is_none() {
                    silent.push(format!("{name}.{field}"));
                }
            }
        }
        assert!(silent.is_empty(), "{silent:?}");
    }
}
