//! The `sealgate` command.

use std::process::ExitCode;

/// A verification makes a few thousand short-lived objects: the allocator is part of the hot path.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sealgate::cli::run()
}
