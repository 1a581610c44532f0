//! The protected header (ETSI TS 119 182-1, 5.1 and 5.2) → facts.

use crate::catalogue::say;
use crate::excerpt::excerpt;
use crate::format::Limits;
use crate::format::jose::{base64, base64url};
use crate::format::json::{self, Value};
use crate::signature::algorithm::{DigestAlgorithm, PublicKey};
use crate::signature::{
    Attributes, CertificateReference, Declared, EmbeddedCertificate, SignaturePolicy, SignerIdentification,
    Source, Structure,
};
use crate::time::Time;

/// Header members that `crit` may name, since they are understood here (TS 119 182-1, 5.1.9).
const UNDERSTOOD: [&str; 13] = [
    "sigT", "x5t#o", "sigX5ts", "srCms", "sigPl", "srAts", "adoTst", "sigPId", "sigD", "iat", "exp", "b64",
    "etsiU",
];

/// Header members of RFC 7515, 4.1 and RFC 7518, 4, which `crit` must not name (RFC 7515, 4.1.11).
const REGISTERED: [&str; 18] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk",
    "apu", "apv", "iv", "tag",
];

/// `sigT` gave way to `iat`: later signatures with it are not baseline (2025-07-15T00:00:00Z).
const END_OF_SIG_T: Time = Time::from_seconds(1_752_537_600);

/// What the protected header says.
pub(super) struct Header {
    /// `alg` as it stands; empty where there is none.
    pub(super) algorithm: String,
    /// Whether the payload is base64url encoded in the signing input (RFC 7797); true where `b64` is absent.
    pub(super) b64: bool,
    /// `sigD`, where there is one.
    pub(super) detached: Option<SigD>,
    /// Tokens of `adoTst`, decoded; empty where a token could not be.
    pub(super) content_timestamps: Vec<Vec<u8>>,
    /// Certificates of `x5c`.
    pub(super) certificates: Vec<EmbeddedCertificate<'static>>,
    pub(super) signer: SignerIdentification,
    pub(super) attributes: Attributes,
    pub(super) structure: Structure,
    /// Whether `sigPId` has a digest.
    pub(super) policy_digest: bool,
    /// Whether a `sigPSt` was seen.
    pub(super) policy_stored: bool,
    /// Names of all members, which no unprotected member may repeat.
    pub(super) names: Vec<String>,
}

/// References to detached content (TS 119 182-1, 5.2.8).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SigD {
    /// `mId`.
    pub(super) mechanism: String,
    /// `pars`.
    pub(super) names: Vec<String>,
    /// `hashM`.
    pub(super) algorithm: Option<String>,
    /// `hashV`, as it stands.
    pub(super) digests: Vec<String>,
}

impl Header {
    /// Reads the header from its base64url text. Never fails: what is wrong becomes a fact of the structure.
    pub(super) fn read(protected: &str, counter: bool, limits: &Limits) -> Self {
        let mut structure = Structure::default();
        let decoded = base64url(protected).unwrap_or_else(|| {
            structure.format_failures.push(say("detail.jades-header"));
            Vec::new()
        });
        let value = json::parse(&decoded, limits).unwrap_or_else(|error| {
            structure.format_failures.push(say("detail.jades-header-unread").with("why", error));
            Value::Null
        });
        if value.as_object().is_none() {
            structure.format_failures.push(say("detail.jades-header-object"));
        }
        let mut header = Self {
            algorithm: text(&value, "alg").unwrap_or_default(),
            b64: true,
            detached: None,
            content_timestamps: Vec::new(),
            certificates: Vec::new(),
            signer: SignerIdentification::default(),
            attributes: Attributes::default(),
            structure,
            policy_digest: false,
            policy_stored: false,
            names: value.as_object().unwrap_or_default().iter().map(|(name, _)| name.to_string()).collect(),
        };
        header.read_encoding(&value);
        header.read_signer(&value);
        header.read_attributes(&value);
        header.read_detached(&value);
        header.content_timestamps =
            value.get("adoTst").map(|tst| tokens(tst, &mut header.structure)).unwrap_or_default();
        header.check_baseline(&value, counter);
        header
    }

    fn read_encoding(&mut self, value: &Value<'_>) {
        match value.get("b64") {
            None => {}
            Some(Value::Bool(b64)) => self.b64 = *b64,
            Some(_) => self.structure.format_failures.push(say("detail.jades-b64")),
        }
    }

    fn read_signer(&mut self, value: &Value<'_>) {
        let signer = &mut self.signer;
        if let Some(chain) = value.get("x5c") {
            match chain.as_array() {
                Some(entries) => {
                    for entry in entries {
                        match entry.as_str().and_then(base64) {
                            Some(der) => self.certificates.push(EmbeddedCertificate {
                                der: der.into(),
                                source: Source::KeyInfo,
                                after_timestamps: 0,
                            }),
                            None => {
                                self.structure.schema_warnings.push(say("detail.jades-x5c-entry"));
                            }
                        }
                    }
                }
                None => self.structure.schema_warnings.push(say("detail.jades-x5c")),
            }
        }
        signer.candidates = (0..self.certificates.len()).collect();
        signer.kid = text(value, "kid").and_then(|kid| base64(&kid)).filter(|der| der.first() == Some(&0x30));
        signer.key = value.get("jwk").and_then(public_key);

        let thumbprint = text(value, "x5t#S256").map(|digest| CertificateReference {
            digest_algorithm: Declared::Known(DigestAlgorithm::Sha256),
            digest: base64url(&digest).unwrap_or_default(),
            issuer_serial: None,
        });
        let several = value.get("sigX5ts").map(Value::one_or_many).unwrap_or_default();
        signer.references = thumbprint
            .into_iter()
            .chain(value.get("x5t#o").map(certificate_reference))
            .chain(several.iter().map(certificate_reference))
            .collect();
        signer.reference_attributes =
            ["x5t#S256", "x5t#o", "sigX5ts"].iter().filter(|name| value.get(name).is_some()).count();
    }

    fn read_attributes(&mut self, value: &Value<'_>) {
        let attributes = &mut self.attributes;
        attributes.signing_time = match (value.get("sigT"), value.get("iat")) {
            (Some(sig_t), None) => sig_t.as_str().and_then(signing_time),
            (None, Some(iat)) => iat.as_number().and_then(numeric_date),
            // Two claims, or none: there is no telling which time is meant.
            _ => None,
        };
        let commitments = value.get("srCms").map(Value::one_or_many).unwrap_or_default();
        attributes.commitments =
            commitments.iter().filter_map(|one| identifier(one.get("commId")?)).collect();
        attributes.claimed_roles = value
            .get("srAts")
            .into_iter()
            .flat_map(Value::one_or_many)
            .filter_map(|roles| roles.get("claimed"))
            .flat_map(Value::one_or_many)
            .filter_map(|role| role.get("qVals"))
            .flat_map(Value::one_or_many)
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect();
        attributes.production_place = value.get("sigPl").and_then(place);
        // RFC 7515, 4.1.10: `application/` is left out.
        attributes.media_type = text(value, "cty").map(|cty| match cty.contains('/') {
            true => cty,
            false => format!("application/{cty}"),
        });
        if let Some(policy) = value.get("sigPId") {
            let digest = policy.get("digVal").and_then(Value::as_str).and_then(|digest| {
                Some((
                    digest_algorithm(policy.get("digAlg")?.as_str()?),
                    base64url(digest).or_else(|| base64(digest))?,
                ))
            });
            self.policy_digest = digest.is_some();
            match policy.get("id").and_then(identifier) {
                Some(id) => attributes.policy = Some(SignaturePolicy::Identified { id, digest }),
                None => self.structure.schema_warnings.push(say("detail.jades-policy")),
            }
        }
    }

    fn read_detached(&mut self, value: &Value<'_>) {
        let Some(sig_d) = value.get("sigD") else { return };
        let list = |name: &str| -> Vec<String> {
            let entries = sig_d.get(name).and_then(Value::as_array).unwrap_or_default();
            entries.iter().map(|entry| entry.as_str().unwrap_or_default().to_owned()).collect()
        };
        self.detached = Some(SigD {
            mechanism: text(sig_d, "mId").unwrap_or_default(),
            names: list("pars"),
            algorithm: text(sig_d, "hashM"),
            digests: list("hashV"),
        });
    }

    /// The requirements of baseline B that stand in the protected header (TS 119 182-1, 6.3).
    fn check_baseline(&mut self, value: &Value<'_>, counter: bool) {
        let has = |name: &str| value.get(name).is_some();
        let mut why = Vec::new();
        if text(value, "alg").is_none() {
            why.push("no `alg`".into());
        }
        if counter && has("cty") {
            why.push("a counter-signature with `cty`".into());
        }
        self.check_critical(value, &mut why);
        match (value.get("sigT"), value.get("iat"), self.attributes.signing_time) {
            (Some(_), Some(_), _) => why.push("both `sigT` and `iat`".into()),
            (None, None, _) => why.push("neither `sigT` nor `iat`".into()),
            (_, _, None) => why.push("the signing time cannot be read".into()),
            (Some(_), None, Some(time)) if time >= END_OF_SIG_T => {
                why.push(format!("`sigT` {time}, where `iat` is required from {END_OF_SIG_T}"));
            }
            _ => {}
        }
        if self.signer.reference_attributes != 1 {
            let found = self.signer.reference_attributes;
            why.push(format!("one of `x5t#S256`, `x5t#o`, `sigX5ts` is required, {found} found"));
        }
        self.structure.not_baseline_b = why;
    }

    /// RFC 7515, 4.1.11: a `crit` that is broken is not baseline; one that names what is not understood here makes
    /// the signature invalid.
    fn check_critical(&mut self, value: &Value<'_>, why: &mut Vec<String>) {
        let mut named = Vec::new();
        match value.get("crit") {
            None => {}
            Some(Value::Array(entries)) if !entries.is_empty() => {
                for entry in entries {
                    let Some(name) = entry.as_str() else {
                        why.push("a `crit` entry is not a string".into());
                        continue;
                    };
                    let known = UNDERSTOOD.contains(&name);
                    if named.contains(&name) {
                        why.push(format!("`crit` names `{name}` twice"));
                    } else if REGISTERED.contains(&name) {
                        why.push(format!("`crit` names `{name}`, which RFC 7515 and RFC 7518 register"));
                    } else if !known {
                        let shown = excerpt(name, 64);
                        let refused = say("detail.jades-critical").with("name", shown);
                        why.push(refused.to_string());
                        self.structure.format_failures.push(refused);
                    } else if value.get(name).is_none() {
                        why.push(format!("`crit` names `{name}`, which is absent"));
                    }
                    named.push(name);
                }
            }
            Some(_) => why.push("`crit` is not an array of names".into()),
        }
        for name in ["sigD", "b64"] {
            if value.get(name).is_some() && !named.contains(&name) {
                why.push(format!("`{name}` is used but not in `crit`"));
            }
        }
    }
}

/// The decoded tokens of a time-stamp container (TS 119 182-1, 5.4.3.3). One that cannot be decoded stays, empty:
/// it must not vanish from the count.
pub(super) fn tokens(container: &Value<'_>, structure: &mut Structure) -> Vec<Vec<u8>> {
    let entries = container.get("tstTokens").and_then(Value::as_array).unwrap_or_default();
    if entries.is_empty() {
        structure.schema_warnings.push(say("detail.jades-no-tokens"));
    }
    entries
        .iter()
        .map(|entry| {
            text(entry, "val").and_then(|token| base64(&token)).unwrap_or_else(|| {
                structure.schema_warnings.push(say("detail.jades-token"));
                Vec::new()
            })
        })
        .collect()
}

fn text(value: &Value<'_>, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

/// An oId: an object with `id`, or the identifier alone.
fn identifier(value: &Value<'_>) -> Option<String> {
    value.as_str().or_else(|| value.get("id")?.as_str()).map(str::to_owned)
}

/// A digest algorithm by the name it has in JAdES.
pub(super) fn digest_algorithm(name: &str) -> Declared<DigestAlgorithm> {
    DigestAlgorithm::from_jose_name(name).map_or_else(|| Declared::Unknown(name.to_owned()), Declared::Known)
}

/// `digAlg` and `digVal` (TS 119 182-1, 5.4.1).
fn certificate_reference(value: &Value<'_>) -> CertificateReference {
    CertificateReference {
        digest_algorithm: digest_algorithm(&text(value, "digAlg").unwrap_or_default()),
        digest: text(value, "digVal").and_then(|digest| base64url(&digest)).unwrap_or_default(),
        issuer_serial: None,
    }
}

/// A date-time in UTC, to the second (TS 119 182-1, 5.2.1).
fn signing_time(text: &str) -> Option<Time> {
    Time::parse_rfc3339(text)
}

/// A NumericDate (RFC 7519, 2): seconds, its fraction cut off.
fn numeric_date(number: &str) -> Option<Time> {
    let seconds = number.split('.').next()?.parse::<i64>().ok()?;
    // Beyond the year 9999 it is no date that anything here can print or compare.
    (0..=253_402_300_799).contains(&seconds).then(|| Time::from_seconds(seconds))
}

/// A bare key (RFC 7517; RFC 7518, 6; RFC 8037, 2) as SubjectPublicKeyInfo.
fn public_key(jwk: &Value<'_>) -> Option<Vec<u8>> {
    let part = |name: &str| jwk.get(name)?.as_str().and_then(base64url);
    match jwk.get("kty")?.as_str()? {
        "RSA" => Some(PublicKey::spki_from_rsa(&part("n")?, &part("e")?)),
        "EC" => PublicKey::spki_from_ec(jwk.get("crv")?.as_str()?, &part("x")?, &part("y")?),
        "OKP" if jwk.get("crv")?.as_str()? == "Ed25519" => Some(PublicKey::spki_from_ed25519(&part("x")?)),
        _ => None,
    }
}

fn place(place: &Value<'_>) -> Option<String> {
    let parts = ["streetAddress", "addressLocality", "addressRegion", "postalCode", "addressCountry"];
    let named: Vec<&str> = parts.iter().filter_map(|name| place.get(name)?.as_str()).collect();
    (!named.is_empty()).then(|| named.join(", "))
}
