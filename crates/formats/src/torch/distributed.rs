//! Folders of `torch.distributed.checkpoint`: a pickle that says where the pieces of every tensor are, and files of
//! whole torch archives one after the other.

mod layout;
mod names;
mod pieces;

use std::collections::BTreeMap;
use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::{OpenFile, ReadAt};

use super::TorchError;
use crate::checkpoint::{Trainer, assemble, divide};
use crate::{Description, FileDescription, Format, FormatError, OpenOptions, Sources, file, pickle, tensors};
use layout::Layout;

/// The file that makes a folder such a checkpoint.
pub(crate) const METADATA: &str = ".metadata";

/// A file of the folder.
struct Shard {
    name: String,
    file: OpenFile,
}

/// Describes the folder at `path`.
pub(crate) fn describe(path: &Path, options: &OpenOptions) -> Result<Description, FormatError> {
    let metadata_path = path.join(METADATA);
    let metadata = file::open(&metadata_path)?;
    let refuse = |error: TorchError| FormatError::new(&metadata_path, error);
    let run = pickle::run(&metadata, 0..metadata.size());
    let what = "the pickle of the checkpoint's layout is not sound";
    let pickle = run.whole().map_err(|source| refuse(TorchError::Pickle { what, source }))?;
    let layout = Layout::read(&pickle).map_err(refuse)?;
    let mut shards = Vec::new();
    for name in layout.files() {
        // `Layout` has refused names with separators, so that this stays in the folder.
        let file = file::open(&path.join(&name))?;
        shards.push(Shard { name, file });
    }
    // In the order of their names, as `Layout::files` gives them.
    let mut findings = Vec::new();
    let mut items = Vec::new();
    for item in &layout.items {
        items.push((item.name.clone(), pieces::node(item, &shards, &mut findings).map_err(refuse)?));
    }
    let values = names::nested(items, &layout.paths);
    let parts = divide(values, options.model.as_deref()).map_err(|error| refuse(error.into()))?;
    let mut opened: Vec<Box<dyn ReadAt + Send + '_>> = vec![Box::new(&metadata)];
    opened.extend(shards.iter().map(|shard| Box::new(&shard.file) as Box<dyn ReadAt + Send>));
    let trainer: Option<Trainer> = None;
    let (tensors, state) = assemble(parts, trainer, &Sources::new(opened));
    let described = |index: usize, name: &str, size: u64| FileDescription {
        path: name.to_owned(),
        location: path.join(name),
        layout: tensors::layout(index, size, &tensors),
    };
    let mut files = vec![described(0, METADATA, metadata.size())];
    for (index, shard) in shards.iter().enumerate() {
        files.push(described(index + 1, &shard.name, shard.file.size()));
    }
    let mut metadata = BTreeMap::new();
    if let Some(version) = layout.version {
        metadata.insert("torch.dcp_version".to_owned(), version);
    }
    Ok(Description {
        format: Format::TorchDistributed,
        kind: ArtifactKind::Folder,
        files,
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata,
        state,
        findings,
    })
}
