//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod credential;
mod jades;
mod xml;
