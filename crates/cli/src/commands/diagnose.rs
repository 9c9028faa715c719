//! `diagnose`: why outputs differ, and where that starts.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::diagnose::{DiagnoseOptions, diagnose};
use reproof::engines::recorded;
use reproof::execution::{PYTHON, REFEREE};
use reproof_contract::Name;
use reproof_report::{html, terminal};

use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::engines::{runners, settings};
use crate::failure::Exit;
use crate::output;
use crate::private::private_root;

#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 an answer, 2 wrong usage, 3 no answer.")]
pub(crate) struct Arguments {
    /// The artifact: an ONNX graph, or one whose contract holds its graph.
    path: PathBuf,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    /// The case to run [default: the first typical one].
    #[arg(long, value_name = "NAME")]
    case: Option<Name>,
    /// List every node.
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
    let wanted = engine.wanted().map(str::to_owned);
    // A graph beside a Python model is run by an engine of graphs.
    let told = || recorded(path, arguments.contract.as_deref()).filter(|name| name != PYTHON);
    let wanted = wanted.or_else(told);
    let options = DiagnoseOptions {
        folder: arguments.contract.clone(),
        private_root: private_root(),
        runner: engine.wanted().map(str::to_owned),
        case: arguments.case.clone(),
        settings: settings(engine, wanted.as_deref(), path)?,
        limits: engine.limits.limits(),
        shown_path: Some(output::shown(path)),
    };
    // The engine under test, and what it is measured by.
    let runners = runners(engine, wanted.as_deref().filter(|name| *name != REFEREE))?;
    let diagnosis = diagnose(path, &options, &runners, &Bars::new())?;
    if let Some(file) = &arguments.html {
        output::file(file, &html::diagnosis(&diagnosis))?;
    }
    if arguments.output.json {
        output::json(&diagnosis)?;
    } else {
        let style =
            terminal::Style { width: output::width(), colour: output::colour(), verbose: arguments.verbose };
        output::data(&terminal::diagnosis(&diagnosis, &style))?;
    }
    Ok(Exit::Reached)
}
