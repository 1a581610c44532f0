//! The core function library (XPath 1.0, 4) and `here()` (XML Signature 1.1, 6.6.3).

use super::Refused;
use super::ast::{Expr, Function};
use super::evaluate::{Context, Evaluator};
use super::item::{Item, View};
use super::value::{Value, to_float};
use crate::format::xml::NotOne;
use roxmltree::NS_XML_URI;

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

impl Evaluator<'_, '_> {
    /// The parser has checked how many arguments there are.
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        context: Context,
    ) -> Result<Value, Refused> {
        use Function::{
            Boolean, Ceiling, Concat, Contains, Count, False, Floor, Here, Id, Lang, Last, LocalName, Name,
            NamespaceUri, NormalizeSpace, Not, Number, Position, Round, StartsWith, String as Text,
            StringLength, Substring, SubstringAfter, SubstringBefore, Sum, Translate, True,
        };
        Ok(match (function, arguments) {
            (True, _) => Value::Boolean(true),
            (False, _) => Value::Boolean(false),
            (Not, [truth]) => Value::Boolean(!self.boolean(truth, context)?),
            (Boolean, [truth]) => Value::Boolean(self.boolean(truth, context)?),
            (Position, _) => Value::Number(to_float(context.position)),
            (Last, _) => Value::Number(to_float(context.size)),
            (Count, [nodes]) => Value::Number(to_float(self.nodes(nodes, context)?.len())),
            (Here, _) => {
                Value::Nodes(vec![self.here.ok_or_else(|| Refused::Unsupported("here()".to_owned()))?.into()])
            }
            (Id, [id]) => self.id(id, context)?,
            (Lang, [language]) => Value::Boolean(self.lang(language, context)?),
            (LocalName, of) => {
                Value::Text(self.named(of, context, |_, view| view.expanded_name().1.to_owned())?)
            }
            (NamespaceUri, of) => Value::Text(self.named(of, context, |_, view| match view {
                View::Namespace(..) => String::new(),
                view => view.expanded_name().0.to_owned(),
            })?),
            (Name, of) => {
                Value::Text(self.named(of, context, |evaluator, view| {
                    view.qualified_name(evaluator.document).to_owned()
                })?)
            }
            (Number, []) => {
                let text = self.string_value(context.item)?.into_owned();
                Value::Number(self.number_of(&Value::Text(text))?)
            }
            (Number, [value]) => Value::Number(self.number(value, context)?),
            (Floor, [value]) => Value::Number(self.number(value, context)?.floor()),
            (Ceiling, [value]) => Value::Number(self.number(value, context)?.ceil()),
            (Round, [value]) => Value::Number(round(self.number(value, context)?)),
            (Sum, [nodes]) => {
                let mut sum = 0.0;
                for node in self.nodes(nodes, context)? {
                    sum += self.number_of(&Value::Nodes(vec![node]))?;
                }
                Value::Number(sum)
            }
            (Text, of) => Value::Text(self.text_or_own(of, context)?),
            (StringLength, of) => Value::Number(to_float(self.text_or_own(of, context)?.chars().count())),
            (NormalizeSpace, of) => {
                let text = self.text_or_own(of, context)?;
                let words: Vec<&str> = text.split(BLANKS).filter(|word| !word.is_empty()).collect();
                Value::Text(words.join(" "))
            }
            (Concat, parts) => {
                let mut whole = String::new();
                for part in parts {
                    whole.push_str(&self.text(part, context)?);
                    self.spend(whole.len() / 16)?;
                }
                Value::Text(whole)
            }
            (StartsWith, [text, start]) => {
                Value::Boolean(self.text(text, context)?.starts_with(&self.text(start, context)?))
            }
            (Contains, [text, part]) => {
                Value::Boolean(self.text(text, context)?.contains(&self.text(part, context)?))
            }
            (SubstringBefore, [text, part]) => {
                let (text, part) = (self.text(text, context)?, self.text(part, context)?);
                Value::Text(text.split_once(&part).map_or_else(String::new, |(before, _)| before.to_owned()))
            }
            (SubstringAfter, [text, part]) => {
                let (text, part) = (self.text(text, context)?, self.text(part, context)?);
                Value::Text(text.split_once(&part).map_or_else(String::new, |(_, after)| after.to_owned()))
            }
            (Substring, [text, start, rest @ ..]) => {
                let text = self.text(text, context)?;
                let start = round(self.number(start, context)?);
                let end = match rest.first() {
                    Some(length) => start + round(self.number(length, context)?),
                    None => f64::INFINITY,
                };
                let within = |index: usize| (start..end).contains(&to_float(index + 1));
                Value::Text(
                    text.chars().enumerate().filter(|(index, _)| within(*index)).map(|(_, c)| c).collect(),
                )
            }
            (Translate, [text, from, to]) => {
                let (text, from, to) =
                    (self.text(text, context)?, self.text(from, context)?, self.text(to, context)?);
                self.spend(text.len().saturating_mul(from.len()) / 16)?;
                let translate = |c: char| match from.chars().position(|from| from == c) {
                    Some(index) => to.chars().nth(index),
                    None => Some(c),
                };
                Value::Text(text.chars().filter_map(translate).collect())
            }
            (function, _) => {
                return Err(Refused::Unsupported(format!("function {function:?} with these arguments")));
            }
        })
    }

    fn text_or_own(&mut self, argument: &[Expr], context: Context) -> Result<String, Refused> {
        match argument.first() {
            Some(argument) => self.text(argument, context),
            None => Ok(self.string_value(context.item)?.into_owned()),
        }
    }

    /// A name of the first node of the argument, or of the context node.
    fn named(
        &mut self,
        argument: &[Expr],
        context: Context,
        name: impl Fn(&Self, View<'_, '_>) -> String,
    ) -> Result<String, Refused> {
        let item = match argument.first() {
            Some(argument) => self.nodes(argument, context)?.first().copied(),
            None => Some(context.item),
        };
        let name = item.map_or_else(String::new, |item| name(self, self.view(item)));
        self.spend(name.len() / 16)?;
        Ok(name)
    }

    /// The elements with these identifiers; without a DTD, those that the signature's references know.
    fn id(&mut self, argument: &Expr, context: Context) -> Result<Value, Refused> {
        let ids: Vec<String> = match self.evaluate(argument, context)? {
            Value::Nodes(nodes) => {
                let texts = nodes.into_iter().map(|node| Ok(self.string_value(node)?.into_owned()));
                texts.collect::<Result<_, Refused>>()?
            }
            other => vec![self.text_of(other)?],
        };
        let mut found: Vec<Item> = Vec::new();
        for id in ids.iter().flat_map(|ids| ids.split(BLANKS)).filter(|id| !id.is_empty()) {
            self.spend(1)?;
            match self.document.element_by_id(id) {
                Ok(element) => found.push(element.id().into()),
                Err(NotOne(0)) => {}
                Err(NotOne(several)) => return Err(Refused::AmbiguousId(several)),
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(Value::Nodes(found))
    }

    fn lang(&mut self, argument: &Expr, context: Context) -> Result<bool, Refused> {
        let wanted = self.text(argument, context)?.to_ascii_lowercase();
        let ancestors = context.item.tree(self.document).ancestors();
        let own = ancestors.filter_map(|node| node.attribute((NS_XML_URI, "lang"))).next();
        let own = own.unwrap_or_default().to_ascii_lowercase();
        Ok(own
            .strip_prefix(&wanted)
            .is_some_and(|rest| !own.is_empty() && (rest.is_empty() || rest.starts_with('-'))))
    }
}

/// To the closest integer, a half upwards.
fn round(number: f64) -> f64 {
    if number.is_finite() { (number + 0.5).floor() } else { number }
}
