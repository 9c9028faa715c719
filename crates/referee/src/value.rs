//! What flows between nodes.

use std::sync::Arc;

use crate::{Failure, Map, Tensor};

/// A value: shared, because several nodes may take it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A tensor.
    Tensor(Arc<Tensor>),
    /// A sequence.
    Sequence(Vec<Value>),
    /// A value that may be absent.
    Optional(Option<Box<Value>>),
    /// Values by their keys.
    Map(Arc<Map>),
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(Arc::new(tensor))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl Value {
    /// The tensor that it is, or that an optional holds.
    pub(crate) fn tensor(&self) -> Result<&Tensor, Failure> {
        match self {
            Self::Tensor(tensor) => Ok(tensor),
            Self::Optional(Some(inner)) => inner.tensor(),
            Self::Optional(None) => Err(Failure::refused("expected a tensor, got an absent value")),
            Self::Sequence(_) => Err(Failure::refused("expected a tensor, got a sequence")),
            Self::Map(_) => Err(Failure::refused("expected a tensor, got a map")),
        }
    }

    /// The items of the sequence that it is, or that an optional holds.
    pub(crate) fn sequence(&self) -> Result<&[Self], Failure> {
        match self {
            Self::Sequence(items) => Ok(items),
            Self::Optional(Some(inner)) => inner.sequence(),
            _ => Err(Failure::refused("expected a sequence")),
        }
    }

    /// The map that it is, or that an optional holds.
    pub(crate) fn map(&self) -> Result<&Map, Failure> {
        match self {
            Self::Map(map) => Ok(map),
            Self::Optional(Some(inner)) => inner.map(),
            _ => Err(Failure::refused("expected a map")),
        }
    }
}
