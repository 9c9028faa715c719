//! Inputs and outputs of a model whose format does not declare them, as the recorded cases show them.

use reproof_contract::contract::{Interface, Port};
use reproof_tensor::{DType, Value};

use super::Completed;
use crate::cases::Case;

/// Fills in what the format left open.
pub(super) fn observe(interface: &mut Interface, kept: &[&Case], golden: &Completed) {
    if interface.inputs.is_empty() {
        interface.inputs = ports(kept.iter().map(|case| case.inputs.as_slice()));
    }
    if interface.outputs.is_empty() {
        interface.outputs =
            ports(kept.iter().filter_map(|case| golden.outputs(&case.name)).map(Vec::as_slice));
    }
}

/// One port per name in the order of first sight. Of values of several kinds the first one counts.
fn ports<'a>(cases: impl Iterator<Item = &'a [(String, Value)]>) -> Vec<Port> {
    let mut found: Vec<(&str, Kind)> = Vec::new();
    for (name, value) in cases.flatten() {
        let kind = Kind::of(value);
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.join(&kind),
            None => found.push((name, kind)),
        }
    }
    found.into_iter().map(|(name, kind)| Port { name: name.to_owned(), kind: kind.text() }).collect()
}

/// What is known of one value: a dim that is not the same in every case is open.
enum Kind {
    Tensor(DType, Vec<Option<u64>>),
    Strings(Vec<Option<u64>>),
    Other(&'static str),
}

impl Kind {
    fn of(value: &Value) -> Self {
        let dims = |shape: &[u64]| shape.iter().copied().map(Some).collect();
        match value {
            Value::Tensor(tensor) => Self::Tensor(tensor.dtype(), dims(tensor.shape())),
            Value::Strings(texts) => Self::Strings(dims(&texts.shape)),
            Value::Sequence(_) => Self::Other("sequence"),
            Value::Map(_) => Self::Other("map"),
            Value::Optional(_) => Self::Other("optional"),
            Value::Text(_) => Self::Other("text"),
            Value::Integer(_) => Self::Other("integer"),
            Value::Real(_) => Self::Other("real"),
            Value::Boolean(_) => Self::Other("boolean"),
        }
    }

    fn join(&mut self, other: &Self) {
        let (Self::Tensor(_, known) | Self::Strings(known), Self::Tensor(_, dims) | Self::Strings(dims)) =
            (self, other)
        else {
            return;
        };
        // Another rank is another value, of which the first one counts.
        if known.len() == dims.len() {
            for (known, dim) in known.iter_mut().zip(dims) {
                *known = known.filter(|size| Some(*size) == *dim);
            }
        }
    }

    fn text(&self) -> String {
        let (element, dims) = match self {
            Self::Tensor(dtype, dims) => (dtype.name(), dims),
            Self::Strings(dims) => ("string", dims),
            Self::Other(word) => return (*word).to_owned(),
        };
        let dims: Vec<String> =
            dims.iter().map(|dim| dim.map_or_else(|| "?".to_owned(), |size| size.to_string())).collect();
        format!("tensor({element})[{}]", dims.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use reproof_tensor::{StringTensor, Tensor};

    use super::*;

    #[test]
    fn dims_that_vary_are_open_and_trees_have_a_word() {
        let tensor = |shape: &[u64]| {
            let count = shape.iter().product::<u64>() as usize;
            Value::Tensor(Tensor::from_f32(shape.to_vec(), &vec![0.0; count]).unwrap())
        };
        let texts = Value::Strings(StringTensor { shape: vec![1], values: vec!["a".to_owned()] });
        let first = [
            ("x".to_owned(), tensor(&[1, 3])),
            ("t".to_owned(), texts),
            ("s".to_owned(), Value::Sequence(vec![])),
        ];
        let second = [("x".to_owned(), tensor(&[2, 3])), ("y".to_owned(), Value::Real(0.5))];
        let told: Vec<String> = ports([first.as_slice(), second.as_slice()].into_iter())
            .into_iter()
            .map(|port| format!("{}: {}", port.name, port.kind))
            .collect();
        assert_eq!(told, ["x: tensor(F32)[?, 3]", "t: tensor(string)[1]", "s: sequence", "y: real"]);
    }
}
