//! Everything in a document that validation may use, read once: certificates, revocation data, time-stamps.

use super::Context;
use super::revocation_data::{Acceptance, Evidence};
use crate::catalogue::{Words, say};
use crate::certificate::path::{Anchors, Budget, Builder, Origin, Path, Pool};
use crate::certificate::{AnchorKey, Certificate};
use crate::signature::{RevocationKind, Signature};
use crate::time::Time;
use crate::timestamp::Token;
use crate::trust::Snapshot;
use foldhash::HashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// The pooled material of one document, with what was computed from it.
#[derive(Debug)]
pub(super) struct Material<'c> {
    pub(super) context: &'c Context<'c>,
    pub(super) pool: Pool,
    pub(super) evidence: Vec<Item>,
    /// Where each certificate stands, by its digest.
    pub(super) certificate_places: Vec<([u8; 32], Place)>,
    /// What could not be read or was beyond a limit, in words.
    pub(super) refused: Vec<Words>,
    /// What could not be had from outside on a certificate, by its digest: why, in words.
    pub(super) not_had: Vec<(Sha256, Words)>,
    signatures: Vec<Parts>,
    anchors: SnapshotAnchors<'c>,
    budget: Budget,
    steps: Cell<u32>,
    paths: Memory<(Sha256, Vec<Origin>), Path>,
    /// Indexes in `evidence` of what speaks of a certificate.
    pub(super) matches: Memory<Sha256, [usize]>,
    /// What came of examining a piece of evidence for a certificate.
    pub(super) acceptances: Memory<(usize, Sha256), Acceptance>,
}

type Sha256 = [u8; 32];
type Memory<K, V> = RefCell<HashMap<K, Rc<V>>>;
/// Revocation data by address and length, with its index: the signers of a CMS signature share large lists.
type Lying = HashMap<(usize, usize), usize>;

/// One signature's own parts, by their indexes in the signature.
#[derive(Debug, Default)]
struct Parts {
    certificates: Vec<Option<Arc<Certificate>>>,
    tokens: Vec<Result<Rc<Token>, Words>>,
}

/// A piece of revocation data, with every place where it stands.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) data: Evidence,
    pub(super) places: Vec<Place>,
    /// Digests of the certificates inside an OCSP response.
    pub(super) certificates: Vec<[u8; 32]>,
    /// When it was fetched; `None` of what the document carries.
    pub(super) fetched: Option<Time>,
}

impl Item {
    /// Whether a signature, or a time-stamp of it, carries it.
    pub(super) fn stands_in(&self, signature: usize) -> bool {
        self.places.iter().any(|place| place.signature == signature)
    }
}

/// Where in the document a piece stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) signature: usize,
    /// The time-stamp token that carries it; `None` if the signature does.
    pub(super) token: Option<usize>,
    /// How many time-stamps of the signature stand before it.
    pub(super) after_timestamps: usize,
}

/// Most CRLs and OCSP responses taken from one document.
const MOST_EVIDENCE: usize = 512;
/// Most time-stamp tokens taken from one document: each hashes all that it covers, up to the whole document.
const MOST_TIMESTAMPS: usize = 64;
/// Most examinations of a piece of revocation data in one document.
const MOST_STEPS: u32 = 20_000;

impl<'c> Material<'c> {
    /// Reads all material of a document.
    pub(super) fn gather(signatures: &[Signature<'_>], context: &'c Context<'c>) -> Self {
        let mut material = Self {
            context,
            pool: Pool::default(),
            evidence: Vec::new(),
            certificate_places: Vec::new(),
            refused: Vec::new(),
            not_had: Vec::new(),
            signatures: Vec::new(),
            anchors: SnapshotAnchors(context.snapshot),
            budget: Budget::new(),
            steps: Cell::new(MOST_STEPS),
            paths: RefCell::default(),
            matches: RefCell::default(),
            acceptances: RefCell::default(),
        };
        let mut lying = (signatures.len() > 1).then(Lying::default);
        for (index, signature) in signatures.iter().enumerate() {
            let parts = material.read(index, signature, lying.as_mut());
            material.signatures.push(parts);
        }
        material
    }

    fn read(&mut self, index: usize, signature: &Signature<'_>, mut lying: Option<&mut Lying>) -> Parts {
        let origin = signature_origin(index);
        let place = |token, after_timestamps| Place { signature: index, token, after_timestamps };
        let certificates = signature
            .certificates
            .iter()
            .map(|embedded| {
                let certificate = self.certificate(&embedded.der, origin)?;
                self.certificate_places.push((certificate.sha256, place(None, embedded.after_timestamps)));
                Some(certificate)
            })
            .collect();
        for embedded in &signature.revocation {
            let place = place(None, embedded.after_timestamps);
            let address = (embedded.der.as_ptr().addr(), embedded.der.len());
            let known = lying.as_ref().and_then(|lying| lying.get(&address).copied());
            if let Some(item) = known.and_then(|item| self.evidence.get_mut(item)) {
                item.places.push(place);
            } else if let (Some(item), Some(lying)) =
                (self.revocation(embedded.kind, &embedded.der, place), lying.as_deref_mut())
            {
                lying.insert(address, item);
            }
        }
        let before: usize = self.signatures.iter().map(|parts| parts.tokens.len()).sum();
        let tokens = signature
            .timestamps
            .iter()
            .enumerate()
            .map(|(position, embedded)| {
                if before.saturating_add(position) >= MOST_TIMESTAMPS {
                    return Err(say("detail.too-many-timestamps").with("most", MOST_TIMESTAMPS));
                }
                let unreadable = |why| Words::verbatim(format_args!("{why:?}"));
                let token = Rc::new(Token::parse(&embedded.token).map_err(unreadable)?);
                let origin = token_origin(index, position);
                let inside = place(Some(position), position.saturating_add(1));
                for der in &token.certificates {
                    if let Some(certificate) = self.certificate(der, origin) {
                        self.certificate_places.push((certificate.sha256, inside));
                    }
                }
                for der in &token.crls {
                    let _ = self.revocation(RevocationKind::Crl, der, inside);
                }
                for der in &token.ocsps {
                    let _ = self.revocation(RevocationKind::Ocsp, der, inside);
                }
                Ok(token)
            })
            .collect();
        Parts { certificates, tokens }
    }

    fn certificate(&mut self, der: &[u8], origin: Origin) -> Option<Arc<Certificate>> {
        match self.context.certificates.certificate(der) {
            Ok(certificate) => {
                if self.pool.add(&certificate, origin) {
                    return Some(certificate);
                }
                self.refused.push(say("detail.too-many-certificates").with("most", Pool::CAPACITY));
            }
            Err(why) => self.refused.push(say("detail.unread-certificate").with("why", why.0)),
        }
        None
    }

    /// The index of what was taken in.
    fn revocation(&mut self, kind: RevocationKind, der: &[u8], place: Place) -> Option<usize> {
        self.add_revocation(kind, der, Some(place), None).map_err(|why| self.refused.push(why)).ok()
    }

    /// Takes in a CRL or OCSP response; without a place it stands nowhere in the document. Its index.
    pub(super) fn add_revocation(
        &mut self,
        kind: RevocationKind,
        der: &[u8],
        place: Option<Place>,
        fetched: Option<Time>,
    ) -> Result<usize, Words> {
        let read = match kind {
            RevocationKind::Crl => self.context.revocation.crl(der).map(Evidence::Crl),
            RevocationKind::Ocsp => self.context.revocation.ocsp(der).map(Evidence::Ocsp),
        };
        let data = read.map_err(|why| say("detail.unread-revocation").with("why", why))?;
        let mut all = self.evidence.iter_mut().enumerate();
        if let Some((index, known)) = all.find(|(_, item)| item.data.sha256() == data.sha256()) {
            known.places.extend(place);
            return Ok(index);
        }
        let index = self.evidence.len();
        if index >= MOST_EVIDENCE {
            return Err(say("detail.too-much-revocation").with("most", MOST_EVIDENCE));
        }
        let certificates = match &data {
            Evidence::Crl(_) => Vec::new(),
            Evidence::Ocsp(response) => {
                let inside = response.certificates.iter();
                inside.filter_map(|der| Some(self.certificate(der, evidence_origin(index))?.sha256)).collect()
            }
        };
        let places = place.into_iter().collect();
        self.evidence.push(Item { data, places, certificates, fetched });
        Ok(index)
    }

    /// Whether a signature carries revocation data before its time-stamp of this number.
    pub(super) fn covered_revocation_data(&self, signature: usize, timestamps: usize) -> bool {
        let covered = |place: &Place| {
            place.signature == signature && place.token.is_none() && place.after_timestamps <= timestamps
        };
        self.evidence.iter().any(|item| item.places.iter().any(covered))
    }

    /// Forgets what was concluded from less material.
    pub(super) fn forget(&mut self) {
        self.paths.get_mut().clear();
        self.matches.get_mut().clear();
        self.acceptances.get_mut().clear();
    }

    /// Why nothing on a certificate could be had from outside, where something was asked for.
    pub(super) fn why_not_had(&self, certificate: &Certificate) -> Option<Words> {
        let whys = self.not_had.iter().filter(|(of, _)| *of == certificate.sha256);
        let whys: Vec<Words> = whys.map(|(_, why)| why.clone()).collect();
        (!whys.is_empty()).then(|| Words::list(whys))
    }

    /// The certificates of a signature, by their indexes in it; `None` for one that could not be read.
    pub(super) fn certificates_of(&self, signature: usize) -> &[Option<Arc<Certificate>>] {
        self.signatures.get(signature).map_or(&[], |parts| &parts.certificates)
    }

    /// The time-stamp tokens of a signature, by their indexes in it.
    pub(super) fn tokens_of(&self, signature: usize) -> &[Result<Rc<Token>, Words>] {
        self.signatures.get(signature).map_or(&[], |parts| &parts.tokens)
    }

    /// The path of a certificate, as found from these sources first.
    pub(super) fn path(&self, certificate: &Arc<Certificate>, origins: &[Origin]) -> Rc<Path> {
        let key = (certificate.sha256, origins.to_vec());
        if let Some(path) = self.paths.borrow().get(&key) {
            return Rc::clone(path);
        }
        let path = Rc::new(self.builder().build(certificate, origins));
        self.paths.borrow_mut().insert(key, Rc::clone(&path));
        path
    }

    pub(super) fn builder(&self) -> Builder<'_> {
        Builder {
            pool: &self.pool,
            anchors: &self.anchors,
            store: self.context.certificates,
            crypto: self.context.crypto,
            budget: &self.budget,
        }
    }

    /// Takes one examination of revocation data from the budget.
    pub(super) fn step(&self) -> bool {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether the document asked for more work than it is given.
    pub(super) fn over_budget(&self) -> bool {
        self.budget.exhausted() || self.steps.get() == 0
    }

    /// The first anchor of a path whose trust has not ended at `time`. None stands in for a signer that was itself
    /// trusted and is no longer.
    pub(super) fn anchor_in_force(&self, path: &Path, time: Time) -> Option<usize> {
        let in_force = |index: &usize| {
            let sunset = path.certificate(*index).and_then(|certificate| self.sunset(certificate));
            sunset.is_none_or(|sunset| time <= sunset)
        };
        let signer_trusted = path.anchors().next() == Some(0);
        path.anchors().take(if signer_trusted { 1 } else { usize::MAX }).find(in_force)
    }

    /// When the trust in an anchor ends; a static anchor's never does.
    pub(super) fn sunset(&self, anchor: &Certificate) -> Option<Time> {
        let key = anchor.anchor_key();
        match self.context.snapshot.anchor(&key) {
            Some(found) if !found.statically => self.context.snapshot.sunset(&key),
            Some(_) | None => None,
        }
    }
}

/// The source that is a signature itself.
pub(super) fn signature_origin(signature: usize) -> Origin {
    origin(0, signature)
}

/// The source that is a time-stamp token.
pub(super) fn token_origin(signature: usize, token: usize) -> Origin {
    // No signature has so many tokens that two origins would be one.
    origin(1, signature.saturating_mul(1 << 12).saturating_add(token))
}

/// The source that is no part of the document.
pub(super) const FETCHED: Origin = 3 << 30;

/// The source that is an OCSP response.
pub(super) fn evidence_origin(index: usize) -> Origin {
    origin(2, index)
}

fn origin(kind: u32, index: usize) -> Origin {
    (kind << 30) | (u32::try_from(index).unwrap_or(u32::MAX) & 0x3fff_ffff)
}

#[derive(Debug)]
struct SnapshotAnchors<'c>(&'c Snapshot);

impl Anchors for SnapshotAnchors<'_> {
    fn contains(&self, key: &AnchorKey) -> bool {
        self.0.anchor(key).is_some()
    }

    fn by_subject(&self, subject: &[u8]) -> &[Arc<Certificate>] {
        self.0.by_subject(subject)
    }
}
