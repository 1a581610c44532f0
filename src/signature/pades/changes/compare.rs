//! Two revisions side by side: pairs of objects with the role in which they were reached.

use super::permission::{Needs, Permission};
use super::strays::strays;
use super::{Change, MOST_CHANGES, What};
use crate::catalogue::{Words, say};
use crate::format::pdf::{Dictionary, Document, Entry, Error, Id, Kind, Value, View};
use foldhash::{HashMap, HashSet, HashSetExt};
use std::collections::VecDeque;

/// As what an object was reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Role {
    Catalog,
    /// A page, its inherited attributes among its own.
    Page,
    Annotations,
    Annotation,
    Form,
    Fields,
    Field,
    /// What a field holds or shows that a signature locks: nothing of it may change.
    Locked,
    /// Defaults of the form, and those of one kind: what is added to them changes nothing, but not what is added within.
    Defaults,
    Default,
    Names,
    Permissions,
    /// Whatever is below something of one kind.
    Part(What),
}

/// A pair still to be looked at.
struct Pair {
    role: Role,
    before: Value,
    after: Value,
    /// The page it is on, from 1 on.
    page: Option<usize>,
}

pub(super) struct Comparison<'c, 'a> {
    pub(super) before: View<'c, 'a>,
    pub(super) after: View<'c, 'a>,
    pub(super) permission: &'c Permission,
    touched: HashSet<u32>,
    /// Pages of both revisions.
    pub(super) pages: HashSet<Id>,
    seen: HashSet<(Role, Option<Id>, Option<Id>)>,
    queue: VecDeque<Pair>,
    changes: Vec<Change>,
    more: usize,
}

impl<'c, 'a> Comparison<'c, 'a> {
    pub(super) fn new(document: &'c Document<'a>, revision: usize, permission: &'c Permission) -> Self {
        Self {
            before: document.view(revision),
            after: document.last(),
            permission,
            touched: document.named_after(revision).into_iter().collect(),
            pages: HashSet::new(),
            seen: HashSet::new(),
            queue: VecDeque::new(),
            changes: Vec::new(),
            more: 0,
        }
    }

    pub(super) fn run(&mut self) {
        if let Err(why) = self.start() {
            self.unreadable(&why, None);
        }
        while let Some(pair) = self.queue.pop_front() {
            if let Err(why) = self.pair(&pair) {
                self.unreadable(&why, pair.page);
                if matches!(why, Error::OverLimit(..)) {
                    return;
                }
            }
        }
    }

    pub(super) fn changes(self) -> Vec<Change> {
        let mut changes = self.changes;
        if self.more > 0 {
            let detail = say("detail.change-more").with("count", self.more);
            changes.push(Change { what: What::Other, visible: true, permitted: false, detail });
        }
        changes
    }

    fn start(&mut self) -> Result<(), Error> {
        let (before, after) = (self.before.catalog()?, self.after.catalog()?);
        if after.ambiguous() {
            self.report(What::Other, Needs::Never, true, say("detail.change-catalog-key-twice"), None);
        }
        let document = self.after.document();
        for later in self.before.revision().saturating_add(1)..document.revisions().len() {
            if let Some(why) = strays(document, later) {
                self.report(What::Unreadable, Needs::Never, true, why, None);
            }
        }
        self.pages(&before, &after)?;
        let value = |dictionary| Value { span: 0..0, kind: Kind::Dictionary(dictionary) };
        self.push(Role::Catalog, value(before), value(after), None);
        let info = |view: View<'_, '_>| view.trailer().and_then(|trailer| trailer.get("Info")).cloned();
        let (was, now) = (info(self.before), info(self.after));
        self.push(Role::Part(What::Metadata), was.unwrap_or(Value::NULL), now.unwrap_or(Value::NULL), None);
        Ok(())
    }

    pub(super) fn push(&mut self, role: Role, before: Value, after: Value, page: Option<usize>) {
        // A pair with a number for each side is looked at once; of values that stand in their place any two may differ.
        // Where those lead in circles, what reading may take ends it.
        let numbered = |value: &Value| value.kind == Kind::Null || value.as_reference().is_some();
        let again = numbered(&before)
            && numbered(&after)
            && !self.seen.insert((role, before.as_reference(), after.as_reference()));
        if !again {
            self.queue.push_back(Pair { role, before, after, page });
        }
    }

    pub(super) fn report(
        &mut self,
        what: What,
        needs: Needs,
        visible: bool,
        detail: Words,
        page: Option<usize>,
    ) {
        let permitted = self.permission.allows(needs);
        self.change(Change { what, visible, permitted, detail: placed(detail, page) });
    }

    pub(super) fn change(&mut self, change: Change) {
        if self.changes.contains(&change) {
            return;
        }
        if self.changes.len() < MOST_CHANGES {
            self.changes.push(change);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn unreadable(&mut self, why: &Error, page: Option<usize>) {
        let detail = say("detail.change-incomparable").with("why", why);
        self.report(What::Unreadable, Needs::Never, true, detail, page);
    }

    /// Whether an object is the same octets in both revisions.
    fn untouched(&self, before: Option<Id>, after: Option<Id>) -> bool {
        before.is_some() && before == after && before.is_some_and(|id| !self.touched.contains(&id.number))
    }

    /// Whether a reference gives another generation than a later section, so that readers differ in what it is to.
    fn misnumbered(&self, id: Id) -> bool {
        self.touched.contains(&id.number)
            && match self.after.entry(id.number) {
                Some(Entry::At { generation, .. }) => generation != id.generation,
                Some(Entry::Within { .. }) => id.generation != 0,
                Some(Entry::Free) | None => false,
            }
    }

    fn pair(&mut self, pair: &Pair) -> Result<(), Error> {
        let Pair { role, before, after, page } = pair;
        let (before_id, after_id) = (before.as_reference(), after.as_reference());
        // Pages are looked at from above, whatever else leads to them.
        let is_page = before_id == after_id && before_id.is_some_and(|id| self.pages.contains(&id));
        if is_page && matches!(role, Role::Part(What::Navigation | What::Action | What::Structure)) {
            return Ok(());
        }
        let (was, now);
        if self.untouched(before_id, after_id) {
            // What could not be read before is for a reader that mends it whatever a later revision makes of it.
            let same = self.before.resolve(before)?;
            was = same.clone().into_owned();
            now = same.into_owned();
        } else {
            was = self.before.resolve(before)?.into_owned();
            now = self.after.resolve(after)?.into_owned();
            if let Some(id) = after_id.filter(|id| self.misnumbered(*id)) {
                let detail = say("detail.change-generation").with("id", id);
                self.report(What::Unreadable, Needs::Never, true, detail, *page);
            }
        }
        match (&was.kind, &now.kind) {
            (Kind::Stream(one, place), Kind::Stream(other, same)) => {
                if place != same && self.before.encoded(&was) != self.after.encoded(&now) {
                    self.differs(*role, &was, &now, *page);
                }
                let (one, other) = (one.clone(), other.clone());
                self.dictionaries(*role, &one, &other, (after_id, *page))
            }
            (Kind::Dictionary(one), Kind::Dictionary(other)) => {
                let (one, other) = (one.clone(), other.clone());
                self.dictionaries(*role, &one, &other, (after_id, *page))
            }
            (Kind::Array(one), Kind::Array(other)) => self.arrays(*role, one, other, *page),
            (Kind::Null, Kind::Dictionary(other)) if by_keys(*role) => {
                let other = other.clone();
                self.dictionaries(*role, &Dictionary::default(), &other, (after_id, *page))
            }
            (Kind::Null, Kind::Array(other)) if by_items(*role) => self.arrays(*role, &[], other, *page),
            (Kind::Array(one), Kind::Null) if by_items(*role) => self.arrays(*role, one, &[], *page),
            (one, other) if one == other => Ok(()),
            _ => {
                self.differs(*role, &was, &now, *page);
                Ok(())
            }
        }
    }

    fn arrays(
        &mut self,
        role: Role,
        one: &[Value],
        other: &[Value],
        page: Option<usize>,
    ) -> Result<(), Error> {
        match role {
            Role::Annotations => return self.annotations(one, other, page),
            Role::Fields => return self.fields(one, other),
            _ => {}
        }
        if one.len() != other.len() {
            self.differs(role, &Value::NULL, &Value::NULL, page);
            return Ok(());
        }
        for (one, other) in one.iter().zip(other) {
            self.push(role, one.clone(), other.clone(), page);
        }
        Ok(())
    }

    fn dictionaries(
        &mut self,
        role: Role,
        one: &Dictionary,
        other: &Dictionary,
        (id, page): (Option<Id>, Option<usize>),
    ) -> Result<(), Error> {
        if matches!(role, Role::Field | Role::Annotation) {
            return self.field(role, one, other, (id, page));
        }
        if other.ambiguous() {
            if one.same_in_order(other) {
                let pairs = one.iter().zip(other.iter());
                let pairs = pairs.filter_map(|((key, was), (_, now))| Some((below(role, key)?, was, now)));
                for (role, was, now) in pairs {
                    self.push(role, was.clone(), now.clone(), page);
                }
            } else {
                self.differs(role, &Value::NULL, &Value::NULL, page);
            }
        }
        // By key, since one dictionary may have tens of thousands; of a key that stands twice the last counts.
        let (was, now): (HashMap<_, _>, HashMap<_, _>) = (one.iter().collect(), other.iter().collect());
        let absent = |key: &[u8]| was.get(key).is_none_or(|value| value.kind == Kind::Null);
        let added = other.iter().filter(|(key, _)| absent(key));
        let added = added.filter(|_| !matches!(role, Role::Defaults | Role::Default));
        for (key, _) in one.iter().chain(added) {
            if let Some(role) = below(role, key) {
                let value =
                    |of: &HashMap<&[u8], &Value>| of.get(key).map_or(Value::NULL, |value| (*value).clone());
                self.push(role, value(&was), value(&now), page);
            }
        }
        Ok(())
    }

    /// Something is not what it was.
    fn differs(&mut self, role: Role, was: &Value, now: &Value, page: Option<usize>) {
        let added = was.kind == Kind::Null && now.kind != Kind::Null;
        let (what, needs, visible) = match role {
            Role::Defaults | Role::Default if added => return,
            Role::Default | Role::Defaults => (What::Form, Needs::Never, true),
            Role::Catalog => (What::Other, Needs::Never, true),
            Role::Page => (What::PageContent, Needs::Never, true),
            Role::Annotations | Role::Annotation => (What::Annotation, Needs::Annotating, true),
            Role::Form => (What::Form, Needs::Never, true),
            Role::Fields | Role::Field => (What::Form, Needs::Never, true),
            Role::Locked => (What::FieldValue, Needs::Never, true),
            Role::Names => (What::Navigation, Needs::Never, false),
            Role::Permissions => (What::Signature, Needs::Filling, false),
            Role::Part(what) => (what, needs(what), visible(what)),
        };
        let verb = match (added, now.kind == Kind::Null && was.kind != Kind::Null) {
            (true, _) => say("detail.change-added"),
            (_, true) => say("detail.change-removed"),
            _ => say("detail.change-changed"),
        };
        self.report(what, needs, visible, verb, page);
    }
}

pub(super) fn placed(detail: Words, page: Option<usize>) -> Words {
    match page {
        Some(page) => say("detail.change-page").with_words("detail", detail).with("page", page),
        None => detail,
    }
}

pub(super) fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

/// Where nothing is the same as an empty dictionary.
fn by_keys(role: Role) -> bool {
    matches!(role, Role::Form | Role::Names | Role::Permissions | Role::Defaults)
}

/// Where nothing is the same as an empty array.
fn by_items(role: Role) -> bool {
    matches!(role, Role::Fields | Role::Annotations)
}

fn needs(what: What) -> Needs {
    match what {
        What::ValidationData | What::DocumentTimestamp | What::Metadata | What::Settings => Needs::Nothing,
        What::Signature | What::FieldValue | What::Structure => Needs::Filling,
        What::Annotation => Needs::Annotating,
        What::SignatureChanged
        | What::Form
        | What::Pages
        | What::PageContent
        | What::OptionalContent
        | What::Action
        | What::Attachment
        | What::Navigation
        | What::Other
        | What::Unreadable => Needs::Never,
    }
}

fn visible(what: What) -> bool {
    !matches!(
        what,
        What::ValidationData
            | What::DocumentTimestamp
            | What::Metadata
            | What::Settings
            | What::Structure
            | What::Navigation
            | What::Attachment
            | What::Action
    )
}

/// The role of what a key leads to; `None` for what is looked at otherwise, or leads back up.
fn below(role: Role, key: &[u8]) -> Option<Role> {
    Some(match (role, key) {
        (Role::Catalog, b"Pages") => return None,
        (Role::Catalog, b"AcroForm") => Role::Form,
        (Role::Catalog, b"DSS") => Role::Part(What::ValidationData),
        (Role::Catalog, b"Metadata") => Role::Part(What::Metadata),
        (Role::Catalog, b"Names") => Role::Names,
        (Role::Catalog, b"Outlines" | b"Dests" | b"PageLabels" | b"Threads") => Role::Part(What::Navigation),
        (Role::Catalog, b"OpenAction" | b"AA") => Role::Part(What::Action),
        (Role::Catalog, b"OCProperties") => Role::Part(What::OptionalContent),
        (Role::Catalog, b"StructTreeRoot" | b"MarkInfo") => Role::Part(What::Structure),
        (Role::Catalog, b"Perms") => Role::Permissions,
        (Role::Catalog, b"AF") => Role::Part(What::Attachment),
        (
            Role::Catalog,
            b"Type" | b"Version" | b"Extensions" | b"Lang" | b"PageMode" | b"PageLayout"
            | b"ViewerPreferences" | b"PieceInfo" | b"LastModified",
        ) => Role::Part(What::Settings),
        // Colours are shown by them.
        (Role::Catalog, b"OutputIntents") => Role::Part(What::PageContent),
        (Role::Catalog, _) => Role::Part(What::Other),
        (Role::Page, b"Parent" | b"Type") => return None,
        (Role::Page, b"Annots") => Role::Annotations,
        (Role::Page, b"Metadata") => Role::Part(What::Metadata),
        (Role::Page, b"AA") => Role::Part(What::Action),
        (Role::Page, b"StructParents") => Role::Part(What::Structure),
        (Role::Page, b"AF") => Role::Part(What::Attachment),
        (Role::Page, b"PieceInfo" | b"LastModified" | b"Tabs" | b"Thumb" | b"B") => {
            Role::Part(What::Settings)
        }
        (Role::Page, _) => Role::Part(What::PageContent),
        (Role::Form, b"Fields") => Role::Fields,
        (Role::Form, b"DR") => Role::Defaults,
        (Role::Form, b"DA" | b"Q") => Role::Default,
        (Role::Form, b"SigFlags") => Role::Part(What::Settings),
        (Role::Form, b"CO") => Role::Part(What::Action),
        (Role::Form, b"XFA" | b"NeedAppearances") => Role::Part(What::FieldValue),
        (Role::Form, _) => Role::Part(What::Form),
        (Role::Defaults, _) => Role::Default,
        (Role::Default, _) => Role::Part(What::Form),
        (Role::Names, b"JavaScript") => Role::Part(What::Action),
        (Role::Names, b"EmbeddedFiles") => Role::Part(What::Attachment),
        (Role::Names, b"Dests") => Role::Part(What::Navigation),
        (Role::Names, _) => Role::Part(What::Other),
        (Role::Permissions, _) => Role::Part(What::Signature),
        // What leads up to pages and fields is looked at from above.
        (Role::Part(what), b"Parent" | b"P" | b"Pg" | b"Dest" | b"Page" | b"StructParent" | b"Data")
            if has_own_keys(what) =>
        {
            return None;
        }
        (role, _) => role,
    })
}

/// Where keys are those of the standard: resources of what is shown have names that whoever made the file chose.
fn has_own_keys(what: What) -> bool {
    match what {
        What::ValidationData
        | What::DocumentTimestamp
        | What::Signature
        | What::Action
        | What::Navigation
        | What::Metadata
        | What::Structure
        | What::Settings => true,
        What::SignatureChanged
        | What::FieldValue
        | What::Form
        | What::Annotation
        | What::Pages
        | What::PageContent
        | What::OptionalContent
        | What::Attachment
        | What::Other
        | What::Unreadable => false,
    }
}
