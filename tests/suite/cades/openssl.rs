//! What openssl signs is intact here, and what is sealed here openssl verifies.

use super::seal::Sealed;
use super::{beside, check, credential, demo, intact, verify};
use crate::demo::{Level, Sealer};
use sealgate::finding::Status;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

struct Openssl(TempDir);

impl Openssl {
    fn find() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("skipped: no openssl");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("openssl").current_dir(self.0.path()).args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn must(&self, arguments: &[&str]) {
        let (done, error) = self.run(arguments);
        assert!(done, "openssl {arguments:?}: {error}");
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A key with its self-signed certificate, as `NAME.key` and `NAME.pem`.
    fn identity(&self, name: &str, key: &[&str]) {
        let (file, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        self.must(&[&["genpkey", "-out", &file], key].concat());
        let subject = format!("/CN={name}");
        let days = ["-days", "3650", "-subj", &subject, "-addext", "keyUsage=digitalSignature"];
        self.must(&[&["req", "-x509", "-new", "-key", &file, "-out", &certificate][..], &days].concat());
    }
}

const KEYS: [(&str, &[&str]); 4] = [
    ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("ed25519", &["-algorithm", "ED25519"]),
];

const WAYS: [(&str, &[&str]); 8] = [
    ("attached", &["-nodetach"]),
    ("detached", &[]),
    ("indefinite lengths", &["-nodetach", "-stream"]),
    ("without attributes", &["-nodetach", "-noattr"]),
    ("by key identifier", &["-nodetach", "-keyid"]),
    ("with signing-certificate", &["-nodetach", "-cades"]),
    ("with SHA-512", &["-nodetach", "-md", "sha512"]),
    ("with SHA3-256", &["-nodetach", "-md", "sha3-256"]),
];

#[test]
fn what_openssl_signs_is_intact() {
    let Some(openssl) = Openssl::find() else { return };
    let content = b"what is signed, \r\n as it stands".repeat(200);
    std::fs::write(openssl.folder().join("content"), &content).unwrap();
    let (mut count, mut left_out) = (0, Vec::new());
    for (name, key) in KEYS {
        openssl.identity(name, key);
        let (certificate, file) = (format!("{name}.pem"), format!("{name}.key"));
        let sign = ["cms", "-sign", "-binary", "-in", "content", "-out", "signed", "-outform", "DER"];
        let by = ["-signer", &certificate, "-inkey", &file];
        let pss = ["-nodetach", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"];
        let more = if name == "rsa" { vec![("PSS", &pss[..])] } else { Vec::new() };
        for (way, options) in WAYS.into_iter().chain(more) {
            let (signed, error) = openssl.run(&[&sign[..], &by, options].concat());
            if !signed {
                left_out.push(format!("{name} {way}: {}", error.lines().last().unwrap_or_default()));
                continue;
            }
            let bytes = std::fs::read(openssl.folder().join("signed")).unwrap();
            let given: &[&[u8]] = if way == "detached" { &[&content] } else { &[] };
            let verdict = beside(&bytes, given);
            assert!(intact(&verdict), "{name} {way}: {:#?}", verdict.seals[0].findings);
            assert_eq!(verdict.seals[0].sub_indication, Some("NO_CERTIFICATE_CHAIN_FOUND"), "{name} {way}");
            let mut changed = content.clone();
            changed[77] ^= 1;
            if way == "detached" {
                assert!(!intact(&beside(&bytes, &[&changed])), "{name} {way}");
                assert_eq!(check(&verify(&bytes), "reference-data-found"), [Status::Failed]);
            }
            count += 1;
        }
    }
    println!("{count} signatures of openssl are intact; it made none of these: {left_out:#?}");
    assert!(count >= 23, "{count}: {left_out:#?}");
}

#[test]
fn openssl_verifies_what_is_sealed_here() {
    let Some(openssl) = Openssl::find() else { return };
    let content = credential(7);
    for (sealer, level) in
        [(Sealer::Compact, Level::B), (Sealer::CompactEc, Level::T), (Sealer::University, Level::Lta)]
    {
        for detached in [false, true] {
            let mut sealed = Sealed::at_level(demo(), &content, sealer, level);
            sealed.detached = detached;
            std::fs::write(openssl.folder().join("sealed"), sealed.bytes()).unwrap();
            std::fs::write(openssl.folder().join("content"), &content).unwrap();
            let verify =
                ["cms", "-verify", "-inform", "DER", "-in", "sealed", "-binary", "-noverify", "-out", "out"];
            let given: &[&str] = if detached { &["-content", "content"] } else { &[] };
            openssl.must(&[&verify[..], given].concat());
            assert_eq!(std::fs::read(openssl.folder().join("out")).unwrap(), content);
        }
    }
}
