//! Values, what they convert to, and how they compare (XPath 1.0, 3.4 and 4).

use super::Refused;
use super::ast::Comparison;
use super::evaluate::Evaluator;
use super::item::Item;
use std::borrow::Cow;
use std::collections::HashSet;

/// A value; nodes in document order, each once.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Nodes(Vec<Item>),
    Boolean(bool),
    Number(f64),
    Text(String),
}

impl<'d> Evaluator<'d, '_> {
    pub(super) fn text_of(&mut self, value: Value) -> Result<String, Refused> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.string_value(*first)?.into_owned(),
                None => String::new(),
            },
            Value::Boolean(truth) => truth.to_string(),
            Value::Number(number) => number_to_text(number),
            Value::Text(text) => text,
        })
    }

    pub(super) fn number_of(&mut self, value: &Value) -> Result<f64, Refused> {
        Ok(match value {
            Value::Number(number) => *number,
            Value::Boolean(truth) => f64::from(u8::from(*truth)),
            Value::Text(text) => text_to_number(text),
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => text_to_number(&self.string_value(*first)?),
                None => f64::NAN,
            },
        })
    }

    /// XPath 1.0, 3.4.
    pub(super) fn compare(
        &mut self,
        comparison: Comparison,
        left: &Value,
        right: &Value,
    ) -> Result<bool, Refused> {
        let equality = match comparison {
            Comparison::Equal => Some(true),
            Comparison::NotEqual => Some(false),
            _ => None,
        };
        match (left, right, equality) {
            (Value::Nodes(_), Value::Boolean(_), _) | (Value::Boolean(_), Value::Nodes(_), _) => {
                let (left, right) = (Value::Boolean(to_boolean(left)), Value::Boolean(to_boolean(right)));
                self.compare(comparison, &left, &right)
            }
            (Value::Nodes(left), Value::Nodes(right), Some(equal)) => {
                let (left, right) = (self.distinct(left)?, self.distinct(right)?);
                if equal {
                    return Ok(!left.is_disjoint(&right));
                }
                // A pair that differs: unless all of both are one text.
                Ok(!left.is_empty()
                    && !right.is_empty()
                    && (left.len() > 1 || right.len() > 1 || left != right))
            }
            (Value::Nodes(nodes), Value::Text(text), Some(equal))
            | (Value::Text(text), Value::Nodes(nodes), Some(equal)) => {
                for node in nodes {
                    if (self.string_value(*node)? == text.as_str()) == equal {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Boolean(_), _, Some(equal)) | (_, Value::Boolean(_), Some(equal)) => {
                Ok((to_boolean(left) == to_boolean(right)) == equal)
            }
            (Value::Text(left), Value::Text(right), Some(equal)) => Ok((left == right) == equal),
            _ => {
                let (left, right) = (self.numbers(left)?, self.numbers(right)?);
                Ok(exists(comparison, &left, &right))
            }
        }
    }

    fn distinct(&mut self, nodes: &[Item]) -> Result<HashSet<Cow<'d, str>>, Refused> {
        nodes.iter().map(|node| self.string_value(*node)).collect()
    }

    fn numbers(&mut self, value: &Value) -> Result<Vec<f64>, Refused> {
        match value {
            Value::Nodes(nodes) => {
                nodes.iter().map(|node| Ok(text_to_number(&self.string_value(*node)?))).collect()
            }
            other => Ok(vec![self.number_of(other)?]),
        }
    }
}

/// Whether a pair of numbers compares so; what is no number compares with nothing but as unequal.
fn exists(comparison: Comparison, left: &[f64], right: &[f64]) -> bool {
    let least = |numbers: &[f64]| numbers.iter().copied().fold(f64::NAN, f64::min);
    let greatest = |numbers: &[f64]| numbers.iter().copied().fold(f64::NAN, f64::max);
    match comparison {
        Comparison::Less => least(left) < greatest(right),
        Comparison::LessOrEqual => least(left) <= greatest(right),
        Comparison::Greater => greatest(left) > least(right),
        Comparison::GreaterOrEqual => greatest(left) >= least(right),
        // One side is a single number here: two node-sets compare as text.
        Comparison::Equal => left.iter().any(|left| right.contains(left)),
        Comparison::NotEqual => left.iter().any(|left| right.iter().any(|right| left != right)),
    }
}

pub(super) fn to_boolean(value: &Value) -> bool {
    match value {
        Value::Nodes(nodes) => !nodes.is_empty(),
        Value::Boolean(truth) => *truth,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
    }
}

/// Exact: counts are far below 2^53.
pub(super) fn to_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// XPath 1.0, 4.2, string().
fn number_to_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// XPath 1.0, 4.4, number(): no exponent, no plus sign.
fn text_to_number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain && digits.bytes().any(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}
