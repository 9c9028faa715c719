//! Files of PyTorch: zip archives of `torch.save`, the older ones without, TorchScript, `torch.export`, and folders of
//! `torch.distributed.checkpoint`.
//!
//! All of them are pickles that refer to storages outside; they differ in where the storages lie.

mod distributed;
mod error;
mod export;
mod legacy;
mod script;
mod tar;
mod zip;

use reproof_digest::ReadAt;

use crate::checkpoint::tree::Node;
use crate::checkpoint::{CheckpointError, Trainer};

pub use error::TorchError;

pub(crate) use distributed::{METADATA, describe as describe_distributed};
pub(crate) use export::describe as describe_export;
pub(crate) use legacy::{begins as begins_legacy, describe as describe_legacy, only_storage};
pub(crate) use script::describe as describe_script;
pub(crate) use tar::describe as describe_tar;
pub(crate) use zip::{Kind, describe as describe_zip, kind};

/// The program that wrote a checkpoint, told by keys that only it writes.
fn trainer(root: &Node) -> Option<Trainer> {
    let text = |key| root.get(key).and_then(Node::as_text).map(ToOwned::to_owned);
    if root.get("pytorch-lightning_version").is_some() {
        return Some(Trainer { name: "Lightning".to_owned(), version: text("pytorch-lightning_version") });
    }
    let is_composer = root.get("state").is_some_and(|state| state.get("run_name").is_some());
    (is_composer && root.get("rng").is_some()).then(|| Trainer { name: "Composer".to_owned(), version: None })
}

/// A source in memory or in a file that is read by positions, boxed for [`crate::Sources`].
fn boxed<'a>(source: &'a dyn ReadAt) -> Box<dyn ReadAt + Send + 'a> {
    Box::new(source)
}

impl From<CheckpointError> for TorchError {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(error)
    }
}
