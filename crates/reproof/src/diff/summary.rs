//! What changed, in a few sentences.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reproof_contract::diff::{Diff, FactChange, StateDiff, StateStatus, TensorDiff, TensorStatus};

/// Names, facts or kinds that a sentence lists.
const LISTED: usize = 3;

/// The sentences of a document, the most important first.
pub(super) fn sentences(diff: &Diff) -> Vec<String> {
    let compared = diff.tensors.len() as u64;
    if diff.equal {
        let states = match diff.states.len() {
            0 => String::new(),
            1 => ", and so is 1 part of training state".to_owned(),
            many => format!(", and so are {many} parts of training state"),
        };
        return vec![format!("Nothing differs: {} the same{states}.", are(compared, "tensor"))];
    }
    let mut told = Vec::new();
    changed(diff, &mut told);
    roots(diff, &mut told);
    casts(diff, &mut told);
    for (status, what) in [
        (TensorStatus::Transposed, "transposed, with the same values"),
        (TensorStatus::Merged, "made of several"),
        (TensorStatus::Split, "divided into several"),
        (TensorStatus::Shape, "of another shape"),
        (TensorStatus::Dtype, "of another dtype"),
        (TensorStatus::Retied, "shared with another tensor in one of the two only"),
        (TensorStatus::Absent, "without values in one of the two"),
        (TensorStatus::Added, "only in the second"),
        (TensorStatus::Removed, "only in the first"),
    ] {
        let tensors: Vec<&TensorDiff> = diff.with(status).collect();
        if !tensors.is_empty() {
            told.push(format!("{} {what}: {}.", are(tensors.len() as u64, "tensor"), names(&tensors)));
        }
    }
    if diff.same_graph == Some(false) {
        told.push("The graphs differ: see the architecture digests of `reproof digest`.".to_owned());
    }
    told.extend(diff.states.iter().filter_map(state));
    let same = diff.with(TensorStatus::Identical).count() as u64;
    told.push(match same {
        0 if compared == 0 => "Neither has tensors.".to_owned(),
        0 => "No tensor is the same.".to_owned(),
        same if same == compared => format!("{} the same.", are(same, "tensor")),
        1 => format!("1 of {compared} tensors is the same."),
        same => format!("{same} of {compared} tensors are the same."),
    });
    told
}

fn are(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun} is") } else { format!("{count} {noun}s are") }
}

fn names(tensors: &[&TensorDiff]) -> String {
    let listed: Vec<String> = tensors.iter().take(LISTED).map(|tensor| name(tensor)).collect();
    let rest = tensors.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", listed.join(", "))
}

fn name(tensor: &TensorDiff) -> String {
    if tensor.part == crate::artifact::MODEL_PART {
        format!("`{}`", tensor.name)
    } else {
        format!("`{}` of {}", tensor.name, tensor.part)
    }
}

/// Per part, how many values changed, where, and how much at most.
fn changed(diff: &Diff, told: &mut Vec<String>) {
    let mut parts: Vec<&str> = Vec::new();
    // In the order of the document, in which the model comes first.
    for tensor in diff.with(TensorStatus::Changed) {
        if !parts.contains(&tensor.part.as_str()) {
            parts.push(&tensor.part);
        }
    }
    for part in parts {
        let all = diff.tensors.iter().filter(|tensor| tensor.part == part).count();
        let tensors: Vec<&TensorDiff> =
            diff.with(TensorStatus::Changed).filter(|tensor| tensor.part == part).collect();
        told.extend(changed_in(part, &tensors, all));
    }
}

fn changed_in(part: &str, tensors: &[&TensorDiff], all: usize) -> Option<String> {
    let first = tensors.first()?;
    let place = match common(tensors) {
        _ if tensors.len() == 1 => format!(": {}", name(first)),
        _ if tensors.len() == all => String::new(),
        Some(root) if root != part => format!(", all in `{root}`"),
        _ => String::new(),
    };
    let verb = if all == 1 { "tensor" } else { "tensors" };
    let of = if part == crate::artifact::MODEL_PART { String::new() } else { format!(" of `{part}`") };
    let mut sentence = format!("{} of {all} {verb}{of} changed{place}", tensors.len());
    if let Some(values) = first.metrics.as_ref().and_then(|metrics| metrics.values.as_ref()) {
        let where_it_is = if tensors.len() == 1 { String::new() } else { format!(" in {}", name(first)) };
        if values.special_mismatches > 0 {
            let count = values.special_mismatches;
            let _ = write!(sentence, "; NaN or infinity against a number at {count} positions{where_it_is}");
        } else {
            let _ = write!(sentence, "; largest relative L2 distance {}{where_it_is}", values.relative_l2);
        }
    } else {
        let (count, all) = tensors
            .iter()
            .filter_map(|tensor| tensor.metrics.as_ref())
            .fold((0, 0), |sum, one| (sum.0 + one.differing, sum.1 + one.elements));
        let _ = write!(sentence, "; bits of {count} of their {all} elements differ");
    }
    Some(format!("{sentence}."))
}

/// The dotted beginning that all names share, of tensors of one part.
fn common(tensors: &[&TensorDiff]) -> Option<String> {
    let (first, others) = tensors.split_first()?;
    if others.iter().any(|other| other.part != first.part) {
        return None;
    }
    let names: Vec<&str> = first.name.split('.').collect();
    let shared = others.iter().fold(names.len().saturating_sub(1), |shared, other| {
        names.iter().zip(other.name.split('.')).take(shared).take_while(|(a, b)| **a == *b).count()
    });
    let root = names[..shared].join(".");
    let part = first.part.as_str();
    match (root.is_empty(), part == crate::artifact::MODEL_PART) {
        (true, true) => None,
        (true, false) => Some(part.to_owned()),
        (false, _) => Some(root),
    }
}

fn roots(diff: &Diff, told: &mut Vec<String>) {
    for root in &diff.roots {
        let shown = |root: &str| if root.is_empty() { "nothing".to_owned() } else { format!("`{root}`") };
        let count = if root.tensors == 1 { "1 name".to_owned() } else { format!("{} names", root.tensors) };
        let verb = if root.tensors == 1 { "begins" } else { "begin" };
        told.push(format!("{count} {verb} with {} instead of {}.", shown(&root.to), shown(&root.from)));
    }
    let by_root: u64 = diff.roots.iter().map(|root| root.tensors).sum();
    let renamed: Vec<&TensorDiff> =
        diff.with(TensorStatus::Renamed).filter(|tensor| !by_a_root(diff, tensor)).collect();
    if !renamed.is_empty() {
        let pairs: Vec<String> = renamed
            .iter()
            .take(LISTED)
            .map(|tensor| {
                format!("{} is `{}`", name(tensor), tensor.name_in_b.as_deref().unwrap_or_default())
            })
            .collect();
        let rest = renamed.len().saturating_sub(LISTED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        told.push(format!("{} renamed: {}{more}.", are(renamed.len() as u64, "tensor"), pairs.join(", ")));
    }
    let kept = diff.with(TensorStatus::Renamed).filter(|tensor| by_a_root(diff, tensor)).count() as u64;
    if by_root > 0 && kept == by_root {
        told.push("Values under the new names are the old ones.".to_owned());
    }
}

fn by_a_root(diff: &Diff, tensor: &TensorDiff) -> bool {
    let Some(other) = &tensor.name_in_b else { return false };
    diff.roots.iter().any(|root| {
        let rest = (tensor.name.strip_prefix(&root.from), other.strip_prefix(&root.to));
        root.part == tensor.part && matches!(rest, (Some(a), Some(b)) if a == b)
    })
}

fn casts(diff: &Diff, told: &mut Vec<String>) {
    let mut kinds: BTreeMap<(&str, &str, bool), Vec<&TensorDiff>> = BTreeMap::new();
    for tensor in diff.with(TensorStatus::Cast) {
        let to = tensor.dtype_in_b.unwrap_or(tensor.dtype).name();
        kinds.entry((tensor.dtype.name(), to, tensor.exact == Some(true))).or_default().push(tensor);
    }
    for ((from, to, exact), tensors) in kinds {
        let how = if exact { "exactly" } else { "and changed" };
        let listed =
            if exact && tensors.len() > LISTED { String::new() } else { format!(": {}", names(&tensors)) };
        told.push(format!("{} cast from {from} to {to} {how}{listed}.", are(tensors.len() as u64, "tensor")));
    }
}

/// What became of a part of training state.
fn state(state: &StateDiff) -> Option<String> {
    let part = &state.part;
    match state.status {
        StateStatus::Identical => None,
        StateStatus::Added => Some(format!("`{part}` is new.")),
        StateStatus::Removed => Some(format!("`{part}` is gone.")),
        StateStatus::Changed => {
            let mut changes = Vec::new();
            if state.kind != state.kind_in_b {
                let shown = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "unknown".to_owned());
                changes.push(format!("{} -> {}", shown(&state.kind), shown(&state.kind_in_b)));
            }
            changes.extend(state.changes.iter().take(LISTED).map(fact));
            let rest = state.changes.len().saturating_sub(LISTED);
            let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            Some(format!("`{part}`: {}{more}.", changes.join(", ")))
        }
    }
}

fn fact(change: &FactChange) -> String {
    let shown = |value: &Option<serde_json::Value>| match value {
        None => "nothing".to_owned(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let cut = |text: String| {
        if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text }
    };
    format!("{} {} -> {}", change.fact, cut(shown(&change.a)), cut(shown(&change.b)))
}
