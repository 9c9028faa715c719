//! State and settings of the optimizer.

use std::collections::BTreeSet;

use reproof_contract::report::ResumeFinding;
use reproof_contract::trajectory::{Fact, Stream};

use super::{Evidence, Sides, confirmed, list, rounding};
use crate::resume::distance::same;

/// What one parameter's state is stored under, and the settings of a group.
const STATE: &str = "state.";

pub(super) fn cause(evidence: &Evidence<'_>) -> Option<ResumeFinding> {
    let sides = evidence.begin(Stream::Optimizer)?;
    let changed = sides.differing();
    if changed.is_empty() {
        return None;
    }
    let count = format!("{} of {} facts differ: {}", changed.len(), sides.expected.len(), list(&changed));
    let found = |cause, statement: String| Some(confirmed(evidence, cause, statement, vec![count.clone()]));
    let states: Vec<&String> = changed.iter().copied().filter(|name| is_state(name)).collect();
    if states.is_empty() {
        let keys: BTreeSet<&str> = changed.iter().map(|name| last(name)).collect();
        let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
        return found(
            "optimizer.groups",
            format!("settings of the optimizer are not the saved ones: {keys}"),
        );
    }
    let has_state = |side: &std::collections::BTreeMap<String, Fact>| side.keys().any(|name| is_state(name));
    if !has_state(sides.actual) {
        return found("optimizer.missing", "the optimizer began without its state".to_owned());
    }
    if swapped(sides, &states) {
        let statement = "states of the optimizer belong to other parameters of the same shape".to_owned();
        return found("optimizer.order", statement);
    }
    let pairs = states.iter().filter_map(|name| Some((sides.expected.get(*name)?, sides.actual.get(*name)?)));
    if let Some(smaller) = rounding::through(&pairs) {
        return found("optimizer.precision", format!("states of the optimizer went through {smaller}"));
    }
    let keys: BTreeSet<&str> = states.iter().map(|name| last(name)).collect();
    let (cause, what) = match keys.iter().copied().collect::<Vec<_>>().as_slice() {
        ["exp_avg"] => ("optimizer.first-moment", "first moments".to_owned()),
        ["exp_avg_sq"] => ("optimizer.second-moment", "second moments".to_owned()),
        ["momentum_buffer"] => ("optimizer.momentum", "momentum".to_owned()),
        ["step"] => ("optimizer.step", "numbers of steps".to_owned()),
        many => ("optimizer.state", many.join(", ")),
    };
    found(cause, format!("the optimizer's {what} are not the saved ones"))
}

/// Whether every changed tensor is that of another parameter.
fn swapped(sides: Sides<'_>, states: &[&String]) -> bool {
    let tensors: Vec<&&String> = states
        .iter()
        .filter(|name| matches!(sides.expected.get(**name), Some(Fact::Tensor { .. })))
        .collect();
    !tensors.is_empty()
        && tensors.iter().all(|name| {
            let Some(actual) = sides.actual.get(**name) else { return false };
            sides.expected.iter().any(|(other, fact)| {
                other != **name && last(other) == last(name) && !is_zero(fact) && same(fact, actual)
            })
        })
}

/// Whether nothing but zeros is known of a tensor: fresh states look alike.
fn is_zero(fact: &Fact) -> bool {
    matches!(fact, Fact::Tensor { samples, .. } if samples.iter().all(|sample| sample.0 == 0.0))
}

/// Whether a name is that of state; of several optimizers each has its number before it.
fn is_state(name: &str) -> bool {
    name.trim_start_matches(|digit: char| digit.is_ascii_digit()).trim_start_matches('.').starts_with(STATE)
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
