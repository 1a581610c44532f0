//! Cryptographic verification (EN 319 102-1, 5.2.7): the references, then the value.

use super::check::{Check, Checked, Recorder};
use super::policy::{Place, Policy};
use super::verdict::SubIndication;
use crate::catalogue::{Words, say};
use crate::signature::algorithm::Verification;
use crate::signature::{Form, Reference, ReferenceKind, ReferenceOutcome, Signature};

/// Every signed data object is there and unchanged, and the value verifies.
#[derive(Debug)]
pub(super) struct CryptographicallyValid(());

/// What the verification came to.
#[derive(Debug)]
pub(super) struct Verified {
    /// The value and the digests hold in themselves, whether or not they cover what they should.
    pub(super) intact: bool,
    pub(super) result: Result<CryptographicallyValid, SubIndication>,
}

pub(super) fn verify(signature: &Signature<'_>, value: &Verification, policy: &Policy) -> Checked<Verified> {
    let mut recorder = Recorder::new(policy);
    let place = Place::SIGNATURE;
    let mut failure = None;
    let mut fail = |goes_on: bool, sub| {
        if !goes_on {
            failure.get_or_insert(sub);
        }
    };

    for reference in &signature.references {
        let (found, intact) = match reference.kind {
            ReferenceKind::ManifestEntry => (Check::ManifestEntryFound, Check::ManifestEntryIntact),
            ReferenceKind::Content
            | ReferenceKind::SignedProperties
            | ReferenceKind::KeyInfo
            | ReferenceKind::Manifest
            | ReferenceKind::CounterSigned
            | ReferenceKind::SigningInput => (Check::ReferenceDataFound, Check::ReferenceDataIntact),
        };
        // In JAdES an entry of sigD is the signed data itself.
        let found = if signature.form == Form::Jades { Check::ReferenceDataFound } else { found };
        match &reference.outcome {
            ReferenceOutcome::Intact => {
                recorder.note(intact, Words::NONE);
            }
            ReferenceOutcome::Mismatch => {
                let goes_on = recorder.check(intact, place, false, || {
                    say("detail.data-differs").with_words("what", describe(reference))
                });
                fail(goes_on, SubIndication::HashFailure);
            }
            ReferenceOutcome::NotFound(why) => {
                let goes_on = recorder.check(found, place, false, || {
                    let detail = say("detail.data-not-found").with_words("what", describe(reference));
                    detail.with_words("why", why.clone())
                });
                fail(goes_on, SubIndication::SignedDataNotFound);
            }
            ReferenceOutcome::Refused(why) => {
                let goes_on = recorder.check(intact, place, false, || {
                    let detail = say("detail.data-not-digested").with_words("what", describe(reference));
                    detail.with_words("why", why.clone())
                });
                fail(goes_on, SubIndication::HashFailure);
            }
        }
    }
    let covered = signature.references.iter().any(|reference| match reference.kind {
        ReferenceKind::Content
        | ReferenceKind::Manifest
        | ReferenceKind::ManifestEntry
        | ReferenceKind::CounterSigned
        | ReferenceKind::SigningInput => true,
        ReferenceKind::SignedProperties | ReferenceKind::KeyInfo => false,
    });
    if !covered {
        let goes_on = recorder.check(Check::ReferenceDataFound, place, false, || say("detail.data-none"));
        fail(goes_on, SubIndication::SignedDataNotFound);
    }

    let verifies = *value == Verification::Valid;
    let goes_on = recorder.check(Check::SignatureValueIntact, place, verifies, || match value {
        Verification::Unsupported(why) => say("detail.value-unverified").with_words("why", why.clone()),
        Verification::Valid | Verification::Invalid => say("detail.value-wrong"),
    });
    // In a JWS the signing input is the only reference, and the value its only proof.
    let wrong_value = match signature.form {
        Form::Jades => SubIndication::HashFailure,
        Form::Xades | Form::Cades | Form::Pades | Form::Pkcs7 => SubIndication::SigCryptoFailure,
    };
    fail(goes_on, wrong_value);

    // The digest of a list's entry is signed: the entry may be elsewhere.
    let holds = |reference: &Reference| {
        reference.outcome == ReferenceOutcome::Intact
            || (reference.kind == ReferenceKind::ManifestEntry
                && matches!(reference.outcome, ReferenceOutcome::NotFound(_)))
    };
    let held = verifies && covered && signature.references.iter().all(holds);
    let intact = held || (verifies && signature.structure.core_references_valid);
    let result = match failure {
        // What is not intact is never accepted, whatever the policy.
        None if held => Ok(CryptographicallyValid(())),
        None => Err(wrong_value),
        Some(sub) => Err(sub),
    };
    recorder.done(Verified { intact, result })
}

/// A reference in words. Its URI may name a person's file: it stays out.
fn describe(reference: &Reference) -> Words {
    say(match reference.kind {
        ReferenceKind::Content => "detail.signed-object",
        ReferenceKind::SignedProperties => "detail.signed-properties",
        ReferenceKind::KeyInfo => "detail.key-information",
        ReferenceKind::Manifest => "detail.signed-manifest",
        ReferenceKind::ManifestEntry => "detail.listed-object",
        ReferenceKind::CounterSigned => "detail.counter-signed",
        ReferenceKind::SigningInput => "detail.signing-input",
    })
}

#[cfg(test)]
mod tests {
    use super::super::policy::{Level, Levels};
    use super::*;

    fn signature(form: Form, references: &[(ReferenceKind, ReferenceOutcome)]) -> Signature<'static> {
        let reference = |(kind, outcome): &(ReferenceKind, ReferenceOutcome)| {
            Reference::without_digest(*kind, outcome.clone())
        };
        let references = references.iter().map(reference).collect();
        Signature { references, ..Signature::blank(form) }
    }

    fn not_found() -> ReferenceOutcome {
        ReferenceOutcome::NotFound(Words::verbatim("nowhere"))
    }

    fn sub(
        form: Form,
        references: &[(ReferenceKind, ReferenceOutcome)],
        value: Verification,
        policy: &Policy,
    ) -> Option<SubIndication> {
        verify(&signature(form, references), &value, policy).value.result.err()
    }

    #[test]
    fn the_first_failing_reference_names_the_failure_then_the_value() {
        use ReferenceKind::{Content, ManifestEntry, SignedProperties, SigningInput};
        use ReferenceOutcome::{Intact, Mismatch};
        use SubIndication::{HashFailure, SigCryptoFailure, SignedDataNotFound};
        let policy = Policy::default();
        let cases: [(Form, &[_], Verification, Option<SubIndication>); 9] = [
            (Form::Jades, &[(SigningInput, Intact)], Verification::Valid, None),
            (Form::Jades, &[(SigningInput, Intact)], Verification::Invalid, Some(HashFailure)),
            (Form::Jades, &[(ManifestEntry, not_found())], Verification::Valid, Some(SignedDataNotFound)),
            (Form::Xades, &[(Content, Intact)], Verification::Invalid, Some(SigCryptoFailure)),
            (Form::Xades, &[(Content, Mismatch)], Verification::Invalid, Some(HashFailure)),
            (Form::Xades, &[(Content, not_found())], Verification::Invalid, Some(SignedDataNotFound)),
            (Form::Xades, &[(SignedProperties, Intact)], Verification::Valid, Some(SignedDataNotFound)),
            (Form::Xades, &[(Content, Intact), (ManifestEntry, not_found())], Verification::Valid, None),
            (
                Form::Xades,
                &[(Content, Intact), (ManifestEntry, Mismatch)],
                Verification::Valid,
                Some(HashFailure),
            ),
        ];
        for (form, references, value, expected) in cases {
            assert_eq!(sub(form, references, value, &policy), expected, "{form:?} {references:?}");
        }
    }

    #[test]
    fn no_policy_lets_a_broken_signature_pass() {
        let mut policy = Policy::default();
        for check in Check::ALL {
            policy.set_levels(*check, Levels::everywhere(Level::Ignore));
        }
        let content = |outcome| [(ReferenceKind::Content, outcome)];
        for form in [Form::Jades, Form::Xades, Form::Cades] {
            for outcome in
                [ReferenceOutcome::Mismatch, not_found(), ReferenceOutcome::Refused(Words::verbatim("no"))]
            {
                assert!(sub(form, &content(outcome), Verification::Valid, &policy).is_some());
            }
            assert!(sub(form, &content(ReferenceOutcome::Intact), Verification::Invalid, &policy).is_some());
            assert!(sub(form, &[], Verification::Valid, &policy).is_some());
            assert_eq!(sub(form, &content(ReferenceOutcome::Intact), Verification::Valid, &policy), None);
        }
    }
}
