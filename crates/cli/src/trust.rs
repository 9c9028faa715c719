//! Where the user's trust is remembered: below `$XDG_CONFIG_HOME`, else `~/.config`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use reproof::record::Recorded;
use reproof::trust::{Memory, MemoryError};
use reproof_contract::Report;
use reproof_digest::Digest;

use crate::arguments::EngineArguments;
use crate::output;

/// The file; nothing where the user has no place for it.
fn memory() -> Option<Memory> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The standard says that a relative path is to be ignored.
    let folder = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let folder = folder.or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(Memory::below(&folder))
}

/// Every digest that is trusted.
pub(crate) fn remembered() -> Result<BTreeSet<Digest>> {
    Ok(memory().map_or_else(|| Ok(BTreeSet::new()), |memory| memory.read())?)
}

/// That trust cannot be kept is told and stops nothing: the next command asks again.
fn tell(result: Option<Result<(), MemoryError>>) {
    if let Some(Err(error)) = result {
        output::note(&format!("note: the trust was not remembered: {}", reproof::chain(&error)));
    }
}

/// Remembers what a recording says of the user's trust.
pub(crate) fn remember_recording(engine: &EngineArguments, recorded: &Recorded) {
    tell(memory().map(|memory| memory.keep_recording(engine.trust, recorded)));
}

/// Remembers what a verification says of it.
pub(crate) fn remember_verification(engine: &EngineArguments, report: &Report) {
    tell(memory().map(|memory| memory.keep_verification(engine.trust, report)));
}
