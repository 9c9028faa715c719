//! `env lock`.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Result;
use clap::Args;
use reproof::clock;
use reproof::engines::from_here;
use reproof_contract::environment::OriginKind;
use reproof_environment::lock::{Package, Sbom, pylock, sbom};
use reproof_runner::Index;
use serde::Serialize;

use super::{LookArguments, PythonArguments, survey};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    python: PythonArguments,
    /// Where the lock goes (PEP 751).
    #[arg(long, short, value_name = "FILE", default_value = "pylock.toml")]
    output: PathBuf,
    /// Also write a bill of materials (CycloneDX 1.6, JSON).
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// The program that asks the index of packages for files and hashes.
    #[arg(long, value_name = "PROGRAM", default_value = "uv")]
    uv: PathBuf,
    /// Ask nobody: only what uv has in its cache.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    printed: OutputArguments,
}

#[derive(Serialize)]
struct Told<'a> {
    lock: String,
    sbom: Option<String>,
    packages: usize,
    hashed: usize,
    incomplete: &'a [String],
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let look = LookArguments { verify: false, frameworks: false };
    let survey = survey(&arguments.python.python, &look)?;
    let pins: Vec<String> = survey.packages.iter().filter(|package| indexed(package)).map(pin).collect();
    let python = from_here(&arguments.python.python);
    let index = Index { uv: arguments.uv.clone(), python, offline: arguments.offline };
    let resolution = index.resolve(&pins);
    let minor: Vec<&str> = survey.python.version.splitn(3, '.').take(2).collect();
    let locked = pylock(&survey.packages, &resolution.answers, &minor.join("."))?;
    output::file(&arguments.output, &locked.text)?;
    if let Some(path) = &arguments.sbom {
        let document = sbom(&Sbom {
            python: &survey.python,
            packages: &survey.packages,
            lock: &locked.text,
            timestamp: &clock::rfc3339(SystemTime::now()),
            made_by: env!("CARGO_PKG_VERSION"),
        });
        output::file(path, &(serde_json::to_string_pretty(&document)? + "\n"))?;
    }
    tell(&locked.incomplete, &resolution.failures);
    let (packages, hashed) = (survey.packages.len(), locked.hashed);
    let shown = output::shown(&arguments.output);
    if arguments.printed.json {
        output::json(&Told {
            lock: shown,
            sbom: arguments.sbom.as_deref().map(output::shown),
            packages,
            hashed,
            incomplete: &locked.incomplete,
        })?;
    } else {
        output::data(&format!("{shown}: {packages} packages, {hashed} with hashes or a commit"))?;
    }
    Ok(Exit::Reached)
}

/// Whether an index can know it.
fn indexed(package: &Package) -> bool {
    matches!(package.origin.kind, OriginKind::Index | OriginKind::Conda | OriginKind::Unknown)
}

fn pin(package: &Package) -> String {
    format!("{}=={}", package.name, package.version)
}

/// Says loudly what the lock cannot promise.
fn tell(incomplete: &[String], failures: &[(String, String)]) {
    if incomplete.is_empty() {
        return;
    }
    output::note(&format!("warning: the lock is INCOMPLETE for {} packages:", incomplete.len()));
    for line in incomplete {
        output::note(&format!("  {line}"));
    }
    if let Some((pin, why)) = failures.first() {
        output::note(&format!("because: {pin}: {why}"));
        output::note(
            "hint: install uv (`pip install uv`) or name it with --uv, with the index that has these packages",
        );
    }
}
