//! What every container of named tensors needs: ties, layouts, the architecture digest.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use reproof_digest::layout::Layout;
use reproof_digest::{Builder, Digest, Kind};

use crate::{Finding, Severity, Storage, TensorDescription};

/// The part that is the model.
pub(crate) const MODEL: &str = "model";

/// Names that several tensors share and that are told.
const SHARED_NAMES: usize = 20;

/// The `architecture-v1` digest of containers without a graph: names, dtypes and shapes of the model part, sorted by
/// name, and the configuration beside them where there is one.
///
/// The word at the start is that of the first such container; what holds the same tensors has the same architecture,
/// whatever the file.
pub(crate) fn architecture(tensors: &[TensorDescription], configuration: Option<&[u8]>) -> Digest {
    let mut sorted: Vec<&TensorDescription> = tensors.iter().filter(|tensor| tensor.part == MODEL).collect();
    sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut builder = Builder::new(Kind::Architecture);
    builder.text("safetensors").u64(sorted.len() as u64);
    for tensor in sorted {
        builder.text(&tensor.name).text(tensor.dtype.name()).u64(tensor.shape.len() as u64);
        for dim in &tensor.shape {
            builder.u64(*dim);
        }
    }
    if let Some(configuration) = configuration {
        builder.text("configuration").bytes(configuration);
    }
    builder.finish()
}

/// Notes for each tensor the first of its part that has the same bytes of the same file.
pub(crate) fn tie(tensors: &mut [TensorDescription]) {
    let mut first: HashMap<(String, usize, u64, u64), usize> = HashMap::new();
    for index in 0..tensors.len() {
        let tensor = &tensors[index];
        let Some((file, range)) = tensor.storage.file_range() else { continue };
        if range.is_empty() {
            continue;
        }
        match first.entry((tensor.part.clone(), file, range.start, range.end)) {
            Entry::Vacant(entry) => drop(entry.insert(index)),
            Entry::Occupied(entry) => tensors[index].tied_to = Some(tensors[*entry.get()].name.clone()),
        }
    }
}

/// Names that several tensors of one part have: dotted keys and nested ones, or keys that differ in their type.
pub(crate) fn shared_names(tensors: &[TensorDescription]) -> Vec<Finding> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for tensor in tensors {
        *counts.entry((&tensor.part, &tensor.name)).or_default() += 1;
    }
    let shared = counts.into_iter().filter(|(_, count)| *count > 1);
    let finding = |((part, name), count)| Finding {
        id: "tensors.shared-name".to_owned(),
        severity: Severity::Warning,
        message: format!("{count} tensors of the part `{part}` are called `{name}`"),
        offset: None,
    };
    shared.take(SHARED_NAMES).map(finding).collect()
}

/// The layout of file `file`, of `size` bytes: the tensors that lie in it whole and in canonical order are its blobs.
pub(crate) fn layout(file: usize, size: u64, tensors: &[TensorDescription]) -> Layout {
    let mut blobs = Vec::new();
    for tensor in tensors {
        ranges(&tensor.storage, file, &mut blobs);
    }
    Layout::around(size, blobs)
}

fn ranges(storage: &Storage, wanted: usize, blobs: &mut Vec<std::ops::Range<u64>>) {
    match storage {
        Storage::Range { file, offset, length } if *file == wanted => blobs.push(*offset..offset + length),
        Storage::Pieces(pieces) => pieces.iter().for_each(|piece| ranges(&piece.storage, wanted, blobs)),
        _ => {}
    }
}
