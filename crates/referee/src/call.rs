//! One node about to run: what it takes and what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;

use reproof_tensor::DType;

use crate::graph::{Attribute, Graph, Node};
use crate::run::Run;
use crate::tensor::Data;
use crate::{Failure, Limits, Tensor, Value};

/// One node with its inputs.
pub(crate) struct Call<'a> {
    pub(crate) node: &'a Node,
    pub(crate) inputs: &'a [Option<Value>],
    /// The version of the operator set that the operator is of.
    pub(crate) opset: i64,
    /// The versions of all, for graphs inside.
    pub(crate) opsets: &'a BTreeMap<String, i64>,
    pub(crate) run: &'a Run<'a>,
}

impl<'a> Call<'a> {
    pub(crate) fn limits(&self) -> &Limits {
        &self.run.options.limits
    }

    /// The number of elements of a shape that may be made.
    pub(crate) fn count(&self, shape: &[usize]) -> Result<usize, Failure> {
        self.limits().count(shape)
    }

    /// An input that may be left out.
    pub(crate) fn value(&self, index: usize) -> Option<&'a Value> {
        self.inputs.get(index)?.as_ref()
    }

    /// An input that must be there.
    pub(crate) fn required(&self, index: usize) -> Result<&'a Value, Failure> {
        self.value(index).ok_or_else(|| Failure::refused(format!("input {index} is missing")))
    }

    /// A tensor that must be there.
    pub(crate) fn tensor(&self, index: usize) -> Result<&'a Tensor, Failure> {
        self.required(index)?.tensor()
    }

    /// A tensor that may be left out.
    pub(crate) fn optional(&self, index: usize) -> Result<Option<&'a Tensor>, Failure> {
        self.value(index).map(Value::tensor).transpose()
    }

    /// Every tensor, for operators that take any number.
    pub(crate) fn tensors(&self) -> Result<Vec<&'a Tensor>, Failure> {
        (0..self.inputs.len()).map(|index| self.tensor(index)).collect()
    }

    /// Floats that must be there.
    pub(crate) fn floats(&self, index: usize) -> Result<(DType, &'a [f64]), Failure> {
        self.tensor(index)?.floats()
    }

    /// A list of integers: an input from some version on, an attribute before.
    pub(crate) fn list(&self, index: usize, name: &str) -> Result<Option<Vec<i64>>, Failure> {
        if let Some(tensor) = self.optional(index)? {
            return Ok(Some(tensor.whole()?.1.to_vec()));
        }
        Ok(self.integers(name)?.map(<[i64]>::to_vec))
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a Attribute> {
        self.node.attributes.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.attributes.contains_key(name)
    }

    pub(crate) fn integer(&self, name: &str, default: i64) -> Result<i64, Failure> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Attribute::Integer(value)) => Ok(*value),
            Some(_) => Err(wrong(name, "an integer")),
        }
    }

    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Failure> {
        Ok(self.integer(name, default.into())? != 0)
    }

    pub(crate) fn float(&self, name: &str, default: f32) -> Result<f64, Failure> {
        match self.attribute(name) {
            None => Ok(f64::from(default)),
            Some(Attribute::Float(value)) => Ok(f64::from(*value)),
            Some(_) => Err(wrong(name, "a float")),
        }
    }

    pub(crate) fn integers(&self, name: &str) -> Result<Option<&'a [i64]>, Failure> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Integers(values)) => Ok(Some(values)),
            // What writes no type for an empty list.
            Some(Attribute::Floats(values)) if values.is_empty() => Ok(None),
            Some(_) => Err(wrong(name, "integers")),
        }
    }

    pub(crate) fn reals(&self, name: &str) -> Result<Option<&'a [f32]>, Failure> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Floats(values)) => Ok(Some(values)),
            Some(_) => Err(wrong(name, "floats")),
        }
    }

    pub(crate) fn text(&self, name: &str, default: &'a str) -> Result<&'a str, Failure> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Option<&'a [String]>, Failure> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Texts(values)) => Ok(Some(values)),
            Some(_) => Err(wrong(name, "texts")),
        }
    }

    pub(crate) fn graph(&self, name: &str) -> Result<&'a Arc<Graph>, Failure> {
        match self.attribute(name) {
            Some(Attribute::Graph(graph)) => Ok(graph),
            _ => Err(wrong(name, "a graph")),
        }
    }

    /// The type that an attribute names; floats are those of the mode.
    pub(crate) fn dtype(&self, name: &str, default: DType) -> Result<Kind, Failure> {
        match self.integer(name, -1)? {
            -1 => Ok(Kind::Number(self.run.float(default))),
            code => self.kind(code),
        }
    }

    /// The type of a code of `TensorProto.DataType`; floats are those of the mode.
    pub(crate) fn kind(&self, code: i64) -> Result<Kind, Failure> {
        let dtype = match code {
            1 => DType::F32,
            2 => DType::U8,
            3 => DType::I8,
            4 => DType::U16,
            5 => DType::I16,
            6 => DType::I32,
            7 => DType::I64,
            8 => return Ok(Kind::Text),
            9 => DType::Bool,
            10 => DType::F16,
            11 => DType::F64,
            12 => DType::U32,
            13 => DType::U64,
            16 => DType::BF16,
            17 => DType::F8E4M3,
            18 => DType::F8E4M3Fnuz,
            19 => DType::F8E5M2,
            20 => DType::F8E5M2Fnuz,
            21 => DType::U4,
            22 => DType::I4,
            other => return Err(Failure::unsupported(format!("tensors of the type {other}"))),
        };
        Ok(Kind::Number(self.run.float(dtype)))
    }

    /// The axis that an attribute names, counted from the front.
    pub(crate) fn axis(&self, name: &str, default: i64, rank: usize) -> Result<usize, Failure> {
        axis(self.integer(name, default)?, rank)
    }
}

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Numbers and truth values.
    Number(DType),
    /// Texts.
    Text,
}

impl Kind {
    /// The type of elements that are there.
    pub(crate) fn of(data: &Data) -> Self {
        match data {
            Data::Float(dtype, _) | Data::Integer(dtype, _) => Self::Number(*dtype),
            Data::Boolean(_) => Self::Number(DType::Bool),
            Data::Text(_) => Self::Text,
        }
    }
}

/// An axis counted from the front, of one that may be counted from the back.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Failure> {
    let from_front = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(from_front)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| Failure::refused(format!("axis {axis} of {rank} dims")))
}

/// A dim of a shape that a tensor holds.
pub(crate) fn dim(value: i64) -> Result<usize, Failure> {
    usize::try_from(value).map_err(|_| Failure::refused(format!("a dim of {value}")))
}

fn wrong(name: &str, expected: &str) -> Failure {
    Failure::refused(format!("attribute `{name}`: expected {expected}"))
}
