//! ZIP64 archives as others write them: Python's zipfile and Info-ZIP.

use crate::support::root;
use sealgate::format::Limits;
use sealgate::format::zip::Archive;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes `made.zip` with each way that Python has to ZIP64, of files that need none.
const PYTHON: &str = r#"
import io, sys, zipfile
class Stream(io.RawIOBase):
    def __init__(self, file): self.file = file
    def writable(self): return True
    def write(self, data): return self.file.write(data)
if sys.argv[1] == "many":
    with zipfile.ZipFile("made.zip", "w") as archive:
        for number in range(65_600): archive.writestr(f"{number}", f"{number}")
else:
    out = open("made.zip", "wb")
    with zipfile.ZipFile(Stream(out) if sys.argv[1] == "streamed" else out, "w") as archive:
        for name in ("one", "other"):
            for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                info = zipfile.ZipInfo(f"{name}{method}")
                info.compress_type = method
                with archive.open(info, "w", force_zip64=True) as entry: entry.write(name.encode() * 99)
"#;

fn is_there(tool: &str, argument: &str) -> bool {
    let there = Command::new(tool).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        println!("skipped: no {tool}");
    }
    there.is_ok()
}

/// Names with their content.
fn read(path: &Path) -> Vec<(String, Vec<u8>)> {
    let limits = Limits::default();
    let archive = Archive::open(std::fs::read(path).unwrap(), &limits).unwrap();
    let content = |entry| archive.read(entry, &limits).unwrap().into_owned();
    archive.entries().iter().map(|entry| (entry.name().unwrap().into_owned(), content(entry))).collect()
}

#[test]
fn what_python_writes_is_read() {
    if !is_there("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.zip");
    let write = |way: &str| {
        let status = Command::new("python3").args(["-c", PYTHON, way]).current_dir(folder.path()).status();
        assert!(status.unwrap().success(), "{way}");
    };
    for way in ["seekable", "streamed"] {
        write(way);
        let bytes = std::fs::read(&made).unwrap();
        assert!(memchr::memmem::find(&bytes, b"\x01\0\x10\0").is_some(), "{way}: sizes elsewhere");
        let files = read(&made);
        assert_eq!(files.len(), 4, "{way}");
        for (name, content) in files {
            let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
            assert_eq!(content, word.repeat(99).into_bytes(), "{way}: {name}");
        }
    }
    // More entries than the end of a directory can count.
    write("many");
    let files = read(&made);
    assert_eq!(files.len(), 65_600);
    assert!(files.iter().all(|(name, content)| name.as_bytes() == content));
}

#[test]
fn what_info_zip_writes_is_read() {
    if !is_there("zip", "-v") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.zip");
    let source = root().join("examples/sound/b-compact.jwt");
    let content = std::fs::read(&source).unwrap();
    std::fs::copy(&source, folder.path().join("one.jwt")).unwrap();
    // Sizes elsewhere in all headers; and as a stream, whose sizes come behind the data.
    for (way, command) in [
        ("forced", "zip -q -X -fz made.zip one.jwt"),
        ("streamed", "cat one.jwt | zip -q -X - - | cat > made.zip"),
        ("piped", "cat one.jwt | zip -q -X -fz > made.zip"),
    ] {
        let _ = std::fs::remove_file(&made);
        let status = Command::new("sh").args(["-c", command]).current_dir(folder.path()).status();
        assert!(status.unwrap().success(), "{way}");
        let bytes = std::fs::read(&made).unwrap();
        assert!(memchr::memmem::find(&bytes, b"\x01\0\x10\0").is_some(), "{way}: sizes elsewhere");
        let files = read(&made);
        assert_eq!(files.len(), 1, "{way}");
        assert_eq!(files[0].1, content, "{way}");
    }
}
