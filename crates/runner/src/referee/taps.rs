//! What the referee computes on its way, in order.

use std::cell::RefCell;
use std::collections::HashMap;

use reproof_formats::onnx::TypeInfo;
use reproof_referee::graph::Node;
use reproof_referee::{Data, Observer, Tensor, Value as Held};
use reproof_tensor::{Key, Value};

use super::convert;
use crate::child::{Collector, digests};
use crate::engine::{Failure, Values};

/// Shows every node of the model's own graph under the names of what it makes.
pub(super) struct Tapping<'a> {
    taps: RefCell<&'a mut Collector>,
    /// What nodes gave elsewhere, by the name of the value.
    given: HashMap<String, Held>,
    failure: RefCell<Option<Failure>>,
}

impl<'a> Tapping<'a> {
    pub(super) fn new(taps: &'a mut Collector, given: &Values) -> Self {
        let given = given.iter().filter_map(|(key, value)| Some((step(key)?, only(value)?)));
        // What cannot be taken, as a map that declares no type, is computed here.
        let taken = given.filter_map(|(name, value)| {
            Some((name.to_owned(), convert::taken(name, &TypeInfo::Unknown, value).ok()?))
        });
        Self { taps: RefCell::new(taps), given: taken.collect(), failure: RefCell::new(None) }
    }

    /// What kept a step from being shown.
    pub(super) fn end(self) -> Result<(), Failure> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    fn show(&self, node: &Node, inputs: &[Option<Held>], outputs: &[Held]) -> Result<(), Failure> {
        let mut taps = self.taps.borrow_mut();
        let named = || node.outputs.iter().zip(outputs).filter(|(name, _)| !name.is_empty());
        if !named().any(|(name, _)| taps.wants(name)) {
            return Ok(());
        }
        let taken = node.inputs.iter().zip(inputs).filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let taken = taken.map(|(name, value)| convert::given(name, value)).collect::<Result<Vec<_>, _>>()?;
        let taken = digests(taken.iter());
        for (name, value) in named() {
            taps.add(name, &node.operator, taken.clone(), &convert::given(name, value)?)?;
        }
        Ok(())
    }
}

impl Observer for Tapping<'_> {
    fn step(&self, node: &Node, inputs: &[Option<Held>], outputs: Vec<Held>) -> Vec<Held> {
        if self.failure.borrow().is_none()
            && let Err(failure) = self.show(node, inputs, &outputs)
        {
            self.failure.replace(Some(failure));
        }
        let replaced = |(index, made): (usize, Held)| {
            let given = node.outputs.get(index).and_then(|name| self.given.get(name));
            given.and_then(|given| as_made(given, &made)).unwrap_or(made)
        };
        outputs.into_iter().enumerate().map(replaced).collect()
    }
}

/// A value that was given elsewhere, in the type that this run computes in; nothing if it has another shape or kind.
fn as_made(given: &Held, made: &Held) -> Option<Held> {
    let (Held::Tensor(given), Held::Tensor(made)) = (given, made) else { return None };
    if given.shape() != made.shape() {
        return None;
    }
    Some(match (given.data(), made.data()) {
        (Data::Float(_, values), Data::Float(dtype, _)) => {
            Tensor::new(made.shape().to_vec(), Data::Float(*dtype, values.clone())).into()
        }
        (Data::Integer(a, _), Data::Integer(b, _)) if a == b => Held::Tensor(given.clone()),
        (Data::Boolean(_), Data::Boolean(_)) | (Data::Text(_), Data::Text(_)) => Held::Tensor(given.clone()),
        _ => return None,
    })
}

/// The name of a step in the key of its first call, `NAME#0`.
fn step(key: &str) -> Option<&str> {
    key.strip_suffix("#0")
}

/// The only tensor of a step.
fn only(value: &Value) -> Option<&Value> {
    match value {
        Value::Map(entries) => match entries.as_slice() {
            [(Key::Text(_), value)] => Some(value),
            _ => None,
        },
        _ => None,
    }
}
