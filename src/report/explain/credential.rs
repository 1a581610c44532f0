//! The checks on what a credential says, and the codes of their outcomes.

use super::Meaning;
use crate::credential::Kind;

/// What a check asks.
pub(super) fn check(kind: Kind) -> Meaning {
    let (means, advice) = match kind {
        Kind::Format => (
            "Does the credential conform to the shapes of its profile, and are its levels, fields and countries real ones.",
            "A slip of form by the issuer is no sign of forgery; what is missing may still matter to you.",
        ),
        Kind::Seal => ("Did every seal pass.", "The seals themselves say what is wrong with them."),
        Kind::Issuer => (
            "Is the organisation in the seal's certificate the issuer that the credential names: identifiers, names, country.",
            "If not, somebody else sealed than the credential claims: accept only where you know why, e.g. a ministry that seals for its schools.",
        ),
        Kind::Mandate => (
            "Did the awarding body seal the credential itself; if not, on what evidence did another one.",
            "Where the evidence is missing, ask the awarding body.",
        ),
        Kind::Validity => (
            "Do its dates fit each other, the validation time and the time of sealing; has it ended.",
            "A credential that has ended proves what was, not what is: whether that matters depends on what you ask for.",
        ),
        Kind::Revocation => (
            "What do the status lists that the credential names say of it.",
            "Where a list could not be asked, verify again with network access.",
        ),
        Kind::Accreditation => (
            "Does the accreditation that the credential names cover what it awards, says a register.",
            "Give a register with --accreditations or --accreditation-service; else nobody looks.",
        ),
        Kind::Holder => (
            "Is the credential about the applicant that you state.",
            "State the applicant with --applicant, else nothing is compared.",
        ),
        Kind::Consistency => (
            "Does the credential contradict itself, or say what cannot be meant.",
            "Read the points; ask the institution where they matter.",
        ),
        Kind::AnnexI => (
            "Which standard elements of a micro-credential does it lack (Council Recommendation, Annex I).",
            "A missing element is no sign of forgery; ask for what you need.",
        ),
        Kind::EqfAnnexVi => (
            "Which elements of a qualification does it lack (EQF Recommendation, Annex VI).",
            "A missing element is no sign of forgery; ask for what you need.",
        ),
        Kind::Custom => (
            "Results of checks that the file claims of itself: they are never believed.",
            "Rely on the checks made here alone.",
        ),
    };
    Meaning { word: kind.name(), kind: "check on a credential".to_owned(), clause: "", means, advice }
}

/// What a code of a check's outcome says.
pub(super) fn code(kind: Kind, code: &'static str) -> Option<Meaning> {
    let (means, advice) = match (kind, code) {
        (Kind::Holder, "partial-match") => (
            "Some of what is stated of the applicant fits, some is missing or differs in part.",
            "Compare with an identity document: names change by marriage and are written in several ways.",
        ),
        (Kind::Holder, "no-match") => (
            "The credential is about somebody else than the applicant that was stated.",
            "See that the right applicant was stated; else the credential is another person's.",
        ),
        (Kind::Revocation, "revoked") => (
            "The issuer's status list says that the credential was taken back.",
            "Do not rely on it; ask the institution if the applicant disagrees.",
        ),
        (Kind::Revocation, "suspended") => (
            "The issuer's status list says that the credential does not count for now.",
            "Ask the institution, or verify again later.",
        ),
        (Kind::Revocation, "list-other-signer") => (
            "The status list is signed by another organisation than the one that sealed the credential, so it is not believed.",
            "Ask the institution whether the credential still holds.",
        ),
        (Kind::Revocation, "list-unverified") => (
            "The status list's own signature could not be shown to be valid, so it is not believed.",
            "Ask the institution whether the credential still holds.",
        ),
        (Kind::Revocation, "list-expired") => {
            ("The status list has run out.", "Verify again later; ask the institution if it stays so.")
        }
        (Kind::Revocation, "list-index-out-of-range") => (
            "The status list is shorter than the credential's place in it.",
            "The issuer made a mistake: ask it whether the credential still holds.",
        ),
        (Kind::Revocation, "list-invalid") => (
            "What stands at the list's address is no status list.",
            "The issuer made a mistake: ask it whether the credential still holds.",
        ),
        (Kind::Revocation, "unsupported") => (
            "The credential names a kind of status list that is not known here.",
            "Ask the institution whether the credential still holds.",
        ),
        (Kind::Revocation | Kind::Accreditation, "unreachable") => {
            ("The server of the list or register did not answer.", "Verify again later.")
        }
        (Kind::Revocation, "not-asked") => (
            "The status list was not asked for: that is done only for a credential whose seal passed.",
            "See to the seal first.",
        ),
        (Kind::Revocation, "offline") => (
            "The status list was not asked for, since nothing may be fetched.",
            "Verify again with network access (without --offline).",
        ),
        (Kind::Accreditation, "unproven") => (
            "No register was at hand, or none knows the accreditation.",
            "Look the institution up in the register of its country or in DEQAR.",
        ),
        (Kind::Accreditation, "not-asked") => (
            "A register has no answer yet.",
            "Verify again; it is asked only for a credential whose seal passed.",
        ),
        (Kind::Accreditation, "ambiguous") => (
            "A register has several accreditations of the identifier that the credential names.",
            "Look in the register which one is meant.",
        ),
        (Kind::Accreditation, "incomplete") => (
            "A register knows the accreditation, but it or the credential lacks data to compare.",
            "The points say what is missing; look it up or ask the institution.",
        ),
        (Kind::Accreditation, "not-covered") => (
            "A register knows the accreditation, and it does not cover what the credential awards.",
            "The points say what does not fit; ask the accrediting organisation.",
        ),
        (Kind::Accreditation, "issuer-only") => (
            "The issuer is accredited, the awarding body is not named by the accreditation.",
            "Enough for older credentials; ask how the awarding body belongs to the issuer.",
        ),
        _ => return None,
    };
    Some(Meaning { word: code, kind: format!("outcome of {}", kind.name()), clause: "", means, advice })
}
