//! The table of routes: what the router goes by, and what the description of the interface is made from.

use super::openapi::{self, Schema};
use hyper::Method;

/// What answers a path. A route that no operation names is dead code, and one that the router forgets does not compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    Verify,
    Batch,
    Validate,
    Trust,
    Territory,
    Live,
    Ready,
    Metrics,
    Description,
    Keys,
    Page,
    Asset,
}

/// A path, its method, what it takes and what it answers.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) route: Route,
    /// Where something in braces stands in it, that is the end: one of [`PLACES`].
    pub(super) path: &'static str,
    pub(super) takes: Takes,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// What the query may say; anything else in it is refused, where there is one at all.
    pub(super) query: &'static [Parameter],
    /// The forms of the body; none, where none is looked at.
    pub(super) body: &'static [Media],
    /// The forms of the answer.
    pub(super) answers: &'static [Media],
    /// Statuses of problems, beside those that any request can come to.
    pub(super) problems: &'static [u16],
}

/// The methods of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    /// GET, and HEAD with it.
    Get,
    Post,
}

impl Takes {
    /// What `Allow` says.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
        }
    }

    pub(super) fn includes(self, method: &Method) -> bool {
        match self {
            Self::Get => matches!(*method, Method::GET | Method::HEAD),
            Self::Post => *method == Method::POST,
        }
    }
}

/// Something in the query.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) schema: Schema,
    pub(super) example: &'static str,
}

/// A form that a body or an answer can have.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) name: &'static str,
    pub(super) schema: Schema,
}

/// The operation on a path, and what stands for the part of it in braces.
pub(super) fn find(path: &str) -> Option<(&'static Operation, &str)> {
    OPERATIONS.iter().find_map(|operation| match operation.path.split_once('{') {
        Some((start, _)) => path.strip_prefix(start).map(|rest| (operation, rest)),
        None => (operation.path == path).then_some((operation, "")),
    })
}

/// What any request can come to: a head that makes no sense or comes too slowly, another method, too long a head.
pub(super) const ANYWHERE: [u16; 5] = [400, 405, 408, 414, 431];

/// What a request can come to where not everybody is let in.
pub(super) const NOT_OPEN: [u16; 3] = [401, 403, 429];

/// What a request with a body can come to.
const WITH_BODY: [u16; 4] = [406, 413, 500, 503];

const AT: Parameter = Parameter {
    name: "at",
    description: "The time for which the verdict shall hold; now otherwise.",
    schema: openapi::time,
    example: "2026-11-22T00:00:00Z",
};

const POLICY: Parameter = Parameter {
    name: "policy",
    description: "The validation policy: one built in (`default`, `qualified-seal`) or configured. The client's first, \
                  or the service's, where none is named.",
    schema: openapi::name,
    example: "default",
};

const ACCEPTANCE: Parameter = Parameter {
    name: "acceptance",
    description: "The acceptance policy: one built in (`default`, `admissions`) or configured.",
    schema: openapi::name,
    example: "default",
};

const FIELDS: Parameter = Parameter {
    name: "fields",
    description: "The personal data that is returned, separated by commas; the name alone otherwise.",
    schema: openapi::fields,
    example: "name,birth-date",
};

const LANG: Parameter = Parameter {
    name: "lang",
    description: "A language tag (BCP 47): what the credential says is shown in it where the credential has it; in English \
                  otherwise. The details of findings, and why checks and decisions came out so, are in it, too: in English, \
                  German, French, Spanish, Italian, Polish, Greek and Slovenian. ETSI's form is always in English.",
    schema: openapi::language,
    example: "en",
};

const LOCALE: Parameter = Parameter {
    name: "locale",
    description: "A language tag, `_` between its parts allowed. Texts are in English, under `en`.",
    schema: openapi::locale,
    example: "en",
};

const RECEIPT: Parameter = Parameter {
    name: "receipt",
    description: "Whether the verdict gets a receipt. Where a key for receipts is configured it does unless this says \
                  `false`; elsewhere `true` is refused.",
    schema: openapi::boolean,
    example: "false",
};

const PAGE_LANG: Parameter = Parameter {
    name: "lang",
    description: "A language tag (BCP 47); what `Accept-Language` says otherwise. English where the page is not in it.",
    schema: openapi::language,
    example: "de",
};

/// What may stand in the braces of a path.
pub(super) const PLACES: [Parameter; 2] = [
    Parameter {
        name: "territory",
        description: "A country's code as in the trusted lists, or `EU` for the list of lists.",
        schema: openapi::territory_code,
        example: "EU",
    },
    Parameter {
        name: "asset",
        description: "The name of a file: a script, a style sheet, the texts of a language.",
        schema: openapi::asset_name,
        example: "en.json",
    },
];

const OF_A_VERDICT: &[Parameter] = &[AT, POLICY, ACCEPTANCE, FIELDS, LANG, RECEIPT];

/// Every route.
pub(super) static OPERATIONS: [Operation; 12] = [
    Operation {
        route: Route::Verify,
        path: "/v1/verify",
        takes: Takes::Post,
        id: "verify",
        summary: "Verify one credential",
        description: "The body is the credential; its content decides what it is, whatever its type says. Or a form \
                      with the credential as `file`. An unreadable or failing credential is an answer, not a problem. \
                      The answer is JSON, or what `Accept` wants more: the validation report of ETSI TS 119 102-2, \
                      or a report in the language of `lang` or `Accept-Language` as HTML or PDF/A.",
        query: OF_A_VERDICT,
        body: &[
            Media { name: "application/json", schema: openapi::json_credential },
            Media { name: "application/jose", schema: openapi::compact },
            Media { name: "application/xml", schema: openapi::xml },
            Media { name: "application/octet-stream", schema: openapi::bytes },
            Media { name: "multipart/form-data", schema: openapi::form },
        ],
        answers: &[
            Media { name: "application/json", schema: openapi::verdict },
            Media { name: "application/xml", schema: openapi::etsi },
            Media { name: "text/html; charset=utf-8", schema: openapi::text },
            Media { name: "text/xml", schema: openapi::etsi },
            Media { name: "application/pdf", schema: openapi::bytes },
        ],
        problems: &WITH_BODY,
    },
    Operation {
        route: Route::Batch,
        path: "/v1/verify/batch",
        takes: Takes::Post,
        id: "verifyBatch",
        summary: "Verify many credentials",
        description: "Lines of JSON, one for each credential, or a ZIP archive whose files are the credentials. Each is \
                      answered by a line as soon as it is done, in any order; a bad one spoils no other. At most 32 are \
                      unanswered at once: read answers while you send. A last line without `id` is a problem that \
                      ended the batch early. Or lines of CSV, where `Accept` wants that.",
        query: OF_A_VERDICT,
        body: &[
            Media { name: "application/x-ndjson", schema: openapi::lines },
            Media { name: "application/zip", schema: openapi::bytes },
        ],
        answers: &[
            Media { name: "application/x-ndjson", schema: openapi::answers },
            Media { name: "text/csv; charset=utf-8; header=present", schema: openapi::text },
        ],
        problems: &WITH_BODY,
    },
    Operation {
        route: Route::Validate,
        path: "/api/v1/credentials/validate",
        takes: Takes::Post,
        id: "validate",
        summary: "Verify one credential as the official API does",
        description: "For clients of the official verification API of European Digital Credentials: the credential as \
                      the part `_file` of a form, answered by the checks that the official API knows, each once. SEAL \
                      is OK only where every seal passed. An unreadable credential is an answer.",
        query: &[LOCALE, AT, POLICY],
        body: &[Media { name: "multipart/form-data", schema: openapi::official_form }],
        answers: &[Media { name: "application/json", schema: openapi::official }],
        problems: &WITH_BODY,
    },
    Operation {
        route: Route::Trust,
        path: "/v1/trust",
        takes: Takes::Get,
        id: "trust",
        summary: "The trusted lists that are loaded",
        description: "The snapshot that verdicts rest on, and the state of each of its lists.",
        query: &[],
        body: &[],
        answers: &[Media { name: "application/json", schema: openapi::trust }],
        problems: &[503],
    },
    Operation {
        route: Route::Territory,
        path: "/v1/trust/{territory}",
        takes: Takes::Get,
        id: "territory",
        summary: "A territory's list and services",
        description: "Upper and lower case are the same. Of several trust domains the first that has such a list.",
        query: &[],
        body: &[],
        answers: &[Media { name: "application/json", schema: openapi::territory }],
        problems: &[404, 503],
    },
    Operation {
        route: Route::Live,
        path: "/livez",
        takes: Takes::Get,
        id: "live",
        summary: "Whether the process answers",
        description: "Open to all.",
        query: &[],
        body: &[],
        answers: &[Media { name: "text/plain; charset=utf-8", schema: openapi::text }],
        problems: &[],
    },
    Operation {
        route: Route::Ready,
        path: "/readyz",
        takes: Takes::Get,
        id: "ready",
        summary: "Whether trust is loaded",
        description: "503 before that, and once the service ends. Open to all.",
        query: &[],
        body: &[],
        answers: &[Media { name: "text/plain; charset=utf-8", schema: openapi::text }],
        problems: &[503],
    },
    Operation {
        route: Route::Metrics,
        path: "/metrics",
        takes: Takes::Get,
        id: "metrics",
        summary: "Metrics for Prometheus",
        description: "In Prometheus's text format. Open to all where the configuration says so.",
        query: &[],
        body: &[],
        answers: &[Media { name: "text/plain; version=0.0.4; charset=utf-8", schema: openapi::text }],
        problems: &[],
    },
    Operation {
        route: Route::Description,
        path: "/openapi.json",
        takes: Takes::Get,
        id: "description",
        summary: "This description",
        description: "OpenAPI 3.1. Open to all.",
        query: &[],
        body: &[],
        answers: &[Media { name: "application/json", schema: openapi::object }],
        problems: &[],
    },
    Operation {
        route: Route::Keys,
        path: "/.well-known/jwks.json",
        takes: Takes::Get,
        id: "keys",
        summary: "The keys by which receipts are checked",
        description: "A JWK Set (RFC 7517, 5): the key that signs receipts, and those that did before. Each `kid` is the \
                      key's thumbprint (RFC 7638), which receipts name. Empty where receipts are not configured. Open \
                      to all.",
        query: &[],
        body: &[],
        answers: &[Media { name: "application/jwk-set+json", schema: openapi::keys }],
        problems: &[],
    },
    Operation {
        route: Route::Page,
        path: "/",
        takes: Takes::Get,
        id: "page",
        summary: "The page for people",
        description: "Files are dropped on it, and it asks this interface for the answers. Open to all; what it asks for \
                      is not.",
        query: &[PAGE_LANG],
        body: &[],
        answers: &[Media { name: "text/html; charset=utf-8", schema: openapi::text }],
        problems: &[],
    },
    Operation {
        route: Route::Asset,
        path: "/page/{asset}",
        takes: Takes::Get,
        id: "asset",
        summary: "What the page loads",
        description: "Open to all.",
        query: &[],
        body: &[],
        answers: &[
            Media { name: "text/javascript; charset=utf-8", schema: openapi::text },
            Media { name: "text/css; charset=utf-8", schema: openapi::text },
            Media { name: "image/svg+xml", schema: openapi::text },
            Media { name: "application/json", schema: openapi::object },
        ],
        problems: &[404],
    },
];
