//! ds:Reference (XML-DSig 1.1, 4.4.3): resolving, transforming, digesting, comparing.

use super::transform::{DEFAULT_METHOD, Data, Nodes, Start, Step};
use super::{DS, Node, Workspace, child, decode_base64, digest_method, id, text};
use crate::catalogue::{Words, say};
use crate::format::Sink;
use crate::format::xml::c14n::{Method, NodeSet};
use crate::signature::algorithm::{Crypto, DigestAlgorithm};
use crate::signature::{Declared, ReferenceOutcome};

/// What the URI of a reference means.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    /// The whole document.
    Document,
    /// One element of it.
    Element(Node<'a>),
    /// Detached content.
    Detached,
}

/// Why an Id means nothing that several elements have.
pub(crate) const AMBIGUOUS: &str = "detail.elements-ambiguous";

/// A ds:Reference, resolved.
#[derive(Clone)]
pub(crate) struct ReferenceElement<'a> {
    /// The element.
    pub node: Node<'a>,
    /// What its URI means; why it means nothing here.
    pub target: Result<Target<'a>, Words>,
    /// What is digested.
    data: Result<Data<'a>, ReferenceOutcome>,
}

impl<'a> ReferenceElement<'a> {
    /// Resolves a ds:Reference of `signature`.
    pub(crate) fn resolve(node: Node<'a>, signature: Node<'a>, workspace: &Workspace<'a>) -> Self {
        let (target, data) = match start(node.attribute("URI"), workspace) {
            Err(why) => (Err(why.clone()), Err(ReferenceOutcome::NotFound(why))),
            Ok((target, start)) => {
                let steps = Step::read(node, signature.id());
                let data = steps.and_then(|steps| Data::new(start, steps, workspace));
                (Ok(target), data.map_err(|why| ReferenceOutcome::Refused(why.into())))
            }
        };
        Self { node, target, data }
    }

    /// `Id`.
    pub(crate) fn id(&self) -> Option<&'a str> {
        id(self.node)
    }

    /// `URI`.
    pub(crate) fn uri(&self) -> Option<&'a str> {
        self.node.attribute("URI")
    }

    /// `Type`.
    pub(crate) fn type_uri(&self) -> &'a str {
        self.node.attribute("Type").unwrap_or_default()
    }

    /// The element that the URI names.
    pub(crate) fn element(&self) -> Option<Node<'a>> {
        match self.target {
            Ok(Target::Element(node)) => Some(node),
            _ => None,
        }
    }

    /// What is digested.
    pub(crate) fn data(&self) -> Option<&Data<'a>> {
        self.data.as_ref().ok()
    }

    /// The digest algorithm.
    pub(crate) fn digest_algorithm(&self) -> Declared<DigestAlgorithm> {
        digest_method(self.node)
    }

    /// ds:DigestValue; empty where it is none or no base64.
    pub(crate) fn digest_value(&self) -> Vec<u8> {
        child(self.node, DS, "DigestValue").and_then(|node| decode_base64(&text(node))).unwrap_or_default()
    }

    /// Digests the data and compares with `expected`.
    pub(crate) fn outcome(
        &self,
        expected: &[u8],
        crypto: &Crypto,
        workspace: &Workspace<'a>,
    ) -> ReferenceOutcome {
        let data = match &self.data {
            Ok(data) => data,
            Err(outcome) => return outcome.clone(),
        };
        let hasher = match self.digest_algorithm() {
            Declared::Known(algorithm) => crypto
                .hasher(algorithm)
                .ok_or_else(|| say("detail.digest-refused").with("digest", algorithm.name())),
            Declared::Unknown(uri) => Err(say("detail.digest-refused").with("digest", uri)),
        };
        let mut hasher = match hasher {
            Ok(hasher) => hasher,
            Err(why) => return ReferenceOutcome::Refused(why),
        };
        if let Err(why) = data.write(&DEFAULT_METHOD, workspace, &mut hasher) {
            return ReferenceOutcome::Refused(why.into());
        }
        if expected == hasher.finish().value { ReferenceOutcome::Intact } else { ReferenceOutcome::Mismatch }
    }

    /// Writes the data as a time-stamp covers it: nodes canonicalised with the time-stamp's method.
    pub(crate) fn write(
        &self,
        method: &Method,
        workspace: &Workspace<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Words> {
        match &self.data {
            Ok(data) => Ok(data.write(method, workspace, sink)?),
            Err(ReferenceOutcome::NotFound(why) | ReferenceOutcome::Refused(why)) => Err(why.clone()),
            Err(_) => Err(Words::constant("no data")),
        }
    }
}

/// Resolves a URI (XML-DSig 1.1, 4.4.3.2 and 4.4.3.3). Only the document itself and detached content.
fn start<'a>(uri: Option<&'a str>, workspace: &Workspace<'a>) -> Result<(Target<'a>, Start<'a>), Words> {
    let document = workspace.document;
    let whole = |comments| {
        let nodes = Nodes { set: NodeSet::Document, without: Vec::new(), comments };
        Ok((Target::Document, Start::Nodes(document, nodes)))
    };
    let element = |id: &str, comments| {
        let node = document.element_by_id(id).map_err(|not_one| match not_one.0 {
            0 => say("detail.no-element").with("id", format_args!("{id:?}")),
            n => say(AMBIGUOUS).with("count", n).with("id", format_args!("{id:?}")),
        })?;
        let nodes = Nodes { set: NodeSet::Subtree(node.id()), without: Vec::new(), comments };
        Ok((Target::Element(node), Start::Nodes(document, nodes)))
    };
    match uri.map(|uri| (uri, uri.strip_prefix('#'))) {
        Some(("", _)) => whole(false),
        Some((_, Some("xpointer(/)"))) => whole(true),
        Some((uri, Some(fragment))) => {
            let quoted = fragment.strip_prefix("xpointer(id(").and_then(|rest| rest.strip_suffix("))"));
            let unquoted = quoted
                .map(|quoted| ['\'', '"'].iter().find_map(|q| quoted.strip_prefix(*q)?.strip_suffix(*q)));
            match unquoted {
                Some(Some(id)) => element(id, true),
                Some(None) => Err(unsupported(uri)),
                None if fragment.contains('(') => Err(unsupported(uri)),
                None => element(fragment, false),
            }
        }
        Some((uri, None)) => {
            let bytes = workspace.detached(Some(uri));
            let bytes = bytes.ok_or_else(|| say("detail.not-given").with("uri", format_args!("{uri:?}")))?;
            Ok((Target::Detached, Start::Octets(bytes)))
        }
        None => {
            let bytes = workspace.detached(None);
            let bytes = bytes.ok_or(say("detail.not-one-given"))?;
            Ok((Target::Detached, Start::Octets(bytes)))
        }
    }
}

fn unsupported(uri: &str) -> Words {
    say("detail.xpointer").with("uri", format_args!("{uri:?}"))
}
