//! `scan`: what would run or leak if an artifact were loaded; executes nothing.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use reproof::artifact::{Artifact, digests};
use reproof::scan::{ScanOptions, scan};
use reproof_contract::scan::{ScanVerdict, Severity};
use reproof_report::{sarif, terminal};

use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::commands::registry::checkout::{Checkout, EvidenceArguments};
use crate::failure::{Exit, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with everything below it; or a version of the registry, as MODEL@VERSION.
    path: PathBuf,
    /// Exit with 1 from findings of this severity on.
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Warning)]
    fail_on: FailOn,
    /// Also read tensors, to compare the checksums that archives have for them.
    #[arg(long)]
    deep: bool,
    /// Also tell the artifact digest, so that the document is about exactly this artifact.
    #[arg(long)]
    digest: bool,
    /// List every finding.
    #[arg(long)]
    verbose: bool,
    /// Also write findings for code scanning, as SARIF.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    /// Anything at all.
    Info,
    /// What wants a look.
    Warning,
    /// What would execute what the artifact chose.
    Dangerous,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let checkout = Checkout::of(&arguments.path, &arguments.evidence)?;
    let path = checkout.as_ref().map_or(arguments.path.as_path(), Checkout::path);
    there(path)?;
    let artifact = match &checkout {
        Some(checkout) => Some(checkout.artifact()),
        None if arguments.digest => Some(digests(&Artifact::open(path)?, &Bars::new())?.artifact),
        None => None,
    };
    let options = ScanOptions {
        artifact,
        deep: arguments.deep,
        fail_on: match arguments.fail_on {
            FailOn::Info => Severity::Info,
            FailOn::Warning => Severity::Warning,
            FailOn::Dangerous => Severity::Dangerous,
        },
        shown: checkout.as_ref().map_or_else(|| output::shown(path), Checkout::shown),
    };
    let document = scan(path, &options, &Bars::new())?;
    if let Some(path) = &arguments.sarif {
        output::file(path, &format!("{:#}\n", sarif::scan(&document)))?;
    }
    if let Some(checkout) = &checkout {
        checkout.keep_scan(&document)?;
    }
    if arguments.output.json {
        output::json(&document)?;
    } else {
        let style =
            terminal::Style { width: output::width(), colour: output::colour(), verbose: arguments.verbose };
        output::data(&terminal::scan(&document, &style))?;
    }
    Ok(match document.verdict {
        ScanVerdict::Clean => Exit::Reached,
        ScanVerdict::Findings => Exit::Negative,
        ScanVerdict::Incomplete => Exit::Undecided,
    })
}
