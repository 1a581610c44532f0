//! The one integration test binary.
#![allow(clippy::as_conversions)]

#[path = "../demo/mod.rs"]
mod demo;
mod demonstration;
mod xml;
