//! Time-stamps of a container over signatures in it (EN 319 162-1, 4.4.4.2 and A.7).

use super::{Manifest, Opened};
use crate::format::container::{File, Role};
use crate::signature::algorithm::Crypto;
use crate::signature::{EmbeddedTimestamp, NoImprint, ReferenceOutcome, Signature, TimestampKind};
use std::borrow::Cow;

/// Time-stamps of one container.
pub(super) const MOST: usize = 64;

/// A time-stamp with the manifest that it is over.
pub(super) struct Stamp<'a> {
    token: &'a File<'a>,
    manifest: &'a Manifest,
    /// What it is over: the manifest, if all that it lists is there and as listed.
    over: Result<&'a [u8], NoImprint>,
}

/// Those of a container: one after those that its manifest lists.
pub(super) fn stamps<'a>(opened: &'a Opened<'_>, crypto: &Crypto) -> Vec<Stamp<'a>> {
    let of = |token: &'a File<'a>| {
        let manifest = opened.manifests.iter().find(|manifest| manifest.by == token.name)?;
        Some(Stamp { token, manifest, over: over(opened, manifest, crypto) })
    };
    let mut left: Vec<Stamp<'_>> =
        opened.container.of_role(Role::Timestamp).take(MOST).filter_map(of).collect();
    let mut sorted = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = left.iter().position(|stamp| {
            let mut others = left.iter().filter(|other| other.token.name != stamp.token.name);
            others.all(|other| !stamp.manifest.lists(&other.token.name))
        });
        // Those that list each other have no order.
        sorted.push(left.remove(free.unwrap_or(0)));
    }
    sorted
}

/// A token over anything else would be as good to a forger, so that there is nothing to compare where the list is wrong.
fn over<'a>(opened: &'a Opened<'_>, manifest: &Manifest, crypto: &Crypto) -> Result<&'a [u8], NoImprint> {
    for listed in &manifest.references {
        match opened.outcome(listed, crypto) {
            ReferenceOutcome::Intact => {}
            ReferenceOutcome::Mismatch => return Err(NoImprint::Differs),
            ReferenceOutcome::NotFound(why) | ReferenceOutcome::Refused(why) => return Err(why.into()),
        }
    }
    let file = opened.digests.file(&manifest.name);
    file.map(|file| &*file.content).ok_or_else(|| "its manifest is gone".to_owned().into())
}

/// Adds to the signatures of a file the time-stamps whose manifest lists that file: each proves that all of it existed, and
/// the time-stamps of the container that its manifest lists, too.
pub(super) fn add<'a>(stamps: &[Stamp<'a>], name: &str, signatures: &mut [Signature<'a>]) {
    let over_it: Vec<&Stamp<'a>> = stamps.iter().filter(|stamp| stamp.manifest.lists(name)).collect();
    for signature in signatures.iter_mut().filter(|_| !over_it.is_empty()) {
        let own = signature.timestamps.len();
        for certificate in &mut signature.certificates {
            certificate.after_timestamps = certificate.after_timestamps.min(own);
        }
        for data in &mut signature.revocation {
            data.after_timestamps = data.after_timestamps.min(own);
        }
        signature.structure.not_baseline_lta.clear();
        for (number, stamp) in over_it.iter().enumerate() {
            let earlier = over_it.iter().take(number);
            let listed = earlier.take_while(|earlier| stamp.manifest.lists(&earlier.token.name)).count();
            let over = stamp.over.clone();
            signature.timestamps.push(EmbeddedTimestamp {
                kind: TimestampKind::Archive,
                token: Cow::Borrowed(&stamp.token.content),
                imprint: Box::new(move |sink| over.clone().map(|octets| sink.write(octets))),
                older_imprint: None,
                covers_timestamps: own.saturating_add(listed),
            });
        }
    }
}
