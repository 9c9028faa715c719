//! Canonical inputs: proposed from a model's signature, or the user's own.

mod delicate;
mod describe;
mod fill;
mod gather;
mod import;
mod propose;
mod random;

use reproof_contract::contract::{CaseOrigin, OpenPoint};
use reproof_contract::{CaseClass, Name};

use crate::judge::Values;

pub use delicate::classify;
pub use describe::describe;
pub use gather::{GatherError, PROPOSED, distinct, gather, gather_named};
pub use import::{ExportError, ImportError, export, import, import_named, imported_suite};
pub use propose::{OPEN_SIZES, ProposeError, propose, propose_calls};

/// One canonical input.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub class: CaseClass,
    /// Where its values come from.
    pub origin: CaseOrigin,
    /// What it tries, in a sentence.
    pub note: String,
    /// The values, in the model's order.
    pub inputs: Values,
    /// What other engines may rightly do otherwise with them.
    pub open: Vec<OpenPoint>,
}
