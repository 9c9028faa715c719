//! What changed among tensors, by name.

use std::collections::BTreeMap;

use super::super::Subject;
use crate::artifact::{Artifact, Digests};

/// Names listed in one line of the checklist.
pub(super) const LISTED: usize = 5;

/// Names of tensors that were added, removed or changed.
pub(super) fn changed_tensors(subject: &Subject<'_>, artifact: &Artifact, digests: &Digests) -> String {
    let recorded: BTreeMap<&str, _> = subject
        .stored
        .contract
        .artifact
        .tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.digest))
        .collect();
    let current: BTreeMap<&str, _> = artifact
        .description
        .tensors
        .iter()
        .zip(&digests.tensors)
        .map(|(tensor, digest)| (tensor.name.as_str(), *digest))
        .collect();
    let mut parts = Vec::new();
    let mut say = |word: &str, names: Vec<&str>| {
        if !names.is_empty() {
            parts.push(format!("{word} {}", list(&names, LISTED)));
        }
    };
    let in_both = |(name, digest): (&&'_ str, _)| recorded.get(*name).is_some_and(|old| *old != digest);
    say(
        "changed",
        current.iter().filter(|(name, digest)| in_both((name, **digest))).map(|(name, _)| *name).collect(),
    );
    say("added", current.keys().filter(|name| !recorded.contains_key(*name)).copied().collect());
    say("removed", recorded.keys().filter(|name| !current.contains_key(*name)).copied().collect());
    if parts.is_empty() { "the same tensors".to_owned() } else { parts.join("; ") }
}

/// The first names, and how many more.
pub(super) fn list(names: &[&str], most: usize) -> String {
    let shown = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(most) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
