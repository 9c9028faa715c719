//! How outputs will be judged: decisions found from their shape, tolerances from the user.

use std::collections::BTreeMap;

use reproof_contract::contract::{Decision, OutputRule};
use reproof_tensor::Leaf;

use super::{Completed, RecordOptions};
use crate::cases::Case;
use crate::judge::leaves;

/// Ranks of outputs whose last axis is taken for scores: one vector, a batch of them, a batch of sequences of them.
/// Pictures and feature maps have more.
const SCORE_RANKS: std::ops::RangeInclusive<usize> = 1..=3;

/// The rules of every output: what it decides, unless the user says otherwise, and the user's tolerances.
pub(super) fn decisions(kept: &[&Case], first: &Completed, options: &RecordOptions) -> BTreeMap<String, OutputRule> {
    let mut rules = tolerances(options);
    let outputs = kept.iter().filter_map(|case| first.outputs(&case.name));
    for (path, leaf) in outputs.flat_map(leaves) {
        let Leaf::Tensor(tensor) = leaf else { continue };
        let scores = tensor.dtype().is_float()
            && SCORE_RANKS.contains(&tensor.shape().len())
            && tensor.shape().last().is_some_and(|width| *width >= 2);
        let told = options.rules.get(&path).and_then(|rule| rule.decision);
        let decision = told.unwrap_or(scores.then_some(Decision { top: 1 }));
        rules.entry(path).or_default().decision = decision;
    }
    rules
}

/// The user's tolerances alone.
pub(super) fn tolerances(options: &RecordOptions) -> BTreeMap<String, OutputRule> {
    let told = options.rules.iter();
    let rule = |rule: &super::UserRule| OutputRule { tolerance: rule.tolerance.clone(), ..OutputRule::default() };
    told.map(|(path, user)| (path.clone(), rule(user))).collect()
}
