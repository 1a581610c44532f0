//! The one integration test binary.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../demo/mod.rs"]
mod demo;

mod acceptance;
mod accreditation;
mod admission;
mod asic;
mod asn1;
mod authority;
mod batch;
mod bypass;
mod cades;
mod certificates;
mod client_certificates;
mod clock_jumps;
mod command;
mod compiled;
mod config;
mod conformance;
mod conformance_mutation;
mod credential;
mod demonstration;
mod der_mutator;
mod domains;
mod envelope_mutation;
mod faults;
mod fetching;
mod first_use;
mod hostile_files;
mod http;
mod http_transport;
mod interface;
mod jades;
mod json_mutator;
mod large;
mod layout;
mod leaves;
mod list_signers;
mod listeners;
mod mutation;
mod otlp;
mod paths;
mod pdf;
mod people;
mod policy;
mod presentation;
mod receipts;
mod receipts_token;
mod reports;
mod reproducible;
mod restarts;
mod seeing;
mod server;
mod shapes;
mod sheets;
mod ssrf;
mod status;
mod support;
mod sync;
mod sync_disk;
mod sync_serve;
mod trust;
mod trust_diff;
mod web;
mod words;
mod wrapping_json;
mod wrapping_xml;
mod xml;
mod xml_mutator;
mod xmldsig;
mod zip64;
