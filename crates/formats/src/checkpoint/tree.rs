//! A checkpoint as a tree of named values, whatever file it came from.

use reproof_tensor::DType;
use serde_json::Value;

use crate::Storage;

/// A value of a checkpoint.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A tensor.
    Tensor(Box<TensorNode>),
    /// Named values in stored order: a dictionary.
    Map(Vec<(String, Node)>),
    /// Values in order.
    Sequence(Vec<Node>),
    /// A number, text, truth value or nothing.
    Scalar(Value),
    /// A named record: an object with its attributes, never made.
    Record {
        /// Its class with its module.
        class: String,
        /// What is known of it.
        fields: Vec<(String, Node)>,
    },
    /// Something that is only described, in words.
    Opaque(String),
}

/// A tensor without its name.
#[derive(Clone, Debug)]
pub(crate) struct TensorNode {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<u64>,
    pub(crate) storage: Storage,
    /// What dtype and shape do not tell.
    pub(crate) note: Option<String>,
    /// Tensors that belong to it, such as the scales of a quantised one; their names continue its name.
    pub(crate) companions: Vec<(String, Node)>,
    /// Whether a module makes it anew when it is built, so that it is no part of its saved weights.
    pub(crate) transient: bool,
}

impl TensorNode {
    pub(crate) fn new(dtype: DType, shape: Vec<u64>, storage: Storage) -> Self {
        Self { dtype, shape, storage, note: None, companions: Vec::new(), transient: false }
    }

    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl From<TensorNode> for Node {
    fn from(tensor: TensorNode) -> Self {
        Self::Tensor(Box::new(tensor))
    }
}

impl Node {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Scalar(Value::String(text.into()))
    }

    /// The named values of a map or record.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) | Self::Record { fields: entries, .. } => entries,
            _ => &[],
        }
    }

    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The values below, with their names: keys, or positions in a sequence.
    pub(crate) fn children(&self) -> Box<dyn Iterator<Item = (String, &Self)> + '_> {
        match self {
            Self::Sequence(values) => {
                Box::new(values.iter().enumerate().map(|(index, value)| (index.to_string(), value)))
            }
            node => Box::new(node.entries().iter().map(|(key, value)| (key.clone(), value))),
        }
    }

    pub(crate) fn is_tensor(&self) -> bool {
        matches!(self, Self::Tensor(_))
    }

    /// Whether there is a tensor anywhere below.
    pub(crate) fn has_tensors(&self) -> bool {
        match self {
            Self::Tensor(_) => true,
            Self::Sequence(values) => values.iter().any(Self::has_tensors),
            node => node.entries().iter().any(|(_, value)| value.has_tensors()),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), value.into())).collect())
            }
            Value::Array(values) => Self::Sequence(values.iter().map(Self::from).collect()),
            scalar => Self::Scalar(scalar.clone()),
        }
    }
}

/// Joins the names on the way to a value with dots.
pub(crate) fn join(path: &str, name: &str) -> String {
    match (path.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}
