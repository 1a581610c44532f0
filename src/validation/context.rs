//! Validation context initialisation (EN 319 102-1, 5.2.4): the signature policy.

use super::check::{Check, Checked, Recorder};
use super::policy::{Place, Policy};
use super::verdict::SubIndication;
use crate::catalogue::say;
use crate::signature::{Signature, SignaturePolicy};

/// The constraints under which the signature is to be validated are known.
#[derive(Debug)]
pub(super) struct ContextAccepted(());

/// A signature policy document is never fetched: where one is named, validation follows the policy given to the
/// validator and says so.
pub(super) fn check(
    signature: &Signature<'_>,
    policy: &Policy,
) -> Checked<Result<ContextAccepted, SubIndication>> {
    let mut recorder = Recorder::new(policy);
    let available = match &signature.attributes.policy {
        None => {
            recorder.note(Check::SignaturePolicyAvailable, say("detail.policy-unnamed"));
            true
        }
        Some(SignaturePolicy::Implied) => {
            recorder.note(Check::SignaturePolicyAvailable, say("detail.policy-implied"));
            true
        }
        Some(SignaturePolicy::Identified { id, .. }) => {
            recorder.outcome(Check::SignaturePolicyAvailable, Place::SIGNATURE, {
                Err(say("detail.policy-not-at-hand").with("policy", id))
            })
        }
    };
    let value =
        if available { Ok(ContextAccepted(())) } else { Err(SubIndication::SignaturePolicyNotAvailable) };
    recorder.done(value)
}
