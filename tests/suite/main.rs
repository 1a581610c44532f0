//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod asn1;
mod certificates;
mod conformance;
mod credential;
#[path = "../demo/mod.rs"]
mod demo;
mod demonstration;
mod jades;
mod trust;
mod xml;
mod xmldsig;
