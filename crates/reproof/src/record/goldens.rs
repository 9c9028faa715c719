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

/// The most bytes that the steps of a suite take in a contract, which travels with the artifact.
const LARGEST_STEPS: usize = 4 << 20;

/// The cases whose steps are kept: one of each kind, so that a later difference that only one of them shows has a beginning.
pub(super) fn tapped(kept: &[&Case], first: &Completed) -> Vec<Name> {
    let mut classes = Vec::new();
    let done = kept.iter().filter(|case| first.outputs(&case.name).is_some());
    let of_its_kind = done.filter(|case| {
        let new = !classes.contains(&case.class);
        classes.extend(new.then_some(case.class));
        new
    });
    of_its_kind.map(|case| case.name.clone()).collect()
}

/// Writes what the model computed on its way, where that is not too much.
pub(super) fn write_steps(
    draft: &Draft,
    class: &str,
    kept: &[&Case],
    run: &Completed,
) -> Result<(), RecordError> {
    let mut room = LARGEST_STEPS;
    for case in kept {
        let Some(taps) = run.taps.get(&case.name) else { continue };
        room = draft.steps(&golden_folder(class, &case.name), taps, room)?;
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
