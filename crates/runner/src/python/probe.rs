//! Questions to an interpreter that has no model: what it is, and what its operators give.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::environment::{Fingerprint, Python};
use reproof_contract::run::{Device, Limits, Loading, Precision, RunSpec, Taps};
use reproof_environment::privacy;

use super::conversation::Conversation;
use super::message::{Interpreter, Reply, Request};
use super::{PythonRunner, THREADS, threads};
use crate::RunError;
use crate::child::last_words;
use crate::environment::{Check, Files, Survey, home, survey};
use crate::scratch::Scratch;

/// How much of what an interpreter said instead of an answer is told, in bytes.
const TOLD: usize = 600;

impl PythonRunner {
    /// Looks at the interpreter and at what is installed for it. With `imported`, frameworks that are installed are imported
    /// first, to see which native libraries they load.
    pub fn survey(&self, check: Check, imported: bool, limits: Limits) -> Result<Survey, RunError> {
        let spec = question(limits);
        let told = self.ask(&spec, "what is installed", true, |id| Request::Describe {
            id,
            network: false,
            memory_bytes: spec.limits.memory_bytes,
            imported,
        })?;
        let told =
            told.interpreter.ok_or_else(|| self.silent("what is installed", "an answer without facts"))?;
        Ok(self.look(told, check))
    }

    /// What operators of these frameworks give here, or of all that are installed.
    pub fn operators(
        &self,
        frameworks: &[String],
        threads: Option<u32>,
        limits: Limits,
    ) -> Result<Fingerprint, RunError> {
        self.probe(frameworks, &RunSpec { threads, ..question(limits) })
    }

    /// What operators of these frameworks give, in the environment and with the threads of a run.
    pub(super) fn probe(&self, frameworks: &[String], run: &RunSpec) -> Result<Fingerprint, RunError> {
        let spec = RunSpec { variables: run.variables.clone(), threads: run.threads, ..question(run.limits) };
        let told = self.ask(&spec, "what its operators give", false, |id| Request::Fingerprint {
            id,
            network: false,
            memory_bytes: spec.limits.memory_bytes,
            frameworks,
            threads: threads(&spec),
        })?;
        told.fingerprint.ok_or_else(|| self.silent("what its operators give", "an answer without digests"))
    }

    fn silent(&self, asked: &'static str, what: &str) -> RunError {
        RunError::Silent { program: self.interpreter.clone(), asked, what: what.to_owned() }
    }

    /// One request to a worker of its own. With `own`, threads are as the caller's environment says, not as in a run.
    fn ask<'a>(
        &self,
        spec: &RunSpec,
        asked: &'static str,
        own: bool,
        request: impl FnOnce(usize) -> Request<'a>,
    ) -> Result<Reply, RunError> {
        let scratch = Scratch::new().map_err(|source| RunError::Exchange {
            action: "create",
            path: std::env::temp_dir(),
            source,
        })?;
        let folder = scratch.path();
        let printed = folder.join("printed.txt");
        let mut command = self.command(spec, folder);
        if own {
            for name in THREADS {
                match std::env::var_os(name) {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
        }
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let worker = self.start(command, spec, folder, &printed)?;
        let mut conversation = Conversation::new(spec, threads(spec), folder, worker);
        let died = |printed: &Path| {
            let words = last_words(printed);
            let begin = words.char_indices().rev().nth(TOLD).map_or(0, |(place, _)| place);
            let told = words.get(begin..).unwrap_or(&words).to_owned();
            if told.is_empty() { "it ended without a word".to_owned() } else { told }
        };
        if conversation.greeting().map_err(failed)?.is_err() {
            return Err(self.silent(asked, &died(&printed)));
        }
        conversation.worker.send(&request(0)).map_err(failed)?;
        let Ok(reply) = conversation.reply(0).map_err(failed)? else {
            return Err(self.silent(asked, &died(&printed)));
        };
        // What it leaves behind must not outlive the question.
        conversation.worker.farewell().map_err(failed)?;
        if !reply.status.status.is_done() {
            return Err(self.silent(asked, &format!("{:?}", reply.status.status)));
        }
        Ok(reply)
    }

    /// Reads what is installed where the interpreter looks for packages.
    fn look(&self, told: Interpreter, check: Check) -> Survey {
        let home = home();
        let shown = |path: &Path| privacy::shortened(&path.to_string_lossy(), home.as_deref());
        let mut files = Files::load(self.cache.as_deref(), &told.prefix);
        let found = survey(&told.path, &told.prefixes, home.as_deref(), check, &mut files);
        files.save();
        let kind = if told.prefix.join("conda-meta").is_dir() {
            "conda"
        } else if told.prefix == told.base_prefix {
            "interpreter"
        } else {
            "virtual environment"
        };
        let problems = told.problems.iter().chain(&found.problems);
        let python = Python {
            executable: shown(Path::new(&told.executable)),
            implementation: told.implementation,
            version: told.version,
            build: told.build,
            platform: told.platform,
            abi: told.abi,
            kind: kind.to_owned(),
            flags: told.flags,
            libraries: Vec::new(),
            facts: told.facts,
            checked: match check {
                Check::Changed => "files changed since their installation".to_owned(),
                Check::Every | Check::Again => "every file".to_owned(),
            },
            problems: problems.map(|problem| privacy::without_home(problem, home.as_deref())).collect(),
            distributions: found.distributions,
        };
        let mut survey = Survey::new(python, told.libc, (found.packages, found.owners), files);
        survey.python.libraries = survey.libraries(&told.libraries);
        survey
    }
}

/// A run of nothing, for its limits and its environment.
pub(super) fn question(limits: Limits) -> RunSpec {
    RunSpec {
        artifact: PathBuf::new(),
        cases: Vec::new(),
        device: Device::Cpu,
        precision: Precision::Stored,
        threads: None,
        options: BTreeMap::new(),
        variables: BTreeMap::new(),
        packages: Vec::new(),
        loading: Loading::default(),
        taps: Taps::None,
        given: BTreeMap::new(),
        trials: Vec::new(),
        limits,
        repeats: 1,
    }
}
