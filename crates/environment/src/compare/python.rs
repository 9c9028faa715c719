//! Compares what is installed: interpreters, distributions, altered files, native libraries.

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::environment::{Distribution, Library, OriginKind, Python};
use reproof_contract::report::Grade;

use super::{Found, packages, rules};
use crate::installed;

const ABSENT: &str = "(not installed)";
const RECORD: &str = "RECORD of the distribution";
const LIST: &str = "what is known of the package: docs/environment.md";

pub(super) fn compare(found: &mut Found, old: &Python, new: &Python) {
    found.note("python.implementation", &old.implementation, &new.implementation);
    let minor = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    if minor(&old.version) == minor(&new.version) {
        found.note("python.release", &old.version, &new.version);
    } else {
        found.note("python.version", &old.version, &new.version);
    }
    found.note("python.build", &old.build, &new.build);
    found.note("python.platform", &old.platform, &new.platform);
    found.note("python.abi", &old.abi, &new.abi);
    found.note("python.kind", &old.kind, &new.kind);
    found.maps("python.flag.", &old.flags, &new.flags, "(usual)");
    // Who did not ask frameworks knows nothing of them.
    if !old.facts.is_empty() && !new.facts.is_empty() {
        found.maps("fact.", &old.facts, &new.facts, "(unknown)");
    }
    let names: BTreeSet<&String> = old.distributions.keys().chain(new.distributions.keys()).collect();
    for name in names {
        distribution(found, name, old.distributions.get(name), new.distributions.get(name));
    }
    libraries(found, old, new);
}

fn distribution(found: &mut Found, name: &str, old: Option<&Distribution>, new: Option<&Distribution>) {
    let item = format!("distribution.{name}");
    let version =
        |side: Option<&Distribution>| side.map_or_else(|| ABSENT.to_owned(), |found| found.version.clone());
    let (grade, reason) = packages::grade(name);
    if version(old) != version(new) {
        found.push(item.clone(), &version(old), &version(new), (grade, reason, LIST));
    } else if let (Some(old), Some(new)) = (old, new) {
        if old.content_sha256 != new.content_sha256 {
            let short = |hash: &Option<String>| {
                hash.as_ref().map_or_else(String::new, |hash| hash.chars().take(12).collect())
            };
            let reason = if grade == Grade::Harmless {
                reason
            } else {
                "the same version with other files: another build"
            };
            found.push(
                format!("{item}.content"),
                &short(&old.content_sha256),
                &short(&new.content_sha256),
                (grade.min(Grade::MayMoveBits), reason, LIST),
            );
        }
        if old.origin != new.origin {
            // The files are compared above; a folder that is used in place has none that are listed.
            let editable = [old, new].iter().any(|side| side.origin.kind == OriginKind::Editable);
            let (grade, reason) = if editable {
                (grade, "used in place: its files can change at any time")
            } else {
                (Grade::Harmless, "the files are compared by themselves")
            };
            found.push(format!("{item}.origin"), &origin(old), &origin(new), (grade, reason, LIST));
        }
    }
    // What is not installed has no files that could be altered.
    if let (Some(old), Some(new)) = (old, new) {
        altered(found, &item, old, new);
    }
}

/// Where a distribution came from, on one line.
fn origin(distribution: &Distribution) -> String {
    let origin = &distribution.origin;
    let parts = [Some(origin.kind.as_str()), origin.url.as_deref(), origin.revision.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Files that are not what was installed, on either side.
fn altered(found: &mut Found, item: &str, old: &Distribution, new: &Distribution) {
    let of = |side: &Distribution| -> BTreeMap<String, String> {
        side.altered.iter().map(|file| (file.path.clone(), file.actual.clone())).collect()
    };
    let (old, new) = (of(old), of(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let state = |side: &BTreeMap<String, String>| match side.get(path) {
            None => "as installed".to_owned(),
            Some(hash) if hash == "missing" => "missing".to_owned(),
            Some(hash) => format!("altered, sha256 {}", hash.chars().take(12).collect::<String>()),
        };
        let (before, after) = (state(&old), state(&new));
        if before != after {
            let rule = if installed::is_launcher(path) {
                (Grade::Harmless, "a launcher, which no model imports", RECORD)
            } else {
                (Grade::MayChangeResults, "an installed file is not what was installed", RECORD)
            };
            found.push(format!("{item}.file {path}"), &before, &after, rule);
        }
    }
}

/// Native libraries that both sides loaded from the same place, with other bytes.
fn libraries(found: &mut Found, old: &Python, new: &Python) {
    let version = |side: &Python, library: &Library| {
        let name = library.distribution.as_ref()?;
        side.distributions.get(name).map(|found| (found.version.clone(), found.content_sha256.clone()))
    };
    for before in &old.libraries {
        let Some(after) = new.libraries.iter().find(|after| after.path == before.path) else { continue };
        // What belongs to a distribution that differs anyway is told with it.
        if before.sha256 != after.sha256 && version(old, before) == version(new, after) {
            let item = format!("library.{}", before.path);
            let short = |library: &Library| {
                library.sha256.as_ref().map_or_else(String::new, |hash| hash.chars().take(12).collect())
            };
            let rule = rules::of(&item);
            found.push(item, &short(before), &short(after), (rule.grade, rule.reason, rule.source));
        }
    }
}
