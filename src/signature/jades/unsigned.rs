//! The unsigned header: `etsiU` (ETSI TS 119 182-1, 5.3) → validation material, time-stamps, counter-signatures.

use super::header::{Header, tokens};
use crate::catalogue::{Words, say};
use crate::excerpt::excerpt;
use crate::format::jose::{self, Jws, JwsSignature, base64, base64url};
use crate::format::json::{self, Kind, Reader, Value};
use crate::format::{Limits, Sink, Unreadable};
use crate::signature::{
    EmbeddedCertificate, EmbeddedRevocation, EmbeddedTimestamp, Imprint, RevocationKind, Source, Structure,
    TimestampKind,
};
use std::borrow::Cow;
use std::sync::Arc;

/// Time-stamps of one signature. Each archive time-stamp covers all before it: without a bound, a hostile document
/// would have itself hashed over and over.
const MAX_TIMESTAMPS: usize = 64;

/// The references to validation data.
const REFERENCES: [&str; 4] = ["xRefs", "rRefs", "axRefs", "arRefs"];

/// What the unsigned header holds.
#[derive(Default)]
pub(super) struct Unsigned<'a> {
    pub(super) certificates: Vec<EmbeddedCertificate<'a>>,
    pub(super) revocation: Vec<EmbeddedRevocation<'a>>,
    pub(super) timestamps: Vec<EmbeddedTimestamp<'a>>,
    pub(super) counter_signatures: Vec<Jws<'static>>,
}

/// What time-stamps cover: the parts of the signature as transmitted.
pub(super) struct Covered<'a> {
    payload: Result<Cow<'a, [u8]>, Words>,
    protected: Cow<'a, str>,
    signature: Cow<'a, str>,
    elements: Vec<Element<'a>>,
}

/// The same with the elements' names, shared by all time-stamps of a signature.
#[derive(Clone)]
struct Stamped<'a> {
    covered: Arc<Covered<'a>>,
    names: Arc<[String]>,
}

/// One element of `etsiU` as transmitted.
struct Element<'a> {
    /// base64url, or JSON text.
    text: Cow<'a, str>,
    clear: bool,
}

impl<'a> Covered<'a> {
    /// The parts of a signature, `etsiU` not read yet.
    pub(super) fn new(payload: Result<Cow<'a, [u8]>, Words>, signature: &JwsSignature<'a>) -> Self {
        Self {
            payload,
            protected: signature.protected.clone(),
            signature: signature.signature.clone(),
            elements: Vec::new(),
        }
    }

    fn payload(&self, sink: &mut dyn Sink) -> Result<(), Words> {
        sink.write(self.payload.as_deref().map_err(Words::clone)?);
        Ok(())
    }

    fn mixed(&self) -> bool {
        self.elements.iter().any(|element| element.clear)
            && self.elements.iter().any(|element| !element.clear)
    }

    /// The elements before `end` whose index is `wanted`, as they stand.
    fn elements(&self, end: usize, wanted: impl Fn(usize) -> bool, sink: &mut dyn Sink) -> Result<(), Words> {
        if self.mixed() {
            return Err(say("detail.jades-mixed"));
        }
        for (_, element) in self.elements.iter().enumerate().take(end).filter(|(index, _)| wanted(*index)) {
            if element.clear {
                without_white_space(element.text.as_bytes(), sink);
            } else {
                sink.write(element.text.as_bytes());
            }
        }
        Ok(())
    }

    /// What a time-stamp in the element at `index` covers (TS 119 182-1, 5.3.4 to 5.3.6); `names` are the names
    /// of the elements.
    fn imprint(
        &self,
        kind: TimestampKind,
        index: usize,
        names: &[String],
        sink: &mut dyn Sink,
    ) -> Result<(), Words> {
        let is = |index: usize, wanted: &[&str]| {
            names.get(index).is_some_and(|name| wanted.contains(&name.as_str()))
        };
        match kind {
            TimestampKind::Content => self.payload(sink),
            TimestampKind::Signature => {
                sink.write(self.signature.as_bytes());
                Ok(())
            }
            TimestampKind::References => self.elements(index, |index| is(index, &REFERENCES), sink),
            TimestampKind::SignatureAndReferences => {
                sink.write(self.signature.as_bytes());
                sink.write(b".");
                self.elements(index, |index| is(index, &REFERENCES) || is(index, &["sigTst"]), sink)
            }
            TimestampKind::Document => Err(Words::constant("only a PDF has document time-stamps")),
            TimestampKind::Archive => {
                self.payload(sink)?;
                for part in [&self.protected, &self.signature] {
                    sink.write(b".");
                    sink.write(part.as_bytes());
                }
                sink.write(b".");
                self.elements(index, |_| true, sink)
            }
        }
    }
}

impl<'a> Unsigned<'a> {
    /// Reads the unsigned header. Never fails: what is wrong becomes a fact of the structure.
    pub(super) fn read(
        mut covered: Covered<'a>,
        text: Option<Cow<'a, str>>,
        header: &mut Header,
        limits: &Limits,
    ) -> Self {
        covered.elements = match text {
            None => Vec::new(),
            Some(Cow::Borrowed(text)) => members(text, header, limits),
            Some(Cow::Owned(text)) => {
                let elements = members(&text, header, limits).into_iter();
                elements
                    .map(|Element { text, clear }| Element { text: text.into_owned().into(), clear })
                    .collect()
            }
        };
        if covered.mixed() {
            header.structure.schema_warnings.push(say("detail.jades-mixed"));
        }

        let covered = Arc::new(covered);
        let decoded: Vec<Cow<'_, [u8]>> = covered.elements.iter().map(decode).collect();
        let elements: Vec<Option<(String, Value<'_>)>> =
            decoded.iter().map(|bytes| only_member(bytes, limits)).collect();
        let names: Vec<String> = elements
            .iter()
            .map(|element| element.as_ref().map(|(name, _)| name.clone()).unwrap_or_default())
            .collect();
        let structure = &mut header.structure;
        structure.complete_references =
            ["xRefs", "rRefs"].iter().all(|wanted| names.iter().any(|name| name == wanted));

        let mut unsigned = Self::default();
        let stamped = Stamped { covered: Arc::clone(&covered), names: Arc::from(names) };
        let content = std::mem::take(&mut header.content_timestamps);
        unsigned.stamp(content, TimestampKind::Content, 0, None, &stamped, structure);
        for (index, (element, text)) in elements.iter().zip(&decoded).enumerate() {
            match element {
                Some((name, _)) if name == "cSig" => match counter_signature(text, limits) {
                    Some(jws) => unsigned.counter_signatures.push(jws),
                    None => header.structure.schema_warnings.push(say("detail.jades-counter")),
                },
                Some((name, value)) => unsigned.take(name, value, index, &stamped, header),
                None => {
                    header.structure.schema_warnings.push(say("detail.jades-members"));
                }
            }
        }
        unsigned
    }

    fn take(
        &mut self,
        name: &str,
        value: &Value<'_>,
        index: usize,
        stamped: &Stamped<'a>,
        header: &mut Header,
    ) {
        let structure = &mut header.structure;
        let kind = match name {
            "sigTst" => Some(TimestampKind::Signature),
            "rfsTst" => Some(TimestampKind::References),
            "sigRTst" => Some(TimestampKind::SignatureAndReferences),
            "arcTst" => Some(TimestampKind::Archive),
            _ => None,
        };
        if let Some(kind) = kind {
            let tokens = tokens(value, structure);
            if kind == TimestampKind::Signature && tokens.len() != 1 {
                structure.not_baseline_t.push(format!("a `sigTst` with {} tokens, 1 is right", tokens.len()));
            }
            let method = value.get("canonAlg").and_then(Value::as_str).map(str::to_owned);
            self.stamp(tokens, kind, index, method, stamped, structure);
        }
        if matches!(name, "xRefs" | "axRefs" | "rRefs" | "arRefs" | "sigRTst" | "rfsTst") {
            structure.excluded_from_lt.push(name.to_owned());
        }
        if matches!(name, "xVals" | "axVals" | "rVals" | "arVals" | "tstVD" | "anyValData") {
            structure.validation_data_containers = true;
        }
        match name {
            "xVals" => self.certificates(value, Source::Values, structure),
            "axVals" => self.certificates(value, Source::AttributeValues, structure),
            "rVals" => self.revocation(value, Source::Values, structure),
            "arVals" => self.revocation(value, Source::AttributeValues, structure),
            "tstVD" => self.both(value, Source::TimestampValidationData, structure),
            "anyValData" => self.both(value, Source::AnyValidationData, structure),
            "sigPSt" => policy_store(header),
            _ => {}
        }
    }

    fn stamp(
        &mut self,
        tokens: Vec<Vec<u8>>,
        kind: TimestampKind,
        index: usize,
        method: Option<String>,
        stamped: &Stamped<'a>,
        structure: &mut Structure,
    ) {
        let covers_timestamps = if kind == TimestampKind::Archive { self.timestamps.len() } else { 0 };
        for token in tokens {
            if self.timestamps.len() == MAX_TIMESTAMPS {
                structure.format_failures.push(say("detail.too-many-tokens").with("most", MAX_TIMESTAMPS));
                return;
            }
            let Stamped { covered, names } = stamped.clone();
            let method = method.clone();
            let imprint: Imprint<'a> = Box::new(move |sink| match &method {
                // Only elements in the clear are canonicalised, and no method is implemented.
                Some(method) if covered.elements.iter().any(|element| element.clear) => {
                    let shown = excerpt(method, 100);
                    Err(say("detail.canonicalization-unknown").with("uri", format_args!("{shown:?}")).into())
                }
                _ => Ok(covered.imprint(kind, index, &names, sink)?),
            });
            self.timestamps.push(EmbeddedTimestamp {
                kind,
                token: token.into(),
                imprint,
                older_imprint: None,
                covers_timestamps,
            });
        }
    }

    /// `xVals`: objects with `x509Cert`; others are no certificates that validation can use.
    fn certificates(&mut self, value: &Value<'_>, source: Source, structure: &mut Structure) {
        let after_timestamps = self.timestamps.len();
        for entry in value.one_or_many().iter().filter_map(|entry| entry.get("x509Cert")) {
            match encoded(entry) {
                Some(der) => {
                    self.certificates.push(EmbeddedCertificate { der: der.into(), source, after_timestamps });
                }
                None => structure.schema_warnings.push(say("detail.jades-certificate")),
            }
        }
    }

    /// `rVals`: `crlVals` and `ocspVals`.
    fn revocation(&mut self, value: &Value<'_>, source: Source, structure: &mut Structure) {
        let after_timestamps = self.timestamps.len();
        for (name, kind) in [("crlVals", RevocationKind::Crl), ("ocspVals", RevocationKind::Ocsp)] {
            for entry in value.get(name).map(Value::one_or_many).unwrap_or_default() {
                match encoded(entry) {
                    Some(der) => {
                        let der = der.into();
                        self.revocation.push(EmbeddedRevocation { kind, der, source, after_timestamps });
                    }
                    None => structure.schema_warnings.push(say("detail.jades-entry").with("name", name)),
                }
            }
        }
    }

    fn both(&mut self, value: &Value<'_>, source: Source, structure: &mut Structure) {
        if let Some(certificates) = value.get("xVals") {
            self.certificates(certificates, source, structure);
        }
        if let Some(revocation) = value.get("rVals") {
            self.revocation(revocation, source, structure);
        }
    }
}

/// A pkiOb (TS 119 182-1, 5.4.2): its `val`.
fn encoded(value: &Value<'_>) -> Option<Vec<u8>> {
    base64(value.get("val")?.as_str()?)
}

/// At most one `sigPSt`, and only beside a policy with a digest (TS 119 182-1, 6.3).
fn policy_store(header: &mut Header) {
    const SECOND: &str = "more than one `sigPSt`";
    const ALONE: &str = "`sigPSt` without a policy digest";
    let why = &mut header.structure.not_baseline_b;
    if std::mem::replace(&mut header.policy_stored, true) {
        why.push(SECOND.into());
    } else if !header.policy_digest {
        why.push(ALONE.into());
    }
}

/// The elements of `etsiU` as they stand; other members are checked against the protected header.
fn members<'t>(text: &'t str, header: &mut Header, limits: &Limits) -> Vec<Element<'t>> {
    let mut elements = Vec::new();
    let Header { names, structure, .. } = header;
    let mut read = || -> Result<(), Unreadable> {
        let mut reader = Reader::new(text.as_bytes(), limits)?;
        reader.object(|reader, name| {
            if names.iter().any(|protected| *protected == name) {
                let shown = excerpt(&name, 64);
                structure.format_failures.push(say("detail.jades-both").with("name", shown));
            } else if name == "crit" || name == "b64" {
                structure.format_failures.push(say("detail.jades-protected").with("name", &name));
            }
            if name != "etsiU" {
                return Ok(());
            }
            if reader.kind()? != Kind::Array {
                structure.schema_warnings.push(say("detail.jades-etsi-u"));
                return Ok(());
            }
            reader.array(|reader| {
                match reader.kind()? {
                    Kind::String => {
                        elements.push(Element { text: reader.text()?.unwrap_or_default(), clear: false });
                    }
                    Kind::Object => {
                        elements.push(Element { text: Cow::Borrowed(reader.skip()?), clear: true });
                    }
                    _ => structure.schema_warnings.push(say("detail.jades-element")),
                }
                Ok(())
            })
        })
    };
    if let Err(error) = read() {
        structure.format_failures.push(say("detail.jades-unprotected").with("why", error));
    }
    elements
}

/// The JSON text of an element; empty where it is not base64url.
fn decode<'e>(element: &'e Element<'_>) -> Cow<'e, [u8]> {
    if element.clear {
        Cow::Borrowed(element.text.as_bytes())
    } else {
        Cow::Owned(base64url(element.text.as_bytes()).unwrap_or_default())
    }
}

/// The only member of an object.
fn only_member<'t>(text: &'t [u8], limits: &Limits) -> Option<(String, Value<'t>)> {
    let Value::Object(members) = json::parse(text, limits).ok()? else { return None };
    let [(name, value)] = <[_; 1]>::try_from(members.into_vec()).ok()?;
    Some((name.into_owned(), value))
}

/// The member `cSig` of an object: a compact JWS as text, or a flattened one as an object.
fn counter_signature(text: &[u8], limits: &Limits) -> Option<Jws<'static>> {
    let mut found = None;
    let mut reader = Reader::new(text, limits).ok()?;
    reader
        .object(|reader, _| {
            found = if reader.kind()? == Kind::Object {
                jose::read_json(reader.skip()?.as_bytes(), limits)?.map(Jws::into_owned)
            } else {
                let text = reader.text()?.unwrap_or_default();
                jose::read_compact(text.as_bytes(), limits)?.map(Jws::into_owned)
            };
            Ok(())
        })
        .ok()?;
    found
}

/// JSON text less the white space between its tokens; what is left is written as it stands.
fn without_white_space(text: &[u8], sink: &mut dyn Sink) {
    let (mut start, mut in_string, mut escaped) = (0, false, false);
    for (at, &byte) in text.iter().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte.is_ascii_whitespace() {
            sink.write(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    sink.write(text.get(start..).unwrap_or_default());
}
