//! No change of a sealed byte leaves a `passed` verdict.

use crate::support::{Random, demo_pipeline, real_pipeline, root, shared, verify};
use sealgate::pipeline::Pipeline;
use sealgate::report::Overall;

const NOW: &str = "2026-11-22T00:00:00Z";

/// Replaces one byte by another.
fn mutate(rng: &mut Random, bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] = changed[at].wrapping_add(1 + rng.below(255) as u8);
    changed
}

/// What a JAdES seal covers, and its value, decoded by another JSON reader. `None` where that reader refuses.
fn sealed_json(bytes: &[u8]) -> Option<[String; 3]> {
    let json: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let signature = json.get("signatures").map_or(&json, |list| &list[0]);
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    Some([text(&json["payload"])?, text(&signature["protected"])?, text(&signature["signature"])?])
}

/// The places in a JSON file where one of the three sealed strings stands.
fn sealed_ranges(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    ["\"payload\":\"", "\"protected\":\"", "\"signature\":\""]
        .iter()
        .map(|name| {
            let text = std::str::from_utf8(bytes).unwrap();
            let start = text.rfind(name).unwrap_or_else(|| panic!("no {name}")) + name.len();
            let mut end = start;
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            start..end
        })
        .collect()
}

fn json_mutations(pipeline: &Pipeline, name: &str, bytes: &[u8], at: &str, count: usize) {
    assert_eq!(verify(pipeline, bytes, at).verdict, Overall::Passed, "{name}");
    let original = sealed_json(bytes).unwrap();
    let ranges = sealed_ranges(bytes);
    let mut rng = Random::new();
    let mut changed_nothing = 0;
    for round in 0..count {
        let range = &ranges[round % ranges.len()];
        let position = range.start + rng.below(range.len());
        let changed = mutate(&mut rng, bytes, position);
        // A changed escape can stand for the same character: then nothing sealed was changed.
        if sealed_json(&changed).as_ref() == Some(&original) {
            changed_nothing += 1;
            continue;
        }
        let verdict = verify(pipeline, &changed, at).verdict;
        assert_ne!(verdict, Overall::Passed, "{name}: byte {position} changed to {}", changed[position]);
    }
    assert!(changed_nothing < count / 10, "{name}: {changed_nothing} of {count} changed nothing");
}

/// What an enveloped XAdES seal covers, canonicalised by another library: the document less its signature, the
/// SignedInfo, the signed properties, and the value without its white space.
fn sealed_xml(bytes: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let tree = roxmltree::Document::parse(text).ok()?;
    let find =
        |name: &str| tree.descendants().find(|node| node.is_element() && node.tag_name().name() == name);
    let signature = find("Signature")?;
    let without = [&text[..signature.range().start], &text[signature.range().end..]].concat();
    let canonical = |text: &str| {
        bergshamra_c14n::canonicalize(text, bergshamra_c14n::C14nMode::Exclusive, None, &[] as &[&str])
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let value: String = find("SignatureValue")?.text()?.split_whitespace().collect();
    let part = |name: &str| find(name).map(|node| text[node.range()].to_owned());
    Some(vec![canonical(&without)?, part("SignedInfo")?, part("SignedProperties")?, value])
}

fn xml_mutations(pipeline: &Pipeline, name: &str, bytes: &[u8], at: &str, count: usize) {
    assert_eq!(verify(pipeline, bytes, at).verdict, Overall::Passed, "{name}");
    let original = sealed_xml(bytes).unwrap();
    let text = std::str::from_utf8(bytes).unwrap();
    let tree = roxmltree::Document::parse(text).unwrap();
    let place = |name: &str| {
        tree.descendants().find(|node| node.is_element() && node.tag_name().name() == name).unwrap().range()
    };
    let signature = place("Signature");
    let regions = [
        0..signature.start,
        signature.end..bytes.len(),
        place("SignedInfo"),
        place("SignatureValue"),
        place("SignedProperties"),
    ];
    let mut rng = Random::new();
    let mut changed_nothing = 0;
    for round in 0..count {
        let range = &regions[round % regions.len()];
        if range.is_empty() {
            continue;
        }
        let position = range.start + rng.below(range.len());
        let changed = mutate(&mut rng, bytes, position);
        if sealed_xml(&changed).as_ref() == Some(&original) {
            changed_nothing += 1;
            continue;
        }
        let verdict = verify(pipeline, &changed, at).verdict;
        // SignedInfo and SignedProperties were compared as text: white space inside a tag is no change to a seal.
        if verdict == Overall::Passed && same_but_for_markup(&changed, bytes) {
            changed_nothing += 1;
            continue;
        }
        assert_ne!(verdict, Overall::Passed, "{name}: byte {position} changed to {}", changed[position]);
    }
    assert!(changed_nothing < count / 5, "{name}: {changed_nothing} of {count} changed nothing");
}

/// Whether two documents have the same canonical form as a whole.
fn same_but_for_markup(one: &[u8], other: &[u8]) -> bool {
    let canonical = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        bergshamra_c14n::canonicalize(text, bergshamra_c14n::C14nMode::Exclusive, None, &[] as &[&str]).ok()
    };
    canonical(one).is_some() && canonical(one) == canonical(other)
}

#[test]
fn changed_demonstration_seals_never_pass() {
    let mut json = 0;
    let mut xml = 0;
    for entry in std::fs::read_dir(root().join("examples/sound")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        match bytes.first() {
            Some(b'{') => {
                json_mutations(demo_pipeline(), name, &bytes, NOW, 600);
                json += 1;
            }
            Some(b'<') => {
                xml_mutations(demo_pipeline(), name, &bytes, NOW, 600);
                xml += 1;
            }
            _ => {}
        }
    }
    assert!(json >= 4 && xml >= 1, "{json} JSON and {xml} XML examples");
}

#[test]
fn changed_real_credentials_never_pass() {
    let name = "changed_real_credentials_never_pass";
    let Some(folder) = shared("credentials", name) else { return };
    let lists = real_pipeline("2026-08", name).unwrap();
    for file in ["edc-coe-signed", "edc-dc-signed", "edc-mc-signed"] {
        let bytes = std::fs::read(folder.join(format!("edc-2026/{file}.jsonld"))).unwrap();
        json_mutations(lists, file, &bytes, NOW, 1500);
    }
    let lists = real_pipeline("2023-09", name).unwrap();
    let at = "2023-10-01T00:00:00Z";
    let bytes = std::fs::read(folder.join("edc-2023/Sample-MC-Annex1-signed.jsonld")).unwrap();
    json_mutations(lists, "Sample-MC-Annex1-signed", &bytes, at, 1500);
    let bytes = std::fs::read(folder.join("elm-v2-xml/EDC_DiplomaSupplement_AA.xml")).unwrap();
    xml_mutations(lists, "EDC_DiplomaSupplement_AA", &bytes, at, 1000);
}

#[test]
fn a_payload_swapped_with_another_fails() {
    let name = "a_payload_swapped_with_another_fails";
    let Some(folder) = shared("credentials/edc-2026", name) else { return };
    let lists = real_pipeline("2026-08", name).unwrap();
    let read = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
    };
    let (one, other) = (read("edc-coe-signed.jsonld"), read("edc-dc-signed.jsonld"));
    for (mut seal, payload) in [(one.clone(), &other), (other.clone(), &one)] {
        seal["payload"] = payload["payload"].clone();
        let verdict = verify(lists, seal.to_string().as_bytes(), NOW);
        assert_eq!(verdict.verdict, Overall::Failed);
        assert_eq!(verdict.seals[0].sub_indication, Some("HASH_FAILURE"));
    }
}
