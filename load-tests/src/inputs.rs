//! The credentials that are sent: collected once, then handed out in turn by weight.

use crate::Failure;
use crate::scenario::Input;
use bytes::Bytes;
use std::path::{Path, PathBuf};

/// Bytes of all inputs together: they are held in memory.
const MOST_BYTES: usize = 2 << 30;

/// The sets of a scenario.
#[derive(Debug)]
pub struct Inputs {
    sets: Vec<Set>,
    /// Which set is next, over one cycle of all weights.
    turns: Vec<usize>,
}

/// The files of one input.
#[derive(Debug)]
pub struct Set {
    /// As the scenario names it.
    pub path: String,
    /// Its part of all requests, 0 to 1.
    pub share: f64,
    /// Where they lie.
    pub files: Vec<PathBuf>,
    bodies: Vec<Bytes>,
}

impl Inputs {
    /// Reads everything that the inputs name, below `data`.
    ///
    /// # Errors
    /// An input names nothing, a file cannot be read, or it is too much.
    pub fn read(data: &Path, inputs: &[Input]) -> Result<Self, Failure> {
        let all: u32 = inputs.iter().map(|input| input.weight).sum();
        let mut bytes = 0_usize;
        let mut sets = Vec::new();
        for input in inputs {
            let files = files(data, &input.path)?;
            let mut bodies = Vec::new();
            for file in &files {
                let body = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
                bytes = bytes.saturating_add(body.len());
                if bytes > MOST_BYTES {
                    return Err("the inputs are over 2 GiB together".into());
                }
                bodies.push(Bytes::from(body));
            }
            let share = f64::from(input.weight) / f64::from(all);
            sets.push(Set { path: input.path.clone(), share, files, bodies });
        }
        Ok(Self { sets, turns: turns(inputs) })
    }

    /// The body of the request of this number: sets by weight, each set's files in turn.
    #[must_use]
    pub fn body(&self, number: u64) -> Bytes {
        let number = usize::try_from(number).unwrap_or_default();
        let cycle = self.turns.len().max(1);
        let (round, place) = (number / cycle, number % cycle);
        let Some(&which) = self.turns.get(place) else { return Bytes::new() };
        let each = self.turns.iter().filter(|&&turn| turn == which).count();
        let before = self.turns.iter().take(place).filter(|&&turn| turn == which).count();
        let Some(set) = self.sets.get(which) else { return Bytes::new() };
        let index = (round * each + before) % set.bodies.len().max(1);
        set.bodies.get(index).cloned().unwrap_or_default()
    }

    /// The sets.
    #[must_use]
    pub fn sets(&self) -> &[Set] {
        &self.sets
    }

    /// How many files there are in all.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.sets.iter().map(|set| set.bodies.len()).sum()
    }
}

/// The order of the sets over one cycle, as even as it goes: whoever is furthest behind its share is next.
fn turns(inputs: &[Input]) -> Vec<usize> {
    let weights: Vec<i64> = inputs.iter().map(|input| i64::from(input.weight)).collect();
    let all: i64 = weights.iter().sum();
    let mut credit = vec![0_i64; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..all {
        for (credit, weight) in credit.iter_mut().zip(&weights) {
            *credit += weight;
        }
        let next =
            (0..credit.len()).max_by_key(|&i| (credit.get(i), std::cmp::Reverse(i))).unwrap_or_default();
        if let Some(credit) = credit.get_mut(next) {
            *credit -= all;
        }
        turns.push(next);
    }
    turns
}

/// The files that a path or glob below `data` names, in the order of their names.
fn files(data: &Path, path: &str) -> Result<Vec<PathBuf>, Failure> {
    let relative = Path::new(path);
    if relative.is_absolute() || path.split('/').any(|part| part == "..") {
        return Err(format!("{path}: inputs lie below the folder of data").into());
    }
    let whole = data.join(relative);
    let pattern = match whole.is_dir() {
        true => format!("{}/*", glob::Pattern::escape(&whole.to_string_lossy())),
        false => format!("{}/{path}", glob::Pattern::escape(&data.to_string_lossy())),
    };
    let found = glob::glob(&pattern)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = found.into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() {
        return Err(format!("{path}: no files there; generate them first").into());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_come_by_weight_and_files_in_turn() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/1", "a/2", "b/x.json", "b/y.xml"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let input = |path: &str, weight| Input { path: path.into(), weight };
        let inputs = Inputs::read(folder.path(), &[input("a", 2), input("b/*.json", 1)]).unwrap();
        let sent: Vec<Bytes> = (0..6).map(|n| inputs.body(n)).collect();
        assert_eq!(sent, ["a/1", "b/x.json", "a/2", "a/1", "b/x.json", "a/2"]);
        assert_eq!(inputs.distinct(), 3);
        for wrong in ["c", "b/*.pdf", "../a", "/etc"] {
            assert!(Inputs::read(folder.path(), &[input(wrong, 1)]).is_err(), "{wrong}");
        }
    }
}
