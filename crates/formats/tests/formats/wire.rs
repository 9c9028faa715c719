//! Bytes that are no protobuf, with the exact refusal.

use std::path::Path;

use reproof_formats::{ErrorKind, describe, onnx};

use crate::words;

fn refusal(bytes: &[u8]) -> (String, Option<u64>) {
    let error = onnx::parse(&bytes.to_vec(), Path::new("model.onnx")).unwrap_err();
    (words(&error), error.offset())
}

#[test]
fn broken_fields_are_refused_where_they_are() {
    let cases: &[(&[u8], &str, u64)] = &[
        (b"\x08\x08\x3a\x05abc", "byte 2: ModelProto needs 5 more bytes, 3 are left", 2),
        (
            b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
            "byte 0: ModelProto needs 18446744073709551615 more bytes, 1 are left",
            0,
        ),
        (b"\x08", "byte 1: ModelProto needs 1 more bytes, 0 are left", 1),
        (
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            "byte 1: integer in ModelProto is longer than 64 bits",
            1,
        ),
        (b"\x0b", "byte 0: field 1 of ModelProto has wire type 3, expected 0, 1, 2 or 5", 0),
        (b"\x00\x01", "byte 0: ModelProto has field number 0, expected 1 to 536870911", 0),
        (b"\x38\x01", "byte 1: field 7 of ModelProto: expected a length and bytes, got an integer", 1),
        (b"\x0a\x01a", "byte 2: field 1 of ModelProto: expected an integer, got a length and bytes", 2),
        (b"\x12\x01\xff", "byte 2: field 2 of ModelProto is not UTF-8", 2),
        (b"\x09abc", "byte 1: ModelProto needs 8 more bytes, 3 are left", 1),
        (
            b"\x3a\x09\x2a\x07\x22\x05abcde",
            "byte 6: packed field 4 of TensorProto has 5 bytes, expected a multiple of 4",
            6,
        ),
    ];
    for (bytes, expected, offset) in cases {
        assert_eq!(refusal(bytes), ((*expected).to_owned(), Some(*offset)), "{bytes:?}");
    }
}

/// Ten thousand subgraphs inside each other, innermost first.
#[test]
fn deep_nesting_is_refused() {
    let wrap = |field: u8, inner: Vec<u8>| {
        let mut bytes = vec![field << 3 | 2];
        let mut length = inner.len();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(inner);
        bytes
    };
    let mut graph = Vec::new();
    for _ in 0..10_000 {
        graph = wrap(1, wrap(5, wrap(6, graph)));
    }
    let model = wrap(7, graph);
    let error = describe(&model, Path::new("model.onnx")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown, "bytes that could be anything are not called ONNX");
    let mut named = b"\x08\x08".to_vec();
    named.extend(&model);
    let error = describe(&named, Path::new("model.onnx")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(words(&error).ends_with("is nested deeper than 100 messages"), "{}", words(&error));
}

/// Each empty node takes two bytes in the file and hundreds in memory.
#[test]
fn memory_is_bounded() {
    let nodes = 4 << 20;
    let mut model = vec![0x08, 0x08, 0x3a];
    let mut length = nodes * 2;
    while length >= 0x80 {
        model.push(length as u8 | 0x80);
        length >>= 7;
    }
    model.push(length as u8);
    model.extend([0x0a, 0x00].repeat(nodes));
    let error = onnx::parse(&model, Path::new("model.onnx")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        words(&error).ends_with("decoding needs more than 1073741824 bytes of memory"),
        "{}",
        words(&error)
    );
}
