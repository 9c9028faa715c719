//! Takes over what a worker wrote: everything is read as foreign, checked, and written anew with its digests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::Real;
use reproof_contract::values::KeyNode;
use reproof_formats::{FormatError, safetensors, values};
use reproof_tensor::{Key, StringTensor, Tensor, Value};
use serde::Deserialize;

/// The largest file of outputs that is read, in bytes.
const LARGEST: u64 = values::LARGEST;

/// Why outputs could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The tree could not be read.
    #[error("could not {action} {}", path.display())]
    File {
        /// `read`, `make` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The tree is not what the protocol says.
    #[error("{} is no tree of values", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The tree names a tensor that is not there, or one twice.
    #[error("tensor `{key}` is missing")]
    Missing {
        /// Its key.
        key: String,
    },
    /// An integer beyond 64 bits.
    #[error("the integer {text} has more than 64 bits")]
    Integer {
        /// As written.
        text: String,
    },
    /// The files are not sound.
    #[error(transparent)]
    Format(#[from] FormatError),
}

#[derive(Deserialize)]
struct Document {
    values: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    value: Told,
}

/// A tree as the worker tells it: that of the contract's documents, without digests.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Tensor { key: String },
    Strings { shape: Vec<u64>, values: Vec<String> },
    Sequence(Vec<Told>),
    Map(Vec<(KeyNode, Told)>),
    Optional(Option<Box<Told>>),
    Text(String),
    Integer(String),
    Real(Real),
    Boolean(bool),
}

/// Reads the outputs that the worker's program wrote in the folder `told`.
pub fn told_values(told: &Path) -> Result<Vec<(String, Value)>, TakeError> {
    let path = told.join("outputs.json");
    let text = read(&path)?;
    let document: Document =
        serde_json::from_slice(&text).map_err(|source| TakeError::Malformed { path, source })?;
    let path = told.join("outputs.safetensors");
    plain(&path).map_err(|source| TakeError::File { action: "read", path: path.clone(), source })?;
    let tensors = safetensors::read_tensors(&path, LARGEST)?;
    let mut tensors: BTreeMap<String, Tensor> = tensors.into_iter().collect();
    let values = document.values.into_iter();
    let values = values.map(|named| Ok((named.name, value(named.value, &mut tensors)?)));
    values.collect()
}

/// Reads the outputs in `told` and writes them to `folder`, which is made.
pub(super) fn take(told: &Path, folder: &Path) -> Result<(), TakeError> {
    let values = told_values(told)?;
    std::fs::create_dir_all(folder).map_err(|source| TakeError::File {
        action: "make",
        path: folder.to_owned(),
        source,
    })?;
    values::write(folder, "outputs", &values)?;
    // A second copy of large outputs is not worth its disk.
    let _ = std::fs::remove_dir_all(told);
    Ok(())
}

/// The bytes of a file that is one and not too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TakeError> {
    let text = match plain(path) {
        Ok(size) if size > LARGEST => Err(std::io::ErrorKind::FileTooLarge.into()),
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    text.map_err(|source| TakeError::File { action: "read", path: path.to_owned(), source })
}

/// The size of a file that is one: a pipe in its place would hold up whoever opens it, a link leads elsewhere.
fn plain(path: &Path) -> std::io::Result<u64> {
    let metadata = std::fs::symlink_metadata(path)?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(std::io::ErrorKind::InvalidInput.into()) }
}

fn value(told: Told, tensors: &mut BTreeMap<String, Tensor>) -> Result<Value, TakeError> {
    Ok(match told {
        Told::Tensor { key } => match tensors.remove(&key) {
            Some(tensor) => Value::Tensor(tensor),
            None => return Err(TakeError::Missing { key }),
        },
        Told::Strings { shape, values } => Value::Strings(StringTensor { shape, values }),
        Told::Sequence(items) => {
            let items = items.into_iter().map(|item| value(item, tensors));
            Value::Sequence(items.collect::<Result<_, _>>()?)
        }
        Told::Map(entries) => {
            let entries = entries.into_iter().map(|(name, item)| Ok((key(name)?, value(item, tensors)?)));
            Value::Map(entries.collect::<Result<_, TakeError>>()?)
        }
        Told::Optional(inner) => {
            Value::Optional(inner.map(|inner| value(*inner, tensors).map(Box::new)).transpose()?)
        }
        Told::Text(text) => Value::Text(text),
        Told::Integer(text) => Value::Integer(integer(text)?),
        Told::Real(number) => Value::Real(number.0),
        Told::Boolean(truth) => Value::Boolean(truth),
    })
}

fn key(node: KeyNode) -> Result<Key, TakeError> {
    Ok(match node {
        KeyNode::Integer(text) => Key::Integer(integer(text)?),
        KeyNode::Text(text) => Key::Text(text),
    })
}

fn integer(text: String) -> Result<i64, TakeError> {
    text.parse().map_err(|_| TakeError::Integer { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_or_a_link_in_place_of_outputs_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told-0");
        std::fs::create_dir(&told).unwrap();
        let made = std::process::Command::new("mkfifo").arg(told.join("outputs.json")).status().unwrap();
        assert!(made.success());
        let refused = take(&told, &folder.path().join("taken")).unwrap_err();
        assert!(matches!(refused, TakeError::File { .. }), "{refused}");
        std::fs::remove_file(told.join("outputs.json")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", told.join("outputs.json")).unwrap();
        let refused = take(&told, &folder.path().join("taken")).unwrap_err();
        assert!(matches!(refused, TakeError::File { .. }), "{refused}");
    }
}
