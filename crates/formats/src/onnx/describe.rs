//! A model described: files, tensors, interface, graph.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface, Port};
use reproof_digest::ReadAt;
use reproof_digest::layout::Layout;

use super::architecture::architecture;
use super::proto::ValueInfo;
use super::storage::{Locator, Place};
use super::summary::{findings, summary};
use super::weights::{Weight, weights};
use super::wire::Window;
use super::{MEMORY, Model, OnnxError, decode};
use crate::{Description, FileDescription, Format, FormatError, Storage, TensorDescription, TrainingState};

/// Tensors at different places of the files may together refer to this many times the stored bytes. Honest files
/// refer to each byte once; a hostile one could name millions of overlapping ranges.
const OVERLAP: u64 = 4;

/// Describes the model in `source`, whose external files lie beside `path`.
pub(crate) fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    describe_model(source, path).map_err(|error| FormatError::new(path, error))
}

fn describe_model(source: &dyn ReadAt, path: &Path) -> Result<Description, OnnxError> {
    let window = Window::new(source, MEMORY);
    let model = decode(&window)?;
    let mut locator = Locator::new(&window, path);
    let tensors = tensors(&weights(&model), &mut locator)?;
    // Also locates the tensors of attributes, so that their external files are known from here on.
    let architecture = architecture(&model, &mut locator)?;
    let nodes = model.nodes();
    let files = files(&locator, path, &tensors);
    check_overlap(&files, &tensors)?;
    Ok(Description {
        format: Format::Onnx,
        kind: ArtifactKind::File,
        files,
        tensors,
        architecture,
        interface: interface(&model),
        graph: Some(summary(&model, &nodes)),
        metadata: metadata(&model),
        state: TrainingState::default(),
        findings: findings(&model, &nodes),
    })
}

fn tensors(weights: &[Weight<'_>], locator: &mut Locator<'_>) -> Result<Vec<TensorDescription>, OnnxError> {
    let mut names = BTreeSet::new();
    let mut places: HashMap<(usize, u64, u64), usize> = HashMap::new();
    let mut tensors: Vec<TensorDescription> = Vec::new();
    for weight in weights {
        if !names.insert(weight.name.as_str()) {
            let (tensor, offset) = (weight.name.clone(), weight.tensor.offset);
            return Err(OnnxError::DuplicateTensor { tensor, offset });
        }
        let located = locator.locate(weight.tensor)?;
        let tied_to = match located.storage {
            Place::Range { file, offset, length } if length > 0 => {
                let first = *places.entry((file, offset, length)).or_insert(tensors.len());
                tensors.get(first).map(|tensor| tensor.name.clone())
            }
            _ => None,
        };
        tensors.push(TensorDescription {
            name: weight.name.clone(),
            part: weight.part.to_owned(),
            dtype: located.dtype,
            shape: located.shape,
            storage: located.storage.into(),
            tied_to,
            note: None,
        });
    }
    Ok(tensors)
}

fn files(locator: &Locator<'_>, path: &Path, tensors: &[TensorDescription]) -> Vec<FileDescription> {
    let layout = |index: usize, size: u64| {
        let blobs = tensors.iter().filter_map(|tensor| match tensor.storage {
            Storage::Range { file, offset, length } if file == index => Some(offset..offset + length),
            _ => None,
        });
        Layout::around(size, blobs)
    };
    let main = FileDescription {
        path: String::new(),
        location: path.to_owned(),
        layout: layout(0, locator.window.size()),
    };
    let external = locator.external.files().iter().enumerate().map(|(index, file)| FileDescription {
        path: file.location.clone(),
        location: file.path.clone(),
        layout: layout(index + 1, file.size),
    });
    std::iter::once(main).chain(external).collect()
}

fn check_overlap(files: &[FileDescription], tensors: &[TensorDescription]) -> Result<(), OnnxError> {
    let stored = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.layout.size()));
    let untied = tensors.iter().filter(|tensor| tensor.tied_to.is_none());
    let logical = untied.fold(0_u64, |sum, tensor| match tensor.storage {
        Storage::Range { length, .. } => sum.saturating_add(length),
        _ => sum,
    });
    let limit = stored.saturating_mul(OVERLAP);
    if logical > limit { Err(OnnxError::Overlap { logical, stored, limit }) } else { Ok(()) }
}

fn interface(model: &Model) -> Interface {
    let port = |value: &ValueInfo| Port { name: value.name.clone(), kind: value.kind.to_string() };
    Interface {
        inputs: model.graph.required_inputs().map(port).collect(),
        outputs: model.graph.outputs.iter().map(port).collect(),
    }
}

fn metadata(model: &Model) -> BTreeMap<String, String> {
    model.metadata.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}
