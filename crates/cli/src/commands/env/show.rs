//! `env show`.

use anyhow::Result;
use clap::Args;
use reproof_environment::installed::is_launcher;

use super::{LookArguments, PythonArguments, document, survey, text};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 described, 1 with --verify where a file is altered, 2 wrong usage, 3 no answer."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    python: PythonArguments,
    #[command(flatten)]
    look: LookArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let document = document(survey(&arguments.python.python, &arguments.look)?);
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text::describe(&document.environment))?;
    }
    let files = document.environment.python.iter().flat_map(|python| python.distributions.values());
    let mut files = files.flat_map(|found| &found.altered);
    let altered = files.any(|file| !is_launcher(&file.path));
    Ok(if altered && arguments.look.verify { Exit::Negative } else { Exit::Reached })
}
