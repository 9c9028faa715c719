//! Executes units of work: the middle of plan, units, fold.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reproof_contract::canonical::CanonicalError;
use reproof_contract::environment::{EVERYWHERE, Environment, Fingerprint};
use reproof_contract::plan::Unit;
use reproof_contract::run::{Device, Loading, Outcome, RunSpec, Status};
use reproof_progress::Progress;
use reproof_runner::{FreezeOrder, Frozen, RunError, Runner};

use crate::folder::StoredContract;
use crate::trust::Trust;

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
    /// Where the model runs.
    pub device: Device,
    /// How a framework of Python loads the artifact.
    pub loading: Loading,
    /// What else the user trusts.
    pub trust: Trust,
}

impl Settings {
    /// Sets up a run.
    pub(crate) fn apply(&self, spec: &mut RunSpec) {
        spec.threads = self.threads;
        spec.options.clone_from(&self.options);
        self.place(spec);
    }

    /// Says of a run how and where the model is loaded, and nothing of its threads and options.
    pub(crate) fn place(&self, spec: &mut RunSpec) {
        spec.device.clone_from(&self.device);
        spec.loading.clone_from(&self.loading);
    }

    /// Fills what was not told with how a contract says that its artifact is loaded.
    #[must_use]
    pub fn completed(mut self, stored: &StoredContract) -> Self {
        if let Some(recorded) = &stored.contract.loading
            && self.loading.adapter.is_none()
            && self.loading.loader.is_none()
        {
            self.loading.adapter = Some(recorded.adapter.clone());
            self.loading.loader.clone_from(&recorded.loader);
            self.trust.lender = Some(stored.digest);
        }
        self
    }
}

/// The name of the runner of Python's frameworks.
pub const PYTHON: &str = "python";

/// The name of the runner whose bits are the same on every machine, and of the environment class of what it gives.
pub const REFEREE: &str = EVERYWHERE;

/// The frameworks whose operators can be asked.
const PROBED: [&str; 3] = ["torch", "jax", "numpy"];

/// What a runner is given of an artifact: adapters look at all of it, engines at the model file.
pub(crate) fn given<'a>(runner: &str, artifact: &'a Path, model: &'a Path) -> &'a Path {
    if runner == PYTHON { artifact } else { model }
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

    /// These runners for many runs that differ in a little.
    #[must_use]
    pub(crate) fn warm(&self) -> Self {
        let warm = |(name, runner): (&String, &Arc<dyn Runner>)| {
            (name.clone(), runner.warm().unwrap_or_else(|| Arc::clone(runner)))
        };
        Self { runners: self.runners.iter().map(warm).collect() }
    }

    /// The runner of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Runner>> {
        self.runners.get(name)
    }

    /// The names there are.
    pub fn names(&self) -> Vec<String> {
        self.runners.keys().cloned().collect()
    }

    /// The runner that computes float64 referees of what `runner` runs, if it is there: Python for its frameworks, else the
    /// engine with defined bits.
    pub fn referee(&self, runner: &str) -> Option<&str> {
        let name = if runner == PYTHON { PYTHON } else { REFEREE };
        self.get(name).filter(|found| found.widens()).map(|_| name)
    }

    /// What operators of these frameworks give for a runner, in the environment of a run; nothing where the runner has no
    /// such operators. `again` asks them even where the answer is known from the very same environment: a processor can
    /// begin to err.
    pub(crate) fn fingerprint(
        &self,
        runner: &str,
        environment: &Environment,
        spec: &RunSpec,
        again: bool,
    ) -> Result<Option<Fingerprint>, ExecuteError> {
        // Operators are asked on the processor; of an accelerator they tell nothing.
        let Some(found) = self.get(runner).filter(|_| environment.class.starts_with("cpu")) else {
            return Ok(None);
        };
        let used = |name: &&&str| {
            environment.engine.name == ***name
                || environment.settings.contains_key(&format!("package.{name}"))
        };
        let frameworks: Vec<String> = PROBED.iter().filter(used).map(|name| (*name).to_owned()).collect();
        if frameworks.is_empty() {
            return Ok(None);
        }
        let given = found.fingerprint(&frameworks, spec, Some(environment).filter(|_| !again));
        given.map_err(|source| ExecuteError::Run { name: runner.to_owned(), source })
    }

    /// Has a runner write the graph of a model; a model without one gives the status that says why.
    pub(crate) fn freeze(
        &self,
        runner: &str,
        spec: &RunSpec,
        order: &FreezeOrder<'_>,
    ) -> Result<Result<Frozen, Status>, ExecuteError> {
        let found = self
            .get(runner)
            .ok_or_else(|| ExecuteError::NoRunner { name: runner.to_owned(), known: self.names() })?;
        found.freeze(spec, order).map_err(|source| ExecuteError::Run { name: runner.to_owned(), source })
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
