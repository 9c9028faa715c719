//! Measures programs against each other: in turn, each run as the system itself accounts for it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use wait4::Wait4;

/// A program to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// What it is called in the table.
    pub label: String,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Contender {
    /// A program with its arguments.
    pub(crate) fn new<A: Into<OsString>>(
        label: &str,
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { label: label.to_owned(), program: program.as_ref().to_owned(), arguments }
    }
}

/// What one run cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    /// Wall time in seconds.
    pub wall: f64,
    /// Processor time in seconds: user and system, with all children.
    pub cpu: f64,
    /// Peak resident memory in bytes of its largest process; that of this program is the least it can be.
    pub memory: f64,
}

/// A measured program: the median of each cost over all runs.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// What it is called.
    pub label: String,
    /// The medians.
    pub cost: Cost,
    /// The number of runs.
    pub runs: u32,
}

/// Runs all contenders in turn, once to warm up and then `runs` times.
pub(crate) fn compare(contenders: &[Contender], runs: u32) -> Result<Vec<Measured>> {
    ensure!(runs > 0, "expected at least one run");
    let mut costs = vec![Vec::new(); contenders.len()];
    for round in 0..=runs {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            let cost = once(contender).with_context(|| format!("could not measure {}", contender.label))?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    Ok(contenders
        .iter()
        .zip(&costs)
        .map(|(contender, costs)| Measured { label: contender.label.clone(), cost: median(costs), runs })
        .collect())
}

/// One run, with the output thrown away; a program that fails is an error with what it complained of.
fn once(contender: &Contender) -> Result<Cost> {
    let complaints = tempfile::NamedTempFile::new().context("could not make a temporary file")?;
    let mut command = Command::new(&contender.program);
    command.args(&contender.arguments).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(complaints.reopen().context("could not open a temporary file")?);
    let start = Instant::now();
    let child =
        command.spawn().with_context(|| format!("could not start `{}`", contender.program.display()))?;
    let used = child.wait4().context("could not wait for it")?;
    let wall = start.elapsed().as_secs_f64();
    if !used.status.success() {
        let text = fs::read_to_string(complaints.path()).unwrap_or_default();
        bail!("it ended with {}: {}", used.status, text.trim());
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Cost { wall, cpu, memory: used.rusage.maxrss as f64 })
}

fn median(costs: &[Cost]) -> Cost {
    let of = |pick: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
    };
    Cost { wall: of(|cost| cost.wall), cpu: of(|cost| cost.cpu), memory: of(|cost| cost.memory) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_of_each_cost() {
        let cost = |wall, cpu, memory| Cost { wall, cpu, memory };
        let odd = [cost(1.0, 9.0, 5.0), cost(3.0, 7.0, 5.0), cost(2.0, 8.0, 5.0)];
        assert_eq!(median(&odd), cost(2.0, 8.0, 5.0));
        assert_eq!(median(&odd[..2]), cost(2.0, 8.0, 5.0));
    }

    #[cfg(unix)]
    #[test]
    fn a_run_costs_what_it_uses_and_a_failure_is_told() {
        let shell = |script: &str| Contender::new("shell", "/bin/sh", ["-c", script]);
        let measured = compare(&[shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"), shell(":")], 1);
        let measured = measured.unwrap();
        assert!(measured[0].cost.cpu > measured[1].cost.cpu, "{measured:?}");
        assert!(measured[0].cost.wall >= 0.9 * measured[0].cost.cpu, "{measured:?}");
        assert!(measured[1].cost.memory > 1e5, "{measured:?}");
        let error = compare(&[shell("echo too bad >&2; exit 3")], 1).unwrap_err();
        assert!(format!("{error:#}").contains("too bad"), "{error:#}");
    }
}
