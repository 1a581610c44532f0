//! Transforms (XML-DSig 1.1, 4.4.3.4 and 6.6): from what a reference points at to the octets that are digested.

use super::{DS, Node, Workspace, children, decode_base64, method, select};
use crate::format::Sink;
use crate::format::xml::c14n::{self, Kind, Method, NodeSet};
use crate::format::xml::xpath::{FILTER2, XPATH};
use crate::format::xml::{Document, NodeId};
use crate::format::zip::Octets;

/// Transforms in one chain; real ones have two or three.
const MAX_TRANSFORMS: usize = 16;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";

/// The canonicalisation of a node-set that no transform turned into octets (XML-DSig 1.1, 4.4.3.2), and of a
/// time-stamp that names none.
pub(crate) const DEFAULT_METHOD: Method =
    Method { kind: Kind::Inclusive10, comments: false, inclusive_prefixes: Vec::new() };

/// Nodes of a document.
#[derive(Clone)]
pub(crate) struct Nodes {
    /// The set.
    pub set: NodeSet,
    /// Subtrees taken away from it.
    pub without: Vec<NodeId>,
    /// Whether comments belong to it (XML-DSig 1.1, 4.4.3.3).
    pub comments: bool,
}

/// What a reference points at, with the transforms on nodes already done.
#[derive(Clone)]
pub(crate) struct Data<'a> {
    /// What there is.
    pub start: Start<'a>,
    /// Transforms still to do.
    pub steps: Vec<Step>,
}

/// Nodes or octets.
#[derive(Clone)]
pub(crate) enum Start<'a> {
    /// Nodes of the signature's own document.
    Nodes(&'a Document<'a>, Nodes),
    /// Octets of a detached document.
    Octets(Octets<'a>),
}

/// One transform.
#[derive(Clone)]
pub(crate) enum Step {
    /// A canonicalisation: nodes to octets.
    Canonicalize(Method),
    /// base64: octets, or the text of nodes, to octets.
    Base64,
    /// Leaves out the signature that the reference stands in.
    Enveloped(NodeId),
    /// The XPath transform: nodes to nodes. The ds:Transform element.
    XPath(NodeId),
    /// The XPath filter 2.0 transform, likewise.
    Filter2(NodeId),
}

impl Step {
    /// Reads the ds:Transforms of a reference. An error names what is refused.
    pub(crate) fn read(reference: Node<'_>, signature: NodeId) -> Result<Vec<Self>, String> {
        let mut steps = Vec::new();
        for transform in children(reference, DS, "Transforms").flat_map(|all| children(all, DS, "Transform"))
        {
            if steps.len() >= MAX_TRANSFORMS {
                return Err(format!("more than {MAX_TRANSFORMS} transforms"));
            }
            steps.push(match transform.attribute("Algorithm").unwrap_or_default() {
                ENVELOPED => Self::Enveloped(signature),
                BASE64 => Self::Base64,
                XPATH => Self::XPath(transform.id()),
                FILTER2 => Self::Filter2(transform.id()),
                _ => Self::Canonicalize(method(transform).map_err(|uri| format!("transform {uri}"))?),
            });
        }
        Ok(steps)
    }
}

impl<'a> Data<'a> {
    /// What is left of `start` after those leading `steps` that turn nodes into nodes.
    pub(crate) fn new(start: Start<'a>, steps: Vec<Step>, workspace: &Workspace<'a>) -> Result<Self, String> {
        let mut steps = steps.into_iter().peekable();
        let start = match start {
            Start::Nodes(document, mut nodes) => {
                while let Some(step) = steps.next_if(Step::keeps_nodes) {
                    nodes = step.apply(document, nodes, workspace)?;
                }
                Start::Nodes(document, nodes)
            }
            octets @ Start::Octets(_) => octets,
        };
        Ok(Self { start, steps: steps.collect() })
    }

    /// Writes the octets that all the transforms come to; nodes left at the end are canonicalised with `finish`.
    pub(crate) fn write(
        &self,
        finish: &Method,
        workspace: &Workspace<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let run = Run { finish, workspace };
        workspace.budget.metered(sink, |sink| match &self.start {
            Start::Nodes(document, nodes) => run.nodes(document, nodes.clone(), &self.steps, sink),
            Start::Octets(octets) if self.steps.is_empty() => {
                octets.write(sink);
                Ok(())
            }
            Start::Octets(octets) => run.octets(&octets.once(), &self.steps, sink),
        })
    }

    /// Detached octets that no transform changes.
    pub(crate) fn octets(&self) -> Option<&Octets<'a>> {
        match &self.start {
            Start::Octets(octets) if self.steps.is_empty() => Some(octets),
            _ => None,
        }
    }

    /// The nodes, where nothing but canonicalisation follows and every subtree left out is a ds:Signature.
    pub(crate) fn covered_nodes(&self) -> Option<(&'a Document<'a>, &Nodes)> {
        let Start::Nodes(document, nodes) = &self.start else { return None };
        let only_canonicalized = self.steps.iter().all(|step| matches!(step, Step::Canonicalize(_)));
        let is_signature =
            |id: &NodeId| document.tree().get_node(*id).is_some_and(|node| super::is(node, DS, "Signature"));
        (only_canonicalized && nodes.without.iter().all(is_signature)).then_some((*document, nodes))
    }
}

impl Step {
    fn keeps_nodes(&self) -> bool {
        matches!(self, Self::Enveloped(_) | Self::XPath(_) | Self::Filter2(_))
    }

    /// Nodes to nodes. The ds:Transform element stands in the document of the workspace.
    fn apply(
        &self,
        document: &Document<'_>,
        mut nodes: Nodes,
        workspace: &Workspace<'_>,
    ) -> Result<Nodes, String> {
        match self {
            // Defined only where the signature stands in the document that is transformed (6.6.4).
            Self::Enveloped(_) if !std::ptr::eq(document.tree(), workspace.document.tree()) => {
                return Err("enveloped-signature on another document".to_owned());
            }
            Self::Enveloped(signature) => nodes.without.push(*signature),
            Self::XPath(transform) => select::xpath(document, &mut nodes, *transform, workspace)?,
            Self::Filter2(transform) => select::filter2(document, &mut nodes, *transform, workspace)?,
            Self::Canonicalize(_) | Self::Base64 => {}
        }
        Ok(nodes)
    }
}

/// One walk through the transforms that are left.
struct Run<'r> {
    finish: &'r Method,
    workspace: &'r Workspace<'r>,
}

impl Run<'_> {
    fn nodes(
        &self,
        document: &Document<'_>,
        mut nodes: Nodes,
        steps: &[Step],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let mut rest = steps;
        while let Some((step, after)) = rest.split_first() {
            match step {
                Step::Canonicalize(method) => {
                    return self.canonicalize(document, &nodes, method, after, sink);
                }
                Step::Base64 => {
                    let decoded = decode_base64(&select::text(document, &nodes)).ok_or("no base64")?;
                    return self.octets(&decoded, after, sink);
                }
                _ => nodes = step.apply(document, nodes, self.workspace)?,
            }
            rest = after;
        }
        self.canonicalize(document, &nodes, self.finish, &[], sink)
    }

    fn canonicalize(
        &self,
        document: &Document<'_>,
        nodes: &Nodes,
        method: &Method,
        after: &[Step],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let without_comments;
        let method = if method.comments && !nodes.comments {
            without_comments = Method { comments: false, ..method.clone() };
            &without_comments
        } else {
            method
        };
        if after.is_empty() {
            c14n::canonicalize(document, &nodes.set, &nodes.without, method, sink);
            return Ok(());
        }
        let mut octets = Vec::new();
        c14n::canonicalize(document, &nodes.set, &nodes.without, method, &mut octets);
        self.octets(&octets, after, sink)
    }

    fn octets(&self, octets: &[u8], steps: &[Step], sink: &mut dyn Sink) -> Result<(), String> {
        match steps.split_first() {
            None => {
                sink.write(octets);
                Ok(())
            }
            Some((Step::Base64, after)) => {
                let text = std::str::from_utf8(octets).map_err(|_| "no base64")?;
                self.octets(&decode_base64(text).ok_or("no base64")?, after, sink)
            }
            Some(_) => {
                let document =
                    Document::parse(octets, &self.workspace.limits).map_err(|why| why.to_string())?;
                let nodes = Nodes { set: NodeSet::Document, without: Vec::new(), comments: true };
                self.nodes(&document, nodes, steps, sink)
            }
        }
    }
}
