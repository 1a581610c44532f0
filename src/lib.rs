//! Sealgate: a verification gateway for European digital credentials.
//!
//! The modules stand in the order in which a credential meets them; a stage imports only stages before it.
//! [`pipeline`] is the whole path in one function and the only file that sees every stage.

pub mod catalogue;
pub mod clock;
pub mod disk;
pub mod excerpt;
pub mod finding;
pub mod nearest;
pub mod recorder;
pub mod time;

pub mod format;
pub mod signature;

pub mod outside;

pub mod certificate;

pub mod trust;

pub mod revocation;

pub mod timestamp;

pub mod validation;

pub mod credential;

pub mod report;

pub mod pipeline;

pub mod receipt;

pub mod fetch;

pub mod sync;

pub mod http;

pub mod config;

pub mod cli;
