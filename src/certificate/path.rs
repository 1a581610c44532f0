//! Path building: from a certificate up to the trust anchors, out of a pool of certificates nobody vouches for.
//!
//! Building finds who signed whom, and goes on looking while what it found is not accepted. Whether a path holds
//! is [`rules`]' to say (RFC 5280, 6.1).

mod names;
pub mod policies;
pub mod rules;

use super::{AnchorKey, Certificate, CertificateStore};
use crate::signature::algorithm::{Crypto, Verification};
use foldhash::{HashMap, HashSet, HashSetExt};
use rules::Inputs;
use std::cell::Cell;
use std::sync::Arc;

/// What is trusted, as path building asks for it.
pub trait Anchors {
    /// Whether this key with this subject is an anchor.
    fn contains(&self, key: &AnchorKey) -> bool;
    /// Anchor certificates with this normalised subject.
    fn by_subject(&self, subject: &[u8]) -> &[Arc<Certificate>];
}

/// Where in a document a certificate stood: a number that its user gives to each source.
pub type Origin = u32;

/// Every certificate of a document, each once, with the sources that carry it.
#[derive(Debug, Default)]
pub struct Pool {
    entries: Vec<Entry>,
    by_digest: HashMap<[u8; 32], usize>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    by_key_identifier: HashMap<Vec<u8>, Vec<usize>>,
}

#[derive(Debug)]
struct Entry {
    certificate: Arc<Certificate>,
    origins: Vec<Origin>,
}

impl Pool {
    /// Most certificates that a pool takes: beyond any real document, below what slows path building.
    pub const CAPACITY: usize = 1024;

    /// Adds a certificate from a source; `false` if the pool is full.
    pub fn add(&mut self, certificate: &Arc<Certificate>, origin: Origin) -> bool {
        if let Some(entry) = self.by_digest.get(&certificate.sha256).and_then(|i| self.entries.get_mut(*i)) {
            if !entry.origins.contains(&origin) {
                entry.origins.push(origin);
            }
            return true;
        }
        let index = self.entries.len();
        if index >= Self::CAPACITY {
            return false;
        }
        self.by_digest.insert(certificate.sha256, index);
        self.by_subject.entry(certificate.subject.normal.clone()).or_default().push(index);
        if let Some(identifier) = &certificate.extensions.subject_key_identifier {
            self.by_key_identifier.entry(identifier.clone()).or_default().push(index);
        }
        self.entries.push(Entry { certificate: Arc::clone(certificate), origins: vec![origin] });
        true
    }

    /// All certificates, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Certificate>> {
        self.entries.iter().map(|entry| &entry.certificate)
    }

    /// Those with this normalised subject.
    pub fn with_subject(&self, subject: &[u8]) -> impl Iterator<Item = &Arc<Certificate>> {
        self.entries_at(self.by_subject.get(subject)).map(|entry| &entry.certificate)
    }

    /// Whether a source carries a certificate.
    #[must_use]
    pub fn stands_in(&self, certificate: &Certificate, origin: Origin) -> bool {
        let entry = self.by_digest.get(&certificate.sha256).and_then(|i| self.entries.get(*i));
        entry.is_some_and(|entry| entry.origins.contains(&origin))
    }

    fn entries_at<'p>(&'p self, indexes: Option<&'p Vec<usize>>) -> impl Iterator<Item = &'p Entry> {
        indexes.into_iter().flatten().filter_map(|i| self.entries.get(*i))
    }
}

/// Bounds the work of path building in one document (RFC 5280 sets none; hostile documents do: cross-signed
/// meshes make the number of paths exponential).
#[derive(Debug)]
pub struct Budget {
    verifications: Cell<u32>,
}

impl Budget {
    /// Certificate signatures that may be verified for one document.
    pub const VERIFICATIONS: u32 = 4096;
    /// Certificate signatures that may be verified for one path.
    pub const VERIFICATIONS_PER_PATH: u32 = 256;
    /// Certificates in one path.
    pub const LENGTH: usize = 16;

    /// The whole budget.
    #[must_use]
    pub fn new() -> Self {
        Self { verifications: Cell::new(Self::VERIFICATIONS) }
    }

    fn spend(&self) -> bool {
        let left = self.verifications.get();
        self.verifications.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether it ran out.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        self.verifications.get() == 0
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// One certificate of a path.
#[derive(Clone, Debug)]
pub struct Link {
    /// The certificate.
    pub certificate: Arc<Certificate>,
    /// Whether its key and subject are those of an anchor.
    pub trusted: bool,
}

/// A path: each certificate was signed by the key of the next one.
#[derive(Clone, Debug)]
pub struct Path {
    /// The certificate asked about first; up to a self-signed one, or as far as issuers were found, also beyond
    /// the first anchor.
    pub links: Vec<Link>,
    /// Whether the last certificate is signed by its own key.
    pub ends_self_signed: bool,
}

impl Path {
    /// The certificate asked about.
    #[must_use]
    pub fn leaf(&self) -> Option<&Arc<Certificate>> {
        self.certificate(0)
    }

    /// The certificate at a position, the leaf being 0.
    #[must_use]
    pub fn certificate(&self, index: usize) -> Option<&Arc<Certificate>> {
        self.links.get(index).map(|link| &link.certificate)
    }

    /// The issuer of the certificate at a position; a self-signed end is its own.
    #[must_use]
    pub fn issuer_of(&self, index: usize) -> Option<&Arc<Certificate>> {
        let next = self.certificate(index.saturating_add(1));
        match next {
            None if self.ends_self_signed => self.certificate(index),
            found => found,
        }
    }

    /// Positions of the anchors, nearest to the leaf first.
    pub fn anchors(&self) -> impl Iterator<Item = usize> {
        self.links.iter().enumerate().filter(|(_, link)| link.trusted).map(|(index, _)| index)
    }

    /// Whether the certificate at a position is signed by its own key.
    #[must_use]
    pub fn self_signed(&self, index: usize) -> bool {
        self.ends_self_signed && index.saturating_add(1) == self.links.len()
    }

    /// The certificates alone.
    #[must_use]
    pub fn certificates(&self) -> Vec<Arc<Certificate>> {
        self.links.iter().map(|link| Arc::clone(&link.certificate)).collect()
    }
}

/// Builds paths out of one pool towards one set of anchors.
#[derive(Clone, Copy)]
pub struct Builder<'b> {
    /// The certificates of the document.
    pub pool: &'b Pool,
    /// What is trusted.
    pub anchors: &'b dyn Anchors,
    /// Verified signatures are remembered here.
    pub store: &'b CertificateStore,
    /// The primitives.
    pub crypto: &'b Crypto,
    /// The document's budget.
    pub budget: &'b Budget,
}

impl std::fmt::Debug for Builder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("budget", self.budget).finish_non_exhaustive()
    }
}

impl Builder<'_> {
    /// A path from `leaf` to an anchor, if there is one that obeys the rules; else one to an anchor; else the first
    /// path that leads anywhere. Sources in `origins` come first, then the rest of the pool, then the anchors.
    #[must_use]
    pub fn build(&self, leaf: &Arc<Certificate>, origins: &[Origin]) -> Path {
        let inputs = Inputs::default();
        let obeys = |path: &Path| path.process(path.links.len().saturating_sub(1), &inputs).path_holds();
        match self.search(leaf, origins, &mut { obeys }) {
            Ok(path) | Err(Failure::NoAnchor(path)) => path,
            Err(Failure::NotAccepted(path)) => match self.search(leaf, origins, &mut |_| true) {
                Ok(path) => path,
                Err(Failure::NoAnchor(_) | Failure::NotAccepted(_)) => path,
            },
        }
    }

    /// The first path to an anchor that is accepted. What is asked about ends with the anchor; what is returned goes
    /// on above it as far as issuers are found.
    ///
    /// # Errors
    /// No path reached an anchor, or none that did was accepted.
    pub fn search(
        &self,
        leaf: &Arc<Certificate>,
        origins: &[Origin],
        accept: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<Path, Failure> {
        let mut search = Search {
            builder: self,
            origins,
            accept,
            links: Vec::new(),
            first: None,
            rejected: None,
            left: Budget::VERIFICATIONS_PER_PATH,
        };
        search.push(leaf);
        match search.climb(false) {
            Some(path) => Ok(path),
            None => Err(match (search.rejected, search.first) {
                (Some(path), _) => Failure::NotAccepted(path),
                (None, Some(path)) => Failure::NoAnchor(path),
                (None, None) => Failure::NoAnchor(Path { links: search.links, ends_self_signed: false }),
            }),
        }
    }

    /// Whether `certificate` was signed by the key of `issuer`; `false` also when the budget is spent.
    #[must_use]
    pub fn signed_by(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.budget.spend() && self.store.verify(self.crypto, certificate, &issuer.key) == Verification::Valid
    }

    /// Whether a certificate is signed by its own key.
    #[must_use]
    pub fn self_signed(&self, certificate: &Certificate) -> bool {
        certificate.self_issued() && self.signed_by(certificate, certificate)
    }

    /// Possible issuers, best first: own sources, the document, the anchors; in each, an equal name before an
    /// equal key identifier alone, then one valid when the child's validity began.
    fn candidates(&self, child: &Certificate, origins: &[Origin]) -> Vec<Arc<Certificate>> {
        let identifier = child.extensions.authority_key_identifier.as_ref();
        let by_name = self.pool.entries_at(self.pool.by_subject.get(&child.issuer.normal));
        let by_key = self
            .pool
            .entries_at(identifier.and_then(|identifier| self.pool.by_key_identifier.get(identifier)));
        let pooled = by_name.chain(by_key).map(|entry| {
            let own = entry.origins.iter().any(|origin| origins.contains(origin));
            (u8::from(!own), &entry.certificate)
        });
        let anchored =
            self.anchors.by_subject(&child.issuer.normal).iter().map(|certificate| (2, certificate));

        let mut seen = HashSet::new();
        let mut ranked: Vec<_> = pooled
            .chain(anchored)
            .filter(|(_, issuer)| seen.insert(issuer.sha256))
            .map(|(source, issuer)| {
                let other_name = issuer.subject != child.issuer;
                let other_key = identifier
                    .zip(issuer.extensions.subject_key_identifier.as_ref())
                    .is_some_and(|(wanted, found)| wanted != found);
                let outside = child.not_before < issuer.not_before || child.not_before > issuer.not_after;
                ((source, other_name, outside, other_key, issuer.sha256), issuer)
            })
            .collect();
        ranked.sort_by_key(|entry| entry.0);
        ranked.into_iter().map(|(_, issuer)| Arc::clone(issuer)).collect()
    }
}

/// Why no path was found, with the first that came nearest.
#[derive(Clone, Debug)]
pub enum Failure {
    /// None led to an anchor.
    NoAnchor(Path),
    /// None that led to an anchor was accepted.
    NotAccepted(Path),
}

/// One depth-first search.
struct Search<'s, 'b> {
    builder: &'s Builder<'b>,
    origins: &'s [Origin],
    accept: &'s mut dyn FnMut(&Path) -> bool,
    links: Vec<Link>,
    /// The first path to an anchor that was not accepted.
    rejected: Option<Path>,
    /// The first path that could not be continued, in case none reaches an anchor.
    first: Option<Path>,
    left: u32,
}

impl Search<'_, '_> {
    fn push(&mut self, certificate: &Arc<Certificate>) {
        let trusted = self.builder.anchors.contains(&certificate.anchor_key());
        self.links.push(Link { certificate: Arc::clone(certificate), trusted });
    }

    /// Extends the path upwards; a path as soon as one is accepted and goes no further. From there on, the best
    /// issuer is followed without going back.
    fn climb(&mut self, accepted: bool) -> Option<Path> {
        let last = self.links.last()?;
        let child = Arc::clone(&last.certificate);
        let accepted = accepted || (last.trusted && self.accepted());
        let self_signed = self.spend() && self.builder.self_signed(&child);
        if !self_signed && self.links.len() < Budget::LENGTH {
            for issuer in self.builder.candidates(&child, self.origins) {
                let key = issuer.anchor_key();
                // The same key under the same name again would be a loop.
                if self.links.iter().any(|link| link.certificate.anchor_key() == key) {
                    continue;
                }
                if !self.spend() {
                    break;
                }
                if !self.builder.signed_by(&child, &issuer) {
                    continue;
                }
                self.push(&issuer);
                if let Some(path) = self.climb(accepted) {
                    return Some(path);
                }
                self.links.pop();
            }
        }
        let path = || Path { links: self.links.clone(), ends_self_signed: self_signed };
        if accepted {
            return Some(path());
        }
        if self.first.is_none() {
            self.first = Some(path());
        }
        None
    }

    fn accepted(&mut self) -> bool {
        let path = Path { links: self.links.clone(), ends_self_signed: false };
        let accepted = (self.accept)(&path);
        if !accepted && self.rejected.is_none() {
            self.rejected = Some(path);
        }
        accepted
    }

    fn spend(&mut self) -> bool {
        let left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        left
    }
}

#[cfg(test)]
mod tests;
