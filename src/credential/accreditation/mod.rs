//! Accreditations as registers state them, and whether one covers what a credential says.
//!
//! A [`Register`] is asked for the accreditation that a credential names; what it answers is held against the credential
//! step by step. Nothing here reads the network: a register that would have to says so with [`Found::NotAsked`].

mod cover;
mod deqar;
mod folder;
mod form;
mod json_ld;
mod jurisdiction;
mod read;
mod record;
mod service;
mod steps;
mod units;
mod who;

pub(super) use cover::{Coverage, cover};
pub use deqar::{Deqar, Institution};
pub use folder::Folder;
pub use read::{NotARegister, records};
pub use record::{Qualification, Record};
pub use service::{Registers, Service};
pub use units::queries;

use super::Organisation;
use crate::catalogue::Words;
use std::fmt::Debug;
use std::sync::Arc;

/// Something that knows accreditations or institutions.
pub trait Register: Send + Sync + Debug {
    /// Its name, as it stands in the details of the check.
    fn name(&self) -> &str;

    /// What it knows, now: it does not wait for anything. An identifier that it does not know, and a kind of query that
    /// it knows nothing about, are answered with no records.
    fn find(&self, query: &Query) -> Found;

    /// Whether an answer may make somebody ask the network: such a register is asked for sealed credentials alone.
    fn fetches(&self) -> bool {
        false
    }

    /// SHA-256 of what it was read from; `None` of one that is asked over the network.
    fn digest(&self) -> Option<[u8; 32]> {
        None
    }
}

/// What a register is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// The accreditation of this identifier, as the official `accreditation/rdf?uri=` takes it.
    Uri(String),
    /// The accreditation of which this is another identifier, as the official `accreditation/id?notation=` takes it.
    Notation(String),
    /// The institution that this organisation is, by any of its identifiers, each with its scheme and country.
    Institution(Box<Organisation>),
}

/// What a register answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// The accreditations of this identifier: several where the register has several, none where it knows none.
    Records(Vec<Arc<Record>>),
    /// The institutions, to a [`Query::Institution`].
    Institutions(Vec<Arc<Institution>>),
    /// It has not been asked yet.
    NotAsked,
    /// It was asked and could not be reached; why, in words.
    Unreachable(Words),
}

impl Found {
    /// Nothing is known.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Records(Vec::new())
    }
}
