//! One side of a comparison of environments.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use reproof::folder;
use reproof_contract::environment::{Document, Environment};

use super::{LookArguments, document, survey};
use crate::failure::UsageError;

/// The largest document that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// Refuses a path where there is nothing, before anything is looked at.
pub(super) fn there(name: &str) -> Result<(), UsageError> {
    let path = Path::new(name);
    if path.components().count() == 1 || path.exists() {
        return Ok(());
    }
    let what = "an interpreter, a file of `env show --json`, a contract or an artifact with one";
    Err(UsageError(format!("{name}: nothing is there; expected `current`, {what}")))
}

/// The environment that a word or path names.
pub(super) fn read(name: &str, current: &Path, look: &LookArguments) -> Result<Environment> {
    if name == "current" {
        return Ok(document(survey(current, look)?).environment);
    }
    let path = Path::new(name);
    if let Some(environment) = recorded(path)? {
        return Ok(environment);
    }
    if is_document(path) {
        return described(path);
    }
    Ok(document(survey(path, look)?).environment)
}

/// The environment of a contract, given by its folder, its document or its artifact.
fn recorded(path: &Path) -> Result<Option<Environment>> {
    let own =
        if path.file_name().is_some_and(|name| name == "contract.json") { path.parent() } else { Some(path) };
    let beside = folder::beside(path);
    let place = [own, Some(beside.as_path())].into_iter().flatten();
    let Some(place) = place.into_iter().find(|place| place.join("contract.json").is_file()) else {
        return Ok(None);
    };
    let stored = folder::read(place)?;
    let environment = stored.recorded_environment().ok_or_else(|| {
        UsageError(format!(
            "{}: its contract was made without running anything, so it has no environment",
            path.display()
        ))
    })?;
    Ok(Some(environment))
}

/// Whether a file holds a JSON object rather than a program.
fn is_document(path: &Path) -> bool {
    let mut first = [0; 1];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
    path.is_file() && read.is_ok() && first == *b"{"
}

fn described(path: &Path) -> Result<Environment> {
    let mut text = Vec::new();
    let opened = std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    opened.with_context(|| format!("could not read {}", path.display()))?;
    let document: Document = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what `env show --json` prints", path.display()))?;
    Ok(document.environment)
}
