//! Who may ask, as configuration says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who may ask, for what, and how often.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientsSettings {
    /// Who may ask without a key or certificate; nobody, where clients are named and this is left out.
    pub anonymous: Option<AnonymousSettings>,
    /// Whether `/metrics` asks for a key or certificate as everything else does.
    pub metrics: MetricsAccess,
    /// The clients that are known.
    pub client: Vec<ClientSettings>,
}

impl ClientsSettings {
    /// Nobody but who asks from this machine.
    #[must_use]
    pub fn local_only() -> Self {
        let from = vec![Origin::Unix, Origin::Loopback];
        Self {
            anonymous: Some(AnonymousSettings { from, ..AnonymousSettings::default() }),
            ..Self::default()
        }
    }

    /// Whether somebody may ask from elsewhere than this machine: a client that proves who it is, or anybody.
    #[must_use]
    pub fn serve_others(&self) -> bool {
        let anywhere = |anonymous: &AnonymousSettings| anonymous.from.contains(&Origin::Anywhere);
        !self.client.is_empty() || self.anonymous.as_ref().is_some_and(anywhere)
    }
}

/// Who may read `/metrics`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MetricsAccess {
    /// Who may ask for verdicts.
    #[default]
    Clients,
    /// Anybody.
    Anybody,
}

/// Who may ask without a key or certificate, and within which limits: the rate for each address, the rest for all.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnonymousSettings {
    /// Where they come from.
    pub from: Vec<Origin>,
    /// What they may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// What their decisions may follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Vec<String>>,
    /// How much.
    pub limits: LimitsSettings,
}

/// Where a request without key or certificate comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A Unix socket: whoever its file lets in.
    Unix,
    /// This machine. Behind a proxy on this machine that is everybody.
    Loopback,
    /// Anywhere.
    Anywhere,
}

/// A client that is known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSettings {
    /// What it is called here and in logs.
    pub id: String,
    /// Its keys; several while one takes the other's place.
    pub keys: Vec<KeySettings>,
    /// Its certificates: `subject:…` (RFC 4514), `DNS:…`, `URI:…`, `email:…` as they stand in it, or `sha256:…` of it.
    pub certificates: Vec<String>,
    /// The validation policies that it may name; the first holds where it names none. All, where this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<String>>,
    /// The same of acceptance policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<Vec<String>>,
    /// How much.
    pub limits: LimitsSettings,
}

/// A key, of which only its digest is held.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeySettings {
    /// `sha256:…` as `sealgate keys new` prints it.
    pub hash: String,
    /// From when on it holds, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Until when it holds, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
}

/// How much a client may ask; what is left out is bounded by the service alone.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSettings {
    /// Requests in a second, lines and entries of batches among them; those wait, single requests are answered 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<f64>,
    /// Requests at once; a second's worth where this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Bytes of a body, or of a line or entry of a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<usize>,
    /// Requests under way at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<usize>,
}
