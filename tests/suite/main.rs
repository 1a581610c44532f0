//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod asn1;
#[path = "../demo/mod.rs"]
mod demo;
mod demonstration;
mod jades;
mod xml;
mod xmldsig;
