//! Small graphs of any operator, attribute, type and shape, made from bytes: most make no sense.

use std::collections::BTreeMap;
use std::sync::Arc;

use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Data, Failure, Limits, Mode, Model, Options, Tensor, Value};
use reproof_tensor::DType;

/// Words that operators look for.
const NAMES: &[&str] = &[
    "axis",
    "axes",
    "keepdims",
    "perm",
    "pads",
    "strides",
    "dilations",
    "kernel_shape",
    "group",
    "to",
    "k",
    "blocksize",
    "epsilon",
    "alpha",
    "beta",
    "mode",
    "auto_pad",
    "ceil_mode",
    "count_include_pad",
    "output_padding",
    "output_shape",
    "direction",
    "hidden_size",
    "linear_before_reset",
    "layout",
    "activations",
    "equation",
    "reduction",
    "batch_dims",
    "largest",
    "sorted",
    "exclusive",
    "reverse",
    "upper",
    "fmod",
    "size",
    "start",
    "end",
    "transA",
    "transB",
    "split",
    "num_outputs",
    "allowzero",
    "saturate",
    "block_size",
    "num_groups",
    "training_mode",
    "coordinate_transformation_mode",
    "antialias",
    "keep_aspect_ratio_policy",
    "storage_order",
    "p",
    "noop_with_empty_axes",
    "ignore_index",
    "dtype",
    "scale",
    "is_causal",
    "q_num_heads",
    "kv_num_heads",
    "padding_mode",
    "align_corners",
    "periodic",
    "new_axis",
    "time_axis",
    "batch_axis",
    "select_last_index",
    "approximate",
    "stash_type",
    "num_scan_inputs",
    "body",
    "then_branch",
    "else_branch",
];

const WORDS: &[&str] = &[
    "constant",
    "reflect",
    "edge",
    "wrap",
    "linear",
    "nearest",
    "cubic",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "reverse",
    "bidirectional",
    "Tanh",
    "Sigmoid",
    "ij,jk->ik",
    "...i,i->...",
    "ii->i",
    "ab",
    "add",
    "mul",
    "max",
    "LEFT",
    "DCR",
    "CRD",
    "align_corners",
    "half_pixel",
    "tf_crop_and_resize",
    "not_larger",
    "none",
    "sum",
    "tanh",
    "zeros",
    "border",
    "",
];

const FLOATS: &[DType] = &[DType::F32, DType::F16, DType::BF16, DType::F64, DType::F8E4M3];
const INTEGERS: &[DType] = &[DType::I64, DType::I32, DType::U8, DType::I8, DType::U64];

/// Bytes that run out as zeros.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.next()) % count.max(1)
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// Mostly small, now and then an end of the type.
    fn integer(&mut self) -> i64 {
        match self.next() {
            255 => i64::MAX,
            254 => i64::MIN,
            253 => 1 << 40,
            byte => i64::from(byte % 9) - 3,
        }
    }

    fn float(&mut self) -> f64 {
        match self.next() {
            255 => f64::NAN,
            254 => f64::INFINITY,
            253 => 1e30,
            byte => f64::from(byte) / 16.0 - 4.0,
        }
    }

    fn shape(&mut self) -> Vec<usize> {
        (0..self.below(5)).map(|_| self.below(4)).collect()
    }

    fn tensor(&mut self) -> Tensor {
        let shape = self.shape();
        let count: usize = shape.iter().product();
        let data = match self.below(8) {
            0..=3 => {
                let dtype = *self.pick(FLOATS);
                let value = |bytes: &mut Self| reproof_referee::arithmetic::round(dtype, bytes.float());
                Data::Float(dtype, (0..count).map(|_| value(self)).collect())
            }
            4 | 5 => {
                let dtype = *self.pick(INTEGERS);
                let bits = dtype.bits();
                let value = |bytes: &mut Self| {
                    if bits == 64 { bytes.integer() } else { i64::from(bytes.next() % 100) }
                };
                Data::Integer(dtype, (0..count).map(|_| value(self)).collect())
            }
            6 => Data::Boolean((0..count).map(|_| self.next() % 2 == 0).collect()),
            _ => Data::Text((0..count).map(|_| (*self.pick(WORDS)).to_owned()).collect()),
        };
        Tensor::new(shape, data)
    }

    fn attribute(&mut self, depth: u32) -> Attribute {
        match self.below(9) {
            0 | 1 => Attribute::Integer(self.integer()),
            2 => Attribute::Float(self.float() as f32),
            3 | 4 => Attribute::Integers((0..self.below(7)).map(|_| self.integer()).collect()),
            5 => Attribute::Text((*self.pick(WORDS)).to_owned()),
            6 => Attribute::Tensor(Arc::new(self.tensor())),
            7 => Attribute::Texts((0..self.below(4)).map(|_| (*self.pick(WORDS)).to_owned()).collect()),
            _ => Attribute::Graph(Arc::new(self.graph(depth + 1))),
        }
    }

    fn graph(&mut self, depth: u32) -> Graph {
        let names: Vec<String> = (0..self.below(5)).map(|number| format!("{depth}v{number}")).collect();
        let mut known = names.clone();
        let mut nodes = Vec::new();
        let most = if depth > 3 { 1 } else { 4 };
        for number in 0..=self.below(most) {
            let operators = reproof_referee::operators("");
            let operator = (*self.pick(&operators)).to_owned();
            let mut inputs = Vec::new();
            for _ in 0..self.below(5) {
                if !known.is_empty() {
                    inputs.push(self.pick(&known).clone());
                }
            }
            let outputs: Vec<String> =
                (0..=self.below(3)).map(|output| format!("{depth}n{number}o{output}")).collect();
            let attributes = (0..if depth > 3 { 0 } else { self.below(5) })
                .map(|_| ((*self.pick(NAMES)).to_owned(), self.attribute(depth)))
                .collect();
            known.push(outputs[0].clone());
            nodes.push(Node { operator, inputs, outputs, attributes, ..Node::default() });
        }
        let outputs = known.iter().rev().take(2).cloned().collect();
        let constants = if depth == 0 {
            names.iter().map(|name| (name.clone(), Arc::new(self.tensor()))).collect()
        } else {
            BTreeMap::new()
        };
        Graph { inputs: names, outputs, nodes, constants }
    }
}

/// Runs the graph that these bytes stand for: whatever comes of it but a panic is right.
pub(crate) fn run(bytes: &[u8]) -> Result<Vec<(String, Value)>, Failure> {
    let mut bytes = Bytes(bytes.iter());
    let opset = [6, 9, 11, 13, 17, 21, 23][bytes.below(7)];
    let mode = [Mode::Typed, Mode::Wide, Mode::Ordinary][bytes.below(3)];
    let model =
        Model { graph: bytes.graph(0), opsets: [(String::new(), opset)].into(), functions: Vec::new() };
    let limits = Limits { tensor_bytes: 1 << 20, nodes: 2000, depth: 8 };
    let _ = model.check();
    let inputs: Vec<(String, Value)> = Vec::new();
    model.run(&inputs, Options { mode, limits, threads: 1 }, &())
}
