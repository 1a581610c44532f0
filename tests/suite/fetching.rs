//! Revocation data and issuers' certificates from servers on loopback, through the real client: what is asked for, and
//! what an answer is worth. The answers are the demonstration's own; OpenSSL's responder says the same independently.

use crate::demo::certificate::{self as x509, Identity, Request as Certificate, Subject, issue};
use crate::demo::content::Content;
use crate::demo::der;
use crate::demo::key::{Key, Kind};
use crate::demo::revocation::{self, Status};
use crate::demo::{self, Demo, Evidence, Form, HeaderFault, Level, Sealer, elm_v3, jades};
use crate::support::{demo_folder, demo_pipeline_of};
use crate::web::{Route, Web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealgate::fetch::{Client, Library, Origin, Rules};
use sealgate::outside::Outside;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Verdict;
use sealgate::time::Time;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const DAY: i64 = 86_400;

/// The demonstration, a server, and a library that may ask it.
struct Scene {
    demo: &'static Demo,
    pipeline: Pipeline,
    web: Web,
    library: Arc<Library>,
    runtime: tokio::runtime::Runtime,
}

/// What names of servers a certificate has.
#[derive(Default)]
pub(crate) struct Addresses {
    pub(crate) ocsp: Option<String>,
    pub(crate) crl: Option<String>,
    pub(crate) issuer: Option<String>,
}

fn now() -> Time {
    demo::shared().options.reference
}

fn next() -> Time {
    now().plus_seconds(7 * DAY)
}

/// A certificate of the fictitious world, its serial number its own.
fn certificate(common_name: &str, issuer: &Identity, addresses: &Addresses, rest: Vec<Vec<u8>>) -> Identity {
    certificate_of(("Fetched College", "NTRXA-99999999"), common_name, issuer, addresses, rest)
}

/// The same of this organisation.
pub(crate) fn certificate_of(
    (organisation, identifier): (&str, &str),
    common_name: &str,
    issuer: &Identity,
    addresses: &Addresses,
    rest: Vec<Vec<u8>>,
) -> Identity {
    static SERIAL: AtomicU64 = AtomicU64::new(5_000);
    let subject = Subject {
        country: "XA".into(),
        organisation: organisation.into(),
        identifier: identifier.into(),
        common_name: common_name.into(),
    };
    let mut extensions = rest;
    let issuer_address = addresses.issuer.as_deref().unwrap_or("http://pki.example/none.cer");
    extensions.push(x509::access(issuer_address, addresses.ocsp.as_deref()));
    extensions.extend(addresses.crl.as_deref().map(x509::crl_distribution_point));
    let serial = SERIAL.fetch_add(1, Ordering::SeqCst);
    let (not_before, not_after) = (now().plus_seconds(-300 * DAY), now().plus_seconds(3_000 * DAY));
    let request = Certificate { subject, serial, not_before, not_after, extensions };
    issue(request, Arc::new(Key::generate(Kind::P256)), Some(issuer))
}

impl Scene {
    fn new() -> Self {
        let web = Web::start();
        let rules = Rules {
            allowed: vec![Origin::parse(&web.origin).unwrap()],
            time: Duration::from_secs(2),
            bytes: 1 << 20,
            ..Rules::default()
        };
        let library = Arc::new(Library::new(Client::new(rules, None).unwrap()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let demo = demo::shared();
        Self { demo, pipeline: demo_pipeline_of(demo), web, library, runtime: runtime.unwrap() }
    }

    fn at(&self, path: &str) -> Option<String> {
        Some(format!("{}{path}", self.web.origin))
    }

    /// Someone who seals under the listed CA for qualified seals.
    fn sealer(&self, addresses: &Addresses) -> Identity {
        let rest = vec![
            x509::key_usage(&[1]),
            x509::policies(&["0.4.0.194112.1.1"]),
            x509::seal_statements(true, false),
        ];
        certificate("Fetched Seal", &self.demo.pki.seal_ca, addresses, rest)
    }

    fn ocsp(&self, about: &Identity, status: Status) -> Vec<u8> {
        let pki = &self.demo.pki;
        revocation::ocsp(about, &pki.seal_ca, &pki.responder, status, now().plus_seconds(-60), next())
    }

    fn crl(&self, revoked: &[(u64, Time)]) -> Vec<u8> {
        revocation::crl(&self.demo.pki.seal_ca, 9, now().plus_seconds(-60), next(), revoked)
    }

    fn verify(&self, file: &[u8]) -> Verdict {
        let desk = Arc::new(self.library.desk());
        let outside: &dyn Outside = &*desk;
        let request = Request { outside: Some(outside), ..Request::at(now()) };
        loop {
            let verdict = self.pipeline.verify(file, &request);
            if !self.runtime.block_on(self.library.fill(&desk)) {
                return verdict;
            }
        }
    }
}

fn seal(signer: &Identity, tsa: &Identity, level: Level, evidence: Evidence) -> Vec<u8> {
    let content = Content { index: 1, sealer: Sealer::College, issued: now(), picture: None };
    jades::seal(&jades::Order {
        payload: &elm_v3::credential(&content),
        signer,
        tsa,
        at: now().plus_seconds(-3600),
        level,
        evidence,
        form: Form::General,
        fault: HeaderFault::None,
        broken_imprint: false,
    })
    .bytes()
}

fn plain(signer: &Identity) -> Vec<u8> {
    seal(signer, &demo::shared().pki.tsa, Level::B, Evidence::default())
}

/// Indication, sub-indication, and of the first revocation data its kind and status.
fn outcome(verdict: &Verdict) -> (&str, &str, String) {
    let seal = &verdict.seals[0];
    let used = seal.revocation.iter().map(|used| {
        assert!(used.fetched.is_some(), "{used:?}");
        format!("{} {}", used.kind, used.status)
    });
    let used: Vec<String> = used.collect();
    (seal.indication.unwrap(), seal.sub_indication.unwrap_or("-"), used.join(", "))
}

fn detail(verdict: &Verdict, check: &str) -> String {
    let findings = verdict.seals[0].findings.iter().filter(|finding| finding.check == check);
    findings.map(|finding| finding.detail.to_string()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_responder_says_good_or_revoked_and_a_list_stands_in_for_it() {
    let scene = Scene::new();
    let both = |path: &str| Addresses {
        ocsp: scene.at(&format!("{path}/ocsp")),
        crl: scene.at(&format!("{path}/crl")),
        issuer: None,
    };
    let good = scene.sealer(&both("/good"));
    scene.web.set("/good/ocsp", Route::Body(scene.ocsp(&good, Status::Good)));
    assert_eq!(outcome(&scene.verify(&plain(&good))), ("TOTAL-PASSED", "-", "ocsp good".into()));
    assert_eq!((scene.web.asked("/good/ocsp"), scene.web.asked("/good/crl")), (1, 0));
    // Kept: the next one of this sealer asks nobody.
    scene.verify(&plain(&good));
    assert_eq!(scene.web.all_asked().len(), 1);

    let revoked = scene.sealer(&both("/revoked"));
    let yesterday = now().plus_seconds(-DAY);
    scene.web.set("/revoked/ocsp", Route::Body(scene.ocsp(&revoked, Status::Revoked(yesterday))));
    let verdict = scene.verify(&plain(&revoked));
    assert_eq!(outcome(&verdict), ("INDETERMINATE", "REVOKED_NO_POE", "ocsp revoked".into()));
    assert_eq!(verdict.seals[0].revocation[0].revoked_at, Some(yesterday));

    // A time-stamp from before the revocation keeps it good (5.5.4); this one is of an hour ago.
    let since = scene.sealer(&both("/since"));
    let later = now().plus_seconds(-1_800);
    scene.web.set("/since/ocsp", Route::Body(scene.ocsp(&since, Status::Revoked(later))));
    let stamped = seal(&since, &scene.demo.pki.tsa, Level::T, Evidence::default());
    assert_eq!(outcome(&scene.verify(&stamped)), ("TOTAL-PASSED", "-", "ocsp revoked".into()));
    assert_eq!(outcome(&scene.verify(&plain(&since))).1, "REVOKED_NO_POE");

    let listed = scene.sealer(&both("/listed"));
    scene.web.set("/listed/ocsp", Route::Status(503));
    scene.web.set("/listed/crl", Route::Body(scene.crl(&[])));
    assert_eq!(outcome(&scene.verify(&plain(&listed))), ("TOTAL-PASSED", "-", "crl good".into()));
    assert_eq!((scene.web.asked("/listed/ocsp"), scene.web.asked("/listed/crl")), (1, 1));

    let out = scene.sealer(&Addresses { crl: scene.at("/out/crl"), ..Addresses::default() });
    scene.web.set("/out/crl", Route::Body(scene.crl(&[(out.serial, yesterday)])));
    let verdict = scene.verify(&plain(&out));
    assert_eq!(outcome(&verdict), ("INDETERMINATE", "REVOKED_NO_POE", "crl revoked".into()));
}

#[test]
fn every_fault_of_a_server_has_its_own_word_and_decides_nothing() {
    let scene = Scene::new();
    let other = scene.sealer(&Addresses::default());
    let stranger = certificate(
        "Stranger Responder",
        &scene.demo.pki.stranger_ca,
        &Addresses::default(),
        vec![x509::key_usage(&[0]), x509::extended_key_usage("1.3.6.1.5.5.7.3.9", false), x509::no_check()],
    );
    let present = "revocation-data-present";
    let acceptable = "revocation-data-acceptable";
    let mut number = 0;
    let mut expect = |make: &dyn Fn(&Identity) -> Route, check: &str, says: &str| {
        number += 1;
        let path = format!("/{number}");
        // A host of its own for each, so that none rests for the others' faults.
        let own = Scene::new();
        let signer = own.sealer(&Addresses { ocsp: own.at(&path), ..Addresses::default() });
        own.web.set(&path, make(&signer));
        let verdict = own.verify(&plain(&signer));
        let (indication, sub, used) = outcome(&verdict);
        assert_eq!(
            (indication, sub, used.as_str()),
            ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE", "")
        );
        let detail = detail(&verdict, check);
        assert!(detail.contains(says), "{says}: {detail}");
    };
    let pki = &scene.demo.pki;
    expect(&|_| Route::Status(503), present, "OCSP: the server answered 503");
    expect(&|_| Route::Status(404), present, "OCSP: the server has none there");
    expect(&|_| Route::Slow(Duration::from_secs(6)), present, "OCSP: it did not come within 2 s");
    expect(&|_| Route::Truncated, present, "OCSP: there was no connection");
    expect(&|_| Route::Endless, present, "OCSP: it has more than 1048576 bytes");
    expect(&|_| Route::Redirect("http://127.0.0.1:1/".into()), present, "OCSP: port 1 is not asked");
    expect(&|_| Route::Redirect("http://169.254.169.254/".into()), present, "not on the public internet");
    expect(&|_| Route::Typed(b"<html></html>".to_vec(), "text/html"), present, "OCSP: revocation data:");
    // tryLater (RFC 6960, 4.2.1), and a CRL where a response should be.
    expect(&|_| Route::Body(vec![0x30, 3, 0x0a, 1, 3]), present, "response status 3");
    expect(&|_| Route::Body(scene.crl(&[])), present, "OCSP: revocation data:");
    expect(&|_| Route::Body(scene.ocsp(&other, Status::Good)), present, "no CRL, no OCSP response");
    let tampered = |signer: &Identity| {
        let mut response = scene.ocsp(signer, Status::Revoked(now().plus_seconds(-DAY)));
        let at = response.windows(2).position(|two| two == [0xa1, 0x16]).unwrap();
        response[at + 5] ^= 1;
        Route::Body(response)
    };
    expect(&tampered, acceptable, "none of 1");
    let by = |responder: &Identity, signer: &Identity| {
        let status = Status::Good;
        Route::Body(revocation::ocsp(signer, &pki.seal_ca, responder, status, now(), next()))
    };
    expect(&|signer| by(&stranger, signer), acceptable, "none of 1");
    // A sealer of the same CA is no responder.
    expect(&|signer| by(&other, signer), acceptable, "not for OCSP signing");
}

#[test]
fn nobody_is_asked_offline_nor_for_a_stranger_nor_for_what_was_altered() {
    let scene = Scene::new();
    let addresses = Addresses { ocsp: scene.at("/ocsp"), crl: scene.at("/crl"), issuer: None };
    let signer = scene.sealer(&addresses);
    let file = plain(&signer);
    let verdict = scene.pipeline.verify(&file, &Request::at(now()));
    assert_eq!(verdict.seals[0].sub_indication, Some("CERTIFICATE_CHAIN_GENERAL_FAILURE"));
    let rest = vec![x509::key_usage(&[1])];
    let stranger = certificate("Stranger", &scene.demo.pki.stranger_ca, &addresses, rest);
    assert_eq!(outcome(&scene.verify(&plain(&stranger))).1, "NO_CERTIFICATE_CHAIN_FOUND");
    let text = String::from_utf8(file).unwrap();
    let altered = text.replace("Orchard College", "Orchard Kolleg");
    assert_ne!(altered, text);
    let verdict = scene.verify(altered.as_bytes());
    assert_eq!(verdict.seals[0].indication, Some("TOTAL-FAILED"));
    // What is embedded is enough.
    scene.verify(&scene.demo.issue(&demo::Order::archival(1, 20_000)));
    assert_eq!(scene.web.all_asked(), [""; 0]);
}

#[test]
fn an_issuer_is_fetched_only_where_configuration_allows() {
    let scene = Scene::new();
    let pki = &scene.demo.pki;
    let ca = vec![x509::authority(Some(0)), x509::key_usage(&[5, 6])];
    let addresses = Addresses { crl: scene.at("/advanced.crl"), ..Addresses::default() };
    let middle = certificate("Fetched Issuing CA", &pki.advanced_ca, &addresses, ca);
    let crl = |issuer: &Identity| revocation::crl(issuer, 1, now().plus_seconds(-60), next(), &[]);
    scene.web.set("/advanced.crl", Route::Body(crl(&pki.advanced_ca)));
    scene.web.set("/middle.crl", Route::Body(crl(&middle)));
    scene.web.set("/middle.cer", Route::Body(middle.der.clone()));
    let body = STANDARD.encode(&middle.der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    scene.web.set("/middle.pem", Route::Body(pem.into_bytes()));
    // Certificates alone (RFC 5652, 5.1; RFC 8551, 3.8), another before it.
    let certificates = [&*pki.stranger_ca.der, &*middle.der].concat();
    let data = der::sequence(&[&der::oid("1.2.840.113549.1.7.1")]);
    let signed = [der::number(1), der::set_of(&[]), data, der::tagged(0, &certificates), der::set_of(&[])];
    let signed = der::tagged(0, &der::sequence_of(&signed));
    let only = der::sequence(&[&der::oid("1.2.840.113549.1.7.2"), &signed]);
    scene.web.set("/middle.p7c", Route::Body(only));
    let sealer = |issuer: Option<String>| {
        let addresses = Addresses { crl: scene.at("/middle.crl"), issuer, ocsp: None };
        plain(&certificate("Under It", &middle, &addresses, vec![x509::key_usage(&[1])]))
    };
    for path in ["/middle.cer", "/middle.pem", "/middle.p7c"] {
        let verdict = scene.verify(&sealer(scene.at(path)));
        assert_eq!(outcome(&verdict), ("TOTAL-PASSED", "-", "crl good, crl good".into()), "{path}");
        assert_eq!(verdict.seals[0].certificates.len(), 3);
        assert_eq!(scene.web.asked(path), 1);
    }
    scene.web.set("/wrong.cer", Route::Body(pki.stranger_ca.der.clone()));
    assert_eq!(outcome(&scene.verify(&sealer(scene.at("/wrong.cer")))).1, "NO_CERTIFICATE_CHAIN_FOUND");
    let elsewhere = scene.verify(&sealer(Some("http://pki.example.org/middle.cer".into())));
    assert_eq!(outcome(&elsewhere).1, "NO_CERTIFICATE_CHAIN_FOUND");
    let detail = detail(&elsewhere, "certificate-chain-trusted");
    assert!(detail.contains("configuration does not allow it"), "{detail}");
}

#[test]
fn the_status_of_a_time_stamping_unit_is_asked_for_too() {
    let scene = Scene::new();
    let rest = vec![x509::key_usage(&[0, 1]), x509::extended_key_usage("1.3.6.1.5.5.7.3.8", true)];
    let addresses = Addresses { crl: scene.at("/tsa.crl"), ..Addresses::default() };
    let tsa = certificate("Fetched TSU", &scene.demo.pki.advanced_ca, &addresses, rest);
    let signer = scene.sealer(&Addresses { crl: scene.at("/seals.crl"), ..Addresses::default() });
    scene.web.set("/seals.crl", Route::Body(scene.crl(&[])));
    let file = seal(&signer, &tsa, Level::T, Evidence::default());
    let crl = revocation::crl(&scene.demo.pki.advanced_ca, 3, now().plus_seconds(-60), next(), &[]);
    scene.web.set("/tsa.crl", Route::Body(crl));
    let verdict = scene.verify(&file);
    assert_eq!(outcome(&verdict), ("TOTAL-PASSED", "-", "crl good".into()));
    assert_eq!(verdict.seals[0].timestamps[0].indication, "PASSED", "{:?}", verdict.seals[0].timestamps);
    assert_eq!((scene.web.asked("/tsa.crl"), scene.web.asked("/seals.crl")), (1, 1));
    let offline = scene.pipeline.verify(&file, &Request::at(now()));
    assert_eq!(offline.seals[0].timestamps[0].indication, "INDETERMINATE");
}

#[test]
fn many_wait_for_one_answer_failures_are_kept_and_a_host_that_fails_rests() {
    let scene = Scene::new();
    let signer = scene.sealer(&Addresses { ocsp: scene.at("/ocsp"), ..Addresses::default() });
    scene.web.set("/ocsp", Route::Body(scene.ocsp(&signer, Status::Good)));
    let file = plain(&signer);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(outcome(&scene.verify(&file)).0, "TOTAL-PASSED"));
        }
    });
    assert_eq!(scene.web.asked("/ocsp"), 1);

    let sealer = |path: &str| scene.sealer(&Addresses { crl: scene.at(path), ..Addresses::default() });
    for number in 0..5 {
        let path = format!("/down/{number}");
        scene.web.set(&path, Route::Status(500));
        let file = plain(&sealer(&path));
        for _ in 0..3 {
            let verdict = scene.verify(&file);
            assert!(detail(&verdict, "revocation-data-present").contains("answered 500"));
        }
        assert_eq!(scene.web.asked(&path), 1, "a failure is kept");
    }
    let verdict = scene.verify(&plain(&sealer("/down/6")));
    let why = detail(&verdict, "revocation-data-present");
    assert!(why.contains("failed again and again"), "{why}");
    assert_eq!(scene.web.asked("/down/6"), 0);
}

#[test]
fn the_command_line_asks_unless_offline() {
    let scene = Scene::new();
    let signer = scene.sealer(&Addresses { ocsp: scene.at("/ocsp"), ..Addresses::default() });
    scene.web.set("/ocsp", Route::Body(scene.ocsp(&signer, Status::Good)));
    let folder = demo_folder(scene.demo);
    let file = folder.path().join("sealed.json");
    std::fs::write(&file, plain(&signer)).unwrap();
    let run = |extra: &[&str], proxy: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        for name in ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        command.args(["verify", "--format", "json", "--at", &now().to_string(), "--trust-domain"]);
        command.arg(folder.path().join("demo.toml")).args(extra).arg(&file);
        command.envs(proxy.map(|proxy| ("HTTP_PROXY", proxy)));
        let out = command.output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
    };
    let allowed = ["--fetch-from", scene.web.origin.as_str()];
    assert_eq!(run(&["--offline"], None).0, 2);
    assert_eq!(run(&[], None).0, 2, "a server of this machine is not asked");
    assert_eq!(scene.web.asked("/ocsp"), 0);
    let (code, verdict) = run(&allowed, None);
    assert!(code == 0 && verdict.contains("\"fetched\":\""), "{verdict}");
    assert_eq!(scene.web.asked("/ocsp"), 1);
    // The same through a proxy, which is asked for the whole address.
    let proxy = Web::start();
    proxy.set(&scene.at("/ocsp").unwrap(), Route::Body(scene.ocsp(&signer, Status::Good)));
    assert_eq!(run(&allowed, Some(&proxy.origin)).0, 0);
    assert_eq!((proxy.asked(&scene.at("/ocsp").unwrap()), scene.web.asked("/ocsp")), (1, 1));
    let (code, _) = run(&allowed, Some("socks5://127.0.0.1:1"));
    assert_eq!(code, 64, "a proxy that is none is a wrong usage");
}

/// The demonstration's CA for seals by OpenSSL: its own responder answers, and its own reader tells what was asked.
#[test]
fn openssl_answers_what_it_is_asked() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl_answers_what_it_is_asked: openssl is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scene = Scene::new();
    let ca = &scene.demo.pki.seal_ca;
    // A responder whose key OpenSSL may have.
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    std::fs::write(path("key.pem"), pair.serialize_pem()).unwrap();
    let rest =
        vec![x509::key_usage(&[0]), x509::extended_key_usage("1.3.6.1.5.5.7.3.9", false), x509::no_check()];
    let mut public = Key::generate(Kind::P256);
    public.spki = rcgen::PublicKeyData::subject_public_key_info(&pair);
    public.bits = public.spki[public.spki.len() - 65..].to_vec();
    let request = Certificate {
        subject: Subject {
            country: "XA".into(),
            organisation: "Hive Trust Services".into(),
            identifier: "VATXA-10020030".into(),
            common_name: "OpenSSL Responder".into(),
        },
        serial: 4_999,
        not_before: now().plus_seconds(-DAY),
        not_after: now().plus_seconds(3_000 * DAY),
        extensions: rest,
    };
    let responder = issue(request, Arc::new(public), Some(ca));
    let pem = |der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    std::fs::write(path("responder.pem"), pem(&responder.der)).unwrap();
    std::fs::write(path("ca.pem"), pem(&ca.der)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let sealers = [(); 3]
        .map(|()| scene.sealer(&Addresses { ocsp: Some(format!("{address}/")), ..Addresses::default() }));
    // The third is not in its index: unknown.
    let index = format!(
        "V\t350101000000Z\t\t{:04X}\tunknown\t/CN=good\nR\t350101000000Z\t260725000000Z,cessationOfOperation\t{:04X}\tunknown\t/CN=revoked\n",
        sealers[0].serial, sealers[1].serial,
    );
    std::fs::write(path("index.txt"), index).unwrap();
    let mut server = Command::new("openssl")
        .args(["ocsp", "-port", &port.to_string(), "-index", &path("index.txt"), "-CA", &path("ca.pem")])
        .args([
            "-rsigner",
            &path("responder.pem"),
            "-rkey",
            &path("key.pem"),
            "-ndays",
            "7",
            "-nrequest",
            "3",
        ])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let ready = log.by_ref().map_while(Result::ok).find(|line| line.contains("waiting for OCSP client"));
    assert!(ready.is_some(), "OpenSSL's responder did not start");
    std::thread::spawn(move || log.for_each(drop));
    let rules = Rules { allowed: vec![Origin::parse(&address).unwrap()], ..Rules::default() };
    let library = Arc::new(Library::new(Client::new(rules, None).unwrap()));
    let scene = Scene { library, ..scene };
    let present = sealgate::clock::now();
    let verify = |signer: &Identity| {
        let desk = Arc::new(scene.library.desk());
        let outside: &dyn Outside = &*desk;
        let request = Request { outside: Some(outside), ..Request::at(present.plus_seconds(60)) };
        let file = plain(signer);
        loop {
            let verdict = scene.pipeline.verify(&file, &request);
            if !scene.runtime.block_on(scene.library.fill(&desk)) {
                return verdict;
            }
        }
    };
    let [good, revoked, unknown] = sealers.each_ref().map(verify);
    let _ = server.kill();
    let _ = server.wait();
    assert_eq!(outcome(&good), ("TOTAL-PASSED", "-", "ocsp good".into()), "{:?}", good.seals[0].findings);
    assert_eq!(outcome(&revoked), ("INDETERMINATE", "REVOKED_NO_POE", "ocsp revoked".into()));
    let at = revoked.seals[0].revocation[0].revoked_at.unwrap().to_string();
    assert_eq!(at, "2026-07-25T00:00:00Z");
    let detail = detail(&unknown, "revocation-data-acceptable");
    assert!(detail.contains("does not know the certificate"), "{detail}");

    // What is asked, as OpenSSL reads it.
    let web = &scene.web;
    let rules = Rules { allowed: vec![Origin::parse(&web.origin).unwrap()], ..Rules::default() };
    let scene = Scene { library: Arc::new(Library::new(Client::new(rules, None).unwrap())), ..Scene::new() };
    let signer =
        scene.sealer(&Addresses { ocsp: Some(format!("{}/ocsp", web.origin)), ..Addresses::default() });
    scene.verify(&plain(&signer));
    let [request] = web.posted().try_into().unwrap();
    std::fs::write(path("request.der"), request).unwrap();
    let out =
        Command::new("openssl").args(["ocsp", "-reqin", &path("request.der"), "-req_text"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let serial = format!("Serial Number: {:04X}", signer.serial);
    let key = format!("Issuer Key Hash: {}", hex::encode_upper(ca.key.identifier()));
    assert!(text.contains(&serial) && text.contains(&key) && text.contains("Hash Algorithm: sha1"), "{text}");
}
