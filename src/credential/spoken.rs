//! A credential's texts in the reader's language. Only what is shown changes: the checks looked at every language.

use super::{
    Accreditation, Achievement, Activity, Assessment, Award, CheckedCredential, Concept, Credential, Credit,
    Element, Evidence, Further, Learner, Organisation, Outcome, Presentation, Specification, Text, annex_i,
    eqf_annex_vi,
};

impl CheckedCredential {
    /// Shows texts in the language of a tag (BCP 47) where they have it, and the tables with them.
    pub fn speak(&mut self, tag: &str) {
        self.credential.speak(tag);
        let of = |table: Option<super::Annex>| table.map(|annex| annex.elements).unwrap_or_default();
        let spoken = [of(annex_i(&self.credential)), of(eqf_annex_vi(&self.credential))];
        for (table, spoken) in [&mut self.annex_i, &mut self.eqf_annex_vi].into_iter().zip(spoken) {
            let shown: &mut [Element] = table.as_mut().map_or(&mut [], |table| &mut table.elements);
            for (one, spoken) in shown.iter_mut().zip(spoken) {
                // What is not to be returned stays so.
                if one.value.is_some() && spoken.value.is_some() {
                    one.value = spoken.value;
                }
            }
        }
    }
}

trait Spoken {
    fn speak(&mut self, tag: &str);
}

impl Spoken for Text {
    /// Keeps the texts of the nearest tag: the whole of it, else its first subtag (RFC 4647, 3.4).
    fn speak(&mut self, tag: &str) {
        let first = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let whole = |language: &str| language.eq_ignore_ascii_case(tag);
        let near = |language: &str| !language.is_empty() && first(language) == first(tag);
        let fits: &dyn Fn(&str) -> bool =
            if self.0.iter().any(|(language, _)| whole(language)) { &whole } else { &near };
        if self.0.iter().any(|(language, _)| fits(language)) {
            self.0.retain(|(language, _)| fits(language));
        }
    }
}

impl<T: Spoken> Spoken for Option<T> {
    fn speak(&mut self, tag: &str) {
        self.iter_mut().for_each(|one| one.speak(tag));
    }
}

impl<T: Spoken> Spoken for Vec<T> {
    fn speak(&mut self, tag: &str) {
        self.iter_mut().for_each(|one| one.speak(tag));
    }
}

macro_rules! spoken {
    ($($name:ident: $($field:ident)*;)*) => {
        $(impl Spoken for $name {
            fn speak(&mut self, tag: &str) {
                $(self.$field.speak(tag);)*
            }
        })*
    };
}

spoken! {
    Credential: title issuer learner achievements evidence presentation;
    Presentation: presenter;
    Organisation: legal_name alternative_name accreditations;
    Learner: full_name given_name family_name;
    Achievement: title awarded_by specified_by proven_by influenced_by entitles_to credit_received further part_of parts;
    Award: awarding_bodies;
    Specification: title types outcomes credit eqf_levels nqf_levels modes languages thematic_areas entry_requirements
        entitles_to accreditations further part_of parts;
    Outcome: title esco_skills skills types reusability;
    Credit: framework;
    Assessment: title grades id_verification specified_by parts;
    Activity: title specified_by parts;
    Further: notes;
    Accreditation: title types;
    Evidence: statement accreditations;
    Concept: label;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Context, Fields, examine};
    use crate::format::Limits;
    use crate::signature::Payload;
    use crate::time::Time;
    use serde_json::{Value, json};

    /// A credential in which every text is `en NAME` and `de NAME`.
    fn bilingual() -> Value {
        let text = |name: &str| json!({"en": format!("en {name}"), "de-AT": format!("de {name}")});
        let concept =
            |name: &str| json!({"id": format!("urn:{name}"), "type": "Concept", "prefLabel": text(name)});
        let body = json!({"id": "urn:body", "type": "Organisation", "legalName": text("body"), "altLabel": text("short")});
        json!({
            "@context": ["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"],
            "id": "urn:credential:1",
            "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
            "displayParameter": {"type": "DisplayParameter", "title": text("credential")},
            "issuer": body,
            "credentialSubject": {"type": "Person", "fullName": text("name"), "hasClaim": {
                "type": "LearningAchievement",
                "title": text("achievement"),
                "additionalNote": [{"type": "Note", "noteLiteral": text("note")}],
                "awardedBy": {"type": "AwardingProcess", "awardingBody": body},
                "provenBy": {"type": "LearningAssessment", "title": text("exam"), "grade": {"type": "Note", "noteLiteral": text("grade")},
                    "specifiedBy": {"type": "LearningAssessmentSpecification", "dcType": concept("kind")}},
                "specifiedBy": {"type": "Qualification", "title": text("programme"), "eqfLevel": concept("level"),
                    "mode": concept("mode"), "thematicArea": concept("field"), "language": concept("language"),
                    "learningOutcome": {"type": "LearningOutcome", "title": text("outcome"), "relatedESCOSkill": concept("skill")},
                    "entryRequirement": {"type": "Note", "noteLiteral": text("entry")}},
            }},
        })
    }

    fn read() -> CheckedCredential {
        let text = bilingual().to_string();
        let context = Context::at(Time::from_seconds(1_800_000_000));
        examine(&Payload::Json(text.as_bytes().into()), &Limits::default(), &context).unwrap()
    }

    #[test]
    fn every_text_is_in_the_language_that_is_asked_for() {
        let before = serde_json::to_string(&read()).unwrap();
        for (tag, shown, gone) in
            [("de", "\"de ", "en "), ("de-AT", "\"de ", "en "), ("en-GB", "\"en ", "de ")]
        {
            let mut spoken = read();
            spoken.speak(tag);
            let mut value = serde_json::to_value(&spoken).unwrap();
            // Reasons of checks quote what they looked at.
            value.as_object_mut().unwrap().remove("checks");
            let text = value.to_string();
            assert!(text.matches(shown).count() >= 15, "{tag}: {text}");
            for name in [
                "body",
                "credential",
                "achievement",
                "note",
                "exam",
                "grade",
                "level",
                "outcome",
                "skill",
                "entry",
            ] {
                assert!(!text.contains(&format!("\"{gone}{name}")), "{tag}: {name}: {text}");
            }
        }
        for tag in ["nl", "pl"] {
            let mut other = read();
            other.speak(tag);
            let text = serde_json::to_string(&other).unwrap();
            assert_eq!(text, before, "{tag}: a language that the credential has not changes nothing in it");
        }
    }

    #[test]
    fn what_is_not_to_be_returned_stays_hidden() {
        let mut spoken = read();
        spoken.keep(Fields::parse("birth-date").unwrap());
        spoken.speak("de");
        let annex = spoken.annex_i.unwrap();
        let learner = &annex.elements[0];
        assert!(learner.present && learner.value.is_none());
        assert!(annex.elements.iter().any(|one| one.value.as_deref() == Some("de body")));
    }
}
