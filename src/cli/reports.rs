//! `sealgate verify --output`: reports into a folder, a file each.

use super::Failure;
use crate::report::Verdict;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A folder that reports go into.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    extension: &'static str,
    /// Names of the reports so far: files of one name may come from several folders.
    taken: HashSet<String>,
}

impl Folder {
    /// Makes it where it is not there yet.
    pub(super) fn open(path: &Path, extension: &'static str) -> Result<Self, Failure> {
        std::fs::create_dir_all(path)
            .map_err(|error| Failure::usage(format!("--output {}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), extension, taken: HashSet::new() })
    }

    /// Writes the report on a file under that file's name and the form's: `diploma.pdf.xml`, `diploma.pdf-2.xml`.
    pub(super) fn write(&mut self, verdict: &Verdict, report: &[u8]) -> Result<(), Failure> {
        let file = verdict.file.as_deref().filter(|file| *file != "-");
        let name = file.and_then(|file| Path::new(file).file_name());
        let name = name.map_or_else(|| "input".into(), |name| name.to_string_lossy());
        let mut whole = format!("{name}.{}", self.extension);
        for number in 2_u32.. {
            if self.taken.insert(whole.clone()) {
                break;
            }
            whole = format!("{name}-{number}.{}", self.extension);
        }
        let path = self.path.join(whole);
        std::fs::write(&path, report)
            .map_err(|error| Failure::usage(format!("--output {}: {error}", path.display())))
    }
}
