//! Pieces made with openssl by `fixtures/make.sh`, and what becomes of them when they are bent.

use super::build::{entry, extension, list, loosen, name, primitive, unhex, wrap};
use super::material::{Kind, find, shared};
use sealgate::catalogue::Words;
use sealgate::certificate::{Certificate, Name};
use sealgate::format::Limits;
use sealgate::format::cms::{NotSignedData, SignedData, Trailing};
use sealgate::format::der::{Reader, Tag};
use sealgate::revocation::ocsp::{OcspResponse, ResponderId};
use sealgate::revocation::{CertificateStatus, RevocationStore, crl::Crl};
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm, Verification};
use sealgate::signature::{Declared, Imprint};
use sealgate::time::Time;
use sealgate::timestamp::{ImprintOutcome, NotAToken, ReferenceMatch, Token, TokenSignature};
use std::sync::Arc;

const CA: &str = include_str!("fixtures/ca.hex");
const LEAF: &str = include_str!("fixtures/leaf.hex");
const TSA: &str = include_str!("fixtures/tsa.hex");
const TOKEN: &str = include_str!("fixtures/token.hex");
const LIST: &str = include_str!("fixtures/list.hex");
const POINT: &str = include_str!("fixtures/point.hex");
const OCSP: &str = include_str!("fixtures/ocsp.hex");

fn certificate(text: &str) -> Arc<Certificate> {
    Arc::new(Certificate::parse(&unhex(text)).unwrap())
}

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn stamped(bytes: &'static [u8]) -> Imprint<'static> {
    Box::new(move |sink| {
        // In pieces, as a document comes.
        bytes.chunks(3).for_each(|piece| sink.write(piece));
        Ok(())
    })
}

/// Replaces the only occurrence of a byte string by one of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let found: Vec<usize> = memchr::memmem::find_iter(bytes, from).collect();
    assert_eq!((found.len(), from.len()), (1, to.len()));
    let mut out = bytes.to_vec();
    out[found[0]..found[0] + to.len()].copy_from_slice(to);
    out
}

#[test]
fn a_token_is_read_and_verified() {
    let (crypto, tsa, ca) = (Crypto::default(), certificate(TSA), certificate(CA));
    let token = Token::parse(&unhex(TOKEN)).unwrap();
    assert_eq!(token.generated, time("2026-11-22T21:46:14.563Z"));
    assert_eq!(token.accuracy_micros, Some(1_500_100));
    assert_eq!((token.policy.as_str(), token.serial.as_slice()), ("1.2.3.4.1", &[2][..]));
    assert_eq!(token.tsa.as_ref().and_then(Name::common_name), Some("Example TSA"));
    assert_eq!(token.imprint_algorithm, Declared::Known(DigestAlgorithm::Sha256));
    assert_eq!(token.certificates, [unhex(TSA)]);
    assert_eq!(token.signer.signing_certificate_attributes, 1);
    let certificates = [Arc::clone(&ca), Arc::clone(&tsa)];
    let candidates: Vec<_> =
        token.candidates(&crypto, &certificates).into_iter().map(|one| one.sha256).collect();
    assert_eq!(candidates, [tsa.sha256]);
    assert_eq!(token.reference_matches(&crypto, &tsa), ReferenceMatch::Matches);
    assert_eq!(token.reference_matches(&crypto, &ca), ReferenceMatch::DigestDiffers);
    assert_eq!(token.verify_signature(&crypto, &tsa.key), TokenSignature::Valid);
    assert_eq!(token.verify_signature(&crypto, &ca.key), TokenSignature::Invalid);
    assert_eq!(token.imprint_matches(&crypto, &stamped(b"a sealed credential")), ImprintOutcome::Intact);
    assert_eq!(token.imprint_matches(&crypto, &stamped(b"another credential!")), ImprintOutcome::Mismatch);
    let nothing: Imprint<'_> = Box::new(|_| Err(Words::constant("no reference").into()));
    assert_eq!(
        token.imprint_matches(&crypto, &nothing),
        ImprintOutcome::NotFound("no reference".to_owned().into())
    );
}

#[test]
fn a_bent_token_fails_where_it_was_bent() {
    let (crypto, tsa, token) = (Crypto::default(), certificate(TSA), unhex(TOKEN));
    let verify = |bytes: &[u8]| Token::parse(bytes).unwrap().verify_signature(&crypto, &tsa.key);
    // genTime, .563 to .564.
    assert_eq!(verify(&replaced(&token, b"14.563Z", b"14.564Z")), TokenSignature::DigestMismatch);
    // The message digest itself.
    let digest = Token::parse(&token).unwrap().signer.message_digest.unwrap();
    let mut other = digest.clone();
    other[0] ^= 1;
    assert_eq!(verify(&replaced(&token, &digest, &other)), TokenSignature::DigestMismatch);
    // The last octet of the signature value.
    let mut other = token.clone();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(verify(&other), TokenSignature::Invalid);
    // content-type id-data instead of id-ct-TSTInfo, within the attribute (the first one is eContentType).
    let attribute = unhex("06092a864886f70d010903 310d 060b2a864886f70d0109100104");
    let other = unhex("06092a864886f70d010903 310d 060b2a864886f70d0109100105");
    let TokenSignature::Broken(why) = verify(&replaced(&token, &attribute, &other)) else { panic!() };
    assert_eq!(why, "content-type 1.2.840.113549.1.9.16.1.4 expected, 1.2.840.113549.1.9.16.1.5 found");
    // signing-time made a second message-digest.
    let times = unhex("06092a864886f70d010905");
    let TokenSignature::Broken(why) = verify(&replaced(&token, &times, &unhex("06092a864886f70d010904")))
    else {
        panic!()
    };
    assert_eq!(why, "message-digest stands 2 times instead of once");
}

#[test]
fn what_is_no_token_says_why() {
    let token = unhex(TOKEN);
    let trailing = [&token[..], &[0, 0, 0]].concat();
    assert!(matches!(Token::parse(&trailing), Err(NotAToken::Cms(NotSignedData::Encoding(_)))));
    assert!(Token::parse_before(&trailing, Trailing::ZeroPadding).is_ok());
    let trailing = [&token[..], &[0, 1]].concat();
    assert!(Token::parse_before(&trailing, Trailing::ZeroPadding).is_err());
    assert!(Token::parse_before(&trailing, Trailing::Any).is_ok());
    let enveloped = replaced(&token, &unhex("06092a864886f70d010702"), &unhex("06092a864886f70d010703"));
    let error = NotAToken::Cms(NotSignedData::ContentType("1.2.840.113549.1.7.3".into()));
    assert_eq!(Token::parse(&enveloped).unwrap_err(), error);
    for end in 0..token.len() {
        assert!(Token::parse(&token[..end]).is_err(), "{end}");
    }
}

/// BER at its loosest says the same as DER, certificates and signed attributes included.
#[test]
fn loose_ber_reads_as_der() {
    let (crypto, tsa) = (Crypto::default(), certificate(TSA));
    let token = Token::parse(&loosen(&unhex(TOKEN))).unwrap();
    assert_eq!(token.verify_signature(&crypto, &tsa.key), TokenSignature::Valid);
    let folders = [shared("conformance/jades"), shared("conformance/cades")];
    let found = find(&folders.into_iter().flatten().collect::<Vec<_>>());
    let mut compared = 0;
    let own = unhex(TOKEN);
    let pieces = found.of(Kind::Token).into_iter().map(|material| material.bytes.as_slice());
    for bytes in pieces.chain([own.as_slice()]) {
        let Ok(strict) = Token::parse(bytes) else { continue };
        if bytes.get(1) == Some(&0x80)
            || Reader::der(bytes).any("token").unwrap().to_der().ok().as_deref() != Some(bytes)
        {
            continue;
        }
        let loose = Token::parse(&loosen(bytes)).unwrap();
        assert_eq!(format!("{strict:?}"), format!("{loose:?}"));
        compared += 1;
    }
    println!("{compared} tokens read alike in DER and loose BER");
    assert!(compared > 0);
}

/// Signed attributes received in another order are hashed sorted (RFC 5652, 5.4).
#[test]
fn reordered_signed_attributes_still_verify() {
    let token = unhex(TOKEN);
    let cms = SignedData::parse(&token, Trailing::Refused, &Limits::default()).unwrap();
    let attributes = cms.signers[0].signed_attributes.as_ref().unwrap();
    let order: Vec<&[u8]> = attributes.list.iter().rev().map(|attribute| attribute.tlv.raw).collect();
    let reversed = replaced(&token, attributes.tlv.content, &order.concat());
    assert_ne!(reversed, token);
    let token = Token::parse(&reversed).unwrap();
    assert_eq!(token.verify_signature(&Crypto::default(), &certificate(TSA).key), TokenSignature::Valid);
}

#[test]
fn a_list_says_who_is_revoked() {
    let (ca, leaf, tsa) = (certificate(CA), certificate(LEAF), certificate(TSA));
    let store = RevocationStore::new(1 << 16);
    let crl = store.crl(&unhex(LIST)).unwrap();
    assert!(Arc::ptr_eq(&crl, &store.crl(&unhex(LIST)).unwrap()));
    assert_eq!(crl.issuer, ca.subject);
    assert_eq!(crl.this_update, time("2026-11-22T21:46:14Z"));
    assert_eq!(crl.next_update, Some(time("2026-12-22T21:46:14Z")));
    assert_eq!(crl.number.as_deref(), Some(&[10][..]));
    assert_eq!(crl.authority_key_identifier, ca.extensions.subject_key_identifier);
    assert_eq!(crl.expired_certs_on_crl, Some(time("2020-01-01T00:00:00Z")));
    assert!(!crl.delta && crl.issuing_distribution_point.is_none() && crl.unknown_critical.is_empty());
    let revoked = CertificateStatus::Revoked { at: time("2026-01-02T03:04:05Z"), reason: Some(1) };
    assert_eq!(crl.status(&leaf), revoked);
    assert_eq!(crl.status(&tsa), CertificateStatus::Good);
    assert_eq!(crl.status(&ca), CertificateStatus::Good);
    let crypto = Crypto::default();
    for store in [&store, &RevocationStore::new(0)] {
        assert_eq!(store.verify_crl(&crypto, &crl, &ca.key), Verification::Valid);
        assert_eq!(store.verify_crl(&crypto, &crl, &tsa.key), Verification::Invalid);
        assert_eq!(store.verify_crl(&crypto, &crl, &ca.key), Verification::Valid);
    }
}

#[test]
fn a_list_says_what_it_is_about() {
    let crl = Crl::parse(&unhex(POINT)).unwrap();
    let point = crl.issuing_distribution_point.as_ref().unwrap();
    assert!(point.named && point.only_user_certificates && point.indirect);
    assert!(!point.only_ca_certificates && !point.only_attribute_certificates);
    // keyCompromise is bit 1, cACompromise bit 2.
    assert_eq!(point.only_some_reasons, Some(0b110));
    let [whole] = point.directory_names.as_slice() else { panic!("{point:?}") };
    let attributes: Vec<_> = whole.attributes.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(attributes, ["EE", "Example CA", "list 1"]);
    assert!(crl.delta);
    assert_eq!(crl.base_number.as_deref(), Some(&[5][..]));
    assert_eq!(crl.unknown_critical, ["1.2.3.4"]);
}

#[test]
fn entries_of_an_indirect_list_belong_to_their_issuer() {
    let of = |issuer: &str| {
        let names = wrap(Tag::SEQUENCE, &wrap(Tag::context(4), &name(issuer)));
        extension("551d1d", true, &names)
    };
    let entries =
        [entry(&[1], &[]), entry(&[2], &of("A")), entry(&[3], &[]), entry(&[4], &of("B")), entry(&[2], &[])]
            .concat();
    let point = extension("551d1c", true, &wrap(Tag::SEQUENCE, &primitive(Tag::context(4), &[0xff])));
    let mut other = Certificate::parse(&unhex(LEAF)).unwrap();
    let mut revoked = |crl: &Crl, issuer: &str| {
        other.issuer = Name::parse(&name(issuer)).unwrap();
        let states = (1..=4).map(|serial| {
            other.serial = vec![serial];
            crl.status(&other)
        });
        states.map(|state| format!("{state:?}").remove(0)).collect::<String>()
    };
    let crl = Crl::parse(&list(&entries, &point)).unwrap();
    assert_eq!(revoked(&crl, "list"), "RGGG");
    assert_eq!(revoked(&crl, "A"), "GRRG");
    assert_eq!(revoked(&crl, "B"), "GRGR");
    // Without indirectCRL, nothing is said of certificates of others that are not listed.
    let crl = Crl::parse(&list(&entries, &[])).unwrap();
    assert_eq!(revoked(&crl, "list"), "RGGG");
    assert_eq!(revoked(&crl, "A"), "URRU");
}

#[test]
fn lists_that_cannot_be_understood_are_refused_or_marked() {
    let refusal = |bytes: &[u8]| Crl::parse(bytes).unwrap_err().to_string();
    let unknown = extension("2a0304", true, &[5, 0]);
    let crl = Crl::parse(&list(&entry(&[1], &unknown), &[])).unwrap();
    assert_eq!(crl.unknown_critical, ["1.2.3.4"]);
    let twice = [unknown.clone(), unknown].concat();
    assert!(refusal(&list(&entry(&[1], &[]), &twice)).starts_with("invalid Extensions: repeated"));
    let reason = extension("551d15", false, &[5, 0]);
    assert!(
        refusal(&list(&entry(&[1], &reason), &[])).starts_with("invalid revokedCertificates: reasonCode")
    );
    assert!(refusal(&list(&[5, 0], &[])).starts_with("invalid revokedCertificates: entry"));
    assert!(
        refusal(&list(&entry(&[], &[]), &[])).starts_with("invalid revokedCertificates: userCertificate")
    );
    // Padded serial numbers are the same numbers.
    let crl = Crl::parse(&list(&entry(&[0, 0, 0x12], &[]), &[])).unwrap();
    let mut other = Certificate::parse(&unhex(LEAF)).unwrap();
    (other.issuer, other.serial) = (crl.issuer.clone(), vec![0x12]);
    assert!(matches!(crl.status(&other), CertificateStatus::Revoked { reason: None, .. }));
    // Another algorithm inside than outside: P-384 with SHA-384 for P-256 with SHA-256.
    let bytes = list(&entry(&[1], &[]), &[]);
    let at = memchr::memmem::rfind(&bytes, &unhex("2a8648ce3d040302")).unwrap();
    let mut bent = bytes;
    bent[at + 7] = 3;
    assert!(refusal(&bent).starts_with("the same algorithm as outside (RFC 5280, 5.1.1.2) expected"));
}

#[test]
fn an_ocsp_response_answers_for_its_certificates_only() {
    let (crypto, ca, leaf, tsa) = (Crypto::default(), certificate(CA), certificate(LEAF), certificate(TSA));
    let response = OcspResponse::parse(&unhex(OCSP)).unwrap();
    assert_eq!(response.produced_at, time("2026-11-22T21:46:14Z"));
    assert!(matches!(response.responder, ResponderId::ByKey(_)));
    assert!(response.responder.names(&crypto, &ca) && !response.responder.names(&crypto, &tsa));
    let [of_leaf, of_tsa] = response.responses.as_slice() else { panic!() };
    assert_eq!(of_leaf.cert_id.hash_algorithm, Declared::Known(DigestAlgorithm::Sha1));
    assert_eq!(of_tsa.cert_id.hash_algorithm, Declared::Known(DigestAlgorithm::Sha256));
    let revoked = CertificateStatus::Revoked { at: time("2026-01-02T03:04:05Z"), reason: Some(1) };
    assert_eq!(of_leaf.status, revoked);
    assert_eq!(of_tsa.status, CertificateStatus::Good);
    assert_eq!(of_tsa.next_update, Some(time("2026-11-23T21:46:14Z")));
    assert_eq!(response.answer_for(&crypto, &leaf, &ca), Some(of_leaf));
    assert_eq!(response.answer_for(&crypto, &tsa, &ca), Some(of_tsa));
    // The same serial number of another issuer's key, or of no one's.
    assert_eq!(response.answer_for(&crypto, &leaf, &tsa), None);
    assert_eq!(response.answer_for(&crypto, &ca, &ca), None);
    let store = RevocationStore::new(1 << 16);
    assert_eq!(store.verify_ocsp(&crypto, &response, &ca.key), Verification::Valid);
    assert_eq!(store.verify_ocsp(&crypto, &response, &tsa.key), Verification::Invalid);
}

/// A bare BasicOCSPResponse of three answers: two for one certificate, one with every extension.
#[test]
fn the_latest_answer_counts_and_extensions_are_read() {
    let (crypto, ca, leaf) = (Crypto::default(), certificate(CA), certificate(LEAF));
    let made = OcspResponse::parse(&unhex(OCSP)).unwrap();
    let generalized = |text: &str| primitive(Tag::GENERALIZED_TIME, text.as_bytes());
    let id = &made.responses[0].cert_id;
    let sha1 = unhex("3009 06052b0e03021a 0500");
    let id = |serial: &[u8]| {
        let hashes =
            [&id.issuer_name_hash, &id.issuer_key_hash].map(|hash| primitive(Tag::OCTET_STRING, hash));
        wrap(Tag::SEQUENCE, &[sha1.clone(), hashes.concat(), primitive(Tag::INTEGER, serial)].concat())
    };
    let single = |id: Vec<u8>, status: &str, at: &str, extensions: &[u8]| {
        let extensions = match extensions {
            [] => Vec::new(),
            _ => wrap(Tag::context(1), &wrap(Tag::SEQUENCE, extensions)),
        };
        wrap(Tag::SEQUENCE, &[id, unhex(status), generalized(at), extensions].concat())
    };
    let hash = wrap(Tag::SEQUENCE, &[sha1.clone(), primitive(Tag::OCTET_STRING, &[7; 20])].concat());
    let extensions = [
        extension("2b060105050730 0106", false, &generalized("20200101000000Z")),
        extension("2b2408030d", false, &hash),
        extension("2a0304", true, &[5, 0]),
    ];
    let answers = [
        single(id(&leaf.serial), "8200", "20260103000000Z", &[]),
        single(id(&leaf.serial), "8000", "20260102000000Z", &[]),
        single(id(&[9]), "8200", "20260104000000Z", &extensions.concat()),
    ];
    let data = [
        wrap(Tag::context(1), &name("responder")),
        generalized("20260105000000Z"),
        wrap(Tag::SEQUENCE, &answers.concat()),
    ];
    let algorithm = unhex("300a 06082a8648ce3d040302");
    let basic =
        wrap(Tag::SEQUENCE, &[wrap(Tag::SEQUENCE, &data.concat()), algorithm, unhex("030100")].concat());
    let response = OcspResponse::parse(&basic).unwrap();
    assert_eq!(response.answer_for(&crypto, &leaf, &ca), Some(&response.responses[0]));
    assert_eq!(response.responses[0].status, CertificateStatus::Unknown);
    assert_eq!(response.responses[2].archive_cutoff, Some(time("2020-01-01T00:00:00Z")));
    let hash = Some((Declared::Known(DigestAlgorithm::Sha1), vec![7; 20]));
    assert_eq!(response.responses[2].cert_hash, hash);
    assert_eq!(response.unknown_critical, ["1.2.3.4"]);
    assert_eq!(&response.der[response.tbs.clone()], wrap(Tag::SEQUENCE, &data.concat()));
    // Not successful: tryLater.
    let error = OcspResponse::parse(&unhex("3003 0a0103")).unwrap_err().to_string();
    assert_eq!(error, "response status 3 instead of successful");
}
