//! `env fingerprint`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use reproof::folder;
use reproof_contract::environment::Fingerprint;
use reproof_contract::report::FingerprintComparison;
use reproof_environment::fingerprint::compare;

use super::{LIMITS, PythonArguments, runner};
use crate::arguments::OutputArguments;
use crate::failure::{Exit, UsageError};
use crate::output;

#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 told, or the same with --against; 1 operators moved; 2 wrong usage; 3 no answer."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    python: PythonArguments,
    /// Compare with this: a file of `env fingerprint --json`, a contract or its artifact.
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// Threads inside one operator [default: as OMP_NUM_THREADS says, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let recorded = arguments.against.as_deref().map(recorded).transpose()?;
    let current = runner(&arguments.python.python).operators(&[], arguments.threads, LIMITS)?;
    let Some(recorded) = recorded else {
        if arguments.output.json {
            output::json(&current)?;
        } else {
            output::data(&listed(&current))?;
        }
        return Ok(Exit::Reached);
    };
    let Some(comparison) = compare(&recorded, &current) else {
        output::note("error: the fingerprints are of two versions of the probe and do not compare");
        return Ok(Exit::Undecided);
    };
    if arguments.output.json {
        output::json(&comparison)?;
    } else {
        output::data(&told(&comparison))?;
    }
    Ok(match (comparison.compared, comparison.moved.is_empty()) {
        (0, _) => Exit::Undecided,
        (_, true) => Exit::Reached,
        (_, false) => Exit::Negative,
    })
}

/// The fingerprint in a file, or of a contract.
fn recorded(path: &Path) -> Result<Fingerprint> {
    let contract = [path.to_owned(), folder::beside(path)];
    if let Some(place) = contract.iter().find(|place| place.join("contract.json").is_file()) {
        let found = folder::read(place)?.fingerprint();
        let missing =
            || UsageError(format!("{}: its contract has no fingerprint of operators", path.display()));
        return Ok(found.ok_or_else(missing)?);
    }
    if !path.is_file() {
        return Err(UsageError(format!("{}: no file and no artifact with a contract", path.display())).into());
    }
    let text = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what `env fingerprint --json` prints", path.display()))
}

fn listed(fingerprint: &Fingerprint) -> String {
    let rows = fingerprint.frameworks.iter().flat_map(|(framework, found)| {
        found.operators.iter().map(move |(name, digest)| {
            let digest = if digest.starts_with("unavailable") {
                digest.clone()
            } else {
                digest.chars().take(12).collect()
            };
            vec![format!("{framework} {}", found.version), name.clone(), digest]
        })
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return "no framework with operators is installed: torch, jax or numpy".to_owned();
    }
    reproof_report::visible_lines(&output::table(&["framework", "operator", "sha256"], rows))
}

fn told(comparison: &FingerprintComparison) -> String {
    let count = comparison.moved.len();
    let mut lines =
        vec![format!("{count} of {} operators moved: {}", comparison.compared, comparison.reading)];
    lines.extend(comparison.moved.iter().map(|name| format!("  {name}")));
    lines.join("\n")
}
