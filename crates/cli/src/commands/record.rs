//! `record`: makes the contract of an artifact.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use clap::Args;
use reproof::artifact::Artifact;
use reproof::cases::{Case, OPEN_SIZES, PROPOSED, distinct, gather, imported_suite};
use reproof::engines::preferred;
use reproof::execution::{PYTHON, REFEREE, Runners};
use reproof::record::{Allow, GraphChoice, RecordOptions, Recorded, record_imported, record_proposing};
use reproof_contract::contract::{FrozenRecord, RefereeRecord};
use reproof_contract::environment::Environment;
use reproof_contract::{Assurance, CaseClass};
use reproof_digest::Digest;
use reproof_formats::{Format, onnx};
use serde::Serialize;

use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::context::{self, ContextArguments};
use crate::engines::{runners, settings};
use crate::failure::{Exit, UsageError, there};
use crate::output;
use crate::private::private_root;
use crate::quantities::duration;
use crate::trust;

use super::cases::called;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with one model.
    path: PathBuf,
    #[command(flatten)]
    pub(crate) options: Options,
    /// Import inputs and outputs without executing anything: ONNX `test_data_set_N` folders. Repeat for several.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["cases", "runner", "freeze"])]
    from: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// What `record` and `accept` share.
#[derive(Args, Debug, Clone)]
pub(crate) struct Options {
    /// Where inputs come from: `auto` proposes them; a `.npy`, `.npz` or `.safetensors` file, a folder of them, or an
    /// ONNX `test_data_set_N` folder is taken as it is. Repeat for several [default: auto; `accept` keeps the suite].
    #[arg(long, value_name = "auto|PATH")]
    pub(crate) cases: Vec<String>,
    /// Where the contract goes [default: reproof/ inside a folder, FILE.reproof/ beside a file].
    #[arg(long, value_name = "DIR")]
    pub(crate) contract: Option<PathBuf>,
    /// Let an honesty check fail: `nondeterministic` records a distribution, `nan` and `input-blind` accept what they
    /// say, `personal-data` lets what looks like it lie beside the artifact. Repeat for several.
    #[arg(long, value_name = "CHECK", value_parser = ["nondeterministic", "nan", "input-blind", "personal-data"])]
    allow: Vec<String>,
    /// Where inputs and goldens lie: `public`, in the contract; `private`, in a folder of yours outside of it, named by
    /// their digest: $REPROOF_PRIVATE, else ~/.local/share/reproof/private [default: public; `accept` keeps it].
    #[arg(long, value_name = "public|private", value_parser = ["public", "private"])]
    suite: Option<String>,
    /// Spend at most this long on the envelope and the referee, such as `2m`.
    #[arg(long, env = "REPROOF_BUDGET", value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
    /// Keep the model's graph in the contract too, proved against the goldens at once: ONNX where it can be written, else
    /// the framework's own (torch.export, StableHLO, SavedModel).
    #[arg(long, value_name = "auto|onnx|native", num_args = 0..=1, require_equals = true, default_missing_value = "auto",
        value_parser = ["auto", "onnx", "native"], conflicts_with = "bytes_only")]
    freeze: Option<String>,
    /// Record bytes and weights alone, whatever could run.
    #[arg(long)]
    bytes_only: bool,
    /// A description of the environment that the artifact was saved in, as a callback writes it.
    #[arg(long, value_name = "FILE", help_heading = "Context")]
    saved_in: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArguments,
    #[command(flatten)]
    context: ContextArguments,
}

impl Options {
    /// Where inputs come from.
    fn sources(&self) -> Vec<String> {
        if self.cases.is_empty() { vec![PROPOSED.to_owned()] } else { self.cases.clone() }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    contract: String,
    contract_digest: Digest,
    artifact_digest: Digest,
    weights_digest: Digest,
    assurance: Assurance,
    runner: Option<&'a str>,
    referee: &'a RefereeRecord,
    cases: Vec<&'a str>,
    frozen: Option<&'a FrozenRecord>,
    notes: &'a [String],
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let path = &arguments.path;
    there(path)?;
    let bars = Bars::new();
    let recorded = if arguments.from.is_empty() {
        let (runners, options) = prepare(path, &arguments.options, true)?;
        let recorded = record_proposing(path, &arguments.options.sources(), options, &runners, &bars)?;
        trust::remember_recording(&arguments.options.engine, &recorded);
        recorded
    } else {
        let artifact = Artifact::open(path)?;
        let model = onnx::read(&artifact.model)?;
        let mut suite = Vec::new();
        for folder in &arguments.from {
            for (mut case, outputs) in imported_suite(&model, folder)? {
                case.name = distinct(case.name, |name| {
                    suite.iter().any(|(known, _): &(Case, _)| known.name == *name)
                });
                suite.push((case, outputs));
            }
        }
        let mut options = RecordOptions::new(REFEREE, Vec::new(), SystemTime::now());
        options.folder.clone_from(&arguments.options.contract);
        options.private = is_private(&arguments.options);
        options.private_root = private_root();
        options.allow = allowed(&arguments.options);
        context::fill(&arguments.options.context, path, &mut options)?;
        record_imported(path, &suite, &options, &bars)?
    };
    show(&recorded, arguments.options.contract.is_some(), arguments.output.json)?;
    Ok(Exit::Reached)
}

/// The runners and options of a recording.
///
/// `gathers` says that cases are wanted from the sources that the options name.
pub(crate) fn prepare(path: &Path, options: &Options, gathers: bool) -> Result<(Runners, RecordOptions)> {
    let wanted = options.engine.wanted();
    let takes_anything = wanted == Some(PYTHON) || options.bytes_only;
    let artifact = if takes_anything { Artifact::open_any(path) } else { Artifact::open(path) }?;
    let runners = runners(&options.engine, wanted)?;
    let settings = settings(&options.engine, wanted, path)?;
    let mut lacking = None;
    let cases: Vec<Case> = if !gathers || options.bytes_only {
        Vec::new()
    } else if wanted == Some(PYTHON) {
        match called(&artifact, &options.sources(), &options.engine, &settings, &runners) {
            Err(error) => {
                lacking = error.without_outputs();
                if lacking.is_none() {
                    return Err(error.into());
                }
                Vec::new()
            }
            Ok(found) => found,
        }
    } else if artifact.description.format == Format::Onnx {
        gather(&artifact.model, &options.sources(), OPEN_SIZES[0])?
    } else {
        Vec::new()
    };
    let runner = wanted.unwrap_or(preferred(&runners));
    let mut made = RecordOptions::new(runner, cases, SystemTime::now());
    made.bytes_only = options.bytes_only || lacking.is_some();
    made.notes.extend(lacking);
    made.folder.clone_from(&options.contract);
    made.budget = options.budget;
    made.private = is_private(options);
    made.private_root = private_root();
    made.freeze = options.freeze.as_deref().and_then(GraphChoice::from_word);
    made.saved_in = options.saved_in.as_deref().map(environment).transpose()?;
    made.settings = settings;
    made.limits = options.engine.limits.limits();
    made.allow = allowed(options);
    context::fill(&options.context, path, &mut made)?;
    Ok((runners, made))
}

/// Whether inputs and goldens shall lie outside the artifact, where the user says so.
fn is_private(options: &Options) -> Option<bool> {
    options.suite.as_ref().map(|word| word == "private")
}

/// The checks that may fail.
fn allowed(options: &Options) -> Vec<Allow> {
    let named = |word: &String| Allow::ALL.iter().find(|(_, known)| known == word).map(|(allow, _)| *allow);
    options.allow.iter().filter_map(named).collect()
}

/// An environment that somebody described.
fn environment(path: &Path) -> Result<Environment> {
    let wrong = |why: String| UsageError(format!("--saved-in {}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    Ok(serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?)
}

/// Prints what was recorded.
///
/// `elsewhere` says that the contract does not lie beside the artifact.
pub(crate) fn show(recorded: &Recorded, elsewhere: bool, json: bool) -> Result<()> {
    let contract = &recorded.contract;
    if json {
        return output::json(&Document {
            contract: output::shown(&recorded.folder),
            contract_digest: recorded.digest,
            artifact_digest: contract.artifact.artifact_digest,
            weights_digest: contract.artifact.weights_digest,
            assurance: recorded.assurance,
            runner: contract.runner.as_deref(),
            referee: &contract.referee,
            cases: contract.suite.iter().map(|case| case.name.as_str()).collect(),
            frozen: contract.frozen.as_ref(),
            notes: &recorded.notes,
        });
    }
    for note in &recorded.notes {
        output::note(&format!("note: {note}"));
    }
    if contract.private.is_some() {
        output::note(
            "note: inputs and goldens are private; who verifies outputs elsewhere needs their folder",
        );
    }
    if elsewhere {
        output::note("note: verify the same files with --contract DIR --relation same");
    }
    let count = |class: CaseClass| contract.suite.iter().filter(|case| case.class == class).count();
    let engine = contract.environment.as_ref().map(|environment| &environment.engine);
    let mut lines = vec![format!("recorded  {}", output::shown(&recorded.folder))];
    lines.push(format!("contract  {}", recorded.digest));
    lines.push(format!("artifact  {}", contract.artifact.artifact_digest));
    lines.push(format!("weights   {}", contract.artifact.weights_digest));
    if !contract.suite.is_empty() {
        lines.push(format!(
            "suite     {} typical, {} boundary, {} corner",
            count(CaseClass::Typical),
            count(CaseClass::Boundary),
            count(CaseClass::Corner)
        ));
    }
    if let Some(engine) = engine {
        lines.push(format!("engine    {} {}", engine.name, engine.version));
    }
    if let Some(frozen) = &contract.frozen {
        lines.push(format!(
            "frozen    {} ({} in {} of {} cases)",
            frozen.path,
            frozen.verdict,
            frozen.cases.len(),
            contract.suite.len()
        ));
    }
    if let Some(private) = &contract.private
        && let Some(root) = private_root()
    {
        lines.push(format!("private   {}", root.join(private.id.to_hex()).display()));
    }
    lines.push(match &contract.referee {
        RefereeRecord::Float64 { engine, .. } => format!("referee   float64 by {engine}"),
        RefereeRecord::None { reason } => format!("referee   none: {reason}"),
    });
    lines.push(format!("assurance {}", recorded.assurance));
    output::data(&lines.join("\n"))
}
