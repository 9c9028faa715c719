//! The header: names, element types, shapes and places.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use reproof_digest::ReadAt;
use reproof_tensor::{DType, TensorError, byte_length};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{LARGEST_HEADER, SafetensorsError};

/// A checked header.
#[derive(Debug)]
pub(super) struct Header {
    /// The tensors, in the order of their bytes.
    pub(super) tensors: Vec<Entry>,
    /// Free metadata.
    pub(super) metadata: BTreeMap<String, String>,
}

/// A tensor as the header tells it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) shape: Vec<u64>,
    /// First byte, from the start of the file.
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// Reads and checks the header: tensors lie one after the other from the end of the header to the end of the file.
pub(super) fn read(source: &dyn ReadAt) -> Result<Header, SafetensorsError> {
    let failed = |source| SafetensorsError::Io { action: "read the header", source };
    let size = source.size();
    let Some(left) = size.checked_sub(8) else { return Err(SafetensorsError::NoHeader { size }) };
    let mut length = [0; 8];
    source.read_exact_at(&mut length, 0).map_err(failed)?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER {
        return Err(SafetensorsError::HeaderTooLarge { limit: LARGEST_HEADER, actual: length });
    }
    if length > left {
        return Err(SafetensorsError::HeaderTruncated { needed: length, left });
    }
    let bytes = source.read_range(8, length as usize).map_err(failed)?;
    let json: Json<'_> = serde_json::from_slice(&bytes).map_err(|source| {
        // Writers put the header on one line; elsewhere the place is that of its start.
        let column = if source.line() == 1 { source.column().saturating_sub(1) as u64 } else { 0 };
        SafetensorsError::Header { offset: 8 + column, source }
    })?;
    check(json, 8 + length, size)
}

fn check(json: Json<'_>, start: u64, size: u64) -> Result<Header, SafetensorsError> {
    let mut stored = json.tensors;
    stored.sort_by_key(|(_, info)| info.data_offsets);
    let mut tensors = Vec::with_capacity(stored.len());
    let mut end = 0;
    for (name, info) in stored {
        let (begin, stop) = info.data_offsets;
        let Ok(dtype) = info.dtype.parse::<DType>() else {
            return Err(SafetensorsError::UnknownDType { tensor: name, dtype: info.dtype.into_owned() });
        };
        if begin != end {
            return Err(SafetensorsError::NotContiguous { tensor: name, expected: end, actual: begin });
        }
        let Some(length) = stop.checked_sub(begin) else {
            return Err(SafetensorsError::Backwards { tensor: name, begin, end: stop });
        };
        let shape = info.shape;
        match byte_length(dtype, &shape) {
            None => {
                let source = TensorError::TooLarge { dtype, shape };
                return Err(SafetensorsError::Tensor { tensor: name, source });
            }
            Some(expected) if expected != length => {
                let source = TensorError::WrongLength { dtype, shape, expected, actual: length };
                return Err(SafetensorsError::Tensor { tensor: name, source });
            }
            Some(_) => {}
        }
        // The sum cannot overflow before the size is checked: offsets of entries are at most 2^64 - 1.
        let offset = start.saturating_add(begin);
        tensors.push(Entry { name, dtype, shape, offset, length });
        end = stop;
    }
    let expected = start.saturating_add(end);
    if expected != size {
        return Err(SafetensorsError::WrongSize { expected, actual: size });
    }
    Ok(Header { tensors, metadata: json.metadata })
}

/// One tensor in JSON.
#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    dtype: Cow<'a, str>,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header in JSON.
struct Json<'a> {
    tensors: Vec<(String, Info<'a>)>,
    metadata: BTreeMap<String, String>,
}

/// Metadata whose keys must differ.
struct Metadata(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeaderVisitor;
        impl<'de> Visitor<'de> for HeaderVisitor {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
                let duplicate = |key: &str| de::Error::custom(format_args!("duplicate key `{key}`"));
                let (mut tensors, mut metadata) = (Vec::new(), None);
                while let Some(key) = map.next_key::<String>()? {
                    if key != "__metadata__" {
                        tensors.push((key, map.next_value()?));
                    } else if metadata.replace(map.next_value::<Option<Metadata>>()?).is_some() {
                        return Err(duplicate(&key));
                    }
                }
                let mut seen = HashSet::with_capacity(tensors.len());
                if let Some((key, _)) = tensors.iter().find(|(key, _)| !seen.insert(key.as_str())) {
                    return Err(duplicate(key));
                }
                let metadata = metadata.flatten().map(|metadata| metadata.0).unwrap_or_default();
                Ok(Json { tensors, metadata })
            }
        }
        deserializer.deserialize_map(HeaderVisitor)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MetadataVisitor;
        impl<'de> Visitor<'de> for MetadataVisitor {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut metadata = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, String>()? {
                    if metadata.contains_key(&key) {
                        return Err(de::Error::custom(format_args!("duplicate metadata key `{key}`")));
                    }
                    metadata.insert(key, value);
                }
                Ok(Metadata(metadata))
            }
        }
        deserializer.deserialize_map(MetadataVisitor)
    }
}
