//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod jades;
mod xml;
mod xmldsig;
