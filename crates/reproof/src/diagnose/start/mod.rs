//! Where a difference starts: the steps of the recorded run against those of this one, by what they took and gave.
//!
//! A contract keeps digests of every step, so that no values are stored and one step at a time is in memory. A step begins
//! a difference if all that it took occurs in the recorded run, something that it gave does not, and that leads to an
//! output. Names are not needed for that: other code can name and number its steps in another way.

mod heat;
mod runs;
mod stages;

use std::collections::HashSet;

use reproof_contract::Name;
use reproof_contract::diagnosis::{Cause, Start};
use reproof_contract::report::Confidence;
use reproof_contract::run::CaseOutcome;
use reproof_contract::taps::{Step, Taps};
use reproof_runner::step_digest;

use self::runs::{Runs, is_part};
use super::Case;
use super::bench::Bench;
use super::evidence::surroundings_differ;
use crate::folder::{golden_folder, steps};
use crate::judge::table;

pub(super) use self::heat::heat;

/// Other beginnings that are told.
const OTHERS: usize = 8;

/// The case whose steps are compared, one that differs if there is such, with its recorded steps.
pub(super) fn recorded(case: &Case<'_>, bench: &Bench<'_>) -> Option<(Name, Taps)> {
    let class = case.execution?.class();
    let mut suite: Vec<&Name> = case.stored.contract.suite.iter().map(|record| &record.name).collect();
    suite.sort_by_key(|name| bench.differing.iter().all(|differing| differing.name != **name));
    let steps = |name: &Name| steps(&case.stored.values.join(golden_folder(&class, name)));
    suite.into_iter().find_map(|name| Some((name.clone(), steps(name)?)))
}

/// Where a run begins to differ, with the recorded step in that place.
#[derive(Debug, PartialEq)]
pub(super) struct Begun {
    pub(super) start: Start,
    counterpart: Option<Step>,
    /// How often steps of either name ended in either run.
    calls: u64,
}

/// Where a run of a case begins to differ.
pub(super) fn find(recorded: &(Name, Taps), outcome: &CaseOutcome) -> Option<Begun> {
    let current = outcome.taps.as_deref().and_then(steps)?;
    let outputs = outcome.outputs.first().and_then(|folder| table::read(folder, "outputs").ok());
    let outputs = outputs.iter().flatten().flat_map(|(_, value)| value.tensors()).map(step_digest);
    compare(recorded.0.as_str(), &recorded.1, &current, &outputs.collect())
}

/// An operator that the recorded run did not have, where libraries, settings and machine, which choose operators too, are the
/// recorded ones: then it was the code that chose another.
pub(super) fn cause(case: &Case<'_>, start: &Start) -> Option<Cause> {
    if !(start.new || start.recorded.is_some()) || surroundings_differ(case) {
        return None;
    }
    let kind = &start.step.kind;
    let (statement, fix) = match &start.recorded {
        Some(recorded) => {
            (format!("{kind} runs where {recorded} ran"), format!("use {recorded} there again"))
        }
        None => {
            (format!("{kind} runs where the recorded run had no such step"), format!("take {kind} out again"))
        }
    };
    let inside = start.inside.first().map_or_else(String::new, |inside| format!(" in {inside}"));
    Some(Cause {
        id: "code.operator".to_owned(),
        confidence: Confidence::Confirmed,
        statement,
        evidence: vec![
            format!(
                "it is the first of {} steps that differ, at {}{inside}",
                start.differing, start.step.name
            ),
            "what it took is what was recorded, to the bit".to_owned(),
        ],
        fix,
    })
}

/// Where the run of a case begins to differ from the recorded one; nothing where no step of it leads to other outputs.
/// `outputs` are the digests of what the run gave in the end.
fn compare(case: &str, recorded: &Taps, current: &Taps, outputs: &HashSet<String>) -> Option<Begun> {
    let runs = Runs::new(&recorded.steps, &current.steps);
    if !outputs.is_empty() && outputs.iter().all(|digest| runs.known.contains(digest.as_str())) {
        return None;
    }
    let leading = runs.leading(outputs);
    let begins = |place: &usize| {
        let step = &runs.current[*place];
        runs.differs(step) && step.inputs.iter().all(|digest| runs.known.contains(digest.as_str()))
    };
    let (leads, others): (Vec<usize>, Vec<usize>) =
        (0..runs.current.len()).filter(begins).partition(|place| leading.contains(place));
    // Where a framework hides what is between its steps, nothing is known of where they lead.
    let beginnings = if leads.is_empty() { others } else { leads };
    // Some engines count weights among what a node takes: then a changed one comes from no step.
    let from_outside = |place: &usize| {
        let mut taken = runs.current[*place].inputs.iter().map(String::as_str);
        leading.contains(place)
            && runs.counterpart(&runs.current[*place]).is_some()
            && taken.all(|digest| runs.known.contains(digest) || !runs.givers.contains_key(digest))
    };
    let beginnings = if beginnings.is_empty() {
        (0..runs.current.len()).filter(from_outside).collect()
    } else {
        beginnings
    };
    let first = *beginnings.first()?;
    let (inside, counterpart) = (runs.around(first), runs.counterpart(&runs.current[first]));
    let mut others: Vec<&Step> = Vec::new();
    for place in &beginnings[1..] {
        let step = &runs.current[*place];
        let around = |inner: &Step| is_part(&inner.name, &step.name);
        if !around(&runs.current[first]) && !others.iter().any(|other| around(other)) {
            others.push(step);
        }
    }
    others.truncate(OTHERS);
    let start = Start {
        case: case.to_owned(),
        step: runs.place(&runs.current[first]),
        new: counterpart.is_none(),
        recorded: counterpart
            .filter(|step| step.kind != runs.current[first].kind)
            .map(|step| step.kind.clone()),
        inside,
        path: runs.path(first, outputs).into_iter().map(|place| runs.place(&runs.current[place])).collect(),
        others: others.into_iter().map(|step| runs.place(step)).collect(),
        differing: runs.current.iter().filter(|step| runs.differs(step)).count() as u64,
        steps: runs.current.len() as u64,
        profile: runs.profile(),
        stages: stages::stages(&runs, outputs),
        heatmap: None,
    };
    let of = |steps: &[Step], name: &str| steps.iter().filter(|step| step.name == name).count() as u64;
    let calls = of(&current.steps, &start.step.name)
        .max(counterpart.map_or(0, |counterpart| of(&recorded.steps, &counterpart.name)));
    Some(Begun { start, counterpart: counterpart.cloned(), calls })
}

#[cfg(test)]
mod tests {
    use reproof_contract::Real;
    use reproof_contract::taps::Tapped;
    use reproof_tensor::DType;

    use super::*;

    fn step(name: &str, kind: &str, inputs: &[&str], output: &str, value: f64) -> Step {
        let tapped = Tapped {
            path: String::new(),
            dtype: DType::F32,
            shape: vec![2],
            digest: output.to_owned(),
            samples: vec![Real(1.0), Real(value)],
        };
        let inputs = inputs.iter().map(|input| (*input).to_owned()).collect();
        Step { name: name.to_owned(), call: 0, kind: kind.to_owned(), inputs, outputs: vec![tapped] }
    }

    fn begins(recorded: Vec<Step>, current: Vec<Step>, output: &str) -> Option<Start> {
        let taps = |steps| Taps { disturbed: false, steps };
        let found = compare("case", &taps(recorded), &taps(current), &HashSet::from([output.to_owned()]));
        found.map(|begun| begun.start)
    }

    fn recorded() -> Vec<Step> {
        vec![
            step("a:norm", "norm", &["x"], "n", 1.0),
            step("a", "Block", &["x"], "n", 1.0),
            step("b:gelu", "gelu", &["n"], "g", 1.0),
            step("head", "mm", &["g"], "y", 1.0),
        ]
    }

    #[test]
    fn the_same_run_begins_nowhere() {
        assert_eq!(begins(recorded(), recorded(), "y"), None);
    }

    #[test]
    fn a_constant_begins_in_the_innermost_step_and_leads_to_the_output() {
        let current = vec![
            step("a:norm", "norm", &["x"], "n2", 2.0),
            step("a", "Block", &["x"], "n2", 2.0),
            step("b:gelu", "gelu", &["n2"], "g2", 1.0),
            step("head", "mm", &["g2"], "y2", 1.0),
        ];
        let start = begins(recorded(), current, "y2").unwrap();
        assert_eq!((start.step.name.as_str(), start.inside.as_slice()), ("a:norm", &["a".to_owned()][..]));
        assert!(!start.new && start.recorded.is_none() && start.others.is_empty());
        assert_eq!(
            start.path.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(),
            ["b:gelu", "head"]
        );
        assert_eq!(start.step.distance, Some(Real(std::f64::consts::FRAC_1_SQRT_2)));
        assert_eq!((start.differing, start.steps), (4, 4));
    }

    /// A module of another name that computes with another constant is the same operator.
    #[test]
    fn a_renamed_step_is_not_a_new_operator() {
        let mut current = recorded();
        current[2] = step("c:gelu", "gelu", &["n"], "g2", 1.0);
        current[3] = step("head", "mm", &["g2"], "y2", 1.0);
        let start = begins(recorded(), current.clone(), "y2").unwrap();
        assert_eq!((start.step.name.as_str(), start.new, start.recorded), ("c:gelu", false, None));
        current[2].kind = "relu".to_owned();
        let start = begins(recorded(), current, "y2").unwrap();
        assert_eq!((start.new, start.recorded.as_deref()), (false, Some("gelu")));
    }

    #[test]
    fn an_operator_in_between_is_new_and_one_that_leads_nowhere_is_none() {
        let mut current = recorded();
        current.insert(0, step("log", "log", &["x"], "unused", 1.0));
        assert_eq!(begins(recorded(), current.clone(), "y"), None, "no output differs");
        current.insert(4, step("sin", "sin", &["g"], "s", 1.0));
        current[5] = step("head", "mm", &["s"], "y2", 1.0);
        let start = begins(recorded(), current, "y2").unwrap();
        assert_eq!((start.step.name.as_str(), start.new), ("sin", true));
    }

    #[test]
    fn branches_have_beginnings_of_their_own() {
        let branches = |left: &str, right: &str, output: &str| {
            vec![
                step("left", "mm", &["x"], left, 1.0),
                step("right", "mm", &["x"], right, 1.0),
                step("sum", "add", &[left, right], output, 1.0),
            ]
        };
        let start = begins(branches("l", "r", "y"), branches("l2", "r2", "y2"), "y2").unwrap();
        assert_eq!(start.step.name, "left");
        assert_eq!(start.others.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(), ["right"]);
    }

    /// Engines that count weights among what a node takes.
    #[test]
    fn a_changed_weight_comes_from_no_step() {
        let run = |weight: &str, output: &str| vec![step("mm", "MatMul", &["x", weight], output, 1.0)];
        let start = begins(run("w", "y"), run("w2", "y2"), "y2").unwrap();
        assert_eq!((start.step.name.as_str(), start.new), ("mm", false));
    }
}
