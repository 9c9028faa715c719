//! Training state of two checkpoints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What became of a part of training state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateStatus {
    /// Every fact is the same.
    Identical,
    /// Some facts are not.
    Changed,
    /// Only in the second.
    Added,
    /// Only in the first.
    Removed,
}

/// One part of training state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateDiff {
    /// Its name, such as `optimizer`.
    pub part: String,
    /// What became of it.
    pub status: StateStatus,
    /// What kind it is in the first, such as `AdamW`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What kind it is in the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind_in_b: Option<String>,
    /// Facts that are the same.
    pub same: u64,
    /// Facts that are not, by name.
    pub changes: Vec<FactChange>,
}

/// A fact that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FactChange {
    /// Its dotted name, such as `groups.0.lr`.
    pub fact: String,
    /// The value in the first; absent if it is only in the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<Value>,
    /// The value in the second; absent if it is only in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<Value>,
}
