//! What may be fetched, and verification that fetches.

use super::Failure;
use crate::clock;
use crate::credential::accreditation::{Register, Registers};
use crate::fetch::{Client, Desk, Library, Origin, Proxies, Rules};
use crate::pipeline::{Pipeline, Request};
use crate::receipt::{Looked, Signer};
use crate::report::Verdict;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What may be fetched.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FetchArgs {
    /// Fetch nothing.
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        value_name = "BOOL",
        env = "SEALGATE_OFFLINE"
    )]
    offline: Option<bool>,
    /// An origin that may be asked although it is not HTTPS on port 443 of the public internet: http://127.0.0.1:8081.
    #[arg(long, value_name = "ORIGIN", value_parser = Origin::parse, env = "SEALGATE_FETCH_FROM", value_delimiter = '\n')]
    #[serde(rename = "from", with = "origins")]
    #[schemars(with = "Vec<String>")]
    fetch_from: Vec<Origin>,
    /// Further certificate authorities for the servers that are asked, PEM.
    #[arg(long, value_name = "FILE", env = "SEALGATE_FETCH_ROOTS")]
    #[serde(rename = "roots")]
    fetch_roots: Option<PathBuf>,
}

/// Origins as texts.
mod origins {
    use crate::fetch::Origin;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(origins: &[Origin], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(origins.iter().map(|Origin { tls, host, port }| {
            let scheme = if *tls { "https" } else { "http" };
            match host.contains(':') {
                true => format!("{scheme}://[{host}]:{port}"),
                false => format!("{scheme}://{host}:{port}"),
            }
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Origin>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| Origin::parse(text).map_err(D::Error::custom)).collect()
    }
}

impl FetchArgs {
    /// What holds where nothing is said.
    pub(super) fn defaults() -> Self {
        Self { offline: Some(false), ..Self::default() }
    }

    /// An empty library; `None` where nothing may be fetched.
    pub(super) fn library(&self) -> Result<Option<Library>, Failure> {
        Ok(self.client(Rules::default())?.map(Library::new))
    }

    /// A client under these rules and what is allowed besides; `None` where nothing may be fetched.
    pub(super) fn client(&self, mut rules: Rules) -> Result<Option<Client>, Failure> {
        if self.offline.unwrap_or(false) {
            return Ok(None);
        }
        rules.allowed.extend(self.fetch_from.iter().cloned());
        let client = Client::new(rules, self.fetch_roots.as_deref());
        let client = client.map_err(|why| Failure::usage(format!("--fetch-roots: {why}")))?;
        Ok(Some(client.through(Proxies::of_environment().map_err(Failure::usage)?)))
    }

    /// Verification that asks these registers, and fetches where that is allowed.
    pub(super) fn verifier(&self, registers: Registers) -> Result<Verifier, Failure> {
        let Some(library) = self.library()? else {
            let registers = registers.for_request(None::<&Arc<Desk>>);
            return Ok(Verifier::Offline(registers));
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Verifier::Online { library: Arc::new(library), registers, runtime })
    }
}

/// Verifies, and fetches what was wanted meanwhile.
#[derive(Debug)]
pub(super) enum Verifier {
    Offline(Vec<Arc<dyn Register>>),
    Online { library: Arc<Library>, registers: Registers, runtime: Runtime },
}

impl Verifier {
    /// Verifies one document; where documents from outside were wanted, fetches them and verifies again. Whoever signs
    /// receipts gives the verdict one.
    ///
    /// # Errors
    /// There is no receipt: why.
    pub(super) fn verify(
        &self,
        pipeline: &Pipeline,
        bytes: &[u8],
        request: &Request<'_>,
        signer: Option<&Signer>,
    ) -> Result<Verdict, String> {
        let signed = |mut verdict: Verdict, request: &Request<'_>, outside: Option<Vec<Looked>>| {
            if let Some(signer) = signer {
                signer.give(&mut verdict, (pipeline, request), bytes, outside, clock::now())?;
            }
            Ok(verdict)
        };
        let (library, registers, runtime) = match self {
            Self::Offline(registers) => {
                let request = Request { registers, ..*request };
                return signed(pipeline.verify(bytes, &request), &request, None);
            }
            Self::Online { library, registers, runtime } => (library, registers, runtime),
        };
        let desk = Arc::new(library.desk());
        let registers = registers.for_request(Some(&desk));
        let request = Request { outside: Some(&*desk), registers: &registers, ..*request };
        loop {
            let verdict = pipeline.verify(bytes, &request);
            if !runtime.block_on(library.fill(&desk)) {
                let looked_for = desk.looked_for();
                return signed(verdict, &request, Some(looked_for.into_iter().map(Looked::from).collect()));
            }
        }
    }
}
