//! Verdicts, indications and sub-indications (EN 319 102-1, 5.1.3, tables 5 and 6).

use super::Meaning;
use crate::validation::SubIndication;

/// The words for a whole file, the decision's, and the main indications.
pub(super) fn words() -> impl Iterator<Item = Meaning> {
    let kinds = [("verdict on a file", "", VERDICTS), ("decision", "", DECISIONS)];
    let indications = ("indication", "EN 319 102-1, 5.1.3", INDICATIONS);
    kinds.into_iter().chain([indications]).flat_map(|(kind, clause, words)| {
        words.iter().map(move |(word, means, advice)| Meaning {
            word,
            kind: kind.to_owned(),
            clause,
            means,
            advice,
        })
    })
}

type Words = &'static [(&'static str, &'static str, &'static str)];

const VERDICTS: Words = &[
    (
        "passed",
        "Every seal on the file is valid.",
        "Look at who sealed it and at the checks on the credential: a valid seal says who vouches, not that the content is what you ask for.",
    ),
    (
        "failed",
        "A seal on the file is proven to be wrong.",
        "Do not rely on the file. Ask the applicant for the original as the institution sent it, or ask the institution.",
    ),
    (
        "indeterminate",
        "No seal is proven to be wrong, but one could not be proven to be right either.",
        "Look up the seal's sub-indication: some of them pass later or with more data, others need a look by a person.",
    ),
    (
        "unsigned",
        "The file has no seal: anybody can have written it.",
        "Ask for the sealed file. A print, a scan or an export of a sealed file has no seal any more.",
    ),
    (
        "unreadable",
        "The bytes are no format that can be read, or the file is damaged.",
        "Ask for the file anew; do not let it be opened and saved by another program on its way.",
    ),
];

const DECISIONS: Words = &[
    ("accept", "Nothing in verdict and checks speaks against the credential.", "Nothing more is to be done."),
    (
        "review",
        "Something in verdict or checks has to be weighed by a person; the reasons name it.",
        "Read the reasons; each says which check it is from.",
    ),
    (
        "reject",
        "The acceptance policy says that the credential proves nothing as it stands.",
        "Read the reasons; ask for a file that does not have them, or ask the institution.",
    ),
];

const INDICATIONS: Words = &[
    (
        "TOTAL-PASSED",
        "The seal is intact, its certificate was valid and trusted when it counts, and nothing that the policy demands is missing.",
        "See the qualification for what the seal is under EU law.",
    ),
    (
        "TOTAL-FAILED",
        "The seal is proven to be wrong; no further data can mend it.",
        "Do not rely on the file. Ask for the original, or ask the institution.",
    ),
    (
        "INDETERMINATE",
        "What is at hand proves neither that the seal is right nor that it is wrong.",
        "The sub-indication says what is missing.",
    ),
    (
        "PASSED",
        "The time-stamp is intact and covers what it should, and the certificate of who made it was valid and trusted.",
        "Nothing. See the qualification for what the time-stamp is under EU law.",
    ),
    (
        "FAILED",
        "The time-stamp is proven to be wrong: it is over something else, or was changed.",
        "It proves no time; the seal is judged without it.",
    ),
];

/// What a sub-indication says.
pub(super) fn sub_indication(sub: SubIndication) -> Meaning {
    use SubIndication as S;
    let (means, advice) = match sub {
        S::FormatFailure => (
            "The signature is not built as its format demands, or in a format that the policy does not accept.",
            "The file is damaged, was put together by hand, or is of an old kind. Ask for the original file; the institution can issue it anew.",
        ),
        S::HashFailure => (
            "What was sealed is not what is in the file now: it was changed after sealing.",
            "Do not rely on it. Often a program has changed the file on opening or saving: ask for the file as the institution sent it.",
        ),
        S::SigCryptoFailure => (
            "The signature value does not fit the signer's key: it was made with another key or was changed.",
            "Do not rely on it. Ask the institution for the original.",
        ),
        S::Revoked => (
            "The certificate was revoked before the seal was made, as a time-stamp within proves.",
            "Do not rely on it: whoever sealed was not allowed to any more. Ask the institution.",
        ),
        S::Expired => (
            "The seal was made after the certificate had run out, as a time-stamp within proves.",
            "Do not rely on it. The institution has to seal the credential anew with a certificate in force.",
        ),
        S::NotYetValid => (
            "The seal was made before its certificate was valid.",
            "Do not rely on it. The clock of who sealed may have been wrong: the institution has to seal anew.",
        ),
        S::NoSigningCertificateFound => (
            "The signer's certificate is not in the file, or is not the one that the signature names.",
            "Ask the institution for a file with its certificate in it.",
        ),
        S::SignaturePolicyNotAvailable => (
            "The signature says that it follows a policy whose document is not at hand.",
            "Give the document with --detached if you have it, or ask the institution for it.",
        ),
        S::PolicyProcessingError => (
            "The signature policy that it names could not be applied, or is another one than it says.",
            "Ask the institution which policy it seals under, and for its document.",
        ),
        S::NoCertificateChainFound => (
            "The certificate leads to no authority that is trusted here.",
            "See that the trusted lists are loaded and current (`sealgate trust status`). If they are, the seal is by an authority that no EU country vouches for: ask the institution who issued its certificate.",
        ),
        S::NoCertificateChainFoundNoPoe => (
            "The authority was trusted once and is not any more, and nothing proves that the seal is from before.",
            "Ask the institution to seal anew; or for a copy with a time-stamp from that time.",
        ),
        S::CertificateChainGeneralFailure => (
            "The chain of certificates breaks a rule, or no usable word on their revocation could be had.",
            "See the failed check. If it is about revocation data: verify again with network access (without --offline). Else the certificate is badly made: ask the institution.",
        ),
        S::ChainConstraintsFailure => (
            "The certificate is not of the kind that the policy demands: its purpose, its qualification or its name.",
            "See the failed check. A less strict policy may accept it (--policy); whether that is enough is yours to decide.",
        ),
        S::RevokedNoPoe => (
            "The certificate is revoked now, and nothing proves that the seal is older than that.",
            "Ask the institution whether the seal is genuine and to seal anew. Keep in mind that a stolen key is a reason for revoking.",
        ),
        S::RevokedCaNoPoe => (
            "The certificate of an authority above the signer's is revoked, and nothing proves that the seal is older than that.",
            "Ask the institution to seal anew with a certificate of another authority.",
        ),
        S::TryLater => (
            "Newer data on revocation is needed, or a certificate is on hold for now.",
            "Verify again later, with network access (without --offline). The next list of revoked certificates is due when the present one ends.",
        ),
        S::OutOfBoundsNotRevoked => (
            "The certificate has run out; it was not revoked, but nothing proves that the seal was made while it was valid.",
            "Usual for old files without a time-stamp. Ask the institution to seal anew, or confirm the credential with it.",
        ),
        S::OutOfBoundsNoPoe => (
            "The certificate has run out or is not valid yet, and nothing proves when the seal was made.",
            "Usual for old files without a time-stamp. Ask the institution to seal anew, or confirm the credential with it.",
        ),
        S::RevocationOutOfBoundsNoPoe => (
            "The certificate of who signed the revocation data has run out, and nothing proves when that data was made.",
            "Verify again with network access (without --offline), so that newer data can be had.",
        ),
        S::CryptoConstraintsFailureNoPoe => (
            "An algorithm or key is too weak by now, and nothing proves that the seal is from when it was strong enough.",
            "Ask the institution to seal anew with current algorithms.",
        ),
        S::CryptoConstraintsFailure => (
            "An algorithm or key was too weak already when the seal was made.",
            "Do not rely on it without asking the institution: such a seal can be forged.",
        ),
        S::SignedDataNotFound => (
            "Something that was sealed is not in the file: the signature stands apart from it.",
            "Give what belongs to it with --detached, or ask for the whole file.",
        ),
        S::SigConstraintsFailure => (
            "Something that the policy wants in a signature is missing or does not fit, e.g. the signing time.",
            "See the failed check. A less strict policy may accept it (--policy).",
        ),
        S::TimestampOrderFailure => (
            "The time-stamps contradict each other: one that must be older is younger.",
            "The file was put together from parts or a clock was wrong. Ask the institution for the original.",
        ),
        S::NoPoe => (
            "Nothing proves that the seal existed at a time when all was in order.",
            "Ask the institution to seal anew with a time-stamp.",
        ),
    };
    let kind = format!("sub-indication of {}", sub.indication());
    Meaning { word: sub.as_str(), kind, clause: "EN 319 102-1, 5.1.3, tables 5 and 6", means, advice }
}
