//! Trusted lists (TS 119 612 v2.3, TLv6): the list of lists and two national lists.

use super::certificate::Identity;
use super::jades::Level;
use super::pki::{Evidence, PROVIDER_A, PROVIDER_B, Pki};
use super::xades::{self, Exclusion, Order};
use super::xml::{empty, leaf, node};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::time::Time;

/// Address of the list of lists.
pub const LOTL_URL: &str = "https://lists.sealgate.example/lotl.xml";
/// Address of list XA.
pub const XA_URL: &str = "https://lists.sealgate.example/xa.xml";
/// Address of list XB.
pub const XB_URL: &str = "https://lists.sealgate.example/xb.xml";
/// Where the signers of the list of lists are announced.
pub const ANNOUNCEMENT: &str = "https://journal.sealgate.example/2026/1";

const BASE: &str = "http://uri.etsi.org/TrstSvc/TrustedList";
const SERVICE: &str = "http://uri.etsi.org/TrstSvc/Svctype";
const MIME: &str = "application/vnd.etsi.tsl+xml";

/// A list before it is signed: change a field, then sign it again.
#[derive(Clone)]
pub struct List {
    /// TSLVersionIdentifier.
    pub version: u32,
    /// TSLSequenceNumber.
    pub sequence: u64,
    /// SchemeTerritory.
    pub territory: String,
    /// SchemeOperatorName, English.
    pub operator: String,
    /// ListIssueDateTime.
    pub issued: Time,
    /// NextUpdate; `None` leaves it empty.
    pub next_update: Option<Time>,
    /// Its own address.
    pub url: String,
    /// Pointers: territory, operator, address, certificates that may sign.
    pub pointers: Vec<(String, String, String, Vec<Vec<u8>>)>,
    /// Agreements under which territories pointed to are recognised, as their pointers hold them.
    pub recognised: Vec<(String, String)>,
    /// Providers.
    pub providers: Vec<Provider>,
    /// Bytes of white space in the legal notice, to make it oversized.
    pub padding: usize,
}

/// A trust service provider.
#[derive(Clone)]
pub struct Provider {
    /// TSPName.
    pub name: String,
    /// TSPTradeName: the registration identifier.
    pub identifier: String,
    /// Services.
    pub services: Vec<Service>,
}

/// A trust service.
#[derive(Clone)]
pub struct Service {
    /// ServiceName.
    pub name: String,
    /// Certificate of its digital identity.
    pub certificate: Vec<u8>,
    /// Its key identifier.
    pub key_identifier: Vec<u8>,
    /// Current state first, then the history.
    pub states: Vec<State>,
}

/// A period of a service.
#[derive(Clone)]
pub struct State {
    /// The type's last parts: `CA/QC`, `TSA/QTST`, ...
    pub kind: &'static str,
    /// The status's last part: `granted`, `withdrawn`, ...
    pub status: &'static str,
    /// From when.
    pub start: Time,
    /// Whether it issues for seals (AdditionalServiceInformation).
    pub for_seals: bool,
    /// Whether keys under QCP-l-qscd are managed on the holder's behalf (Qualifications).
    pub managed: bool,
}

impl List {
    /// Whether it is a list of lists.
    pub fn is_list_of_lists(&self) -> bool {
        self.url == LOTL_URL
    }

    /// Signs at its issue time, enveloped, baseline B.
    pub fn sign(&self, signer: &Identity) -> Vec<u8> {
        let canonical = self.canonical();
        let order = Order {
            canonical: &canonical,
            position: canonical.len() - "</TrustServiceStatusList>".len(),
            exclusion: Exclusion::Enveloped,
            signer,
            tsa: signer,
            at: self.issued,
            level: Level::B,
            evidence: Evidence::default(),
            wrong_certificate: false,
            broken_imprint: false,
        };
        xades::seal(&order).into_bytes()
    }

    /// Without any signature.
    pub fn unsigned(&self) -> Vec<u8> {
        self.canonical().into_bytes()
    }

    fn canonical(&self) -> String {
        let mut parts = vec![self.scheme_information()];
        if !self.is_list_of_lists() {
            let providers: Vec<String> = self.providers.iter().map(Provider::xml).collect();
            parts.push(node("TrustServiceProviderList", &providers));
        }
        let tag = format!(
            r#"TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#" Id="list-{}" TSLTag="http://uri.etsi.org/19612/TSLTag""#,
            self.territory
        );
        node(&tag, &parts)
    }

    fn kind(&self) -> &'static str {
        if self.is_list_of_lists() { "EUlistofthelists" } else { "EUgeneric" }
    }

    fn pointer(&self, to: &(String, String, String, Vec<Vec<u8>>)) -> String {
        let (territory, operator, url, certificates) = to;
        let agreements = self.recognised.iter().filter(|(recognised, _)| recognised == territory);
        let kind = if url == LOTL_URL { "EUlistofthelists" } else { "EUgeneric" };
        let identities: Vec<String> = certificates
            .iter()
            .map(|der| node("ServiceDigitalIdentity", &[digital_id("X509Certificate", der)]))
            .collect();
        let mime = format!(
            r#"<additional:MimeType xmlns:additional="http://uri.etsi.org/02231/v2/additionaltypes#">{MIME}</additional:MimeType>"#
        );
        let information: Vec<String> = [
            leaf("TSLType", &format!("{BASE}/TSLType/{kind}")),
            leaf("SchemeTerritory", territory),
            mime,
            named("SchemeOperatorName", operator),
        ]
        .into_iter()
        .chain(agreements.map(|(_, agreement)| agreement.clone()))
        .map(|part| node("OtherInformation", &[part]))
        .collect();
        node(
            "OtherTSLPointer",
            &[
                node("ServiceDigitalIdentities", &identities),
                leaf("TSLLocation", url),
                node("AdditionalInformation", &information),
            ],
        )
    }

    fn scheme_information(&self) -> String {
        let (determination, rules) = match self.kind() {
            "EUgeneric" => ("EUappropriate", "EUcommon"),
            kind => (kind, kind),
        };
        let address = if self.is_list_of_lists() { ANNOUNCEMENT } else { "https://regulator.example/scheme" };
        let purpose = if self.is_list_of_lists() {
            "list of fictitious trusted lists"
        } else {
            "fictitious trusted list"
        };
        let notice =
            format!("A demonstration: nothing here has any legal effect.{}", " ".repeat(self.padding));
        let next_update = match self.next_update {
            Some(at) => node("NextUpdate", &[leaf("dateTime", &at.to_string())]),
            None => empty("NextUpdate"),
        };
        let mut parts = vec![
            leaf("TSLVersionIdentifier", &self.version.to_string()),
            leaf("TSLSequenceNumber", &self.sequence.to_string()),
            leaf("TSLType", &format!("{BASE}/TSLType/{}", self.kind())),
            named("SchemeOperatorName", &self.operator),
            postal("SchemeOperatorAddress", &self.territory, "https://regulator.example/"),
            named("SchemeName", &format!("{}:{purpose}", self.territory)),
            uri("SchemeInformationURI", address),
            leaf("StatusDeterminationApproach", &format!("{BASE}/StatusDetn/{determination}")),
            uri("SchemeTypeCommunityRules", &format!("{BASE}/schemerules/{rules}")),
            leaf("SchemeTerritory", &self.territory),
            node("PolicyOrLegalNotice", &[leaf(r#"TSLLegalNotice xml:lang="en""#, &notice)]),
            leaf("HistoricalInformationPeriod", "65535"),
        ];
        let pointers: Vec<String> = self.pointers.iter().map(|to| self.pointer(to)).collect();
        parts.push(node("PointersToOtherTSL", &pointers));
        parts.push(leaf("ListIssueDateTime", &self.issued.to_string()));
        parts.push(next_update);
        parts.push(node("DistributionPoints", &[leaf("URI", &self.url)]));
        node("SchemeInformation", &parts)
    }
}

fn named(tag: &str, name: &str) -> String {
    node(tag, &[leaf(r#"Name xml:lang="en""#, name)])
}

fn uri(tag: &str, address: &str) -> String {
    node(tag, &[leaf(r#"URI xml:lang="en""#, address)])
}

fn postal(tag: &str, country: &str, address: &str) -> String {
    let place = node(
        r#"PostalAddress xml:lang="en""#,
        &[
            leaf("StreetAddress", "1 Clover Lane"),
            leaf("Locality", "Meadowgate"),
            leaf("PostalCode", "1000"),
            leaf("CountryName", country),
        ],
    );
    let electronic = [leaf(r#"URI xml:lang="en""#, address)];
    node(tag, &[node("PostalAddresses", &[place]), node("ElectronicAddress", &electronic)])
}

fn digital_id(tag: &str, value: &[u8]) -> String {
    node("DigitalId", &[leaf(tag, &STANDARD.encode(value))])
}

impl Provider {
    fn xml(&self) -> String {
        let information = node(
            "TSPInformation",
            &[
                named("TSPName", &self.name),
                named("TSPTradeName", &self.identifier),
                postal("TSPAddress", &self.identifier[3..5], "https://provider.example/"),
                uri("TSPInformationURI", "https://provider.example/policies"),
            ],
        );
        let services: Vec<String> = self.services.iter().map(Service::xml).collect();
        node("TrustServiceProvider", &[information, node("TSPServices", &services)])
    }
}

impl Service {
    fn xml(&self) -> String {
        let (current, history) = self.states.split_first().unwrap();
        let mut parts = vec![self.state("ServiceInformation", current, true)];
        if !history.is_empty() {
            let history: Vec<String> =
                history.iter().map(|state| self.state("ServiceHistoryInstance", state, false)).collect();
            parts.push(node("ServiceHistory", &history));
        }
        node("TSPService", &parts)
    }

    fn state(&self, tag: &str, state: &State, current: bool) -> String {
        // A historical instance names the key without repeating the certificate (TS 119 612, 5.6.3).
        let mut identity = Vec::new();
        if current {
            identity.push(digital_id("X509Certificate", &self.certificate));
        }
        identity.push(digital_id("X509SKI", &self.key_identifier));
        let mut parts = vec![
            leaf("ServiceTypeIdentifier", &format!("{SERVICE}/{}", state.kind)),
            named("ServiceName", &self.name),
            node("ServiceDigitalIdentity", &identity),
            leaf("ServiceStatus", &format!("{BASE}/Svcstatus/{}", state.status)),
            leaf("StatusStartingTime", &state.start.to_string()),
        ];
        let mut extensions = Vec::new();
        if state.managed {
            extensions.push(qualifications());
        }
        if state.for_seals {
            let information = uri("AdditionalServiceInformation", &format!("{BASE}/SvcInfoExt/ForeSeals"));
            extensions.push(node(r#"Extension Critical="true""#, &[information]));
        }
        if !extensions.is_empty() {
            parts.push(node("ServiceInformationExtensions", &extensions));
        }
        node(tag, &parts)
    }
}

// QCQSCDManagedOnBehalf for certificates under QCP-l-qscd that carry no nested doubt about their use.
fn qualifications() -> String {
    let identifier = r#"<xades:Identifier xmlns:xades="http://uri.etsi.org/01903/v1.3.2#">0.4.0.194112.1.3</xades:Identifier>"#;
    let policy = node("sie:PolicySet", &[node("sie:PolicyIdentifier", &[identifier.to_owned()])]);
    let usage = leaf(r#"sie:KeyUsageBit name="nonRepudiation""#, "true");
    let usage = node("sie:KeyUsage", &[usage]);
    let criteria = node(r#"sie:CriteriaList assert="all""#, &[usage, policy]);
    let qualifier = empty(&format!(r#"sie:Qualifier uri="{BASE}/SvcInfoExt/QCQSCDManagedOnBehalf""#));
    let element = node("sie:QualificationElement", &[node("sie:Qualifiers", &[qualifier]), criteria]);
    let namespace = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#";
    let qualifications = node(&format!(r#"sie:Qualifications xmlns:sie="{namespace}""#), &[element]);
    node(r#"Extension Critical="true""#, &[qualifications])
}

/// The three lists of the demonstration: list of lists, XA, XB.
pub fn lists(pki: &Pki) -> [List; 3] {
    let day = |days: i64| pki.reference.plus_seconds(days * 86_400);
    let list = |territory: &str, operator: &str, url: &str, sequence: u64| List {
        version: 6,
        sequence,
        territory: territory.to_owned(),
        operator: operator.to_owned(),
        issued: day(-1),
        next_update: Some(pki.far()),
        url: url.to_owned(),
        pointers: Vec::new(),
        recognised: Vec::new(),
        providers: Vec::new(),
        padding: 0,
    };
    let mut lotl = list("EU", "Demonstration List Office", LOTL_URL, 12);
    let mut xa = list("XA", "Arcadian Trust Regulator", XA_URL, 7);
    let mut xb = list("XB", "Borean Trust Regulator", XB_URL, 4);
    let to = |list: &List, signers: &[&Identity]| {
        let certificates = signers.iter().map(|signer| signer.der.clone()).collect();
        (list.territory.clone(), list.operator.clone(), list.url.clone(), certificates)
    };
    let self_pointer = to(&lotl, &[&pki.lotl_signer]);
    lotl.pointers = vec![self_pointer.clone(), to(&xa, &[&pki.xa_signer]), to(&xb, &[&pki.xb_signer])];
    xa.pointers = vec![self_pointer.clone()];
    xb.pointers = vec![self_pointer];
    let state = |kind, status, start, for_seals, managed| State { kind, status, start, for_seals, managed };
    let service = |name: &str, identity: &Identity, states: Vec<State>| Service {
        name: name.to_owned(),
        certificate: identity.der.clone(),
        key_identifier: identity.key.identifier(),
        states,
    };
    let seals = vec![
        state("CA/QC", "granted", day(-365 * 4), true, true),
        state("CA/QC", "granted", day(-365 * 6), true, false),
    ];
    xa.providers = vec![Provider {
        name: PROVIDER_A.0.to_owned(),
        identifier: PROVIDER_A.1.to_owned(),
        services: vec![
            service("Hive qualified certificates for seals", &pki.seal_ca, seals),
            service(
                "Hive qualified time-stamps",
                &pki.tsa,
                vec![state("TSA/QTST", "granted", day(-365 * 3), false, false)],
            ),
        ],
    }];
    let withdrawn = vec![
        state("CA/QC", "withdrawn", pki.withdrawn_at(), true, false),
        state("CA/QC", "granted", day(-365 * 6), true, false),
    ];
    let advanced = vec![state("CA/PKC", "recognisedatnationallevel", day(-365 * 6), false, false)];
    xb.providers = vec![Provider {
        name: PROVIDER_B.0.to_owned(),
        identifier: PROVIDER_B.1.to_owned(),
        services: vec![
            service("Northern Wax qualified certificates for seals", &pki.withdrawn_ca, withdrawn),
            service("Northern Wax advanced certificates", &pki.advanced_ca, advanced),
        ],
    }];
    [lotl, xa, xb]
}

/// An agreement on services of a type (MutualRecognitionAgreementInformation): its status and since when, newest first.
pub fn agreement(service_type: &str, statuses: &[(&str, &str)]) -> String {
    let status = |(status, since): &(&str, &str)| {
        let status = format!("http://ec.europa.eu/tools/lotl/mra/schema/v2/status/{status}");
        let since = if since.is_empty() {
            String::new()
        } else {
            leaf("mra:TrustServiceEquivalenceStatusStartingTime", since)
        };
        leaf("mra:TrustServiceEquivalenceStatus", &status) + &since
    };
    let kind = node(
        "mra:TrustServiceTSLType",
        &[leaf("ServiceTypeIdentifier", &format!("{SERVICE}/{service_type}"))],
    );
    let kinds = node(
        "mra:TrustServiceTSLTypeEquivalenceList",
        &[node("mra:TrustServiceTSLTypeListPointedParty", &[kind])],
    );
    let (newest, older) = statuses.split_first().unwrap();
    let older: Vec<String> = older
        .iter()
        .map(|older| node("mra:TrustServiceEquivalenceHistoryInstance", &[status(older)]))
        .collect();
    let information = node(
        "mra:TrustServiceEquivalenceInformation",
        &[kinds, status(newest), node("mra:TrustServiceEquivalenceHistory", &older)],
    );
    node(
        r#"mra:MutualRecognitionAgreementInformation xmlns:mra="http://ec.europa.eu/tools/lotl/mra/schema/v2#" pointedContractingPartyLegislation="Arcadian law""#,
        &[information],
    )
}
