//! Constructs the runners that a command asked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use reproof::execution::{PYTHON, Runners, Settings};
use reproof_contract::run::{Limits, Loading};
use reproof_runner::{ChildRunner, PythonRunner, locate};

use crate::arguments::EngineArguments;
use crate::failure::UsageError;

/// The built-in engine, and ONNX Runtime where it is found.
///
/// A library that was asked for and is missing is an error; one that nobody asked for is simply not there.
pub(crate) fn runners(arguments: &EngineArguments, wanted: Option<&str>) -> Result<Runners> {
    let program = std::env::current_exe().context("could not find this program's own file")?;
    let child: Vec<OsString> = vec!["run-unit".into()];
    let runners = Runners::default().with(Arc::new(ChildRunner::onnx(program.clone(), child.clone())));
    if wanted == Some(PYTHON) {
        let interpreter = interpreter(arguments.python.as_deref().unwrap_or(Path::new("python3")))?;
        return Ok(runners.with(Arc::new(PythonRunner::new(interpreter).with_cache(cache()))));
    }
    let asked = wanted == Some("onnxruntime") || (wanted.is_none() && arguments.onnxruntime.is_some());
    if wanted == Some("onnx") {
        return Ok(runners);
    }
    match locate(arguments.onnxruntime.as_deref(), None, Some(Path::new("python3"))) {
        Ok(located) => Ok(runners.with(Arc::new(ChildRunner::onnxruntime(program, child, located.library)))),
        Err(error) if asked => Err(error.into()),
        Err(_) => Ok(runners),
    }
}

/// An interpreter as a child finds it: a path is one from here; a name is looked for where programs are.
pub(crate) fn interpreter(told: &Path) -> Result<PathBuf> {
    let named = told.components().count() == 1;
    Ok(if named { told.to_owned() } else { std::path::absolute(told)? })
}

/// The folder for things that are slow to make and safe to delete: `$REPROOF_CACHE`, else `$XDG_CACHE_HOME/reproof`, else
/// `~/.cache/reproof`.
pub(crate) fn cache() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("REPROOF_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("reproof")))
        .or_else(|| Some(std::env::home_dir()?.join(".cache/reproof")))
}

/// How each run of the artifact is set up.
pub(crate) fn settings(arguments: &EngineArguments, artifact: &Path) -> Result<Settings> {
    let pair = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| UsageError(format!("--option {text}: expected NAME=VALUE")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let options = arguments.options.iter().map(pair).collect::<Result<_, UsageError>>()?;
    let beside = if artifact.is_dir() { artifact } else { artifact.parent().unwrap_or(Path::new("")) };
    let loading = Loading {
        adapter: arguments.adapter.clone(),
        loader: arguments.loader.clone(),
        trust: arguments.trust,
        network: arguments.network,
        // As Python itself looks: here first, then where the model is.
        modules: vec![std::env::current_dir()?, std::path::absolute(beside.join("."))?],
        ..Loading::default()
    };
    Ok(Settings {
        threads: arguments.threads,
        options,
        device: arguments.device.clone().unwrap_or_default(),
        loading,
    })
}

/// The limits of each run.
pub(crate) fn limits(arguments: &EngineArguments) -> Limits {
    Limits {
        milliseconds: Some(u64::try_from(arguments.timeout.as_millis()).unwrap_or(u64::MAX).max(1)),
        memory_bytes: arguments.memory_limit.or_else(most_of_free_memory),
    }
}

/// 4/5 of the memory that is free now, where the system tells: a model must not take the machine down.
fn most_of_free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 5 * 4 * 1024)
}
