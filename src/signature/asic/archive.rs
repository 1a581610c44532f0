//! Time-stamps of a container over signatures in it (EN 319 162-1, 4.4.4.2 and A.7).

use super::{Manifest, Opened};
use crate::format::Sink;
use crate::format::container::{File, Role};
use crate::signature::{Context, EmbeddedTimestamp, ReferenceOutcome, Signature, TimestampKind};
use std::borrow::Cow;

/// Adds to the signatures of a file the time-stamps whose manifest lists that file: each proves that all of it existed,
/// and the time-stamps listed with it.
pub(super) fn add<'a>(
    opened: &'a Opened<'_>,
    name: &str,
    signatures: &mut [Signature<'a>],
    context: &Context<'a>,
) {
    let over = oldest_first(opened).into_iter().filter(|(_, manifest)| manifest.lists(name));
    for (token, manifest) in over {
        for signature in &mut *signatures {
            let before = signature.timestamps.len();
            for certificate in &mut signature.certificates {
                certificate.after_timestamps = certificate.after_timestamps.min(before);
            }
            for data in &mut signature.revocation {
                data.after_timestamps = data.after_timestamps.min(before);
            }
            signature.structure.not_baseline_lta.clear();
            let crypto = context.crypto;
            signature.timestamps.push(EmbeddedTimestamp {
                kind: TimestampKind::Archive,
                token: Cow::Borrowed(&token.content),
                imprint: Box::new(move |sink: &mut dyn Sink| {
                    let file = opened.container.file(&manifest.name).ok_or("its manifest is gone")?;
                    sink.write(&file.content);
                    manifest.references.iter().try_for_each(|listed| {
                        match opened.outcome(listed, crypto) {
                            ReferenceOutcome::Intact => Ok(()),
                            ReferenceOutcome::Mismatch => {
                                // What is listed otherwise than it is makes the manifest one of other data.
                                sink.write(&[0]);
                                Ok(())
                            }
                            ReferenceOutcome::NotFound(why) | ReferenceOutcome::Refused(why) => Err(why),
                        }
                    })
                }),
                older_imprint: None,
                covers_timestamps: before,
            });
        }
    }
}

/// Time-stamps with their manifests: one after those that its manifest lists.
fn oldest_first<'a>(opened: &'a Opened<'_>) -> Vec<(&'a File, &'a Manifest)> {
    let of = |token: &'a File| {
        let manifest = opened.manifests.iter().find(|manifest| manifest.by == token.name)?;
        Some((token, manifest))
    };
    let mut left: Vec<_> = opened.container.of_role(Role::Timestamp).filter_map(of).collect();
    let mut sorted = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|(token, _)| &*token.name).collect();
        let free = left.iter().position(|(token, manifest)| {
            names.iter().all(|name| *name == token.name || !manifest.lists(name))
        });
        // Those that list each other have no order.
        sorted.push(left.remove(free.unwrap_or(0)));
    }
    sorted
}
