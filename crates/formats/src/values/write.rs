//! Writing named values.

use std::collections::HashSet;
use std::path::Path;

use reproof_contract::Real;
use reproof_contract::values::{KeyNode, NamedNode, Node, TensorNode, Values, ValuesSchema};
use reproof_digest::{blob, identity};
use reproof_tensor::{Key, TensorView, Value};

use super::{DEPTH, ValuesError, atomic, tensor_file, tree_file};
use crate::{FormatError, safetensors};

/// Writes named values to `folder`, which exists, as `<stem>.json` and `<stem>.safetensors`.
pub fn write(folder: &Path, stem: &str, values: &[(String, Value)]) -> Result<(), FormatError> {
    let (tree, tensors) = (tree_file(stem), tensor_file(stem));
    let at_tree = |error| FormatError::new(&folder.join(&tree), error);
    let at_tensors = |error| FormatError::new(&folder.join(&tensors), error);
    let mut writer = Writer::default();
    let document = writer.document(values).map_err(at_tree)?;
    let stored: Vec<(&str, TensorView<'_>)> =
        writer.tensors.iter().map(|(key, tensor)| (key.as_str(), *tensor)).collect();
    let bytes = safetensors::to_bytes(&stored).map_err(|error| at_tensors(ValuesError::Tensors(error)))?;
    let failed = |source| ValuesError::Io { action: "write it", source };
    atomic::replace(folder, &tensors, &bytes).map_err(|error| at_tensors(failed(error)))?;
    let mut json = serde_json::to_vec_pretty(&document).map_err(|error| at_tree(ValuesError::Json(error)))?;
    json.push(b'\n');
    atomic::replace(folder, &tree, &json).map_err(|error| at_tree(failed(error)))
}

#[derive(Default)]
struct Writer<'a> {
    tensors: Vec<(String, TensorView<'a>)>,
    keys: HashSet<String>,
}

impl<'a> Writer<'a> {
    fn document(&mut self, values: &'a [(String, Value)]) -> Result<Values, ValuesError> {
        let mut names = HashSet::new();
        let mut nodes = Vec::with_capacity(values.len());
        for (name, value) in values {
            if !names.insert(name) {
                return Err(ValuesError::DuplicateName { name: name.clone() });
            }
            if depth(value) > DEPTH {
                return Err(ValuesError::TooDeep { name: name.clone(), limit: DEPTH });
            }
            nodes.push(NamedNode { name: name.clone(), value: self.node(name, value) });
        }
        Ok(Values { schema: ValuesSchema::V0, values: nodes })
    }

    /// The node of a value; `path` becomes the key of its tensors.
    fn node(&mut self, path: &str, value: &'a Value) -> Node {
        match value {
            Value::Tensor(tensor) => {
                let key = self.key(path);
                let digest = identity::tensor(tensor.dtype().name(), tensor.shape(), &blob(tensor.bytes()));
                self.tensors.push((key.clone(), tensor.view()));
                let (dtype, shape) = (tensor.dtype(), tensor.shape().to_vec());
                Node::Tensor(TensorNode { key, dtype, shape, digest, sampled: None })
            }
            Value::Strings(strings) => {
                Node::Strings { shape: strings.shape.clone(), values: strings.values.clone() }
            }
            Value::Sequence(values) => {
                let numbered = values.iter().enumerate();
                Node::Sequence(
                    numbered.map(|(index, value)| self.node(&format!("{path}[{index}]"), value)).collect(),
                )
            }
            Value::Map(entries) => Node::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key_node(key), self.node(&format!("{path}.{key}"), value)))
                    .collect(),
            ),
            Value::Optional(value) => {
                Node::Optional(value.as_deref().map(|value| Box::new(self.node(path, value))))
            }
            Value::Text(text) => Node::Text(text.clone()),
            Value::Integer(value) => Node::Integer(value.to_string()),
            Value::Real(value) => Node::Real(Real(*value)),
            Value::Boolean(value) => Node::Boolean(*value),
        }
    }

    /// A key that no tensor has yet: the path itself unless it is taken or reserved.
    fn key(&mut self, path: &str) -> String {
        let mut key = path.to_owned();
        let mut number = 1_u64;
        while key == "__metadata__" || !self.keys.insert(key.clone()) {
            number += 1;
            key = format!("{path}#{number}");
        }
        key
    }
}

fn key_node(key: &Key) -> KeyNode {
    match key {
        Key::Integer(key) => KeyNode::Integer(key.to_string()),
        Key::Text(key) => KeyNode::Text(key.clone()),
    }
}

fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Sequence(values) => values.iter().map(depth).max(),
        Value::Map(entries) => entries.iter().map(|(_, value)| depth(value)).max(),
        Value::Optional(value) => value.as_deref().map(depth),
        _ => None,
    };
    1 + below.unwrap_or(0)
}
