//! Trees of values on disk.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use reproof_formats::values::{load, parse, read, write};
use reproof_formats::{FormatError, Problem, safetensors};
use reproof_tensor::{Key, StringTensor, Tensor, Value};

use crate::words;

fn sample() -> Vec<(String, Value)> {
    let tensor = |value: f32| Value::Tensor(Tensor::from_f32(vec![1], &[value]).unwrap());
    let texts = StringTensor { shape: vec![2, 1], values: vec!["a".into(), "é".into()] };
    vec![
        ("logits".into(), tensor(1.5)),
        ("__metadata__".into(), tensor(2.5)),
        ("seq".into(), Value::Sequence(vec![tensor(3.0), Value::Optional(None), Value::Strings(texts)])),
        ("seq[0]".into(), tensor(4.0)),
        (
            "map".into(),
            Value::Map(vec![
                (Key::Integer(1), tensor(5.0)),
                (Key::Text("1".into()), tensor(6.0)),
                (Key::Integer(i64::MIN), Value::Real(0.1 + 0.2)),
            ]),
        ),
        ("text".into(), Value::Text("words".into())),
        ("flag".into(), Value::Optional(Some(Box::new(Value::Boolean(true))))),
        ("large".into(), Value::Integer(i64::MAX)),
        ("infinite".into(), Value::Real(f64::NEG_INFINITY)),
    ]
}

fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "outputs", &sample()).unwrap();
    folder
}

fn refused(folder: &Path) -> FormatError {
    read(folder, "outputs").unwrap_err()
}

#[test]
fn a_tree_is_read_back() {
    let folder = written();
    assert_eq!(read(folder.path(), "outputs").unwrap(), sample());
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["outputs.json", "outputs.safetensors"], "nothing half-written stays");
    let first = fs::read(folder.path().join("outputs.json")).unwrap();
    write(folder.path(), "outputs", &sample()).unwrap();
    assert_eq!(fs::read(folder.path().join("outputs.json")).unwrap(), first);
}

#[test]
fn a_changed_value_is_noticed() {
    let folder = written();
    let path = folder.path().join("outputs.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = refused(folder.path());
    assert_eq!(error.path(), path);
    assert!(words(&error).starts_with("tensor `seq[0]#2` has digest tensor-v1:"), "{}", words(&error));
}

#[test]
fn another_set_of_tensors_is_noticed() {
    let folder = written();
    let path = folder.path().join("outputs.safetensors");
    let original = safetensors::read_tensors(&path, 1 << 20).unwrap();
    let store = |tensors: &[(String, Tensor)]| {
        let named: Vec<_> = tensors.iter().map(|(key, tensor)| (key.as_str(), tensor.view())).collect();
        fs::write(&path, safetensors::to_bytes(&named).unwrap()).unwrap();
        words(&refused(folder.path()))
    };
    let mut changed = original.clone();
    let logits = changed.iter().position(|(key, _)| key == "logits").unwrap();
    changed[logits].1 = Tensor::from_f64(vec![1], &[1.5]).unwrap();
    assert_eq!(store(&changed), "tensor `logits` is F64 [1], expected F32 [1]");
    changed.remove(logits);
    assert_eq!(store(&changed), "tensor `logits` is missing");
    changed = original;
    changed.push(("stray".into(), Tensor::from_f64(vec![], &[1.0]).unwrap()));
    assert_eq!(store(&changed), "tensor `stray` belongs to no value");
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(folder.path()).problem(), Problem::Missing));
}

#[test]
fn a_changed_tree_is_noticed() {
    let folder = written();
    let path = folder.path().join("outputs.json");
    let original = fs::read_to_string(&path).unwrap();
    let change = |from: &str, to: &str| {
        assert!(original.contains(from), "{from}");
        fs::write(&path, original.replacen(from, to, 1)).unwrap();
        words(&refused(folder.path()))
    };
    assert_eq!(change("\"name\": \"text\"", "\"name\": \"logits\""), "value name `logits` occurs twice");
    assert_eq!(change("\"9223372036854775807\"", "\"+1\""), "integer `+1` is not a whole number of 64 bits");
    let count = change("\"é\"", "\"é\", \"b\"");
    assert_eq!(count, "tensor of texts of shape [2, 1] has 3 texts");
    let schema = change("reproof.values/v0", "reproof.values/v9");
    assert!(schema.starts_with("tree is not a sound JSON document: unknown variant"), "{schema}");
}

#[test]
fn a_sample_is_loaded_and_not_taken_for_the_whole() {
    let folder = written();
    let path = folder.path().join("outputs.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let tensor = &mut json["values"][0]["value"]["tensor"];
    tensor["sampled"] = serde_json::json!({ "stride": 8 });
    tensor["shape"] = serde_json::json!([2, 4]);
    fs::write(&path, json.to_string()).unwrap();
    assert_eq!(load(folder.path(), "outputs").unwrap().tensors["logits"].shape(), [1]);
    assert_eq!(words(&refused(folder.path())), "tensor `logits` is stored as a sample only");
}

#[test]
fn a_tree_too_deep_to_be_read_is_not_written() {
    let nested = |levels: usize| {
        let leaf = Value::Boolean(true);
        (1..levels).fold(leaf, |inner, _| Value::Map(vec![(Key::Integer(0), inner)]))
    };
    let folder = tempfile::tempdir().unwrap();
    let values = vec![("deep".to_owned(), nested(32))];
    write(folder.path(), "v", &values).unwrap();
    assert_eq!(read(folder.path(), "v").unwrap(), values);
    let error = write(folder.path(), "v", &[("deep".to_owned(), nested(33))]).unwrap_err();
    assert_eq!(words(&error), "value `deep` is nested deeper than 32 levels");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        crate::safetensors::tensor().prop_map(Value::Tensor),
        any::<String>().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("NaN is not equal to itself", |value| !value.is_nan()).prop_map(Value::Real),
        any::<bool>().prop_map(Value::Boolean),
        prop::collection::vec(any::<String>(), 0..3)
            .prop_map(|values| Value::Strings(StringTensor { shape: vec![values.len() as u64], values })),
        Just(Value::Optional(None)),
    ];
    let key = prop_oneof![any::<i64>().prop_map(Key::Integer), any::<String>().prop_map(Key::Text)];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Sequence),
            prop::collection::vec((key.clone(), inner.clone()), 0..3).prop_map(Value::Map),
            inner.prop_map(|value| Value::Optional(Some(Box::new(value)))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn written_values_are_read_back(values in prop::collection::btree_map(any::<String>(), value(), 0..4)) {
        let folder = tempfile::tempdir().unwrap();
        let values: Vec<(String, Value)> = values.into_iter().collect();
        write(folder.path(), "inputs", &values).unwrap();
        prop_assert_eq!(read(folder.path(), "inputs").unwrap(), values);
    }

    #[test]
    fn random_trees_do_not_panic(json in "[\\[\\]{}\":,a-z0-9]{0,60}") {
        let _ = parse(json.as_bytes(), &Vec::new());
    }
}
