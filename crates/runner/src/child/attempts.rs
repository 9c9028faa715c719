//! One run as a row of children: whoever survives a case goes on, and after a case that killed its child comes another.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use reproof_contract::run::{CaseOutcome, LimitKind, ModelState, Outcome, RunSpec, Status, Step};
use reproof_contract::signature::{Inputs, Source};
use reproof_progress::Progress;

use super::supervise::End;
use super::{CaseNote, LoadNote};
use crate::RunError;

/// How much of what a child printed is kept, in bytes, from its end. Python's word of a crash ends with the names of all
/// native modules, which can be hundreds.
const PRINTED: u64 = 16 << 10;

/// What a framework tells of the model that it loaded.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) state: Option<ModelState>,
    pub(crate) inputs: Option<Inputs>,
    pub(crate) sources: Vec<Source>,
}

/// What one child left.
pub(crate) struct Attempt {
    pub(crate) load: Option<LoadNote>,
    /// Of the first cases of the attempt, as far as it came.
    pub(crate) cases: Vec<CaseNote>,
    pub(crate) told: Told,
    pub(crate) printed: String,
    pub(crate) end: End,
    /// Peak memory while loading, and after.
    pub(crate) peaks: (Option<u64>, Option<u64>),
}

impl Attempt {
    /// Why the child did not finish the step that it was in.
    fn cause(&self) -> Status {
        cause(&self.end, &self.printed)
    }
}

/// What the end of a child says of the step that it was in.
pub(crate) fn cause(end: &End, printed: &str) -> Status {
    match end {
        End::Limit(limit, value) => Status::Limit { limit: *limit, value: *value },
        End::Exited(status) => Status::Died { how: describe(*status), last_words: printed.to_owned() },
    }
}

/// Runs every case of `spec`, each attempt in a folder of its own below `scratch`.
pub(crate) fn attempts(
    spec: &RunSpec,
    scratch: &Path,
    progress: &dyn Progress,
    mut attempt: impl FnMut(&RunSpec, &Path) -> Result<Attempt, RunError>,
) -> Result<Outcome, RunError> {
    let mut outcome: Option<Outcome> = None;
    let mut rest = spec.clone();
    for number in 0.. {
        let attempt = attempt(&rest, &scratch.join(format!("attempt-{number}")))?;
        let cause = attempt.cause();
        let finished = attempt.cases.len();
        let step = |status, seconds, peak_memory_bytes| Step { status, seconds, peak_memory_bytes };
        let load =
            attempt.load.unwrap_or(LoadNote { status: cause.clone(), seconds: 0.0, environment: None });
        let loaded = load.status.is_done();
        let changed = attempt.told.state.as_ref().and_then(|state| state.changed.clone());
        let outcome = outcome.get_or_insert_with(|| Outcome {
            load: step(load.status.clone(), load.seconds, attempt.peaks.0),
            environment: load.environment,
            cases: Vec::new(),
            printed: String::new(),
            state: attempt.told.state,
            inputs: attempt.told.inputs,
            sources: attempt.told.sources,
        });
        // Only the child that lived to the last case could look at what changed.
        if let (Some(state), Some(changed)) = (&mut outcome.state, changed) {
            state.changed.get_or_insert(changed);
        }
        outcome.printed.push_str(&attempt.printed);
        for (case, note) in rest.cases.iter().zip(attempt.cases) {
            outcome.cases.push(CaseOutcome {
                name: case.name.clone(),
                step: step(note.status, note.seconds, attempt.peaks.1),
                outputs: note.outputs,
                taps: note.taps,
                trials: note.trials,
                catalogue: note.catalogue,
            });
        }
        let mut unfinished = rest.cases.split_off(finished).into_iter();
        let fail = |outcome: &mut Outcome, name, status: &Status| {
            let step = step(status.clone(), 0.0, attempt.peaks.1);
            outcome.cases.push(CaseOutcome {
                name,
                step,
                outputs: Vec::new(),
                taps: None,
                trials: Vec::new(),
                catalogue: Vec::new(),
            });
            progress.advance(1);
        };
        // The step that the child died in is to blame; what comes after it deserves its own child.
        if loaded && let Some(blamed) = unfinished.next() {
            fail(outcome, blamed.name, &cause);
        }
        rest.cases = unfinished.collect();
        let out_of_time = matches!(cause, Status::Limit { limit: LimitKind::Time, .. });
        if !loaded || out_of_time || rest.cases.is_empty() {
            let status = if loaded { cause } else { load.status };
            for case in std::mem::take(&mut rest.cases) {
                fail(outcome, case.name, &status);
            }
            break;
        }
    }
    Ok(outcome.expect("the loop runs at least once"))
}

/// How a process ended, in words.
fn describe(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "unknown end".to_owned(),
    }
}

/// The end of what the child printed, as text.
pub(crate) fn last_words(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(PRINTED)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}
