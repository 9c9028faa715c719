//! The same artifact verified in several environments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::Verdict;

/// The schema name of [`Matrix`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MatrixSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.matrix/v0")]
    V0,
}

/// One verification per environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Matrix {
    /// The schema of this document.
    pub schema: MatrixSchema,
    /// The worst verdict of all environments.
    pub verdict: Verdict,
    /// The verdict that was asked for.
    pub required: Verdict,
    /// The environments, in the order asked for.
    pub columns: Vec<MatrixColumn>,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MatrixColumn {
    /// As it was asked for: `current`, `recorded` or a requirement.
    pub environment: String,
    /// Its verdict; `undecided` where it could not be built.
    pub verdict: Verdict,
    /// Why it could not be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}
