//! Arrays and archives described: the same values as when they are loaded, from where they lie.

use std::path::Path;

use proptest::prelude::*;
use reproof_digest::ReadAt;
use reproof_formats::npy::{data_offset, parse};
use reproof_formats::{Description, Severity, Sources, Storage, describe};
use reproof_tensor::{DType, Value};

use crate::gguf::values;
use crate::npy::array;
use crate::words;
use crate::zipped::archive;

fn dict(descr: &str, fortran: bool, shape: &str) -> String {
    let order = if fortran { "True" } else { "False" };
    format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}   \n")
}

fn read(bytes: &[u8]) -> Description {
    describe(&bytes.to_vec(), Path::new("a.npy")).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    words(&describe(&bytes.to_vec(), Path::new("a.npy")).unwrap_err())
}

#[test]
fn an_array_is_described_where_it_lies() {
    let bytes = array(1, &dict("'<f4'", false, "(2,)"), &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 9, 9]);
    let description = read(&bytes);
    assert_eq!(description.format.as_str(), "npy");
    let [tensor] = description.tensors.as_slice() else { panic!("one array") };
    assert_eq!((tensor.name.as_str(), tensor.part.as_str()), ("", "model"));
    assert_eq!((tensor.dtype, tensor.shape.as_slice(), &tensor.note), (DType::F32, [2].as_slice(), &None));
    let start = bytes.len() as u64 - 10;
    assert!(matches!(tensor.storage, Storage::Range { file: 0, offset, length: 8 } if offset == start));
    assert_eq!(data_offset(&bytes).unwrap(), start);
    // Header, elements, and what NumPy ignores.
    assert_eq!(description.files[0].layout.segments().len(), 3);
}

#[test]
fn what_has_no_element_type_is_carried_raw() {
    let stored: Vec<u8> = (0..96).collect();
    let carried = |descr: &str, fortran, shape: &str| {
        let bytes = array(2, &dict(descr, fortran, shape), &stored);
        let description = read(&bytes);
        let values = values(&description, &bytes).remove(0);
        let tensor = description.tensors[0].clone();
        (tensor.dtype, tensor.shape, tensor.note.unwrap(), values)
    };
    let structure = "[('a', '<i4'), (('title', 'it\\'s'), '|S2', (2,)), ('', '|V4')]";
    let cases: [(&str, DType, &[u64], usize); 8] = [
        ("'|S3'", DType::U8, &[2, 3], 6),
        ("'|V2'", DType::U8, &[2, 2], 4),
        ("'<U5'", DType::U32, &[2, 5], 40),
        ("'<M8[ns]'", DType::I64, &[2], 16),
        ("'<m8[25s]'", DType::I64, &[2], 16),
        ("'<f16'", DType::U8, &[2, 16], 32),
        ("'<c32'", DType::U8, &[2, 32], 64),
        (structure, DType::U8, &[2, 12], 24),
    ];
    for (descr, dtype, shape, length) in cases {
        let (actual, dims, note, values) = carried(descr, false, "(2,)");
        assert_eq!((actual, dims.as_slice()), (dtype, shape), "{descr}");
        assert_eq!(values, stored[..length], "{descr}");
        assert!(note.starts_with("numpy ") && note.contains(&descr.trim_matches('\'')[..3]), "{note}");
    }
    assert_eq!(
        carried("[('é\"it\\'s', '|u1')]", false, "()").2,
        "numpy [('é\"it\\'s', '|u1')]",
        "the description is NumPy's own text"
    );
    let nested = "[('p', [('x', '<f8'), ('y', '<f4', 3)], (2, 2)), ('q', ('|u1', (4,)))]";
    assert_eq!(carried(nested, false, "()").1, [84]);
    // Columns first: the bytes of an element stay together.
    let (_, shape, _, values) = carried("'|S3'", true, "(2, 2)");
    assert_eq!(shape, [2, 2, 3]);
    assert_eq!(values, [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]);
    let (_, _, _, values) = carried("'>U1'", true, "(2, 2)");
    assert_eq!(values, [3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 5, 4, 15, 14, 13, 12]);
    assert_eq!(carried("'>M8[D]'", false, "(1,)").3, [7, 6, 5, 4, 3, 2, 1, 0]);
    assert!(carried("'|V0'", true, "(3, 2)").3.is_empty());
}

#[test]
fn objects_are_found_and_not_read() {
    for descr in ["'|O'", "[('a', '<i4'), ('b', [('c', '|O')])]"] {
        let bytes = array(1, &dict(descr, false, "(1,)"), b"\x80\x04N.");
        let description = read(&bytes);
        assert!(description.tensors.is_empty());
        let [finding] = description.findings.as_slice() else { panic!("one finding") };
        assert_eq!((finding.id.as_str(), finding.severity), ("npy.objects", Severity::Warning));
        assert_eq!(finding.message, "array holds Python objects, which only unpickling could read");
        assert_eq!(finding.offset, Some(bytes.len() as u64 - 4));
    }
}

#[test]
fn hostile_headers_are_refused() {
    let of = |descr: &str, shape: &str| refusal(&array(2, &dict(descr, false, shape), &[0; 64]));
    assert_eq!(of("'<f4'", "(17,)"), "array needs 68 bytes, 64 are left");
    assert_eq!(of("'|S3'", "(30,)"), "array needs 90 bytes, 64 are left");
    assert!(of("'<f4'", "(18446744073709551615, 4)").contains("needs more than 18446744073709551615 bytes"));
    assert!(of("'<U9223372036854775807'", "(1, 2)").contains("needs more than"));
    assert_eq!(of("'<i3'", "(1,)"), "element type `<i3` has no form here: it is not a type of NumPy");
    assert_eq!(of("''", "(1,)"), "element type `` has no form here: it is empty");
    let large = "[('a', '<i4', (4294967296, 4294967296))]";
    assert!(of(large, "(1,)").contains("its elements are larger than any file"));
    let deep = format!("{}'<i4'{}", "[('a', ".repeat(1_000), ")]".repeat(1_000));
    assert!(of(&deep, "(1,)").contains("expected types that are nested less deeply"));
    let pairs = format!("{}'<i4'{}", "(".repeat(1_000), ", 1)".repeat(1_000));
    assert!(of(&pairs, "(1,)").contains("expected types that are nested less deeply"));
    for (descr, expected) in [
        ("[('a', '<i4')", "`(`"),
        ("[('a', '<i4'", "a number below 2^64"),
        ("[('a')]", "`,`"),
        ("[('a, '<i4')]", "`,`"),
        ("[(a, '<i4')]", "a quoted text"),
        ("[('a', eval('1'))]", "a quoted text"),
        ("[('a', '<i4', x)]", "a number below 2^64"),
        ("('<i4', (2,)", "`)`"),
    ] {
        let words = of(descr, "(1,)");
        assert!(words.ends_with(&format!(", expected {expected}")), "{descr}: {words}");
    }
    assert_eq!(refusal(b"\x93NUMPY\x01\x00\xff\xff{}"), "header needs 65545 bytes, 12 are left");
    let long = array(2, &" ".repeat(65_537), &[]);
    assert_eq!(refusal(&long), "header length is 65537 bytes, expected at most 65536");
}

#[test]
fn an_archive_is_described_where_it_lies() {
    let little = array(1, &dict("'<f4'", false, "()"), &1.5_f32.to_le_bytes());
    let columns = array(1, &dict("'>i2'", true, "(2, 2)"), &[0, 1, 0, 2, 0, 3, 0, 4]);
    let objects = array(1, &dict("'|O'", false, "()"), b"\x80\x04N.");
    let bytes = archive(&[
        ("a.npy", &little, false),
        ("x/b.npy", &columns, false),
        ("c.npy", &columns, true),
        ("d.npy", &little, true),
        ("o.npy", &objects, false),
        ("p.npy", &objects, true),
        ("notes.txt", b"words", true),
    ]);
    let description = read(&bytes);
    assert_eq!(description.format.as_str(), "npz");
    let names: Vec<&str> = description.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["a", "x/b", "c", "d"]);
    let turned = vec![1, 0, 3, 0, 2, 0, 4, 0];
    let float = 1.5_f32.to_le_bytes().to_vec();
    assert_eq!(values(&description, &bytes), [float.clone(), turned.clone(), turned, float]);
    let kinds: Vec<&str> = description
        .tensors
        .iter()
        .map(|tensor| match tensor.storage {
            Storage::Range { .. } => "range",
            Storage::View(_) => "view",
            Storage::Gathered(_) => "gathered",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["range", "view", "gathered", "gathered"]);
    let findings: Vec<_> =
        description.findings.iter().map(|finding| (finding.id.as_str(), finding.message.as_str())).collect();
    assert_eq!(
        findings,
        [
            ("npy.objects", "member `o.npy` holds Python objects, which only unpickling could read"),
            ("npy.objects", "member `p.npy` holds Python objects, which only unpickling could read"),
            ("npz.not-an-array", "member `notes.txt` is not an array"),
        ]
    );
    let offset = description.findings[0].offset.unwrap() as usize;
    assert_eq!(&bytes[offset..offset + 4], b"\x80\x04N.");
    assert_eq!(description.findings[1].offset, None);
}

#[test]
fn archives_that_lie_are_refused() {
    let member = array(1, &dict("'<f4'", false, "(2,)"), &[7; 8]);
    let short = archive(&[("a.npy", &member[..member.len() - 1], false)]);
    assert_eq!(refusal(&short), "member `a.npy`: array needs 8 bytes, 7 are left");
    // The directory of a compressed member: checksum at 16, stored size at 20, size at 24.
    let central = |bytes: &[u8]| bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let patched = |place: usize, local: usize, change: &dyn Fn(&mut u8)| {
        let mut bytes = archive(&[("a.npy", &member, true)]);
        let start = central(&bytes);
        change(&mut bytes[start + place]);
        change(&mut bytes[local]);
        refusal(&bytes)
    };
    assert!(patched(16, 14, &|byte| *byte ^= 1).starts_with("member `a.npy` has the checksum "));
    let size = member.len();
    assert_eq!(
        patched(24, 22, &|byte| *byte += 1),
        format!("member `a.npy` has {size} bytes, expected {}", size + 1)
    );
    assert_eq!(
        patched(24, 22, &|byte| *byte -= 1),
        format!("member `a.npy` has {size} bytes, expected {}", size - 1)
    );
    // 2^30 bytes and some, declared only.
    assert_eq!(
        patched(27, 25, &|byte| *byte = 0x40),
        "compressed member `a.npy` expands the archive beyond the 268435456 bytes that are held in memory"
    );
    assert_eq!(
        patched(10, 8, &|byte| *byte = 12),
        "member `a.npy` is compressed by method 12, expected 0 (stored) or 8 (deflate)"
    );
    assert_eq!(patched(8, 6, &|byte| *byte |= 1), "member `a.npy` is encrypted");
}

const NUMBERS: [(&str, u64); 12] = [
    ("b1", 1),
    ("i1", 1),
    ("u1", 1),
    ("i2", 2),
    ("u2", 2),
    ("f2", 2),
    ("i4", 4),
    ("f4", 4),
    ("u8", 8),
    ("f8", 8),
    ("c8", 8),
    ("c16", 16),
];

proptest! {
    #[test]
    fn described_values_are_those_that_are_loaded(
        (kind, size) in prop::sample::select(NUMBERS.to_vec()),
        (big, fortran, compressed) in any::<(bool, bool, bool)>(),
        shape in prop::collection::vec(0_u64..5, 0..5),
        seed in any::<u8>(),
    ) {
        let count = shape.iter().product::<u64>() * size;
        let byte = |place: u64| ((place * 37 + u64::from(seed)) % if kind == "b1" { 2 } else { 251 }) as u8;
        let data: Vec<u8> = (0..count).map(byte).collect();
        let dims: Vec<String> = shape.iter().map(|dim| format!("{dim},")).collect();
        let descr = format!("'{}{kind}'", if big { '>' } else { '<' });
        let bytes = array(1, &dict(&descr, fortran, &format!("({})", dims.concat())), &data);
        let Value::Tensor(loaded) = parse(&bytes, 1 << 20).unwrap() else { panic!("numbers") };
        for file in [bytes.clone(), archive(&[("k.npy", &bytes, compressed)])] {
            let description = read(&file);
            let tensor = &description.tensors[0];
            prop_assert_eq!((tensor.dtype, tensor.shape.as_slice()), (loaded.dtype(), loaded.shape()));
            let sources = Sources::new(vec![Box::new(file)]);
            let read = sources.bytes(tensor).unwrap();
            prop_assert_eq!(read.read_range(0, count as usize).unwrap(), loaded.bytes());
        }
    }
}
