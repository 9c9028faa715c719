//! Models described: weights in every encoding, names in subgraphs and functions, interface, summary.

use std::path::Path;

use prost::Message;
use reproof_digest::identity;
use reproof_digest::layout::SegmentKind;
use reproof_digest::{Digest, Kind, blob};
use reproof_formats::{
    Description, ErrorKind, Problem, Severity, Storage, describe, onnx, open, safetensors,
};
use reproof_tensor::{DType, Tensor, TensorView};

use crate::schema::{self, Attribute, Function, Graph, Model, SparseTensor, node, raw, tensor_type, value};
use crate::words;

pub fn described(model: &Model) -> Description {
    describe(&model.encode_to_vec(), Path::new("model.onnx")).unwrap()
}

/// The refusal of a model in words.
pub fn refusal(model: &Model) -> String {
    words(&describe(&model.encode_to_vec(), Path::new("model.onnx")).unwrap_err())
}

fn names(description: &Description) -> Vec<&str> {
    description.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
}

/// The bytes of each tensor of a described single file.
fn bytes_of(description: &Description, file: &[u8]) -> Vec<Vec<u8>> {
    let bytes = description.tensors.iter().map(|tensor| match &tensor.storage {
        Storage::Range { file: 0, offset, length } => {
            file[*offset as usize..(*offset + *length) as usize].to_vec()
        }
        Storage::Gathered(bytes) => bytes.to_vec(),
        _ => panic!("a single file has no second one"),
    });
    bytes.collect()
}

fn weights_digest(description: &Description, file: &[u8]) -> Digest {
    let bytes = bytes_of(description, file);
    let tensors = description.tensors.iter().zip(&bytes);
    identity::named(
        Kind::Weights,
        tensors.map(|(tensor, bytes)| {
            let digest = identity::tensor(tensor.dtype.name(), &tensor.shape, &blob(bytes));
            (tensor.name.as_str(), digest)
        }),
    )
}

#[test]
fn a_model_is_described() {
    let model = schema::linear();
    let description = described(&model);
    assert_eq!(names(&description), ["weight", "bias", "scale"]);
    let port = |port: &reproof_contract::contract::Port| format!("{}: {}", port.name, port.kind);
    assert_eq!(
        description.interface.inputs.iter().map(port).collect::<Vec<_>>(),
        ["x: tensor(F32)[batch, 3]"],
        "an input with an initializer is none that the caller gives"
    );
    assert_eq!(
        description.interface.outputs.iter().map(port).collect::<Vec<_>>(),
        ["y: tensor(F32)[batch, 2]"]
    );
    let graph = description.graph.as_ref().unwrap();
    assert_eq!((graph.ir_version, graph.nodes, graph.subgraphs), (8, 3, 0));
    assert_eq!(graph.producer, "test");
    assert_eq!(description.metadata["licence"], "free");
    assert!(description.findings.is_empty());
    let blobs: u64 = description.files[0]
        .layout
        .segments()
        .iter()
        .filter(|segment| segment.kind == SegmentKind::Blob)
        .map(|segment| segment.length)
        .sum();
    assert_eq!(blobs, (6 + 2 + 2) * 4);
    assert_eq!(description.files[0].layout.size(), model.encode_to_vec().len() as u64);
}

#[test]
fn weights_equal_those_of_a_safetensors_file() {
    let model = schema::linear().encode_to_vec();
    let onnx = describe(&model, Path::new("model.onnx")).unwrap();
    let tensor = |shape: &[u64], values: &[f32]| Tensor::from_f32(shape.to_vec(), values).unwrap();
    let (weight, bias) = (tensor(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), tensor(&[2], &[0.1, 0.2]));
    let scale = tensor(&[2], &[0.5, 2.0]);
    let named: [(&str, TensorView<'_>); 3] =
        [("weight", weight.view()), ("bias", bias.view()), ("scale", scale.view())];
    let file = safetensors::to_bytes(&named).unwrap();
    let stored = describe(&file, Path::new("model.safetensors")).unwrap();
    assert_eq!(weights_digest(&onnx, &model), weights_digest(&stored, &file));
    assert_ne!(onnx.architecture, stored.architecture);
}

#[test]
fn every_encoding_gives_the_same_bytes() {
    let tensor = |data_type, dims: &[i64]| schema::Tensor {
        name: "t".into(),
        dims: dims.into(),
        data_type,
        ..Default::default()
    };
    let cases: Vec<(&str, DType, Vec<u8>, schema::Tensor)> = vec![
        (
            "float",
            DType::F32,
            [1.5_f32, -0.0].iter().flat_map(|v| v.to_le_bytes()).collect(),
            schema::Tensor { float_data: vec![1.5, -0.0], ..tensor(1, &[2]) },
        ),
        (
            "double",
            DType::F64,
            2.5_f64.to_le_bytes().to_vec(),
            schema::Tensor { double_data: vec![2.5], ..tensor(11, &[]) },
        ),
        (
            "complex",
            DType::C64,
            [1_f32, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect(),
            schema::Tensor { float_data: vec![1.0, 2.0], ..tensor(14, &[1]) },
        ),
        (
            "negative int8",
            DType::I8,
            vec![0xff, 0x80, 5],
            schema::Tensor { int32_data: vec![-1, -128, 5], ..tensor(3, &[3]) },
        ),
        ("bool", DType::Bool, vec![1, 0], schema::Tensor { int32_data: vec![1, 0], ..tensor(9, &[2]) }),
        (
            "half",
            DType::F16,
            vec![0x00, 0x3c],
            schema::Tensor { int32_data: vec![0x3c00], ..tensor(10, &[1]) },
        ),
        (
            "bfloat16",
            DType::BF16,
            vec![0x80, 0x3f],
            schema::Tensor { int32_data: vec![0x3f80], ..tensor(16, &[1]) },
        ),
        (
            "int64",
            DType::I64,
            (-2_i64).to_le_bytes().to_vec(),
            schema::Tensor { int64_data: vec![-2], ..tensor(7, &[1]) },
        ),
        (
            "uint32",
            DType::U32,
            u32::MAX.to_le_bytes().to_vec(),
            schema::Tensor { uint64_data: vec![u64::from(u32::MAX)], ..tensor(12, &[1]) },
        ),
        (
            "int4",
            DType::I4,
            vec![0x8f, 0x01],
            schema::Tensor { int32_data: vec![0x8f, 0x01], ..tensor(22, &[3]) },
        ),
        ("float8", DType::F8E8M0, vec![127], schema::Tensor { int32_data: vec![127], ..tensor(24, &[1]) }),
        (
            "uint2",
            DType::U2,
            vec![0xe4, 0x01],
            schema::Tensor { int32_data: vec![0xe4, 1], ..tensor(25, &[5]) },
        ),
        ("float4", DType::F4, vec![0x21], schema::Tensor { int32_data: vec![0x21], ..tensor(23, &[2]) }),
        ("empty", DType::F32, vec![], tensor(1, &[0, 7])),
    ];
    for (name, dtype, expected, typed) in cases {
        let typed_again =
            schema::Tensor { raw_data: Some(expected.clone()), ..tensor(typed.data_type, &typed.dims) };
        for tensor in [typed, typed_again] {
            let graph = Graph { initializer: vec![tensor], ..Default::default() };
            let bytes = Model { graph: Some(graph), ..Default::default() }.encode_to_vec();
            let description = describe(&bytes, Path::new("model.onnx")).unwrap();
            assert_eq!(description.tensors[0].dtype, dtype, "{name}");
            assert_eq!(bytes_of(&description, &bytes), std::slice::from_ref(&expected), "{name}");
        }
    }
}

/// Field 5 of a graph holding a tensor with two unpacked floats: proto2 writers may write them so.
#[test]
fn unpacked_values_are_gathered() {
    let mut tensor = schema::Tensor { dims: vec![2], data_type: 1, name: "t".into(), ..Default::default() }
        .encode_to_vec();
    for value in [1.0_f32, 2.0] {
        tensor.push(4 << 3 | 5);
        tensor.extend(value.to_le_bytes());
    }
    let mut graph = vec![5 << 3 | 2, tensor.len() as u8];
    graph.extend(tensor);
    let mut model = vec![7 << 3 | 2, graph.len() as u8];
    model.extend(graph);
    let description = describe(&model, Path::new("model.onnx")).unwrap();
    let expected: Vec<u8> = [1.0_f32, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(bytes_of(&description, &model), [expected]);
}

#[test]
fn weights_inside_have_a_path() {
    let branch = |weight: &str| Graph { initializer: vec![raw(weight, &[1], &[1.0])], ..Default::default() };
    let attribute =
        |name: &str, graph| Attribute { name: name.into(), kind: 5, g: Some(graph), ..Default::default() };
    let mut model = schema::linear();
    let graph = model.graph.as_mut().unwrap();
    let branches = vec![attribute("then_branch", branch("w")), attribute("else_branch", branch("w"))];
    graph.node.push(node("If", &["c"], &["z"], branches));
    let sparse = SparseTensor {
        values: Some(raw("s", &[1], &[4.0])),
        indices: Some(schema::Tensor {
            dims: vec![1],
            data_type: 7,
            int64_data: vec![2],
            ..Default::default()
        }),
        dims: vec![9],
    };
    graph.sparse_initializer.push(sparse);
    let constant =
        Attribute { name: "value".into(), kind: 4, t: Some(raw("", &[1], &[7.0])), ..Default::default() };
    model.functions.push(Function {
        name: "Scale".into(),
        domain: "mine".into(),
        node: vec![node("Constant", &[], &["k"], vec![constant])],
        ..Default::default()
    });
    graph.node.push(schema::Node { domain: "mine".into(), ..node("Scale", &["y"], &["q"], vec![]) });
    graph.node.push(schema::Node { domain: "theirs".into(), ..node("Fly", &["q"], &["r"], vec![]) });
    let description = described(&model);
    assert_eq!(
        names(&description),
        [
            "weight",
            "bias",
            "s.values",
            "s.indices",
            "scale",
            "z.then_branch/w",
            "z.else_branch/w",
            "mine::Scale/k"
        ]
    );
    let findings: Vec<_> =
        description.findings.iter().map(|finding| (finding.id.as_str(), finding.severity)).collect();
    assert_eq!(
        findings,
        [("onnx.custom-operator", Severity::Warning), ("onnx.local-functions", Severity::Info)]
    );
    let graph = description.graph.unwrap();
    assert_eq!((graph.nodes, graph.subgraphs), (7, 2));
    assert_eq!(graph.functions, ["mine::Scale"]);
}

#[test]
fn scalars_and_integers_of_constants_are_no_weights() {
    let constant = |tensor| {
        let value = Attribute { name: "value".into(), kind: 4, t: Some(tensor), ..Default::default() };
        node("Constant", &[], &["c"], vec![value])
    };
    let integers = schema::Tensor { dims: vec![1], data_type: 7, int64_data: vec![2], ..Default::default() };
    for tensor in [raw("", &[], &[1.0]), integers] {
        let graph = Graph { node: vec![constant(tensor)], ..Default::default() };
        assert!(described(&Model { graph: Some(graph), ..Default::default() }).tensors.is_empty());
    }
}

#[test]
fn contradictions_are_refused() {
    let refuse = |tensor: schema::Tensor| {
        let graph = Graph { initializer: vec![tensor], ..Default::default() };
        refusal(&Model { ir_version: 8, graph: Some(graph), ..Default::default() })
    };
    let short = refuse(raw("w", &[3], &[1.0]));
    assert!(
        short.ends_with("does not match its dims: F32 tensor of shape [3]: expected 12 bytes, got 4"),
        "{short}"
    );
    let negative = refuse(raw("w", &[-3], &[1.0]));
    assert!(negative.ends_with("has dim -3, expected 0 or more"), "{negative}");
    let large = refuse(raw("w", &[i64::MAX, i64::MAX], &[1.0]));
    assert!(large.contains("is larger than any memory"), "{large}");
    let unknown = refuse(schema::Tensor { data_type: 99, ..raw("w", &[1], &[1.0]) });
    assert!(unknown.ends_with("has element type 99, which this version does not know"), "{unknown}");
    let twice = refuse(schema::Tensor { float_data: vec![1.0], ..raw("w", &[1], &[1.0]) });
    assert!(twice.ends_with("has values in both raw_data and float_data"), "{twice}");
    let wrong = schema::Tensor { dims: vec![1], data_type: 1, int64_data: vec![1], ..Default::default() };
    let wrong = refuse(wrong);
    assert!(wrong.ends_with("of type F32 has its values in int64_data, expected float_data"), "{wrong}");
    let graph =
        Graph { initializer: vec![raw("w", &[1], &[1.0]), raw("w", &[1], &[2.0])], ..Default::default() };
    let duplicate = refusal(&Model { ir_version: 8, graph: Some(graph), ..Default::default() });
    assert!(duplicate.starts_with("tensor name `w` occurs twice"), "{duplicate}");
    let no_graph = refusal(&Model { ir_version: 8, ..Default::default() });
    assert_eq!(no_graph, "model holds no graph");
}

#[test]
fn a_case_proposer_finds_what_bounds_token_ids() {
    let mut model = schema::linear();
    let graph = model.graph.as_mut().unwrap();
    graph.node.push(node("Gather", &["weight", "ids"], &["e"], vec![]));
    graph.input.push(value("ids", tensor_type(&[-1])));
    let model = onnx::parse(&model.encode_to_vec(), Path::new("model.onnx")).unwrap();
    let inputs: Vec<&str> = model.inputs().iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["x", "ids"]);
    let gather = model.nodes().into_iter().find(|node| node.is("Gather")).unwrap();
    assert!(inputs.contains(&gather.inputs[1].as_str()));
    assert_eq!(model.graph.initializer(&gather.inputs[0]).unwrap().dims, [3, 2]);
    assert_eq!(model.opset(), Some(17));
}

#[test]
fn what_is_no_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let kind = |error: reproof_formats::FormatError| error.kind();
    assert_eq!(kind(open(&folder.path().join("absent")).unwrap_err()), ErrorKind::Missing);
    assert!(matches!(open(folder.path()).unwrap_err().problem(), Problem::Folder));
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert!(matches!(open(&file).unwrap_err().problem(), Problem::Empty));
    std::fs::write(&file, b"\x89HDF\r\n\x1a\nrest").unwrap();
    let error = open(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert_eq!(words(&error), "format is not known: first bytes 89 48 44 46 0d 0a 1a 0a 72 65 73 74 (HDF5)");
    assert!(error.to_string().ends_with("file`"), "{error}");
}
