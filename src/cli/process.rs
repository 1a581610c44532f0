//! What the kernel says of this process.

/// Processor time of this process, user and system, from the kernel's count of ticks (100 a second on Linux).
pub(super) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Memory that is resident now.
pub(super) fn resident_bytes() -> u64 {
    status("VmRSS:")
}

/// Memory that was resident at most.
pub(super) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

/// Bytes as people read them.
pub(super) fn mebibytes(bytes: u64) -> f64 {
    // In steps of a KiB, as the kernel counts: far below 2^32.
    u32::try_from(bytes / 1024).map_or(f64::INFINITY, f64::from) / 1024.0
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0).saturating_mul(1024)
}
