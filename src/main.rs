//! The `sealgate` command.

use std::process::ExitCode;

/// Many small, short-lived allocations on several threads: mimalloc returns memory and scales better than the
/// system's allocator there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sealgate::cli::run()
}
