//! The one integration test binary.
#![allow(clippy::as_conversions)]

#[cfg(test)]
#[cfg(test)]
#[path = "../demo/mod.rs"]
mod asn1;
mod certificates;
mod credential;
mod demo;
mod demonstration;
mod jades;
mod trust;
mod xml;
mod xmldsig;
