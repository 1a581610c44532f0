//! Where lists are had from.

use crate::disk;
use crate::signature::algorithm::identity;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Gives the bytes behind an address.
pub trait Source: Sync {
    /// The bytes at `url`, or why they cannot be had. Called from several threads.
    fn get(&self, url: &str) -> Fetched;

    /// These will be asked for next: one that fetches can fetch them side by side.
    fn expect(&self, _urls: &[&str]) {}

    /// How many bytes there are at `url`, where that is known without getting them; only for the order of work.
    fn size(&self, _url: &str) -> Option<u64> {
        None
    }
}

/// What came of asking for an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fetched {
    /// The whole body.
    Bytes(Bytes),
    /// Nothing came: why.
    Unreachable(String),
}

impl Source for BTreeMap<String, Vec<u8>> {
    fn get(&self, url: &str) -> Fetched {
        BTreeMap::get(self, url).map_or_else(not_there, |bytes| Fetched::Bytes(Bytes::copy_from_slice(bytes)))
    }
}

fn not_there() -> Fetched {
    Fetched::Unreachable("not in the mirror".to_owned())
}

/// Bytes of `index.json`, at most.
pub const INDEX_BYTES: u64 = 16 << 20;
/// Bytes of a file of a mirror, at most; the limit of a list stands below it and refuses by name.
const FILE_BYTES: u64 = 64 << 20;

/// A folder with `index.json`, which maps each address to a file of the folder.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: PathBuf,
    files: HashMap<String, Option<PathBuf>>,
    index_digest: [u8; 32],
}

/// One entry of `index.json`. Its digest and size are for people: only a list's own signature makes it trusted.
#[derive(Deserialize)]
struct Entry {
    url: String,
    file: Option<PathBuf>,
}

/// Why a folder is no mirror.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAMirror(pub String);

impl fmt::Display for NotAMirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a mirror of trusted lists: {}", self.0)
    }
}

impl std::error::Error for NotAMirror {}

impl Mirror {
    /// Opens the mirror in `folder`; its lists are read when they are asked for.
    ///
    /// # Errors
    /// No readable `index.json`, an address twice, or a file outside the folder.
    pub fn open(folder: &Path) -> Result<Self, NotAMirror> {
        let path = folder.join("index.json");
        let named = |why: &dyn fmt::Display| NotAMirror(format!("{}: {why}", path.display()));
        let text = disk::read(&path, INDEX_BYTES).map_err(|why| named(&why))?;
        let files = files_of_index(&text).map_err(|why| named(&why))?;
        Ok(Self { folder: folder.to_owned(), files, index_digest: identity(&text) })
    }

    /// SHA-256 of `index.json`.
    #[must_use]
    pub fn index_digest(&self) -> [u8; 32] {
        self.index_digest
    }
}

/// Reads `index.json` of a mirror: the file of each address, `None` where it could not be had.
///
/// # Errors
/// Not such an index, an address twice, or a file outside the folder.
pub fn files_of_index(text: &[u8]) -> Result<HashMap<String, Option<PathBuf>>, String> {
    let entries: Vec<Entry> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let mut files = HashMap::with_capacity(entries.len());
    for Entry { url, file } in entries {
        let inside = |file: &PathBuf| file.components().all(|part| matches!(part, Component::Normal(_)));
        if file.as_ref().is_some_and(|file| !inside(file)) {
            return Err(format!("the file of {url} is outside the folder"));
        }
        if let Some(url) = files.insert(url.clone(), file).map(|_| url) {
            return Err(format!("{url} stands there twice"));
        }
    }
    Ok(files)
}

impl Source for Mirror {
    fn get(&self, url: &str) -> Fetched {
        match self.files.get(url) {
            None => not_there(),
            Some(None) => Fetched::Unreachable("the mirror has no file for it".to_owned()),
            Some(Some(file)) => match disk::read(&self.folder.join(file), FILE_BYTES) {
                Ok(bytes) => Fetched::Bytes(bytes.into()),
                Err(why) => Fetched::Unreachable(why.to_string()),
            },
        }
    }

    fn size(&self, url: &str) -> Option<u64> {
        let file = self.files.get(url)?.as_ref()?;
        std::fs::metadata(self.folder.join(file)).ok().map(|metadata| metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_serves_what_its_index_names_and_nothing_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let index = |text: &str| {
            std::fs::write(folder.path().join("index.json"), text).unwrap();
            Mirror::open(folder.path())
        };
        std::fs::write(folder.path().join("a.xml"), "<a/>").unwrap();
        let mirror = index(r#"[{"url":"u:a","file":"a.xml","sha256":"00"},{"url":"u:b","file":null},{"url":"u:c","file":"c.xml"}]"#)
            .unwrap();
        assert_eq!(mirror.get("u:a"), Fetched::Bytes(Bytes::from_static(b"<a/>")));
        for url in ["u:b", "u:c", "u:d"] {
            assert!(matches!(mirror.get(url), Fetched::Unreachable(_)), "{url}");
        }
        for text in [
            r#"[{"url":"u:a","file":"../a.xml"}]"#,
            r#"[{"url":"u:a","file":"/etc/passwd"}]"#,
            r#"[{"url":"u:a","file":null},{"url":"u:a","file":"a.xml"}]"#,
            r#"{"url":"u:a"}"#,
            "",
        ] {
            assert!(index(text).is_err(), "{text}");
        }
    }
}
