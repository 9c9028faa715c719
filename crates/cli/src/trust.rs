//! What the user trusts, remembered by digest in the user's configuration folder.
//!
//! A line is the digest of an artifact whose code may run, or of a contract whose loader may: of these very bytes, and
//! of nothing else. Taking a line out, or the file away, takes the trust back.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use reproof::record::Recorded;
use reproof_contract::Report;
use reproof_digest::{Digest, Kind};

use crate::arguments::EngineArguments;
use crate::output;

/// The largest file that is read, in bytes: a hundred thousand digests.
const LARGEST: u64 = 8 << 20;

const HEADER: &str = "# Artifacts whose code may run here, and contracts whose loader may. A line is a digest; remove it to\n\
                      # be asked again.\n";

/// The file: below `$XDG_CONFIG_HOME`, else `~/.config`. Nothing where the user has neither.
fn place() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The standard says that a relative path is to be ignored.
    let folder = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let folder = folder.or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("reproof").join("trusted"))
}

/// Every digest that is trusted.
pub(crate) fn remembered() -> Result<BTreeSet<Digest>> {
    let Some(path) = place() else { return Ok(BTreeSet::new()) };
    let size = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
    };
    anyhow::ensure!(size <= LARGEST, "{} has {size} bytes, expected at most {LARGEST}", path.display());
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let digest: Digest = line.parse().with_context(|| format!("{}: {line}", path.display()))?;
            let known = matches!(digest.kind(), Kind::Artifact | Kind::Contract);
            anyhow::ensure!(known, "{}: {line}: expected artifact-v1 or contract-v1", path.display());
            Ok(digest)
        })
        .collect()
}

/// Adds digests. That they cannot be kept is told and stops nothing: the next command asks again.
fn remember(digests: impl IntoIterator<Item = Digest>) {
    let result = remembered().and_then(|mut known| {
        let before = known.len();
        known.extend(digests);
        match place() {
            Some(path) if known.len() > before => write(&path, &known),
            _ => Ok(()),
        }
    });
    if let Err(error) = result {
        output::note(&format!("note: the trust was not remembered: {error:#}"));
    }
}

/// What a recording says of the user's trust: `--trust` holds for the artifact, and a loader that was named for it may be
/// taken from the contract.
///
/// Whoever accepts a change was asked for the loader of the contract before, or named another.
pub(crate) fn remember_recording(engine: &EngineArguments, recorded: &Recorded) {
    let artifact = engine.trust.then_some(recorded.contract.artifact.artifact_digest);
    let loads = recorded.contract.loading.as_ref().is_some_and(|loading| loading.loader.is_some());
    remember(artifact.into_iter().chain(loads.then_some(recorded.digest)));
}

/// What a verification says of it.
pub(crate) fn remember_verification(engine: &EngineArguments, report: &Report) {
    if engine.trust {
        // Of the contract too: it may name a loader.
        remember(report.artifact.artifact_digest.into_iter().chain([report.contract.digest]));
    }
}

fn write(path: &Path, digests: &BTreeSet<Digest>) -> Result<()> {
    let folder = path.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let lines: Vec<String> = digests.iter().map(Digest::to_string).collect();
    let failed = || format!("could not write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(format!("{HEADER}{}\n", lines.join("\n")).as_bytes()).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}
