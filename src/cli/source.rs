//! Where the trust of a command comes from.

use super::Failure;
use crate::certificate::{Certificate, pem};
use crate::clock;
use crate::disk::FileSystem;
use crate::pipeline::Pipeline;
use crate::signature::algorithm::Crypto;
use crate::sync::Store;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::compiled::{self, Compiled, Refused};
use crate::trust::domain::{Absent, Domain};
use crate::trust::load::{self, Mirror};
use crate::validation::Policy;
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
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
    /// The trust domain: `eu`, which holds otherwise, or a file like trust-lists/demo.toml. May be repeated: a seal is
    /// judged in the first in which its chain reaches an anchor.
    #[arg(long, value_name = "NAME|FILE", env = "SEALGATE_TRUST_DOMAIN", value_delimiter = '\n')]
    #[serde(rename = "domain", deserialize_with = "one_or_several")]
    trust_domain: Option<Vec<String>>,
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
    /// Loads the lists of the one trust domain, remembering what they were loaded from.
    pub(super) fn compile(&self, cache: Option<&CacheSource>) -> Result<Compiled, Failure> {
        let domain = only(self.domains()?)?;
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

    fn domains(&self) -> Result<Vec<Domain>, Failure> {
        domains(&self.names())
    }

    /// Where the domain's lists are mirrored: the folder named on the command line, else the domain's own. Of several
    /// domains, each keeps to its own where it has one.
    fn folder<'f>(&'f self, domain: &'f Domain) -> Option<&'f PathBuf> {
        let (named, own) = (self.trust_lists.as_ref(), domain.mirror.as_ref());
        if self.names().len() > 1 { own.or(named) } else { named.or(own) }
    }

    /// The domains that are named; the EU's otherwise.
    fn names(&self) -> Vec<&str> {
        match &self.trust_domain {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => vec![Domain::EU],
        }
    }

    fn mirror(&self, domain: &Domain) -> Result<Option<Mirror>, Failure> {
        self.folder(domain).map(|folder| Mirror::open(folder).map_err(trust)).transpose()
    }
}

/// One name, or a list of names.
fn one_or_several<'de, D: Deserializer<'de>>(names: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Ok(Some(match Names::deserialize(names)? {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    }))
}

fn only(domains: Vec<Domain>) -> Result<Domain, Failure> {
    let mut domains = domains.into_iter();
    match (domains.next(), domains.next()) {
        (Some(domain), None) => Ok(domain),
        _ => Err(Failure::usage("a compiled snapshot is of one trust domain: name one --trust-domain")),
    }
}

/// The trust domains of these names, each once.
pub(super) fn domains(names: &[impl AsRef<str>]) -> Result<Vec<Domain>, Failure> {
    let mut domains: Vec<Domain> = Vec::with_capacity(names.len());
    for name in names.iter().map(AsRef::as_ref) {
        let domain = domain(name)?;
        if domains.iter().any(|known| known.name == domain.name) {
            let twice = format!("{name}: there are two trust domains of the name {:?}", domain.name);
            return Err(Failure::usage(twice));
        }
        domains.push(domain);
    }
    Ok(domains)
}

/// What loading each trust domain came to, in their order.
#[derive(Debug, Default)]
pub(super) struct Domains {
    loaded: Vec<Arc<Snapshot>>,
    failures: Vec<(String, Failure)>,
}

/// The first snapshot, the others, and what could not be loaded.
pub(super) type Parts = (Arc<Snapshot>, Vec<Arc<Snapshot>>, Vec<Absent>);

impl Domains {
    pub(super) fn add(&mut self, domain: &Domain, loaded: Result<Snapshot, Failure>) {
        match loaded {
            Ok(snapshot) => self.loaded.push(Arc::new(snapshot)),
            Err(failure) => self.failures.push((domain.name.clone(), failure)),
        }
    }

    /// Adds a domain as it was.
    pub(super) fn keep(&mut self, snapshot: &Arc<Snapshot>) {
        self.loaded.push(Arc::clone(snapshot));
    }

    /// What a pipeline rests on: the first snapshot, the others, and the domains that could not be loaded, which take no
    /// other down.
    pub(super) fn parts(self) -> Result<Parts, Failure> {
        let mut loaded = self.loaded.into_iter();
        let Some(first) = loaded.next() else {
            let failure =
                self.failures.into_iter().map(|(_, failure)| failure).reduce(|one, other| Failure {
                    code: one.code,
                    message: format!("{}; {}", one.message, other.message),
                    may_pass: one.may_pass || other.may_pass,
                });
            return Err(failure.unwrap_or_else(|| Failure::usage("no trust domain")));
        };
        let absent = |(domain, failure): (String, Failure)| Absent { domain, why: failure.message };
        Ok((first, loaded.collect(), self.failures.into_iter().map(absent).collect()))
    }

    /// A pipeline with this policy.
    pub(super) fn pipeline(self, policy: Arc<Policy>) -> Result<Pipeline, Failure> {
        let (first, further, absent) = self.parts()?;
        Ok(Pipeline::new(first, policy).with_further(further, absent))
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
    /// Whether lists, a snapshot or anchors are named.
    pub(super) fn named(&self) -> bool {
        let Self { lists, cache, trust_snapshot, trust_anchors } = self;
        let paths = [&lists.trust_lists, &cache.trust_cache, trust_snapshot, trust_anchors];
        lists.trust_domain.is_some() || paths.into_iter().any(Option::is_some)
    }

    /// What holds where nothing is said.
    pub(super) fn defaults() -> Self {
        let lists = ListSource { trust_domain: Some(vec![Domain::EU.into()]), ..ListSource::default() };
        Self { lists, ..Self::default() }
    }

    /// What is wrong with the files and folders that are named; the lists themselves are not read.
    pub(super) fn check(&self) -> Vec<Failure> {
        let named = |option: &str, failure: Failure| Failure {
            message: format!("{option}: {}", failure.message),
            ..failure
        };
        let lists = match self.lists.domains() {
            Ok(domains) => match &*domains {
                [domain] => self.lists.mirror(domain).err().map(|why| named("--trust-lists", why)),
                // Of several, one whose lists are missing takes no other down.
                _ => None,
            },
            Err(why) => Some(named("--trust-domain", why)),
        };
        let snapshot = self.trust_snapshot.as_ref().filter(|path| !path.is_file());
        let snapshot = snapshot.map(|path| format!("--trust-snapshot: {}: no such file", path.display()));
        let anchors = self.trust_anchors.as_deref().and_then(|folder| anchors(folder).err());
        let anchors = anchors.map(|why| named("--trust-anchors", why));
        [lists, snapshot.map(Failure::trust), anchors].into_iter().flatten().collect()
    }

    /// A pipeline with this policy on the loaded snapshots.
    pub(super) fn pipeline(&self, policy: Arc<Policy>) -> Result<Pipeline, Failure> {
        self.load()?.pipeline(policy)
    }

    /// The trust domains, in the order in which seals are judged in them.
    pub(super) fn domains(&self) -> Result<Vec<Domain>, Failure> {
        let domains = self.lists.domains()?;
        if self.trust_snapshot.is_none() { Ok(domains) } else { Ok(vec![only(domains)?]) }
    }

    /// Loads lists and anchors of every domain.
    pub(super) fn load(&self) -> Result<Domains, Failure> {
        let mut all = Domains::default();
        for domain in self.domains()? {
            all.add(&domain, self.load_domain(&domain, None).map(|(snapshot, _)| snapshot));
        }
        Ok(all)
    }

    /// Loads lists and anchors of a domain, and tells from what; after an earlier snapshot, no list goes back behind it,
    /// and what did not change is taken over.
    pub(super) fn load_domain(
        &self,
        domain: &Domain,
        previous: Option<&Snapshot>,
    ) -> Result<(Snapshot, LoadedFrom), Failure> {
        let (snapshot, from) = self.lists_loaded(domain, previous)?;
        Ok((self.complete(domain, snapshot)?, from))
    }

    /// The snapshot with what the domain has beside its lists, and the further anchors.
    pub(super) fn complete(&self, domain: &Domain, snapshot: Snapshot) -> Result<Snapshot, Failure> {
        let folders = domain.anchors.iter().chain(&self.trust_anchors);
        let with = |snapshot: Snapshot, folder: &PathBuf| Ok(snapshot.with_static_anchors(anchors(folder)?));
        folders.into_iter().try_fold(snapshot.of(domain), with)
    }

    /// The folder of a domain's synchronised lists, where nothing else is named.
    pub(super) fn synchronised(&self, domain: &Domain) -> Result<Option<Store>, Failure> {
        if !domain.has_lists() || self.trust_snapshot.is_some() || self.lists.folder(domain).is_some() {
            return Ok(None);
        }
        let alone = self.trust_anchors.is_some() && self.lists.names().len() == 1;
        match self.cache.store(domain) {
            // Anchors alone need no lists.
            Ok(store) if store.exists() || !alone => Ok(Some(store)),
            Err(failure) if !alone => Err(failure),
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
        let domains = self.lists.names().into_iter().map(|name| ("--trust-domain", OsString::from(name)));
        paths.chain(domains).flat_map(|(option, value)| [OsString::from(option), value]).collect()
    }

    fn lists_loaded(
        &self,
        domain: &Domain,
        previous: Option<&Snapshot>,
    ) -> Result<(Snapshot, LoadedFrom), Failure> {
        if !domain.has_lists() {
            return Ok((Snapshot::without_lists(domain), LoadedFrom::Anchors));
        }
        if let Some(path) = &self.trust_snapshot {
            let refused = match self.compiled(path, domain)? {
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
        if let Some(mirror) = self.lists.mirror(domain)? {
            let loaded = Snapshot::load(&mirror, domain, &context);
            return loaded.map(|snapshot| (snapshot, LoadedFrom::Lists)).map_err(trust);
        }
        match self.synchronised(domain)? {
            Some(store) if store.exists() => store
                .load(domain, &context)
                .map(|snapshot| (snapshot, LoadedFrom::Cache))
                .map_err(|why| Failure::trust(format!("{}: {why}", store.folder().display()))),
            Some(_) => Err(Failure::trust(NO_LISTS)),
            None => Ok((Snapshot::without_lists(domain), LoadedFrom::Anchors)),
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
        let lists =
            ListSource { trust_lists: Some(path.to_owned()), trust_domain: Some(vec![domain.to_owned()]) };
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
        for der in pem::certificates(&bytes).map_err(|why| wrong(path, &why))? {
            anchors.push(Arc::new(Certificate::parse(&der).map_err(|error| wrong(path, &error.0))?));
        }
    }
    if anchors.is_empty() {
        return Err(wrong(folder, &"holds no certificate"));
    }
    Ok(anchors)
}
