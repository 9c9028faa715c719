//! Linear models and support vector machines: against ONNX Runtime 1.32, and hostile ones.

use reproof_referee::graph::Attribute;
use reproof_referee::{Data, Options, Tensor};
use reproof_tensor::DType;

use crate::node::{
    Attributes, assert_near, both, floats, integers, of, one, refused, rows, run, singles, text, texts, whole,
};

const LINEAR: (&str, i64) = ("LinearClassifier", 1);
const REGRESSION: (&str, i64) = ("LinearRegressor", 1);
const MACHINE: (&str, i64) = ("SVMClassifier", 1);
const SUPPORT: (&str, i64) = ("SVMRegressor", 1);

fn input() -> Tensor {
    rows(2, &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5, 1.0, 1.0])
}

fn labels(values: &[i64]) -> Data {
    Data::Integer(DType::I64, values.to_vec())
}

/// With another value of one attribute.
fn changed(mut told: Attributes, name: &'static str, value: Attribute) -> Attributes {
    told.retain(|(known, _)| *known != name);
    told.push((name, value));
    told
}

pub(crate) fn three_classes(transform: &str) -> Attributes {
    vec![
        ("coefficients", floats(&[0.25, 0.5, 0.125, -0.25, 0.0, 0.0])),
        ("intercepts", floats(&[0.25, 0.5, 0.0])),
        ("classlabels_ints", integers(&[3, 5, 8])),
        ("post_transform", text(transform)),
    ]
}

/// What ONNX Runtime gives.
#[test]
fn linear_scores_are_transformed() {
    for (transform, expected) in [
        (
            "SOFTMAX_ZERO",
            [
                [0.281_405_6, 0.718_594_4, 0.0],
                [0.546_738_15, 0.453_261_88, 0.0],
                [0.685_949_5, 0.314_050_56, 0.0],
                [0.651_354_9, 0.348_645_15, 0.0],
            ],
        ),
        (
            "PROBIT",
            [
                [f64::NAN, 0.887_294, f64::NEG_INFINITY],
                [1.150_535_5, 0.488_814_18, f64::NEG_INFINITY],
                [0.887_294, -1.862_088_2, f64::NEG_INFINITY],
                [f64::INFINITY, -0.318_651_32, f64::NEG_INFINITY],
            ],
        ),
        (
            "SOFTMAX",
            [
                [0.213_368_03, 0.544_854_34, 0.241_777_64],
                [0.445_257_57, 0.369_131_5, 0.185_610_96],
                [0.525_878_3, 0.240_764_63, 0.233_357_09],
                [0.525_447_2, 0.281_251_64, 0.193_301_23],
            ],
        ),
        (
            "LOGISTIC",
            [
                [0.468_790_62, 0.692_641_97, 0.5],
                [0.705_785_04, 0.665_410_6, 0.5],
                [0.692_641_97, 0.507_811_84, 0.5],
                [0.731_058_6, 0.592_666_6, 0.5],
            ],
        ),
    ] {
        let (found, scores) = both(LINEAR, &three_classes(transform), input());
        assert_eq!(found.data(), &labels(&[5, 3, 3, 3]), "{transform}");
        assert_near(&scores, &[4, 3], expected.as_flattened(), 1e-6);
    }
}

/// What ONNX Runtime gives of two classes with the coefficients of the second alone.
#[test]
fn one_linear_score_tells_of_two_classes() {
    let told = |transform: &str| {
        vec![
            ("coefficients", floats(&[0.25, 0.5])),
            ("intercepts", floats(&[0.125])),
            ("classlabels_strings", texts(&["no", "yes"])),
            ("post_transform", text(transform)),
        ]
    };
    let (found, scores) = both(LINEAR, &told("NONE"), input());
    assert_eq!(found.data(), crate::node::words(&["no", "yes", "yes", "yes"]).data());
    assert_eq!(singles(&scores), [1.25, -0.25, 0.25, 0.75, 0.3125, 0.6875, 0.125, 0.875]);
    let (_, scores) = both(LINEAR, &told("LOGISTIC"), input());
    let expected =
        [0.562_176_5, 0.437_823_5, 0.320_821_3, 0.679_178_7, 0.334_589_4, 0.665_410_6, 0.294_215, 0.705_785];
    assert_near(&scores, &[4, 2], &expected, 6e-8);
}

#[test]
fn regressions_are_products_with_one_rounding() {
    let told = vec![
        ("coefficients", floats(&[1e8, 1.0, 0.5, 0.25])),
        ("intercepts", floats(&[-1e8, 1.0])),
        ("targets", Attribute::Integer(2)),
    ];
    let scores = one(REGRESSION, &told, vec![rows(2, &[1.0, 3.0])]);
    assert_eq!((scores.shape(), singles(&scores)), (&[1, 2][..], &[3.0, 2.25][..]));
    // Integers, float64 and a single row.
    for input in [whole(DType::I32, &[2], &[1, 3]), of(DType::F64, &[1, 2], &[1.0, 3.0])] {
        assert_eq!(singles(&one(REGRESSION, &told, vec![input])), [3.0, 2.25]);
    }
    // The transform holds for a single target too.
    let told = vec![("coefficients", floats(&[0.0, 0.0])), ("post_transform", text("LOGISTIC"))];
    assert_eq!(singles(&one(REGRESSION, &told, vec![input()])), [0.5; 4]);
}

/// Three classes with one, two and one support vectors.
pub(crate) fn machine() -> Attributes {
    vec![
        ("classlabels_ints", integers(&[3, 5, 8])),
        ("coefficients", floats(&[1.0, 0.5, -1.0, -0.25, 0.75, 1.0, -0.5, -0.75])),
        ("support_vectors", floats(&[0.5, -1.0, 1.5, 0.0, -1.0, 1.0, 0.0, 2.0])),
        ("vectors_per_class", integers(&[1, 2, 1])),
        ("rho", floats(&[0.125, -0.25, 0.5])),
        ("kernel_type", text("RBF")),
        ("kernel_params", floats(&[0.5, 0.0, 0.0])),
    ]
}

/// What ONNX Runtime gives; probabilities are where the last sweep over classes ends, which it makes in float32.
#[test]
fn pairs_of_classes_vote() {
    let (found, scores) = both(MACHINE, &machine(), input());
    assert_eq!(found.data(), &labels(&[3, 3, 8, 3]));
    let expected = [
        [1.265_002_8, 0.497_549_1, 0.838_558_26],
        [0.692_923_84, -0.145_839_53, 1.329_201_3],
        [-0.697_314_9, -0.401_449_05, -0.401_451_14],
        [0.376_728_42, -0.252_395_15, 0.691_684_2],
    ];
    assert_near(&scores, &[4, 3], expected.as_flattened(), 3e-7);
    let chances = [("prob_a", floats(&[-1.5, -2.0, -1.0])), ("prob_b", floats(&[0.1, 0.0, -0.2]))];
    let (found, scores) = both(MACHINE, &[machine(), chances.to_vec()].concat(), input());
    assert_eq!(found.data(), &labels(&[3, 3, 8, 3]));
    let expected = [
        [0.678_791_34, 0.157_838_1, 0.163_370_55],
        [0.436_400_98, 0.322_205_84, 0.241_393_16],
        [0.160_841_58, 0.392_347_43, 0.446_811_08],
        [0.343_631_06, 0.368_002_1, 0.288_366_88],
    ];
    assert_near(&scores, &[4, 3], expected.as_flattened(), 1e-6);
}

/// What ONNX Runtime gives.
#[test]
fn kernels_are_what_they_are_called() {
    let two = |kernel: &str, transform: &str| {
        vec![
            ("classlabels_ints", integers(&[3, 5])),
            ("coefficients", floats(&[1.0, -0.5, 0.75])),
            ("support_vectors", floats(&[0.5, -1.0, 1.5, 0.0, -1.0, 1.0])),
            ("vectors_per_class", integers(&[1, 2])),
            ("rho", floats(&[0.125])),
            ("kernel_type", text(kernel)),
            ("kernel_params", floats(&[0.5, 1.0, 3.0])),
            ("post_transform", text(transform)),
        ]
    };
    let (found, scores) = both(MACHINE, &two("POLY", "NONE"), input());
    assert_eq!(found.data(), &labels(&[3, 5, 3, 5]));
    let second = [3.127_929_687_5, -5.086_425_781_25, 7.280_151_367_187_5, -1.382_812_5];
    assert_eq!(singles(&scores), second.map(|score| [-score, score]).as_flattened());
    let (found, scores) = both(MACHINE, &two("SIGMOID", "LOGISTIC"), input());
    assert_eq!(found.data(), &labels(&[3; 4]));
    let second = [0.688_715_7, 0.646_750_15, 0.670_520_07, 0.702_797_9].map(|score| [1.0 - score, score]);
    assert_near(&scores, &[4, 2], second.as_flattened(), 2e-7);
    let told = vec![
        ("coefficients", floats(&[1.0, -0.5])),
        ("support_vectors", floats(&[0.5, -1.0, 1.5, 0.0])),
        ("n_supports", Attribute::Integer(2)),
        ("rho", floats(&[0.25])),
        ("kernel_type", text("RBF")),
        ("kernel_params", floats(&[0.5, 0.0, 0.0])),
    ];
    let scores = one(SUPPORT, &told, vec![input()]);
    assert_near(&scores, &[4, 1], &[1.066_060_3, -0.029_035_926, 0.257_201_2, 0.101_802_245], 2e-7);
    let sides = one(SUPPORT, &changed(told, "one_class", Attribute::Integer(1)), vec![input()]);
    assert_eq!(singles(&sides), [1.0, -1.0, 1.0, 1.0]);
}

#[test]
fn machines_without_support_vectors_are_linear() {
    let told = vec![
        ("classlabels_ints", integers(&[1, 2])),
        ("coefficients", floats(&[1.0, 0.0, 0.0, 1.0])),
        ("rho", floats(&[0.25])),
        ("kernel_type", text("RBF")),
    ];
    let (found, scores) = both(MACHINE, &told, rows(2, &[1.0, 0.5, 0.0, 2.0]));
    assert_eq!((found.data(), singles(&scores)), (&labels(&[1, 2]), &[1.25, 0.75, 0.25, 2.25][..]));
    let told = vec![("coefficients", floats(&[1.0, 2.0])), ("rho", floats(&[0.5]))];
    assert_eq!(singles(&one(SUPPORT, &told, vec![rows(2, &[1.0, 3.0])])), [7.5]);
}

#[test]
fn threads_move_no_bit() {
    for (operator, told) in [(LINEAR, three_classes("SOFTMAX")), (MACHINE, machine())] {
        let many: Vec<f64> = (0..4000).map(|place| f64::from(place % 97) / 7.0 - 6.0).collect();
        let scores = |threads| {
            let options = Options { threads, ..Options::default() };
            run(operator, &told, vec![rows(2, &many)], &["y", "z"], options).unwrap()
        };
        assert_eq!(scores(1), scores(3), "{}", operator.0);
    }
}

#[test]
fn models_that_contradict_themselves_are_refused() {
    for (operator, good, name, value, shown) in [
        (
            LINEAR,
            three_classes("NONE"),
            "coefficients",
            floats(&[0.5; 4]),
            "attribute `coefficients`: expected 6 values, got 4",
        ),
        (
            LINEAR,
            three_classes("NONE"),
            "intercepts",
            floats(&[0.5]),
            "attribute `intercepts`: expected 3 values, got 1",
        ),
        (
            LINEAR,
            three_classes("NONE"),
            "classlabels_strings",
            texts(&["a"]),
            "expected labels in `classlabels_ints` or in `classlabels_strings`, got 3 and 1",
        ),
        (
            REGRESSION,
            vec![("coefficients", floats(&[0.5; 2]))],
            "targets",
            Attribute::Integer(-1),
            "attribute `targets`: expected at least 1, got -1",
        ),
        (
            MACHINE,
            machine(),
            "vectors_per_class",
            integers(&[1, 3]),
            "attribute `vectors_per_class`: expected 3 values, got 2",
        ),
        (
            MACHINE,
            machine(),
            "vectors_per_class",
            integers(&[2, 2, 1]),
            "attribute `support_vectors`: expected 10 values, got 8",
        ),
        (MACHINE, machine(), "vectors_per_class", integers(&[1, -2, 1]), "a dim of -2"),
        (MACHINE, machine(), "rho", floats(&[0.5]), "attribute `rho`: expected 3 values, got 1"),
        (MACHINE, machine(), "prob_a", floats(&[0.5; 3]), "attribute `prob_b`: expected 3 values, got 0"),
        (
            MACHINE,
            machine(),
            "coefficients",
            floats(&[0.5; 7]),
            "attribute `coefficients`: expected 8 values, got 7",
        ),
        (
            MACHINE,
            machine(),
            "kernel_params",
            floats(&[0.5]),
            "attribute `kernel_params`: expected 3 values, got 1",
        ),
        (MACHINE, machine(), "kernel_type", text("COSINE"), "kernel_type `COSINE`"),
        (
            MACHINE,
            changed(machine(), "classlabels_ints", integers(&[1])),
            "vectors_per_class",
            integers(&[4]),
            "expected two labels or more, got 1",
        ),
        (
            SUPPORT,
            vec![("coefficients", floats(&[0.5; 2])), ("rho", floats(&[0.0]))],
            "n_supports",
            Attribute::Integer(i64::MAX),
            "attribute `coefficients`: expected 9223372036854775807 values, got 2",
        ),
        (
            SUPPORT,
            vec![("coefficients", floats(&[0.5; 2]))],
            "n_supports",
            Attribute::Integer(2),
            "attribute `rho`: expected 1 values, got 0",
        ),
    ] {
        assert_eq!(refused(operator, &changed(good, name, value), vec![input()]), shown);
    }
    let huge = changed(machine(), "vectors_per_class", integers(&[i64::MAX, i64::MAX, 1]));
    let shown = refused(MACHINE, &huge, vec![input()]);
    assert!(shown.ends_with("more than the 1048576 that are allowed"), "{shown}");
}
