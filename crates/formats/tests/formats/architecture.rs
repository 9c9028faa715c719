//! What moves the architecture digest, and what does not.

use prost::Message;

use crate::onnx::described;
use crate::schema::{self, Graph, Model, Opset, linear};

fn changed(change: impl FnOnce(&mut Graph)) -> Model {
    let mut model = linear();
    change(model.graph.as_mut().unwrap());
    model
}

#[test]
fn what_steers_moves_it() {
    let original = described(&linear()).architecture;
    let mut opset = linear();
    opset.opset_import = vec![Opset { domain: String::new(), version: 18 }];
    let mut function = linear();
    function.functions.push(schema::Function { name: "F".into(), ..Default::default() });
    let cases: Vec<(&str, Model)> = vec![
        ("epsilon", changed(|graph| graph.node[2].attribute[0].f = 1e-6)),
        ("axis", changed(|graph| graph.node[2].attribute[1].i = 1)),
        ("attribute name", changed(|graph| graph.node[2].attribute[1].name = "axes".into())),
        ("operator", changed(|graph| graph.node[0].op_type = "Gemm".into())),
        ("domain", changed(|graph| graph.node[0].domain = "other".into())),
        ("edge", changed(|graph| graph.node[0].input.swap(0, 1))),
        ("initializer shape", changed(|graph| graph.initializer[0].dims = vec![6, 1])),
        ("initializer dtype", changed(|graph| graph.initializer[0].data_type = 6)),
        ("constant shape", changed(|graph| graph.node[1].attribute[0].t.as_mut().unwrap().dims = vec![1, 2])),
        ("input type", changed(|graph| graph.input[0].kind = Some(schema::tensor_type(&[1, 3])))),
        ("output name", changed(|graph| graph.output[0].name = "z".into())),
        ("opset", opset),
        ("function", function),
    ];
    for (name, model) in cases {
        assert_ne!(described(&model).architecture, original, "{name}");
    }
}

#[test]
fn what_does_not_steer_leaves_it() {
    let original = described(&linear());
    let mut labels = linear();
    labels.producer_name = "other".into();
    labels.doc_string = "words".into();
    labels.ir_version = 9;
    labels.metadata_props.clear();
    let zeros = vec![0; 24];
    let cases: Vec<(&str, Model)> = vec![
        ("labels of the model", labels),
        ("spelling of the domain", changed(|graph| graph.node[0].domain = "ai.onnx".into())),
        ("name of a node", changed(|graph| graph.node[0].name = "first".into())),
        ("documentation of a node", changed(|graph| graph.node[0].doc_string = "words".into())),
        ("name of the graph", changed(|graph| graph.name = "other".into())),
        (
            "inferred types",
            changed(|graph| graph.value_info = vec![schema::value("h", schema::tensor_type(&[1]))]),
        ),
        ("bytes of an initializer", changed(|graph| graph.initializer[0].raw_data = Some(zeros))),
        (
            "bytes of a constant weight",
            changed(|graph| {
                graph.node[1].attribute[0].t.as_mut().unwrap().raw_data = Some(vec![0; 8]);
            }),
        ),
        ("order of attributes", changed(|graph| graph.node[2].attribute.swap(0, 1))),
        ("order of initializers", changed(|graph| graph.initializer.swap(0, 1))),
        ("kind left out, as the oldest files do", changed(|graph| graph.node[2].attribute[0].kind = 0)),
        (
            "values in another field",
            changed(|graph| {
                graph.initializer[1].raw_data = None;
                graph.initializer[1].float_data = vec![0.1, 0.2];
            }),
        ),
    ];
    for (name, model) in cases {
        assert_eq!(described(&model).architecture, original.architecture, "{name}");
    }
}

/// An integer constant steers, wherever its bytes are.
#[test]
fn values_of_steering_constants_count_and_their_place_does_not() {
    let with = |tensor: schema::Tensor| {
        let value =
            schema::Attribute { name: "value".into(), kind: 4, t: Some(tensor), ..Default::default() };
        described(&changed(|graph| graph.node.push(schema::node("Constant", &[], &["shape"], vec![value]))))
            .architecture
    };
    let integers = |values: &[i64]| schema::Tensor {
        dims: vec![2],
        data_type: 7,
        int64_data: values.to_vec(),
        ..Default::default()
    };
    let raw = schema::Tensor {
        int64_data: vec![],
        raw_data: Some([3_i64, -1].iter().flat_map(|value| value.to_le_bytes()).collect()),
        ..integers(&[])
    };
    assert_eq!(with(integers(&[3, -1])), with(raw));
    assert_ne!(with(integers(&[3, -1])), with(integers(&[3, 1])));
}

/// The definition is part of the format of contracts: a change of this value is a change of version.
#[test]
fn the_definition_is_frozen() {
    assert_eq!(linear().encode_to_vec().len(), 338);
    assert_eq!(
        described(&linear()).architecture.to_string(),
        "architecture-v1:b77fa4da1f31341f8fbd86abe34ae1b6c65e031b04599c5a3c47ee61ec56426c"
    );
}
