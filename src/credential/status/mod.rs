//! Status lists: W3C StatusList2021 and Bitstring Status List, IETF Token Status List.

mod list;
mod sealed;

pub use list::{ListForm, StatusList};
pub use sealed::{ListSeal, ReadList, read};

use crate::catalogue::Words;
use std::fmt;
use std::sync::Arc;

/// The lists that are at hand, each read and its signature verified.
pub trait StatusLists: Sync + fmt::Debug {
    /// The list at an address.
    fn list(&self, address: &str) -> FoundList;

    /// The same where the copy at hand is too old by its own word.
    fn renewed(&self, address: &str) -> FoundList;
}

/// What came of looking for a list.
#[derive(Clone, Debug)]
pub enum FoundList {
    /// Not at hand; noted as wanted.
    Wanted,
    /// It could not be had; why, in words.
    Unreachable(Words),
    /// Here it is.
    Read(Arc<ReadList>),
}
