//! safetensors files: round trips, and what the reference implementation refuses.

use std::path::Path;

use proptest::prelude::*;
use reproof_formats::{ErrorKind, Storage, describe, safetensors};
use reproof_tensor::{DType, Tensor, TensorView, byte_length};

use crate::words;

/// A file of this header over this many bytes of data.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; data]);
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    words(&describe(&bytes.to_vec(), Path::new("w.safetensors")).unwrap_err())
}

#[test]
fn contradictions_are_refused() {
    let one = |dtype: &str, shape: &str, begin: u64, end: u64| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}}}"#)
    };
    let two = |first: (u64, u64), second: (u64, u64)| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}},"b":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}}}}"#,
            first.1 - first.0,
            first.0,
            first.1,
            second.1 - second.0,
            second.0,
            second.1
        )
    };
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (file(&two((0, 4), (2, 6)), 6), "tensor `b` starts at byte 2 of the data, expected 4: it overlaps"),
        (
            file(&two((0, 4), (6, 8)), 8),
            "tensor `b` starts at byte 6 of the data, expected 4: there is a hole",
        ),
        (
            file(&one("U8", "[4]", 1, 5), 5),
            "tensor `a` starts at byte 1 of the data, expected 0: there is a hole",
        ),
        (file(&one("U8", "[4]", 0, 4), 5), "file has 66 bytes, expected 65 by its header"),
        (file(&one("U8", "[4]", 0, 4), 3), "file has 64 bytes, expected 65 by its header"),
        (
            file(&one("F32", "[2]", 0, 4), 4),
            "tensor `a` does not match its shape: F32 tensor of shape [2]: expected 8 bytes, got 4",
        ),
        (
            file(&one("F32", "[4294967296,4294967296]", 0, 4), 4),
            "tensor `a` does not match its shape: shape [4294967296, 4294967296] of F32 is larger than any memory",
        ),
        (file(&one("F99", "[1]", 0, 4), 4), "tensor `a` has dtype `F99`, which this version does not know"),
        (file("{}", 0)[..6].to_vec(), "format is not known: first bytes 02 00 00 00 00 00"),
        (
            [&[0xff, 0, 0, 0, 0, 0, 0, 0], &b"{\"a\""[..]].concat(),
            "header length is 255 bytes, 4 bytes are left in the file",
        ),
        (
            [&200_000_000_u64.to_le_bytes(), &b"{\"a\""[..]].concat(),
            "header length is 200000000 bytes, expected at most 100000000",
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(refusal(&bytes), expected);
    }
    let backwards = r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"c":{"dtype":"U8","shape":[1],"data_offsets":[4,3]}}"#;
    assert_eq!(refusal(&file(backwards, 4)), "tensor `c` has data offsets 4 to 3");
}

#[test]
fn unsound_headers_are_refused_where_they_are() {
    let duplicate = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    let words_of = refusal(&file(duplicate, 1));
    assert!(words_of.contains("duplicate key `a`"), "{words_of}");
    let metadata = refusal(&file(r#"{"__metadata__":{"k":"1","k":"2"}}"#, 0));
    assert!(metadata.contains("duplicate metadata key `k`"), "{metadata}");
    let number = refusal(&file(r#"{"__metadata__":{"k":1}}"#, 0));
    assert!(number.contains("expected a string"), "{number}");
    let error = describe(&file(r#"{"a":?}"#, 0), Path::new("w")).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Malformed, Some(13)));
    let deep = file(&format!("{{\"a\":{}", "[".repeat(10_000)), 0);
    assert_eq!(describe(&deep, Path::new("w")).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_file_is_described() {
    let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[],"data_offsets":[2,6]},"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"empty":{"dtype":"I64","shape":[0,3],"data_offsets":[6,6]}}   "#;
    let bytes = file(header, 6);
    let description = describe(&bytes, Path::new("w.safetensors")).unwrap();
    let start = 8 + header.len() as u64;
    let places: Vec<_> = description
        .tensors
        .iter()
        .map(|tensor| match tensor.storage {
            Storage::Range { offset, length, .. } => (tensor.name.as_str(), offset - start, length),
            _ => panic!("nothing is gathered"),
        })
        .collect();
    assert_eq!(places, [("a", 0, 2), ("b", 2, 4), ("empty", 6, 0)]);
    assert_eq!(description.metadata["format"], "pt");
    assert_eq!(description.files[0].layout.segments().len(), 3);
}

#[test]
fn the_writer_refuses_what_could_not_be_read() {
    let tensor = Tensor::from_f32(vec![1], &[1.0]).unwrap();
    let write = |names: &[&str]| {
        let named: Vec<(&str, TensorView<'_>)> = names.iter().map(|name| (*name, tensor.view())).collect();
        safetensors::to_bytes(&named).unwrap_err().to_string()
    };
    assert_eq!(write(&["a", "a"]), "tensor name `a` is given twice");
    assert_eq!(write(&["__metadata__"]), "tensor name `__metadata__` is reserved");
}

#[test]
fn a_file_beyond_the_cap_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensor = Tensor::from_f32(vec![2], &[1.0, 2.0]).unwrap();
    std::fs::write(&path, safetensors::to_bytes(&[("a", tensor.view())]).unwrap()).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert_eq!(safetensors::read_tensors(&path, size).unwrap(), [("a".to_owned(), tensor)]);
    let error = safetensors::read_tensors(&path, size - 1).unwrap_err();
    assert_eq!(words(&error), format!("file has {size} bytes, expected at most {}", size - 1));
}

pub fn tensor() -> impl Strategy<Value = Tensor> {
    (prop::sample::select(DType::ALL.to_vec()), prop::collection::vec(0_u64..4, 0..4)).prop_flat_map(
        |(dtype, shape)| {
            let length = byte_length(dtype, &shape).unwrap() as usize;
            prop::collection::vec(any::<u8>(), length)
                .prop_map(move |bytes| Tensor::new(dtype, shape.clone(), bytes).unwrap())
        },
    )
}

proptest! {
    #[test]
    fn written_tensors_are_read_back(tensors in prop::collection::btree_map("[ -~é\"]{0,6}", tensor(), 0..6)) {
        let named: Vec<(&str, TensorView<'_>)> =
            tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
        let bytes = safetensors::to_bytes(&named).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        prop_assert_eq!(length % 8, 0);
        let read: std::collections::BTreeMap<_, _> =
            safetensors::parse_tensors(&bytes).unwrap().into_iter().collect();
        prop_assert_eq!(&read, &tensors);
        let mut reversed = named;
        reversed.reverse();
        prop_assert_eq!(safetensors::to_bytes(&reversed).unwrap(), bytes);
    }
}
