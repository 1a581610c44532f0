//! One rule at a time, on services and certificates built for it.

use super::*;
use crate::certificate::{Extensions, KeyUsage, QcStatements, QcType};
use crate::trust::list::{
    Assert, Criteria, Criterion, Equivalence, ListedCertificate, MutualRecognition, Qualification,
    ServiceState,
};
use crate::trust::snapshot::{Condition, ListState};
use CertificateQualification as C;
use std::collections::BTreeMap;
use std::sync::Mutex;

const SVC: &str = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/";

fn t(text: &str) -> Time {
    Time::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap()
}

/// A certificate of this name that says what `extensions` say; the same name has the same key.
fn certificate(name: &'static str, not_before: &str, extensions: Extensions) -> Arc<Certificate> {
    static MADE: Mutex<BTreeMap<&str, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let made = MADE.lock().unwrap().entry(name).or_insert_with(|| made(name)).clone();
    let mut parsed = Certificate::parse(&made).unwrap();
    (parsed.not_before, parsed.extensions) = (t(not_before), extensions);
    Arc::new(parsed)
}

fn made(name: &str) -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.distinguished_name.push(rcgen::DnType::OrganizationName, "Org");
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// A seal certificate as qualified providers issue it now.
fn seal() -> Extensions {
    let statements =
        QcStatements { compliance: true, sscd: true, types: vec![QcType::Eseal], ..QcStatements::default() };
    Extensions { qc_statements: statements, policies: vec!["1.2.3".into()], ..Extensions::default() }
}

fn state(status: &str, start: &str) -> ServiceState {
    ServiceState {
        service_type: Arc::from("http://uri.etsi.org/TrstSvc/Svctype/CA/QC"),
        name: Arc::from("CA"),
        status: Arc::from(format!("http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{status}")),
        start: t(start),
        end: None,
        additional_information: ["ForeSignatures", "ForeSeals"]
            .map(|n| Arc::from(format!("{SVC}{n}")))
            .to_vec(),
        qualifications: Vec::new(),
        expired_certs_revocation_info: None,
        unknown_critical: Vec::new(),
    }
}

fn granted() -> ServiceState {
    state("granted", "2017-01-01")
}

/// The state with qualifiers for certificates with policy 1.2.3.
fn with(mut state: ServiceState, qualifiers: &[&str]) -> ServiceState {
    state.qualifications.push(Qualification {
        qualifiers: qualifiers.iter().map(|name| Arc::from(format!("{SVC}{name}"))).collect(),
        criteria: Criteria {
            assert: Assert::All,
            criteria: vec![Criterion::Policies(vec![Arc::from("1.2.3")])],
        },
    });
    state
}

fn informing(mut state: ServiceState, names: &[&str]) -> ServiceState {
    state.additional_information = names.iter().map(|name| Arc::from(format!("{SVC}{name}"))).collect();
    state
}

fn service(history: Vec<ServiceState>) -> Service {
    Service {
        territory: Arc::from("XX"),
        provider: Arc::from("P"),
        provider_identifier: None,
        certificates: vec![Arc::new(ListedCertificate::of(&certificate(
            "CA",
            "2010-01-01",
            Extensions::default(),
        )))],
        key_identifiers: Vec::new(),
        subject_names: Vec::new(),
        keys: Vec::new(),
        history,
        mutual_recognition: None,
    }
}

fn snapshot(services: Vec<Service>) -> Snapshot {
    let list = ListState::new("XX", "https://xx/", Condition::Accepted);
    let lists = vec![(list, services.into_iter().map(Arc::new).collect())];
    let mut snapshot = Snapshot::assemble("eu", None, lists);
    snapshot.qualifies = true;
    snapshot
}

/// Qualifies a signature of 2024 by a certificate of 2020 under these services.
fn of(services: Vec<Service>, extensions: Extensions) -> Qualified {
    issued("2020-01-01", services, extensions)
}

fn issued(not_before: &str, services: Vec<Service>, extensions: Extensions) -> Qualified {
    let chain = [
        certificate("signer", not_before, extensions),
        certificate("between", "2010-01-01", Extensions::default()),
        certificate("CA", "2010-01-01", Extensions::default()),
    ];
    qualify(&snapshot(services), &chain, t("2024-01-01"), Indication3::Passed)
}

/// Under one service whose only period is `state`.
fn under(state: ServiceState, extensions: Extensions) -> CertificateQualification {
    let qualified = of(vec![service(vec![state])], extensions);
    assert_eq!(qualified.certificate_at_issuance, qualified.certificate_at_signing);
    qualified.certificate_at_signing
}

fn edited(edit: impl FnOnce(&mut Extensions)) -> Extensions {
    let mut extensions = seal();
    edit(&mut extensions);
    extensions
}

#[test]
fn a_granted_issuer_of_seal_certificates_on_a_device_makes_a_qualified_seal() {
    let qualified = of(vec![service(vec![granted()])], seal());
    assert_eq!(qualified.signature, SignatureQualification::QeSeal);
    assert_eq!(qualified.certificate_at_issuance, C::QcForEsealQscd);
    assert_eq!(qualified.service, Some((0, 0)));
    assert!(
        qualified.findings.iter().all(|finding| finding.status == Status::Passed),
        "{:#?}",
        qualified.findings
    );
}

#[test]
fn without_a_service_in_the_chain_it_is_not_applicable() {
    let chain = [certificate("signer", "2020-01-01", seal())];
    for chain in [&chain[..], &[]] {
        let qualified =
            qualify(&snapshot(vec![service(vec![granted()])]), chain, t("2024-01-01"), Indication3::Failed);
        assert_eq!(qualified.signature, SignatureQualification::NotApplicable);
        assert_eq!(qualified.service, None);
    }
}

#[test]
fn a_service_not_listed_then_not_ca_qc_or_not_granted_leaves_a_certificate_that_is_not_qualified() {
    let elsewhere =
        ServiceState { service_type: Arc::from("http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"), ..granted() };
    for state in [state("granted", "2025-01-01"), elsewhere, state("withdrawn", "2017-01-01")] {
        let qualified = of(vec![service(vec![state])], seal());
        assert_eq!(qualified.certificate_at_signing, C::CertForEseal);
        assert_eq!(qualified.signature, SignatureQualification::Adeseal, "and not N/A");
        assert_eq!(qualified.service, Some((0, 0)), "but the service reached is named");
    }
}

#[test]
fn qualified_means_at_issuance_and_at_signing() {
    let withdrawn_since = |when| {
        let older = ServiceState { end: Some(t(when)), ..granted() };
        of(vec![service(vec![state("withdrawn", when), older])], seal())
    };
    assert_eq!(withdrawn_since("2024-06-01").signature, SignatureQualification::QeSeal);
    let between = withdrawn_since("2022-01-01");
    assert_eq!(
        (between.certificate_at_issuance, between.certificate_at_signing),
        (C::QcForEsealQscd, C::CertForEseal)
    );
    assert_eq!(between.signature, SignatureQualification::Adeseal);
}

#[test]
fn the_certificate_alone_needs_qc_compliance_and_no_foreign_legislation() {
    assert_eq!(under(granted(), edited(|e| e.qc_statements.compliance = false)), C::CertForEseal);
    assert_eq!(
        under(granted(), edited(|e| e.qc_statements.legislation = vec!["CH".into()])),
        C::CertForEseal
    );
    assert_eq!(under(granted(), edited(|e| e.qc_statements.sscd = false)), C::QcForEseal);
}

#[test]
fn the_list_overrules_whether_it_is_qualified() {
    let plain = edited(|e| e.qc_statements.compliance = false);
    assert_eq!(under(with(granted(), &["QCStatement"]), plain), C::QcForEsealQscd);
    assert_eq!(under(with(granted(), &["NotQualified"]), seal()), C::CertForEseal);
    assert_eq!(under(with(granted(), &["NotQualified", "QCStatement"]), seal()), C::CertForEseal);
    let other = edited(|e| e.policies = vec!["9.9".into()]);
    assert_eq!(under(with(granted(), &["NotQualified"]), other), C::QcForEsealQscd, "criteria not met");
}

#[test]
fn the_type_must_be_one_that_the_service_issues_or_the_list_puts_in_its_place() {
    let signatures = informing(granted(), &["ForeSignatures"]);
    assert_eq!(under(signatures.clone(), seal()), C::CertForEseal);
    assert_eq!(under(with(signatures.clone(), &["QCForESig"]), seal()), C::QcForEsigQscd);
    assert_eq!(under(with(signatures.clone(), &["QCForESeal"]), seal()), C::CertForEseal);
    let plain = || edited(|e| e.qc_statements.types.clear());
    assert_eq!(under(signatures.clone(), plain()), C::QcForEsigQscd, "no QcType is for signatures");
    assert_eq!(
        under(with(signatures, &["QCForLegalPerson"]), plain()),
        C::CertForEsig,
        "a legal person does not sign"
    );
    let two = || edited(|e| e.qc_statements.types = vec![QcType::Eseal, QcType::Esign]);
    assert_eq!(under(granted(), two()), C::QcForUnknownQscd);
    assert_eq!(under(with(granted(), &["QCForESeal"]), two()), C::QcForEsealQscd);
    assert_eq!(under(with(granted(), &["QCForESeal", "QCForESig"]), seal()), C::QcForUnknownQscd);
    let web = informing(granted(), &["ForWebSiteAuthentication"]);
    let qualified = of(vec![service(vec![web])], edited(|e| e.qc_statements.types = vec![QcType::Web]));
    assert_eq!(qualified.certificate_at_signing, C::QcForWsa);
    assert_eq!(qualified.signature, SignatureQualification::NotAdes);
}

#[test]
fn the_list_overrules_the_device() {
    let soft = || edited(|e| e.qc_statements.sscd = false);
    for (qualifiers, extensions, expected) in [
        (&["QCWithQSCD"][..], soft(), C::QcForEsealQscd),
        (&["QCQSCDManagedOnBehalf"], soft(), C::QcForEsealQscd),
        (&["QCQSCDStatusAsInCert"], soft(), C::QcForEseal),
        (&["QCQSCDStatusAsInCert"], seal(), C::QcForEsealQscd),
        (&["QCNoQSCD"], seal(), C::QcForEseal),
        (&["QCWithQSCD", "QCNoQSCD"], seal(), C::QcForEseal),
        (&["QCWithQSCD", "QCQSCDStatusAsInCert"], seal(), C::QcForEseal),
        (&["QCWithSSCD"], soft(), C::QcForEseal),
        (&["QCWithSSCD", "QCWithQSCD"], soft(), C::QcForEsealQscd),
    ] {
        assert_eq!(under(with(granted(), qualifiers), extensions), expected, "{qualifiers:?}");
    }
}

#[test]
fn before_eidas_services_are_supervised_and_certificates_for_signatures() {
    let old = |status: &str| ServiceState { end: Some(t("2016-07-01")), ..state(status, "2012-01-01") };
    let qcp_plus = || Extensions { policies: vec!["0.4.0.1456.1.1".into()], ..Extensions::default() };
    let at = |status: &str, qualifiers: &[&str], extensions: Extensions| {
        let now = state("granted", "2016-07-01");
        issued("2014-01-01", vec![service(vec![now, with(old(status), qualifiers)])], extensions)
            .certificate_at_issuance
    };
    for status in ["undersupervision", "supervisionincessation", "accredited"] {
        assert_eq!(at(status, &[], qcp_plus()), C::QcForEsigQscd, "{status}");
    }
    for status in ["granted", "supervisionceased", "accreditationrevoked"] {
        assert_eq!(at(status, &[], qcp_plus()), C::CertForEsig, "{status}");
    }
    assert_eq!(
        at("accredited", &[], edited(|e| e.qc_statements.sscd = false)),
        C::QcForEsig,
        "whatever QcType says"
    );
    assert_eq!(at("accredited", &["QCWithSSCD"], edited(|e| e.qc_statements.sscd = false)), C::QcForEsigQscd);
    assert_eq!(at("accredited", &["QCForESeal"], seal()), C::QcForUnknownQscd);
    assert_eq!(at("accredited", &[], Extensions::default()), C::CertForUnknown);
}

#[test]
fn services_that_contradict_each_other_decide_nothing() {
    let both = |second| of(vec![service(vec![granted()]), service(vec![second])], seal());
    assert_eq!(both(state("withdrawn", "2018-01-01")).signature, SignatureQualification::NotApplicable);
    assert_eq!(both(with(granted(), &["QCNoQSCD"])).signature, SignatureQualification::NotApplicable);
    assert_eq!(
        both(with(granted(), &["QCWithQSCD"])).signature,
        SignatureQualification::QeSeal,
        "differently said"
    );
    let elsewhere = informing(granted(), &["ForeSignatures"]);
    assert_eq!(both(elsewhere).signature, SignatureQualification::QeSeal, "not for seals, so not asked");
}

#[test]
fn what_is_not_understood_never_qualifies() {
    let unknown = |qualifier: &str, assert, rest: Vec<Criterion>| {
        let criteria =
            Criteria { assert, criteria: [vec![Criterion::Unknown(Arc::from("Moon"))], rest].concat() };
        let element = Qualification { qualifiers: vec![Arc::from(format!("{SVC}{qualifier}"))], criteria };
        ServiceState { qualifications: vec![element], ..granted() }
    };
    let plain = || edited(|e| (e.qc_statements.compliance, e.qc_statements.sscd) = (false, false));
    for assert in [Assert::All, Assert::AtLeastOne, Assert::None] {
        assert_eq!(under(unknown("QCStatement", assert, vec![]), plain()), C::CertForEseal);
        assert_eq!(
            under(unknown("NotQualified", assert, vec![]), seal()),
            C::CertForEseal,
            "it may be meant"
        );
        assert_eq!(under(unknown("QCNoQSCD", assert, vec![]), seal()), C::QcForEseal);
        assert_eq!(
            under(unknown("QCWithQSCD", assert, vec![]), edited(|e| e.qc_statements.sscd = false)),
            C::QcForEseal
        );
    }
    let met = vec![Criterion::Policies(vec![Arc::from("1.2.3")])];
    let unmet = vec![Criterion::Policies(vec![Arc::from("9.9")])];
    assert_eq!(
        under(unknown("QCStatement", Assert::AtLeastOne, met.clone()), plain()),
        C::QcForEseal,
        "met without it"
    );
    assert_eq!(
        under(unknown("NotQualified", Assert::All, unmet), seal()),
        C::QcForEsealQscd,
        "unmet without it"
    );
    assert_eq!(
        under(unknown("NotQualified", Assert::None, met), seal()),
        C::QcForEsealQscd,
        "unmet without it"
    );
    let critical = ServiceState { unknown_critical: vec![Arc::from("Sun")], ..granted() };
    assert_eq!(under(critical, seal()), C::CertForEseal);
}

#[test]
fn criteria_look_at_the_signer_certificate() {
    let oid = |text: &str| vec![Arc::from(text)];
    let statement = |qc_type: Option<&str>, legislation: Option<&str>| Criterion::QcStatement {
        oid: Arc::from("0.4.0.1862.1.6"),
        qc_type: qc_type.map(Arc::from),
        legislation: legislation.map(Arc::from),
    };
    let signer = certificate(
        "signer",
        "2020-01-01",
        edited(|e| {
            e.key_usage = Some(KeyUsage(KeyUsage::NON_REPUDIATION));
            e.extended_key_usage = Some(vec!["1.3.6".into()]);
            e.qc_statements.statements = vec!["0.4.0.1862.1.6".into()];
        }),
    );
    for (criterion, expected) in [
        (Criterion::KeyUsage(vec![(1, true), (0, false)]), true),
        (Criterion::KeyUsage(vec![(1, true), (0, true)]), false),
        (Criterion::KeyUsage(vec![(200, true)]), false),
        (Criterion::Policies(oid("1.2.3")), true),
        (Criterion::Policies(vec![Arc::from("1.2.3"), Arc::from("1.2.4")]), false),
        (Criterion::Policies(vec![]), false),
        (Criterion::SubjectAttributes(oid("2.5.4.10")), true),
        (Criterion::SubjectAttributes(oid("2.5.4.42")), false),
        (Criterion::ExtendedKeyUsage(oid("1.3.6")), true),
        (Criterion::ExtendedKeyUsage(oid("1.3.7")), false),
        (statement(None, None), true),
        (statement(Some("0.4.0.1862.1.6.2"), None), true),
        (statement(Some("0.4.0.1862.1.6.1"), None), false),
        (statement(None, Some("CH")), false),
    ] {
        let name = format!("{criterion:?}");
        let decide = |assert| Criteria { assert, criteria: vec![criterion.clone()] }.hold_for(&signer);
        assert_eq!(decide(Assert::All), Some(expected), "{name}");
        assert_eq!(decide(Assert::AtLeastOne), Some(expected), "{name}");
        assert_eq!(decide(Assert::None), Some(!expected), "{name}");
    }
    assert_eq!(Criteria { assert: Assert::All, criteria: vec![] }.hold_for(&signer), None);
}

#[test]
fn under_mutual_recognition_a_service_counts_only_while_its_equivalence_is_in_force() {
    let recognised = |statuses: Vec<(bool, Time)>| {
        let service_type = Arc::from("http://uri.etsi.org/TrstSvc/Svctype/CA/QC");
        let equivalences = vec![Equivalence { service_type, statuses }];
        let agreement = MutualRecognition { legislation: "XX".into(), equivalences };
        let service = Service { mutual_recognition: Some(Arc::new(agreement)), ..service(vec![granted()]) };
        let qualified = of(vec![service], seal());
        (qualified.certificate_at_issuance, qualified.certificate_at_signing)
    };
    let (yes, no) = (C::QcForEsealQscd, C::CertForEseal);
    assert_eq!(recognised(vec![(true, t("2019-01-01"))]), (yes, yes));
    assert_eq!(recognised(vec![(true, t("2022-01-01"))]), (no, yes));
    assert_eq!(recognised(vec![(false, t("2022-01-01")), (true, t("2019-01-01"))]), (yes, no));
    assert_eq!(recognised(vec![]), (no, no));
}

#[test]
fn the_indication_decides_between_signature_and_not() {
    let chain = [certificate("CA", "2020-01-01", seal())];
    let snapshot = snapshot(vec![service(vec![granted()])]);
    for (indication, expected) in [
        (Indication3::Passed, "QESeal"),
        (Indication3::Indeterminate, "Indeterminate QESeal"),
        (Indication3::Failed, "Not AdES but QC with QSCD"),
    ] {
        assert_eq!(qualify(&snapshot, &chain, t("2024-01-01"), indication).signature.to_string(), expected);
    }
}

#[test]
fn a_timestamp_is_qualified_by_a_qtst_service_granted_when_it_was_made() {
    let unit = |status: &str| ServiceState {
        service_type: Arc::from("http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"),
        ..state(status, "2017-01-01")
    };
    let chain = [
        certificate("tsu", "2020-01-01", Extensions::default()),
        certificate("CA", "2010-01-01", Extensions::default()),
    ];
    let of = |services: Vec<Service>, at: &str| qualify_timestamp(&snapshot(services), &chain, t(at));
    let tsa = |status: &str| vec![service(vec![unit(status)])];
    assert_eq!(of(tsa("granted"), "2024-01-01"), TimestampQualification::Qtsa);
    assert_eq!(
        of(tsa("granted"), "2016-12-31"),
        TimestampQualification::Tsa,
        "before the service was granted"
    );
    assert_eq!(of(tsa("withdrawn"), "2024-01-01"), TimestampQualification::Tsa);
    assert_eq!(
        of(vec![service(vec![granted()])], "2024-01-01"),
        TimestampQualification::Tsa,
        "a CA/QC is no QTST"
    );
    assert_eq!(of(Vec::new(), "2024-01-01"), TimestampQualification::NotApplicable);
}
