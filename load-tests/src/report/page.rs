//! The page of the last run, with a plot for each scenario.

use super::rows::{HEADINGS, about, cells, notes};
use super::{checks, plot, word};
use crate::Failure;
use crate::machine::Machine;
use crate::run::{Outcomes, Ran};
use std::fmt::Write;
use std::path::Path;

/// Writes the page to `path` and its plots to `results/` beside it.
///
/// # Errors
/// A file cannot be written.
pub fn page(path: &Path, machine: &Machine, outcomes: &[Outcomes], short: bool) -> Result<(), Failure> {
    let plots = path.parent().unwrap_or(Path::new(".")).join("results");
    std::fs::create_dir_all(&plots)?;
    let mut out = head(machine, short);
    for outcome in outcomes {
        match outcome {
            Outcomes::Skipped(scenario, reason) => {
                write!(out, "\n## {}\n\nSkipped: {reason}.\n", scenario.name)?;
            }
            Outcomes::Failed(scenario, reason) => {
                write!(out, "\n## {}\n\nCould not be run: {reason}.\n", scenario.name)?;
            }
            Outcomes::Ran(ran) => {
                std::fs::write(plots.join(format!("{}.svg", ran.scenario.name)), plot::svg(ran)?)?;
                out.push_str(&section(ran)?);
            }
        }
    }
    Ok(std::fs::write(path, out)?)
}

fn head(machine: &Machine, short: bool) -> String {
    let length =
        if short { "Short run: phases are shorter than the scenarios have them." } else { "Full run." };
    format!(
        "# Load tests: the last run\n\n\
         Written by `sealgate-load-tests run --page`; do not edit. {length}\n\n\
         | | |\n|---|---|\n| processor | {}, {} cores |\n| memory | {:.1} GiB |\n| kernel | {} |\n| gateway | {} |\n\n\
         Server and generator share these cores. Latency counts from the moment at which a request was due by the\n\
         schedule, whatever held it up; `late p99` is how late the generator itself turned to a request, which is part of\n\
         its latency. A phase whose generator was later than its scenario allows is invalid: it says nothing.\n",
        machine.processor, machine.cores, machine.memory_gib, machine.kernel, machine.version
    )
}

fn section(ran: &Ran) -> Result<String, std::fmt::Error> {
    let name = &ran.scenario.name;
    let mut out =
        format!("\n## {name}\n\n{}\n\n![{name} over time](results/{name}.svg)\n\n", about(ran).join("\n\n"));
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    out.push_str(&line(&HEADINGS.map(str::to_owned)));
    writeln!(out, "|---|{}", "---:|".repeat(HEADINGS.len() - 1))?;
    (0..ran.phases.len()).filter_map(|index| cells(ran, index)).for_each(|row| out.push_str(&line(&row)));
    out.push_str("\n| | phase | asked | measured |\n|---|---|---|---|\n");
    for (place, check) in checks(ran) {
        let row = [word(check.outcome), place, &check.asked, &check.measured];
        out.push_str(&line(&row.map(str::to_owned)));
    }
    for note in notes(ran) {
        write!(out, "\n{note}.\n")?;
    }
    Ok(out)
}
