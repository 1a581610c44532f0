//! The one integration test binary.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../demo/mod.rs"]
mod demo;

mod asn1;
mod certificates;
mod conformance;
mod credential;
mod demonstration;
mod http;
mod jades;
mod layout;
mod mutation;
mod paths;
mod policy;
mod support;
mod trust;
mod xml;
mod xmldsig;
