//! The steps, each a point: what the credential states, what the register says. A step that cannot be made for want of
//! data is `NotComparable` and says why; it is never passed over.

use super::units::Unit;
use super::who::Likeness;
use super::{Record, jurisdiction};
use crate::catalogue::{Words, say};
use crate::credential::{
    Accreditation, Concept, Credential, Date, Detail, Identifier, Organisation, Point, Specification, Text,
};
use crate::time::Time;
use std::ops::RangeInclusive;

/// Concepts of one achievement that are compared, and characters of a value that are shown.
const COMPARED: usize = 64;
const SHOWN: usize = 240;

/// The point of an accreditation as such.
pub(super) const ACCREDITATION: Words = Words::constant("accreditation");

/// Types of accreditation (`http://data.europa.eu/snb/accreditation/25831c2`): licensing and quality assurance of an
/// institution, licensing and quality assurance of a programme.
const INSTITUTIONAL: [&str; 2] = ["003293d2ce", "bb4618238e"];
const OF_A_PROGRAMME: [&str; 2] = ["e57dddfcf3", "820101cba6"];

/// The two identifiers of the Accredited profile: one type of credential.
const ACCREDITED: [&str; 2] = ["c_ae121a00", "6cf8e68c43"];

/// What one register says, held against a credential.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps<'s> {
    pub(super) register: &'s str,
    pub(super) record: &'s Record,
    pub(super) credential: &'s Credential,
    pub(super) time: Time,
}

impl Steps<'_> {
    /// The steps that are about the accreditation itself.
    pub(super) fn of_accreditation(&self, claimed: &Accreditation) -> Vec<Detail> {
        let record = self.record;
        let title = record.title.as_ref().and_then(Text::chosen);
        let known = [record.id.as_deref(), title].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let known = shortened(&known);
        let found = match record.agents.iter().find_map(name) {
            Some(agent) => {
                say("says.accreditation-by").with_words("found", known).with_words("agent", shortened(agent))
            }
            None => known,
        };
        let mut points = vec![
            self.point(ACCREDITATION, Point::Agrees, label(claimed), found),
            self.decision(),
            self.status(),
            self.kind(claimed),
        ];
        points.extend(self.dates());
        points.extend(self.credential_type());
        points
    }

    /// The steps that are about one achievement, awarded by a body that compares so with the accredited organisation.
    pub(super) fn of_unit(
        &self,
        unit: &Unit<'_>,
        body: Option<&Organisation>,
        likeness: &Likeness,
    ) -> Vec<Detail> {
        let mut points = vec![self.body(unit, body, likeness)];
        let specified = unit.achievement.map(|one| one.specified_by.as_slice()).unwrap_or_default();
        points.extend(self.qualification(unit, specified));
        let levels = || specified.iter().flat_map(|one| &one.eqf_levels);
        points.extend(self.concepts(
            unit,
            "specifiedBy.eqfLevel",
            levels(),
            &self.record.limit_eqf_levels,
            level,
        ));
        let areas = || specified.iter().flat_map(|one| &one.thematic_areas);
        points.extend(self.concepts(
            unit,
            "specifiedBy.thematicArea",
            areas(),
            &self.record.limit_fields,
            field,
        ));
        points.extend(self.jurisdiction(unit, body));
        points
    }

    fn body(&self, unit: &Unit<'_>, body: Option<&Organisation>, likeness: &Likeness) -> Detail {
        let accredited = self.record.organisations.iter().map(described).collect::<Vec<_>>();
        let found = match accredited.is_empty() {
            true => say("says.accreditation-no-organisation"),
            false => shortened(&accredited.join("; ")),
        };
        let more = match (likeness.point, &likeness.by) {
            (Point::Partial, _) => Some("says.accreditation-is-issuer"),
            (Point::NotComparable, Some(_)) => Some("says.accreditation-no-scheme"),
            (Point::NotComparable, None) => Some("says.accreditation-no-identifiers"),
            _ => None,
        };
        let stated = likeness.by.clone().or_else(|| body.map(described));
        let item = match unit.achievement {
            Some(_) => Words::verbatim(format_args!("{}.awardedBy.awardingBody", unit.path)),
            None => Words::verbatim(&unit.path),
        };
        self.point(item, likeness.point, stated, remarked(found, more))
    }

    /// A quality decision must be positive. Words are DEQAR's: `positive`, `positive with conditions or restrictions`,
    /// `negative`, `not applicable`. A score says nothing without its scale.
    fn decision(&self) -> Detail {
        let item = Words::constant("accreditation.decision");
        let Some(decision) = self.record.decision.as_deref() else {
            return self.point(item, Point::NotComparable, None, say("says.accreditation-no-decision"));
        };
        let word = last(decision).replace(['_', '-'], " ").trim().to_lowercase();
        let point = match word.as_str() {
            "positive" => Point::Agrees,
            "positive with conditions or restrictions" => Point::Partial,
            "negative" => Point::Differs,
            _ => Point::NotComparable,
        };
        self.point(item, point, Some("positive".to_owned()), shortened(decision))
    }

    /// The status of its publication. The QDR's words for what is in force and what is not.
    fn status(&self) -> Detail {
        let status = &self.record.status;
        let of_word = |word: &String| match last(word).to_lowercase().as_str() {
            "released" | "published" | "active" | "valid" => Point::Agrees,
            "revoked" | "withdrawn" | "suspended" | "cancelled" | "expired" | "deleted" | "deprecated"
            | "inactive" | "invalid" | "rejected" | "draft" => Point::Differs,
            _ => Point::NotComparable,
        };
        let point = worst(status.iter().map(of_word)).unwrap_or(Point::NotComparable);
        let found = match status.is_empty() {
            true => say("says.accreditation-no-status"),
            false => shortened(&status.join(", ")),
        };
        self.point(Words::constant("accreditation.status"), point, Some("released".to_owned()), found)
    }

    /// A type of the controlled list, the one that the credential claims; a programme's names the programme.
    fn kind(&self, claimed: &Accreditation) -> Detail {
        let item = Words::constant("accreditation.type");
        let stated = claimed.types.iter().find_map(|kind| kind.id.clone());
        let Some(kind) = self.record.kind.as_deref() else {
            return self.point(item, Point::NotComparable, stated, say("says.accreditation-no-type"));
        };
        let code = last(kind);
        let of_a_programme = OF_A_PROGRAMME.contains(&code);
        let (point, more) = match &stated {
            Some(stated) if last(stated) != code => (Point::Differs, None),
            _ if !of_a_programme && !INSTITUTIONAL.contains(&code) => {
                (Point::NotComparable, Some("says.accreditation-other-type"))
            }
            _ if of_a_programme && self.record.limit_qualifications.is_empty() => {
                (Point::NotComparable, Some("says.accreditation-which-programme"))
            }
            _ => (Point::Agrees, None),
        };
        self.point(item, point, stated, remarked(shortened(kind), more))
    }

    /// Issued before the credential, not expired when it was issued. One that ended since is said to have.
    fn dates(&self) -> [Detail; 2] {
        let validity = &self.credential.validity;
        let date = validity.issuance_date.as_ref().or(validity.issued.as_ref());
        let issuance = date.and_then(|date| date.time);
        let stated = || date.map(|date| date.text.clone());
        let (point, found) = match &self.record.issued {
            None => (Point::NotComparable, say("says.accreditation-no-date")),
            Some(start) => {
                let point = match (start.time, issuance) {
                    (Some(start), Some(issuance)) if start <= issuance => Point::Agrees,
                    (Some(_), Some(_)) => Point::Differs,
                    _ => Point::NotComparable,
                };
                (point, shortened(&start.text))
            }
        };
        let start = self.point(Words::constant("accreditation.issuedDate"), point, stated(), found);
        let expiry = Words::constant("accreditation.expiryDate");
        let end = match (&self.record.expiry, &self.record.review) {
            (Some(end), _) => {
                let (point, more) = match (end.end(), issuance) {
                    (Some(end), Some(issuance)) if end < issuance => (Point::Differs, None),
                    (Some(end), Some(_)) if end < self.time => {
                        (Point::Partial, Some("says.accreditation-ended-since"))
                    }
                    (Some(_), Some(_)) => (Point::Agrees, None),
                    _ => (Point::NotComparable, None),
                };
                self.point(expiry, point, stated(), remarked(shortened(&end.text), more))
            }
            (None, Some(review)) if overdue(review, issuance) => self.point(
                Words::constant("accreditation.reviewDate"),
                Point::NotComparable,
                stated(),
                remarked(shortened(&review.text), Some("says.accreditation-review-due")),
            ),
            (None, _) => self.point(expiry, Point::Agrees, stated(), say("says.accreditation-no-end")),
        };
        [start, end]
    }

    fn credential_type(&self) -> Option<Detail> {
        let limits = &self.record.limit_credential_types;
        if limits.is_empty() {
            return None;
        }
        let profiles = &self.credential.profile_ids;
        let canonical = |id: &str| {
            if ACCREDITED.contains(&last(id)) { ACCREDITED[0].to_owned() } else { last(id).to_owned() }
        };
        let within = profiles.iter().any(|one| limits.iter().any(|limit| canonical(limit) == canonical(one)));
        let point = if within { Point::Agrees } else { Point::Differs };
        let item = Words::constant("accreditation.limitCredentialType");
        Some(self.point(item, point, joined(profiles), shortened(&shown(limits))))
    }

    /// The qualification is the accredited one. A part of it that is no qualification of its own comes with the whole.
    fn qualification(&self, unit: &Unit<'_>, specified: &[Specification]) -> Option<Detail> {
        let limits = &self.record.limit_qualifications;
        if limits.is_empty() {
            return None;
        }
        let own = specified.iter().filter(|one| !unit.nested || is_qualification(one));
        let own: Vec<(Option<&str>, &[Identifier])> =
            own.map(|one| (global(one.id.as_deref()), one.identifiers.as_slice())).collect();
        let identified =
            |(id, identifiers): &(Option<&str>, &[Identifier])| id.is_some() || !identifiers.is_empty();
        if unit.nested && !own.iter().any(identified) {
            return None;
        }
        let same = own.iter().any(|(id, identifiers)| {
            limits.iter().any(|limit| {
                (id.is_some() && *id == limit.id.as_deref())
                    || identifiers.iter().take(COMPARED).any(|one| {
                        limit.id.as_deref() == Some(one.notation.as_str())
                            || limit.identifiers.iter().any(|other| same_identifier(one, other))
                    })
            })
        });
        let (point, more) = match (same, own.iter().any(identified)) {
            (true, _) => (Point::Agrees, None),
            (false, true) => (Point::Differs, None),
            (false, false) => (Point::NotComparable, Some("says.accreditation-no-qualification")),
        };
        let of = |id: Option<&str>, identifiers: &[Identifier]| -> Vec<String> {
            id.into_iter()
                .map(str::to_owned)
                .chain(identifiers.iter().map(|one| one.notation.clone()))
                .collect()
        };
        let stated: Vec<String> = own.iter().flat_map(|(id, identifiers)| of(*id, identifiers)).collect();
        let found: Vec<String> =
            limits.iter().flat_map(|one| of(one.id.as_deref(), &one.identifiers)).collect();
        let item = Words::verbatim(format_args!("{}.specifiedBy.limitQualification", unit.path));
        Some(self.point(item, point, joined(&stated), remarked(shortened(&shown(&found)), more)))
    }

    /// Every concept lies within one of the limits. A part that says none comes with the whole.
    fn concepts<'c>(
        &self,
        unit: &Unit<'_>,
        item: &str,
        own: impl Iterator<Item = &'c Concept>,
        limits: &[String],
        code: fn(&str) -> Option<&str>,
    ) -> Option<Detail> {
        if limits.is_empty() {
            return None;
        }
        let own: Vec<&str> = own.filter_map(|one| one.id.as_deref()).take(COMPARED).collect();
        if own.is_empty() && unit.nested {
            return None;
        }
        let within = |one: &&str| -> Point {
            if limits.iter().any(|limit| limit == one) {
                return Point::Agrees;
            }
            let Some(own) = code(one) else { return Point::NotComparable };
            let known: Vec<&str> = limits.iter().filter_map(|limit| code(limit)).collect();
            match known.iter().any(|limit| own.starts_with(limit)) {
                true => Point::Agrees,
                false if known.len() == limits.len() => Point::Differs,
                false => Point::NotComparable,
            }
        };
        let point = worst(own.iter().map(within)).unwrap_or(Point::NotComparable);
        let more = own.is_empty().then_some("says.accreditation-none-stated");
        let item = Words::verbatim(format_args!("{}.{item}", unit.path));
        Some(self.point(item, point, joined(&own), remarked(shortened(&shown(limits)), more)))
    }

    /// Every region of the body lies within one of the jurisdictions; where it names no region, every country.
    fn jurisdiction(&self, unit: &Unit<'_>, body: Option<&Organisation>) -> Option<Detail> {
        let limits = &self.record.limit_jurisdictions;
        if limits.is_empty() {
            return None;
        }
        let places = body.map(|body| {
            // A country alone says where a body is that names no region in it.
            let regions = body.regions.iter();
            let named = |country: &&String| {
                body.regions.iter().all(|region| jurisdiction::within(region, country) != Some(true))
            };
            regions.chain(body.countries.iter().filter(named)).take(COMPARED).collect::<Vec<_>>()
        });
        let places = places.unwrap_or_default();
        let within = |place: &&String| {
            let mut told = limits.iter().map(|limit| jurisdiction::within(place, limit)).collect::<Vec<_>>();
            told.dedup();
            match (told.contains(&Some(true)), told.contains(&None)) {
                (true, _) => Point::Agrees,
                (false, true) => Point::NotComparable,
                (false, false) => Point::Differs,
            }
        };
        let point = worst(places.iter().map(within)).unwrap_or(Point::NotComparable);
        let more = match (places.is_empty(), point) {
            (true, _) => Some("says.accreditation-no-place"),
            (false, Point::NotComparable) => Some("says.accreditation-place-untold"),
            _ => None,
        };
        let item = Words::verbatim(format_args!("{}.awardedBy.awardingBody.location", unit.path));
        Some(self.point(item, point, joined(&places), remarked(shortened(&shown(limits)), more)))
    }

    fn point(&self, item: Words, outcome: Point, stated: Option<String>, found: Words) -> Detail {
        detail(item, outcome, stated, by(self.register, found))
    }
}

/// A point of the check, what is stated cut where it is long.
pub(super) fn detail(item: Words, outcome: Point, stated: Option<String>, found: Words) -> Detail {
    Detail { item, outcome, stated: stated.map(|text| shortened(&text)), found: Some(found) }
}

/// What a register says, with its name.
pub(super) fn by(register: &str, found: Words) -> Words {
    Words::about(Words::verbatim(register), found)
}

/// What was found with a remark on it, a text with `{found}` in it.
fn remarked(found: Words, remark: Option<&'static str>) -> Words {
    match remark {
        Some(remark) => say(remark).with_words("found", found),
        None => found,
    }
}

/// A value, cut where it is long.
pub(super) fn shortened(text: &str) -> Words {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => Words::verbatim(format_args!("{}...", text.get(..at).unwrap_or_default())),
        None => Words::verbatim(text),
    }
}

/// Words of elsewhere, cut where they are long.
pub(super) fn cut(words: Words) -> Words {
    match words {
        Words::Verbatim(text) => shortened(&text),
        Words::Text(key, values) => {
            Words::Text(key, values.into_iter().map(|(name, value)| (name, cut(value))).collect())
        }
        Words::Several(words, between) => Words::Several(words.into_iter().map(cut).collect(), between),
    }
}

/// An accreditation as the credential names it.
pub(super) fn label(one: &Accreditation) -> Option<String> {
    let identifier = || one.identifiers.first().map(|one| one.notation.clone());
    let title = || one.title.as_ref().and_then(Text::chosen).map(str::to_owned);
    one.id.clone().or_else(identifier).or_else(title)
}

/// The point that weighs most: one that differs, then one that could not be compared.
pub(super) fn worst(points: impl Iterator<Item = Point>) -> Option<Point> {
    points.max_by_key(|point| match point {
        Point::Agrees => 0,
        Point::Partial => 1,
        Point::NotComparable => 2,
        Point::Differs => 3,
    })
}

/// An organisation by name and first identifier.
pub(super) fn described(organisation: &Organisation) -> String {
    let identifiers = crate::credential::checks::sealer::identifiers(organisation);
    let identifier =
        identifiers.map(|(_, _, one)| one.notation.clone()).find(|notation| !notation.is_empty());
    let parts = [name(organisation).map(str::to_owned), identifier.or_else(|| organisation.id.clone())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn name(organisation: &Organisation) -> Option<&str> {
    organisation.legal_name.as_ref().and_then(Text::chosen)
}

fn overdue(review: &Date, issuance: Option<Time>) -> bool {
    match (review.end(), issuance) {
        (Some(review), Some(issuance)) => review < issuance,
        _ => true,
    }
}

fn is_qualification(one: &Specification) -> bool {
    one.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("qualification"))
}

/// An identifier that is not of the document's own numbering.
fn global(id: Option<&str>) -> Option<&str> {
    id.filter(|id| !id.starts_with("urn:epass:") && !id.starts_with("_:"))
}

fn same_identifier(one: &Identifier, other: &Identifier) -> bool {
    let schemes = one.scheme.as_ref().zip(other.scheme.as_ref());
    one.notation == other.notation && schemes.is_none_or(|(one, other)| one == other)
}

/// The digits of an ISCED-F field, whichever of its URIs is used: a field within another begins with its digits.
fn field(uri: &str) -> Option<&str> {
    digits(uri, "isced-f/", 2..=4)
}

/// The digit of an EQF level.
fn level(uri: &str) -> Option<&str> {
    digits(uri, "eqf/", 1..=1)
}

fn digits<'u>(uri: &'u str, vocabulary: &str, length: RangeInclusive<usize>) -> Option<&'u str> {
    let (_, code) = uri.trim().rsplit_once(vocabulary)?;
    (length.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

fn last(uri: &str) -> &str {
    uri.trim().rsplit(['/', '#']).next().unwrap_or(uri)
}

fn joined<T: AsRef<str>>(values: &[T]) -> Option<String> {
    (!values.is_empty()).then(|| shown(values))
}

fn shown<T: AsRef<str>>(values: &[T]) -> String {
    values.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
