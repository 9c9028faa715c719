//! What the user told about how the artifact came to be.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signature::Source;

/// Context of the artifact, from the command line and `reproof.toml`. Preprocessing and configuration files
/// are copied under `context/` and listed among the contract's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Context {
    /// Seeds by name, such as `torch`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub seeds: BTreeMap<String, u64>,
    /// The code that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Revision>,
    /// The data that it was trained on, without credentials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<DatasetReference>,
    /// Copied preprocessing files, by their path below `context/`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preprocessing: Vec<String>,
    /// Code of the loader, files of tokenizer and processor, with their digests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// How it was initialised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initialisation: Option<String>,
    /// How it was regularised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regularisation: Option<String>,
    /// Optimizer and schedule, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<String>,
    /// Anything else, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

/// A state of a source repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revision {
    /// The commit, as the version control system writes it.
    pub commit: String,
    /// Whether files differed from the commit.
    pub dirty: bool,
    /// Where it lives, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// A data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetReference {
    /// What people call it.
    pub name: String,
    /// Where it is, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Column or field names with their types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schema: BTreeMap<String, String>,
    /// A fingerprint that its library computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// Who answers for the artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Governance {
    /// The owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How confidential it is, in the user's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
}
