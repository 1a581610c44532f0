//! Trusted lists: the real ones whole, their history in order, and made-up bad ones one event at a time.

use crate::demo::{Demo, Options, list};
use crate::support::{Random, shared};
use sealgate::signature::algorithm::{Crypto, identity};
use sealgate::time::Time;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{Context, Error, Fetched, LastGood, Mirror, Source};
use sealgate::trust::snapshot::{Condition, ListState};
use sealgate::trust::{Snapshot, list::ListLimits};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

const TERRITORIES: &str =
    "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK UK";

/// A folder of the real lists.
fn lists(name: &str) -> Option<PathBuf> {
    shared(&format!("trust-lists/{name}"), "trust")
}

fn load(source: &dyn Source, context: &Context<'_>) -> Result<Snapshot, Error> {
    Snapshot::load(source, &Domain::eu().unwrap(), context)
}

fn t(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

/// The text between these tags in a file, without an XML reader.
fn between<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let start = text.find(&format!("{tag}>"))? + tag.len() + 1;
    text[start..].split('<').next().map(str::trim)
}

const JOURNAL: &str =
    "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=uriserv:OJ.C_.2019.276.01.0001.01.ENG";

/// Loads a real set, and holds every state against the files as they stand.
fn real(name: &str, missing: &[&str], refused: &[&str]) -> Option<Snapshot> {
    let folder = lists(name)?;
    let crypto = Crypto::default();
    let snapshot = load(&Mirror::open(&folder).unwrap(), &Context::new(&crypto)).unwrap();
    for list in &snapshot.lists {
        if !list.notes.is_empty() {
            println!("{name} {}: {} left out: {:?}", list.territory, list.notes.len(), list.notes);
        }
        if let Condition::Refused(why) = &list.condition {
            println!("{name} {}: refused: {why}", list.territory);
            assert!(refused.contains(&list.territory.as_str()), "{}: {why}", list.territory);
        }
    }
    let territories: Vec<&str> = snapshot.lists.iter().skip(1).map(|list| list.territory.as_str()).collect();
    assert_eq!(territories.join(" "), TERRITORIES);
    assert_eq!(snapshot.missing(), missing);
    assert_eq!(snapshot.official_journal.as_deref(), Some(JOURNAL));

    let now = t("2026-11-22T00:00:00Z");
    let mut digests = Vec::new();
    let mut expired = Vec::new();
    for state in snapshot.lists.iter().filter(|list| list.accepted()) {
        let file = if state.territory == "EU" {
            "eu-lotl.xml".to_owned()
        } else {
            format!("{}.xml", state.territory)
        };
        let bytes = fs::read(folder.join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let next = between(&text, "NextUpdate").and_then(|_| text.split_once("NextUpdate>"));
        let next = next.and_then(|(_, rest)| between(rest.split_once("NextUpdate>")?.0, "dateTime")).map(t);
        assert_eq!(state.next_update, next, "{}", state.territory);
        assert_eq!(state.sequence.map(|n| n.to_string()).as_deref(), between(&text, "TSLSequenceNumber"));
        assert_eq!(state.digest, Some(identity(&bytes)));
        assert!(state.signer.is_some() && matches!(state.version, Some(5 | 6)));
        let services = text.matches("TSPService>").count() / 2;
        assert_eq!(state.services, services, "{}", state.territory);
        digests.extend(identity(&bytes));
        if next.is_none_or(|next| next < now) {
            expired.push(state.territory.as_str());
        }
    }
    assert_eq!(snapshot.identity, identity(&digests), "the digests of the lists in order");
    println!("{name} expired at {now}: {}", expired.join(" "));
    assert_eq!(snapshot.expired(now), expired);
    Some(snapshot)
}

#[test]
fn the_lists_of_august_2026_load_whole() {
    let Some(snapshot) = real("2026-08", &["DE", "LI"], &[]) else { return };
    assert_eq!((snapshot.accepted(), snapshot.lotl_sequence), (29, Some(390)));
    // HR's list, of June 2024, is signed by a ministry that the list of lists of 2026 no longer names; the pivot of
    // May 2024 does, and the list ran out in December 2024.
    let hr = snapshot.list("HR").unwrap();
    assert_eq!(hr.named_by, Some(341));
    assert!(snapshot.lists.iter().all(|list| list.named_by.is_none() || *list.territory == *"HR"));
    for (number, service) in snapshot.services.iter().enumerate() {
        for certificate in &service.certificates {
            let anchor = snapshot.anchor(&certificate.anchor_key()).unwrap();
            assert!(anchor.services.contains(&number) && !anchor.statically);
            assert!(snapshot.by_subject(&certificate.subject).iter().any(|c| c.sha256 == certificate.sha256));
        }
    }
}

#[test]
fn the_lists_of_september_2023_load_whole_and_those_of_2026_follow_them_but_not_the_other_way_round() {
    let Some(old) = real("2023-09", &["DE"], &[]) else { return };
    assert_eq!((old.accepted(), old.lotl_sequence), (30, Some(332)));
    let (old_lists, new_lists) = (lists("2023-09").unwrap(), lists("2026-08").unwrap());
    let crypto = Crypto::default();
    let new = load(&Mirror::open(&new_lists).unwrap(), &Context::after(&crypto, &old)).unwrap();
    for state in &new.lists {
        println!(
            "{} after 2023-09: {:?} {:?} newest {:?}",
            state.territory, state.sequence, state.condition, state.newest
        );
    }
    let back = load(&Mirror::open(&old_lists).unwrap(), &Context::after(&crypto, &new)).unwrap_err();
    assert!(back.to_string().contains("rollback: sequence number 332 after 390"), "{back}");

    let again = load(&Mirror::open(&new_lists).unwrap(), &Context::after(&crypto, &new)).unwrap();
    assert_eq!(again.identity, new.identity);
    assert!(
        again.services.iter().zip(&new.services).all(|(a, b)| Arc::ptr_eq(a, b)),
        "nothing was read again"
    );
}

/// A mirror in which some addresses have other bytes.
struct With<'s>(&'s dyn Source, BTreeMap<String, Vec<u8>>);

impl Source for With<'_> {
    fn get(&self, url: &str) -> Fetched {
        match self.1.get(url) {
            Some(bytes) => Fetched::Bytes(bytes.clone().into()),
            None => self.0.get(url),
        }
    }
}

fn last_good(state: &ListState) -> LastGood {
    LastGood { sequence: state.sequence.unwrap(), digest: state.digest.unwrap() }
}

#[test]
fn each_real_version_of_a_list_follows_the_one_before_and_never_comes_back() {
    let (Some(history), Some(newest)) = (lists("history"), lists("2026-08")) else { return };
    let mirror = Mirror::open(&newest).unwrap();
    let crypto = Crypto::default();
    let only_small = ListLimits { bytes: 600_000, ..ListLimits::default() };
    let base = Context { limits: only_small, ..Context::new(&crypto) };
    let urls: BTreeMap<String, String> = load(&mirror, &base)
        .unwrap()
        .lists
        .iter()
        .map(|list| (list.territory.clone(), list.url.clone()))
        .collect();
    let mut rollbacks = 0;
    for territory in ["CY", "IE", "MT", "SE"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(history.join(territory)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let get = |path: &PathBuf, context: &Context<'_>| {
            let bytes = BTreeMap::from([(urls[territory].clone(), fs::read(path).unwrap())]);
            load(&With(&mirror, bytes), context).unwrap().list(territory).unwrap().clone()
        };
        let mut known: Option<(PathBuf, LastGood)> = None;
        for path in files {
            let last = known.iter().map(|(_, good)| (territory.to_owned(), *good)).collect();
            let state = get(&path, &base.clone().with_last_good(last));
            println!("{} sequence {:?}: {:?}", path.display(), state.sequence, state.condition);
            match &state.condition {
                Condition::Accepted => {
                    let good = last_good(&state);
                    if let Some((older, last)) = &known {
                        assert!(good.sequence > last.sequence);
                        let behind =
                            base.clone().with_last_good(BTreeMap::from([(territory.to_owned(), good)]));
                        let Condition::Refused(why) = get(older, &behind).condition else {
                            panic!("{older:?}")
                        };
                        assert!(why.starts_with("rollback: "), "{why}");
                        rollbacks += 1;
                    }
                    known = Some((path, good));
                }
                Condition::Refused(why) => {
                    assert!(why.contains("does not name"), "only a signer that has left is reason: {why}");
                }
                Condition::Unreachable(_) => panic!("{path:?}"),
            }
        }
        let state = get(&newest.join(format!("{territory}.xml")), &base);
        assert_eq!(known.unwrap().1, last_good(&state), "the last version is that of the mirror");
    }
    assert!(rollbacks > 0);
}

#[test]
fn the_list_of_lists_stands_on_every_pivot_since_the_announcement() {
    let Some(folder) = lists("2026-08") else { return };
    let mirror = Mirror::open(&folder).unwrap();
    let crypto = Crypto::default();
    let pivot = |number: u32| format!("https://ec.europa.eu/tools/lotl/eu-lotl-pivot-{number}.xml");
    let bytes = |number: u32| fs::read(folder.join(format!("eu-lotl-pivot-{number}.xml"))).unwrap();
    let refused = |at: u32, other: Vec<u8>, domain: &Domain, expected: &str| {
        let source = With(&mirror, BTreeMap::from([(pivot(at), other)]));
        let error = Snapshot::load(&source, domain, &Context::new(&crypto)).unwrap_err();
        assert!(matches!(&error, Error::Refused { why, .. } if why.contains(expected)), "{error}");
    };
    let eu = Domain::eu().unwrap();
    for number in [282, 300, 335, 341, 378] {
        refused(number, Vec::new(), &eu, &format!("{}: no bytes", pivot(number)));
    }
    refused(335, bytes(300), &eu, "expected a sequence number after 300");
    refused(282, bytes(378), &eu, "does not name");

    let mut elsewhere = eu.clone();
    elsewhere.pins[0].official_journal = "https://eur-lex.europa.eu/eli/C/2026/1944/oj".to_owned();
    refused(282, bytes(282), &elsewhere, "does not name");
    let mut fewer = eu;
    let signer = load(&mirror, &Context::new(&crypto)).unwrap().lists[0].signer.unwrap();
    fewer.pins[0].sha256 = vec![signer];
    let snapshot = Snapshot::load(&mirror, &fewer, &Context::new(&crypto)).unwrap();
    assert_eq!(snapshot.lotl_sequence, Some(390), "signed by a pin, it needs no pivot");
}

fn demo() -> (Demo, Domain) {
    let demo = Demo::generate(&Options::at(t("2026-11-01T00:00:00Z")));
    let domain = Domain::parse(&demo.domain()).unwrap();
    (demo, domain)
}

#[test]
fn the_demonstration_domain_loads() {
    let (demo, domain) = demo();
    let crypto = Crypto::default();
    let snapshot = Snapshot::load(&demo.by_url, &domain, &Context::new(&crypto)).unwrap();
    let states: Vec<_> =
        snapshot.lists.iter().map(|l| (l.territory.as_str(), l.accepted(), l.services)).collect();
    assert_eq!(states, [("EU", true, 0), ("XA", true, 2), ("XB", true, 2)]);
    assert_eq!(snapshot.official_journal.as_deref(), Some(list::ANNOUNCEMENT));
    let key = |der: &[u8]| sealgate::certificate::Certificate::parse(der).unwrap().anchor_key();
    assert_eq!(snapshot.sunset(&key(&demo.pki.seal_ca.der)), None);
    assert_eq!(snapshot.sunset(&key(&demo.pki.withdrawn_ca.der)), Some(demo.pki.withdrawn_at()));
    assert_eq!(snapshot.anchor(&key(&demo.pki.stranger_ca.der)), None);

    let stranger = sealgate::certificate::Certificate::parse(&demo.pki.stranger_ca.der).unwrap();
    let identity = snapshot.identity;
    let more = snapshot.with_static_anchors(vec![Arc::new(stranger)]);
    let anchor = more.anchor(&key(&demo.pki.stranger_ca.der)).unwrap();
    assert!(anchor.statically && anchor.services.is_empty());
    assert_eq!(more.identity, identity, "the identity is the lists'");
}

#[test]
fn a_bad_list_contributes_nothing_and_the_last_good_one_stays() {
    let (demo, domain) = demo();
    let crypto = Crypto::default();
    let first = Snapshot::load(&demo.by_url, &domain, &Context::new(&crypto)).unwrap();
    let xa = || demo.list("XA");
    let good = demo.by_url[list::XA_URL].clone();
    let changed = |change: fn(&mut list::List)| {
        let mut list = xa();
        list.sequence += 1;
        change(&mut list);
        list
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let newer = demo.sign(&changed(|_| {}));
    let signature = {
        let text = text(&newer);
        let start = text.find("<ds:Signature ").unwrap();
        text[start..text.find("</ds:Signature>").unwrap() + 15].to_owned()
    };
    let end = "</TrustServiceStatusList>";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "no bytes"),
        ("no XML", b"PK\x03\x04".to_vec(), "malformed"),
        ("another document", b"<a/>".to_vec(), "expected a TrustServiceStatusList"),
        ("cut short", newer[..newer.len() / 2].to_vec(), "malformed"),
        ("oversized", demo.sign(&changed(|l| l.padding = 33 << 20)), "expected at most"),
        ("no signature", changed(|_| {}).unsigned(), "no Signature"),
        (
            "two signatures",
            text(&newer).replace(end, &format!("{signature}{end}")).into_bytes(),
            "several Signature",
        ),
        ("wrong signer", demo.sign_as_stranger(&changed(|_| {})), "does not name"),
        ("broken signature value", demo.break_signature(&newer), "signature value: wrong"),
        ("content altered", demo.alter_content(&newer), "digest differs"),
        ("the list of lists in its place", demo.by_url[list::LOTL_URL].clone(), "expected type"),
        ("another territory's list", demo.by_url[list::XB_URL].clone(), "expected the list of XA"),
        ("version 4", demo.sign(&changed(|l| l.version = 4)), "expected TSL version 5 or 6"),
        ("version 7", demo.sign(&changed(|l| l.version = 7)), "expected TSL version 5 or 6"),
        ("rollback", demo.sign(&changed(|l| l.sequence -= 2)), "rollback: sequence number 6 after 7"),
        (
            "same number, other bytes",
            demo.sign(&changed(|l| (l.sequence, l.padding) = (7, 1))),
            "other bytes than before",
        ),
    ];
    for (case, bytes, expected) in cases {
        let source = demo.with(list::XA_URL, bytes);
        // Rollback is known by what is remembered, with or without the snapshot itself.
        let context = Context::new(&crypto).with_last_good(first.last_good());
        let alone = Snapshot::load(&source, &domain, &context).unwrap();
        let state = alone.list("XA").unwrap();
        let Condition::Refused(why) = &state.condition else { panic!("{case}: {state:?}") };
        assert!(why.contains(expected), "{case}: {why}");
        assert_eq!((alone.services_of(1).len(), alone.missing()), (0, vec!["XA"]), "{case}");
        assert_eq!(alone.services_of(2).len(), 2, "{case}: the other list is not touched");

        let after = Snapshot::load(&source, &domain, &Context::after(&crypto, &first)).unwrap();
        let kept = after.list("XA").unwrap();
        assert!(kept.accepted() && kept.sequence == Some(7), "{case}");
        assert_eq!(kept.newest.as_ref(), Some(&state.condition), "{case}");
        assert_eq!(after.identity, first.identity, "{case}");
    }
    for (case, bytes) in [("newer", newer.clone()), ("unchanged", good)] {
        let source = demo.with(list::XA_URL, bytes);
        let state = Snapshot::load(&source, &domain, &Context::after(&crypto, &first)).unwrap();
        assert!(state.list("XA").is_some_and(|s| s.accepted() && s.newest.is_none()), "{case}");
        assert_eq!(state.identity != first.identity, case == "newer");
    }
    let mut source = demo.by_url.clone();
    source.remove(list::XA_URL);
    let alone = Snapshot::load(&source, &domain, &Context::new(&crypto)).unwrap();
    assert_eq!(alone.list("XA").unwrap().condition, Condition::Unreachable("not in the mirror".to_owned()));
    let after = Snapshot::load(&source, &domain, &Context::after(&crypto, &first)).unwrap();
    assert_eq!(
        after.list("XA").unwrap().newest,
        Some(Condition::Unreachable("not in the mirror".to_owned()))
    );
}

#[test]
fn a_signature_that_does_not_cover_the_whole_list_is_refused() {
    let (demo, domain) = demo();
    let crypto = Crypto::default();
    let good = String::from_utf8(demo.by_url[list::XA_URL].clone()).unwrap();
    let root = good.find("<TrustServiceStatusList").unwrap();
    let end = "</TrustServiceStatusList>";
    let start = good.find("<ds:Signature ").unwrap();
    let (content, signature) = (&good[root..start], &good[start..good.len() - end.len()]);
    let wrapped = format!(
        "<TrustServiceStatusList xmlns=\"http://uri.etsi.org/02231/v2#\" Id=\"other\">{}{good}{signature}{end}",
        content.split_once('>').unwrap().1.replace("withdrawn", "granted"),
        good = &good[root..]
    );
    let inner_c14n = good.replacen(
        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
        "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"",
        1,
    );
    let moved = {
        let inside = content.rfind("</TrustServiceProviderList>").unwrap();
        format!("{}{signature}{}{end}", &content[..inside], &content[inside..])
    };
    for (case, text) in [("wrapped", wrapped), ("inclusive C14N", inner_c14n), ("moved", moved)] {
        let source = demo.with(list::XA_URL, text.into_bytes());
        let snapshot = Snapshot::load(&source, &domain, &Context::new(&crypto)).unwrap();
        let Condition::Refused(why) = &snapshot.list("XA").unwrap().condition else { panic!("{case}") };
        println!("{case}: {why}");
    }
}

#[test]
fn the_list_of_lists_is_refused_whole() {
    let (demo, domain) = demo();
    let crypto = Crypto::default();
    let first = Snapshot::load(&demo.by_url, &domain, &Context::new(&crypto)).unwrap();
    let lotl = || demo.list("EU");
    let changed = |change: fn(&mut list::List)| {
        let mut list = lotl();
        list.sequence += 1;
        change(&mut list);
        list
    };
    let newer = demo.sign(&changed(|_| {}));
    for (case, bytes, expected) in [
        ("not pinned", demo.sign_as_stranger(&changed(|_| {})), "does not name"),
        ("unsigned", changed(|_| {}).unsigned(), "no Signature"),
        ("altered", demo.alter_content(&newer), "digest differs"),
        ("broken", demo.break_signature(&newer), "signature value: wrong"),
        ("rollback", demo.sign(&changed(|l| l.sequence -= 2)), "rollback"),
        ("a national list", demo.by_url[list::XA_URL].clone(), "expected type"),
        ("empty", Vec::new(), "no bytes"),
    ] {
        let source = demo.with(list::LOTL_URL, bytes);
        let error = Snapshot::load(&source, &domain, &Context::after(&crypto, &first)).unwrap_err();
        assert!(matches!(&error, Error::Refused { why, .. } if why.contains(expected)), "{case}: {error}");
    }
    let nothing: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let error = Snapshot::load(&nothing, &domain, &Context::new(&crypto)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }));

    let gone = demo.sign(&changed(|l| l.pointers.truncate(2)));
    let source = demo.with(list::LOTL_URL, gone);
    let snapshot = Snapshot::load(&source, &domain, &Context::after(&crypto, &first)).unwrap();
    let territories: BTreeSet<&str> = snapshot.lists.iter().map(|l| l.territory.as_str()).collect();
    assert_eq!(territories, BTreeSet::from(["EU", "XA"]), "a territory without pointer leaves");
}

#[test]
fn no_change_of_a_byte_is_accepted_and_none_panics() {
    let (demo, domain) = demo();
    let crypto = Crypto::default();
    let first = Snapshot::load(&demo.by_url, &domain, &Context::new(&crypto)).unwrap();
    let mut random = Random::new();
    for url in [list::XA_URL, list::LOTL_URL] {
        let good = &demo.by_url[url];
        for round in 0..400 {
            let mut bytes = good.clone();
            let at = random.below(bytes.len());
            match round % 3 {
                0 => bytes[at] = bytes[at].wrapping_add(1 + random.below(255) as u8),
                1 => drop(bytes.drain(at..(at + 1 + random.below(64)).min(good.len()))),
                _ => bytes.truncate(at),
            }
            match Snapshot::load(&demo.with(url, bytes), &domain, &Context::new(&crypto)) {
                Err(Error::Refused { .. }) => assert_eq!(url, list::LOTL_URL),
                Err(error) => panic!("{error}"),
                // White space outside the root, or in base64 of the signature, is not signed.
                Ok(snapshot) => {
                    let services =
                        |s: &Snapshot| s.services.iter().map(|s| format!("{s:?}")).collect::<Vec<_>>();
                    let kept =
                        snapshot.accepted() < first.accepted() || services(&snapshot) == services(&first);
                    assert!(kept, "byte {at} of {url} in round {round}");
                }
            }
        }
    }
}
