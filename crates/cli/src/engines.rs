//! Constructs the runners that a command asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use reproof::engines::{Engines, modules};
use reproof::execution::{PYTHON, Runners, Settings};
use reproof::trust::Trust;
use reproof_contract::run::Loading;
use reproof_runner::Supervisor;

use crate::arguments::EngineArguments;
use crate::failure::UsageError;
use crate::trust;

/// The built-in engine, and ONNX Runtime where it is found; Python's frameworks where they are wanted.
pub(crate) fn runners(arguments: &EngineArguments, wanted: Option<&str>) -> Result<Runners> {
    Ok(engines(arguments)?.runners(wanted)?)
}

/// What ends a training when this process is killed.
pub(crate) fn supervisor(arguments: &EngineArguments) -> Result<Supervisor> {
    Ok(engines(arguments)?.supervisor())
}

fn engines(arguments: &EngineArguments) -> Result<Engines> {
    Ok(Engines {
        program: std::env::current_exe().context("could not find this program's own file")?,
        arguments: vec!["run-unit".into()],
        interpreter: arguments.python.clone().unwrap_or_else(|| PathBuf::from("python3")),
        onnxruntime: arguments.onnxruntime.clone(),
        cache: cache(),
    })
}

/// The folder for things that are slow to make and safe to delete: `$REPROOF_CACHE`, else `$XDG_CACHE_HOME/reproof`, else
/// `~/.cache/reproof`.
pub(crate) fn cache() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("REPROOF_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("reproof")))
        .or_else(|| Some(std::env::home_dir()?.join(".cache/reproof")))
}

/// How each run of the artifact with the runner `wanted` is set up.
pub(crate) fn settings(
    arguments: &EngineArguments,
    wanted: Option<&str>,
    artifact: &Path,
) -> Result<Settings> {
    let pair = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| UsageError(format!("--option {text}: expected NAME=VALUE")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let options = arguments.options.iter().map(pair).collect::<Result<_, UsageError>>()?;
    let loading = Loading {
        adapter: arguments.adapter.clone(),
        loader: arguments.loader.clone(),
        trust: arguments.trust,
        network: arguments.network,
        modules: modules(&std::env::current_dir()?, artifact),
        ..Loading::default()
    };
    let asks = wanted == Some(PYTHON) && !arguments.trust;
    let remembered = if asks { trust::remembered()? } else { BTreeSet::new() };
    Ok(Settings {
        threads: arguments.threads,
        options,
        device: arguments.device.clone().unwrap_or_default(),
        loading,
        trust: Trust { remembered, ..Trust::default() },
    })
}
