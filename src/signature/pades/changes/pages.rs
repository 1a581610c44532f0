//! The pages of two revisions: their number, and each with what it inherits (ISO 32000-2, 7.7.3).

use super::What;
use super::compare::{Comparison, Role};
use super::permission::Needs;
use crate::catalogue::say;
use crate::format::pdf::{Dictionary, Error, Id, Kind, Value, View};
use foldhash::{HashSet, HashSetExt};

/// Pages of one document, nodes of the tree included.
const MOST_PAGES: usize = 200_000;
const INHERITED: [&str; 4] = ["Resources", "MediaBox", "CropBox", "Rotate"];

/// The pages of a revision, and what the nodes above them say of themselves.
#[derive(Default)]
struct Tree {
    pages: Vec<Page>,
    nodes: Vec<Node>,
}

/// A node above pages.
#[derive(PartialEq, Eq)]
struct Node {
    count: Option<i64>,
    kind: Option<Vec<u8>>,
    ambiguous: bool,
}

/// A page with what it inherits.
struct Page {
    id: Option<Id>,
    own: Dictionary,
    inherited: Vec<(&'static str, Value)>,
}

impl Comparison<'_, '_> {
    /// Puts each page beside that of the same number; a page more or less is a change of its own.
    pub(super) fn pages(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), Error> {
        let (before, after) = (tree(self.before, before)?, tree(self.after, after)?);
        if before.nodes != after.nodes && before.pages.len() == after.pages.len() {
            self.report(What::PageContent, Needs::Never, true, say("detail.change-tree"), None);
        }
        let (before, after) = (before.pages, after.pages);
        if before.len() != after.len() {
            let detail = say("detail.change-pages").with("count", after.len()).with("before", before.len());
            self.report(What::Pages, Needs::Never, true, detail, None);
        }
        let known: HashSet<Id> = before.iter().filter_map(|page| page.id).collect();
        self.pages.extend(after.iter().filter_map(|page| page.id).filter(|id| known.contains(id)));
        for (number, (before, after)) in before.into_iter().zip(after).enumerate() {
            let number = number.saturating_add(1);
            if before.id != after.id && after.id.is_some_and(|id| known.contains(&id)) {
                self.report(What::Pages, Needs::Never, true, say("detail.change-order"), Some(number));
            }
            for key in INHERITED {
                let value = |page: &Page| {
                    let inherited = || page.inherited.iter().rev().find(|(name, _)| *name == key);
                    let own = page.own.get(key).cloned();
                    own.or_else(|| inherited().map(|(_, value)| value.clone()))
                };
                let (was, now) = (value(&before), value(&after));
                let role = Role::Part(What::PageContent);
                self.push(role, was.unwrap_or(Value::NULL), now.unwrap_or(Value::NULL), Some(number));
            }
            let whole = |page: Page| Value { span: 0..0, kind: Kind::Dictionary(page.own) };
            self.push(Role::Page, whole(before), whole(after), Some(number));
        }
        Ok(())
    }
}

/// The pages of a revision, in order, without what they inherit.
pub(in super::super) fn pages_of(view: View<'_, '_>, catalog: &Dictionary) -> Result<Vec<Dictionary>, Error> {
    Ok(tree(view, catalog)?.pages.into_iter().map(|page| page.own).collect())
}

fn tree(view: View<'_, '_>, catalog: &Dictionary) -> Result<Tree, Error> {
    let mut found = Tree::default();
    let mut seen = HashSet::new();
    let Some(root) = catalog.get("Pages") else { return Ok(found) };
    let mut stack: Vec<(Value, Vec<(&'static str, Value)>)> = vec![(root.clone(), Vec::new())];
    let mut nodes = 0_usize;
    while let Some((value, inherited)) = stack.pop() {
        nodes = nodes.saturating_add(1);
        if nodes > MOST_PAGES {
            return Err(Error::OverLimit("pages of a PDF", MOST_PAGES));
        }
        let id = value.as_reference();
        let again = id.is_some_and(|id| !seen.insert(id));
        let node = view.resolve(&value)?;
        // What is no page, or stands there twice, is for each reader something else.
        let Some(node) = node.as_dictionary().filter(|_| !again) else {
            found.nodes.push(Node { count: None, kind: None, ambiguous: true });
            continue;
        };
        if node.get("Kids").is_none() {
            found.pages.push(Page { id, own: node.clone(), inherited });
            continue;
        }
        found.nodes.push(Node {
            count: view.get(node, "Count")?.and_then(|count| count.as_integer()),
            kind: node.name("Type").map(<[u8]>::to_vec),
            ambiguous: node.ambiguous(),
        });
        let own = INHERITED.into_iter().filter_map(|key| Some((key, node.get(key)?.clone())));
        let mut inherited = inherited;
        for (key, value) in own {
            inherited.retain(|(known, _)| *known != key);
            inherited.push((key, value));
        }
        let kids = view.array(node, "Kids")?;
        stack.extend(kids.into_iter().rev().map(|kid| (kid, inherited.clone())));
    }
    Ok(found)
}
