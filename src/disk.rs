//! Files put whole into their place: who reads meanwhile, or after a power cut, has the old one or the new one. And read
//! within bounds.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// With what the names of unfinished files end; a killed process may leave some behind.
pub const UNFINISHED: &str = ".unfinished";

/// The steps of writing, one by one, so that a test can let each fail or be the last.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Writes a file that is not there yet.
    ///
    /// # Errors
    /// Those of the file system; a part may have been written.
    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()>;

    /// What was written to the file, or which names the folder has, is on the disk after this.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Gives a file its name, in place of one that has it.
    ///
    /// # Errors
    /// Those of the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The machine's file system.
#[derive(Clone, Copy, Default, Debug)]
pub struct FileSystem;

impl Disk for FileSystem {
    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        // New, so that no link of that name is followed.
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// Reads a file.
///
/// # Errors
/// Those of the file system; it has over `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let expected = file.metadata()?.len().min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= limit => Ok(bytes),
        _ => Err(io::Error::other(format!("over {limit} bytes"))),
    }
}

/// Puts a file into its place: whole beside it, on the disk, then under its name.
///
/// # Errors
/// Those of the file system; nothing unfinished is left then, if that can be helped.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("names no file"))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut unfinished = OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{:016x}{UNFINISHED}", fastrand::u64(..)));
    let unfinished = folder.join(unfinished);
    let written = disk.create(&unfinished, bytes, mode).and_then(|()| disk.sync(&unfinished));
    if let Err(error) = written.and_then(|()| disk.rename(&unfinished, path)) {
        let _ = disk.remove(&unfinished);
        return Err(error);
    }
    // The new name is on the disk once its folder is.
    disk.sync(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_bytes_are_read_as_may_be_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("three");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(read(&file, 3).unwrap(), b"abc");
        assert_eq!(read(&file, 2).unwrap_err().to_string(), "over 2 bytes");
        // It has no end, and the system tells no length.
        assert_eq!(read(Path::new("/dev/zero"), 70_000).unwrap_err().to_string(), "over 70000 bytes");
    }
}
