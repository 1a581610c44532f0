//! A disk that fills up, power that is cut, a process that is killed, at every step of writing: what a fresh start reads
//! is the last good snapshot or the new one.

use crate::support::{Random, root};
use crate::sync::{Scene, now, state};
use sealgate::disk::{Disk, FileSystem};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens at the step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// From then on there is no space.
    Full,
    /// The process is killed in the middle of it; what it did stays.
    Killed,
    /// The power goes: what was not on the disk yet is lost.
    PowerCut,
}

/// The machine's file system with a fault at one step.
#[derive(Debug)]
struct Faulty {
    fault: Fault,
    at: usize,
    state: Mutex<Steps>,
}

#[derive(Debug, Default)]
struct Steps {
    taken: usize,
    dead: bool,
    /// Files whose bytes are not on the disk.
    unwritten: BTreeSet<PathBuf>,
    /// Names that are not on the disk, latest last: folder, name, what it named before.
    unnamed: Vec<(PathBuf, PathBuf, Option<Vec<u8>>)>,
}

impl Faulty {
    fn new(fault: Fault, at: usize) -> Arc<Self> {
        Arc::new(Self { fault, at, state: Mutex::default() })
    }

    /// Whether the fault is now, or an error where all is over.
    fn step(&self) -> io::Result<bool> {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return Err(io::Error::other("dead"));
        }
        let now = state.taken == self.at;
        state.taken += 1;
        state.dead = now && self.fault != Fault::Full;
        Ok(now)
    }

    fn is_full(&self) -> bool {
        self.fault == Fault::Full && self.state.lock().unwrap().taken > self.at
    }

    /// Whether the fault was reached.
    fn struck(&self) -> bool {
        self.state.lock().unwrap().taken > self.at
    }

    /// What is left when the power is back.
    fn restart(&self) {
        let mut state = self.state.lock().unwrap();
        if self.fault != Fault::PowerCut {
            return;
        }
        for (_, name, before) in state.unnamed.drain(..).rev().collect::<Vec<_>>() {
            match before {
                Some(bytes) => std::fs::write(name, bytes).unwrap(),
                None => std::fs::remove_file(name).unwrap(),
            }
        }
        for file in std::mem::take(&mut state.unwritten) {
            if let Ok(file) = std::fs::OpenOptions::new().write(true).open(file) {
                file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            }
        }
    }
}

impl Disk for Faulty {
    fn create(&self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        let now = self.step()?;
        self.state.lock().unwrap().unwritten.insert(path.to_owned());
        if now || self.is_full() {
            FileSystem.create(path, &bytes[..bytes.len() / 2], mode)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        FileSystem.create(path, bytes, mode)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        if self.step()? {
            return Err(io::Error::other("not on the disk"));
        }
        FileSystem.sync(path)?;
        let mut state = self.state.lock().unwrap();
        state.unwritten.remove(path);
        state.unnamed.retain(|(folder, _, _)| folder != path);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.step()? {
            return Err(io::Error::other("not renamed"));
        }
        let before = std::fs::read(to).ok();
        FileSystem.rename(from, to)?;
        let mut state = self.state.lock().unwrap();
        assert!(!state.unwritten.contains(from), "named before its bytes are on the disk");
        state.unnamed.push((to.parent().unwrap().to_owned(), to.to_owned(), before));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        FileSystem.remove(path)
    }
}

/// A cache with version 7 of both lists, and newer ones at the server.
fn scene_between(newer: &[(&str, Vec<u8>)]) -> (Scene, [u8; 32]) {
    let scene = Scene::new();
    let old = scene.sync().snapshot.identity;
    put(&scene, newer);
    (scene, old)
}

fn put(scene: &Scene, lists: &[(&str, Vec<u8>)]) {
    for (path, bytes) in lists {
        scene.put(path, bytes.clone());
    }
}

#[test]
fn whatever_happens_at_whichever_step_a_fresh_start_reads_the_last_good_or_the_new() {
    let ahead = Scene::new();
    let newer = [("EU", "/lotl.xml", 13), ("XA", "/xa.xml", 8), ("XB", "/xb.xml", 8)]
        .map(|(territory, path, number)| (path, ahead.signed(territory, |list| list.sequence = number)));
    put(&ahead, &newer);
    let new = ahead.sync().snapshot.identity;
    for fault in [Fault::Full, Fault::Killed, Fault::PowerCut] {
        let mut read = BTreeMap::from([("old", 0), ("new", 0)]);
        for at in 0.. {
            let (scene, old) = scene_between(&newer);
            assert_ne!(old, new);
            let disk = Faulty::new(fault, at);
            let synced = scene.sync_on(Arc::clone(&disk) as Arc<dyn Disk>).unwrap();
            assert_eq!(synced.snapshot.identity, new, "what is in use does not hang on the disk");
            if !disk.struck() {
                assert_eq!(synced.kept, Ok(()));
                assert!(at > 12, "only {at} steps");
                break;
            }
            disk.restart();
            let started = scene.started().unwrap_or_else(|why| panic!("{fault:?} at {at}: {why}")).identity;
            assert!(started == old || started == new, "{fault:?} at {at}: half a snapshot");
            *read.get_mut(if started == old { "old" } else { "new" }).unwrap() += 1;
            // The next synchronisation, or restart, is none the worse for it.
            let next = scene.sync();
            assert_eq!((next.snapshot.identity, next.failed().len()), (new, 0), "{fault:?} at {at}");
            assert_eq!(scene.started().unwrap().identity, new, "{fault:?} at {at}");
            let left = std::fs::read_dir(scene.store().folder()).unwrap();
            let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let unfinished = names.filter(|name| name.ends_with(".unfinished")).count();
            assert!(unfinished <= 1, "{fault:?} at {at}: unfinished files pile up");
        }
        println!("{fault:?}: {read:?}");
        assert!(
            read.values().all(|count| *count > 0),
            "both must occur, or the steps are not what they seem"
        );
    }
}

#[test]
fn the_first_synchronisation_leaves_nothing_or_all() {
    let whole = Scene::new().sync().snapshot.identity;
    for fault in [Fault::Full, Fault::Killed, Fault::PowerCut] {
        for at in 0.. {
            let scene = Scene::new();
            let disk = Faulty::new(fault, at);
            let synced = scene.sync_on(Arc::clone(&disk) as Arc<dyn Disk>).unwrap();
            if !disk.struck() {
                break;
            }
            disk.restart();
            assert_eq!(synced.snapshot.identity, whole);
            match scene.started() {
                Ok(snapshot) => assert_eq!(snapshot.identity, whole, "{fault:?} at {at}"),
                Err(_) => assert!(!scene.store().exists(), "{fault:?} at {at}"),
            }
            assert_eq!(scene.sync().snapshot.identity, whole, "{fault:?} at {at}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_answer() {
    let scene = Scene::new();
    std::fs::write(scene.store().folder(), "a file in its place").unwrap();
    let error = scene.sync_on(Arc::new(FileSystem)).unwrap_err().to_string();
    assert!(error.contains(scene.store().folder().to_str().unwrap()), "{error}");
}

#[test]
fn a_list_that_is_damaged_on_the_disk_is_fetched_again() {
    let scene = Scene::new();
    let good = scene.sync().snapshot;
    for list in &good.lists {
        let file = scene.store().folder().join(format!("{}.xml", hex::encode(list.digest.unwrap())));
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
    let again = scene.sync();
    assert_eq!((again.snapshot.identity, again.failed().len()), (good.identity, 0));
    assert_eq!(scene.web.unmodified(), 0, "no validator of a damaged list is sent");
    assert_eq!(scene.started().unwrap().identity, good.identity);
}

/// The real process, killed at random moments of `sealgate trust sync`.
#[test]
fn a_killed_process_leaves_the_last_good_or_the_new() {
    let scene = Scene::new();
    let domain = scene.cache.path().join("demo.toml");
    std::fs::write(&domain, scene.demo.domain().replace("mirror = \"demo\"\n", "")).unwrap();
    let sync = |cache: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.current_dir(root()).args(["trust", "sync", "--trust-domain"]).arg(&domain);
        command.args(["--mirror", &scene.web.origin, "--cache"]).arg(cache);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let cache = scene.cache.path();
    assert!(sync(cache).status().unwrap().success());
    let mut random = Random::new();
    let mut known = scene.started().unwrap().identity;
    let mut killed = 0;
    for sequence in 8..38 {
        scene.put("/xa.xml", scene.signed("XA", |list| list.sequence = sequence));
        scene.put("/xb.xml", scene.signed("XB", |list| list.sequence = sequence));
        let mut child = sync(cache).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(u64::try_from(random.below(40_000)).unwrap()));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let started = scene.started().unwrap();
        let sequences = ["XA", "XB"].map(|territory| state(&started, territory).sequence.unwrap());
        assert_eq!(sequences[0], sequences[1].max(7), "never one list of each: {sequences:?}");
        if started.identity != known {
            assert_eq!(sequences, [sequence; 2], "the new one or the last good");
            known = started.identity;
        }
    }
    println!("{killed} of 30 were killed in time");
    assert!(killed > 0);
    assert!(sync(cache).status().unwrap().success());
    assert_eq!(state(&scene.started().unwrap(), "XB").sequence, Some(37));
    assert_eq!(scene.started().unwrap().lists[1].checked.is_some(), now() < sealgate::clock::now());
}
