//! The forms of the answer to one credential, and making them.

use super::accept;
use super::problem::Problem;
use crate::report::{self, Verdict};
use bytes::Bytes;
use hyper::HeaderMap;

/// A form of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Representation {
    Json,
    /// ETSI TS 119 102-2.
    Etsi,
}

/// Every media type with its form, the one that is given where none is asked for first.
const FORMS: [(&str, Representation); 3] = [
    ("application/json", Representation::Json),
    ("application/xml", Representation::Etsi),
    ("text/xml", Representation::Etsi),
];

/// The forms as a problem names them.
const ALL: &str = "application/json, application/xml";

/// A form with the media type by which it was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) representation: Representation,
    pub(super) media_type: &'static str,
}

impl Wanted {
    /// The verdict as JSON, whatever a request asks for.
    pub(super) const JSON: Self = Self { representation: Representation::Json, media_type: FORMS[0].0 };

    /// What a request asks for.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let names = FORMS.map(|(name, _)| name);
        let chosen = accept::choose(headers, &names).and_then(|place| FORMS.get(place));
        let (media_type, representation) = *chosen.ok_or(Problem::NotAcceptable(ALL))?;
        Ok(Self { representation, media_type })
    }

    /// Whether it names more than the verdict has in JSON.
    pub(super) fn wants_evidence(self) -> bool {
        self.representation == Representation::Etsi
    }

    /// Whether making it is work for the pool's threads.
    pub(super) fn is_work(self) -> bool {
        self.representation != Representation::Json
    }

    /// The content of the answer.
    pub(super) fn write(self, verdict: &Verdict) -> Bytes {
        match self.representation {
            Representation::Json => verdict.to_json().into(),
            Representation::Etsi => {
                let mut out = Vec::new();
                // Writing into memory does not fail.
                let _ = report::write_etsi(verdict, &mut out);
                out.into()
            }
        }
    }
}
