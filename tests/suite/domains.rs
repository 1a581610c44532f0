//! Several trust domains at once: each seal is judged in the first in which its chain reaches an anchor, as it would be
//! there alone, and says which that is.

use crate::demo::content::Content;
use crate::demo::{self, Form, HeaderFault, Level, Order, Sealer, elm_v3, jades};
use crate::server::{AT, Server, examples};
use crate::support::{demo_folder, pipeline, real_pipeline, root, snapshot};
use crate::sync::Scene;
use crate::web::Route;
use sealgate::certificate::Certificate;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Verdict;
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn now() -> Time {
    demo::shared().options.reference
}

fn demo_snapshot() -> Snapshot {
    let folder = demo_folder(demo::shared());
    let domain = Domain::read(&folder.path().join("demo.toml")).unwrap();
    snapshot(&domain, &folder.path().join("demo"))
}

/// A private domain of anchors alone.
fn campus(anchors: &[&[u8]]) -> Snapshot {
    let domain = Domain::parse("name = \"campus\"\nanchors = \"anchors\"").unwrap();
    let anchors = anchors.iter().map(|der| Arc::new(Certificate::parse(der).unwrap())).collect();
    Snapshot::without_lists(&domain).with_static_anchors(anchors)
}

fn several(first: Snapshot, further: Vec<Snapshot>) -> Pipeline {
    pipeline(first).with_further(further.into_iter().map(Arc::new).collect(), Vec::new())
}

fn verify(pipeline: &Pipeline, file: &[u8]) -> Verdict {
    pipeline.verify(file, &Request::at(now()))
}

fn sealed(sealer: Sealer) -> Vec<u8> {
    demo::shared().issue(&Order { sealer, level: Level::Lt, ..Order::archival(1, 0) })
}

#[test]
fn a_seal_is_judged_in_its_domain_as_if_that_were_alone() {
    let strangers = || campus(&[&demo::shared().pki.stranger_ca.der]);
    let (alone, both) = (pipeline(demo_snapshot()), several(strangers(), vec![demo_snapshot()]));
    let (campus_alone, other_order) = (pipeline(strangers()), several(demo_snapshot(), vec![strangers()]));
    for sealer in Sealer::ALL {
        let file = sealed(sealer);
        let expected = if sealer == Sealer::Stranger { &campus_alone } else { &alone };
        let expected = verify(expected, &file).to_json();
        assert_eq!(verify(&both, &file).to_json(), expected, "{sealer:?}");
        assert_eq!(verify(&other_order, &file).to_json(), expected, "{sealer:?}");
    }
    let stranger = verify(&both, &sealed(Sealer::Stranger));
    let seal = &stranger.seals[0];
    assert_eq!(seal.indication, Some("TOTAL-PASSED"), "{:?}", seal.findings);
    assert_eq!((seal.domain.as_deref(), seal.qualification.as_str()), (Some("campus"), "N/A"));
    assert_eq!((stranger.trust.domain.as_str(), stranger.further_trust.len()), ("campus", 0));
    let university = verify(&both, &sealed(Sealer::University));
    let seal = &university.seals[0];
    assert_eq!((seal.domain.as_deref(), seal.qualification.as_str()), (Some("demo"), "QESeal"));
}

#[test]
fn the_bundled_examples_are_judged_beside_the_real_lists_as_without_them() {
    let Some(real) = real_pipeline("2026-08", "the_bundled_examples_beside_the_real_lists") else { return };
    let domain = Domain::read(&root().join("trust-lists/demo.toml")).unwrap();
    let demo = || snapshot(&domain, domain.mirror.as_deref().unwrap());
    let (alone, both) = (pipeline(demo()), several(real.snapshot().clone(), vec![demo()]));
    let at = Request::at(Time::parse_rfc3339(AT).unwrap());
    let mut same = 0;
    for path in examples() {
        let file = std::fs::read(&path).unwrap();
        let (expected, found) = (alone.verify(&file, &at), both.verify(&file, &at));
        if expected.seals.iter().all(|seal| seal.domain.is_some()) {
            assert_eq!(found.to_json(), expected.to_json(), "{}", path.display());
            same += 1;
        } else {
            // What no domain knows is told of the first.
            assert_eq!((found.verdict, found.trust.domain.as_str()), (expected.verdict, "eu"));
        }
    }
    assert!(same > 20, "{same}");
}

#[test]
fn where_two_domains_know_an_anchor_their_order_decides() {
    let pki = &demo::shared().pki;
    let campus = || campus(&[&pki.seal_ca.der, &pki.tsa.der]);
    let file = sealed(Sealer::University);
    let found = |pipeline: &Pipeline| {
        let verdict = verify(pipeline, &file);
        let seal = &verdict.seals[0];
        assert_eq!(seal.indication, Some("TOTAL-PASSED"));
        (seal.domain.clone().unwrap(), seal.qualification.clone(), seal.trusted_service.is_some())
    };
    let expected = |domain: &str, word: &str, service| (domain.to_owned(), word.to_owned(), service);
    assert_eq!(found(&several(campus(), vec![demo_snapshot()])), expected("campus", "N/A", false));
    assert_eq!(found(&several(demo_snapshot(), vec![campus()])), expected("demo", "QESeal", true));
}

#[test]
fn seals_of_one_document_may_be_of_several_domains() {
    let pki = &demo::shared().pki;
    let content = Content { index: 1, sealer: Sealer::Compact, issued: now(), picture: None };
    let payload = elm_v3::credential(&content);
    let seal = |signer: Sealer| -> Value {
        let order = jades::Order {
            payload: &payload,
            signer: pki.sealer(signer),
            tsa: &pki.tsa,
            at: now(),
            level: Level::B,
            evidence: demo::Evidence::default(),
            form: Form::General,
            fault: HeaderFault::None,
            broken_imprint: false,
        };
        serde_json::from_slice(&jades::seal(&order).bytes()).unwrap()
    };
    let mut both = seal(Sealer::Compact);
    let second = seal(Sealer::Stranger)["signatures"][0].clone();
    both["signatures"].as_array_mut().unwrap().push(second);
    let pipeline = several(demo_snapshot(), vec![campus(&[&pki.stranger_ca.der])]);
    let verdict = verify(&pipeline, both.to_string().as_bytes());
    let domains: Vec<Option<&str>> = verdict.seals.iter().map(|seal| seal.domain.as_deref()).collect();
    assert_eq!(domains, [Some("demo"), Some("campus")]);
    let further: Vec<&str> = verdict.further_trust.iter().map(|trust| trust.domain.as_str()).collect();
    assert_eq!((verdict.trust.domain.as_str(), further), ("demo", vec!["campus"]));
}

#[test]
fn only_a_domain_that_says_so_calls_anything_qualified() {
    let folder = demo_folder(demo::shared());
    let text = demo::shared()
        .domain()
        .replace("qualification = true\n", "")
        .replace("\"demo\"\nlotl", "\"private\"\nlotl");
    let domain = Domain::parse(&text).unwrap();
    assert_eq!((domain.name.as_str(), domain.qualification), ("private", false));
    let private = pipeline(snapshot(&domain, &folder.path().join("demo")));
    let verdict = verify(&private, &sealed(Sealer::University));
    let seal = &verdict.seals[0];
    assert_eq!(seal.indication, Some("TOTAL-PASSED"));
    assert_eq!((seal.domain.as_deref(), seal.qualification.as_str()), (Some("private"), "N/A"));
    assert_eq!(seal.trusted_service.as_ref().unwrap().territory, "XA");
    assert_eq!(seal.timestamps[0].qualification, "N/A");
    let why = seal.findings.iter().find(|finding| finding.check == "qualification").unwrap();
    assert!(why.detail.to_string().contains("private do not say what is qualified"), "{}", why.detail);
    // Nobody else may take the European Union's name.
    let text = demo::shared().domain().replace("\"demo\"\nlotl", "\"eu\"\nlotl");
    assert!(Domain::parse(&text).unwrap_err().to_string().contains("European Union"));
}

/// Writes a domain of anchors alone, the folder holding DER and PEM.
fn campus_file(folder: &Path) -> String {
    let pki = &demo::shared().pki;
    std::fs::create_dir_all(folder.join("anchors")).unwrap();
    std::fs::write(folder.join("anchors/stranger.der"), &pki.stranger_ca.der).unwrap();
    let file = folder.join("campus.toml");
    std::fs::write(&file, "name = \"campus\"\nanchors = \"anchors\"\n").unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_broken_domain_takes_no_other_down_on_the_command_line() {
    let folder = demo_folder(demo::shared());
    let demo = folder.path().join("demo.toml").to_str().unwrap().to_owned();
    let campus = campus_file(folder.path());
    let broken = folder.path().join("broken.toml");
    let text = demo::shared()
        .domain()
        .replace("\"demo\"\nlotl", "\"broken\"\nlotl")
        .replace("mirror = \"demo\"", "mirror = \"nowhere\"");
    std::fs::write(&broken, text).unwrap();
    let broken = broken.to_str().unwrap().to_owned();
    let files = [Sealer::University, Sealer::Stranger].map(|sealer| {
        let file = folder.path().join(format!("{sealer:?}.json"));
        std::fs::write(&file, sealed(sealer)).unwrap();
        file
    });
    let run = |domains: &[&String]| {
        let out = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(["verify", "--offline", "--format", "json", "--at", &now().to_string()])
            .args(domains.iter().flat_map(|domain| ["--trust-domain", domain.as_str()]))
            .args(&files)
            .output()
            .unwrap();
        let verdicts = String::from_utf8(out.stdout).unwrap();
        let verdicts: Vec<Value> = verdicts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let domains: Vec<Value> =
            verdicts.iter().map(|verdict| verdict["seals"][0]["domain"].clone()).collect();
        (out.status.code().unwrap(), domains, String::from_utf8(out.stderr).unwrap())
    };
    let (code, domains, said) = run(&[&broken, &demo, &campus]);
    assert_eq!((code, domains), (0, vec![json!("demo"), json!("campus")]), "{said}");
    assert!(said.contains("nothing is judged in the trust domain broken"), "{said}");
    assert_eq!(run(&[&demo]).1, [json!("demo"), Value::Null]);
    assert_eq!(run(&[&broken]).0, 70);
    assert_eq!(run(&[&demo, &demo]).0, 64);
    let status = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["trust", "status", "--format", "json"])
        .args([&demo, &campus, &broken].iter().flat_map(|domain| ["--trust-domain", domain.as_str()]))
        .output()
        .unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let states: Vec<(&str, &str)> = status["domains"]
        .as_array()
        .unwrap()
        .iter()
        .map(|domain| (domain["domain"].as_str().unwrap(), domain["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("demo", "loaded"), ("campus", "loaded"), ("broken", "missing")]);
    assert_eq!((&status["domain"], &status["further"][0]["anchors"]), (&json!("demo"), &json!(1)));
}

#[test]
fn a_server_synchronises_each_domain_on_its_own() {
    let scene = Scene::new();
    let folder = scene.cache.path();
    let without_mirror = scene.demo.domain().replace("mirror = \"demo\"\n", "");
    let demo = folder.join("demo.toml");
    std::fs::write(&demo, &without_mirror).unwrap();
    let other_lotl = "https://lists.other.example/lotl.xml";
    let other = folder.join("other.toml");
    let text =
        without_mirror.replace("\"demo\"\nlotl", "\"other\"\nlotl").replace(demo::list::LOTL_URL, other_lotl);
    std::fs::write(&other, text).unwrap();
    let campus = campus_file(folder);
    let cache = folder.join("cache");
    let server = Server::launch_in(
        demo.to_str().unwrap(),
        &[
            "--trust-domain",
            other.to_str().unwrap(),
            "--trust-domain",
            &campus,
            "--trust-mirror",
            &scene.web.origin,
            "--trust-cache",
            cache.to_str().unwrap(),
            "--refresh",
            "0.1",
        ],
    );
    let trust = || server.get("/v1/trust").json();
    let states = |trust: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let domains = trust["domains"].as_array().unwrap().iter();
        domains.map(|domain| (text(&domain["domain"]), text(&domain["state"]))).collect()
    };
    let pair = |domain: &str, state: &str| (domain.to_owned(), state.to_owned());
    let first = trust();
    assert_eq!(states(&first), [pair("demo", "loaded"), pair("campus", "loaded"), pair("other", "missing")]);
    assert!(first["domains"][2]["reason"].as_str().unwrap().contains("not in the mirror"), "{first}");
    let (sealed_by_stranger, sealed_compact) = (sealed(Sealer::Stranger), sealed(Sealer::University));
    let domain_of = |file: &[u8]| server.verify(file).json()["seals"][0]["domain"].clone();
    assert_eq!(
        (domain_of(&sealed_compact), domain_of(&sealed_by_stranger)),
        (json!("demo"), json!("campus"))
    );

    // The other domain's lists appear, and demo's list server fails for a list: each for itself.
    let mut index: Vec<Value> =
        crate::sync::PATHS.iter().map(|(url, path)| json!({"url": url, "file": &path[1..]})).collect();
    index.push(json!({"url": other_lotl, "file": "lotl.xml"}));
    scene.web.set("/index.json", Route::Body(serde_json::to_vec(&index).unwrap()));
    let all_loaded = |trust: &Value| states(trust).iter().all(|(_, state)| state == "loaded");
    let second = crate::server::wait_for(|| Some(trust()).filter(all_loaded));
    assert_eq!(states(&second), [pair("demo", "loaded"), pair("other", "loaded"), pair("campus", "loaded")]);
    assert_eq!(second["snapshot"], first["snapshot"], "what stood stays");
    assert_eq!(second["further"][0]["lists"].as_array().unwrap().len(), 3);
    assert!(cache.join("demo/index.json").exists() && cache.join("other/index.json").exists());
    assert_eq!(server.get("/v1/trust/XA").json()["domain"], "demo");
}

/// A list that the list of lists points to under an agreement with a third country (TS 119 615, 4.2): its services count as
/// far as their equivalence is in force, and are trusted either way.
#[test]
fn a_third_countrys_list_counts_as_far_as_the_agreement_goes() {
    use crate::demo::list::{self, agreement};
    let demo = crate::demo::shared();
    let credential = demo.issue(&crate::demo::Order::compact(1));
    let qualification = |agreed: Option<String>| {
        let folder = crate::support::demo_folder(demo);
        let mirror = folder.path().join("demo");
        let mut lotl = demo.list("EU");
        lotl.recognised = agreed.into_iter().map(|agreed| ("XA".to_owned(), agreed)).collect();
        let number = demo.by_url.keys().position(|url| url == list::LOTL_URL).unwrap();
        std::fs::write(mirror.join(format!("{number}.xml")), demo.sign(&lotl)).unwrap();
        let domain = sealgate::trust::domain::Domain::read(&folder.path().join("demo.toml")).unwrap();
        let snapshot = crate::support::snapshot(&domain, &mirror);
        assert!(snapshot.list("XA").unwrap().accepted());
        let at = demo.options.reference.to_string();
        let verdict = crate::support::verify(&crate::support::pipeline(snapshot), &credential, &at).to_json();
        let verdict: Value = serde_json::from_str(&verdict.to_string()).unwrap();
        let seal = &verdict["seals"][0];
        assert_eq!(seal["indication"], "TOTAL-PASSED");
        seal["qualification"].as_str().unwrap().to_owned()
    };
    assert_eq!(qualification(None), "AdESeal-QC", "a list of the domain's own");
    for (service_type, statuses, expected) in [
        ("CA/QC", &[("enacted", "2000-01-01T00:00:00Z")][..], "AdESeal-QC"),
        ("CA/QC", &[("enacted", "2099-01-01T00:00:00Z")], "AdESeal"),
        ("CA/QC", &[("repealed", "2001-01-01T00:00:00Z"), ("enacted", "2000-01-01T00:00:00Z")], "AdESeal"),
        ("CA/QC", &[("repealed", "2099-01-01T00:00:00Z"), ("enacted", "2000-01-01T00:00:00Z")], "AdESeal-QC"),
        ("CA/QC", &[("enacted", "")], "AdESeal"),
        ("TSA/QTST", &[("enacted", "2000-01-01T00:00:00Z")], "AdESeal"),
    ] {
        assert_eq!(
            qualification(Some(agreement(service_type, statuses))),
            expected,
            "{service_type} {statuses:?}"
        );
    }
}
