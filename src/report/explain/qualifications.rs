//! What a seal is called under EU law (TS 119 615, 4.6).

use super::Meaning;
use crate::trust::qualification::SignatureQualification;

/// What a qualification says.
pub(super) fn qualification(of: SignatureQualification) -> Meaning {
    use SignatureQualification as Q;
    let (means, advice) = match of {
        Q::QeSeal => (
            "A qualified electronic seal: the key is kept on a certified device, and a supervised provider vouches for who holds it. EU law presumes that the data is whole and its origin right (eIDAS, Article 35).",
            NOTHING_MORE,
        ),
        Q::QeSig => (
            "A qualified electronic signature, by a person: it has the effect of one by hand everywhere in the EU (eIDAS, Article 25).",
            "It is a person's, not the institution's seal: see that this person may sign for the institution.",
        ),
        Q::QesUnknown => (
            "Qualified, with the key on a certified device; the lists do not tell whether it is a seal or a signature.",
            NOTHING_MORE,
        ),
        Q::AdesealQc => (
            "An advanced electronic seal on a qualified certificate: a supervised provider vouches for who sealed; the key need not be on a certified device.",
            NOTHING_MORE,
        ),
        Q::AdesigQc => (
            "An advanced electronic signature on a qualified certificate: a supervised provider vouches for the person who signed.",
            "It is a person's, not the institution's seal: see that this person may sign for the institution.",
        ),
        Q::AdesUnknownQc => (
            "Advanced, on a qualified certificate; the lists do not tell whether it is a seal or a signature.",
            NOTHING_MORE,
        ),
        Q::Adeseal => (
            "An advanced electronic seal on a certificate that is not qualified: the provider is listed, but nobody supervises how it checked who asked.",
            NOT_QUALIFIED,
        ),
        Q::Adesig => (
            "An advanced electronic signature on a certificate that is not qualified: the provider is listed, but nobody supervises how it checked who asked.",
            NOT_QUALIFIED,
        ),
        Q::AdesUnknown => (
            "Advanced, on a certificate that is not qualified and of which the lists do not tell what it is for.",
            NOT_QUALIFIED,
        ),
        Q::IndeterminateQeSig
        | Q::IndeterminateQeSeal
        | Q::IndeterminateQesUnknown
        | Q::IndeterminateAdesigQc
        | Q::IndeterminateAdesealQc
        | Q::IndeterminateAdesUnknownQc
        | Q::IndeterminateAdesig
        | Q::IndeterminateAdeseal
        | Q::IndeterminateAdesUnknown => (
            "What the seal would be if it could be shown to be valid; the verdict on it is INDETERMINATE.",
            "Look up the sub-indication: what is missing there is missing here.",
        ),
        Q::NotAdesQcQscd => (
            "The certificate is qualified and its key on a certified device, but the seal is not valid.",
            INVALID,
        ),
        Q::NotAdesQc => ("The certificate is qualified, but the seal is not valid.", INVALID),
        Q::NotAdes => ("The seal is not valid, or on a certificate that is for no seals.", INVALID),
        Q::NotApplicable => (
            "No trusted list says anything of the certificate: EU law gives the seal no grade.",
            "See in which trust domain it was judged: only the EU's lists say what is qualified.",
        ),
    };
    let kind = "qualification".to_owned();
    Meaning { word: of.as_str(), kind, clause: "TS 119 615, 4.6", means, advice }
}

const NOTHING_MORE: &str = "See that the organisation in the certificate is the one that you expect.";
const NOT_QUALIFIED: &str =
    "Whether that is enough is for your rules to say; ask the institution where you doubt who sealed.";
const INVALID: &str = "The sub-indication says why. Do not rely on the file.";
