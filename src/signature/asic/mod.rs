//! ASiC (EN 319 162-1) and OpenDocument packages: the signatures of a container's files as facts.
//!
//! What a signature is over is found by its whole path in the container, never elsewhere.

mod archive;
mod digests;
mod manifest;

pub use manifest::{Manifest, ManifestReference};

use super::algorithm::Crypto;
use super::cades::{self, Content};
use super::xmldsig::{Budget, Workspace, percent_decoded};
use super::{Context, Reference, ReferenceKind, ReferenceOutcome, Signature, Standalone, xades};
use crate::catalogue::{Words, say};
use crate::format::cms::{SignedData, Trailing};
use crate::format::container::{Container, File, Form, Role};
use crate::format::zip::Octets;
use crate::format::{Limits, Unreadable, xml};
use digests::Digests;
use std::collections::HashSet;
use std::sync::Arc;

/// Manifests of one container.
const MOST_MANIFESTS: usize = 256;

/// Characters of an identifier that is taken over from a signature's file.
const LONGEST_ID: usize = 160;

/// Names of files that no signature covers that are told.
const UNCOVERED_TOLD: usize = 8;

/// A container whose files with signatures, and what belongs to them, are parsed.
#[derive(Debug)]
pub struct Opened<'c> {
    /// What it is of.
    pub container: &'c Container<'c>,
    /// Files with signatures, each with its path.
    documents: Vec<(&'c str, Signed<'c>)>,
    /// What CMS signatures and time-stamps are over, archive manifests included, in order.
    manifests: Vec<Manifest>,
    /// What evidence records are over, in order.
    pub evidence: Vec<Manifest>,
    digests: Digests<'c>,
}

impl<'c> Opened<'c> {
    /// Parses them.
    ///
    /// # Errors
    /// A file that is none of what its name says, or over a limit.
    pub fn new(container: &'c Container<'c>, limits: &Limits) -> Result<Self, Unreadable> {
        let mut opened = Self {
            container,
            documents: Vec::new(),
            manifests: Vec::new(),
            evidence: Vec::new(),
            digests: Digests::new(container),
        };
        for file in &container.files {
            opened.open(file, limits).map_err(|why| in_file(&file.name, why))?;
        }
        Ok(opened)
    }

    fn open(&mut self, file: &'c File<'c>, limits: &Limits) -> Result<(), Unreadable> {
        let document = match file.role {
            Role::XmlSignatures => Signed::Xml(xml::Document::parse(&file.content, limits)?),
            Role::CmsSignature => {
                Signed::Cms(Box::new(SignedData::parse(&file.content, Trailing::ZeroPadding, limits)?))
            }
            Role::Manifest | Role::ArchiveManifest | Role::EvidenceRecordManifest => {
                let of_evidence = file.role == Role::EvidenceRecordManifest;
                let all = if of_evidence { &mut self.evidence } else { &mut self.manifests };
                match Manifest::read(file, limits) {
                    Ok(_) if all.len() >= MOST_MANIFESTS => {
                        return Err(Unreadable::OverLimit("manifests of a container", MOST_MANIFESTS));
                    }
                    Ok(manifest) => all.push(manifest),
                    // It lists nothing, and what it would be over has no manifest then.
                    Err(Unreadable::Malformed(..)) => {}
                    Err(why) => return Err(why),
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        if self.documents.len() >= limits.signatures {
            return Err(Unreadable::OverLimit("files with signatures in a container", limits.signatures));
        }
        self.documents.push((&file.name, document));
        Ok(())
    }

    /// Whether the file that a manifest lists is there, and as listed.
    #[must_use]
    pub fn outcome(&self, listed: &ManifestReference, crypto: &Crypto) -> ReferenceOutcome {
        self.digests.look_up(listed, crypto).1
    }

    /// The signatures of all files, in the order of the files, and within one in document order.
    #[must_use]
    pub fn signatures<'a>(&'a self, context: &Context<'a>) -> Vec<Signature<'a>>
    where
        'c: 'a,
    {
        let files: Arc<[(String, Octets<'_>)]> =
            self.container.files.iter().map(|file| (file.name.clone(), file.content.clone())).collect();
        let only_file = self.only_file().map(|file| (file.name.clone(), file.content.clone()));
        let only_content =
            self.only_file().map(|file| Content::detached(vec![&file.content], context.crypto));
        let budget = Arc::new(Budget::new(context.limits));
        let stamps = archive::stamps(self, context.crypto);
        let (mut signatures, mut ids) = (Vec::new(), HashSet::new());
        let most = context.limits.signatures;
        for (name, document) in &self.documents {
            if signatures.len() > most {
                break;
            }
            let read = match document {
                Signed::Xml(document) => {
                    let (files, only_file, budget) =
                        (Arc::clone(&files), only_file.clone(), Arc::clone(&budget));
                    let workspace =
                        Workspace::in_container(document, files, only_file, budget, context.limits);
                    xades::signatures_with(&workspace, context)
                }
                Signed::Cms(cms) => {
                    let mut read = self.cades(name, cms, only_content.clone(), context);
                    archive::add(&stamps, name, &mut read);
                    read
                }
            };
            let before = signatures.len();
            for mut signature in read {
                signature.counters = signature.counters.map(|master| master.saturating_add(before));
                let id = Some(format!("{name}#{}", signature.id)).filter(|id| id.len() <= LONGEST_ID);
                let number = signatures.len().saturating_add(1);
                signature.id = unique(id.unwrap_or_else(|| format!("signature-{number}")), &mut ids);
                signatures.push(signature);
            }
        }
        let facts = self.facts(&signatures);
        let too_many =
            (signatures.len() > most).then(|| say("detail.too-many-signatures").with("most", most));
        for signature in &mut signatures {
            signature.structure.schema_warnings.extend(facts.warnings.iter().cloned());
            signature.structure.format_failures.extend(facts.failures.iter().chain(&too_many).cloned());
        }
        signatures
    }

    /// The time-stamps that belong to no signature.
    #[must_use]
    pub fn timestamps<'a>(&'a self, context: &Context<'a>) -> Standalone<'a>
    where
        'c: 'a,
    {
        archive::alone(self, context.crypto)
    }

    /// The signatures of a CMS file: over the one file of an ASiC-S (4.3.3.2), else over the manifest that names it, and by
    /// that over what it lists (4.4.3.2).
    fn cades<'a>(
        &'a self,
        name: &str,
        cms: &'a SignedData<'a>,
        only_content: Option<Content<'a>>,
        context: &Context<'a>,
    ) -> Vec<Signature<'a>> {
        let crypto = context.crypto;
        let simple = self.container.form == Form::Simple;
        let manifest = self.manifests.iter().find(|manifest| manifest.by == *name && !simple);
        let file = manifest.and_then(|manifest| self.digests.file(&manifest.name));
        let given = file.map(|file| Content::detached(vec![&file.content], crypto)).or(only_content);
        let missing = || Content::missing(say("detail.asic-over-nothing"), crypto);
        let mut signatures = cades::over(cms, &given.unwrap_or_else(missing), context);
        for signature in signatures.iter_mut().filter(|signature| signature.counters.is_none()) {
            let intact = signature.references.iter().all(|one| one.outcome == ReferenceOutcome::Intact);
            let Some(manifest) = manifest else {
                signature.files.extend(self.only_file().filter(|_| intact).map(|file| file.name.clone()));
                let failure = say("detail.asic-no-manifest");
                signature.structure.format_failures.extend((!simple).then_some(failure));
                continue;
            };
            signature.structure.core_references_valid = intact;
            for listed in &manifest.references {
                let (file, outcome) = self.digests.look_up(listed, crypto);
                if intact && outcome == ReferenceOutcome::Intact {
                    signature.files.extend(file.map(|file| file.name.clone()));
                }
                signature.references.push(Reference {
                    uri: Some(listed.name.clone()),
                    kind: ReferenceKind::Content,
                    digest: Some(listed.digest_algorithm.clone()),
                    value: listed.digest.clone(),
                    outcome,
                });
            }
        }
        signatures
    }

    fn in_root(&self) -> impl Iterator<Item = &'c File<'c>> {
        self.container.of_role(Role::Data).filter(|file| !file.name.contains('/'))
    }

    /// What the signatures of an ASiC-S are over.
    fn only_file(&self) -> Option<&'c File<'c>> {
        let mut in_root = self.in_root().filter(|_| self.container.form == Form::Simple);
        in_root.next().filter(|_| in_root.next().is_none())
    }

    /// What holds of the container itself.
    fn facts(&self, signatures: &[Signature<'_>]) -> Facts {
        let mut facts = Facts {
            warnings: self.container.warnings.iter().cloned().map(Words::from).collect(),
            failures: Vec::new(),
        };
        let data = || self.container.of_role(Role::Data);
        let in_root = self.in_root().count();
        if self.container.form == Form::Simple && in_root != 1 {
            facts.failures.push(say("detail.asic-root").with("count", in_root));
        }
        let intact = |one: &&Reference| one.outcome == ReferenceOutcome::Intact;
        let named = signatures.iter().flat_map(|one| one.references.iter().filter(intact));
        let named = named.filter_map(|one| one.uri.as_deref()).map(percent_decoded);
        let covered: HashSet<String> =
            signatures.iter().flat_map(|one| one.files.iter().cloned()).chain(named).collect();
        let uncovered: Vec<_> = data().filter(|file| !covered.contains(&*file.name)).collect();
        let told = uncovered.iter().take(UNCOVERED_TOLD).map(|file| format!("{:?}", file.name));
        let told = told.collect::<Vec<_>>().join(", ");
        let more = uncovered.len().saturating_sub(UNCOVERED_TOLD);
        let warning = || match more {
            0 => say("detail.asic-uncovered").with("names", told),
            _ => say("detail.asic-uncovered-more").with("names", told).with("more", more),
        };
        facts.warnings.extend((!uncovered.is_empty()).then(warning));
        facts
    }
}

#[derive(Debug)]
enum Signed<'c> {
    Xml(xml::Document<'c>),
    Cms(Box<SignedData<'c>>),
}

struct Facts {
    warnings: Vec<Words>,
    failures: Vec<Words>,
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
