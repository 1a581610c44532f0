//! Time-stamps of a container, over signatures in it (EN 319 162-1, 4.4.4.2 and A.7) or over other files.

use super::{Manifest, ManifestReference, Opened};
use crate::catalogue::say;
use crate::format::container::{File, Role};
use crate::signature::algorithm::Crypto;
use crate::signature::{
    EmbeddedTimestamp, Form, NoImprint, Over, ReferenceOutcome, Signature, Standalone, TimestampKind,
};
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
    file.map(|file| &*file.content).ok_or_else(|| say("detail.asic-manifest-gone").into())
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
            let covers = own.saturating_add(listed);
            signature.timestamps.push(embedded(stamp.token, stamp.over.clone(), covers));
        }
    }
}

fn embedded<'a>(
    token: &'a File<'a>,
    over: Result<&'a [u8], NoImprint>,
    covers: usize,
) -> EmbeddedTimestamp<'a> {
    EmbeddedTimestamp {
        kind: TimestampKind::Archive,
        token: Cow::Borrowed(&token.content),
        imprint: Box::new(move |sink| over.clone().map(|octets| sink.write(octets))),
        older_imprint: None,
        covers_timestamps: covers,
    }
}

/// The time-stamps that are over no signature: those that no manifest names, which in an ASiC-S are over its one file
/// (4.3.3.2), and those whose manifest lists none.
pub(super) fn alone<'a>(opened: &'a Opened<'_>, crypto: &Crypto) -> Standalone<'a> {
    let mut alone = Standalone { carrier: Signature::blank(Form::Cades), over: Vec::new() };
    let mut add = |token: &'a File<'a>, octets, files, differing| {
        alone.carrier.timestamps.push(embedded(token, octets, 0));
        alone.over.push(Over { place: token.name.clone(), files, differing, coverage: None });
    };
    let named = |token: &File<'_>| opened.manifests.iter().any(|manifest| manifest.by == token.name);
    for token in opened.container.of_role(Role::Timestamp).filter(|token| !named(token)).take(MOST) {
        let octets = opened.only_file().map(|file| &*file.content);
        let missing = || say("detail.asic-unnamed-timestamp").into();
        let file = opened.only_file().map(|file| file.name.clone());
        add(token, octets.ok_or_else(missing), file.into_iter().collect(), Vec::new());
    }
    for stamp in stamps(opened, crypto) {
        let signs =
            |name: &str| matches!(opened.digests.file(name), Some(file) if file.role == Role::CmsSignature);
        if stamp.manifest.references.iter().any(|listed| signs(&listed.name)) {
            continue;
        }
        let all = stamp.manifest.references.iter();
        let (files, differing): (Vec<_>, Vec<_>) =
            all.partition(|listed| opened.outcome(listed, crypto) == ReferenceOutcome::Intact);
        let names = |all: Vec<&ManifestReference>| all.into_iter().map(|one| one.name.clone()).collect();
        add(stamp.token, stamp.over.clone(), names(files), names(differing));
    }
    alone
}
