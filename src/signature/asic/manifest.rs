//! ASiCManifest files (EN 319 162-1, A.4): what a signature, a time-stamp or an evidence record is over.

use crate::format::container::File;
use crate::format::{Limits, Unreadable, base64, xml};
use crate::signature::Declared;
use crate::signature::algorithm::DigestAlgorithm;
use crate::signature::xmldsig::percent_decoded;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// References in one manifest.
const REFERENCES: usize = 1024;

/// A manifest: a file's name, and what it lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// Its path.
    pub name: String,
    /// The path of what is over it.
    pub by: String,
    /// What it lists, in order.
    pub references: Vec<ManifestReference>,
}

/// One file that a manifest lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestReference {
    /// Its path.
    pub name: String,
    /// The digest algorithm.
    pub digest_algorithm: Declared<DigestAlgorithm>,
    /// The digest; empty where it is no base64.
    pub digest: Vec<u8>,
}

impl Manifest {
    /// Reads one. Namespaces differ between versions of the standard: local names decide.
    ///
    /// # Errors
    /// No XML, over two files or none, or over a limit.
    pub fn read(file: &File<'_>, limits: &Limits) -> Result<Self, Unreadable> {
        let document = xml::Document::parse(&file.content, limits)?;
        let of =
            |node: roxmltree::Node<'_, '_>| node.attribute("URI").map(percent_decoded).unwrap_or_default();
        let mut manifest = Self { name: file.name.clone(), by: String::new(), references: Vec::new() };
        for node in document.root_element().children().filter(roxmltree::Node::is_element) {
            match node.tag_name().name() {
                "SigReference" if manifest.by.is_empty() => manifest.by = of(node),
                "SigReference" => return Err(malformed("two SigReference")),
                "DataObjectReference" if manifest.references.len() >= REFERENCES => {
                    return Err(Unreadable::OverLimit("references in a manifest", REFERENCES));
                }
                "DataObjectReference" => {
                    let child = |name| node.children().find(|child| child.has_tag_name((DS, name)));
                    let method = child("DigestMethod").and_then(|node| node.attribute("Algorithm"));
                    let method = method.unwrap_or_default();
                    let digest = child("DigestValue").and_then(|node| base64::spaced(&xml::text(node)));
                    manifest.references.push(ManifestReference {
                        name: of(node),
                        digest_algorithm: DigestAlgorithm::from_uri(method)
                            .map_or_else(|| Declared::Unknown(method.to_owned()), Declared::Known),
                        digest: digest.unwrap_or_default(),
                    });
                }
                _ => {}
            }
        }
        if manifest.by.is_empty() { Err(malformed("no SigReference")) } else { Ok(manifest) }
    }

    /// Whether it lists a file of this path.
    #[must_use]
    pub fn lists(&self, name: &str) -> bool {
        self.references.iter().any(|listed| listed.name == name)
    }
}

#[cold]
fn malformed(why: &str) -> Unreadable {
    Unreadable::Malformed("ASiCManifest", why.to_owned())
}
