//! The answer: which causes stand, how sure, and what would tell more.

use reproof_contract::Verdict;
use reproof_contract::diagnosis::{Cause, Experiment, Finding, Start};
use reproof_contract::report::Confidence;

use super::evidence::{self, packages};
use super::{Case, Found};

/// What is said in the end.
pub(super) struct Conclusion {
    pub(super) summary: String,
    pub(super) causes: Vec<Cause>,
    pub(super) unresolved: Option<String>,
    pub(super) experiments: Vec<Experiment>,
    pub(super) start: Option<Start>,
}

/// Causes that say no more than that something is other than recorded: a confirmed one that says what is enough.
const GENERAL: [&str; 5] =
    ["code.changed", "files.changed", "architecture.changed", "weights.changed", "load.failed"];

/// Where a change was seen: no second cause where it is known what the change does.
const PLACES: [&str; 3] = ["code.changed", "files.changed", "architecture.changed"];

/// That a loader made other tensors of the same file.
const LOADED: &str = "weights.loaded";

/// Names that are listed in a sentence.
const LISTED: usize = 6;

/// Names in a sentence, of many the first.
pub(super) fn listed(names: &[&str]) -> String {
    let shown = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Sorts what was found and says it in a sentence.
pub(super) fn conclude(case: &Case<'_>, found: Found) -> Conclusion {
    let Found { mut causes, experiments, left_out, start, .. } = found;
    let is_exact =
        |cause: &Cause| cause.confidence == Confidence::Confirmed && !GENERAL.contains(&cause.id.as_str());
    if causes.iter().any(is_exact) {
        // Other tensors say enough, unless it is known which parameter of an estimator they are.
        let more = causes.iter().any(|cause| is_exact(cause) && cause.id != LOADED);
        let is_place = |cause: &Cause| PLACES.contains(&cause.id.as_str()) || (more && cause.id == LOADED);
        let (places, mut kept): (Vec<Cause>, Vec<Cause>) = causes.into_iter().partition(is_place);
        if let Some(exact) = kept.iter_mut().find(|cause| is_exact(cause)) {
            for place in places {
                exact.evidence.push(place.statement);
                exact.evidence.extend(place.evidence);
            }
        }
        causes = kept;
    }
    // Guesses that experiments made on the way are nothing beside a proof.
    if causes.iter().any(is_exact) {
        causes.retain(|cause| cause.confidence == Confidence::Confirmed);
    }
    causes.sort_by_key(|cause| {
        let general = GENERAL.contains(&cause.id.as_str());
        // A package says more than the stage that it computes.
        (cause.confidence != Confidence::Confirmed, general, cause.id != "package")
    });
    if let Some(operators) = evidence::operators(case) {
        for cause in causes.iter_mut().filter(|cause| cause.id.starts_with("kernels.")) {
            cause.evidence.push(operators.clone());
        }
    }
    let unresolved = unresolved(case, &causes, &experiments, left_out);
    Conclusion { summary: summary(case, &causes, start.as_ref()), causes, unresolved, experiments, start }
}

fn summary(case: &Case<'_>, causes: &[Cause], start: Option<&Start>) -> String {
    if case.report.verdict == Verdict::Identical {
        return "nothing differs: every output is the recorded one, to the bit".to_owned();
    }
    let Some(first) = causes.first() else {
        let narrowed =
            packages(case).map_or_else(String::new, |packages| format!("; what is left: {packages}"));
        let at = start.map_or_else(String::new, |start| {
            format!("; it starts at {} ({})", start.step.name, start.step.kind)
        });
        return format!("unresolved: {}{at}{narrowed}", case.report.summary);
    };
    let sure = match first.confidence {
        Confidence::Confirmed => "",
        Confidence::Likely => "likely: ",
    };
    let more = match causes.len() {
        1 => String::new(),
        2 => "; and one more cause".to_owned(),
        several => format!("; and {} more causes", several - 1),
    };
    format!("{sure}{}{more}", first.statement)
}

fn unresolved(
    case: &Case<'_>,
    causes: &[Cause],
    experiments: &[Experiment],
    left_out: usize,
) -> Option<String> {
    let confirmed = causes.iter().any(|cause| cause.confidence == Confidence::Confirmed);
    if confirmed || case.report.verdict == Verdict::Identical {
        return None;
    }
    let mut told = Vec::new();
    if left_out > 0 {
        let how = if case.options.log.is_some() {
            "say it once more to go on from here, or give more with --budget"
        } else {
            "give more with --budget"
        };
        told.push(format!("{left_out} experiments were left out for want of time: {how}"));
    }
    told.extend(evidence::operators(case));
    if packages(case).is_some() {
        told.push("run it in the recorded environment: reproof verify PATH --env recorded".to_owned());
    }
    if experiments.is_empty() {
        told.push("no outputs could be compared: verify says why, and what to do".to_owned());
    } else if experiments.iter().all(|experiment| experiment.finding == Finding::Failed) {
        told.push("give the recorded artifact beside this one to reproof diff".to_owned());
    }
    if told.is_empty() {
        told.push("no setting or alteration that is known gives the recorded bits: compare code and artifact with the recorded \
                   ones"
            .to_owned());
    }
    Some(told.join("; "))
}

/// The sentence of a cause that an experiment showed.
pub(super) fn statement(cause: &str, change: &str) -> String {
    let what = match cause {
        "constant.epsilon" => "a constant of a normalisation is another",
        "constant.parameter" => "a parameter of an estimator is another",
        "code.step" => "a step of the pipeline takes part in another way",
        "code.formula" => "the library computes a step by another formula",
        "outputs.order" => "classes are in another order",
        "inputs.missing" => "missing values are treated in another way",
        "code.activation" => "an activation is another function",
        "mode.training" => "a part of the model is in another mode of training or use",
        "code.mask" => "the attention mask is treated in another way",
        "code.attention" => "attention is computed in another way",
        "inputs.scale" => "inputs are scaled in another way",
        "inputs.order" => "inputs are arranged in another way",
        "precision.inputs" => "inputs have another precision",
        "precision.weights" => "weights have another precision",
        "precision.compute" => "the model computes in another precision",
        "precision.matmul" => "products of matrices have another precision",
        "kernels.threads" => "sums run over another number of threads",
        "kernels.instructions" => "numeric libraries use other instructions",
        "kernels.backend" => "operators run in another library",
        "kernels.attention" => "attention runs in another kernel",
        "kernels.compiled" => "the model is compiled in another way",
        "kernels.layout" => "tensors lie in memory in another order",
        "kernels.batch" => "samples are computed in batches of another size",
        "kernels.deterministic" => "operators add up in another order",
        "engine.optimisation" => "the engine optimises the graph in another way",
        _ => "something that takes part is another",
    };
    format!("{what} ({change} undoes it)")
}
