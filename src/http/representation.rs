//! The forms of the answer to one credential, and making them.

use super::accept;
use super::problem::Problem;
use crate::catalogue::Language;
use crate::report::{self, Verdict};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};

/// A form of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Representation {
    Json,
    /// ETSI TS 119 102-2.
    Etsi,
    /// For people.
    Html,
    /// To be filed.
    #[cfg(feature = "pdf")]
    Pdf,
}

/// Every media type with its form, the one that is given where none is asked for first.
const FORMS: &[(&str, Representation)] = &[
    (JSON, Representation::Json),
    ("application/xml", Representation::Etsi),
    ("text/html", Representation::Html),
    ("text/xml", Representation::Etsi),
    #[cfg(feature = "pdf")]
    ("application/pdf", Representation::Pdf),
];

const JSON: &str = "application/json";

/// The forms as a problem names them.
const ALL: &str = if cfg!(feature = "pdf") {
    "application/json, application/xml, text/html, application/pdf"
} else {
    "application/json, application/xml, text/html"
};

/// A form with the media type by which it was asked for, and the language of people's forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    representation: Representation,
    media_type: &'static str,
    language: Language,
}

impl Wanted {
    /// The verdict as JSON, whatever a request asks for.
    pub(super) const JSON: Self =
        Self { representation: Representation::Json, media_type: JSON, language: Language::English };

    /// What a request asks for; `tag` is the language in its query.
    pub(super) fn of(headers: &HeaderMap, tag: Option<&str>) -> Result<Self, Problem> {
        let names: Vec<&str> = FORMS.iter().map(|(name, _)| *name).collect();
        let chosen = accept::choose(headers, &names).and_then(|place| FORMS.get(place));
        let (media_type, representation) = *chosen.ok_or(Problem::NotAcceptable(ALL))?;
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let named = tag.and_then(Language::lookup);
        let language = named.unwrap_or_else(|| Language::negotiate(accepted.unwrap_or_default()));
        Ok(Self { representation, media_type, language })
    }

    /// Whether it names more than the verdict has in JSON.
    pub(super) fn wants_evidence(self) -> bool {
        self.is_work()
    }

    /// Whether making it is work for the pool's threads.
    pub(super) fn is_work(self) -> bool {
        self.representation != Representation::Json
    }

    /// The language in which it is wanted, where it is in words.
    pub(super) fn language(self) -> Option<&'static str> {
        let silent = matches!(self.representation, Representation::Json | Representation::Etsi);
        (!silent).then(|| self.language.tag())
    }

    /// The content of the answer.
    pub(super) fn write(self, verdict: &Verdict) -> Result<Bytes, Problem> {
        let mut out = Vec::new();
        // Writing into memory does not fail.
        match self.representation {
            Representation::Json => return Ok(verdict.to_json().into()),
            Representation::Etsi => drop(report::write_etsi(verdict, &mut out)),
            Representation::Html => drop(report::write_html(verdict, self.language, &mut out)),
            #[cfg(feature = "pdf")]
            Representation::Pdf => {
                out = report::pdf(verdict, self.language).map_err(|why| {
                    tracing::error!(why, "a report could not be made");
                    Problem::Internal
                })?;
            }
        }
        Ok(out.into())
    }

    /// What is said of the content.
    pub(super) fn describe(self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type()));
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
        let Some(language) = self.language() else { return };
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
        if self.representation == Representation::Html {
            let policy = HeaderValue::from_static(report::HTML_POLICY);
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }

    fn media_type(self) -> &'static str {
        match self.representation {
            Representation::Html => "text/html; charset=utf-8",
            _ => self.media_type,
        }
    }
}
