//! PDF: the format layer, seals in PDF files, and what is changed after sealing.

mod changes;
mod corpus;
mod format;
mod hostile;
mod sealed;
pub(crate) mod writer;
