//! Types of values: tensors of some element type, sequences, maps, optionals.

use std::fmt;

use crate::onnx::Element;
use crate::onnx::wire::{Field, Message, WireError};

/// A value's name with its declared type.
#[derive(Clone, Debug, Default)]
pub struct ValueInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: TypeInfo,
}

/// A declared type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TypeInfo {
    /// Not declared.
    #[default]
    Unknown,
    /// A tensor.
    Tensor {
        /// The type of its elements.
        element: Element,
        /// Its dims, outermost first; `None` when not even the rank is declared.
        shape: Option<Vec<Dim>>,
    },
    /// A sparse tensor.
    SparseTensor {
        /// The type of its elements.
        element: Element,
        /// Its dims, outermost first; `None` when not even the rank is declared.
        shape: Option<Vec<Dim>>,
    },
    /// An ordered list.
    Sequence(Box<TypeInfo>),
    /// A dictionary.
    Map {
        /// The type of its keys.
        key: Element,
        /// The type of its values.
        value: Box<TypeInfo>,
    },
    /// A value that may be absent.
    Optional(Box<TypeInfo>),
    /// Something that only some runtime knows.
    Opaque {
        /// Whose.
        domain: String,
        /// What.
        name: String,
    },
}

/// One declared dim of a tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dim {
    /// Any size.
    #[default]
    Unknown,
    /// This size.
    Fixed(u64),
    /// Any size, the same wherever this name stands.
    Symbol(String),
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Symbol(name) => f.write_str(name),
        }
    }
}

/// `tensor(F32)[batch, 1, 28, 28]`; without brackets where not even the rank is declared.
impl fmt::Display for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tensor = |f: &mut fmt::Formatter<'_>, word, element, shape: &Option<Vec<Dim>>| {
            write!(f, "{word}({element})")?;
            let Some(shape) = shape else { return Ok(()) };
            let dims: Vec<String> = shape.iter().map(Dim::to_string).collect();
            write!(f, "[{}]", dims.join(", "))
        };
        match self {
            Self::Unknown => f.write_str("?"),
            Self::Tensor { element, shape } => tensor(f, "tensor", *element, shape),
            Self::SparseTensor { element, shape } => tensor(f, "sparse_tensor", *element, shape),
            Self::Sequence(inner) => write!(f, "sequence({inner})"),
            Self::Map { key, value } => write!(f, "map({key}, {value})"),
            Self::Optional(inner) => write!(f, "optional({inner})"),
            Self::Opaque { domain, name } => write!(f, "opaque({domain}::{name})"),
        }
    }
}

impl Message for ValueInfo {
    const NAME: &'static str = "ValueInfoProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.name = field.text()?,
            2 => field.merge(&mut self.kind)?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for TypeInfo {
    const NAME: &'static str = "TypeProto";

    /// The kinds exclude each other: the last one wins, and the same one again is merged into the one before.
    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => {
                let (mut element, mut shape) = (Element::Undefined, None);
                if let Self::Tensor { element: before, shape: stored } = self {
                    (element, shape) = (*before, stored.take());
                }
                let mut tensor = TensorType { element, shape };
                field.merge(&mut tensor)?;
                *self = Self::Tensor { element: tensor.element, shape: tensor.shape };
            }
            8 => {
                let (mut element, mut shape) = (Element::Undefined, None);
                if let Self::SparseTensor { element: before, shape: stored } = self {
                    (element, shape) = (*before, stored.take());
                }
                let mut tensor = TensorType { element, shape };
                field.merge(&mut tensor)?;
                *self = Self::SparseTensor { element: tensor.element, shape: tensor.shape };
            }
            4 | 9 => {
                let mut inner = Inner::default();
                match (field.number(), std::mem::take(self)) {
                    (4, Self::Sequence(before)) | (9, Self::Optional(before)) => inner.0 = *before,
                    _ => {}
                }
                field.merge(&mut inner)?;
                let inner = Box::new(inner.0);
                *self = if field.number() == 4 { Self::Sequence(inner) } else { Self::Optional(inner) };
            }
            5 => {
                let mut map = MapType::default();
                if let Self::Map { key, value } = std::mem::take(self) {
                    map = MapType { key, value: *value };
                }
                field.merge(&mut map)?;
                *self = Self::Map { key: map.key, value: Box::new(map.value) };
            }
            7 => {
                let mut opaque = OpaqueType::default();
                if let Self::Opaque { domain, name } = std::mem::take(self) {
                    opaque = OpaqueType { domain, name };
                }
                field.merge(&mut opaque)?;
                *self = Self::Opaque { domain: opaque.domain, name: opaque.name };
            }
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct TensorType {
    element: Element,
    shape: Option<Vec<Dim>>,
}

impl Message for TensorType {
    const NAME: &'static str = "TypeProto.Tensor";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.element = Element::from_code(field.code()?),
            2 => field.merge(self.shape.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Vec<Dim> {
    const NAME: &'static str = "TensorShapeProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        if field.number() == 1 {
            self.push(field.message()?);
        }
        Ok(())
    }
}

impl Message for Dim {
    const NAME: &'static str = "TensorShapeProto.Dimension";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            // Some exporters write -1 for a size that they do not know.
            1 => *self = u64::try_from(field.integer()?).map_or(Self::Unknown, Self::Fixed),
            2 => {
                let name = field.text()?;
                *self = if name.is_empty() { Self::Unknown } else { Self::Symbol(name) };
            }
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct Inner(TypeInfo);

impl Message for Inner {
    const NAME: &'static str = "TypeProto.Sequence";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        if field.number() == 1 {
            field.merge(&mut self.0)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct MapType {
    key: Element,
    value: TypeInfo,
}

impl Message for MapType {
    const NAME: &'static str = "TypeProto.Map";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.key = Element::from_code(field.code()?),
            2 => field.merge(&mut self.value)?,
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct OpaqueType {
    domain: String,
    name: String,
}

impl Message for OpaqueType {
    const NAME: &'static str = "TypeProto.Opaque";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.domain = field.text()?,
            2 => self.name = field.text()?,
            _ => {}
        }
        Ok(())
    }
}
