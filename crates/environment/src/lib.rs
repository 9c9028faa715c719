//! Compares two environments and grades each difference by what it can do to outputs.
//!
//! The grades follow measurements on processors: kernels chosen by instruction set, thread count and library
//! version move last bits; another engine or opted-in approximations may compute something else.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use reproof_contract::environment::Environment;
use reproof_contract::report::{EnvironmentDifference, Grade};

/// Settings that change what is computed, beyond the order of operations.
const SEMANTIC_SETTINGS: [&str; 2] = ["precision", "approximations"];

/// Beginnings of settings that do so too: versions of packages, and the code that builds the model.
const SEMANTIC_KINDS: [&str; 2] = ["package.", "loader."];

/// What differs between the recorded environment and the current one, the gravest first.
pub fn differences(recorded: &Environment, current: &Environment) -> Vec<EnvironmentDifference> {
    let mut found = Vec::new();
    let mut note = |item: &str, old: &str, new: &str, grade: Grade| {
        if old != new {
            let text = |value: &str| if value.is_empty() { "(unknown)".to_owned() } else { value.to_owned() };
            found.push(EnvironmentDifference {
                item: item.to_owned(),
                recorded: text(old),
                current: text(new),
                grade,
            });
        }
    };
    note("class", &recorded.class, &current.class, Grade::MayMoveBits);
    let (old, new) = (&recorded.engine, &current.engine);
    note("engine.name", &old.name, &new.name, Grade::MayChangeResults);
    note("engine.version", &old.version, &new.version, Grade::MayChangeResults);
    if old.name == new.name && old.version == new.version {
        let library = |engine: &Option<String>| engine.clone().unwrap_or_default();
        note(
            "engine.library",
            &library(&old.library_sha256),
            &library(&new.library_sha256),
            Grade::MayMoveBits,
        );
    }
    note("cpu.architecture", &recorded.cpu.architecture, &current.cpu.architecture, Grade::MayMoveBits);
    note(
        "cpu.features",
        &recorded.cpu.features.join(" "),
        &current.cpu.features.join(" "),
        Grade::MayMoveBits,
    );
    note("cpu.model", &recorded.cpu.model, &current.cpu.model, Grade::Harmless);
    note("cpu.cores", &recorded.cpu.cores.to_string(), &current.cpu.cores.to_string(), Grade::Harmless);
    note("threads", &recorded.threads.to_string(), &current.threads.to_string(), Grade::MayMoveBits);
    note("system.name", &recorded.system.name, &current.system.name, Grade::MayMoveBits);
    note("system.libc", &recorded.system.libc, &current.system.libc, Grade::MayMoveBits);
    note("system.kernel", &recorded.system.kernel, &current.system.kernel, Grade::Harmless);
    note("system.distribution", &recorded.system.distribution, &current.system.distribution, Grade::Harmless);
    let settings: BTreeSet<&String> = recorded.settings.keys().chain(current.settings.keys()).collect();
    for name in settings {
        let value = |environment: &Environment| environment.settings.get(name).cloned().unwrap_or_default();
        let semantic = SEMANTIC_SETTINGS.contains(&name.as_str())
            || SEMANTIC_KINDS.iter().any(|kind| name.starts_with(kind));
        let grade = if semantic { Grade::MayChangeResults } else { Grade::MayMoveBits };
        note(&format!("settings.{name}"), &value(recorded), &value(current), grade);
    }
    let variables: BTreeSet<&String> = recorded.variables.keys().chain(current.variables.keys()).collect();
    for name in variables {
        let value = |environment: &Environment| {
            environment.variables.get(name).cloned().unwrap_or_else(|| "(not set)".to_owned())
        };
        note(&format!("variables.{name}"), &value(recorded), &value(current), Grade::MayMoveBits);
    }
    found.sort_by_key(|difference| std::cmp::Reverse(difference.grade));
    found
}

/// Whether two environments run the same engine in the same version.
pub fn same_engine(recorded: &Environment, current: &Environment) -> bool {
    (&recorded.engine.name, &recorded.engine.version) == (&current.engine.name, &current.engine.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_environments_do_not_differ() {
        let environment = Environment { class: "cpu-x86_64".to_owned(), ..Environment::default() };
        assert_eq!(differences(&environment, &environment), []);
    }

    #[test]
    fn the_gravest_difference_comes_first() {
        let recorded = Environment::default();
        let mut current = recorded.clone();
        current.system.kernel = "6.1".to_owned();
        current.cpu.features = vec!["avx2".to_owned()];
        current.engine.version = "2.0".to_owned();
        current.variables.insert("OMP_NUM_THREADS".to_owned(), "4".to_owned());
        let found = differences(&recorded, &current);
        let items: Vec<&str> = found.iter().map(|difference| difference.item.as_str()).collect();
        assert_eq!(items, ["engine.version", "cpu.features", "variables.OMP_NUM_THREADS", "system.kernel"]);
        assert_eq!(found[2].recorded, "(not set)");
        assert_eq!(found[3].grade, Grade::Harmless);
    }

    #[test]
    fn another_engine_is_not_the_same() {
        let recorded = Environment::default();
        let mut current = recorded.clone();
        assert!(same_engine(&recorded, &current));
        current.engine.name = "tract".to_owned();
        assert!(!same_engine(&recorded, &current));
    }
}
