//! What recording is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use reproof_contract::Name;
use reproof_contract::contract::{Context, Governance, Tolerance, ToleranceOrigin};
use reproof_contract::environment::Environment;
use reproof_contract::run::Limits;
use reproof_runner::GraphChoice;

use crate::cases::Case;
use crate::execution::Settings;
use crate::folder::StoredContract;
use crate::judge::Values;

/// An honesty check that may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Allow {
    /// Outputs that differ from run to run: a distribution is recorded.
    Nondeterministic,
    /// NaN on ordinary inputs.
    Nan,
    /// The same outputs whatever the input.
    InputBlind,
    /// Personal data or secrets in the user's cases, beside the artifact for everybody who has it.
    PersonalData,
}

impl Allow {
    /// Every value with its word on the command line.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Nondeterministic, "nondeterministic"),
        (Self::Nan, "nan"),
        (Self::InputBlind, "input-blind"),
        (Self::PersonalData, "personal-data"),
    ];
}

/// How the user wants one output judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserRule {
    /// A tolerance of origin `user`.
    pub tolerance: Option<Tolerance>,
    /// How many of the largest scores the output decides; 0 says that it decides nothing.
    pub top: Option<u32>,
}

/// What recording is told.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// The runner that makes the goldens.
    pub runner: String,
    /// The cases.
    pub cases: Vec<Case>,
    /// What the live model gave for the cases, which the saved one must give too.
    pub live: Option<BTreeMap<Name, Values>>,
    /// Where the artifact was saved, as whoever saved it tells.
    pub saved_in: Option<Environment>,
    /// Record bytes and weights alone, whatever could run.
    pub bytes_only: bool,
    /// What the user should know in any case.
    pub notes: Vec<String>,
    /// Where the contract goes, if not beside the artifact.
    pub folder: Option<PathBuf>,
    /// Seeds, code, data.
    pub context: Context,
    /// Preprocessing and configuration files that are copied into the contract.
    pub context_files: Vec<PathBuf>,
    /// Owner and classification.
    pub governance: Governance,
    /// Rules by output path.
    pub rules: BTreeMap<String, UserRule>,
    /// Honesty checks that may fail.
    pub allow: Vec<Allow>,
    /// Samples per case of a nondeterministic model.
    pub samples: u32,
    /// Keep inputs and goldens outside the artifact, or in the contract; by default as the contract before, else there.
    pub private: Option<bool>,
    /// The root of all private suites of the user, where there is one.
    pub private_root: Option<PathBuf>,
    /// Keep the model's graph in the contract, in this language.
    pub freeze: Option<GraphChoice>,
    /// Wall time that measurements beyond the goldens may take.
    pub budget: Option<Duration>,
    /// Threads and engine options of each run.
    pub settings: Settings,
    /// Limits of each run.
    pub limits: Limits,
    /// The current time.
    pub now: SystemTime,
}

impl StoredContract {
    /// Fills what a new recording was not told with what this contract says: owner, context with its files, rules, and
    /// that the model is nondeterministic.
    pub fn carry_over(&self, options: &mut RecordOptions) {
        let before = &self.contract;
        if options.governance == Governance::default() {
            options.governance.clone_from(&before.governance);
        }
        if options.context == Context::default() && options.context_files.is_empty() {
            options.context = Context { preprocessing: Vec::new(), ..before.context.clone() };
            let copied = before.context.preprocessing.iter();
            options.context_files = copied.map(|file| self.folder.join("context").join(file)).collect();
        }
        for (path, rule) in &before.outputs {
            let chosen = |tolerance: &Tolerance| tolerance.origin == ToleranceOrigin::User;
            options.rules.entry(path.clone()).or_insert_with(|| UserRule {
                tolerance: rule.tolerance.clone().filter(chosen),
                top: rule.decision.map(|decision| decision.top),
            });
        }
        options.private = options.private.or(Some(before.private.is_some()));
        options.settings = std::mem::take(&mut options.settings).completed(self);
        if before.statistics.is_some() && !options.allows(Allow::Nondeterministic) {
            options.allow.push(Allow::Nondeterministic);
        }
    }
}

impl RecordOptions {
    /// Options with which nothing is allowed to fail and nothing is told.
    pub fn new(runner: &str, cases: Vec<Case>, now: SystemTime) -> Self {
        Self {
            runner: runner.to_owned(),
            cases,
            live: None,
            saved_in: None,
            bytes_only: false,
            notes: Vec::new(),
            folder: None,
            context: Context::default(),
            context_files: Vec::new(),
            governance: Governance::default(),
            rules: BTreeMap::new(),
            allow: Vec::new(),
            samples: 8,
            private: None,
            private_root: None,
            freeze: None,
            budget: None,
            settings: Settings::default(),
            limits: Limits::default(),
            now,
        }
    }

    /// Whether inputs and goldens lie outside the artifact.
    pub(super) fn is_private(&self) -> bool {
        self.private == Some(true)
    }

    /// Whether a check may fail.
    pub fn allows(&self, check: Allow) -> bool {
        self.allow.contains(&check)
    }
}
