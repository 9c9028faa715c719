//! Training checkpoints: which part is the model, what else is there, and what an identical resume would miss.

mod description;

pub use description::{Missing, PartDescription, Trainer, TrainingState};
