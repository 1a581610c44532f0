//! What changed between snapshots: made-up changes one by one, the real lists of 2023 and 2026 against their text.

use crate::demo::{Demo, Options, list};
use crate::support::{root, shared};
use sealgate::report::{trust_diff_json, write_trust_diff};
use sealgate::signature::algorithm::Crypto;
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{Context, Mirror};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

fn t(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn diff(old: &Snapshot, new: &Snapshot) -> (Value, String) {
    let mut text = Vec::new();
    write_trust_diff(old, new, &mut text).unwrap();
    (serde_json::from_str(&trust_diff_json(old, new)).unwrap(), String::from_utf8(text).unwrap())
}

fn load(source: &BTreeMap<String, Vec<u8>>, domain: &Domain) -> Snapshot {
    let crypto = Crypto::default();
    Snapshot::load(source, domain, &Context::new(&crypto)).unwrap()
}

#[test]
fn each_made_up_change_is_told_and_nothing_else() {
    let demo = Demo::generate(&Options::at(t("2026-11-01T00:00:00Z")));
    let domain = Domain::parse(&demo.domain()).unwrap();
    let old = load(&demo.by_url, &domain);
    let (none, text) = diff(&old, &old);
    assert_eq!(none["lists"], json!([]));
    assert!(text.ends_with("\nno list differs\n"), "{text}");

    // Another sequence number, and nothing more.
    let changed = |change: &dyn Fn(&mut list::List)| {
        let mut xa = demo.list("XA");
        xa.sequence += 1;
        change(&mut xa);
        let new = load(&demo.with(list::XA_URL, demo.sign(&xa)), &domain);
        let (json, text) = diff(&old, &new);
        assert_eq!(json["lists"].as_array().unwrap().len(), 1, "{text}");
        (json["lists"][0].clone(), text)
    };
    let (json, text) = changed(&|_| {});
    assert_eq!((&json["territory"], &json["change"]), (&json!("XA"), &json!("changed")));
    assert_eq!((&json["old"]["sequence"], &json["new"]["sequence"]), (&json!(7), &json!(8)));
    assert_eq!(json["signer_changed"], json!(false));
    for empty in ["services_added", "services_removed", "services_changed"] {
        assert_eq!(json[empty], json!([]), "{empty}");
    }
    assert!(text.ends_with("\nXA  sequence 7 -> 8\n"), "{text}");

    // A status that ends.
    let withdrawn = t("2026-10-01T00:00:00Z");
    let (json, text) = changed(&|xa| {
        let states = &mut xa.providers[0].services[0].states;
        states.insert(0, list::State { status: "withdrawn", start: withdrawn, ..states[0].clone() });
    });
    let service = &json["services_changed"][0];
    assert_eq!(service["old_status"], "granted");
    let kind = &service["type"];
    assert_eq!(
        service["periods"],
        json!([{"type": kind, "status": "withdrawn", "since": "2026-10-01T00:00:00Z"}])
    );
    assert_eq!(service["changed"], json!([]));
    assert_eq!(json["services_changed"].as_array().unwrap().len(), 1);
    assert!(text.contains("granted -> withdrawn since 2026-10-01T00:00:00Z\n"), "{text}");

    // Another name under the same key is the same service; another key is another certificate of it.
    let (json, _) = changed(&|xa| xa.providers[0].services[0].name.push_str(" II"));
    assert_eq!(json["services_changed"][0]["changed"], json!(["name"]));
    let (json, text) =
        changed(&|xa| xa.providers[0].services[0].certificate = demo.pki.stranger_ca.der.clone());
    let service = &json["services_changed"][0];
    assert_eq!(service["changed"], json!(["certificates"]));
    assert_eq!(
        (service["certificates_added"].as_array().unwrap().len(), &json["services_added"]),
        (1, &json!([]))
    );
    assert!(text.contains("certificates +1 -1"), "{text}");

    // One more, one less, history written anew.
    let (json, text) = changed(&|xa| {
        let mut more = xa.providers[0].services[0].clone();
        more.certificate = demo.pki.stranger_ca.der.clone();
        more.name = "One more".to_owned();
        xa.providers[0].services.push(more);
    });
    assert_eq!(json["services_added"][0]["name"], "One more");
    assert_eq!(
        (json["services_added"].as_array().unwrap().len(), &json["services_changed"]),
        (1, &json!([]))
    );
    assert!(text.contains("  + ") && text.contains("One more: CA/QC, granted since "), "{text}");
    let (json, text) = changed(&|xa| drop(xa.providers[0].services.remove(0)));
    assert_eq!(json["services_removed"].as_array().unwrap().len(), 1);
    assert!(text.contains("1 services removed"), "{text}");
    let (json, _) = changed(&|xa| {
        let state = &mut xa.providers[0].services[0].states[0];
        state.start = state.start.plus_seconds(-86_400);
    });
    assert_eq!(json["services_changed"][0]["changed"], json!(["history"]));

    // A list that is refused takes its services along.
    let new = load(&demo.with(list::XA_URL, Vec::new()), &domain);
    let (json, text) = diff(&old, &new);
    assert_eq!(json["lists"][0]["new"]["state"], "refused");
    assert_eq!(json["lists"][0]["services_removed"].as_array().unwrap().len(), 2);
    assert!(text.contains("state accepted -> refused"), "{text}");
}

#[test]
fn the_lists_of_2023_and_2026_differ_as_their_text_does() {
    let test = "the_lists_of_2023_and_2026_differ_as_their_text_does";
    let (Some(before), Some(after)) =
        (shared("trust-lists/2023-09", test), shared("trust-lists/2026-08", test))
    else {
        return;
    };
    let eu = Domain::eu().unwrap();
    let crypto = Crypto::default();
    let [old, new] = [&before, &after]
        .map(|mirror| Snapshot::load(&Mirror::open(mirror).unwrap(), &eu, &Context::new(&crypto)).unwrap());
    let (json, text) = diff(&old, &new);
    let lists = json["lists"].as_array().unwrap();
    let length = |list: &Value, what: &str| i64::try_from(list[what].as_array().unwrap().len()).unwrap();
    for list in lists {
        let territory = list["territory"].as_str().unwrap();
        let file = if territory == "EU" { "eu-lotl.xml".to_owned() } else { format!("{territory}.xml") };
        let read = |mirror: &std::path::Path| fs::read_to_string(mirror.join(&file)).ok();
        let (Some(was), Some(is)) = (read(&before), read(&after)) else {
            assert_eq!((territory, list["new"]["state"].as_str()), ("LI", Some("unreachable")));
            continue;
        };
        let services = |text: &str| i64::try_from(text.matches("TSPService>").count() / 2).unwrap();
        assert_eq!(
            length(list, "services_added") - length(list, "services_removed"),
            services(&is) - services(&was),
            "{territory}"
        );
        for (side, text) in [("old", &was), ("new", &is)] {
            let number = list[side]["sequence"].to_string();
            assert!(text.contains(&format!("TSLSequenceNumber>{number}<")), "{territory}: {number}");
        }
        // Every status is told with a time that stands in the newer list.
        let times: Vec<Time> = is
            .split("StatusStartingTime>")
            .filter_map(|part| Time::parse_rfc3339(part.split('<').next()?))
            .collect();
        for service in list["services_changed"].as_array().unwrap() {
            for period in service["periods"].as_array().unwrap() {
                assert!(times.contains(&t(period["since"].as_str().unwrap())), "{territory}: {period}");
            }
        }
    }
    let told = |territory: &str| lists.iter().find(|list| list["territory"] == territory).unwrap();
    assert_eq!((&json["old"]["lotl_sequence"], &json["new"]["lotl_sequence"]), (&json!(332), &json!(390)));
    assert_eq!(lists[0]["territory"], "EU");
    assert_eq!(
        (told("EE")["signer_changed"].clone(), told("AT")["signer_changed"].clone()),
        (json!(false), json!(true))
    );
    assert!(lists.iter().all(|list| list["territory"] != "DE"), "in neither");
    assert!(text.contains("Belgium Root CA2, C=BE: CA/QC: granted -> withdrawn since 2026-05-19T13:00:00Z"));

    // Forth and back the same services come and go.
    let (back, _) = diff(&new, &old);
    for (forth, back) in lists.iter().zip(back["lists"].as_array().unwrap()) {
        let territory = &forth["territory"];
        assert_eq!(length(forth, "services_added"), length(back, "services_removed"), "{territory}");
        assert_eq!(length(forth, "services_removed"), length(back, "services_added"), "{territory}");
    }
}

#[test]
fn the_command_line_compares_mirrors_and_compiled_snapshots() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo.trust");
    let file = file.to_str().unwrap();
    let sealgate = |arguments: &[&str]| {
        let domain = ["--trust-domain", "trust-lists/demo.toml"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.current_dir(root()).args(arguments).args(domain).output().unwrap()
    };
    assert_eq!(sealgate(&["trust", "compile", file]).status.code(), Some(0));
    for sides in [["trust-lists/demo", file], [file, "trust-lists/demo"], [file, file]] {
        let output = sealgate(&["trust", "diff", sides[0], sides[1], "--format", "json"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &json["lists"]), (Some(0), &json!([])));
        assert_eq!(json["old"], json["new"]);
    }
    let output = sealgate(&["trust", "diff", file, "Cargo.toml"]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70));
    assert!(why.contains("Cargo.toml: not a compiled trust snapshot"), "{why}");
}
