//! The structure that the European Learning Model's application profiles demand, natively: the core constraints of their
//! SHACL shapes, compiled into tables.

mod datatype;
mod graph;
#[rustfmt::skip]
mod table;
mod tables;

use crate::catalogue::{Words, say};
use crate::format::json::Value;
use graph::{Graph, Node, Term};
use smallvec::SmallVec;
use tables::{Constraint, Targets};

/// An application profile of the European Learning Model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Profile {
    /// edc-generic-full.
    Generic,
    /// edc-accredited.
    Accredited,
    /// edc-converted.
    Converted,
    /// edc-diploma-supplement.
    DiplomaSupplement,
    /// edc-issued-by-mandate.
    IssuedByMandate,
}

impl Profile {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::Generic, Self::Accredited, Self::Converted, Self::DiplomaSupplement, Self::IssuedByMandate];

    /// By the identifier of a credential profile.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Some(match id.strip_prefix("http://data.europa.eu/snb/credential/")? {
            "e34929035b" => Self::Generic,
            "c_ae121a00" | "6cf8e68c43" => Self::Accredited,
            "c_7e400154" => Self::Converted,
            "6dff8a0f87" => Self::DiplomaSupplement,
            "c_9a31f32a" => Self::IssuedByMandate,
            _ => return None,
        })
    }

    /// The last part of the identifier of its shapes, under `http://data.europa.eu/snb/model/ap/`.
    #[must_use]
    pub fn shapes(self) -> &'static str {
        match self {
            Self::Generic => "edc-generic-full",
            Self::Accredited => "edc-accredited",
            Self::Converted => "edc-converted",
            Self::DiplomaSupplement => "edc-diploma-supplement",
            Self::IssuedByMandate => "edc-issued-by-mandate",
        }
    }

    fn targets(self) -> Targets {
        match self {
            Self::Generic => table::GENERIC,
            Self::Accredited => table::ACCREDITED,
            Self::Converted => table::CONVERTED,
            Self::DiplomaSupplement => table::DIPLOMA_SUPPLEMENT,
            Self::IssuedByMandate => table::ISSUED_BY_MANDATE,
        }
    }
}

/// A constraint that a node does not meet. It holds no value of the document but identifiers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Violation {
    /// The node's IRI; `None` for a blank one.
    pub node: Option<String>,
    /// The node's class.
    pub class: &'static str,
    /// The property's IRI.
    pub property: &'static str,
    /// The constraint component's local name in SHACL's vocabulary.
    pub component: &'static str,
}

impl Violation {
    /// What is wrong, in words.
    #[must_use]
    pub fn in_words(&self) -> Words {
        let wrong = match self.component {
            "MinCountConstraintComponent" => "says.format-missing",
            "MaxCountConstraintComponent" => "says.shape-too-often",
            "ClassConstraintComponent" | "OrConstraintComponent" => "says.shape-class",
            "DatatypeConstraintComponent" => "says.shape-datatype",
            "NodeKindConstraintComponent" => "says.shape-kind",
            "UniqueLangConstraintComponent" => "says.shape-one-language",
            "NodeConstraintComponent" => "says.shape-within",
            "HasValueConstraintComponent" => "says.shape-value",
            _ => "says.shape-bound",
        };
        say(wrong).with("item", format_args!("{}.{}", self.class, local(self.property)))
    }
}

/// What of the shapes of a profile a document does not meet; each violation once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The violations, sorted.
    pub violations: Vec<Violation>,
    /// What of JSON-LD was met that this reading does not follow.
    pub unread: Vec<Words>,
}

/// A document, read once for all profiles.
#[derive(Debug)]
pub struct Document<'v>(Graph<'v>);

impl<'v> Document<'v> {
    /// Reads the graph of a JSON-LD document.
    #[must_use]
    pub fn new(document: &'v Value<'_>) -> Self {
        Self(Graph::new(document))
    }

    /// Validates against the shapes of a profile (SHACL, section 3).
    #[must_use]
    pub fn validate(&self, profile: Profile) -> Report {
        let mut violations = Vec::new();
        let targets = profile.targets();
        for node in &self.0.nodes {
            for class in &node.classes {
                let Ok(at) = targets.binary_search_by_key(class, |(class, _)| *class) else { continue };
                let Some((_, shapes)) = targets.get(at) else { continue };
                for shape in *shapes {
                    self.shape(node, *shape, Some(&mut violations));
                }
            }
        }
        violations.sort_unstable();
        violations.dedup();
        Report { violations, unread: self.0.unread.iter().copied().map(say).collect() }
    }

    /// Whether a node meets a shape; what it does not meet goes into `into`, without which the first ends the search.
    fn shape(&self, node: &Node<'v>, shape: u16, mut into: Option<&mut Vec<Violation>>) -> bool {
        let Some(shape) = table::SHAPES.get(usize::from(shape)) else { return false };
        let mut meets = shape.own.iter().all(|constraint| self.node_meets(node, *constraint));
        let mut left = node.values.as_slice();
        for property in shape.properties {
            // Both are sorted by property.
            let values = values_of(&mut left, property.path);
            if values.is_empty() && !property.asks_for_values() {
                continue;
            }
            for constraint in property.constraints {
                if self.values_meet(values, *constraint) {
                    continue;
                }
                meets = false;
                let Some(violations) = into.as_deref_mut() else { return false };
                violations.push(Violation {
                    node: node.iri.map(str::to_owned),
                    class: node.class_name(),
                    property: table::PROPERTIES.get(usize::from(property.path)).copied().unwrap_or_default(),
                    component: constraint.component(),
                });
            }
        }
        meets
    }

    /// A constraint on a node itself.
    fn node_meets(&self, node: &Node<'v>, constraint: Constraint) -> bool {
        match constraint {
            Constraint::Class(class) => node.is(class),
            Constraint::Node(shape) => self.shape(node, shape, None),
            Constraint::NodeKindIri => node.iri.is_some(),
            Constraint::Or(alternatives) => alternatives.iter().any(|one| self.node_meets(node, *one)),
            Constraint::HasValue(iri) => node.iri == Some(iri),
            // The others are of literals or of several values.
            _ => false,
        }
    }

    /// A constraint on the values of a property.
    fn values_meet(&self, values: &[(u16, Term<'v>)], constraint: Constraint) -> bool {
        match constraint {
            Constraint::MinCount(count) => values.len() >= count,
            Constraint::MaxCount(count) => values.len() <= count,
            Constraint::HasValue(_) => values.iter().any(|(_, value)| self.meets(value, constraint)),
            Constraint::UniqueLang => {
                let mut seen = SmallVec::<[&str; 8]>::new();
                values.iter().all(|(_, value)| match value {
                    Term::Text(_, language)
                        if seen.iter().any(|other| other.eq_ignore_ascii_case(language)) =>
                    {
                        false
                    }
                    Term::Text(_, language) => {
                        seen.push(language);
                        true
                    }
                    _ => true,
                })
            }
            _ => values.iter().all(|(_, value)| self.meets(value, constraint)),
        }
    }

    /// A constraint on one value.
    fn meets(&self, value: &Term<'v>, constraint: Constraint) -> bool {
        match (value, constraint) {
            (_, Constraint::Or(alternatives)) => alternatives.iter().any(|one| self.meets(value, *one)),
            (Term::Node(index), _) => {
                self.0.get(*index).is_some_and(|node| self.node_meets(node, constraint))
            }
            (_, Constraint::NodeKindLiteral) => true,
            (Term::Text(..), Constraint::Datatype(datatype)) => datatype == datatype::LANGUAGE,
            (Term::Literal(kind, text), Constraint::Datatype(datatype)) => {
                *kind == Some(datatype) && datatype::holds(datatype, text)
            }
            (Term::Literal(_, text), Constraint::MaxInclusive(most)) => {
                text.trim().parse::<i64>().is_ok_and(|number| number <= most)
            }
            _ => false,
        }
    }
}

/// The values of a property on a sorted list, which loses those of the properties before it: several shapes may ask for
/// the same one.
fn values_of<'l, 'v>(left: &mut &'l [(u16, Term<'v>)], property: u16) -> &'l [(u16, Term<'v>)] {
    let before = left.iter().take_while(|(other, _)| *other < property).count();
    *left = left.get(before..).unwrap_or_default();
    let own = left.iter().take_while(|(other, _)| *other == property).count();
    left.get(..own).unwrap_or_default()
}

/// The last part of an IRI.
fn local(iri: &'static str) -> &'static str {
    iri.rsplit(['/', '#']).next().unwrap_or(iri)
}
