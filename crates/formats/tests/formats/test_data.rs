//! Published test data folders.

use std::fs;
use std::path::Path;

use prost::Message;
use reproof_formats::onnx::{self, test_data};
use reproof_tensor::{Key, StringTensor, Tensor, Value};

use crate::schema::{
    self, Graph, Inner, MapType, Model, TensorType, Type, TypeValue, raw, tensor_type, value,
};
use crate::words;

fn model() -> onnx::Model {
    let inner = |kind: Type| Box::new(Inner { elem_type: Some(Box::new(kind)) });
    let of = |value| Type { value: Some(value) };
    let texts = of(TypeValue::Tensor(TensorType { elem_type: 8, shape: None }));
    let map = MapType { key_type: 7, value_type: Some(Box::new(tensor_type(&[1]))) };
    let graph = Graph {
        input: vec![
            value("sequence", of(TypeValue::Sequence(inner(tensor_type(&[1]))))),
            value("optional", of(TypeValue::Optional(inner(tensor_type(&[1]))))),
            value("texts", texts),
        ],
        output: vec![value("map", of(TypeValue::Map(Box::new(map)))), value("plain", tensor_type(&[1]))],
        ..Default::default()
    };
    let bytes = Model { graph: Some(graph), ..Default::default() }.encode_to_vec();
    onnx::parse(&bytes, Path::new("model.onnx")).unwrap()
}

#[test]
fn every_kind_of_value_is_read_in_port_order() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let sequence =
        schema::Sequence { elem_type: 1, tensor_values: vec![raw("", &[1], &[1.0]), raw("", &[1], &[2.0])] };
    put("input_0.pb", sequence.encode_to_vec());
    put("input_1.pb", schema::Optional { elem_type: 1, tensor_value: None }.encode_to_vec());
    let texts = schema::Tensor {
        dims: vec![2],
        data_type: 8,
        string_data: vec![b"a".to_vec(), b"".to_vec()],
        ..Default::default()
    };
    put("input_2.pb", texts.encode_to_vec());
    put("output_0.pb", schema::Map { keys: vec![3, -4], values: Some(sequence) }.encode_to_vec());
    let data = test_data::read(&model(), folder.path()).unwrap();
    let tensor = |number: f32| Value::Tensor(Tensor::from_f32(vec![1], &[number]).unwrap());
    assert_eq!(
        data.inputs,
        [
            ("sequence".to_owned(), Value::Sequence(vec![tensor(1.0), tensor(2.0)])),
            ("optional".to_owned(), Value::Optional(None)),
            (
                "texts".to_owned(),
                Value::Strings(StringTensor { shape: vec![2], values: vec!["a".into(), String::new()] })
            ),
        ]
    );
    let map = Value::Map(vec![(Key::Integer(3), tensor(1.0)), (Key::Integer(-4), tensor(2.0))]);
    assert_eq!(data.outputs, [("map".to_owned(), map)]);
}

#[test]
fn what_does_not_fit_the_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("value.pb");
    let refuse = |bytes: Vec<u8>, port: usize| {
        fs::write(&file, bytes).unwrap();
        let model = model();
        let ports: Vec<_> = model.inputs().into_iter().chain(model.outputs()).collect();
        words(&test_data::read_value(&file, &ports[port].kind).unwrap_err())
    };
    let integers = schema::Tensor { dims: vec![1], data_type: 7, int64_data: vec![1], ..Default::default() };
    assert_eq!(refuse(integers.encode_to_vec(), 4), "test data holds I64, expected F32");
    let map = schema::Map { keys: vec![3], values: None };
    assert_eq!(refuse(map.encode_to_vec(), 3), "map in test data has 1 keys and 0 values");
    let texts =
        schema::Tensor { dims: vec![3], data_type: 8, string_data: vec![vec![]], ..Default::default() };
    assert!(refuse(texts.encode_to_vec(), 2).ends_with("holds 1 values, expected 3"));
    let missing = test_data::read(&model(), folder.path()).unwrap_err();
    assert!(missing.path().ends_with("input_0.pb"));
}
