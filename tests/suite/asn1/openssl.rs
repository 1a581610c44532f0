//! openssl reads the same times, numbers and states, and verifies the same signatures.

use super::material::{Found, Kind, Material, find, shared};
use sealgate::certificate::Certificate;
use sealgate::format::cms::Trailing;
use sealgate::revocation::ocsp::OcspResponse;
use sealgate::revocation::{CertificateStatus, RevocationStore, crl::Crl};
use sealgate::signature::algorithm::{Crypto, Verification};
use sealgate::time::Time;
use sealgate::timestamp::{ReferenceMatch, Token, TokenSignature};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn openssl(arguments: &[&str]) -> Option<Output> {
    let output = Command::new("openssl").args(arguments).output();
    if output.is_err() {
        println!("skipped: no openssl");
    }
    output.ok()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `Jul 24 05:41:00.5 2020 GMT` as openssl prints times.
fn openssl_time(text: &str) -> Option<Time> {
    let mut words = text.split_whitespace();
    let month = words.next().and_then(|name| MONTHS.iter().position(|month| *month == name))? + 1;
    let (day, time, year) = (words.next()?, words.next()?, words.next()?);
    Time::parse_rfc3339(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

fn after<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.trim().strip_prefix(label)).map(str::trim).collect()
}

/// The hexadecimal digits of a number, without leading zeros.
fn digits(text: &str) -> String {
    let text = text.trim().trim_start_matches("0x").replace(':', "").to_lowercase();
    text.trim_start_matches('0').to_owned()
}

fn written(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("piece.der");
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

fn material() -> Option<(Found, tempfile::TempDir)> {
    openssl(&["version"])?;
    let folders = [shared("conformance")?, shared("credentials")?];
    Some((find(&folders), tempfile::tempdir().unwrap()))
}

/// Every third piece: each costs a process, and all of them say no more.
const EVERY: usize = 3;

fn parsed<T, E>(
    found: &Found,
    kind: Kind,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> impl Iterator<Item = (&Material, T)> {
    found
        .of(kind)
        .into_iter()
        .step_by(EVERY)
        .filter_map(move |material| Some((material, parse(&material.bytes).ok()?)))
}

#[test]
fn tokens_read_as_openssl_reads_them() {
    let Some((found, folder)) = material() else { return };
    let mut compared = 0;
    for (material, token) in parsed(&found, Kind::Token, |bytes| Token::parse_before(bytes, Trailing::Any)) {
        let file = written(folder.path(), &material.bytes);
        let output = openssl(&["ts", "-reply", "-token_in", "-in", &file, "-token_out", "-text"]).unwrap();
        let text = text(&output);
        if !output.status.success() {
            println!("not read by openssl: {}", material.file);
            continue;
        }
        let what = &material.file;
        let time = after(&text, "Time stamp:");
        let time = openssl_time(time[0]).unwrap_or_else(|| panic!("{time:?}"));
        // openssl prints no more than the digits there are; ours stops at milliseconds.
        assert_eq!(token.generated, time, "{what}");
        assert_eq!(digits(&hex::encode(&token.serial)), digits(after(&text, "Serial number:")[0]), "{what}");
        let imprint: String = text
            .lines()
            .skip_while(|line| !line.starts_with("Message data:"))
            .skip(1)
            .map_while(|line| line.trim().split_once(" - "))
            .flat_map(|(_, dump)| dump.chars().take(48).filter(char::is_ascii_hexdigit).collect::<Vec<_>>())
            .collect();
        assert_eq!(hex::encode(&token.imprint), imprint, "{what}");
        compared += 1;
    }
    println!("{compared} tokens as openssl reads them");
    assert!(compared > 80, "{compared}");
}

#[test]
fn token_signatures_verify_as_openssl_verifies_them() {
    let Some((found, folder)) = material() else { return };
    let crypto = Crypto::default();
    let (mut valid, mut invalid, mut unknown, mut referenced) = (0, 0, 0, 0);
    for (material, token) in parsed(&found, Kind::Token, |bytes| Token::parse_before(bytes, Trailing::Any)) {
        let certificates: Vec<Arc<Certificate>> =
            token.certificates.iter().filter_map(|der| Certificate::parse(der).ok()).map(Arc::new).collect();
        let Some(signer) = token.candidates(&crypto, &certificates).first().copied() else {
            unknown += 1;
            continue;
        };
        let reference = token.reference_matches(&crypto, signer);
        referenced += usize::from(reference == ReferenceMatch::Matches);
        let file = written(folder.path(), &material.bytes);
        let arguments =
            ["cms", "-verify", "-inform", "DER", "-in", &file, "-noverify", "-binary", "-out", "/dev/null"];
        let output = openssl(&arguments).unwrap();
        let ours = token.verify_signature(&crypto, &signer.key);
        match &ours {
            TokenSignature::Valid => valid += 1,
            _ => {
                println!("{ours:?}, {reference:?}: {}", material.file);
                invalid += 1;
            }
        }
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            ours == TokenSignature::Valid,
            output.status.success(),
            "{}: {ours:?}, {message}",
            material.file
        );
    }
    println!(
        "{valid} valid, {invalid} not, {unknown} without the authority's certificate; {referenced} references match"
    );
    assert!(valid > 80 && referenced > 80, "{valid} {referenced}");
}

#[test]
fn certificate_lists_read_as_openssl_reads_them() {
    let Some((found, folder)) = material() else { return };
    let pkits =
        shared("vectors/pkits/crls").map(|folder| super::material::files(&folder)).unwrap_or_default();
    let mut lists: Vec<(String, Vec<u8>)> = pkits
        .iter()
        .map(|path| (path.to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    lists.extend(
        found.of(Kind::Crl).into_iter().map(|material| (material.file.clone(), material.bytes.clone())),
    );
    let (mut compared, mut entries) = (0, 0);
    for (name, bytes) in lists {
        if name.ends_with(UNREADABLE_LIST) {
            assert!(Crl::parse(&bytes).is_err(), "{name}");
            continue;
        }
        let crl = Crl::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let file = written(folder.path(), &crl.der);
        let output = openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text"]).unwrap();
        assert!(output.status.success(), "{name}");
        let text = text(&output);
        assert_eq!(openssl_time(after(&text, "Last Update:")[0]), Some(crl.this_update), "{name}");
        assert_eq!(openssl_time(after(&text, "Next Update:")[0]), crl.next_update, "{name}");
        let serials = after(&text, "Serial Number:");
        let dates = after(&text, "Revocation Date:");
        assert_eq!(crl.len(), serials.len(), "{name}");
        entries += serials.len();
        // The list's entries through x509-parser, for its raw serial numbers.
        let (_, theirs) = x509_parser::parse_x509_crl(&crl.der).unwrap();
        let mut certificate = certificate();
        certificate.issuer = crl.issuer.clone();
        let indirect = crl.issuing_distribution_point.as_ref().is_some_and(|point| point.indirect);
        for (revoked, date) in theirs.iter_revoked_certificates().zip(dates) {
            certificate.serial = revoked.raw_serial().to_vec();
            match crl.status(&certificate) {
                CertificateStatus::Revoked { at, reason } => {
                    let raw = revoked.reason_code().map(|(_, code)| code.0);
                    assert_eq!((Some(at), reason), (openssl_time(date), raw), "{name}");
                }
                other => assert!(indirect, "{name}: {other:?}"),
            }
        }
        certificate.serial = b"\x7f not revoked".to_vec();
        assert_eq!(crl.status(&certificate), CertificateStatus::Good, "{name}");
        compared += 1;
    }
    println!("{compared} lists with {entries} entries as openssl and x509-parser read them");
    assert!(compared > 100 && entries > 100, "{compared} {entries}");
}

/// Its signature value was altered in the octet that counts unused bits: no signature has any.
const UNREADABLE_LIST: &str = "BadCRLSignatureCACRL.crl";

/// Any certificate, to be given other names and numbers.
fn certificate() -> Certificate {
    let parameters = rcgen::CertificateParams::new(vec!["example".into()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    Certificate::parse(parameters.self_signed(&key).unwrap().der()).unwrap()
}

#[test]
fn ocsp_responses_read_as_openssl_reads_them() {
    let Some((found, folder)) = material() else { return };
    let (mut compared, mut bare) = (0, 0);
    for (material, response) in parsed(&found, Kind::Ocsp, OcspResponse::parse) {
        let file = written(folder.path(), &material.bytes);
        let output = openssl(&["ocsp", "-respin", &file, "-resp_text", "-noverify"]).unwrap();
        let text = text(&output);
        if !text.contains("Produced At:") {
            // openssl wants the OCSPResponse around the BasicOCSPResponse that CMS holds.
            bare += 1;
            continue;
        }
        let what = &material.file;
        assert_eq!(openssl_time(after(&text, "Produced At:")[0]), Some(response.produced_at), "{what}");
        let times = |label| after(&text, label).into_iter().map(openssl_time).collect::<Vec<_>>();
        let this: Vec<_> = response.responses.iter().map(|one| Some(one.this_update)).collect();
        assert_eq!(times("This Update:"), this, "{what}");
        let next: Vec<_> = response.responses.iter().filter_map(|one| one.next_update).map(Some).collect();
        assert_eq!(times("Next Update:"), next, "{what}");
        let states: Vec<_> = response
            .responses
            .iter()
            .map(|one| match one.status {
                CertificateStatus::Good => "good",
                CertificateStatus::Revoked { .. } => "revoked",
                CertificateStatus::Unknown => "unknown",
            })
            .collect();
        assert_eq!(after(&text, "Cert Status:"), states, "{what}");
        let serials: Vec<_> =
            response.responses.iter().map(|one| digits(&hex::encode(&one.cert_id.serial))).collect();
        // The certificates printed after the answers have serial numbers too.
        let theirs = after(&text, "Serial Number:").into_iter().take(serials.len()).map(digits);
        assert_eq!(theirs.collect::<Vec<_>>(), serials, "{what}");
        compared += 1;
    }
    println!("{compared} responses as openssl reads them, {bare} bare ones that it does not read");
    assert!(compared >= 40, "{compared}");
}

/// Responses verify under a certificate beside them or the issuer of one; the store says the same twice.
#[test]
fn ocsp_responses_and_lists_verify_under_the_certificates_beside_them() {
    let (Some(conformance), Some(credentials)) = (shared("conformance"), shared("credentials")) else {
        return;
    };
    let found = find(&[conformance, credentials]);
    let crypto = Crypto::default();
    for store in [RevocationStore::new(1 << 24), RevocationStore::new(0)] {
        let (mut valid, mut without) = (0, 0);
        for material in found.of(Kind::Ocsp) {
            let Ok(response) = store.ocsp(&material.bytes) else { continue };
            let responder = response.certificates.iter().filter_map(|der| Certificate::parse(der).ok());
            let Some(responder) = responder.into_iter().find(|one| response.responder.names(&crypto, one))
            else {
                without += 1;
                continue;
            };
            let first = store.verify_ocsp(&crypto, &response, &responder.key);
            assert_eq!(first, store.verify_ocsp(&crypto, &response, &responder.key));
            match first {
                Verification::Valid => valid += 1,
                other => println!("{other:?}: {}", material.file),
            }
        }
        println!("{valid} responses valid, {without} without the responder's certificate");
        assert!(valid > 100, "{valid}");
    }
}

/// PKITS: every list is signed by the CA that it names, except where the test is about that.
#[test]
fn pkits_lists_verify_under_their_issuers() {
    let (Some(lists), Some(certificates)) = (shared("vectors/pkits/crls"), shared("vectors/pkits/certs"))
    else {
        return;
    };
    let certificates: Vec<Certificate> = super::material::files(&certificates)
        .iter()
        .filter_map(|path| Certificate::parse(&std::fs::read(path).unwrap()).ok())
        .collect();
    let (crypto, store) = (Crypto::default(), RevocationStore::new(1 << 20));
    let mut refused = Vec::new();
    let paths = super::material::files(&lists);
    for path in &paths {
        let verified = store.crl(&std::fs::read(path).unwrap()).is_ok_and(|crl| {
            let mut issuers = certificates.iter().filter(|certificate| certificate.subject == crl.issuer);
            issuers.any(|one| store.verify_crl(&crypto, &crl, &one.key) == Verification::Valid)
        });
        if !verified {
            refused.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    println!("{} lists, not verified: {refused:?}", paths.len());
    // DSA is named, never verified; the other three are bad on purpose.
    let expected = [
        "BadCRLIssuerNameCACRL",
        "BadCRLSignatureCACRL",
        "DSACACRL",
        "DSAParametersInheritedCACRL",
        "TwoCRLsCABadCRL",
    ];
    assert_eq!(refused, expected);
}
