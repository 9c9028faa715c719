//! `env diff`.

use anyhow::Result;
use clap::Args;
use reproof_contract::report::{EnvironmentDifference, Grade};
use reproof_environment::differences;
use serde::Serialize;

use super::{LookArguments, PythonArguments, side, text};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 the same, 1 different, 2 wrong usage, 3 no answer.")]
pub(super) struct Arguments {
    /// The first environment: `current`, an interpreter, a file of `env show --json`, a contract or its artifact.
    a: String,
    /// The second environment.
    b: String,
    /// Leave out differences that cannot change outputs.
    #[arg(long)]
    relevant: bool,
    #[command(flatten)]
    python: PythonArguments,
    #[command(flatten)]
    look: LookArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    a: &'a str,
    b: &'a str,
    equal: bool,
    gravest: Option<Grade>,
    differences: &'a [EnvironmentDifference],
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    side::there(&arguments.a)?;
    side::there(&arguments.b)?;
    let a = side::read(&arguments.a, &arguments.python.python, &arguments.look)?;
    let b = side::read(&arguments.b, &arguments.python.python, &arguments.look)?;
    let mut found = differences(&a, &b);
    found.retain(|difference| !arguments.relevant || difference.grade > Grade::Harmless);
    if arguments.output.json {
        output::json(&Document {
            schema: "reproof.environment-diff/v0",
            a: &arguments.a,
            b: &arguments.b,
            equal: found.is_empty(),
            gravest: found.iter().map(|difference| difference.grade).max(),
            differences: &found,
        })?;
    } else if found.is_empty() {
        output::data("no difference")?;
    } else {
        output::data(&text::differences(&found))?;
    }
    Ok(if found.is_empty() { Exit::Reached } else { Exit::Negative })
}
