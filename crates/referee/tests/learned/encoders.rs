//! Categories as numbers and back, with values computed by hand.

use reproof_referee::graph::Attribute;
use reproof_referee::{Data, Mode, Options, Tensor};
use reproof_tensor::DType;

use crate::node::{
    floats, integers, of, one, refused, rows, run, singles, stored, text, texts, whole, words,
};

const LABELS: &str = "LabelEncoder";

#[test]
fn labels_become_others() {
    let told = vec![("keys_strings", texts(&["a", "b"])), ("values_int64s", integers(&[5, 6]))];
    let found = one((LABELS, 2), &told, vec![words(&["b", "z", "a"])]);
    assert_eq!(found.data(), &Data::Integer(DType::I64, vec![6, -1, 5]));
    let told = vec![
        ("keys_int64s", integers(&[7, 8])),
        ("values_floats", floats(&[0.1, f32::NAN])),
        ("default_float", Attribute::Float(2.5)),
    ];
    let found = one((LABELS, 2), &told, vec![whole(DType::I64, &[1, 3], &[8, 9, 7])]);
    assert_eq!(found.shape(), [1, 3]);
    assert!(singles(&found)[0].is_nan());
    assert_eq!(singles(&found)[1..], [2.5, f64::from(0.1_f32)]);
    let told = vec![("keys_int64s", integers(&[1])), ("values_strings", texts(&["one"]))];
    assert_eq!(
        one((LABELS, 2), &told, vec![whole(DType::I64, &[2], &[1, 2])]).data(),
        words(&["one", "_Unused"]).data()
    );
}

#[test]
fn tensors_are_keys_and_values_too() {
    let told = |default: &[i64]| {
        vec![
            ("keys_tensor", stored(words(&["a", "b"]))),
            ("values_tensor", stored(whole(DType::I16, &[2], &[1, 2]))),
            ("default_tensor", stored(whole(DType::I16, &[default.len()], default))),
        ]
    };
    let found = one((LABELS, 4), &told(&[42]), vec![words(&["b", "z"])]);
    assert_eq!(found.data(), &Data::Integer(DType::I16, vec![2, 42]));
    assert_eq!(
        refused((LABELS, 4), &told(&[1, 2]), vec![words(&["b"])]),
        "expected one default of I16, got 2 of I16"
    );
    // In float64 both are float64.
    let told = vec![
        ("keys_tensor", stored(of(DType::F64, &[1], &[0.5]))),
        ("values_tensor", stored(of(DType::F32, &[1], &[0.25]))),
        ("default_tensor", stored(of(DType::F32, &[1], &[0.75]))),
    ];
    let options = Options { mode: Mode::Wide, ..Options::default() };
    let found = run((LABELS, 4), &told, vec![rows(2, &[0.5, 1.0])], &["y"], options).unwrap();
    assert_eq!(found[0].data(), &Data::Float(DType::F64, vec![0.25, 0.75]));
}

/// Version 2 compares bits and does not tell which of equal keys counts; version 4 tells both.
#[test]
fn versions_differ_in_equal_keys_and_in_zeros() {
    let twice = vec![("keys_strings", texts(&["a", "b", "a"])), ("values_int64s", integers(&[1, 2, 3]))];
    let zeros = vec![("keys_floats", floats(&[0.0, f32::NAN])), ("values_int64s", integers(&[1, 2]))];
    for (version, first, zero) in [(2, 1, -1), (4, 3, 1)] {
        let found = one((LABELS, version), &twice, vec![words(&["a"])]);
        assert_eq!(found.data(), &Data::Integer(DType::I64, vec![first]), "{version}");
        let found = one((LABELS, version), &zeros, vec![rows(3, &[0.0, -0.0, f64::NAN])]);
        assert_eq!(found.data(), &Data::Integer(DType::I64, vec![1, zero, 2]), "{version}");
    }
}

#[test]
fn classes_are_counted_in_version_1() {
    let told = vec![("classes_strings", texts(&["x", "y", "x"])), ("default_string", text("?"))];
    let found = one((LABELS, 1), &told, vec![words(&["y", "x", "z"])]);
    assert_eq!(found.data(), &Data::Integer(DType::I64, vec![1, 2, -1]));
    let found = one((LABELS, 1), &told, vec![whole(DType::I64, &[3], &[0, 3, 1])]);
    assert_eq!(found.data(), words(&["x", "?", "y"]).data());
}

#[test]
fn labels_that_contradict_themselves_are_refused() {
    let input = || vec![words(&["a"])];
    let keys = ("keys_strings", texts(&["a"]));
    let names = |which: &str| {
        format!(
            "expected one of the attributes [\"{which}_strings\", \"{which}_int64s\", \"{which}_floats\", \"{which}_tensor\"], got"
        )
    };
    for (told, shown) in [
        (vec![], format!("{} 0", names("keys"))),
        (vec![keys.clone(), ("keys_floats", floats(&[1.0]))], format!("{} 2", names("keys"))),
        (vec![keys.clone()], format!("{} 0", names("values"))),
        (
            vec![keys.clone(), ("values_int64s", integers(&[1, 2]))],
            "expected as many values as 1 keys, got 2".to_owned(),
        ),
        (
            vec![("keys_int64s", integers(&[1])), ("values_int64s", integers(&[1]))],
            "expected integers, as the keys are, got texts".to_owned(),
        ),
        (
            vec![keys.clone(), ("values_tensor", integers(&[1]))],
            "attribute `values_tensor`: expected a tensor".to_owned(),
        ),
        (
            vec![
                keys,
                ("values_tensor", stored(whole(DType::I16, &[1], &[1]))),
                ("default_int64", Attribute::Integer(1 << 20)),
            ],
            "attribute `default_int64`: 1048576 is no I16".to_owned(),
        ),
    ] {
        assert_eq!(refused((LABELS, 4), &told, input()), shown);
    }
}

#[test]
fn categories_are_mapped_both_ways() {
    let told = vec![
        ("cats_strings", texts(&["a", "b", "a"])),
        ("cats_int64s", integers(&[1, 2, 3])),
        ("default_string", text("?")),
    ];
    let operator = ("CategoryMapper", 1);
    let found = one(operator, &told, vec![words(&["a", "b", "z"])]);
    assert_eq!(found.data(), &Data::Integer(DType::I64, vec![3, 2, -1]));
    let found = one(operator, &told, vec![whole(DType::I64, &[3], &[1, 3, 9])]);
    assert_eq!(found.data(), words(&["a", "a", "?"]).data());
    let uneven = vec![("cats_strings", texts(&["a"]))];
    assert_eq!(
        refused(operator, &uneven, vec![words(&["a"])]),
        "attribute `cats_strings`: expected 0 values, got 1"
    );
}

#[test]
fn a_category_is_one_of_many_places() {
    let operator = ("OneHotEncoder", 1);
    let numbers =
        |zeros: i64| vec![("cats_int64s", integers(&[4, 0, 2])), ("zeros", Attribute::Integer(zeros))];
    let input = || vec![rows(2, &[2.9, 7.0])];
    let hot = one(operator, &numbers(1), input());
    assert_eq!((hot.shape(), singles(&hot)), (&[1, 2, 3][..], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0][..]));
    assert_eq!(refused(operator, &numbers(0), input()), "an element is of no category, and `zeros` is 0");
    let told = vec![("cats_strings", texts(&["b", "a"]))];
    let hot = one(operator, &told, vec![words(&["a", "c"])]);
    assert_eq!(singles(&hot), [0.0, 1.0, 0.0, 0.0]);
    let wrong: Vec<Tensor> = input();
    assert_eq!(
        refused(operator, &told, wrong),
        "expected categories of floats alone, got 0 integers and 2 texts"
    );
}
