//! What is not as it was recorded, although it is the same model: its format, the names of its outputs, the code beside it.

use std::path::PathBuf;

use reproof_contract::contract::{FrozenRecord, GraphForm};
use reproof_contract::report::{Check, CheckStatus};
use reproof_contract::signature::Source;
use reproof_contract::{Relation, Verdict};
use reproof_formats::Format;

use super::Subject;
use super::checks::{Details as _, check};
use super::execute::Execution;
use super::load::Load;
use crate::execution::{PYTHON, REFEREE};
use crate::judge::Values;

/// What adapters of Python call the only thing that a model gives, because it has no name of its own.
const NAMELESS: &str = "output";

/// The adapter of Python that runs what the built-in engine runs too.
const ONNX_IN_PYTHON: &str = "onnxruntime";

/// The runner that reruns the current definition in float64: by what the artifact is now, whatever made the recorded
/// referee.
pub(super) fn referee<'a>(subject: &'a Subject<'_>, execution: &Execution) -> Option<&'a str> {
    let settings = execution.environment.as_ref().map(|environment| &environment.settings);
    let adapter = settings.and_then(|settings| settings.get("adapter")).map(String::as_str);
    let of_python = execution.runner == PYTHON && adapter != Some(ONNX_IN_PYTHON);
    subject.runners.referee(if of_python { PYTHON } else { REFEREE })
}

/// The contract's own graph, if that is the artifact: it computed the goldens when it was written, and that it is still the
/// same is checked with the other files of the contract.
pub(super) fn own_graph<'a>(subject: &Subject<'a>) -> Option<&'a FrozenRecord> {
    let stored = subject.stored;
    let frozen = stored.contract.frozen.as_ref()?;
    let path = stored.folder.join(&frozen.path).canonicalize().ok()?;
    (subject.path.canonicalize().ok()? == path).then_some(frozen)
}

/// The contract's graph, where it stands for the artifact: the built-in engine runs ONNX alone, and over the recorded bytes
/// the graph is proved to compute what they do. Else what keeps that engine from running the artifact, and what helps.
pub(super) fn stand_in(
    subject: &Subject<'_>,
    load: &Load,
    runner: &str,
) -> Option<Result<PathBuf, (String, String)>> {
    let contract = &subject.stored.contract;
    let format = &contract.artifact.format;
    let is_other = subject.relation == Relation::Same && format != Format::Onnx.as_str();
    if runner != REFEREE || !is_other {
        return None;
    }
    let graph = contract.frozen.as_ref().filter(|frozen| frozen.form == GraphForm::Onnx);
    let help = match graph {
        Some(graph) if load.untouched => return Some(Ok(subject.stored.folder.join(&graph.path))),
        Some(_) => "restore the artifact: the contract's graph is that of the recorded bytes alone",
        None => {
            "verify with the runner that recorded it, or record it with --freeze, so that its graph is in the contract"
        }
    };
    let what = format!("the built-in engine runs ONNX graphs, and the artifact is of the format {format}");
    Some(Err((what, help.to_owned())))
}

/// Says which files beside the weights have another part in the computation than they had; judged are the outputs.
pub(super) fn code_check(subject: &Subject<'_>, now: &[Source]) -> Option<Check> {
    let recorded = &subject.stored.contract.context.sources;
    if subject.relation != Relation::Same || recorded.is_empty() || now.is_empty() {
        return None;
    }
    let told = |source: &Source| {
        let digest: String = source.sha256.chars().take(12).collect();
        format!("{} {} ({digest})", source.role, source.file)
    };
    let listed = |these: &[Source], those: &[Source]| -> Vec<String> {
        these.iter().filter(|source| !those.contains(source)).map(told).collect()
    };
    let (then, now) = (listed(recorded, now), listed(now, recorded));
    let line = check(
        "execute.sources",
        "code and files beside the weights are not the recorded ones",
        Verdict::Identical,
    );
    let words = |list: Vec<String>| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    (then != now).then(|| line.expected(words(then)).actual(words(now)).status(CheckStatus::Warn))
}

/// The outputs with the recorded name, where a converted model gives one thing and one side has no name for it.
pub(crate) fn named(golden: &Values, mut produced: Values, relation: Relation) -> Values {
    if relation == Relation::Converted
        && let ([(expected, _)], [(actual, _)]) = (golden.as_slice(), produced.as_mut_slice())
        && (expected == NAMELESS || actual == NAMELESS)
    {
        actual.clone_from(expected);
    }
    produced
}
