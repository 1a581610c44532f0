use super::*;
use crate::time::Time;
use crate::trust::list::{Assert, Criteria, Criterion, Qualification};

fn read(text: &str) -> Result<TrustedList, NotAList> {
    let document = Document::parse(text).unwrap();
    TrustedList::read(&document, &Certificates::default(), &ListLimits::default())
}

fn list(services: &str) -> String {
    format!(
        r#"<t:TrustServiceStatusList xmlns:t="http://uri.etsi.org/02231/v2#" xmlns="http://uri.etsi.org/02231/v2#"
            xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
            xmlns:a="http://uri.etsi.org/02231/v2/additionaltypes#" xmlns:x="http://uri.etsi.org/01903/v1.3.2#"
            xmlns:d="http://www.w3.org/2000/09/xmldsig#">
        <SchemeInformation><TSLVersionIdentifier> 6 </TSLVersionIdentifier><TSLSequenceNumber>7</TSLSequenceNumber>
        <TSLType>T</TSLType><SchemeOperatorName><Name xml:lang="el">Αρχή</Name><Name xml:lang="en">Authority</Name>
        </SchemeOperatorName><SchemeInformationURI><URI xml:lang="en">https://a/p<!-- -->.xml</URI></SchemeInformationURI>
        <SchemeTerritory>XX</SchemeTerritory><ListIssueDateTime>2026-01-01T00:00:00Z</ListIssueDateTime><NextUpdate/>
        </SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName>
        <Name xml:lang="de">Anbieter</Name></TSPName><TSPTradeName><Name xml:lang="en">Trade</Name>
        <Name xml:lang="en">VATXX-123</Name></TSPTradeName></TSPInformation><TSPServices>{services}</TSPServices>
        </TrustServiceProvider></TrustServiceProviderList></t:TrustServiceStatusList>"#
    )
}

fn state(start: &str, rest: &str) -> String {
    format!(
        "<ServiceTypeIdentifier>S</ServiceTypeIdentifier><ServiceName><Name xml:lang='en'>One</Name></ServiceName>\
         <ServiceStatus>granted</ServiceStatus><StatusStartingTime>{start}</StatusStartingTime>{rest}"
    )
}

fn service(state: &str, history: &str) -> String {
    format!(
        "<TSPService><ServiceInformation>{state}</ServiceInformation><ServiceHistory>{history}</ServiceHistory>\
         </TSPService>"
    )
}

fn past(state: &str) -> String {
    format!("<ServiceHistoryInstance>{state}</ServiceHistoryInstance>")
}

#[test]
fn the_scheme_is_read_english_first_and_past_comments() {
    let list = read(&list("")).unwrap();
    assert_eq!((list.version, list.sequence, &*list.territory, &*list.operator), (6, 7, "XX", "Authority"));
    assert_eq!(*list.scheme_information, [Arc::from("https://a/p.xml")]);
    assert_eq!(list.next_update, None);
    assert!(list.issued.is_some());
}

#[test]
fn periods_end_where_the_next_newer_begins_whatever_their_order_in_the_list() {
    let history = past(&state("2016-07-01T00:00:00Z", "")) + &past(&state("2018-01-01T00:00:00Z", ""));
    let list = read(&list(&service(&state("2020-01-01T00:00:00Z", ""), &history))).unwrap();
    let service = &list.services[0];
    assert_eq!((&*service.provider, service.provider_identifier.as_deref()), ("Anbieter", Some("VATXX-123")));
    let at = |text: &str| service.state_at(Time::parse_rfc3339(text).unwrap()).map(|(index, _)| index);
    assert_eq!(at("2016-06-30T23:59:59Z"), None);
    assert_eq!(at("2016-07-01T00:00:00Z"), Some(2));
    assert_eq!(at("2017-12-31T23:59:59Z"), Some(2));
    assert_eq!(at("2018-01-01T00:00:00Z"), Some(1));
    assert_eq!(at("2020-01-01T00:00:00Z"), Some(0));
    assert_eq!(at("2126-01-01T00:00:00Z"), Some(0));
}

#[test]
fn what_cannot_be_read_spoils_only_itself() {
    let good = state("2020-01-01T00:00:00Z", "");
    let identity = "<ServiceDigitalIdentity><DigitalId><X509Certificate>AAAA</X509Certificate></DigitalId>\
                    <DigitalId><X509SKI>AQI=</X509SKI></DigitalId></ServiceDigitalIdentity>";
    let services = service(&state("yesterday", ""), "")
        + &service("", "")
        + &service(&good, &(past(&state("?", "")) + &past(&state("2016-07-01T00:00:00Z", ""))))
        + &service(&state("2020-01-01T00:00:00Z", identity), "");
    let list = read(&list(&services)).unwrap();
    assert_eq!(list.services.len(), 2);
    assert_eq!(list.services[0].history.len(), 1, "no period is stretched over an unreadable one");
    assert!(list.services[1].certificates.is_empty());
    assert_eq!(list.services[1].key_identifiers, [[1, 2]]);
    let notes = list.notes.join("\n");
    for what in ["\"yesterday\"", "no StatusStartingTime", "history of service One", "certificate left out"] {
        assert!(notes.contains(what), "{notes}");
    }
}

#[test]
fn extensions_and_criteria_are_read_and_unknown_ones_named() {
    let extensions = "<ServiceInformationExtensions>\
        <Extension Critical='true'><AdditionalServiceInformation><URI>asi</URI></AdditionalServiceInformation></Extension>\
        <Extension Critical='true'><q:Qualifications><q:QualificationElement><q:Qualifiers><q:Qualifier uri='qq'/></q:Qualifiers>\
        <q:CriteriaList assert='atLeastOne'><q:KeyUsage><q:KeyUsageBit name='nonRepudiation'>true</q:KeyUsageBit></q:KeyUsage>\
        <q:PolicySet><q:PolicyIdentifier><x:Identifier Qualifier='OIDAsURN'>urn:oid:1.2.3</x:Identifier></q:PolicyIdentifier></q:PolicySet>\
        <q:CriteriaList assert='none'><q:otherCriteriaList><a:CertSubjectDNAttribute><a:AttributeOID><x:Identifier>2.5.4.10</x:Identifier>\
        </a:AttributeOID></a:CertSubjectDNAttribute><a:Moon/></q:otherCriteriaList></q:CriteriaList></q:CriteriaList>\
        </q:QualificationElement></q:Qualifications></Extension>\
        <Extension Critical='true'><Sun/></Extension><Extension Critical='false'><Star/></Extension>\
        <Extension Critical='false'><ExpiredCertsRevocationInfo>2010-01-01T00:00:00Z</ExpiredCertsRevocationInfo></Extension>\
        </ServiceInformationExtensions>";
    let list = read(&list(&service(&state("2020-01-01T00:00:00Z", extensions), ""))).unwrap();
    let state = &list.services[0].history[0];
    assert_eq!(*state.additional_information, [Arc::from("asi")]);
    assert_eq!(*state.unknown_critical, [Arc::from("Sun")]);
    assert_eq!(state.expired_certs_revocation_info, Time::parse_rfc3339("2010-01-01T00:00:00Z"));
    let nested = Criteria {
        assert: Assert::None,
        criteria: vec![
            Criterion::SubjectAttributes(vec![Arc::from("2.5.4.10")]),
            Criterion::Unknown(Arc::from("Moon")),
        ],
    };
    let expected = Criteria {
        assert: Assert::AtLeastOne,
        criteria: vec![
            Criterion::KeyUsage(vec![(1, true)]),
            Criterion::Policies(vec![Arc::from("1.2.3")]),
            Criterion::Nested(nested),
        ],
    };
    assert_eq!(
        state.qualifications,
        [Qualification { qualifiers: vec![Arc::from("qq")], criteria: expected }]
    );
}

#[test]
fn what_is_no_list_is_refused_with_what_was_expected() {
    let good = list("");
    for (text, expected) in [
        ("<a/>".to_owned(), "expected a TrustServiceStatusList, found {}a"),
        (good.replace(" 6 ", "six"), "expected TSLVersionIdentifier, found \"six\""),
        (good.replace(">7<", ">-1<"), "expected TSLSequenceNumber, found \"-1\""),
        (good.replace(">XX<", "><"), "expected SchemeTerritory, found nothing in it"),
        (
            good.replace("<SchemeTerritory>", "<SchemeTerritory>YY</SchemeTerritory><SchemeTerritory>"),
            "expected SchemeTerritory, found several",
        ),
    ] {
        assert_eq!(read(&text).unwrap_err().to_string(), expected);
    }
    let two = service(&state("2020-01-01T00:00:00Z", ""), "").repeat(2);
    let document = list(&two);
    let document = Document::parse(&document).unwrap();
    let limits = ListLimits { periods: 1, ..ListLimits::default() };
    assert!(TrustedList::read(&document, &Certificates::default(), &limits).is_err());
}

#[test]
fn registration_identifiers_are_told_from_trade_names() {
    for good in ["VATSI-36448308", "NTREE-10747013", "LU:AB-1"] {
        assert!(is_registration_identifier(good), "{good}");
    }
    for bad in ["", "A-Trust", "VAT-1", "VATSI-", "VATsi-1", "Ä-1", "ABCDE-1"] {
        assert!(!is_registration_identifier(bad), "{bad}");
    }
}
