//! How outputs will be judged: decisions found from their shape, tolerances from the user.

use std::collections::BTreeMap;

use reproof_contract::CaseClass;
use reproof_contract::contract::{CaseOrigin, Decision, Golden, OutputRule};
use reproof_tensor::Leaf;
use reproof_tensor::compare::{decisions as decide, root_mean_square};

use super::{Completed, RecordOptions};
use crate::cases::Case;
use crate::judge::leaves;

/// Ranks of outputs whose last axis is taken for scores: one vector, a batch of them, a batch of sequences of them.
/// Pictures and feature maps have more.
const SCORE_RANKS: std::ops::RangeInclusive<usize> = 1..=3;

/// The rules of every output: what it decides, unless the user says otherwise, and the user's tolerances.
pub(super) fn decisions(
    kept: &[&Case],
    first: &Completed,
    options: &RecordOptions,
) -> BTreeMap<String, OutputRule> {
    let mut rules = tolerances(options);
    let outputs = kept.iter().filter_map(|case| first.outputs(&case.name));
    for (path, leaf) in outputs.flat_map(leaves) {
        let Leaf::Tensor(tensor) = leaf else { continue };
        let scores = tensor.dtype().is_float()
            && SCORE_RANKS.contains(&tensor.shape().len())
            && tensor.shape().last().is_some_and(|width| *width >= 2);
        let told = options.rules.get(&path).and_then(|rule| rule.top);
        let top = told.unwrap_or(u32::from(scores));
        let decision = (top > 0).then_some(Decision { top });
        rules.entry(path).or_default().decision = decision;
    }
    rules
}

/// Two scores closer than this many rounding steps of the output's root mean square are a tie: engines differ by about
/// as much (facts measured on real models: 10 to 100 steps).
const TIE: f64 = 256.0;

/// Marks the outputs of synthetic boundary and corner inputs whose decisions are ties; those of typical inputs are only
/// told to the user, because there a flipped decision is never harmless.
pub(super) fn mark_ties(
    goldens: &mut [Golden],
    rules: &BTreeMap<String, OutputRule>,
    kept: &[&Case],
    first: &Completed,
    notes: &mut Vec<String>,
) {
    for golden in goldens {
        let Some(case) = kept.iter().find(|case| case.name == golden.case) else { continue };
        let Some(outputs) = first.outputs(&case.name) else { continue };
        for (path, leaf) in leaves(outputs) {
            let (Leaf::Tensor(tensor), Some(decision)) =
                (leaf, rules.get(&path).and_then(|rule| rule.decision))
            else {
                continue;
            };
            let view = tensor.view();
            let (Some(decided), Some(rms)) =
                (decide(view, view, decision.top as usize), root_mean_square(view))
            else {
                continue;
            };
            if decided.smallest_margin > TIE * tensor.dtype().epsilon().unwrap_or(0.0) * rms {
                continue;
            }
            if case.class == CaseClass::Typical || case.origin != CaseOrigin::Proposed {
                notes.push(format!(
                    "case {}: two scores of {path} lie within rounding of each other; another machine may decide otherwise",
                    case.name
                ));
            } else {
                golden.ties.push(path);
            }
        }
    }
}

/// The user's tolerances alone.
pub(super) fn tolerances(options: &RecordOptions) -> BTreeMap<String, OutputRule> {
    let told = options.rules.iter();
    let rule =
        |rule: &super::UserRule| OutputRule { tolerance: rule.tolerance.clone(), ..OutputRule::default() };
    told.map(|(path, user)| (path.clone(), rule(user))).collect()
}
