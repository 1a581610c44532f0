use super::super::problem::Problem;
use super::*;
use std::collections::BTreeSet;
use std::time::Duration;

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

/// `(path, operation)`, each with its one method.
fn operations(document: &Value) -> Vec<(&String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(move |of| (path, of)))
        .collect()
}

#[test]
fn the_description_checked_in_is_that_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/openapi.json");
    let found = std::fs::read_to_string(path).unwrap();
    assert!(found == openapi(), "run `sealgate openapi > src/http/openapi.json`, from another file first");
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut wanted = BTreeSet::new();
    fn walk<'d>(value: &'d Value, wanted: &mut BTreeSet<&'d str>) {
        match value {
            Value::Object(members) => {
                wanted.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| walk(value, wanted));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, wanted)),
            _ => {}
        }
    }
    walk(&document, &mut wanted);
    let lost: Vec<_> = wanted
        .iter()
        .filter(|reference| document.pointer(reference.strip_prefix('#').unwrap()).is_none())
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    for kind in ["schemas", "responses", "headers"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(wanted.contains(reference.as_str()), "{reference} is not used");
        }
    }
}

#[test]
fn every_field_is_described() {
    let document = document();
    let mut silent = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            // What refers to a component is described there.
            if of.get("description").is_none() && of.get("$ref").is_none() {
                silent.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn every_route_is_described_and_found_by_its_path() {
    let document = document();
    assert_eq!(document["paths"].as_object().unwrap().len(), OPERATIONS.len());
    let mut ids = BTreeSet::new();
    for operation in &OPERATIONS {
        let (found, _) = super::super::operations::find(
            &operation.path.replace("{territory}", "EU").replace("{asset}", "en.json"),
        )
        .unwrap();
        assert_eq!((found.route, found.path), (operation.route, operation.path));
        assert!(ids.insert(operation.id), "{} twice", operation.id);
        // No answer without an example, but for what differs from one time to the next.
        let exempt = ["metrics", "description", "page", "asset"].contains(&operation.id);
        let has_one =
            examples::all().iter().any(|one| one.operation() == operation.id && one.status() == 200);
        assert!(has_one || exempt, "{}: no example", operation.id);
    }
    for path in ["/livez", "/readyz", "/openapi.json", "/", "/page/{asset}"] {
        assert_eq!(document["paths"][path]["get"]["security"], json!([]), "{path}");
    }
    for path in ["/v1/verify/", "/V1/verify", "/v1/verify/batch/x", "/v1", "", "/openapi", "/livez/"] {
        assert!(super::super::operations::find(path).is_none(), "{path}");
    }
}

/// One of each kind; a new one must find its place here.
fn every_problem() -> Vec<Problem> {
    let all = vec![
        Problem::BadRequest("at", "x".into()),
        Problem::NotFound,
        Problem::MethodNotAllowed("POST"),
        Problem::NotAcceptable("application/json"),
        Problem::SlowHead,
        Problem::SlowBody,
        Problem::TooLarge(1),
        Problem::LongLine(1),
        Problem::Unauthorized { sent: true },
        Problem::Forbidden("x".into()),
        Problem::TooMany(Duration::ZERO),
        Problem::Busy,
        Problem::Crowded,
        Problem::NotReady,
        Problem::Leaving,
        Problem::Ending,
        Problem::Internal,
        Problem::Unsigned,
    ];
    for problem in &all {
        match problem {
            Problem::BadRequest(..)
            | Problem::NotFound
            | Problem::MethodNotAllowed(_)
            | Problem::NotAcceptable(_)
            | Problem::SlowHead
            | Problem::SlowBody
            | Problem::TooLarge(_)
            | Problem::LongLine(_)
            | Problem::Unauthorized { .. }
            | Problem::Forbidden(_)
            | Problem::TooMany(_)
            | Problem::Busy
            | Problem::Crowded
            | Problem::NotReady
            | Problem::Leaving
            | Problem::Ending
            | Problem::Internal
            | Problem::Unsigned => {}
        }
    }
    all
}

/// The `operationId`s of what can come to it.
fn where_it_occurs(problem: &Problem) -> Vec<&'static str> {
    let all = || OPERATIONS.iter();
    let of = |wanted: fn(&Operation) -> bool| all().filter(|one| wanted(one)).map(|one| one.id).collect();
    match problem {
        Problem::BadRequest(..) | Problem::MethodNotAllowed(_) | Problem::SlowHead => of(|_| true),
        Problem::NotFound => vec!["territory", "asset"],
        Problem::NotAcceptable(_)
        | Problem::SlowBody
        | Problem::TooLarge(_)
        | Problem::LongLine(_)
        | Problem::Busy
        | Problem::Crowded
        | Problem::Internal => of(|one| one.takes == Takes::Post),
        Problem::Unauthorized { .. } | Problem::Forbidden(_) | Problem::TooMany(_) => {
            of(|one| !is_open(one.path))
        }
        Problem::NotReady => {
            vec!["verify", "verifyBatch", "validate", "trust", "territory", "ready"]
        }
        Problem::Unsigned => vec!["verify", "verifyBatch"],
        Problem::Leaving => vec!["ready"],
        Problem::Ending => vec!["verifyBatch"],
    }
}

#[test]
fn every_problem_is_described_where_it_can_occur() {
    let document = document();
    let operations = operations(&document);
    let mut statuses = BTreeSet::new();
    for problem in every_problem() {
        let body: Value = serde_json::from_str(&problem.body()).unwrap();
        let places = where_it_occurs(&problem);
        let response = problem.clone().into_response(None);
        let status = response.status().as_u16();
        statuses.insert(status);
        assert_eq!(body["status"], status);
        for place in places {
            let (_, operation) = operations.iter().find(|(_, one)| one["operationId"] == place).unwrap();
            let reference = operation["responses"][status.to_string()]["$ref"].as_str();
            let reference = reference.unwrap_or_else(|| panic!("{place}: no {status}"));
            let described = document.pointer(&reference[1..]).unwrap();
            assert!(described["content"]["application/problem+json"].is_object(), "{reference}");
            for name in response.headers().keys().map(hyper::header::HeaderName::as_str) {
                let is = |known: &&String| known.eq_ignore_ascii_case(name);
                let known = described["headers"].as_object().is_some_and(|all| all.keys().any(|k| is(&k)));
                assert!(known || ["content-type", "connection"].contains(&name), "{status}: {name}");
            }
        }
        let known = document["components"]["schemas"]["Problem"]["properties"].as_object().unwrap();
        for member in body.as_object().unwrap().keys() {
            assert!(known.contains_key(member), "{member}");
        }
    }
    // And no other status is promised, but for what hyper answers by itself.
    statuses.extend([414, 431]);
    let described: BTreeSet<u16> = operations
        .iter()
        .flat_map(|(_, operation)| operation["responses"].as_object().unwrap().keys())
        .map(|status| status.parse().unwrap())
        .filter(|status| *status != 200)
        .collect();
    assert_eq!(described, statuses);
}

#[test]
fn every_recorded_file_is_named_and_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/examples");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let named: BTreeSet<String> = examples::all().iter().map(|one| one.name.to_owned()).collect();
    assert_eq!(files, named);
}
