//! Where the trust of a command comes from.

use super::Failure;
use crate::certificate::Certificate;
use crate::pipeline::Pipeline;
use crate::signature::algorithm::Crypto;
use crate::trust::Snapshot;
use crate::trust::domain::Domain;
use crate::trust::load::{self, Mirror};
use crate::validation::Policy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where trust comes from.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustSource {
    /// A mirror of trusted lists: a folder whose index.json maps each URL to a file.
    #[arg(long, value_name = "DIR")]
    trust_lists: Option<PathBuf>,
    /// Further anchors, PEM or DER; no qualification comes of them.
    #[arg(long, value_name = "DIR")]
    trust_anchors: Option<PathBuf>,
    /// The trust domain: `eu`, or a file like trust-lists/demo.toml.
    #[arg(long, value_name = "NAME|FILE", default_value = "eu")]
    trust_domain: String,
}

impl TrustSource {
    /// A pipeline with this policy on the loaded snapshot.
    pub(super) fn pipeline(&self, policy: Arc<Policy>) -> Result<Pipeline, Failure> {
        Ok(Pipeline::new(Arc::new(self.snapshot()?), policy))
    }

    /// Loads the lists and the further anchors.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Failure> {
        let domain = self.domain()?;
        let mirror = self.trust_lists.as_ref().or(domain.mirror.as_ref());
        let snapshot = match (mirror, &self.trust_anchors) {
            (Some(mirror), _) => {
                let mirror = Mirror::open(mirror).map_err(|error| Failure::trust(error.to_string()))?;
                let crypto = Crypto::default();
                Snapshot::load(&mirror, &domain, &load::Context::new(&crypto))
                    .map_err(|error| Failure::trust(error.to_string()))?
            }
            (None, Some(_)) => Snapshot::without_lists(&domain),
            (None, None) => {
                return Err(Failure::trust("no trusted lists: name a mirror of them with --trust-lists DIR"));
            }
        };
        match &self.trust_anchors {
            Some(folder) => Ok(snapshot.with_static_anchors(anchors(folder)?)),
            None => Ok(snapshot),
        }
    }

    fn domain(&self) -> Result<Domain, Failure> {
        let domain = match self.trust_domain.as_str() {
            "eu" => Domain::eu(),
            file => Domain::read(Path::new(file)),
        };
        domain.map_err(|error| Failure::trust(error.to_string()))
    }
}

/// The certificates of every file in a folder, in the order of their names.
fn anchors(folder: &Path) -> Result<Vec<Arc<Certificate>>, Failure> {
    let wrong =
        |path: &Path, why: &dyn std::fmt::Display| Failure::trust(format!("{}: {why}", path.display()));
    let entries = std::fs::read_dir(folder).map_err(|error| wrong(folder, &error))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(folder, &error))?;
    paths.sort();
    let mut anchors = Vec::new();
    for path in paths.iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(path).map_err(|error| wrong(path, &error))?;
        for der in certificates(&bytes).map_err(|why| wrong(path, &why))? {
            anchors.push(Arc::new(Certificate::parse(&der).map_err(|error| wrong(path, &error.0))?));
        }
    }
    if anchors.is_empty() {
        return Err(wrong(folder, &"holds no certificate"));
    }
    Ok(anchors)
}

/// The DER certificates in PEM text, or the bytes themselves.
fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return Ok(vec![bytes.to_vec()]);
    };
    let blocks = text.split(BEGIN).skip(1);
    blocks
        .map(|block| {
            let (body, _) =
                block.split_once("-----END CERTIFICATE-----").ok_or("a PEM block does not end")?;
            let body: String = body.split_whitespace().collect();
            STANDARD.decode(body).map_err(|error| format!("PEM: {error}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn pem_may_hold_several_and_text_between() {
        let pem = b"x\n-----BEGIN CERTIFICATE-----\nAQI=\n-----END CERTIFICATE-----\ny\n-----BEGIN CERTIFICATE-----\nAw\n==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(pem).unwrap(), [vec![1, 2], vec![3]]);
        assert_eq!(certificates(&[0x30, 0]).unwrap(), [vec![0x30, 0]]);
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nAQI=").is_err());
    }
}
