//! Open-loop load tests of the gateway: scenarios as files, requests by the clock, a report with assertions.
//!
//! In the order of a run: [`scenario`] is read, [`inputs`] are collected, [`mod@bench`] measures the pipeline,
//! [`lists`] serves trusted lists, [`server`] starts the gateway, `open` sends by [`client`] what [`schedule`] says is due, [`record`] counts,
//! [`expect`] judges, `finish` ends the server, [`report`] writes. [`run`] is the whole path.

pub mod aside;
pub mod bench;
pub mod client;
pub mod clock;
pub mod expect;
mod finish;
pub mod inputs;
mod judge;
pub mod lists;
pub mod machine;
pub mod number;
mod open;
pub mod record;
pub mod report;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod server;

/// Whatever ends a run early, in words for the person at the terminal.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
