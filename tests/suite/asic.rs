//! ASiC containers through the whole pipeline: what is signed, what is not, and what is made to deceive or exhaust.

use crate::cades::seal::Sealed;
use crate::demo::asic::{EXTENDED, SIMPLE, archive, manifest};
use crate::demo::content::Content;
use crate::demo::{self, Demo, Level, Order, Sealer, elm_v2, elm_v3, timestamp};
use crate::support::demo_pipeline_of;
use sealgate::catalogue::Language;
use sealgate::format::{self, Limits};
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::{Overall, Verdict, write_html};
use sealgate::signature::algorithm::Crypto;
use sealgate::signature::{Context, EmbeddedTimestamp, NoImprint, asic};
use std::sync::LazyLock;

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| demo_pipeline_of(demo::shared()));

fn demo() -> &'static Demo {
    demo::shared()
}

fn verify(bytes: &[u8]) -> Verdict {
    PIPELINE.verify(bytes, &Request::at(demo().options.reference.plus_seconds(3_600)))
}

fn credential(index: u64) -> Vec<u8> {
    let issued = demo().options.reference;
    elm_v3::credential(&Content { index, sealer: Sealer::University, issued, picture: None })
}

/// A CMS signature over content that it does not hold.
fn signature(content: &[u8]) -> Vec<u8> {
    let identity = demo().pki.sealer(Sealer::Compact);
    Sealed { detached: true, ..Sealed::new(content, identity, demo().options.reference) }.bytes()
}

fn simple(content: &[u8], signed: &[u8]) -> Vec<u8> {
    let signature = signature(signed);
    archive(&[("mimetype", SIMPLE), ("diploma.json*", content), ("META-INF/signature.p7s", &signature)])
}

/// A container that signs two files, with these in it.
pub(crate) fn extended(listed: &[(&str, &[u8])], there: &[(&str, &[u8])]) -> Vec<u8> {
    let manifest = manifest("META-INF/signature001.p7s", listed);
    let signature = signature(&manifest);
    let mut files = vec![("mimetype", EXTENDED)];
    files.extend(there);
    files.push(("META-INF/ASiCManifest001.xml", &manifest));
    files.push(("META-INF/signature001.p7s", &signature));
    archive(&files)
}

fn sub_indication(verdict: &Verdict) -> Option<&'static str> {
    verdict.seals[0].sub_indication
}

fn warnings(verdict: &Verdict) -> String {
    verdict.seals[0].findings.iter().map(|finding| finding.detail.to_string() + "\n").collect()
}

#[test]
fn the_one_file_of_a_simple_container_is_what_is_sealed() {
    let credential = credential(1);
    let verdict = verify(&simple(&credential, &credential));
    assert_eq!((verdict.verdict, verdict.format), (Overall::Passed, Some("asic-s")));
    assert_eq!(verdict.seals[0].level, "CAdES-BASELINE-B");
    assert!(verdict.credential.is_some() && verdict.contained.is_empty());
    let container = verdict.container.unwrap();
    assert_eq!(container.files[0].name, "diploma.json");
    assert_eq!(container.files[0].sealed_by, [verdict.seals[0].id.clone()]);
    assert!(verdict.seals[0].id.starts_with("META-INF/signature.p7s#"));

    let other = verify(&simple(&self::credential(2), &credential));
    assert_eq!((other.verdict, sub_indication(&other)), (Overall::Failed, Some("HASH_FAILURE")));
    assert!(other.container.unwrap().files[0].sealed_by.is_empty());
    let signature = signature(&credential);
    let signature = ("META-INF/signature.p7s", &signature[..]);
    let two = verify(&archive(&[("mimetype", SIMPLE), ("a", &credential), ("b", b"more"), signature]));
    assert_eq!(sub_indication(&two), Some("FORMAT_FAILURE"));
}

#[test]
fn a_manifest_says_what_is_sealed_by_path_and_digest() {
    let (one, other) = (credential(1), credential(2));
    let listed = [("a/one.json", &one[..]), ("terms.txt", b"terms")];
    let verdict = verify(&extended(&listed, &listed));
    assert_eq!((verdict.verdict, verdict.format), (Overall::Passed, Some("asic-e")));
    assert!(verdict.credential.is_some());

    // A credential beside what is sealed is found, and not taken for sealed.
    let more = [listed[0], listed[1], ("two.json", &other[..])];
    let verdict = verify(&extended(&listed, &more));
    assert_eq!(verdict.verdict, Overall::Unsigned);
    assert!(warnings(&verdict).contains("no signature covers \"two.json\""));
    let places: Vec<_> = verdict.contained.iter().map(|one| (&*one.place, one.verdict)).collect();
    assert_eq!(places, [("a/one.json", Overall::Passed), ("two.json", Overall::Unsigned)]);

    for (there, sub) in [
        (vec![listed[0]], "SIGNED_DATA_NOT_FOUND"),
        (vec![("b/one.json", &one[..]), listed[1]], "SIGNED_DATA_NOT_FOUND"),
        (vec![("a/one.json", &other[..]), listed[1]], "HASH_FAILURE"),
        (vec![listed[0], ("terms.txt", b"other terms")], "HASH_FAILURE"),
    ] {
        let verdict = verify(&extended(&listed, &there));
        assert_ne!(verdict.verdict, Overall::Passed);
        assert_eq!(sub_indication(&verdict), Some(sub), "{:?}", there[0].0);
        assert!(
            verdict.contained.iter().all(|one| one.verdict != Overall::Passed || one.place == "a/one.json")
        );
    }
    // A manifest that names no signature lists nothing for it.
    let alone = manifest("META-INF/signature002.p7s", &listed);
    let signature = signature(&alone);
    let verdict = verify(&archive(&[
        ("mimetype", EXTENDED),
        listed[0],
        ("META-INF/ASiCManifest.xml", &alone),
        ("META-INF/signature001.p7s", &signature),
    ]));
    assert_eq!(sub_indication(&verdict), Some("FORMAT_FAILURE"));
}

#[test]
fn no_changed_octet_leaves_a_container_sealed_with_other_content() {
    let credential = credential(1);
    let listed = [("one.json", &credential[..])];
    let sound = extended(&listed, &listed);
    assert_eq!(verify(&sound).verdict, Overall::Passed);
    let stride = (sound.len() / 600).max(1);
    for at in (0..sound.len()).step_by(stride) {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        let verdict = verify(&changed);
        if verdict.verdict == Overall::Passed {
            let files = verdict.container.unwrap().files;
            assert_eq!((files.len(), &*files[0].name), (1, "one.json"), "octet {at}");
            let found = format::container::Container::read(&changed, &Limits::default()).unwrap();
            let file = found.files.iter().find(|file| file.name == "one.json").unwrap();
            assert_eq!(&file.content[..], credential, "octet {at}");
        }
    }
}

/// The archive time-stamps of the one signature: how many others each covers, and whether what it is over can be had.
fn archive_timestamps(bytes: &[u8]) -> Vec<(usize, Result<Vec<u8>, NoImprint>)> {
    let (crypto, limits) = (Crypto::default(), Limits::default());
    let container = format::container::Container::read(bytes, &limits).unwrap();
    let opened = asic::Opened::new(&container, &limits).unwrap();
    let signatures = opened.signatures(&Context { crypto: &crypto, limits: &limits, detached: &[] });
    let imprint = |stamp: &EmbeddedTimestamp<'_>| {
        let mut octets = Vec::new();
        let written = (stamp.imprint)(&mut octets);
        (stamp.covers_timestamps, written.map(|()| octets))
    };
    signatures[0].timestamps.iter().map(imprint).collect()
}

#[test]
fn a_time_stamp_of_the_container_proves_what_its_manifest_lists() {
    const SIGNATURE: &str = "META-INF/signature001.p7s";
    let (at, tsa) = (demo().options.reference, &demo().pki.tsa);
    let content = credential(1);
    let over = manifest(SIGNATURE, &[("one.json", &content)]);
    let signature = signature(&over);
    let made = |manifests: &[&[u8]], tokens: &[&[u8]]| {
        let names = |kind: &str| -> Vec<String> { (1..=2).map(|n| format!("META-INF/{kind}{n}")).collect() };
        let (manifest_names, token_names) = (names("ASiCArchiveManifest"), names("timestamp"));
        let manifest_names: Vec<_> = manifest_names.iter().map(|name| format!("{name}.xml")).collect();
        let token_names: Vec<_> = token_names.iter().map(|name| format!("{name}.tst")).collect();
        let mut files = vec![("mimetype", EXTENDED), ("one.json", &content[..])];
        files.push(("META-INF/ASiCManifest.xml", &over));
        files.push((SIGNATURE, &signature));
        files.extend(manifest_names.iter().zip(manifests).map(|(name, text)| (&**name, *text)));
        files.extend(token_names.iter().zip(tokens).map(|(name, token)| (&**name, *token)));
        archive(&files)
    };
    let first = manifest("META-INF/timestamp1.tst", &[(SIGNATURE, &signature)]);
    let token = timestamp::token(tsa, &first, at);
    let sound = made(&[&first], &[&token]);
    let verdict = verify(&sound);
    assert_eq!(verdict.verdict, Overall::Passed);
    let [stamp] = verdict.seals[0].timestamps.as_slice() else { panic!("one time-stamp") };
    assert_eq!((stamp.kind, stamp.intact), ("archive", true));

    // The second covers the first only where its manifest lists it.
    for (listed, covers) in [
        (vec![(SIGNATURE, &signature[..])], 0),
        (vec![(SIGNATURE, &signature[..]), ("META-INF/timestamp1.tst", &token[..])], 1),
    ] {
        let second = manifest("META-INF/timestamp2.tst", &listed);
        let later = timestamp::token(tsa, &second, at.plus_seconds(60));
        let both = made(&[&first, &second], &[&token, &later]);
        assert_eq!(archive_timestamps(&both), [(0, Ok(first.clone())), (covers, Ok(second))]);
    }
    // A manifest that lists another signature than the one there proves nothing, whatever the token is over.
    let wrong = manifest("META-INF/timestamp1.tst", &[(SIGNATURE, b"another signature")]);
    for forged in [wrong.clone(), Vec::new(), [&wrong[..], &[0]].concat()] {
        let container = made(&[&wrong], &[&timestamp::token(tsa, &forged, at)]);
        assert_eq!(archive_timestamps(&container)[0].1, Err(NoImprint::Differs));
        assert!(!verify(&container).seals[0].timestamps[0].intact);
    }
    // One that names two files it is over names none.
    let text = String::from_utf8(first.clone()).unwrap();
    let two = text.replace("<a:SigReference", "<a:SigReference URI=\"a\"/><a:SigReference").into_bytes();
    assert!(archive_timestamps(&made(&[&two], &[&timestamp::token(tsa, &two, at)])).is_empty());
}

#[test]
fn an_elm_v2_credential_in_a_container_is_verified_on_its_own() {
    let content =
        Content { index: 3, sealer: Sealer::University, issued: demo().options.reference, picture: None };
    let (unsealed, _) = elm_v2::credential(&content);
    let order = Order { sealer: Sealer::University, level: Level::Lt, ..Order::compact(3) };
    let sealed = String::from_utf8(demo().issue_xml(&order)).unwrap();
    let within = |xml: &str| {
        let listed = [("diploma.xml", xml.as_bytes())];
        verify(&extended(&listed, &listed))
    };
    // The container's seal counts for one that has none.
    let verdict = within(&unsealed);
    assert_eq!((verdict.verdict, verdict.seals.len()), (Overall::Passed, 1));
    assert!(verdict.credential.is_some() && verdict.contained.is_empty());
    let verdict = within(&sealed);
    let [one] = verdict.contained.as_slice() else { panic!("one credential") };
    assert_eq!((verdict.verdict, one.verdict, one.format), (Overall::Passed, Overall::Passed, Some("xades")));
    assert!(!one.sealed_from_outside && one.credential.is_some());
    assert_eq!(one.seals[0].qualification, "QESeal");
    // Altered, and then sealed as that by the container.
    let verdict = within(&sealed.replacen("4.5 of 5", "5.0 of 5", 1));
    assert_eq!(verdict.seals[0].indication, Some("TOTAL-PASSED"));
    assert_eq!((verdict.verdict, verdict.contained[0].verdict), (Overall::Failed, Overall::Failed));
}

#[test]
fn an_archive_of_credentials_is_each_of_them() {
    let sealed = std::fs::read("examples/sound/b-compact.jwt").unwrap();
    let altered = [b"{\"payload\":\"", &credential(1)[..20]].concat();
    let verdict = verify(&archive(&[("notes.txt", b"notes"), ("one.jwt", &sealed), ("two.json", &altered)]));
    assert_eq!((verdict.verdict, verdict.format), (Overall::Unreadable, Some("zip")));
    let places: Vec<_> = verdict.contained.iter().map(|one| &*one.place).collect();
    assert_eq!(places, ["one.jwt", "two.json"]);
    assert_eq!(verdict.contained[0].seals.len(), 1);
    let inner = archive(&[("one.jwt", &sealed)]);
    let nested = verify(&archive(&[("inner.zip", &inner)]));
    assert_eq!(nested.contained[0].contained[0].place, "one.jwt");
}

#[test]
fn containers_made_to_exhaust_or_deceive_are_answered() {
    let zeros = vec![0; 8 << 20];
    let bomb = archive(&[("mimetype", EXTENDED), ("zeros*", &zeros)]);
    assert_eq!(verify(&bomb).verdict, Overall::Unreadable);
    let mut nested = archive(&[("x", b"x")]);
    for _ in 0..40 {
        nested = archive(&[("inner.zip*", &nested), ("again.zip*", &nested)]);
        if nested.len() > 1 << 20 {
            break;
        }
    }
    assert_ne!(verify(&nested).verdict, Overall::Passed);

    // The same file listed again and again is digested once; too long a list is refused.
    let big = vec![7; 1 << 20];
    let listed = vec![("big.bin", &big[..]); 1024];
    assert_eq!(verify(&extended(&listed, &[("big.bin*", &big)])).verdict, Overall::Passed);
    let listed = vec![("big.bin", &b"x"[..]); 1025];
    assert_eq!(verify(&extended(&listed, &[("big.bin", b"x")])).verdict, Overall::Unreadable);

    let signature = signature(b"x");
    let names: Vec<String> = (0..65).map(|index| format!("META-INF/signature{index}.p7s")).collect();
    let mut files = vec![("mimetype", SIMPLE), ("x", &b"x"[..])];
    files.extend(names.iter().map(|name| (&**name, &signature[..])));
    let verdict = verify(&archive(&files));
    assert!(verdict.error.unwrap().to_string().contains("files with signatures"));
    let twice =
        archive(&[("mimetype", SIMPLE), ("x", b"x"), ("x", b"y"), ("META-INF/signature.p7s", &signature)]);
    assert!(verify(&twice).error.unwrap().to_string().contains("same name"));
    let broken = archive(&[("mimetype", SIMPLE), ("x", b"x"), ("META-INF/signature.p7s", b"0\x80broken")]);
    assert_eq!(verify(&broken).verdict, Overall::Unreadable);
}

#[test]
fn time_stamps_without_a_seal_are_told_with_what_they_prove() {
    let (at, tsa) = (demo().options.reference, &demo().pki.tsa);
    let content = credential(1);
    let over_file = timestamp::token(tsa, &content, at);
    let simple = |content: &[u8], token: &[u8]| {
        verify(&archive(&[
            ("mimetype", SIMPLE),
            ("diploma.json", content),
            ("META-INF/timestamp.tst", token),
        ]))
    };
    // The one file of an ASiC-S.
    let verdict = simple(&content, &over_file);
    assert_eq!((verdict.verdict, verdict.seals.len()), (Overall::Unsigned, 0));
    let [stamp] = verdict.timestamps.as_slice() else { panic!("one time-stamp") };
    let summary = &stamp.summary;
    assert_eq!((summary.kind, summary.indication, summary.qualification), ("container", "PASSED", "QTSA"));
    assert_eq!((summary.intact, summary.time), (true, Some(at)));
    assert_eq!(
        (&*stamp.place, &stamp.covers[..]),
        ("META-INF/timestamp.tst", &["diploma.json".to_owned()][..])
    );
    assert_eq!(stamp.domain.as_deref(), Some("demo"));
    assert!(stamp.certificates[0].trusted && stamp.certificates[0].subject.contains("Time-Stamping Unit"));
    // It does not make the credential a sealed one.
    assert!(verdict.credential.is_none() && verdict.contained.iter().all(|one| one.seals.is_empty()));

    let other = simple(&credential(2), &over_file);
    let stamp = &other.timestamps[0];
    assert_eq!((stamp.summary.indication, stamp.summary.sub_indication), ("FAILED", Some("HASH_FAILURE")));
    assert!(!stamp.summary.intact && stamp.covers.is_empty());
    let no_token = simple(&content, b"no token");
    let stamp = &no_token.timestamps[0];
    assert_eq!((stamp.summary.sub_indication, stamp.summary.time), (Some("FORMAT_FAILURE"), None));

    // By a manifest: of two files one is another by now, and a later time-stamp covers the first.
    const FIRST: &str = "META-INF/timestamp001.tst";
    let over = manifest(FIRST, &[("a/one.json", &content), ("terms.txt", b"terms")]);
    let token = timestamp::token(tsa, &over, at);
    let again = manifest("META-INF/timestamp002.tst", &[(FIRST, &token), ("a/one.json", &content)]);
    let later = timestamp::token(tsa, &again, at.plus_seconds(60));
    let stamped = |terms: &[u8]| {
        verify(&archive(&[
            ("mimetype", EXTENDED),
            ("a/one.json", &content),
            ("terms.txt", terms),
            ("META-INF/ASiCManifest001.xml", &over),
            (FIRST, &token),
            ("META-INF/ASiCArchiveManifest.xml", &again),
            ("META-INF/timestamp002.tst", &later),
        ]))
    };
    let sound = stamped(b"terms");
    let passed = |verdict: &Verdict| -> Vec<bool> {
        verdict.timestamps.iter().map(|stamp| stamp.summary.indication == "PASSED").collect()
    };
    assert_eq!((sound.verdict, passed(&sound)), (Overall::Unsigned, vec![true, true]));
    assert_eq!(sound.timestamps[0].covers, ["a/one.json", "terms.txt"]);
    assert_eq!(sound.timestamps[1].covers, [FIRST, "a/one.json"]);
    let changed = stamped(b"other terms");
    assert_eq!(passed(&changed), [false, true]);
    assert_eq!(changed.timestamps[0].differing, ["terms.txt"]);
    assert!(changed.timestamps[0].covers.is_empty());
    // No manifest names it: nothing says what it is over.
    let nameless = verify(&archive(&[("mimetype", EXTENDED), ("a", b"a"), ("b", b"b"), (FIRST, &token)]));
    assert_eq!(nameless.timestamps[0].summary.sub_indication, Some("SIGNED_DATA_NOT_FOUND"));

    // Beside a seal only those that are not over it.
    let seal = signature(&content);
    let both = archive(&[
        ("mimetype", SIMPLE),
        ("diploma.json", &content),
        ("META-INF/signature.p7s", &seal),
        ("META-INF/timestamp.tst", &over_file),
    ]);
    let verdict = verify(&both);
    assert_eq!((verdict.verdict, passed(&verdict)), (Overall::Passed, vec![true]));
    assert!(verdict.seals[0].timestamps.is_empty());

    // Reports for people say who sealed what, and what is stamped.
    holds(&changed, "<caption>Time-stamps that belong to no seal</caption>");
    holds(&changed, "<th scope=\"row\">differs or is missing: terms.txt</th>");
    holds(&changed, &format!("<th scope=\"row\">{FIRST}, a/one.json</th>"));
    holds(&changed, "<th scope=\"row\">terms.txt</th><td>11 B</td><td>Not sealed</td>");
    let by = verdict.seals[0].sealed_by.as_ref().and_then(|by| by.common_name.as_deref()).unwrap();
    let size = content.len();
    holds(&verdict, &format!("<th scope=\"row\">diploma.json</th><td>{size} B</td><td>{by}</td>"));
}

/// The report in HTML has this.
fn holds(verdict: &Verdict, text: &str) {
    let mut report = Vec::new();
    write_html(verdict, Language::English, &mut report).unwrap();
    let report = String::from_utf8(report).unwrap();
    assert!(report.contains(text), "{text}: {report}");
}
