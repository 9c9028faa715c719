//! One node of the domain on some tensors.

use std::collections::BTreeMap;
use std::sync::Arc;

use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Data, Failure, Limits, Mode, Model, Options, Tensor, Value};
use reproof_tensor::DType;

/// Attributes by name.
pub(crate) type Attributes = Vec<(&'static str, Attribute)>;

pub(crate) fn integers(values: &[i64]) -> Attribute {
    Attribute::Integers(values.to_vec())
}

pub(crate) fn floats(values: &[f32]) -> Attribute {
    Attribute::Floats(values.to_vec())
}

pub(crate) fn texts(values: &[&str]) -> Attribute {
    Attribute::Texts(values.iter().map(|value| (*value).to_owned()).collect())
}

pub(crate) fn text(value: &str) -> Attribute {
    Attribute::Text(value.to_owned())
}

pub(crate) fn stored(tensor: Tensor) -> Attribute {
    Attribute::Tensor(Arc::new(tensor))
}

/// A tensor of floats of a type.
pub(crate) fn of(dtype: DType, shape: &[usize], values: &[f64]) -> Tensor {
    let rounded = values.iter().map(|value| reproof_referee::arithmetic::round(dtype, *value));
    Tensor::new(shape.to_vec(), Data::Float(dtype, rounded.collect()))
}

/// Rows of float32.
pub(crate) fn rows(width: usize, values: &[f64]) -> Tensor {
    of(DType::F32, &[values.len() / width, width], values)
}

pub(crate) fn whole(dtype: DType, shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::new(shape.to_vec(), Data::Integer(dtype, values.to_vec()))
}

pub(crate) fn words(values: &[&str]) -> Tensor {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    Tensor::new(vec![values.len()], Data::Text(values))
}

/// What an operator of a version of the domain gives in a mode.
pub(crate) fn run(
    (operator, version): (&str, i64),
    attributes: &Attributes,
    inputs: Vec<Tensor>,
    outputs: &[&str],
    options: Options,
) -> Result<Vec<Tensor>, Failure> {
    let inputs = inputs.into_iter().map(Value::from).collect();
    let made = values((operator, version), attributes, inputs, outputs, options)?;
    let tensor = |value: Value| match value {
        Value::Tensor(tensor) => Tensor::clone(&tensor),
        other => panic!("no tensor: {other:?}"),
    };
    Ok(made.into_iter().map(tensor).collect())
}

/// What an operator gives for any values.
pub(crate) fn values(
    (operator, version): (&str, i64),
    attributes: &Attributes,
    inputs: Vec<Value>,
    outputs: &[&str],
    options: Options,
) -> Result<Vec<Value>, Failure> {
    let names: Vec<String> = (0..inputs.len()).map(|number| format!("x{number}")).collect();
    let outputs: Vec<String> = outputs.iter().map(|name| (*name).to_owned()).collect();
    let node = Node {
        operator: operator.to_owned(),
        domain: "ai.onnx.ml".to_owned(),
        inputs: names.clone(),
        outputs: outputs.clone(),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..Node::default()
    };
    let given: Vec<(String, Value)> = names.iter().cloned().zip(inputs).collect();
    let graph = Graph { inputs: names, outputs, nodes: vec![node], ..Graph::default() };
    let opsets = BTreeMap::from([(String::new(), 21), ("ai.onnx.ml".to_owned(), version)]);
    let made = Model { graph, opsets, functions: Vec::new() }.run(&given, options, &())?;
    Ok(made.into_iter().map(|(_, value)| value).collect())
}

/// What an operator with one output gives.
pub(crate) fn one(operator: (&str, i64), attributes: &Attributes, inputs: Vec<Tensor>) -> Tensor {
    let made = run(operator, attributes, inputs, &["y"], Options::default());
    made.unwrap_or_else(|failure| panic!("{failure}")).remove(0)
}

/// The labels and scores of a classifier.
pub(crate) fn both(operator: (&str, i64), attributes: &Attributes, input: Tensor) -> (Tensor, Tensor) {
    let made = run(operator, attributes, vec![input], &["y", "z"], Options::default());
    let made = made.unwrap_or_else(|failure| panic!("{failure}"));
    let [labels, scores] = made.try_into().expect("two outputs");
    (labels, scores)
}

/// Why an operator gives nothing, whatever the mode.
pub(crate) fn refused(operator: (&str, i64), attributes: &Attributes, inputs: Vec<Tensor>) -> String {
    let limits = Limits { tensor_bytes: 1 << 20, ..Limits::default() };
    let refused = [(Mode::Typed, inputs.clone()), (Mode::Wide, inputs)].map(|(mode, inputs)| {
        let options = Options { mode, limits, ..Options::default() };
        let failure = run(operator, attributes, inputs, &["y"], options).expect_err("it runs");
        assert!(!matches!(failure, Failure::Unsupported(_)), "{failure}");
        failure.to_string()
    });
    assert_eq!(refused[0], refused[1]);
    let place = format!("{} `y`: ", operator.0);
    refused[0].strip_prefix(&place).expect("the node is named").to_owned()
}

/// The floats of a tensor of float32.
pub(crate) fn singles(tensor: &Tensor) -> &[f64] {
    match tensor.data() {
        Data::Float(DType::F32, values) => values,
        other => panic!("no float32: {other:?}"),
    }
}

/// Whether float32 are those of another engine, but for its rounding.
#[track_caller]
pub(crate) fn assert_near(tensor: &Tensor, shape: &[usize], expected: &[f64], within: f64) {
    assert_eq!(tensor.shape(), shape);
    for (place, (got, expected)) in singles(tensor).iter().zip(expected).enumerate() {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        assert!(same || (got - expected).abs() <= within, "{place}: {got} for {expected}");
    }
}
