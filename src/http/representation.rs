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

/// A form with the media type by which it was asked for, and its language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    representation: Representation,
    media_type: &'static str,
    /// Of people's forms always one; of JSON the one that `lang` named; of ETSI's none.
    language: Option<Language>,
}

impl Wanted {
    /// The verdict as JSON, whatever a request asks for.
    pub(super) const JSON: Self =
        Self { representation: Representation::Json, media_type: JSON, language: None };

    /// What a request asks for; `tag` is the language in its query.
    pub(super) fn of(headers: &HeaderMap, tag: Option<&str>) -> Result<Self, Problem> {
        let names: Vec<&str> = FORMS.iter().map(|(name, _)| *name).collect();
        let chosen = accept::choose(headers, &names).and_then(|place| FORMS.get(place));
        let (media_type, representation) = *chosen.ok_or(Problem::NotAcceptable(ALL))?;
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let named = tag.and_then(Language::lookup);
        let language = match representation {
            Representation::Json => named,
            Representation::Etsi => None,
            _ => named.or_else(|| Some(Language::negotiate(accepted.unwrap_or_default()))),
        };
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

    /// The language of the verdict: `lang` as it was asked for, since credentials may have it where the gateway has not,
    /// else the form's. ETSI's form has no credential, and is in English as everywhere.
    pub(super) fn lang(self, asked: Option<String>) -> Option<String> {
        let asked = asked.filter(|_| self.representation != Representation::Etsi);
        asked.or_else(|| Some(self.language?.tag().to_owned()))
    }

    /// The content of the answer.
    pub(super) fn write(self, verdict: &Verdict) -> Result<Bytes, Problem> {
        let mut out = Vec::new();
        let language = self.language.unwrap_or_default();
        // Writing into memory does not fail.
        match self.representation {
            Representation::Json => return Ok(verdict.to_json().into()),
            Representation::Etsi => drop(report::write_etsi(verdict, &mut out)),
            Representation::Html => drop(report::write_html(verdict, language, &mut out)),
            #[cfg(feature = "pdf")]
            Representation::Pdf => {
                out = report::pdf(verdict, language).map_err(|why| {
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
        if let Some(language) = self.language {
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        }
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
