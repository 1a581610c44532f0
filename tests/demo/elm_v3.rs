//! ELM v3 credentials (JSON-LD, application profile edc-generic-full) of our own invention.

use super::content::{Content, OUTCOMES};
use super::png;
use serde_json::{Value, json};

const SNB: &str = "http://data.europa.eu/snb";
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// The credential as JSON text, without white space.
pub fn credential(content: &Content) -> Vec<u8> {
    let value = match content.picture {
        Some(bytes) => full(content, bytes),
        None => short(content),
    };
    serde_json::to_vec(&value).unwrap()
}

fn full(content: &Content, picture: usize) -> Value {
    let (given, family) = content.learner();
    json!({
        "@context": contexts(),
        "id": content.id(),
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "identifier": {
            "id": "urn:epass:identifier:1", "type": "Identifier",
            "schemeName": "Register of micro-credentials", "notation": format!("MC-{:06}", content.index)
        },
        "credentialProfiles": concept(&snb("credential/e34929035b"), &snb("credential/25831c2"), "Generic"),
        "credentialSchema": schema(),
        "displayParameter": display(picture),
        "issuer": issuer(content),
        "issuanceDate": content.issued.to_string(),
        "issued": content.issued.to_string(),
        "validFrom": content.issued.to_string(),
        "credentialSubject": {
            "id": "urn:epass:person:1",
            "type": "Person",
            "fullName": text(&format!("{given} {family}")),
            "givenName": text(given),
            "familyName": text(family),
            "dateOfBirth": format!("{}T00:00:00Z", content.birth()),
            "nationalID": legal_identifier("person", &format!("ID-{:08}", content.index), "XAA"),
            "contactPoint": {
                "id": "urn:epass:contactPoint:1", "type": "ContactPoint",
                "emailAddress": {
                    "id": format!("mailto:learner{}@mail.example", content.index), "type": "Mailbox"
                }
            },
            "hasClaim": achievement(content)
        }
    })
}

// The least that the shapes of the Generic profile let through: who learnt what from whom, and a picture of one pixel.
// What stands twice is said once and referred to by its identifier.
fn short(content: &Content) -> Value {
    let (given, family) = content.learner();
    let (name, registration, _, country) = content.issuer();
    let language = format!("{AUTHORITY}/language/ENG");
    let country = format!("{AUTHORITY}/country/{country}");
    json!({
        "@context": contexts(),
        "id": content.id(),
        "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
        "credentialProfiles": bare(&snb("credential/e34929035b"), &snb("credential/25831c2")),
        "credentialSchema": schema(),
        "displayParameter": {
            "type": "DisplayParameter",
            "title": text(LESSON),
            "language": bare(&language, &format!("{AUTHORITY}/language")),
            "primaryLanguage": language,
            "individualDisplay": {
                "type": "IndividualDisplay",
                "language": language,
                "displayDetail": {
                    "type": "DisplayDetail",
                    "page": 1,
                    "image": {
                        "type": "MediaObject",
                        "content": PIXEL,
                        "contentEncoding": bare(&snb("encoding/6146cde7dd"), &snb("encoding/25831c2")),
                        "contentType": bare(
                            &format!("{AUTHORITY}/file-type/GIF"), &format!("{AUTHORITY}/file-type"),
                        )
                    }
                }
            }
        },
        "issuer": {
            "id": "urn:epass:org:1",
            "type": "Organisation",
            "legalName": text(name),
            "eIDASIdentifier": {
                "type": "LegalIdentifier",
                "notation": registration,
                "spatial": bare(&country, &format!("{AUTHORITY}/country"))
            },
            "location": {
                "type": "Location", "address": { "type": "Address", "countryCode": country }
            }
        },
        "issued": content.issued.to_string(),
        "validFrom": content.issued.to_string(),
        "credentialSubject": {
            "type": "Person",
            "fullName": text(&format!("{given} {family}")),
            "dateOfBirth": format!("{}T00:00:00Z", content.birth()),
            "hasClaim": {
                "type": "LearningAchievement",
                "title": text(LESSON),
                "awardedBy": { "type": "AwardingProcess", "awardingBody": "urn:epass:org:1" }
            }
        }
    })
}

const LESSON: &str = "Sealed Bees: first lesson";

/// A GIF of one pixel.
const PIXEL: &str = "R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

// A concept without its label.
fn bare(id: &str, scheme: &str) -> Value {
    json!({ "id": id, "type": "Concept", "inScheme": { "id": scheme, "type": "ConceptScheme" } })
}

fn contexts() -> Value {
    json!(["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"])
}

fn schema() -> Value {
    json!({ "id": snb("model/ap/edc-generic-full"), "type": "ShaclValidator2017" })
}

fn achievement(content: &Content) -> Value {
    json!({
        "id": "urn:epass:learningAchievement:1",
        "type": "LearningAchievement",
        "title": title(),
        "description": text("Completed the micro-credential on bees, their sealed brood, and pollination."),
        "additionalNote": note("note:1", "The course took place in a fictitious country."),
        "awardedBy": awarded(content),
        "creditReceived": credit("creditPoint:2"),
        "influencedBy": activity(content),
        "provenBy": assessment(content),
        "specifiedBy": qualification(content)
    })
}

fn activity(content: &Content) -> Value {
    json!({
        "id": "urn:epass:learningActivity:1",
        "type": "LearningActivity",
        "title": text("A season at the apiary"),
        "awardedBy": awarded(content),
        "directedBy": { "id": "urn:epass:org:1" },
        "workload": "PT100H",
        "temporal": {
            "id": "urn:epass:period:1", "type": "PeriodOfTime",
            "startDate": "2026-03-02T08:00:00Z", "endDate": "2026-07-10T16:00:00Z"
        },
        "specifiedBy": {
            "id": "urn:epass:learningActivitySpec:1",
            "type": "LearningActivitySpecification",
            "title": text("Apiary practice with lectures"),
            "dcType": concept(
                &snb("learning-activity/fd33e234ae"),
                &snb("learning-activity/25831c2"),
                "educational programme",
            ),
            "mode": blended(),
            "language": english(),
            "volumeOfLearning": "PT100H"
        }
    })
}

fn assessment(content: &Content) -> Value {
    json!({
        "id": "urn:epass:learningAssessment:1",
        "type": "LearningAssessment",
        "title": text("Frame inspection and written examination"),
        "awardedBy": awarded(content),
        "assessedBy": { "id": "urn:epass:org:1" },
        "dateIssued": "2026-07-13T10:00:00Z",
        "grade": note("note:2", "4.5 of 5"),
        "idVerification": concept(
            &snb("supervision-verification/70be69aaf9"),
            &snb("supervision-verification/25831c2"),
            "Supervised with ID Verification",
        ),
        "specifiedBy": {
            "id": "urn:epass:learningAssessmentSpec:1",
            "type": "LearningAssessmentSpecification",
            "title": text("Practical and written assessment"),
            "dcType": concept(
                &snb("assessment/3484bd7e51"), &snb("assessment/25831c2"), "continuous evaluation",
            ),
            "mode": concept(
                &snb("learning-assessment/9191af2ed9"), &snb("learning-assessment/25831c2"), "Presential",
            ),
            "language": english(),
            "gradingScheme": {
                "id": "urn:epass:gradingScheme:1", "type": "GradingScheme",
                "title": text("Five combs"),
                "description": text("One to five; three passes.")
            }
        }
    })
}

fn qualification(content: &Content) -> Value {
    let outcomes: Vec<Value> = OUTCOMES.iter().enumerate().map(outcome).collect();
    json!({
        "id": "urn:epass:qualification:1",
        "type": "Qualification",
        "title": title(),
        "dcType": concept(
            &snb("learning-opportunity/74a4a268e8"),
            &snb("learning-opportunity/25831c2"),
            "Short learning programme",
        ),
        "thematicArea": concept(
            &snb("isced-f/0811"), &snb("isced-f/25831c2"), "Crop and livestock production",
        ),
        "learningOutcome": outcomes,
        "volumeOfLearning": "PT125H",
        "creditPoint": credit("creditPoint:1"),
        "eqfLevel": concept(&snb("eqf/5"), &snb("eqf/25831c2"), "Level 5"),
        "nqfLevel": concept(
            "urn:epass:nqfLevel:XA5", &snb("qdr/25831c2"), "Arcadian Qualifications Framework, level 5",
        ),
        "isPartialQualification": true,
        "mode": blended(),
        "language": english(),
        "learningSetting": concept(
            &snb("learning-setting/6fd4685715"), &snb("learning-setting/25831c2"), "formal learning",
        ),
        "maximumDuration": "P6M",
        "entryRequirement": note("note:3", "None; no fear of insects is an advantage."),
        "homepage": web("webResource:2", "https://meadowgate.example/bees"),
        "supplementaryDocument": web("webResource:3", "https://meadowgate.example/bees/syllabus"),
        "isPartOf": {
            "id": "urn:epass:qualification:2", "type": "Qualification",
            "title": text("Certificate in Pollination Ecology")
        },
        "accreditation": {
            "id": "urn:epass:accreditation:1",
            "type": "Accreditation",
            "title": text("Programme accreditation: Sealed Bees and Pollination"),
            "dcType": concept(
                &snb("accreditation/bb4618238e"),
                &snb("accreditation/25831c2"),
                "Institutional Quality Assurance",
            ),
            "dateIssued": "2025-01-15T00:00:00Z",
            "expiryDate": "2055-01-15T00:00:00Z",
            "organisation": { "id": "urn:epass:org:1" },
            "accreditingAgent": {
                "id": "urn:epass:org:2", "type": "Organisation",
                "legalName": text("Arcadian Agency for Quality in Learning"),
                "location": location("org:2", content.issuer().3)
            }
        }
    })
}

fn outcome((index, (title, kind, skill)): (usize, &(&str, &str, &str))) -> Value {
    let number = index + 1;
    json!({
        "id": format!("urn:epass:learningOutcome:{number}"),
        "type": "LearningOutcome",
        "title": text(title),
        "dcType": concept(&snb(&format!("skill-type/{kind}")), &snb("skill-type/25831c2"), kind),
        "reusabilityLevel": concept(
            &snb("skill-reuse-level/cross-sector"),
            &snb("skill-reuse-level/25831c2"),
            "cross-sector skills and competences",
        ),
        "relatedESCOSkill": concept(
            &format!("urn:epass:escoSkill:{number}"), "http://data.europa.eu/esco/concept-scheme/skills", skill,
        )
    })
}

fn issuer(content: &Content) -> Value {
    let (name, registration, _, country) = content.issuer();
    json!({
        "id": "urn:epass:org:1",
        "type": "Organisation",
        "legalName": text(name),
        "altLabel": text(content.seal_name()),
        "eIDASIdentifier": legal_identifier("eidas", registration, country),
        "registration": legal_identifier("registration", &registration[6..], country),
        "location": location("org:1", country),
        "homepage": web("webResource:1", "https://meadowgate.example"),
        "contactPoint": {
            "id": "urn:epass:contactPoint:2", "type": "ContactPoint",
            "emailAddress": { "id": "mailto:registrar@meadowgate.example", "type": "Mailbox" }
        }
    })
}

fn awarded(content: &Content) -> Value {
    json!({
        "id": "urn:epass:awardingProcess:1",
        "type": "AwardingProcess",
        "awardingDate": content.issued.to_string(),
        "awardingBody": issuer(content)
    })
}

fn display(picture: usize) -> Value {
    let image = json!({
        "id": "urn:epass:mediaObject:1",
        "type": "MediaObject",
        "content": &*png::honeycomb_base64(picture),
        "contentEncoding": concept(&snb("encoding/6146cde7dd"), &snb("encoding/25831c2"), "base64"),
        "contentType": concept(
            &format!("{AUTHORITY}/file-type/PNG"), &format!("{AUTHORITY}/file-type"), "PNG",
        )
    });
    json!({
        "id": "urn:epass:displayParameter:1",
        "type": "DisplayParameter",
        "title": title(),
        "description": text("has completed the micro-credential"),
        "language": english(),
        "primaryLanguage": english(),
        "individualDisplay": {
            "id": "urn:epass:individualDisplay:1",
            "type": "IndividualDisplay",
            "language": english(),
            "displayDetail": {
                "id": "urn:epass:displayDetail:1", "type": "DisplayDetail", "page": 1, "image": image
            }
        }
    })
}

fn location(of: &str, country: &str) -> Value {
    json!({
        "id": format!("urn:epass:location:{of}"),
        "type": "Location",
        "address": {
            "id": format!("urn:epass:address:{of}"),
            "type": "Address",
            "countryCode": country_concept(country),
            "fullAddress": note(&format!("note:{of}"), "1 Clover Lane, 1000 Meadowgate")
        }
    })
}

fn legal_identifier(id: &str, notation: &str, country: &str) -> Value {
    json!({
        "id": format!("urn:epass:legalIdentifier:{id}"),
        "type": "LegalIdentifier",
        "notation": notation,
        "spatial": country_concept(country)
    })
}

// The Annex's elements are in English; the title is in two languages, so that a reader has to choose.
fn title() -> Value {
    json!({ "en": "Sealed Bees and Pollination", "de": "Verdeckelte Bienen und Bestäubung" })
}

fn credit(id: &str) -> Value {
    json!({
        "id": format!("urn:epass:{id}"),
        "type": "CreditPoint",
        "framework": concept(
            &snb("education-credit/6fcec5c5af"),
            &snb("education-credit/25831c2"),
            "European Credit Transfer System",
        ),
        "point": "5"
    })
}

fn blended() -> Value {
    concept(&snb("learning-assessment/e92d221e4d"), &snb("learning-assessment/25831c2"), "Blended")
}

fn english() -> Value {
    concept(&format!("{AUTHORITY}/language/ENG"), &format!("{AUTHORITY}/language"), "English")
}

fn country_concept(code: &str) -> Value {
    let label = if code == "XBB" { "Borea" } else { "Arcadia" };
    concept(&format!("{AUTHORITY}/country/{code}"), &format!("{AUTHORITY}/country"), label)
}

fn note(id: &str, content: &str) -> Value {
    json!({ "id": format!("urn:epass:{id}"), "type": "Note", "noteLiteral": text(content) })
}

fn web(id: &str, address: &str) -> Value {
    json!({ "id": format!("urn:epass:{id}"), "type": "WebResource", "contentURL": address })
}

fn concept(id: &str, scheme: &str, label: &str) -> Value {
    json!({
        "id": id, "type": "Concept",
        "inScheme": { "id": scheme, "type": "ConceptScheme" },
        "prefLabel": text(label)
    })
}

fn text(english: &str) -> Value {
    json!({ "en": english })
}

fn snb(path: &str) -> String {
    format!("{SNB}/{path}")
}
