//! Synchronisation against a list server on loopback: each fault is a state of its list, and the last good one stays.

use crate::demo::{self, Demo, list};
use crate::web::{Route, Web};
use sealgate::disk::{Disk, FileSystem};
use sealgate::fetch::{Client, Origin, Rules};
use sealgate::signature::algorithm::{Crypto, identity};
use sealgate::sync::{self, Fetcher, NotSynced, Silent, Store, Synced, synchronise};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{Context, Error};
use sealgate::trust::snapshot::{Condition, ListState};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The demonstration's domain, its lists at a server, and a cache.
pub(crate) struct Scene {
    pub(crate) demo: &'static Demo,
    pub(crate) web: Web,
    pub(crate) cache: tempfile::TempDir,
    pub(crate) domain: Domain,
    runtime: tokio::runtime::Runtime,
}

/// Where the server has the lists of the demonstration.
pub(crate) const PATHS: [(&str, &str); 3] =
    [(list::LOTL_URL, "/lotl.xml"), (list::XA_URL, "/xa.xml"), (list::XB_URL, "/xb.xml")];

impl Scene {
    /// With every list, behind an index as a mirror has it.
    pub(crate) fn new() -> Self {
        let demo = demo::shared();
        let scene = Self {
            demo,
            web: Web::start(),
            cache: tempfile::tempdir().unwrap(),
            domain: Domain::parse(&demo.domain().replace("mirror = \"demo\"\n", "")).unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
        };
        let index: Vec<_> = PATHS.iter().map(|(url, path)| json!({"url": url, "file": &path[1..]})).collect();
        scene.web.set("/index.json", Route::Body(serde_json::to_vec(&index).unwrap()));
        for (url, path) in PATHS {
            scene.put(path, demo.by_url[url].clone());
        }
        scene
    }

    /// Publishes a list, with its digest as ETag.
    pub(crate) fn put(&self, path: &str, bytes: Vec<u8>) {
        let tag = format!("\"{}\"", hex::encode(identity(&bytes)));
        self.web.set(path, Route::Tagged(bytes, tag));
    }

    /// A list of this territory with a change, signed.
    pub(crate) fn signed(&self, territory: &str, change: impl FnOnce(&mut list::List)) -> Vec<u8> {
        let mut list = self.demo.list(territory);
        change(&mut list);
        self.demo.sign(&list)
    }

    pub(crate) fn store_on(&self, disk: Arc<dyn Disk>) -> Store {
        Store::of(&self.domain, self.cache.path(), disk)
    }

    pub(crate) fn store(&self) -> Store {
        self.store_on(Arc::new(FileSystem))
    }

    fn rules(&self) -> Rules {
        let allowed = vec![Origin::parse(&self.web.origin).unwrap()];
        Rules { allowed, time: Duration::from_secs(1), bytes: 1 << 20, ..sync::rules() }
    }

    pub(crate) fn fetcher(&self) -> Fetcher {
        let client = Client::new(self.rules(), None).unwrap();
        self.fetcher_of(client, Some(&self.web.origin))
    }

    fn fetcher_of(&self, client: Client, mirror: Option<&str>) -> Fetcher {
        let fetcher = Fetcher::new(client, mirror, self.runtime.handle().clone()).unwrap();
        fetcher.with_first_wait(Duration::from_millis(1))
    }

    pub(crate) fn sync_on(&self, disk: Arc<dyn Disk>) -> Result<Synced, NotSynced> {
        synchronise(&self.store_on(disk), &self.domain, &self.fetcher(), None, now(), &Silent)
    }

    /// Synchronises after what the cache has.
    pub(crate) fn sync(&self) -> Synced {
        let synced = self.sync_on(Arc::new(FileSystem)).unwrap();
        assert_eq!(synced.kept, Ok(()));
        synced
    }

    /// What a process that starts now, without network, has.
    pub(crate) fn started(&self) -> Result<Snapshot, String> {
        self.store().load(&self.domain, &Context::new(&Crypto::default()))
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.store().folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

pub(crate) fn now() -> Time {
    demo::shared().options.reference
}

pub(crate) fn state(snapshot: &Snapshot, territory: &str) -> ListState {
    snapshot.list(territory).unwrap().clone()
}

#[test]
fn what_is_synchronised_is_there_without_network_and_asked_for_again_by_its_validators() {
    let scene = Scene::new();
    let first = scene.sync().snapshot;
    assert_eq!((first.accepted(), first.lists[1].sequence), (2, Some(7)));
    assert!(first.lists.iter().all(|list| list.checked == Some(now())), "{:?}", first.lists);
    let index = fs::read(scene.store().folder().join("index.json")).unwrap();

    let started = scene.started().unwrap();
    assert_eq!(started.identity, first.identity);
    assert_eq!(format!("{:?}", started.services), format!("{:?}", first.services));
    assert_eq!(started.lists.iter().map(|list| list.checked).collect::<Vec<_>>(), vec![Some(now()); 3]);

    let second = scene.sync().snapshot;
    assert_eq!((second.identity, scene.web.unmodified()), (first.identity, 3), "304 for each list");
    assert_eq!(fs::read(scene.store().folder().join("index.json")).unwrap(), index, "nothing to write");

    scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = 8));
    let third = scene.sync().snapshot;
    assert_eq!((state(&third, "XA").sequence, scene.web.unmodified()), (Some(8), 5));
    assert_eq!(scene.started().unwrap().identity, third.identity);
}

#[test]
fn nobody_else_reads_or_writes_the_folder() {
    let scene = Scene::new();
    scene.sync();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.store().folder().to_owned()), 0o700);
    for file in scene.files() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_file_that_others_could_have_written_is_no_compiled_snapshot() {
    let scene = Scene::new();
    let good = scene.sync().snapshot;
    // A sound compiled snapshot of these lists, without one of them: only the folder's mode speaks against it.
    let path = scene.store().folder().join("snapshot");
    let mut forged = sealgate::trust::compiled::load(&path).unwrap();
    let services = forged.snapshot.services.len();
    forged.snapshot.services.remove(services - 1);
    forged.snapshot.lists[2].services -= 1;
    fs::write(&path, forged.encode()).unwrap();
    assert_eq!(scene.started().unwrap().services.len(), services - 1, "who can write it decides");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(scene.started().unwrap().services.len(), good.services.len());
}

#[test]
fn each_fault_of_a_server_is_a_state_and_the_last_good_list_stays() {
    let scene = Scene::new();
    let first = scene.sync().snapshot;
    let newer = || scene.signed("XA", |list| list.sequence = 8);
    let redirect = |to: &str| Route::Redirect(to.to_owned());
    let faults: Vec<(Route, &str)> = vec![
        (Route::Status(500), "unreachable: the server answered 500"),
        (Route::Status(404), "unreachable: the server answered 404"),
        (Route::Truncated, "unreachable: there was no connection"),
        (Route::Endless, "unreachable: it has more than 1048576 bytes"),
        (Route::Slow(Duration::from_secs(3)), "unreachable: it did not come within 1 s"),
        (
            Route::Typed(newer(), "text/html; charset=utf-8"),
            "unreachable: the server answered with a web page",
        ),
        (
            redirect("http://169.254.169.254/latest/meta-data"),
            "unreachable: the host is not on the public internet",
        ),
        (redirect("https://127.0.0.1/xa.xml"), "unreachable: the host is not on the public internet"),
        (redirect("http://[::1]/xa.xml"), "unreachable: the host is not on the public internet"),
        (redirect("http://127.0.0.1:1/xa.xml"), "unreachable: port 1 is not asked"),
        (redirect("file:///etc/passwd"), "unreachable: "),
        (redirect("/xa.xml"), "unreachable: it was redirected too often"),
        (Route::Body(b"<html>".to_vec()), "refused: malformed"),
        (Route::Body(Vec::new()), "refused: no bytes"),
        (Route::Body(scene.demo.alter_content(&newer())), "refused: "),
        (
            Route::Body(scene.signed("XA", |list| list.sequence = 6)),
            "refused: rollback: sequence number 6 after 7",
        ),
        (
            Route::Body(scene.signed("XA", |list| list.padding = 1)),
            "refused: other bytes than before under the same sequence number 7",
        ),
    ];
    for (number, (route, expected)) in faults.into_iter().enumerate() {
        let case = format!("{route:.60?}");
        scene.web.set("/xa.xml", route);
        // The other list goes on.
        let sequence = 10 + u64::try_from(number).unwrap();
        scene.put("/xb.xml", scene.signed("XB", |list| list.sequence = sequence));
        let synced = scene.sync();
        let list = state(&synced.snapshot, "XA");
        assert!(list.accepted() && list.digest == first.lists[1].digest, "{case}");
        let why = list.newest.unwrap().to_string();
        assert!(why.starts_with(expected), "{case}: {why}");
        assert_eq!(synced.failed().len(), 1, "{case}");
        assert_eq!(state(&synced.snapshot, "XB").sequence, Some(sequence), "{case}");
        assert_eq!(scene.started().unwrap().identity, synced.snapshot.identity, "{case}");
    }
    // The state goes when the fault does.
    scene.put("/xa.xml", newer());
    assert_eq!(scene.sync().failed(), []);
}

#[test]
fn a_server_that_fails_for_a_moment_is_asked_again_and_one_that_refuses_is_not() {
    let scene = Scene::new();
    for (status, times) in [(503, 3), (429, 3), (404, 1), (403, 1)] {
        let before = scene.web.asked("/xb.xml");
        scene.web.set("/xb.xml", Route::Status(status));
        scene.sync();
        assert_eq!(scene.web.asked("/xb.xml") - before, times, "{status}");
    }
}

#[test]
fn without_a_last_good_list_a_fault_leaves_the_territory_out_and_says_why() {
    let scene = Scene::new();
    scene.web.set("/xa.xml", Route::Status(503));
    scene.web.set("/xb.xml", Route::Body(scene.demo.by_url[list::XA_URL].clone()));
    let synced = scene.sync();
    let said: Vec<String> =
        synced.failed().iter().map(|(territory, why)| format!("{territory} {why}")).collect();
    assert_eq!(
        said,
        ["XA unreachable: the server answered 503", "XB refused: expected the list of XB, found that of XA"]
    );
    assert_eq!(scene.started().unwrap().missing(), ["XA", "XB"]);
    // Nothing is at hand that could be unmodified.
    scene.web.set("/xa.xml", Route::Status(304));
    let why = state(&scene.sync().snapshot, "XA").condition.to_string();
    assert_eq!(why, "unreachable: the server answered 304");
}

#[test]
fn without_a_list_of_lists_the_last_good_one_stays_and_the_others_are_renewed_under_it() {
    let scene = Scene::new();
    for (route, expected) in [
        (Route::Status(404), "the server answered 404"),
        (Route::Body(b"<a/>".to_vec()), "expected a TrustServiceStatusList"),
    ] {
        let none = Scene::new();
        none.web.set("/lotl.xml", route);
        let error = none.sync_on(Arc::new(FileSystem)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!none.store().exists());
    }
    let first = scene.sync().snapshot;
    let changed = |change: fn(&mut list::List)| scene.signed("EU", change);
    let faults: Vec<(Route, &str)> = vec![
        (Route::Status(404), "unreachable: the server answered 404"),
        (Route::Truncated, "unreachable: there was no connection"),
        (Route::Body(changed(|list| list.sequence = 11)), "refused: rollback: sequence number 11 after 12"),
        (Route::Body(scene.demo.sign_as_stranger(&scene.demo.list("EU"))), "refused: "),
        (Route::Body(scene.demo.alter_content(&changed(|list| list.sequence = 13))), "refused: "),
    ];
    for (number, (route, expected)) in faults.into_iter().enumerate() {
        let case = format!("{route:.60?}");
        scene.web.set("/lotl.xml", route);
        let sequence = 8 + u64::try_from(number).unwrap();
        scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = sequence));
        let synced = scene.sync();
        let lotl = &synced.snapshot.lists[0];
        assert_eq!(lotl.digest, first.lists[0].digest, "{case}");
        let why = lotl.newest.as_ref().unwrap().to_string();
        assert!(why.starts_with(expected), "{case}: {why}");
        assert_eq!(state(&synced.snapshot, "XA").sequence, Some(sequence), "{case}");
        assert_eq!(scene.started().unwrap().identity, synced.snapshot.identity, "{case}");
    }
}

#[test]
fn no_list_goes_back_across_restarts_whatever_is_lost_of_the_cache() {
    let scene = Scene::new();
    let old = scene.demo.by_url[list::XA_URL].clone();
    scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = 9));
    let good = scene.sync().snapshot;
    let lost: [&dyn Fn(); 4] = [
        &|| {},
        &|| fs::remove_file(scene.store().folder().join("snapshot")).unwrap(),
        // The list itself: what is remembered of it still counts.
        &|| {
            let digest = hex::encode(good.list("XA").unwrap().digest.unwrap());
            fs::write(scene.store().folder().join(format!("{digest}.xml")), "<a/>").unwrap();
        },
        &|| fs::write(scene.store().folder().join("index.json"), "[{").unwrap(),
    ];
    scene.put("/xa.xml", old.clone());
    for (number, lose) in lost.iter().enumerate() {
        lose();
        let list = state(&scene.sync().snapshot, "XA");
        let why = list.newest.as_ref().unwrap_or(&list.condition).to_string();
        assert_eq!(why, "refused: rollback: sequence number 7 after 9", "{number}");
    }
    // Of the memory itself only damage is survived: the list that is kept tells its own number.
    scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = 9));
    assert!(scene.sync().failed().is_empty());
    fs::write(scene.store().folder().join("state"), "damaged").unwrap();
    scene.put("/xa.xml", old.clone());
    assert_eq!(state(&scene.sync().snapshot, "XA").sequence, Some(9));
    // An older list put into the cache by hand is refused, too.
    let store = scene.store();
    let index = store.folder().join("index.json");
    let (file, digest) = (store.folder().join("x.xml"), hex::encode(identity(&old)));
    fs::write(&file, &old).unwrap();
    let mut entries: serde_json::Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    for entry in entries.as_array_mut().unwrap().iter_mut().filter(|entry| entry["url"] == list::XA_URL) {
        entry["file"] = "x.xml".into();
        entry["sha256"] = digest.clone().into();
    }
    fs::write(&index, entries.to_string()).unwrap();
    let started = scene.started().unwrap();
    assert_eq!(
        state(&started, "XA").condition,
        Condition::Refused("rollback: sequence number 7 after 9".to_owned())
    );
}

#[test]
fn a_jump_of_the_clock_changes_nothing_that_is_kept() {
    let scene = Scene::new();
    let first = scene.sync().snapshot;
    let sync_at = |now: Time| {
        synchronise(&scene.store(), &scene.domain, &scene.fetcher(), None, now, &Silent).unwrap().snapshot
    };
    for now in [Time::from_millis(0), Time::from_millis(i64::MIN), Time::from_seconds(99_999_999_999), now()]
    {
        let snapshot = sync_at(now);
        assert_eq!((snapshot.identity, snapshot.accepted()), (first.identity, 2), "{now}");
        assert_eq!(scene.started().unwrap().identity, first.identity, "{now}");
    }
    assert_eq!(scene.sync().snapshot.lists[1].checked, Some(now()));
    let said = sealgate::report::trust_json([&scene.started().unwrap()], &[], now().plus_seconds(-3600));
    assert!(said.contains("\"age_seconds\":0"), "an age is never negative: {said}");
}

#[test]
fn one_synchronises_at_a_time() {
    let scene = Scene::new();
    scene.sync();
    let lock = fs::OpenOptions::new().append(true).open(scene.store().folder().join("lock")).unwrap();
    lock.lock().unwrap();
    let error = scene.sync_on(Arc::new(FileSystem)).unwrap_err().to_string();
    assert!(error.ends_with("another process is synchronising it"), "{error}");
    lock.unlock().unwrap();
    scene.sync();
}

#[test]
fn an_index_of_a_mirror_leads_nowhere_else() {
    let scene = Scene::new();
    for (index, expected) in [
        (json!([{"url": list::LOTL_URL, "file": "../lotl.xml"}]), "outside the folder"),
        (json!([{"url": list::LOTL_URL, "file": "//evil.example/lotl.xml"}]), "outside the folder"),
        (json!([{"url": list::LOTL_URL, "file": "x@evil.example?#"}]), "not a plain file name"),
        (json!([{"url": list::LOTL_URL, "file": null}]), "the mirror has no file for it"),
        (json!([]), "not in the mirror"),
        (json!({}), "index.json: invalid type"),
    ] {
        scene.web.set("/index.json", Route::Body(index.to_string().into_bytes()));
        let error = scene.sync_on(Arc::new(FileSystem)).unwrap_err().to_string();
        assert!(error.contains(expected), "{index}: {error}");
    }
    scene.web.set("/index.json", Route::Status(404));
    let error = scene.sync_on(Arc::new(FileSystem)).unwrap_err();
    assert!(
        matches!(&error, NotSynced::Trust(Error::Unreachable { why, .. }) if why.contains("404")),
        "{error}"
    );
}

/// A list of lists that names these addresses for XA and XB, in a domain that asks the server itself.
fn direct(scene: &Scene, xa: &str, xb: &str) -> Domain {
    let lotl = scene.signed("EU", |list| {
        list.sequence += 1;
        for (territory, _, url, _) in &mut list.pointers {
            match territory.as_str() {
                "XA" => xa.clone_into(url),
                "XB" => xb.clone_into(url),
                _ => {}
            }
        }
    });
    scene.put("/lotl.xml", lotl);
    Domain { lotl: format!("{}/lotl.xml", scene.web.origin), ..scene.domain.clone() }
}

#[test]
fn what_a_list_of_lists_names_is_asked_under_the_address_rules() {
    let scene = Scene::new();
    let own = format!("{}/xb.xml", scene.web.origin);
    let fetcher = scene.fetcher_of(Client::new(scene.rules(), None).unwrap(), None);
    for address in [
        "http://169.254.169.254/xa.xml",
        "https://127.0.0.1/xa.xml",
        "https://localhost/xa.xml",
        "http://10.0.0.1/xa.xml",
        "https://[fd00:ec2::254]/xa.xml",
    ] {
        let domain = direct(&scene, address, &own);
        let synced = synchronise(&scene.store(), &domain, &fetcher, None, now(), &Silent).unwrap();
        let why = state(&synced.snapshot, "XA").condition.to_string();
        assert_eq!(why, "unreachable: the host is not on the public internet", "{address}");
        assert!(state(&synced.snapshot, "XB").accepted(), "{address}");
    }
}

/// An HTTPS server on loopback with this certificate; nobody gets further than the handshake.
fn tls_server(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> String {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let _ = rustls::StreamOwned::new(connection, stream).write_all(b"HTTP/1.1 500 No\r\n\r\n");
        }
    });
    origin
}

#[test]
fn a_server_whose_certificate_ran_out_or_nobody_vouches_for_is_a_state() {
    let scene = Scene::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let ran_out = parameters.self_signed(&key).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let stranger =
        rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&other).unwrap();
    let servers = [tls_server(&ran_out, &key), tls_server(&stranger, &other)];
    let roots = scene.cache.path().join("roots.pem");
    fs::write(&roots, ran_out.pem()).unwrap();
    let mut rules = scene.rules();
    rules.allowed.extend(servers.iter().map(|origin| Origin::parse(origin).unwrap()));
    let fetcher = scene.fetcher_of(Client::new(rules, Some(&roots)).unwrap(), None);
    let addresses = servers.map(|origin| format!("{origin}/x.xml"));
    let domain = direct(&scene, &addresses[0], &addresses[1]);
    let synced = synchronise(&scene.store(), &domain, &fetcher, None, now(), &Silent).unwrap();
    let why = |territory: &str| state(&synced.snapshot, territory).condition.to_string();
    assert!(
        why("XA").starts_with("unreachable: TLS failed: invalid peer certificate: certificate expired"),
        "{}",
        why("XA")
    );
    assert!(why("XB").starts_with("unreachable: TLS failed: invalid peer certificate"), "{}", why("XB"));
}
