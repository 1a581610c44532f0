//! A credential in words.

use super::Writer;
use crate::credential::{Annex, CheckStatus, CheckedCredential};

impl Writer<'_> {
    pub(super) fn credential(&mut self, checked: &CheckedCredential, level: u8) {
        let credential = &checked.credential;
        self.heading(level, self.text("credential.title"));
        let learner = credential.learner.as_ref();
        let issuer = credential.issuer.as_ref();
        let validity = &credential.validity;
        let date = |date: Option<&crate::credential::Date>| date.map(|date| date.text.clone());
        let name = |text: Option<&crate::credential::Text>| text.and_then(|text| self.of_text(text));
        let mut facts = vec![
            ("credential.name", name(credential.title.as_ref())),
            ("credential.learner", learner.and_then(|learner| name(learner.full_name.as_ref()))),
            ("credential.birth", learner.and_then(|learner| date(learner.birth_date.as_ref()))),
            (
                "credential.issuer",
                issuer.and_then(|issuer| name(issuer.legal_name.as_ref()).or_else(|| issuer.id.clone())),
            ),
            ("credential.profile", credential.profile.clone()),
            ("credential.issued", date(validity.issued.as_ref().or(validity.issuance_date.as_ref()))),
            ("credential.from", date(validity.valid_from.as_ref())),
            ("credential.until", date(validity.valid_until.as_ref().or(validity.expiration_date.as_ref()))),
        ];
        for achievement in &credential.achievements {
            facts.push(("credential.achievement", name(achievement.title.as_ref())));
            let bodies = achievement.awarded_by.iter().flat_map(|award| &award.awarding_bodies);
            let bodies: Vec<String> = bodies.filter_map(|body| name(body.legal_name.as_ref())).collect();
            facts.push(("credential.awarded", Some(bodies.join("; "))));
            let grades = achievement.proven_by.iter().flat_map(|assessment| &assessment.grades);
            let grades: Vec<String> = grades.filter_map(|grade| self.of_text(grade)).collect();
            facts.push(("credential.grade", Some(grades.join("; "))));
        }
        self.facts(facts);
        let rows = checked.checks.iter().map(|check| {
            let status = match check.status {
                CheckStatus::Ok => "status.passed",
                CheckStatus::Error => "status.failed",
                CheckStatus::Skipped => "status.not-run",
            };
            vec![
                self.named("check", check.kind.name()),
                self.text(status),
                check.reason.text(self.language).into_owned(),
            ]
        });
        let rows = rows.collect();
        let caption = self.text("check.title");
        self.table(caption, &[("seal.check", 2), ("seal.status", 2), ("seal.detail", 5)], rows);
        for (key, table) in [("annex.i", &checked.annex_i), ("annex.vi", &checked.eqf_annex_vi)] {
            if let Some(table) = table {
                self.annex(key, table);
            }
        }
    }

    fn annex(&mut self, key: &str, annex: &Annex) {
        let rows = annex.elements.iter().map(|one| {
            let kind = if one.mandatory { "annex.mandatory" } else { "annex.optional" };
            let value = match (one.present, &one.value) {
                (false, _) => self.text("annex.absent"),
                (true, None) => self.text("annex.hidden"),
                (true, Some(value)) => value.clone(),
            };
            vec![self.named("element", one.element), self.text(kind), value]
        });
        let rows = rows.collect();
        let complete = if annex.complete { "annex.complete" } else { "annex.incomplete" };
        let caption = format!("{}. {}", self.text(key), self.text(complete));
        self.table(caption, &[("annex.element", 3), ("seal.kind", 2), ("annex.value", 5)], rows);
    }
}
