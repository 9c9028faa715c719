//! Dictionaries of scores and of features.

use reproof_referee::{Data, Failure, Map, Mode, Options, Value};
use reproof_tensor::DType;

use crate::node::{integers, of, refused, rows, run, texts, values, whole};

fn map(keys: &[&str], numbers: &[f64]) -> Map {
    let keys = Data::Text(keys.iter().map(|key| (*key).to_owned()).collect());
    Map::new(&keys, &Data::Float(DType::F32, numbers.to_vec())).expect("as many values as keys")
}

#[test]
fn scores_are_found_by_their_label() {
    let told = vec![("classlabels_strings", texts(&["dog", "cat"]))];
    let given = vec![rows(2, &[0.25, 0.75, 1.0, 0.0]).into()];
    let made = values(("ZipMap", 1), &told, given, &["y"], Options::default()).expect("it runs");
    let of_row = |cat, dog| Value::from(map(&["cat", "dog"], &[cat, dog]));
    assert_eq!(made, [Value::Sequence(vec![of_row(0.75, 0.25), of_row(0.0, 1.0)])]);
}

#[test]
fn scores_are_as_wide_as_the_mode() {
    let told = vec![("classlabels_int64s", integers(&[3]))];
    let options = Options { mode: Mode::Wide, ..Options::default() };
    let made = values(("ZipMap", 1), &told, vec![rows(1, &[0.5]).into()], &["y"], options).expect("it runs");
    let Value::Sequence(maps) = &made[0] else { panic!("{made:?}") };
    let Value::Map(map) = &maps[0] else { panic!("{made:?}") };
    assert_eq!(map.keys(), &Data::Integer(DType::I64, vec![3]));
    assert_eq!(map.values(), &Data::Float(DType::F64, vec![0.5]));
}

#[test]
fn features_are_found_by_their_name() {
    let told = vec![("string_vocabulary", texts(&["b", "lost", "a"]))];
    let given = || vec![Value::from(map(&["a", "b", "unknown"], &[1.0, 2.0, 9.0]))];
    let made = values(("DictVectorizer", 1), &told, given(), &["y"], Options::default());
    assert_eq!(made.expect("it runs"), [of(DType::F32, &[1, 3], &[2.0, 0.0, 1.0]).into()]);
    let told = vec![("int64_vocabulary", integers(&[1]))];
    let failure =
        values(("DictVectorizer", 1), &told, given(), &["y"], Options::default()).expect_err("it runs");
    let expected = "DictVectorizer `y`: expected a vocabulary of string, got 1 integers and 0 texts";
    assert_eq!(failure.to_string(), expected);
}

#[test]
fn what_is_no_map_and_labels_that_do_not_fit_are_refused() {
    let told = vec![("classlabels_int64s", integers(&[1, 2, 3]))];
    let failure = refused(("ZipMap", 1), &told, vec![rows(2, &[0.5, 0.5])]);
    assert_eq!(failure, "attribute `classlabels`: expected 2 values, got 3");
    let failure = refused(("ZipMap", 1), &told, vec![whole(DType::I64, &[1, 3], &[1, 2, 3])]);
    assert_eq!(failure, "expected floats, got I64");
    let failure = refused(("DictVectorizer", 1), &told, vec![rows(2, &[0.5, 0.5])]);
    assert_eq!(failure, "expected a map");
    // A map is no tensor either.
    let given = vec![Value::from(map(&["a"], &[1.0]))];
    let failure: Failure =
        values(("Scaler", 1), &Vec::new(), given, &["y"], Options::default()).expect_err("it runs");
    assert_eq!(failure.to_string(), "Scaler `y`: expected a tensor, got a map");
    assert!(run(("ZipMap", 1), &Vec::new(), vec![rows(1, &[1.0])], &["y"], Options::default()).is_err());
}
