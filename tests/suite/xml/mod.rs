//! XML: the reader and canonicalisation, against an independent implementation and public vectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod c14n;
mod trees;
mod xpath;

use sealgate::format::Limits;
use sealgate::format::xml::Document;
use std::fs;
use std::path::PathBuf;

/// The data folder's entry, or `None` with a printed line where it is missing.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from("../shared").join(path);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// The XML files of a folder of the data, by name.
pub(crate) fn shared_xml(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = shared(folder) else { return Vec::new() };
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    files.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

pub(crate) fn parse(bytes: &[u8]) -> Document<'_> {
    Document::parse(bytes, &Limits::default()).unwrap()
}
