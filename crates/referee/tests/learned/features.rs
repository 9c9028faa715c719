//! Features before a model sees them, with values computed by hand.

use reproof_referee::Data;
use reproof_tensor::DType;

use crate::node::{assert_near, floats, integers, of, one, refused, rows, singles, text, whole, words};
use reproof_referee::graph::Attribute;

#[test]
fn columns_are_picked_and_a_single_row_becomes_a_batch() {
    let operator = ("ArrayFeatureExtractor", 1);
    let input = rows(3, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let columns = whole(DType::I64, &[2], &[2, 0]);
    let picked = one(operator, &vec![], vec![input, columns.clone()]);
    assert_eq!((picked.shape(), singles(&picked)), (&[2, 2][..], &[2.0, 0.0, 5.0, 3.0][..]));
    let picked = one(operator, &vec![], vec![words(&["a", "b", "c"]), columns]);
    assert_eq!(picked.shape(), [1, 2]);
    assert_eq!(picked.data(), words(&["c", "a"]).data());
    for (index, shown) in [(3, "the index 3 of 3"), (-1, "the index -1 of 3")] {
        let inputs = vec![rows(3, &[0.0; 3]), whole(DType::I64, &[1], &[index])];
        assert_eq!(refused(operator, &vec![], inputs), shown);
    }
}

#[test]
fn numbers_become_zeros_and_ones_of_their_type() {
    let limit = vec![("threshold", Attribute::Float(0.5))];
    let binary = one(("Binarizer", 1), &limit, vec![rows(4, &[0.5, 0.75, -1.0, f64::NAN])]);
    assert_eq!(singles(&binary), [0.0, 1.0, 0.0, 0.0]);
    let binary = one(("Binarizer", 1), &limit, vec![whole(DType::I32, &[3], &[0, 1, -1])]);
    assert_eq!(binary.data(), &Data::Integer(DType::I32, vec![0, 1, 0]));
    let refused = refused(("Binarizer", 1), &limit, vec![words(&["a"])]);
    assert_eq!(refused, "expected floats, I32 or I64, got string");
}

#[test]
fn features_stand_side_by_side() {
    let operator = ("FeatureVectorizer", 1);
    let inputs = || vec![rows(2, &[1.0, 2.0, 3.0, 4.0]), whole(DType::I64, &[2, 1], &[5, 6])];
    let sizes = |sizes: &[i64]| vec![("inputdimensions", integers(sizes))];
    let joined = one(operator, &sizes(&[2, 1]), inputs());
    assert_eq!((joined.shape(), singles(&joined)), (&[2, 3][..], &[1.0, 2.0, 5.0, 3.0, 4.0, 6.0][..]));
    // Cut and filled.
    let joined = one(operator, &sizes(&[1, 2]), inputs());
    assert_eq!(singles(&joined), [1.0, 5.0, 0.0, 3.0, 6.0, 0.0]);
    assert_eq!(
        refused(operator, &sizes(&[2]), inputs()),
        "attribute `inputdimensions`: expected 2 values, got 1"
    );
    assert_eq!(refused(operator, &sizes(&[2, -1]), inputs()), "a dim of -1");
    let huge = refused(operator, &sizes(&[i64::MAX, i64::MAX]), inputs());
    assert!(huge.contains("more than the 1048576 that are allowed"), "{huge}");
    let uneven = vec![rows(2, &[1.0, 2.0, 3.0, 4.0]), rows(1, &[5.0])];
    assert_eq!(refused(operator, &sizes(&[2, 1]), uneven), "expected 2 rows of every input, got 1");
}

#[test]
fn missing_values_are_replaced() {
    let filled = |missing: f32, other: &[f32], values: &[f64]| {
        let told = vec![
            ("replaced_value_float", Attribute::Float(missing)),
            ("imputed_value_floats", floats(other)),
        ];
        singles(&one(("Imputer", 1), &told, vec![rows(2, values)])).to_vec()
    };
    assert_eq!(filled(f32::NAN, &[7.0, 8.0], &[f64::NAN, 1.0, 2.0, f64::NAN]), [7.0, 1.0, 2.0, 8.0]);
    assert_eq!(filled(0.0, &[9.0], &[-0.0, 1.0, 0.0, 3.0]), [9.0, 1.0, 9.0, 3.0]);
    let whole_numbers = |other: &[i64]| vec![("imputed_value_int64s", integers(other))];
    let input = || vec![whole(DType::I32, &[1, 3], &[0, 5, 0])];
    let filled = one(("Imputer", 1), &whole_numbers(&[1, 2, 3]), input());
    assert_eq!(filled.data(), &Data::Integer(DType::I32, vec![1, 5, 3]));
    for (other, shown) in [
        (&[1, 2][..], "attribute `imputed_value_int64s`: expected 1 or 3 values, got 2"),
        (&[], "attribute `imputed_value_int64s`: expected 1 or 3 values, got 0"),
        (&[1 << 40], "attribute `imputed_value_int64s`: 1099511627776 is no I32"),
    ] {
        assert_eq!(refused(("Imputer", 1), &whole_numbers(other), input()), shown);
    }
}

#[test]
fn features_are_scaled_with_one_rounding() {
    let told = vec![("offset", floats(&[1.0, 0.5])), ("scale", floats(&[2.0, 0.1]))];
    let scaled = one(("Scaler", 1), &told, vec![rows(2, &[3.0, 1.5])]);
    // A tenth of float32 times 1, exactly.
    assert_eq!(singles(&scaled), [4.0, f64::from(0.1_f32)]);
    let scaled = one(("Scaler", 1), &told, vec![whole(DType::I64, &[1, 2], &[3, 2])]);
    assert_eq!(singles(&scaled), [4.0, f64::from((1.5 * f64::from(0.1_f32)) as f32)]);
    assert_eq!(singles(&one(("Scaler", 1), &vec![], vec![rows(2, &[3.0, 1.5])])), [3.0, 1.5]);
    let uneven = vec![("scale", floats(&[1.0; 3]))];
    assert_eq!(
        refused(("Scaler", 1), &uneven, vec![rows(2, &[3.0, 1.5])]),
        "attribute `scale`: expected 1 or 2 values, got 3"
    );
}

#[test]
fn rows_are_divided_by_their_size() {
    let normal = |norm: &str, values: &[f64]| {
        let told = vec![("norm", text(norm))];
        one(("Normalizer", 1), &told, vec![rows(2, values)])
    };
    let values = [3.0, -4.0, 0.0, 0.0];
    assert_eq!(singles(&normal("MAX", &values)), [1.0, f64::from(-4.0_f32 / 3.0), 0.0, 0.0]);
    assert_near(&normal("L1", &values), &[2, 2], &[3.0 / 7.0, -4.0 / 7.0, 0.0, 0.0], 3e-8);
    assert_near(&normal("L2", &values), &[2, 2], &[0.6, -0.8, 0.0, 0.0], 3e-8);
    let told = vec![("norm", text("L3"))];
    assert_eq!(refused(("Normalizer", 1), &told, vec![rows(2, &values)]), "norm `L3`");
    let deep = vec![of(DType::F32, &[1, 1, 1], &[1.0])];
    assert_eq!(refused(("Normalizer", 1), &vec![], deep), "expected rows of features, got [1, 1, 1]");
}
