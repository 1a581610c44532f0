//! What several tests need: the data folder, pipelines on real and demonstration trust.

use sealgate::certificate::Certificate;
use sealgate::pipeline::{Pipeline, Request};
use sealgate::report::Verdict;
use sealgate::signature::algorithm::Crypto;
use sealgate::time::Time;
use sealgate::trust::Snapshot;
use sealgate::trust::domain::Domain;
use sealgate::trust::load::{self, Mirror};
use sealgate::validation::Policy;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A path in the data folder, or `None` with a printed line where the folder is missing.
pub(crate) fn shared(path: &str, test: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {test}: no {}", path.display());
    None
}

/// The snapshot of a domain from a mirror.
pub(crate) fn snapshot(domain: &Domain, mirror: &Path) -> Snapshot {
    let crypto = Crypto::default();
    Snapshot::load(&Mirror::open(mirror).unwrap(), domain, &load::Context::new(&crypto)).unwrap()
}

/// A pipeline on the real lists of `2023-09` or `2026-08`, loaded once a process.
pub(crate) fn real_pipeline(set: &str, test: &str) -> Option<&'static Pipeline> {
    static SETS: [OnceLock<Pipeline>; 2] = [OnceLock::new(), OnceLock::new()];
    let mirror = shared(&format!("trust-lists/{set}"), test)?;
    let index = match set {
        "2023-09" => 0,
        "2026-08" => 1,
        other => panic!("no set {other}"),
    };
    Some(SETS[index].get_or_init(|| pipeline(snapshot(&Domain::eu().unwrap(), &mirror))))
}

/// A pipeline on the lists of 2026-08 with the anchors of the conformance corpora.
pub(crate) fn conformance_pipeline(test: &str) -> Option<&'static Pipeline> {
    static CONFORMANCE: OnceLock<Pipeline> = OnceLock::new();
    shared("conformance/anchors", test)?;
    real_pipeline("2026-08", test)?;
    Some(CONFORMANCE.get_or_init(|| pipeline(conformance_snapshot(test).unwrap())))
}

/// The snapshot of that pipeline.
pub(crate) fn conformance_snapshot(test: &str) -> Option<Snapshot> {
    let anchors = shared("conformance/anchors", test)?;
    let lists = real_pipeline("2026-08", test)?.snapshot().clone();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(anchors).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let anchors = files
        .iter()
        .map(|file| Arc::new(Certificate::parse(&std::fs::read(file).unwrap()).unwrap()))
        .collect();
    Some(lists.with_static_anchors(anchors))
}

/// A pipeline on the bundled demonstration lists.
pub(crate) fn demo_pipeline() -> &'static Pipeline {
    static DEMO: OnceLock<Pipeline> = OnceLock::new();
    DEMO.get_or_init(|| {
        let domain = Domain::read(&root().join("trust-lists/demo.toml")).unwrap();
        let mirror = domain.mirror.clone().unwrap();
        pipeline(snapshot(&domain, &mirror))
    })
}

/// A generated demonstration domain on disk: `demo.toml`, which names the mirror `demo` beside it.
pub(crate) fn demo_folder(demo: &crate::demo::Demo) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mirror = folder.path().join("demo");
    std::fs::create_dir(&mirror).unwrap();
    let mut index = Vec::new();
    for (number, (url, bytes)) in demo.by_url.iter().enumerate() {
        let file = format!("{number}.xml");
        std::fs::write(mirror.join(&file), bytes).unwrap();
        index.push(serde_json::json!({"url": url, "file": file}));
    }
    std::fs::write(mirror.join("index.json"), serde_json::to_vec(&index).unwrap()).unwrap();
    std::fs::write(folder.path().join("demo.toml"), demo.domain()).unwrap();
    folder
}

/// A pipeline on a generated demonstration domain, whose keys a test can use.
pub(crate) fn demo_pipeline_of(demo: &crate::demo::Demo) -> Pipeline {
    let folder = demo_folder(demo);
    let domain = Domain::read(&folder.path().join("demo.toml")).unwrap();
    pipeline(snapshot(&domain, &folder.path().join("demo")))
}

/// A pipeline with the default policy.
pub(crate) fn pipeline(snapshot: Snapshot) -> Pipeline {
    Pipeline::new(Arc::new(snapshot), Arc::new(Policy::default()))
}

/// The verdict on `bytes` at `at`, nothing detached.
pub(crate) fn verify(pipeline: &Pipeline, bytes: &[u8], at: &str) -> Verdict {
    pipeline.verify(bytes, &Request::at(Time::parse_rfc3339(at).unwrap()))
}

/// A fixed stream of numbers (SplitMix64), so that a failure repeats.
pub(crate) struct Random(u64);

impl Random {
    /// From the beginning.
    pub(crate) fn new() -> Self {
        Self(0x5EA1)
    }

    /// The next number, less than `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
