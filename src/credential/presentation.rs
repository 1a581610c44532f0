//! Presentations: envelopes with credentials in them, each of which may carry a seal of its own.
//!
//! ELM v2 `verifiablePresentation`, ELM v3 `EuropeanDigitalPresentation` and W3C `VerifiablePresentation`, as JSON or
//! within a JWT (`vp`). Here credentials are only located: what holds of each is verified one by one.

use super::{Presentation, Source, json, xml};
use crate::catalogue::{Words, say};
use crate::format::json::{Kind, Reader, Value};
use crate::format::xml::{Document, NodeId};
use crate::format::{Limits, Unreadable, jose};
use crate::signature::Payload;
use roxmltree::Node;
use std::borrow::Cow;

/// A presentation with the places of what is in it.
#[derive(Debug)]
pub struct Presented<'p> {
    /// What it says of itself.
    pub presentation: Presentation,
    /// The credentials in it, in order.
    pub credentials: Vec<Enclosed<'p>>,
}

/// A credential in a presentation or in any other container.
#[derive(Debug)]
pub struct Enclosed<'p> {
    /// Where it stands: a JSON Pointer (RFC 6901) into the payload, or a path of elements.
    pub place: String,
    /// What stands there.
    pub content: Content<'p>,
}

/// What stands in a place where a credential should.
#[derive(Debug)]
pub enum Content<'p> {
    /// The bytes of a document of its own.
    Bytes(Cow<'p, [u8]>),
    /// An element of the document that the presentation is of.
    Element(NodeId),
    /// Nothing that could be one: why.
    Refused(Words),
}

/// Finds the credentials of a presentation; `None` where the payload is none. `source` is `payload`, opened.
///
/// # Errors
/// Those of [`open`](super::open): none where `source` is that payload.
pub fn presented<'p>(
    payload: &'p Payload<'_>,
    source: &Source<'_>,
    limits: &Limits,
) -> Result<Option<Presented<'p>>, Unreadable> {
    match (payload, source) {
        (Payload::Json(text), Source::Json(value)) => {
            let Some((prefix, envelope)) = envelope(value) else { return Ok(None) };
            let presentation = json::presentation(envelope, &json::graph::Graph::new(value));
            let credentials = match enveloped(envelope, "EnvelopedVerifiablePresentation") {
                Some(content) => vec![Enclosed { place: format!("{prefix}/id"), content }],
                None => in_json(text, prefix, envelope, limits)?,
            };
            Ok(Some(Presented { presentation, credentials }))
        }
        (Payload::Xml { .. }, Source::Xml(element)) if xml::is_presentation(*element) => {
            let credentials = xml::credentials_in(*element).collect::<Vec<_>>();
            let several = credentials.len() > 1;
            let credentials = credentials.into_iter().enumerate().map(|(index, element)| {
                let number = if several { format!("[{}]", index.saturating_add(1)) } else { String::new() };
                let place = format!("/verifiablePresentation/europassCredential{number}");
                Enclosed { place, content: Content::Element(element.id()) }
            });
            let credentials = credentials.collect();
            Ok(Some(Presented { presentation: xml::presentation(*element), credentials }))
        }
        _ => Ok(None),
    }
}

/// The credentials of an ELM v2 presentation that is the document element; none where it is not one.
pub fn credential_elements(document: &Document<'_>) -> Vec<NodeId> {
    let root = document.root_element();
    if !xml::is_presentation(root) {
        return Vec::new();
    }
    xml::credentials_in(root).map(|element| element.id()).collect()
}

/// An element as a document of its own: its text as it stands; where that alone is not the same element, with the
/// namespace declarations of the elements around it.
#[must_use]
pub fn standalone<'d>(document: &'d Document<'_>, element: Node<'_, '_>, limits: &Limits) -> Cow<'d, str> {
    let text = document.tree().input_text().get(element.range()).unwrap_or_default();
    let same = |parsed: Document<'_>| parsed.root_element().tag_name() == element.tag_name();
    if Document::parse(text.as_bytes(), limits).is_ok_and(same) {
        return Cow::Borrowed(text);
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(text.len());
    let own = declared(text);
    let mut whole = text.get(..end).unwrap_or_default().to_owned();
    for namespace in element.namespaces() {
        let name = namespace.name().map_or_else(|| "xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
        if name != "xmlns:xml" && !own.contains(&name.as_str()) {
            let uri = namespace.uri().replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            whole.push_str(&format!(" {name}=\"{uri}\""));
        }
    }
    whole.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(whole)
}

/// The names of a start tag's attributes as they stand.
fn declared(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(['=', '>']) {
        // A value is in quotes; the tag ends at the first `>` outside of one.
        let value = after.trim_ascii_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (Some(quote), true) = (quote, rest.get(before.len()..).is_some_and(|at| at.starts_with('=')))
        else {
            break;
        };
        names.extend(before.split_ascii_whitespace().next_back());
        rest = value.get(1..).and_then(|value| value.split_once(quote)).map_or("", |(_, rest)| rest);
    }
    names
}

/// The presentation in a JSON value, and the JSON Pointer to it: the `vp` of a JWT, else the value itself.
fn envelope<'v, 'p>(value: &'v Value<'p>) -> Option<(&'static str, &'v Value<'p>)> {
    value.as_object()?;
    if let Some(within) = value.get("vp").filter(|within| within.as_object().is_some()) {
        return Some(("/vp", within));
    }
    let typed = types(value).any(|kind| {
        matches!(
            kind,
            "VerifiablePresentation" | "EuropeanDigitalPresentation" | "EnvelopedVerifiablePresentation"
        )
    });
    let untyped = value.get("verifiableCredential").is_some()
        && value.get("credentialSubject").is_none()
        && value.get("vc").is_none();
    (typed || untyped).then_some(("", value))
}

/// The classes of a node by their local names.
fn types<'v>(value: &'v Value<'_>) -> impl Iterator<Item = &'v str> {
    let types = value.get("type").or_else(|| value.get("@type")).map(Value::one_or_many).unwrap_or_default();
    types.iter().filter_map(Value::as_str).map(|kind| kind.rsplit(['#', '/', ':']).next().unwrap_or(kind))
}

/// The elements of `verifiableCredential`, each with its text as it stands in the payload.
fn in_json<'p>(
    text: &'p [u8],
    prefix: &str,
    envelope: &Value<'_>,
    limits: &Limits,
) -> Result<Vec<Enclosed<'p>>, Unreadable> {
    let member = envelope.get("verifiableCredential");
    let values = member.map(Value::one_or_many).unwrap_or_default();
    let mut texts = Vec::new();
    let mut reader = Reader::new(text, limits)?;
    if prefix.is_empty() {
        texts_of(&mut reader, &mut texts)?;
    } else {
        reader.object(|reader, name| if name == "vp" { texts_of(reader, &mut texts) } else { Ok(()) })?;
    }
    let several = member.is_some_and(|member| member.as_array().is_some());
    let found = values.iter().zip(texts).enumerate().map(|(index, (value, text))| {
        let number = if several { format!("/{index}") } else { String::new() };
        let place = format!("{prefix}/verifiableCredential{number}");
        let content = match text {
            Cow::Owned(text) => string(text.into()),
            Cow::Borrowed(text) if value.as_str().is_some() => string(text.into()),
            Cow::Borrowed(_) if value.as_object().is_none() => {
                Content::Refused(say("detail.presented-no-credential"))
            }
            Cow::Borrowed(text) => enveloped(value, "EnvelopedVerifiableCredential")
                .unwrap_or(Content::Bytes(text.as_bytes().into())),
        };
        Enclosed { place, content }
    });
    Ok(found.collect())
}

/// The texts of the values of `verifiableCredential`: a string's content, any other value as it stands.
fn texts_of<'p>(reader: &mut Reader<'p>, texts: &mut Vec<Cow<'p, str>>) -> Result<(), Unreadable> {
    reader.object(|reader, name| {
        if name != "verifiableCredential" {
            return Ok(());
        }
        reader.one_or_many(|reader| {
            let text = match reader.kind()? {
                Kind::String => reader.text()?.unwrap_or_default(),
                _ => Cow::Borrowed(reader.skip()?),
            };
            texts.push(text);
            Ok(())
        })
    })
}

/// A credential as a string: JSON text, a compact JWS, or a `data:` address of either.
fn string(text: Cow<'_, str>) -> Content<'_> {
    if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return in_address(&text);
    }
    Content::Bytes(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// What an enveloped credential or presentation (W3C VC Data Model 2.0, 4.13) holds; `None` where the value is none.
fn enveloped<'p>(value: &Value<'_>, kind: &str) -> Option<Content<'p>> {
    if !types(value).any(|found| found == kind) {
        return None;
    }
    let address = value.get("id").or_else(|| value.get("@id")).and_then(Value::as_str).unwrap_or_default();
    Some(in_address(address))
}

/// The content of a `data:` address (RFC 2397). Its media type says nothing: the content decides what it is.
fn in_address<'p>(address: &str) -> Content<'p> {
    let data = address.get(5..).filter(|_| address.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("data:")));
    let Some((media, data)) = data.and_then(|rest| rest.split_once(',')) else {
        return Content::Refused(say("detail.presented-no-address"));
    };
    if media.trim_end().to_ascii_lowercase().ends_with(";base64") {
        return match jose::base64(data) {
            Some(bytes) => Content::Bytes(bytes.into()),
            None => Content::Refused(say("detail.presented-no-base64")),
        };
    }
    Content::Bytes(data.as_bytes().to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::open;

    fn places(text: &str) -> Option<Vec<(String, String)>> {
        let limits = Limits::default();
        let payload = Payload::Json(text.as_bytes().into());
        let source = open(&payload, &limits).unwrap().unwrap();
        let found = presented(&payload, &source, &limits).unwrap()?;
        let shown = |content| match content {
            Content::Bytes(bytes) => String::from_utf8(bytes.into_owned()).unwrap(),
            Content::Element(_) => unreachable!("no element in JSON"),
            Content::Refused(why) => why.to_string(),
        };
        Some(found.credentials.into_iter().map(|one| (one.place, shown(one.content))).collect())
    }

    #[test]
    fn every_way_of_enclosing() {
        let text = r#"{"type": ["https://www.w3.org/2018/credentials#VerifiablePresentation"], "verifiableCredential": [
            {"payload" : "x", "signature":"y"}, "e30.e30.YQ", "{\"a\": 1}", 7,
            "data:application/vc+jwt,e30.e30.YQ",
            {"type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt;base64,ZTMw"},
            {"type": "EnvelopedVerifiableCredential", "id": "https://example.com/"}]}"#;
        let found = places(text).unwrap();
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        let expected = [
            r#"{"payload" : "x", "signature":"y"}"#,
            "e30.e30.YQ",
            r#"{"a": 1}"#,
            "neither an object nor a string",
            "e30.e30.YQ",
            "e30",
            "an enveloped credential that is no `data:` address",
        ];
        assert_eq!(texts, expected);
        assert_eq!(found[6].0, "/verifiableCredential/6");
        let single = |text: &str| places(text).unwrap().remove(0).0;
        assert_eq!(single(r#"{"vp": {"verifiableCredential": {}}}"#), "/vp/verifiableCredential");
        assert_eq!(single(r#"{"verifiableCredential": "x"}"#), "/verifiableCredential");
        assert_eq!(single(r#"{"type": "EnvelopedVerifiablePresentation", "id": "data:,e30.e30.YQ"}"#), "/id");
        assert_eq!(places(r#"{"type": "EuropeanDigitalPresentation"}"#), Some(vec![]));
        for none in [
            r#"{"type": "VerifiableCredential"}"#,
            r#"{"verifiableCredential": {}, "credentialSubject": {}}"#,
            "[1]",
        ] {
            assert_eq!(places(none), None, "{none}");
        }
    }

    #[test]
    fn an_element_alone_keeps_its_namespaces() {
        let text =
            "<r xmlns='u' xmlns:a='A' xmlns:b='B&amp;'><a:x b:y = '>' c='2'>t</a:x><z/><q xmlns='u'/></r>";
        let limits = Limits::default();
        let document = Document::parse(text.as_bytes(), &limits).unwrap();
        let mut children = document.root_element().children();
        let mut alone = || standalone(&document, children.next().unwrap(), &limits);
        let x = alone();
        let parsed = Document::parse(x.as_bytes(), &limits).unwrap();
        let root = parsed.root_element();
        assert_eq!((root.tag_name().namespace(), root.attribute(("B&", "y"))), (Some("A"), Some(">")));
        assert!(alone().contains("xmlns=\"u\""));
        assert_eq!(alone(), "<q xmlns='u'/>");
        assert_eq!(declared("<a:x xmlns:b = '>' c=\"=\">d='e'"), ["xmlns:b", "c"]);
    }
}
