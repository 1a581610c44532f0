//! Time-stamps of a document that belong to no signature in it: over files of a container (EN 319 162-1, 4.3.3.2 and
//! 4.4.4.2), or over a PDF before anything in it is signed (EN 319 142-1, 5.4.3).

use super::Signature;
use super::pades::Coverage;

/// Those of one document.
#[derive(Debug)]
pub struct Standalone<'a> {
    /// A signature in name only: its time-stamps are these, and its validation material stands beside them.
    pub carrier: Signature<'a>,
    /// What each is over, in the same order.
    pub over: Vec<Over>,
}

/// What a time-stamp is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Over {
    /// Where it stands: the path of its file in a container; in a PDF `revision 2`, counted from 1 on.
    pub place: String,
    /// Files of the container that it is over and that are as its manifest lists them, by path.
    pub files: Vec<String>,
    /// Files that its manifest lists and that differ or are missing.
    pub differing: Vec<String>,
    /// PDF: which revision it is over, and what was changed afterwards.
    pub coverage: Option<Coverage>,
}
