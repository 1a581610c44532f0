//! XPath 1.0, 3: text to expression.

use super::Refused;
use super::ast::{Axis, Comparison, Expr, Function, Operator, Path, Start, Step, Test};

/// Bytes of an expression, and how deep its brackets nest: real ones have 200 and 4.
const LENGTH: usize = 4096;
const DEPTH: usize = 24;
/// Tokens of an expression, which bounds the depth of the tree.
const TOKENS: usize = 512;

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Number(f64),
    Literal(String),
    /// A name: prefix and local name, which is `*` for any.
    Name(Option<String>, String),
    Axis(Axis),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Parses an expression; `resolve` gives the namespace bound to a prefix.
pub(super) fn parse(text: &str, resolve: &dyn Fn(&str) -> Option<String>) -> Result<Expr, Refused> {
    if text.len() > LENGTH {
        return Err(Refused::Syntax(format!("an expression of {} bytes, at most {LENGTH}", text.len())));
    }
    let tokens = tokenize(text)?;
    if tokens.len() > TOKENS {
        return Err(Refused::Syntax(format!("an expression of {} tokens, at most {TOKENS}", tokens.len())));
    }
    let mut parser = Parser { tokens: &tokens, resolve, depth: 0 };
    let expr = parser.or()?;
    match parser.tokens.first() {
        None => Ok(expr),
        Some(token) => Err(unexpected(Some(token))),
    }
}

fn unexpected(token: Option<&Token>) -> Refused {
    match token {
        Some(token) => Refused::Syntax(format!("unexpected {token:?}")),
        None => Refused::Syntax("unexpected end".to_owned()),
    }
}

const SIGNS: [&str; 22] = [
    "(", ")", "[", "]", "..", "@", ",", "//", "/", "|", "+", "-", "!=", "<=", ">=", "=", "<", ">", "*", "$",
    ".", "::",
];

fn tokenize(text: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        // XPath 1.0, 3.7: after an operand, `*` and names are operators.
        let operand_before = match tokens.last() {
            None | Some(Token::Axis(_)) => false,
            Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | ".." | "."),
            Some(_) => true,
        };
        let number = first.is_ascii_digit()
            || first == '.'
                && rest.get(1..).is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
        if number {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            let value = digits.parse().map_err(|_| Refused::Syntax(format!("broken number {digits}")))?;
            tokens.push(Token::Number(value));
            rest = after;
        } else if matches!(first, '"' | '\'') {
            let inner = rest.get(1..).unwrap_or_default();
            let (literal, after) =
                inner.split_once(first).ok_or_else(|| Refused::Syntax("a literal not closed".to_owned()))?;
            tokens.push(Token::Literal(literal.to_owned()));
            rest = after;
        } else if is_name_start(first) {
            let (token, after) = name(rest, operand_before)?;
            tokens.push(token);
            rest = after;
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| Refused::Syntax(format!("unexpected {first:?}")))?;
            let token = match sign {
                "$" => return Err(Refused::Unsupported("variable".to_owned())),
                "*" if !operand_before => Token::Name(None, "*".to_owned()),
                sign => Token::Sign(sign),
            };
            tokens.push(token);
            rest = rest.get(sign.len()..).unwrap_or_default();
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// An operator, axis or name, and what comes after it.
fn name(text: &str, operand_before: bool) -> Result<(Token, &str), Refused> {
    let end = |text: &str| {
        text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '\u{b7}'))
            .unwrap_or(text.len())
    };
    let (first, after) = text.split_at(end(text));
    if operand_before {
        let operator = ["and", "or", "div", "mod"].into_iter().find(|operator| *operator == first);
        let operator =
            operator.ok_or_else(|| Refused::Syntax(format!("expected an operator, found {first}")))?;
        return Ok((Token::Sign(operator), after));
    }
    let blank_less = after.trim_start_matches([' ', '\t', '\r', '\n']);
    if let Some(after) = blank_less.strip_prefix("::") {
        let axis = Axis::named(first).ok_or_else(|| Refused::Unsupported(format!("axis {first}")))?;
        return Ok((Token::Axis(axis), after));
    }
    match after.strip_prefix(':') {
        Some(local) if local.starts_with('*') => {
            Ok((Token::Name(Some(first.to_owned()), "*".to_owned()), local.get(1..).unwrap_or_default()))
        }
        Some(local) if local.starts_with(is_name_start) => {
            let (local, after) = local.split_at(end(local));
            Ok((Token::Name(Some(first.to_owned()), local.to_owned()), after))
        }
        Some(_) => Err(Refused::Syntax(format!("expected a name after {first}:"))),
        None => Ok((Token::Name(None, first.to_owned()), after)),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    resolve: &'t dyn Fn(&str) -> Option<String>,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, Refused> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Refused::Syntax(format!("brackets nest deeper than {DEPTH}")));
        }
        let mut left = self.and()?;
        while self.take("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Refused> {
        let mut left = self.equality()?;
        while self.take("and") {
            left = Expr::And(Box::new(left), Box::new(self.equality()?));
        }
        Ok(left)
    }

    fn equality(&mut self) -> Result<Expr, Refused> {
        let signs = [("=", Comparison::Equal), ("!=", Comparison::NotEqual)];
        let mut left = self.relation()?;
        while let Some(comparison) = self.take_of(&signs) {
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.relation()?));
        }
        Ok(left)
    }

    fn relation(&mut self) -> Result<Expr, Refused> {
        let signs = [
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ];
        let mut left = self.sum()?;
        while let Some(comparison) = self.take_of(&signs) {
            left = Expr::Compare(comparison, Box::new(left), Box::new(self.sum()?));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Expr, Refused> {
        let mut left = self.product()?;
        while let Some(operator) = self.take_of(&[("+", Operator::Add), ("-", Operator::Subtract)]) {
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expr, Refused> {
        let signs = [("*", Operator::Multiply), ("div", Operator::Divide), ("mod", Operator::Modulo)];
        let mut left = self.negation()?;
        while let Some(operator) = self.take_of(&signs) {
            left = Expr::Arithmetic(operator, Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr, Refused> {
        let mut minus = 0;
        while self.take("-") {
            minus += 1;
        }
        let union = self.union()?;
        // An even number of signs still makes a number of it.
        Ok(match minus {
            0 => union,
            odd if odd % 2 == 1 => Expr::Negate(Box::new(union)),
            _ => Expr::Negate(Box::new(Expr::Negate(Box::new(union)))),
        })
    }

    fn union(&mut self) -> Result<Expr, Refused> {
        let mut left = self.path()?;
        while self.take("|") {
            left = Expr::Union(Box::new(left), Box::new(self.path()?));
        }
        Ok(left)
    }

    fn path(&mut self) -> Result<Expr, Refused> {
        let start = match self.tokens {
            [Token::Sign("/"), ..] => {
                self.skip();
                let steps = if self.at_step() { self.steps(Vec::new())? } else { Vec::new() };
                return Ok(Expr::Path(Path { start: Start::Root, steps }));
            }
            [Token::Sign("//"), ..] => {
                self.skip();
                return Ok(Expr::Path(Path { start: Start::Root, steps: self.steps(vec![anywhere()])? }));
            }
            [Token::Number(_) | Token::Literal(_) | Token::Sign("("), ..] => self.primary()?,
            [Token::Name(..), Token::Sign("("), ..] if !self.at_node_type() => self.primary()?,
            _ => return Ok(Expr::Path(Path { start: Start::Context, steps: self.steps(Vec::new())? })),
        };
        let predicates = self.predicates()?;
        let steps = if self.take("/") {
            self.steps(Vec::new())?
        } else if self.take("//") {
            self.steps(vec![anywhere()])?
        } else if predicates.is_empty() {
            return Ok(start);
        } else {
            Vec::new()
        };
        Ok(Expr::Path(Path { start: Start::Expr(Box::new(start), predicates), steps }))
    }

    fn primary(&mut self) -> Result<Expr, Refused> {
        match self.next() {
            Some(Token::Number(value)) => Ok(Expr::Number(value)),
            Some(Token::Literal(text)) => Ok(Expr::Literal(text)),
            Some(Token::Sign("(")) => {
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Name(prefix, local)) => self.call(prefix, &local),
            token => Err(unexpected(token.as_ref())),
        }
    }

    fn call(&mut self, prefix: Option<String>, local: &str) -> Result<Expr, Refused> {
        let name = prefix.map_or_else(|| local.to_owned(), |prefix| format!("{prefix}:{local}"));
        let (function, from, to) =
            Function::named(&name).ok_or_else(|| Refused::Unsupported(format!("function {name}()")))?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            arguments.push(self.or()?);
            while self.take(",") {
                arguments.push(self.or()?);
            }
            self.expect(")")?;
        }
        if !(from..=to).contains(&arguments.len()) {
            return Err(Refused::Syntax(format!("{name}() takes no {} arguments", arguments.len())));
        }
        Ok(Expr::Call(function, arguments))
    }

    fn steps(&mut self, mut steps: Vec<Step>) -> Result<Vec<Step>, Refused> {
        loop {
            steps.push(self.step()?);
            if self.take("//") {
                steps.push(anywhere());
            } else if !self.take("/") {
                return Ok(steps);
            }
        }
    }

    fn at_step(&self) -> bool {
        matches!(self.tokens, [Token::Name(..) | Token::Axis(_) | Token::Sign("." | ".." | "@"), ..])
    }

    fn step(&mut self) -> Result<Step, Refused> {
        let any = |axis| Step { axis, test: Test::Any, predicates: Vec::new() };
        if self.take(".") {
            return Ok(any(Axis::SelfNode));
        }
        if self.take("..") {
            return Ok(any(Axis::Parent));
        }
        let axis = match self.tokens.first() {
            Some(Token::Axis(axis)) => *axis,
            Some(Token::Sign("@")) => Axis::Attribute,
            _ => Axis::Child,
        };
        if let Some(Token::Axis(_) | Token::Sign("@")) = self.tokens.first() {
            self.skip();
        }
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn at_node_type(&self) -> bool {
        matches!(self.tokens, [Token::Name(None, name), Token::Sign("("), ..]
            if matches!(name.as_str(), "node" | "text" | "comment" | "processing-instruction"))
    }

    fn test(&mut self) -> Result<Test, Refused> {
        let node_type = self.at_node_type();
        let (prefix, local) = match self.next() {
            Some(Token::Name(prefix, local)) => (prefix, local),
            token => return Err(unexpected(token.as_ref())),
        };
        if node_type {
            self.expect("(")?;
            let test = match (local.as_str(), self.tokens) {
                ("node", _) => Test::Any,
                ("text", _) => Test::Text,
                ("comment", _) => Test::Comment,
                (_, [Token::Literal(target), ..]) => {
                    let target = target.clone();
                    self.skip();
                    Test::Instruction(Some(target))
                }
                _ => Test::Instruction(None),
            };
            self.expect(")")?;
            return Ok(test);
        }
        // XPath 1.0, 2.3: a name without a prefix is in no namespace, whatever the default namespace.
        let uri = match &prefix {
            None => String::new(),
            Some(prefix) if prefix == "xml" => roxmltree::NS_XML_URI.to_owned(),
            Some(prefix) => {
                (self.resolve)(prefix).ok_or_else(|| Refused::Syntax(format!("unbound prefix {prefix}")))?
            }
        };
        Ok(match (prefix, local.as_str()) {
            (None, "*") => Test::AnyName,
            (Some(_), "*") => Test::InNamespace(uri),
            _ => Test::Name(uri, local),
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, Refused> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.or()?);
            self.expect("]")?;
        }
        Ok(predicates)
    }

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn take(&mut self, sign: &str) -> bool {
        let taken = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if taken {
            self.skip();
        }
        taken
    }

    fn take_of<T: Copy>(&mut self, signs: &[(&str, T)]) -> Option<T> {
        signs.iter().find(|(sign, _)| self.take(sign)).map(|(_, meaning)| *meaning)
    }

    fn expect(&mut self, sign: &str) -> Result<(), Refused> {
        if self.take(sign) { Ok(()) } else { Err(unexpected(self.tokens.first())) }
    }
}

/// What `//` stands for between two steps.
fn anywhere() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Any, predicates: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Refused {
        parse(text, &|_| None).unwrap_err()
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (text, name) in [
            ("document('http://example.org')", "function document()"),
            ("x:f()", "function x:f()"),
            ("sideways::a", "axis sideways"),
            ("$v", "variable"),
        ] {
            assert_eq!(refused(text), Refused::Unsupported(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "(",
            "a b",
            "a[",
            "a]",
            "a[1",
            "'open",
            "a/",
            "//",
            "1 +",
            "not()",
            "count(1, 2)",
            "a::b",
            "p:a",
            "p:",
            "1.2.3",
            "a | ",
            "@",
            "node(",
            "text('x')",
            "::a",
            "!",
            "a ! b",
        ] {
            let text_refused = refused(text);
            let of_syntax = matches!(text_refused, Refused::Syntax(_) | Refused::Unsupported(_));
            assert!(of_syntax, "{text}: {text_refused}");
        }
        assert!(matches!(refused("p:a"), Refused::Syntax(why) if why == "unbound prefix p"));
    }

    #[test]
    fn an_expression_is_short_and_shallow() {
        let deep = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
        let long = vec!["1"; 400].join("+");
        for text in [deep, long, "a".repeat(5000), "-".repeat(600)] {
            assert!(matches!(refused(&text), Refused::Syntax(_)));
        }
        assert!(parse(&vec!["1"; 200].join("+"), &|_| None).is_ok());
    }
}
