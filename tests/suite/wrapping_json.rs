//! JAdES: no rearrangement of a sealed credential verifies as something else that the credential reader then reads,
//! and no key or algorithm but the certificate's is taken.

use crate::support::{demo_pipeline, root};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use sealgate::pipeline::Request;
use sealgate::report::Overall;
use sealgate::signature::Detached;
use sealgate::time::Time;
use serde_json::{Value, json};

/// A sealed credential in its parts.
struct Sealed {
    /// Whether the payload is base64url, or stands as it is (RFC 7797).
    b64: bool,
    payload: String,
    protected: String,
    signature: String,
    /// The unprotected header, `null` where there is none.
    header: Value,
    /// The payload of a forged credential.
    forged: String,
    /// The credential that the original's verdict has, as JSON.
    credential: String,
}

impl Sealed {
    fn read(file: &str) -> Self {
        let text = std::fs::read_to_string(root().join("examples/sound").join(file)).unwrap();
        let (payload, protected, signature, header) = match serde_json::from_str::<Value>(&text) {
            Ok(json) => {
                let one = if json["signatures"].is_array() { &json["signatures"][0] } else { &json };
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (
                    text(&json["payload"]),
                    text(&one["protected"]),
                    text(&one["signature"]),
                    one["header"].clone(),
                )
            }
            Err(_) => {
                let parts: Vec<&str> = text.trim().split('.').collect();
                (parts[1].to_owned(), parts[0].to_owned(), parts[2].to_owned(), Value::Null)
            }
        };
        let b64 = !payload.starts_with('{');
        let words = if b64 { decode(&payload) } else { payload.clone() };
        let forged = words.replace("Sealed", "Forged").replace("Bees", "Forged").replace("Aster", "Forged");
        assert_ne!(words, forged, "{file}");
        let verdict = verify(text.as_bytes(), &[]);
        assert_eq!(verdict.0, Overall::Passed, "{file}");
        assert!(!verdict.1.contains("Forged"));
        let forged = if b64 { URL_SAFE_NO_PAD.encode(forged) } else { forged };
        Self { b64, payload, protected, signature, header, forged, credential: verdict.1 }
    }

    fn all() -> Vec<Self> {
        ["t-flattened.jsonld", "lt-qualified.jsonld", "b-compact.jwt", "b-compact-ec.jwt", "b-general.jsonld"]
            .map(Self::read)
            .into()
    }

    /// Whether a rearrangement passes; what it then says must be what was sealed.
    fn passes_with(&self, what: &str, text: impl AsRef<[u8]>, detached: &[Detached]) -> bool {
        let (verdict, credential) = verify(text.as_ref(), detached);
        if verdict != Overall::Passed {
            return false;
        }
        assert_eq!(credential, self.credential, "{what}: passes as another credential");
        true
    }

    fn passes(&self, what: &str, text: impl AsRef<[u8]>) -> bool {
        self.passes_with(what, text, &[])
    }

    fn never_passes(&self, what: &str, text: impl AsRef<[u8]>) {
        assert!(!self.passes(what, text), "{what}: passes");
    }

    /// The words of the payload, or of the forged one, without the encoding.
    fn words(&self, payload: &str) -> String {
        if self.b64 { decode(payload) } else { payload.to_owned() }
    }

    /// The flattened serialisation.
    fn flattened(&self) -> Value {
        let mut json =
            json!({"payload": self.payload, "protected": self.protected, "signature": self.signature});
        if self.header.is_object() {
            json["header"] = self.header.clone();
        }
        json
    }

    fn protected(&self) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&self.protected).unwrap()).unwrap()
    }

    /// The same header with other members, over a payload, with the value that `sign` makes.
    fn resigned(
        &self,
        members: &[(&str, Value)],
        payload: &str,
        sign: &dyn Fn(&[u8]) -> Vec<u8>,
    ) -> [String; 2] {
        let mut header = self.protected();
        for (name, value) in members {
            header[*name] = value.clone();
            if value.is_null() {
                header.as_object_mut().unwrap().remove(*name);
            }
        }
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let value = URL_SAFE_NO_PAD.encode(sign(format!("{protected}.{payload}").as_bytes()));
        let json = json!({"payload": payload, "protected": protected, "signature": value});
        [format!("{protected}.{payload}.{value}"), json.to_string()]
    }
}

fn decode(text: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn verify(bytes: &[u8], detached: &[Detached]) -> (Overall, String) {
    let time = Time::parse_rfc3339("2026-11-22T00:00:00Z").unwrap();
    let verdict = demo_pipeline().verify(bytes, &Request { detached, ..Request::at(time) });
    (verdict.verdict, serde_json::to_string(&verdict.credential).unwrap())
}

fn members(list: &[(&str, &str)]) -> String {
    let list: Vec<String> =
        list.iter().map(|(name, value)| format!("\"{name}\":{}", Value::from(*value))).collect();
    format!("{{{}}}", list.join(","))
}

#[test]
fn the_flattened_form_of_each_still_passes() {
    for sealed in Sealed::all() {
        assert!(sealed.passes("flattened", sealed.flattened().to_string()));
        let mut general = sealed.flattened();
        let payload = general.as_object_mut().unwrap().remove("payload").unwrap();
        assert!(sealed.passes("general", json!({"payload": payload, "signatures": [general]}).to_string()));
    }
}

#[test]
fn duplicate_members() {
    for sealed in Sealed::all() {
        let Sealed { payload, protected, signature, forged, .. } = &sealed;
        let other = sealed.resigned(&[("alg", json!("none"))], forged, &|_| Vec::new())[0].clone();
        let (other_protected, _) = other.split_once('.').unwrap();
        for name in ["payload", "p\\u0061yload"] {
            for (first, second) in [(payload, forged), (forged, payload), (payload, payload)] {
                for places in [[0, 1], [0, 3], [2, 3]] {
                    let mut list = vec![("protected", protected.as_str()), ("signature", signature)];
                    list.insert(places[0].min(list.len()), ("payload", first));
                    list.insert(places[1].min(list.len()), ("again", second));
                    let text = members(&list).replace("\"again\"", &format!("\"{name}\""));
                    sealed.never_passes("`payload` twice", text);
                }
            }
        }
        for (name, first, second) in [
            ("protected", protected.as_str(), other_protected),
            ("protected", other_protected, protected),
            ("signature", signature, "AAAA"),
            ("signature", "AAAA", signature),
        ] {
            let rest = [("payload", payload.as_str()), ("protected", protected), ("signature", signature)];
            let rest = rest.into_iter().filter(|(other, _)| *other != name);
            let list: Vec<(&str, &str)> =
                [(name, first)].into_iter().chain(rest).chain([(name, second)]).collect();
            sealed.never_passes("a member twice", members(&list));
        }
        let one = json!([{"protected": protected, "signature": signature}]);
        for (first, second) in [(&one, &json!([])), (&json!([]), &one), (&one, &one)] {
            sealed.never_passes(
                "`signatures` twice",
                format!("{{\"payload\":{},\"signatures\":{first},\"signatures\":{second}}}", json!(payload)),
            );
        }
    }
}

#[test]
fn payload_as_object_or_as_text() {
    for sealed in Sealed::all() {
        let forged: Value = serde_json::from_str(&sealed.words(&sealed.forged)).unwrap();
        let decoded = sealed.words(&sealed.payload);
        let mut values =
            vec![forged.clone(), json!([forged]), json!(forged.to_string()), json!(true), json!(1)];
        values.extend([json!(null), json!(""), json!([sealed.payload]), json!({"payload": sealed.payload})]);
        values.push(json!(if sealed.b64 { decoded.clone() } else { URL_SAFE_NO_PAD.encode(&decoded) }));
        for value in values {
            let mut json = sealed.flattened();
            json["payload"] = value;
            sealed.never_passes("another kind of payload", json.to_string());
        }
        // Written as an object, the text of the object is what was sealed.
        let text = sealed.flattened().to_string();
        let text = text.replace(&Value::from(sealed.payload.as_str()).to_string(), &decoded);
        assert!(sealed.passes("the payload as an object", text));
        // A payload for one signature alone is none.
        let one =
            json!({"payload": sealed.forged, "protected": sealed.protected, "signature": sealed.signature});
        sealed.never_passes("a payload in the signature", json!({"signatures": [one]}).to_string());
        sealed.passes(
            "a payload in the signature",
            json!({"payload": sealed.payload, "signatures": [one]}).to_string(),
        );
        sealed.never_passes(
            "a payload in the signature",
            json!({"payload": sealed.forged, "signatures": [one]}).to_string(),
        );
        // Beside the payload nothing is read.
        let mut json = sealed.flattened();
        json.as_object_mut().unwrap().extend(forged.as_object().unwrap().clone());
        assert!(sealed.passes("the forged around the payload", json.to_string()));
    }
}

#[test]
fn two_signatures_of_which_one_covers() {
    let all = Sealed::all();
    for (index, sealed) in all.iter().enumerate() {
        let other = &all[(index + 1) % all.len()];
        let one = |sealed: &Sealed| json!({"protected": sealed.protected, "signature": sealed.signature});
        let (own, foreign) = (one(sealed), one(other));
        let mut broken = own.clone();
        broken["signature"] = json!("AAAA");
        let mut empty = own.clone();
        empty["signature"] = json!("");
        for second in [&foreign, &broken, &empty] {
            for list in [json!([own, second]), json!([second, own])] {
                for payload in [&sealed.payload, &sealed.forged, &other.payload] {
                    let text = json!({"payload": payload, "signatures": list}).to_string();
                    sealed.never_passes("a second signature that does not cover", text);
                }
            }
        }
        for payload in [&sealed.forged, &other.payload] {
            let text = json!({"payload": payload, "signatures": [own, own]}).to_string();
            sealed.never_passes("the same twice over another payload", text);
        }
    }
}

#[test]
fn the_unprotected_header_overrides_nothing() {
    for sealed in Sealed::all() {
        let raw = sealed.words(&sealed.forged);
        let certificate = sealed.protected()["x5c"][0].clone();
        for (name, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("x5c", json!([certificate])),
            ("x5c", json!([])),
            ("crit", json!(["b64"])),
            ("crit", json!([])),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("typ", json!("JWT")),
            ("cty", json!("json")),
            ("jwk", json!({"kty": "oct", "k": "AAAA"})),
            ("kid", json!("x")),
            ("x5u", json!("https://issuer.example/x")),
            ("jku", json!("https://issuer.example/x")),
            ("sigT", json!("2000-01-01T00:00:00Z")),
            ("iat", json!(1)),
            ("x5t#S256", json!("AAAA")),
            ("sigD", json!({"mId": "http://uri.etsi.org/19182/ObjectIdByURI", "pars": ["x"]})),
        ] {
            for payload in [&sealed.payload, &sealed.forged, &raw] {
                let mut json = sealed.flattened();
                json["header"][name] = value.clone();
                json["payload"] = json!(payload);
                let passes = sealed.passes("an unprotected member", json.to_string());
                assert!(!passes || *payload == sealed.payload, "{name}: passes over another payload");
                let decides = matches!(name, "alg" | "x5c" | "crit" | "b64");
                assert!(!passes || !decides, "{name}: passes unprotected");
            }
        }
        // Without a protected header nothing is sealed.
        let mut json = sealed.flattened();
        json["header"] = sealed.protected();
        for protected in [json!(""), json!("e30"), json!(null)] {
            json["protected"] = protected;
            sealed.never_passes("the header unprotected", json.to_string());
        }
        json.as_object_mut().unwrap().remove("protected");
        sealed.never_passes("the header unprotected", json.to_string());
    }
}

#[test]
fn no_algorithm_and_no_key_but_the_certificates() {
    let rng = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &rng).unwrap();
    let point = ring::signature::KeyPair::public_key(&key).as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65)});
    for sealed in Sealed::all() {
        let original = URL_SAFE_NO_PAD.decode(&sealed.signature).unwrap();
        for payload in [&sealed.payload, &sealed.forged] {
            for name in ["none", "None", "NONE", "nOnE", "", "none\u{0}", "null"] {
                for value in [Vec::new(), original.clone(), vec![0]] {
                    for text in sealed.resigned(&[("alg", json!(name))], payload, &|_| value.clone()) {
                        sealed.never_passes("alg none", text);
                    }
                }
            }
            for alg in [json!(null), json!(["none"]), json!({}), json!(0)] {
                for text in sealed.resigned(&[("alg", alg)], payload, &|_| original.clone()) {
                    sealed.never_passes("no alg", text);
                }
            }
            // The public key as the secret of a MAC.
            let base64 = sealed.protected()["x5c"][0].as_str().unwrap().to_owned();
            let der = STANDARD.decode(&base64).unwrap();
            let (_, parsed) = x509_parser::parse_x509_certificate(&der).unwrap();
            let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            let spki = parsed.public_key();
            let bits = spki.subject_public_key.data.to_vec();
            for secret in
                [der.clone(), base64.into_bytes(), pem.into_bytes(), spki.raw.to_vec(), bits, Vec::new()]
            {
                for (name, hash) in
                    [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
                {
                    let secret = hmac::Key::new(hash, &secret);
                    let sign = |text: &[u8]| hmac::sign(&secret, text).as_ref().to_vec();
                    for text in sealed.resigned(&[("alg", json!(name))], payload, &sign) {
                        sealed.never_passes("a MAC with the public key", text);
                    }
                }
            }
            // Another key, brought along.
            let sign = |text: &[u8]| key.sign(&rng, text).unwrap().as_ref().to_vec();
            let alg = ("alg", json!("ES256"));
            for members in [
                vec![alg.clone(), ("jwk", jwk.clone())],
                vec![alg.clone(), ("jwk", jwk.clone()), ("x5c", json!(null))],
                vec![alg.clone(), ("jwk", jwk.clone()), ("x5c", json!(null)), ("x5t#S256", json!(null))],
                vec![alg.clone(), ("jwk", jwk.clone()), ("x5t#S256", json!(null))],
                vec![alg.clone()],
            ] {
                for text in sealed.resigned(&members, payload, &sign) {
                    sealed.never_passes("another key", text);
                }
            }
            // A value of zeros.
            for value in [vec![0; 64], vec![0; 256], vec![0; 8]] {
                for name in ["ES256", "ES384", "RS256", "PS256", "EdDSA"] {
                    for text in sealed.resigned(&[("alg", json!(name))], payload, &|_| value.clone()) {
                        sealed.never_passes("zeros", text);
                    }
                }
            }
        }
    }
}

#[test]
fn flattened_and_general_mixed() {
    for sealed in Sealed::all() {
        let one = json!({"protected": sealed.protected, "signature": sealed.signature});
        let forged = sealed.resigned(&[("alg", json!("none"))], &sealed.forged, &|_| Vec::new())[1].clone();
        let forged: Value = serde_json::from_str(&forged).unwrap();
        for payload in [&sealed.payload, &sealed.forged] {
            for (inner, outer) in [(&one, &forged), (&forged, &one), (&one, &one)] {
                let json = json!({
                    "payload": payload,
                    "signatures": [inner],
                    "protected": outer["protected"],
                    "signature": outer["signature"],
                });
                sealed.never_passes("both serialisations", json.to_string());
            }
        }
        // Half a flattened signature beside a general one is none; the general one alone counts.
        let json = json!({"payload": sealed.payload, "signatures": [one], "protected": forged["protected"]});
        sealed.passes("half a flattened signature", json.to_string());
        let json = json!({"payload": sealed.forged, "signatures": [one], "protected": one["protected"]});
        sealed.never_passes("half a flattened signature", json.to_string());
    }
}

#[test]
fn white_space_and_byte_order_marks() {
    for sealed in Sealed::all() {
        let Sealed { payload, protected, signature, forged, .. } = &sealed;
        let compact = format!("{protected}.{payload}.{signature}");
        let json = sealed.flattened().to_string();
        for text in [&compact, &json] {
            for (before, after) in [("\u{feff}", ""), (" \r\n\t", "\n"), ("\u{feff} ", " ")] {
                sealed.passes("around", format!("{before}{text}{after}"));
            }
            let forged_text = text.replace(payload, forged);
            for (before, after) in [
                ("\u{feff}\u{feff}", ""),
                ("\0", ""),
                ("", "\0"),
                ("\u{a0}", ""),
                ("", "\u{feff}"),
                ("", forged_text.as_str()),
                (forged_text.as_str(), ""),
                (forged_text.as_str(), "\n"),
            ] {
                sealed.never_passes("around", format!("{before}{text}{after}"));
            }
            let separated = format!("{forged_text}\n{text}");
            sealed.never_passes("two documents", separated);
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            sealed.never_passes("UTF-16", utf16);
        }
        for part in [payload, protected, signature] {
            for noise in ["=", "==", " ", "\n", "\t", "\r\n", "\0", "\u{feff}", "\u{200b}", "%0A"] {
                for noisy in [
                    format!("{part}{noise}"),
                    format!("{noise}{part}"),
                    format!("{}{noise}{}", &part[..4], &part[4..]),
                ] {
                    let (mut json, text) = (sealed.flattened(), compact.replace(part.as_str(), &noisy));
                    for name in ["payload", "protected", "signature"] {
                        if json[name] == json!(part) {
                            json[name] = json!(noisy);
                        }
                    }
                    sealed.never_passes("noise in a part", json.to_string());
                    // Around a file white space, and a byte order mark at its head, say nothing.
                    let trimmed = text.trim_start_matches('\u{feff}').trim_ascii() == compact;
                    assert!(
                        sealed.passes("noise in a part", &text) <= trimmed,
                        "{noise:?} passes in compact form"
                    );
                }
            }
        }
        let mut standard = sealed.flattened();
        standard["signature"] = json!(signature.replace('-', "+").replace('_', "/"));
        if standard["signature"] != json!(signature) {
            sealed.never_passes("the other alphabet", standard.to_string());
        }
        for text in [
            format!("{compact}."),
            format!(".{compact}"),
            compact.replace('.', ".."),
            format!("{compact}.{forged}"),
        ] {
            sealed.never_passes("another number of parts", text);
        }
        // The last character's unused bits must be zero: else one value has several texts.
        let mut last = signature.clone().into_bytes();
        let end = last.len() - 1;
        last[end] = if last[end] == b'A' { b'B' } else { last[end] + 1 };
        sealed.never_passes(
            "stray bits",
            compact.replace(signature.as_str(), std::str::from_utf8(&last).unwrap()),
        );
    }
}

#[test]
fn detached_payloads() {
    for sealed in Sealed::all() {
        let given = |bytes: Vec<u8>| Detached { name: "payload".into(), bytes: bytes.into() };
        let (right, forged) =
            (given(sealed.words(&sealed.payload).into()), given(sealed.words(&sealed.forged).into()));
        let encoded = given(URL_SAFE_NO_PAD.encode(&right.bytes).into());
        let compact = format!("{}..{}", sealed.protected, sealed.signature);
        let mut absent = sealed.flattened();
        absent.as_object_mut().unwrap().remove("payload");
        let mut empty = sealed.flattened();
        empty["payload"] = json!("");
        let mut null = sealed.flattened();
        null["payload"] = json!(null);
        for text in [compact, absent.to_string(), empty.to_string(), null.to_string()] {
            sealed.never_passes("detached, and not given", &text);
            let passes = sealed.passes_with("detached", &text, std::slice::from_ref(&right));
            // The compact form has no place for the validation data.
            assert!(passes || (sealed.header.is_object() && !text.starts_with('{')));
            for wrong in [
                vec![&forged],
                vec![&encoded],
                vec![&right, &forged],
                vec![&forged, &right],
                vec![&right, &right],
            ] {
                let wrong: Vec<Detached> = wrong.into_iter().map(|one| given(one.bytes.to_vec())).collect();
                assert!(!sealed.passes_with("detached, and not one or another", &text, &wrong));
            }
        }
        // What is attached is what is sealed, whatever is given beside it.
        let attached = sealed.flattened().to_string();
        assert!(sealed.passes_with("attached", &attached, &[given(forged.bytes.to_vec())]));
        let mut attached = sealed.flattened();
        attached["payload"] = json!(sealed.forged);
        assert!(!sealed.passes_with("attached", attached.to_string(), &[right]));
    }
}

#[test]
fn every_signature_of_a_counter_signature_is_judged() {
    let sealed = Sealed::read("b-general.jsonld");
    let one = json!({"protected": sealed.protected, "signature": sealed.signature});
    for (signatures, seals) in [(json!([one]), 2), (json!([one, one]), 3)] {
        let counter = json!({"cSig": {"signatures": signatures}}).to_string();
        let mut json = sealed.flattened();
        json["header"] = json!({"etsiU": [URL_SAFE_NO_PAD.encode(counter)]});
        let request = Request::at(Time::parse_rfc3339("2026-11-22T00:00:00Z").unwrap());
        let verdict = demo_pipeline().verify(json.to_string().as_bytes(), &request);
        assert_eq!(verdict.seals.len(), seals);
        assert_eq!(verdict.verdict, Overall::Failed);
    }
}
