//! PDF: the format layer, seals in PDF files, and what is changed after sealing.

mod changes;
mod corpus;
mod format;
mod hostile;
pub(crate) mod sealed;
mod shadow;
pub(crate) mod writer;
