//! Where the trust of a command comes from.

use super::Failure;
use crate::certificate::Certificate;
use crate::clock;
use crate::disk::FileSystem;
use crate::pipeline::Pipeline;
use crate::signature::algorithm::Crypto;
use crate::sync::Store;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::compiled::{self, Compiled, Refused};
use crate::trust::domain::Domain;
use crate::trust::load::{self, Mirror};
use crate::validation::Policy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A domain's lists, as a mirror has them.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ListSource {
    /// A mirror of trusted lists: a folder whose index.json maps each URL to a file.
    #[arg(long, value_name = "DIR", env = "SEALGATE_TRUST_LISTS")]
    #[serde(rename = "lists")]
    trust_lists: Option<PathBuf>,
    /// The trust domain: `eu`, which holds otherwise, or a file like trust-lists/demo.toml.
    #[arg(long, value_name = "NAME|FILE", env = "SEALGATE_TRUST_DOMAIN")]
    #[serde(rename = "domain")]
    trust_domain: Option<String>,
}

/// Where synchronised lists are kept.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct CacheSource {
    /// The folder that keeps synchronised lists; sealgate below $XDG_CACHE_HOME or ~/.cache otherwise.
    #[arg(long, visible_alias = "cache", value_name = "DIR", env = "SEALGATE_CACHE")]
    #[serde(rename = "cache")]
    trust_cache: Option<PathBuf>,
}

impl CacheSource {
    pub(super) fn store(&self, domain: &Domain) -> Result<Store, Failure> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let otherwise = || absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        let folder = match &self.trust_cache {
            Some(folder) => folder.clone(),
            None => otherwise().ok_or_else(|| Failure::trust(NO_FOLDER))?.join("sealgate"),
        };
        Ok(Store::of(domain, &folder, Arc::new(FileSystem)))
    }
}

/// Where trust comes from.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct TrustSource {
    #[command(flatten)]
    #[serde(flatten)]
    lists: ListSource,
    #[command(flatten)]
    #[serde(flatten)]
    cache: CacheSource,
    /// What `sealgate trust compile` made of the lists. With --trust-lists it is refused where it is not of those lists.
    #[arg(long, value_name = "FILE", env = "SEALGATE_TRUST_SNAPSHOT")]
    #[serde(rename = "snapshot")]
    trust_snapshot: Option<PathBuf>,
    /// Further anchors, PEM or DER; no qualification comes of them.
    #[arg(long, value_name = "DIR", env = "SEALGATE_TRUST_ANCHORS")]
    #[serde(rename = "anchors")]
    trust_anchors: Option<PathBuf>,
}

/// From what a snapshot was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LoadedFrom {
    /// The lists themselves.
    Lists,
    /// The lists that were synchronised.
    Cache,
    /// A compiled snapshot, made then.
    Compiled(Time),
    /// Further anchors alone.
    Anchors,
}

const NO_LISTS: &str = "no trusted lists: fetch them with `sealgate trust sync`, name a mirror of them with \
                        --trust-lists DIR, or --trust-snapshot FILE";
const NO_FOLDER: &str = "no folder for synchronised lists: name one with --trust-cache DIR";

impl ListSource {
    /// Loads the lists, remembering what they were loaded from.
    pub(super) fn compile(&self, cache: Option<&CacheSource>) -> Result<Compiled, Failure> {
        let domain = self.domain()?;
        let mirror = match (self.mirror(&domain)?, cache) {
            (Some(mirror), _) => mirror,
            (None, Some(cache)) => {
                let store = cache.store(&domain)?;
                let there = store.exists().then(|| Mirror::open(store.folder()).map_err(trust));
                there.ok_or_else(|| Failure::trust(NO_LISTS))??
            }
            (None, None) => return Err(Failure::trust(NO_LISTS)),
        };
        let crypto = Crypto::default();
        Compiled::make(&mirror, &domain, &load::Context::new(&crypto), clock::now()).map_err(trust)
    }

    fn domain(&self) -> Result<Domain, Failure> {
        domain(self.domain_name())
    }

    fn domain_name(&self) -> &str {
        self.trust_domain.as_deref().unwrap_or(Domain::EU)
    }

    /// The mirror named on the command line, else the domain's own.
    fn mirror(&self, domain: &Domain) -> Result<Option<Mirror>, Failure> {
        let folder = self.trust_lists.as_ref().or(domain.mirror.as_ref());
        folder.map(|folder| Mirror::open(folder).map_err(trust)).transpose()
    }
}

/// The trust domain of this name.
pub(super) fn domain(name: &str) -> Result<Domain, Failure> {
    let domain = match name {
        Domain::EU => Domain::eu(),
        file => Domain::read(Path::new(file)),
    };
    domain.map_err(trust)
}

impl TrustSource {
    /// What holds where nothing is said.
    pub(super) fn defaults() -> Self {
        let lists = ListSource { trust_domain: Some(Domain::EU.into()), ..ListSource::default() };
        Self { lists, ..Self::default() }
    }

    /// What is wrong with the files and folders that are named; the lists themselves are not read.
    pub(super) fn check(&self) -> Vec<Failure> {
        let named = |option: &str, failure: Failure| Failure {
            message: format!("{option}: {}", failure.message),
            ..failure
        };
        let lists = match self.lists.domain() {
            Ok(domain) => self.lists.mirror(&domain).err().map(|why| named("--trust-lists", why)),
            Err(why) => Some(named("--trust-domain", why)),
        };
        let snapshot = self.trust_snapshot.as_ref().filter(|path| !path.is_file());
        let snapshot = snapshot.map(|path| format!("--trust-snapshot: {}: no such file", path.display()));
        let anchors = self.trust_anchors.as_deref().and_then(|folder| anchors(folder).err());
        let anchors = anchors.map(|why| named("--trust-anchors", why));
        [lists, snapshot.map(Failure::trust), anchors].into_iter().flatten().collect()
    }

    /// A pipeline with this policy on the loaded snapshot.
    pub(super) fn pipeline(&self, policy: Arc<Policy>) -> Result<Pipeline, Failure> {
        Ok(Pipeline::new(Arc::new(self.snapshot()?), policy))
    }

    /// Loads the lists and the further anchors.
    pub(super) fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.load().map(|(snapshot, _)| snapshot)
    }

    /// The same, and from what it was loaded.
    pub(super) fn load(&self) -> Result<(Snapshot, LoadedFrom), Failure> {
        self.load_after(None)
    }

    /// The same after an earlier snapshot: no list goes back behind it, and what did not change is taken over.
    pub(super) fn load_after(&self, previous: Option<&Snapshot>) -> Result<(Snapshot, LoadedFrom), Failure> {
        let (snapshot, from) = self.lists_loaded(previous)?;
        Ok((self.with_anchors(snapshot)?, from))
    }

    /// The snapshot with the further anchors.
    pub(super) fn with_anchors(&self, snapshot: Snapshot) -> Result<Snapshot, Failure> {
        Ok(match &self.trust_anchors {
            Some(folder) => snapshot.with_static_anchors(anchors(folder)?),
            None => snapshot,
        })
    }

    /// The domain and the folder of its synchronised lists, where nothing else is named.
    pub(super) fn synchronised(&self) -> Result<Option<(Domain, Store)>, Failure> {
        let domain = self.lists.domain()?;
        if self.trust_snapshot.is_some() || self.lists.trust_lists.is_some() || domain.mirror.is_some() {
            return Ok(None);
        }
        match self.cache.store(&domain) {
            // Anchors alone need no lists.
            Ok(store) if store.exists() || self.trust_anchors.is_none() => Ok(Some((domain, store))),
            Err(failure) if self.trust_anchors.is_none() => Err(failure),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// The arguments that name the same trust to another process.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let paths = [
            ("--trust-lists", &self.lists.trust_lists),
            ("--trust-snapshot", &self.trust_snapshot),
            ("--trust-anchors", &self.trust_anchors),
            ("--trust-cache", &self.cache.trust_cache),
        ];
        let paths = paths.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?.into())));
        let domain = ("--trust-domain", OsString::from(self.lists.domain_name()));
        paths.chain([domain]).flat_map(|(option, value)| [OsString::from(option), value]).collect()
    }

    fn lists_loaded(&self, previous: Option<&Snapshot>) -> Result<(Snapshot, LoadedFrom), Failure> {
        let domain = self.lists.domain()?;
        if let Some(path) = &self.trust_snapshot {
            let refused = match self.compiled(path, &domain)? {
                Ok(Compiled { origin, snapshot }) => {
                    return Ok((snapshot, LoadedFrom::Compiled(origin.made)));
                }
                Err(refused) => format!("compiled snapshot {} refused: {refused}", path.display()),
            };
            if self.lists.trust_lists.is_none() {
                return Err(Failure::trust(refused));
            }
            // The lists are what it was made from: nothing is trusted that would not be without it.
            eprintln!("sealgate: {refused}; loading the lists themselves");
        }
        let crypto = Crypto::default();
        let context = match previous {
            Some(previous) => load::Context::after(&crypto, previous),
            None => load::Context::new(&crypto),
        };
        if let Some(mirror) = self.lists.mirror(&domain)? {
            let loaded = Snapshot::load(&mirror, &domain, &context);
            return loaded.map(|snapshot| (snapshot, LoadedFrom::Lists)).map_err(trust);
        }
        match self.synchronised()? {
            Some((_, store)) if store.exists() => store
                .load(&domain, &context)
                .map(|snapshot| (snapshot, LoadedFrom::Cache))
                .map_err(|why| Failure::trust(format!("{}: {why}", store.folder().display()))),
            Some(_) => Err(Failure::trust(NO_LISTS)),
            None => Ok((Snapshot::without_lists(&domain), LoadedFrom::Anchors)),
        }
    }

    /// The compiled snapshot, if it is of this domain and, where a mirror is named, of its lists.
    fn compiled(&self, path: &Path, domain: &Domain) -> Result<Result<Compiled, Refused>, Failure> {
        let mirror = self.lists.trust_lists.as_deref().map(Mirror::open).transpose().map_err(trust)?;
        Ok(compiled::load(path).and_then(|compiled| {
            compiled.check(domain)?;
            mirror.map_or(Ok(()), |mirror| compiled.check_sources(&mirror))?;
            Ok(compiled)
        }))
    }
}

/// A snapshot to compare: a mirror where `path` is a folder, else a compiled one, whenever and for whatever pins it was
/// made.
pub(super) fn snapshot_at(path: &Path, domain: &str) -> Result<Snapshot, Failure> {
    if path.is_dir() {
        let lists = ListSource { trust_lists: Some(path.to_owned()), trust_domain: Some(domain.to_owned()) };
        return Ok(lists.compile(None)?.snapshot);
    }
    let compiled = compiled::load(path);
    compiled
        .map(|compiled| compiled.snapshot)
        .map_err(|refused| Failure::trust(format!("{}: {refused}", path.display())))
}

fn trust(error: impl std::fmt::Display) -> Failure {
    Failure::trust(error.to_string())
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
