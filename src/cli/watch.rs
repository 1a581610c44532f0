//! `sealgate verify --watch`: files as they come.

use super::Failure;
use super::signals::Ends;
use super::verify::{Answers, Session};
use crate::clock::Stopwatch;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Between two looks at the folder.
const BETWEEN: Duration = Duration::from_millis(250);

/// For how long a file must not have changed: it is being written until then.
const SETTLED: Duration = Duration::from_secs(1);

/// Between two looks at the trusted lists.
const TRUST: Duration = Duration::from_secs(3600);

/// Files that are kept in mind; of a folder with more the rest is left alone.
const MOST: usize = 100_000;

/// Ends of names under which programs write what they rename in the end.
const UNFINISHED: [&str; 3] = [".part", ".tmp", ".crdownload"];

/// Verifies what is there and what comes, until it is asked to end.
pub(super) fn run(folder: &Path, session: &mut Session<'_>, answers: &mut Answers) -> Result<u8, Failure> {
    let wrong = |error: io::Error| Failure::usage(format!("--watch {}: {error}", folder.display()));
    std::fs::read_dir(folder).map_err(wrong)?;
    let mut asked = Asked::listen().map_err(wrong)?;
    let watch = Stopwatch::start();
    let (mut files, mut told, mut renewed) = (Watched::default(), None, Duration::ZERO);
    loop {
        let ready = files.look(folder, watch.elapsed());
        // A share that is gone for a while comes again: each trouble is told once.
        if files.trouble != told {
            files.trouble.iter().for_each(|trouble| eprintln!("sealgate: --watch: {trouble}"));
            told.clone_from(&files.trouble);
        }
        for window in ready.chunks(session.window()) {
            let written = answers.write(session.verify(window, session.time())?)?;
            if !written || asked.within(Duration::from_millis(1)) {
                return Ok(answers.worst);
            }
        }
        if asked.within(BETWEEN) {
            return Ok(answers.worst);
        }
        if watch.elapsed().saturating_sub(renewed) > TRUST {
            renewed = watch.elapsed();
            if let Err(failure) = session.renew() {
                eprintln!("sealgate: the lists stay as they were: {}", failure.message);
            }
        }
    }
}

/// Whether somebody wants it to end.
struct Asked {
    runtime: Runtime,
    ends: Ends,
}

impl Asked {
    fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ends = {
            let _inside = runtime.enter();
            Ends::hear()?
        };
        Ok(Self { runtime, ends })
    }

    /// Waits so long at most.
    fn within(&mut self, time: Duration) -> bool {
        let Self { runtime, ends } = self;
        runtime.block_on(async { tokio::time::timeout(time, ends.asked()).await.is_ok() })
    }
}

/// The files of a folder as they were at the last look.
#[derive(Debug, Default)]
struct Watched {
    files: BTreeMap<PathBuf, File>,
    /// What kept this look from being whole.
    trouble: Option<String>,
}

#[derive(Debug)]
struct File {
    state: State,
    /// Since when it is so.
    since: Duration,
    verified: bool,
    /// Whether it was there at this look.
    here: bool,
}

/// What changes where a file is written or replaced: inode, size, time of the last change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State(u64, u64, i64, i64);

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
    }
}

impl Watched {
    /// Looks at the folder, and gives the files that are complete and not verified as they are now, by their names.
    fn look(&mut self, folder: &Path, now: Duration) -> Vec<PathBuf> {
        self.files.values_mut().for_each(|file| file.here = false);
        self.trouble = None;
        self.walk(folder, now);
        // What could not be looked at is not gone for that.
        if self.trouble.is_none() {
            self.files.retain(|_, file| file.here);
        }
        let mut ready = Vec::new();
        for (path, file) in self.files.iter_mut().filter(|(_, file)| file.here) {
            if !file.verified && now.saturating_sub(file.since) >= SETTLED {
                file.verified = true;
                ready.push(path.clone());
            }
        }
        ready
    }

    fn walk(&mut self, folder: &Path, now: Duration) {
        let entries = std::fs::read_dir(folder).and_then(|all| all.collect::<io::Result<Vec<_>>>());
        let entries = entries.unwrap_or_else(|error| {
            self.trouble = Some(format!("{}: {error}", folder.display()));
            Vec::new()
        });
        for path in entries.iter().map(std::fs::DirEntry::path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || UNFINISHED.iter().any(|end| name.ends_with(end)) {
                continue;
            }
            // What is gone by now was renamed or taken away: not this look's.
            let Ok(metadata) = path.symlink_metadata() else { continue };
            if metadata.is_dir() {
                self.walk(&path, now);
            } else if metadata.is_file() {
                self.note(path, State::of(&metadata), now);
            }
        }
    }

    fn note(&mut self, path: PathBuf, state: State, now: Duration) {
        if let Some(file) = self.files.get_mut(&path) {
            file.here = true;
            if file.state != state {
                (file.state, file.since, file.verified) = (state, now, false);
            }
        } else if self.files.len() < MOST {
            self.files.insert(path, File { state, since: now, verified: false, here: true });
        } else {
            self.trouble = Some(format!("more than {MOST} files; those beyond are not looked at"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_file_is_ready_once_and_again_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut watched = Watched::default();
        let mut look = |now| watched.look(folder.path(), seconds(now));
        std::fs::create_dir(path("in")).unwrap();
        for name in ["b", "in/a", ".hidden", "c.part"] {
            std::fs::write(path(name), "one").unwrap();
        }
        assert!(look(0).is_empty(), "it may still be written");
        std::fs::write(path("b"), "more of it").unwrap();
        assert_eq!(look(1), [path("in/a")], "the other one has changed");
        assert_eq!(look(2), [path("b")]);
        assert!(look(9).is_empty());
        std::fs::rename(path("c.part"), path("c")).unwrap();
        std::fs::remove_file(path("b")).unwrap();
        assert!(look(10).is_empty());
        assert_eq!(look(11), [path("c")]);
        std::fs::write(path("b"), "again").unwrap();
        std::fs::write(path("c"), "other").unwrap();
        assert!(look(12).is_empty());
        assert_eq!(look(13), [path("b"), path("c")]);
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
        let mut watched = Watched::default();
        watched.look(folder.path(), seconds(0));
        assert!(watched.look(folder.path(), seconds(5)).is_empty());
    }

    #[test]
    fn what_cannot_be_looked_at_is_told_and_not_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("inbox");
        std::fs::create_dir(&inbox).unwrap();
        std::fs::write(inbox.join("a"), "one").unwrap();
        let mut watched = Watched::default();
        watched.look(&inbox, seconds(0));
        assert_eq!(watched.look(&inbox, seconds(1)), [inbox.join("a")]);
        std::fs::rename(&inbox, folder.path().join("away")).unwrap();
        assert!(watched.look(&inbox, seconds(2)).is_empty());
        assert!(watched.trouble.as_ref().unwrap().contains("inbox"));
        std::fs::rename(folder.path().join("away"), &inbox).unwrap();
        assert!(watched.look(&inbox, seconds(9)).is_empty(), "it is the same file as before");
        assert!(watched.trouble.is_none());
    }
}
