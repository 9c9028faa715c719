//! What verification is told.

use std::path::PathBuf;
use std::time::SystemTime;

use reproof_attest::key::PublicKey;
use reproof_contract::run::Limits;
use reproof_contract::{Relation, Verdict};
use reproof_digest::Digest;
use reproof_runner::Supervisor;

use crate::execution::Settings;
use crate::resume::ResumeCommand;

/// What verification is told.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// The contract's folder, if not beside the artifact.
    pub folder: Option<PathBuf>,
    /// What the artifact is to the contract; `same` by default, `converted` with another folder.
    pub relation: Option<Relation>,
    /// The root of all private suites of the user, where there is one.
    pub private_root: Option<PathBuf>,
    /// The digest that the contract or its artifact must have.
    pub expect: Option<Digest>,
    /// Keys of which at least one must have signed the contract; with none, nobody needs to have.
    pub trusted: Vec<PublicKey>,
    /// The rung that must be reached.
    pub required: Verdict,
    /// The runner; by default the one that recorded, where it is there.
    pub runner: Option<String>,
    /// Stop after a failed integrity check.
    pub fail_fast: bool,
    /// Stop after the bytes, whatever the contract could run.
    pub bytes_only: bool,
    /// Also compare SHA-256 of each file.
    pub sha256: bool,
    /// Where produced tensors are kept when something differs.
    pub keep: Option<PathBuf>,
    /// How training is resumed, where that is verified too.
    pub resume: Option<ResumeCommand>,
    /// Ends the training when this process is killed; without one it goes on.
    pub supervisor: Option<Supervisor>,
    /// Threads and engine options of each run.
    pub settings: Settings,
    /// Limits of each run.
    pub limits: Limits,
    /// The path as reports show it.
    pub shown_path: Option<String>,
    /// The current time.
    pub now: SystemTime,
}

impl VerifyOptions {
    /// The defaults of the command line.
    pub fn new(now: SystemTime) -> Self {
        Self {
            folder: None,
            private_root: None,
            relation: None,
            expect: None,
            trusted: Vec::new(),
            required: Verdict::Equivalent,
            runner: None,
            fail_fast: false,
            bytes_only: false,
            sha256: false,
            keep: None,
            resume: None,
            supervisor: None,
            settings: Settings::default(),
            limits: Limits::default(),
            shown_path: None,
            now,
        }
    }
}
