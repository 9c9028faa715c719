//! Which package: the recorded environment is built again, and with it those between the recorded and the current one, until
//! the fewest changes are known that make the difference.

mod minimise;

use std::path::PathBuf;
use std::sync::Arc;

use reproof_contract::diagnosis::{Cause, Experiment, Finding};
use reproof_contract::environment::Python;
use reproof_contract::report::Confidence;
use reproof_runner::{PythonRunner, Rebuild};

use self::minimise::{Change, Minimal, Outcome, Rest, Set, changes, minimise};
use super::bench::Bench;
use super::{Case, Found};
use crate::execution::{PYTHON, Runners};

/// Environments that are built at most: each takes a minute and a place on the disk.
const MOST: usize = 24;

/// Packages that compute, likeliest first; what else changed comes after them.
const SUSPECTS: [&str; 16] = [
    "torch",
    "transformers",
    "scikit-learn",
    "onnxruntime",
    "tokenizers",
    "pillow",
    "torchvision",
    "tensorflow",
    "keras",
    "jax",
    "jaxlib",
    "flax",
    "xgboost",
    "lightgbm",
    "scipy",
    "numpy",
];

/// Where environments are built.
#[derive(Clone, Debug)]
pub struct Builds {
    /// What builds them.
    pub rebuild: Rebuild,
    /// A folder for hashes of installed files.
    pub cache: Option<PathBuf>,
}

/// Finds the packages whose change makes the difference.
pub(super) fn make(case: &Case<'_>, bench: &Bench<'_>, found: &mut Found) {
    // What a stage gives, and what an experiment undid, say nothing or enough of packages.
    let undone = found.experiments.iter().any(|experiment| experiment.finding == Finding::Recorded);
    let wanted = !undone && !found.unsteady && bench.runner() == PYTHON;
    let Some(builds) = case.options.builds.as_ref().filter(|_| wanted) else { return };
    let recorded = case.stored.recorded_environment().and_then(|environment| environment.python);
    let current = case.execution.and_then(|execution| execution.environment.clone()?.python);
    let (Some(recorded), Some(current)) = (recorded, current) else { return };
    let changes = changes(&recorded, &current);
    if changes.is_empty() {
        return;
    }
    let trial = |set: &[&Change], title: &str| -> Result<Experiment, String> {
        case.progress.begin(&format!("building {title}"), None, reproof_progress::Unit::Items);
        let python = builds.rebuild.build(&with(&recorded, &current, set), None);
        case.progress.end();
        let python = python.map_err(|error| error.to_string())?;
        let runner = PythonRunner::new(python).with_cache(builds.cache.clone());
        let runners = Runners::default().with(Arc::new(runner));
        let made = bench.experiment_with(&runners, "package", title, |_| ());
        made.map_err(|error| crate::chain(&error))
    };
    let title = "the recorded packages";
    let first = trial(&[], title).unwrap_or_else(|problem| bench.failed("package", title, problem));
    let reproduces = first.finding == Finding::Recorded;
    found.experiments.push(first);
    if !reproduces {
        return;
    }
    let suspects = SUSPECTS.map(str::to_owned);
    let mut experiments = Vec::new();
    let minimal = minimise(
        &changes,
        &suspects,
        MOST,
        || !case.has_time(),
        |set| {
            let title = format!("the recorded packages, but {}", told(set));
            let experiment =
                trial(set, &title).unwrap_or_else(|problem| bench.failed("package", &title, problem));
            let outcome = match experiment.finding {
                Finding::Recorded => Outcome::Same,
                Finding::Failed => Outcome::Unresolved(experiment.note.clone().unwrap_or_default()),
                _ => Outcome::Different,
            };
            experiments.push(experiment);
            outcome
        },
    );
    found.experiments.extend(experiments);
    found.causes.extend(causes(&minimal, changes.len()));
    found.settled = minimal.rest != Rest::Untested;
    found.left_out += usize::from(minimal.rest == Rest::Untested);
}

/// The recorded environment with some packages as they are now.
fn with(recorded: &Python, current: &Python, set: &[&Change]) -> Python {
    let mut mixed = recorded.clone();
    for change in set {
        match current.distributions.get(&change.package) {
            Some(now) => mixed.distributions.insert(change.package.clone(), now.clone()),
            None => mixed.distributions.remove(&change.package),
        };
    }
    mixed
}

fn told(set: &[&Change]) -> String {
    let one = |change: &&Change| {
        let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        format!("{} {} -> {}", change.package, version(&change.from), version(&change.to))
    };
    set.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What takes changes back: versions to install, and packages to remove that were not there.
fn undone(changes: &[&Change]) -> String {
    let pin = |change: &&&Change| Some(format!("{}=={}", change.package, change.from.as_ref()?));
    let pins: Vec<String> = changes.iter().filter_map(|change| pin(&change)).collect();
    let new = changes.iter().filter(|change| change.from.is_none());
    let new: Vec<&str> = new.map(|change| change.package.as_str()).collect();
    let parts = [("install", pins.join(" ")), ("uninstall", new.join(" "))];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {names}"))
        .collect();
    parts.join(", ")
}

/// A cause for each set of changes. None of them gives the recorded outputs if it alone is undone, so all have the same fix.
fn causes(minimal: &Minimal, changed: usize) -> Vec<Cause> {
    let every: Vec<&Change> = minimal.sets.iter().flat_map(|set| &set.changes).collect();
    let fix = undone(&every);
    let tried = minimal.tests.len() + 1;
    let without = if minimal.sets.len() == 1 { "it" } else { "all of these" };
    let rest = match minimal.rest {
        Rest::Harmless => {
            format!("; without {without} every bit is the recorded one ({tried} environments were tried)")
        }
        Rest::Unresolved => {
            format!("; the others cannot be tried without {without} ({tried} environments were tried)")
        }
        Rest::Untested => {
            format!("; the others were not tried without {without}: there may be a second cause")
        }
    };
    let one = |set: &Set| {
        let told = told(&set.changes.iter().collect::<Vec<_>>());
        let evidence = if set.proved {
            format!(
                "of {changed} packages that changed, this change in the recorded environment makes a difference{rest}"
            )
        } else {
            format!("the search among {changed} packages that changed was cut short: fewer of these may do")
        };
        Cause {
            id: "package".to_owned(),
            confidence: if set.proved { Confidence::Confirmed } else { Confidence::Likely },
            statement: format!("{told} changes the outputs"),
            evidence: vec![evidence],
            fix: fix.clone(),
        }
    };
    minimal.sets.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_is_removed_and_not_installed() {
        let change = |package: &str, from: Option<&str>| Change {
            package: package.to_owned(),
            from: from.map(str::to_owned),
            to: Some("2".to_owned()),
        };
        let (old, new) = (change("scipy", Some("1")), change("added", None));
        assert_eq!(undone(&[&old]), "install scipy==1");
        assert_eq!(undone(&[&new]), "uninstall added");
        assert_eq!(undone(&[&old, &new]), "install scipy==1, uninstall added");
    }
}
