//! The Test Result predicate: how a suite ended.

use serde::{Deserialize, Serialize};

use super::verification::Claim;
use super::{Descriptor, Predicate};

/// How a suite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestOutcome {
    /// Every promise is kept to the bit.
    Passed,
    /// The promise is kept, and not to the bit.
    Warned,
    /// The promise is not kept, or it is not known.
    Failed,
}

/// The Test Result predicate v0.1: one suite, run once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// How it ended.
    pub result: TestOutcome,
    /// What it was run with: contract, report, environment. Each has a digest.
    pub configuration: Vec<Descriptor>,
    /// Checks that passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_tests: Vec<String>,
    /// Checks that want a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned_tests: Vec<String>,
    /// Checks that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tests: Vec<String>,
    /// What three words cannot say. The predicate has no such member; other readers pass over it.
    #[serde(default, rename = "reproof.dev/verification/v0", skip_serializing_if = "Option::is_none")]
    pub verification: Option<Claim>,
}

impl Predicate for TestResult {
    const TYPE: &'static str = "https://in-toto.io/attestation/test-result/v0.1";
}
