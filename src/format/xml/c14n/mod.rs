//! Canonical XML 1.0, 1.1 and exclusive, written straight into a sink.
//!
//! Two writers: a fast one for whole subtrees, which is what nearly every signature takes, and a general one for
//! arbitrary node-sets.

mod attributes;
mod nodes;
mod output;
mod scope;
pub(super) mod selection;
mod subtree;

pub use selection::Selection;

use super::{Document, NodeId};
use crate::format::Sink;

/// A canonicalisation method.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Method {
    /// Which algorithm.
    pub kind: Kind,
    /// Whether comments stay.
    pub comments: bool,
    /// Exclusive C14N: prefixes of the InclusiveNamespaces PrefixList (`#default` as the empty string).
    pub inclusive_prefixes: Vec<String>,
}

/// The canonicalisation algorithms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
}

impl Method {
    /// From an algorithm URI, without inclusive prefixes; `None` for any other URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        let (kind, comments) = match uri {
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" => (Kind::Inclusive10, false),
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => (Kind::Inclusive10, true),
            "http://www.w3.org/2006/12/xml-c14n11" => (Kind::Inclusive11, false),
            "http://www.w3.org/2006/12/xml-c14n11#WithComments" => (Kind::Inclusive11, true),
            "http://www.w3.org/2001/10/xml-exc-c14n#" => (Kind::Exclusive, false),
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => (Kind::Exclusive, true),
            _ => return None,
        };
        Some(Self { kind, comments, inclusive_prefixes: Vec::new() })
    }

    /// The same with the prefixes of an InclusiveNamespaces PrefixList, as the attribute has it
    /// (Exclusive XML Canonicalization 1.0, 4). Without meaning for the other algorithms.
    #[must_use]
    pub fn with_prefix_list(mut self, list: &str) -> Self {
        let prefixes =
            list.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix });
        self.inclusive_prefixes.extend(prefixes.map(String::from));
        self
    }
}

/// The nodes to write: a subtree less some subtrees, or an arbitrary node-set (XPath transforms).
#[derive(Clone, Debug)]
pub enum NodeSet {
    /// All of the document (comments included or not as the method says).
    Document,
    /// An apex element with all below it.
    Subtree(NodeId),
    /// A node-set in which membership is decided node by node, as [`xpath`](super::xpath) makes it.
    Nodes(std::sync::Arc<Selection>),
}

/// Writes the canonical form of `nodes`, leaving out the subtrees in `without` (enveloped signature, XPath
/// filter 2.0 subtract), into `sink`. Where a node of `without` has the apex below it, nothing is written.
pub fn canonicalize(
    document: &Document<'_>,
    nodes: &NodeSet,
    without: &[NodeId],
    method: &Method,
    sink: &mut dyn Sink,
) {
    match nodes {
        NodeSet::Document => subtree::write(document, document.tree().root().id(), without, method, sink),
        NodeSet::Subtree(apex) => subtree::write(document, *apex, without, method, sink),
        NodeSet::Nodes(selection) => nodes::write(document, selection, without, method, sink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;

    const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    const INCLUSIVE11: &str = "http://www.w3.org/2006/12/xml-c14n11";
    const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

    fn written(text: &str, nodes: impl Fn(&Document<'_>) -> NodeSet, method: &Method) -> String {
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let nodes = nodes(&document);
        let mut bytes = Vec::new();
        canonicalize(&document, &nodes, &[], method, &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        // The same nodes one by one come to the same.
        let selection = NodeSet::Nodes(Selection::of(&document, &nodes, &[]).into());
        let mut general = Vec::new();
        canonicalize(&document, &selection, &[], method, &mut general);
        assert_eq!(String::from_utf8(general).unwrap(), text);
        text
    }

    fn whole(text: &str, uri: &str) -> String {
        written(text, |_| NodeSet::Document, &Method::from_uri(uri).unwrap())
    }

    /// The subtree of the first element with this local name.
    fn subtree(text: &str, name: &str, uri: &str, list: &str) -> String {
        let apex = |document: &Document<'_>| {
            let found = document.tree().descendants().find(|node| node.tag_name().name() == name);
            NodeSet::Subtree(found.unwrap().id())
        };
        written(text, apex, &Method::from_uri(uri).unwrap().with_prefix_list(list))
    }

    // Canonical XML 1.0, 3.1: processing instructions, comments and what is outside the document element.
    #[test]
    fn beside_the_document_element_each_has_its_line() {
        let text = "<?xml version=\"1.0\"?>\n\n<?style   href=\"s\"\n  type=\"t\"   ?>\n\n<doc>x<!-- one --></doc>\n\n\
            <?without?>\n<!-- two -->\n\n<!-- three -->";
        let plain = "<?style href=\"s\"\n  type=\"t\"   ?>\n<doc>x</doc>\n<?without?>";
        assert_eq!(whole(text, INCLUSIVE), plain);
        let comments = "<?style href=\"s\"\n  type=\"t\"   ?>\n<doc>x<!-- one --></doc>\n<?without?>\n<!-- two -->\n\
            <!-- three -->";
        assert_eq!(whole(text, &format!("{INCLUSIVE}#WithComments")), comments);
        assert_eq!(whole(text, &format!("{EXCLUSIVE}WithComments")), comments);
        assert_eq!(whole("<!--c--><a/>", &format!("{INCLUSIVE11}#WithComments")), "<!--c-->\n<a></a>");
    }

    // Canonical XML 1.0, 3.3: start and end tags, order of namespaces and attributes, superfluous declarations.
    #[test]
    fn tags_take_their_canonical_form() {
        let text = "<doc><e1 /><e2 ></e2><e3 name=\"e3\"\n   id = 'i' /><e5 a:attr=\"out\" b:attr=\"sorted\" \
            attr2=\"all\" attr=\"I am\" xmlns:b=\"urn:b\" xmlns:a=\"urn:z\" xmlns=\"urn:e\"/><e6 xmlns=\"\" \
            xmlns:a=\"urn:c\"><e7 xmlns=\"urn:e\"><e8 xmlns=\"\" xmlns:a=\"urn:c\"><e9 xmlns=\"\" \
            xmlns:a=\"urn:n\"/></e8></e7></e6></doc>";
        let expected = "<doc><e1></e1><e2></e2><e3 id=\"i\" name=\"e3\"></e3><e5 xmlns=\"urn:e\" xmlns:a=\"urn:z\" \
            xmlns:b=\"urn:b\" attr=\"I am\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\
            <e6 xmlns:a=\"urn:c\"><e7 xmlns=\"urn:e\"><e8 xmlns=\"\"><e9 xmlns:a=\"urn:n\"></e9></e8></e7></e6></doc>";
        assert_eq!(whole(text, INCLUSIVE), expected);
        assert_eq!(whole(text, INCLUSIVE11), expected);
        let exclusive = "<doc><e1></e1><e2></e2><e3 id=\"i\" name=\"e3\"></e3><e5 xmlns=\"urn:e\" xmlns:a=\"urn:z\" \
            xmlns:b=\"urn:b\" attr=\"I am\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\
            <e6><e7 xmlns=\"urn:e\"><e8 xmlns=\"\"><e9></e9></e8></e7></e6></doc>";
        assert_eq!(whole(text, EXCLUSIVE), exclusive);
    }

    // Canonical XML 1.0, 3.4: characters and references.
    #[test]
    fn characters_take_their_canonical_form() {
        for (text, expected) in [
            ("<a>one&#x0d;&#xa;two\r\nthree\rfour</a>", "<a>one&#xD;\ntwo\nthree\nfour</a>"),
            ("<a><![CDATA[v>\"0\" && v<\"9\"\r\n]]></a>", "<a>v&gt;\"0\" &amp;&amp; v&lt;\"9\"\n</a>"),
            (
                "<a e='v>\"0\" &amp;&amp; v&lt;\"9\" &apos;'/>",
                "<a e=\"v>&quot;0&quot; &amp;&amp; v&lt;&quot;9&quot; '\"></a>",
            ),
            ("<a n=' x\ty\r\nz\rq &#32;&#x9;&#13;&#xa; '/>", "<a n=\" x y z q  &#x9;&#xD;&#xA; \"></a>"),
            ("<a>&#169;\u{1f600}</a>", "<a>©\u{1f600}</a>"),
            ("<a>1<?p  x\r\ny\r?>2</a>", "<a>1<?p x\ny\n?>2</a>"),
        ] {
            assert_eq!(whole(text, INCLUSIVE), expected);
            assert_eq!(whole(text, EXCLUSIVE), expected);
        }
        let comment = whole("<a><!-- x\r\ny\r\r\n --></a>", &format!("{EXCLUSIVE}WithComments"));
        assert_eq!(comment, "<a><!-- x\ny\n\n --></a>");
    }

    // Exclusive XML Canonicalization 1.0, 2.2: a subtree in two envelopes.
    #[test]
    fn a_subtree_takes_what_it_needs_of_its_envelope() {
        let text = "<n0:pdu xmlns:n0='urn:a' xmlns:n1='urn:b' xmlns:n2='urn:c' xml:lang='fr' xml:space='retain'>\
            <n1:elem2 xmlns:n3='urn:d' n2:x='1' y='2'><n3:stuff/></n1:elem2></n0:pdu>";
        assert_eq!(
            subtree(text, "elem2", INCLUSIVE, ""),
            "<n1:elem2 xmlns:n0=\"urn:a\" xmlns:n1=\"urn:b\" xmlns:n2=\"urn:c\" xmlns:n3=\"urn:d\" y=\"2\" \
            xml:lang=\"fr\" xml:space=\"retain\" n2:x=\"1\"><n3:stuff></n3:stuff></n1:elem2>"
        );
        assert_eq!(
            subtree(text, "elem2", EXCLUSIVE, ""),
            "<n1:elem2 xmlns:n1=\"urn:b\" xmlns:n2=\"urn:c\" y=\"2\" n2:x=\"1\">\
            <n3:stuff xmlns:n3=\"urn:d\"></n3:stuff></n1:elem2>"
        );
        assert_eq!(
            subtree(text, "elem2", EXCLUSIVE, "n0 n3 #default n9"),
            "<n1:elem2 xmlns:n0=\"urn:a\" xmlns:n1=\"urn:b\" xmlns:n2=\"urn:c\" xmlns:n3=\"urn:d\" y=\"2\" n2:x=\"1\">\
            <n3:stuff></n3:stuff></n1:elem2>"
        );
    }

    #[test]
    fn a_default_namespace_is_taken_away_again() {
        let text = "<a xmlns='urn:a'><p:b xmlns:p='urn:p' xmlns=''><c/><p:d/></p:b></a>";
        assert_eq!(
            whole(text, EXCLUSIVE),
            "<a xmlns=\"urn:a\"><p:b xmlns:p=\"urn:p\"><c xmlns=\"\"></c><p:d></p:d></p:b></a>"
        );
        let listed = written(
            text,
            |_| NodeSet::Document,
            &Method::from_uri(EXCLUSIVE).unwrap().with_prefix_list("#default"),
        );
        assert_eq!(
            listed,
            "<a xmlns=\"urn:a\"><p:b xmlns=\"\" xmlns:p=\"urn:p\"><c></c><p:d></p:d></p:b></a>"
        );
    }

    // Canonical XML 1.1, 2.4: xml:id is not inherited, xml:base is joined, the rest as in 1.0.
    #[test]
    fn what_is_inherited_differs_from_1_0_to_1_1() {
        let text = "<a xml:id='i' xml:lang='en' xml:base='http://example.org/one/two' xml:other='o'>\
            <b xml:base='../three/' xml:lang='de'><c xml:base='four' xml:space='default'/><d/></b></a>";
        assert_eq!(
            subtree(text, "c", INCLUSIVE, ""),
            "<c xml:base=\"four\" xml:id=\"i\" xml:lang=\"de\" xml:other=\"o\" xml:space=\"default\"></c>"
        );
        assert_eq!(
            subtree(text, "c", INCLUSIVE11, ""),
            "<c xml:base=\"http://example.org/three/four\" xml:lang=\"de\" xml:space=\"default\"></c>"
        );
        assert_eq!(
            subtree(text, "d", INCLUSIVE11, ""),
            "<d xml:base=\"http://example.org/three/\" xml:lang=\"de\"></d>"
        );
        assert_eq!(subtree(text, "c", EXCLUSIVE, ""), "<c xml:base=\"four\" xml:space=\"default\"></c>");
    }

    #[test]
    fn excluded_subtrees_are_left_out_of_any_form() {
        let text = "<a>1<b>2<c/></b><!--3--><b/><c>4<b/></c></a>";
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let named = |name: &str| -> Vec<NodeId> {
            let found = document.tree().descendants().filter(|node| node.tag_name().name() == name);
            found.map(|node| node.id()).collect()
        };
        let method = Method::from_uri(INCLUSIVE).unwrap();
        let write = |nodes: &NodeSet, without: &[NodeId]| {
            let mut bytes = Vec::new();
            canonicalize(&document, nodes, without, &method, &mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let all = NodeSet::Nodes(Selection::of(&document, &NodeSet::Document, &[]).into());
        for nodes in [NodeSet::Document, all] {
            assert_eq!(write(&nodes, &named("b")), "<a>1<c>4</c></a>");
            // Given out of order, twice and nested.
            let mut without = named("c");
            without.extend(named("b"));
            without.extend(named("b"));
            assert_eq!(write(&nodes, &without), "<a>1</a>");
            assert_eq!(write(&nodes, &[document.tree().root().id()]), "");
        }
        let apex = NodeSet::Subtree(named("c")[0]);
        assert_eq!(write(&apex, &[]), "<c></c>");
        assert_eq!(write(&apex, &named("b")), "");
        assert_eq!(write(&NodeSet::Subtree(NodeId::from(1000u32)), &[]), "");
        assert_eq!(write(&NodeSet::Nodes(Selection::default().into()), &[]), "");
    }

    #[test]
    fn long_pieces_and_many_small_ones_come_in_order() {
        struct Pieces(Vec<Vec<u8>>);
        impl Sink for Pieces {
            fn write(&mut self, bytes: &[u8]) {
                self.0.push(bytes.to_vec());
            }
        }
        let text = format!("<a>{}{}<b/>{}</a>", "<c/>".repeat(3000), "x".repeat(5000), "y".repeat(9000));
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let mut pieces = Pieces(Vec::new());
        canonicalize(&document, &NodeSet::Document, &[], &Method::from_uri(EXCLUSIVE).unwrap(), &mut pieces);
        let expected = text.replace("<c/>", "<c></c>").replace("<b/>", "<b></b>");
        assert_eq!(String::from_utf8(pieces.0.concat()).unwrap(), expected);
        assert!(pieces.0.len() < 10);
    }

    #[test]
    fn only_the_six_algorithms_are_known() {
        assert_eq!(Method::from_uri("http://www.w3.org/2010/xml-c14n2"), None);
        let known = Method::from_uri("http://www.w3.org/2006/12/xml-c14n11#WithComments").unwrap();
        assert_eq!((known.kind, known.comments), (Kind::Inclusive11, true));
    }
}
