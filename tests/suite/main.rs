//! The one integration test binary.
#![allow(clippy::as_conversions)]

mod certificates;
