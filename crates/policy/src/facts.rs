//! What is known of one version, bound to one exact artifact digest.

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::scan::{ScanVerdict, Severity};
use reproof_contract::{Assurance, Verdict};
use serde::Serialize;

use crate::role::Role;

/// What is known of one version. What is `None` is not known, and nothing that needs it holds. Times are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: String,
    /// The digest that everything here is about, as written.
    pub artifact: String,
    /// The worst of the newest verdicts.
    pub verdict: Option<Verdict>,
    /// How far these verdicts reach.
    pub assurance: Option<Assurance>,
    /// When the oldest of the evidence that the verdict stands on was made.
    pub verified_at: Option<u64>,
    /// The newest verdict of every environment class that verified it.
    pub environments: BTreeMap<String, Verdict>,
    /// The newest scan.
    pub scan: Option<ScanFacts>,
    /// Whether the contract is signed, by one of the keys that count where a gate names some.
    pub signed: Option<bool>,
    /// The identities or key hints of valid signatures over the artifact.
    pub signatures: Option<Vec<String>>,
    /// Approvals of this digest.
    pub approvals: Vec<Approval>,
    /// Who pushed the version.
    pub submitter: Option<String>,
    /// Where its contract comes from.
    pub acceptance: Option<Acceptance>,
    /// Flags that were not cleared.
    pub flags: Option<Vec<String>>,
    /// The classification, such as `restricted`.
    pub classification: Option<String>,
    /// Tags with their values.
    pub tags: BTreeMap<String, String>,
    /// What the naming rules find; empty if nothing.
    pub lint: Option<Vec<String>>,
}

/// What a scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ScanFacts {
    /// What it comes to.
    pub verdict: ScanVerdict,
    /// The highest severity of its findings; `None` without findings.
    pub severity: Option<Severity>,
    /// When it was made.
    pub at: u64,
}

/// Where a contract comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Acceptance {
    /// It is the first one of the artifact, or there is none.
    First,
    /// It took the place of another one, with other goldens, and this person accepted that.
    By(String),
}

/// That somebody approved the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who.
    pub person: String,
    /// In which role.
    pub role: Role,
    /// When.
    pub at: u64,
}

impl Facts {
    /// The persons who approved in a role that includes `role`, each once.
    pub fn approved_by(&self, role: Role) -> BTreeSet<&str> {
        let counting = self.approvals.iter().filter(|approval| approval.role.includes(role));
        counting.map(|approval| approval.person.as_str()).collect()
    }

    /// The version as commands name it.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.model, self.version)
    }
}
