//! An execution that is gone on with gives what it would have given: from every place, in every mode, to the bit.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use reproof_referee::graph::{Graph, Node};
use reproof_referee::{Data, Halt, Mode, Model, Observer, Options, Tensor, Value};
use reproof_tensor::DType;

/// Remembers every place.
#[derive(Default)]
struct Places(RefCell<Vec<Halt>>);

impl Observer for Places {
    fn step(&self, _: &Node, _: &[Option<Value>], outputs: Vec<Value>) -> Vec<Value> {
        outputs
    }

    fn between(&self, halt: &dyn Fn() -> Halt) {
        self.0.borrow_mut().push(halt());
    }
}

fn tensor(shape: &[usize], seed: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|index| f64::from((seed * (index as f64 + 1.7) % 1.3 - 0.6) as f32));
    Tensor::new(shape.to_vec(), Data::Float(DType::F32, values.collect()))
}

fn node(operator: &str, inputs: &[&str], output: &str) -> Node {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Node {
        name: String::new(),
        domain: String::new(),
        operator: operator.to_owned(),
        inputs: names(inputs),
        outputs: names(&[output]),
        attributes: BTreeMap::new(),
    }
}

/// Two layers and what they are added to; `left` is taken at the beginning and at the end.
fn model() -> Model {
    let nodes = vec![
        node("Exp", &["x"], "left"),
        node("MatMul", &["left", "w"], "a"),
        node("Tanh", &["a"], "b"),
        node("MatMul", &["b", "w"], "c"),
        node("Sigmoid", &["c"], "d"),
        node("Add", &["d", "left"], "y"),
    ];
    let constants = BTreeMap::from([("w".to_owned(), Arc::new(tensor(&[9, 9], 0.37)))]);
    let graph = Graph { inputs: vec!["x".to_owned()], outputs: vec!["y".to_owned()], nodes, constants };
    Model { graph, opsets: BTreeMap::from([(String::new(), 21)]), functions: Vec::new() }
}

#[test]
fn from_every_place_the_outputs_are_the_same_bits() {
    let model = model();
    let inputs = [("x".to_owned(), Value::from(tensor(&[5, 9], 0.71)))];
    for mode in [Mode::Typed, Mode::Ordinary, Mode::Wide] {
        let options = Options { mode, ..Options::default() };
        let places = Places::default();
        let whole = model.run(&inputs, options, &places).unwrap();
        let places = places.0.into_inner();
        assert_eq!(places.iter().map(|halt| halt.done).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        let names = |halt: &Halt| halt.values.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&places[2]), ["b", "left"], "constants, inputs and what nobody takes are left out");
        for place in &places {
            let rest = Places::default();
            let outputs = model.go_on(&inputs, options, &rest, Some(place)).unwrap();
            assert_eq!(outputs, whole, "{mode:?} after {}", place.done);
            assert_eq!(rest.0.into_inner(), places[place.done..], "{mode:?} after {}", place.done);
        }
    }
}

#[test]
fn a_place_beyond_the_end_or_without_a_value_is_refused() {
    let model = model();
    let inputs = [("x".to_owned(), Value::from(tensor(&[5, 9], 0.71)))];
    let go_on = |done| {
        let halt = Halt { done, counted: 3, values: Vec::new() };
        model.go_on(&inputs, Options::default(), &(), Some(&halt)).unwrap_err().to_string()
    };
    assert!(go_on(2).contains("nothing makes its input `a`"), "{}", go_on(2));
    assert!(go_on(usize::MAX).contains("nothing makes the output `y`"), "{}", go_on(usize::MAX));
}
