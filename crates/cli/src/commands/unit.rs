//! `run-unit`: the child process of in-process engines.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::failure::Exit;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder with the request.
    folder: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    reproof_runner::serve(&arguments.folder)?;
    Ok(Exit::Reached)
}
