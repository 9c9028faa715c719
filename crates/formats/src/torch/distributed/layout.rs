//! What the pickle says: which values there are, and where their pieces lie.

use std::collections::{BTreeSet, HashMap};

use crate::pickle::{Id, Pickle};
use crate::torch::TorchError;

/// Values of a checkpoint at most.
const ITEMS: usize = 1_000_000;

/// The layout of a checkpoint.
pub(super) struct Layout {
    pub(super) items: Vec<Item>,
    /// The keys that lead to each value, where the checkpoint tells them.
    pub(super) paths: HashMap<String, Vec<String>>,
    pub(super) version: Option<String>,
}

/// A value of the checkpoint.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) content: Content,
}

/// What a value is.
pub(super) enum Content {
    /// A tensor in pieces.
    Tensor {
        /// The global shape.
        shape: Vec<u64>,
        pieces: Vec<StoredPiece>,
    },
    /// Any other value, in one place.
    Object(Place),
}

/// A piece with its place in the tensor and in the files.
pub(super) struct StoredPiece {
    pub(super) at: Vec<u64>,
    pub(super) shape: Vec<u64>,
    pub(super) place: Place,
}

/// A whole torch archive inside a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Layout {
    /// Reads the layout from the pickle of `.metadata`.
    pub(super) fn read(pickle: &Pickle) -> Result<Self, TorchError> {
        let wrong = |what| TorchError::Bookkeeping { offset: 0, what };
        let root = pickle.root().ok_or_else(|| wrong("the layout"))?;
        let (module, class) = pickle.class(root).ok_or_else(|| wrong("the layout"))?;
        if class != "Metadata" || !module.starts_with("torch.distributed") {
            return Err(wrong("the layout"));
        }
        let values = pickle.attribute(root, "state_dict_metadata").and_then(|id| pickle.entries(id));
        let values = values.ok_or_else(|| wrong("the list of values"))?;
        if values.len() > ITEMS {
            return Err(wrong("the list of values, which is too long,"));
        }
        let places = places(pickle, root)?;
        let items = values.iter().map(|(name, value)| {
            let name = pickle.text(*name).ok_or_else(|| wrong("the name of a value"))?;
            Ok(Item { name: name.to_owned(), content: content(pickle, name, *value, &places)? })
        });
        let items = items.collect::<Result<_, TorchError>>()?;
        let version = pickle.attribute(root, "version").and_then(|id| pickle.text(id));
        Ok(Self { items, paths: paths(pickle, root), version: version.map(ToOwned::to_owned) })
    }

    /// The files that hold pieces, in order of their names.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files = BTreeSet::new();
        for item in &self.items {
            match &item.content {
                Content::Object(place) => drop(files.insert(place.file.clone())),
                Content::Tensor { pieces, .. } => {
                    files.extend(pieces.iter().map(|piece| piece.place.file.clone()));
                }
            }
        }
        files.into_iter().collect()
    }
}

/// Places by name and offset in the tensor; values that are no tensors have no offset.
type Places = HashMap<(String, Option<Vec<u64>>), Place>;

fn places(pickle: &Pickle, root: Id) -> Result<Places, TorchError> {
    let wrong = |id, what| TorchError::Bookkeeping { offset: pickle.offset(id), what };
    let stored = pickle.attribute(root, "storage_data").and_then(|id| pickle.entries(id));
    let mut places = HashMap::new();
    for (index, info) in stored.unwrap_or_default() {
        let name = pickle.attribute(*index, "fqn").and_then(|id| pickle.text(id));
        let name = name.ok_or_else(|| wrong(*index, "the name of a piece"))?.to_owned();
        let at = pickle.attribute(*index, "offset").and_then(|id| pickle.dims(id));
        let text = pickle.attribute(*info, "relative_path").and_then(|id| pickle.text(id));
        let number = |attribute| pickle.attribute(*info, attribute).and_then(|id| pickle.unsigned(id));
        let (Some(file), Some(offset), Some(length)) = (text, number("offset"), number("length")) else {
            return Err(wrong(*info, "the place of a piece"));
        };
        // A checkpoint is one folder; a name that leads elsewhere is an attack.
        let plain = !file.is_empty() && file != ".." && file != "." && !file.contains(['/', '\\', '\0']);
        if !plain {
            return Err(wrong(*info, "the file of a piece"));
        }
        let transformed = pickle.attribute(*info, "transform_descriptors").and_then(|id| pickle.sequence(id));
        if transformed.is_some_and(|list| !list.is_empty()) {
            return Err(wrong(*info, "a piece that was transformed when it was written"));
        }
        places.insert((name, at), Place { file: file.to_owned(), offset, length });
    }
    Ok(places)
}

fn content(pickle: &Pickle, name: &str, value: Id, places: &Places) -> Result<Content, TorchError> {
    let wrong = |what| TorchError::Bookkeeping { offset: pickle.offset(value), what };
    let class = pickle.class(value).map(|(_, class)| class);
    if class == Some("BytesStorageMetadata") {
        let place = places.get(&(name.to_owned(), None)).ok_or_else(|| wrong("the place of a value"))?;
        return Ok(Content::Object(place.clone()));
    }
    let shape = pickle.attribute(value, "size").and_then(|id| pickle.dims(id));
    let chunks = pickle.attribute(value, "chunks").and_then(|id| pickle.sequence(id));
    let (Some(shape), Some(chunks)) = (shape, chunks) else { return Err(wrong("a tensor")) };
    let pieces = chunks.iter().map(|chunk| {
        let dims = |attribute| pickle.attribute(*chunk, attribute).and_then(|id| pickle.dims(id));
        let (Some(at), Some(sizes)) = (dims("offsets"), dims("sizes")) else {
            return Err(wrong("a piece of a tensor"));
        };
        let known = places.get(&(name.to_owned(), Some(at.clone())));
        let place = known.ok_or_else(|| wrong("the place of a piece"))?.clone();
        Ok(StoredPiece { at, shape: sizes, place })
    });
    Ok(Content::Tensor { shape, pieces: pieces.collect::<Result<_, _>>()? })
}

/// The keys that lead to each value: texts, or positions in lists.
fn paths(pickle: &Pickle, root: Id) -> HashMap<String, Vec<String>> {
    let planned = pickle.attribute(root, "planner_data").and_then(|id| pickle.entries(id));
    let mut paths = HashMap::new();
    for (name, keys) in planned.unwrap_or_default() {
        let keys = pickle.sequence(*keys).map(|keys| {
            let key = |id: &Id| match pickle.int(*id) {
                Some(position) => Some(position.to_string()),
                None => pickle.text(*id).map(ToOwned::to_owned),
            };
            keys.iter().map(key).collect::<Option<Vec<String>>>()
        });
        if let (Some(name), Some(Some(keys))) = (pickle.text(*name), keys) {
            paths.insert(name.to_owned(), keys);
        }
    }
    paths
}
