//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod certificates;
#[path = "../demo/mod.rs"]
mod demo;
mod demonstration;
mod trust;
mod xml;
