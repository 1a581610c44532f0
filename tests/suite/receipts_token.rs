//! Receipts signed by a key in a token: SoftHSM stands in for a device, OpenSSL and OpenSC look at what comes out.

mod token;

use crate::receipts::{DOMAIN, FILE, Keys, check, kept, openssl, parts};
use crate::server::{AT, Answer, Server, send_to};
use crate::support::root;
use sealgate::clock::Stopwatch;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use token::{PIN, Token};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A token with one EC key of the label `receipts`.
fn with_key(token: Token) -> (Token, Keys) {
    let keys = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    token.import(&keys, "receipts", "01");
    (token, keys)
}

#[test]
fn a_key_in_a_token_signs_what_openssl_verifies() {
    let Some(token) = Token::new() else { return };
    let mut kinds = vec![
        (Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256), "p256", None, "ES256"),
        (Keys::new(&rcgen::PKCS_ECDSA_P384_SHA384), "p384", None, "ES384"),
    ];
    match (Keys::rsa(), Keys::rsa(), Keys::openssl(&["-algorithm", "ED25519"])) {
        (Some(one), Some(other), Some(edwards)) => kinds.extend([
            (one, "rsa", None, "PS256"),
            (other, "rsa-pkcs1", Some("RS256"), "RS256"),
            (edwards, "ed25519", None, "EdDSA"),
        ]),
        _ => println!("skipped: no OpenSSL"),
    }
    for (index, (keys, label, asked, algorithm)) in kinds.into_iter().enumerate() {
        token.import(&keys, label, &format!("0{index}"));
        let mut options = token.right(label);
        options
            .extend(asked.iter().flat_map(|asked| ["--receipt-algorithm".to_owned(), (*asked).to_owned()]));
        let output = token.verify(&options);
        assert_eq!(output.status.code(), Some(0), "{label}: {}", text(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let (header, _, input, value) = parts(&answer);
        assert_eq!(header["alg"], algorithm);
        match openssl(&keys, algorithm, &input, &value) {
            Some(right) => assert!(right, "{algorithm}"),
            None => println!("skipped: no OpenSSL"),
        }
        let receipt = kept(&keys, "answer.json", &output.stdout);
        let replay = ["--key", &keys.public(), "--replay", DOMAIN[0], DOMAIN[1], &receipt, FILE];
        assert_eq!(check(&replay).0, 0, "{label}");
    }
}

#[test]
fn a_key_that_never_left_its_token_is_published_as_opensc_reads_it() {
    let Some(token) = Token::new() else { return };
    let ec =
        ["--keypairgen", "--key-type", "EC:prime256v1", "--usage-sign", "--label", "receipts", "--id", "01"];
    token.opensc(&ec);
    let public = token.path("public.der");
    token.opensc(&[
        "--read-object",
        "--type",
        "pubkey",
        "--label",
        "receipts",
        "-o",
        public.to_str().unwrap(),
    ]);
    let pem = token.path("public.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["pkey", "-pubin", "-inform", "DER", "-in"]).arg(&public).arg("-out").arg(&pem);
    let made = openssl.output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let served = |options: &[String]| {
        let server = token.serve(options);
        let published = server.get("/.well-known/jwks.json");
        let answer = server.verify(&std::fs::read(root().join(FILE)).unwrap());
        assert_eq!(answer.status, 200, "{}", text(&answer.body));
        std::fs::write(token.path("answer.json"), &answer.body).unwrap();
        std::fs::write(token.path("jwks.json"), &published.body).unwrap();
        assert_eq!(published.json()["keys"].as_array().unwrap().len(), 1);
        assert_eq!(published.json()["keys"][0]["kid"], parts(&answer.json()).0["kid"]);
        // It ends well, with the module loaded.
        let mut server = server;
        server.terminate();
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        published.body
    };
    let path = |name: &str| token.path(name).to_str().unwrap().to_owned();
    let published = served(&token.right("receipts"));
    for key in [["--key", &path("public.pem")], ["--jwks", &path("jwks.json")]] {
        assert_eq!(check(&[key[0], key[1], &path("answer.json"), FILE]).0, 0, "{key:?}");
    }
    // The command says the same, and another start signs by the same key.
    let mut command = token.command(env!("CARGO_BIN_EXE_sealgate"));
    let printed = command.args(["receipt", "keys"]).args(token.right("receipts")).output().unwrap();
    assert_eq!(text(&printed.stdout).trim_end(), text(&published), "{}", text(&printed.stderr));
    assert_eq!(served(&token.right("receipts")), published);
    // Where the token has no public key, its certificate tells it.
    let (keys, certificate) = certified();
    token.import(&keys, "certified", "02");
    token.opensc(&["--delete-object", "--type", "pubkey", "--label", "certified"]);
    let without = token.verify(&token.right("certified"));
    assert_eq!(without.status.code(), Some(64));
    assert!(
        text(&without.stderr).contains("neither a public key nor a certificate"),
        "{}",
        text(&without.stderr)
    );
    std::fs::write(token.path("certificate.der"), certificate).unwrap();
    let file = path("certificate.der");
    token.opensc(&["--write-object", &file, "--type", "cert", "--label", "certified", "--id", "02"]);
    served(&token.right("certified"));
    assert_eq!(check(&["--key", &keys.public(), &path("answer.json"), FILE]).0, 0);
}

/// A key pair and a certificate on it, DER.
fn certified() -> (Keys, Vec<u8>) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap();
    (Keys::of(&pair.serialize_pem(), &pair.public_key_pem()), certificate.der().to_vec())
}

#[test]
fn what_is_wrong_with_a_token_is_told_without_its_pin() {
    let Some((token, _)) = Token::moody().map(with_key) else { return };
    let pin = token.path("pin").to_str().unwrap().to_owned();
    let wrong = token.pin_file("wrong", "999999", 0o600);
    let open = token.pin_file("open", PIN, 0o644);
    let two = token.pin_file("two", "246813\n246813", 0o600);
    let said_of = |config: &Path| {
        let mut command = token.command(env!("CARGO_BIN_EXE_sealgate"));
        let output = command.args(["config", "check", "--config"]).arg(config).output().unwrap();
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(!said.contains(PIN) && !said.contains("999999"), "{said}");
        (output.status.code().unwrap(), said)
    };
    // Line and key of the file, and why; and how often a PIN was tried.
    for (names, place, why, logins) in [
        (["sealgat", "receipts", &pin], ":3:1: receipt.token: ", "the nearest is `sealgate`", 0),
        (["sealgate", "receipt", &pin], ":4:1: receipt.key_label: ", "the nearest is `receipts`", 1),
        (["sealgate", "receipts", &wrong], ":5:1: receipt.pin_file: ", "does not take the PIN", 1),
        (["sealgate", "receipts", &open], ":5:1: receipt.pin_file: ", "mode 644", 0),
        (["sealgate", "receipts", &two], ":5:1: receipt.pin_file: ", "not one line", 0),
        (["sealgate", "receipts", "/nowhere"], ":5:1: receipt.pin_file: ", "No such file", 0),
    ] {
        let (code, said) = said_of(&token.config(names));
        assert_eq!(code, 64, "{said}");
        assert!(said.contains(place) && said.contains(why), "{place} {why}: {said}");
        assert_eq!(token.logins(), logins, "{said}");
    }
    // One try is left: not this one.
    token.mood("final-try", true);
    let (code, said) = said_of(&token.config(["sealgate", "receipts", &wrong]));
    assert!(
        code == 64 && said.contains(":5:1: receipt.pin_file: ") && said.contains("one wrong PIN more"),
        "{said}"
    );
    assert_eq!(token.logins(), 0);
    token.mood("final-try", false);
    assert_eq!(said_of(&token.config(["sealgate", "receipts", &pin])).0, 0);
    // Two keys of one label, and a key of another kind than the algorithm.
    let other = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    token.import(&other, "receipts", "02");
    let (code, said) = said_of(&token.config(["sealgate", "receipts", &pin]));
    assert!(code == 64 && said.contains(":4:1: receipt.key_label: 2 keys"), "{said}");
    token.import(&other, "other", "03");
    // Keys that no receipt is signed by.
    for (label, kind, more, why) in [
        ("always", "EC:prime256v1", &["--always-auth"][..], "wants the PIN for every signature"),
        ("p521", "EC:secp521r1", &[], "P-256, P-384, Ed25519 and RSA keys sign receipts"),
    ] {
        token.opensc(&[&["--keypairgen", "--key-type", kind, "--label", label], more].concat());
        let output = token.verify(&token.right(label));
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(64) && said.contains(why), "{why}: {said}");
    }
    // A token may only be late: whoever restarts the program shall try again.
    let absent = token.verify(&token.options("late", "other", &pin));
    assert_eq!(absent.status.code(), Some(70), "{}", text(&absent.stderr));
    let unfit = [token.right("other"), vec!["--receipt-algorithm".into(), "RS256".into()]].concat();
    let output = token.verify(&unfit);
    assert!(output.status.code() == Some(64) && text(&output.stderr).contains("RS256 does not go with"));
}

#[test]
fn no_thread_is_in_a_module_when_the_process_ends() {
    let Some((token, _)) = Token::moody().map(with_key) else { return };
    token.mood("lingers", true);
    let options = token.right("receipts");
    let output = token.verify(&options);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let unknown = token.verify(&token.right("other"));
    assert_eq!(unknown.status.code(), Some(64), "{}", text(&unknown.stderr));
    let mut server = token.serve(&options);
    assert_eq!(server.verify(&example()).status, 200);
    server.signal("-HUP");
    server.logged("settings are read anew");
    server.terminate();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_module_that_is_none_is_told() {
    let Some((mut token, _)) = Token::new().map(with_key) else { return };
    let file = token.path("pin");
    let libc = libc();
    for (module, why) in [
        (Path::new("/nowhere/module.so"), "No such file"),
        (&file, "cannot be loaded"),
        (&libc, "a library, but no PKCS #11 module"),
    ] {
        token.module = module.to_owned();
        let output = token.verify(&token.right("receipts"));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains("--receipt-module") && said.contains(why), "{why}: {said}");
    }
    // What is said of a token is said of one, and wholly.
    let key = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let all = token.right("receipts");
    for (options, why) in [
        (all[..6].to_vec(), "the file with the PIN is missing"),
        (all[..4].to_vec(), "the key's label is missing"),
        (all[..2].to_vec(), "the token's label is missing"),
        (all[2..].to_vec(), "module is not named"),
        ([&all[..], &["--receipt-key".into(), key.private()]].concat(), "in a file or in a token"),
    ] {
        let output = token.verify(&options);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(64) && said.contains(why), "{why}: {said}");
    }
}

/// The C library that this process runs on.
fn libc() -> std::path::PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps.lines().find_map(|line| line.split_whitespace().find(|word| word.contains("/libc.so")));
    path.expect("a process on glibc").into()
}

fn example() -> Vec<u8> {
    std::fs::read(root().join(FILE)).unwrap()
}

/// Asks so many at once, each so often.
fn at_once(server: &Server, clients: usize, times: usize) -> Vec<Answer> {
    let bytes = example();
    std::thread::scope(|scope| {
        let ask = || scope.spawn(|| (0..times).map(|_| server.verify(&bytes)).collect::<Vec<_>>());
        let asking: Vec<_> = (0..clients).map(|_| ask()).collect();
        asking.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

/// That an answer has a receipt by this key, by OpenSSL where it is there.
fn signed(keys: &Keys, answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", text(&answer.body));
    let (header, _, input, value) = parts(&answer.json());
    assert_eq!(header["alg"], "ES256");
    assert!(openssl(keys, "ES256", &input, &value).unwrap_or(true));
    assert_eq!(check(&["--key", &keys.public(), &kept(keys, "answer.json", &answer.body), FILE]).0, 0);
}

/// That an answer says that there is no receipt now, and has no verdict.
fn unsigned(answer: &Answer) {
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    let problem = answer.json();
    assert!(problem["detail"].as_str().unwrap().contains("receipt=false"), "{problem}");
    assert!(problem.get("verdict").is_none());
}

fn without_receipt(server: &Server) -> Answer {
    send_to(&mut server.connect(), &format!("/v1/verify?at={AT}&receipt=false"), &example()).unwrap()
}

#[test]
fn a_service_signs_by_a_token_for_many_at_once() {
    let Some((token, keys)) = Token::moody().map(with_key) else { return };
    token.mood("slow", true);
    let server = token.serve(&token.right("receipts"));
    let answers = at_once(&server, 8, 4);
    assert_eq!(answers.len(), 32);
    for answer in &answers {
        signed(&keys, answer);
    }
    // Settings are read anew beside the sessions that are open, while others sign; and again.
    for _ in 0..3 {
        let going = std::thread::scope(|scope| {
            let asking = scope.spawn(|| at_once(&server, 4, 4));
            server.signal("-HUP");
            server.logged("settings are read anew");
            asking.join().unwrap()
        });
        for answer in &going {
            signed(&keys, answer);
        }
    }
    assert!(!server.log().contains(PIN));
}

#[test]
fn a_token_that_is_pulled_out_is_told_and_signs_again_once_it_is_back() {
    let Some((token, keys)) = Token::moody().map(with_key) else { return };
    let server = token.serve(&token.right("receipts"));
    signed(&keys, &server.verify(&example()));
    token.mood("gone", true);
    for answer in at_once(&server, 4, 2) {
        unsigned(&answer);
    }
    let plain = without_receipt(&server);
    assert!(plain.status == 200 && plain.json().get("receipt").is_none());
    let published = server.get("/.well-known/jwks.json").json();
    assert_eq!(published["keys"].as_array().unwrap().len(), 1);
    // A line of a batch says so, too.
    let line = serde_json::json!({"credential_base64": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, example())});
    let batch = batch(&server, &line.to_string());
    assert!(batch.contains("\"problem\":") && batch.contains("receipt=false"), "{batch}");
    assert!(!batch.contains("\"verdict\""), "{batch}");
    // Eight answers and a line; the log has the first of each reason, and no flood.
    let counted = |outcome: &str| server.metric("sealgate_receipts_total", &[("outcome", outcome)]);
    assert_eq!((counted("signed"), counted("failed")), (Some(1.0), Some(9.0)));
    let stages = server.metric("sealgate_stage_duration_seconds_count", &[("stage", "receipt")]);
    assert_eq!(stages, Some(10.0));
    assert!((1..=4).contains(&server.times_logged("a receipt could not be signed")), "{}", server.log());
    token.mood("gone", false);
    crate::server::wait_until(|| server.verify(&example()).status == 200);
    for answer in at_once(&server, 4, 2) {
        signed(&keys, &answer);
    }
    assert_eq!(counted("signed"), Some(10.0));
    server.logged("a new session with the token");
    assert!(!server.log().contains(PIN));
}

/// What a batch of one line answers.
fn batch(server: &Server, line: &str) -> String {
    let mut stream = server.connect();
    let body = format!("{line}\n");
    let head = format!(
        "POST /v1/verify/batch?at={AT} HTTP/1.0\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    std::io::Write::write_all(&mut stream, (head + &body).as_bytes()).unwrap();
    let mut all = String::new();
    std::io::Read::read_to_string(&mut stream, &mut all).unwrap();
    all.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn a_token_of_softhsm_that_was_away_signs_again() {
    let Some((token, keys)) = Token::new().map(with_key) else { return };
    let server = token.serve(&token.right("receipts"));
    signed(&keys, &server.verify(&example()));
    let (tokens, away) = (token.path("tokens"), token.path("away"));
    std::fs::rename(&tokens, &away).unwrap();
    std::fs::create_dir(&tokens).unwrap();
    crate::server::wait_until(|| server.verify(&example()).status == 503);
    unsigned(&server.verify(&example()));
    assert_eq!(without_receipt(&server).status, 200);
    // A token of the same label that has another key is not taken for it.
    std::fs::remove_dir(&tokens).unwrap();
    std::fs::rename(&away, &tokens).unwrap();
    crate::server::wait_until(|| server.verify(&example()).status == 200);
    signed(&keys, &server.verify(&example()));
}

#[test]
fn another_key_under_the_same_label_is_not_taken_for_the_first() {
    let Some((token, keys)) = Token::moody().map(with_key) else { return };
    let server = token.serve(&token.right("receipts"));
    signed(&keys, &server.verify(&example()));
    token.mood("gone", true);
    unsigned(&server.verify(&example()));
    for kind in ["privkey", "pubkey"] {
        token.opensc(&["--delete-object", "--type", kind, "--label", "receipts"]);
    }
    let other = Keys::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    token.import(&other, "receipts", "02");
    token.mood("gone", false);
    crate::server::wait_until(|| {
        unsigned(&server.verify(&example()));
        server.log().contains("is not the one it was")
    });
    server.signal("-HUP");
    server.logged("settings are read anew");
    signed(&other, &server.verify(&example()));
}

#[test]
fn a_token_that_hangs_keeps_nobody_for_long() {
    let Some((token, keys)) = Token::moody().map(with_key) else { return };
    let server = token.serve(&token.right("receipts"));
    token.mood("hangs", true);
    let watch = Stopwatch::start();
    for answer in at_once(&server, 4, 1) {
        unsigned(&answer);
    }
    let first = watch.elapsed();
    assert!(first >= Duration::from_secs(5) && first < Duration::from_secs(30), "{first:?}");
    // From then on nobody waits, and who wants no receipt never did.
    let watch = Stopwatch::start();
    for answer in at_once(&server, 4, 4) {
        unsigned(&answer);
    }
    assert_eq!(without_receipt(&server).status, 200);
    assert!(watch.elapsed() < Duration::from_secs(4), "{:?}", watch.elapsed());
    token.mood("hangs", false);
    crate::server::wait_until(|| server.verify(&example()).status == 200);
    signed(&keys, &server.verify(&example()));
}

#[test]
fn a_pin_that_is_refused_is_never_tried_again() {
    let Some((token, keys)) = Token::moody().map(with_key) else { return };
    let config = token.config(["sealgate", "receipts", token.path("pin").to_str().unwrap()]);
    let server = token.serve(&["--config".into(), config.to_str().unwrap().into()]);
    signed(&keys, &server.verify(&example()));
    assert!(token.logins() > 0);
    // While the token is away its PIN is changed: of all who ask afterwards one has tried the old one.
    token.mood("gone", true);
    token.change_pin(PIN, "864200");
    unsigned(&server.verify(&example()));
    let _ = token.logins();
    token.mood("gone", false);
    crate::server::wait_until(|| {
        unsigned(&server.verify(&example()));
        server.log().contains("does not take the PIN")
    });
    for answer in at_once(&server, 8, 4) {
        unsigned(&answer);
    }
    assert_eq!(token.logins(), 1);
    // Reading settings anew with the same file is one try more, and changes nothing.
    server.signal("-HUP");
    server.logged("settings are not read anew");
    assert_eq!(token.logins(), 1);
    unsigned(&server.verify(&example()));
    assert_eq!(token.logins(), 0);
    token.pin_file("pin", "864200", 0o600);
    server.signal("-HUP");
    server.logged("settings are read anew");
    signed(&keys, &server.verify(&example()));
    // A wrong PIN is told although somebody is logged in, and who signs goes on.
    token.pin_file("pin", "999999", 0o600);
    server.signal("-HUP");
    server.logged("settings are not read anew");
    for answer in at_once(&server, 4, 2) {
        signed(&keys, &answer);
    }
    let log = server.log();
    assert!(!["246813", "864200", "999999"].iter().any(|pin| log.contains(pin)), "{log}");
}
