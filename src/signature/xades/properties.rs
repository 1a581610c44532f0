//! ds:Object/QualifyingProperties: the signed attributes (EN 319 132-1, 5.2) and where the unsigned ones stand.

use crate::signature::xmldsig::{DS, Node, SignatureElement, child, children, decode_base64, id, is, text};
use crate::signature::{
    Attributes, CertificateReference, Declared, SignaturePolicy, algorithm::DigestAlgorithm,
};
use crate::time::Time;

/// Namespaces of XAdES, the current ones first.
const NAMESPACES: [&str; 4] = [
    "http://uri.etsi.org/01903/v1.3.2#",
    "http://uri.etsi.org/01903/v1.4.1#",
    "http://uri.etsi.org/01903/v1.2.2#",
    "http://uri.etsi.org/01903/v1.1.1#",
];
/// The namespace of properties added by XAdES 1.4.1.
const V141: &str = "http://uri.etsi.org/01903/v1.4.1#";
/// The namespace of EN 319 132-3 and later additions.
const V19132: &str = "http://uri.etsi.org/19132/v1.1.1#";

/// The local name of an element of XAdES; `None` for any other node.
pub(super) fn name<'a>(node: Node<'a>) -> Option<&'a str> {
    let namespace = node.tag_name().namespace()?;
    let known = NAMESPACES.contains(&namespace) || namespace == V19132;
    (node.is_element() && known).then(|| node.tag_name().name())
}

/// Child elements of XAdES with this local name.
pub(super) fn named<'a>(node: Node<'a>, wanted: &'static str) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.children().filter(move |child| name(*child) == Some(wanted))
}

/// Whether a property is one of XAdES 1.4.1.
pub(super) fn is_v141(node: Node<'_>) -> bool {
    node.tag_name().namespace() == Some(V141)
}

/// The qualifying properties of one signature.
#[derive(Clone, Default)]
pub(super) struct Properties<'a> {
    /// QualifyingProperties.
    pub qualifying: Option<Node<'a>>,
    /// SignedProperties.
    pub signed: Option<Node<'a>>,
    /// Children of SignedSignatureProperties.
    pub signature: Vec<Node<'a>>,
    /// Children of SignedDataObjectProperties.
    pub data_objects: Vec<Node<'a>>,
    /// Children of UnsignedSignatureProperties.
    pub unsigned: Vec<Node<'a>>,
    /// How many QualifyingProperties the signature contains.
    pub count: usize,
}

impl<'a> Properties<'a> {
    /// Finds the QualifyingProperties in the signature's own ds:Object elements: the first, where several stand
    /// there.
    pub(super) fn of(signature: &SignatureElement<'a>) -> Self {
        let mut all = signature.objects.iter().flat_map(|object| named(*object, "QualifyingProperties"));
        let qualifying = all.next();
        let count = all.count().saturating_add(usize::from(qualifying.is_some()));
        let signed = qualifying.and_then(|node| named(node, "SignedProperties").next());
        let below = |parent: Option<Node<'a>>, wanted| -> Vec<Node<'a>> {
            let parts = parent.into_iter().flat_map(|parent| named(parent, wanted));
            parts.flat_map(|part| part.children().filter(Node::is_element)).collect()
        };
        let unsigned = qualifying.and_then(|node| named(node, "UnsignedProperties").next());
        Self {
            qualifying,
            signed,
            signature: below(signed, "SignedSignatureProperties"),
            data_objects: below(signed, "SignedDataObjectProperties"),
            unsigned: below(unsigned, "UnsignedSignatureProperties"),
            count,
        }
    }

    /// Signed signature properties with this local name.
    pub(super) fn signature(&self, wanted: &'static str) -> impl Iterator<Item = Node<'a>> {
        self.signature.iter().copied().filter(move |node| name(*node) == Some(wanted))
    }

    /// Unsigned signature properties with this local name.
    pub(super) fn unsigned(&self, wanted: &'static str) -> impl Iterator<Item = Node<'a>> {
        self.unsigned.iter().copied().filter(move |node| name(*node) == Some(wanted))
    }

    /// SigningCertificate and SigningCertificateV2 elements.
    pub(super) fn signing_certificates(&self) -> impl Iterator<Item = Node<'a>> {
        let wanted = ["SigningCertificate", "SigningCertificateV2"];
        self.signature
            .iter()
            .copied()
            .filter(move |node| name(*node).is_some_and(|name| wanted.contains(&name)))
    }

    /// The references to the signing certificate, in order; one without a readable digest refers to nothing.
    pub(super) fn certificate_references(&self) -> Vec<CertificateReference> {
        let certificates = self.signing_certificates().flat_map(|attribute| named(attribute, "Cert"));
        certificates.filter_map(certificate_reference).collect()
    }

    /// The attributes that validation looks at.
    pub(super) fn attributes(&self) -> Attributes {
        let roles = ["SignerRole", "SignerRoleV2"].into_iter().flat_map(|role| self.signature(role));
        let claimed =
            roles.flat_map(|role| named(role, "ClaimedRoles")).flat_map(|all| named(all, "ClaimedRole"));
        let places = ["SignatureProductionPlaceV2", "SignatureProductionPlace"];
        let of_data = |wanted| self.data_objects.iter().filter(move |node| name(**node) == Some(wanted));
        let (commitments, formats) = (of_data("CommitmentTypeIndication"), of_data("DataObjectFormat"));
        Attributes {
            signing_time: self.signature("SigningTime").next().and_then(|node| date_time(&text(node))),
            policy: self.signature("SignaturePolicyIdentifier").next().and_then(policy),
            commitments: commitments
                .flat_map(|node| named(*node, "CommitmentTypeId"))
                .filter_map(identifier)
                .collect(),
            claimed_roles: claimed.map(|role| text(role).trim().to_owned()).collect(),
            production_place: places.into_iter().flat_map(|place| self.signature(place)).next().map(place),
            media_type: formats
                .flat_map(|node| named(*node, "MimeType"))
                .next()
                .map(|node| text(node).trim().to_owned()),
        }
    }
}

/// xs:dateTime; without a zone it is taken as UTC.
fn date_time(text: &str) -> Option<Time> {
    let text = text.trim();
    Time::parse_rfc3339(text).or_else(|| Time::parse_rfc3339(&format!("{text}Z")))
}

/// A digest algorithm and value as XAdES writes them: the children are ds: elements, in XAdES 1.1.1 its own.
pub(super) fn digest(parent: Node<'_>) -> Option<(Declared<DigestAlgorithm>, Vec<u8>)> {
    let part = |wanted| child(parent, DS, wanted).or_else(|| named(parent, wanted).next());
    let uri = part("DigestMethod")?.attribute("Algorithm").unwrap_or_default();
    let algorithm =
        DigestAlgorithm::from_uri(uri).map_or_else(|| Declared::Unknown(uri.to_owned()), Declared::Known);
    let value = decode_base64(&text(part("DigestValue")?)).filter(|value| !value.is_empty())?;
    Some((algorithm, value))
}

fn certificate_reference(cert: Node<'_>) -> Option<CertificateReference> {
    let (digest_algorithm, digest) = named(cert, "CertDigest").next().and_then(digest)?;
    let issuer_serial = named(cert, "IssuerSerialV2").next().and_then(|node| decode_base64(&text(node)));
    Some(CertificateReference { digest_algorithm, digest, issuer_serial })
}

fn policy(element: Node<'_>) -> Option<SignaturePolicy> {
    if named(element, "SignaturePolicyImplied").next().is_some() {
        return Some(SignaturePolicy::Implied);
    }
    let policy = named(element, "SignaturePolicyId").next()?;
    let id = named(policy, "SigPolicyId").next().and_then(identifier)?;
    Some(SignaturePolicy::Identified { id, digest: named(policy, "SigPolicyHash").next().and_then(digest) })
}

/// ObjectIdentifierType: its Identifier.
fn identifier(element: Node<'_>) -> Option<String> {
    named(element, "Identifier").next().map(|node| text(node).trim().to_owned())
}

fn place(element: Node<'_>) -> String {
    let parts = ["StreetAddress", "City", "StateOrProvince", "PostalCode", "CountryName"];
    let texts =
        parts.into_iter().flat_map(|part| named(element, part)).map(|node| text(node).trim().to_owned());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The signature that `node` counter-signs, if it stands where a counter-signature of it stands (5.2.7.2).
pub(super) fn countersigned<'a>(node: Node<'a>) -> Option<Node<'a>> {
    let mut above = node.ancestors().skip(1);
    for wanted in
        ["CounterSignature", "UnsignedSignatureProperties", "UnsignedProperties", "QualifyingProperties"]
    {
        above.next().filter(|parent| name(*parent) == Some(wanted))?;
    }
    above.next().filter(|parent| is(*parent, DS, "Object"))?;
    above.next().filter(|parent| is(*parent, DS, "Signature"))
}

/// SignedProperties as DIGIDOC-XML writes them: in the namespace of XML-DSig, so that nothing of XAdES is read from
/// them, but a reference to them is where it should be.
pub(super) fn own_digidoc_properties<'a>(signature: &SignatureElement<'a>) -> Option<Node<'a>> {
    let mut qualifying =
        signature.objects.iter().flat_map(|object| children(*object, DS, "QualifyingProperties"));
    qualifying.find_map(|qualifying| child(qualifying, DS, "SignedProperties"))
}

/// The ds:Object of the signature that carries this Id.
pub(super) fn own_object<'a>(signature: &SignatureElement<'a>, wanted: &str) -> Option<Node<'a>> {
    signature.objects.iter().copied().find(|object| id(*object) == Some(wanted))
}

/// The ds:Manifest elements that stand directly in the signature's objects.
pub(super) fn own_manifests<'a>(signature: &SignatureElement<'a>) -> impl Iterator<Item = Node<'a>> {
    signature.objects.iter().flat_map(|object| children(*object, DS, "Manifest"))
}
