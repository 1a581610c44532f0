//! PDF: the format layer, seals in PDF files, and what is changed after sealing.

mod attached;
mod changes;
mod corpus;
mod format;
mod hostile;
pub(crate) mod sealed;
mod shadow;
mod stamped;

pub(crate) use crate::demo::pdf as writer;
