//! Artifacts that no reader here understands: their bytes are the identity, and only a framework can run them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_tensor::DType;

use crate::tensors::{self, MODEL};
use crate::{Description, FileDescription, Format, Storage, TensorDescription, TrainingState};

/// The tensor that stands for the bytes of a file without a path of its own.
const BYTES: &str = "bytes";

/// Describes files (POSIX path, location and size of each) that are not read.
///
/// Each is one tensor of bytes, so that the weights digest covers all of them: a weight that changed cannot hide, and
/// files that differ in anything are never taken for the same weights.
pub fn unread(kind: ArtifactKind, named: Vec<(String, PathBuf, u64)>) -> Description {
    let mut files = Vec::with_capacity(named.len());
    let mut found = Vec::with_capacity(named.len());
    for (file, (path, location, size)) in named.into_iter().enumerate() {
        let tensor = TensorDescription {
            name: if path.is_empty() { BYTES.to_owned() } else { path.clone() },
            part: MODEL.to_owned(),
            dtype: DType::U8,
            shape: vec![size],
            storage: Storage::Range { file, offset: 0, length: size },
            tied_to: None,
            note: Some("a file that is not read".to_owned()),
        };
        let layout = tensors::layout(file, size, std::slice::from_ref(&tensor));
        files.push(FileDescription { path, location, layout });
        found.push(tensor);
    }
    Description {
        format: Format::Unread,
        kind,
        files,
        architecture: tensors::architecture(&[], None),
        tensors: found,
        interface: Interface::default(),
        graph: None,
        metadata: BTreeMap::new(),
        state: TrainingState::default(),
        findings: Vec::new(),
    }
}
