//! The examples: sound and broken credentials, each with the verdict that it is made for.
//!
//! The verdicts are those of EN 319 102-1 and TS 119 615, validated offline against this domain's lists at any
//! time after generation; they are stated here, not computed by any validator.

mod envelopes;

use super::content::Content;
use super::jades::{self, Form, HeaderFault, Level, Sealed};
use super::pki::{Evidence, Sealer};
use super::xades::{self, Exclusion};
use super::{Demo, alter_after, elm_v2, elm_v3};
use sealgate::time::Time;
use serde_json::{Map, Value, json};

const DAY: i64 = 86_400;

/// One example file.
pub struct Example {
    /// Path below `examples/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What a validator has to say.
    pub expected: Expected,
}

/// A verdict, in the words of the output contract.
#[derive(Clone, Copy)]
pub struct Expected {
    /// `TOTAL-PASSED`, `TOTAL-FAILED` or `INDETERMINATE`.
    pub indication: &'static str,
    /// Sub-indication, in ETSI's words.
    pub sub_indication: Option<&'static str>,
    /// Signature qualification.
    pub qualification: &'static str,
    /// Signature level.
    pub level: &'static str,
    /// Why, in a sentence.
    pub because: &'static str,
}

impl Expected {
    /// The verdict on the whole file.
    pub fn verdict(&self) -> &'static str {
        match self.indication {
            "TOTAL-PASSED" => "passed",
            "TOTAL-FAILED" => "failed",
            _ => "indeterminate",
        }
    }
}

/// `expected.json`: path → verdict.
pub fn expected(examples: &[Example]) -> Value {
    let entries: Map<String, Value> = examples
        .iter()
        .map(|example| {
            let Expected { indication, sub_indication, qualification, level, because } = example.expected;
            let entry = json!({
                "verdict": example.expected.verdict(),
                "indication": indication,
                "sub_indication": sub_indication,
                "qualification": qualification,
                "level": level,
                "because": because,
            });
            (example.path.clone(), entry)
        })
        .collect();
    Value::Object(entries)
}

/// All of them.
pub fn all(demo: &Demo) -> Vec<Example> {
    let mut maker = Maker { demo, made: Vec::new() };
    maker.sound_json();
    maker.sound_xml();
    maker.altered_json();
    maker.untrusted_json();
    maker.broken_xml();
    maker.sound_envelopes();
    maker.broken_envelopes();
    maker.made
}

struct Maker<'d> {
    demo: &'d Demo,
    made: Vec<Example>,
}

/// What varies from example to example; the rest is as [`Maker::recipe`] has it.
struct Recipe {
    sealer: Sealer,
    level: Level,
    form: Form,
    at: Time,
    evidence: Option<Evidence>,
    full: bool,
    fault: HeaderFault,
    broken_imprint: bool,
}

fn passed(qualification: &'static str, level: &'static str, because: &'static str) -> Expected {
    Expected { indication: "TOTAL-PASSED", sub_indication: None, qualification, level, because }
}

fn failed(
    sub: &'static str,
    qualification: &'static str,
    level: &'static str,
    because: &'static str,
) -> Expected {
    Expected { indication: "TOTAL-FAILED", sub_indication: Some(sub), qualification, level, because }
}

fn open(
    sub: &'static str,
    qualification: &'static str,
    level: &'static str,
    because: &'static str,
) -> Expected {
    Expected { indication: "INDETERMINATE", sub_indication: Some(sub), qualification, level, because }
}

impl Maker<'_> {
    fn now(&self) -> Time {
        self.demo.options.reference
    }

    fn recipe(&self, sealer: Sealer, level: Level) -> Recipe {
        Recipe {
            sealer,
            level,
            form: Form::General,
            at: self.now(),
            evidence: None,
            full: false,
            fault: HeaderFault::None,
            broken_imprint: false,
        }
    }

    fn content(&self, recipe: &Recipe) -> Content {
        Content {
            index: 1 + self.made.len() as u64,
            sealer: recipe.sealer,
            issued: recipe.at,
            picture: recipe.full.then_some(self.demo.options.picture),
        }
    }

    fn evidence(&self, recipe: &Recipe) -> Evidence {
        match &recipe.evidence {
            Some(evidence) => evidence.clone(),
            None if recipe.level >= Level::Lt => self.demo.pki.evidence(recipe.sealer, recipe.at),
            None => Evidence::default(),
        }
    }

    fn json(&self, recipe: &Recipe) -> Sealed {
        jades::seal(&jades::Order {
            payload: &elm_v3::credential(&self.content(recipe)),
            signer: self.demo.pki.sealer(recipe.sealer),
            tsa: &self.demo.pki.tsa,
            at: recipe.at,
            level: recipe.level,
            evidence: self.evidence(recipe),
            form: recipe.form,
            fault: recipe.fault,
            broken_imprint: recipe.broken_imprint,
        })
    }

    fn xml(&self, recipe: &Recipe, wrong_certificate: bool) -> String {
        let content = self.content(recipe);
        let (canonical, position) = elm_v2::credential(&content);
        let signed = xades::seal(&xades::Order {
            canonical: &canonical,
            position,
            exclusion: Exclusion::Filter2,
            signer: self.demo.pki.sealer(recipe.sealer),
            tsa: &self.demo.pki.tsa,
            at: recipe.at,
            level: recipe.level,
            evidence: self.evidence(recipe),
            wrong_certificate,
            broken_imprint: recipe.broken_imprint,
        });
        elm_v2::relax(&signed, &content)
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>, expected: Expected) {
        assert!(self.made.iter().all(|example| example.path != path), "{path} twice");
        self.made.push(Example { path: path.to_owned(), bytes, expected });
    }

    fn add_json(&mut self, path: &str, recipe: &Recipe, expected: Expected) {
        let bytes = self.json(recipe).bytes();
        self.add(path, bytes, expected);
    }

    fn add_xml(&mut self, path: &str, recipe: &Recipe, expected: Expected) {
        let bytes = self.xml(recipe, false).into_bytes();
        self.add(path, bytes, expected);
    }

    fn sound_json(&mut self) {
        let offline = "The certificate is qualified and has no revocation service, so nothing is missing.";
        let compact = Recipe { form: Form::Compact, ..self.recipe(Sealer::Compact, Level::B) };
        self.add_json("sound/b-compact.jwt", &compact, passed("AdESeal-QC", "JAdES-BASELINE-B", offline));
        let compact = Recipe { form: Form::Compact, ..self.recipe(Sealer::CompactEc, Level::B) };
        self.add_json("sound/b-compact-ec.jwt", &compact, passed("AdESeal-QC", "JAdES-BASELINE-B", offline));
        let basic = Recipe { full: true, ..self.recipe(Sealer::Compact, Level::B) };
        self.add_json("sound/b-general.jsonld", &basic, passed("AdESeal-QC", "JAdES-BASELINE-B", offline));
        let stamped = Recipe { form: Form::Flattened, ..self.recipe(Sealer::Compact, Level::T) };
        self.add_json(
            "sound/t-flattened.jsonld",
            &stamped,
            passed("AdESeal-QC", "JAdES-BASELINE-T", offline),
        );
        let stamped = self.recipe(Sealer::CompactEc, Level::T);
        self.add_json("sound/t-general.jsonld", &stamped, passed("AdESeal-QC", "JAdES-BASELINE-T", offline));
        let device = "Qualified certificate, key on a qualified device by its own statement.";
        for (path, level, name) in [
            ("sound/lt-qualified.jsonld", Level::Lt, "JAdES-BASELINE-LT"),
            ("sound/lta-qualified.jsonld", Level::Lta, "JAdES-BASELINE-LTA"),
        ] {
            let full = Recipe { full: true, ..self.recipe(Sealer::University, level) };
            self.add_json(path, &full, passed("QESeal", name, device));
        }
        let managed = "The trusted list says that keys under this policy are managed on a qualified device.";
        let remote = self.recipe(Sealer::Remote, Level::Lta);
        self.add_json("sound/lta-remote-ec.jsonld", &remote, passed("QESeal", "JAdES-BASELINE-LTA", managed));
        let college = self.recipe(Sealer::College, Level::Lta);
        let because = "Qualified certificate, no qualified device.";
        self.add_json(
            "sound/lta-college.jsonld",
            &college,
            passed("AdESeal-QC", "JAdES-BASELINE-LTA", because),
        );
        let club = self.recipe(Sealer::Club, Level::Lt);
        let because = "Certificate of a recognised authority, not a qualified one.";
        self.add_json("sound/lt-advanced.jsonld", &club, passed("AdESeal", "JAdES-BASELINE-LT", because));
        let at = self.now().plus_seconds(-60 * DAY);
        let expired = Recipe { at, ..self.recipe(Sealer::Expired, Level::Lta) };
        let because = "The certificate has expired, but the seal was time-stamped before.";
        self.add_json(
            "sound/lta-expired-since.jsonld",
            &expired,
            passed("QESeal", "JAdES-BASELINE-LTA", because),
        );
        let at = self.now().plus_seconds(-20 * DAY);
        let evidence = Some(self.demo.pki.evidence(Sealer::Revoked, self.now()));
        let revoked = Recipe { at, evidence, ..self.recipe(Sealer::Revoked, Level::Lt) };
        let because = "The certificate was revoked ten days after the seal was time-stamped.";
        self.add_json(
            "sound/lt-revoked-since.jsonld",
            &revoked,
            passed("QESeal", "JAdES-BASELINE-LT", because),
        );
    }

    fn sound_xml(&mut self) {
        let basic = Recipe { full: true, ..self.recipe(Sealer::Compact, Level::B) };
        let because = "The certificate is qualified and has no revocation service, so nothing is missing.";
        self.add_xml("sound/elm-v2-b.xml", &basic, passed("AdESeal-QC", "XAdES-BASELINE-B", because));
        let device = "Qualified certificate, key on a qualified device by its own statement.";
        let long = Recipe { full: true, ..self.recipe(Sealer::University, Level::Lt) };
        self.add_xml("sound/elm-v2-lt.xml", &long, passed("QESeal", "XAdES-BASELINE-LT", device));
        let managed = "The trusted list says that keys under this policy are managed on a qualified device.";
        let archival = Recipe { full: true, ..self.recipe(Sealer::Remote, Level::Lta) };
        self.add_xml("sound/elm-v2-lta-ec.xml", &archival, passed("QESeal", "XAdES-BASELINE-LTA", managed));
    }

    fn altered_json(&mut self) {
        // In JAdES the signing input is the one reference: whatever does not verify is HASH_FAILURE.
        let (cause, device) = ("HASH_FAILURE", "Not AdES but QC with QSCD");
        let recipe = self.recipe(Sealer::University, Level::Lt);
        let mut sealed = self.json(&recipe);
        sealed.payload = replace(&sealed.payload, "first lesson", "whole course");
        let expected = failed(cause, device, "JAdES-BASELINE-LT", "The payload is not what was signed.");
        self.add("broken/payload-altered.jsonld", sealed.bytes(), expected);
        let mut sealed = self.json(&recipe);
        let other = Content { index: 4_711, ..self.content(&recipe) };
        sealed.payload = elm_v3::credential(&other);
        let because = "The payload is that of another sealed credential.";
        let expected = failed(cause, device, "JAdES-BASELINE-LT", because);
        self.add("broken/payload-swapped.jsonld", sealed.bytes(), expected);
        let mut sealed = self.json(&recipe);
        sealed.alter_signature();
        let because = "One bit of the signature value is another (so its time-stamp's imprint differs too).";
        let expected = failed(cause, device, "JAdES-BASELINE-LT", because);
        self.add("broken/signature-value-altered.jsonld", sealed.bytes(), expected);
        let mut sealed = self.json(&recipe);
        let time = (recipe.at.millis() / 1000).to_string();
        let earlier = (recipe.at.millis() / 1000 - 1).to_string();
        sealed.alter_protected(&time, &earlier);
        let because = "The claimed signing time in the protected header was changed.";
        let expected = failed(cause, device, "JAdES-BASELINE-LT", because);
        self.add("broken/protected-header-altered.jsonld", sealed.bytes(), expected);
        let mut sealed = self.json(&Recipe { form: Form::Compact, ..self.recipe(Sealer::Compact, Level::B) });
        sealed.payload = replace(&sealed.payload, "first lesson", "whole course");
        let because = "The payload is not what was signed.";
        let expected = failed(cause, "Not AdES but QC", "JAdES-BASELINE-B", because);
        self.add("broken/payload-altered-compact.jwt", sealed.bytes(), expected);
        let unknown =
            Recipe { fault: HeaderFault::UnknownCritical, ..self.recipe(Sealer::Compact, Level::B) };
        let because = "`crit` names a header parameter that nobody understands (RFC 7515, 4.1.11).";
        let expected = failed("FORMAT_FAILURE", "Not AdES but QC", "JSON-NOT-ETSI", because);
        self.add_json("broken/unknown-critical.jsonld", &unknown, expected);
        let thumbprint = Recipe { fault: HeaderFault::Thumbprint, ..self.recipe(Sealer::Compact, Level::B) };
        let (cause, because) =
            ("NO_SIGNING_CERTIFICATE_FOUND", "`x5t#S256` is the digest of another certificate.");
        let expected = open(cause, "Indeterminate AdESeal-QC", "JAdES-BASELINE-B", because);
        self.add_json("broken/wrong-thumbprint.jsonld", &thumbprint, expected);
    }

    fn untrusted_json(&mut self) {
        let stranger = self.recipe(Sealer::Stranger, Level::Lt);
        let because = "No trusted list leads to the certificate, whatever name it bears.";
        let expected = open("NO_CERTIFICATE_CHAIN_FOUND", "N/A", "JAdES-BASELINE-LT", because);
        self.add_json("broken/untrusted-ca.jsonld", &stranger, expected);
        let at = self.now().plus_seconds(-60 * DAY);
        let evidence = Some(self.demo.pki.evidence(Sealer::Expired, at));
        let expired = Recipe { at, evidence, ..self.recipe(Sealer::Expired, Level::B) };
        let because = "The certificate has expired and no time-stamp proves that the seal is older.";
        let expected = open("OUT_OF_BOUNDS_NOT_REVOKED", "Indeterminate QESeal", "JAdES-BASELINE-B", because);
        self.add_json("broken/certificate-expired.jsonld", &expired, expected);
        let imprint = Recipe { broken_imprint: true, ..self.recipe(Sealer::University, Level::Lt) };
        let because = "The time-stamp covers something else and proves nothing; nothing hangs on it here.";
        let expected = passed("QESeal", "JAdES-BASELINE-LT", because);
        self.add_json("broken/timestamp-imprint.jsonld", &imprint, expected);
        let imprint = Recipe { at, broken_imprint: true, ..self.recipe(Sealer::Expired, Level::Lt) };
        let because =
            "The certificate has expired, and the time-stamp that should help covers something else.";
        let expected =
            open("OUT_OF_BOUNDS_NOT_REVOKED", "Indeterminate QESeal", "JAdES-BASELINE-LT", because);
        self.add_json("broken/timestamp-imprint-expired.jsonld", &imprint, expected);
        let revoked = self.recipe(Sealer::Revoked, Level::Lt);
        let because = "The certificate had been revoked for ten days when the seal was time-stamped.";
        let expected = open("REVOKED_NO_POE", "Indeterminate QESeal", "JAdES-BASELINE-LT", because);
        self.add_json("broken/certificate-revoked.jsonld", &revoked, expected);
        let bare = self.recipe(Sealer::University, Level::B);
        let because =
            "The certificate needs revocation data; the file has none, and offline none is fetched.";
        let expected =
            open("CERTIFICATE_CHAIN_GENERAL_FAILURE", "Indeterminate QESeal", "JAdES-BASELINE-B", because);
        self.add_json("broken/no-revocation-data.jsonld", &bare, expected);
        let withdrawn = self.recipe(Sealer::Withdrawn, Level::Lt);
        let because = "The trust service was withdrawn a year before the seal was made.";
        let cause = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE";
        let expected = open(cause, "Indeterminate AdESeal", "JAdES-BASELINE-LT", because);
        self.add_json("broken/withdrawn-service.jsonld", &withdrawn, expected);
    }

    fn broken_xml(&mut self) {
        let device = "Not AdES but QC with QSCD";
        let recipe = self.recipe(Sealer::University, Level::Lt);
        let altered = self.xml(&recipe, false).replacen("4.5 of 5", "5.0 of 5", 1);
        let expected = failed("HASH_FAILURE", device, "XAdES-BASELINE-LT", "A grade is not what was signed.");
        self.add("broken/elm-v2-payload-altered.xml", altered.into_bytes(), expected);
        let (signed, content) = (self.xml(&recipe, false), self.content(&recipe));
        let swapped = signed.replace(&content.id(), &Content { index: 4_711, ..content.clone() }.id());
        let because = "The signature was moved into another credential.";
        let expected = failed("HASH_FAILURE", device, "XAdES-BASELINE-LT", because);
        self.add("broken/elm-v2-payload-swapped.xml", swapped.into_bytes(), expected);
        let altered = alter_after(&self.xml(&recipe, false), "<ds:SignatureValue", 40);
        let because = "The signature value is another (so its time-stamp's imprint differs too).";
        let expected = failed("SIG_CRYPTO_FAILURE", device, "XAdES-BASELINE-LT", because);
        self.add("broken/elm-v2-signature-value-altered.xml", altered.into_bytes(), expected);
        let time = format!("<xades:SigningTime>{}", recipe.at);
        let earlier = format!("<xades:SigningTime>{}", recipe.at.plus_seconds(-1));
        let altered = self.xml(&recipe, false).replacen(&time, &earlier, 1);
        let because = "The claimed signing time among the signed properties was changed.";
        let expected = failed("HASH_FAILURE", device, "XAdES-BASELINE-LT", because);
        self.add("broken/elm-v2-signed-properties-altered.xml", altered.into_bytes(), expected);
        let basic = self.recipe(Sealer::Compact, Level::B);
        let (cause, because) =
            ("NO_SIGNING_CERTIFICATE_FOUND", "SigningCertificateV2 has the digest of another certificate.");
        let expected = open(cause, "Indeterminate AdESeal-QC", "XAdES-BASELINE-B", because);
        let wrong = self.xml(&basic, true).into_bytes();
        self.add("broken/elm-v2-wrong-certificate-digest.xml", wrong, expected);
        let stranger = self.recipe(Sealer::Stranger, Level::Lt);
        let because = "No trusted list leads to the certificate, whatever name it bears.";
        let expected = open("NO_CERTIFICATE_CHAIN_FOUND", "N/A", "XAdES-BASELINE-LT", because);
        self.add_xml("broken/elm-v2-untrusted-ca.xml", &stranger, expected);
        let at = self.now().plus_seconds(-60 * DAY);
        let evidence = Some(self.demo.pki.evidence(Sealer::Expired, at));
        let expired = Recipe { at, evidence, ..self.recipe(Sealer::Expired, Level::B) };
        let because = "The certificate has expired and no time-stamp proves that the seal is older.";
        let expected = open("OUT_OF_BOUNDS_NOT_REVOKED", "Indeterminate QESeal", "XAdES-BASELINE-B", because);
        self.add_xml("broken/elm-v2-certificate-expired.xml", &expired, expected);
        let revoked = self.recipe(Sealer::Revoked, Level::Lt);
        let because = "The certificate had been revoked for ten days when the seal was time-stamped.";
        let expected = open("REVOKED_NO_POE", "Indeterminate QESeal", "XAdES-BASELINE-LT", because);
        self.add_xml("broken/elm-v2-certificate-revoked.xml", &revoked, expected);
        let imprint = Recipe { broken_imprint: true, ..self.recipe(Sealer::University, Level::Lt) };
        let because = "The time-stamp covers something else and proves nothing; nothing hangs on it here.";
        let expected = passed("QESeal", "XAdES-BASELINE-LT", because);
        self.add_xml("broken/elm-v2-timestamp-imprint.xml", &imprint, expected);
    }
}

fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from} in the payload");
    text.replacen(from, to, 1).into_bytes()
}
