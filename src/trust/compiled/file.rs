//! The file itself.

use super::{Compiled, LONGEST, Refused};
use bytes::Bytes;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Everybody may read what the lists say; nobody else may write it.
const MODE: u32 = 0o644;

/// Reads the file and its content; see [`Compiled::decode`].
///
/// # Errors
/// Not readable, longer than [`LONGEST`], or as [`Compiled::decode`].
pub fn load(path: &Path) -> Result<Compiled, Refused> {
    let bytes = read(path).map_err(|error| Refused::Unreadable(error.to_string()))?;
    if bytes.len() > LONGEST {
        return Err(Refused::Unreadable(format!("over {LONGEST} bytes")));
    }
    Compiled::decode(&Bytes::from(bytes))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    // What the file says of its length only saves growing.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(LONGEST).saturating_add(1));
    file.take(u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes the file, mode 0644: whole beside its place, on the disk, then into its place. Who reads it meanwhile has the
/// old one or the new one. `made` tells it from other writers' unfinished files.
///
/// # Errors
/// Those of the file system; nothing unfinished is left then.
pub fn save(compiled: &Compiled, path: &Path) -> io::Result<usize> {
    let name = path.file_name().ok_or_else(|| io::Error::other("names no file"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut unfinished = OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{}-{}", std::process::id(), compiled.origin.made.millis()));
    let unfinished = folder.join(unfinished);
    let bytes = compiled.encode();
    // New, so that no link of that name is followed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&unfinished)?;
    let written = file.write_all(&bytes).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| std::fs::rename(&unfinished, path)) {
        let _ = std::fs::remove_file(&unfinished);
        return Err(error);
    }
    // The new name is on the disk once its folder is.
    File::open(&folder)?.sync_all()?;
    Ok(bytes.len())
}
