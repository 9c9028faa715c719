//! Phase 2: the fixed sequence of cases in a child process.

use std::path::{Path, PathBuf};

use reproof_contract::contract::{Contract, Expected, Golden};
use reproof_contract::environment::Environment;
use reproof_contract::plan::{Plan, PlanSchema, Purpose, Unit as Work};
use reproof_contract::report::{
    Check, EnvironmentDifference, EnvironmentReport, FingerprintComparison, Grade, Phase, PhaseName,
};
use reproof_contract::run::{CaseInput, CaseOutcome, Device, Status};
use reproof_contract::signature::Source;
use reproof_contract::{Name, Verdict};
use reproof_environment::{differences, same_engine};
use reproof_progress::Unit;

use super::checks::{Details as _, check};
use super::load::Load;
use super::{Subject, VerifyError, changed};
use crate::engines::named;
use crate::execution::{PYTHON, REFEREE, Settings, given};
use crate::folder::{case_input, graph_input};
use crate::record::{explain, specification};
use crate::trust::settle;

/// What executing showed.
pub(crate) struct Execution {
    /// The runner.
    pub(crate) runner: String,
    /// Runner, engine and version.
    pub(super) engine: Option<String>,
    /// Where it ran.
    pub(crate) environment: Option<Environment>,
    /// Why it did not: verdict, what, hint.
    pub(crate) load_failure: Option<(Verdict, String, String)>,
    pub(super) restore_seconds: f64,
    pub(super) restore_peak: Option<u64>,
    /// Per case of the suite.
    pub(crate) cases: Vec<CaseOutcome>,
    /// The file that was loaded.
    pub(crate) model: PathBuf,
    /// How it was set up.
    pub(crate) settings: Settings,
    /// Whether something that may move bits is not as recorded.
    pub(crate) elsewhere: bool,
    /// Files beside the artifact that had a part in what was computed.
    pub(crate) sources: Vec<Source>,
    /// How the environment differs from the recorded one.
    pub(crate) differences: Vec<EnvironmentDifference>,
    /// Whether the engine is the one that recorded, in the same version.
    same_engine: bool,
    /// Whether what ran is the contract's own graph.
    pub(crate) is_graph: bool,
    checks: Vec<Check>,
}

/// The inputs of a case: as the contract's own graph takes them, where that is what runs and they are others.
pub(crate) fn inputs(values: &Path, case: &Name, of_graph: bool) -> CaseInput {
    let own = graph_input(values, case);
    if of_graph && own.folder.is_dir() { own } else { case_input(values, case) }
}

/// The plan of a verification: one unit with every case of the suite.
fn plan(subject: &Subject<'_>, settings: &Settings, model: &Path, runner: &str, of_graph: bool) -> Plan {
    let suite = subject.stored.contract.suite.iter();
    let cases = suite.map(|case| inputs(&subject.stored.values, &case.name, of_graph));
    let mut spec = specification(given(runner, subject.path, model), cases.collect(), subject.options.limits);
    settings.apply(&mut spec);
    spec.loading.installed = true;
    let unit = Work { runner: runner.to_owned(), purpose: Purpose::Outputs, spec };
    Plan { schema: PlanSchema::V0, units: vec![unit] }
}

/// The runner to use: the one asked for, else the one that recorded if it is there, else any other.
fn choose(subject: &Subject<'_>) -> String {
    let recorded = subject.stored.contract.runner.as_deref().map(named);
    let there = recorded.filter(|name| subject.runners.get(name).is_some()).map(str::to_owned);
    let any = || subject.runners.names().into_iter().next().unwrap_or_else(|| REFEREE.to_owned());
    subject.options.runner.clone().or(there).unwrap_or_else(any)
}

/// Runs the suite.
pub(super) fn run(subject: &Subject<'_>, load: &Load, scratch: &Path) -> Result<Execution, VerifyError> {
    let runner = choose(subject);
    let mut execution = Execution {
        runner: runner.clone(),
        engine: None,
        environment: None,
        load_failure: None,
        restore_seconds: 0.0,
        restore_peak: None,
        cases: Vec::new(),
        model: PathBuf::new(),
        settings: Settings::default(),
        elsewhere: true,
        sources: Vec::new(),
        differences: Vec::new(),
        same_engine: false,
        is_graph: false,
        checks: Vec::new(),
    };
    let Some(model) = &load.model else {
        let what = "there is no model file to load".to_owned();
        execution.load_failure = Some((Verdict::Unloadable, what, String::new()));
        return Ok(execution);
    };
    let own_graph = changed::own_graph(subject);
    execution.is_graph = own_graph.is_some();
    execution.model.clone_from(model);
    match changed::stand_in(subject, load, &runner) {
        Some(Ok(graph)) => (execution.model, execution.is_graph) = (graph, true),
        Some(Err((what, hint))) => {
            execution.load_failure = Some((Verdict::Undecided, what, hint));
            return Ok(execution);
        }
        None => {}
    }
    let told = subject.options.settings.clone();
    // A converted model brings its own way to be loaded.
    let is_recorded = load.same_format && !execution.is_graph;
    let mut told = if is_recorded { told.completed(subject.stored) } else { told };
    if let Some(frozen) = own_graph {
        told.loading.adapter = told.loading.adapter.or_else(|| frozen.form.adapter().map(str::to_owned));
    }
    let artifact = load.digests.as_ref().map(|digests| digests.artifact);
    execution.settings = match settle(&told, &runner, subject.path, artifact) {
        Ok(settings) => settings,
        Err(status) => {
            let (what, hint) = explain(&status);
            execution.load_failure = Some((Verdict::Undecided, what, hint));
            return Ok(execution);
        }
    };
    let plan = plan(subject, &execution.settings, &execution.model, &runner, execution.is_graph);
    let [unit] = plan.units.as_slice() else { unreachable!("a verification is one unit") };
    subject.progress.begin(
        &format!("executing with {runner}"),
        Some(unit.spec.cases.len() as u64),
        Unit::Items,
    );
    let outcome = subject.runners.execute(unit, scratch, subject.progress)?;
    subject.progress.end();
    execution.restore_seconds = outcome.load.seconds;
    execution.restore_peak = outcome.load.peak_memory_bytes;
    if !outcome.load.status.is_done() {
        let (what, hint) = explain(&outcome.load.status);
        let verdict = match &outcome.load.status {
            Status::Refused { .. } => Verdict::Unloadable,
            _ => Verdict::Undecided,
        };
        let hint = match changed::stand_in(subject, load, REFEREE) {
            Some(Ok(_)) if runner != REFEREE => {
                format!("{hint}; or let --runner {REFEREE} run the contract's graph, which needs no Python")
            }
            _ => hint,
        };
        execution.load_failure = Some((verdict, what, hint));
    }
    execution.environment = outcome.environment;
    if let (Some(recorded), Some(current)) = (subject.stored.recorded_environment(), &execution.environment) {
        execution.same_engine = same_engine(&recorded, current);
        // What is the same bits everywhere is compared with no environment.
        if !execution.is_canonical(&subject.stored.contract) {
            execution.differences = differences(&recorded, current);
        }
        execution.elsewhere =
            execution.differences.iter().any(|difference| difference.grade > Grade::Harmless);
    }
    execution.engine = execution
        .environment
        .as_ref()
        .map(|environment| format!("{runner} ({} {})", environment.engine.name, environment.engine.version));
    execution.sources = outcome.sources;
    execution.cases = outcome.cases;
    let contract = &subject.stored.contract;
    let private = contract.private.is_some();
    execution.checks = execution
        .cases
        .iter()
        .map(|case| {
            let golden = execution.golden(contract, case.name.as_str());
            // Whatever ran elsewhere: what made these goldens is the same engine.
            let canonical = golden.is_some_and(|(same_class, golden)| same_class && golden.class == REFEREE);
            let expected = golden.map(|(_, golden)| &golden.expected);
            case_check(case, expected, execution.same_engine || canonical, private)
        })
        .collect();
    execution.checks.extend(changed::code_check(subject, &execution.sources));
    Ok(execution)
}

/// How the execution of one case is judged.
fn case_check(case: &CaseOutcome, expected: Option<&Expected>, same_engine: bool, private: bool) -> Check {
    let id = "execute.case";
    let line = |title: String, verdict| check(id, title, verdict).case(case.name.as_str());
    let name = &case.name;
    let refused_then = match expected {
        Some(Expected::Refusal { message }) => Some(message),
        _ => None,
    };
    let (mut what, hint) = explain(&case.step.status);
    if private && matches!(case.step.status, Status::Refused { .. }) {
        // Engines like to quote what they refuse.
        "a refusal, whose words are private".clone_into(&mut what);
    }
    match (&case.step.status, refused_then) {
        (Status::Done, None) => line(format!("case {name} ran"), Verdict::Identical),
        (Status::Refused { .. }, Some(_)) => {
            line(format!("case {name} was refused, as recorded"), Verdict::Identical)
        }
        // Another engine has not what the case needs, and does not run it either; that the recording one does not have it
        // here says nothing about the case.
        (Status::Unsupported { .. }, Some(_)) if !same_engine => {
            line(format!("case {name} was refused, as recorded"), Verdict::Identical)
        }
        // Engines differ in what they refuse; there is no golden to compare with.
        (Status::Done, Some(message)) if !same_engine => {
            line(format!("case {name} ran where the recording engine refused it"), Verdict::Equivalent)
                .expected(format!("refusal: {message}"))
                .actual(
                    "outputs, which nothing was recorded to compare with: engines differ in what they refuse",
                )
        }
        (Status::Done, Some(message)) => line(format!("case {name} ran"), Verdict::Incomparable)
            .expected(format!("refusal: {message}"))
            .actual("outputs"),
        (Status::Refused { .. }, None) if !same_engine => {
            line(format!("case {name} was refused by this engine"), Verdict::Undecided)
                .actual(what)
                .hint("verify with the recording engine (--runner) to tell the engine from the artifact")
        }
        (Status::Refused { .. }, None) => {
            line(format!("case {name} was refused"), Verdict::Incomparable).expected("outputs").actual(what)
        }
        (_, _) => line(format!("case {name} did not finish"), Verdict::Undecided).actual(what).hint(hint),
    }
}

impl Execution {
    /// The environment class that it ran in.
    pub(crate) fn class(&self) -> String {
        let seen = self.environment.as_ref().map(|environment| environment.class.clone());
        // Where it ended before it told, it is filed where the next run will be.
        seen.unwrap_or_else(|| match self.runner.as_str() {
            REFEREE => REFEREE.to_owned(),
            _ => reproof_runner::environment_class(&Device::Cpu),
        })
    }

    /// Whether the model loaded.
    pub(crate) fn loaded(&self) -> bool {
        self.load_failure.is_none()
    }

    /// The golden of a case for the class that it ran in, or that of another class; whether it is of this class.
    pub(crate) fn golden<'a>(&self, contract: &'a Contract, case: &str) -> Option<(bool, &'a Golden)> {
        let class = self.class();
        let mut of_case = contract.goldens.iter().filter(|golden| golden.case.as_str() == case);
        let own = of_case.clone().find(|golden| golden.class == class && self.made(contract, golden));
        own.map(|golden| (true, golden)).or_else(|| of_case.next().map(|golden| (false, golden)))
    }

    /// Whether a golden can be what this gave: canonical ones of a model with a graph are those of the graph.
    fn made(&self, contract: &Contract, golden: &Golden) -> bool {
        golden.class != REFEREE || contract.frozen.is_none() || self.is_graph
    }

    /// Whether what ran has goldens that hold in every environment.
    fn is_canonical(&self, contract: &Contract) -> bool {
        let canonical = |golden: &Golden| golden.class == REFEREE && self.made(contract, golden);
        self.class() == REFEREE && contract.goldens.iter().any(canonical)
    }

    /// Whether code that computes is not the recorded code, so that the function may have changed though no byte of the
    /// artifact did: another loader, another file beside it, or packages in which a framework keeps its models.
    pub(super) fn other_code(&self, contract: &Contract) -> bool {
        if self.runner != PYTHON {
            return false;
        }
        let loader = contract.loading.as_ref().and_then(|loading| loading.loader.as_ref());
        self.settings.loading.loader.as_ref() != loader
            // A fault stands for code that is not the recorded code.
            || !self.settings.loading.planted.is_empty()
            || self.sources != contract.context.sources
            || self.differences.iter().any(|difference| difference.grade == Grade::MayChangeResults)
    }

    /// The current environment against the recorded one.
    pub(super) fn environment_report(&self, contract: &Contract) -> EnvironmentReport {
        let class = self.class();
        let made = contract.goldens.iter().filter(|golden| self.made(contract, golden));
        let classes: Vec<&String> = made.map(|golden| &golden.class).collect();
        let golden_class = if classes.contains(&&class) {
            Some(class.clone())
        } else {
            classes.first().map(|class| (*class).clone())
        };
        EnvironmentReport { class, golden_class, differences: self.differences.clone(), fingerprint: None }
    }

    /// Which operators give other bits than where the contract was recorded, asked where outputs differ.
    pub(super) fn fingerprint(&self, subject: &Subject<'_>) -> Option<FingerprintComparison> {
        let recorded = subject.stored.fingerprint()?;
        let environment = self.environment.as_ref()?;
        let plan = plan(subject, &self.settings, &self.model, &self.runner, self.is_graph);
        let spec = &plan.units.first()?.spec;
        subject.progress.begin("asking operators what moved", None, Unit::Items);
        // What explains a difference must not prevent the report of it.
        let current = subject.runners.fingerprint(&self.runner, environment, spec, true).ok().flatten();
        subject.progress.end();
        reproof_environment::fingerprint::compare(&recorded, &current?)
    }

    /// The phase.
    pub(super) fn phase(&self) -> Phase {
        Phase {
            name: PhaseName::Execute,
            verdict: Verdict::worst(self.checks.iter().map(|check| check.verdict)),
            seconds: self.cases.iter().map(|case| case.step.seconds).sum(),
            peak_memory_bytes: self.cases.iter().filter_map(|case| case.step.peak_memory_bytes).max(),
            checks: self.checks.clone(),
        }
    }

    /// The verdict that the execution of a case contributes.
    pub(super) fn case_verdict(&self, name: &str) -> Verdict {
        let line = self.checks.iter().find(|check| check.case.as_deref() == Some(name));
        line.map_or(Verdict::Identical, |check| check.verdict)
    }

    /// Copies the produced tensors of every case to `folder`.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), VerifyError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| VerifyError::Scratch { path, source }
        };
        for case in &self.cases {
            let Some(produced) = case.outputs.first() else { continue };
            let target = folder.join(case.name.as_str());
            std::fs::create_dir_all(&target).map_err(failed(&target))?;
            for entry in std::fs::read_dir(produced).map_err(failed(produced))? {
                let entry = entry.map_err(failed(produced))?;
                let to = target.join(entry.file_name());
                std::fs::copy(entry.path(), &to).map_err(failed(&to))?;
            }
        }
        Ok(())
    }
}
