//! The documents of Reproof and their canonical bytes.
//!
//! * [`contract`]: what an artifact promised when it was recorded.
//! * [`report`]: what a verification found.
//! * [`diagnosis`]: why outputs differ, and where that starts.
//! * [`diff`]: what changed between two artifacts.
//! * [`drill`]: which losses would be noticed.
//! * [`scan`]: what would run, or leak, if an artifact were loaded.
//! * [`run`]: one execution of an artifact in a child process: the seam between use cases and runners.
//! * [`plan`]: many executions as content-addressed units: plan, execute anywhere, fold.
//! * [`signature`]: what a framework tells of a model.
//! * [`taps`]: what a model computed on its way, step by step.
//! * [`trajectory`]: what a training run did after it saved a checkpoint.
//! * [`values`]: trees of values beside their safetensors file.
//! * [`environment`]: what ran, where.
//!
//! Everything here is data: no file, no clock, no process.
#![forbid(unsafe_code)]

pub mod canonical;
pub mod contract;
pub mod diagnosis;
pub mod diff;
pub mod drill;
pub mod environment;
mod name;
mod number;
pub mod plan;
pub mod report;
pub mod run;
pub mod scan;
pub mod schema;
pub mod signature;
pub mod taps;
pub mod trajectory;
pub mod values;
mod verdict;

pub use contract::Contract;
pub use diagnosis::{Diagnosis, EngineErrors};
pub use diff::Diff;
pub use drill::{Drill, FaultDrill};
pub use name::{Name, NameError};
pub use number::{Real, Threshold, ThresholdError};
pub use report::Report;
pub use scan::Scan;
pub use trajectory::Trajectory;
pub use verdict::{Assurance, CaseClass, Relation, Verdict};
