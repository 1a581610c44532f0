//! ASiC (EN 319 162-1) and OpenDocument packages: the signatures of a container's files as facts.
//!
//! What a signature is over is found by its whole path in the container, never elsewhere.

mod manifest;

pub use manifest::{Manifest, ManifestReference};

use super::xmldsig::{Budget, Workspace};
use super::{Context, Signature, xades};
use crate::format::container::{Container, File, Form, Role};
use crate::format::{Limits, Unreadable, xml};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// A container whose files with signatures, and what belongs to them, are parsed.
#[derive(Debug)]
pub struct Opened<'c> {
    /// What it is of.
    pub container: &'c Container,
    /// XML with signatures, each with its path.
    documents: Vec<(&'c str, xml::Document<'c>)>,
    /// What evidence records are over, in order.
    pub evidence: Vec<Manifest>,
}

impl<'c> Opened<'c> {
    /// Parses them.
    ///
    /// # Errors
    /// A file that is none of what its name says, or over a limit.
    pub fn new(container: &'c Container, limits: &Limits) -> Result<Self, Unreadable> {
        let mut documents = Vec::new();
        for file in container.of_role(Role::XmlSignatures) {
            if documents.len() >= limits.signatures {
                return Err(Unreadable::OverLimit("files with signatures in a container", limits.signatures));
            }
            let document = xml::Document::parse(&file.content, limits).map_err(|why| in_file(&file.name, why))?;
            documents.push((&*file.name, document));
        }
        let mut evidence = Vec::new();
        for file in container.of_role(Role::EvidenceRecordManifest) {
            evidence.push(Manifest::read(file, limits).map_err(|why| in_file(&file.name, why))?);
        }
        Ok(Self { container, documents, evidence })
    }

    /// The signatures of all files, in the order of the files, and within one in document order.
    #[must_use]
    pub fn signatures<'a>(&'a self, context: &Context<'_>) -> Vec<Signature<'a>>
    where
        'c: 'a,
    {
        let files: Arc<[(String, Bytes)]> =
            self.container.files.iter().map(|file| (file.name.clone(), file.content.clone())).collect();
        let only_file = self.only_file().map(|file| (file.name.clone(), file.content.clone()));
        let budget = Arc::new(Budget::new(context.limits));
        let (mut signatures, mut ids) = (Vec::new(), HashSet::new());
        for (name, document) in &self.documents {
            let (files, only_file, budget) = (Arc::clone(&files), only_file.clone(), Arc::clone(&budget));
            let workspace = Workspace::in_container(document, files, only_file, budget, context.limits);
            let before = signatures.len();
            for mut signature in xades::signatures_with(&workspace, context) {
                signature.counters = signature.counters.map(|master| master.saturating_add(before));
                signature.id = unique(format!("{name}#{}", signature.id), &mut ids);
                signatures.push(signature);
            }
        }
        let facts = self.facts(&signatures);
        let most = context.limits.signatures;
        let too_many = (signatures.len() > most).then(|| format!("more than {most} signatures"));
        for signature in &mut signatures {
            signature.structure.schema_warnings.extend(facts.warnings.iter().cloned());
            signature.structure.format_failures.extend(facts.failures.iter().chain(&too_many).cloned());
        }
        signatures
    }

    fn in_root(&self) -> impl Iterator<Item = &'c File> {
        self.container.of_role(Role::Data).filter(|file| !file.name.contains('/'))
    }

    /// What the signatures of an ASiC-S are over.
    fn only_file(&self) -> Option<&'c File> {
        let mut in_root = self.in_root().filter(|_| self.container.form == Form::Simple);
        in_root.next().filter(|_| in_root.next().is_none())
    }

    /// What holds of the container itself.
    fn facts(&self, signatures: &[Signature<'_>]) -> Facts {
        let mut facts = Facts { warnings: self.container.warnings.clone(), failures: Vec::new() };
        let data = || self.container.of_role(Role::Data);
        let in_root = self.in_root().count();
        if self.container.form == Form::Simple && in_root != 1 {
            facts.failures.push(format!("{in_root} files in the root of an ASiC-S (EN 319 162-1, 4.3.3.2)"));
        }
        let covered: HashSet<&str> =
            signatures.iter().flat_map(|signature| &signature.files).map(String::as_str).collect();
        let uncovered = data().filter(|file| !covered.contains(&*file.name));
        facts.warnings.extend(uncovered.map(|file| format!("no signature covers {:?} as it is", file.name)));
        facts
    }
}

struct Facts {
    warnings: Vec<String>,
    failures: Vec<String>,
}

/// The identifier, made one that no signature before has.
fn unique(mut id: String, taken: &mut HashSet<String>) -> String {
    while !taken.insert(id.clone()) {
        id.push('\'');
    }
    id
}

#[cold]
fn in_file(name: &str, why: Unreadable) -> Unreadable {
    match why {
        Unreadable::Malformed(format, why) => Unreadable::Malformed(format, format!("{name:?}: {why}")),
        other => other,
    }
}
