//! Safetensors files that several processes wrote, each its pieces of the tensors: how
//! `torch.distributed.checkpoint` writes them for Hugging Face. Every file says where its pieces belong.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;

use crate::{Description, Format, FormatError, OpenOptions, Piece, Problem, Storage, TensorDescription};
use crate::{open, storage, tensors};

use super::merge::Merged;

/// The metadata that tells the places of pieces.
const PLACES: &str = "DCP_SHARDING_INFO";

/// Where one piece starts in its tensor.
#[derive(Deserialize)]
struct Place {
    saved_offsets: Vec<u64>,
}

/// The files of such a checkpoint among the files of a folder, by the names that the writer gives them.
pub(super) fn shards<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let is_shard = |name: &&&str| name.starts_with("shard-") && name.ends_with(".safetensors");
    names.iter().filter(is_shard).copied().collect()
}

/// Describes the files as one; `None` if one of them does not say where its pieces belong.
pub(super) fn describe(
    folder: &Path,
    shards: &[&str],
    options: &OpenOptions,
) -> Result<Option<Description>, FormatError> {
    let mut merged = Merged::default();
    let mut places: Vec<HashMap<String, Place>> = Vec::new();
    for shard in shards {
        let described = open::open_with(&folder.join(shard), options)?;
        let Some(told) = described.metadata.get(PLACES) else { return Ok(None) };
        let told = serde_json::from_str(told)
            .map_err(|source| FormatError::new(&folder.join(shard), Problem::Index { source }))?;
        places.push(told);
        merged.add_named(described, shard);
    }
    let mut description = merged.finish(Format::SafetensorsSharded, None, None);
    let pieces = std::mem::take(&mut description.tensors);
    description.tensors = joined(pieces, &places).map_err(|problem| FormatError::new(folder, problem))?;
    description.architecture = tensors::architecture(&description.tensors, None);
    description.metadata.remove(PLACES);
    Ok(Some(description))
}

/// The tensors that the pieces of all files make; the storage of a piece says which file it is in.
fn joined(
    pieces: Vec<TensorDescription>,
    places: &[HashMap<String, Place>],
) -> Result<Vec<TensorDescription>, Problem> {
    let mut tensors: BTreeMap<String, (TensorDescription, Vec<Piece>)> = BTreeMap::new();
    for piece in pieces {
        let file = piece.storage.file_range().map_or(0, |(file, _)| file);
        let place = places.get(file).and_then(|places| places.get(&piece.name));
        let at = place.map_or_else(|| vec![0; piece.shape.len()], |place| place.saved_offsets.clone());
        let wrong = |problem: String| Problem::Piece { tensor: piece.name.clone(), problem };
        let (whole, known) = tensors.entry(piece.name.clone()).or_insert_with(|| {
            let shape = vec![0; piece.shape.len()];
            (TensorDescription { shape, ..piece.clone() }, Vec::new())
        });
        let same_kind = whole.dtype == piece.dtype && whole.shape.len() == piece.shape.len();
        if piece.dtype.bits() < 8 {
            return Err(wrong(format!("is a piece of {}, whose elements share bytes", piece.dtype)));
        }
        if !same_kind || at.len() != piece.shape.len() {
            return Err(wrong("has another dtype or rank than the pieces before it".to_owned()));
        }
        for ((dim, at), length) in whole.shape.iter_mut().zip(&at).zip(&piece.shape) {
            let end = at.checked_add(*length).ok_or_else(|| wrong("ends beyond any tensor".to_owned()))?;
            *dim = (*dim).max(end);
        }
        // What is not divided is written by every process that has it.
        if known.iter().all(|other| other.at != at || other.shape != piece.shape) {
            known.push(Piece { at, shape: piece.shape.clone(), storage: piece.storage });
        }
    }
    let tensors = tensors.into_values().map(|(mut tensor, mut pieces)| {
        let checked = storage::check(&tensor.shape, &pieces);
        checked
            .map_err(|error| Problem::Piece { tensor: tensor.name.clone(), problem: error.to_string() })?;
        tensor.storage = match (pieces.pop(), pieces.is_empty()) {
            (Some(only), true) => only.storage,
            (Some(last), false) => {
                pieces.push(last);
                Storage::Pieces(pieces)
            }
            (None, _) => Storage::Absent { reason: "no file has a piece of it" },
        };
        Ok(tensor)
    });
    tensors.collect()
}
