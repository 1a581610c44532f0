//! What was changed after a signed revision, and whether it was allowed (ISO 32000-2, 12.8.2.2 to 12.8.2.4).
//!
//! The objects of the signed revision are compared with those of the file as it stands, from the catalog down. What is
//! known to say nothing to a reader of the page, or to be what a signature permits, is named here; all else is a change.

mod compare;
mod form;
mod pages;
mod permission;
mod strays;

use crate::catalogue::{Words, say};
use crate::format::pdf::{Document, Entry};
use compare::Comparison;
pub(super) use pages::pages_of;
pub(super) use permission::Permission;
use schemars::JsonSchema;
use serde::Serialize;

/// Changes that are told; more are counted only.
const MOST_CHANGES: usize = 64;

/// What stands after a signed revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coverage {
    /// Which revision is signed, from 1 on.
    pub revision: usize,
    /// How many there are.
    pub revisions: usize,
    /// What the certification signature allows to be changed (DocMDP): 1 to 3; `None` where there is none.
    pub certification: Option<u8>,
    /// Whether certification or locked fields restrict what may be changed.
    pub restricted: bool,
    /// What was changed afterwards.
    pub changes: Vec<Change>,
    /// Names of known attacks that the changes look like.
    pub attacks: Vec<&'static str>,
}

/// One change after a signed revision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What was changed.
    pub what: What,
    /// Whether a person may see another document for it.
    pub visible: bool,
    /// Whether the signatures permit it.
    pub permitted: bool,
    /// Where, in words.
    pub detail: Words,
}

/// What a change is to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum What {
    /// Validation data (DSS).
    ValidationData,
    /// A document time-stamp.
    DocumentTimestamp,
    /// A further signature.
    Signature,
    /// A signature that was there.
    SignatureChanged,
    /// A field's value or appearance.
    FieldValue,
    /// The form itself.
    Form,
    /// An annotation.
    Annotation,
    /// The number or order of pages.
    Pages,
    /// What a page shows.
    PageContent,
    /// Optional content: layers and which of them show.
    OptionalContent,
    /// JavaScript and other actions.
    Action,
    /// An attached file.
    Attachment,
    /// Bookmarks and named destinations.
    Navigation,
    /// Metadata.
    Metadata,
    /// Structure for assistive technology.
    Structure,
    /// Settings of the viewer, versions and extensions.
    Settings,
    /// Something else.
    Other,
    /// Cannot be told: an object cannot be read any more, or over a limit.
    Unreadable,
}

impl What {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ValidationData => "validation-data",
            Self::DocumentTimestamp => "document-timestamp",
            Self::Signature => "signature",
            Self::SignatureChanged => "signature-changed",
            Self::FieldValue => "field-value",
            Self::Form => "form",
            Self::Annotation => "annotation",
            Self::Pages => "pages",
            Self::PageContent => "page-content",
            Self::OptionalContent => "optional-content",
            Self::Action => "action",
            Self::Attachment => "attachment",
            Self::Navigation => "navigation",
            Self::Metadata => "metadata",
            Self::Structure => "structure",
            Self::Settings => "settings",
            Self::Other => "other",
            Self::Unreadable => "unreadable",
        }
    }

    /// For people; in English the word itself.
    #[must_use]
    pub fn words(self) -> Words {
        say(match self {
            Self::ValidationData => "detail.what-validation-data",
            Self::DocumentTimestamp => "detail.what-document-timestamp",
            Self::Signature => "detail.what-signature",
            Self::SignatureChanged => "detail.what-signature-changed",
            Self::FieldValue => "detail.what-field-value",
            Self::Form => "detail.what-form",
            Self::Annotation => "detail.what-annotation",
            Self::Pages => "detail.what-pages",
            Self::PageContent => "detail.what-page-content",
            Self::OptionalContent => "detail.what-optional-content",
            Self::Action => "detail.what-action",
            Self::Attachment => "detail.what-attachment",
            Self::Navigation => "detail.what-navigation",
            Self::Metadata => "detail.what-metadata",
            Self::Structure => "detail.what-structure",
            Self::Settings => "detail.what-settings",
            Self::Other => "detail.what-other",
            Self::Unreadable => "detail.what-unreadable",
        })
    }
}

/// How far a signature reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The whole file: nothing was added.
    Document,
    /// What was added shows nothing else and is permitted: validation data, time-stamps, invisible signatures.
    Extended,
    /// More was changed, and the signatures permit it.
    ChangedAsPermitted,
    /// More was changed than they permit.
    Changed,
}

impl Scope {
    /// Whether everything that is seen is as it was signed.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Document | Self::Extended)
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Extended => "extended",
            Self::ChangedAsPermitted => "changed-as-permitted",
            Self::Changed => "changed",
        }
    }
}

impl Coverage {
    /// How far the signature reaches.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.revision == self.revisions {
            Scope::Document
        } else if self.changes.iter().any(|change| !change.permitted) {
            Scope::Changed
        } else if self.changes.iter().any(|change| change.visible) {
            Scope::ChangedAsPermitted
        } else {
            Scope::Extended
        }
    }

    /// Compares a signed revision with the file as it stands.
    pub(super) fn of(document: &Document<'_>, revision: usize, permission: &Permission) -> Self {
        let revisions = document.revisions().len();
        let mut coverage = Self {
            revision: revision.saturating_add(1),
            revisions,
            certification: permission.certification,
            restricted: permission.restricts(),
            changes: Vec::new(),
            attacks: Vec::new(),
        };
        if coverage.revision < revisions {
            let mut comparison = Comparison::new(document, revision, permission);
            comparison.run();
            coverage.changes = comparison.changes();
            coverage.attacks = attacks(document, revision, &coverage.changes);
        }
        coverage
    }
}

/// The names under which such changes are known.
fn attacks(document: &Document<'_>, revision: usize, changes: &[Change]) -> Vec<&'static str> {
    let mut names = Vec::new();
    let bad = |what: &[What]| {
        changes.iter().any(|change| change.visible && !change.permitted && what.contains(&change.what))
    };
    if bad(&[What::PageContent, What::Pages, What::Form, What::Other, What::Annotation]) {
        names.push("incremental saving attack");
    }
    // Covering content is taken away, or made so that it cannot be shown.
    if bad(&[What::Unreadable, What::OptionalContent])
        || freed(document, revision) && bad(&[What::PageContent])
    {
        names.push("shadow attack: hide");
    }
    if bad(&[What::FieldValue]) {
        names.push("shadow attack: replace");
    }
    if reused(document, revision) && changes.iter().any(|change| !change.permitted) {
        names.push("shadow attack: hide and replace");
    }
    if bad(&[What::SignatureChanged]) {
        names.push("signature wrapping attack");
    }
    names
}

/// Whether a later section takes away an object of the signed revision.
fn freed(document: &Document<'_>, revision: usize) -> bool {
    document.named_after(revision).into_iter().any(|number| {
        let now = document.entry(number, usize::MAX);
        let was = document.entry(number, revision);
        now == Some(Entry::Free) && !matches!(was, None | Some(Entry::Free))
    })
}

/// Whether a later section leads to octets of the signed revision that stood for nothing, or something else, in it.
fn reused(document: &Document<'_>, revision: usize) -> bool {
    let end = document.revisions().get(revision).map_or(0, |signed| signed.span.end);
    document.named_after(revision).into_iter().any(|number| {
        let now = document.entry(number, usize::MAX);
        let place = match now {
            Some(Entry::Within { stream, .. }) => document.entry(stream, usize::MAX),
            other => other,
        };
        matches!(place, Some(Entry::At { offset, .. }) if offset < end)
            && now != document.entry(number, revision)
    })
}
