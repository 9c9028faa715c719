//! Executes units of work: the middle of plan, units, fold.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reproof_contract::canonical::CanonicalError;
use reproof_contract::plan::Unit;
use reproof_contract::run::{Outcome, RunSpec};
use reproof_progress::Progress;
use reproof_runner::{RunError, Runner};

/// The runners that are there, by name.
#[derive(Clone, Default)]
pub struct Runners {
    runners: BTreeMap<String, Arc<dyn Runner>>,
}

impl std::fmt::Debug for Runners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.runners.keys()).finish()
    }
}

/// How an engine is set up for every run of a recording or verification, beyond its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Threads inside one operator.
    pub threads: Option<u32>,
    /// Engine options by name.
    pub options: BTreeMap<String, String>,
}

impl Settings {
    /// Sets up a run.
    pub(crate) fn apply(&self, spec: &mut RunSpec) {
        spec.threads = self.threads;
        spec.options.clone_from(&self.options);
    }
}

/// Why a unit could not be executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// No runner has the name that the unit asks for.
    #[error("no runner `{name}` here, there is {}", known.join(", "))]
    NoRunner {
        /// The missing name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The runner could not work.
    #[error("the runner `{name}` could not work")]
    Run {
        /// The runner.
        name: String,
        /// Why.
        #[source]
        source: RunError,
    },
    /// The unit has no identity.
    #[error("a unit of work has no canonical form")]
    Canonical(#[source] CanonicalError),
}

impl Runners {
    /// Adds a runner under its own name.
    #[must_use]
    pub fn with(mut self, runner: Arc<dyn Runner>) -> Self {
        self.runners.insert(runner.name().to_owned(), runner);
        self
    }

    /// The runner of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Runner>> {
        self.runners.get(name)
    }

    /// The names there are.
    pub fn names(&self) -> Vec<String> {
        self.runners.keys().cloned().collect()
    }

    /// The runner that computes float64 referees, if one does.
    pub fn referee(&self) -> Option<&str> {
        let found = self.runners.iter().find(|(_, runner)| runner.widens());
        found.map(|(name, _)| name.as_str())
    }

    /// Executes one unit below `scratch`, in a folder of the unit's own.
    pub fn execute(
        &self,
        unit: &Unit,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<Outcome, ExecuteError> {
        let runner = self
            .get(&unit.runner)
            .ok_or_else(|| ExecuteError::NoRunner { name: unit.runner.clone(), known: self.names() })?;
        let digest = unit.digest().map_err(ExecuteError::Canonical)?;
        let outcome = runner.run(&unit.spec, &scratch.join(&digest.to_hex()[..16]), progress);
        outcome.map_err(|source| ExecuteError::Run { name: unit.runner.clone(), source })
    }
}
