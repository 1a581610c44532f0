//! The one integration test binary.
#![allow(clippy::as_conversions)]

#[cfg(test)]
mod asn1;
mod credential;
#[path = "../demo/mod.rs"]
mod demo;
mod demonstration;
#[cfg(test)]
mod jades;
mod xml;
mod xmldsig;
