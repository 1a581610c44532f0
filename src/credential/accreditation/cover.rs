//! Asks the registers and decides: every achievement must be covered by an accreditation that the credential names.

use super::steps::{ACCREDITATION, Steps, by, cut, described, detail, label, shortened, worst};
use super::units::{Unit, Units, of_accreditation};
use super::who::{Likeness, compare};
use super::{Found, Institution, Query, Record, Register};
use crate::catalogue::{Words, say};
use crate::credential::{Accreditation, Credential, Date, Detail, Model, Organisation, Point};
use crate::time::Time;
use std::collections::HashMap;
use std::sync::Arc;

/// Points that are listed; beyond, those that agree are left out first.
const DETAILS: usize = 200;

/// Whether accreditation covers a credential, from the best to the worst that can be said of all of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::credential) enum Coverage {
    /// Every step holds for everything.
    Covered,
    /// ELM v2 only: the issuer is the accredited organisation, the awarding body is not.
    IssuerOnly,
    /// A register has not been asked yet.
    NotAsked,
    /// A register could not be reached.
    Unreachable,
    /// A register has several accreditations of one identifier.
    Ambiguous,
    /// A step could not be made for want of data.
    Incomplete,
    /// No register knows the accreditation, or there is none.
    Unproven,
    /// A register knows the accreditation, and it does not cover this.
    NotCovered,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::credential) struct Cover {
    pub(in crate::credential) coverage: Coverage,
    /// Why, in words.
    pub(in crate::credential) reason: Words,
    pub(in crate::credential) details: Vec<Detail>,
}

/// Holds a credential against the registers. `None` where there is nothing that could be covered, or nothing that it
/// says to be covered by.
pub(in crate::credential) fn cover(
    credential: &Credential,
    registers: &[Arc<dyn Register>],
    time: Time,
) -> Option<Cover> {
    let units = Units::of(credential);
    if units.units.is_empty() || units.accreditations.is_empty() {
        return None;
    }
    let view = View {
        credential,
        time,
        answers: units.accreditations.iter().map(|one| Answers::of(one, registers)).collect(),
        bodies: units.bodies.iter().map(|body| Body::of(body, registers)).collect(),
        likenesses: HashMap::new(),
    };
    Some(view.judge(&units))
}

/// What the registers answer to one accreditation.
struct Answers {
    /// Each register that knows it, with what it states.
    known: Vec<(String, Arc<Record>)>,
    /// Where none is known: why.
    otherwise: Coverage,
    /// The registers that gave no record, each with why.
    others: Vec<Detail>,
}

impl Answers {
    fn of(accreditation: &Accreditation, registers: &[Arc<dyn Register>]) -> Self {
        let mut found = Self { known: Vec::new(), otherwise: Coverage::Unproven, others: Vec::new() };
        let mut ambiguous = false;
        for register in registers {
            let mut answer = Found::nothing();
            for query in of_accreditation(accreditation) {
                match register.find(&query) {
                    Found::Records(records) if records.is_empty() => {}
                    // Its URI says more than its other identifiers; an answer more than that there is none yet.
                    known @ Found::Records(_) => {
                        answer = known;
                        break;
                    }
                    Found::Institutions(_) => {}
                    unknown => answer = unknown,
                }
            }
            let (coverage, said) = match answer {
                Found::Records(records) => match records.as_slice() {
                    [record] => {
                        found.known.push((register.name().to_owned(), Arc::clone(record)));
                        continue;
                    }
                    [] => (Coverage::Unproven, say("says.register-unknown")),
                    several => {
                        (Coverage::Ambiguous, say("says.register-several").with("count", several.len()))
                    }
                },
                Found::NotAsked => (Coverage::NotAsked, say("says.register-not-asked")),
                Found::Unreachable(why) => {
                    (Coverage::Unreachable, say("says.register-unreachable").with_words("why", cut(why)))
                }
                Found::Institutions(_) => (Coverage::Unproven, say("says.register-unknown")),
            };
            ambiguous |= coverage == Coverage::Ambiguous;
            found.otherwise = found.otherwise.min(coverage);
            let said = said.with("register", register.name());
            found.others.push(detail(ACCREDITATION, Point::NotComparable, label(accreditation), said));
        }
        if registers.is_empty() {
            let said = say("says.register-none");
            found.others.push(detail(ACCREDITATION, Point::NotComparable, label(accreditation), said));
        }
        // What a register cannot tell apart is not told by another one.
        if ambiguous {
            found.known.clear();
            found.otherwise = Coverage::Ambiguous;
        }
        found
    }
}

/// An awarding body with what institutions' registers add to it.
struct Body {
    /// With the identifiers that a register has of the same institution.
    extended: Organisation,
    institutions: Vec<(String, Arc<Institution>)>,
}

impl Body {
    fn of(body: &Organisation, registers: &[Arc<dyn Register>]) -> Self {
        let query = Query::Institution(Box::new(body.clone()));
        let mut found = Self { extended: body.clone(), institutions: Vec::new() };
        for register in registers {
            // Several institutions of one identifier tell nothing of either.
            if let Found::Institutions(known) = register.find(&query)
                && let [one] = known.as_slice()
            {
                found.extended.identifiers.extend(one.organisation.identifiers.iter().cloned());
                found.extended.vat_identifiers.extend(one.organisation.vat_identifiers.iter().cloned());
                found.institutions.push((register.name().to_owned(), Arc::clone(one)));
            }
        }
        found
    }

    /// What institutions' registers say of it: an institution that was closed before awards nothing.
    fn points(&self, path: &str, body: &Organisation, issuance: Option<&Date>) -> Vec<Detail> {
        let issuance = issuance.and_then(|date| date.time);
        let point = |(register, one): &(String, Arc<Institution>)| {
            let closed = one.closed.as_ref();
            let ended =
                closed.and_then(Date::end).zip(issuance).is_some_and(|(end, issuance)| end < issuance);
            let outcome = match (ended, one.reports) {
                (true, _) => Point::Differs,
                (false, Some(0) | None) => Point::Partial,
                (false, Some(_)) => Point::Agrees,
            };
            let mut found = shortened(&described(&one.organisation));
            if let Some(closed) = closed {
                found = say("says.institution-closed")
                    .with_words("institution", found)
                    .with("date", &closed.text);
            }
            found = match (one.reports, &one.last_report) {
                (None, _) => found,
                (Some(count), None) => {
                    say("says.institution-reports").with_words("institution", found).with("count", count)
                }
                (Some(count), Some(last)) => say("says.institution-last-report")
                    .with_words("institution", found)
                    .with("count", count)
                    .with("date", &last.text),
            };
            let item = Words::verbatim(format_args!("{path}.awardedBy.awardingBody.institution"));
            detail(item, outcome, Some(described(body)), by(register, found))
        };
        self.institutions.iter().map(point).collect()
    }
}

/// What one accreditation comes to for one unit.
struct Judged {
    coverage: Coverage,
    /// The accreditation's place.
    at: usize,
    details: Vec<Detail>,
}

struct View<'v> {
    credential: &'v Credential,
    time: Time,
    answers: Vec<Answers>,
    bodies: Vec<Body>,
    /// By body (`None` is the issuer) and record: compared once.
    likenesses: HashMap<(Option<usize>, *const Record), Likeness>,
}

impl View<'_> {
    fn judge(mut self, units: &Units<'_>) -> Cover {
        let issuance =
            self.credential.validity.issuance_date.as_ref().or(self.credential.validity.issued.as_ref());
        let general: Vec<(Coverage, Vec<Detail>)> =
            (0..units.accreditations.len()).map(|at| self.accreditation(at, units)).collect();
        let mut used: Vec<usize> = Vec::new();
        let mut details = Vec::new();
        let mut coverage = Coverage::Covered;
        for unit in &units.units {
            let best = unit.accreditations.iter().map(|at| self.unit(*at, unit, units, &general));
            // Of what cannot be told, the accreditation that a register knows and that does not cover says most.
            let best = best.min_by_key(|one| (rank(one.coverage), one.at));
            let Some(best) = best else {
                coverage = coverage.max(Coverage::NotCovered);
                let item = Words::verbatim(&unit.path);
                details.push(detail(item, Point::Differs, None, say("says.accreditation-none-for-it")));
                continue;
            };
            coverage = coverage.max(best.coverage);
            if !used.contains(&best.at) {
                used.push(best.at);
            }
            details.extend(best.details);
            if let Some(body) = unit.body.and_then(|at| self.bodies.get(at).zip(units.bodies.get(at))) {
                let points = body.0.points(&unit.path, body.1, issuance);
                if points.iter().any(|one| one.outcome == Point::Differs) {
                    coverage = Coverage::NotCovered;
                }
                details.extend(points);
            }
        }
        if let Some(beyond) = &units.beyond {
            coverage = coverage.max(Coverage::Incomplete);
            details.push(detail(ACCREDITATION, Point::NotComparable, None, beyond.clone()));
        }
        used.sort_unstable();
        let of_used =
            used.iter().filter_map(|at| general.get(*at)).flat_map(|(_, points)| points.iter().cloned());
        let details: Vec<Detail> = of_used.chain(details).collect();
        let registers = used.iter().filter_map(|at| self.answers.get(*at)).flat_map(|one| &one.known);
        let reason = reason(coverage, &details, registers.map(|(name, _)| name.as_str()));
        Cover { coverage, reason, details: listed(details) }
    }

    /// What the registers say of an accreditation itself.
    fn accreditation(&self, at: usize, units: &Units<'_>) -> (Coverage, Vec<Detail>) {
        let (Some(answers), Some(claimed)) = (self.answers.get(at), units.accreditations.get(at)) else {
            return (Coverage::Unproven, Vec::new());
        };
        if answers.known.is_empty() {
            return (answers.otherwise, answers.others.clone());
        }
        let mut points = Vec::new();
        for (register, record) in &answers.known {
            points.extend(self.steps(register, record).of_accreditation(claimed));
        }
        (of(&points), points)
    }

    /// The worst that the registers that know an accreditation say of it for a unit.
    fn unit(
        &mut self,
        at: usize,
        unit: &Unit<'_>,
        units: &Units<'_>,
        general: &[(Coverage, Vec<Detail>)],
    ) -> Judged {
        let mut judged = Judged {
            coverage: general.get(at).map_or(Coverage::Unproven, |one| one.0),
            at,
            details: Vec::new(),
        };
        let known = self.answers.get(at).map(|one| one.known.clone()).unwrap_or_default();
        for (register, record) in &known {
            let (likeness, by_issuer) = self.likeness(unit, record);
            let body = match unit.body {
                Some(at) => units.bodies.get(at).copied(),
                None => self.issuer(),
            };
            let points = self.steps(register, record).of_unit(unit, body, &likeness);
            let mut coverage = of(&points);
            if coverage == Coverage::Covered && by_issuer {
                coverage = Coverage::IssuerOnly;
            }
            judged.coverage = judged.coverage.max(coverage);
            judged.details.extend(points);
        }
        judged
    }

    /// How the awarding body compares with the accredited organisations. The official software for ELM v2 also takes the
    /// issuer for the awarding body, so that another body is a part of the truth only.
    fn likeness(&mut self, unit: &Unit<'_>, record: &Arc<Record>) -> (Likeness, bool) {
        let body = self.compared(unit.body, record);
        if body.point == Point::Agrees || unit.body.is_none() || self.issuer().is_none() {
            return (body, false);
        }
        let issuer = self.compared(None, record);
        if issuer.point == Point::Agrees {
            (Likeness { point: Point::Partial, ..issuer }, true)
        } else {
            (body, false)
        }
    }

    fn compared(&mut self, body: Option<usize>, record: &Arc<Record>) -> Likeness {
        let key = (body, Arc::as_ptr(record));
        if let Some(known) = self.likenesses.get(&key) {
            return known.clone();
        }
        let own = match body {
            Some(at) => self.bodies.get(at).map(|body| &body.extended),
            None => self.issuer(),
        };
        let all =
            own.into_iter().flat_map(|own| record.organisations.iter().map(move |one| compare(own, one)));
        // One of the accredited organisations is enough.
        let best = all.min_by_key(|one| match one.point {
            Point::Agrees => 0,
            Point::Partial => 1,
            Point::NotComparable => 2,
            Point::Differs => 3,
        });
        let likeness = best.unwrap_or(Likeness { point: Point::NotComparable, by: None });
        self.likenesses.insert(key, likeness.clone());
        likeness
    }

    /// The issuer, where the official software looks at it.
    fn issuer(&self) -> Option<&Organisation> {
        self.credential.issuer.as_ref().filter(|_| self.credential.model == Model::ElmV2)
    }

    fn steps<'s>(&'s self, register: &'s str, record: &'s Record) -> Steps<'s> {
        Steps { register, record, credential: self.credential, time: self.time }
    }
}

/// What points come to.
fn of(points: &[Detail]) -> Coverage {
    match worst(points.iter().map(|one| one.outcome)) {
        Some(Point::Differs) => Coverage::NotCovered,
        Some(Point::NotComparable) => Coverage::Incomplete,
        _ => Coverage::Covered,
    }
}

/// Among several accreditations, the one that is best for a unit: that one is unknown says nothing against another.
fn rank(coverage: Coverage) -> u8 {
    match coverage {
        Coverage::Covered => 0,
        Coverage::IssuerOnly => 1,
        Coverage::NotAsked => 2,
        Coverage::Unreachable => 3,
        Coverage::Ambiguous => 4,
        Coverage::Incomplete => 5,
        Coverage::NotCovered => 6,
        Coverage::Unproven => 7,
    }
}

fn reason<'n>(coverage: Coverage, details: &[Detail], registers: impl Iterator<Item = &'n str>) -> Words {
    let items = |outcome: Point| {
        let mut items: Vec<&Words> =
            details.iter().filter(|one| one.outcome == outcome).map(|one| &one.item).collect();
        items.dedup();
        let more = items.len().saturating_sub(5);
        let list = Words::enumeration(items.into_iter().take(5).cloned());
        if more > 0 { say("says.list-and-more").with_words("list", list).with("count", more) } else { list }
    };
    let mut names: Vec<&str> = registers.collect();
    names.sort_unstable();
    names.dedup();
    let names = names.join(", ");
    match coverage {
        Coverage::Covered => say("says.accreditation-covered").with("registers", names),
        Coverage::IssuerOnly => say("says.accreditation-issuer-only").with("registers", names),
        Coverage::NotAsked => say("says.accreditation-not-asked"),
        Coverage::Unreachable => say("says.accreditation-unreachable"),
        Coverage::Ambiguous => say("says.accreditation-ambiguous"),
        Coverage::Incomplete => {
            say("says.accreditation-incomplete").with_words("points", items(Point::NotComparable))
        }
        Coverage::Unproven => say("says.accreditation-unproven"),
        Coverage::NotCovered => {
            say("says.accreditation-not-covered").with_words("points", items(Point::Differs))
        }
    }
}

fn listed(mut details: Vec<Detail>) -> Vec<Detail> {
    if details.len() > DETAILS {
        details.retain(|one| one.outcome != Point::Agrees);
        details.truncate(DETAILS);
    }
    details
}
