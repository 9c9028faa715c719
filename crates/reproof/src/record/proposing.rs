//! Recording with inputs that are proposed from the model's signature.

use std::path::Path;

use reproof_progress::Progress;

use super::{RecordError, RecordOptions, Recorded, record};
use crate::artifact::Artifact;
use crate::cases::{OPEN_SIZES, PROPOSED, gather};
use crate::execution::{PYTHON, Runners};

/// Records with the cases of `options`, which came from `sources`; where the model takes none of the inputs that were
/// proposed, proposes longer ones.
pub fn record_proposing(
    path: &Path,
    sources: &[String],
    mut options: RecordOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Recorded, RecordError> {
    let proposes = options.runner != PYTHON && sources.iter().any(|source| source == PROPOSED);
    let [_, longer @ ..] = OPEN_SIZES;
    for open in longer {
        match record(path, &options, runners, progress) {
            Err(RecordError::NoTypical { .. }) if proposes => {
                options.cases = gather(&Artifact::open(path)?.model, sources, open)?;
            }
            result => return result,
        }
    }
    record(path, &options, runners, progress)
}
