//! One moment of a training run, as facts by stream.

use std::collections::BTreeMap;

use reproof_digest::Digest;
use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

/// What was true at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// Which moment.
    pub kind: MomentKind,
    /// Steps of the optimizer that were done by then.
    pub step: u64,
    /// The facts of each stream by name, such as `layer.0.weight` among `parameters`.
    pub streams: BTreeMap<Stream, BTreeMap<String, Fact>>,
}

/// The moments of a trajectory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MomentKind {
    /// When the first batch after the checkpoint is there and nothing was computed with it.
    Begin,
    /// After a step of the optimizer.
    Step,
    /// After the last recorded step.
    End,
}

/// What is watched. In the order in which one acts on the next, so that the first that differs is nearest to the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Weights that are trained.
    Parameters,
    /// Tensors of the model that are not, such as running means; those that are saved or not.
    Buffers,
    /// Gradients that wait for the rest of an accumulation.
    Gradients,
    /// State and settings of the optimizer: `state.NAME.exp_avg`, `group.0.lr`.
    Optimizer,
    /// State of the schedule of learning rates.
    Scheduler,
    /// State of the scaler of losses.
    Scaler,
    /// Averaged weights, with the number of updates.
    Ema,
    /// Training or evaluation of each module, what is frozen, automatic casts.
    Modes,
    /// Digests of the states of generators of random numbers: `python`, `numpy`, `torch`, `torch.cuda.0`, or as named.
    Random,
    /// The tensors of each batch.
    Batch,
    /// The learning rate of each group, as it was used in the step.
    LearningRate,
    /// The loss of each batch.
    Loss,
    /// The norm of all gradients before the optimizer's step.
    GradientNorm,
    /// The factor by which losses are scaled.
    Scale,
    /// What the model gives in evaluation.
    Evaluation,
    /// What the averaged weights give in evaluation.
    EmaEvaluation,
}

/// One fact: a tensor, or a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fact {
    /// A tensor, by its digest.
    Tensor {
        /// Element type.
        dtype: DType,
        /// Dims, outermost first.
        shape: Vec<u64>,
        /// Digest of the tensor.
        digest: Digest,
        /// Values at up to 8 positions: position `i` of `n` is element `i * count / n`. Empty for types that are not
        /// plain numbers.
        samples: Vec<Real>,
    },
    /// Anything else, as text: a number, a flag, the digest of a state.
    Text(String),
}

impl Stream {
    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Buffers => "buffers",
            Self::Gradients => "gradients",
            Self::Optimizer => "optimizer",
            Self::Scheduler => "scheduler",
            Self::Scaler => "scaler",
            Self::Ema => "ema",
            Self::Modes => "modes",
            Self::Random => "random",
            Self::Batch => "batch",
            Self::LearningRate => "learning-rate",
            Self::Loss => "loss",
            Self::GradientNorm => "gradient-norm",
            Self::Scale => "scale",
            Self::Evaluation => "evaluation",
            Self::EmaEvaluation => "ema-evaluation",
        }
    }

    /// What it is, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Parameters => "weights",
            Self::Buffers => "buffers",
            Self::Gradients => "waiting gradients",
            Self::Optimizer => "state of the optimizer",
            Self::Scheduler => "state of the schedule",
            Self::Scaler => "state of the scaler",
            Self::Ema => "averaged weights",
            Self::Modes => "modes",
            Self::Random => "random states",
            Self::Batch => "batches",
            Self::LearningRate => "learning rate",
            Self::Loss => "loss",
            Self::GradientNorm => "norm of gradients",
            Self::Scale => "scale of the loss",
            Self::Evaluation => "evaluation",
            Self::EmaEvaluation => "evaluation of averages",
        }
    }
}
