//! What of a credential has to be covered, and by which accreditations it says that it is.

use super::Query;
use crate::catalogue::{Words, say};
use crate::credential::{Accreditation, Achievement, Credential, Model, Organisation};

/// Evidence of an accreditation (`http://data.europa.eu/snb/evidence-type/`).
const EVIDENCE: &str = "http://data.europa.eu/snb/evidence-type/c_991b06c6";

/// How much of one credential is looked at.
const ACCREDITATIONS: usize = 16;
const BODIES: usize = 16;
const UNITS: usize = 1000;
/// Identifiers by which one accreditation is asked for.
pub(super) const IDENTIFIERS: usize = 8;

/// What has to be covered: an achievement as one body awarded it, or where ELM v2 names none, the issuer.
#[derive(Debug)]
pub(super) struct Unit<'c> {
    /// Where it stands.
    pub(super) path: String,
    /// `None` where only the issuer is looked at.
    pub(super) achievement: Option<&'c Achievement>,
    /// The awarding body's place in [`Units::bodies`].
    pub(super) body: Option<usize>,
    /// Places in [`Units::accreditations`].
    pub(super) accreditations: Vec<usize>,
    /// Whether it is a part of another one, which holds for what it does not say itself.
    pub(super) nested: bool,
}

/// What of a credential has to be covered.
#[derive(Debug, Default)]
pub(super) struct Units<'c> {
    /// Every accreditation that it names, each once.
    pub(super) accreditations: Vec<&'c Accreditation>,
    /// Every awarding body, each once.
    pub(super) bodies: Vec<&'c Organisation>,
    /// In the order in which they stand.
    pub(super) units: Vec<Unit<'c>>,
    /// What was too much to be looked at, in words.
    pub(super) beyond: Option<Words>,
}

/// What a register would be asked about a credential: every accreditation that it names, by its URI and by its other
/// identifiers, and every awarding body. A register that has to fetch its answers can be asked for these beforehand.
#[must_use]
pub fn queries(credential: &Credential) -> Vec<Query> {
    let units = Units::of(credential);
    let accreditations = units.accreditations.iter().flat_map(|one| of_accreditation(one));
    let institutions = units.bodies.iter().map(|body| Query::Institution(Box::new((*body).clone())));
    accreditations.chain(institutions).collect()
}

/// An accreditation by its URI first. What a document numbers for itself is known to no register.
pub(super) fn of_accreditation(accreditation: &Accreditation) -> Vec<Query> {
    let local = |id: &&String| id.is_empty() || id.starts_with("urn:epass:") || id.starts_with("_:");
    let uri = accreditation.id.iter().filter(|id| !local(id)).map(|id| Query::Uri(id.clone()));
    let identifiers =
        accreditation.identifiers.iter().filter(|one| !one.notation.is_empty()).take(IDENTIFIERS);
    uri.chain(identifiers.map(|one| Query::Notation(one.notation.clone()))).collect()
}

/// Whether a claim is an achievement: an activity, an assessment or an entitlement is not awarded for its own.
fn is_achievement(one: &Achievement) -> bool {
    let kind = one.kind.as_deref().unwrap_or("LearningAchievement").to_ascii_lowercase();
    !["activity", "assessment", "entitlement"].iter().any(|other| kind.ends_with(other))
}

impl<'c> Units<'c> {
    /// Nothing where ELM v3 has no evidence of an accreditation.
    pub(super) fn of(credential: &'c Credential) -> Self {
        let mut found = Self::default();
        // ELM v2 has no evidence; what an organisation says of itself is its accreditation.
        let v2 = credential.model == Model::ElmV2;
        let issuer = credential.issuer.as_ref().filter(|_| v2);
        let of_evidence =
            credential.evidence.iter().filter(|one| one.types.iter().any(|kind| kind == EVIDENCE));
        let mut general = found.add_all(of_evidence.flat_map(|one| &one.accreditations));
        if general.is_empty() && !v2 {
            return found;
        }
        general.extend(found.add_all(issuer.iter().flat_map(|issuer| &issuer.accreditations)));

        let top = credential.achievements.iter().enumerate().filter(|(_, one)| is_achievement(one));
        let mut open: Vec<Open<'c>> = top
            .map(|(at, one)| Open {
                path: format!("hasClaim[{at}]"),
                achievement: one,
                bodies: Vec::new(),
                accreditations: general.clone(),
                nested: false,
            })
            .collect();
        open.reverse();
        while let Some(mut one) = open.pop() {
            if found.units.len() >= UNITS {
                found.too_many("says.accreditation-many-achievements", UNITS);
                break;
            }
            found.open(&mut one);
            let parts = one.achievement.parts.iter().enumerate().filter(|(_, part)| is_achievement(part));
            let at = open.len();
            open.extend(parts.map(|(at, part)| Open {
                path: format!("{}.hasPart[{at}]", one.path),
                achievement: part,
                bodies: one.bodies.clone(),
                accreditations: one.accreditations.clone(),
                nested: true,
            }));
            open.get_mut(at..).unwrap_or_default().reverse();
        }
        if found.units.is_empty() && issuer.is_some() {
            found.units.push(Unit {
                path: "issuer".to_owned(),
                achievement: None,
                body: None,
                accreditations: general,
                nested: false,
            });
        }
        found
    }

    /// An achievement with each of its awarding bodies; where it names none, those of what it is a part of.
    fn open(&mut self, one: &mut Open<'c>) {
        let own: Vec<&'c Organisation> =
            one.achievement.awarded_by.iter().flat_map(|award| &award.awarding_bodies).collect();
        if !own.is_empty() {
            one.bodies = own.iter().filter_map(|body| self.body(body)).collect();
        }
        let specified = one.achievement.specified_by.iter().flat_map(|spec| &spec.accreditations);
        let claimed = specified.chain(own.iter().flat_map(|body| &body.accreditations));
        let more = self.add_all(claimed);
        one.accreditations
            .extend(more.into_iter().filter(|at| !one.accreditations.contains(at)).collect::<Vec<_>>());
        let bodies =
            if one.bodies.is_empty() { vec![None] } else { one.bodies.iter().copied().map(Some).collect() };
        for body in bodies {
            self.units.push(Unit {
                path: one.path.clone(),
                achievement: Some(one.achievement),
                body,
                accreditations: one.accreditations.clone(),
                nested: one.nested,
            });
        }
    }

    fn add_all(&mut self, accreditations: impl Iterator<Item = &'c Accreditation>) -> Vec<usize> {
        let mut places = Vec::new();
        for one in accreditations {
            let known = self.accreditations.iter().position(|known| *known == one);
            let place = match known {
                Some(place) => place,
                None if self.accreditations.len() >= ACCREDITATIONS => {
                    self.too_many("says.accreditation-many-accreditations", ACCREDITATIONS);
                    break;
                }
                None => {
                    self.accreditations.push(one);
                    self.accreditations.len().saturating_sub(1)
                }
            };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    fn body(&mut self, body: &'c Organisation) -> Option<usize> {
        if let Some(known) = self.bodies.iter().position(|known| *known == body) {
            return Some(known);
        }
        if self.bodies.len() >= BODIES {
            self.too_many("says.accreditation-many-bodies", BODIES);
            return None;
        }
        self.bodies.push(body);
        Some(self.bodies.len().saturating_sub(1))
    }

    fn too_many(&mut self, what: &'static str, most: usize) {
        self.beyond.get_or_insert_with(|| say(what).with("most", most));
    }
}

/// An achievement that is still to be opened, with what holds around it.
struct Open<'c> {
    path: String,
    achievement: &'c Achievement,
    bodies: Vec<usize>,
    accreditations: Vec<usize>,
    nested: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Award, Evidence, Identifier};

    fn named(id: &str) -> Accreditation {
        let identifiers = vec![Identifier { notation: format!("n-{id}"), ..Identifier::default() }];
        Accreditation { id: Some(id.to_owned()), identifiers, ..Accreditation::default() }
    }

    fn awarded(body: &str, parts: Vec<Achievement>) -> Achievement {
        let body = Organisation { id: Some(body.to_owned()), ..Organisation::default() };
        let award = Award { awarding_bodies: vec![body], date: None };
        Achievement { awarded_by: vec![award], parts, ..Achievement::default() }
    }

    #[test]
    fn parts_inherit_what_they_do_not_say() {
        let activity = Achievement { kind: Some("LearningActivity".into()), ..Achievement::default() };
        let part = Achievement { parts: vec![awarded("urn:b", vec![])], ..Achievement::default() };
        let evidence = Evidence {
            types: vec![EVIDENCE.to_owned()],
            accreditations: vec![named("urn:a"), named("urn:a")],
            ..Evidence::default()
        };
        let credential = Credential {
            model: Model::ElmV3,
            achievements: vec![activity, awarded("urn:o", vec![part])],
            evidence: vec![evidence],
            ..Credential::default()
        };
        let found = Units::of(&credential);
        let listed: Vec<_> = found.units.iter().map(|unit| (unit.path.as_str(), unit.body)).collect();
        let expected = [
            ("hasClaim[1]", Some(0)),
            ("hasClaim[1].hasPart[0]", Some(0)),
            ("hasClaim[1].hasPart[0].hasPart[0]", Some(1)),
        ];
        assert_eq!(listed, expected);
        assert!(found.units.iter().all(|unit| unit.accreditations == [0]), "{found:?}");
        let queries = queries(&credential);
        assert_eq!(queries[..2], [Query::Uri("urn:a".into()), Query::Notation("n-urn:a".into())]);
        assert_eq!(queries.len(), 4, "two institutions with them");
    }

    #[test]
    fn hostile_numbers_end() {
        let bodies = (0..100).map(|at| awarded(&at.to_string(), vec![])).collect();
        let v2 = || Credential { model: Model::ElmV2, ..Credential::default() };
        let many = Credential { achievements: bodies, ..v2() };
        let beyond = Units::of(&many).beyond.unwrap().to_string();
        assert!(beyond.starts_with("more than 16 awarding bodies"), "{beyond}");
        let parts = vec![Achievement::default(); 5000];
        let many = Credential { achievements: vec![awarded("o", parts)], ..v2() };
        let found = Units::of(&many);
        assert_eq!(found.units.len(), UNITS);
        assert!(found.beyond.is_some());
        let accreditations = (0..100).map(|at| named(&at.to_string())).collect();
        let issuer = Some(Organisation { accreditations, ..Organisation::default() });
        let many = Credential { issuer, ..v2() };
        let found = Units::of(&many);
        assert_eq!((found.accreditations.len(), found.units.len()), (16, 1));
        assert!(found.beyond.is_some());
        assert!(
            of_accreditation(&Accreditation {
                id: Some("urn:epass:acc:1".into()),
                ..Accreditation::default()
            })
            .is_empty()
        );
    }
}
