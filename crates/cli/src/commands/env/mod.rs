//! `env`: what surrounds a model, how two surroundings differ, and what makes one again.

mod diff;
mod fingerprint;
mod lock;
mod show;
mod side;
mod text;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use reproof::engines::from_here;
use reproof_contract::environment::{Document, Environment, EnvironmentSchema, System};
use reproof_contract::run::Limits;
use reproof_runner::{Check, PythonRunner, Survey, machine_environment};

use crate::engines::cache;
use crate::failure::Exit;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Describe the machine, the interpreter and everything that is installed for it; name altered files.
    Show(show::Arguments),
    /// Compare two environments and grade each difference by what it can do to outputs.
    Diff(diff::Arguments),
    /// Write what makes the environment again: pylock.toml with hashes, and a bill of materials.
    Lock(lock::Arguments),
    /// Digest what about fifty operators give: which of them move tells which library moved.
    Fingerprint(fingerprint::Arguments),
}

/// Whose environment it is.
#[derive(Args, Debug, Clone)]
pub(crate) struct PythonArguments {
    /// The Python interpreter; nothing is installed there.
    #[arg(long, value_name = "INTERPRETER", default_value = "python3")]
    pub(crate) python: PathBuf,
}

/// How it is looked at.
#[derive(Args, Debug, Clone)]
pub(crate) struct LookArguments {
    /// Hash every installed file again, whatever was hashed before.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Import the frameworks that are installed: which native libraries they load, and what they say of them.
    #[arg(long)]
    pub(crate) frameworks: bool,
}

/// Ten minutes: frameworks on a slow disk, and gigabytes to hash.
const LIMITS: Limits = Limits { milliseconds: Some(600_000), memory_bytes: None };

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    match &arguments.command {
        Command::Show(arguments) => show::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Lock(arguments) => lock::run(arguments),
        Command::Fingerprint(arguments) => fingerprint::run(arguments),
    }
}

/// The runner of an interpreter.
fn runner(python: &std::path::Path) -> PythonRunner {
    PythonRunner::new(from_here(python)).with_cache(cache())
}

fn survey(python: &std::path::Path, look: &LookArguments) -> Result<Survey> {
    let check = if look.verify { Check::Again } else { Check::Every };
    Ok(runner(python).survey(check, look.frameworks, LIMITS)?)
}

/// This machine with an interpreter of it.
fn document(survey: Survey) -> Document {
    let machine = machine_environment();
    let libc = if survey.libc.is_empty() { machine.system.libc.clone() } else { survey.libc };
    Document {
        schema: EnvironmentSchema::V0,
        environment: Environment {
            system: System { libc, ..machine.system },
            python: Some(Box::new(survey.python)),
            ..machine
        },
    }
}
