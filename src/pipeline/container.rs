//! A container and the credentials among its files: each is a document of its own, sealed by its own seals, else by
//! those of the container that cover its very octets.

use super::contained::{Around, Task};
use crate::format::Unreadable;
use crate::format::container::{Container, Form, Role};
use crate::recorder::Stage;
use crate::report::{Contained, ContainerFile, ContainerSummary, EvidenceRecord, Overall, Seal};
use crate::signature::{Context, ReferenceOutcome, Signature, asic};
use crate::validation::SealVerdict;

impl Task<'_> {
    pub(super) fn container(&self, place: String, container: &Container, depth: usize) -> Contained {
        let context = Context { crypto: self.crypto, limits: &self.pipeline.limits, detached: &[] };
        let opened = match asic::Opened::new(container, &self.pipeline.limits) {
            Ok(opened) => opened,
            Err(error) => return self.unreadable(place, error.to_string()),
        };
        let signatures = self.pipeline.staged(Stage::Signature, || opened.signatures(&context));
        let seals = self.pipeline.staged(Stage::Validation, || self.validated(&signatures));
        let mut contained = self.credentials_of(container, &signatures, &seals, depth);
        let summary = self.container_summary(&opened, &signatures);
        let seals: Vec<Seal> = seals.into_iter().map(Seal::from).collect();
        let credential = if seals.is_empty() { None } else { self.only_one(&mut contained) };
        let own = Overall::of(&seals);
        let one = self.judged(place, own, seals, credential, contained);
        Contained { format: Some(container.form.as_str()), container: Some(summary), ..one }
    }

    /// Those of its files that are credentials, or have seals of their own.
    fn credentials_of(
        &self,
        container: &Container,
        signatures: &[Signature<'_>],
        seals: &[SealVerdict],
        depth: usize,
    ) -> Vec<Contained> {
        let other_files = [Unreadable::Unknown, Unreadable::Empty].map(|why| why.to_string());
        let mut contained = Vec::new();
        for file in container.of_role(Role::Data) {
            let covering = signatures.iter().zip(seals).filter(|(one, _)| one.files.contains(&file.name));
            let covering: Vec<&SealVerdict> = covering.map(|(_, seal)| seal).collect();
            let around = Around::file(depth, &covering);
            let mut found = self.within(file.name.clone(), &file.content, around);
            // What is no credential is a file like any other; in an archive of files alone, a broken one may have been one.
            let is_one = found.credential.is_some() || !found.contained.is_empty() || has_own_seals(&found);
            let is_broken = container.form == Form::Plain
                && found.error.as_ref().is_some_and(|error| !other_files.contains(error));
            if is_one || is_broken {
                found.sealed_from_outside &= !covering.is_empty();
                contained.push(found);
            }
        }
        contained
    }

    fn container_summary(&self, opened: &asic::Opened<'_>, signatures: &[Signature<'_>]) -> ContainerSummary {
        let container = opened.container;
        let files = container.of_role(Role::Data).map(|file| {
            let by = signatures.iter().filter(|signature| signature.files.contains(&file.name));
            ContainerFile {
                name: file.name.clone(),
                bytes: file.content.len(),
                sealed_by: by.map(|signature| signature.id.clone()).collect(),
            }
        });
        let records = container.of_role(Role::EvidenceRecord).map(|record| {
            let over = opened.evidence.iter().find(|manifest| manifest.by == record.name);
            let covers = over.into_iter().flat_map(|manifest| &manifest.references);
            let (intact, not): (Vec<_>, Vec<_>) =
                covers.partition(|one| opened.outcome(one, self.crypto) == ReferenceOutcome::Intact);
            let names =
                |all: Vec<&asic::ManifestReference>| all.into_iter().map(|one| one.name.clone()).collect();
            EvidenceRecord { name: record.name.clone(), covers: names(intact), differing: names(not) }
        });
        ContainerSummary {
            mimetype: container.mimetype.clone(),
            files: files.collect(),
            evidence_records: records.collect(),
        }
    }
}

fn has_own_seals(found: &Contained) -> bool {
    !found.sealed_from_outside && !found.seals.is_empty()
}
