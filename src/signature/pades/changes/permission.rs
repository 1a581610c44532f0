//! What signatures permit to be changed: certification (DocMDP) and locked fields (FieldMDP, Lock).

use crate::format::pdf::{Dictionary, Value, View};

/// Names in a list of locked fields.
const MOST_NAMES: usize = 10_000;

/// What may be changed after a signature.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Permission {
    /// DocMDP's P.
    pub(crate) certification: Option<u8>,
    locks: Vec<Lock>,
}

/// Fields that a signature locks.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Lock {
    All,
    Only(Vec<Vec<u8>>),
    AllBut(Vec<Vec<u8>>),
}

/// What it takes to allow a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Needs {
    /// Nothing: it proves, or says nothing to a person.
    Nothing,
    /// P of 2 or more, or no certification.
    Filling,
    /// P of 3, or no certification.
    Annotating,
    /// Nothing allows it.
    Never,
}

impl Permission {
    /// What a signature of a revision and that revision's certification permit.
    pub(crate) fn of(view: View<'_, '_>, signature: &Dictionary, field_lock: Option<&Dictionary>) -> Self {
        let mut permission = Self::default();
        let certified = view.catalog().ok().and_then(|catalog| {
            let permissions = view.dictionary(&catalog, "Perms").ok()??;
            view.dictionary(&permissions, "DocMDP").ok()?
        });
        for dictionary in certified.iter().chain([signature]) {
            permission.references(view, dictionary, std::ptr::eq(dictionary, signature));
        }
        if let Some(lock) = field_lock {
            permission.locks.extend(self::lock(view, lock));
            permission.restrict(lock.integer("P"));
        }
        permission
    }

    /// The references of a signature dictionary (12.8.1, table 256).
    fn references(&mut self, view: View<'_, '_>, signature: &Dictionary, own: bool) {
        for reference in view.array(signature, "Reference").unwrap_or_default() {
            let Ok(reference) = view.resolve(&reference) else { continue };
            let Some(reference) = reference.as_dictionary() else { continue };
            let parameters = view.dictionary(reference, "TransformParams").ok().flatten().unwrap_or_default();
            match reference.name("TransformMethod") {
                Some(b"DocMDP") => self.restrict(Some(parameters.integer("P").unwrap_or(2))),
                Some(b"FieldMDP") if own => self.locks.extend(lock(view, &parameters)),
                _ => {}
            }
        }
    }

    fn restrict(&mut self, p: Option<i64>) {
        let Some(p) = p else { return };
        // Out of range: the strictest.
        let p = u8::try_from(p).ok().filter(|p| (1..=3).contains(p)).unwrap_or(1);
        self.certification = Some(self.certification.map_or(p, |known| known.min(p)));
    }

    pub(super) fn restricts(&self) -> bool {
        self.certification.is_some() || !self.locks.is_empty()
    }

    pub(super) fn allows(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Filling => self.certification.is_none_or(|p| p >= 2),
            Needs::Annotating => self.certification.is_none_or(|p| p >= 3),
            Needs::Never => false,
        }
    }

    /// Whether a field of this full name is locked; that a parent is locked locks what is below.
    pub(super) fn locks(&self, name: &[u8]) -> bool {
        let named = |names: &[Vec<u8>]| {
            names.iter().any(|one| {
                name == one.as_slice()
                    || name.strip_prefix(one.as_slice()).is_some_and(|rest| rest.first() == Some(&b'.'))
            })
        };
        self.locks.iter().any(|lock| match lock {
            Lock::All => true,
            Lock::Only(names) => named(names),
            Lock::AllBut(names) => !named(names),
        })
    }
}

fn lock(view: View<'_, '_>, parameters: &Dictionary) -> Option<Lock> {
    let names = || -> Vec<Vec<u8>> {
        let items = view.array(parameters, "Fields").unwrap_or_default();
        let names = items.iter().take(MOST_NAMES).filter_map(|item| view.resolve(item).ok());
        names.filter_map(|item| item.as_string().map(<[u8]>::to_vec)).collect()
    };
    match view.get(parameters, "Action").ok().flatten().as_ref().and_then(Value::as_name) {
        Some(b"All") => Some(Lock::All),
        Some(b"Include") => Some(Lock::Only(names())),
        Some(b"Exclude") => Some(Lock::AllBut(names())),
        _ => None,
    }
}
