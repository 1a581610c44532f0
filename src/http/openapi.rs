//! The description of the interface (OpenAPI 3.1), made from the table of operations, the types that are serialised, and
//! recorded examples. What is served is the file that is checked in; a test holds that it is what is made here.

use super::clients::is_open;
use super::examples::{self, Example};
use super::operations::{ANYWHERE, Media, NOT_OPEN, OPERATIONS, Operation, PLACES, Parameter, Route, Takes};
use super::page;
use super::problem::ProblemDetails;
use crate::credential::{Applicant, Fields};
use crate::report::{OfficialCheck, TerritoryReport, TrustReport, Verdict};
use hyper::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What is served.
pub(super) const SERVED: &str = include_str!("openapi.json");

/// Makes the schema of something, and keeps the named ones for the components.
pub(super) type Schema = fn(&mut SchemaGenerator) -> Value;

/// The description, indented.
#[must_use]
pub fn openapi() -> String {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let examples = examples::all();
    let mut paths = Map::new();
    for operation in &OPERATIONS {
        let method = match operation.takes {
            Takes::Get => "get",
            Takes::Post => "post",
        };
        let described = describe(operation, &mut generator, &examples);
        paths.insert(operation.path.to_owned(), json!({ method: described }));
    }
    let responses = responses(&mut generator, &examples);
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sealgate",
            "summary": "A verification gateway for European digital credentials",
            "description": "A credential goes in; what comes out says who sealed it, whether that seal is one under \
                eIDAS and of which grade, whether the document is untouched, and what it says. Every path that takes \
                GET takes HEAD. Members may be added to answers within `/v1`; none is renamed or taken away.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The service that this description comes from"}],
        // Who is let in without either is a matter of configuration: this machine alone, where no clients are.
        "security": [{"apiKey": []}, {"clientCertificate": []}, {}],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": responses,
            "headers": headers(),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A client's API key, as `sealgate keys new` makes it. Sent once and nowhere else.",
                },
                "clientCertificate": {
                    "type": "mutualTLS",
                    "description": "A certificate that the configuration names as a client's. A key counts more.",
                },
            },
        },
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator, examples: &[Example]) -> Value {
    let mine: Vec<&Example> = examples.iter().filter(|one| one.operation() == operation.id).collect();
    let mut parameters: Vec<Value> =
        operation.query.iter().map(|parameter| described("query", parameter, generator)).collect();
    let placed = PLACES.iter().filter(|place| operation.path.ends_with(&format!("{{{}}}", place.name)));
    parameters.extend(placed.map(|place| {
        let mut described = described("path", place, generator);
        if let Some(members) = described.as_object_mut() {
            members.insert("required".into(), true.into());
        }
        described
    }));
    let answered = |one: &&&Example| one.status() == 200;
    let good: Vec<&Example> = mine.iter().filter(answered).copied().collect();
    let mut responses = Map::new();
    let mut headers = json!({"Cache-Control": header("CacheControl"), "X-Content-Type-Options": header("NoSniff"), "X-Request-Id": header("RequestId")});
    // What the page loads has one form for each name.
    let chosen = operation.answers.len() > 1 && operation.route != Route::Asset;
    if let (Some(headers), true) = (headers.as_object_mut(), chosen) {
        headers.insert("Vary".into(), header("Vary"));
    }
    responses.insert(
        "200".into(),
        json!({
            "description": "The answer",
            "headers": headers,
            "content": content(operation.answers, generator, |media| of_answers(&good, media)),
        }),
    );
    let mut problems: Vec<u16> = ANYWHERE.iter().chain(operation.problems).copied().collect();
    if !is_open(operation.path) {
        problems.extend(NOT_OPEN);
    }
    problems.sort_unstable();
    for status in problems {
        responses.insert(
            status.to_string(),
            json!({"$ref": format!("#/components/responses/{}", name_of(status))}),
        );
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
    });
    if let Some(members) = described.as_object_mut() {
        if is_open(operation.path) {
            members.insert("security".into(), json!([]));
        }
        if !parameters.is_empty() {
            members.insert("parameters".into(), parameters.into());
        }
        if !operation.body.is_empty() {
            let content = content(operation.body, generator, |media| of_requests(&good, media));
            members.insert("requestBody".into(), json!({"required": true, "content": content}));
        }
        members.insert("responses".into(), responses.into());
    }
    described
}

fn described(place: &str, parameter: &Parameter, generator: &mut SchemaGenerator) -> Value {
    json!({
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "schema": (parameter.schema)(generator),
        "example": parameter.example,
    })
}

fn content(
    forms: &[Media],
    generator: &mut SchemaGenerator,
    examples: impl Fn(&str) -> Map<String, Value>,
) -> Value {
    let mut content = Map::new();
    for media in forms {
        let mut described = json!({ "schema": (media.schema)(generator) });
        let examples = examples(media.name);
        if let Some(members) = described.as_object_mut() {
            if media.name == "multipart/form-data" {
                let encoding = json!({"applicant": {"contentType": "application/json"}});
                let has_one =
                    members.get("schema").is_some_and(|schema| schema.to_string().contains("applicant"));
                if has_one {
                    members.insert("encoding".into(), encoding);
                }
            }
            if !examples.is_empty() {
                members.insert("examples".into(), examples.into());
            }
        }
        content.insert(media.name.to_owned(), described);
    }
    content.into()
}

fn of_answers(examples: &[&Example], media: &str) -> Map<String, Value> {
    let fits = examples.iter().filter(|one| one.answer_type() == media);
    fits.map(|one| (one.name.to_owned(), json!({"summary": one.summary(), "value": one.answer()}))).collect()
}

fn of_requests(examples: &[&Example], media: &str) -> Map<String, Value> {
    let fits = examples.iter().filter(|one| one.request_type() == Some(media));
    let shown = fits.filter_map(|one| Some((one, one.request()?)));
    shown
        .map(|(one, value)| (one.name.to_owned(), json!({"summary": one.summary(), "value": value})))
        .collect()
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

fn headers() -> Value {
    json!({
        "CacheControl": {
            "description": "No answer is kept by anybody on its way.",
            "required": true,
            "schema": {"const": "no-store"},
        },
        "NoSniff": {
            "description": "An answer is what its type says.",
            "required": true,
            "schema": {"const": "nosniff"},
        },
        "RequestId": {
            "description": "The request's id, as in the log and in problems: the one that it brought where that is 1 to 64 letters, digits, `-`, `_` and `.`, else a random one.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        },
        "Vary": {
            "description": "Form and language are chosen by what the request accepts.",
            "required": true,
            "schema": {"const": "accept, accept-language"},
        },
        "RetryAfter": {
            "description": "Seconds after which to ask again.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
        "Challenge": {
            "description": "`Bearer`, with `error=\"invalid_token\"` where a key was sent (RFC 6750, 3).",
            "required": true,
            "schema": {"type": "string", "pattern": "^Bearer "},
        },
        "Allow": {
            "description": "The methods that the path takes.",
            "required": true,
            "schema": {"enum": [Takes::Get.allow(), Takes::Post.allow()]},
        },
    })
}

/// What a component is called: `NotFound`.
fn name_of(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.unwrap_or("Unknown").replace(' ', "")
}

/// The statuses other than 200, and when each is given.
pub(super) const PROBLEMS: [(u16, &str); 13] = [
    (400, "The request is malformed; `field` names what. Without a body where it is no HTTP."),
    (401, "No key or certificate, or one that is not known or does not hold now."),
    (403, "The client may not ask for this, or its certificate is nobody's."),
    (404, "The path is unknown, or there is no such list."),
    (405, "The path takes other methods."),
    (406, "No form of the answer is accepted."),
    (408, "The head or the body came too slowly. The connection ends."),
    (413, "The body is over the limit. The connection stays usable."),
    (414, "The address is too long. Without a body."),
    (429, "The client asks too often, or has too much under way."),
    (431, "The head is too long. Without a body."),
    (500, "The verification broke off; nothing was decided. The service goes on."),
    (
        503,
        "The queue is full, bodies hold all memory that is for them, trust is not loaded yet, or the service ends.",
    ),
];

/// Headers of a problem beside those of every answer.
pub(super) fn headers_of(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[("WWW-Authenticate", "Challenge")],
        405 => &[("Allow", "Allow")],
        406 => &[("Vary", "Vary")],
        429 | 503 => &[("Retry-After", "RetryAfter")],
        _ => &[],
    }
}

fn responses(generator: &mut SchemaGenerator, examples: &[Example]) -> Value {
    let mut responses = Map::new();
    for (status, description) in PROBLEMS {
        let mut described = json!({ "description": description });
        // What hyper answers by itself has no body.
        if let (Some(members), false) = (described.as_object_mut(), matches!(status, 414 | 431)) {
            let headers: Map<String, Value> =
                headers_of(status).iter().map(|(name, of)| ((*name).to_owned(), header(of))).collect();
            if !headers.is_empty() {
                members.insert("headers".into(), headers.into());
            }
            let fit: Vec<&Example> = examples.iter().filter(|one| one.status() == status).collect();
            let media = [Media { name: "application/problem+json", schema: problem }];
            let content = content(&media, generator, |media| of_answers(&fit, media));
            members.insert("content".into(), content);
        }
        responses.insert(name_of(status), described);
    }
    responses.into()
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

pub(super) fn problem(generator: &mut SchemaGenerator) -> Value {
    of::<ProblemDetails>(generator)
}

pub(super) fn verdict(generator: &mut SchemaGenerator) -> Value {
    of::<Verdict>(generator)
}

pub(super) fn official(generator: &mut SchemaGenerator) -> Value {
    of::<Vec<OfficialCheck>>(generator)
}

pub(super) fn trust(generator: &mut SchemaGenerator) -> Value {
    of::<TrustReport<'_>>(generator)
}

pub(super) fn territory(generator: &mut SchemaGenerator) -> Value {
    of::<TerritoryReport<'_>>(generator)
}

pub(super) fn text(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string"})
}

pub(super) fn boolean(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "enum": ["true", "false"]})
}

pub(super) fn keys(_: &mut SchemaGenerator) -> Value {
    let key = json!({
        "type": "object",
        "properties": {"kty": {"enum": ["EC", "OKP", "RSA"]}, "kid": {"type": "string"}, "use": {"const": "sig"}},
        "required": ["kty", "kid", "use"],
    });
    json!({"type": "object", "properties": {"keys": {"type": "array", "items": key}}, "required": ["keys"]})
}

pub(super) fn object(_: &mut SchemaGenerator) -> Value {
    json!({"type": "object"})
}

pub(super) fn time(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn name(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "minLength": 1})
}

pub(super) fn fields(_: &mut SchemaGenerator) -> Value {
    let words = Fields::WORDS.join("|");
    json!({"type": "string", "pattern": format!("^({words})(,({words}))*$")})
}

pub(super) fn language(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"})
}

pub(super) fn locale(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"})
}

pub(super) fn territory_code(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z]{2}$"})
}

pub(super) fn asset_name(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "enum": page::names().collect::<Vec<_>>()})
}

pub(super) fn json_credential(_: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "description": "JWS in its general or flattened serialisation, a presentation, or an unsigned credential.",
    })
}

pub(super) fn compact(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "minLength": 1, "description": "JWS in its compact serialisation."})
}

pub(super) fn etsi(_: &mut SchemaGenerator) -> Value {
    json!({
        "type": "string",
        "description": "A ValidationReport by the schema of ETSI TS 119 102-2 V1.4.1, `http://uri.etsi.org/19102/v1.4.1#`.",
    })
}

pub(super) fn xml(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "minLength": 1, "description": "ELM v2 with a XAdES signature, or a presentation."})
}

pub(super) fn bytes(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string", "format": "binary", "minLength": 1})
}

pub(super) fn form(generator: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "properties": {
            "file": {"type": "string", "format": "binary", "minLength": 1, "description": "The credential."},
            "detached": {
                "type": "array",
                "items": {"type": "string", "format": "binary"},
                "maxItems": 64,
                "description": "Documents that a detached signature is over.",
            },
            "applicant": of::<Applicant>(generator),
        },
        "required": ["file"],
        "additionalProperties": false,
    })
}

pub(super) fn official_form(_: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "properties": {
            "_file": {"type": "string", "format": "binary", "minLength": 1, "description": "The credential."},
        },
        "required": ["_file"],
        "additionalProperties": false,
    })
}

/// The lines as if they were the items of an array, which is how OpenAPI 3.2 describes such a stream.
pub(super) fn lines(generator: &mut SchemaGenerator) -> Value {
    json!({
        "type": "array",
        "items": of::<BatchLine>(generator),
        "minItems": 1,
        "description": "Each item is a line of its own; there is no array around them.",
    })
}

pub(super) fn answers(generator: &mut SchemaGenerator) -> Value {
    json!({
        "type": "array",
        "items": of::<BatchAnswer>(generator),
        "description": "Each item is a line of its own; there is no array around them.",
    })
}

/// A line of a batch.
struct BatchLine;

impl JsonSchema for BatchLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BatchLine".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A line of a batch.",
            "type": "object",
            "properties": {
                "id": {
                    "description": "What the answer is to be called; the line's number otherwise. At most 1,024 bytes.",
                    "type": ["string", "number"],
                    "maxLength": 160,
                },
                "credential": {
                    "description": "The credential, whose very bytes are verified.",
                    "type": "object",
                },
                "credential_base64": {
                    "description": "The credential in any form, in base64 (RFC 4648, 4).",
                    "type": "string",
                    "contentEncoding": "base64",
                    "minLength": 1,
                },
            },
            "oneOf": [{"required": ["credential"]}, {"required": ["credential_base64"]}],
            "additionalProperties": false,
        })
    }
}

/// A line that answers one.
struct BatchAnswer;

impl JsonSchema for BatchAnswer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BatchAnswer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        let (verdict, problem) = (verdict(generator), problem(generator));
        schemars::json_schema!({
            "description": "A line that answers one credential of a batch, or says what ended it early.",
            "type": "object",
            "properties": {
                "id": {
                    "description": "As in the line, the file's name in an archive, or the number where there is no such. \
                                    Absent in a last line that says what ended the batch.",
                    "type": ["string", "number"],
                },
                "line": {"description": "The number of the line, from 1.", "type": "integer", "minimum": 1},
                "entry": {"description": "The number of the file in the archive, from 1.", "type": "integer", "minimum": 1},
                "verdict": verdict,
                "problem": problem,
            },
            "allOf": [
                {"oneOf": [{"required": ["line"]}, {"required": ["entry"]}]},
                {"oneOf": [{"required": ["id", "verdict"]}, {"required": ["problem"]}]},
            ],
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests;
