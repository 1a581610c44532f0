//! A server that renews its trust from a list server: every version once, none behind another, no verdict between two.

use crate::demo::{self, Sealer, list};
use crate::server::{AT, Answer, Server, wait_for, wait_until};
use crate::support::{root, shared, snapshot};
use crate::sync::Scene;
use crate::web::{Route, Web};
use sealgate::signature::algorithm::{Crypto, identity};
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{Context, Fetched, Mirror, Source};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Serves a domain file from the cache and the list server of a scene, looking ten times a second.
fn serve(domain: &str, web: &Web, cache: &Path, extra: &[&str]) -> Server {
    let named = ["--trust-mirror", &web.origin, "--trust-cache", cache.to_str().unwrap(), "--refresh", "0.1"];
    Server::launch_in(domain, &[&named[..], extra].concat())
}

fn domain_file(scene: &Scene) -> String {
    let path = scene.cache.path().join("demo.toml");
    std::fs::write(&path, scene.demo.domain().replace("mirror = \"demo\"\n", "")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn trust(server: &Server) -> Value {
    server.get("/v1/trust").json()
}

fn of<'v>(trust: &'v Value, territory: &str) -> &'v Value {
    trust["lists"].as_array().unwrap().iter().find(|list| list["territory"] == territory).unwrap()
}

/// Waits for the server to have come so far.
fn until(server: &Server, holds: impl Fn(&Value) -> bool) -> Value {
    wait_for(|| Some(trust(server)).filter(&holds))
}

fn metric(server: &Server, line: &str) -> Option<f64> {
    let text = String::from_utf8(server.get("/metrics").body).unwrap();
    let value = text.lines().find_map(|found| found.strip_prefix(line))?;
    Some(value.trim().parse().unwrap())
}

#[test]
fn a_server_takes_a_new_list_keeps_the_last_good_and_starts_from_it_without_network() {
    let scene = Scene::new();
    let domain = domain_file(&scene);
    let server = serve(&domain, &scene.web, scene.cache.path(), &[]);
    let first = trust(&server);
    assert_eq!(of(&first, "XA")["sequence"], 7);
    assert!(
        of(&first, "XA")["age_seconds"].as_i64().unwrap() >= 0 && of(&first, "XA")["checked"].is_string()
    );

    scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = 8));
    let second = until(&server, |trust| of(trust, "XA")["sequence"] == 8);
    assert_ne!(second["snapshot"], first["snapshot"]);

    scene.put("/xa.xml", scene.demo.by_url[list::XA_URL].clone());
    let refused = until(&server, |trust| of(trust, "XA")["newest_refused"].is_string());
    assert_eq!(of(&refused, "XA")["newest_refused"], "rollback: sequence number 7 after 8");
    assert_eq!(
        (&refused["snapshot"], &of(&refused, "XA")["state"]),
        (&second["snapshot"], &json!("accepted"))
    );
    for (line, expected) in [
        ("sealgate_trusted_list_state{state=\"accepted\",territory=\"XA\"}", 1.0),
        ("sealgate_trusted_list_state{state=\"refused\",territory=\"XA\"}", 0.0),
        ("sealgate_trusted_list_last_good{territory=\"XA\"}", 1.0),
        ("sealgate_trusted_list_last_good{territory=\"XB\"}", 0.0),
        ("sealgate_trust_refreshes_total{outcome=\"changed\"}", 1.0),
        ("sealgate_trusted_lists{state=\"accepted\"}", 2.0),
    ] {
        assert_eq!(metric(&server, line), Some(expected), "{line}");
    }
    for line in [
        "sealgate_trusted_list_checked_timestamp_seconds{territory=\"XB\"}",
        "sealgate_trusted_list_next_update_timestamp_seconds{territory=\"EU\"}",
        "sealgate_trust_last_refresh_timestamp_seconds",
    ] {
        assert!(metric(&server, line).is_some_and(|seconds| seconds > 1.7e9), "{line}");
    }

    // The whole list server goes; then the process, which starts again without it.
    scene.web.set("/index.json", Route::Status(503));
    until(&server, |trust| of(trust, "XB")["newest_refused"].is_string());
    assert_eq!(trust(&server)["snapshot"], second["snapshot"]);
    drop(server);
    for extra in [&[][..], &["--offline"]] {
        let server = serve(&domain, &scene.web, scene.cache.path(), extra);
        assert_eq!(trust(&server)["snapshot"], second["snapshot"]);
    }
}

/// On its own ten times a second, and on SIGHUP alone.
#[test]
fn a_folder_that_is_named_is_read_anew() {
    read_anew("0.1", |_| {});
    read_anew("0", |server| server.signal("-HUP"));
}

fn read_anew(interval: &str, ask: impl Fn(&Server)) {
    let demo = demo::shared();
    let folder = crate::support::demo_folder(demo);
    let domain = folder.path().join("demo.toml");
    let server = Server::launch_in(domain.to_str().unwrap(), &["--refresh", interval]);
    let first = trust(&server);
    assert!(of(&first, "XA")["checked"].is_null(), "no server was asked");
    let mut newer = demo.list("XA");
    newer.sequence = 8;
    let number = demo.by_url.keys().position(|url| url == list::XA_URL).unwrap();
    let file = folder.path().join(format!("demo/{number}.xml"));
    let beside = folder.path().join("beside");
    std::fs::write(&beside, demo.sign(&newer)).unwrap();
    std::fs::rename(&beside, &file).unwrap();
    ask(&server);
    let second = until(&server, |trust| of(trust, "XA")["sequence"] == 8);
    assert_ne!(second["snapshot"], first["snapshot"]);
    std::fs::write(folder.path().join("demo/index.json"), "[{").unwrap();
    ask(&server);
    let failed = "sealgate_trust_refreshes_total{outcome=\"failed\"}";
    wait_until(|| metric(&server, failed) != Some(0.0));
    assert_eq!(trust(&server)["snapshot"], second["snapshot"], "the last good one stays");
}

#[test]
fn without_lists_and_without_network_one_line_says_what_to_do() {
    let scene = Scene::new();
    scene.web.set("/index.json", Route::Status(404));
    let domain = domain_file(&scene);
    let cache = scene.cache.path().to_str().unwrap();
    let run = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .current_dir(root())
            .args(args)
            .args(["--trust-domain", &domain, "--trust-cache", cache])
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let mirror = ["--trust-mirror", &scene.web.origin];
    for args in [&["verify", "examples/sound"][..], &["trust", "sync"]] {
        let (code, said) = run(&[args, &mirror].concat());
        let last = said.lines().last().unwrap();
        assert_eq!(code, Some(70), "{args:?}: {said}");
        assert!(
            last.contains("the server answered 404") && last.contains("--trust-lists DIR"),
            "{args:?}: {said}"
        );
    }
    let serve = ["serve", "--offline", "--listen", "127.0.0.1:0"];
    for args in [&["verify", "--offline", "examples/sound"][..], &["trust", "status"], &serve] {
        let (code, said) = run(args);
        assert_eq!(code, Some(70), "{args:?}: {said}");
        assert!(said.contains("`sealgate trust sync`"), "{args:?}: {said}");
    }
    let (code, said) = run(&["trust", "sync", "--offline"]);
    assert_eq!(code, Some(64), "{said}");
}

/// Waits in vain for lists, answers all the same, and is ready as soon as they come: on its own, or asked.
#[test]
fn a_server_without_trust_answers_503_and_goes_on_trying() {
    first_lists_come("0.2", |_| {});
    first_lists_come("0", |server| server.signal("-HUP"));
}

fn first_lists_come(interval: &str, ask: impl Fn(&Server)) {
    let scene = Scene::new();
    scene.web.set("/index.json", Route::Status(503));
    let (domain, cache) = (domain_file(&scene), scene.cache.path().to_str().unwrap().to_owned());
    let named = ["--trust-mirror", &scene.web.origin, "--trust-cache", &cache, "--refresh", interval];
    let server = Server::launch_until("no trust yet", &domain, &named);
    let credential = scene.demo.issue(&demo::Order::compact(1));
    let refused = server.verify(&credential);
    assert!(refused.status == 503 && refused.head.contains("retry-after: "), "{}", refused.head);
    assert_eq!(refused.json()["detail"], "no trust snapshot is loaded yet");
    for (path, status) in [("/readyz", 503), ("/livez", 200), ("/v1/trust", 503), ("/metrics", 200)] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    let index: Vec<Value> =
        crate::sync::PATHS.iter().map(|(url, path)| json!({"url": url, "file": &path[1..]})).collect();
    scene.web.set("/index.json", Route::Body(serde_json::to_vec(&index).unwrap()));
    ask(&server);
    wait_until(|| server.get("/readyz").status == 200);
    assert_eq!(server.verify(&credential).json()["verdict"], "passed");
}

/// A domain in a folder, and a way to publish a version of a list there.
struct Folder {
    folder: tempfile::TempDir,
    server: Server,
}

impl Folder {
    fn new() -> Self {
        let folder = crate::support::demo_folder(demo::shared());
        let domain = folder.path().join("demo.toml");
        let server = Server::launch_in(domain.to_str().unwrap(), &["--refresh", "0"]);
        Self { folder, server }
    }

    fn publish(&self, sequence: u64) {
        let demo = demo::shared();
        let mut list = demo.list("XA");
        list.sequence = sequence;
        let number = demo.by_url.keys().position(|url| url == list::XA_URL).unwrap();
        let beside = self.folder.path().join("beside");
        std::fs::write(&beside, demo.sign(&list)).unwrap();
        std::fs::rename(&beside, self.folder.path().join(format!("demo/{number}.xml"))).unwrap();
    }

    fn refreshes(&self) -> f64 {
        let outcomes = ["changed", "unchanged", "failed"];
        let line = |outcome: &str| format!("sealgate_trust_refreshes_total{{outcome=\"{outcome}\"}}");
        outcomes.iter().filter_map(|outcome| metric(&self.server, &line(outcome))).sum()
    }
}

#[test]
fn signals_at_once_are_one_and_an_older_list_is_refused() {
    let scene = Folder::new();
    scene.publish(9);
    scene.server.signal("-HUP");
    let newer = until(&scene.server, |trust| of(trust, "XA")["sequence"] == 9);
    assert_eq!(scene.refreshes(), 1.0);
    // An older one with a good signature is not taken.
    scene.publish(8);
    scene.server.signal("-HUP");
    let refused = until(&scene.server, |trust| of(trust, "XA")["newest_refused"].is_string());
    assert_eq!(of(&refused, "XA")["newest_refused"], "rollback: sequence number 8 after 9");
    assert_eq!(refused["snapshot"], newer["snapshot"]);

    // The process sleeps while they come: all that it finds is that it was asked. One may come before it sleeps.
    let before = scene.refreshes();
    scene.publish(10);
    scene.server.signal("-STOP");
    (0..20).for_each(|_| scene.server.signal("-HUP"));
    scene.server.signal("-CONT");
    until(&scene.server, |trust| of(trust, "XA")["sequence"] == 10);
    assert!(scene.refreshes() - before <= 2.0, "{} for 20 signals", scene.refreshes() - before);
}

#[test]
fn a_request_that_began_before_a_signal_keeps_its_snapshot() {
    let scene = Folder::new();
    let first = trust(&scene.server);
    let credential = demo::shared().issue(&demo::Order::compact(1));
    let mut slow = scene.server.connect();
    let length = credential.len();
    let head = format!("host: x\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n");
    write!(slow, "POST /v1/verify?at={AT} HTTP/1.1\r\n{head}").unwrap();
    // The body is asked for once the request has its snapshot.
    let mut asked = [0; 25];
    slow.read_exact(&mut asked).unwrap();
    assert_eq!(asked, *b"HTTP/1.1 100 Continue\r\n\r\n");
    scene.publish(8);
    scene.server.signal("-HUP");
    let second = until(&scene.server, |trust| of(trust, "XA")["sequence"] == 8);
    assert_ne!(second["snapshot"], first["snapshot"]);
    slow.write_all(&credential).unwrap();
    let verdict = Answer::read(&mut slow).unwrap().json();
    assert_eq!((&verdict["trust"]["snapshot"], &verdict["verdict"]), (&first["snapshot"], &json!("passed")));
    assert_eq!(scene.server.verify(&credential).json()["trust"]["snapshot"], second["snapshot"]);
}

#[test]
fn the_first_use_fetches_and_the_second_needs_nobody() {
    let scene = Scene::new();
    let domain = domain_file(&scene);
    let file = scene.cache.path().join("credential.json");
    std::fs::write(&file, scene.demo.issue(&demo::Order::compact(1))).unwrap();
    let verify = |extra: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args([
                "verify",
                "--format",
                "json",
                "--at",
                &crate::sync::now().to_string(),
                "--trust-domain",
                &domain,
            ])
            .env("SEALGATE_CACHE", scene.cache.path())
            .args(extra)
            .arg(&file)
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let first = verify(&["--trust-mirror", &scene.web.origin]);
    assert!(first.contains("\"verdict\":\"passed\"") && first.contains("\"domain\":\"demo\""), "{first}");
    let asked = scene.web.asked("/lotl.xml");
    assert_eq!(verify(&["--offline"]), first);
    assert_eq!((scene.web.asked("/lotl.xml"), asked), (1, 1));
}

/// Real lists of four territories, one after the other as they were published, while credentials are verified.
#[test]
fn real_history_is_replayed_against_a_server_under_load() {
    let test = "real_history_is_replayed_against_a_server_under_load";
    let (Some(newest), Some(history)) =
        (shared("trust-lists/2026-08", test), shared("trust-lists/history", test))
    else {
        return;
    };
    const TERRITORIES: [&str; 4] = ["CY", "IE", "MT", "SE"];
    let domain = Domain::eu().unwrap();
    let urls: BTreeMap<String, String> = snapshot(&domain, &newest)
        .lists
        .iter()
        .map(|list| (list.territory.clone(), list.url.clone()))
        .collect();
    let mirror = Replay { mirror: Mirror::open(&newest).unwrap(), urls: &urls, published: Mutex::default() };
    let web = Web::start();
    let index: Vec<Value> =
        serde_json::from_slice::<Vec<Value>>(&std::fs::read(newest.join("index.json")).unwrap())
            .unwrap()
            .into_iter()
            .filter(|entry| mirror.has(entry["url"].as_str().unwrap()))
            .collect();
    for entry in &index {
        let file = entry["file"].as_str().unwrap();
        publish(&web, file, std::fs::read(newest.join(file)).unwrap());
    }
    web.set("/index.json", Route::Body(serde_json::to_vec(&index).unwrap()));
    let mut versions: Vec<(&str, Vec<PathBuf>)> = Vec::new();
    for territory in TERRITORIES {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(history.join(territory)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        versions.push((territory, files));
    }
    let replace = |territory: &str, file: &Path| {
        let bytes = std::fs::read(file).unwrap();
        mirror.published.lock().unwrap().insert(urls[territory].clone(), bytes.clone());
        publish(&web, &format!("{territory}.xml"), bytes);
    };
    for (territory, files) in &versions {
        replace(territory, &files[0]);
    }

    // What a load with nothing half about it comes to, version by version.
    let crypto = Crypto::default();
    let mut expected = Snapshot::load(&mirror, &domain, &Context::new(&crypto)).unwrap();
    let name = |snapshot: &Snapshot| format!("sha256:{}", hex::encode(snapshot.identity));
    let cache = tempfile::tempdir().unwrap();
    let server = serve("eu", &web, cache.path(), &[]);
    assert_eq!(trust(&server)["snapshot"], name(&expected));

    let whole = Mutex::new(BTreeSet::from([name(&expected)]));
    let (seen, end) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let credential =
        demo::shared().issue(&demo::Order { sealer: Sealer::Compact, ..demo::Order::compact(1) });
    let (mut taken, mut refused) = (0_usize, 0_usize);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !end.load(Ordering::SeqCst) {
                    let verdict = server.verify(&credential).json();
                    seen.lock().unwrap().insert(verdict["trust"]["snapshot"].as_str().unwrap().to_owned());
                }
            });
        }
        let replayed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for (territory, files) in &versions {
                for pair in files.windows(2) {
                    // The next version, then the one before it again: a rollback, where the next was accepted.
                    for file in [&pair[1], &pair[0], &pair[1]] {
                        replace(territory, file);
                        let after = Context::after(&crypto, &expected);
                        let next = Snapshot::load(&mirror, &domain, &after).unwrap();
                        whole.lock().unwrap().insert(name(&next));
                        let (now, before) =
                            (next.list(territory).unwrap(), expected.list(territory).unwrap());
                        taken += usize::from(now.digest != before.digest && now.accepted());
                        let why = now.newest.as_ref().map(ToString::to_string);
                        refused += usize::from(why.as_ref().is_some_and(|why| why.contains("rollback")));
                        let said = match now.accepted() {
                            true => now.newest.as_ref(),
                            false => Some(&now.condition),
                        };
                        let said = said.map(|why| why.to_string().trim_start_matches("refused: ").to_owned());
                        until(&server, |trust| {
                            let list = of(trust, territory);
                            let told = [&list["newest_refused"], &list["reason"]]
                                .into_iter()
                                .find(|s| s.is_string());
                            trust["snapshot"] == name(&next)
                                && told.and_then(Value::as_str) == said.as_deref()
                                && list["sequence"].as_u64() == now.sequence
                        });
                        expected = next;
                    }
                }
            }
        }));
        end.store(true, Ordering::SeqCst);
        if let Err(panic) = replayed {
            std::panic::resume_unwind(panic);
        }
    });
    println!("{taken} versions taken, {refused} rollbacks refused");
    assert!(taken >= 8 && refused >= 8);
    let changed = metric(&server, "sealgate_trust_refreshes_total{outcome=\"changed\"}").unwrap();
    assert_eq!(format!("{changed}"), taken.to_string(), "every version once");
    let (seen, whole) = (seen.into_inner().unwrap(), whole.into_inner().unwrap());
    assert!(seen.is_subset(&whole), "a verdict on half a snapshot");
    assert!(seen.len() > 2, "verdicts were made all along");
}

fn publish(web: &Web, file: &str, bytes: Vec<u8>) {
    let tag = format!("\"{}\"", hex::encode(identity(&bytes)));
    web.set(&format!("/{file}"), Route::Tagged(bytes, tag));
}

/// The mirror without the large lists, as it is published at the moment.
struct Replay<'r> {
    mirror: Mirror,
    urls: &'r BTreeMap<String, String>,
    published: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Replay<'_> {
    /// The list of lists, its pivots and the four territories.
    fn has(&self, url: &str) -> bool {
        let territory =
            self.urls.iter().find(|(_, known)| *known == url).map(|(territory, _)| territory.as_str());
        matches!(territory, None | Some("EU" | "CY" | "IE" | "MT" | "SE"))
    }
}

impl Source for Replay<'_> {
    fn get(&self, url: &str) -> Fetched {
        match self.published.lock().unwrap().get(url) {
            Some(bytes) => Fetched::Bytes(bytes.clone().into()),
            None if self.has(url) => self.mirror.get(url),
            None => Fetched::Unreachable("not in the mirror".to_owned()),
        }
    }
}
