//! PDF: the format layer.

mod corpus;
mod format;
mod hostile;
pub(crate) mod writer;
