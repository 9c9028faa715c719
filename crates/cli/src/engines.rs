//! Constructs the runners that a command asked for.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use reproof::execution::{Runners, Settings};
use reproof_contract::run::Limits;
use reproof_runner::{ChildRunner, locate};

use crate::arguments::EngineArguments;
use crate::failure::UsageError;

/// The built-in engine, and ONNX Runtime where it is found.
///
/// A library that was asked for and is missing is an error; one that nobody asked for is simply not there.
pub(crate) fn runners(arguments: &EngineArguments, wanted: Option<&str>) -> Result<Runners> {
    let program = std::env::current_exe().context("could not find this program's own file")?;
    let child: Vec<OsString> = vec!["run-unit".into()];
    let runners = Runners::default().with(Arc::new(ChildRunner::onnx(program.clone(), child.clone())));
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

/// Threads and engine options of each run.
pub(crate) fn settings(arguments: &EngineArguments) -> Result<Settings> {
    let pair = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| UsageError(format!("--option {text}: expected NAME=VALUE")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let options = arguments.options.iter().map(pair).collect::<Result<_, UsageError>>()?;
    Ok(Settings { threads: arguments.threads, options })
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
