//! Operators of the domain with attributes that mostly agree and sometimes do not: they run or are refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use reproof_referee::graph::Attribute;
use reproof_referee::{Data, Limits, Mode, Options, Tensor, Value};
use reproof_tensor::DType;

use crate::node::{self, Attributes};
use crate::{models, trees};

/// What an attribute holds.
#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Float,
    Text(&'static [&'static str]),
    Integers,
    Floats,
    Texts(&'static [&'static str]),
    Tensor,
}

const TRANSFORMS: &[&str] = &["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];
const MODES: &[&str] =
    &["LEAF", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
const WORDS: &[&str] = &["", "a", "b", "_Unused"];

const ATTRIBUTES: &[(&str, Kind)] = &[
    ("aggregate_function", Kind::Text(&["SUM", "AVERAGE", "MIN", "MAX"])),
    ("base_values", Kind::Floats),
    ("base_values_as_tensor", Kind::Tensor),
    ("cats_int64s", Kind::Integers),
    ("cats_strings", Kind::Texts(WORDS)),
    ("class_ids", Kind::Integers),
    ("class_nodeids", Kind::Integers),
    ("class_treeids", Kind::Integers),
    ("class_weights", Kind::Floats),
    ("classes_strings", Kind::Texts(WORDS)),
    ("classlabels_int64s", Kind::Integers),
    ("classlabels_ints", Kind::Integers),
    ("classlabels_strings", Kind::Texts(WORDS)),
    ("coefficients", Kind::Floats),
    ("default_float", Kind::Float),
    ("default_int64", Kind::Integer),
    ("default_string", Kind::Text(WORDS)),
    ("default_tensor", Kind::Tensor),
    ("imputed_value_floats", Kind::Floats),
    ("imputed_value_int64s", Kind::Integers),
    ("inputdimensions", Kind::Integers),
    ("intercepts", Kind::Floats),
    ("kernel_params", Kind::Floats),
    ("kernel_type", Kind::Text(&["LINEAR", "POLY", "RBF", "SIGMOID"])),
    ("keys_floats", Kind::Floats),
    ("keys_int64s", Kind::Integers),
    ("keys_strings", Kind::Texts(WORDS)),
    ("keys_tensor", Kind::Tensor),
    ("leaf_targetids", Kind::Integers),
    ("leaf_weights", Kind::Tensor),
    ("membership_values", Kind::Tensor),
    ("n_supports", Kind::Integer),
    ("n_targets", Kind::Integer),
    ("nodes_falseleafs", Kind::Integers),
    ("nodes_falsenodeids", Kind::Integers),
    ("nodes_featureids", Kind::Integers),
    ("nodes_missing_value_tracks_true", Kind::Integers),
    ("nodes_nodeids", Kind::Integers),
    ("nodes_splits", Kind::Tensor),
    ("nodes_treeids", Kind::Integers),
    ("nodes_trueleafs", Kind::Integers),
    ("nodes_truenodeids", Kind::Integers),
    ("nodes_values", Kind::Floats),
    ("norm", Kind::Text(&["MAX", "L1", "L2"])),
    ("offset", Kind::Floats),
    ("one_class", Kind::Integer),
    ("prob_a", Kind::Floats),
    ("prob_b", Kind::Floats),
    ("replaced_value_float", Kind::Float),
    ("replaced_value_int64", Kind::Integer),
    ("rho", Kind::Floats),
    ("scale", Kind::Floats),
    ("support_vectors", Kind::Floats),
    ("target_ids", Kind::Integers),
    ("target_nodeids", Kind::Integers),
    ("target_treeids", Kind::Integers),
    ("target_weights", Kind::Floats),
    ("targets", Kind::Integer),
    ("threshold", Kind::Float),
    ("tree_roots", Kind::Integers),
    ("values_floats", Kind::Floats),
    ("values_int64s", Kind::Integers),
    ("values_strings", Kind::Texts(WORDS)),
    ("values_tensor", Kind::Tensor),
    ("vectors_per_class", Kind::Integers),
    ("zeros", Kind::Integer),
];

/// Bytes that run out as zeros.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count
    }

    /// Small, now and then an end of the type.
    fn integer(&mut self) -> i64 {
        match self.below(64) {
            63 => i64::MAX,
            62 => i64::MIN,
            61 => -1,
            small => small as i64 % 4,
        }
    }

    fn float(&mut self) -> f64 {
        match self.below(32) {
            31 => f64::NAN,
            30 => f64::INFINITY,
            small => small as f64 / 4.0 - 3.0,
        }
    }

    fn many<T>(&mut self, count: usize, value: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..count).map(|_| value(self)).collect()
    }

    /// The length that most lists have, so that some agree.
    fn length(&mut self, usual: usize) -> usize {
        if self.below(8) == 7 { self.below(5) } else { usual }
    }

    fn tensor(&mut self, shape: Vec<usize>) -> Tensor {
        let count = shape.iter().product();
        let data = match self.below(8) {
            0..=3 => Data::Float(DType::F32, self.many(count, Self::float)),
            4 => Data::Float(DType::F64, self.many(count, Self::float)),
            5 => Data::Integer(DType::I64, self.many(count, Self::integer)),
            6 => Data::Integer(DType::U8, self.many(count, |bytes| bytes.below(8) as i64)),
            _ => Data::Text(self.many(count, |bytes| WORDS[bytes.below(WORDS.len())].to_owned())),
        };
        Tensor::new(shape, data)
    }

    fn attribute(&mut self, kind: Kind, usual: usize) -> Attribute {
        let count = self.length(usual);
        let word = |bytes: &mut Self, from: &[&str]| from[bytes.below(from.len())].to_owned();
        match kind {
            Kind::Integer => Attribute::Integer(self.integer()),
            Kind::Float => Attribute::Float(self.float() as f32),
            Kind::Text(from) => Attribute::Text(word(self, from)),
            Kind::Integers => Attribute::Integers(self.many(count, Self::integer)),
            Kind::Floats => Attribute::Floats(self.many(count, |bytes| bytes.float() as f32)),
            Kind::Texts(from) => Attribute::Texts(self.many(count, |bytes| word(bytes, from))),
            Kind::Tensor => Attribute::Tensor(Arc::new(self.tensor(vec![count]))),
        }
    }

    /// The attributes, of which a few are left out, and two that have one name for two kinds.
    fn attributes(&mut self) -> Attributes {
        let usual = 1 + self.below(4);
        let left_out = 1 + self.below(8);
        let mut told = Attributes::new();
        for (name, kind) in ATTRIBUTES {
            if self.below(left_out + 2) != 0 {
                told.push((name, self.attribute(*kind, usual)));
            }
        }
        let modes = if self.below(2) == 0 {
            self.attribute(Kind::Texts(MODES), usual)
        } else {
            let values = self.many(usual, |bytes| bytes.below(8) as i64);
            Attribute::Tensor(Arc::new(node::whole(DType::U8, &[usual], &values)))
        };
        let transform = if self.below(2) == 0 {
            self.attribute(Kind::Text(TRANSFORMS), usual)
        } else {
            self.attribute(Kind::Integer, usual)
        };
        told.extend([("nodes_modes", modes), ("post_transform", transform)]);
        told
    }
}

/// Runs an operator with what these bytes stand for: its name, if it gives something.
fn from_nothing(bytes: &[u8]) -> Option<&'static str> {
    let mut bytes = Bytes(bytes.iter());
    let operators = reproof_referee::operators("ai.onnx.ml");
    let operator = operators[bytes.below(operators.len())];
    let version = 1 + bytes.below(5) as i64;
    let count = 1 + bytes.below(2);
    let inputs = bytes.many(count, |bytes| {
        let rank = bytes.below(4);
        let shape = bytes.many(rank, |bytes| bytes.below(4));
        bytes.tensor(shape)
    });
    let told = bytes.attributes();
    runs(&mut bytes, (operator, version), &told, inputs)
}

/// Runs a good model with a few changes: the name of its operator, if it gives something.
fn from_good(bytes: &[u8]) -> Option<&'static str> {
    let mut bytes = Bytes(bytes.iter());
    let (operator, mut told) = match bytes.below(5) {
        0 => (("TreeEnsembleClassifier", 3), trees::three_classes()),
        1 => (("TreeEnsembleRegressor", 3), trees::two_targets()),
        2 => (("TreeEnsemble", 5), trees::with_members(DType::F32)),
        3 => (("SVMClassifier", 1), models::machine()),
        _ => (("LinearClassifier", 1), models::three_classes("SOFTMAX")),
    };
    for _ in 0..bytes.below(4) {
        let place = bytes.below(told.len());
        bytes.change(&mut told[place].1);
    }
    let values = bytes.many(6, Bytes::float);
    runs(&mut bytes, operator, &told, vec![node::rows(2, &values)])
}

impl Bytes<'_> {
    /// Another value, one more, or one less.
    fn change(&mut self, attribute: &mut Attribute) {
        fn list<T>(bytes: &mut Bytes<'_>, values: &mut Vec<T>, value: T) {
            match (bytes.below(8), values.len()) {
                (0, _) | (_, 0) => values.push(value),
                (1, _) => drop(values.pop()),
                (_, count) => values[bytes.below(count)] = value,
            }
        }
        let (integer, float, word) = (self.integer(), self.float(), MODES[self.below(MODES.len())]);
        match attribute {
            Attribute::Integer(value) => *value = integer,
            Attribute::Integers(values) => list(self, values, integer),
            Attribute::Floats(values) => list(self, values, float as f32),
            Attribute::Texts(values) => list(self, values, word.to_owned()),
            Attribute::Tensor(tensor) => {
                let mut data = tensor.data().clone();
                match &mut data {
                    Data::Float(_, values) => list(self, values, float),
                    Data::Integer(_, values) => list(self, values, integer & 7),
                    _ => {}
                }
                *tensor = Arc::new(Tensor::new(vec![data.len()], data));
            }
            _ => {}
        }
    }
}

fn runs(
    bytes: &mut Bytes<'_>,
    operator: (&'static str, i64),
    told: &Attributes,
    inputs: Vec<Tensor>,
) -> Option<&'static str> {
    let mode = [Mode::Typed, Mode::Wide, Mode::Ordinary][bytes.below(3)];
    let limits = Limits { tensor_bytes: 1 << 16, ..Limits::default() };
    let inputs = inputs.into_iter().map(Value::from).collect();
    let made = node::values(operator, told, inputs, &["y"], Options { mode, limits, threads: 1 });
    made.is_ok().then_some(operator.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_model_runs_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        from_nothing(&bytes);
    }

    #[test]
    fn a_changed_model_runs_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        from_good(&bytes);
    }
}

/// Else the tests above would see nothing but refusals.
#[test]
fn every_operator_runs_now_and_then() {
    let mut state = 1_u64;
    let mut byte = || {
        // The generator of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut ran = BTreeSet::new();
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..600).map(|_| byte()).collect();
        ran.extend(from_nothing(&bytes));
        ran.extend(from_good(&bytes));
    }
    // What takes maps is refused the tensors of these models.
    let mut expected = reproof_referee::operators("ai.onnx.ml");
    expected.retain(|name| *name != "DictVectorizer");
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), expected);
}
