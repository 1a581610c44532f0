//! Writing well-formed XML.

use std::fmt::Write as _;

/// A document in the making: elements close by themselves.
#[derive(Debug, Default)]
pub(super) struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    /// From the XML declaration on.
    pub(super) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: 0 }
    }

    /// An element with attributes and what `content` writes into it.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
        self.depth = self.depth.saturating_add(1);
        content(self);
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        let _ = writeln!(self.text, "</{name}>");
    }

    /// An element without attributes.
    pub(super) fn within(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.element(name, &[], content);
    }

    /// An element with text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.begin(name, &[]);
        self.text.push('>');
        escape(text, &mut self.text);
        let _ = writeln!(self.text, "</{name}>");
    }

    /// An element with attributes alone.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// A part in the making, for [`Self::append`] into an element here.
    pub(super) fn part(&self) -> Self {
        Self { text: String::new(), depth: self.depth.saturating_add(1) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn append(&mut self, part: Self) {
        self.text.push_str(&part.text);
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            escape(value, &mut self.text);
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// Characters as XML has them; those that no XML 1.0 document may contain (2.2) become U+FFFD.
fn escape(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            // Else a reader of attributes or of lines takes them for blanks.
            '\t' | '\n' | '\r' => {
                let _ = write!(into, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => into.push(char::REPLACEMENT_CHARACTER),
            c => into.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn any_text_comes_back_as_it_was_where_xml_can_say_it() {
        let text = "a<b>&\"'\r\n\t]]>\u{1F600}\u{85}\u{feff}";
        let mut xml = Xml::new();
        xml.element("r", &[("a", text)], |xml| xml.leaf("t", text));
        let xml = xml.finish();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("a"), Some(text));
        assert_eq!(root.first_element_child().unwrap().text(), Some(text));
        let mut xml = Xml::new();
        xml.leaf("t", "\0\u{1b}\u{fffe}x");
        assert!(xml.finish().ends_with("<t>\u{fffd}\u{fffd}\u{fffd}x</t>\n"));
    }
}
