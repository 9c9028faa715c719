//! Writes goldens and referees into a draft.

use reproof_contract::Name;

use super::referee::Referee;
use super::{Completed, RecordError};
use crate::cases::Case;
use crate::folder::{Draft, golden_folder};
use crate::judge::Values;

/// Writes the outputs of every case that has some, and its float64 outputs where there are any.
pub(super) fn write<'a>(
    draft: &Draft,
    class: &str,
    kept: &[&Case],
    golden: &dyn Fn(&Name) -> Option<&'a Values>,
    referee: &Referee,
) -> Result<(), RecordError> {
    for case in kept {
        let folder = golden_folder(class, &case.name);
        let Some(outputs) = golden(&case.name) else { continue };
        draft.values(&folder, "outputs", outputs)?;
        if let Some(outputs) = referee.outputs.get(&case.name) {
            draft.values(&folder, "referee", outputs)?;
        }
    }
    Ok(())
}

/// Writes every sample of a nondeterministic model: `sample-0`, `sample-1`, ...
pub(super) fn write_samples(
    draft: &Draft,
    class: &str,
    kept: &[&Case],
    first: &Completed,
) -> Result<(), RecordError> {
    for case in kept {
        let Some((status, samples)) = first.cases.get(&case.name) else { continue };
        let folder = golden_folder(class, &case.name);
        for (index, sample) in samples.iter().enumerate().filter(|_| status.is_done()) {
            draft.values(&folder, &format!("sample-{index}"), sample)?;
        }
    }
    Ok(())
}
