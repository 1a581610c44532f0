//! The only way out to the network.
//!
//! A check names the addresses of documents that it lacks; [`Library`] fetches them under [`Rules`] and keeps them for a
//! while; a [`Desk`] shows one request what is there. Nothing is fetched while a verification runs.

mod address;
mod client;
mod library;

pub use address::{Origin, Refused, Rules, is_public};
pub use client::{Answer, Client, NotFetched, Received, Validators, Wish};
pub use library::{Desk, Library};
