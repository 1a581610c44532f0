//! Policies on the demonstration examples, on the real credentials, from the command line.

use crate::demo::{self, list};
use crate::support::{self, demo_pipeline, real_pipeline, root, shared, verify};
use sealgate::finding::{Finding, Status};
use sealgate::pipeline::Pipeline;
use sealgate::report::{Seal, Verdict};
use sealgate::signature::algorithm::Crypto;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load;
use sealgate::validation::Policy;
use std::process::{Command, Output};
use std::sync::Arc;

const NOW: &str = "2026-11-22T00:00:00Z";
/// A day after the examples were made.
const FRESH: &str = "2026-08-02T00:00:00Z";

fn under(pipeline: &Pipeline, policy: &str) -> Pipeline {
    let policy = Policy::built_in(policy).or_else(|_| Policy::parse(policy));
    pipeline.with_policy(Arc::new(policy.unwrap_or_else(|error| panic!("{error}"))))
}

fn example(path: &str) -> Vec<u8> {
    std::fs::read(root().join("examples").join(path)).unwrap()
}

fn seal(verdict: &Verdict) -> &Seal {
    assert_eq!(verdict.seals.len(), 1);
    &verdict.seals[0]
}

/// The sub-indication, or `passed`.
fn outcome(verdict: &Verdict) -> &'static str {
    let seal = seal(verdict);
    assert_eq!(seal.sub_indication.is_none(), seal.indication == Some("TOTAL-PASSED"));
    seal.sub_indication.unwrap_or("passed")
}

fn findings<'v>(verdict: &'v Verdict, check: &str, status: Status) -> Vec<&'v Finding> {
    let all = seal(verdict).findings.iter();
    all.filter(|finding| finding.check == check && finding.status == status).collect()
}

#[test]
fn each_level_changes_the_verdict_as_it_says() {
    for (path, at, check, failure) in [
        ("broken/unknown-critical.jsonld", NOW, "format-acceptable", "FORMAT_FAILURE"),
        (
            "broken/wrong-thumbprint.jsonld",
            NOW,
            "signing-certificate-reference-digest",
            "NO_SIGNING_CERTIFICATE_FOUND",
        ),
        (
            "broken/no-revocation-data.jsonld",
            NOW,
            "revocation-data-present",
            "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        ),
        ("broken/certificate-expired.jsonld", NOW, "certificate-validity", "OUT_OF_BOUNDS_NOT_REVOKED"),
        ("broken/certificate-revoked.jsonld", NOW, "certificate-not-revoked", "REVOKED_NO_POE"),
        ("broken/timestamp-imprint.jsonld", NOW, "timestamp-valid", "SIG_CONSTRAINTS_FAILURE"),
        ("sound/lt-qualified.jsonld", NOW, "revocation-data-fresh", "TRY_LATER"),
        ("sound/lta-qualified.jsonld", NOW, "revocation-data-fresh", "TRY_LATER"),
        ("sound/elm-v2-lta-ec.xml", NOW, "revocation-data-fresh", "TRY_LATER"),
        ("sound/lt-advanced.jsonld", NOW, "qualification-accepted", "CHAIN_CONSTRAINTS_FAILURE"),
        ("broken/elm-v2-timestamp-imprint.xml", NOW, "timestamp-valid", "SIG_CONSTRAINTS_FAILURE"),
    ] {
        for (level, expected, status) in [
            ("FAIL", failure, Status::Failed),
            ("WARN", "passed", Status::Warning),
            ("IGNORE", "passed", Status::NotRun),
        ] {
            let policy = format!("name = \"mine\"\n[checks]\n{check} = \"{level}\"");
            let verdict = verify(&under(demo_pipeline(), &policy), &example(path), at);
            assert_eq!(outcome(&verdict), expected, "{path}, {check} = {level}");
            assert!(!findings(&verdict, check, status).is_empty(), "{path}, {check} = {level}");
            assert_eq!(verdict.policy, "mine");
        }
    }
}

#[test]
fn what_the_policy_holds_beside_levels_changes_the_verdict() {
    for (path, text, expected) in [
        ("sound/b-compact.jwt", "formats = [\"xades\"]", "FORMAT_FAILURE"),
        ("sound/elm-v2-b.xml", "formats = [\"xades\"]", "passed"),
        (
            "sound/lt-qualified.jsonld",
            "[algorithms.digests]\nSHA-256 = 2024-01-01",
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        ),
        (
            "sound/lt-qualified.jsonld",
            "[algorithms.digests]\nSHA-256 = \"never\"",
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        ),
        (
            "sound/b-compact-ec.jwt",
            "[algorithms.keys.ECDSA]\n256 = 2024-01-01\n384 = \"unlimited\"",
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        ),
        // An end that is a forecast only warns.
        ("sound/b-compact-ec.jwt", "[algorithms.keys.ECDSA]\n256 = 2026-01-01", "passed"),
        (
            "sound/b-compact-ec.jwt",
            "[algorithms]\nforecasts-after = \"never\"\n[algorithms.keys.ECDSA]\n256 = 2026-01-01",
            "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        ),
        (
            "sound/b-compact.jwt",
            "[qualification]\naccepted = [\"QESeal\"]\n[checks]\nqualification-accepted = \"FAIL\"",
            "CHAIN_CONSTRAINTS_FAILURE",
        ),
        (
            "sound/lt-qualified.jsonld",
            "[freshness]\nsigner-days = 365\n[checks]\nrevocation-data-fresh = \"FAIL\"",
            "passed",
        ),
    ] {
        let verdict =
            verify(&under(demo_pipeline(), &format!("name = \"mine\"\n{text}")), &example(path), NOW);
        assert_eq!(outcome(&verdict), expected, "{path}: {text}");
    }
}

#[test]
fn revocation_data_may_be_fresh_as_of_the_best_signature_time() {
    let policy = "name = \"mine\"\n[freshness]\nat = \"best-signature-time\"\n[checks]\nrevocation-data-fresh = \"FAIL\"";
    let pipeline = under(demo_pipeline(), policy);
    for path in
        ["lt-qualified.jsonld", "lta-qualified.jsonld", "lta-expired-since.jsonld", "elm-v2-lta-ec.xml"]
    {
        let verdict = verify(&pipeline, &example(&format!("sound/{path}")), NOW);
        assert_eq!(outcome(&verdict), "passed", "{path}");
        assert_eq!(findings(&verdict, "revocation-data-fresh", Status::Warning).len(), 1, "{path}");
    }
    // Nothing proves when this one was made.
    let verdict = verify(&pipeline, &example("broken/timestamp-imprint.jsonld"), NOW);
    assert_eq!(outcome(&verdict), "TRY_LATER");
}

/// The demonstration lists, with that of XA past its next update.
fn expired_lists() -> Pipeline {
    let demo = demo::shared();
    let mut list = demo.list("XA");
    list.next_update = Some(demo.pki.reference.plus_seconds(30 * 86_400));
    let source = demo.with(list::XA_URL, demo.sign(&list));
    let domain = Domain::parse(&demo.domain()).unwrap();
    let crypto = Crypto::default();
    support::pipeline(Snapshot::load(&source, &domain, &load::Context::new(&crypto)).unwrap())
}

#[test]
fn the_default_warns_of_what_is_weak() {
    let warned = |verdict: &Verdict, check| findings(verdict, check, Status::Warning).len();
    let lt = example("sound/lt-qualified.jsonld");
    let (now, then) = (verify(demo_pipeline(), &lt, NOW), verify(demo_pipeline(), &lt, FRESH));
    assert_eq!((outcome(&now), outcome(&then)), ("passed", "passed"));
    assert_eq!(now.policy, "default");
    assert_eq!((warned(&now, "revocation-data-fresh"), warned(&then, "revocation-data-fresh")), (1, 0));

    let stamp = verify(demo_pipeline(), &example("broken/timestamp-imprint.jsonld"), FRESH);
    assert_eq!((outcome(&stamp), warned(&stamp, "timestamp-valid")), ("passed", 1));

    let made = demo::shared().examples();
    let compact = made.iter().find(|example| example.path == "sound/b-compact.jwt").unwrap();
    let pipeline = expired_lists();
    let at = |pipeline: &Pipeline, at| {
        let verdict = verify(pipeline, &compact.bytes, at);
        (outcome(&verdict), warned(&verdict, "trusted-list-freshness"))
    };
    assert_eq!(at(&pipeline, FRESH), ("passed", 0));
    assert_eq!(at(&pipeline, NOW), ("passed", 1));
    assert_eq!(at(&under(&pipeline, "qualified-seal"), FRESH), ("passed", 0));
    assert_eq!(at(&under(&pipeline, "qualified-seal"), NOW), ("TRY_LATER", 0));
    let patient = "name = \"mine\"\nextends = \"qualified-seal\"\n[lists]\ngrace-days = 365";
    assert_eq!(at(&under(&pipeline, patient), NOW), ("passed", 0));
}

#[test]
fn qualified_seal_passes_only_what_its_name_says() {
    let pipeline = under(demo_pipeline(), "qualified-seal");
    for (path, at, expected) in [
        ("sound/lt-qualified.jsonld", FRESH, "passed"),
        ("sound/lta-college.jsonld", FRESH, "passed"),
        ("sound/b-compact.jwt", NOW, "passed"),
        ("sound/lt-qualified.jsonld", NOW, "TRY_LATER"),
        ("sound/lt-advanced.jsonld", FRESH, "CHAIN_CONSTRAINTS_FAILURE"),
        ("broken/payload-altered.jsonld", FRESH, "HASH_FAILURE"),
    ] {
        let verdict = verify(&pipeline, &example(path), at);
        assert_eq!(outcome(&verdict), expected, "{path} at {at}");
        assert_eq!(verdict.policy, "qualified-seal");
    }
    let verdict = verify(&pipeline, &example("sound/lt-advanced.jsonld"), FRESH);
    assert_eq!(seal(&verdict).qualification, "Indeterminate AdESeal");
    let why = findings(&verdict, "qualification-accepted", Status::Failed);
    assert!(why[0].detail.to_string().starts_with("AdESeal at most"), "{}", why[0].detail);
}

#[test]
fn the_real_credentials_of_2026_are_stale_for_qualified_seal() {
    let test = "policy: credentials of 2026";
    let (Some(default), Some(folder)) =
        (real_pipeline("2026-08", test), shared("credentials/edc-2026", test))
    else {
        return;
    };
    let strict = under(default, "qualified-seal");
    for file in ["edc-coe-signed.jsonld", "edc-dc-signed.jsonld", "edc-mc-signed.jsonld"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let verdict = verify(default, &bytes, NOW);
        assert_eq!(outcome(&verdict), "passed", "{file}");
        // Data of January on the signer; both time-stamps are of a TSA that no list names. The list of SI is current.
        assert_eq!(findings(&verdict, "revocation-data-fresh", Status::Warning).len(), 1, "{file}");
        assert_eq!(findings(&verdict, "timestamp-valid", Status::Warning).len(), 2, "{file}");
        assert_eq!(findings(&verdict, "trusted-list-freshness", Status::Passed).len(), 1, "{file}");

        let verdict = verify(&strict, &bytes, NOW);
        assert_eq!(outcome(&verdict), "TRY_LATER", "{file}");
        assert_eq!(findings(&verdict, "revocation-data-fresh", Status::Failed).len(), 1, "{file}");
        assert_eq!(findings(&verdict, "qualification-accepted", Status::Passed).len(), 1, "{file}");
        // The list of SI ran until January 2027.
        let later = verify(&strict, &bytes, "2027-02-15T00:00:00Z");
        let list = findings(&later, "trusted-list-freshness", Status::Failed);
        assert!(
            list[0].detail.to_string().contains("the list of SI was due for renewal on 2027-01-07"),
            "{}",
            list[0].detail
        );
    }
}

fn sealgate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealgate")).current_dir(root()).args(arguments).output().unwrap()
}

#[test]
fn the_command_line_shows_policies_and_follows_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let path = path.to_str().unwrap();
    for name in Policy::BUILT_IN {
        let shown = sealgate(&["policy", "show", name]);
        assert_eq!(shown.status.code(), Some(0));
        std::fs::write(path, &shown.stdout).unwrap();
        assert_eq!(sealgate(&["policy", "show", path]).stdout, shown.stdout);
    }
    assert_eq!(sealgate(&["policy", "show"]).stdout, sealgate(&["policy", "show", "default"]).stdout);

    std::fs::write(path, "name = \"mine\"\n[checks]\nqualification-accepted = \"FAIL\"\n").unwrap();
    let verify =
        ["verify", "--trust-domain", "trust-lists/demo.toml", "--at", FRESH, "--format", "json", "--policy"];
    let verified = sealgate(&[&verify[..], &[path, "examples/sound/lt-advanced.jsonld"]].concat());
    let verdict: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((verified.status.code(), verdict["policy"].as_str()), (Some(2), Some("mine")));

    std::fs::write(path, "name = \"mine\"\n[checks]\nqualification-acepted = \"FAIL\"\n").unwrap();
    for arguments in [&["policy", "show", path][..], &[&verify[..], &[path, "examples"]].concat()] {
        let output = sealgate(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64));
        assert!(
            text.contains("mine.toml: line 3: unknown check `qualification-acepted`; the nearest is"),
            "{text}"
        );
    }
}
