//! The document security store (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4.2): that of every revision.

use super::DocumentTimestamp;
use crate::catalogue::{Words, say};
use crate::format::pdf::{Dictionary, Document, View};
use crate::signature::{
    EmbeddedCertificate, EmbeddedRevocation, RevocationKind, Signature, Source, TimestampKind,
};
use foldhash::HashSet;
use std::borrow::Cow;

/// Certificates, CRLs and OCSP responses taken.
const MOST_ITEMS: usize = 1_024;
/// Entries of all VRI dictionaries looked at.
const MOST_VRI: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Certificate,
    Crl,
    Ocsp,
}

/// Validation material with its place.
pub(super) struct Item {
    kind: Kind,
    source: Source,
    /// The revision that has it first.
    revision: usize,
    pub(super) octets: Vec<u8>,
}

/// All material of a file.
#[derive(Default)]
pub(super) struct Material {
    /// Whether the file as it stands has a DSS.
    present: bool,
    pub(super) items: Vec<Item>,
    seen: HashSet<(u32, Option<usize>)>,
    /// What could not be taken, in words.
    refused: Vec<Words>,
}

impl Material {
    pub(super) fn read(document: &Document<'_>) -> Self {
        let mut material = Self::default();
        for revision in 0..document.revisions().len() {
            let view = document.view(revision);
            match view.catalog().and_then(|catalog| view.dictionary(&catalog, "DSS")) {
                Ok(None) => material.present = false,
                Ok(Some(store)) => {
                    material.present = true;
                    material.store(view, &store);
                }
                Err(why) => material.refuse(say("detail.pdf-store").with("why", why)),
            }
        }
        material
    }

    fn refuse(&mut self, why: Words) {
        if self.refused.len() < 8 && !self.refused.contains(&why) {
            self.refused.push(why);
        }
    }

    fn store(&mut self, view: View<'_, '_>, store: &Dictionary) {
        self.lists(view, store, ["Certs", "CRLs", "OCSPs"], Source::Dss);
        let Ok(Some(related)) = view.dictionary(store, "VRI") else { return };
        for (_, value) in related.iter().take(MOST_VRI) {
            if let Ok(value) = view.resolve(value)
                && let Some(dictionary) = value.as_dictionary()
            {
                self.lists(view, dictionary, ["Cert", "CRL", "OCSP"], Source::Vri);
            }
        }
    }

    fn lists(&mut self, view: View<'_, '_>, dictionary: &Dictionary, keys: [&str; 3], source: Source) {
        for (key, kind) in keys.into_iter().zip([Kind::Certificate, Kind::Crl, Kind::Ocsp]) {
            for value in view.array(dictionary, key).unwrap_or_default() {
                let Some(id) = value.as_reference() else { continue };
                let since = view.document().defined_in(id.number, view.revision());
                if !self.seen.insert((id.number, since)) {
                    continue;
                }
                if self.items.len() >= MOST_ITEMS {
                    self.refuse(say("detail.pdf-store-full").with("most", MOST_ITEMS));
                    return;
                }
                let stream = view.object(id).and_then(|stream| view.data(&stream).map(Cow::into_owned));
                match stream {
                    Ok(octets) => {
                        self.items.push(Item {
                            kind,
                            source,
                            revision: since.unwrap_or(view.revision()),
                            octets,
                        });
                    }
                    Err(why) => self.refuse(say("detail.pdf-store-entry").with("why", why)),
                }
            }
        }
    }

    /// Adds all material to a signature. What stands in a revision is covered by the time-stamps from that revision on.
    pub(super) fn add<'a>(
        &self,
        signature: &mut Signature<'a>,
        stamps: &[DocumentTimestamp<'a>],
        octets: &'a [Vec<u8>],
    ) {
        let signed = signature.structure.coverage.as_ref().map_or(0, |coverage| coverage.revision);
        if self.items.iter().any(|item| item.kind != Kind::Certificate && item.revision >= signed) {
            signature.structure.excluded_from_lt.clear();
        }
        signature.structure.validation_data_containers = self.present;
        signature.structure.schema_warnings.extend(self.refused.iter().cloned());
        let own = signature.timestamps.iter().filter(|stamp| stamp.kind != TimestampKind::Document).count();
        let later = signature.timestamps.len().saturating_sub(own);
        let later = stamps.get(stamps.len().saturating_sub(later)..).unwrap_or_default();
        for (item, octets) in self.items.iter().zip(octets) {
            let before =
                later.iter().filter(|stamp| stamp.revision.is_none_or(|of| of < item.revision)).count();
            let after_timestamps = own.saturating_add(before);
            let (der, source) = (Cow::Borrowed(octets.as_slice()), item.source);
            match item.kind {
                Kind::Certificate => {
                    signature.certificates.push(EmbeddedCertificate { der, source, after_timestamps });
                }
                Kind::Crl | Kind::Ocsp => {
                    let kind =
                        if item.kind == Kind::Crl { RevocationKind::Crl } else { RevocationKind::Ocsp };
                    signature.revocation.push(EmbeddedRevocation { kind, der, source, after_timestamps });
                }
            }
        }
    }
}
