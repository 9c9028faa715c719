//! The Simple Verification Result predicate: which promises were found kept.

use serde::{Deserialize, Serialize};

use super::Predicate;
use crate::Timestamp;

/// The Simple Verification Result (SVR) v0.1. It lists what holds, and has no way to say that something does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Who verified.
    pub verifier: Verifier,
    /// When.
    pub time_created: Timestamp,
    /// What holds, such as `reproof.verdict.equivalent`.
    pub properties: Vec<String>,
}

/// Who verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier {
    /// A URI with its version.
    pub id: String,
}

impl Predicate for Summary {
    const TYPE: &'static str = "https://in-toto.io/attestation/svr/v0.1";
}
