//! Signatures that are not what they seem: wrapping, ambiguity, missing parts, excess.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sealgate::catalogue::Words;
use sealgate::format::Limits;
use sealgate::format::xml::Document;
use sealgate::signature::ReferenceKind::{Content, CounterSigned, Manifest, ManifestEntry, SignedProperties};
use sealgate::signature::ReferenceOutcome::{Intact, Mismatch, NotFound, Refused};
use sealgate::signature::algorithm::{Crypto, DigestAlgorithm};
use sealgate::signature::{
    Context, Declared, Detached, Payload, ReferenceKind, ReferenceOutcome, Signature, xades,
};

const PROPERTIES: &str = concat!(
    r#"<x:SignedProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Id="p"><x:SignedSignatureProperties>"#,
    r#"<x:SigningTime>2026-01-02T03:04:05Z</x:SigningTime></x:SignedSignatureProperties></x:SignedProperties>"#,
);
const DATA: &str = r#"<data Id="d">what was signed</data>"#;

fn digest(text: &str) -> String {
    STANDARD.encode(Crypto::default().digest(DigestAlgorithm::Sha256, &[text.as_bytes()]).unwrap().value)
}

/// A ds:Reference with exclusive canonicalisation; the data is canonical as it is written here.
fn reference(uri: &str, type_uri: &str, data: &str) -> String {
    let canonicalized = r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#;
    transformed(uri, type_uri, canonicalized, &digest(data))
}

fn transformed(uri: &str, type_uri: &str, transforms: &str, digest: &str) -> String {
    let method = "http://www.w3.org/2001/04/xmlenc#sha256";
    format!(
        r#"<ds:Reference Type="{type_uri}" URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{method}"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"#
    )
}

fn to_properties() -> String {
    reference("#p", "http://uri.etsi.org/01903#SignedProperties", PROPERTIES)
}

fn signature(id: &str, references: &str, objects: &str) -> String {
    format!(
        r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="{id}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{references}</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue>{objects}</ds:Signature>"#
    )
}

fn qualifying(signed: &str, unsigned: &str) -> String {
    let namespace = "http://uri.etsi.org/01903/v1.3.2#";
    format!(
        r##"<ds:Object><y:QualifyingProperties xmlns:y="{namespace}" Target="#s">{signed}{unsigned}</y:QualifyingProperties></ds:Object>"##
    )
}

fn read<T>(text: &str, then: impl FnOnce(&[Signature<'_>]) -> T) -> T {
    read_with(text, &[], &Limits::default(), then)
}

fn read_with<T>(
    text: &str,
    detached: &[Detached],
    limits: &Limits,
    then: impl FnOnce(&[Signature<'_>]) -> T,
) -> T {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    then(&xades::signatures(&document, &Context { crypto: &Crypto::default(), limits, detached }))
}

/// With what is said, in English.
fn outcomes(signature: &Signature<'_>) -> Vec<(ReferenceKind, ReferenceOutcome)> {
    let outcomes = signature.references.iter().map(|reference| match reference.outcome.clone() {
        NotFound(why) => (reference.kind, not_found(&why.to_string())),
        Refused(why) => (reference.kind, refused(&why.to_string())),
        outcome => (reference.kind, outcome),
    });
    outcomes.collect()
}

fn not_found(why: &str) -> ReferenceOutcome {
    NotFound(Words::verbatim(why))
}

fn refused(why: &str) -> ReferenceOutcome {
    Refused(Words::verbatim(why))
}

fn failures(signature: &Signature<'_>) -> Vec<String> {
    signature.structure.format_failures.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_signature_is_intact_and_its_payload_is_what_it_covers() {
    let references = reference("#d", "", DATA) + &to_properties();
    read(&format!("<r>{DATA}{}</r>", signature("s", &references, &qualifying(PROPERTIES, ""))), |found| {
        assert_eq!(outcomes(&found[0]), [(Content, Intact), (SignedProperties, Intact)]);
        assert!(found[0].structure.core_references_valid);
        assert_eq!(found[0].attributes.signing_time.unwrap().to_string(), "2026-01-02T03:04:05Z");
        let Some(Payload::Xml { document, element }) = &found[0].payload else { panic!("no payload") };
        assert_eq!(document.node(*element).unwrap().attribute("Id"), Some("d"));
    });
}

#[test]
fn signed_properties_moved_out_of_the_way_are_not_found() {
    let references = reference("#d", "", DATA) + &to_properties();
    let fake = PROPERTIES.replace(r#"Id="p""#, r#"Id="q""#).replace("2026", "2016");
    let objects = qualifying(&fake, "") + &format!("<ds:Object>{PROPERTIES}</ds:Object>");
    read(&format!("<r>{DATA}{}</r>", signature("s", &references, &objects)), |found| {
        assert_eq!(
            outcomes(&found[0]),
            [
                (Content, Intact),
                (SignedProperties, not_found("#p is not SignedProperties of this signature"))
            ]
        );
        assert!(found[0].structure.core_references_valid);
    });
}

#[test]
fn an_id_that_two_elements_carry_is_a_format_failure() {
    let references = reference("#d", "", DATA) + &to_properties();
    let text =
        format!("<r>{DATA}<evil id='d'/>{}</r>", signature("s", &references, &qualifying(PROPERTIES, "")));
    read(&text, |found| {
        assert_eq!(outcomes(&found[0])[0], (Content, not_found("2 elements have the Id \"d\"")));
        assert_eq!(failures(&found[0]), ["2 elements have the Id \"d\""]);
        assert!(found[0].payload.is_none());
    });
}

#[test]
fn a_manifest_counts_only_in_its_own_signature_and_each_entry_counts() {
    let manifest = format!(
        r#"<ds:Manifest xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="m">{}{}{}</ds:Manifest>"#,
        reference("#d", "", DATA),
        reference("#d", "", "something else"),
        reference("elsewhere.xml", "", DATA),
    )
    .replace("/>", "></ds:Transform>")
    .replace("#sha256\"></ds:Transform>", "#sha256\"></ds:DigestMethod>");
    let to_manifest = reference("#m", "http://www.w3.org/2000/09/xmldsig#Manifest", &manifest);
    let own = signature("s", &to_manifest, &format!("<ds:Object>{manifest}</ds:Object>"));
    read(&format!("<r>{DATA}{own}</r>"), |found| {
        assert_eq!(
            outcomes(&found[0]),
            [
                (Manifest, Intact),
                (ManifestEntry, Intact),
                (ManifestEntry, Mismatch),
                (ManifestEntry, not_found("no detached content is named \"elsewhere.xml\""))
            ]
        );
        assert!(found[0].structure.core_references_valid);
    });
    read(&format!("<r>{DATA}{manifest}{}</r>", signature("s", &to_manifest, "")), |found| {
        assert_eq!(outcomes(&found[0]), [(Manifest, not_found("#m is not a ds:Manifest of this signature"))]);
    });
}

#[test]
fn a_signed_object_stands_in_the_signature_that_says_so() {
    let object = r#"<ds:Object xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="o">x</ds:Object>"#;
    let to_object = reference("#o", "http://www.w3.org/2000/09/xmldsig#Object", object);
    read(&signature("s", &to_object, object), |found| assert_eq!(outcomes(&found[0]), [(Content, Intact)]));
    let wrapped = format!("<ds:Object><wrapper>{object}</wrapper></ds:Object>");
    read(&signature("s", &to_object, &wrapped), |found| {
        assert_eq!(outcomes(&found[0]), [(Content, not_found("#o is not a ds:Object of this signature"))]);
        assert!(found[0].payload.is_none());
    });
}

#[test]
fn a_counter_signature_must_sign_the_value_that_it_stands_beside() {
    let value =
        r#"<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="v">AAAA</ds:SignatureValue>"#;
    let countersigned = "http://uri.etsi.org/01903#CountersignedSignature";
    for (references, expected) in [
        (reference("#v", countersigned, value), vec![(CounterSigned, Intact)]),
        (reference("#v", "", value), vec![(CounterSigned, Intact)]),
        (reference("#d", countersigned, DATA), vec![(CounterSigned, Mismatch)]),
        (reference("#d", "", DATA), vec![(Content, Intact), (CounterSigned, Mismatch)]),
    ] {
        let counter = signature("c", &references, "");
        let unsigned = format!(
            "<y:UnsignedProperties><y:UnsignedSignatureProperties><y:CounterSignature>{counter}</y:CounterSignature></y:UnsignedSignatureProperties></y:UnsignedProperties>"
        );
        let master = signature("s", &reference("#d", "", DATA), &qualifying("", &unsigned)).replacen(
            "<ds:SignatureValue>",
            r#"<ds:SignatureValue Id="v">"#,
            1,
        );
        read(&format!("<r>{DATA}{master}</r>"), |found| {
            assert_eq!(found.iter().map(|one| one.counters).collect::<Vec<_>>(), [None, Some(0)]);
            assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["s", "c"]);
            assert_eq!(outcomes(&found[1]), expected);
        });
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let none = |algorithm: &str| format!(r#"<ds:Transform Algorithm="{algorithm}"/>"#);
    let xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116";
    for (transforms, uri, expected) in [
        (none(xslt), "#d", refused(&format!("transform {xslt}"))),
        (none("http://www.w3.org/2000/09/xmldsig#base64"), "#d", refused("no base64")),
        (
            none("http://www.w3.org/2001/10/xml-exc-c14n#").repeat(17),
            "#d",
            refused("more than 16 transforms"),
        ),
        (
            String::new(),
            "#xpointer(//data)",
            not_found("the XPointer \"#xpointer(//data)\" is not supported"),
        ),
        (
            String::new(),
            "http://example.com/d",
            not_found("no detached content is named \"http://example.com/d\""),
        ),
        (String::new(), "#nobody", not_found("no element has the Id \"nobody\"")),
    ] {
        let text = format!("<r>{DATA}{}</r>", signature("s", &transformed(uri, "", &transforms, "AAAA"), ""));
        read(&text, |found| assert_eq!(outcomes(&found[0]), [(Content, expected)]));
    }
    let unknown = signature("s", &reference("#d", "", DATA), "").replacen("xml-exc-c14n#", "other#", 1);
    read(&format!("<r>{DATA}{unknown}</r>"), |found| {
        assert!(found[0].message.is_empty());
        assert_eq!(
            found[0].algorithm,
            Declared::Unknown("canonicalisation http://www.w3.org/2001/10/other#".to_owned())
        );
    });
}

#[test]
fn a_signature_without_data_signs_nothing() {
    read(&signature("s", &to_properties(), &qualifying(PROPERTIES, "")), |found| {
        assert_eq!(
            outcomes(&found[0]),
            [(SignedProperties, Intact), (Content, not_found("no reference to signed data"))]
        );
    });
    read(r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>"#, |found| {
        assert_eq!(outcomes(&found[0]), [(Content, not_found("no reference to signed data"))]);
        assert_eq!(found[0].id, "signature-1");
    });
}

#[test]
fn detached_content_is_taken_by_name_or_alone() {
    let named = |name: &str| Detached { name: name.to_owned(), bytes: "octets".into() };
    let digest = digest("octets");
    let text = signature("s", &transformed("folder/a%20b.txt", "", "", &digest), "");
    for name in ["folder/a%20b.txt", "folder/a b.txt", "a b.txt"] {
        read_with(&text, &[named(name)], &Limits::default(), |found| {
            assert_eq!(outcomes(&found[0]), [(Content, Intact)]);
            assert!(matches!(&found[0].payload, Some(Payload::Bytes(bytes)) if **bytes == *b"octets"));
        });
    }
    for others in [vec![named("b.txt")], vec![named("x/a b.txt"), named("y/a b.txt")]] {
        read_with(&text, &others, &Limits::default(), |found| {
            assert!(matches!(outcomes(&found[0])[0], (Content, NotFound(_))));
        });
    }
    let nameless = text.replace(r#" URI="folder/a%20b.txt""#, "");
    read_with(&nameless, &[named("any")], &Limits::default(), |found| {
        assert_eq!(outcomes(&found[0]), [(Content, Intact)]);
    });
}

#[test]
fn excess_is_cut_off_and_said() {
    let limits = Limits { signatures: 3, references: 4, ..Limits::default() };
    let many = signature("s", &reference("#d", "", DATA).repeat(5), "").repeat(4);
    read_with(&format!("<r>{DATA}{many}</r>"), &[], &limits, |found| {
        assert_eq!(found.len(), 3);
        assert_eq!(failures(&found[2]), ["more than 3 signatures"]);
        assert_eq!(found[0].references.len(), 5);
        assert_eq!(outcomes(&found[0])[4].1, refused("more than 4 references"));
        let ids: std::collections::BTreeSet<_> = found.iter().map(|one| &one.id).collect();
        assert_eq!(ids.len(), 3);
    });
    // Each reference names the whole document: the budget is sixteen times the greatest document.
    let limits = Limits { bytes: 4000, ..Limits::default() };
    let whole = transformed("", "", "", "AAAA").repeat(100);
    let text = format!("<r>{}{}</r>", "x".repeat(1000), signature("s", &whole, ""));
    read_with(&text, &[], &limits, |found| {
        let refused = refused("over the limit of digested octets in one document");
        let refused = found[0].references.iter().filter(|one| one.outcome == refused).count();
        assert!((90..100).contains(&refused), "{refused}");
    });
}

proptest! {
    /// No mutation of a signed document brings down the reader, nor a time-stamp's imprint.
    #[test]
    fn nothing_panics(at in 0usize..4000, with in "[<>&\"'#/ a-z0-9]{0,6}", length in 0usize..40) {
        let unsigned = "<y:UnsignedProperties><y:UnsignedSignatureProperties><y:SignatureTimeStamp><y:EncapsulatedTimeStamp>AAAA</y:EncapsulatedTimeStamp></y:SignatureTimeStamp><y:ArchiveTimeStamp><y:EncapsulatedTimeStamp>AAAA</y:EncapsulatedTimeStamp></y:ArchiveTimeStamp></y:UnsignedSignatureProperties></y:UnsignedProperties>";
        let references = reference("#d", "", DATA) + &to_properties();
        let mut text = format!("<r>{DATA}{}</r>", signature("s", &references, &qualifying(PROPERTIES, unsigned)));
        let at = at % text.len();
        let end = (at + length).min(text.len());
        text.replace_range(at..end, &with);
        let limits = Limits::default();
        if let Ok(document) = Document::parse(text.as_bytes(), &limits) {
            let crypto = Crypto::default();
            for signature in xades::signatures(&document, &Context { crypto: &crypto, limits: &limits, detached: &[] }) {
                for timestamp in &signature.timestamps {
                    let mut octets: Vec<u8> = Vec::new();
                    let _ = (timestamp.imprint)(&mut octets);
                }
            }
        }
    }
}
