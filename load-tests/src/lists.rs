//! A list server on loopback: a mirror of trusted lists, and their history, published version by version.

use crate::Failure;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time for a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running list server; it ends with the process.
#[derive(Debug)]
pub struct Lists {
    /// Its address, as `--trust-mirror` takes it.
    pub origin: String,
    published: Arc<Mutex<HashMap<String, Published>>>,
    /// Versions still to be published, the next one first: a list's file, and where its version lies.
    to_come: Mutex<VecDeque<(String, PathBuf)>>,
}

#[derive(Clone, Debug)]
struct Published {
    bytes: Arc<Vec<u8>>,
    tag: String,
}

impl Published {
    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Ok(Self { bytes: Arc::new(bytes), tag: format!("\"{:016x}\"", hasher.finish()) })
    }
}

impl Lists {
    /// Serves a mirror: a folder whose `index.json` maps addresses to its files. Of lists with a history, a folder with
    /// `TERRITORY/*.xml` by age, the oldest version stands in place of the mirror's `TERRITORY.xml` at first.
    ///
    /// # Errors
    /// A file cannot be read, or nothing can be bound.
    pub fn start(mirror: &Path, history: Option<&Path>) -> Result<Self, Failure> {
        let mut published = HashMap::new();
        for file in files(mirror)?.into_iter().filter(|file| file.is_file()) {
            published.insert(name(&file), Published::read(&file)?);
        }
        if !published.contains_key("index.json") {
            return Err(format!("{}: no index.json", mirror.display()).into());
        }
        let mut histories = Vec::new();
        for folder in history.map(files).transpose()?.into_iter().flatten() {
            let list = format!("{}.xml", name(&folder));
            if !folder.is_dir() || !published.contains_key(&list) {
                continue;
            }
            let mut versions = files(&folder)?.into_iter();
            if let Some(oldest) = versions.next() {
                published.insert(list.clone(), Published::read(&oldest)?);
            }
            histories.push((list, versions));
        }
        // In turns, so that every territory changes now and then.
        let mut to_come = VecDeque::new();
        loop {
            let before = to_come.len();
            for (list, versions) in &mut histories {
                to_come.extend(versions.next().map(|version| (list.clone(), version)));
            }
            if to_come.len() == before {
                break;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}/", listener.local_addr()?);
        let published = Arc::new(Mutex::new(published));
        let shared = Arc::clone(&published);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(&stream, &shared));
            }
        });
        Ok(Self { origin, published, to_come: Mutex::new(to_come) })
    }

    /// Publishes the next version of a list; `false` where there is none left.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn publish_next(&self) -> Result<bool, Failure> {
        let next = self.to_come.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some((list, version)) = next else { return Ok(false) };
        let version = Published::read(&version)?;
        lock(&self.published).insert(list, version);
        Ok(true)
    }
}

fn lock(published: &Mutex<HashMap<String, Published>>) -> MutexGuard<'_, HashMap<String, Published>> {
    published.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What lies in a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(wrong)?;
    let mut files =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    files
        .retain(|file| file.is_dir() || file.extension().is_some_and(|kind| kind == "xml" || kind == "json"));
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Answers the one request of a connection; 304 where the version is known.
fn answer(stream: &TcpStream, published: &Mutex<HashMap<String, Published>>) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let line = lines.next()?.ok()?;
    let file = line.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let mut known = None;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("if-none-match") {
            known = Some(value.trim().to_owned());
        }
    }
    let found = lock(published).get(&file).cloned();
    let write = |head: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        (&*stream).write_all(head.as_bytes()).and_then(|()| (&*stream).write_all(body)).ok()
    };
    match found {
        None => write("404 Not Found", b""),
        Some(found) if known.as_ref() == Some(&found.tag) => write("304 Not Modified", b""),
        Some(found) => write(&format!("200 OK\r\netag: {}", found.tag), &found.bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn get(lists: &Lists, file: &str, known: &str) -> String {
        let address = lists.origin.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /{file} HTTP/1.1\r\nhost: x\r\nif-none-match: {known}\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn versions_are_published_one_after_the_other_and_in_turns() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("mirror/index.json", "[]"),
            ("mirror/AA.xml", "newest"),
            ("mirror/BB.xml", "b"),
            ("history/AA/1.xml", "a1"),
            ("history/AA/2.xml", "a2"),
            ("history/AA/3.xml", "a3"),
            ("history/BB/1.xml", "b1"),
            ("history/BB/2.xml", "b2"),
            ("history/ZZ/1.xml", "of no list"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (mirror, history) = (folder.path().join("mirror"), folder.path().join("history"));
        let lists = Lists::start(&mirror, Some(&history)).unwrap();
        let both =
            || ["AA.xml", "BB.xml"].map(|file| get(&lists, file, "").lines().last().unwrap().to_owned());
        assert_eq!(both(), ["a1", "b1"]);
        let first = get(&lists, "AA.xml", "");
        let tag = first.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        assert!(get(&lists, "AA.xml", tag).starts_with("HTTP/1.1 304 "));
        for expected in [["a2", "b1"], ["a2", "b2"], ["a3", "b2"]] {
            assert!(lists.publish_next().unwrap());
            assert_eq!(both(), expected);
        }
        assert!(!lists.publish_next().unwrap());
        assert!(get(&lists, "AA.xml", tag).starts_with("HTTP/1.1 200 "), "another version");
        assert!(get(&lists, "../history/AA/1.xml", "").starts_with("HTTP/1.1 404 "));
        assert!(Lists::start(&history, None).is_err(), "no index");
    }
}
