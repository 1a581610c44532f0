//! The sealed payload → what it says and the checks on it.
//!
//! Only the bytes or the element that a signature covered are read, never the document around them.

pub mod accreditation;
mod annex;
mod applicant;
mod checks;
mod date;
mod duration;
mod fields;
mod identity;
mod json;
mod model;
mod presentation;
pub mod shapes;
mod spoken;
pub mod status;
mod vocabulary;
mod xml;

pub use annex::{Annex, Element, annex_i, eqf_annex_vi};
pub use applicant::Applicant;
pub(crate) use checks::passed_of;
pub use checks::{Check, CheckStatus, Context, Detail, Kind, Point, checks};
pub use date::Date;
pub use fields::Fields;
pub use model::*;
pub use presentation::{Content, Enclosed, Presented, credential_elements, presented, standalone};

use crate::format::json::{self as json_reader, Value};
use crate::format::{Limits, Unreadable};
use crate::signature::Payload;
use roxmltree::Node;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// A credential with the checks that were made on it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckedCredential {
    /// What it says.
    #[serde(flatten)]
    pub credential: Credential,
    /// Every check, each with what it came to.
    pub checks: Vec<Check>,
    /// Annex I of the Council Recommendation on micro-credentials; `null` where there is nothing to look at.
    pub annex_i: Option<Annex>,
    /// Annex VI of the EQF Recommendation; `null` where nothing is a qualification.
    pub eqf_annex_vi: Option<Annex>,
    /// The sealed payload as it stands: JSON, or a string of XML. Only where [`Fields`] asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<RawValue>>,
}

impl CheckedCredential {
    /// Forgets what of the personal data is not to be returned.
    pub fn keep(&mut self, fields: Fields) {
        if let Some(learner) = &mut self.credential.learner {
            learner.keep(fields);
        }
        if let Some(presenter) = self.credential.presentation.as_mut().and_then(|one| one.presenter.as_mut())
            && !fields.identifiers
            && presenter.legal_name.is_none()
        {
            presenter.id = None;
        }
        if !fields.name {
            let learner = self.annex_i.iter_mut().flat_map(|annex| &mut annex.elements);
            learner.filter(|one| one.element == annex::LEARNER).for_each(|one| one.value = None);
        }
    }
}

/// Opens, reads and checks a payload. `None` where it is nothing that a credential could be written in. JSON that cannot
/// be read to its end says why in its checks: nothing in it is guessed.
#[must_use]
pub fn examine(payload: &Payload<'_>, limits: &Limits, context: &Context<'_>) -> Option<CheckedCredential> {
    examine_opened(&open(payload, limits)?, context)
}

/// The same on a payload that is open already.
#[must_use]
pub fn examine_opened(
    opened: &Result<Source<'_>, Unreadable>,
    context: &Context<'_>,
) -> Option<CheckedCredential> {
    let mut credential = match opened {
        Ok(source) => read(source)?,
        Err(error) => Credential { conflicts: vec![error.words()], ..Credential::default() },
    };
    credential.presentation = credential.presentation.or_else(|| context.presentation.cloned());
    let context = &Context { source: opened.as_ref().ok(), ..*context };
    let (annex_i, eqf_annex_vi) = (annex_i(&credential), eqf_annex_vi(&credential));
    let checks = checks(&credential, [annex_i.as_ref(), eqf_annex_vi.as_ref()], context);
    Some(CheckedCredential { credential, checks, annex_i, eqf_annex_vi, raw: None })
}

/// The payload as it stands.
#[must_use]
pub fn raw(payload: &Payload<'_>) -> Option<Box<RawValue>> {
    match payload {
        Payload::Json(text) => RawValue::from_string(std::str::from_utf8(text).ok()?.to_owned()).ok(),
        Payload::Xml { document, element } => {
            let node = document.node(*element)?;
            serde_json::value::to_raw_value(node.document().input_text().get(node.range())?).ok()
        }
        Payload::Bytes(_) => None,
    }
}

/// A payload, parsed once for everything that reads it.
#[derive(Debug)]
pub enum Source<'p> {
    /// JSON. Strings without escapes borrow from the payload.
    Json(Value<'p>),
    /// The element that a signature covered.
    Xml(Node<'p, 'p>),
}

/// Parses the payload that a signature covered. `None` where it is neither JSON nor an element.
///
/// # Errors
/// JSON that is malformed, has a member twice in one object, or is over a limit.
pub fn open<'p>(payload: &'p Payload<'p>, limits: &Limits) -> Option<Result<Source<'p>, Unreadable>> {
    match payload {
        Payload::Json(text) => Some(json_reader::parse(text, limits).map(Source::Json)),
        Payload::Xml { document, element } => document.node(*element).map(|node| Ok(Source::Xml(node))),
        Payload::Bytes(_) => None,
    }
}

/// Reads a payload. `None` where it is no JSON object and no ELM v2 element.
#[must_use]
pub fn read(source: &Source<'_>) -> Option<Credential> {
    match source {
        Source::Json(value) => json::read(value, &json::graph::Graph::new(value)),
        Source::Xml(node) => xml::read(*node),
    }
}

/// The code at the end of a country's URI (`.../authority/country/EST`).
fn country_code(uri: &str) -> String {
    uri.rsplit('/').next().unwrap_or(uri).to_owned()
}
