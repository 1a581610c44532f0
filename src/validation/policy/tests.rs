use super::algorithms::DIGESTS;
use super::*;
use crate::signature::algorithm::{DigestAlgorithm, PublicKey, Scheme, SignatureAlgorithm};

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

/// A key of this size; nobody verifies with it.
fn rsa(bits: usize) -> PublicKey {
    let modulus = vec![0xff; bits / 8];
    PublicKey::from_spki(&PublicKey::spki_from_rsa(&modulus, &[1, 0, 1]))
}

fn algorithm(scheme: Scheme, digest: DigestAlgorithm) -> SignatureAlgorithm {
    SignatureAlgorithm { scheme, digest: Some(digest), mgf1_digest: None, salt_length: None }
}

fn qualified_seal() -> Policy {
    Policy::built_in("qualified-seal").unwrap()
}

fn extended(text: &str) -> Result<Policy, NotAPolicy> {
    Policy::parse(&format!("name = \"mine\"\n{text}"))
}

#[test]
fn every_policy_reads_back_equal() {
    let mut odd = extended("extends = \"qualified-seal\"\nformats = [\"xades\"]").unwrap();
    odd.freshness.at = FreshAt::BestSignatureTime;
    odd.algorithms.forecasts_after = None;
    odd.algorithms.digests.remove(&DigestAlgorithm::Sha224);
    odd.algorithms.digests.insert(DigestAlgorithm::Sha224, End::At(Time::from_millis(1_500)));
    odd.qualifications = vec![SignatureQualification::QeSeal, SignatureQualification::NotApplicable];
    let mut levels = Levels::everywhere(Level::Warn);
    for (index, (_, scope)) in Scope::ALL.into_iter().enumerate() {
        let level = Level::ALL[index % 3].1;
        levels = levels.with(Some(scope), Some(Position::Authority), level);
        let mut free = Check::ALL.iter().copied().filter(|check| !check.fixed());
        odd.set_levels(free.nth(index).unwrap(), levels);
    }
    for policy in [Policy::default(), qualified_seal(), odd] {
        let text = policy.to_toml();
        let again = Policy::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again, policy, "{text}");
        assert_eq!(again.to_toml(), text);
    }
}

#[test]
fn the_default_shipped_as_a_file_is_the_one_built_in() {
    let file = include_str!("../../../policies/default.toml");
    assert!(file == Policy::default().to_toml(), "sealgate policy show > policies/default.toml");
}

#[test]
fn every_key_is_explained_and_every_check_is_there() {
    let text = Policy::default().to_toml();
    let lines: Vec<&str> = text.lines().collect();
    let mut section_explained = false;
    for (index, line) in lines.iter().enumerate() {
        let above = lines.get(index.wrapping_sub(1)).copied().unwrap_or_default();
        if line.starts_with('[') {
            section_explained = above.starts_with('#');
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            // Rows of a table are explained above it.
            assert!(above.starts_with('#') || section_explained, "{key}");
        }
    }
    for check in Check::ALL {
        assert!(text.contains(&format!("\n{} = ", check.name())), "{}", check.name());
        assert!(check.description().ends_with('.') && text.contains(check.description()));
    }
}

#[test]
fn what_a_file_does_not_say_it_has_from_the_policy_it_extends() {
    assert_eq!(extended("").unwrap(), Policy { name: "mine".into(), ..Policy::default() });
    let policy = extended(
        "extends = \"qualified-seal\"\n[checks]\nrevocation-data-present = { authority = \"IGNORE\" }\n\
         [algorithms.digests]\nSHA-1 = \"never\"\n[algorithms.keys.ECDSA]\n256 = 2030-01-01\n384 = \"unlimited\"",
    )
    .unwrap();
    let fresh = |policy: &Policy| policy.level(Check::RevocationFresh, Place::SIGNATURE);
    assert_eq!((fresh(&policy), fresh(&Policy::default())), (Level::Fail, Level::Warn));
    assert_eq!(policy.level(Check::RevocationPresent, Place::SIGNATURE), Level::Fail);
    assert_eq!(policy.level(Check::RevocationPresent, Place::at(Scope::Timestamp, 1)), Level::Ignore);
    assert_eq!(policy.algorithms.digests[&DigestAlgorithm::Sha1], End::Never);
    assert_eq!(policy.algorithms.digests[&DigestAlgorithm::Sha256], End::Unlimited);
    let ecdsa: Vec<_> = policy.algorithms.keys["ECDSA"].iter().collect();
    assert_eq!(ecdsa[3..], [(&256, &End::At(time("2030-01-01T00:00:00Z"))), (&384, &End::Unlimited)]);
}

#[test]
fn what_says_more_of_the_place_counts() {
    let policy = extended(
        "[checks]\nname-chaining = { timestamp-authority = \"FAIL\", level = \"WARN\", timestamp = \"IGNORE\", \
         authority = \"FAIL\" }",
    )
    .unwrap();
    let level = |scope, index| policy.level(Check::NameChaining, Place::at(scope, index));
    assert_eq!((level(Scope::Signature, 0), level(Scope::Signature, 1)), (Level::Warn, Level::Fail));
    assert_eq!((level(Scope::Timestamp, 0), level(Scope::Timestamp, 2)), (Level::Ignore, Level::Fail));
}

#[test]
fn a_mistake_names_its_line_and_what_may_have_been_meant() {
    for (text, line, expected) in [
        ("nam = 1", 2, "unknown key `nam`; the nearest is `name`"),
        ("\n\n[checks]\ncertificate-validty = \"FAIL\"", 5, "the nearest is `certificate-validity`"),
        ("[checks]\nsomething-else-altogether = \"FAIL\"", 3, "`sealgate policy show` lists all"),
        (
            "[checks]\ncertificate-validity = \"fail\"",
            3,
            "expected one of FAIL, WARN, IGNORE, found \"fail\"",
        ),
        ("[checks]\ncertificate-validity = { signer = 3 }", 3, "expected one of FAIL, WARN, IGNORE, found 3"),
        (
            "[checks]\npath-length = { autority = \"WARN\" }",
            3,
            "unknown place `autority`; the nearest is `authority`",
        ),
        ("[checks]\nsignature-value-intact = \"WARN\"", 3, "`signature-value-intact` is always FAIL"),
        ("[checks]\npath-length = \"FAIL\"\npath-length = \"WARN\"", 4, "duplicate key"),
        ("checks = 1", 2, "expected a table, found 1"),
        ("extends = \"qualified\"", 2, "no policy `qualified`; known are default, qualified-seal"),
        ("extends = \"defualt\"", 2, "the nearest is `default`"),
        ("formats = []", 2, "nothing would be accepted"),
        ("formats = [\n\"jades\",\n\"xade\"]", 4, "unknown name `xade`; the nearest is `xades`"),
        ("[freshness]\nsigner-days = -1", 3, "expected a number of days, 0 to 36525, found -1"),
        ("[freshness]\nat = \"now\"", 3, "expected one of validation-time, best-signature-time"),
        ("[freshness]\nsigner_days = 3", 3, "the nearest is `signer-days`"),
        ("[lists]\ngrace = 3", 3, "unknown key `grace`; known are grace-days"),
        ("[qualification]\naccepted = [\"QSeal\"]", 3, "the nearest is `QESeal`"),
        ("[algorithms]\nforecasts-after = \"unlimited\"", 3, "expected a date, or \"never\""),
        (
            "[algorithms.digests]\nSHA256 = \"never\"",
            3,
            "unknown digest algorithm `SHA256`; the nearest is `SHA-256`",
        ),
        ("[algorithms.digests]\nSHA-256 = 2030-13-01", 3, ""),
        ("[algorithms.digests]\nSHA-256 = 2030-01-01T00:00:00", 3, "expected a date"),
        ("[algorithms.keys.RSA]\n1e3 = \"never\"", 3, "expected a size in bits"),
        ("[algorithms.keys.DH]\n1024 = \"never\"", 2, "unknown signature scheme `DH`"),
        ("[algorithms.keys.RSA]\n1024 = \"soon\"", 3, "\"unlimited\" or \"never\", found \"soon\""),
        ("[checks", 2, ""),
    ] {
        let error = extended(text).unwrap_err();
        assert_eq!(error.line(), Some(line), "{text}: {error}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert!(error.to_string().starts_with(&format!("policy: line {line}: ")), "{error}");
    }
    let nameless = Policy::parse("extends = \"default\"").unwrap_err();
    assert_eq!((nameless.line(), nameless.to_string()), (None, "policy: `name` is missing".into()));
    let spaced = Policy::parse("name = \"my own\"").unwrap_err();
    assert_eq!(spaced.line(), Some(1));
}

#[test]
fn a_name_built_in_means_what_is_built_in() {
    for name in Policy::BUILT_IN {
        assert_eq!(Policy::built_in(name).unwrap().name(), name);
        assert_eq!(Policy::read(name).unwrap().name(), name);
        let error = Policy::parse(&format!("\nname = \"{name}\"\n[lists]\ngrace-days = 9")).unwrap_err();
        assert_eq!(error.line(), Some(2));
        assert!(error.to_string().contains("built in, and this is another"), "{error}");
    }
}

#[test]
fn a_file_names_itself_in_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let path = path.to_str().unwrap();
    std::fs::write(path, "name = \"mine\"\ncolour = \"red\"").unwrap();
    let error = Policy::read(path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("policy: {path}: line 2: unknown key `colour`")), "{error}");
    std::fs::write(path, "#".repeat(2 << 20)).unwrap();
    assert!(Policy::read(path).unwrap_err().to_string().contains("bytes at most"));
    let missing = Policy::read("qualified-seals").unwrap_err().to_string();
    assert!(missing.contains("the nearest is `qualified-seal`; nor is it a file"), "{missing}");
}

#[test]
fn age_counts_from_this_update_by_position() {
    let freshness = Freshness { at: FreshAt::ValidationTime, signer_days: 7, authority_days: 366 };
    let fresh = |position, at| freshness.fresh(time("2026-01-01T00:00:00Z"), position, time(at));
    assert!(fresh(Position::Signer, "2026-01-08T00:00:00Z"));
    assert!(!fresh(Position::Signer, "2026-01-08T00:00:01Z"));
    assert!(fresh(Position::Authority, "2026-01-08T00:00:01Z"));
    assert!(fresh(Position::Signer, "2025-01-01T00:00:00Z"), "issued after the time in question");
}

#[test]
fn an_algorithm_ends_with_the_earlier_of_digest_and_key() {
    let table = Policy::default().algorithms;
    let of = |scheme, digest, bits| table.signature(&algorithm(scheme, digest), &rsa(bits));
    let sha1 = Reliability::Until(time("2012-08-01T00:00:00Z"));
    assert_eq!(of(Scheme::Rsa, DigestAlgorithm::Sha1, 2048), sha1);
    assert_eq!(
        of(Scheme::Rsa, DigestAlgorithm::Sha256, 1024),
        Reliability::Until(time("2019-10-01T00:00:00Z"))
    );
    assert_eq!(
        of(Scheme::Rsa, DigestAlgorithm::Sha256, 2048),
        Reliability::Forecast(time("2029-01-01T00:00:00Z"))
    );
    assert_eq!(of(Scheme::RsaPss, DigestAlgorithm::Sha256, 4096), Reliability::Unlimited);
    assert_eq!(of(Scheme::Rsa, DigestAlgorithm::Sha256, 512), Reliability::Never);
    assert_eq!(of(Scheme::EdDsa, DigestAlgorithm::Sha512, 256), Reliability::Never);
    assert_eq!(table.digest(DigestAlgorithm::Sha3_224), Reliability::Never);
    assert!(sha1.at(time("2012-08-01T00:00:00Z")) && !sha1.at(time("2012-08-01T00:00:01Z")));
}

#[test]
fn every_digest_is_in_the_table() {
    let table = Policy::default().algorithms;
    let accepted = DIGESTS.iter().filter(|digest| table.digest(**digest) != Reliability::Never).count();
    assert_eq!((table.digests.len(), accepted), (13, 11));
}
