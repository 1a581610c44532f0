//! What the tables are made of.

use super::table;
use foldhash::HashMap;
use std::sync::LazyLock;

/// How a term's plain values are read (JSON-LD 1.1, type coercion).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Coercion {
    /// As they are.
    None,
    /// Strings are identifiers of nodes.
    Id,
    /// Literals of this datatype.
    Datatype(u8),
    /// An object is a map of texts by language.
    Language,
}

/// A constraint component (SHACL, section 4).
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Constraint {
    /// sh:minCount.
    MinCount(usize),
    /// sh:maxCount.
    MaxCount(usize),
    /// sh:class.
    Class(u16),
    /// sh:datatype.
    Datatype(u8),
    /// sh:nodeKind sh:IRI.
    NodeKindIri,
    /// sh:nodeKind sh:Literal.
    NodeKindLiteral,
    /// sh:uniqueLang.
    UniqueLang,
    /// sh:node.
    Node(u16),
    /// sh:hasValue, of a node.
    HasValue(&'static str),
    /// sh:maxInclusive.
    MaxInclusive(i64),
    /// sh:or, each alternative one constraint.
    Or(&'static [Constraint]),
}

impl Constraint {
    /// The local name of its component in SHACL's vocabulary.
    pub(super) fn component(self) -> &'static str {
        match self {
            Self::MinCount(_) => "MinCountConstraintComponent",
            Self::MaxCount(_) => "MaxCountConstraintComponent",
            Self::Class(_) => "ClassConstraintComponent",
            Self::Datatype(_) => "DatatypeConstraintComponent",
            Self::NodeKindIri | Self::NodeKindLiteral => "NodeKindConstraintComponent",
            Self::UniqueLang => "UniqueLangConstraintComponent",
            Self::Node(_) => "NodeConstraintComponent",
            Self::HasValue(_) => "HasValueConstraintComponent",
            Self::MaxInclusive(_) => "MaxInclusiveConstraintComponent",
            Self::Or(_) => "OrConstraintComponent",
        }
    }
}

/// A node shape.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct NodeShape {
    /// On the node itself.
    pub(super) own: &'static [Constraint],
    /// On its properties.
    pub(super) properties: &'static [PropertyShape],
}

/// A property shape with a simple path.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct PropertyShape {
    /// Index into [`table::PROPERTIES`].
    pub(super) path: u16,
    /// On the property's values; what no values at all may break comes first.
    pub(super) constraints: &'static [Constraint],
}

impl PropertyShape {
    /// Whether a node without this property may break it.
    pub(super) fn asks_for_values(&self) -> bool {
        matches!(self.constraints.first(), Some(Constraint::MinCount(_) | Constraint::HasValue(_)))
    }
}

/// Target classes, sorted, with the shapes for their instances.
pub(super) type Targets = &'static [(u16, &'static [u16])];

type Terms = HashMap<&'static str, (u16, Coercion, bool)>;

static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    table::TERMS.iter().map(|(term, property, coercion, w3c)| (*term, (*property, *coercion, *w3c))).collect()
});

static CLASSES: LazyLock<HashMap<&str, u16>> = LazyLock::new(|| table::TYPES.iter().copied().collect());

/// The property, the coercion and whether it holds in W3C credentials alone, of a term or an absolute IRI.
pub(super) fn term(name: &str) -> Option<(u16, Coercion, bool)> {
    if let Some(found) = TERMS.get(name) {
        return Some(*found);
    }
    let absolute = position(table::PROPERTIES, name)?;
    Some((u16::try_from(absolute).ok()?, Coercion::None, false))
}

/// The class of a term or an absolute IRI.
pub(super) fn class(name: &str) -> Option<u16> {
    if let Some(class) = CLASSES.get(name) {
        return Some(*class);
    }
    u16::try_from(position(table::CLASSES, name)?).ok()
}

/// Where an absolute IRI stands; no other name needs to be looked for.
fn position(iris: &[&str], name: &str) -> Option<usize> {
    name.as_bytes().contains(&b':').then(|| iris.iter().position(|iri| *iri == name)).flatten()
}

/// The datatypes of literals that JSON itself has.
pub(super) fn datatype(iri: &str) -> Option<u8> {
    u8::try_from(table::DATATYPES.iter().position(|known| *known == iri)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_and_type_is_found() {
        for (name, property, coercion, w3c) in table::TERMS {
            assert_eq!(term(name), Some((*property, *coercion, *w3c)), "{name}");
        }
        for (name, index) in table::TYPES {
            assert_eq!(class(name), Some(*index), "{name}");
        }
        assert_eq!(
            class("https://www.w3.org/2018/credentials#VerifiableCredential"),
            class("VerifiableCredential")
        );
        assert_eq!(term("nonsense"), None);
        for shape in table::SHAPES {
            assert!(shape.properties.is_sorted_by_key(|property| property.path));
            for property in shape.properties {
                let asks =
                    |one: &Constraint| matches!(one, Constraint::MinCount(_) | Constraint::HasValue(_));
                assert_eq!(property.asks_for_values(), property.constraints.iter().any(asks));
            }
        }
        assert!(table::CLASSES.len() < 256 && table::PROPERTIES.len() < 1000);
    }
}
