//! The commands and what they share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use reproof::engines::{most_of_free_memory, named};
use reproof::execution::PYTHON;
use reproof::resume::ResumeCommand;
use reproof_contract::run::{Device, Limits};
use reproof_formats::OpenOptions;

use crate::commands::{
    accept, cases, diagnose, diff, digest, drill, env, inspect, record, registry, scan, schema, shell, sign,
    unit, verify,
};
use crate::quantities::{duration, memory};

/// Proves that a saved model still loads and still produces identical outputs, and when it does not, says why.
#[derive(Parser, Debug)]
#[command(name = "reproof", version, max_term_width = 100)]
pub(crate) struct Root {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Show what an artifact holds: format, tensors, graph, metadata, findings; executes nothing.
    Inspect(inspect::Arguments),
    /// Print the digests of an artifact: files, weights, values, parts, architecture.
    Digest(digest::Arguments),
    /// Show what changed between two artifacts, tensor by tensor and state by state; executes nothing.
    Diff(diff::Arguments),
    /// Tell what would run or leak if an artifact were loaded; executes nothing.
    Scan(scan::Arguments),
    /// Propose typical, boundary and corner inputs for a model, or import yours.
    Cases(cases::Arguments),
    /// Make the contract of an artifact: what it promises from now on.
    Record(record::Arguments),
    /// Make the next contract of an artifact that changed on purpose; the one before is kept.
    Accept(accept::Arguments),
    /// Prove that an artifact keeps its promise: load, execute, validate.
    Verify(verify::Arguments),
    /// Tell why outputs differ and where that starts: each node of a graph against float64.
    Diagnose(diagnose::Arguments),
    /// Lose one piece of a training's state at a time and show what would be noticed, at which step.
    Drill(drill::Arguments),
    /// Show, compare, lock and fingerprint the environment of a Python interpreter.
    Env(env::Arguments),
    /// Make a registry: versions with names, promotion with proof, a log that nobody can rewrite unseen.
    Init(registry::init::Arguments),
    /// Store an artifact with its contract, once and for ever, as MODEL@VERSION.
    Push(registry::push::Arguments),
    /// Get a version back, byte for byte, and check that it is what was pushed.
    Pull(registry::pull::Arguments),
    /// Show the models of the registry, one of them, or a version.
    Show(registry::show::Arguments),
    /// Show who did what, when.
    Log(registry::log::Arguments),
    /// Show where aliases point, and where they pointed.
    Alias(registry::alias::Arguments),
    /// Show what was found out about a version, or add to it.
    Evidence(registry::evidence::Arguments),
    /// Show or set what an alias asks of the versions that it may point to.
    Gate(registry::gate::Arguments),
    /// Say that a version may be used, or may not.
    Approve(registry::decide::Arguments),
    /// Point an alias to a version, if its gate holds for that exact digest.
    Promote(registry::promote::Arguments),
    /// Point an alias back to an earlier version.
    Revert(registry::promote::RevertArguments),
    /// Take a version out of use; its bytes stay.
    Retire(registry::state::RetireArguments),
    /// Hold a version for inspection: no alias moves to it until the flag is cleared.
    Flag(registry::state::Arguments),
    /// Clear the flags of a version.
    Clear(registry::state::Arguments),
    /// Set or remove tags of a version.
    Tag(registry::state::TagArguments),
    /// Add a review note to a version.
    Note(registry::state::NoteArguments),
    /// Show or set how long versions are kept at least.
    Retention(registry::keep::RetentionArguments),
    /// Hold a version or a model against deletion, or end such a hold.
    Hold(registry::keep::HoldArguments),
    /// Delete a version that nothing keeps; its name and digests stay.
    Delete(registry::keep::DeleteArguments),
    /// Say what a model is, who answers for it and how confidential it is.
    Describe(registry::state::DescribeArguments),
    /// Tell what a version lacks.
    Lint(registry::lint::Arguments),
    /// Make users known, give them roles and tokens.
    Access(registry::access::Arguments),
    /// Check the log of the registry, print its checkpoint, export it.
    Audit(registry::audit::Arguments),
    /// Check that everything stored is still there and is what it was.
    Fsck(registry::maintain::CheckArguments),
    /// Remove what no version needs, after a grace period.
    Gc(registry::maintain::CollectArguments),
    /// Sign the contract of an artifact, or its files as OpenSSF Model Signing has it.
    Sign(sign::Arguments),
    /// Check what others signed.
    Attest(sign::AttestArguments),
    /// Print the JSON Schema of a document.
    Schema(schema::Arguments),
    /// Print completions for a shell.
    Completions(shell::CompletionArguments),
    /// Print the manual page, or write one page per command into a folder.
    Man(shell::ManArguments),
    /// Serve one unit of work (started by reproof itself).
    #[command(hide = true)]
    RunUnit(unit::Arguments),
}

/// How results are shown.
#[derive(Args, Debug, Clone)]
pub(crate) struct OutputArguments {
    /// Print exactly one JSON document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Which part of a checkpoint is the model.
#[derive(Args, Debug, Clone)]
pub(crate) struct ModelArguments {
    /// The keys, divided by dots, under which the checkpoint holds the model, such as `ema.module` [default: found by
    /// what the checkpoint holds].
    #[arg(long = "model", value_name = "KEYS")]
    pub(crate) model: Option<String>,
}

impl ModelArguments {
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions { model: self.model.clone() }
    }
}

/// What runs the model, and within which limits.
#[derive(Args, Debug, Clone)]
pub(crate) struct EngineArguments {
    /// What runs the model: `referee` (built in, the same bits on every machine; `onnx` is another name for it),
    /// `onnxruntime` (your library) or `python` (your interpreter) [default: the one that recorded; for a first recording
    /// `onnxruntime` where it is found].
    #[arg(long, value_name = "NAME", value_parser = ["onnx", "onnxruntime", "python", "referee"])]
    pub(crate) runner: Option<String>,
    /// The ONNX Runtime library, or the folder that holds it [default: the `onnxruntime` package of `python3`].
    #[arg(long, value_name = "PATH", env = "ORT_DYLIB_PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// The Python interpreter that has the model's framework; nothing is installed there [default: python3].
    #[arg(long, value_name = "INTERPRETER", help_heading = "Python")]
    pub(crate) python: Option<PathBuf>,
    /// What loads the artifact in Python: `torch`, `torch-module`, `torchscript`, `torch-export`, `transformers`,
    /// `transformers-generate`, `sklearn`, `callable` and others [default: found by content].
    #[arg(long, value_name = "NAME", help_heading = "Python")]
    pub(crate) adapter: Option<String>,
    /// Your function that builds the model, or loads it if it takes the path: `package.module:function`.
    #[arg(long, value_name = "MODULE:FUNCTION", help_heading = "Python")]
    pub(crate) loader: Option<String>,
    /// Let code run that is in the artifact, or that its contract names; remembered for these very bytes.
    #[arg(long, help_heading = "Python")]
    pub(crate) trust: bool,
    /// Let the model use the network.
    #[arg(long, help_heading = "Python")]
    pub(crate) network: bool,
    /// Where the model runs: `cpu`, `cuda:0`, or another in the framework's own spelling [default: cpu].
    #[arg(long, value_name = "DEVICE", help_heading = "Python")]
    pub(crate) device: Option<Device>,
    /// Threads inside one operator, for engines that have them [default: 1; every core for the referee, whose
    /// bits they do not change].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    /// An engine option, such as `optimisation=basic`. Repeat for several.
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
}

/// Within which limits something runs.
#[derive(Args, Debug, Clone)]
pub(crate) struct LimitArguments {
    /// Give up on a run after this long, such as `90s` or `10m`.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
    pub(crate) timeout: Duration,
    /// Give up on a run that needs more memory, such as `4GiB` [default: 4/5 of what is free].
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory_limit: Option<u64>,
}

impl LimitArguments {
    /// The limits of each run.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            milliseconds: Some(u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX).max(1)),
            memory_bytes: self.memory_limit.or_else(most_of_free_memory),
        }
    }
}

/// How a training is resumed.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Training")]
pub(crate) struct ResumeArguments {
    /// A command that resumes the training, in which `{checkpoint}` stands for a copy of the artifact and `{output}` for a
    /// folder that is thrown away. Its next steps are compared with those that were recorded.
    #[arg(long, value_name = "COMMAND")]
    resume: Option<String>,
    /// The same with a function `package.module:function` of the interpreter, which is called with the path of the copy.
    #[arg(long, value_name = "FUNCTION", conflicts_with = "resume")]
    resume_entry: Option<String>,
}

impl ResumeArguments {
    /// How training is resumed, if it is.
    pub(crate) fn command(&self, interpreter: Option<&Path>) -> Option<ResumeCommand> {
        let shell = self.resume.clone().map(ResumeCommand::Shell);
        let entry = || {
            let interpreter = interpreter.unwrap_or(Path::new("python3")).to_owned();
            Some(ResumeCommand::Entry { interpreter, function: self.resume_entry.clone()? })
        };
        shell.or_else(entry)
    }
}

impl EngineArguments {
    /// The runner that was asked for, by its name or by what only one runner takes.
    pub(crate) fn wanted(&self) -> Option<&str> {
        let python = self.python.is_some() || self.adapter.is_some() || self.loader.is_some();
        self.runner.as_deref().map(named).or_else(|| python.then_some(PYTHON))
    }
}
