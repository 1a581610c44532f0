//! A node of the ELM v3 class `Accreditation`, with the names of the EDC context. Where the node's class stands in
//! `@type`, `type` is its type, as in the QDR's own graphs; else `type` is the class and `dcType` the type.

use super::read::bounded;
use super::{Qualification, Record};
use crate::credential::json::graph::Graph;
use crate::credential::json::{all, concept, date, id_of, identifiers, organisation, scalars, text};
use crate::format::json::Value;

/// Whether a node is an accreditation.
pub(super) fn is(node: &Value<'_>) -> bool {
    class(node).is_some_and(|classes| {
        classes.iter().filter_map(Value::as_str).any(|class| {
            matches!(
                class,
                "Accreditation"
                    | "elm:Accreditation"
                    | "http://data.europa.eu/snb/model/elm/Accreditation"
                    | "http://data.europa.eu/snb/model/Accreditation"
            )
        })
    })
}

/// Whether a node is of another class: an organisation, an identifier that accreditations refer to.
pub(super) fn is_another(node: &Value<'_>) -> bool {
    let named = class(node).unwrap_or_default().iter().filter_map(Value::as_str);
    // A URI as `type` alone is the other form's accreditation type.
    let mut named = named.filter(|class| node.get("@type").is_some() || !class.contains("://"));
    named.next().is_some() && !is(node)
}

fn class<'v, 'p>(node: &'v Value<'p>) -> Option<&'v [Value<'p>]> {
    node.get("@type").or_else(|| node.get("type")).map(Value::one_or_many)
}

/// Reads one accreditation.
///
/// # Errors
/// A list with too many entries.
pub(super) fn record<'v>(node: &'v Value<'_>, graph: &Graph<'v, '_>) -> Result<Record, String> {
    let mut found = Record { id: id_of(node), ..Record::default() };
    let type_member =
        if node.get("@type").is_some() && node.get("dcType").is_none() { "type" } else { "dcType" };
    for (name, member) in node.as_object().unwrap_or_default() {
        bounded(member, name)?;
        match &**name {
            "identifier" => found.identifiers = identifiers(member, graph),
            "title" => found.title = text(member),
            "decision" => found.decision = concepts(member).into_iter().next(),
            "organisation" => found.organisations = all(member, graph, organisation),
            "accreditingAgent" => found.agents = all(member, graph, organisation),
            "limitQualification" => found.limit_qualifications = all(member, graph, qualification),
            "limitField" => found.limit_fields = concepts(member),
            "limitEQFLevel" => found.limit_eqf_levels = concepts(member),
            "limitJurisdiction" => found.limit_jurisdictions = concepts(member),
            "limitCredentialType" => found.limit_credential_types = concepts(member),
            "issued" | "dateIssued" => found.issued = date(member),
            "reviewDate" => found.review = date(member),
            "expiryDate" => found.expiry = date(member),
            "status" => found.status = scalars(member),
            name if name == type_member => found.kind = concepts(member).into_iter().next(),
            _ => {}
        }
    }
    Ok(found)
}

fn qualification<'v>(node: &'v Value<'_>, graph: &Graph<'v, '_>) -> Qualification {
    Qualification {
        id: id_of(node),
        identifiers: node.get("identifier").map(|member| identifiers(member, graph)).unwrap_or_default(),
    }
}

/// Concepts by URI, else by their label, else as literals.
fn concepts(member: &Value<'_>) -> Vec<String> {
    let read = |one: &Value<'_>| {
        let concept = concept(one);
        let label = || concept.label.as_ref().and_then(|label| label.chosen().map(str::to_owned));
        concept.id.clone().or_else(label).or_else(|| text(one)?.chosen().map(str::to_owned))
    };
    member.one_or_many().iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::records;

    #[test]
    fn framed_and_as_a_graph() {
        let framed = br#"{"id": "urn:a", "type": "Accreditation", "dcType": {"id": "urn:t", "type": "Concept"},
            "title": {"en": "Audit"}, "decision": {"id": "https://data.deqar.eu/decision/positive"},
            "organisation": {"id": "urn:o", "type": "Organisation", "legalName": {"en": "School"},
                "registration": {"type": "LegalIdentifier", "notation": "7", "spatial": {"id": "x/country/FIN"}},
                "location": {"address": {"countryCode": {"id": "x/country/FIN"}}}},
            "limitField": {"id": "http://data.europa.eu/snb/isced-f/07"}, "limitCredentialType": {"id": "urn:c"},
            "limitQualification": {"id": "urn:q", "type": "Qualification", "identifier": {"notation": "q1"}},
            "dateIssued": "2020-01-01T00:00:00Z", "expiryDate": "2025-01-01T00:00:00Z", "status": "released"}"#;
        let graph = br#"{"@context": {}, "@graph": [{"@id": "urn:n", "@type": ["adms:Identifier", "elm:LegalIdentifier"],
            "notation": "7", "spatial": "x/country/FIN"},
            {"@id": "urn:o", "@type": ["foaf:Agent", "elm:Organisation"], "registration": "urn:n", "location": "urn:l",
                "legalName": {"@language": "en", "@value": "School"}},
            {"@id": "urn:l", "@type": "dct:Location", "address": "urn:d"},
            {"@id": "urn:d", "@type": "elm:Address", "countryCode": "x/country/FIN"},
            {"@id": "urn:q", "@type": "elm:Qualification", "identifier": "urn:i"},
            {"@id": "urn:i", "@type": "adms:Identifier", "notation": "q1"},
            {"@id": "urn:a", "@type": "elm:Accreditation", "type": "urn:t", "organisation": "urn:o",
                "title": [{"@language": "en", "@value": "Audit"}], "decision": "https://data.deqar.eu/decision/positive",
                "limitField": "http://data.europa.eu/snb/isced-f/07", "limitCredentialType": "urn:c",
                "limitQualification": "urn:q", "issued": "2020-01-01T00:00:00Z", "expiryDate": "2025-01-01T00:00:00Z",
                "status": "released"}]}"#;
        let (framed, graph) = (records(framed).unwrap(), records(graph).unwrap());
        assert_eq!(framed, graph);
        let one = &framed[0];
        assert_eq!(one.kind.as_deref(), Some("urn:t"));
        assert_eq!(one.organisations[0].registrations[0].country.as_deref(), Some("FIN"));
        assert_eq!(one.organisations[0].countries, ["FIN"]);
        assert_eq!(one.limit_qualifications[0].identifiers[0].notation, "q1");
    }

    #[test]
    fn a_hostile_graph_ends() {
        let organisations = format!("[{}\"urn:o\"]", "\"urn:o\",".repeat(999));
        let one =
            format!(r#"{{"@id": "urn:a", "@type": "elm:Accreditation", "organisation": {organisations}}},"#);
        let many = format!(
            r#"{{"@graph": [{}{{"@id": "urn:o", "@type": "elm:Organisation", "location": {organisations}}}]}}"#,
            one.repeat(20)
        );
        let error = records(many.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("too often"), "{error}");
    }
}
