//! The rules of a registry as pure decisions: who may do what, what a promotion needs, when a version may go, how things are
//! called. Nothing here reads a clock or a registry: facts and the time are given, and every answer has its reasons.
//!
//! * [`role`]: roles, acts, and grants over patterns of model names.
//! * [`gate`]: what an alias asks of an artifact, and what is missing.
//! * [`expression`]: the small typed language for what the keys of a gate do not say.
//! * [`retention`]: how long a version must be kept.
//! * [`convention`]: names, versions, required tags and fields.
#![forbid(unsafe_code)]

pub mod convention;
pub mod expression;
mod facts;
pub mod gate;
mod pattern;
mod period;
pub mod retention;
pub mod role;
mod suggestion;
mod words;

pub use convention::Convention;
pub use expression::Expression;
pub use facts::{Acceptance, Approval, Facts, ScanFacts};
pub use gate::{Gate, Outcome};
pub use pattern::{Pattern, PatternError};
pub use period::{Period, PeriodError};
pub use retention::Retention;
pub use role::{Access, Act, Decision, Grant, Role};
