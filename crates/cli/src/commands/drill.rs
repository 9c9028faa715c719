//! `drill`: which mistakes a suite would catch, and what would be noticed if a training lost something.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use reproof::drill::{FaultOptions, drill_faults};
use reproof::engines::recorded;
use reproof::resume::{DrillOptions, ResumeCommand, drill};
use reproof::verify::VerifyOptions;
use reproof_report::terminal;

use crate::arguments::{EngineArguments, OutputArguments, ResumeArguments};
use crate::bars::Bars;
use crate::engines::{runners, settings, supervisor};
use crate::failure::Exit;
use crate::output;
use crate::private::private_root;
use crate::quantities::duration;

#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 an answer, 2 wrong usage, 3 no answer.")]
pub(crate) struct Arguments {
    /// The artifact, or with `--resume` the checkpoint: a file or a folder.
    path: PathBuf,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    /// Plant these faults alone, by their beginnings, such as `epsilon` or `weight=bit`. Divided by commas.
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    faults: Vec<String>,
    /// Also diagnose what has each fault, and tell whether the fault is named.
    #[arg(long)]
    diagnose: bool,
    /// Time for the experiments of each diagnosis.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1m", requires = "diagnose")]
    each: Duration,
    /// Time for all faults: none is planted later.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    budget: Duration,
    /// List every case that catches a fault, and what each diagnosis says.
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    resume: ResumeArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    match arguments.resume.command(arguments.engine.python.as_deref()) {
        Some(command) => losses(arguments, command),
        None => faults(arguments),
    }
}

/// Faults that are planted in a model.
fn faults(arguments: &Arguments) -> Result<Exit> {
    let (path, engine) = (&arguments.path, &arguments.engine);
    let wanted = engine.wanted().map(str::to_owned).or_else(|| recorded(path, arguments.contract.as_deref()));
    let verifying = VerifyOptions {
        folder: arguments.contract.clone(),
        private_root: private_root(),
        runner: engine.wanted().map(str::to_owned),
        settings: settings(engine, wanted.as_deref(), path)?,
        limits: engine.limits.limits(),
        shown_path: Some(output::shown(path)),
        ..VerifyOptions::new(SystemTime::now())
    };
    let options = FaultOptions {
        verifying,
        only: arguments.faults.clone(),
        budget: arguments.budget,
        diagnose: arguments.diagnose.then_some(arguments.each),
    };
    let found = drill_faults(path, &options, &runners(engine, wanted.as_deref())?, &Bars::new())?;
    show(arguments, &found, &terminal::fault_drill)
}

/// State that is lost when a training resumes.
fn losses(arguments: &Arguments, command: ResumeCommand) -> Result<Exit> {
    let options = DrillOptions {
        folder: arguments.contract.clone(),
        command,
        limits: arguments.engine.limits.limits(),
        supervisor: Some(supervisor(&arguments.engine)?),
        shown_path: Some(output::shown(&arguments.path)),
    };
    let found = drill(&arguments.path, &options, &Bars::new())?;
    show(arguments, &found, &terminal::drill)
}

fn show<T: serde::Serialize>(
    arguments: &Arguments,
    found: &T,
    text: &dyn Fn(&T, &terminal::Style) -> String,
) -> Result<Exit> {
    if arguments.output.json {
        output::json(found)?;
    } else {
        let style =
            terminal::Style { width: output::width(), colour: output::colour(), verbose: arguments.verbose };
        output::data(&text(found, &style))?;
    }
    Ok(Exit::Reached)
}
