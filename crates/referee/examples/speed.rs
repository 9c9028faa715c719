//! Seconds of one call of a convolutional model and of a transformer, on one thread.
//!
//! ```text
//! cargo run --release -p reproof-referee --example speed                      # with the vectors it was compiled for
//! cargo run --release -p reproof-referee --example speed --features vectors   # with the widest of this processor
//! ```
//!
//! The shapes are those of `tests/python/bench_referee.py`; `cargo xtask bench referee` sets both beside ONNX Runtime.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Data, Model, Options, Tensor, Value};
use reproof_tensor::DType;

/// Calls, of which the quickest counts.
const CALLS: usize = 9;

/// A graph that grows node by node.
#[derive(Default)]
struct Builder {
    graph: Graph,
    state: u64,
}

impl Builder {
    /// Numbers around zero.
    fn tensor(&mut self, shape: &[usize]) -> Tensor {
        let number = |_| {
            self.state =
                self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // A whole number of 24 bits, so that it is one of float32.
            ((self.state >> 40) as f64 - f64::from(1 << 23)) / f64::from(1 << 27)
        };
        let numbers = (0..shape.iter().product()).map(number).collect();
        Tensor::new(shape.to_vec(), Data::Float(DType::F32, numbers))
    }

    /// Adds an operator on a value and stored weights, if any; the name of what it gives.
    fn node(
        &mut self,
        operator: &str,
        value: &str,
        weights: Option<&[usize]>,
        attributes: &[(&str, Attribute)],
    ) -> String {
        let output = format!("n{}", self.graph.nodes.len());
        let mut inputs = vec![value.to_owned()];
        if let Some(shape) = weights {
            let stored = format!("w{}", self.graph.nodes.len());
            let tensor = self.tensor(shape);
            self.graph.constants.insert(stored.clone(), Arc::new(tensor));
            inputs.push(stored);
        }
        self.graph.nodes.push(Node {
            operator: operator.to_owned(),
            inputs,
            outputs: vec![output.clone()],
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            ..Node::default()
        });
        output
    }

    /// Adds an operator on two values.
    fn join(&mut self, operator: &str, left: &str, right: &str) -> String {
        let output = self.node(operator, left, None, &[]);
        self.last().inputs.push(right.to_owned());
        output
    }

    /// A value in another shape.
    fn shaped(&mut self, value: &str, shape: &[i64]) -> String {
        let stored = format!("s{}", self.graph.nodes.len());
        let numbers = Data::Integer(DType::I64, shape.to_vec());
        let tensor = Tensor::new(vec![shape.len()], numbers);
        self.graph.constants.insert(stored.clone(), Arc::new(tensor));
        self.join("Reshape", value, &stored)
    }

    fn last(&mut self) -> &mut Node {
        self.graph.nodes.last_mut().expect("one was just added")
    }

    /// The model, which takes `x`.
    fn model(mut self, output: String) -> Model {
        self.graph.inputs.push("x".to_owned());
        self.graph.outputs.push(output);
        Model { graph: self.graph, opsets: BTreeMap::from([(String::new(), 20)]), functions: Vec::new() }
    }
}

fn convolutional() -> Model {
    const CHANNELS: usize = 48;
    let mut graph = Builder::default();
    let pads = ("pads", Attribute::Integers(vec![1; 4]));
    let by_channel = [pads.clone(), ("group", Attribute::Integer(CHANNELS as i64))];
    let halves =
        [("kernel_shape", Attribute::Integers(vec![2; 2])), ("strides", Attribute::Integers(vec![2; 2]))];
    let (mut value, mut channels) = ("x".to_owned(), 3);
    for block in 0..4 {
        value = graph.node("Conv", &value, Some(&[CHANNELS, channels, 3, 3]), std::slice::from_ref(&pads));
        value = graph.node("Relu", &value, None, &[]);
        value = graph.node("Conv", &value, Some(&[CHANNELS, 1, 3, 3]), &by_channel);
        value = graph.node("Conv", &value, Some(&[CHANNELS, CHANNELS, 1, 1]), &[]);
        value = graph.node("Relu", &value, None, &[]);
        if block % 2 == 1 {
            value = graph.node("MaxPool", &value, None, &halves);
        }
        channels = CHANNELS;
    }
    let value = graph.node("GlobalAveragePool", &value, None, &[]);
    graph.model(value)
}

/// Blocks of attention and feed-forward layers.
fn transformer() -> Model {
    const WIDTH: usize = 256;
    let mut graph = Builder::default();
    let square = [WIDTH, WIDTH];
    let mut value = "x".to_owned();
    for _ in 0..4 {
        let [query, key, content] = [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]].map(|order: [i64; 4]| {
            let projected = graph.node("MatMul", &value, Some(&square), &[]);
            let heads = graph.shaped(&projected, &[1, 128, 4, 64]);
            graph.node("Transpose", &heads, None, &[("perm", Attribute::Integers(order.to_vec()))])
        });
        let scores = graph.join("MatMul", &query, &key);
        let shares = graph.node("Softmax", &scores, None, &[("axis", Attribute::Integer(-1))]);
        let mixed = graph.join("MatMul", &shares, &content);
        let turned =
            graph.node("Transpose", &mixed, None, &[("perm", Attribute::Integers(vec![0, 2, 1, 3]))]);
        let joined = graph.shaped(&turned, &[1, 128, 256]);
        let attended = graph.node("MatMul", &joined, Some(&square), &[]);
        value = graph.join("Add", &value, &attended);
        let wide = graph.node("MatMul", &value, Some(&[WIDTH, 4 * WIDTH]), &[]);
        let active = graph.node("Gelu", &wide, None, &[]);
        let narrow = graph.node("MatMul", &active, Some(&[4 * WIDTH, WIDTH]), &[]);
        let sum = graph.join("Add", &value, &narrow);
        value = graph.node("LayerNormalization", &sum, Some(&[WIDTH]), &[("axis", Attribute::Integer(-1))]);
    }
    graph.model(value)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = Builder::default();
    for (name, model, shape) in [
        ("convolutional", convolutional(), vec![1, 3, 56, 56]),
        ("transformer", transformer(), vec![1, 128, 256]),
    ] {
        let inputs = [("x".to_owned(), Value::from(random.tensor(&shape)))];
        let mut quickest = f64::INFINITY;
        for _ in 0..CALLS {
            let start = Instant::now();
            model.run(&inputs, Options::default(), &())?;
            quickest = quickest.min(start.elapsed().as_secs_f64());
        }
        println!("{name} {quickest:.6}");
    }
    Ok(())
}
