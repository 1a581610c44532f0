//! A folder of accreditation files.

use super::read::{BYTES, NotARegister, records};
use super::{Found, Query, Record, Register};
use crate::disk;
use crate::signature::algorithm::identity;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in a folder, and bytes of them together.
const FILES: usize = 20_000;
const TOTAL: usize = 512 << 20;

/// A register read once from the `*.json` and `*.jsonld` files of a folder, in the order of their names; folders within
/// it are not looked at. See [`records`] for what a file holds.
#[derive(Debug)]
pub struct Folder {
    name: String,
    /// SHA-256 over those of its files, in their order.
    digest: Option<[u8; 32]>,
    /// By every identifier; several accreditations of one identifier are all kept, the same one twice is one.
    index: HashMap<String, Vec<Arc<Record>>>,
}

impl Folder {
    /// Reads a folder; its name is the register's.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read, a file is too large or no register, or there is none; the file is named.
    pub fn read(folder: &Path) -> Result<Self, NotARegister> {
        let wrong =
            |path: &Path, why: &dyn std::fmt::Display| NotARegister(format!("{}: {why}", path.display()));
        let entries = std::fs::read_dir(folder).map_err(|error| wrong(folder, &error))?;
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| wrong(folder, &error))?.path();
            let fits = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonld");
            if fits && path.is_file() {
                files.push(path);
            }
            if files.len() > FILES {
                return Err(wrong(folder, &format!("more than {FILES} files")));
            }
        }
        files.sort();
        let mut found = Self { name: name_of(folder), digest: None, index: HashMap::new() };
        let (mut total, mut digests) = (0_usize, Vec::new());
        for path in &files {
            let bytes = bounded(path).map_err(|why| wrong(path, &why))?;
            total = total.saturating_add(bytes.len());
            digests.extend(identity(&bytes));
            if total > TOTAL {
                return Err(wrong(folder, &format!("more than {TOTAL} bytes")));
            }
            records(&bytes)
                .map_err(|why| wrong(path, &why))?
                .into_iter()
                .for_each(|record| found.add(record));
        }
        if found.index.is_empty() {
            return Err(wrong(folder, &"there is no accreditation file (*.json, *.jsonld) in it"));
        }
        found.digest = Some(identity(&digests));
        Ok(found)
    }

    /// A register of accreditations at hand.
    #[must_use]
    pub fn of(name: &str, records: Vec<Record>) -> Self {
        let mut found = Self { name: name.to_owned(), digest: None, index: HashMap::new() };
        records.into_iter().for_each(|record| found.add(record));
        found
    }

    fn add(&mut self, record: Record) {
        let record = Arc::new(record);
        for key in record.keys() {
            let known = self.index.entry(key.to_owned()).or_default();
            if !known.contains(&record) {
                known.push(Arc::clone(&record));
            }
        }
    }
}

impl Register for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn digest(&self) -> Option<[u8; 32]> {
        self.digest
    }

    fn find(&self, query: &Query) -> Found {
        match query {
            Query::Uri(key) | Query::Notation(key) => {
                Found::Records(self.index.get(key).cloned().unwrap_or_default())
            }
            Query::Institution(_) => Found::nothing(),
        }
    }
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Reads a file to its end, or says that it is larger than it may be.
pub(super) fn bounded(path: &Path) -> Result<Vec<u8>, String> {
    disk::read(path, u64::try_from(BYTES).unwrap_or(u64::MAX)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, title: &str) -> String {
        format!(
            r#"{{"id": "{id}", "identifiers": [{{"value": "n1"}}, {{"value": "n1"}}], "accreditedOrganization": {{}},
                "titles": [{{"language": "en", "value": "{title}"}}]}}"#
        )
    }

    #[test]
    fn found_by_every_identifier_and_several_kept() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let error = Folder::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("there is no accreditation file"), "{error}");
        write("notes.txt", "not read");
        write("a.json", &record("a", "One"));
        write("a-again.json", &record("a", "One"));
        write("b.jsonld", &format!("[{}]", record("b", "Other")));
        let register = Folder::read(folder.path()).unwrap();
        let count = |query: Query| match register.find(&query) {
            Found::Records(records) => records.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(count(Query::Uri("a".into())), 1);
        assert_eq!(count(Query::Notation("n1".into())), 2, "two accreditations of one identifier");
        assert_eq!(count(Query::Uri("c".into())), 0);
        assert_eq!(count(Query::Institution(Box::default())), 0);
        write("c.json", "{");
        let error = Folder::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("c.json: "), "{error}");
        assert!(Folder::read(&folder.path().join("none")).is_err());
    }
}
