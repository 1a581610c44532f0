//! The only way out to the network.
//!
//! A check names the addresses of documents that it lacks; [`Library`] fetches them under [`Rules`] and keeps them for a
//! while; a [`Desk`] shows one request what is there. Nothing is fetched while a verification runs.

mod address;
mod breaker;
mod client;
#[cfg(feature = "otlp")]
mod collector;
mod connect;
mod library;
mod proxy;

pub use address::{Origin, Reach, Refused, Rules, is_public};
pub use client::{Answer, Client, NotFetched, Question, Received, Validators, Wish};
#[cfg(feature = "otlp")]
pub use collector::Collector;
pub use connect::{Resolve, Resolver};
pub use library::{Desk, Library};
pub use proxy::Proxies;
