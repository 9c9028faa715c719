//! NumPy arrays and archives, built by hand from the published format.

use proptest::prelude::*;
use reproof_formats::npy::{NpyError, parse, parse_archive};
use reproof_tensor::{DType, StringTensor, Tensor, Value};

const LIMIT: u64 = 1 << 20;

/// An array file of this version and header text.
pub fn array(major: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([major, 0]);
    if major == 1 {
        bytes.extend((header.len() as u16).to_le_bytes());
    } else {
        bytes.extend((header.len() as u32).to_le_bytes());
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn dict(descr: &str, fortran: bool, shape: &str) -> String {
    let order = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}   \n")
}

fn numbers(bytes: &[u8]) -> Tensor {
    match parse(bytes, LIMIT).unwrap() {
        Value::Tensor(tensor) => tensor,
        other => panic!("expected numbers, got {other:?}"),
    }
}

#[test]
fn numbers_of_both_byte_orders_are_read() {
    let little = array(1, &dict("<f4", false, "(2,)"), &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
    let big = array(2, &dict(">f4", false, "(2,)"), &[0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]);
    assert_eq!(numbers(&little), Tensor::from_f32(vec![2], &[1.0, 2.0]).unwrap());
    assert_eq!(numbers(&big), numbers(&little));
    let complex = array(3, &dict(">c8", false, "()"), &[0x3f, 0x80, 0, 0, 0x40, 0, 0, 0]);
    let expected = Tensor::new(DType::C64, vec![], numbers(&little).into_bytes()).unwrap();
    assert_eq!(numbers(&complex), expected, "each half of a complex number has its own byte order");
    let truth = array(1, &dict("|b1", false, "(3L,)"), &[0, 1, 5]);
    assert_eq!(numbers(&truth).bytes(), [0, 1, 1]);
}

#[test]
fn column_major_arrays_are_turned() {
    // Elements 0 to 5 of a 2 by 3 array, columns first.
    let stored: Vec<u8> = [0_i16, 3, 1, 4, 2, 5].iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensor = numbers(&array(1, &dict("<i2", true, "(2, 3)"), &stored));
    let expected: Vec<u8> = (0..6_i16).flat_map(i16::to_le_bytes).collect();
    assert_eq!((tensor.shape(), tensor.bytes()), ([2, 3].as_slice(), expected.as_slice()));
}

#[test]
fn texts_lose_their_padding() {
    let unicode: Vec<u8> =
        ['a', '\0', '\0', 'é', '😀', '\0'].iter().flat_map(|c| (*c as u32).to_le_bytes()).collect();
    let texts = |values: &[&str]| {
        Value::Strings(StringTensor {
            shape: vec![values.len() as u64],
            values: values.iter().map(ToString::to_string).collect(),
        })
    };
    assert_eq!(parse(&array(3, &dict("<U3", false, "(2,)"), &unicode), LIMIT).unwrap(), texts(&["a", "é😀"]));
    assert_eq!(parse(&array(1, &dict("|S2", false, "(2,)"), b"ab\0\0"), LIMIT).unwrap(), texts(&["ab", ""]));
}

#[test]
fn what_has_no_form_here_is_refused_by_name() {
    let refusal = |bytes: &[u8]| parse(bytes, LIMIT).unwrap_err().to_string();
    let of = |descr: &str| refusal(&array(1, &dict(descr, false, "(1,)"), &[0; 64]));
    assert_eq!(of("|O"), "array holds Python objects, which only unpickling could read");
    assert_eq!(of("<M8[ns]"), "element type `<M8[ns]` has no form here: dates and durations are not numbers");
    assert_eq!(of("<f16"), "element type `<f16` has no form here: long doubles differ between machines");
    assert!(of("|V2").contains("bfloat16"));
    let structure = "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}";
    assert!(refusal(&array(1, structure, &[0; 4])).contains("structures are not tensors"));
    assert_eq!(refusal(b"PK\x03\x04"), "file does not begin as a NumPy array");
    assert_eq!(refusal(&array(9, "", &[])), "format version 9 is not known, expected 1, 2 or 3");
    let short = array(1, &dict("<f8", false, "(3,)"), &[0; 20]);
    assert_eq!(refusal(&short), "array needs 24 bytes, 20 are left");
    let twice = "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}";
    assert!(refusal(&array(1, twice, &[0; 4])).contains("each once"));
    let code = "{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}";
    assert_eq!(
        refusal(&array(1, code, &[0; 4])),
        "byte 20: header has `__import__(\\'os\\')`, expected a quoted text"
    );
}

#[test]
fn sizes_are_bounded() {
    let of = |descr: &str, shape: &str| parse(&array(1, &dict(descr, false, shape), &[0; 64]), LIMIT);
    for (descr, shape) in [
        ("<f4", "(18446744073709551615, 4)"),
        ("<f4", "(4294967296, 4294967296)"),
        ("<U0", "(1000000000000,)"),
        ("|S0", "(1000000000000,)"),
        ("<f4", "(1000000,)"),
    ] {
        let error = of(descr, shape).unwrap_err();
        assert!(matches!(error, NpyError::TooLarge { .. }), "{descr} {shape}: {error}");
    }
    assert!(matches!(of("<U999999999999", "(0,)").unwrap_err(), NpyError::ElementType { .. }));
    let empty = of("<f4", "(0, 18446744073709551615)").unwrap();
    assert_eq!(empty.signature(), Some((DType::F32, [0, u64::MAX].as_slice())));
}

pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members: Vec<(&str, &[u8], bool)> =
        members.iter().map(|(name, bytes)| (*name, *bytes, true)).collect();
    crate::zipped::archive(&members)
}

#[test]
fn archives_are_read_by_name() {
    let member = array(1, &dict("<f4", false, "()"), &1.5_f32.to_le_bytes());
    let values = parse_archive(&archive(&[("a.npy", &member), ("x/b.npy", &member)]), LIMIT).unwrap();
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "x/b"]);
    assert_eq!(values[1].1, Value::Tensor(Tensor::from_f32(vec![], &[1.5]).unwrap()));
}

#[test]
fn archives_that_lie_are_refused() {
    let member = array(1, &dict("<f4", false, "()"), &1.5_f32.to_le_bytes());
    let refusal = |bytes: &[u8]| parse_archive(bytes, LIMIT).unwrap_err();
    let other = refusal(&archive(&[("notes.txt", b"words")]));
    assert_eq!(other.to_string(), "member `notes.txt` is not an array: expected a name that ends in `.npy`");
    let object = refusal(&archive(&[("o.npy", &array(1, &dict("|O", false, "()"), &[]))]));
    assert!(matches!(object, NpyError::Member { problem, .. } if matches!(*problem, NpyError::Objects)));
    // Two megabytes of zeros in two kilobytes.
    let bomb = refusal(&archive(&[("bomb.npy", &vec![0; 2 << 20])]));
    assert_eq!(bomb.to_string(), "member `bomb.npy` expands the archive beyond 1048576 bytes");
    // Two names of equal length, made equal by hand in both directories.
    let mut twins = archive(&[("a.npy", &member), ("b.npy", &member)]);
    for start in 0..twins.len() - 5 {
        if &twins[start..start + 5] == b"b.npy" {
            twins[start] = b'a';
        }
    }
    assert!(matches!(refusal(&twins), NpyError::DuplicateMember), "{:?}", refusal(&twins));
    // The flag of encryption, in the local and the central header.
    let mut encrypted = archive(&[("a.npy", &member)]);
    encrypted[6] |= 1;
    let central = encrypted.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    encrypted[central + 8] |= 1;
    assert_eq!(refusal(&encrypted).to_string(), "member `a.npy` is encrypted");
    assert!(matches!(refusal(b"PK\x05\x06"), NpyError::Zip(_)));
}

proptest! {
    #[test]
    fn memory_orders_agree(shape in prop::collection::vec(0_u64..4, 0..4)) {
        let count = shape.iter().product::<u64>() as usize;
        let dims: Vec<String> = shape.iter().map(|dim| format!("{dim},")).collect();
        let text = format!("({})", dims.concat());
        let mut stored = vec![0_u8; count];
        for (position, row_major) in (0..count).enumerate() {
            let (mut rest, mut index) = (row_major, vec![0; shape.len()]);
            for axis in (0..shape.len()).rev() {
                index[axis] = rest % shape[axis] as usize;
                rest /= shape[axis] as usize;
            }
            let place = (0..shape.len()).rev().fold(0, |place, axis| place * shape[axis] as usize + index[axis]);
            stored[place] = position as u8;
        }
        let columns = numbers(&array(1, &dict("|u1", true, &text), &stored));
        let expected: Vec<u8> = (0..count).map(|value| value as u8).collect();
        prop_assert_eq!(columns.bytes(), expected.as_slice());
    }
}
