//! The file itself.

use super::{Compiled, LONGEST, Refused};
use crate::disk::{self, FileSystem};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Everybody may read what the lists say; nobody else may write it.
const MODE: u32 = 0o644;

/// Reads the file and its content; see [`Compiled::decode`].
///
/// # Errors
/// Not a file that can be read, longer than [`LONGEST`], or as [`Compiled::decode`].
pub fn load(path: &Path) -> Result<Compiled, Refused> {
    let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(Refused::Unreadable("not a regular file".to_owned()));
    }
    match usize::try_from(about.len()) {
        Ok(length) if length <= LONGEST => Compiled::decode(read(&file, length).map_err(unreadable)?),
        _ => Err(Refused::Unreadable(format!("over {LONGEST} bytes"))),
    }
}

/// Two threads read a half each: what takes long is the memory, page by page.
fn read(file: &File, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let (first, second) = bytes.split_at_mut(length / 2);
    let middle = u64::try_from(first.len()).unwrap_or(u64::MAX);
    std::thread::scope(|scope| {
        let beside =
            std::thread::Builder::new().spawn_scoped(scope, || file.read_exact_at(second, middle))?;
        file.read_exact_at(first, 0)?;
        beside.join().unwrap_or_else(|_| Err(io::Error::other("a thread that read the file ended early")))
    })?;
    Ok(bytes)
}

/// Writes the file, mode 0644: whole beside its place, on the disk, then into its place. Who reads it meanwhile has the
/// old one or the new one.
///
/// # Errors
/// Those of the file system; nothing unfinished is left then.
pub fn save(compiled: &Compiled, path: &Path) -> io::Result<usize> {
    let bytes = compiled.encode();
    disk::replace(&FileSystem, path, &bytes, MODE)?;
    Ok(bytes.len())
}
