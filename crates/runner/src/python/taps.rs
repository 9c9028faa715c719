//! Takes over the taps that a worker wrote, as its outputs: read as foreign, checked, and written anew.

use std::path::Path;

use reproof_contract::taps::{LARGEST, Taps};

use super::outputs::{self, TakeError};

/// The file of the steps.
const FILE: &str = "taps.json";

/// Reads the taps in `told` and writes them to `folder`, which is made.
pub(super) fn take(told: &Path, folder: &Path) -> Result<(), TakeError> {
    let path = told.join(FILE);
    let text = outputs::read(&path)?;
    let malformed = |source| TakeError::Malformed { path: path.clone(), source };
    let taps: Taps = serde_json::from_slice(&text).map_err(malformed)?;
    if taps.steps.len() > LARGEST {
        return Err(malformed(serde::de::Error::invalid_length(taps.steps.len(), &"100000 steps")));
    }
    // The values of the steps that were named.
    outputs::take(told, folder)?;
    let path = folder.join(FILE);
    let written = serde_json::to_vec(&taps).map_err(std::io::Error::from);
    written.and_then(|bytes| std::fs::write(&path, bytes)).map_err(|source| TakeError::File {
        action: "write",
        path,
        source,
    })
}
