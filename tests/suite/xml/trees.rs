//! Random documents, rich in what canonicalisation changes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A node to write down.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Element { prefix: &'static str, local: &'static str, attributes: Vec<String>, children: Vec<Tree> },
    Other(&'static str),
}

impl Tree {
    fn write(&self, text: &mut String) {
        match self {
            Self::Other(other) => text.push_str(other),
            Self::Element { prefix, local, attributes, children } => {
                let colon = if prefix.is_empty() { "" } else { ":" };
                let name = format!("{prefix}{colon}{local}");
                text.push_str(&format!("<{name}"));
                attributes.iter().for_each(|attribute| text.push_str(&format!(" {attribute}")));
                text.push('>');
                children.iter().for_each(|child| child.write(text));
                text.push_str(&format!("</{name}>"));
            }
        }
    }
}

/// Documents as text: an element `r` that declares the prefixes a, b and c, random trees in it, and random nodes
/// around it.
pub(crate) fn document() -> impl Strategy<Value = String> {
    let around = || vec(prop::sample::select(&["<!-- c -->", "<?p q?>", "\n", "<?r?>"][..]), 0..3);
    (around(), attributes(), vec(tree(), 0..6), around()).prop_map(|(before, attributes, children, after)| {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        text.extend(before);
        let mut own: Vec<String> = ["a", "b", "c"].iter().map(|p| format!("xmlns:{p}='urn:{p}'")).collect();
        own.extend(attributes.into_iter().filter(|attribute| !attribute.starts_with("xmlns:")));
        Tree::Element { prefix: "", local: "r", attributes: own, children }.write(&mut text);
        text.extend(after);
        text
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let other = prop::sample::select(
        &[
            "text",
            " ",
            "\n  ",
            "\r\n",
            "a\rb",
            "&amp;&lt;&gt;&quot;&apos;",
            "&#13;&#10;&#9;",
            "é\u{1f600}",
            "\"'>",
            "<![CDATA[<&>\r\n]]>",
            "<!-- comment\r\n & -->",
            "<?pi  a \r\n b?>",
            "<?pi?>",
            "x<![CDATA[]]>y",
        ][..],
    )
    .prop_map(Tree::Other);
    other.prop_recursive(5, 48, 6, |inner| {
        let prefix = prop::sample::select(&["", "", "a", "b", "c"][..]);
        let local = prop::sample::select(&["e", "f", "g"][..]);
        (prefix, local, attributes(), vec(inner, 0..6)).prop_map(|(prefix, local, attributes, children)| {
            Tree::Element { prefix, local, attributes, children }
        })
    })
}

/// Attributes of one element, each local name and each declared prefix once.
fn attributes() -> impl Strategy<Value = Vec<String>> {
    let uri = || prop::sample::select(&["urn:a", "urn:b", "urn:x&amp;y", "urn:z"][..]);
    let value = || prop::sample::select(&["", "1", "a  b", "&quot;&amp;&lt;>'", "&#9;&#10;&#13;", "é"][..]);
    let declared = (
        option::weighted(0.2, prop::sample::select(&["", "urn:a", "urn:d"][..])),
        option::weighted(0.15, uri()),
        option::weighted(0.15, uri()),
        option::weighted(0.1, uri()),
    );
    let plain =
        vec(option::weighted(0.2, (prop::sample::select(&["", "a:", "b:", "c:"][..]), value())), 4..=4);
    let inherited = (
        option::weighted(0.2, prop::sample::select(&["en", "de"][..])),
        option::weighted(0.1, prop::sample::select(&["preserve", "default"][..])),
        option::weighted(0.1, prop::sample::select(&["x", "y/", "http://h/p/q", "/r"][..])),
    );
    (declared, plain, inherited).prop_map(|((default, a, b, c), plain, (lang, space, base))| {
        let mut all = Vec::new();
        all.extend(plain.iter().zip(["z", "y", "x", "w"]).filter_map(|(value, local)| {
            value.map(|(prefix, value)| format!("{prefix}{local}=\"{value}\""))
        }));
        all.extend(default.map(|uri| format!("xmlns='{uri}'")));
        for (prefix, uri) in [("c", c), ("a", a), ("b", b)] {
            all.extend(uri.map(|uri| format!("xmlns:{prefix}='{uri}'")));
        }
        for (local, value) in [("lang", lang), ("space", space), ("base", base)] {
            all.extend(value.map(|value| format!("xml:{local} = '{value}'")));
        }
        all
    })
}
