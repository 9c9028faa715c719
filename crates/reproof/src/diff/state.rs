//! Training state of two checkpoints, fact by fact.

use std::collections::BTreeSet;

use reproof_contract::diff::{FactChange, StateDiff, StateStatus};
use reproof_formats::{Description, PartDescription};
use serde_json::Value;

/// The part that stands for the program that wrote a checkpoint.
const TRAINER: &str = "trainer";

/// Compares the parts of two checkpoints, or the one that is asked for.
pub(super) fn compare(a: &Description, b: &Description, wanted: Option<&str>) -> Vec<StateDiff> {
    let mut names: Vec<&str> = Vec::new();
    for part in a.state.parts.iter().chain(&b.state.parts) {
        if !names.contains(&part.name.as_str()) {
            names.push(&part.name);
        }
    }
    let find = |description: &'_ Description, name: &str| {
        description.state.parts.iter().find(|part| part.name == name).cloned()
    };
    let wanted = |name: &&str| wanted.is_none_or(|wanted| wanted == *name);
    let compared =
        names.into_iter().filter(wanted).filter_map(|name| part(name, find(a, name), find(b, name)));
    compared.chain(trainers(a, b).filter(|_| wanted(&TRAINER))).collect()
}

/// Whether nothing of a part changed.
pub(super) fn is_same(state: &StateDiff) -> bool {
    state.status == StateStatus::Identical
}

/// One part; nothing where there is nothing to say beside its tensors, which are compared by themselves.
fn part(name: &str, a: Option<PartDescription>, b: Option<PartDescription>) -> Option<StateDiff> {
    let says_something = |part: &Option<PartDescription>| {
        part.as_ref().is_some_and(|part| part.kind.is_some() || !part.facts.is_empty())
    };
    let status = match (&a, &b) {
        _ if !says_something(&a) && !says_something(&b) => return None,
        (Some(_), None) => StateStatus::Removed,
        (None, Some(_)) => StateStatus::Added,
        _ => StateStatus::Identical,
    };
    let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
    let mut diff = StateDiff {
        part: name.to_owned(),
        status,
        kind: a.kind.clone(),
        kind_in_b: b.kind.clone(),
        same: 0,
        changes: Vec::new(),
    };
    if status != StateStatus::Identical {
        return Some(diff);
    }
    let facts: BTreeSet<&String> = a.facts.keys().chain(b.facts.keys()).collect();
    for fact in facts {
        let (was, is) = (a.facts.get(fact), b.facts.get(fact));
        if was == is {
            diff.same += 1;
        } else {
            diff.changes.push(FactChange { fact: fact.clone(), a: was.cloned(), b: is.cloned() });
        }
    }
    diff.changes.sort_by(|a, b| order(&a.fact).cmp(&order(&b.fact)));
    if !diff.changes.is_empty() || diff.kind != diff.kind_in_b {
        diff.status = StateStatus::Changed;
    }
    Some(diff)
}

/// Dotted names in the order of people: numbers by value.
fn order(fact: &str) -> Vec<(u64, &str)> {
    fact.split('.').map(|name| name.parse().map_or((u64::MAX, name), |number| (number, ""))).collect()
}

/// The programs that wrote both, where both are known and differ.
fn trainers(a: &Description, b: &Description) -> impl Iterator<Item = StateDiff> {
    let both = a.state.trainer.as_ref().zip(b.state.trainer.as_ref());
    both.filter(|(a, b)| a != b)
        .map(|(a, b)| {
            let change = |fact: &str, a: Option<&String>, b: Option<&String>| {
                let text = |text: Option<&String>| text.map(|text| Value::from(text.as_str()));
                (a != b).then(|| FactChange { fact: fact.to_owned(), a: text(a), b: text(b) })
            };
            let changes = [
                change("name", Some(&a.name), Some(&b.name)),
                change("version", a.version.as_ref(), b.version.as_ref()),
            ];
            let changes: Vec<FactChange> = changes.into_iter().flatten().collect();
            StateDiff {
                part: TRAINER.to_owned(),
                status: StateStatus::Changed,
                kind: None,
                kind_in_b: None,
                same: 2_u64.saturating_sub(changes.len() as u64),
                changes,
            }
        })
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(facts: &[(&str, Value)]) -> PartDescription {
        PartDescription {
            name: "optimizer".to_owned(),
            kind: Some("AdamW".to_owned()),
            facts: facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            ..PartDescription::default()
        }
    }

    #[test]
    fn facts_that_differ_are_told_with_both_values() {
        let a =
            described(&[("groups.10.lr", 1e-3.into()), ("groups.2.lr", 1e-3.into()), ("step", 10.into())]);
        let b =
            described(&[("groups.10.lr", 1e-4.into()), ("groups.2.lr", 1e-4.into()), ("step", 10.into())]);
        let diff = part("optimizer", Some(a), Some(b)).unwrap();
        assert_eq!((diff.status, diff.same), (StateStatus::Changed, 1));
        let facts: Vec<&str> = diff.changes.iter().map(|change| change.fact.as_str()).collect();
        assert_eq!(facts, ["groups.2.lr", "groups.10.lr"]);
        assert_eq!(diff.changes[0].b, Some(1e-4.into()));
    }

    #[test]
    fn a_part_that_holds_tensors_alone_says_nothing() {
        assert_eq!(part("model", Some(PartDescription::default()), None), None);
        let gone = part("scheduler", Some(described(&[("last_epoch", 3.into())])), None).unwrap();
        assert_eq!(gone.status, StateStatus::Removed);
    }
}
