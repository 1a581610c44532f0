//! A container's files by path, and their digests: each by an algorithm once, however many manifests list it.

use super::ManifestReference;
use crate::catalogue::say;
use crate::format::container::{Container, File};
use crate::signature::algorithm::{Crypto, DigestAlgorithm};
use crate::signature::{Declared, ReferenceOutcome, not_computed};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub(super) struct Digests<'c> {
    files: HashMap<&'c str, &'c File<'c>>,
    known: Mutex<Known<'c>>,
}

/// By path and algorithm; `None` where this build does not compute it.
type Known<'c> = HashMap<(&'c str, DigestAlgorithm), Option<Vec<u8>>>;

impl<'c> Digests<'c> {
    pub(super) fn new(container: &'c Container<'c>) -> Self {
        let files = container.files.iter().map(|file| (&*file.name, file)).collect();
        Self { files, known: Mutex::default() }
    }

    /// The file of this very path.
    pub(super) fn file(&self, name: &str) -> Option<&'c File<'c>> {
        self.files.get(name).copied()
    }

    /// The file that a manifest lists, and whether it is as listed. A name whose encoding the archive does not state is
    /// found by the file's digest, where no file has it as it stands.
    pub(super) fn look_up(
        &self,
        listed: &ManifestReference,
        crypto: &Crypto,
    ) -> (Option<&'c File<'c>>, ReferenceOutcome) {
        let algorithm = match &listed.digest_algorithm {
            Declared::Known(algorithm) => *algorithm,
            Declared::Unknown(uri) => {
                return (None, ReferenceOutcome::Refused(say("detail.digest-refused").with("digest", uri)));
            }
        };
        let is_as_listed = |file: &&'c File<'c>| {
            self.digest(file, algorithm, crypto).is_some_and(|digest| digest == listed.digest)
        };
        let guessed = || self.files.values().copied().filter(|file| file.name_is_guessed).find(is_as_listed);
        let Some(file) = self.file(&listed.name).or_else(guessed) else {
            let why = say("detail.asic-no-file").with("name", format_args!("{:?}", listed.name));
            return (None, ReferenceOutcome::NotFound(why));
        };
        let outcome = match self.digest(file, algorithm, crypto) {
            None => ReferenceOutcome::Refused(not_computed(algorithm)),
            Some(digest) if digest == listed.digest => ReferenceOutcome::Intact,
            Some(_) => ReferenceOutcome::Mismatch,
        };
        (Some(file), outcome)
    }

    fn digest(&self, file: &'c File<'c>, algorithm: DigestAlgorithm, crypto: &Crypto) -> Option<Vec<u8>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = || {
            let mut hasher = crypto.hasher(algorithm)?;
            file.content.write(&mut hasher);
            Some(hasher.finish().value)
        };
        known.entry((&*file.name, algorithm)).or_insert_with(digest).clone()
    }
}
