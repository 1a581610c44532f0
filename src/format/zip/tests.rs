use super::*;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use std::io::Write;

/// A file to be put into an archive, and what the headers say of it where that is a lie.
#[derive(Clone)]
struct File {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    size: u32,
    packed: Vec<u8>,
    /// The local header where it differs from the directory's.
    local: Option<Box<File>>,
}

impl File {
    fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        Self { method: DEFLATED, packed: encoder.finish().unwrap(), ..Self::stored(name, content) }
    }

    fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap();
        let (name, packed) = (name.as_bytes().to_vec(), content.to_vec());
        Self { name, flags: 0, method: STORED, crc: crc.sum(), size, packed, local: None }
    }

    /// What both headers have from the flags to the lengths of name and extra.
    fn common(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.flags.to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.crc.to_le_bytes());
        out.extend(u32::try_from(self.packed.len()).unwrap().to_le_bytes());
        out.extend(self.size.to_le_bytes());
        out.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        out.extend([0; 2]);
        out
    }

    fn write_local(&self, out: &mut Vec<u8>) {
        let header = self.local.as_deref().unwrap_or(self);
        out.extend(MAGIC);
        out.extend([20, 0]);
        out.extend(header.common());
        out.extend(&header.name);
        out.extend(&self.packed);
        if header.flags & DESCRIPTOR != 0 {
            out.extend(DESCRIPTOR_SIGNATURE);
            out.extend(self.crc.to_le_bytes());
            out.extend(u32::try_from(self.packed.len()).unwrap().to_le_bytes());
            out.extend(self.size.to_le_bytes());
        }
    }

    fn write_central(&self, local: usize, out: &mut Vec<u8>) {
        out.extend(CENTRAL);
        out.extend([20, 0, 20, 0]);
        out.extend(self.common());
        out.extend([0; 10]);
        out.extend(u32::try_from(local).unwrap().to_le_bytes());
        out.extend(&self.name);
    }
}

fn end(count: usize, start: usize, length: usize, comment: &[u8]) -> Vec<u8> {
    let count = u16::try_from(count).unwrap().to_le_bytes();
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let (length, start) = (word(length), word(start));
    let comment_length = u16::try_from(comment.len()).unwrap().to_le_bytes();
    [&DIRECTORY_END[..], &[0; 4], &count, &count, &length, &start, &comment_length, comment].concat()
}

fn archive(files: &[File]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        file.write_central(out.len(), &mut directory);
        file.write_local(&mut out);
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(end(files.len(), start, directory.len(), b""));
    out
}

fn open(bytes: &[u8]) -> Result<Archive<Bytes>, Unreadable> {
    Archive::open(Bytes::copy_from_slice(bytes), &Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    open(bytes).unwrap_err().to_string()
}

/// What comes of reading every entry.
fn contents(bytes: &[u8]) -> Vec<Result<Bytes, Unreadable>> {
    let archive = open(bytes).unwrap();
    let read =
        |entry| archive.read(entry, &Limits::default()).map(|content| Bytes::from(content.into_owned()));
    archive.entries().iter().map(read).collect()
}

fn only(file: File) -> Result<Bytes, String> {
    contents(&archive(&[file])).remove(0).map_err(|why| why.to_string())
}

#[test]
fn an_entry_that_the_directory_does_not_name_is_refused() {
    let (first, hidden, last) = (File::stored("a", b"1"), File::stored("b", b"2"), File::stored("c", b"3"));
    let made = |named: [bool; 3]| {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (file, named) in [&first, &hidden, &last].into_iter().zip(named) {
            if named {
                file.write_central(out.len(), &mut directory);
            }
            file.write_local(&mut out);
        }
        let (start, count) = (out.len(), named.iter().filter(|named| **named).count());
        out.extend(&directory);
        out.extend(end(count, start, directory.len(), b""));
        out
    };
    assert_eq!(open(&made([true; 3])).unwrap().entries().len(), 3);
    for named in [[false, true, true], [true, false, true], [true, true, false]] {
        assert!(refused(&made(named)).contains("belong to no entry"), "{named:?}");
    }
}

#[test]
fn a_descriptor_says_what_the_directory_says() {
    let mut streamed = File::deflated("a", b"one");
    streamed.flags = DESCRIPTOR;
    let bytes = archive(std::slice::from_ref(&streamed));
    assert!(open(&bytes).is_ok());
    let at = memmem::find(&bytes, &DESCRIPTOR_SIGNATURE).unwrap();
    for byte in at + 4..at + 16 {
        let mut changed = bytes.clone();
        changed[byte] ^= 1;
        // What both headers say in place of a descriptor counts for nothing.
        assert!(open(&changed).is_err(), "{byte}");
    }
}

#[test]
fn one_name_in_two_encodings_is_one_name() {
    let (mut old, new) = (File::stored("M", b"1"), File::stored("M\u{fc}ller.json", b"2"));
    old.name = b"M\x81ller.json".to_vec();
    assert!(refused(&archive(&[old, new])).contains("same name"));
}

#[test]
fn its_memory_is_that_of_its_bytes_and_its_directory() {
    let files: Vec<File> = (0..1000).map(|number| File::stored(&format!("{number}"), b"")).collect();
    let bytes = archive(&files);
    let read = open(&bytes).unwrap();
    let entries = read.memory() - bytes.len();
    assert!((1000 * size_of::<Bytes>()..bytes.len()).contains(&entries), "{entries}");
}

#[test]
fn entries_come_back_in_order_and_folders_are_none() {
    let mut streamed = File::deflated("c", b"three");
    streamed.flags = DESCRIPTOR;
    streamed.local = Some(Box::new(File { crc: 0, size: 0, packed: Vec::new(), ..streamed.clone() }));
    let files =
        [File::deflated("a/b.json", b"one"), File::stored("a/", b""), File::stored("d", b"two"), streamed];
    let bytes = archive(&files);
    let read = open(&bytes).unwrap();
    let names: Vec<_> = read.entries().iter().map(|entry| entry.name().unwrap()).collect();
    assert_eq!(names, ["a/b.json", "d", "c"]);
    let contents: Vec<_> = contents(&bytes).into_iter().map(Result::unwrap).collect();
    assert_eq!(contents, [&b"one"[..], b"two", b"three"]);
    assert!(open(&archive(&[])).unwrap().entries().is_empty());
}

#[test]
fn names_are_texts_of_files_in_the_archive() {
    let named = |name: &[u8], flags| {
        let file = File { name: name.to_vec(), flags, ..File::stored("", b"x") };
        open(&archive(&[file])).unwrap().entries()[0].name().map(Cow::into_owned)
    };
    assert_eq!(named("Müller.json".as_bytes(), UTF_8).unwrap(), "Müller.json");
    assert_eq!(named(b"M\x81ller.json", 0).unwrap(), "Müller.json");
    assert_eq!(named(b"M\x81ller.json", UTF_8), None);
    for name in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a\\..\\b",
        "C:x",
        "a\0b",
        "a\nb",
        "a\u{202e}nosj.exe",
        "a/",
        &"a".repeat(NAME + 1),
    ] {
        assert_eq!(named(name.as_bytes(), UTF_8), None, "{name:?}");
    }
    let nameless = only(File::stored("../x", b"y")).unwrap_err();
    assert!(nameless.contains("name"), "{nameless}");
}

#[test]
fn what_an_entry_says_of_itself_must_be_so() {
    let sound = File::deflated("a", &[b'x'; 1000]);
    assert_eq!(only(sound.clone()).unwrap().len(), 1000);
    let packed = |add: &[u8]| [&sound.packed[..], add].concat();
    for (file, why) in [
        (File { crc: 1, ..sound.clone() }, "checksum"),
        (File { size: 999, ..sound.clone() }, "size"),
        (File { size: 1001, ..sound.clone() }, "size"),
        (File { packed: packed(b"x"), ..sound.clone() }, "size"),
        (File { packed: sound.packed[..5].to_vec(), ..sound.clone() }, "size"),
        (File { packed: vec![0xff; 20], ..sound.clone() }, "DEFLATE"),
        (File { flags: 1, ..sound.clone() }, "encrypted"),
        (File { method: 12, ..sound.clone() }, "method 12"),
        (File { method: STORED, ..sound.clone() }, "two sizes"),
    ] {
        let found = only(file).unwrap_err();
        assert!(found.contains(why), "{why}: {found}");
    }
    let small = Limits { bytes: 999, ..Limits::default() };
    let read = open(&archive(&[sound])).unwrap();
    assert!(matches!(read.read(&read.entries()[0], &small), Err(Unreadable::OverLimit(..))));
}

#[test]
fn octets_are_the_entry_however_they_are_had() {
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
    for content in [&large[..], b"small", b""] {
        for file in [File::stored("a", content), File::deflated("a", content)] {
            let bytes = archive(&[file]);
            let read = Archive::open(&bytes[..], &Limits::default()).unwrap();
            let octets = read.octets(&read.entries()[0], &Limits::default()).unwrap();
            let mut written = Vec::new();
            octets.write(&mut written);
            assert!(written == content && *octets.once() == *content && octets.len() == content.len());
            let beginning = octets.beginning(1000);
            assert!(beginning.len() >= content.len().min(1000) && content.starts_with(&beginning));
            assert!(*octets.clone() == *content && *octets == *content);
        }
    }
    let sound = File::deflated("a", &large);
    for file in [
        File { crc: 1, ..sound.clone() },
        File { size: sound.size - 1, ..sound.clone() },
        File { size: sound.size + 1, ..sound.clone() },
        File { packed: [&sound.packed[..], b"x"].concat(), ..sound.clone() },
        File { packed: sound.packed[..sound.packed.len() - 9].to_vec(), ..sound },
    ] {
        let bytes = archive(&[file]);
        let read = Archive::open(&bytes[..], &Limits::default()).unwrap();
        assert!(read.octets(&read.entries()[0], &Limits::default()).is_err());
    }
}

#[test]
fn one_broken_entry_spoils_no_other() {
    let broken = File { crc: 1, ..File::deflated("b", b"two") };
    let read = contents(&archive(&[File::deflated("a", b"one"), broken, File::deflated("c", b"three")]));
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let zeros = vec![0; 20 << 20];
    let bomb = File::deflated("a", &zeros);
    assert!(bomb.packed.len() * 900 < zeros.len());
    assert!(refused(&archive(std::slice::from_ref(&bomb))).contains("all entries"));
    // It may also lie: then it ends at what it said.
    let liar = File { size: 1000, ..bomb };
    assert!(only(liar).unwrap_err().contains("size"));
    // An archive in an archive is one more entry, and bytes like others.
    let inner = archive(&[File::stored("a", b"x")]);
    assert_eq!(only(File::deflated("inner.zip", &inner)).unwrap(), inner);
}

/// An archive of these local parts and directory entries.
fn assembled(locals: &[u8], directory: &[u8], count: usize) -> Vec<u8> {
    [locals, directory, &end(count, locals.len(), directory.len(), b"")].concat()
}

#[test]
fn entries_that_share_bytes_are_refused() {
    let (one, other) = (File::stored("a", b"one"), File::stored("b", b"other"));
    // Two entries of the directory for the same data.
    let (mut locals, mut directory) = (Vec::new(), Vec::new());
    one.write_local(&mut locals);
    one.write_central(0, &mut directory);
    one.write_central(0, &mut directory);
    assert!(refused(&assembled(&locals, &directory, 2)).contains("same name"));
    // One whose content is the next one's local header and data.
    let mut kernel = Vec::new();
    other.write_local(&mut kernel);
    let quoting = File::stored("q", &kernel);
    let (mut locals, mut directory) = (Vec::new(), Vec::new());
    quoting.write_local(&mut locals);
    quoting.write_central(0, &mut directory);
    other.write_central(locals.len() - kernel.len(), &mut directory);
    assert!(refused(&assembled(&locals, &directory, 2)).contains("overlap"));
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let (one, other) = (File::stored("a", b"one"), File::stored("b", b"other"));
    assert!(refused(&archive(&[one.clone(), one.clone()])).contains("same name"));
    for local in [other, File { size: 2, ..one.clone() }, File { crc: 1, ..one.clone() }] {
        let renamed = File { local: Some(Box::new(local)), ..one.clone() };
        assert!(open(&archive(&[renamed])).is_err());
    }
    let sound = archive(&[one]);
    assert!(refused(&[b"x", &sound[..]].concat()).contains("not where it should be"));
    assert!(open(&[&sound[..], b"x"].concat()).is_err());
    // A comment that holds another archive's end.
    let before = &sound[..sound.len() - DIRECTORY_END_LENGTH];
    let length = CENTRAL_LENGTH + 1;
    let with_comment = |comment: &[u8]| [before, &end(1, before.len() - length, length, comment)].concat();
    assert!(refused(&with_comment(&end(0, before.len(), 0, b""))).contains("two directories"));
    assert_eq!(open(&with_comment(b"a comment")).unwrap().entries().len(), 1);
}

#[test]
fn what_is_not_read_is_named() {
    let sound = archive(&[File::stored("a", b"x")]);
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = sound.clone();
        let at = changed.len() - DIRECTORY_END_LENGTH + at;
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    for (bytes, why) in [
        (with(8, &[0xff; 4]), "ZIP64"),
        (with(16, &[0xff; 4]), "ZIP64"),
        (with(4, &[1, 0]), "disks"),
        (with(8, &[2, 0]), "disks"),
        (with(16, &[0, 0, 0, 1]), "not where"),
        (with(20, &[1, 0]), "does not end"),
        (b"PK\x03\x04".to_vec(), "does not end"),
        (Vec::new(), "does not end"),
    ] {
        assert!(refused(&bytes).contains(why), "{why}: {}", refused(&bytes));
    }
    let small = Limits { bytes: 10, ..Limits::default() };
    assert!(matches!(Archive::open(&sound[..], &small), Err(Unreadable::OverLimit(..))));
}

#[test]
fn truncated_anywhere_it_is_refused() {
    let sound = archive(&[File::deflated("a", &[b'x'; 300]), File::stored("b", b"y")]);
    for length in 0..sound.len() {
        assert!(open(&sound[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(read) = open(&bytes) {
            read.entries().iter().for_each(|entry| drop(read.read(entry, &Limits::default())));
        }
    }

    #[test]
    fn no_changed_byte_makes_it_panic_or_read_other_content(at in 0_usize..400, to in any::<u8>()) {
        let mut bytes = archive(&[File::deflated("a", &[b'x'; 300]), File::stored("b", b"yy")]);
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(read) = open(&bytes) {
            for entry in read.entries() {
                if let Ok(content) = read.read(entry, &Limits::default()) {
                    prop_assert!(content == vec![b'x'; 300] || &content[..] == b"yy");
                }
            }
        }
    }

    #[test]
    fn what_was_put_in_comes_out(files in proptest::collection::hash_map("[a-z]{1,9}", proptest::collection::vec(any::<u8>(), 0..99), 0..9)) {
        let packed: Vec<File> = files.iter().map(|(name, content)| File::deflated(name, content)).collect();
        let bytes = archive(&packed);
        let read = open(&bytes).unwrap();
        prop_assert_eq!(read.entries().len(), files.len());
        for entry in read.entries() {
            let content = read.read(entry, &Limits::default()).unwrap();
            prop_assert_eq!(&content[..], &files[&*entry.name().unwrap()][..]);
        }
    }
}
