//! What an XPath 1.0 expression is made of.

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expr {
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    Negate(Box<Expr>),
    Union(Box<Expr>, Box<Expr>),
    Number(f64),
    Literal(String),
    Call(Function, Vec<Expr>),
    Path(Path),
}

/// Steps from somewhere.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Start {
    Root,
    Context,
    /// An expression with its predicates.
    Expr(Box<Expr>, Vec<Expr>),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expr>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

impl Axis {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "attribute" => Self::Attribute,
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "namespace" => Self::Namespace,
            "parent" => Self::Parent,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::SelfNode,
            _ => return None,
        })
    }
}

/// A node test; a name is of the axis's principal node type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Test {
    Any,
    AnyName,
    /// Any name of a namespace.
    InNamespace(String),
    /// A name; the namespace is empty where there is none.
    Name(String, String),
    Text,
    Comment,
    Instruction(Option<String>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The core function library (XPath 1.0, 4) and `here()` (XML Signature, 6.6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Here,
    Id,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

impl Function {
    /// The function and how many arguments it takes, from and to.
    pub(super) fn named(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "boolean" => (Self::Boolean, 1, 1),
            "ceiling" => (Self::Ceiling, 1, 1),
            "concat" => (Self::Concat, 2, usize::MAX),
            "contains" => (Self::Contains, 2, 2),
            "count" => (Self::Count, 1, 1),
            "false" => (Self::False, 0, 0),
            "floor" => (Self::Floor, 1, 1),
            "here" => (Self::Here, 0, 0),
            "id" => (Self::Id, 1, 1),
            "lang" => (Self::Lang, 1, 1),
            "last" => (Self::Last, 0, 0),
            "local-name" => (Self::LocalName, 0, 1),
            "name" => (Self::Name, 0, 1),
            "namespace-uri" => (Self::NamespaceUri, 0, 1),
            "normalize-space" => (Self::NormalizeSpace, 0, 1),
            "not" => (Self::Not, 1, 1),
            "number" => (Self::Number, 0, 1),
            "position" => (Self::Position, 0, 0),
            "round" => (Self::Round, 1, 1),
            "starts-with" => (Self::StartsWith, 2, 2),
            "string" => (Self::String, 0, 1),
            "string-length" => (Self::StringLength, 0, 1),
            "substring" => (Self::Substring, 2, 3),
            "substring-after" => (Self::SubstringAfter, 2, 2),
            "substring-before" => (Self::SubstringBefore, 2, 2),
            "sum" => (Self::Sum, 1, 1),
            "translate" => (Self::Translate, 3, 3),
            "true" => (Self::True, 0, 0),
            _ => return None,
        })
    }
}

impl Expr {
    /// Whether the value as a predicate is the same wherever its node stands in the list: it is no number, and
    /// asks neither for the position nor for the size.
    pub(super) fn is_positionless(&self) -> bool {
        !self.is_numeric() && !self.asks_position()
    }

    fn is_numeric(&self) -> bool {
        use Function::{Ceiling, Count, Floor, Last, Number, Position, Round, StringLength, Sum};
        match self {
            Self::Number(_) | Self::Arithmetic(..) | Self::Negate(_) => true,
            Self::Call(function, _) => {
                matches!(
                    function,
                    Ceiling | Count | Floor | Last | Number | Position | Round | StringLength | Sum
                )
            }
            Self::Path(Path { start: Start::Expr(start, predicates), steps }) => {
                predicates.is_empty() && steps.is_empty() && start.is_numeric()
            }
            _ => false,
        }
    }

    fn asks_position(&self) -> bool {
        match self {
            Self::Or(a, b) | Self::And(a, b) | Self::Union(a, b) => a.asks_position() || b.asks_position(),
            Self::Compare(_, a, b) | Self::Arithmetic(_, a, b) => a.asks_position() || b.asks_position(),
            Self::Negate(a) => a.asks_position(),
            Self::Number(_) | Self::Literal(_) => false,
            Self::Call(Function::Position | Function::Last, _) => true,
            Self::Call(_, arguments) => arguments.iter().any(Self::asks_position),
            // A predicate's own position is another; what a path begins with has ours.
            Self::Path(path) => match &path.start {
                Start::Expr(start, _) => start.asks_position(),
                Start::Root | Start::Context => false,
            },
        }
    }
}
