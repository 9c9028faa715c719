//! The decoder against prost, on random messages, also split and repeated as protobuf allows.

use std::path::Path;

use proptest::prelude::*;
use prost::Message;
use reproof_formats::onnx::{self, AttributeValue};

use crate::schema::{
    self, Attribute, Dim, DimValue, Graph, Model, Node, Shape, Tensor, TensorType, Type, TypeValue,
};

fn name() -> impl Strategy<Value = String> {
    "[a-z/é]{0,4}"
}

fn tensor() -> impl Strategy<Value = Tensor> {
    (
        name(),
        prop::collection::vec(any::<i64>(), 0..3),
        any::<i32>(),
        prop::collection::vec(any::<u8>(), 0..5),
    )
        .prop_map(|(name, dims, data_type, raw)| Tensor {
            name,
            dims,
            data_type,
            raw_data: Some(raw),
            ..Default::default()
        })
}

fn kind() -> impl Strategy<Value = Type> {
    let dim = prop_oneof![
        Just(Dim { value: None }),
        any::<i64>().prop_map(|size| Dim { value: Some(DimValue::Size(size)) }),
        name().prop_map(|name| Dim { value: Some(DimValue::Name(name)) }),
    ];
    let shape = prop::option::of(prop::collection::vec(dim, 0..3).prop_map(|dim| Shape { dim }));
    let tensor = (0..30_i32, shape).prop_map(|(elem_type, shape)| Type {
        value: Some(TypeValue::Tensor(TensorType { elem_type, shape })),
    });
    tensor.prop_recursive(3, 8, 1, |inner| {
        (inner, 0..3).prop_map(|(inner, which)| {
            let boxed = || Box::new(schema::Inner { elem_type: Some(Box::new(inner.clone())) });
            Type {
                value: Some(match which {
                    0 => TypeValue::Sequence(boxed()),
                    1 => TypeValue::Optional(boxed()),
                    _ => TypeValue::Map(Box::new(schema::MapType {
                        key_type: 7,
                        value_type: Some(Box::new(inner.clone())),
                    })),
                }),
            }
        })
    })
}

fn attribute() -> impl Strategy<Value = Attribute> {
    (
        name(),
        prop::sample::select(vec![1, 2, 3, 4, 6, 7, 8]),
        (any::<f32>(), any::<i64>(), prop::collection::vec(any::<u8>(), 0..4)),
        prop::option::of(tensor()),
        prop::collection::vec(any::<f32>(), 0..4),
        prop::collection::vec(any::<i64>(), 0..4),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 0..3),
    )
        .prop_map(|(name, kind, (f, i, s), t, floats, ints, strings)| Attribute {
            name,
            f,
            i,
            s,
            t,
            floats,
            ints,
            strings,
            kind,
            ..Default::default()
        })
}

fn model() -> impl Strategy<Value = Model> {
    let names = || prop::collection::vec(name(), 0..3);
    let node = (names(), names(), name(), prop::collection::vec(attribute(), 0..3)).prop_map(
        |(input, output, op_type, attribute)| Node {
            input,
            output,
            op_type,
            attribute,
            ..Default::default()
        },
    );
    let value = (name(), prop::option::of(kind())).prop_map(|(name, kind)| schema::ValueInfo { name, kind });
    let graph = (
        name(),
        prop::collection::vec(node, 0..3),
        prop::collection::vec(tensor(), 0..3),
        prop::collection::vec(value, 0..3),
    )
        .prop_map(|(name, node, initializer, output)| Graph {
            node,
            name,
            initializer,
            output,
            ..Default::default()
        });
    (any::<i64>(), name(), graph).prop_map(|(ir_version, producer_name, graph)| Model {
        ir_version,
        producer_name,
        graph: Some(graph),
        ..Default::default()
    })
}

/// What the decoder found, in the words of the schema.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let expected = Model::decode(bytes).unwrap();
    let actual = onnx::parse(&bytes.to_vec(), Path::new("model.onnx")).unwrap();
    prop_assert_eq!(actual.ir_version, expected.ir_version);
    prop_assert_eq!(&actual.producer_name, &expected.producer_name);
    let graph = expected.graph.unwrap();
    prop_assert_eq!(&actual.graph.name, &graph.name);
    prop_assert_eq!(actual.graph.nodes.len(), graph.node.len());
    for (actual, expected) in actual.graph.nodes.iter().zip(&graph.node) {
        prop_assert_eq!(&actual.op_type, &expected.op_type);
        prop_assert_eq!(&actual.inputs, &expected.input);
        prop_assert_eq!(&actual.outputs, &expected.output);
        prop_assert_eq!(actual.attributes.len(), expected.attribute.len());
        for (actual, expected) in actual.attributes.iter().zip(&expected.attribute) {
            prop_assert_eq!(&actual.name, &expected.name);
            check_attribute(actual.value(), expected)?;
        }
    }
    for (actual, expected) in actual.graph.initializers.iter().zip(&graph.initializer) {
        prop_assert_eq!(&actual.name, &expected.name);
        prop_assert_eq!(&actual.dims, &expected.dims);
        prop_assert_eq!(actual.element(), onnx::Element::from_code(expected.data_type));
    }
    for (actual, expected) in actual.outputs().iter().zip(&graph.output) {
        prop_assert_eq!(&actual.name, &expected.name);
        prop_assert_eq!(actual.kind.to_string(), text(expected.kind.as_ref()));
    }
    Ok(())
}

fn check_attribute(actual: AttributeValue<'_>, expected: &Attribute) -> Result<(), TestCaseError> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    match (expected.kind, actual) {
        (1, AttributeValue::Float(value)) => prop_assert_eq!(value.to_bits(), expected.f.to_bits()),
        (2, AttributeValue::Integer(value)) => prop_assert_eq!(value, expected.i),
        (3, AttributeValue::Bytes(value)) => prop_assert_eq!(value, expected.s.as_slice()),
        (4, AttributeValue::Tensor(value)) => {
            prop_assert_eq!(&value.dims, &expected.t.as_ref().unwrap().dims);
        }
        (4, AttributeValue::Undefined) => prop_assert!(expected.t.is_none()),
        (6, AttributeValue::Floats(values)) => prop_assert_eq!(bits(values), bits(&expected.floats)),
        (7, AttributeValue::Integers(values)) => prop_assert_eq!(values, expected.ints.as_slice()),
        (8, AttributeValue::Strings(values)) => prop_assert_eq!(values, expected.strings.as_slice()),
        (kind, actual) => prop_assert!(false, "kind {kind} became {actual:?}"),
    }
    Ok(())
}

fn text(kind: Option<&Type>) -> String {
    let inner = |inner: &schema::Inner| text(inner.elem_type.as_deref());
    match kind.and_then(|kind| kind.value.as_ref()) {
        None => "?".into(),
        Some(TypeValue::Sequence(sequence)) => format!("sequence({})", inner(sequence)),
        Some(TypeValue::Optional(optional)) => format!("optional({})", inner(optional)),
        Some(TypeValue::Map(map)) => {
            let key = onnx::Element::from_code(map.key_type);
            format!("map({key}, {})", text(map.value_type.as_deref()))
        }
        Some(TypeValue::Tensor(tensor)) => {
            let element = onnx::Element::from_code(tensor.elem_type);
            let Some(shape) = &tensor.shape else { return format!("tensor({element})") };
            let dims: Vec<String> = shape
                .dim
                .iter()
                .map(|dim| match &dim.value {
                    Some(DimValue::Size(size)) if *size >= 0 => size.to_string(),
                    Some(DimValue::Name(name)) if !name.is_empty() => name.clone(),
                    _ => "?".into(),
                })
                .collect();
            format!("tensor({element})[{}]", dims.join(", "))
        }
    }
}

proptest! {
    #[test]
    fn one_message(model in model()) {
        check(&model.encode_to_vec())?;
    }

    /// Two encodings after each other are the merged message: scalars from the second, lists from both.
    #[test]
    fn merged_messages(first in model(), second in model()) {
        let mut bytes = first.encode_to_vec();
        bytes.extend(second.encode_to_vec());
        check(&bytes)?;
    }

    #[test]
    fn merged_values(first in kind(), second in kind()) {
        let mut merged = first.encode_to_vec();
        merged.extend(second.encode_to_vec());
        let kind = Type::decode(merged.as_slice()).unwrap();
        let value = schema::ValueInfo { name: "y".into(), kind: Some(kind) };
        let mut graph = vec![12 << 3 | 2, merged.len() as u8 + 2, 2 << 3 | 2, merged.len() as u8];
        prop_assume!(merged.len() < 100);
        graph.extend(&merged);
        let mut model = vec![7 << 3 | 2, graph.len() as u8];
        model.extend(graph);
        let actual = onnx::parse(&model, Path::new("model.onnx")).unwrap();
        prop_assert_eq!(actual.outputs()[0].kind.to_string(), text(value.kind.as_ref()));
    }

    /// Where prost refuses bytes that this decoder accepts, they lie in a field that it does not read.
    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
        let _ = onnx::parse(&bytes, Path::new("model.onnx"));
        let _ = reproof_formats::describe(&bytes, Path::new("model.onnx"));
    }
}
