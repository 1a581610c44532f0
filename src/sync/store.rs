//! The folder that keeps the last good of each list: a mirror (`index.json` and files) with what else a synchronisation
//! needs to know.
//!
//! | File | |
//! |---|---|
//! | `<SHA-256>.xml` | a list; never changed |
//! | `index.json` | address → file. Swapped last: until then the old one stands with all its files |
//! | `state` | what was ever accepted, and when each server last answered; with a checksum |
//! | `snapshot` | compiled from these lists |
//! | `lock` | held while one synchronises |

use crate::disk::{self, Disk, UNFINISHED};
use crate::fetch::Validators;
use crate::signature::algorithm::identity;
use crate::time::Time;
use crate::trust::Snapshot;
use crate::trust::compiled::{self, Compiled};
use crate::trust::domain::Domain;
use crate::trust::load::{Context, LastGood, Mirror};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Bytes of the longest file that is read here besides lists.
const LONGEST: u64 = 16 << 20;

/// Digests as mirrors write them.
mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let mut digest = [0; 32];
        let text = String::deserialize(from)?;
        hex::decode_to_slice(&text, &mut digest)
            .map_err(|_| D::Error::custom("expected 64 hexadecimal digits"))?;
        Ok(digest)
    }
}

/// A list that is kept, as the index names it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) file: String,
    #[serde(with = "hexadecimal")]
    pub(super) sha256: [u8; 32],
    pub(super) bytes: u64,
    /// The address that gave it: that of the list, or of a mirror's file.
    pub(super) from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

impl Held {
    pub(super) fn new(bytes: &Bytes, from: &str, validators: &Validators) -> Self {
        let sha256 = identity(bytes);
        Self {
            file: format!("{}.xml", hex::encode(sha256)),
            sha256,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            from: from.to_owned(),
            etag: validators.etag.clone(),
            last_modified: validators.last_modified.clone(),
        }
    }

    pub(super) fn validators(&self) -> Validators {
        Validators { etag: self.etag.clone(), last_modified: self.last_modified.clone() }
    }
}

/// Every address that was asked for; `None` where nothing good is kept of it.
pub(super) type Index = BTreeMap<String, Option<Held>>;

/// One entry of `index.json`.
#[derive(Serialize, Deserialize)]
struct Entry {
    url: String,
    #[serde(flatten)]
    held: Option<Held>,
}

/// What is remembered beyond the lists themselves.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Memory {
    /// The newest list that was ever accepted, by territory.
    pub last_good: BTreeMap<String, LastGood>,
    /// When a server last gave the list that is kept, or said that it is the newest; by address.
    pub checked: BTreeMap<String, Time>,
}

#[derive(Serialize, Deserialize)]
struct StoredMemory {
    last_good: BTreeMap<String, StoredGood>,
    checked: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct StoredGood {
    sequence: u64,
    #[serde(with = "hexadecimal")]
    sha256: [u8; 32],
}

impl Memory {
    /// Takes over what is newer.
    pub(super) fn learn(&mut self, last_good: BTreeMap<String, LastGood>) {
        for (territory, good) in last_good {
            let known = self.last_good.entry(territory).or_insert(good);
            if known.sequence < good.sequence {
                *known = good;
            }
        }
    }

    fn encode(&self) -> Vec<u8> {
        let good = |(territory, good): (&String, &LastGood)| {
            (territory.clone(), StoredGood { sequence: good.sequence, sha256: good.digest })
        };
        let stored = StoredMemory {
            last_good: self.last_good.iter().map(good).collect(),
            checked: self.checked.iter().map(|(url, time)| (url.clone(), time.to_string())).collect(),
        };
        let json = serde_json::to_string_pretty(&stored).unwrap_or_default();
        format!("{}\n{json}\n", hex::encode(identity(format!("{json}\n").as_bytes()))).into_bytes()
    }

    fn decode(text: &[u8]) -> Option<Self> {
        let (checksum, json) = text.split_at_checked(64)?;
        let json = json.strip_prefix(b"\n")?;
        if hex::decode(checksum).ok()? != identity(json) {
            return None;
        }
        let stored: StoredMemory = serde_json::from_slice(json).ok()?;
        let good = |(territory, good): (String, StoredGood)| {
            (territory, LastGood { sequence: good.sequence, digest: good.sha256 })
        };
        let checked =
            stored.checked.into_iter().filter_map(|(url, time)| Some((url, Time::parse_rfc3339(&time)?)));
        Some(Self { last_good: stored.last_good.into_iter().map(good).collect(), checked: checked.collect() })
    }
}

/// The folder of one trust domain.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
}

/// Held while one synchronises; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough while a process that was just forked still has the file open, too.
        let _ = self.0.unlock();
    }
}

impl Store {
    /// The folder of a domain below `cache`; nothing is made yet.
    #[must_use]
    pub fn of(domain: &Domain, cache: &Path, disk: Arc<dyn Disk>) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let name = &domain.name;
        let folder = if name.len() <= 64 && name.chars().all(plain) {
            name.clone()
        } else {
            let digest = hex::encode(identity(name.as_bytes()));
            format!("domain-{}", digest.get(..16).unwrap_or_default())
        };
        Self { folder: cache.join(folder), disk }
    }

    /// The folder: a mirror, once something was synchronised.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether something was synchronised.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path("index.json").exists()
    }

    /// The snapshot of what is kept: the compiled one if it is of these lists, else the lists themselves.
    ///
    /// # Errors
    /// There is none, or the list of lists that is kept is refused: why.
    pub fn load(&self, domain: &Domain, context: &Context<'_>) -> Result<Snapshot, String> {
        let mirror = Mirror::open(&self.folder).map_err(|error| error.to_string())?;
        let memory = self.memory();
        let mut snapshot = match self.compiled(domain, &mirror) {
            Some(snapshot) => snapshot,
            None => {
                let mut known = memory.clone();
                known.learn(context.last_good.clone());
                let context = context.clone().with_last_good(known.last_good);
                Snapshot::load(&mirror, domain, &context).map_err(|error| error.to_string())?
            }
        };
        for list in &mut snapshot.lists {
            list.checked = memory.checked.get(&list.url).copied().or(list.checked);
        }
        Ok(snapshot)
    }

    /// Nothing but its checksum is verified of a compiled snapshot: it counts where nobody else can write.
    fn compiled(&self, domain: &Domain, mirror: &Mirror) -> Option<Snapshot> {
        let others_write = |path: &Path| {
            std::fs::metadata(path).map_or(true, |about| about.permissions().mode() & 0o022 != 0)
        };
        let path = self.path("snapshot");
        if others_write(&self.folder) || others_write(&path) {
            return None;
        }
        let compiled = compiled::load(&path).ok()?;
        compiled.check(domain).and_then(|()| compiled.check_sources(mirror)).ok()?;
        Some(compiled.snapshot)
    }

    /// What is remembered. Damaged, it is as if nothing were: the lists that are kept still tell their own numbers.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let Ok(text) = self.read("state", LONGEST) else { return Memory::default() };
        Memory::decode(&text).unwrap_or_else(|| {
            tracing::warn!(file = %self.path("state").display(), "damaged; what it remembered is lost");
            Memory::default()
        })
    }

    /// What is kept; nothing where the index is missing or damaged.
    pub(super) fn index(&self) -> Index {
        let Ok(text) = self.read("index.json", LONGEST) else { return Index::new() };
        match serde_json::from_slice::<Vec<Entry>>(&text) {
            Ok(entries) => entries.into_iter().map(|entry| (entry.url, entry.held)).collect(),
            Err(error) => {
                tracing::warn!(file = %self.path("index.json").display(), %error, "damaged; all is fetched anew");
                Index::new()
            }
        }
    }

    /// A list that is kept, if it still is what it was.
    pub(super) fn bytes_of(&self, held: &Held) -> Option<Bytes> {
        // Of a damaged index, no name that leads elsewhere is followed.
        if held.file.contains('/') {
            return None;
        }
        let bytes = self.read(&held.file, held.bytes).ok()?;
        (identity(&bytes) == held.sha256).then(|| bytes.into())
    }

    /// Makes the folder where it is missing, and locks it.
    pub(super) fn lock(&self) -> Result<Lock, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", self.folder.display());
        DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(&self.folder)
            .map_err(|error| wrong(&error))?;
        let lock = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(self.path("lock"));
        let lock = lock.map_err(|error| wrong(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Lock(lock)),
            Err(TryLockError::WouldBlock) => Err(wrong(&"another process is synchronising it")),
            Err(TryLockError::Error(error)) => Err(wrong(&error)),
        }
    }

    /// Writes new lists, then swaps the index; `false` where there was nothing to write. The files of the old index
    /// stay until the next time: somebody may be reading them.
    pub(super) fn commit(&self, old: &Index, new: &Index, bodies: &[Bytes], _: &Lock) -> io::Result<bool> {
        for bytes in bodies {
            let held = Held::new(bytes, "", &Validators::default());
            let wanted = new.values().flatten().any(|other| other.sha256 == held.sha256);
            if wanted && self.bytes_of(&held).is_none() {
                self.put(&held.file, bytes)?;
            }
        }
        if old == new && self.exists() {
            return Ok(false);
        }
        let entries = new.iter().map(|(url, held)| match held {
            Some(_) => serde_json::to_value(Entry { url: url.clone(), held: held.clone() }),
            None => Ok(serde_json::json!({"url": url, "file": null})),
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        self.put("index.json", &serde_json::to_vec_pretty(&entries)?)?;
        self.sweep(old, new);
        Ok(true)
    }

    pub(super) fn remember(&self, memory: &Memory, _: &Lock) -> io::Result<()> {
        self.put("state", &memory.encode())
    }

    /// Compiles what is kept, unless the compiled snapshot is of it already.
    pub(super) fn compile(
        &self,
        domain: &Domain,
        context: &Context<'_>,
        now: Time,
        _: &Lock,
    ) -> Result<(), String> {
        let mirror = Mirror::open(&self.folder).map_err(|error| error.to_string())?;
        if self.compiled(domain, &mirror).is_some() {
            return Ok(());
        }
        let made = Compiled::make(&mirror, domain, context, now).map_err(|error| error.to_string())?;
        self.put("snapshot", &made.encode()).map_err(|error| error.to_string())
    }

    /// Removes lists that neither index names, and what a killed process left unfinished.
    fn sweep(&self, old: &Index, new: &Index) {
        let named: BTreeSet<&str> = [old, new]
            .into_iter()
            .flat_map(|index| index.values().flatten())
            .map(|held| held.file.as_str())
            .collect();
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(UNFINISHED) || (name.ends_with(".xml") && !named.contains(name)) {
                let _ = self.disk.remove(&entry.path());
            }
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        disk::replace(&*self.disk, &self.path(name), bytes, FILE_MODE)
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        disk::read(&self.path(name), limit)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_it_was_written_and_not_with_one_bit_changed() {
        let mut memory = Memory::default();
        memory.learn(BTreeMap::from([("SE".to_owned(), LastGood { sequence: 7, digest: [7; 32] })]));
        memory.checked.insert("https://lists.example/a".to_owned(), Time::from_seconds(1_800_000_000));
        let text = memory.encode();
        assert_eq!(Memory::decode(&text), Some(memory));
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert_eq!(Memory::decode(&changed), None, "byte {at}");
            assert_eq!(Memory::decode(&text[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn memory_never_goes_back() {
        let good = |sequence| LastGood { sequence, digest: [u8::try_from(sequence).unwrap(); 32] };
        let mut memory = Memory::default();
        for sequence in [3, 5, 4] {
            memory.learn(BTreeMap::from([("SE".to_owned(), good(sequence))]));
        }
        assert_eq!(memory.last_good["SE"], good(5));
    }

    #[test]
    fn no_name_of_a_domain_leads_out_of_the_cache() {
        let mut domain = Domain::eu().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(disk::FileSystem);
        for name in ["..", "../../etc", "/etc", "a/b", "", &"x".repeat(300)] {
            name.clone_into(&mut domain.name);
            let store = Store::of(&domain, Path::new("/cache"), Arc::clone(&disk));
            let inside = store.folder().strip_prefix("/cache").unwrap();
            assert!(
                inside.components().all(|part| matches!(part, std::path::Component::Normal(_))),
                "{name}"
            );
        }
    }
}
