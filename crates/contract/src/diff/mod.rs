//! What changed between two artifacts, for people and machines.

mod state;
mod tensor;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use state::{FactChange, StateDiff, StateStatus};
pub use tensor::{Element, TensorDiff, TensorMetrics, TensorStatus, ValueMetrics};

/// The schema name of [`Diff`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DiffSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.diff/v0")]
    V0,
}

/// The differences of two artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// The schema of this document.
    pub schema: DiffSchema,
    /// Whether nothing differs: tensors with their names, training state, and the graph where both have one.
    pub equal: bool,
    /// Whether bits alone were compared, so that no tensor has measures of how much it differs.
    pub bits_only: bool,
    /// The part that was compared, if not all were.
    pub part: Option<String>,
    /// What changed, in sentences, the most important first.
    pub summary: Vec<String>,
    /// The first artifact.
    pub a: DiffSide,
    /// The second artifact.
    pub b: DiffSide,
    /// Whether both graphs are the same; absent where one of the two has none.
    pub same_graph: Option<bool>,
    /// Names that changed their beginning.
    pub roots: Vec<RootChange>,
    /// The tensors of both: what differs first, by relative L2 distance.
    pub tensors: Vec<TensorDiff>,
    /// Parts of training state.
    pub states: Vec<StateDiff>,
    /// The version of Reproof that compared.
    pub compared_by: String,
}

/// One of two compared artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffSide {
    /// Its path as given, home folder shortened.
    pub path: String,
    /// Its format.
    pub format: String,
    /// Its tensors.
    pub tensors: u64,
    /// The program that wrote it, where that is known.
    pub trainer: Option<String>,
}

/// A common beginning of names that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RootChange {
    /// The part.
    pub part: String,
    /// What names begin with in the first; may be empty.
    pub from: String,
    /// What the same names begin with in the second; may be empty.
    pub to: String,
    /// Tensors with it.
    pub tensors: u64,
}

impl Diff {
    /// The tensors with this status.
    pub fn with(&self, status: TensorStatus) -> impl Iterator<Item = &TensorDiff> {
        self.tensors.iter().filter(move |tensor| tensor.status == status)
    }
}
