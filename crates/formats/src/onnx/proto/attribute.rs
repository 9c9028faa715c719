//! Attributes: what a node is told apart from its inputs.

use super::{Graph, StoredSparseTensor, StoredTensor, TypeInfo};
use crate::onnx::wire::{Field, Message, WireError};

/// A named attribute of a node.
#[derive(Clone, Debug, Default)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    code: i32,
    reference: String,
    float: Option<f32>,
    integer: Option<i64>,
    bytes: Option<Vec<u8>>,
    tensor: Option<Box<StoredTensor>>,
    graph: Option<Box<Graph>>,
    sparse: Option<Box<StoredSparseTensor>>,
    kind: Option<Box<TypeInfo>>,
    floats: Vec<f32>,
    integers: Vec<i64>,
    strings: Vec<Vec<u8>>,
    tensors: Vec<StoredTensor>,
    graphs: Vec<Graph>,
    sparses: Vec<StoredSparseTensor>,
    kinds: Vec<TypeInfo>,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum AttributeValue<'a> {
    /// None of the kinds that this version knows, or a message that was left out.
    Undefined,
    /// In a function body: the caller's attribute of this name.
    Reference(&'a str),
    /// A float.
    Float(f32),
    /// An integer.
    Integer(i64),
    /// A text, or bytes that only the operator understands.
    Bytes(&'a [u8]),
    /// A tensor.
    Tensor(&'a StoredTensor),
    /// A graph.
    Graph(&'a Graph),
    /// A sparse tensor.
    Sparse(&'a StoredSparseTensor),
    /// A type.
    Type(&'a TypeInfo),
    /// Floats.
    Floats(&'a [f32]),
    /// Integers.
    Integers(&'a [i64]),
    /// Texts.
    Strings(&'a [Vec<u8>]),
    /// Tensors.
    Tensors(&'a [StoredTensor]),
    /// Graphs.
    Graphs(&'a [Graph]),
    /// Sparse tensors.
    Sparses(&'a [StoredSparseTensor]),
    /// Types.
    Types(&'a [TypeInfo]),
}

impl Attribute {
    /// Its value, by its declared kind. Scalars that were left out are zero, as protobuf defines; the oldest
    /// files declare no kind, and then the field that is there decides.
    pub fn value(&self) -> AttributeValue<'_> {
        use AttributeValue as Is;
        if !self.reference.is_empty() {
            return Is::Reference(&self.reference);
        }
        match self.code {
            0 => self.undeclared(),
            1 => Is::Float(self.float.unwrap_or_default()),
            2 => Is::Integer(self.integer.unwrap_or_default()),
            3 => Is::Bytes(self.bytes.as_deref().unwrap_or_default()),
            4 => self.tensor.as_deref().map_or(Is::Undefined, Is::Tensor),
            5 => self.graph.as_deref().map_or(Is::Undefined, Is::Graph),
            6 => Is::Floats(&self.floats),
            7 => Is::Integers(&self.integers),
            8 => Is::Strings(&self.strings),
            9 => Is::Tensors(&self.tensors),
            10 => Is::Graphs(&self.graphs),
            11 => self.sparse.as_deref().map_or(Is::Undefined, Is::Sparse),
            12 => Is::Sparses(&self.sparses),
            13 => self.kind.as_deref().map_or(Is::Undefined, Is::Type),
            14 => Is::Types(&self.kinds),
            _ => Is::Undefined,
        }
    }

    /// The same attribute with another float.
    pub(in crate::onnx) fn with_float(&self, value: f32) -> Self {
        Self { float: Some(value), ..self.clone() }
    }

    /// The same attribute with another integer.
    pub(in crate::onnx) fn with_integer(&self, value: i64) -> Self {
        Self { integer: Some(value), ..self.clone() }
    }

    /// The same attribute with other bytes.
    pub(in crate::onnx) fn with_bytes(&self, value: &[u8]) -> Self {
        Self { bytes: Some(value.to_vec()), ..self.clone() }
    }

    fn undeclared(&self) -> AttributeValue<'_> {
        use AttributeValue as Is;
        let single = self
            .float
            .map(Is::Float)
            .or(self.integer.map(Is::Integer))
            .or(self.bytes.as_deref().map(Is::Bytes))
            .or(self.tensor.as_deref().map(Is::Tensor))
            .or(self.graph.as_deref().map(Is::Graph))
            .or(self.sparse.as_deref().map(Is::Sparse))
            .or(self.kind.as_deref().map(Is::Type));
        let lists = [
            (self.floats.is_empty(), Is::Floats(&self.floats)),
            (self.integers.is_empty(), Is::Integers(&self.integers)),
            (self.strings.is_empty(), Is::Strings(&self.strings)),
            (self.tensors.is_empty(), Is::Tensors(&self.tensors)),
            (self.graphs.is_empty(), Is::Graphs(&self.graphs)),
            (self.sparses.is_empty(), Is::Sparses(&self.sparses)),
            (self.kinds.is_empty(), Is::Types(&self.kinds)),
        ];
        let list = lists.into_iter().find(|(empty, _)| !empty).map(|(_, list)| list);
        single.or(list).unwrap_or(Is::Undefined)
    }

    /// Every graph in it with the text that tells it apart: `body`, or `branches[1]`.
    pub fn graphs(&self) -> Vec<(String, &Graph)> {
        match self.value() {
            AttributeValue::Graph(graph) => vec![(self.name.clone(), graph)],
            AttributeValue::Graphs(graphs) => {
                let numbered = graphs.iter().enumerate();
                numbered.map(|(index, graph)| (format!("{}[{index}]", self.name), graph)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Message for Attribute {
    const NAME: &'static str = "AttributeProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.name = field.text()?,
            2 => self.float = Some(field.float()?),
            3 => self.integer = Some(field.integer()?),
            4 => self.bytes = Some(field.bytes()?),
            5 => field.merge(&mut **self.tensor.get_or_insert_default())?,
            6 => field.merge(&mut **self.graph.get_or_insert_default())?,
            7 => field.floats(&mut self.floats)?,
            8 => field.integers(&mut self.integers)?,
            9 => self.strings.push(field.list_bytes()?),
            10 => self.tensors.push(field.message()?),
            11 => self.graphs.push(field.message()?),
            14 => field.merge(&mut **self.kind.get_or_insert_default())?,
            15 => self.kinds.push(field.message()?),
            20 => self.code = field.code()?,
            21 => self.reference = field.text()?,
            22 => field.merge(&mut **self.sparse.get_or_insert_default())?,
            23 => self.sparses.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}
