//! A file described: its tensors stay where they are.

use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::layout::Layout;
use reproof_digest::{Builder, Digest, Kind, ReadAt};

use super::header::{self, Entry};
use crate::{Description, FileDescription, Format, FormatError, Storage, TensorDescription};

/// Describes the file in `source`; `path` appears in errors.
pub(crate) fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    let header = header::read(source).map_err(|error| FormatError::new(path, error))?;
    let blobs = header.tensors.iter().map(|tensor| tensor.offset..tensor.offset + tensor.length);
    let layout = Layout::around(source.size(), blobs);
    let architecture = architecture(&header.tensors);
    let tensors = header.tensors.into_iter().map(|tensor| TensorDescription {
        name: tensor.name,
        part: "model".to_owned(),
        dtype: tensor.dtype,
        shape: tensor.shape,
        storage: Storage::Range { file: 0, offset: tensor.offset, length: tensor.length },
        tied_to: None,
    });
    Ok(Description {
        format: Format::Safetensors,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        tensors: tensors.collect(),
        architecture,
        interface: Interface::default(),
        graph: None,
        metadata: header.metadata,
        findings: Vec::new(),
    })
}

/// The `architecture-v1` digest: names, dtypes and shapes, sorted by name.
fn architecture(tensors: &[Entry]) -> Digest {
    let mut sorted: Vec<&Entry> = tensors.iter().collect();
    sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut builder = Builder::new(Kind::Architecture);
    builder.text("safetensors").u64(sorted.len() as u64);
    for tensor in sorted {
        builder.text(&tensor.name).text(tensor.dtype.name()).u64(tensor.shape.len() as u64);
        for dim in &tensor.shape {
            builder.u64(*dim);
        }
    }
    builder.finish()
}
