//! Compiled snapshots: the same trust as the lists they were made of, and nothing from a file that is not whole.

use crate::support::{Random, root, shared, snapshot, verify};
use sealgate::certificate::Certificate;
use sealgate::pipeline::Pipeline;
use sealgate::report::{territory_json, trust_json, write_territory, write_trust};
use sealgate::signature::algorithm::{Crypto, identity};
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::compiled::{self, Compiled, FORMAT, MAGIC, Refused};
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{Context, Mirror};
use sealgate::validation::Policy;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

const NOW: &str = "2026-11-22T00:00:00Z";

fn t(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn make(mirror: &Path, domain: &Domain) -> Compiled {
    let crypto = Crypto::default();
    Compiled::make(&Mirror::open(mirror).unwrap(), domain, &Context::new(&crypto), t(NOW)).unwrap()
}

fn demo_domain() -> Domain {
    Domain::read(&root().join("trust-lists/demo.toml")).unwrap()
}

fn demo() -> Compiled {
    make(&root().join("trust-lists/demo"), &demo_domain())
}

fn decode(bytes: &[u8]) -> Result<Compiled, Refused> {
    Compiled::decode(bytes.to_vec())
}

/// The bytes with the checksum that belongs to them.
fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 32;
    let checksum = identity(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

/// Everything that a snapshot says in answers.
fn said(snapshot: &Snapshot) -> String {
    let mut out = Vec::new();
    for time in [NOW, "2031-01-01T00:00:00Z"].map(t) {
        write_trust(snapshot, time, &mut out).unwrap();
        out.extend(trust_json([snapshot], &[], time).into_bytes());
        for list in &snapshot.lists {
            assert!(write_territory(snapshot, &list.territory, time, &mut out).unwrap());
            out.extend(territory_json(snapshot, &list.territory, time).unwrap().into_bytes());
        }
    }
    String::from_utf8(out).unwrap()
}

/// Everything that a snapshot holds but its indexes.
fn held(snapshot: &Snapshot) -> String {
    format!("{:?} {:?} {:?}", snapshot.identity, snapshot.lists, snapshot.services)
}

fn same(raw: &Snapshot, read: &Compiled) {
    assert_eq!(read.snapshot.identity, raw.identity);
    assert_eq!(said(&read.snapshot), said(raw));
    assert!(held(&read.snapshot) == held(raw), "something that answers do not show differs");
    assert_eq!(read.snapshot.index, raw.index);
    for certificate in raw.services.iter().flat_map(|service| &service.certificates) {
        let digests = |certificates: &[Arc<Certificate>]| -> Vec<[u8; 32]> {
            certificates.iter().map(|certificate| certificate.sha256).collect()
        };
        let found = digests(read.snapshot.by_subject(&certificate.subject));
        assert!(found.contains(&certificate.sha256));
        assert_eq!(found, digests(raw.by_subject(&certificate.subject)), "in the same order");
    }
}

/// The verdicts on every file below these folders, as JSON lines.
fn verdicts(snapshot: &Snapshot, folders: &[PathBuf], at: &str) -> Vec<String> {
    let pipeline = Pipeline::new(Arc::new(snapshot.clone()), Arc::new(Policy::default()));
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files.iter().map(|file| verify(&pipeline, &fs::read(file).unwrap(), at).to_json()).collect()
}

#[test]
fn the_demonstration_gives_the_same_from_lists_and_compiled() {
    let raw = snapshot(&demo_domain(), &root().join("trust-lists/demo"));
    let made = demo();
    let bytes = made.encode();
    let read = decode(&bytes).unwrap();
    same(&raw, &read);
    assert_eq!(read.origin, made.origin);
    assert_eq!(read.encode(), bytes, "written again it is the same");
    assert_eq!(read.check(&demo_domain()), Ok(()));
    let examples = [root().join("examples/sound"), root().join("examples/broken")];
    let expected = verdicts(&raw, &examples, NOW);
    assert!(expected.iter().any(|verdict| verdict.contains("\"verdict\":\"passed\"")));
    assert_eq!(verdicts(&read.snapshot, &examples, NOW), expected);
}

#[test]
fn the_real_lists_give_the_same_from_lists_and_compiled() {
    let test = "the_real_lists_give_the_same_from_lists_and_compiled";
    for (set, at) in [("2026-08", NOW), ("2023-09", "2023-10-01T00:00:00Z")] {
        let Some(mirror) = shared(&format!("trust-lists/{set}"), test) else { return };
        let eu = Domain::eu().unwrap();
        let raw = snapshot(&eu, &mirror);
        let made = make(&mirror, &eu);
        let read = decode(&made.encode()).unwrap();
        same(&raw, &read);
        assert_eq!(read.check_sources(&Mirror::open(&mirror).unwrap()), Ok(()));
        let folders: Vec<PathBuf> = ["edc-2023", "edc-2026", "elm-v2-xml", "open-badges", "unsigned"]
            .iter()
            .map(|folder| shared(&format!("credentials/{folder}"), test).unwrap())
            .collect();
        let expected = verdicts(&raw, &folders, at);
        let passed = expected.iter().filter(|verdict| verdict.contains("\"verdict\":\"passed\"")).count();
        println!("{set}: {} verdicts, {passed} passed", expected.len());
        assert!(passed > 0);
        assert_eq!(verdicts(&read.snapshot, &folders, at), expected);
    }
}

#[test]
fn what_was_compiled_can_be_followed_by_newer_lists() {
    let compiled = decode(&demo().encode()).unwrap().snapshot;
    let crypto = Crypto::default();
    let mirror = Mirror::open(&root().join("trust-lists/demo")).unwrap();
    let after = Snapshot::load(&mirror, &demo_domain(), &Context::after(&crypto, &compiled)).unwrap();
    assert_eq!(after.identity, compiled.identity);
    let unread = after.services.iter().zip(&compiled.services).all(|(a, b)| Arc::ptr_eq(a, b));
    assert!(unread && !after.services.is_empty(), "nothing was read again");
}

#[test]
fn a_file_with_any_byte_changed_is_refused() {
    let good = demo().encode();
    let mut random = Random::new();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << random.below(8);
        let refused = decode(&bad).unwrap_err();
        let expected = match at {
            0..8 => matches!(refused, Refused::NotCompiled),
            8..12 => matches!(refused, Refused::Format(_)),
            12..20 => matches!(refused, Refused::Damaged("cut short" | "bytes after its end")),
            _ => refused == Refused::Damaged("the checksum differs"),
        };
        assert!(expected, "byte {at}: {refused}");
    }
    assert!(decode(&good).is_ok());
}

#[test]
fn a_file_cut_short_anywhere_or_with_more_behind_it_is_refused() {
    let good = demo().encode();
    assert_eq!(decode(&[]).unwrap_err(), Refused::NotCompiled);
    for length in 1..good.len() {
        let refused = decode(&good[..length]).unwrap_err();
        assert_eq!(refused, Refused::Damaged("cut short"), "{length} bytes");
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(decode(&longer).unwrap_err(), Refused::Damaged("bytes after its end"));
    for other in [&b"{}"[..], b"PK\x03\x04", &MAGIC[1..], &[0; 100]] {
        assert_eq!(decode(other).unwrap_err(), Refused::NotCompiled);
    }
    let mut newer = good;
    newer[8..12].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    assert_eq!(decode(&with_checksum(newer)).unwrap_err(), Refused::Format(FORMAT + 1));
}

/// Whoever can write a right checksum can write another snapshot; but no crash, no hang and no memory without bound.
#[test]
fn wrong_content_under_a_right_checksum_is_read_or_refused_in_bounds() {
    let good = demo().encode();
    let mut random = Random::new();
    let (mut accepted, mut reasons) = (0, std::collections::BTreeSet::new());
    for at in 20..good.len() - 32 {
        let mut bad = good.clone();
        match random.below(3) {
            0 => bad[at] ^= 1 << random.below(8),
            1 => bad[at] = 0xff,
            // The highest count that fits.
            _ => (at..(at + 4).min(good.len() - 32)).for_each(|at| bad[at] = 0xff),
        }
        match decode(&with_checksum(bad)) {
            Ok(read) => {
                accepted += 1;
                // Whatever it says can be said, and what is found by wrong names is not believed.
                said(&read.snapshot);
                for listed in read.snapshot.services.iter().flat_map(|service| &service.certificates) {
                    let found = read.snapshot.by_subject(&listed.subject);
                    assert!(found.iter().all(|certificate| certificate.subject.normal == *listed.subject));
                }
            }
            Err(refused) => {
                reasons.insert(refused.to_string());
            }
        }
    }
    println!("{accepted} accepted; refused for: {reasons:#?}");
    assert!(accepted > 0 && reasons.len() > 5);
}

/// A copy of the demonstration lists that may be changed.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join("trust-lists/demo")).unwrap() {
        let path = entry.unwrap().path();
        fs::write(folder.path().join(path.file_name().unwrap()), fs::read(&path).unwrap()).unwrap();
    }
    folder
}

#[test]
fn changed_lists_pins_and_software_are_seen() {
    let folder = copy();
    let domain = demo_domain();
    let made = make(folder.path(), &domain);
    let changed = || match made.check_sources(&Mirror::open(folder.path()).unwrap()) {
        Ok(()) => Vec::new(),
        Err(Refused::Sources(changed)) => changed,
        Err(other) => panic!("{other}"),
    };
    assert!(changed().is_empty());
    let (list, index) = (folder.path().join("XB.xml"), folder.path().join("index.json"));
    let url = "https://lists.sealgate.example/xb.xml";
    let good = fs::read(&list).unwrap();
    fs::write(&list, [&good[..], b"\n"].concat()).unwrap();
    assert_eq!(changed(), [url]);
    fs::remove_file(&list).unwrap();
    assert_eq!(changed(), [url]);
    fs::write(&list, &good).unwrap();
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("\"XB.xml\"", "null")).unwrap();
    assert_eq!(changed(), [url, "index.json"]);
    let without = make(folder.path(), &domain);
    fs::write(&index, &text).unwrap();
    assert!(changed().is_empty());
    let refused = without.check_sources(&Mirror::open(folder.path()).unwrap()).unwrap_err();
    assert_eq!(refused, Refused::Sources(vec![url.to_owned(), "index.json".to_owned()]), "one that came");

    let mut pins = domain.clone();
    pins.pins[0].sha256[0][0] ^= 1;
    assert_eq!(made.check(&pins), Err(Refused::Pins));
    assert_eq!(made.check(&Domain::eu().unwrap()), Err(Refused::Domain("demo".to_owned())));
    let mut other = made.clone();
    other.origin.software = "0.0.9".to_owned();
    let other = decode(&other.encode()).unwrap();
    assert_eq!(other.check(&domain), Err(Refused::Software("0.0.9".to_owned())));
}

#[test]
fn the_file_is_put_into_its_place_at_once_and_only_its_owner_may_write_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.trust");
    fs::write(&path, "what stood there before").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let made = demo();
    let written = compiled::save(&made, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), made.encode());
    assert_eq!(written, made.encode().len());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o022, 0);
    assert_eq!(compiled::load(&path).unwrap().origin, made.origin);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["demo.trust"], "nothing else is left");

    assert!(compiled::save(&made, &folder.path().join("no such folder/x")).is_err());
    let occupied = folder.path().join("folder");
    fs::create_dir(&occupied).unwrap();
    assert!(compiled::save(&made, &occupied).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "an unfinished file is taken away");
    assert!(matches!(compiled::load(&folder.path().join("none")).unwrap_err(), Refused::Unreadable(_)));
}

fn sealgate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealgate")).current_dir(root()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_command_line_compiles_uses_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.trust");
    let file = path.to_str().unwrap();
    let domain = ["--trust-domain", "trust-lists/demo.toml"];
    let compile = sealgate(&[&["trust", "compile"][..], &domain, &[file]].concat());
    assert_eq!(compile.status.code(), Some(0), "{}", text(&compile.stderr));
    for line in
        ["Snapshot  sha256:", "2 lists, 4 services, from 3 sources", "ms from the lists", "MiB resident"]
    {
        assert!(text(&compile.stdout).contains(line), "{}", text(&compile.stdout));
    }
    let from = [&domain[..], &["--trust-snapshot", file]].concat();
    for command in [
        &["trust", "status", "--at", NOW][..],
        &["trust", "show", "XA", "--at", NOW, "--format", "json"],
        &["verify", "--at", NOW, "--format", "json", "examples"],
    ] {
        let raw = sealgate(&[command, &domain].concat());
        let compiled = sealgate(&[command, &from].concat());
        assert!(!raw.stdout.is_empty());
        assert_eq!(raw.stdout, compiled.stdout, "{command:?}");
        assert_eq!(raw.status.code(), compiled.status.code());
        assert_eq!(text(&compiled.stderr), "");
    }
    let timings = sealgate(&[&["trust", "status", "--timings"][..], &from].concat());
    assert!(text(&timings.stderr).starts_with("loaded from the snapshot compiled 20"));

    // Lists that changed: refused in a line, and the lists themselves are trusted.
    let lists = copy();
    let mirror = lists.path().to_str().unwrap();
    let both = [&from[..], &["--trust-lists", mirror]].concat();
    let status = |from: &[&str]| sealgate(&[&["trust", "status", "--at", NOW][..], from].concat());
    assert_eq!(text(&status(&both).stderr), "");
    fs::write(lists.path().join("XA.xml"), "").unwrap();
    let refused = status(&both);
    let line =
        "refused: changed since it was compiled: https://lists.sealgate.example/xa.xml; loading the lists";
    assert!(text(&refused.stderr).contains(line), "{}", text(&refused.stderr));
    assert_eq!((refused.status.code(), text(&refused.stderr).lines().count()), (Some(0), 1));
    let raw = status(&[&domain[..], &["--trust-lists", mirror]].concat());
    assert_eq!(refused.stdout, raw.stdout);

    // Other pins, or a damaged file, with nothing to fall back on: no trust.
    let other = status(&["--trust-snapshot", file]);
    assert!(text(&other.stderr).contains("refused: compiled for the trust domain \"demo\""));
    assert_eq!((other.status.code(), other.stdout.len()), (Some(70), 0));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let damaged = status(&from);
    assert!(text(&damaged.stderr).contains("refused: damaged: the checksum differs"));
    assert_eq!(damaged.status.code(), Some(70));
}
