//! XML signature wrapping: no rearrangement of a sealed ELM v2 credential verifies as something else that the
//! credential reader then reads.

use crate::support::{demo_pipeline, real_pipeline, root, shared, verify};
use roxmltree::{Document, Node};
use sealgate::pipeline::Pipeline;
use sealgate::report::Overall;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// A sealed credential, with a forged one in the same words but for its texts.
struct Sealed {
    pipeline: &'static Pipeline,
    at: &'static str,
    /// The document element with its signature.
    original: String,
    /// The ds:Signature.
    signature: String,
    /// The document element without it.
    content: String,
    /// `content` with other texts.
    forged: String,
    /// The credential that the original's verdict has, as JSON.
    credential: String,
}

impl Sealed {
    fn read(pipeline: &'static Pipeline, bytes: &[u8], at: &'static str) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let document = Document::parse(text).unwrap();
        let signature = document.descendants().find(|node| node.has_tag_name((DS, "Signature"))).unwrap();
        let (root, cut) = (document.root_element().range(), signature.range());
        let content = [&text[root.start..cut.start], &text[cut.end..root.end]].concat();
        let verdict = verify(pipeline, bytes, at);
        assert_eq!(verdict.verdict, Overall::Passed);
        let credential = serde_json::to_string(verdict.credential.as_ref().unwrap()).unwrap();
        assert!(!credential.contains("Forged"));
        Self {
            pipeline,
            at,
            original: text[root].to_owned(),
            // Taken out of its place, it needs the prefixes that the document element declares.
            signature: text[cut].replacen(' ', &format!(" {} ", declarations(document.root_element())), 1),
            forged: forge(&content),
            content,
            credential,
        }
    }

    /// The demonstration credential, and the real one where the data folder is there.
    fn all(test: &str) -> Vec<Self> {
        let demo = std::fs::read(self::root().join("examples/sound/elm-v2-lt.xml")).unwrap();
        let mut all = vec![Self::read(demo_pipeline(), &demo, "2026-11-22T00:00:00Z")];
        if let Some(real) = shared("credentials/elm-v2-xml/EDC_DiplomaSupplement_AA.xml", test) {
            let lists = real_pipeline("2023-09", test).unwrap();
            all.push(Self::read(lists, &std::fs::read(real).unwrap(), "2023-10-01T00:00:00Z"));
        }
        all
    }

    /// Whether a rearrangement passes; what it then says must be what was sealed.
    fn passes(&self, what: &str, text: &str) -> bool {
        let verdict = verify(self.pipeline, text.as_bytes(), self.at);
        if verdict.verdict != Overall::Passed {
            return false;
        }
        let credential = serde_json::to_string(&verdict.credential).unwrap();
        assert_eq!(credential, self.credential, "{what}: passes as another credential");
        true
    }

    fn never_passes(&self, what: &str, text: &str) {
        assert!(!self.passes(what, text), "{what}: passes");
    }

    fn forged_with(&self, inside: &str) -> Vec<String> {
        insertions(&self.forged, inside)
    }
}

/// The namespace declarations of an element.
fn declarations(node: Node<'_, '_>) -> String {
    let declared = node.namespaces().filter(|namespace| namespace.name() != Some("xml"));
    declared
        .filter_map(|namespace| Some(format!("xmlns:{}=\"{}\"", namespace.name()?, namespace.uri())))
        .filter(|declaration| !declaration.contains(DS))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same with other texts in every language.
fn forge(content: &str) -> String {
    let document = Document::parse(content).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.is_text() && node.parent().unwrap().tag_name().name() == "text");
    let mut forged = content.to_owned();
    for range in texts.map(|node| node.range()).collect::<Vec<_>>().into_iter().rev() {
        forged.replace_range(range, "Forged");
    }
    assert_ne!(forged, content);
    forged
}

/// `inside` as the first child of the document element, the last, and within its first and its last child.
fn insertions(outer: &str, inside: &str) -> Vec<String> {
    let document = Document::parse(outer).unwrap();
    let mut places = Vec::new();
    let mut children = document.root_element().children().filter(Node::is_element);
    let (first, last) = (children.next().unwrap(), children.next_back().unwrap());
    places.push(first.range().start);
    places.push(last.range().end);
    places.extend([first, last].iter().filter_map(|node| Some(node.first_element_child()?.range().start)));
    places.iter().map(|place| [&outer[..*place], inside, &outer[*place..]].concat()).collect()
}

/// Every start tag `<name` opened with these attributes added.
fn with_attribute(text: &str, attribute: &str) -> String {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap();
    [&text[..end], " ", attribute, &text[end..]].concat()
}

#[test]
fn sibling() {
    for sealed in Sealed::all("sibling") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        let vp = "xmlns:vp='http://data.europa.eu/snb/vp'";
        for inside in [
            format!("{forged}{original}"),
            format!("{original}{forged}"),
            format!("{forged}{content}{signature}"),
            format!("{content}{forged}{signature}"),
            format!("{signature}{forged}{content}"),
        ] {
            sealed.never_passes(
                "siblings in a presentation",
                &format!("<vp:verifiablePresentation {vp}>{inside}</vp:verifiablePresentation>"),
            );
            sealed.never_passes("siblings in anything", &format!("<r>{inside}</r>"));
        }
        // Two document elements are no document.
        sealed.never_passes("two document elements", &format!("{original}{forged}"));
        sealed.never_passes("two document elements", &format!("{forged}{original}"));
    }
}

#[test]
fn nested() {
    for sealed in Sealed::all("nested") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        for text in sealed.forged_with(original) {
            sealed.never_passes("the original within the forged", &text);
        }
        for text in insertions(original, forged)
            .into_iter()
            .chain(sealed.forged_with(&format!("{content}{signature}")))
        {
            sealed.never_passes("the forged within the original", &text);
        }
    }
}

#[test]
fn object() {
    for sealed in Sealed::all("object") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        let end = signature.rfind("</").unwrap();
        let holding = |what: &str, attributes: &str| {
            let prefix = &signature[end + 2..signature.len() - 1].trim_end_matches("Signature");
            format!(
                "{}<{prefix}Object {attributes}>{what}</{prefix}Object>{}",
                &signature[..end],
                &signature[end..]
            )
        };
        for attributes in ["", "Id='o'", "MimeType='text/xml'"] {
            for text in sealed.forged_with(&holding(content, attributes)) {
                sealed.never_passes("the original in a ds:Object of a signature in the forged", &text);
            }
            sealed.never_passes("the signature is the document", &holding(content, attributes));
            sealed.never_passes("the signature is the document", &holding(forged, attributes));
            sealed.never_passes("the signature is the document", &holding(original, attributes));
            // What stands in a signature is not covered, and never read.
            for text in insertions(content, &holding(forged, attributes)) {
                sealed.passes("the forged in a ds:Object of the signature", &text);
            }
        }
    }
}

#[test]
fn extensions() {
    for sealed in Sealed::all("extensions") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        for name in ["extensions", "Extensions", "additionalNote", "proof", "verifiableCredential"] {
            let within = |what: &str| format!("<{name} xmlns='http://data.europa.eu/snb'>{what}</{name}>");
            for text in
                [within(original), within(content) + signature, format!("{}{signature}", within(original))]
            {
                for text in sealed.forged_with(&text) {
                    sealed.never_passes("the original in an extension of the forged", &text);
                }
            }
            for text in insertions(original, &within(forged)) {
                sealed.never_passes("the forged in an extension of the original", &text);
            }
        }
    }
}

#[test]
fn duplicate_id() {
    for sealed in Sealed::all("duplicate_id") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        let document = Document::parse(original).unwrap();
        let properties =
            document.descendants().find(|node| node.tag_name().name() == "SignedProperties").unwrap();
        let id = properties.attribute("Id").unwrap();
        let text = &original[properties.range()];
        let backdated = text.replace("2026-", "2020-").replace("2022-", "2020-");
        assert_ne!(backdated, text);
        for twice in [format!("{backdated}{text}"), format!("{text}{backdated}"), backdated.clone()] {
            sealed.never_passes("the signed properties twice", &original.replace(text, &twice));
        }
        let qualifying = properties.parent().unwrap();
        let other = original[qualifying.range()].replace(text, &backdated);
        let object = &original[qualifying.parent().unwrap().range()];
        let first = object.replace(&original[qualifying.range()], &other);
        for objects in [format!("{first}{object}"), format!("{object}{first}")] {
            sealed.never_passes("the qualifying properties twice", &original.replace(object, &objects));
        }
        for name in ["Id", "ID", "id", "xml:id"] {
            let named = with_attribute("<x/>".replace('/', "></x").as_str(), &format!("{name}='{id}'"));
            for text in insertions(original, &named) {
                sealed.never_passes("the Id of the signed properties in the content", &text);
            }
            let end = original.find("SignedInfo>").unwrap_or(0);
            let in_signature = original[end..].find("<").map(|at| end + at).unwrap();
            let text = [&original[..in_signature], &named, &original[in_signature..]].concat();
            sealed.never_passes("the Id of the signed properties in the signature", &text);
            let signature_id = format!("{name}='wrapped'");
            let (one, other) =
                (with_attribute(content, &signature_id), with_attribute(forged, &signature_id));
            sealed.never_passes("an Id twice", &format!("<r>{one}{other}{signature}</r>"));
            sealed.never_passes("an Id twice", &format!("<r>{other}{one}{signature}</r>"));
        }
    }
}

#[test]
fn moved_root() {
    for sealed in Sealed::all("moved_root") {
        let Sealed { original, signature, content, forged, .. } = &sealed;
        for text in sealed.forged_with(signature) {
            sealed.never_passes("the signature in the forged", &text);
        }
        for name in ["r", "soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'"] {
            let end = name.split(' ').next().unwrap();
            for inside in [original.clone(), format!("{content}{signature}"), format!("{signature}{content}")]
            {
                sealed.never_passes("another document element", &format!("<{name}>{inside}</{end}>"));
            }
        }
        // A signature may stand anywhere in what it is over; even within a text, nothing in it is read.
        let place = content.find("</text>").unwrap();
        let inside = signature.replacen("<ds:KeyInfo>", "<ds:Object>Forged</ds:Object><ds:KeyInfo>", 1);
        assert_ne!(inside, *signature);
        for moved in [&inside, signature] {
            assert!(sealed.passes(
                "the signature within a text",
                &[&content[..place], moved, &content[place..]].concat(),
            ));
            for text in insertions(content, moved) {
                assert!(sealed.passes("the signature elsewhere", &text));
            }
        }
        // A second signature element hides what it holds from the first one's reference, and is judged itself.
        let hidden = format!("<ds:Signature xmlns:ds='{DS}'><ds:Object>{forged}</ds:Object></ds:Signature>");
        for text in insertions(original, &hidden) {
            sealed.never_passes("the forged in a signature of its own", &text);
        }
        let saml = "urn:oasis:names:tc:SAML:2.0:assertion";
        for text in insertions(original, &format!("<a:Assertion xmlns:a='{saml}'>{hidden}</a:Assertion>")) {
            sealed.never_passes("the forged in a signature of an assertion", &text);
        }
    }
}

#[test]
fn comment_splitting() {
    for sealed in Sealed::all("comment_splitting") {
        let original = &sealed.original;
        let document = Document::parse(original).unwrap();
        let texts: Vec<_> = document
            .descendants()
            .filter(|node| node.is_text() && node.parent().unwrap().tag_name().name() == "text")
            .map(|node| node.range())
            .collect();
        let mut passed = 0;
        for insert in ["<!---->", "<!-- Forged -->", "<!--</text><text>Forged</text>-->", "<![CDATA[]]>"] {
            for at in [0, 3, usize::MAX] {
                let mut text = original.clone();
                for range in texts.iter().rev() {
                    let mut place = range.start.saturating_add(at).min(range.end);
                    while !text.is_char_boundary(place) || text[range.start..place].rfind('&').is_some() {
                        place -= 1;
                    }
                    text.insert_str(place, insert);
                }
                passed += usize::from(sealed.passes("texts with comments", &text));
            }
        }
        // Canonicalisation leaves out comments and resolves CDATA: the sealed words are read whole.
        assert_eq!(passed, 12);
        for insert in ["<?x Forged?>", "<![CDATA[Forged]]>", "<text>Forged</text>", "Forged"] {
            for range in [&texts[0], &texts[texts.len() - 1]] {
                let mut text = original.clone();
                text.insert_str(range.start, insert);
                sealed.never_passes("something in a text", &text);
            }
        }
        for around in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
            let (first, last) = (&texts[0], &texts[1]);
            let mut text = original.clone();
            text.insert_str(last.end, around.1);
            text.insert_str(first.end, around.0);
            sealed.never_passes("elements out of sight", &text);
        }
    }
}

#[test]
fn entity() {
    for sealed in Sealed::all("entity") {
        let original = &sealed.original;
        let document = Document::parse(original).unwrap();
        let name = original[1..].split(|c: char| c.is_ascii_whitespace()).next().unwrap();
        let texts = document.descendants().filter(|node| node.is_text());
        let first = texts.clone().find(|node| node.parent().unwrap().tag_name().name() == "text").unwrap();
        let (range, sealed_text) = (first.range(), first.text().unwrap().to_owned());
        let replaced = |by: &str| [&original[..range.start], by, &original[range.end..]].concat();
        for declared in [
            format!("<!ENTITY e '{sealed_text}'>"),
            "<!ENTITY e 'Forged'>".to_owned(),
            "<!ENTITY e SYSTEM 'file:///etc/hostname'>".to_owned(),
            "<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;".to_owned(),
            "<!ATTLIST text lang CDATA 'en'>".to_owned(),
            "<!ATTLIST x Id ID #IMPLIED>".to_owned(),
        ] {
            for text in [replaced("&e;"), replaced(&format!("{sealed_text}&e;")), original.clone()] {
                let head = format!("<!DOCTYPE {name} [{declared}]>");
                sealed.never_passes("a document type declaration", &format!("{head}{text}"));
            }
        }
        sealed.never_passes("an undeclared entity", &replaced("&e;"));
        sealed.never_passes("another character", &replaced("&#70;orged"));
        sealed.never_passes("no character", &replaced(&format!("{sealed_text}&#0;")));
        // A character reference is the character.
        let spelt: String = sealed_text.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
        assert!(sealed.passes("character references", &replaced(&spelt)));
    }
}

#[test]
fn the_order_of_attributes_says_nothing() {
    for sealed in Sealed::all("the_order_of_attributes_says_nothing") {
        // Canonicalisation sorts them, so that a seal does not tell one order from another.
        let original = &sealed.original;
        let end = original.find('>').unwrap();
        let tag = Document::parse(original).unwrap();
        let name = original[..end].split(|c: char| c.is_ascii_whitespace()).next().unwrap();
        let mut attributes: Vec<&str> =
            tag.root_element().attributes().map(|attribute| &original[attribute.range()]).collect();
        let declared = original[..end]
            .split_ascii_whitespace()
            .filter(|part| part.starts_with("xmlns"))
            .collect::<Vec<_>>()
            .join(" ");
        attributes.reverse();
        let text = format!("{name} {declared} {}{}", attributes.join(" "), &original[end..]);
        assert!(sealed.passes("attributes reversed", &text));
    }
}
