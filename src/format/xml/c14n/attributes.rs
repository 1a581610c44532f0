//! The attribute axis: document order to canonical order, and what an element inherits from omitted ancestors.

use super::Kind;
use super::output::Output;
use crate::format::xml::attribute_qname;
use roxmltree::{Attribute, NS_XML_URI, Node, StringStorage};
use std::borrow::Cow;

/// The attributes of one element that are to be written, reused from element to element.
pub(super) struct Attributes<'t> {
    items: Vec<Item<'t>>,
}

struct Item<'t> {
    uri: &'t str,
    local: &'t str,
    qname: &'t str,
    value: Cow<'t, str>,
    plain: bool,
}

impl<'t> Attributes<'t> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// Adds an attribute that stands in the document.
    pub(super) fn add<'i: 't>(&mut self, text: &'i str, attribute: Attribute<'t, 'i>) {
        self.items.push(Item {
            uri: attribute.namespace().unwrap_or_default(),
            local: attribute.name(),
            qname: attribute_qname(text, &attribute).whole,
            value: Cow::Borrowed(attribute.value()),
            plain: matches!(attribute.value_storage(), StringStorage::Borrowed(_)),
        });
    }

    /// Adds what `element` inherits in the `xml` namespace, its parent being omitted: Canonical XML 1.0, 2.4: the
    /// nearest of each from all ancestors; 1.1, 2.4: `xml:lang` and `xml:space` from the omitted ancestors next to
    /// it, and `xml:base` joined from them. Exclusive: nothing.
    pub(super) fn inherit<'i: 't>(
        &mut self,
        element: Node<'t, 'i>,
        kind: Kind,
        omitted: impl Fn(Node<'t, 'i>) -> bool,
    ) {
        let text = element.document().input_text();
        let ancestors = element.ancestors().skip(1).filter(Node::is_element);
        match kind {
            Kind::Exclusive => {}
            Kind::Inclusive10 => {
                let mut nearest: Vec<_> =
                    ancestors.flat_map(|ancestor| ancestor.attributes()).filter(is_xml).collect();
                // The sort is stable, so that of each name the nearest comes first.
                nearest.sort_by_key(Attribute::name);
                nearest.dedup_by_key(|attribute| attribute.name());
                let mut own: Vec<&str> =
                    element.attributes().filter(is_xml).map(|attribute| attribute.name()).collect();
                own.sort_unstable();
                for attribute in nearest {
                    if own.binary_search(&attribute.name()).is_err() {
                        self.add(text, attribute);
                    }
                }
            }
            Kind::Inclusive11 => {
                let mut bases = Vec::new();
                for ancestor in ancestors.take_while(|ancestor| omitted(*ancestor)) {
                    for attribute in ancestor.attributes().filter(is_xml) {
                        match attribute.name() {
                            "lang" | "space" => self.add_missing(text, element, attribute),
                            "base" => bases.push(attribute.value()),
                            _ => {}
                        }
                    }
                }
                self.rebase(element, &bases);
            }
        }
    }

    fn add_missing<'i: 't>(&mut self, text: &'i str, element: Node<'t, 'i>, attribute: Attribute<'t, 'i>) {
        let local = attribute.name();
        let present = self.items.iter().any(|item| item.uri == NS_XML_URI && item.local == local);
        if !present && element.attribute((NS_XML_URI, local)).is_none() {
            self.add(text, attribute);
        }
    }

    /// Canonical XML 1.1, 2.4, xml:base fixup; `omitted` are the values of omitted ancestors, the nearest first.
    fn rebase<'i>(&mut self, element: Node<'t, 'i>, omitted: &[&'t str]) {
        if omitted.is_empty() {
            return;
        }
        let own = element.attribute((NS_XML_URI, "base"));
        let mut values = own.into_iter().chain(omitted.iter().copied());
        let Some(nearest) = values.next() else { return };
        let base = values.fold(Cow::Borrowed(nearest), |relative, base| Cow::Owned(join(base, &relative)));
        self.items.retain(|item| item.uri != NS_XML_URI || item.local != "base");
        if !base.is_empty() {
            self.items.push(Item {
                uri: NS_XML_URI,
                local: "base",
                qname: "xml:base",
                value: base,
                plain: false,
            });
        }
    }

    /// Writes all in canonical order (namespace URI, then local name) and forgets them.
    pub(super) fn write(&mut self, out: &mut Output<'_>) {
        if self.items.len() > 1 {
            self.items.sort_unstable_by(|a, b| (a.uri, a.local).cmp(&(b.uri, b.local)));
        }
        for item in self.items.drain(..) {
            out.attribute(item.qname, &item.value, item.plain);
        }
    }
}

fn is_xml(attribute: &Attribute<'_, '_>) -> bool {
    attribute.namespace() == Some(NS_XML_URI)
}

/// The parts of a URI reference without its fragment (RFC 3986, appendix B).
struct Reference<'u> {
    scheme: Option<&'u str>,
    authority: Option<&'u str>,
    path: &'u str,
    query: Option<&'u str>,
}

impl<'u> Reference<'u> {
    fn of(uri: &'u str) -> Self {
        let uri = uri.split_once('#').map_or(uri, |(before, _)| before);
        let (uri, query) = uri.split_once('?').map_or((uri, None), |(before, query)| (before, Some(query)));
        let (scheme, rest) = match uri.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !scheme.contains('/') => (Some(scheme), rest),
            _ => (None, uri),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) =
                    rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or_default();
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query }
    }
}

/// Joins two values of `xml:base`, of which both may be relative (Canonical XML 1.1, 2.4, join-URI-References).
fn join(base: &str, relative: &str) -> String {
    let directory = if base.ends_with("..") { format!("{base}/") } else { base.to_owned() };
    let base = Reference::of(&directory);
    let mut relative = Reference::of(relative);
    if relative.scheme == base.scheme {
        relative.scheme = None;
    }
    let (scheme, authority, path, query) = if relative.scheme.is_some() {
        (relative.scheme, relative.authority, without_dots(relative.path), relative.query)
    } else if relative.authority.is_some() {
        (base.scheme, relative.authority, without_dots(relative.path), relative.query)
    } else if relative.path.is_empty() {
        (base.scheme, base.authority, base.path.to_owned(), relative.query.or(base.query))
    } else if relative.path.starts_with('/') {
        (base.scheme, base.authority, without_dots(relative.path), relative.query)
    } else {
        let folder = match base.path.rfind('/') {
            Some(slash) => base.path.get(..=slash).unwrap_or_default(),
            None if base.authority.is_some() && base.path.is_empty() => "/",
            None => "",
        };
        (base.scheme, base.authority, without_dots(&format!("{folder}{}", relative.path)), relative.query)
    };
    let mut joined = String::new();
    if let Some(scheme) = scheme {
        joined.extend([scheme, ":"]);
    }
    if let Some(authority) = authority {
        joined.extend(["//", authority]);
    }
    joined.push_str(&path);
    if let Some(query) = query {
        joined.extend(["?", query]);
    }
    joined
}

/// RFC 3986, 5.2.4, as Canonical XML 1.1 bends it: leading `..` stay in a relative path, slashes are not repeated,
/// a path that ends in `..` ends in a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    let mut folder = false;
    for segment in path.split('/') {
        folder = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if absolute => {}
            _ => kept.push(segment),
        }
    }
    let mut clean = String::from(if absolute { "/" } else { "" });
    clean.push_str(&kept.join("/"));
    if folder && !kept.is_empty() {
        clean.push('/');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_go_as_canonical_xml_1_1_says() {
        for (path, expected) in [
            ("no/../yes", "yes"),
            ("no/../yes/", "yes/"),
            ("no/../yes/no/..", "yes/"),
            ("../../no/../..", "../../../"),
            ("no/../..", "../"),
            ("no/..", ""),
            ("no/../", ""),
            ("/a/b/c/./../../g", "/a/g"),
            ("mid/content=5/../6", "mid/6"),
            ("/../..", "/"),
            ("../.", "../"),
            ("./", ""),
            ("", ""),
            ("/", "/"),
            ("a//b///c", "a/b/c"),
        ] {
            assert_eq!(without_dots(path), expected, "{path}");
        }
    }

    #[test]
    fn bases_join() {
        for (base, relative, expected) in [
            ("http://example.org/a/b", "c/d", "http://example.org/a/c/d"),
            ("http://example.org", "c", "http://example.org/c"),
            ("http://example.org/a/", "http:c", "http://example.org/a/c"),
            ("http://example.org/a/", "urn:x", "urn:x"),
            ("http://example.org/a/", "//other/b?q", "http://other/b?q"),
            ("a/b?q", "", "a/b?q"),
            ("a/b?q", "?r#f", "a/b?r"),
            ("a/..", "c", "c"),
            ("..", "c", "../c"),
            ("abc/", "../", ""),
            ("foo/bar", "../x", "x"),
            ("foo/bar", "/x", "/x"),
        ] {
            assert_eq!(join(base, relative), expected, "{base} + {relative}");
        }
    }
}
