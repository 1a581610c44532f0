//! The examples in CMS, PDF and containers, as OpenSSL, Info-ZIP and Poppler read them.

use super::{Tool, altered};
use crate::demo::{self, key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::process::Command;

/// The file of a container, by `unzip`.
fn unzipped(unzip: &Tool, archive: &str, name: &str) -> Vec<u8> {
    let output = Command::new(unzip.name).args(["-p", archive, name]).output().unwrap();
    assert!(output.status.success(), "{archive}: {name}");
    output.stdout
}

#[test]
fn openssl_and_unzip_read_cms_and_containers() {
    let Some(openssl) = Tool::find("openssl", "version") else { return };
    let Some(unzip) = Tool::find("unzip", "-v") else { return };
    let (mut files, mut containers) = (0, 0);
    for example in &demo::shared().examples() {
        let path = openssl.file("example", &example.bytes);
        let verify = ["cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-in"];
        let (verified, text) = match example.path.rsplit('.').next().unwrap() {
            "p7m" => openssl.run(&[&verify[..], &[&path]].concat()),
            // Its content is a credential that the generator throws away: only the structure is looked at.
            "p7s" => openssl.run(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", &path]),
            extension @ ("asics" | "asice") => {
                unzip.accepts(&["-tqq", &path]);
                let [signature, signed] = match extension {
                    "asics" => ["META-INF/signature.p7s", "diploma.jsonld"],
                    _ => ["META-INF/signature001.p7s", "META-INF/ASiCManifest001.xml"],
                };
                let signature = openssl.file("signature", &unzipped(&unzip, &path, signature));
                let signed = unzipped(&unzip, &path, signed);
                let content = openssl.file("content", &signed);
                containers += 1;
                let manifest = String::from_utf8_lossy(&signed);
                let digest = STANDARD.encode(key::sha256(&unzipped(&unzip, &path, "diploma.jsonld")));
                let swapped = extension == "asice" && !manifest.contains(&digest);
                assert_eq!(swapped, example.path.contains("swapped"), "{}", example.path);
                let (verified, text) =
                    openssl.run(&[&verify[..], &[&signature, "-content", &content]].concat());
                // The manifest is as it was signed, what it lists may not be.
                (verified && !swapped, text)
            }
            _ => continue,
        };
        files += 1;
        assert_eq!(verified, !altered(example), "{}: {text}", example.path);
    }
    assert_eq!((files, containers), (8, 4));
}

#[test]
fn poppler_verifies_sealed_pdfs() {
    let Some(pdfsig) = Tool::find("pdfsig", "-v") else { return };
    let mut files = 0;
    for example in demo::shared().examples().iter().filter(|example| example.path.ends_with(".pdf")) {
        let path = pdfsig.file("example.pdf", &example.bytes);
        let (_, text) = pdfsig.run(&["-nocert", &path]);
        let (valid, whole) = (text.contains("Signature is Valid"), text.contains("Total document signed"));
        assert_eq!(valid, !altered(example), "{}: {text}", example.path);
        assert_eq!(whole, !example.path.contains("changed-since"), "{}: {text}", example.path);
        files += 1;
    }
    assert_eq!(files, 3);
}
