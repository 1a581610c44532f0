//! The budget every reader keeps to.

/// Limits on one document. The defaults hold every real credential and trusted list with room to spare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the whole input.
    pub bytes: usize,
    /// Nesting of elements, objects, arrays or TLVs.
    pub depth: usize,
    /// Nodes of an XML document; members and elements of a JSON one; TLVs of an ASN.1 one.
    pub nodes: usize,
    /// Attributes on one XML element.
    pub attributes: usize,
    /// Namespace declarations in scope at one XML element.
    pub namespaces: usize,
    /// Signatures in one document, counter-signatures included.
    pub signatures: usize,
    /// References in one XML signature, manifests included.
    pub references: usize,
    /// Credentials in presentations, all levels together.
    pub credentials: usize,
    /// Presentations within each other.
    pub presentations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 128 << 20,
            depth: 128,
            nodes: 4_000_000,
            attributes: 256,
            namespaces: 64,
            signatures: 64,
            references: 1024,
            credentials: 100,
            presentations: 2,
        }
    }
}
