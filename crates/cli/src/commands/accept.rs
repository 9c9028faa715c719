//! `accept`: makes the next contract and keeps the one before.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::engines::named;
use reproof::execution::PYTHON;
use reproof::folder;
use reproof::record::accept;

use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, UsageError, there};
use crate::private::private_root;
use crate::trust;

use super::record::{Options, prepare, show};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with one model.
    path: PathBuf,
    /// Why the change is accepted.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who accepts it [default: $USER].
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    by: Option<String>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let path = &arguments.path;
    there(path)?;
    if arguments.reason.trim().is_empty() {
        return Err(UsageError("--reason: say why the change is accepted".to_owned()).into());
    }
    let place = arguments.options.contract.clone().unwrap_or_else(|| folder::beside(path));
    let before = folder::read(&place)?.look_below(private_root().as_deref());
    if let Some(file) = before.tampering()?.first() {
        let folder::Tampering { path, actual, .. } = file;
        anyhow::bail!("{path} of the contract is not as recorded ({actual}): restore it before accepting");
    }
    let mut shared = arguments.options.clone();
    if shared.engine.wanted().is_none() && before.contract.runner.as_deref() == Some(PYTHON) {
        shared.engine.runner = Some(PYTHON.to_owned());
    }
    let (runners, mut options) = prepare(path, &shared, !shared.cases.is_empty())?;
    if shared.engine.wanted().is_none()
        && let Some(recorded) = before.contract.runner.as_deref().map(named)
        && runners.get(recorded).is_some()
    {
        recorded.clone_into(&mut options.runner);
    }
    if arguments.options.cases.is_empty() {
        options.cases = before.cases()?;
    }
    before.carry_over(&mut options);
    let by = arguments.by.clone().unwrap_or_else(|| "unknown".to_owned());
    let recorded = accept(path, &before, arguments.reason.trim(), &by, &options, &runners, &Bars::new())?;
    trust::remember_recording(&shared.engine, &recorded);
    show(&recorded, arguments.options.contract.is_some(), arguments.output.json)?;
    Ok(Exit::Reached)
}
