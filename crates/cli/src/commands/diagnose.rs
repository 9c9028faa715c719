//! `diagnose`: why outputs differ, and where that starts.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use reproof::diagnose::{Builds, DiagnoseOptions, diagnose, errors};
use reproof::engines::{from_here, recorded};
use reproof::execution::{PYTHON, REFEREE, Settings};
use reproof::folder;
use reproof_contract::{Name, Relation};
use reproof_report::{html, terminal};
use reproof_runner::Rebuild;

use super::matrix::allowed;
use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::engines::{cache, runners, settings};
use crate::failure::Exit;
use crate::output;
use crate::private::private_root;
use crate::quantities::duration;

#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 an answer, 2 wrong usage, 3 no answer.")]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with one model.
    path: PathBuf,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    /// What the artifact is to the contract: `same`, `repackaged`, `converted`, `quantised` or `adapter-of`
    /// [default: same, or converted with --contract].
    #[arg(long, value_name = "WORD")]
    relation: Option<Relation>,
    /// Time for experiments: none is begun later.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2m")]
    budget: Duration,
    /// Build the recorded environment again, and those between it and the current one, to find the packages whose change makes the
    /// difference: installs what the contract lists.
    #[arg(long, conflicts_with = "errors", help_heading = "Python")]
    packages: bool,
    /// The program that builds environments.
    #[arg(
        long,
        value_name = "PROGRAM",
        default_value = "uv",
        requires = "packages",
        help_heading = "Python"
    )]
    uv: PathBuf,
    /// Show where the engine's errors are made instead: each node of an ONNX graph, or of the graph that the contract holds,
    /// against float64.
    #[arg(long)]
    errors: bool,
    /// The case whose errors are shown [default: the first typical one].
    #[arg(long, value_name = "NAME", requires = "errors")]
    case: Option<Name>,
    /// List every experiment, or every node.
    #[arg(long, short)]
    verbose: bool,
    /// Also write a page with pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let (path, engine) = (&arguments.path, &arguments.engine);
    let recorded = || recorded(path, arguments.contract.as_deref());
    // A graph beside a Python model is run by an engine of graphs.
    let told = || recorded().filter(|name| !arguments.errors || name != PYTHON);
    let wanted = engine.wanted().map(str::to_owned).or_else(told);
    let settings = settings(engine, wanted.as_deref(), path)?;
    let options = DiagnoseOptions {
        builds: arguments.packages.then(|| builds(arguments, &settings)).transpose()?,
        folder: arguments.contract.clone(),
        private_root: private_root(),
        runner: engine.wanted().map(str::to_owned),
        case: arguments.case.clone(),
        settings,
        limits: engine.limits.limits(),
        shown_path: Some(output::shown(path)),
        relation: arguments.relation,
        budget: arguments.budget,
        log: None,
    };
    let options = options.keeping(cache().as_deref());
    if arguments.errors {
        // The engine under test, and what it is measured by.
        let runners = runners(engine, wanted.as_deref().filter(|name| *name != REFEREE))?;
        let found = errors(path, &options, &runners, &Bars::new())?;
        write(arguments, &found, &html::engine_errors, &terminal::engine_errors)?;
    } else {
        let runners = runners(engine, wanted.as_deref())?;
        let found = diagnose(path, &options, &runners, &Bars::new())?;
        write(arguments, &found, &html::diagnosis, &terminal::diagnosis)?;
    }
    Ok(Exit::Reached)
}

/// Where environments are built, if what the contract lists may be installed.
fn builds(arguments: &Arguments, settings: &Settings) -> Result<Builds> {
    let place = arguments.contract.clone().unwrap_or_else(|| folder::beside(&arguments.path));
    allowed(&folder::read(&place)?, &["recorded".to_owned()], settings)?;
    let current = arguments.engine.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
    let kept = cache().unwrap_or_else(std::env::temp_dir);
    let rebuild = Rebuild {
        uv: arguments.uv.clone(),
        cache: kept,
        base: from_here(&current),
        limit: arguments.engine.limits.timeout,
    };
    Ok(Builds { rebuild, cache: cache() })
}

/// Writes a document in the forms that were asked for.
fn write<T: serde::Serialize>(
    arguments: &Arguments,
    found: &T,
    page: &dyn Fn(&T) -> String,
    text: &dyn Fn(&T, &terminal::Style) -> String,
) -> Result<()> {
    if let Some(file) = &arguments.html {
        output::file(file, &page(found))?;
    }
    if arguments.output.json {
        return output::json(found);
    }
    let style =
        terminal::Style { width: output::width(), colour: output::colour(), verbose: arguments.verbose };
    output::data(&text(found, &style))
}
