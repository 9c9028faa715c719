//! Reading named values.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use reproof_contract::values::{KeyNode, NamedNode, Node, TensorNode, Values};
use reproof_digest::{ReadAt, blob, identity};
use reproof_tensor::{Key, StringTensor, Tensor, Value, element_count};

use super::{LARGEST, ValuesError, tensor_file, tree_file};
use crate::{FormatError, file, safetensors};

/// A tree with its tensors, checked against each other.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The tree.
    pub document: Values,
    /// The tensors by key; of a sampled one the sample, in one dim.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Reads the named values that [`super::write()`] wrote. A tensor of which only a sample is stored is refused; [`load`]
/// accepts it.
pub fn read(folder: &Path, stem: &str) -> Result<Vec<(String, Value)>, FormatError> {
    let stored = load(folder, stem)?;
    stored.into_values().map_err(|error| FormatError::new(&folder.join(tree_file(stem)), error))
}

/// Reads a tree and its tensors and checks them against each other.
pub fn load(folder: &Path, stem: &str) -> Result<Stored, FormatError> {
    let (tree, tensors) = (folder.join(tree_file(stem)), folder.join(tensor_file(stem)));
    let json = file::read(&tree, LARGEST)?;
    let document = document(&json).map_err(|error| FormatError::new(&tree, error))?;
    let loaded = safetensors::read_tensors(&tensors, LARGEST)?;
    check(document, loaded).map_err(|error| FormatError::new(&tensors, error))
}

/// Reads a tree and its tensors from the bytes of their files.
///
/// The caller has bounded their size.
pub fn parse(json: &[u8], tensors: &dyn ReadAt) -> Result<Stored, ValuesError> {
    let loaded = safetensors::parse_tensors(tensors).map_err(ValuesError::Tensors)?;
    check(document(json)?, loaded)
}

fn document(json: &[u8]) -> Result<Values, ValuesError> {
    let document: Values = serde_json::from_slice(json).map_err(ValuesError::Json)?;
    let mut names = HashSet::new();
    match document.values.iter().find(|value| !names.insert(value.name.as_str())) {
        Some(value) => Err(ValuesError::DuplicateName { name: value.name.clone() }),
        None => Ok(document),
    }
}

/// Checks every tensor of the tree, and that no other is stored.
fn check(document: Values, tensors: Vec<(String, Tensor)>) -> Result<Stored, ValuesError> {
    let tensors: BTreeMap<String, Tensor> = tensors.into_iter().collect();
    let mut named = HashSet::new();
    let mut open: Vec<&Node> = document.values.iter().map(|value: &NamedNode| &value.value).collect();
    while let Some(node) = open.pop() {
        match node {
            Node::Tensor(node) => {
                if !named.insert(node.key.as_str()) {
                    return Err(ValuesError::RepeatedTensor { key: node.key.clone() });
                }
                let tensor = tensors.get(&node.key);
                check_tensor(
                    node,
                    tensor.ok_or_else(|| ValuesError::MissingTensor { key: node.key.clone() })?,
                )?;
            }
            Node::Sequence(values) => open.extend(values),
            Node::Map(entries) => open.extend(entries.iter().map(|(_, value)| value)),
            Node::Optional(Some(value)) => open.push(value),
            _ => {}
        }
    }
    match tensors.keys().find(|key| !named.contains(key.as_str())) {
        Some(key) => Err(ValuesError::StrayTensor { key: key.clone() }),
        None => Ok(Stored { document, tensors }),
    }
}

fn check_tensor(node: &TensorNode, tensor: &Tensor) -> Result<(), ValuesError> {
    let expected_shape = match node.sampled {
        None => node.shape.clone(),
        Some(sampled) if sampled.stride == 0 => {
            return Err(ValuesError::ZeroStride { key: node.key.clone() });
        }
        Some(sampled) => vec![element_count(&node.shape).unwrap_or(u64::MAX).div_ceil(sampled.stride)],
    };
    if tensor.dtype() != node.dtype || tensor.shape() != expected_shape {
        return Err(ValuesError::WrongTensor {
            key: node.key.clone(),
            expected_dtype: node.dtype,
            expected_shape,
            actual_dtype: tensor.dtype(),
            actual_shape: tensor.shape().to_vec(),
        });
    }
    // The digest of a sampled tensor is that of the whole, which is not here.
    let actual = identity::tensor(tensor.dtype().name(), tensor.shape(), &blob(tensor.bytes()));
    if node.sampled.is_none() && actual != node.digest {
        return Err(ValuesError::WrongDigest { key: node.key.clone(), expected: node.digest, actual });
    }
    Ok(())
}

impl Stored {
    /// The values by name, in stored order; a sampled tensor is refused.
    pub fn into_values(mut self) -> Result<Vec<(String, Value)>, ValuesError> {
        let named = std::mem::take(&mut self.document.values);
        named.into_iter().map(|named| Ok((named.name, self.value(named.value)?))).collect()
    }

    fn value(&mut self, node: Node) -> Result<Value, ValuesError> {
        Ok(match node {
            Node::Tensor(node) if node.sampled.is_some() => {
                return Err(ValuesError::Sampled { key: node.key });
            }
            Node::Tensor(node) => match self.tensors.remove(&node.key) {
                Some(tensor) => Value::Tensor(tensor),
                None => return Err(ValuesError::MissingTensor { key: node.key }),
            },
            Node::Strings { shape, values } => {
                if element_count(&shape) != Some(values.len() as u64) {
                    return Err(ValuesError::TextCount { shape, actual: values.len() });
                }
                Value::Strings(StringTensor { shape, values })
            }
            Node::Sequence(nodes) => {
                Value::Sequence(nodes.into_iter().map(|node| self.value(node)).collect::<Result<_, _>>()?)
            }
            Node::Map(entries) => {
                let entries = entries.into_iter().map(|(node, value)| Ok((key(node)?, self.value(value)?)));
                Value::Map(entries.collect::<Result<_, ValuesError>>()?)
            }
            Node::Optional(None) => Value::Optional(None),
            Node::Optional(Some(node)) => Value::Optional(Some(Box::new(self.value(*node)?))),
            Node::Text(text) => Value::Text(text),
            Node::Integer(text) => Value::Integer(integer(text)?),
            Node::Real(value) => Value::Real(value.0),
            Node::Boolean(value) => Value::Boolean(value),
        })
    }
}

fn key(node: KeyNode) -> Result<Key, ValuesError> {
    match node {
        KeyNode::Integer(text) => Ok(Key::Integer(integer(text)?)),
        KeyNode::Text(text) => Ok(Key::Text(text)),
    }
}

fn integer(text: String) -> Result<i64, ValuesError> {
    match text.parse::<i64>() {
        // One spelling per number, so that equal documents have equal bytes.
        Ok(value) if value.to_string() == text => Ok(value),
        _ => Err(ValuesError::Integer { text }),
    }
}
