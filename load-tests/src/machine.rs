//! The machine that a run was made on, without its name.

use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// What figures depend on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub processor: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory, in GiB.
    pub memory_gib: f64,
    /// Name and release of the kernel.
    pub kernel: String,
    /// What `sealgate --version` says.
    pub version: String,
}

impl Machine {
    /// This one; what cannot be found out is `unknown`.
    #[must_use]
    pub fn look(sealgate: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processor = after(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into());
        let kib = after(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()));
        let release = read("/proc/sys/kernel/osrelease");
        let kernel: String = release.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let version = Command::new(sealgate).arg("--version").output().map(|output| output.stdout);
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gib: kib.unwrap_or_default() / 1_048_576.0,
            kernel: format!("Linux {kernel}"),
            version: version
                .map_or_else(|_| "unknown".into(), |out| String::from_utf8_lossy(&out).trim().into()),
        }
    }
}

/// The value after a label and a colon, at the first line that starts with the label.
fn after(text: &str, label: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(label))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_label_is_found_at_the_start_of_a_line() {
        let text = "vendor_id\t: X\nmodel name\t: A 3000: fast\nmodel name\t: B\n";
        assert_eq!(after(text, "model name").as_deref(), Some("A 3000: fast"));
        assert_eq!(after(text, "name"), None);
    }
}
