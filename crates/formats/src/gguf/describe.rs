//! A file described: its tensors stay where they are.

use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_tensor::DType;

use super::GgufError;
use super::header::{self, Header};
use super::tensor::Tensor;
use crate::tensors::{self, MODEL};
use crate::{
    Description, FileDescription, Finding, Format, FormatError, Severity, Storage, TensorDescription,
    TrainingState, View,
};

/// The key of the chat template; templates for other uses have more words after it.
const TEMPLATE: &str = "tokenizer.chat_template";

/// Describes the file in `source`; `path` appears in errors.
pub(crate) fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    let refuse = |error| FormatError::new(path, error);
    let header = header::read(source).map_err(refuse)?;
    let findings = findings(&header);
    let (big_endian, metadata) = (header.big_endian, header.metadata);
    let described = header.tensors.into_iter().map(|tensor| describe_tensor(tensor, big_endian));
    // No two tensors share a byte, so that none is tied to another.
    let tensors: Vec<TensorDescription> = described.collect::<Result<_, GgufError>>().map_err(refuse)?;
    let layout = tensors::layout(0, source.size(), &tensors);
    Ok(Description {
        format: Format::Gguf,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata,
        state: TrainingState::default(),
        findings,
    })
}

fn describe_tensor(tensor: Tensor, big_endian: bool) -> Result<TensorDescription, GgufError> {
    let Tensor { name, dtype, shape, offset, length } = tensor;
    let storage = match dtype {
        DType::Block(_) if big_endian => {
            Storage::Absent { reason: "blocks of a big-endian file have no defined order of bytes" }
        }
        _ if big_endian && dtype.swapped_bytes() > 1 => {
            let view = View::new(0, &(offset..offset + length), 0, dtype, &shape, &row_major(&shape));
            let view = view.map_err(|source| GgufError::Storage { tensor: name.clone(), source })?;
            Storage::View(view.swapped(true))
        }
        _ => Storage::Range { file: 0, offset, length },
    };
    Ok(TensorDescription { name, part: MODEL.to_owned(), dtype, shape, storage, tied_to: None, note: None })
}

/// Strides of contiguous elements; of an empty tensor any will do.
fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1_u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

fn findings(header: &Header) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |id: &str, severity, message| {
        findings.push(Finding { id: id.to_owned(), severity, message, offset: None });
    };
    let templates = header.metadata.keys().filter(|key| {
        // `tokenizer.chat_templates` lists names, and is no template itself.
        key.strip_prefix(TEMPLATE).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    for key in templates {
        let message = format!("`{key}` is a program, which loaders render");
        add("gguf.chat-template", Severity::Info, message);
    }
    if let Some((number, count)) = header.split
        && count > 1
    {
        let message = format!(
            "file {} of {count} of a split model: the others hold the rest of its tensors",
            number.saturating_add(1)
        );
        add("gguf.split", Severity::Warning, message);
    }
    if header.big_endian {
        let message = "numbers are stored with their highest byte first, which few programs read".to_owned();
        add("gguf.big-endian", Severity::Info, message);
    }
    findings
}
