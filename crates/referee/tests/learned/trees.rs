//! Trees: with values computed by hand, against ONNX Runtime 1.32, and hostile ones.

use proptest::prelude::*;
use reproof_referee::arithmetic::{exact, round};
use reproof_referee::graph::Attribute;
use reproof_referee::{Data, Mode, Options, Tensor};
use reproof_tensor::DType;

use crate::node::{
    Attributes, assert_near, both, floats, integers, of, one, refused, rows, run, singles, stored, text,
    texts, whole,
};

const CLASSIFIER: (&str, i64) = ("TreeEnsembleClassifier", 3);
const REGRESSOR: (&str, i64) = ("TreeEnsembleRegressor", 3);
const ENSEMBLE: (&str, i64) = ("TreeEnsemble", 5);

/// Two trees of two features: `x0 <= 0.75` (else leaf 2), then `x1 > 0` (leaf 3, else 4); and `x1 < 1` (leaf 1, else 2).
/// Missing values go where the first test of each tree holds.
fn nodes() -> Attributes {
    let modes = ["BRANCH_LEQ", "BRANCH_GT", "LEAF", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"];
    vec![
        ("nodes_treeids", integers(&[0, 0, 0, 0, 0, 1, 1, 1])),
        ("nodes_nodeids", integers(&[0, 1, 2, 3, 4, 0, 1, 2])),
        ("nodes_featureids", integers(&[0, 1, 0, 0, 0, 1, 0, 0])),
        ("nodes_modes", texts(&modes)),
        ("nodes_truenodeids", integers(&[1, 3, 0, 0, 0, 1, 0, 0])),
        ("nodes_falsenodeids", integers(&[2, 4, 0, 0, 0, 2, 0, 0])),
        ("nodes_values", floats(&[0.75, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0])),
        ("nodes_missing_value_tracks_true", integers(&[1, 0, 0, 0, 0, 1, 0, 0])),
    ]
}

/// Rows that reach leaves 3 and 1, 2 and 2, 4 and 1, 4 and 1.
fn input() -> Tensor {
    rows(2, &[0.75, 0.5, 1.0, 1.0, f64::NAN, f64::NAN, 0.0, -1.0])
}

/// Votes of the leaves 2, 3 and 4 of the first tree and 1 and 2 of the second.
fn votes(kind: [&'static str; 4], classes: &[i64], weights: &[f32]) -> Attributes {
    vec![
        (kind[0], integers(&[0, 0, 0, 1, 1])),
        (kind[1], integers(&[2, 3, 4, 1, 2])),
        (kind[2], integers(classes)),
        (kind[3], floats(weights)),
    ]
}

fn of_classes(classes: &[i64], weights: &[f32], more: Attributes) -> Attributes {
    let kind = ["class_treeids", "class_nodeids", "class_ids", "class_weights"];
    [nodes(), votes(kind, classes, weights), more].concat()
}

fn of_targets(more: Attributes) -> Attributes {
    let kind = ["target_treeids", "target_nodeids", "target_ids", "target_weights"];
    let votes = votes(kind, &[0, 1, 0, 0, 1], &[0.5, -0.75, 1.25, -0.25, 0.375]);
    [nodes(), votes, more].concat()
}

/// A good regressor.
pub(crate) fn two_targets() -> Attributes {
    of_targets(vec![("n_targets", Attribute::Integer(2))])
}

/// A good classifier.
pub(crate) fn three_classes() -> Attributes {
    let more = vec![
        ("classlabels_strings", texts(&["p", "q", "r"])),
        ("post_transform", text("SOFTMAX")),
        ("base_values", floats(&[0.1, 0.2, -0.1])),
    ];
    of_classes(&[0, 1, 2, 1, 0], &[0.5, 0.25, 0.75, 0.125, 0.375], more)
}

fn labels(values: &[i64]) -> Data {
    Data::Integer(DType::I64, values.to_vec())
}

/// As ONNX Runtime, but for the base value of a target without votes (the last of the third and fourth row), which it leaves
/// out.
#[test]
fn votes_become_the_scores_of_targets() {
    for (aggregate, expected) in [
        ("SUM", [-0.125, -0.5, 0.625, 0.625, 1.125, 0.25, 1.125, 0.25]),
        ("AVERAGE", [0.0, -0.125, 0.375, 0.4375, 0.625, 0.25, 0.625, 0.25]),
        ("MIN", [-0.125, -0.5, 0.625, 0.625, -0.125, 0.25, -0.125, 0.25]),
        ("MAX", [-0.125, -0.5, 0.625, 0.625, 1.375, 0.25, 1.375, 0.25]),
    ] {
        let told = of_targets(vec![
            ("n_targets", Attribute::Integer(2)),
            ("aggregate_function", text(aggregate)),
            ("base_values", floats(&[0.125, 0.25])),
        ]);
        let scores = one(REGRESSOR, &told, vec![input()]);
        assert_eq!((scores.shape(), singles(&scores)), (&[4, 2][..], &expected[..]), "{aggregate}");
    }
    // The transform holds for a single target too.
    let told = [nodes(), vec![("n_targets", Attribute::Integer(1)), ("post_transform", text("LOGISTIC"))]];
    let scores = one(REGRESSOR, &told.concat(), vec![input()]);
    assert_eq!(singles(&scores), [0.5; 4]);
}

/// Of two classes with one score: as ONNX Runtime, but for the labels of shares under LOGISTIC, which it takes from the score
/// that is not transformed.
#[test]
fn one_score_tells_of_two_classes() {
    let mixed = [0.5, -0.75, 1.25, -0.25, 0.375];
    let shares = [0.5, 0.25, 0.0, 0.125, 0.375];
    for (transform, weights, base, classes, expected) in [
        ("NONE", mixed, &[][..], [4, 7, 7, 7], [1.0, -1.0, -0.875, 0.875, -1.0, 1.0, -1.0, 1.0]),
        ("NONE", mixed, &[0.125], [4, 7, 7, 7], [0.875, -0.875, -1.0, 1.0, -1.125, 1.125, -1.125, 1.125]),
        ("NONE", shares, &[], [4, 7, 4, 4], [0.625, 0.375, 0.125, 0.875, 0.875, 0.125, 0.875, 0.125]),
        ("NONE", shares, &[0.125], [4, 7, 4, 4], [0.5, 0.5, 0.0, 1.0, 0.75, 0.25, 0.75, 0.25]),
        (
            "LOGISTIC",
            mixed,
            &[],
            [4, 7, 7, 7],
            [
                0.731_058_6,
                0.268_941_4,
                0.294_215,
                0.705_785,
                0.268_941_4,
                0.731_058_6,
                0.268_941_4,
                0.731_058_6,
            ],
        ),
        (
            "LOGISTIC",
            shares,
            &[],
            [7, 7, 7, 7],
            [
                0.407_333_4,
                0.592_666_6,
                0.294_215,
                0.705_785,
                0.468_790_6,
                0.531_209_4,
                0.468_790_6,
                0.531_209_4,
            ],
        ),
    ] {
        let mut more = vec![("classlabels_int64s", integers(&[4, 7])), ("post_transform", text(transform))];
        if !base.is_empty() {
            more.push(("base_values", floats(base)));
        }
        let (found, scores) = both(CLASSIFIER, &of_classes(&[0; 5], &weights, more), input());
        assert_eq!(found.data(), &labels(&classes), "{transform} {weights:?}");
        assert_near(&scores, &[4, 2], &expected, 6e-8);
    }
}

/// What ONNX Runtime gives.
#[test]
fn every_class_has_a_score() {
    let (found, scores) = both(CLASSIFIER, &three_classes(), input());
    assert_eq!(found.data(), crate::node::words(&["q", "p", "r", "r"]).data());
    let expected = [
        [0.291_822_14, 0.469_254_1, 0.238_923_74],
        [0.554_938_5, 0.255_662_26, 0.189_399_26],
        [0.250_904_8, 0.314_213_78, 0.434_881_48],
        [0.250_904_8, 0.314_213_78, 0.434_881_48],
    ];
    assert_near(&scores, &[4, 3], expected.as_flattened(), 6e-8);
}

/// Two classes that both have votes: the larger score wins, also over one without votes, which is zero.
#[test]
fn the_top_class_has_the_largest_score() {
    let more = vec![("classlabels_int64s", integers(&[4, 7]))];
    let told = of_classes(&[0, 1, 0, 0, 1], &[0.5, 0.25, -0.75, 0.375, 0.125], more);
    let (found, scores) = both(CLASSIFIER, &told, input());
    assert_eq!(singles(&scores), [0.375, 0.25, 0.5, 0.125, -0.375, 0.0, -0.375, 0.0]);
    assert_eq!(found.data(), &labels(&[4, 4, 7, 7]));
}

/// Branches and leaves in lists of their own, with a set of members; what ONNX Runtime gives.
pub(crate) fn with_members(dtype: DType) -> Attributes {
    let list = |values: &[f64]| stored(of(dtype, &[values.len()], values));
    vec![
        ("nodes_splits", list(&[0.0, f64::NAN, 3.5])),
        ("nodes_featureids", integers(&[0, 1, 0])),
        ("nodes_modes", stored(whole(DType::U8, &[3], &[3, 6, 1]))),
        ("nodes_truenodeids", integers(&[1, 0, 2])),
        ("nodes_falsenodeids", integers(&[4, 1, 3])),
        ("nodes_trueleafs", integers(&[0, 1, 1])),
        ("nodes_falseleafs", integers(&[1, 1, 1])),
        ("nodes_missing_value_tracks_true", integers(&[1, 0, 1])),
        ("membership_values", list(&[7.0, 2.0, f64::NAN])),
        ("leaf_targetids", integers(&[0, 1, 0, 1, 0])),
        ("leaf_weights", list(&[0.5, -1.5, 2.0, 4.0, 8.0])),
        ("tree_roots", integers(&[0, 2])),
        ("n_targets", Attribute::Integer(2)),
    ]
}

#[test]
fn branches_may_ask_for_members() {
    let values = [1.0, 2.0, 3.0, 4.0, f64::NAN, 7.0, 9.0, f64::NAN];
    for dtype in [DType::F32, DType::F64, DType::F16] {
        let scores = one(ENSEMBLE, &with_members(dtype), vec![of(dtype, &[4, 2], &values)]);
        let expected = vec![2.5, 0.0, 2.0, -1.5, 2.5, 0.0, 0.0, 2.5];
        assert_eq!(scores.data(), &Data::Float(dtype, expected));
    }
    // As the specification numbers them: 1 is SOFTMAX, and 2 LOGISTIC.
    let mut told = with_members(DType::F32);
    told.push(("post_transform", Attribute::Integer(2)));
    let scores = one(ENSEMBLE, &told, vec![rows(2, &[3.0, 4.0])]);
    assert_near(&scores, &[1, 2], &[0.880_797_1, 0.182_425_52], 6e-8);
}

/// A branch whose ways lead to one leaf is a tree of that leaf, whatever its number.
#[test]
fn a_tree_may_be_one_leaf() {
    let list = |values: &[f64]| stored(of(DType::F32, &[values.len()], values));
    let told = vec![
        ("nodes_splits", list(&[0.0])),
        ("nodes_featureids", integers(&[0])),
        ("nodes_modes", stored(whole(DType::U8, &[1], &[0]))),
        ("nodes_truenodeids", integers(&[1])),
        ("nodes_falsenodeids", integers(&[1])),
        ("nodes_trueleafs", integers(&[1])),
        ("nodes_falseleafs", integers(&[1])),
        ("leaf_targetids", integers(&[0, 0])),
        ("leaf_weights", list(&[1.0, 2.5])),
        ("tree_roots", integers(&[0])),
        ("n_targets", Attribute::Integer(1)),
    ];
    assert_eq!(singles(&one(ENSEMBLE, &told, vec![rows(1, &[-1.0, 1.0])])), [2.5, 2.5]);
}

/// Integers and float64 are compared as they are, and thresholds may be float64.
#[test]
fn thresholds_and_weights_may_be_float64() {
    let near = 0.75 + 1e-12;
    let mut told = two_targets();
    let limits = of(DType::F64, &[8], &[near, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    told.retain(|(name, _)| *name != "nodes_values");
    told.push(("nodes_values_as_tensor", stored(limits)));
    let input = of(DType::F64, &[2, 2], &[near, -1.0, near + 1e-12, 5.0]);
    assert_eq!(singles(&one(REGRESSOR, &told, vec![input])), [1.0, 0.0, 0.5, 0.375]);
    let input = whole(DType::I64, &[1, 2], &[1, 0]);
    assert_eq!(singles(&one(REGRESSOR, &told, vec![input])), [0.25, 0.0]);
}

/// With another value of one attribute.
fn changed(mut told: Attributes, name: &'static str, value: Attribute) -> Attributes {
    told.retain(|(known, _)| *known != name);
    told.push((name, value));
    told
}

#[test]
fn trees_that_contradict_themselves_are_refused() {
    let modes =
        |first: &str| texts(&[first, "BRANCH_GT", "LEAF", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"]);
    for (name, value, shown) in [
        ("nodes_treeids", integers(&[0; 7]), "attribute `nodes_treeids`: expected 8 values, got 7"),
        ("nodes_treeids", integers(&[0; 8]), "node 0 of tree 0 is there twice"),
        ("nodes_values", floats(&[]), "attribute `nodes_values`: expected 8 values, got 0"),
        ("nodes_values", integers(&[1]), "attribute `nodes_values`: expected floats"),
        (
            "nodes_missing_value_tracks_true",
            integers(&[1]),
            "attribute `nodes_missing_value_tracks_true`: expected 8 values, got 1",
        ),
        ("nodes_modes", modes("BRANCH_MEMBER"), "attribute `nodes_modes`: mode `BRANCH_MEMBER`"),
        ("nodes_modes", texts(&[]), "attribute `nodes_treeids`: expected 0 values, got 8"),
        (
            "nodes_truenodeids",
            integers(&[9, 3, 0, 0, 0, 1, 0, 0]),
            "node 0 of tree 0 leads to node 9, which is not there",
        ),
        (
            "nodes_truenodeids",
            integers(&[1, 0, 0, 0, 0, 1, 0, 0]),
            "tree 0 leads from node 0 back to it: expected a walk that ends",
        ),
        (
            "nodes_featureids",
            integers(&[0, 7, 0, 0, 0, 1, 0, 0]),
            "node 1 asks for feature 7: expected one of the 2 of a row",
        ),
        (
            "nodes_featureids",
            integers(&[-1, 1, 0, 0, 0, 1, 0, 0]),
            "attribute `nodes_featureids`: feature -1",
        ),
        ("target_ids", integers(&[0, 1, 0, 0]), "attribute `target_ids`: expected 5 values, got 4"),
        (
            "target_ids",
            integers(&[0, 2, 0, 0, 1]),
            "attribute `target_ids`: expected one of 2 targets, got 2",
        ),
        ("target_nodeids", integers(&[2, 3, 4, 1, 8]), "a vote of node 8 of tree 1, which is not there"),
        ("base_values", floats(&[1.0]), "attribute `base_values`: expected none or 2, got 1"),
        ("n_targets", Attribute::Integer(0), "attribute `n_targets`: expected at least 1, got 0"),
        ("aggregate_function", text("MEAN"), "aggregate_function `MEAN`"),
        ("post_transform", text("SOFT"), "post_transform `SOFT`"),
    ] {
        assert_eq!(refused(REGRESSOR, &changed(two_targets(), name, value), vec![input()]), shown, "{name}");
    }
    let huge =
        refused(REGRESSOR, &changed(two_targets(), "n_targets", Attribute::Integer(1 << 40)), vec![input()]);
    assert!(huge.ends_with("more than the 1048576 that are allowed"), "{huge}");
    let stored = stored(of(DType::F64, &[5], &[0.0; 5]));
    assert_eq!(
        refused(REGRESSOR, &changed(two_targets(), "target_weights_as_tensor", stored), vec![input()]),
        "attributes `target_weights` and `target_weights_as_tensor`: expected one of the two, got both"
    );
    let unnamed = of_classes(&[0; 5], &[0.5; 5], vec![]);
    assert_eq!(
        refused(CLASSIFIER, &unnamed, vec![input()]),
        "expected labels in `classlabels_int64s` or in `classlabels_strings`, got 0 and 0"
    );
}

#[test]
fn branches_and_leaves_that_contradict_themselves_are_refused() {
    let input = || vec![rows(2, &[1.0, 2.0])];
    for (name, value, shown) in [
        ("nodes_trueleafs", integers(&[0]), "attribute `nodes_trueleafs`: expected 3 values, got 1"),
        (
            "nodes_truenodeids",
            integers(&[3, 0, 2]),
            "attribute `nodes_truenodeids`: expected one of 3 branches, got 3",
        ),
        (
            "nodes_falsenodeids",
            integers(&[5, 1, 3]),
            "attribute `nodes_falsenodeids`: expected one of 5 leaves, got 5",
        ),
        ("tree_roots", integers(&[0, -1]), "attribute `tree_roots`: expected one of 3 branches, got -1"),
        ("tree_roots", integers(&[]), "expected a tree, got no nodes"),
        ("tree_roots", integers(&[0, 1]), "trees 0 and 1 share node 1: expected branches of their own"),
        (
            "nodes_truenodeids",
            integers(&[0, 0, 2]),
            "tree 0 leads from node 0 back to it: expected a walk that ends",
        ),
        ("membership_values", floats(&[]), "attribute `membership_values`: expected a tensor"),
        (
            "membership_values",
            stored(of(DType::F32, &[3], &[1.0, f64::NAN, 2.0])),
            "attribute `membership_values`: expected 1 sets, got 2",
        ),
        ("nodes_modes", stored(whole(DType::U8, &[3], &[3, 6, 7])), "attribute `nodes_modes`: mode 7"),
        ("leaf_targetids", integers(&[0; 4]), "attribute `leaf_targetids`: expected 5 values, got 4"),
        ("post_transform", Attribute::Integer(5), "post_transform 5"),
        ("aggregate_function", Attribute::Integer(-1), "aggregate_function -1"),
    ] {
        let told = changed(with_members(DType::F32), name, value);
        assert_eq!(refused(ENSEMBLE, &told, input()), shown, "{name}");
    }
}

/// Stumps on one feature, whose votes for `targets` targets are these weights.
fn stumps(weights: &[f32], targets: usize) -> Attributes {
    let count = weights.len() / 2;
    let of_each = |values: [i64; 3]| integers(&values.repeat(count));
    let trees: Vec<i64> = (0..3 * count as i64).map(|place| place / 3).collect();
    let limits: Vec<f32> = (0..3 * count).map(|place| (place / 3 % 5) as f32 - 2.0).collect();
    let modes: Vec<&str> = ["BRANCH_LEQ", "LEAF", "LEAF"].repeat(count);
    let leaves: Vec<i64> = (0..2 * count as i64).collect();
    vec![
        ("nodes_treeids", integers(&trees)),
        ("nodes_nodeids", of_each([0, 1, 2])),
        ("nodes_featureids", of_each([0; 3])),
        ("nodes_modes", texts(&modes)),
        ("nodes_truenodeids", of_each([1, 0, 0])),
        ("nodes_falsenodeids", of_each([2, 0, 0])),
        ("nodes_values", floats(&limits)),
        ("target_treeids", integers(&leaves.iter().map(|leaf| leaf / 2).collect::<Vec<_>>())),
        ("target_nodeids", integers(&leaves.iter().map(|leaf| leaf % 2 + 1).collect::<Vec<_>>())),
        ("target_ids", integers(&leaves.iter().map(|leaf| leaf % targets as i64).collect::<Vec<_>>())),
        ("target_weights", floats(weights)),
        ("n_targets", Attribute::Integer(targets as i64)),
    ]
}

#[test]
fn votes_that_cancel_lose_nothing() {
    let weights = [1e8, 0.0, 1.0, 0.0, -1e8, 0.0];
    assert_eq!(singles(&one(REGRESSOR, &stumps(&weights, 1), vec![rows(1, &[-9.0])])), [1.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Neither the order of trees nor the number of threads moves a bit of float32; of float64 sums are in lanes.
    #[test]
    fn scores_are_rounded_true_sums(
        pairs in proptest::collection::vec((any::<i16>(), -30_i32..30), 1..40),
        targets in 1_usize..4,
        values in proptest::collection::vec(-3.0..3.0_f64, 1..20),
    ) {
        let weights: Vec<f32> =
            pairs.iter().flat_map(|(whole, power)| [f32::from(*whole) * 2_f32.powi(*power), -1.5]).collect();
        let backwards: Vec<f32> = weights.chunks(2).rev().flatten().copied().collect();
        let input = || vec![rows(1, &values)];
        let told = stumps(&weights, targets);
        let scores = |threads| {
            let options = Options { threads, ..Options::default() };
            run(REGRESSOR, &told, input(), &["y"], options).unwrap().remove(0)
        };
        let found = scores(1);
        prop_assert_eq!(&found, &scores(3));
        for (row, value) in values.iter().enumerate() {
            for target in 0..targets {
                let reached = (0..pairs.len()).filter_map(|tree| {
                    let leaf = 2 * tree + usize::from(round(DType::F32, *value) > (tree % 5) as f64 - 2.0);
                    (leaf % targets == target).then(|| f64::from(weights[leaf]))
                });
                let expected = round(DType::F32, exact::sum(reached));
                prop_assert_eq!(singles(&found)[row * targets + target].to_bits(), expected.to_bits());
            }
        }
        // Backwards the same trees have other limits, unless every row goes the same way in all of them.
        let far = || vec![rows(1, &[-9.0, 9.0])];
        prop_assert_eq!(
            one(REGRESSOR, &stumps(&weights, 1), far()),
            one(REGRESSOR, &stumps(&backwards, 1), far())
        );
        let wide = Options { mode: Mode::Wide, ..Options::default() };
        let found = run(REGRESSOR, &told, input(), &["y"], wide).unwrap();
        prop_assert!(matches!(found[0].data(), Data::Float(DType::F64, _)));
    }
}
