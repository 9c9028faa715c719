//! Weights in shards, with an index that says which tensor is in which.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Deserialize;

use super::merge::Merged;
use crate::{Description, Finding, Format, FormatError, OpenOptions, Problem, Severity, file, open};

/// Bytes of an index at most.
const INDEX: u64 = 256 << 20;

/// Shards at most.
const SHARDS: usize = 100_000;

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Describes the shards of the index `name` in `folder` as one.
pub(super) fn describe(folder: &Path, name: &str, options: &OpenOptions) -> Result<Description, FormatError> {
    let path = folder.join(name);
    let bytes = file::read(&path, INDEX)?;
    let index: Index = serde_json::from_slice(&bytes)
        .map_err(|source| FormatError::new(&path, Problem::Index { source }))?;
    let shards: BTreeSet<&str> = index.weight_map.values().map(String::as_str).collect();
    if shards.len() > SHARDS {
        return Err(FormatError::new(
            &path,
            Problem::TooLarge { limit: SHARDS as u64, actual: shards.len() as u64 },
        ));
    }
    let mut merged = Merged::default();
    let mut held: HashMap<String, String> = HashMap::new();
    let mut format = Format::SafetensorsSharded;
    for shard in shards {
        super::plain(&path, shard)?;
        let described = open::open_with(&folder.join(shard), options)?;
        if described.format != Format::Safetensors {
            format = Format::TorchSharded;
        }
        for tensor in described.tensors.iter().filter(|tensor| super::is_model(&tensor.part)) {
            if let Some(first) = held.insert(tensor.name.clone(), shard.to_owned()) {
                let problem =
                    Problem::TwiceInShards { tensor: tensor.name.clone(), first, second: shard.to_owned() };
                return Err(FormatError::new(&path, problem));
            }
        }
        merged.add_named(described, shard);
    }
    for (tensor, shard) in &index.weight_map {
        if held.get(tensor) != Some(shard) {
            let problem = Problem::NotInShard { tensor: tensor.clone(), shard: shard.clone() };
            return Err(FormatError::new(&path, problem));
        }
    }
    let mut description = merged.finish(format, None, None);
    let unlisted = held.keys().filter(|tensor| !index.weight_map.contains_key(*tensor)).count();
    if unlisted > 0 {
        description.findings.push(Finding {
            id: "shards.unlisted".to_owned(),
            severity: Severity::Warning,
            message: format!("{unlisted} tensors of the shards are not in the index"),
            offset: None,
        });
    }
    Ok(description)
}
