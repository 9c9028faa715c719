//! An array described: its elements stay where they are.

use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_tensor::byte_length;

use super::NpyError;
use super::carrier::{self, Carrier};
use super::header::{self, Header};
use crate::tensors::{self, MODEL};
use crate::{
    Description, FileDescription, Finding, Format, FormatError, Severity, Storage, TensorDescription,
    TrainingState, View,
};

/// What an array file holds.
pub(crate) enum Content {
    /// Elements, described as a tensor whose bytes are counted from the start of the array's own file.
    Tensor(TensorDescription),
    /// The pickle of Python objects, from this byte on.
    Objects(u64),
}

/// Describes the array in `source`; `path` appears in errors.
pub(crate) fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    let (mut tensors, mut findings) = (Vec::new(), Vec::new());
    // The one array of a file has no name.
    match content(source, "").map_err(|error| FormatError::new(path, error))? {
        Content::Tensor(tensor) => tensors.push(tensor),
        Content::Objects(offset) => findings.push(objects("array", Some(offset))),
    }
    Ok(description(Format::Npy, source.size(), path, tensors, findings))
}

/// The byte at which the elements of an array start: its pickle, if it holds Python objects.
pub fn data_offset(source: &dyn ReadAt) -> Result<u64, NpyError> {
    Ok(header::read(source)?.data as u64)
}

/// The description of a file that holds these tensors.
pub(super) fn description(
    format: Format,
    size: u64,
    path: &Path,
    tensors: Vec<TensorDescription>,
    findings: Vec<Finding>,
) -> Description {
    let layout = tensors::layout(0, size, &tensors);
    Description {
        format,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: std::collections::BTreeMap::new(),
        state: TrainingState::default(),
        findings,
    }
}

/// What is found where objects are.
pub(super) fn objects(what: &str, offset: Option<u64>) -> Finding {
    Finding {
        id: "npy.objects".to_owned(),
        severity: Severity::Warning,
        message: format!("{what} holds Python objects, which only unpickling could read"),
        offset,
    }
}

/// What the array that fills `source` holds. Bytes after its elements are ignored, as NumPy does.
pub(crate) fn content(source: &dyn ReadAt, name: &str) -> Result<Content, NpyError> {
    let header = header::read(source)?;
    let start = header.data as u64;
    let Some(carrier) = carrier::carrier(&header.descr)? else { return Ok(Content::Objects(start)) };
    let mut shape = header.shape.clone();
    shape.extend(carrier.parts);
    let too_large = || NpyError::TooLarge { shape: shape.clone(), limit: u64::MAX };
    let needed = byte_length(carrier.dtype, &shape).ok_or_else(too_large)?;
    let left = source.size().saturating_sub(start);
    if needed > left {
        return Err(NpyError::Truncated { what: "array", needed, left });
    }
    let storage = storage(&header, &carrier, &shape, needed)?;
    let (name, part, dtype, note) = (name.to_owned(), MODEL.to_owned(), carrier.dtype, carrier.note);
    Ok(Content::Tensor(TensorDescription { name, part, dtype, shape, storage, tied_to: None, note }))
}

fn storage(header: &Header, carrier: &Carrier, shape: &[u64], length: u64) -> Result<Storage, NpyError> {
    let offset = header.data as u64;
    // One dim, or none, has the same order either way.
    let columns = header.fortran_order && header.shape.len() > 1;
    if length == 0 || !(columns || carrier.swap) {
        return Ok(Storage::Range { file: 0, offset, length });
    }
    let parts = carrier.parts.unwrap_or(1);
    let mut strides = vec![parts; header.shape.len()];
    // The product of the dims before, or after, cannot overflow: none is 0, and the bytes of all were counted.
    if columns {
        for axis in 1..strides.len() {
            strides[axis] = strides[axis - 1] * header.shape[axis - 1];
        }
    } else {
        for axis in (1..strides.len()).rev() {
            strides[axis - 1] = strides[axis] * header.shape[axis];
        }
    }
    strides.extend(carrier.parts.map(|_| 1));
    let view = View::new(0, &(offset..offset + length), 0, carrier.dtype, shape, &strides);
    Ok(Storage::View(view.map_err(NpyError::Storage)?.swapped(carrier.swap)))
}
