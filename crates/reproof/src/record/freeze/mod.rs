//! Keeps the graph of a model in its contract, and proves at once that it computes the goldens.

mod proof;

use std::path::{Path, PathBuf};

use reproof_contract::run::{RunSpec, Status};
use reproof_formats::Format;
use reproof_progress::{Progress, Unit};
use reproof_runner::{FreezeOrder, Frozen, GraphChoice};

pub(crate) use self::proof::graph_outputs;
pub(super) use self::proof::{Proof, Proved};
use super::{Completed, RecordError, RecordOptions, Sweep, explain};
use crate::Scratch;
use crate::artifact::Artifact;
use crate::execution::{PYTHON, Runners};
use crate::folder::{Draft, FROZEN};

/// What a graph is made from and measured with.
pub(super) struct Asked<'a> {
    pub(super) choice: GraphChoice,
    pub(super) draft: &'a Draft,
    pub(super) runners: &'a Runners,
    pub(super) options: &'a RecordOptions,
    /// The goldens.
    pub(super) golden: &'a Completed,
}

/// A graph that was written into the draft and is not proved yet.
pub(super) struct Written {
    frozen: Frozen,
    folder: PathBuf,
    spec: RunSpec,
    scratch: Scratch,
    /// Why it is not ONNX, where that was tried first.
    instead_of: Option<String>,
}

/// A graph of something that draws random numbers would draw its own.
pub(super) fn of_chance() -> RecordError {
    RecordError::Undecided {
        what: "a graph of a nondeterministic model, which could not be proved".to_owned(),
        hint: "leave out --freeze".to_owned(),
    }
}

/// What is recorded has no graph to be kept, because it is one or because nothing runs it.
pub(super) fn of_nothing(artifact: &Artifact, options: &RecordOptions) -> Option<RecordError> {
    let (what, hint) = if options.bytes_only {
        ("a graph of a model that is not run: only its bytes are recorded", "leave out --freeze")
    } else if artifact.description.format == Format::Onnx {
        ("a graph to freeze: the artifact is one already", "leave out --freeze")
    } else if options.runner != PYTHON {
        ("a graph of a model that is not run", "name what runs it with --python")
    } else {
        return None;
    };
    Some(RecordError::Undecided { what: what.to_owned(), hint: hint.to_owned() })
}

impl Asked<'_> {
    /// Writes the graph into the draft. What has none is known long before everything is measured that proves one.
    pub(super) fn write(&self, sweep: &Sweep<'_>, progress: &dyn Progress) -> Result<Written, RecordError> {
        progress.begin("freezing the graph", None, Unit::Items);
        let written = match (self.attempt(sweep, self.choice), self.choice) {
            // What ONNX cannot say, the framework's own language may.
            (Err(error @ RecordError::Undecided { .. }), GraphChoice::Auto) => {
                let native = self.attempt(sweep, GraphChoice::Native);
                native.map(|written| Written { instead_of: Some(error.to_string()), ..written })
            }
            (written, _) => written,
        };
        progress.end();
        written
    }

    /// Proves the graph. Where the choice is free and ONNX cannot be proved, the framework's own language is tried.
    pub(super) fn prove(
        &self,
        written: &Written,
        proof: &Proof<'_>,
        sweep: &Sweep<'_>,
        notes: &mut Vec<String>,
        progress: &dyn Progress,
    ) -> Result<Proved, RecordError> {
        progress.begin("proving the graph", None, Unit::Items);
        let mut instead_of = written.instead_of.clone();
        let mut proved = self.proved(written, proof, progress);
        if let Err(error @ (RecordError::Dishonest { .. } | RecordError::Undecided { .. })) = &proved
            && self.choice == GraphChoice::Auto
            && instead_of.is_none()
        {
            instead_of = Some(error.to_string());
            proved = self.proved(&self.attempt(sweep, GraphChoice::Native)?, proof, progress);
        }
        progress.end();
        if let (Ok(_), Some(error)) = (&proved, instead_of) {
            notes.push(format!("the graph is the framework's own, not ONNX: {error}"));
        }
        proved
    }

    fn attempt(&self, sweep: &Sweep<'_>, choice: GraphChoice) -> Result<Written, RecordError> {
        let scratch = Scratch::new().map_err(|source| RecordError::Scratch { source })?;
        let relative = Path::new(FROZEN);
        if self.draft.path().join(relative).exists() {
            self.draft.remove(relative)?;
        }
        let folder = self.draft.folder(relative)?;
        let spec = self.of_cases_with_outputs(sweep.specification());
        let order = FreezeOrder { choice, folder: &folder, scratch: scratch.path() };
        let frozen =
            self.runners.freeze(sweep.runner(), &spec, &order)?.map_err(|status| undecided(&status))?;
        Ok(Written { frozen, folder, spec, scratch, instead_of: None })
    }

    /// The specification of the cases that have an output to be compared with.
    fn of_cases_with_outputs(&self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        spec.cases.retain(|case| self.golden.outputs(&case.name).is_some());
        spec
    }
}

fn undecided(status: &Status) -> RecordError {
    let (what, hint) = explain(status);
    RecordError::Undecided { what: format!("no graph to freeze: {what}"), hint }
}
