//! Training checkpoints: which part is the model, what else is there, and what an identical resume would miss.

mod description;
mod error;
pub(crate) mod from_pickle;
pub(crate) mod tree;

pub use description::{Missing, PartDescription, Trainer, TrainingState};
pub use error::CheckpointError;
