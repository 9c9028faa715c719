//! Small ONNX models, written field by field: the tests need models that no exporter would write.

use reproof_tensor::DType;

/// A field of bytes, texts or messages.
fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = integer(number << 3 | 2);
    bytes.extend(integer(content.len() as u64));
    bytes.extend(content);
    bytes
}

/// A field of a number.
fn number(number: u64, value: i64) -> Vec<u8> {
    [integer(number << 3), integer(value.cast_unsigned())].concat()
}

fn integer(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A type in the words of `TypeProto`.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A tensor of an element type, with dims or of any rank.
    Tensor(i64, Option<Vec<i64>>),
    /// A sequence.
    Sequence(Box<Kind>),
    /// An optional.
    Optional(Box<Kind>),
    /// A map.
    Map(i64, Box<Kind>),
}

/// Element types by their numbers in `TensorProto.DataType`.
pub(crate) const FLOAT: i64 = 1;
pub(crate) const INT64: i64 = 7;
pub(crate) const STRING: i64 = 8;
pub(crate) const BOOL: i64 = 9;

/// The number of a dtype; `None` where ONNX has none.
pub(crate) fn code(dtype: DType) -> Option<i64> {
    Some(match dtype {
        DType::F32 => FLOAT,
        DType::U8 => 2,
        DType::I8 => 3,
        DType::U16 => 4,
        DType::I16 => 5,
        DType::I32 => 6,
        DType::I64 => INT64,
        DType::Bool => BOOL,
        DType::F16 => 10,
        DType::F64 => 11,
        DType::U32 => 12,
        DType::U64 => 13,
        DType::C64 => 14,
        DType::C128 => 15,
        DType::BF16 => 16,
        DType::F8E4M3 => 17,
        DType::F8E4M3Fnuz => 18,
        DType::F8E5M2 => 19,
        DType::F8E5M2Fnuz => 20,
        DType::U4 => 21,
        DType::I4 => 22,
        DType::F4 => 23,
        DType::F8E8M0 => 24,
        DType::U2 => 25,
        DType::I2 => 26,
        DType::F6E2M3 | DType::F6E3M2 | DType::C32 | DType::Block(_) => return None,
    })
}

impl Kind {
    /// A tensor of any rank.
    pub(crate) fn any(element: i64) -> Self {
        Self::Tensor(element, None)
    }

    /// A tensor of these dims.
    pub(crate) fn shaped(element: i64, dims: &[i64]) -> Self {
        Self::Tensor(element, Some(dims.to_vec()))
    }

    /// A sequence of this type.
    pub(crate) fn sequence(self) -> Self {
        Self::Sequence(Box::new(self))
    }

    /// An optional of this type.
    pub(crate) fn optional(self) -> Self {
        Self::Optional(Box::new(self))
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Tensor(element, dims) => {
                let dims = dims.iter().map(|dims| {
                    let dims: Vec<Vec<u8>> = dims.iter().map(|dim| field(1, &number(1, *dim))).collect();
                    field(2, &dims.concat())
                });
                let dims: Vec<Vec<u8>> = dims.collect();
                field(1, &[number(1, *element), dims.concat()].concat())
            }
            Self::Sequence(inner) => field(4, &field(1, &inner.bytes())),
            Self::Optional(inner) => field(9, &field(1, &inner.bytes())),
            Self::Map(key, inner) => field(5, &[number(1, *key), field(2, &inner.bytes())].concat()),
        }
    }
}

/// An attribute of a node.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    /// A number.
    Integer(&'static str, i64),
    /// Numbers.
    Integers(&'static str, Vec<i64>),
    /// Texts.
    Texts(&'static str, Vec<&'static str>),
    /// A float32 tensor of one element.
    Float(&'static str, f32),
    /// A type.
    Type(&'static str, Kind),
    /// A graph.
    Graph(&'static str, Graph),
}

impl Attribute {
    fn bytes(&self) -> Vec<u8> {
        // Each kind has its own field for the value and its own number in the field `type`.
        let (name, kind, value) = match self {
            Self::Integer(name, value) => (name, 2, number(3, *value)),
            Self::Integers(name, values) => {
                (name, 7, values.iter().flat_map(|value| number(8, *value)).collect())
            }
            Self::Texts(name, values) => {
                (name, 8, values.iter().flat_map(|value| field(9, value.as_bytes())).collect())
            }
            Self::Float(name, value) => {
                let tensor = [number(1, 1), number(2, FLOAT), field(9, &value.to_le_bytes())].concat();
                (name, 4, field(5, &tensor))
            }
            Self::Type(name, kind) => (name, 13, field(14, &kind.bytes())),
            Self::Graph(name, graph) => (name, 5, field(6, &graph.bytes())),
        };
        [field(1, name.as_bytes()), value, number(20, kind)].concat()
    }
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) domain: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: Vec<Attribute>,
}

impl Node {
    /// A node of the standard domain.
    pub(crate) fn new(operator: &'static str, inputs: &[&str], output: &str) -> Self {
        Self {
            domain: "",
            operator,
            inputs: inputs.iter().map(|name| (*name).to_owned()).collect(),
            outputs: vec![output.to_owned()],
            attributes: Vec::new(),
        }
    }

    /// With an attribute.
    pub(crate) fn with(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// In another domain.
    pub(crate) fn of(mut self, domain: &'static str) -> Self {
        self.domain = domain;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let texts = |number, names: &[String]| -> Vec<u8> {
            names.iter().flat_map(|name| field(number, name.as_bytes())).collect()
        };
        let attributes: Vec<u8> =
            self.attributes.iter().flat_map(|attribute| field(5, &attribute.bytes())).collect();
        let operator = field(4, self.operator.as_bytes());
        let domain = field(7, self.domain.as_bytes());
        [texts(1, &self.inputs), texts(2, &self.outputs), operator, attributes, domain].concat()
    }
}

/// A graph with its ports.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<(&'static str, Kind)>,
    pub(crate) outputs: Vec<(&'static str, Kind)>,
}

impl Graph {
    fn bytes(&self) -> Vec<u8> {
        let ports = |number, ports: &[(&str, Kind)]| -> Vec<u8> {
            let port = |(name, kind): &(&str, Kind)| {
                field(number, &[field(1, name.as_bytes()), field(2, &kind.bytes())].concat())
            };
            ports.iter().flat_map(port).collect()
        };
        let nodes: Vec<u8> = self.nodes.iter().flat_map(|node| field(1, &node.bytes())).collect();
        [nodes, field(2, b"graph"), ports(11, &self.inputs), ports(12, &self.outputs)].concat()
    }

    /// The model of this graph for an operator set of the standard domain.
    pub(crate) fn model(&self, opset: i64) -> Vec<u8> {
        // The first IR version that may hold the set, by the table of versions in the specification.
        let ir = match opset {
            ..=21 => 10,
            22 | 23 => 11,
            24 => 12,
            _ => 13,
        };
        let set =
            |domain: &str, version| field(8, &[field(1, domain.as_bytes()), number(2, version)].concat());
        let sets = [set("", opset), set("ai.onnx.ml", 3), set("com.example", 1)].concat();
        [number(1, ir), field(7, &self.bytes()), sets].concat()
    }
}
