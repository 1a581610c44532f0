//! A container and the credentials among its files: each is a document of its own, sealed by its own seals, else by
//! those of the container that cover its very octets.

use super::contained::Task;
use crate::format::container::{Container, Form, Role};
use crate::format::{self, Unreadable};
use crate::recorder::Stage;
use crate::report::{Contained, ContainerFile, ContainerSummary, EvidenceRecord, Overall};
use crate::signature::{Context, ReferenceOutcome, Signature, asic};
use crate::validation::SealVerdict;
use std::collections::HashMap;

/// Octets of a file from which it shows whether it may be a document.
const BEGINNING: usize = 4096;

impl Task<'_> {
    /// `alone`: no seal around it covers it.
    pub(super) fn container(
        &self,
        place: String,
        container: &Container<'_>,
        depth: usize,
        alone: bool,
    ) -> Contained {
        let context = Context { crypto: self.crypto, limits: &self.pipeline.limits, detached: &[] };
        let opened = match asic::Opened::new(container, &self.pipeline.limits) {
            Ok(opened) => opened,
            Err(error) => return self.unreadable(place, error.words()),
        };
        let signatures = self.pipeline.staged(Stage::Signature, || opened.signatures(&context));
        let seals = self.pipeline.staged(Stage::Validation, || self.validated(&signatures));
        let by = by_file(&signatures);
        let mut contained = self.credentials_of(container, &seals, &by, (depth, alone));
        let summary = self.container_summary(&opened, &signatures, &by);
        let seals = self.own_seals(&signatures, seals);
        let credential = if seals.is_empty() { None } else { self.only_one(&mut contained) };
        let own = Overall::of(&seals);
        let one = self.judged(place, own, seals, credential, contained);
        let timestamps = self.stamped(opened.timestamps(&context));
        Contained { format: Some(container.form.as_str()), container: Some(summary), timestamps, ..one }
    }

    /// Those of its files that are credentials, or have seals of their own; of an archive of files alone also broken ones,
    /// which may have been such.
    fn credentials_of(
        &self,
        container: &Container<'_>,
        seals: &[SealVerdict],
        by: &By<'_>,
        (depth, alone): (usize, bool),
    ) -> Vec<Contained> {
        let other_files = [Unreadable::Unknown, Unreadable::Empty].map(|why| why.words());
        let is_broken = |found: &Contained| {
            container.form == Form::Plain
                && alone
                && found.error.as_ref().is_some_and(|error| !other_files.contains(error))
        };
        let mut contained = Vec::new();
        for file in container.of_role(Role::Data) {
            if let Some(refused) = self.no_more_files(&file.name, depth) {
                contained.push(refused);
                break;
            }
            let covering = by.get(&*file.name).into_iter().flatten();
            let covering: Vec<&SealVerdict> = covering.filter_map(|index| seals.get(*index)).collect();
            // What is certainly no document is not inflated for being looked at.
            if !format::may_be(&file.content.beginning(BEGINNING)) {
                continue;
            }
            let octets = file.content.once();
            match self.file(file.name.clone(), &octets, &covering, depth.saturating_add(1)) {
                Ok(found) => contained.push(found),
                Err(found) if is_broken(&found) => contained.push(*found),
                Err(_) => {}
            }
        }
        contained
    }

    fn container_summary(
        &self,
        opened: &asic::Opened<'_>,
        signatures: &[Signature<'_>],
        by: &By<'_>,
    ) -> ContainerSummary {
        let container = opened.container;
        let files = container.of_role(Role::Data).map(|file| {
            let by = by.get(&*file.name).into_iter().flatten().filter_map(|index| signatures.get(*index));
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

/// The signatures that cover a file as it stands, by its path.
type By<'s> = HashMap<&'s str, Vec<usize>>;

fn by_file<'s>(signatures: &'s [Signature<'_>]) -> By<'s> {
    let mut by = By::new();
    for (index, signature) in signatures.iter().enumerate() {
        for file in &signature.files {
            let of: &mut Vec<usize> = by.entry(file).or_default();
            // A file may be referred to twice.
            if of.last() != Some(&index) {
                of.push(index);
            }
        }
    }
    by
}
