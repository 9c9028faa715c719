//! Training checkpoints: which part is the model, what else is there, and what an identical resume would miss.

mod assemble;
mod description;
mod error;
mod facts;
pub(crate) mod from_pickle;
mod missing;
mod order;
mod parts;
mod role;
pub(crate) mod tree;

pub use description::{Missing, PartDescription, Trainer, TrainingState};
pub use error::CheckpointError;

pub(crate) use assemble::{assemble, finish};
pub(crate) use facts::flatten;
pub(crate) use parts::{Part, divide};
pub(crate) use role::Role;
