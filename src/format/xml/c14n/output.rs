//! The sink's buffer and the escapes of Canonical XML 1.0, 2.3.

use crate::format::Sink;
use memchr::{memchr, memchr3};
use roxmltree::{Node, NodeId, StringStorage};

/// What is gathered before the sink gets it: a call of the sink for each bracket would cost more than the copy.
const BUFFER: usize = 8192;

/// Pieces from this length on go to the sink uncopied.
const DIRECT: usize = 2048;

pub(super) struct Output<'s> {
    sink: &'s mut dyn Sink,
    buffer: Vec<u8>,
}

impl<'s> Output<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, buffer: Vec::with_capacity(BUFFER) }
    }

    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > BUFFER || bytes.len() >= DIRECT {
            self.push_far(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    #[cold]
    fn push_far(&mut self, bytes: &[u8]) {
        self.flush();
        if bytes.len() >= DIRECT {
            self.sink.write(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.buffer.is_empty() {
            self.sink.write(&self.buffer);
            self.buffer.clear();
        }
    }

    /// A text node. What roxmltree borrows has no carriage return: line ends are normalised on copying only.
    #[inline]
    pub(super) fn text(&mut self, text: &StringStorage<'_>) {
        match text {
            StringStorage::Borrowed(text) => {
                self.escape(text.as_bytes(), |rest| memchr3(b'&', b'<', b'>', rest))
            }
            StringStorage::Owned(text) => self.escape(text.as_bytes(), |rest| {
                rest.iter().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'\r'))
            }),
        }
    }

    /// An attribute: blank, name, quoted value. A value that is `plain` stands in the source without a reference
    /// or a blank other than the space, so that only a quote can need an escape.
    #[inline]
    pub(super) fn attribute(&mut self, qname: &str, value: &str, plain: bool) {
        self.push(b" ");
        self.push(qname.as_bytes());
        self.push(b"=\"");
        if plain {
            self.escape(value.as_bytes(), |rest| memchr(b'"', rest));
        } else {
            self.escape(value.as_bytes(), |rest| {
                rest.iter().position(|byte| matches!(byte, b'&' | b'<' | b'"' | b'\t' | b'\n' | b'\r'))
            });
        }
        self.push(b"\"");
    }

    /// A namespace node.
    #[inline]
    pub(super) fn namespace(&mut self, prefix: &str, uri: &str) {
        if prefix.is_empty() {
            self.attribute("xmlns", uri, false);
        } else {
            self.push(b" xmlns:");
            self.push(prefix.as_bytes());
            self.push(b"=\"");
            self.escape(uri.as_bytes(), |rest| {
                rest.iter().position(|byte| matches!(byte, b'&' | b'<' | b'"' | b'\t' | b'\n' | b'\r'))
            });
            self.push(b"\"");
        }
    }

    pub(super) fn comment(&mut self, text: &str) {
        self.push(b"<!--");
        self.lines(text);
        self.push(b"-->");
    }

    pub(super) fn instruction(&mut self, pi: roxmltree::PI<'_>) {
        self.push(b"<?");
        self.push(pi.target.as_bytes());
        if let Some(value) = pi.value.filter(|value| !value.is_empty()) {
            self.push(b" ");
            self.lines(value);
        }
        self.push(b"?>");
    }

    /// Comments and processing instructions come from roxmltree with the line ends of the source (XML 1.0, 2.11).
    fn lines(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let Some((line, after)) = memchr(b'\r', rest).and_then(|end| rest.split_at_checked(end)) {
            self.push(line);
            self.push(b"\n");
            rest = after.strip_prefix(b"\r\n").or(after.get(1..)).unwrap_or_default();
        }
        self.push(rest);
    }

    #[inline]
    fn escape(&mut self, text: &[u8], find: impl Fn(&[u8]) -> Option<usize>) {
        let mut rest = text;
        while let Some(found) = find(rest) {
            let (Some(clean), Some(byte)) = (rest.get(..found), rest.get(found)) else { break };
            self.push(clean);
            self.push(match byte {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                b'"' => b"&quot;",
                b'\t' => b"&#x9;",
                b'\n' => b"&#xA;",
                _ => b"&#xD;",
            });
            rest = rest.get(found + 1..).unwrap_or_default();
        }
        self.push(rest);
    }
}

/// Canonical XML 1.0, 2.3: a comment or processing instruction outside the document element has a line of its own.
pub(super) fn beside(
    out: &mut Output<'_>,
    node: Node<'_, '_>,
    document_element: NodeId,
    write: impl FnOnce(&mut Output<'_>),
) {
    let outside = node.parent().is_some_and(|parent| parent.is_root());
    let after = node.id().get() > document_element.get();
    if outside && after {
        out.push(b"\n");
    }
    write(out);
    if outside && !after {
        out.push(b"\n");
    }
}

impl Drop for Output<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
