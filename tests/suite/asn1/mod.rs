//! CMS, time-stamp tokens, CRLs and OCSP responses: over real data, against openssl, and under attack.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod build;
mod corpus;
mod fixtures;
mod hostile;
mod material;
mod openssl;
