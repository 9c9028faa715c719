//! The pieces of tensors, each a torch archive of its own inside a file.

use reproof_digest::ReadAt;
use reproof_tensor::DType;

use super::Shard;
use super::layout::{Content, Item, Place};
use crate::checkpoint::tree::{Node, TensorNode};
use crate::section::Section;
use crate::storage;
use crate::torch::{TorchError, zip};
use crate::zip as archive;
use crate::{Finding, Piece, Storage};

/// The value of an item.
pub(super) fn node(item: &Item, shards: &[Shard], findings: &mut Vec<Finding>) -> Result<Node, TorchError> {
    match &item.content {
        Content::Object(place) => read(&item.name, place, shards, findings),
        Content::Tensor { shape, pieces } => {
            let mut dtype = None;
            let mut stored = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let wrong = |problem: &str| TorchError::Piece {
                    tensor: item.name.clone(),
                    file: piece.place.file.clone(),
                    problem: problem.to_owned(),
                };
                let Node::Tensor(tensor) = read(&item.name, &piece.place, shards, findings)? else {
                    return Err(wrong("holds no tensor there"));
                };
                if tensor.shape != piece.shape {
                    return Err(wrong("holds a tensor of another shape there"));
                }
                if *dtype.get_or_insert(tensor.dtype) != tensor.dtype || tensor.dtype.bits() < 8 {
                    return Err(wrong("holds a tensor of another element type there"));
                }
                stored.push(Piece {
                    at: piece.at.clone(),
                    shape: piece.shape.clone(),
                    storage: tensor.storage,
                });
            }
            storage::check(shape, &stored).map_err(|error| TorchError::Tensor {
                tensor: item.name.clone(),
                problem: error.to_string(),
            })?;
            let whole = match stored.as_mut_slice() {
                // One piece that covers everything is the tensor.
                [only] if only.shape == *shape => {
                    std::mem::replace(&mut only.storage, Storage::Absent { reason: "it was moved" })
                }
                _ => Storage::Pieces(stored),
            };
            let element = dtype.unwrap_or(DType::F32);
            Ok(TensorNode::new(element, shape.clone(), whole).into())
        }
    }
}

/// The value of the archive at a place.
fn read(
    name: &str,
    place: &Place,
    shards: &[Shard],
    findings: &mut Vec<Finding>,
) -> Result<Node, TorchError> {
    let wrong = |problem: &str| TorchError::Piece {
        tensor: name.to_owned(),
        file: place.file.clone(),
        problem: problem.to_owned(),
    };
    let index = shards.binary_search_by(|shard| shard.name.as_str().cmp(&place.file));
    let index = index.map_err(|_| wrong("is not there"))?;
    let source = &shards[index].file;
    let end = place.offset.checked_add(place.length).filter(|end| *end <= source.size());
    let end = end.ok_or_else(|| wrong("ends before it"))?;
    let section = Section::new(source, place.offset..end).ok_or_else(|| wrong("ends before it"))?;
    let archive = archive::open(&section)?;
    findings.extend(zip::check(&archive)?);
    let member = zip::find(&archive, zip::root(&archive), "data.pkl");
    let member = member.ok_or_else(|| wrong("holds no torch archive there"))?;
    let node = zip::convert(&section, &archive, member, "data/", findings)?;
    // Files of the description: the layout's pickle first, then the shards.
    Ok(moved(node, index + 1, place.offset))
}

/// The same values, found further into another file.
fn moved(node: Node, file: usize, offset: u64) -> Node {
    match node {
        Node::Tensor(mut tensor) => {
            tensor.storage = tensor.storage.moved(file, offset);
            tensor.companions = named(tensor.companions, file, offset);
            Node::Tensor(tensor)
        }
        Node::Map(entries) => Node::Map(named(entries, file, offset)),
        Node::Record { class, fields } => Node::Record { class, fields: named(fields, file, offset) },
        Node::Sequence(values) => {
            Node::Sequence(values.into_iter().map(|value| moved(value, file, offset)).collect())
        }
        same => same,
    }
}

fn named(entries: Vec<(String, Node)>, file: usize, offset: u64) -> Vec<(String, Node)> {
    entries.into_iter().map(|(key, value)| (key, moved(value, file, offset))).collect()
}
