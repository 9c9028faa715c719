//! Prints a digest of what the referee computes, by family: the same on every processor, build and number of threads.
//!
//! `bits THREADS SCALE`: a larger scale samples more. Inputs come from a generator that is written here, so that no file is
//! needed where this runs.

#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

#[path = "../tests/hostile/graph.rs"]
mod graph;
#[path = "../tests/hostile/node.rs"]
mod node;

use reproof_referee::arithmetic::{elementary, round};
use reproof_referee::graph::Attribute;
use reproof_referee::{Data, Mode, Options, Tensor, Value};
use reproof_tensor::DType;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A float64 of any bits.
    fn any(&mut self) -> f64 {
        f64::from_bits(self.next())
    }

    /// A number between -1 and 1, scaled by a power of two of at most 2^`reach` either way.
    fn number(&mut self, reach: i32) -> f64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        let span = 2 * u64::from(reach.unsigned_abs()) + 1;
        let exponent = (self.next() % span) as i64 - i64::from(reach);
        unit * f64::from_bits(((exponent + 1023) as u64) << 52)
    }
}

/// FNV-1a of 64 bits: enough to see a difference, and nothing to depend on.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn numbers(&mut self, numbers: &[f64]) {
        for number in numbers {
            self.bytes(&number.to_bits().to_le_bytes());
        }
    }

    fn show(&self, family: &str) {
        println!("{family} {:016x}", self.0);
    }
}

const FLOATS: [DType; 4] = [DType::F64, DType::F32, DType::F16, DType::BF16];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>().expect("a number"));
    let threads = arguments.next().unwrap_or(1);
    let scale = arguments.next().unwrap_or(1);
    functions(scale);
    rounding(scale);
    products(threads, scale);
    convolutions(threads, scale);
    graphs(scale);
}

/// Every elementary function, on numbers of all sizes.
fn functions(scale: usize) {
    const FUNCTIONS: [fn(f64) -> f64; 18] = [
        elementary::exp,
        elementary::exp_m1,
        elementary::ln,
        elementary::ln_1p,
        elementary::sin,
        elementary::cos,
        elementary::tan,
        elementary::asin,
        elementary::acos,
        elementary::atan,
        elementary::sinh,
        elementary::cosh,
        elementary::tanh,
        elementary::erf,
        elementary::erfc,
        elementary::sigmoid,
        elementary::softplus,
        |value| elementary::pow(value.abs(), 1.0 / 3.0),
    ];
    let (mut random, mut digest) = (Random(1), Digest::new());
    for function in FUNCTIONS {
        for _ in 0..2000 * scale {
            digest.numbers(&[function(random.number(8)), function(random.any())]);
        }
    }
    digest.show("functions");
}

/// Rounding to every float type.
fn rounding(scale: usize) {
    const NARROW: [DType; 7] = [
        DType::F32,
        DType::F16,
        DType::BF16,
        DType::F8E4M3,
        DType::F8E5M2,
        DType::F8E4M3Fnuz,
        DType::F8E5M2Fnuz,
    ];
    let (mut random, mut digest) = (Random(2), Digest::new());
    for dtype in NARROW {
        for _ in 0..20_000 * scale {
            digest.numbers(&[round(dtype, random.any()), round(dtype, random.number(30))]);
        }
    }
    digest.show("rounding");
}

fn tensor(random: &mut Random, shape: &[usize], dtype: DType) -> Tensor {
    let count = shape.iter().product();
    let values = (0..count).map(|_| round(dtype, random.number(6))).collect();
    Tensor::new(shape.to_vec(), Data::Float(dtype, values))
}

/// What one node gives, in its own types and in float64.
fn run(
    digest: &mut Digest,
    operator: &str,
    attributes: &[(&str, Attribute)],
    inputs: Vec<Tensor>,
    threads: usize,
) {
    let model = node::model(operator, attributes, inputs);
    for mode in [Mode::Typed, Mode::Wide] {
        let given: [(String, Value); 0] = [];
        let options = Options { mode, threads, ..Options::default() };
        for (_, value) in model.run(&given, options, &()).expect("a plain node runs") {
            let Value::Tensor(tensor) = value else { continue };
            if let Data::Float(_, values) = tensor.data() {
                digest.numbers(values);
            }
        }
    }
}

/// Products of matrices of all shapes, in every float type.
fn products(threads: usize, scale: usize) {
    let (mut random, mut digest) = (Random(3), Digest::new());
    for dtype in FLOATS {
        for [rows, steps, columns] in
            [[1, 70, 600], [3, 300, 9], [9, 300, 1], [5, 17, 3], [37, 41, 43], [64, 300 * scale, 65]]
        {
            let inputs = vec![
                tensor(&mut random, &[rows, steps], dtype),
                tensor(&mut random, &[steps, columns], dtype),
            ];
            run(&mut digest, "MatMul", &[], inputs, threads);
        }
        for name in ["Softmax", "Tanh", "Sigmoid", "Exp", "ReduceMean", "LpNormalization"] {
            let inputs = vec![tensor(&mut random, &[4, 500 * scale], dtype)];
            run(&mut digest, name, &[], inputs, threads);
        }
    }
    digest.show("products");
}

/// Convolutions of one, two and three dims, by channel and across channels.
fn convolutions(threads: usize, scale: usize) {
    let (mut random, mut digest) = (Random(4), Digest::new());
    for dtype in FLOATS {
        for (image, weights, group) in [
            (vec![1, 8, 50 * scale], vec![6, 8, 5], 1),
            (vec![2, 6, 13, 17], vec![8, 6, 3, 3], 1),
            (vec![1, 12, 20, 20], vec![12, 1, 3, 3], 12),
            (vec![1, 4, 5, 6, 7], vec![4, 2, 2, 3, 2], 2),
        ] {
            let inputs = vec![
                tensor(&mut random, &image, dtype),
                tensor(&mut random, &weights, dtype),
                tensor(&mut random, &weights[..1], dtype),
            ];
            let attributes = [
                ("group", Attribute::Integer(group)),
                ("pads", Attribute::Integers(vec![1; 2 * (image.len() - 2)])),
            ];
            run(&mut digest, "Conv", &attributes, inputs, threads);
        }
    }
    digest.show("convolutions");
}

/// Graphs of any operator: those that run give the same, and the others are refused everywhere.
fn graphs(scale: usize) {
    let (mut random, mut digest) = (Random(5), Digest::new());
    let mut ran = 0;
    for _ in 0..10_000 * scale {
        let bytes: Vec<u8> = (0..random.next() % 300).map(|_| random.next() as u8).collect();
        match graph::run(&bytes) {
            Ok(outputs) => {
                ran += 1;
                digest.bytes(format!("{outputs:?}").as_bytes());
            }
            Err(_) => digest.bytes(b"refused"),
        }
    }
    digest.show(&format!("graphs ({ran} of {} run)", 10_000 * scale));
}
