//! ELM v2 credentials (`europassCredential`, XML) of our own invention, in canonical form.

use super::content::{Content, OUTCOMES};
use super::png;
use super::xml::{empty, leaf, node};

const SNB: &str = "http://data.europa.eu/snb";
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";
const PROOF: &str = "<proof></proof>";

/// The root's start tag as exclusive canonicalisation writes it.
const CANONICAL_ROOT: &str = r#"europassCredential xmlns="http://data.europa.eu/snb" xmlns:cred="http://data.europa.eu/europass/model/credentials/w3c#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsdVersion="0.10.0""#;
const SCHEMA: &str = r#"xsi:schemaLocation="http://data.europa.eu/snb http://publications.europa.eu/resource/schema/credential/genericschema_1.2.xsd""#;

/// The credential in canonical form, and where in it a signature goes: into its `proof`.
pub fn credential(content: &Content) -> (String, usize) {
    let mut parts = head(content);
    parts.push(subject(content));
    parts.push(node("learningOutcomeReferences", &outcomes()));
    parts.push(node("learningSpecificationReferences", &[qualification()]));
    parts.push(node("assessmentSpecificationReferences", &[assessment_specification()]));
    parts.push(node("learningActivitySpecificationReferences", &[activity_specification()]));
    parts.push(node("agentReferences", &[organisation(content)]));
    parts.push(node("awardingProcessReferences", &[awarding(content)]));
    parts.push(node("accreditationReferences", &[accreditation()]));
    parts.push(node("scoringSchemeReferences", &[scoring()]));
    parts.push(display(content.picture.unwrap_or(2_000)));
    parts.push(PROOF.to_owned());
    let root = format!(r#"{CANONICAL_ROOT} cred:id="{}" {SCHEMA}"#, content.id());
    let canonical = node(&root, &parts);
    let position = canonical.find(PROOF).unwrap() + "<proof>".len();
    (canonical, position)
}

/// The signed document as another writer would have it: attributes in its own order, an unused declaration.
pub fn relax(document: &str, content: &Content) -> String {
    let canonical = format!(r#"{CANONICAL_ROOT} cred:id="{}" {SCHEMA}"#, content.id());
    let (name, _) = canonical.split_once(' ').unwrap();
    let loose = format!(
        "{name} xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n    {SCHEMA}\n    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" cred:id='{}'\n    xmlns:cred=\"http://data.europa.eu/europass/model/credentials/w3c#\" xsdVersion=\"0.10.0\" xmlns=\"{SNB}\"",
        content.id()
    );
    document.replacen(&canonical, &loose, 1)
}

fn head(content: &Content) -> Vec<String> {
    vec![
        leaf("identifier", &format!("MC-{:06}", content.index)),
        concept("type", "credential/25831c2", "credential/e34929035b", "Generic"),
        leaf("primaryLanguage", "en"),
        node("availableLanguages", &[leaf("language", "en")]),
        leaf("cred:validFrom", &content.issued.to_string()),
        leaf("cred:issued", &content.issued.to_string()),
        empty(r#"cred:issuer idref="urn:epass:org:1""#),
        text("title", "Sealed Bees and Pollination"),
        text("description", "has completed the micro-credential"),
    ]
}

fn subject(content: &Content) -> String {
    let (given, family) = content.learner();
    node(
        r#"credentialSubject id="urn:epass:person:1""#,
        &[
            leaf(r#"nationalId spatialID="XA""#, &format!("ID-{:08}", content.index)),
            text("fullName", &format!("{given} {family}")),
            text("givenNames", given),
            text("familyName", family),
            leaf("dateOfBirth", &content.birth()),
            node("achievements", &[achievement()]),
        ],
    )
}

fn achievement() -> String {
    let assessment = node(
        r#"wasDerivedFrom id="urn:epass:assessment:1""#,
        &[
            text("title", "Frame inspection and written examination"),
            leaf("grade", "4.5 of 5"),
            leaf("issuedDate", "2026-07-13T10:00:00Z"),
            concept(
                "idVerificationMethod",
                "supervision-verification/25831c2",
                "supervision-verification/70be69aaf9",
                "Supervised with ID Verification",
            ),
            empty(r#"assessedBy idref="urn:epass:org:1""#),
            empty(r#"specifiedBy idref="urn:epass:assessmentspec:1""#),
        ],
    );
    let activity = node(
        r#"wasInfluencedBy id="urn:epass:activity:1""#,
        &[
            text("title", "A season at the apiary"),
            leaf("workload", "PT100H"),
            leaf("startedAtTime", "2026-03-02T08:00:00Z"),
            leaf("endedAtTime", "2026-07-10T16:00:00Z"),
            empty(r#"directedBy idref="urn:epass:org:1""#),
            empty(r#"specifiedBy idref="urn:epass:learningactivityspec:1""#),
        ],
    );
    node(
        r#"learningAchievement id="urn:epass:learningAchievement:1""#,
        &[
            text("title", "Sealed Bees and Pollination"),
            text(
                "description",
                "Completed the micro-credential on bees, their sealed brood, and pollination.",
            ),
            assessment,
            activity,
            empty(r#"wasAwardedBy idref="urn:epass:awardingProcess:1""#),
            empty(r#"specifiedBy idref="urn:epass:qualification:1""#),
        ],
    )
}

fn outcomes() -> Vec<String> {
    let outcome = |(index, (title, kind, skill)): (usize, &(&str, &str, &str))| {
        let related = node(
            &format!(
                r#"relatedEscoSkill targetFrameworkUrl="http://data.europa.eu/esco/model#Skill" targetNotation="Skill" uri="urn:epass:escoSkill:{}""#,
                index + 1
            ),
            &[text("targetName", skill)],
        );
        node(
            &format!(r#"learningOutcome id="urn:epass:learningOutcome:{}""#, index + 1),
            &[
                text("prefLabel", title),
                concept("learningOutcomeType", "skill-type/25831c2", &format!("skill-type/{kind}"), kind),
                concept(
                    "reusabilityLevel",
                    "skill-reuse-level/25831c2",
                    "skill-reuse-level/cross-sector",
                    "cross-sector skills and competences",
                ),
                related,
            ],
        )
    };
    OUTCOMES.iter().enumerate().map(outcome).collect()
}

fn qualification() -> String {
    let references: Vec<String> = (1..=OUTCOMES.len())
        .map(|number| empty(&format!(r#"learningOutcome idref="urn:epass:learningOutcome:{number}""#)))
        .collect();
    node(
        r#"qualification id="urn:epass:qualification:1""#,
        &[
            concept(
                "type",
                "learning-opportunity/25831c2",
                "learning-opportunity/74a4a268e8",
                "Short learning programme",
            ),
            text("title", "Sealed Bees and Pollination"),
            empty(r#"homepage uri="https://meadowgate.example/bees""#),
            node(
                r#"supplementaryDoc uri="https://meadowgate.example/bees/syllabus""#,
                &[text("title", "Syllabus")],
            ),
            concept("hasISCED-FCode", "isced-f/25831c2", "isced-f/0811", "Crop and livestock production"),
            leaf("volumeOfLearning", "PT125H"),
            leaf("hasECTSCreditPoints", "5"),
            english("language"),
            blended("mode"),
            concept(
                "learningSettingType",
                "learning-setting/25831c2",
                "learning-setting/6fd4685715",
                "formal learning",
            ),
            leaf("duration", "P6M"),
            text("entryRequirementsNote", "None; no fear of insects is an advantage."),
            node("learningOutcomes", &references),
            leaf("isPartialQualification", "true"),
            concept("eqfLevel", "eqf/25831c2", "eqf/5", "Level 5"),
            concept("nqfLevel", "qdr/25831c2", "qdr/xa-5", "Arcadian Qualifications Framework, level 5"),
            empty(r#"hasAccreditation idref="urn:epass:accreditation:1""#),
        ],
    )
}

fn assessment_specification() -> String {
    node(
        r#"assessmentSpecification id="urn:epass:assessmentspec:1""#,
        &[
            concept("type", "assessment/25831c2", "assessment/3484bd7e51", "continuous evaluation"),
            text("title", "Practical and written assessment"),
            english("language"),
            concept("mode", "learning-assessment/25831c2", "learning-assessment/9191af2ed9", "Presential"),
            empty(r#"gradingScheme idref="urn:epass:scoringschemespec:1""#),
        ],
    )
}

fn activity_specification() -> String {
    node(
        r#"learningActivitySpecification id="urn:epass:learningactivityspec:1""#,
        &[
            concept(
                "type",
                "learning-activity/25831c2",
                "learning-activity/fd33e234ae",
                "educational programme",
            ),
            text("title", "Apiary practice with lectures"),
            leaf("workload", "PT100H"),
            english("language"),
            blended("mode"),
        ],
    )
}

fn organisation(content: &Content) -> String {
    let (name, registration, alpha2, alpha3) = content.issuer();
    let address =
        node("hasAddress", &[text("fullAddress", "1 Clover Lane, 1000 Meadowgate"), country(alpha3)]);
    node(
        r#"organization id="urn:epass:org:1""#,
        &[
            leaf(&format!(r#"registration spatialID="{alpha2}""#), registration),
            text("prefLabel", name),
            text("altLabel", content.seal_name()),
            empty(r#"homepage uri="https://meadowgate.example""#),
            node("hasLocation", &[leaf("id", "urn:epass:location:1"), address]),
            empty(r#"hasAccreditation idref="urn:epass:accreditation:1""#),
        ],
    )
}

fn awarding(content: &Content) -> String {
    node(
        r#"awardingProcess id="urn:epass:awardingProcess:1""#,
        &[empty(r#"awardingBody idref="urn:epass:org:1""#), leaf("date", &content.issued.to_string())],
    )
}

fn accreditation() -> String {
    let agency = node(
        r#"accreditingAgent id="urn:epass:org:2""#,
        &[text("prefLabel", "Arcadian Agency for Quality in Learning")],
    );
    node(
        r#"accreditation id="urn:epass:accreditation:1""#,
        &[
            concept(
                "type",
                "accreditation/25831c2",
                "accreditation/bb4618238e",
                "Institutional Quality Assurance",
            ),
            text("title", "Programme accreditation: Sealed Bees and Pollination"),
            agency,
            leaf("issuedDate", "2025-01-15T00:00:00Z"),
            leaf("expiryDate", "2055-01-15T00:00:00Z"),
        ],
    )
}

fn scoring() -> String {
    node(
        r#"scoringScheme id="urn:epass:scoringschemespec:1""#,
        &[text("title", "Five combs"), text("description", "One to five; three passes.")],
    )
}

fn display(picture: usize) -> String {
    let background = node(
        "background",
        &[
            authority("contentType", "file-type", "PNG", "PNG"),
            concept("contentEncoding", "encoding/25831c2", "encoding/6146cde7dd", "base64"),
            leaf("content", &png::honeycomb_base64(picture)),
        ],
    );
    node("displayParameters", &[background])
}

fn english(tag: &str) -> String {
    authority(tag, "language", "ENG", "English")
}

fn blended(tag: &str) -> String {
    concept(tag, "learning-assessment/25831c2", "learning-assessment/e92d221e4d", "Blended")
}

fn country(code: &str) -> String {
    authority("country", "country", code, if code == "XBB" { "Borea" } else { "Arcadia" })
}

fn authority(tag: &str, table: &str, code: &str, label: &str) -> String {
    let tag = format!(
        r#"{tag} targetFrameworkUrl="{AUTHORITY}/{table}" targetNotation="{table}" uri="{AUTHORITY}/{table}/{code}""#
    );
    node(&tag, &[text("targetName", label)])
}

fn concept(tag: &str, framework: &str, uri: &str, label: &str) -> String {
    let tag = format!(r#"{tag} targetFrameworkUrl="{SNB}/{framework}" uri="{SNB}/{uri}""#);
    node(&tag, &[text("targetName", label)])
}

fn text(tag: &str, english: &str) -> String {
    let content = leaf(r#"text content-type="text/plain" lang="en""#, english);
    format!("<{tag}>{content}</{tag}>")
}
