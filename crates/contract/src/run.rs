//! One execution of an artifact: what to run ([`RunSpec`]) and what came of it ([`Outcome`]).
//!
//! A run always happens in a child process, so that a crash, a limit and peak memory belong to one unit of
//! work. The child writes what it has after each step; whatever it managed before it died is part of the
//! outcome.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::environment::Environment;
use crate::signature::{Inputs, Source};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSpec {
    /// The artifact: a file or a folder.
    pub artifact: PathBuf,
    /// Cases in the order in which they run, in one process after one load.
    pub cases: Vec<CaseInput>,
    /// Where the model runs.
    #[serde(default)]
    pub device: Device,
    /// In which arithmetic.
    #[serde(default)]
    pub precision: Precision,
    /// Threads inside one operator; `None` is the runner's default.
    #[serde(default)]
    pub threads: Option<u32>,
    /// Engine options by name, such as `optimisation = disabled`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Environment variables of the child, beside the runner's allow-list; one that is empty is taken from it.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Package requirements of the child's interpreter; empty for engines without one.
    #[serde(default)]
    pub packages: Vec<String>,
    /// How a framework's own interpreter loads the artifact; nothing for engines of their own formats.
    #[serde(default, skip_serializing_if = "Loading::is_default")]
    pub loading: Loading,
    /// Intermediate values wanted beside the outputs.
    #[serde(default)]
    pub taps: Taps,
    /// By case, a folder of values that steps gave elsewhere, as [`CaseOutcome::taps`] has them: each step takes these in place
    /// of what the steps before it give here, so that taps show what each step does by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<Name, PathBuf>,
    /// Alterations of the loaded model, such as `epsilon=LayerNorm:1e-6`: each case runs once more with each of them by itself,
    /// in the same process. A lone `?` asks for those that would change something, a lone `!` for faults that can be planted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<String>,
    /// When to give up.
    #[serde(default)]
    pub limits: Limits,
    /// How often each case is executed in the same process; outputs are kept of every repeat.
    pub repeats: u32,
}

/// How a framework's own interpreter loads an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct Loading {
    /// The adapter by name, such as `torchscript`; `None` finds it by content.
    pub adapter: Option<String>,
    /// The user's function that makes the model: `package.module:function`.
    pub loader: Option<String>,
    /// Whether code that is pickled in the artifact may run.
    pub trust: bool,
    /// Whether the model may use the network.
    pub network: bool,
    /// Folders in which the loader's module is looked for, beside the interpreter's own.
    pub modules: Vec<PathBuf>,
    /// Whether the outcome tells what the model remembers; it takes a pass over every tensor.
    pub state: bool,
    /// Whether the outcome tells what is installed for the interpreter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub installed: bool,
    /// Whether the outcome tells what the model can be given.
    pub inputs: bool,
    /// Whether a model of which no graph can be written is refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub graph: bool,
    /// Faults that the loaded model has from then on, such as `epsilon=LayerNorm:0.001`: what a drill plants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub planted: Vec<String>,
}

impl Loading {
    /// Whether nothing was told.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The inputs of one case: a folder with `inputs.json` and `inputs.safetensors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseInput {
    /// The case's name.
    pub name: Name,
    /// The folder.
    pub folder: PathBuf,
}

/// Where a model runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA accelerator by index.
    Cuda(u32),
    /// Any other device, in the framework's own spelling.
    Other(String),
}

/// A text that names no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("device `{text}`: expected one such as cpu or cuda:0")]
pub struct DeviceError {
    /// The refused text.
    pub text: String,
}

impl std::str::FromStr for Device {
    type Err = DeviceError;

    /// `cpu`, `cuda`, `cuda:N`, or any other device in the framework's own spelling.
    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let refused = || DeviceError { text: text.to_owned() };
        match (text, text.strip_prefix("cuda:")) {
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(index)) => index.parse().map(Self::Cuda).map_err(|_| refused()),
            _ if text.is_empty() => Err(refused()),
            _ => Ok(Self::Other(text.to_owned())),
        }
    }
}

/// The arithmetic of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As the artifact says.
    #[default]
    Stored,
    /// Every float widened to 64 bits: the referee of the verdict ladder.
    Float64,
}

/// Intermediate values wanted beside the outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Taps {
    /// None.
    #[default]
    None,
    /// Every step that the runner can show, by digests and a few values.
    All,
    /// The steps of these names, and their values.
    Named(Vec<String>),
    /// Every step of these cases, where the runner shows any: a case runs no worse for one that does not.
    Cases(Vec<Name>),
}

impl Taps {
    /// Whether those of a case are wanted.
    pub fn want(&self, case: &Name) -> bool {
        match self {
            Self::None => false,
            Self::All | Self::Named(_) => true,
            Self::Cases(cases) => cases.contains(case),
        }
    }
}

/// When to give up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Wall time of the whole run in milliseconds.
    #[serde(default)]
    pub milliseconds: Option<u64>,
    /// Anonymous memory of the child in bytes.
    #[serde(default)]
    pub memory_bytes: Option<u64>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Loading the artifact: its end, or why there is none.
    pub load: Step,
    /// The environment as the child saw it; absent if it died before it could say.
    pub environment: Option<Environment>,
    /// Cases in the order of the spec. A case that was never reached has the status of the failure that
    /// prevented it.
    pub cases: Vec<CaseOutcome>,
    /// What the child printed, shortened.
    pub printed: String,
    /// What the model remembers, where it was asked for and the runner can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ModelState>,
    /// What the model can be given, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
    /// Files beside the weights that have a part in what it computes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

impl Outcome {
    /// The outcome of a run that nothing came of, with the reason.
    pub fn prevented(spec: &RunSpec, status: &Status) -> Self {
        let step = || Step { status: status.clone(), seconds: 0.0, peak_memory_bytes: None };
        let case = |case: &CaseInput| CaseOutcome {
            name: case.name.clone(),
            step: step(),
            outputs: Vec::new(),
            taps: None,
            trials: Vec::new(),
            catalogue: Vec::new(),
        };
        Self {
            load: step(),
            environment: None,
            cases: spec.cases.iter().map(case).collect(),
            printed: String::new(),
            state: None,
            inputs: None,
            sources: Vec::new(),
        }
    }
}

/// What a model remembers: tells a model that was loaded from one that was made up, and one that stays from one that
/// changes while it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelState {
    /// Digests of its tensors after loading, by name; only equality means something.
    pub tensors: BTreeMap<String, String>,
    /// Tensors that the loader says were initialised, because the artifact lacks them.
    pub initialised: Vec<String>,
    /// Modules that behave as in training.
    pub training: Vec<String>,
    /// Tensors that changed while cases ran; absent where nobody could look after the last one.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Vec<String>>,
}

/// One timed step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// How it ended.
    pub status: Status,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Peak anonymous memory of the child during the step, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// One case of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseOutcome {
    /// The case's name.
    pub name: Name,
    /// How it ended.
    pub step: Step,
    /// Folders with `outputs.json` and `outputs.safetensors`, one per finished repeat.
    pub outputs: Vec<PathBuf>,
    /// The folder with the taps, where they were asked for: `taps.json`, which is a [`Taps`](crate::taps::Taps), and the
    /// values of steps that were named as `outputs.json` and `outputs.safetensors`, under `NAME#CALL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taps: Option<PathBuf>,
    /// What came of each of [`RunSpec::trials`], in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
    /// Alterations that would change something, the likeliest first, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub catalogue: Vec<String>,
}

/// One run of a case with an altered model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// The alteration.
    pub alteration: String,
    /// How it ended.
    pub status: Status,
    /// The folder with its outputs, as [`CaseOutcome::outputs`], where it ended as it should.
    pub outputs: Option<PathBuf>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Status {
    /// As it should.
    Done,
    /// The model refused: a message from the engine about this input or this artifact.
    Refused {
        /// The engine's words.
        message: String,
    },
    /// The runner or engine lacks something that the artifact needs; nothing is said about the artifact.
    Unsupported {
        /// What is lacking, such as an operator.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A limit was reached.
    Limit {
        /// Which one.
        limit: LimitKind,
        /// Its value: milliseconds or bytes.
        value: u64,
    },
    /// The child died.
    Died {
        /// How, such as `signal 11`.
        how: String,
        /// The end of what it printed.
        last_words: String,
    },
}

/// A limit of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitKind {
    /// Wall time in milliseconds.
    Time,
    /// Memory in bytes.
    Memory,
}

impl Status {
    /// Whether the step ended as it should.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}
