//! What a certificate is at one moment (TS 119 615, 4.4 and 4.5): the list's word first, the certificate's where the
//! list leaves it to it.

use super::qualifiers::{Captured, Qualifier, informs};
use super::{CertificateQualification, CertificateType, EIDAS};
use crate::catalogue::{Words, say};
use crate::certificate::{Certificate, QcType};
use crate::finding::{Finding, Status};
use crate::time::Time;
use crate::trust::list::{Service, ServiceState};

/// Issuer of qualified certificates (TS 119 612, 5.5.1.1).
const CA_QC: &str = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC";
/// QCP public (TS 101 456): a qualified certificate under Directive 1999/93/EC.
const QCP_PUBLIC: &str = "0.4.0.1456.1.2";
/// QCP public with SSCD (TS 101 456).
const QCP_PUBLIC_SSCD: &str = "0.4.0.1456.1.1";

/// For which of the two moments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    Issuance,
    Signing,
}

/// What came of one moment.
pub(super) struct AtTime {
    pub(super) qualification: CertificateQualification,
    /// The service that decided, with its period.
    pub(super) service: Option<(usize, usize)>,
}

/// A service in the period that contains the moment.
struct Candidate<'s> {
    service: usize,
    period: usize,
    state: &'s ServiceState,
    captured: Captured,
}

/// Determines the qualification of `certificate` at `time` by the services `reached`.
pub(super) fn determine(
    certificate: &Certificate,
    reached: &[(usize, &Service)],
    moment: Moment,
    time: Time,
    findings: &mut Vec<Finding>,
) -> AtTime {
    let when = match moment {
        Moment::Issuance => "detail.at-issuance",
        Moment::Signing => "detail.at-signing",
    };
    let at = Words::verbatim(time);
    let mut note = |check, holds: bool, what: Words, clause| {
        let status = if holds { Status::Passed } else { Status::Warning };
        let detail = Words::of(when, [("time", at.clone()), ("what", what)]);
        findings.push(Finding::new(check, status, detail, clause));
    };
    let not_qualified = |service| AtTime {
        qualification: CertificateQualification::new(false, type_by_certificate(certificate), false),
        service,
    };

    let candidates = then_listed(certificate, reached, time);
    note(
        "service-listed",
        !candidates.is_empty(),
        count(&candidates, ["detail.listed-none", "detail.listed-one", "detail.listed-many"]),
        "TS 119 615, 4.3",
    );
    let candidates =
        keep(candidates, |c| &*c.state.service_type == CA_QC && c.state.unknown_critical.is_empty());
    note(
        "service-issues-qc",
        !candidates.is_empty(),
        count(&candidates, ["detail.issuing-none", "detail.issuing-one", "detail.issuing-many"]),
        "TS 119 615, 4.3",
    );
    let candidates = keep(candidates, |c| covers_type(c, certificate));
    note(
        "service-for-type",
        !candidates.is_empty(),
        count(&candidates, ["detail.suiting-none", "detail.suiting-one", "detail.suiting-many"]),
        "TS 119 615, 4.4",
    );
    let Some(first) = candidates.first() else { return not_qualified(None) };
    let shown = Some((first.service, first.period));

    let outcome = |c: &Candidate<'_>| qualification(c, certificate);
    let conclusion = outcome(first);
    if candidates.iter().skip(1).any(|other| outcome(other) != conclusion) {
        let contradict = say("detail.services-contradict").with("count", candidates.len());
        note("services-agree", false, contradict, "TS 119 615, 4.4");
        return AtTime { qualification: CertificateQualification::NotApplicable, service: shown };
    }
    let decided = candidates.iter().find(|c| granted(c.state)).unwrap_or(first);
    let word = decided.state.status_words();
    let since = Words::verbatim(decided.state.start);
    let status = Words::of("detail.service-status", [("status", word), ("time", since)]);
    note("service-granted", granted(decided.state), status, "TS 119 615, 4.4");
    let (qualified, kind, qscd) = conclusion.parts().unwrap_or((false, CertificateType::Unknown, false));
    note("certificate-qualified", qualified, conclusion.words(), "TS 119 615, 4.4");
    note("certificate-type", kind != CertificateType::Unknown, kind.words(), "TS 119 615, 4.4");
    let device = if qscd { say("detail.qscd") } else { say("detail.no-qscd") };
    note("certificate-qscd", qscd, device, "TS 119 615, 4.5");
    AtTime { qualification: conclusion, service: Some((decided.service, decided.period)) }
}

fn then_listed<'s>(
    certificate: &Certificate,
    reached: &[(usize, &'s Service)],
    time: Time,
) -> Vec<Candidate<'s>> {
    let mut candidates = Vec::new();
    for (index, service) in reached {
        let Some((period, state)) = service.state_at(time) else { continue };
        if service.mutual_recognition.as_ref().is_some_and(|a| !a.in_force(&state.service_type, time)) {
            continue;
        }
        let captured = Captured::by(state, certificate);
        candidates.push(Candidate { service: *index, period, state, captured });
    }
    candidates
}

fn keep<'s>(candidates: Vec<Candidate<'s>>, holds: impl Fn(&Candidate<'s>) -> bool) -> Vec<Candidate<'s>> {
    candidates.into_iter().filter(holds).collect()
}

/// How many there are: none, one, or many in words.
fn count(candidates: &[Candidate<'_>], [none, one, many]: [&'static str; 3]) -> Words {
    match candidates.len() {
        0 => say(none),
        1 => say(one),
        n => say(many).with("count", n),
    }
}

/// TS 119 615, 4.4: since eIDAS, the additional service information must say the certificate's type, or the type
/// that a qualifier puts in its place.
fn covers_type(candidate: &Candidate<'_>, certificate: &Certificate) -> bool {
    if certificate.not_before < EIDAS {
        return true;
    }
    let own = type_by_certificate(certificate);
    // A certificate that names no one type is judged on, its type unknown.
    if own == CertificateType::Unknown {
        return true;
    }
    let informed = |kind: CertificateType| {
        informs(candidate.state, kind)
            // Seals are for legal persons, signatures are not.
            && !(kind == CertificateType::Esig && candidate.captured.has(Qualifier::ForLegalPerson))
    };
    informed(own)
        || match *candidate.captured.types() {
            [only] => informed(only),
            _ => false,
        }
}

fn qualification(candidate: &Candidate<'_>, certificate: &Certificate) -> CertificateQualification {
    let qualified = granted(candidate.state) && is_qualified(candidate, certificate);
    if !qualified {
        return CertificateQualification::new(false, type_by_certificate(certificate), false);
    }
    CertificateQualification::new(true, kind(candidate, certificate), qscd(candidate, certificate))
}

/// Granted, or its equivalent under Directive 1999/93/EC for periods that began before eIDAS.
fn granted(state: &ServiceState) -> bool {
    if state.start >= EIDAS {
        return state.status_word() == "granted";
    }
    matches!(state.status_word(), "undersupervision" | "supervisionincessation" | "accredited")
}

fn is_qualified(candidate: &Candidate<'_>, certificate: &Certificate) -> bool {
    // Both together contradict each other, which decides for no.
    if candidate.captured.has(Qualifier::NotQualified) {
        return false;
    }
    if candidate.captured.has(Qualifier::QcStatement) {
        return true;
    }
    let statements = &certificate.extensions.qc_statements;
    let claims = statements.compliance || certificate.not_before < EIDAS && has_qcp(certificate);
    claims && statements.legislation.is_empty()
}

/// The type of a qualified certificate: the list's word where it has one.
fn kind(candidate: &Candidate<'_>, certificate: &Certificate) -> CertificateType {
    let (state, captured) = (candidate.state, &candidate.captured);
    let types = captured.types();
    if state.start < EIDAS {
        // Directive 1999/93/EC knew qualified certificates for signatures only.
        let contradicts = captured.any(&[Qualifier::ForEseal, Qualifier::ForWsa]);
        return if contradicts { CertificateType::Unknown } else { CertificateType::Esig };
    }
    if captured.has(Qualifier::ForLegalPerson) && captured.has(Qualifier::ForEsig) {
        return CertificateType::Unknown;
    }
    match *types {
        [] => type_by_certificate(certificate),
        [only] if state.additional_information.is_empty() || informs(state, only) => only,
        _ => CertificateType::Unknown,
    }
}

/// Whether the key of a qualified certificate is on a qualified device.
fn qscd(candidate: &Candidate<'_>, certificate: &Certificate) -> bool {
    use Qualifier::{
        NoQscd, NoSscd, QscdManagedOnBehalf, QscdStatusAsInCert, SscdStatusAsInCert, WithQscd, WithSscd,
    };
    let captured = &candidate.captured;
    let yes = captured.any(&[WithQscd, WithSscd, QscdManagedOnBehalf]);
    let as_in_certificate = captured.any(&[QscdStatusAsInCert, SscdStatusAsInCert]);
    let no = captured.any(&[NoQscd, NoSscd]);
    let post_eidas = candidate.state.start >= EIDAS;
    let outdated = post_eidas && captured.any(&[WithSscd, NoSscd]) && !captured.any(&[WithQscd, NoQscd]);
    // Contradictory qualifiers void what the service says of the device.
    if yes && (no || as_in_certificate) || as_in_certificate && no || outdated {
        return false;
    }
    let (with, without) = if post_eidas {
        (captured.any(&[WithQscd, QscdManagedOnBehalf]), captured.has(NoQscd))
    } else {
        (captured.has(WithSscd), captured.has(NoSscd))
    };
    with || !without && qscd_by_certificate(certificate)
}

fn qscd_by_certificate(certificate: &Certificate) -> bool {
    let policies = &certificate.extensions.policies;
    certificate.extensions.qc_statements.sscd
        || certificate.not_before < EIDAS && policies.iter().any(|oid| oid == QCP_PUBLIC_SSCD)
}

/// The type that the certificate itself says: exactly one QcType; none with QcCompliance is for signatures.
fn type_by_certificate(certificate: &Certificate) -> CertificateType {
    let statements = &certificate.extensions.qc_statements;
    if certificate.not_before < EIDAS {
        let claims = statements.compliance || has_qcp(certificate);
        return if claims { CertificateType::Esig } else { CertificateType::Unknown };
    }
    match statements.types.split_first() {
        None if statements.compliance => CertificateType::Esig,
        Some((only, others)) if others.iter().all(|other| other == only) => match only {
            QcType::Esign => CertificateType::Esig,
            QcType::Eseal => CertificateType::Eseal,
            QcType::Web => CertificateType::Wsa,
        },
        _ => CertificateType::Unknown,
    }
}

fn has_qcp(certificate: &Certificate) -> bool {
    certificate.extensions.policies.iter().any(|oid| oid == QCP_PUBLIC || oid == QCP_PUBLIC_SSCD)
}
