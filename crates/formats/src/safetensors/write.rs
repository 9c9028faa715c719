//! A deterministic writer.

use std::collections::HashSet;
use std::io::{self, Write};

use reproof_tensor::TensorView;

use super::SafetensorsError;

/// Where tensors begin is a multiple of this many bytes.
const ALIGNMENT: usize = 8;

/// Writes tensors as a safetensors file.
///
/// The bytes depend on the set of tensors only: they lie by falling bits per element, so that each is aligned, then
/// by name; the header names them in that order and is padded with spaces.
pub fn write(writer: &mut dyn Write, tensors: &[(&str, TensorView<'_>)]) -> Result<(), SafetensorsError> {
    let sorted = sort(tensors)?;
    let header = header(&sorted);
    let mut put = |bytes: &[u8]| {
        writer.write_all(bytes).map_err(|source: io::Error| SafetensorsError::Io { action: "write", source })
    };
    put(&(header.len() as u64).to_le_bytes())?;
    put(header.as_bytes())?;
    for (_, tensor) in sorted {
        put(tensor.bytes())?;
    }
    Ok(())
}

/// The bytes that [`write()`] writes.
pub fn to_bytes(tensors: &[(&str, TensorView<'_>)]) -> Result<Vec<u8>, SafetensorsError> {
    let mut bytes = Vec::new();
    write(&mut bytes, tensors)?;
    Ok(bytes)
}

type Named<'a> = (&'a str, TensorView<'a>);

fn sort<'a>(tensors: &[Named<'a>]) -> Result<Vec<Named<'a>>, SafetensorsError> {
    let mut seen = HashSet::new();
    for (name, _) in tensors {
        if *name == "__metadata__" {
            return Err(SafetensorsError::ReservedName);
        }
        if !seen.insert(*name) {
            return Err(SafetensorsError::DuplicateName { tensor: (*name).to_owned() });
        }
    }
    let mut sorted = tensors.to_vec();
    sorted.sort_by_key(|(name, tensor)| (std::cmp::Reverse(tensor.dtype().bits()), *name));
    Ok(sorted)
}

fn header(tensors: &[Named<'_>]) -> String {
    let mut json = serde_json::Map::new();
    let mut end = 0;
    for (name, tensor) in tensors {
        let begin = end;
        end += tensor.bytes().len();
        json.insert(
            (*name).to_owned(),
            serde_json::json!({
                "dtype": tensor.dtype().name(),
                "shape": tensor.shape(),
                "data_offsets": [begin, end],
            }),
        );
    }
    let mut header = serde_json::Value::Object(json).to_string();
    let length = header.len().next_multiple_of(ALIGNMENT);
    header.extend(std::iter::repeat_n(' ', length - header.len()));
    header
}
