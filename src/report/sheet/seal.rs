//! A seal in words.

use super::{Writer, day, moment};
use crate::finding::Status;
use crate::report::{RevocationSummary, Seal};

impl Writer<'_> {
    pub(super) fn seal(&mut self, seal: &Seal, number: usize, level: u8) {
        let title = match seal.counter_signature {
            true => self.text("seal.counter"),
            false => self.language.fill("seal.number", &[("number", &number.to_string())]),
        };
        let result = seal.indication.map(|word| self.indication(word));
        self.heading(level, title);
        let by = seal.sealed_by.as_ref();
        let because = seal.sub_indication.map(|sub| format!("{sub}: {}", self.named("sub", sub)));
        let result = match (result, because) {
            (Some(result), Some(because)) => Some(format!("{result}. {because}")),
            (result, because) => result
                .or(because)
                .or_else(|| seal.error.as_ref().map(|error| error.text(self.language).into_owned())),
        };
        let service = seal.trusted_service.as_ref().map(|service| {
            let status = self.named("service", &service.status);
            format!("{}, {} ({}, {status})", service.provider, service.service, service.territory)
        });
        self.facts(vec![
            ("seal.indication", result),
            ("seal.qualification", Some(self.qualification(&seal.qualification))),
            ("seal.signer", by.and_then(|by| by.common_name.clone())),
            ("seal.organisation", by.and_then(|by| by.organisation.clone())),
            ("seal.identifier", by.and_then(|by| by.organisation_identifier.clone())),
            ("seal.country", by.and_then(|by| by.country.clone())),
            ("seal.level", Some(seal.level.clone())),
            ("seal.claimed", seal.claimed_signing_time.map(moment)),
            ("seal.proven", Some(moment(seal.best_signature_time))),
            (
                "seal.coverage",
                seal.coverage.as_ref().map(|coverage| self.named("scope", coverage.scope.as_str())),
            ),
            ("trust.title", service),
        ]);
        self.chain(seal);
        self.timestamps(seal);
        self.findings(seal);
    }

    /// In words, with the grade's name in law.
    fn qualification(&self, readable: &str) -> String {
        let name = |grade: &str| self.named("qualification", grade);
        match readable.strip_prefix("Indeterminate ") {
            Some(grade) => self.language.fill("qualification.undecided", &[("name", &name(grade))]),
            None if readable == "N/A" => name(readable),
            None => format!("{} ({readable})", name(readable)),
        }
    }

    fn chain(&mut self, seal: &Seal) {
        let rows: Vec<Vec<String>> = seal
            .certificates
            .iter()
            .map(|one| {
                let valid = [("from", day(one.not_before)), ("to", day(one.not_after))];
                let valid: Vec<(&str, &str)> =
                    valid.iter().map(|(name, day)| (*name, day.as_str())).collect();
                let revocation = seal.revocation.iter().find(|data| data.certificate == one.sha256);
                let status = match (one.trusted, revocation) {
                    (true, _) => self.text("seal.anchor"),
                    (false, Some(data)) => self.revocation(data),
                    (false, None) => String::new(),
                };
                vec![
                    one.subject.clone(),
                    one.issuer.clone(),
                    self.language.fill("seal.valid", &valid),
                    status,
                ]
            })
            .collect();
        let caption = self.text("seal.chain");
        let columns = [("seal.signer", 3), ("seal.by", 3), ("seal.time", 3), ("seal.status", 2)];
        self.table(caption, &columns, rows);
    }

    fn revocation(&self, data: &RevocationSummary) -> String {
        match (data.status, data.revoked_at) {
            ("revoked", Some(at)) => self.language.fill("seal.revoked", &[("date", &day(at))]),
            (status, _) => self.named("seal", status),
        }
    }

    fn timestamps(&mut self, seal: &Seal) {
        let rows = seal.timestamps.iter();
        let rows = rows.map(|one| [vec![self.named("timestamp", one.kind)], self.stamped(one)].concat());
        let rows = rows.collect();
        let caption = self.text("seal.timestamps");
        let columns = [("seal.kind", 2), ("seal.time", 3), ("seal.by", 3), ("seal.status", 3)];
        self.table(caption, &columns, rows);
    }

    /// Those that ran; what does not hold first.
    fn findings(&mut self, seal: &Seal) {
        let mut ran: Vec<_> = seal.findings.iter().filter(|one| one.status != Status::NotRun).collect();
        ran.sort_by_key(|one| match one.status {
            Status::Failed => 0,
            Status::Warning => 1,
            Status::Passed | Status::NotRun => 2,
        });
        let rows = ran.into_iter().map(|one| {
            let status = match one.status {
                Status::Passed => "status.passed",
                Status::Failed => "status.failed",
                Status::Warning => "status.warning",
                Status::NotRun => "status.not-run",
            };
            let check = self.named("finding", one.check);
            vec![check, self.text(status), one.detail.text(self.language).into_owned(), one.clause.to_owned()]
        });
        let rows = rows.collect();
        let caption = self.text("seal.findings");
        let columns = [("seal.check", 4), ("seal.status", 2), ("seal.detail", 4), ("seal.clause", 2)];
        self.table(caption, &columns, rows);
    }
}
