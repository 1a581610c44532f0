//! What stands beside the seals of a container or a PDF, in words: files, and time-stamps that belong to no seal.

use super::answer::signer;
use super::{Writer, moment};
use crate::report::{ContainerSummary, Seal, StandaloneTimestamp, TimestampSummary};
use std::collections::BTreeMap;

impl Writer<'_> {
    /// Files and who sealed them, then evidence records.
    pub(super) fn container(&mut self, container: &ContainerSummary, seals: &[Seal]) {
        let signers: BTreeMap<&str, &str> =
            seals.iter().map(|seal| (&*seal.id, signer(seal, self.language))).collect();
        let files = container.files.iter().map(|file| {
            let by: Vec<&str> = file.sealed_by.iter().filter_map(|id| signers.get(&**id).copied()).collect();
            let by = if by.is_empty() { self.text("verdict.unsigned") } else { by.join(", ") };
            vec![file.name.clone(), format!("{} B", file.bytes), by]
        });
        let files = files.collect();
        let columns = [("table.file", 3), ("table.size", 1), ("seal.signer", 2)];
        self.table(self.text("table.title"), &columns, files);
        let records = container.evidence_records.iter();
        let records =
            records.map(|record| vec![record.name.clone(), self.covered(&record.covers, &record.differing)]);
        let records = records.collect();
        self.table(self.text("evidence.title"), &[("table.file", 2), ("seal.coverage", 4)], records);
    }

    /// Time-stamps that belong to no seal.
    pub(super) fn standalone(&mut self, stamps: &[StandaloneTimestamp]) {
        let rows = stamps.iter().map(|stamp| {
            let over = match &stamp.coverage {
                Some(coverage) => self.named("scope", coverage.scope.as_str()),
                None => self.covered(&stamp.covers, &stamp.differing),
            };
            [vec![over], self.stamped(&stamp.summary)].concat()
        });
        let rows = rows.collect();
        let columns = [("seal.coverage", 3), ("seal.time", 3), ("seal.by", 3), ("seal.status", 3)];
        self.table(self.text("stamp.title"), &columns, rows);
    }

    /// Of a time-stamp when, by whom, and what came of it.
    pub(super) fn stamped(&self, stamp: &TimestampSummary) -> Vec<String> {
        let time = stamp.time.map(moment).unwrap_or_default();
        let result = self.indication(stamp.indication);
        let result = match stamp.sub_indication {
            Some(sub) => format!("{result} ({sub})"),
            None => result,
        };
        vec![time, stamp.produced_by.clone().unwrap_or_default(), result]
    }

    /// What is as listed, then what is not.
    fn covered(&self, covers: &[String], differing: &[String]) -> String {
        let covers = covers.join(", ");
        if differing.is_empty() {
            return covers;
        }
        let differs = self.language.fill("stamp.differs", &[("files", &differing.join(", "))]);
        if covers.is_empty() { differs } else { format!("{covers}; {differs}") }
    }
}
