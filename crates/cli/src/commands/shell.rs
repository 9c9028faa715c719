//! `completions` and `man`: for shells and readers of manuals.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::arguments::Root;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct CompletionArguments {
    /// The shell.
    shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct ManArguments {
    /// Write one page per command into this folder.
    folder: Option<PathBuf>,
}

pub(crate) fn completions(arguments: &CompletionArguments) -> Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Root::command(), "reproof", &mut text);
    output::data(&String::from_utf8(text)?)?;
    Ok(Exit::Reached)
}

pub(crate) fn man(arguments: &ManArguments) -> Result<Exit> {
    if let Some(folder) = &arguments.folder {
        std::fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
        clap_mangen::generate_to(Root::command(), folder)
            .with_context(|| format!("could not write pages into {}", folder.display()))?;
        return Ok(Exit::Reached);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(Root::command()).render(&mut text)?;
    output::data(&String::from_utf8(text)?)?;
    Ok(Exit::Reached)
}
