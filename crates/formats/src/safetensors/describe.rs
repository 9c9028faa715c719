//! A file described: its tensors stay where they are.

use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_digest::layout::Layout;

use super::header;
use crate::tensors::{self, MODEL};
use crate::{Description, FileDescription, Format, FormatError, Storage, TensorDescription, TrainingState};

/// Describes the file in `source`; `path` appears in errors.
pub(crate) fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    let header = header::read(source).map_err(|error| FormatError::new(path, error))?;
    let blobs = header.tensors.iter().map(|tensor| tensor.offset..tensor.offset + tensor.length);
    let layout = Layout::around(source.size(), blobs);
    let described = header.tensors.into_iter().map(|tensor| TensorDescription {
        name: tensor.name,
        part: MODEL.to_owned(),
        dtype: tensor.dtype,
        shape: tensor.shape,
        storage: Storage::Range { file: 0, offset: tensor.offset, length: tensor.length },
        tied_to: None,
        note: None,
    });
    let tensors: Vec<TensorDescription> = described.collect();
    Ok(Description {
        format: Format::Safetensors,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: header.metadata,
        state: TrainingState::default(),
        findings: Vec::new(),
    })
}
