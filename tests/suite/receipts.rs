//! Signed receipts: given by the command and by the service, checked and replayed later, and by OpenSSL, which knows nothing
//! of Sealgate.

use crate::server::{AT, Answer, Server, send_to};
use crate::support::root;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const FILE: &str = "examples/sound/lt-qualified.jsonld";
pub(crate) const DOMAIN: [&str; 2] = ["--trust-domain", "trust-lists/demo.toml"];

fn sealgate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealgate")).current_dir(root()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a key pair.
pub(crate) struct Keys {
    folder: tempfile::TempDir,
}

impl Keys {
    pub(crate) fn new(algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        Self::of(&pair.serialize_pem(), &pair.public_key_pem())
    }

    /// RSA, by OpenSSL; `None` without it.
    pub(crate) fn rsa() -> Option<Self> {
        Self::openssl(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    }

    /// What OpenSSL makes by these options; `None` without it.
    pub(crate) fn openssl(options: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("private.pem");
        let made =
            Command::new("openssl").arg("genpkey").args(options).arg("-out").arg(&private).output().ok()?;
        assert!(made.status.success());
        let public = Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&private).output().unwrap();
        Some(Self::of(&std::fs::read_to_string(&private).unwrap(), &text(&public.stdout)))
    }

    pub(crate) fn of(private: &str, public: &str) -> Self {
        let keys = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(keys.path("private.pem"), private).unwrap();
        std::fs::set_permissions(keys.path("private.pem"), Permissions::from_mode(0o600)).unwrap();
        std::fs::write(keys.path("public.pem"), public).unwrap();
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn private(&self) -> String {
        self.path("private.pem").to_str().unwrap().to_owned()
    }

    pub(crate) fn public(&self) -> String {
        self.path("public.pem").to_str().unwrap().to_owned()
    }

    /// Verifies a file with these further arguments; the answer with its receipt, as a file.
    fn receipt(&self, arguments: &[&str], file: &str) -> PathBuf {
        let mut all = vec!["verify", "--at", AT, "--format", "json"];
        let private = self.private();
        all.extend(["--receipt-key", &private]);
        all.extend(arguments);
        all.push(file);
        let output = sealgate(&all);
        let path = self.path("answer.json");
        std::fs::write(&path, &output.stdout).unwrap();
        assert!(text(&output.stdout).contains("\"receipt\":\""), "{}", text(&output.stderr));
        path
    }
}

fn answer(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Header, payload, and what was signed, of the receipt in an answer.
pub(crate) fn parts(answer: &Value) -> (Value, Value, String, Vec<u8>) {
    let receipt = answer["receipt"].as_str().unwrap();
    let (input, value) = receipt.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let json = |part: &str| serde_json::from_slice(&decode(part)).unwrap();
    (json(header), json(payload), input.to_owned(), decode(value))
}

/// `receipt verify` with its points by name: exit code, whether each holds, what is said of it.
pub(crate) fn check(arguments: &[&str]) -> (i32, impl Fn(&str) -> (String, String) + use<>) {
    let mut all = vec!["receipt", "verify", "--format", "json"];
    all.extend(arguments);
    let output = sealgate(&all);
    let said = text(&output.stdout);
    let json: Value = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{arguments:?}: {said}{}", text(&output.stderr)));
    let points = json["points"].as_array().unwrap().clone();
    let of = move |name: &str| {
        let point = points.iter().find(|point| point["check"] == name);
        let point = point.unwrap_or_else(|| panic!("no {name}: {points:?}"));
        (point["holds"].as_str().unwrap().to_owned(), point["detail"].as_str().unwrap().to_owned())
    };
    (output.status.code().unwrap(), of)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(sealgate::signature::algorithm::identity(bytes))
}

/// A DER SEQUENCE of two INTEGERs, which OpenSSL wants of ECDSA, from r‖s.
fn der(value: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        let pad = if bytes[start] >= 0x80 { vec![0] } else { vec![] };
        let content = [&pad[..], &bytes[start..]].concat();
        [&[2, u8::try_from(content.len()).unwrap()][..], &content].concat()
    };
    let (r, s) = value.split_at(value.len() / 2);
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()][..], &content].concat()
}

/// Whether OpenSSL finds the signature right; `None` without OpenSSL.
pub(crate) fn openssl(keys: &Keys, algorithm: &str, input: &str, value: &[u8]) -> Option<bool> {
    let ec = algorithm.starts_with("ES");
    let value = if ec { der(value) } else { value.to_vec() };
    std::fs::write(keys.path("input"), input).unwrap();
    std::fs::write(keys.path("value"), value).unwrap();
    let mut command = Command::new("openssl");
    command.current_dir(keys.folder.path());
    match algorithm {
        "EdDSA" => command.args([
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            "public.pem",
            "-rawin",
            "-sigfile",
            "value",
            "-in",
            "input",
        ]),
        _ => {
            let digest = if algorithm == "ES384" { "-sha384" } else { "-sha256" };
            command.args(["dgst", digest, "-verify", "public.pem", "-signature", "value"]);
            if algorithm == "PS256" {
                command.args(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]);
            }
            command.arg("input")
        }
    };
    Some(command.output().ok()?.status.success())
}

#[test]
fn a_receipt_says_what_the_verdict_rests_on_and_openssl_verifies_it() {
    let mut kinds = vec![
        (Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256), None, "ES256"),
        (Keys::new(&rcgen::PKCS_ECDSA_P384_SHA384), None, "ES384"),
        (Keys::new(&rcgen::PKCS_ED25519), None, "EdDSA"),
    ];
    match (Keys::rsa(), Keys::rsa()) {
        (Some(one), Some(other)) => kinds.extend([(one, None, "PS256"), (other, Some("RS256"), "RS256")]),
        _ => println!("skipped: RSA and OpenSSL's word, without OpenSSL"),
    }
    let file = std::fs::read(root().join(FILE)).unwrap();
    for (keys, asked, algorithm) in kinds {
        let mut arguments = vec![DOMAIN[0], DOMAIN[1], "--offline"];
        arguments.extend(asked.iter().flat_map(|asked| ["--receipt-algorithm", asked]));
        let path = keys.receipt(&arguments, FILE);
        let answer = answer(&path);
        let (header, said, input, value) = parts(&answer);
        assert_eq!(
            (header["alg"].as_str(), header["typ"].as_str()),
            (Some(algorithm), Some("sealgate-receipt+jws"))
        );
        if let Some(right) = openssl(&keys, algorithm, &input, &value) {
            assert!(right, "{algorithm}");
            assert!(!openssl(&keys, algorithm, &format!("{input}x"), &value).unwrap(), "{algorithm}");
        }
        assert_eq!(said["input"]["sha256"], sha256(&file));
        assert_eq!(said["input"]["bytes"], file.len());
        assert_eq!(said["trust"][0]["snapshot"], answer["trust"]["snapshot"]);
        assert_eq!(said["validation_time"], AT);
        assert_eq!(said["policy"]["name"], "default");
        assert_eq!(said["software"], format!("sealgate {}", env!("CARGO_PKG_VERSION")));
        assert_eq!((&said["online"], &said["applicant"]), (&false.into(), &false.into()));
        // The verdict's text is the answer's without its first and its last member.
        let whole = std::fs::read_to_string(&path).unwrap();
        let file = format!("\"file\":{},", answer["file"]);
        let receipt = format!(",\"receipt\":{}", answer["receipt"]);
        let plain = whole.trim_end().replacen(&file, "", 1).replacen(&receipt, "", 1);
        assert_eq!(said["verdict"]["sha256"], sha256(plain.as_bytes()));
        assert_eq!(
            (&said["verdict"]["word"], plain.len()),
            (&answer["verdict"], said["verdict"]["bytes"].as_u64().unwrap() as usize)
        );
        let (code, point) =
            check(&["--key", &keys.public(), "--replay", DOMAIN[0], DOMAIN[1], path.to_str().unwrap(), FILE]);
        assert_eq!(code, 0, "{:?}", point("replay"));
        for name in ["signature", "verdict", "input", "trust", "policy", "replay"] {
            assert_eq!(point(name).0, "yes", "{name}");
        }
    }
}

#[test]
fn nothing_of_a_person_is_in_a_receipt() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let stated = keys.path("applicant.json");
    std::fs::write(&stated, r#"{"name": "Ana Andromeda", "birth_date": "1999-10-02"}"#).unwrap();
    let stated = stated.to_str().unwrap();
    let arguments = [DOMAIN[0], DOMAIN[1], "--offline", "--applicant", stated, "--fields", "name,birth-date"];
    let path = keys.receipt(&arguments, FILE);
    let (_, said, ..) = parts(&answer(&path));
    let said = said.to_string();
    for secret in [
        "Andromeda",
        "1999",
        &sha256(b"Ana Andromeda"),
        &sha256(b"1999-10-02"),
        &sha256(&std::fs::read(stated).unwrap()),
    ] {
        assert!(!said.contains(secret), "{secret}");
    }
    let (key, path) = (keys.public(), path.to_str().unwrap());
    let replay = ["--key", &key, "--replay", DOMAIN[0], DOMAIN[1]];
    let (code, point) = check(&[&replay[..], &[path, FILE]].concat());
    assert_eq!((code, point("applicant").0.as_str(), point("replay").0.as_str()), (2, "open", "open"));
    let (code, point) = check(&[&replay[..], &["--applicant", stated, path, FILE]].concat());
    assert_eq!((code, point("replay").0), (0, "yes".to_owned()));
    // Somebody else gives another verdict.
    let other = keys.path("other.json");
    std::fs::write(&other, r#"{"name": "Somebody Else"}"#).unwrap();
    let (code, point) = check(&[&replay[..], &["--applicant", other.to_str().unwrap(), path, FILE]].concat());
    let (holds, why) = point("replay");
    assert_eq!((code, holds.as_str()), (1, "no"), "{why}");
    assert!(why.contains("/credential/checks/") && !why.contains("Else"), "{why}");
}

/// The answer with another byte in one of the three parts of its receipt.
fn spoiled(keys: &Keys, path: &Path, part: usize) -> String {
    let mut answer = answer(path);
    let receipt = answer["receipt"].as_str().unwrap();
    let mut parts: Vec<Vec<u8>> = receipt.split('.').map(|part| part.as_bytes().to_vec()).collect();
    let middle = parts[part].len() / 2;
    let byte = &mut parts[part][middle];
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    let parts: Vec<String> = parts.into_iter().map(|part| String::from_utf8(part).unwrap()).collect();
    answer["receipt"] = parts.join(".").into();
    let spoiled = keys.path(&format!("spoiled-{part}.json"));
    std::fs::write(&spoiled, answer.to_string()).unwrap();
    spoiled.to_str().unwrap().to_owned()
}

#[test]
fn what_was_changed_is_told() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let path = keys.receipt(&[DOMAIN[0], DOMAIN[1], "--offline"], FILE);
    let (key, path_text) = (keys.public(), path.to_str().unwrap());
    let replay = ["--key", &key, "--replay", DOMAIN[0], DOMAIN[1]];
    // A byte of the file.
    let mut bytes = std::fs::read(root().join(FILE)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let changed = keys.path("changed.jsonld");
    std::fs::write(&changed, bytes).unwrap();
    let (code, point) = check(&[&replay[..], &[path_text, changed.to_str().unwrap()]].concat());
    assert_eq!((code, point("input").0.as_str(), point("replay").0.as_str()), (1, "no", "open"));
    // A byte of the receipt: header or payload may be no more what they were, the signature is wrong.
    for part in 0..3 {
        let spoiled = spoiled(&keys, &path, part);
        let output = sealgate(&["receipt", "verify", "--key", &key, &spoiled, FILE]);
        let code = output.status.code().unwrap();
        assert!(code == 1 || (part < 2 && code == 3), "{part}: {code}");
    }
    let (code, point) = check(&["--key", &key, &spoiled(&keys, &path, 2), FILE]);
    assert_eq!((code, point("signature").0.as_str(), point("input").0.as_str()), (1, "no", "yes"));
    // The verdict beside it.
    let whole = std::fs::read_to_string(&path).unwrap();
    assert!(whole.contains("\"verdict\":\"passed\""));
    let altered = keys.path("altered.json");
    std::fs::write(&altered, whole.replacen("\"verdict\":\"passed\"", "\"verdict\":\"failed\"", 1)).unwrap();
    let (code, point) = check(&[&replay[..], &[altered.to_str().unwrap(), FILE]].concat());
    assert_eq!((code, point("verdict").0.as_str(), point("replay").0.as_str()), (1, "no", "yes"));
    // Another key.
    let other = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (code, point) = check(&["--key", &other.public(), path_text, FILE]);
    let (holds, why) = point("signature");
    assert_eq!((code, holds.as_str()), (1, "no"));
    assert!(why.contains("signed by the key"), "{why}");
    let (code, _) = check(&["--key", &other.public(), "--key", &key, path_text, FILE]);
    assert_eq!(code, 0);
    // Other lists: one is missing.
    let lists = keys.path("lists");
    std::fs::create_dir(&lists).unwrap();
    for entry in std::fs::read_dir(root().join("trust-lists/demo")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), lists.join(entry.file_name())).unwrap();
    }
    let index = std::fs::read_to_string(lists.join("index.json")).unwrap();
    std::fs::write(lists.join("index.json"), index.replace("\"XB.xml\"", "null")).unwrap();
    let lists = lists.to_str().unwrap();
    let (code, point) = check(&[&replay[..], &["--trust-lists", lists, path_text, FILE]].concat());
    let (holds, why) = point("trust");
    assert_eq!((code, holds.as_str(), point("replay").0.as_str()), (2, "open", "open"));
    assert!(why.contains("at hand: demo sha256:") && why.contains("named: demo sha256:"), "{why}");
    // Without a replay nothing is verified, and lists are looked at where they are named.
    let (code, point) = check(&["--key", &key, path_text, FILE]);
    assert_eq!(
        (code, point("trust").0.as_str(), point("replay").0.as_str()),
        (0, "not-looked", "not-looked")
    );
    let (code, point) = check(&["--key", &key, DOMAIN[0], DOMAIN[1], "--trust-lists", lists, path_text]);
    assert_eq!((code, point("trust").0.as_str(), point("input").0.as_str()), (2, "open", "not-looked"));
}

#[test]
fn a_policy_of_ones_own_has_to_be_given_again() {
    let keys = Keys::new(&rcgen::PKCS_ED25519);
    let policy = keys.path("mine.toml");
    std::fs::write(&policy, "name = \"mine\"\nextends = \"qualified-seal\"\n").unwrap();
    let policy = policy.to_str().unwrap();
    let path = keys.receipt(&[DOMAIN[0], DOMAIN[1], "--offline", "--policy", policy], FILE);
    let key = keys.public();
    let replay = ["--key", &key, "--replay", DOMAIN[0], DOMAIN[1]];
    let path = path.to_str().unwrap();
    let (code, point) = check(&[&replay[..], &[path, FILE]].concat());
    assert_eq!((code, point("policy").0.as_str()), (2, "open"));
    let (code, point) = check(&[&replay[..], &["--policy", policy, path, FILE]].concat());
    assert_eq!((code, point("replay").0.as_str()), (0, "yes"));
    // The name alone is not enough.
    let other = keys.path("other.toml");
    std::fs::write(&other, "name = \"mine\"\n").unwrap();
    let (code, _) = check(&[&replay[..], &["--policy", other.to_str().unwrap(), path, FILE]].concat());
    assert_eq!(code, 2);
}

#[test]
fn receipts_are_kept_in_a_folder() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let folder = keys.path("receipts");
    let (private, receipts) = (keys.private(), folder.to_str().unwrap());
    let output = sealgate(&[
        "verify",
        DOMAIN[0],
        DOMAIN[1],
        "--offline",
        "--at",
        AT,
        "--receipt-key",
        &private,
        "--receipts",
        receipts,
        "examples/sound",
        "examples/broken",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let mut kept: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    assert_eq!(kept.len(), crate::server::examples().len());
    for path in kept {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let answer = answer(&path);
        let file = answer["file"].as_str().unwrap();
        let digest = sha256(&std::fs::read(root().join(file)).unwrap());
        let name = format!(
            "{}.{}.receipt.json",
            Path::new(file).file_name().unwrap().to_str().unwrap(),
            &digest[..16]
        );
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), name);
        let (code, point) =
            check(&["--key", &keys.public(), "--replay", DOMAIN[0], DOMAIN[1], path.to_str().unwrap(), file]);
        assert_eq!(code, 0, "{file}: {:?}", point("replay"));
    }
    let unnamed = sealgate(&["verify", DOMAIN[0], DOMAIN[1], "--receipts", receipts, FILE]);
    assert_eq!(unnamed.status.code(), Some(64));
}

#[test]
fn a_key_that_is_none_is_refused_and_not_told() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let pem = std::fs::read_to_string(keys.private()).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    let with = |name: &str, text: &str, mode: u32| {
        let path = keys.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sec1 = pem.replace("PRIVATE KEY", "EC PRIVATE KEY");
    let cut = pem.replacen(&secret[..8], "AAAAAAAA", 1);
    for (file, algorithm, why) in [
        (with("open.pem", &pem, 0o644), None, "mode 644"),
        (with("group.pem", &pem, 0o660), None, "mode 660"),
        (with("sec1.pem", &sec1, 0o600), None, "openssl pkcs8"),
        (with("encrypted.pem", &pem.replace("PRIVATE", "ENCRYPTED PRIVATE"), 0o600), None, "encrypted"),
        (with("cut.pem", &cut, 0o600), None, "no PKCS #8 key"),
        (with("none.pem", "text", 0o600), None, "no private key"),
        (keys.private(), Some("RS256"), "RS256 does not go with"),
        (keys.private(), Some("none"), "none does not go with"),
        ("/nowhere.pem".to_owned(), None, "No such file"),
    ] {
        let mut arguments = vec!["verify", DOMAIN[0], DOMAIN[1], "--format", "json", "--receipt-key", &file];
        arguments.extend(algorithm.iter().flat_map(|algorithm| ["--receipt-algorithm", algorithm]));
        arguments.push(FILE);
        let output = sealgate(&arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{file}: {said}");
        assert!(said.contains("--receipt-key") && said.contains(why), "{file}: {said}");
        assert!(!said.contains(secret) && output.stdout.is_empty(), "{said}");
    }
    let readable = with("readable.pem", &pem, 0o640);
    let printed = sealgate(&["receipt", "keys", "--receipt-key", &readable]);
    let published: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(published["keys"].as_array().unwrap().len(), 1);
    assert!(published["keys"][0].get("d").is_none());
    // As a set of keys it serves to check receipts.
    let set = keys.path("jwks.json");
    std::fs::write(&set, &printed.stdout).unwrap();
    let path = keys.receipt(&[DOMAIN[0], DOMAIN[1], "--offline"], FILE);
    let (code, _) = check(&["--jwks", set.to_str().unwrap(), path.to_str().unwrap(), FILE]);
    assert_eq!(code, 0);
    for (arguments, code) in [
        (vec!["receipt", "verify", "x"], 64),
        (vec!["receipt", "verify", "--jwks", "/nowhere", "x"], 64),
        (vec!["receipt", "verify", "--jwks", set.to_str().unwrap(), "/nowhere"], 3),
        (vec!["receipt", "verify", "--jwks", set.to_str().unwrap(), FILE], 3),
    ] {
        assert_eq!(sealgate(&arguments).status.code(), Some(code), "{arguments:?}");
    }
}

/// Writes the answer's body into a file beside the keys.
pub(crate) fn kept(keys: &Keys, name: &str, body: &[u8]) -> String {
    let path = keys.path(name);
    std::fs::write(&path, body).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_service_gives_receipts_that_hold_after_a_restart() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let private = keys.private();
    let start = || Server::start(&["--receipt-key", &private]);
    let server = start();
    let bytes = std::fs::read(root().join(FILE)).unwrap();
    let answer = server.verify(&bytes);
    assert_eq!(answer.status, 200);
    let receipt = kept(&keys, "answer.json", &answer.body);
    let published = server.get("/.well-known/jwks.json");
    assert!(published.head.contains("content-type: application/jwk-set+json"), "{}", published.head);
    let set = kept(&keys, "jwks.json", &published.body);
    let (header, said, ..) = parts(&answer.json());
    assert_eq!(published.json()["keys"][0]["kid"], header["kid"]);
    assert_eq!(said["online"], true);
    drop(server);
    let replay = ["--jwks", &set, "--replay", DOMAIN[0], DOMAIN[1]];
    let (code, point) = check(&[&replay[..], &[&receipt, FILE]].concat());
    assert_eq!((code, point("replay").0.as_str()), (0, "yes"), "{:?}", point("replay"));
    // The same verdict again, of another process: only the receipt is new.
    let server = start();
    let again = server.verify(&bytes);
    let without = |answer: &Value| {
        let mut answer = answer.clone();
        answer.as_object_mut().unwrap().remove("receipt").unwrap();
        answer
    };
    assert_eq!(without(&answer.json()), without(&again.json()));
    let (_, before, ..) = parts(&answer.json());
    let (_, after, ..) = parts(&again.json());
    assert_eq!(before["verdict"], after["verdict"]);
    let plain = send_to(&mut server.connect(), &format!("/v1/verify?at={AT}&receipt=false"), &bytes).unwrap();
    assert!(plain.json().get("receipt").is_none());
    assert_eq!(sha256(&plain.body), said["verdict"]["sha256"].as_str().unwrap());
    // In another language it is another verdict, and given again as such.
    let path = format!("/v1/verify?at={AT}&lang=de");
    let german = send_to(&mut server.connect(), &path, &bytes).unwrap();
    assert_eq!(parts(&german.json()).1["lang"], "de");
    let receipt = kept(&keys, "german.json", &german.body);
    let (code, point) = check(&[&replay[..], &[&receipt, FILE]].concat());
    assert_eq!((code, point("replay").0.as_str()), (0, "yes"), "{:?}", point("replay"));
    // What a browser says of itself changes nothing of it.
    let mut stream = server.connect();
    let length = bytes.len();
    let head = format!(
        "POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\naccept-language: de\r\ncontent-length: {length}\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, &[head.as_bytes(), &bytes].concat()).unwrap();
    assert_eq!(without(&Answer::read(&mut stream).unwrap().json()), without(&answer.json()));
    // A batch's lines have theirs.
    let line =
        serde_json::json!({"id": "a", "credential_base64": base64::prelude::BASE64_STANDARD.encode(&bytes)});
    let mut stream = server.connect();
    let body = format!("{line}\n");
    let head = format!(
        "POST /v1/verify/batch?at={AT} HTTP/1.0\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut all = String::new();
    std::io::Read::read_to_string(&mut stream, &mut all).unwrap();
    let line = all.lines().find(|line| line.starts_with("{\"id\"")).unwrap();
    let receipt = kept(&keys, "line.json", line.as_bytes());
    let (code, point) = check(&[&replay[..], &[&receipt, FILE]].concat());
    assert_eq!((code, point("replay").0.as_str()), (0, "yes"), "{:?}", point("replay"));
    // Alone, the receipt checks the file; and replays without telling where a difference would be.
    let alone = kept(&keys, "alone.jws", answer.json()["receipt"].as_str().unwrap().as_bytes());
    let (code, point) = check(&[&replay[..], &[&alone, FILE]].concat());
    assert_eq!((code, point("verdict").0.as_str(), point("replay").0.as_str()), (0, "not-looked", "yes"));
}

#[test]
fn a_service_without_a_key_signs_nothing() {
    let server = Server::start(&[]);
    let bytes = std::fs::read(root().join(FILE)).unwrap();
    assert!(server.verify(&bytes).json().get("receipt").is_none());
    assert_eq!(server.get("/.well-known/jwks.json").json(), serde_json::json!({"keys": []}));
    let asked = |value: &str| {
        let path = format!("/v1/verify?at={AT}&receipt={value}");
        let answer = send_to(&mut server.connect(), &path, &bytes).unwrap();
        (answer.status, answer.json()["field"].clone())
    };
    assert_eq!(asked("true"), (400, "receipt".into()));
    assert_eq!(asked("yes"), (400, "receipt".into()));
    assert_eq!(asked("false").0, 200);
}

#[test]
fn a_key_is_changed_without_a_restart_and_the_old_one_still_published() {
    let (old, new) = (Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256), Keys::new(&rcgen::PKCS_ED25519));
    let config = old.path("sealgate.toml");
    let write = |key: &str, previous: &str| {
        let text = format!("[receipt]\nkey = \"{key}\"\nprevious = [{previous}]\n");
        std::fs::write(&config, text).unwrap();
    };
    write(&old.private(), "");
    let server = Server::start(&["--config", config.to_str().unwrap()]);
    let bytes = std::fs::read(root().join(FILE)).unwrap();
    let first = kept(&old, "first.json", &server.verify(&bytes).body);
    write(&new.private(), &format!("\"{}\"", old.public()));
    server.signal("-HUP");
    server.logged("settings are read anew");
    let second = kept(&old, "second.json", &server.verify(&bytes).body);
    let published = server.get("/.well-known/jwks.json");
    assert_eq!(published.json()["keys"].as_array().unwrap().len(), 2);
    let set = kept(&old, "jwks.json", &published.body);
    for receipt in [&first, &second] {
        assert_eq!(check(&["--jwks", &set, receipt, FILE]).0, 0);
    }
    assert_eq!(check(&["--key", &new.public(), &second, FILE]).0, 0);
    assert_eq!(check(&["--key", &new.public(), &first, FILE]).0, 1);
    // A key that is none changes nothing.
    write("/nowhere.pem", "");
    server.signal("-HUP");
    server.logged("settings are not read anew");
    let third = kept(&old, "third.json", &server.verify(&bytes).body);
    assert_eq!(check(&["--key", &new.public(), &third, FILE]).0, 0);
    // Nothing of keys is logged.
    let pem = std::fs::read_to_string(new.private()).unwrap();
    assert!(!server.log().contains(pem.lines().nth(1).unwrap()));
}

#[test]
fn a_receipt_that_anybody_can_have_written_lifts_no_limit() {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let server = Server::start(&["--receipt-key", &keys.private(), "--max-body", "150000000"]);
    let answer = server.verify(&std::fs::read(root().join(FILE)).unwrap());
    let receipt = kept(&keys, "answer.json", &answer.body);
    // Larger than what is read here otherwise; no byte of it takes room on the disk.
    let large = keys.path("large");
    std::fs::File::create(&large).unwrap().set_len(140_000_000).unwrap();
    let read = |key: &Keys| {
        let (_, point) = check(&["--key", &key.public(), &receipt, large.to_str().unwrap()]);
        (point("signature").0, point("input").1)
    };
    let (holds, input) = read(&keys);
    assert!(holds == "yes" && input.starts_with("another file: 140000000 bytes"), "{holds}: {input}");
    let (holds, input) = read(&Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256));
    assert!(holds == "no" && input.starts_with("another file: 134217729 bytes"), "{holds}: {input}");
}
