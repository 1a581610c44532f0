//! JAdES seals (TS 119 182-1) at every baseline level, and each way of breaking one.

use super::certificate::Identity;
use super::key::sha256;
use super::pki::Evidence;
use super::timestamp;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sealgate::time::Time;
use serde_json::{Value, json};

/// A baseline level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Basic.
    B,
    /// With a signature time-stamp.
    T,
    /// With validation data.
    Lt,
    /// With an archive time-stamp.
    Lta,
}

/// A JWS serialisation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// JSON, `signatures` array, payload as text (`b64` false): as sealed EDCs have it.
    General,
    /// JSON with one signature, payload as text (`b64` false).
    Flattened,
    /// Three dotted parts; level B only, since it has no room for unsigned members.
    Compact,
}

/// What is wrong with the protected header.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HeaderFault {
    /// Nothing.
    #[default]
    None,
    /// `x5t#S256` is some other certificate's.
    Thumbprint,
    /// `crit` names a member that nobody knows.
    UnknownCritical,
}

/// A seal to be made.
pub struct Order<'a> {
    /// The credential, JSON text.
    pub payload: &'a [u8],
    /// Who seals.
    pub signer: &'a Identity,
    /// Who time-stamps.
    pub tsa: &'a Identity,
    /// When: claimed signing time and signature time-stamp; the archive time-stamp follows a minute later.
    pub at: Time,
    /// How far to augment.
    pub level: Level,
    /// Validation data, from level LT on.
    pub evidence: Evidence,
    /// How to write it.
    pub form: Form,
    /// What to get wrong in the header.
    pub fault: HeaderFault,
    /// Whether the signature time-stamp covers something else.
    pub broken_imprint: bool,
}

/// A sealed credential in its parts, so that a test can alter one.
#[derive(Clone)]
pub struct Sealed {
    /// The payload as signed.
    pub payload: Vec<u8>,
    /// The protected header, base64url.
    pub protected: String,
    /// The signature value, base64url.
    pub signature: String,
    /// `etsiU` members, base64url.
    pub unsigned: Vec<String>,
    /// How it is written.
    pub form: Form,
}

/// Seals.
pub fn seal(order: &Order<'_>) -> Sealed {
    let protected = URL_SAFE_NO_PAD.encode(header(order));
    let mut input = protected.clone().into_bytes();
    input.push(b'.');
    match order.form {
        Form::Compact => input.extend(URL_SAFE_NO_PAD.encode(order.payload).into_bytes()),
        Form::General | Form::Flattened => input.extend_from_slice(order.payload),
    }
    let signature = URL_SAFE_NO_PAD.encode(order.signer.key.sign_fixed(&input));
    let mut sealed = Sealed {
        payload: order.payload.to_vec(),
        protected,
        signature,
        unsigned: Vec::new(),
        form: order.form,
    };
    augment(&mut sealed, order);
    sealed
}

impl Sealed {
    /// The serialised seal.
    pub fn bytes(&self) -> Vec<u8> {
        let text = || String::from_utf8(self.payload.clone()).unwrap();
        let value = match self.form {
            Form::Compact => {
                let payload = URL_SAFE_NO_PAD.encode(&self.payload);
                return format!("{}.{payload}.{}", self.protected, self.signature).into_bytes();
            }
            Form::General => json!({ "payload": text(), "signatures": [self.signature_object()] }),
            Form::Flattened => {
                let mut object = self.signature_object();
                object["payload"] = Value::String(text());
                object
            }
        };
        serde_json::to_vec(&value).unwrap()
    }

    fn signature_object(&self) -> Value {
        let mut object = json!({ "protected": self.protected });
        if !self.unsigned.is_empty() {
            object["header"] = json!({ "etsiU": self.unsigned });
        }
        object["signature"] = Value::String(self.signature.clone());
        object
    }

    /// Replaces `from` in the decoded protected header, once.
    pub fn alter_protected(&mut self, from: &str, to: &str) {
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(&self.protected).unwrap()).unwrap();
        assert!(header.contains(from), "{from} in the protected header");
        self.protected = URL_SAFE_NO_PAD.encode(header.replacen(from, to, 1));
    }

    /// Flips one bit of the signature value.
    pub fn alter_signature(&mut self) {
        let mut value = URL_SAFE_NO_PAD.decode(&self.signature).unwrap();
        let middle = value.len() / 2;
        value[middle] ^= 1;
        self.signature = URL_SAFE_NO_PAD.encode(value);
    }
}

fn header(order: &Order<'_>) -> Vec<u8> {
    let certificate = match order.fault {
        HeaderFault::Thumbprint => &order.tsa.der,
        _ => &order.signer.der,
    };
    let mut header = json!({
        "alg": order.signer.key.jws_algorithm(),
        "cty": "octet-stream",
        "x5t#S256": URL_SAFE_NO_PAD.encode(sha256(certificate)),
        "x5c": [STANDARD.encode(&order.signer.der)],
        "typ": if order.form == Form::Compact { "jose" } else { "jose+json" },
        "iat": order.at.millis() / 1000,
    });
    let mut critical = Vec::new();
    if order.form != Form::Compact {
        // Where size counts it is left out.
        header["kid"] = Value::String(STANDARD.encode(order.signer.issuer_serial()));
        header["b64"] = Value::Bool(false);
        critical.push("b64");
    }
    if order.fault == HeaderFault::UnknownCritical {
        header["pollenCount"] = json!(7);
        critical.push("pollenCount");
    }
    if !critical.is_empty() {
        header["crit"] = json!(critical);
    }
    serde_json::to_vec(&header).unwrap()
}

fn augment(sealed: &mut Sealed, order: &Order<'_>) {
    if order.level >= Level::T {
        let covered = if order.broken_imprint { "something else" } else { sealed.signature.as_str() };
        let token = timestamp::token(order.tsa, covered.as_bytes(), order.at);
        push(sealed, &json!({ "sigTst": tokens(&token) }));
    }
    // Below LT, only an order that brings evidence has it attached (to state revocation without a time-stamp).
    let Evidence { certificates, crls, ocsps } = &order.evidence;
    if !certificates.is_empty() {
        let values: Vec<Value> =
            certificates.iter().map(|c| json!({ "x509Cert": encapsulated(c) })).collect();
        push(sealed, &json!({ "xVals": values }));
    }
    if !crls.is_empty() || !ocsps.is_empty() {
        let mut values = json!({});
        if !crls.is_empty() {
            values["crlVals"] = crls.iter().map(|der| encapsulated(der)).collect();
        }
        if !ocsps.is_empty() {
            values["ocspVals"] = ocsps.iter().map(|der| encapsulated(der)).collect();
        }
        push(sealed, &json!({ "rVals": values }));
    }
    if order.level == Level::Lta {
        let mut covered = sealed.payload.clone();
        for part in [&sealed.protected, &sealed.signature, &sealed.unsigned.concat()] {
            covered.push(b'.');
            covered.extend_from_slice(part.as_bytes());
        }
        let token = timestamp::token(order.tsa, &covered, order.at.plus_seconds(60));
        push(sealed, &json!({ "arcTst": tokens(&token) }));
    }
}

fn push(sealed: &mut Sealed, member: &Value) {
    sealed.unsigned.push(URL_SAFE_NO_PAD.encode(serde_json::to_vec(member).unwrap()));
}

fn tokens(token: &[u8]) -> Value {
    json!({ "tstTokens": [encapsulated(token)] })
}

fn encapsulated(der: &[u8]) -> Value {
    json!({ "val": STANDARD.encode(der) })
}
