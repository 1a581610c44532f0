//! Writes XML that is already in exclusive canonical form, so that signing it takes no canonicalisation code.
//!
//! The caller keeps three promises: attributes come in canonical order, a namespace is declared on the element
//! that first uses it, and no other declaration is made.

/// An element around children, each on its own line.
pub fn node(tag: &str, children: &[String]) -> String {
    let name = name(tag);
    format!("<{tag}>\n{}\n</{name}>", children.join("\n"))
}

/// An element around text.
pub fn leaf(tag: &str, text: &str) -> String {
    format!("<{tag}>{}</{}>", escape(text), name(tag))
}

/// An element without content.
pub fn empty(tag: &str) -> String {
    format!("<{tag}></{}>", name(tag))
}

/// Text as canonical XML has it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

fn name(tag: &str) -> &str {
    tag.split(' ').next().unwrap()
}
