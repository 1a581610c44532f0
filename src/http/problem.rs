//! Problems as RFC 9457 has them.

use super::trace::RequestId;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// A problem as it is answered (RFC 9457, 3.1).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemDetails {
    /// `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What is wrong, for people.
    detail: String,
    /// The parameter, part or member that is wrong; absent where it is none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// The id of the request, as in the header `x-request-id` and the log; absent in the lines of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// What a request can come to other than an answer (DESIGN.md, section 5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Problem {
    /// The request is malformed: the field, and what is wrong with it.
    BadRequest(&'static str, String),
    /// No such route.
    NotFound,
    /// The route takes other methods.
    MethodNotAllowed(&'static str),
    /// No representation that the client accepts: the one there is.
    NotAcceptable(&'static str),
    /// The head did not come in time.
    SlowHead,
    /// The body did not come in time.
    SlowBody,
    /// The body is over this many bytes.
    TooLarge(usize),
    /// The line of a batch is over this many bytes.
    LongLine(usize),
    /// Nothing proves who asks, or what was sent for it proves nothing.
    Unauthorized {
        /// Whether something was sent.
        sent: bool,
    },
    /// Who asks may not ask for this.
    Forbidden(String),
    /// The client asked too often, or has too much under way: when to ask again.
    TooMany(Duration),
    /// The queue is full.
    Busy,
    /// The bodies of other requests take all the memory that is for them.
    Crowded,
    /// No trust snapshot is in yet.
    NotReady,
    /// The service was asked to end.
    Leaving,
    /// The service ends.
    Ending,
    /// The worker failed; the service goes on.
    Internal,
    /// The key for receipts does not sign now.
    Unsigned,
}

/// The reasons for which requests are not admitted, as metrics name them.
pub(super) const REFUSALS: [&str; 11] = [
    "no-key",
    "wrong-key",
    "forbidden",
    "rate",
    "queue-full",
    "memory",
    "no-trust",
    "ending",
    "too-large",
    "slow",
    "host",
];

/// The answer to a head that did not come in time, as it goes over the wire.
pub(super) fn slow_head() -> String {
    let body = Problem::SlowHead.body();
    format!(
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(..) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Self::SlowHead | Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) | Self::LongLine(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Crowded | Self::NotReady | Self::Leaving | Self::Ending | Self::Unsigned => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong, in words.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::BadRequest(field, what) => format!("{field}: {what}"),
            Self::NotFound => "no such route".into(),
            Self::MethodNotAllowed(allowed) => format!("this route takes {allowed}"),
            Self::NotAcceptable(form) => format!("answers are {form}"),
            Self::SlowHead => "the head came too slowly".into(),
            Self::SlowBody => "the body came too slowly".into(),
            Self::TooLarge(limit) => format!("the body may have {limit} bytes at most"),
            Self::LongLine(limit) => format!("the line may have {limit} bytes at most"),
            Self::Unauthorized { sent: false } => {
                "a key is needed: `Authorization: Bearer` and the key".into()
            }
            Self::Unauthorized { sent: true } => "the key is not known, or does not hold at this time".into(),
            Self::Forbidden(why) => why.clone(),
            Self::TooMany(_) => "this client asks too often, or has too much under way".into(),
            Self::Busy => "the queue is full".into(),
            Self::Crowded => "the bodies of other requests take all the memory that is for them".into(),
            Self::NotReady => "no trust snapshot is loaded yet".into(),
            Self::Leaving => "the service was asked to end".into(),
            Self::Ending => "the service ends; nothing from here on was read".into(),
            Self::Internal => "the verification broke off; nothing was decided".into(),
            Self::Unsigned => {
                "the receipt cannot be signed now; `receipt=false` asks for a verdict without".into()
            }
        }
    }

    /// Why the request was not admitted, in one of [`REFUSALS`]; `None` where it was.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized { sent: false } => "no-key",
            Self::Unauthorized { sent: true } => "wrong-key",
            Self::Forbidden(_) => "forbidden",
            Self::TooMany(_) => "rate",
            Self::Busy => "queue-full",
            Self::Crowded => "memory",
            Self::NotReady => "no-trust",
            Self::Ending | Self::Leaving => "ending",
            Self::TooLarge(_) => "too-large",
            Self::SlowHead | Self::SlowBody => "slow",
            Self::BadRequest("host", _) => "host",
            _ => return None,
        })
    }

    /// As a JSON object (RFC 9457, 3.1).
    pub(super) fn body(&self) -> String {
        self.body_of(None)
    }

    /// The same, with the id of the request that it answers.
    fn body_of(&self, request: Option<&RequestId>) -> String {
        let status = self.status();
        let field = match self {
            Self::BadRequest(field, _) => Some(*field),
            _ => None,
        };
        let details = ProblemDetails {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail(),
            field,
            request_id: request.map(|id| id.as_str().to_owned()),
        };
        serde_json::to_string(&details).unwrap_or_default()
    }

    pub(super) fn into_response(self, request: Option<&RequestId>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body_of(request))));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        match self {
            Self::Busy | Self::Crowded | Self::NotReady | Self::Leaving | Self::Ending | Self::Unsigned => {
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            }
            Self::TooMany(wait) => {
                let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            }
            // RFC 6750, 3: why is said only where something was sent.
            Self::Unauthorized { sent } => {
                let challenge = match sent {
                    true => "Bearer realm=\"sealgate\", error=\"invalid_token\"",
                    false => "Bearer realm=\"sealgate\"",
                };
                headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static(challenge));
            }
            Self::SlowHead | Self::SlowBody => {
                headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
            }
            Self::NotAcceptable(_) => {
                headers.insert(header::VARY, header::HeaderValue::from_static("accept, accept-language"));
            }
            Self::MethodNotAllowed(allowed) => {
                headers.insert(header::ALLOW, header::HeaderValue::from_static(allowed));
            }
            _ => {}
        }
        response
    }
}
