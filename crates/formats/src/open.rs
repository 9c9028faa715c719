//! Which format a file has, decided by its content and never by its name.

use std::path::Path;

use reproof_digest::ReadAt;

use crate::onnx::{self, OnnxError};
use crate::torch::{self, Kind};
use crate::{
    Description, FormatError, OpenOptions, Problem, compress, file, gguf, npy, pickled, safetensors, tar,
    tensors, zip,
};

/// First bytes that are looked at.
const HEAD: usize = 512;

/// First bytes that are shown of a file that is not known.
const SHOWN: usize = 16;

/// First bytes of formats that this version names and does not read.
///
/// The order is from the most to the least telling.
const NAMED: &[(&[u8], &str)] = &[
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"PK\x03\x04", "a zip archive"),
    (b"version https://", "a Git LFS pointer instead of the file"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"{", "JSON"),
];

/// Describes the artifact at `path`, which is a file. Nothing of it is executed, and no tensor is read that could stay
/// on disk.
pub fn open(path: &Path) -> Result<Description, FormatError> {
    open_with(path, &OpenOptions::default())
}

/// As [`open`], with what only the caller knows.
pub fn open_with(path: &Path, options: &OpenOptions) -> Result<Description, FormatError> {
    describe_with(&file::open(path)?, path, options)
}

/// Describes the artifact whose main file is `source`. `path` appears in errors, and files that the artifact
/// refers to are looked up beside it.
pub fn describe(source: &dyn ReadAt, path: &Path) -> Result<Description, FormatError> {
    describe_with(source, path, &OpenOptions::default())
}

/// As [`describe`], with what only the caller knows.
pub fn describe_with(
    source: &dyn ReadAt,
    path: &Path,
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let mut description = by_content(source, path, options)?;
    description.findings.extend(tensors::shared_names(&description.tensors));
    Ok(description)
}

fn by_content(source: &dyn ReadAt, path: &Path, options: &OpenOptions) -> Result<Description, FormatError> {
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
    if head.starts_with(b"PK\x03\x04") {
        return archive(source, path, &head, options);
    }
    if torch::begins_legacy(&head) {
        return torch::describe_legacy(source, path, options).map_err(|error| FormatError::new(path, error));
    }
    if pickled::begins(&head) {
        return pickled::describe(source, path, options);
    }
    if tar::begins(&head) {
        return torch::describe_tar(source, path, options).map_err(|error| FormatError::new(path, error));
    }
    // A short ONNX file may begin like a compressed one, but never holds a graph and expands too.
    if let Some(compression) = compress::detect(&head)
        && !onnx::begins(&head)
    {
        return pickled::describe_compressed(compression, source, path, options);
    }
    if head.starts_with(npy::MAGIC) {
        return npy::describe(source, path);
    }
    if head.starts_with(gguf::MAGIC) {
        return gguf::describe(source, path);
    }
    match onnx::describe(source, path) {
        Err(error) if !onnx::begins(&head) && tells_another_format(&error) => {
            // Pickles of protocols 0 and 1 begin like any text; the last resort is to try.
            pickled::try_describe(source, path, &head, options)
                .unwrap_or_else(|| Err(unknown(path, &head, None)))
        }
        result => result,
    }
}

/// Describes a zip archive by what its members are.
fn archive(
    source: &dyn ReadAt,
    path: &Path,
    head: &[u8],
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let archive = zip::open(source).map_err(|error| FormatError::new(path, error))?;
    let described = match torch::kind(&archive) {
        Kind::Saved => torch::describe_zip(source, path, &archive, options),
        Kind::Script => torch::describe_script(source, path, &archive, options),
        Kind::Export => torch::describe_export(source, path, &archive),
        Kind::Arrays => return npy::describe_archive(source, path, &archive),
        Kind::Other(guess) => return Err(unknown(path, head, guess)),
    };
    described.map_err(|error| FormatError::new(path, error))
}

fn unknown(path: &Path, head: &[u8], guess: Option<&'static str>) -> FormatError {
    let hex: Vec<String> = head.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let named = || NAMED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
    FormatError::new(path, Problem::Unknown { head: hex.join(" "), guess: guess.or_else(named) })
}

/// Whether an error of the ONNX reader means that the bytes are no model at all: they are not protobuf, or hold
/// no graph.
fn tells_another_format(error: &FormatError) -> bool {
    matches!(error.problem(), Problem::Wire(_) | Problem::Onnx(OnnxError::NoGraph))
}
