//! GGUF files, built by hand from the published format: round trips, and what is refused.

use std::path::Path;

use proptest::prelude::*;
use reproof_digest::{Digest, Kind, ReadAt, blob, identity};
use reproof_formats::{
    Description, ErrorKind, FormatError, Severity, Sources, Storage, describe, safetensors,
};
use reproof_tensor::{BlockType, DType, Tensor, TensorView, byte_length};

use crate::words;

/// What becomes a file: entries and tensors as bytes, in either byte order.
#[derive(Clone)]
pub struct Writer {
    pub version: u32,
    pub big_endian: bool,
    pub alignment: u64,
    pub entries: Vec<Vec<u8>>,
    pub infos: Vec<Vec<u8>>,
    pub data: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        let (entries, infos, data) = (Vec::new(), Vec::new(), Vec::new());
        Self { version: 3, big_endian: false, alignment: 32, entries, infos, data }
    }
}

impl Writer {
    /// A number of this many bytes.
    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        let mut bytes = value.to_le_bytes()[..size].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    pub fn text(&self, text: &[u8]) -> Vec<u8> {
        [self.number(text.len() as u64, 8), text.to_vec()].concat()
    }

    /// An entry of this type with these bytes.
    pub fn entry(&mut self, key: &str, kind: u32, value: &[u8]) -> &mut Self {
        let entry = [self.text(key.as_bytes()), self.number(u64::from(kind), 4), value.to_vec()].concat();
        self.entries.push(entry);
        self
    }

    fn whole(&mut self, key: &str, kind: u32, value: u64, size: usize) -> &mut Self {
        let value = self.number(value, size);
        self.entry(key, kind, &value)
    }

    fn array(&mut self, key: &str, kind: u32, count: u64, elements: &[u8]) -> &mut Self {
        let value = [self.number(u64::from(kind), 4), self.number(count, 8), elements.to_vec()].concat();
        self.entry(key, 9, &value)
    }

    /// The place of a tensor; dims are innermost first, as stored.
    pub fn info(&mut self, name: &str, dims: &[u64], kind: u32, offset: u64) -> &mut Self {
        let mut info = [self.text(name.as_bytes()), self.number(dims.len() as u64, 4)].concat();
        info.extend(dims.iter().flat_map(|dim| self.number(*dim, 8)));
        info.extend(self.number(u64::from(kind), 4));
        info.extend(self.number(offset, 8));
        self.infos.push(info);
        self
    }

    /// A tensor with its bytes, which are turned for the other byte order; dims are outermost first.
    pub fn tensor(&mut self, name: &str, dtype: DType, shape: &[u64], bytes: &[u8]) -> &mut Self {
        let dims: Vec<u64> = shape.iter().rev().copied().collect();
        self.data.resize(self.data.len().next_multiple_of(self.alignment as usize), 0xaa);
        let mut bytes = bytes.to_vec();
        if self.big_endian {
            bytes.chunks_exact_mut(dtype.swapped_bytes()).for_each(<[u8]>::reverse);
        }
        self.info(name, &dims, number(dtype), self.data.len() as u64);
        self.data.extend(bytes);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header(self.infos.len() as u64, self.entries.len() as u64);
        bytes.resize(bytes.len().next_multiple_of(self.alignment as usize), 0xbb);
        bytes.extend(&self.data);
        bytes
    }

    fn header(&self, tensors: u64, entries: u64) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.number(u64::from(self.version), 4));
        bytes.extend(self.number(tensors, 8));
        bytes.extend(self.number(entries, 8));
        self.entries.iter().chain(&self.infos).for_each(|item| bytes.extend(item));
        bytes
    }
}

/// A tensor's place: name, dims innermost first, number of the element type, offset.
type Info<'a> = (&'a str, &'a [u64], u32, u64);

/// The number of an element type.
fn number(dtype: DType) -> u32 {
    match dtype {
        DType::F32 => 0,
        DType::F16 => 1,
        DType::I8 => 24,
        DType::I16 => 25,
        DType::I32 => 26,
        DType::I64 => 27,
        DType::F64 => 28,
        DType::BF16 => 30,
        DType::Block(block) => block.number(),
        other => panic!("GGUF has no {other}"),
    }
}

const PLAIN: [DType; 8] =
    [DType::F32, DType::F16, DType::I8, DType::I16, DType::I32, DType::I64, DType::F64, DType::BF16];

fn read(bytes: &[u8]) -> Result<Description, FormatError> {
    describe(&bytes.to_vec(), Path::new("model.gguf"))
}

fn refusal(bytes: &[u8]) -> String {
    words(&read(bytes).unwrap_err())
}

/// The canonical bytes of each tensor.
pub fn values(description: &Description, file: &[u8]) -> Vec<Vec<u8>> {
    let sources = Sources::new(vec![Box::new(file.to_vec())]);
    let values = description.tensors.iter().map(|tensor| {
        let bytes = sources.bytes(tensor).unwrap();
        bytes.read_range(0, bytes.size() as usize).unwrap()
    });
    values.collect()
}

fn weights(description: &Description, file: &[u8]) -> Digest {
    let values = values(description, file);
    let tensors = description.tensors.iter().zip(&values);
    identity::named(
        Kind::Weights,
        tensors.map(|(tensor, bytes)| {
            (tensor.name.as_str(), identity::tensor(tensor.dtype.name(), &tensor.shape, &blob(bytes)))
        }),
    )
}

#[test]
fn metadata_of_every_type_becomes_text() {
    for big_endian in [false, true] {
        let mut file = Writer { big_endian, ..Writer::default() };
        let many: Vec<u8> = (0..9).flat_map(|value| file.number(value, 2)).collect();
        let words: Vec<u8> = ["<s>", "a\"b"].iter().flat_map(|text| file.text(text.as_bytes())).collect();
        let long = file.text("é".repeat(40_000).as_bytes());
        let in_array = file.text("é".repeat(40).as_bytes());
        let name = file.text(b"caf\xe9");
        file.whole("u8", 0, 255, 1)
            .whole("i8", 1, 255, 1)
            .whole("u16", 2, 65_535, 2)
            .whole("i16", 3, 65_535, 2)
            .whole("u32", 4, 7, 4)
            .whole("i32", 5, u64::from(u32::MAX), 4)
            .whole("f32", 6, u64::from(1e-5_f32.to_bits()), 4)
            .whole("true", 7, 1, 1)
            .whole("u64", 10, u64::MAX, 8)
            .whole("i64", 11, u64::MAX, 8)
            .whole("f64", 12, f64::NAN.to_bits(), 8)
            .entry("name", 8, &name)
            .entry("long", 8, &long)
            .array("empty", 9 - 1, 0, &[])
            .array("flags", 7, 2, &[0, 1])
            .array("many", 2, 9, &many)
            .array("words", 8, 2, &words)
            .array("cut", 8, 1, &in_array);
        let description = read(&file.bytes()).unwrap();
        let text = |key: &str| description.metadata[key].as_str();
        for (key, expected) in [
            ("u8", "255"),
            ("i8", "-1"),
            ("u16", "65535"),
            ("i16", "-1"),
            ("u32", "7"),
            ("i32", "-1"),
            ("f32", "1e-5"),
            ("true", "true"),
            ("u64", "18446744073709551615"),
            ("i64", "-1"),
            ("f64", "NaN"),
            ("name", "caf\u{fffd}"),
            ("empty", "[]"),
            ("flags", "[false, true]"),
            ("many", "[0, 1, 2, 3, 4, 5, 6, 7, …] (9 of u16)"),
            ("words", r#"["<s>", "a\"b"]"#),
        ] {
            assert_eq!(text(key), expected, "{key}");
        }
        // A text is cut between characters.
        assert_eq!(text("long"), format!("{}… (14466 more bytes)", "é".repeat(32_767)));
        assert_eq!(text("cut"), format!("[\"{}\"…]", "é".repeat(31)));
        assert_eq!(description.metadata.len(), 18);
    }
}

#[test]
fn a_file_is_described() {
    let mut file = Writer::default();
    let template = file.text(b"{{ messages }}");
    file.entry("tokenizer.chat_template", 8, &template)
        .whole("split.no", 2, 1, 2)
        .whole("split.count", 2, 3, 2)
        .tensor("a", DType::F32, &[2, 3], &[1; 24])
        .tensor("b", DType::Block(BlockType::Q8_0), &[1, 64], &[2; 68])
        .tensor("scalar", DType::I64, &[], &[3; 8]);
    for version in [2, 3] {
        file.version = version;
        let bytes = file.bytes();
        let description = read(&bytes).unwrap();
        assert_eq!(description.format.as_str(), "gguf");
        let tensors: Vec<_> = description
            .tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor.dtype.name(), tensor.shape.as_slice()))
            .collect();
        let expected: [(&str, &str, &[u64]); 3] =
            [("a", "F32", &[2, 3]), ("b", "Q8_0", &[1, 64]), ("scalar", "I64", &[])];
        assert_eq!(tensors, expected);
        assert_eq!(values(&description, &bytes), [vec![1; 24], vec![2; 68], vec![3; 8]]);
        let findings: Vec<_> =
            description.findings.iter().map(|finding| (finding.id.as_str(), finding.severity)).collect();
        assert_eq!(findings, [("gguf.chat-template", Severity::Info), ("gguf.split", Severity::Warning)]);
        assert!(description.findings[1].message.starts_with("file 2 of 3 "));
        // Header, a, padding, b, padding, scalar.
        assert_eq!(description.files[0].layout.segments().len(), 6);
    }
}

#[test]
fn vocabularies_pass_through_the_window() {
    let mut file = Writer::default();
    let tokens: Vec<u8> =
        (0..50_000).flat_map(|token| file.text("t".repeat(token % 37).as_bytes())).collect();
    let merges = vec![1; 300_000];
    file.array("tokenizer.ggml.tokens", 8, 50_000, &tokens)
        .array("tokenizer.ggml.token_type", 5, 75_000, &merges)
        .whole("after", 4, 42, 4)
        .tensor("a", DType::F32, &[1], &[5; 4]);
    let bytes = file.bytes();
    let description = read(&bytes).unwrap();
    assert_eq!(description.metadata["after"], "42");
    assert!(description.metadata["tokenizer.ggml.tokens"].ends_with(", …] (50000 of string)"));
    assert_eq!(values(&description, &bytes), [vec![5; 4]]);
}

#[test]
fn blocks_have_the_values_that_their_layout_gives() {
    // Scale 0.5, then -2 and 127, zeros between.
    let mut eight = vec![0; 34];
    eight[..3].copy_from_slice(&[0x00, 0x38, 0xfe]);
    eight[33] = 127;
    // Scale 2, low nibbles are the first 16 elements; 8 is zero.
    let mut four = vec![0x88; 18];
    four[..3].copy_from_slice(&[0x00, 0x40, 0xf0]);
    four[17] = 0x19;
    let mut file = Writer::default();
    file.tensor("eight", DType::Block(BlockType::Q8_0), &[32], &eight).tensor(
        "four",
        DType::Block(BlockType::Q4_0),
        &[1, 32],
        &four,
    );
    let bytes = file.bytes();
    let description = read(&bytes).unwrap();
    let values = values(&description, &bytes);
    let elements = |index: usize| -> Vec<f64> {
        let tensor = &description.tensors[index];
        TensorView::new(tensor.dtype, &tensor.shape, &values[index])
            .unwrap()
            .elements()
            .unwrap()
            .iter()
            .collect()
    };
    let (mut first, mut second) = (vec![0.0; 32], vec![0.0; 32]);
    (first[0], first[31]) = (-1.0, 63.5);
    (second[0], second[16], second[15], second[31]) = (-16.0, 14.0, 2.0, -14.0);
    assert_eq!((elements(0), elements(1)), (first, second));
}

#[test]
fn blocks_of_the_other_byte_order_have_no_values() {
    let mut file = Writer { big_endian: true, ..Writer::default() };
    file.tensor("plain", DType::F32, &[1], &1.5_f32.to_le_bytes())
        .tensor("bytes", DType::I8, &[3], &[1, 2, 3])
        .tensor("block", DType::Block(BlockType::Q4_0), &[32], &[0; 18]);
    let bytes = file.bytes();
    let mut description = read(&bytes).unwrap();
    assert_eq!(description.findings[0].id, "gguf.big-endian");
    let block = description.tensors.pop().unwrap();
    assert!(matches!(block.storage, Storage::Absent { .. }));
    assert!(matches!(description.tensors[1].storage, Storage::Range { .. }));
    assert_eq!(values(&description, &bytes), [1.5_f32.to_le_bytes().to_vec(), vec![1, 2, 3]]);
}

#[test]
fn weights_equal_those_of_a_safetensors_file() {
    let weight = Tensor::from_f32(vec![3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let bias = Tensor::from_f32(vec![2], &[0.1, 0.2]).unwrap();
    let other = safetensors::to_bytes(&[("weight", weight.view()), ("bias", bias.view())]).unwrap();
    let stored = describe(&other, Path::new("model.safetensors")).unwrap();
    for big_endian in [false, true] {
        let mut file = Writer { big_endian, ..Writer::default() };
        file.tensor("bias", DType::F32, &[2], bias.bytes()).tensor(
            "weight",
            DType::F32,
            &[3, 2],
            weight.bytes(),
        );
        let bytes = file.bytes();
        let description = read(&bytes).unwrap();
        assert_eq!(weights(&description, &bytes), weights(&stored, &other));
        assert_eq!(description.architecture, stored.architecture);
    }
}

#[test]
fn versions_are_refused_by_name() {
    let of = |version| refusal(&Writer { version, ..Writer::default() }.bytes());
    assert_eq!(of(1), "GGUF version 1 is not read, expected 2 or 3");
    assert_eq!(of(4), "GGUF version 4 is not known, expected 2 or 3");
    assert_eq!(of(0x0200_0000), "GGUF version 33554432 is not known, expected 2 or 3");
    let first = read(&Writer { version: 1, ..Writer::default() }.bytes()).unwrap_err();
    assert_eq!((first.kind(), first.offset()), (ErrorKind::Unsupported, Some(4)));
    assert!(first.hint().is_some());
    assert_eq!(refusal(b"GGUF"), "byte 4: version needs 4 bytes, 0 are left");
}

#[test]
fn counts_are_bounded_before_anything_is_taken() {
    let file = Writer::default();
    assert_eq!(
        refusal(&file.header(u64::MAX, 0)),
        "file declares 18446744073709551615 tensors, expected at most 1000000"
    );
    assert_eq!(
        refusal(&file.header(0, 1_000_001)),
        "file declares 1000001 metadata entries, expected at most 1000000"
    );
    assert_eq!(refusal(&file.header(0, 1)), "byte 24: metadata needs 13 bytes, 0 are left");
    assert_eq!(refusal(&file.header(1000, 0)), "byte 24: list of tensors needs 24000 bytes, 0 are left");
    // What follows `key` is at byte 24 + 8 + 3 + 4 = 39.
    let value = |kind, value: &[u8]| refusal(&Writer::default().entry("key", kind, value).header(0, 1));
    let text = [100_u64.to_le_bytes().to_vec(), vec![b'x'; 5]].concat();
    assert_eq!(value(8, &text), "byte 47: text needs 100 bytes, 5 are left");
    assert_eq!(value(8, &[0xff; 8]), "byte 47: text needs 18446744073709551615 bytes, 0 are left");
    let array = |kind: u32, count: u64, elements: &[u8]| {
        refusal(&Writer::default().array("key", kind, count, elements).header(0, 1))
    };
    assert_eq!(array(4, 3, &[0; 8]), "byte 51: array needs 12 bytes, 8 are left");
    assert_eq!(array(12, u64::MAX, &[]), "byte 51: array needs 18446744073709551615 bytes, 0 are left");
    assert_eq!(array(8, 2, &[0; 8]), "byte 51: array needs 16 bytes, 8 are left");
    let second = [0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(array(8, 2, &second), "byte 67: text needs 9 bytes, 0 are left");
    let long = "k".repeat(65_536);
    let error = read(&Writer::default().entry(&long, 0, &[0]).header(0, 1)).unwrap_err();
    assert_eq!(words(&error), "byte 24: key has 65536 bytes, expected at most 65535");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn metadata_that_contradicts_itself_is_refused() {
    let of = |write: &dyn for<'a> Fn(&'a mut Writer) -> &'a mut Writer| {
        let mut file = Writer::default();
        write(&mut file);
        refusal(&file.bytes())
    };
    assert_eq!(of(&|file| file.whole("k", 0, 1, 1).whole("k", 4, 1, 4)), "metadata `k` is given twice");
    assert_eq!(
        of(&|file| file.entry("k", 13, &[0; 8])),
        "metadata `k` has values of type 13, which this version does not know"
    );
    assert_eq!(
        of(&|file| file.array("k", 99, 0, &[])),
        "metadata `k` has values of type 99, which this version does not know"
    );
    assert_eq!(of(&|file| file.array("k", 9, 0, &[0; 12])), "metadata `k` is an array of arrays");
    assert_eq!(of(&|file| file.whole("k", 7, 2, 1)), "metadata `k` has the truth value 2, expected 0 or 1");
    let alignment = |kind, value, size| of(&|file| file.whole("general.alignment", kind, value, size));
    let expected =
        |actual| format!("metadata `general.alignment` is {actual}, expected a power of two as u32");
    assert_eq!(alignment(4, 48, 4), expected("u32 48"));
    assert_eq!(alignment(4, 0, 4), expected("u32 0"));
    assert_eq!(alignment(10, 32, 8), expected("u64 32"));
    let mut bytes = Writer::default().whole("key", 0, 1, 1).bytes();
    bytes[32] = 0xff;
    assert_eq!(refusal(&bytes), "byte 24: key is not UTF-8");
}

#[test]
fn tensors_that_contradict_the_file_are_refused() {
    let of = |infos: &[Info<'_>]| {
        let mut file = Writer { data: vec![0; 128], ..Writer::default() };
        for (name, dims, kind, offset) in infos {
            file.info(name, dims, *kind, *offset);
        }
        refusal(&file.bytes())
    };
    for kind in [4, 5, 31, 32, 33, 36, 37, 38] {
        let expected = format!("tensor `a` has type {kind}, which was removed from the format");
        assert_eq!(of(&[("a", &[32], kind, 0)]), expected);
    }
    for kind in [43, 99, u32::MAX] {
        let expected = format!("tensor `a` has type {kind}, which this version does not know");
        assert_eq!(of(&[("a", &[32], kind, 0)]), expected);
    }
    let cases: [(&[Info<'_>], &str); 11] = [
        (&[("a", &[1], 0, 0), ("a", &[1], 0, 32)], "tensor name `a` is given twice"),
        (&[("a", &[16], 0, 0), ("b", &[1], 0, 32)], "tensors `a` and `b` overlap"),
        (&[("b", &[1], 0, 32), ("a", &[16], 0, 0)], "tensors `a` and `b` overlap"),
        (&[("a", &[1], 0, 32), ("b", &[1], 1, 32)], "tensors `a` and `b` overlap"),
        (&[("a", &[1], 0, 16)], "tensor `a` starts at byte 16 of the data, expected a multiple of 32"),
        (&[("a", &[9], 0, 96)], "tensor `a` has 36 bytes from byte 96 of the data, which has 128"),
        (
            &[("a", &[1], 0, u64::MAX - 31)],
            "tensor `a` has 4 bytes from byte 18446744073709551584 of the data, which has 128",
        ),
        (&[("a", &[48, 2], 8, 0)], "tensor `a` has rows of 48 elements, expected a multiple of 32 for Q8_0"),
        (&[("a", &[], 12, 0)], "tensor `a` has rows of 1 elements, expected a multiple of 256 for Q4_K"),
        (
            &[("a", &[1 << 62, 4], 0, 0)],
            "tensor `a` of F32 and shape [4, 4611686018427387904] is larger than any file",
        ),
        (&[("a", &[1; 5], 0, 0)], "tensor `a` has 5 dims, expected at most 4"),
    ];
    for (infos, expected) in cases {
        assert_eq!(of(infos), expected);
    }
    // Gaps and any order are fine, as is an empty tensor anywhere inside.
    let mut file = Writer { data: vec![0; 128], ..Writer::default() };
    file.info("b", &[1], 0, 96).info("a", &[2], 0, 0).info("empty", &[0, u64::MAX], 0, 0);
    assert_eq!(read(&file.bytes()).unwrap().tensors.len(), 3);
}

fn tensor() -> impl Strategy<Value = (DType, Vec<u64>, Vec<u8>)> {
    let blocks = [BlockType::Q4_0, BlockType::Q6K, BlockType::Nvfp4, BlockType::Mxfp4];
    let all: Vec<DType> = PLAIN.into_iter().chain(blocks.map(DType::Block)).collect();
    (prop::sample::select(all), prop::collection::vec(0_u64..4, 0..4), 0_u64..3).prop_flat_map(
        |(dtype, mut shape, last)| {
            if let DType::Block(block) = dtype {
                shape.push(last * block.elements());
            }
            let length = byte_length(dtype, &shape).unwrap() as usize;
            prop::collection::vec(any::<u8>(), length).prop_map(move |bytes| (dtype, shape.clone(), bytes))
        },
    )
}

proptest! {
    #[test]
    fn written_tensors_are_read_back(
        tensors in prop::collection::btree_map("[ -~é]{0,9}", tensor(), 0..6),
        keys in prop::collection::btree_map("[a-z.]{0,9}", any::<i32>(), 0..4),
        alignment in 0_u32..9,
        big_endian in any::<bool>(),
    ) {
        let alignment = 1_u64 << alignment;
        let mut file = Writer { big_endian, alignment, ..Writer::default() };
        file.whole("general.alignment", 4, alignment, 4);
        for (key, value) in &keys {
            file.whole(key, 5, u64::from(*value as u32), 4);
        }
        for (name, (dtype, shape, bytes)) in &tensors {
            file.tensor(name, *dtype, shape, bytes);
        }
        let bytes = file.bytes();
        let description = read(&bytes).unwrap();
        for (key, value) in &keys {
            prop_assert_eq!(&description.metadata[key], &value.to_string());
        }
        prop_assert_eq!(description.tensors.len(), tensors.len());
        let sources = Sources::new(vec![Box::new(bytes.clone())]);
        for (tensor, (name, (dtype, shape, bytes))) in description.tensors.iter().zip(&tensors) {
            prop_assert_eq!((&tensor.name, tensor.dtype, &tensor.shape), (name, *dtype, shape));
            if matches!(tensor.storage, Storage::Absent { .. }) {
                prop_assert!(big_endian && matches!(dtype, DType::Block(_)));
            } else {
                let read = sources.bytes(tensor).unwrap();
                prop_assert_eq!(&read.read_range(0, bytes.len()).unwrap(), bytes);
            }
        }
        prop_assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    }
}
