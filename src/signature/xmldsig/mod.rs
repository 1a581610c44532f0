//! XML-DSig (XML Signature Syntax and Processing 1.1): ds:Signature elements, their references and key information.

mod key_info;
mod reference;
mod select;
mod transform;
mod workspace;

pub(crate) use key_info::KeyInfo;
pub(crate) use reference::{AMBIGUOUS, ReferenceElement, Target};
pub(crate) use transform::{DEFAULT_METHOD, Data, Nodes};
pub(crate) use workspace::{Budget, Workspace, percent_decoded};

use super::Declared;
use super::algorithm::{DigestAlgorithm, Scheme, SignatureAlgorithm};
pub(crate) use crate::format::base64::spaced as decode_base64;
use crate::format::xml::c14n::Method;
pub(crate) use crate::format::xml::text;

/// Namespace of XML-DSig.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Namespace of the additions of XML-DSig 1.1.
pub(crate) const DS11: &str = "http://www.w3.org/2009/xmldsig11#";
/// Namespace of exclusive canonicalisation, for InclusiveNamespaces.
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// RSASSA-PSS with parameters (RFC 9231, 2.3.9) and their namespace.
const RSA_PSS: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
const MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";

/// An element of the document that a signature stands in.
pub(crate) type Node<'a> = roxmltree::Node<'a, 'a>;

/// A ds:Signature, its parts located.
#[derive(Clone)]
pub(crate) struct SignatureElement<'a> {
    /// ds:Signature itself.
    pub node: Node<'a>,
    /// ds:SignedInfo.
    pub signed_info: Option<Node<'a>>,
    /// ds:SignatureValue.
    pub value: Option<Node<'a>>,
    /// ds:KeyInfo, the first where there are several.
    pub key_info: Option<Node<'a>>,
    /// ds:Object, in order.
    pub objects: Vec<Node<'a>>,
}

impl<'a> SignatureElement<'a> {
    /// Locates the parts of `node`.
    pub(crate) fn new(node: Node<'a>) -> Self {
        Self {
            node,
            signed_info: child(node, DS, "SignedInfo"),
            value: child(node, DS, "SignatureValue"),
            key_info: child(node, DS, "KeyInfo"),
            objects: children(node, DS, "Object").collect(),
        }
    }

    /// The canonicalisation of ds:SignedInfo; the algorithm's URI as it stands where it is not known.
    pub(crate) fn canonicalization(&self) -> Result<Method, String> {
        let element = self.signed_info.and_then(|info| child(info, DS, "CanonicalizationMethod"));
        element.map_or_else(|| Err(String::new()), method)
    }

    /// The signature algorithm with its parameters.
    pub(crate) fn algorithm(&self) -> Declared<SignatureAlgorithm> {
        let Some(element) = self.signed_info.and_then(|info| child(info, DS, "SignatureMethod")) else {
            return Declared::Unknown(String::new());
        };
        let uri = element.attribute("Algorithm").unwrap_or_default();
        let known = if uri == RSA_PSS { pss_parameters(element) } else { SignatureAlgorithm::from_uri(uri) };
        known.map_or_else(|| Declared::Unknown(uri.to_owned()), Declared::Known)
    }

    /// The ds:Reference elements of ds:SignedInfo, in order.
    pub(crate) fn references(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.signed_info.into_iter().flat_map(|info| children(info, DS, "Reference"))
    }

    /// The signature value, decoded; empty where it is none or no base64.
    pub(crate) fn value(&self) -> Vec<u8> {
        self.value.and_then(|node| decode_base64(&text(node))).unwrap_or_default()
    }
}

/// A canonicalisation method from an element with an `Algorithm`; the URI as it stands where it is not known.
pub(crate) fn method(element: Node<'_>) -> Result<Method, String> {
    let uri = element.attribute("Algorithm").unwrap_or_default();
    let method = Method::from_uri(uri).ok_or_else(|| uri.to_owned())?;
    let list = child(element, EXC_C14N, "InclusiveNamespaces").and_then(|node| node.attribute("PrefixList"));
    Ok(method.with_prefix_list(list.unwrap_or_default()))
}

/// `Algorithm` of a ds:DigestMethod child.
pub(crate) fn digest_method(parent: Node<'_>) -> Declared<DigestAlgorithm> {
    let uri =
        child(parent, DS, "DigestMethod").and_then(|node| node.attribute("Algorithm")).unwrap_or_default();
    DigestAlgorithm::from_uri(uri).map_or_else(|| Declared::Unknown(uri.to_owned()), Declared::Known)
}

/// RSAPSSParams with the defaults of RFC 9231, 2.3.9: SHA-256, MGF1 with the same digest, salt as long as it.
/// `None` for a parameter that is there and not understood.
fn pss_parameters(signature_method: Node<'_>) -> Option<SignatureAlgorithm> {
    let parameters = child(signature_method, MORE_2007, "RSAPSSParams");
    let digest_of = |node: Option<Node<'_>>, default| match node
        .filter(|node| child(*node, DS, "DigestMethod").is_some())
    {
        Some(node) => digest_method(node).known().copied(),
        None => Some(default),
    };
    let part = |name| parameters.and_then(|node| child(node, MORE_2007, name));
    let digest = digest_of(parameters, DigestAlgorithm::Sha256)?;
    let mgf1_digest = digest_of(part("MaskGenerationFunction"), digest)?;
    let salt_length = match part("SaltLength") {
        Some(node) => text(node).trim().parse().ok()?,
        None => digest_length(digest),
    };
    Some(SignatureAlgorithm {
        scheme: Scheme::RsaPss,
        digest: Some(digest),
        mgf1_digest: Some(mgf1_digest),
        salt_length: Some(salt_length),
    })
}

/// Length of a digest in bytes, where a PSS salt may be as long as it.
fn digest_length(digest: DigestAlgorithm) -> usize {
    match digest {
        DigestAlgorithm::Md2 | DigestAlgorithm::Md5 => 16,
        DigestAlgorithm::Sha1 | DigestAlgorithm::Ripemd160 => 20,
        DigestAlgorithm::Sha224 | DigestAlgorithm::Sha3_224 => 28,
        DigestAlgorithm::Sha256 | DigestAlgorithm::Sha3_256 => 32,
        DigestAlgorithm::Sha384 | DigestAlgorithm::Sha3_384 => 48,
        DigestAlgorithm::Sha512 | DigestAlgorithm::Sha3_512 | DigestAlgorithm::Whirlpool => 64,
    }
}

/// Child elements with this name.
pub(crate) fn children<'a>(
    node: Node<'a>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a>> + use<'a> {
    node.children().filter(move |child| is(*child, namespace, name))
}

/// The first child element with this name.
pub(crate) fn child<'a>(node: Node<'a>, namespace: &'static str, name: &'static str) -> Option<Node<'a>> {
    children(node, namespace, name).next()
}

/// Whether an element has this expanded name.
pub(crate) fn is(node: Node<'_>, namespace: &str, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element() && tag.name() == name && tag.namespace() == Some(namespace)
}

/// The identifier attribute of an element of XML-DSig or XAdES.
pub(crate) fn id<'a>(node: Node<'a>) -> Option<&'a str> {
    node.attribute("Id").or_else(|| node.attribute("ID")).or_else(|| node.attribute("id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Limits;
    use crate::format::xml::Document;

    #[test]
    fn pss_parameters_have_the_defaults_of_rfc_9231() {
        let algorithm = |parameters: &str| {
            let text = format!(
                r#"<Signature xmlns="{DS}" xmlns:m="{MORE_2007}"><SignedInfo><SignatureMethod Algorithm="{RSA_PSS}">{parameters}</SignatureMethod></SignedInfo></Signature>"#
            );
            let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
            SignatureElement::new(document.root_element()).algorithm()
        };
        let known = |digest, mgf1_digest, salt_length| {
            let (digest, mgf1_digest) = (Some(digest), Some(mgf1_digest));
            let salt_length = Some(salt_length);
            Declared::Known(SignatureAlgorithm { scheme: Scheme::RsaPss, digest, mgf1_digest, salt_length })
        };
        let sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
        let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
        let digest = |uri| format!(r#"<DigestMethod Algorithm="{uri}"/>"#);
        assert_eq!(algorithm(""), known(DigestAlgorithm::Sha256, DigestAlgorithm::Sha256, 32));
        assert_eq!(
            algorithm(&format!("<m:RSAPSSParams>{}</m:RSAPSSParams>", digest(sha384))),
            known(DigestAlgorithm::Sha384, DigestAlgorithm::Sha384, 48)
        );
        assert_eq!(
            algorithm(&format!(
                "<m:RSAPSSParams>{}<m:MaskGenerationFunction>{}</m:MaskGenerationFunction><m:SaltLength> 20 </m:SaltLength></m:RSAPSSParams>",
                digest(sha384),
                digest(sha1)
            )),
            known(DigestAlgorithm::Sha384, DigestAlgorithm::Sha1, 20)
        );
        // What is there and not known must not be taken for the default.
        assert!(matches!(
            algorithm("<m:RSAPSSParams><DigestMethod Algorithm='x'/></m:RSAPSSParams>"),
            Declared::Unknown(_)
        ));
        assert!(matches!(
            algorithm("<m:RSAPSSParams><m:SaltLength>-1</m:SaltLength></m:RSAPSSParams>"),
            Declared::Unknown(_)
        ));
    }
}
