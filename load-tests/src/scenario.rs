//! Scenario files: what is sent, when, to a server set up how, and what has to come of it.

use crate::Failure;
use serde::Deserialize;
use std::path::Path;

/// Requests a second that no phase may exceed.
const MOST_RATE: f64 = 100_000.0;
/// Seconds that a whole scenario may take.
const MOST_SECONDS: f64 = 7_200.0;
/// Connections, of each kind.
const MOST_CONNECTIONS: usize = 4_096;

/// One scenario, as its TOML file has it. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A short name; plots and answers go by it.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub about: String,
    /// How the server is set up.
    #[serde(default)]
    pub server: Server,
    /// What is sent.
    pub inputs: Vec<Input>,
    /// Connections that the generator opens at most; requests beyond wait, and the wait counts.
    #[serde(default = "default_connections")]
    pub connections: usize,
    /// The generator itself may be this late at the 99th percentile, in milliseconds; a phase in which it was
    /// later is invalid.
    #[serde(default = "default_late")]
    pub late_p99_ms: f64,
    /// One after the other, without a gap.
    pub phases: Vec<Phase>,
}

/// Options of `sealgate serve`; what is not said stays at its default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `--threads`.
    pub threads: Option<usize>,
    /// `--queue`.
    pub queue: Option<usize>,
    /// `--head-seconds`.
    pub head_seconds: Option<u64>,
    /// `--body-seconds`.
    pub body_seconds: Option<u64>,
    /// Whether it has the EU's lists besides, from a list server that publishes a version more before each refresh.
    #[serde(default)]
    pub real_lists: bool,
}

/// A set of credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A folder (not walked further), a file or a glob, below the folder of data.
    pub path: String,
    /// How often it is its turn, relative to the others.
    #[serde(default = "one")]
    pub weight: u32,
}

/// A stretch of time with one arrival rate, or one that changes steadily.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What the report calls it.
    pub name: String,
    /// Arrivals a second. Either this or `of_saturation`.
    pub rate: Option<f64>,
    /// Arrivals as a part of the saturation measured before: 0.7 is 70 percent.
    pub of_saturation: Option<f64>,
    /// Where the rate has got to at the end of the phase, in the same unit; constant otherwise.
    pub ramp_to: Option<f64>,
    /// How long.
    pub seconds: f64,
    /// How long in a short run; as long otherwise.
    pub short_seconds: Option<f64>,
    /// Clients beside that send slowly.
    pub slow: Option<Slow>,
    /// Batches beside.
    pub batch: Option<Batch>,
    /// Refreshes of trust meanwhile.
    pub refresh: Option<Refresh>,
    /// What has to come of it.
    #[serde(default)]
    pub expect: Expect,
}

/// Clients that send byte by byte, again and again until the phase ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// How many at once.
    pub connections: usize,
    /// How fast each sends.
    pub bytes_per_second: u32,
    /// What is slow.
    pub part: Part,
}

/// A part of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Request line and headers.
    Head,
    /// What follows them.
    Body,
}

/// Streams of `POST /v1/verify/batch`, each sending its next batch when the last is answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How many at once.
    pub streams: usize,
    /// Credentials in a batch.
    pub size: usize,
}

/// SIGHUP to the server, at a fixed interval.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The interval.
    pub every_seconds: f64,
}

/// Assertions on a phase; what is not named is not asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// p99 of the answers with 200, at most this many mean service times.
    pub p99_of_service: Option<f64>,
    /// p99 of the answers with 200, over all phases of this one's name, against that over all phases of another name.
    pub p99_against: Option<Against>,
    /// p99 of the answers with 503, in milliseconds at most.
    pub refused_p99_ms: Option<f64>,
    /// Part of all requests that may be answered 503.
    pub refused_at_most: Option<f64>,
    /// Part of all requests that must be answered 503: that the load was as heavy as meant.
    pub refused_at_least: Option<f64>,
    /// Throughput, at least this part of the peak (of the saturation and all phases).
    pub throughput_of_peak: Option<f64>,
    /// Saturation over HTTP, at least this part of the pipeline's throughput without HTTP.
    pub saturation_of_pipeline: Option<f64>,
    /// Growth of the server's resident memory from the first tenth of the phase to the last, at most.
    pub memory_growth: Option<f64>,
    /// Verifications in this phase at least; not asked in a short run.
    pub verifications: Option<u64>,
    /// The status that every slow client gets.
    pub slow_status: Option<u16>,
}

/// A comparison with other phases of the same run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// The name of those.
    pub phases: String,
    /// So many times theirs at most.
    pub times: f64,
}

fn default_connections() -> usize {
    512
}

fn default_late() -> f64 {
    2.0
}

fn one() -> u32 {
    1
}

impl Scenario {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has an unknown key, or asks for something out of bounds.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    /// The same from its text.
    ///
    /// # Errors
    /// As [`Scenario::read`].
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let scenario: Self = toml::from_str(text)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// The phases as long as a short run has them.
    pub fn shorten(&mut self) {
        for phase in &mut self.phases {
            phase.seconds = phase.short_seconds.unwrap_or(phase.seconds);
            phase.expect.verifications = None;
        }
    }

    /// Seconds that all phases take.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.phases.iter().map(|phase| phase.seconds).sum()
    }

    fn check(&self) -> Result<(), String> {
        let named = !self.name.is_empty()
            && self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        require(named, "name: lower case letters, digits and hyphens, since files are named by it")?;
        require(!self.inputs.is_empty(), "inputs: there is nothing to send")?;
        require(self.inputs.iter().all(|input| (1..=1000).contains(&input.weight)), "weight: 1 to 1000")?;
        require((1..=MOST_CONNECTIONS).contains(&self.connections), "connections: 1 to 4096")?;
        require(self.late_p99_ms > 0.0 && self.late_p99_ms <= 1000.0, "late_p99_ms: above 0, up to 1000")?;
        require(!self.phases.is_empty(), "phases: there are none")?;
        for phase in &self.phases {
            phase.check().map_err(|error| format!("phase `{}`: {error}", phase.name))?;
        }
        for against in self.phases.iter().filter_map(|phase| phase.expect.p99_against.as_ref()) {
            let there = self.phases.iter().any(|phase| phase.name == against.phases);
            require(there, "p99_against.phases: no phase of this name")?;
            require(against.times > 0.0 && against.times.is_finite(), "p99_against.times: above 0")?;
        }
        require(self.seconds() <= MOST_SECONDS, "phases: 7200 seconds in all at most")
    }
}

impl Phase {
    /// Rates at the start and the end, in arrivals a second, given the saturation.
    #[must_use]
    pub fn rates(&self, saturation: f64) -> (f64, f64) {
        let unit = if self.rate.is_some() { 1.0 } else { saturation };
        let from = self.rate.or(self.of_saturation).unwrap_or_default();
        let bound = |rate: f64| (rate * unit).min(MOST_RATE);
        (bound(from), bound(self.ramp_to.unwrap_or(from)))
    }

    fn check(&self) -> Result<(), String> {
        let (most, from) = match (self.rate, self.of_saturation) {
            (Some(rate), None) => (MOST_RATE, rate),
            (None, Some(part)) => (10.0, part),
            _ => return Err("either rate or of_saturation".into()),
        };
        let within = |rate: f64| rate > 0.0 && rate <= most;
        require(within(from), "the rate is above 0, up to 100000 or 10 times the saturation")?;
        require(
            self.ramp_to.is_none_or(within),
            "ramp_to is above 0, up to 100000 or 10 times the saturation",
        )?;
        let lasts = |seconds: f64| seconds > 0.0 && seconds <= MOST_SECONDS;
        require(lasts(self.seconds), "seconds: above 0, up to 7200")?;
        require(self.short_seconds.is_none_or(lasts), "short_seconds: above 0, up to 7200")?;
        if let Some(slow) = &self.slow {
            require((1..=MOST_CONNECTIONS).contains(&slow.connections), "slow.connections: 1 to 4096")?;
            require((1..=1_000_000).contains(&slow.bytes_per_second), "slow.bytes_per_second: 1 to 1000000")?;
        }
        if let Some(batch) = &self.batch {
            require((1..=64).contains(&batch.streams), "batch.streams: 1 to 64")?;
            require((1..=10_000).contains(&batch.size), "batch.size: 1 to 10000")?;
        }
        require(
            self.refresh.as_ref().is_none_or(|r| r.every_seconds >= 0.1 && r.every_seconds <= MOST_SECONDS),
            "refresh.every_seconds: 0.1 to 7200",
        )
    }
}

fn require(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"a\"\nabout = \"b\"\n[[inputs]]\npath = \"compact\"\n[[phases]]\nname = \"p\"\nof_saturation = 0.5\nramp_to = 1.5\nseconds = 2\nshort_seconds = 1\nexpect = { p99_of_service = 5, verifications = 9 }\n";

    #[test]
    fn a_phase_resolves_its_rates_and_shortens() {
        let mut scenario = Scenario::parse(GOOD).unwrap();
        assert_eq!(scenario.phases[0].rates(200.0), (100.0, 300.0));
        assert_eq!((scenario.connections, scenario.inputs[0].weight), (512, 1));
        scenario.shorten();
        assert_eq!(scenario.seconds(), 1.0);
        assert_eq!(scenario.phases[0].expect.verifications, None);
    }

    #[test]
    fn a_mistake_is_refused_by_name() {
        for (from, to, says) in [
            ("about", "abut", "abut"),
            ("p99_of_service", "p99", "p99"),
            ("seconds = 2", "seconds = -2", "seconds"),
            ("seconds = 2", "seconds = nan", "seconds"),
            ("of_saturation = 0.5", "rate = 1\nof_saturation = 0.5", "either"),
            ("of_saturation = 0.5", "of_saturation = 11", "rate"),
            (
                "of_saturation = 0.5",
                "rate = 1\nslow = { connections = 9, bytes_per_second = 1, part = \"tail\" }",
                "tail",
            ),
            ("p99_of_service = 5", "p99_against = { phases = \"q\", times = 2 }", "p99_against"),
            ("name = \"a\"", "name = \"../a\"", "name"),
            ("[[inputs]]", "connections = 0\n[[inputs]]", "connections"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let error = Scenario::parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{to}: {error}");
        }
    }

    #[test]
    fn every_scenario_of_the_project_reads() {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap() {
            let path = entry.unwrap().path();
            let scenario = Scenario::read(&path).unwrap();
            assert_eq!(path.file_stem().unwrap().to_str().unwrap(), scenario.name);
            names.push(scenario.name);
        }
        names.sort();
        let all = [
            "batch-beside-singles",
            "large-files",
            "million",
            "overload",
            "ramp",
            "real-lists-refresh",
            "slow-clients",
            "soak",
            "spike",
            "steady",
            "steady-compact",
            "trust-refresh",
        ];
        assert_eq!(names, all);
    }
}
