//! Trees of values: what models really take and return.

use crate::{DType, Tensor};

/// An input or output of a model: a tensor, or a tree whose leaves are tensors, texts and numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A tensor of numbers.
    Tensor(Tensor),
    /// A tensor of texts.
    Strings(StringTensor),
    /// An ordered list.
    Sequence(Vec<Value>),
    /// A dictionary in its own order.
    Map(Vec<(Key, Value)>),
    /// A value that may be absent.
    Optional(Option<Box<Value>>),
    /// A single text.
    Text(String),
    /// A single integer.
    Integer(i64),
    /// A single float.
    Real(f64),
    /// A single truth value.
    Boolean(bool),
}

/// The key of a dictionary entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// An integer, such as a class label.
    Integer(i64),
    /// A text.
    Text(String),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(key) => write!(f, "{key}"),
            Self::Text(key) => f.write_str(key),
        }
    }
}

/// A tensor of texts in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringTensor {
    /// The dims, outermost first; their product is the number of values.
    pub shape: Vec<u64>,
    /// The texts.
    pub values: Vec<String>,
}

/// A leaf of a value tree, as the comparison walks it.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    /// A tensor of numbers.
    Tensor(&'a Tensor),
    /// A tensor of texts.
    Strings(&'a StringTensor),
    /// A text.
    Text(&'a str),
    /// An integer.
    Integer(i64),
    /// A float.
    Real(f64),
    /// A truth value.
    Boolean(bool),
    /// An optional without a value.
    Absent,
    /// A sequence or map without entries.
    Empty,
}

impl Leaf<'_> {
    /// What kind of leaf it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tensor(_) => "tensor",
            Self::Strings(_) => "strings",
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Boolean(_) => "boolean",
            Self::Absent => "absent",
            Self::Empty => "empty",
        }
    }
}

impl Value {
    /// The leaves in order, each with its path below `root`: `root[1].name`.
    pub fn leaves<'a>(&'a self, root: &str) -> Vec<(String, Leaf<'a>)> {
        let mut leaves = Vec::new();
        self.walk(root.to_owned(), &mut leaves);
        leaves
    }

    fn walk<'a>(&'a self, path: String, leaves: &mut Vec<(String, Leaf<'a>)>) {
        let leaf = match self {
            Self::Tensor(tensor) => Leaf::Tensor(tensor),
            Self::Strings(strings) => Leaf::Strings(strings),
            Self::Text(text) => Leaf::Text(text),
            Self::Integer(value) => Leaf::Integer(*value),
            Self::Real(value) => Leaf::Real(*value),
            Self::Boolean(value) => Leaf::Boolean(*value),
            Self::Optional(None) => Leaf::Absent,
            Self::Optional(Some(value)) => return value.walk(path, leaves),
            Self::Sequence(values) if !values.is_empty() => {
                for (index, value) in values.iter().enumerate() {
                    value.walk(format!("{path}[{index}]"), leaves);
                }
                return;
            }
            Self::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    value.walk(format!("{path}.{key}"), leaves);
                }
                return;
            }
            Self::Sequence(_) | Self::Map(_) => Leaf::Empty,
        };
        leaves.push((path, leaf));
    }

    /// The tensors of the tree, in order.
    pub fn tensors(&self) -> Vec<&Tensor> {
        let leaves = self.leaves("");
        let tensors = leaves.into_iter().filter_map(|(_, leaf)| match leaf {
            Leaf::Tensor(tensor) => Some(tensor),
            _ => None,
        });
        tensors.collect()
    }

    /// Dtype and shape of a plain tensor value.
    pub fn signature(&self) -> Option<(DType, &[u64])> {
        match self {
            Self::Tensor(tensor) => Some((tensor.dtype(), tensor.shape())),
            _ => None,
        }
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}
