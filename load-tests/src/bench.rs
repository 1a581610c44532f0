//! The pipeline without HTTP: `sealgate bench` on the same credentials, in the same run.

use crate::Failure;
use crate::inputs::{Inputs, Set};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Files of one set that are measured: each is a whole round's share, and command lines have an end.
const MOST_FILES: usize = 200;

/// What the pipeline does by itself on a scenario's mix.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Seconds for one credential on one thread.
    pub mean_service: f64,
    /// Credentials a second on as many threads as the server has.
    pub throughput: f64,
    /// Processor seconds for one credential on that many threads.
    pub processor: f64,
    /// Verdicts on the files measured.
    pub verdicts: BTreeMap<String, u64>,
}

impl Pipeline {
    /// Takes in a further measurement by its part of all.
    pub fn add(&mut self, turn: &Self, part: f64) {
        self.mean_service += turn.mean_service * part;
        self.throughput += turn.throughput * part;
        self.processor += turn.processor * part;
        self.verdicts.clone_from(&turn.verdicts);
    }
}

#[derive(Debug, Deserialize)]
struct Figures {
    credentials_per_second: f64,
    cpu_seconds_per_credential: f64,
    verdicts: BTreeMap<String, u64>,
}

/// Measures the mix on one thread and on `threads`, each set for `seconds`.
///
/// # Errors
/// `sealgate bench` failed or printed something else.
pub fn measure(
    sealgate: &Path,
    trust_domain: &Path,
    inputs: &Inputs,
    threads: usize,
    seconds: f64,
) -> Result<Pipeline, Failure> {
    let (mut mean_service, mut all_threads, mut processor) = (0.0, 0.0, 0.0);
    let mut verdicts = BTreeMap::new();
    for set in inputs.sets() {
        let one = figures(sealgate, trust_domain, set, 1, seconds)?;
        let all = figures(sealgate, trust_domain, set, threads, seconds)?;
        mean_service += set.share / one.credentials_per_second;
        all_threads += set.share / all.credentials_per_second;
        processor += set.share * all.cpu_seconds_per_credential;
        for (verdict, count) in one.verdicts {
            *verdicts.entry(verdict).or_insert(0) += count;
        }
    }
    Ok(Pipeline { mean_service, throughput: 1.0 / all_threads, processor, verdicts })
}

fn figures(
    sealgate: &Path,
    trust_domain: &Path,
    set: &Set,
    threads: usize,
    seconds: f64,
) -> Result<Figures, Failure> {
    let mut bench = Command::new(sealgate);
    bench.arg("bench").arg("--trust-domain").arg(trust_domain).args(["--format", "json", "--offline"]);
    bench.args(["--threads", &threads.to_string(), "--seconds", &seconds.to_string()]);
    bench.args(set.files.iter().take(MOST_FILES));
    let output = bench.output().map_err(|error| format!("{}: {error}", sealgate.display()))?;
    if !output.status.success() {
        return Err(format!("sealgate bench: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
