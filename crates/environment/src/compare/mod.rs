//! Compares two environments and grades each difference by what it can do to outputs.

mod packages;
mod python;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::environment::Environment;
use reproof_contract::report::{EnvironmentDifference, Grade};

pub use rules::VARIABLES;

/// What stands for the value of a variable that is not set.
pub const NOT_SET: &str = "(not set)";

/// What differs between the recorded environment and the current one, the gravest first.
pub fn differences(recorded: &Environment, current: &Environment) -> Vec<EnvironmentDifference> {
    let mut found = Found::default();
    found.note("class", &recorded.class, &current.class);
    let (old, new) = (&recorded.engine, &current.engine);
    // A description of a machine says nothing of an engine, nor of how one was set up.
    let ran = !old.name.is_empty() && !new.name.is_empty();
    if ran {
        found.note("engine.name", &old.name, &new.name);
        found.note("engine.version", &old.version, &new.version);
        if old.name == new.name && old.version == new.version {
            let library = |digest: &Option<String>| digest.clone().unwrap_or_default();
            found.note("engine.library", &library(&old.library_sha256), &library(&new.library_sha256));
        }
        found.note("threads", &recorded.threads.to_string(), &current.threads.to_string());
        found.maps("settings.", &recorded.settings, &current.settings, "(unknown)");
    }
    found.machine(recorded, current);
    found.maps("variables.", &recorded.variables, &current.variables, NOT_SET);
    if let (Some(old), Some(new)) = (&recorded.python, &current.python) {
        python::compare(&mut found, old, new);
        found.0.retain(|difference| !told_by_packages(&difference.item, &current.engine.name));
    }
    let threads = (recorded.threads.to_string(), current.threads.to_string());
    found.0.retain(|found| !mirrors_threads(found, &threads));
    found.into_sorted()
}

/// Whether an item repeats what the comparison of packages, or the engine's version, says already.
fn told_by_packages(item: &str, engine: &str) -> bool {
    item == "settings.python"
        || item.starts_with("settings.package.")
        || item.strip_prefix("distribution.").is_some_and(|name| name == engine)
}

/// Whether a difference only repeats that there are more threads, or fewer.
fn mirrors_threads(found: &EnvironmentDifference, threads: &(String, String)) -> bool {
    let mirror = ["variables.MKL_NUM_THREADS", "variables.OPENBLAS_NUM_THREADS", "settings.torch.threads"];
    mirror.contains(&found.item.as_str()) && (&found.recorded, &found.current) == (&threads.0, &threads.1)
}

/// Whether two environments run the same engine in the same version.
pub fn same_engine(recorded: &Environment, current: &Environment) -> bool {
    (&recorded.engine.name, &recorded.engine.version) == (&current.engine.name, &current.engine.version)
}

/// Differences as they are found.
#[derive(Default)]
struct Found(Vec<EnvironmentDifference>);

impl Found {
    /// Notes a value that may differ, graded by the rule for its item.
    fn note(&mut self, item: &str, old: &str, new: &str) {
        if old != new {
            let rule = rules::of(item);
            self.push(item.to_owned(), old, new, (rule.grade, rule.reason, rule.source));
        }
    }

    fn push(&mut self, item: String, old: &str, new: &str, rule: (Grade, &str, &str)) {
        let text = |value: &str| if value.is_empty() { "(unknown)".to_owned() } else { value.to_owned() };
        let (grade, reason, source) = rule;
        self.0.push(EnvironmentDifference {
            item,
            recorded: text(old),
            current: text(new),
            grade,
            reason: reason.to_owned(),
            source: source.to_owned(),
        });
    }

    /// Every value of two maps, under names that begin alike.
    fn maps(
        &mut self,
        beginning: &str,
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
        absent: &str,
    ) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let value =
                |map: &BTreeMap<String, String>| map.get(name).cloned().unwrap_or_else(|| absent.to_owned());
            self.note(&format!("{beginning}{name}"), &value(old), &value(new));
        }
    }

    /// Processor, accelerators and system.
    fn machine(&mut self, recorded: &Environment, current: &Environment) {
        let (old, new) = (&recorded.cpu, &current.cpu);
        self.note("cpu.architecture", &old.architecture, &new.architecture);
        self.note("cpu.features", &old.features.join(" "), &new.features.join(" "));
        self.note("cpu.model", &old.model, &new.model);
        self.note("cpu.cores", &old.cores.to_string(), &new.cores.to_string());
        let accelerators = |environment: &Environment| {
            let one = |part: fn(&reproof_contract::environment::Accelerator) -> &String| {
                let found: Vec<&str> =
                    environment.accelerators.iter().map(|found| part(found).as_str()).collect();
                if found.is_empty() { "none".to_owned() } else { found.join(", ") }
            };
            (one(|found| &found.model), one(|found| &found.driver))
        };
        let ((old_model, old_driver), (new_model, new_driver)) =
            (accelerators(recorded), accelerators(current));
        self.note("accelerator.model", &old_model, &new_model);
        self.note("accelerator.driver", &old_driver, &new_driver);
        let (old, new) = (&recorded.system, &current.system);
        self.note("system.name", &old.name, &new.name);
        self.note("system.libc", &old.libc, &new.libc);
        self.note("system.kernel", &old.kernel, &new.kernel);
        self.note("system.distribution", &old.distribution, &new.distribution);
        let container = |container: &Option<String>| container.clone().unwrap_or_else(|| "none".to_owned());
        self.note("system.container", &container(&old.container), &container(&new.container));
    }

    fn into_sorted(mut self) -> Vec<EnvironmentDifference> {
        self.0.sort_by_key(|difference| std::cmp::Reverse(difference.grade));
        self.0
    }
}

#[cfg(test)]
mod tests;
