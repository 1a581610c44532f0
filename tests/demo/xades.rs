//! XAdES seals (EN 319 132-1), enveloped, over documents that are already in canonical form.

use super::certificate::Identity;
use super::jades::Level;
use super::key::sha256;
use super::pki::Evidence;
use super::timestamp;
use super::xml::{empty, leaf};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::time::Time;

const DS: &str = r#"xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#;
const XADES: &str = r#"xmlns:xades="http://uri.etsi.org/01903/v1.3.2#""#;
const XADES141: &str = r#"xmlns:xades141="http://uri.etsi.org/01903/v1.4.1#""#;
const FILTER: &str = r#"xmlns:dsig-filter2="http://www.w3.org/2002/06/xmldsig-filter2""#;
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// How the content reference leaves the signature itself out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exclusion {
    /// The enveloped-signature transform, as trusted lists have it.
    Enveloped,
    /// XPath filter 2.0, subtracting every signature, as ELM v2 credentials have it.
    Filter2,
}

/// A seal to be made.
pub struct Order<'a> {
    /// The document in canonical form, without the signature.
    pub canonical: &'a str,
    /// Where in it the signature goes.
    pub position: usize,
    /// How it leaves itself out.
    pub exclusion: Exclusion,
    /// Who seals.
    pub signer: &'a Identity,
    /// Who time-stamps.
    pub tsa: &'a Identity,
    /// When: claimed signing time and signature time-stamp; the archive time-stamp follows a minute later.
    pub at: Time,
    /// How far to augment.
    pub level: Level,
    /// Validation data, from level LT on.
    pub evidence: Evidence,
    /// Names another certificate as the signer's.
    pub wrong_certificate: bool,
    /// Whether the signature time-stamp covers something else.
    pub broken_imprint: bool,
}

/// The signed document, with the declaration and with the liberties that XML writers take.
pub fn seal(order: &Order<'_>) -> String {
    let (before, after) = order.canonical.split_at(order.position);
    let signature = relax(&signature(order));
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{before}{signature}{after}")
}

fn signature(order: &Order<'_>) -> String {
    let digest = sha256(order.canonical.as_bytes());
    // Identifiers are derived, so that several signatures in one process differ and a run can be repeated.
    let id = format!("id-{}", hex::encode(&sha256(&[digest.as_slice(), &order.signer.der].concat())[..8]));
    let properties = signed_properties(order, &id);
    let info = signed_info(order, &id, &digest, &sha256(properties.as_bytes()));
    let value = STANDARD.encode(order.signer.key.sign_fixed(info.as_bytes()));
    let value = leaf(&format!(r#"ds:SignatureValue {DS} Id="value-{id}""#), &value);
    let certificate = leaf("ds:X509Certificate", &STANDARD.encode(&order.signer.der));
    let key_info = format!("<ds:KeyInfo {DS}><ds:X509Data>{certificate}</ds:X509Data></ds:KeyInfo>");
    let covered = [order.canonical, &properties, &info, &value, &key_info].concat();
    let unsigned = unsigned_properties(order, &id, &value, covered);
    format!(
        r##"<ds:Signature {DS} Id="{id}">{info}{value}{key_info}<ds:Object><xades:QualifyingProperties {XADES} Target="#{id}">{properties}{unsigned}</xades:QualifyingProperties></ds:Object></ds:Signature>"##
    )
}

fn signed_info(order: &Order<'_>, id: &str, content: &[u8], properties: &[u8]) -> String {
    let exclusion = match order.exclusion {
        Exclusion::Enveloped => {
            empty(r#"ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature""#)
        }
        Exclusion::Filter2 => format!(
            r#"<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><dsig-filter2:XPath {FILTER} Filter="subtract">/descendant::ds:Signature</dsig-filter2:XPath></ds:Transform>"#
        ),
    };
    let canonical = empty(&format!(r#"ds:Transform Algorithm="{C14N}""#));
    let reference = |attributes: &str, transforms: &str, digest: &[u8]| {
        let method = empty(&format!(r#"ds:DigestMethod Algorithm="{SHA256}""#));
        let value = leaf("ds:DigestValue", &STANDARD.encode(digest));
        format!(
            "<ds:Reference {attributes}><ds:Transforms>{transforms}</ds:Transforms>{method}{value}</ds:Reference>"
        )
    };
    let content = reference(&format!(r#"Id="r-{id}" URI="""#), &format!("{exclusion}{canonical}"), content);
    let attributes = format!(r##"Type="http://uri.etsi.org/01903#SignedProperties" URI="#xades-{id}""##);
    let properties = reference(&attributes, &canonical, properties);
    let method = empty(&format!(r#"ds:CanonicalizationMethod Algorithm="{C14N}""#));
    let algorithm = empty(&format!(r#"ds:SignatureMethod Algorithm="{}""#, order.signer.key.xml_algorithm()));
    format!("<ds:SignedInfo {DS}>{method}{algorithm}{content}{properties}</ds:SignedInfo>")
}

fn signed_properties(order: &Order<'_>, id: &str) -> String {
    let certificate = if order.wrong_certificate { &order.tsa.der } else { &order.signer.der };
    let method = empty(&format!(r#"ds:DigestMethod {DS} Algorithm="{SHA256}""#));
    let digest = leaf(&format!("ds:DigestValue {DS}"), &STANDARD.encode(sha256(certificate)));
    let serial = leaf("xades:IssuerSerialV2", &STANDARD.encode(order.signer.issuer_serial()));
    let time = leaf("xades:SigningTime", &order.at.to_string());
    let mime = leaf("xades:MimeType", "text/xml");
    let certificate = format!(
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{method}{digest}</xades:CertDigest>{serial}</xades:Cert></xades:SigningCertificateV2>"
    );
    format!(
        r##"<xades:SignedProperties {XADES} Id="xades-{id}"><xades:SignedSignatureProperties>{time}{certificate}</xades:SignedSignatureProperties><xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#r-{id}">{mime}</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>"##
    )
}

// `covered` is what an archive time-stamp covers ahead of the unsigned properties (EN 319 132-1, 5.5.2).
fn unsigned_properties(order: &Order<'_>, id: &str, value: &str, covered: String) -> String {
    if order.level == Level::B && order.evidence.certificates.is_empty() {
        return String::new();
    }
    let method = empty(&format!(r#"ds:CanonicalizationMethod {DS} Algorithm="{C14N}""#));
    let mut properties = String::new();
    if order.level >= Level::T {
        let covered = if order.broken_imprint { "something else" } else { value };
        let token = STANDARD.encode(timestamp::token(order.tsa, covered.as_bytes(), order.at));
        let token = leaf("xades:EncapsulatedTimeStamp", &token);
        properties.push_str(&format!(
            r#"<xades:SignatureTimeStamp {XADES} Id="TS-{id}">{method}{token}</xades:SignatureTimeStamp>"#
        ));
    }
    properties.push_str(&values(&order.evidence));
    if order.level == Level::Lta {
        let covered = [covered.as_str(), &properties].concat();
        let token = timestamp::token(order.tsa, covered.as_bytes(), order.at.plus_seconds(60));
        let token = leaf(&format!("xades:EncapsulatedTimeStamp {XADES}"), &STANDARD.encode(token));
        properties.push_str(&format!(
            r#"<xades141:ArchiveTimeStamp {XADES141} Id="ATS-{id}">{method}{token}</xades141:ArchiveTimeStamp>"#
        ));
    }
    format!(
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{properties}</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
}

fn values(evidence: &Evidence) -> String {
    let each = |tag: &str, ders: &[Vec<u8>]| -> String {
        ders.iter().map(|der| leaf(tag, &STANDARD.encode(der))).collect()
    };
    let mut out = String::new();
    if !evidence.certificates.is_empty() {
        let certificates = each("xades:EncapsulatedX509Certificate", &evidence.certificates);
        out.push_str(&format!("<xades:CertificateValues {XADES}>{certificates}</xades:CertificateValues>"));
    }
    if !evidence.crls.is_empty() || !evidence.ocsps.is_empty() {
        out.push_str(&format!("<xades:RevocationValues {XADES}>"));
        if !evidence.crls.is_empty() {
            let crls = each("xades:EncapsulatedCRLValue", &evidence.crls);
            out.push_str(&format!("<xades:CRLValues>{crls}</xades:CRLValues>"));
        }
        if !evidence.ocsps.is_empty() {
            let ocsps = each("xades:EncapsulatedOCSPValue", &evidence.ocsps);
            out.push_str(&format!("<xades:OCSPValues>{ocsps}</xades:OCSPValues>"));
        }
        out.push_str("</xades:RevocationValues>");
    }
    out
}

// What other writers do, and canonicalisation undoes: declare a prefix once, and close empty elements short.
fn relax(signature: &str) -> String {
    let mut out = signature.to_owned();
    for declaration in [DS, XADES] {
        let spaced = format!(" {declaration}");
        let first = out.find(&spaced).unwrap() + spaced.len();
        out = format!("{}{}", &out[..first], out[first..].replace(&spaced, ""));
    }
    for name in ["Transform", "DigestMethod", "SignatureMethod", "CanonicalizationMethod"] {
        out = out.replace(&format!("\"></ds:{name}>"), "\"/>");
    }
    out
}
