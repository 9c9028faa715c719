//! `drill`: what would be noticed if something were lost.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::resume::{DrillOptions, drill};
use reproof_report::terminal;

use crate::arguments::{LimitArguments, OutputArguments, ResumeArguments};
use crate::bars::Bars;
use crate::failure::{Exit, UsageError};
use crate::output;

#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 an answer, 2 wrong usage, 3 no answer.")]
pub(crate) struct Arguments {
    /// The checkpoint: a file or a folder.
    path: PathBuf,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    #[command(flatten)]
    resume: ResumeArguments,
    /// The Python interpreter that `--resume-entry` is called in [default: python3].
    #[arg(long, value_name = "INTERPRETER")]
    python: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let command = arguments.resume.command(arguments.python.as_deref()).ok_or_else(|| {
        UsageError("say how training is resumed: --resume COMMAND or --resume-entry FUNCTION".to_owned())
    })?;
    let options = DrillOptions {
        folder: arguments.contract.clone(),
        command,
        limits: arguments.limits.limits(),
        shown_path: Some(output::shown(&arguments.path)),
    };
    let found = drill(&arguments.path, &options, &Bars::new())?;
    if arguments.output.json {
        output::json(&found)?;
    } else {
        let style = terminal::Style { width: output::width(), colour: output::colour(), verbose: false };
        output::data(&terminal::drill(&found, &style))?;
    }
    Ok(Exit::Reached)
}
