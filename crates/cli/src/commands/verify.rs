//! `verify`: load, execute, validate.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use reproof::diagnose::{DiagnoseOptions, verify_and_explain};
use reproof::engines;
use reproof::folder::beside;
use reproof::sign::{public_keys, signatures};
use reproof::verify::{VerifyOptions, verify};
use reproof_contract::{Relation, Report, Verdict};
use reproof_digest::Digest;
use reproof_report::{html, junit, sarif, terminal};

use super::matrix::{text, verify_in};
use super::registry::checkout::{Checkout, EvidenceArguments};
use crate::arguments::{EngineArguments, OutputArguments, ResumeArguments};
use crate::bars::Bars;
use crate::engines::{cache, runners, settings, supervisor};
use crate::failure::Exit;
use crate::output;
use crate::private::private_root;
use crate::quantities::duration;
use crate::trust;

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
#[command(after_help = "Exit codes: 0 reaches the required verdict, 1 does not, 2 wrong usage, 3 no answer.")]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with one model; or a version of the registry, as MODEL@VERSION.
    path: PathBuf,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    /// What the artifact is to the contract: `same`, `repackaged`, `converted`, `quantised` or `adapter-of`
    /// [default: same, or converted with --contract].
    #[arg(long, value_name = "WORD")]
    relation: Option<Relation>,
    /// Refuse any other contract than the one with this digest: its own, or that of the artifact it was made for.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Refuse a contract that the holder of this public key did not sign. Repeat for several, of which one is enough.
    #[arg(long, value_name = "PEM")]
    public_key: Vec<PathBuf>,
    /// The verdict that must be reached: `identical`, `equivalent` or `tolerated`.
    #[arg(long, value_name = "VERDICT", value_parser = rung, default_value = "equivalent")]
    require: Verdict,
    /// Stop after a failed integrity check.
    #[arg(long)]
    fail_fast: bool,
    /// Check bytes and weights alone, whatever the contract could run.
    #[arg(long)]
    bytes_only: bool,
    /// Also compare SHA-256 of each file.
    #[arg(long)]
    sha256: bool,
    /// Keep the tensors that came out in this folder when something differs.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Verify in each of these environments: `current`, `recorded` (built again from what the contract says was installed)
    /// or a requirement such as `torch==2.13.*` in place of the recorded version. Divided by commas.
    #[arg(
        long = "env",
        value_name = "ENVIRONMENT",
        value_delimiter = ',',
        conflicts_with_all = ["junit", "sarif", "html", "keep", "resume", "resume_entry"],
        help_heading = "Python"
    )]
    environments: Vec<String>,
    /// The program that builds environments.
    #[arg(long, value_name = "PROGRAM", default_value = "uv", help_heading = "Python")]
    uv: PathBuf,
    /// Where something differs, also find out why, as `diagnose` does.
    #[arg(long, conflicts_with_all = ["environments", "bytes_only"])]
    diagnose: bool,
    /// Time for the experiments of `--diagnose`: none is begun later.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2m", requires = "diagnose")]
    budget: Duration,
    #[command(flatten)]
    resume: ResumeArguments,
    /// Write everything out; without, repeated checks are counted and details cut to one screen.
    #[arg(long, short)]
    verbose: bool,
    /// Also write a JUnit report.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    junit: Option<PathBuf>,
    /// Also write a SARIF report.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    sarif: Option<PathBuf>,
    /// Also write a page with pictures of the differences.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    html: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// A rung that keeps the promise; to require less would let broken promises pass.
pub(super) fn rung(text: &str) -> Result<Verdict, String> {
    match text.parse() {
        Ok(verdict @ (Verdict::Identical | Verdict::Equivalent | Verdict::Tolerated)) => Ok(verdict),
        _ => Err("expected identical, equivalent or tolerated".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let checkout = Checkout::of(&arguments.path, &arguments.evidence)?;
    let path = checkout.as_ref().map_or(arguments.path.as_path(), Checkout::path);
    let wanted = wanted_runner(arguments, path);
    let runners = runners(&arguments.engine, wanted.as_deref())?;
    let options = VerifyOptions {
        folder: arguments.contract.clone(),
        private_root: private_root(),
        relation: arguments.relation,
        expect: arguments.expect,
        trusted: public_keys(&arguments.public_key)?,
        required: arguments.require,
        runner: arguments.engine.wanted().map(str::to_owned),
        fail_fast: arguments.fail_fast,
        bytes_only: arguments.bytes_only,
        sha256: arguments.sha256,
        keep: arguments.keep.clone(),
        resume: arguments.resume.command(arguments.engine.python.as_deref()),
        supervisor: Some(supervisor(&arguments.engine)?),
        settings: settings(&arguments.engine, wanted.as_deref(), path)?,
        limits: arguments.engine.limits.limits(),
        shown_path: Some(checkout.as_ref().map_or_else(|| output::shown(path), Checkout::shown)),
        ..VerifyOptions::new(SystemTime::now())
    };
    if !arguments.environments.is_empty() {
        return matrix(arguments, path, &options);
    }
    let report = if arguments.diagnose {
        let diagnosing = DiagnoseOptions::of(&options, arguments.budget).keeping(cache().as_deref());
        verify_and_explain(path, &options, &diagnosing, &runners, &Bars::new())?
    } else {
        verify(path, &options, &runners, &Bars::new())?
    };
    trust::remember_verification(&arguments.engine, &report);
    let contract = arguments.contract.clone().unwrap_or_else(|| beside(path));
    if !report.contract.signed && !signatures(&contract).is_empty() {
        output::note("the contract has a signature; --public-key PEM checks whose it is");
    }
    write_files(arguments, &report)?;
    if let Some(checkout) = &checkout {
        checkout.keep_report(&report)?;
    }
    let printed = if arguments.output.json {
        output::json(&report)
    } else {
        let style =
            terminal::Style { width: output::width(), colour: output::colour(), verbose: arguments.verbose };
        output::data(&terminal::checklist(&report, &style))
    };
    match printed {
        // A reader that has gone does not change the verdict.
        Err(error) if !error.chain().any(output::is_broken_pipe) => return Err(error),
        _ => {}
    }
    Ok(Exit::of(report.verdict, report.required))
}

/// Verifies what came out of the registry with nothing asked for but an engine and a verdict.
pub(super) fn stored(
    path: &Path,
    shown: String,
    engine: &EngineArguments,
    required: Verdict,
) -> Result<Report> {
    let wanted = engine.wanted().map(str::to_owned).or_else(|| engines::recorded(path, None));
    let runners = runners(engine, wanted.as_deref())?;
    let options = VerifyOptions {
        private_root: private_root(),
        required,
        runner: engine.wanted().map(str::to_owned),
        settings: settings(engine, wanted.as_deref(), path)?,
        limits: engine.limits.limits(),
        shown_path: Some(shown),
        ..VerifyOptions::new(SystemTime::now())
    };
    let report = verify(path, &options, &runners, &Bars::new())?;
    trust::remember_verification(engine, &report);
    Ok(report)
}

/// The same artifact in several environments.
fn matrix(arguments: &Arguments, path: &Path, options: &VerifyOptions) -> Result<Exit> {
    let engine = &arguments.engine;
    let matrix = verify_in(&arguments.environments, path, options, engine, &arguments.uv)?;
    for report in matrix.columns.iter().filter_map(|column| column.report.as_ref()) {
        trust::remember_verification(engine, report);
    }
    if arguments.output.json {
        output::json(&matrix)?;
    } else {
        output::data(&text(&matrix))?;
    }
    Ok(Exit::of(matrix.verdict, matrix.required))
}

/// The runner that is asked for, or that the contract was recorded with if that one needs no search.
fn wanted_runner(arguments: &Arguments, path: &Path) -> Option<String> {
    if let Some(wanted) = arguments.engine.wanted() {
        return Some(wanted.to_owned());
    }
    engines::recorded(path, arguments.contract.as_deref())
}

fn write_files(arguments: &Arguments, report: &Report) -> Result<()> {
    if let Some(path) = &arguments.junit {
        output::file(path, &junit::document(report))?;
    }
    if let Some(path) = &arguments.sarif {
        output::file(path, &serde_json::to_string_pretty(&sarif::document(report))?)?;
    }
    if let Some(path) = &arguments.html {
        output::file(path, &html::page(report))?;
    }
    Ok(())
}
