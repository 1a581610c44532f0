//! What reading one list may take, and what is shared and noted on the way.

use super::{ListLimits, NotAList};
use std::collections::HashSet;
use std::sync::Arc;

/// One allocation for each text of a list.
#[derive(Default)]
pub(in crate::trust::list) struct Interner(HashSet<Arc<str>>);

impl Interner {
    pub(in crate::trust::list) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// What may still be read.
pub(in crate::trust::list) struct Budget {
    periods: usize,
    certificates: usize,
}

impl Budget {
    pub(super) fn of(limits: &ListLimits) -> Self {
        Self { periods: limits.periods, certificates: limits.certificates }
    }

    /// Takes one certificate; `false` where none is left.
    pub(in crate::trust::list) fn certificate(&mut self) -> bool {
        let left = self.certificates.checked_sub(1);
        self.certificates = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes one period.
    pub(super) fn period(&mut self) -> Result<(), NotAList> {
        self.periods = self.periods.checked_sub(1).ok_or_else(|| NotAList {
            expected: "a list within the limit of service periods",
            found: "more".to_owned(),
        })?;
        Ok(())
    }
}

/// Notes on what was left out, up to a number.
pub(super) struct Notes(Vec<String>, usize);

impl Notes {
    pub(super) fn at_most(number: usize) -> Self {
        Self(Vec::new(), number)
    }

    pub(super) fn add(&mut self, note: &str) {
        if self.0.len() < self.1 {
            self.0.push(note.to_owned());
        }
    }

    pub(super) fn all(&mut self, what: &str, notes: Vec<String>) {
        for note in notes {
            self.add(&format!("{what}: {note}"));
        }
    }

    pub(super) fn take(self) -> Vec<String> {
        self.0
    }
}
