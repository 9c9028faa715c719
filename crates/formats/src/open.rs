//! Which format a file has, decided by its content and never by its name.

use std::path::Path;

use reproof_digest::ReadAt;

use crate::onnx::{self, OnnxError};
use crate::{Description, FormatError, Problem, file, gguf, npy, safetensors};

/// First bytes that are looked at and, if unknown, shown.
const HEAD: usize = 16;

/// First bytes of formats that this version names and does not read.
///
/// The order is from the most to the least telling.
const NAMED: &[(&[u8], &str)] = &[
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"PK\x03\x04", "a zip archive, such as a PyTorch or Keras file"),
    (b"version https://", "a Git LFS pointer instead of the file"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"\x1f\x8b", "gzip"),
    (b"{", "JSON"),
];

/// Describes the artifact at `path`. Nothing of it is executed, and no tensor is read that could stay on disk.
pub fn open(path: &Path) -> Result<Description, FormatError> {
    describe(&file::open(path)?, path)
}

/// Describes the artifact whose main file is `source`. `path` appears in errors, and files that the artifact
/// refers to are looked up beside it.
pub fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    let mut head = vec![0; HEAD.min(usize::try_from(source.size()).unwrap_or(HEAD))];
    if head.is_empty() {
        return Err(FormatError::new(path, Problem::Empty));
    }
    source
        .read_exact_at(&mut head, 0)
        .map_err(|source| FormatError::new(path, Problem::Io { action: "read its first bytes", source }))?;
    if safetensors::begins(&head) {
        return safetensors::describe(source, path);
    }
    if head.starts_with(npy::MAGIC) {
        return npy::describe(source, path);
    }
    if npy::begins_archive(source) {
        return npy::describe_archive(source, path);
    }
    if head.starts_with(gguf::MAGIC) {
        return gguf::describe(source, path);
    }
    match onnx::describe(source, path) {
        Err(error) if !onnx::begins(&head) && tells_another_format(&error) => {
            let hex: Vec<String> = head.iter().map(|byte| format!("{byte:02x}")).collect();
            let guess = NAMED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
            Err(FormatError::new(path, Problem::Unknown { head: hex.join(" "), guess }))
        }
        result => result,
    }
}

/// Whether an error of the ONNX reader means that the bytes are no model at all: they are not protobuf, or hold
/// no graph.
fn tells_another_format(error: &FormatError) -> bool {
    matches!(error.problem(), Problem::Wire(_) | Problem::Onnx(OnnxError::NoGraph))
}
