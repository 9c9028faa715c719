//! Every truncation and every flipped bit of small files ends in a result, never in a panic.

use std::fs;
use std::path::Path;

use prost::Message;
use reproof_digest::ReadAt;
use reproof_formats::{Sources, StorageError, describe, npy, onnx, safetensors, values};
use reproof_tensor::{BlockType, DType, Tensor, Value};

use crate::gguf::Writer;
use crate::schema::{self, Attribute, Graph, linear, node, raw};

/// Calls `read` with every damaged version of `bytes`.
fn damaged(bytes: &[u8], read: impl Fn(&Vec<u8>)) {
    for length in 0..bytes.len() {
        read(&bytes[..length].to_vec());
    }
    let mut copy = bytes.to_vec();
    for position in 0..bytes.len() {
        for bit in 0..8 {
            copy[position] ^= 1 << bit;
            read(&copy);
            copy[position] ^= 1 << bit;
        }
    }
}

#[test]
fn onnx_models() {
    let mut model = linear();
    let branch = Graph { initializer: vec![raw("w", &[1], &[1.0])], ..Default::default() };
    let branch = Attribute { name: "then_branch".into(), kind: 5, g: Some(branch), ..Default::default() };
    let graph = model.graph.as_mut().unwrap();
    graph.node.push(node("If", &["c"], &["z"], vec![branch]));
    let packed = schema::Tensor {
        name: "i".into(),
        dims: vec![2],
        data_type: 3,
        int32_data: vec![-1, 2],
        ..Default::default()
    };
    graph.initializer.push(packed);
    let texts = schema::Tensor {
        name: "s".into(),
        dims: vec![1],
        data_type: 8,
        string_data: vec![vec![65]],
        ..Default::default()
    };
    graph.initializer.push(texts);
    damaged(&model.encode_to_vec(), |bytes| {
        let path = Path::new("absent-folder/model.onnx");
        if let Ok(model) = onnx::parse(bytes, path) {
            assert!(model.nodes().len() < 100);
        }
        if let Ok(description) = describe(bytes, path) {
            assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
        }
    });
}

#[test]
fn safetensors_files() {
    let tensor = Tensor::from_f32(vec![2], &[1.0, 2.0]).unwrap();
    let other = Tensor::from_i64(vec![], &[7]).unwrap();
    let bytes = safetensors::to_bytes(&[("a", tensor.view()), ("b", other.view())]).unwrap();
    damaged(&bytes, |bytes| {
        let described = describe(bytes, Path::new("w.safetensors"));
        let loaded = safetensors::parse_tensors(bytes);
        if let (Ok(description), Ok(tensors)) = (described, loaded) {
            assert_eq!(description.tensors.len(), tensors.len());
        }
    });
}

#[test]
fn arrays_and_archives() {
    let header = "{'descr': '<U2', 'fortran_order': True, 'shape': (2, 1), }\n";
    let array = crate::npy::array(1, header, &[65, 0, 0, 0, 0, 0, 0, 0, 66, 0, 0, 0, 67, 0, 0, 0]);
    damaged(&array, |bytes| {
        let _ = npy::parse(bytes, 1 << 16);
    });
    damaged(&crate::npy::archive(&[("a.npy", &array)]), |bytes| {
        let _ = npy::parse_archive(bytes, 1 << 16);
    });
}

#[test]
fn gguf_files() {
    for big_endian in [false, true] {
        let mut file = Writer { big_endian, ..Writer::default() };
        let text = file.text(b"word");
        file.entry("text", 8, &text).tensor("a", DType::F32, &[2, 1], &[0, 0, 128, 63, 0, 0, 0, 64]).tensor(
            "b",
            DType::Block(BlockType::Q4_0),
            &[32],
            &[1; 18],
        );
        damaged(&file.bytes(), |bytes| walked(bytes, "m.gguf"));
    }
}

#[test]
fn described_arrays_and_archives() {
    let columns = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 1), }\n";
    let structure = "{'descr': [('a', '<i2'), ('b', '|S1', (2,))], 'fortran_order': False, 'shape': ()}";
    let (columns, structure) =
        (crate::npy::array(1, columns, &[1; 4]), crate::npy::array(2, structure, &[2; 4]));
    let archive = crate::zipped::archive(&[("a.npy", &columns, false), ("b.npy", &structure, true)]);
    for file in [&columns, &structure, &archive] {
        damaged(file, |bytes| walked(bytes, "a.npz"));
    }
}

/// Describes a file and reads every tensor of it that has values.
fn walked(bytes: &[u8], path: &str) {
    let bytes = bytes.to_vec();
    let Ok(description) = describe(&bytes, Path::new(path)) else { return };
    assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    let sources = Sources::new(vec![Box::new(bytes)]);
    for tensor in &description.tensors {
        match sources.bytes(tensor) {
            Ok(values) => drop(values.read_range(0, values.size() as usize).unwrap()),
            Err(error) => assert!(matches!(error, StorageError::Absent { .. }), "{error}"),
        }
    }
}

#[test]
fn trees_of_values() {
    let folder = tempfile::tempdir().unwrap();
    let tensor = Tensor::from_f32(vec![2], &[1.0, 2.0]).unwrap();
    let values = vec![
        ("a".to_owned(), Value::Tensor(tensor)),
        ("b".to_owned(), Value::Sequence(vec![Value::Integer(3), Value::Real(0.5)])),
    ];
    values::write(folder.path(), "v", &values).unwrap();
    let json = fs::read(folder.path().join("v.json")).unwrap();
    let tensors = fs::read(folder.path().join("v.safetensors")).unwrap();
    damaged(&json, |json| {
        if let Ok(stored) = values::parse(json, &tensors) {
            let _ = stored.into_values();
        }
    });
    damaged(&tensors, |tensors| assert!(values::parse(&json, tensors).is_err(), "every byte is covered"));
}
