//! Blocks of format version 0 as they were first written. They must decode for ever; the encoder may change.

mod values;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use reproof_codec::{Base, Element, Header, Transform, decode, encode};
use values::{Kind, bytes, nearby, single_bytes, trained, weights};

/// One block: its file's name, what it decodes to, and what it is based on.
struct Golden {
    name: String,
    transform: Transform,
    element: Element,
    bytes: Vec<u8>,
    base: Option<(Element, Vec<u8>, u8)>,
}

impl Golden {
    fn new(name: &str, transform: Transform, element: Element, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), transform, element, bytes, base: None }
    }

    fn on(mut self, element: Element, bytes: Vec<u8>, depth: u8) -> Self {
        self.base = Some((element, bytes, depth));
        self
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v0").join(format!("{}.block", self.name))
    }
}

/// Every element, every transform, every coding of planes, every conversion, every depth.
fn all() -> Vec<Golden> {
    let mut all = Vec::new();
    for element in Element::ALL {
        let name = format!("{element:?}").to_lowercase();
        let whole = bytes(Kind::Weights, element, 2500 * element.width() + element.width() - 1, 41);
        let base = nearby(&whole, element, 42);
        all.push(Golden::new(&format!("{name}-alone"), Transform::Planes, element, whole.clone()));
        all.push(
            Golden::new(&format!("{name}-delta"), Transform::Delta, element, whole).on(element, base, 1),
        );
    }
    let mut alone = |name, transform, kind, length| {
        all.push(Golden::new(name, transform, Element::Byte, bytes(kind, Element::Byte, length, 43)));
    };
    alone("empty", Transform::Stored, Kind::Zeros, 0);
    alone("one-byte", Transform::Stored, Kind::Repeated, 1);
    alone("constant", Transform::Planes, Kind::Zeros, 5000);
    alone("huffman", Transform::Planes, Kind::FewValues, 3001);
    alone("sparse", Transform::Planes, Kind::RareOthers, 3001);
    alone("stored", Transform::Stored, Kind::Noise, 500);
    let mut rare = vec![7; 40_000];
    for place in (0..rare.len()).step_by(1777) {
        rare[place] = place as u8;
    }
    all.push(Golden::new("sparse-twice", Transform::Planes, Element::Byte, rare));

    let single = weights(700, 44);
    let later = trained(&single, 1e-7, 45);
    let brain = values::brain_bytes(&single);
    let (long, longer) = (weights(12_001, 46), trained(&weights(12_001, 46), 1e-5, 47));
    let mut by_class = |name, element, bytes: Vec<u8>, base: Vec<u8>| {
        all.push(Golden::new(name, Transform::Delta, element, bytes).on(element, base, 0));
    };
    by_class(
        "bfloat16-by-class",
        Element::BFloat16,
        values::brain_bytes(&trained(&long, 1e-4, 48)),
        values::brain_bytes(&long),
    );
    let soon = single_bytes(&trained(&long, 1e-7, 49));
    by_class("float32-by-class", Element::Float32, soon, single_bytes(&long));
    let doubles = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect()
    };
    by_class("float64-by-class", Element::Float64, doubles(&longer), doubles(&long));
    let wide: Vec<u8> = single.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect();
    let upper: Vec<u8> = brain.chunks(2).flat_map(|half| [0, 0, half[0], half[1]]).collect();
    // Halves of which half precision holds each exactly.
    let numbers: Vec<u16> = (0..700_u16).map(|index| (index * 43 % 0x7c00) | (index << 15)).collect();
    let halves: Vec<u8> = numbers.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let from_halves: Vec<u8> = numbers.iter().flat_map(|bits| half_value(*bits).to_le_bytes()).collect();
    let single = single_bytes(&single);
    let mut same = |name, element, bytes: &[u8], base, base_bytes: &[u8], depth| {
        let golden = Golden::new(name, Transform::Same, element, bytes.to_vec());
        all.push(golden.on(base, base_bytes.to_vec(), depth));
    };
    same("same", Element::Float32, &single, Element::Float32, &single, 0);
    same("bfloat16-of-float32", Element::BFloat16, &brain, Element::Float32, &single, 0);
    same("float32-of-bfloat16", Element::Float32, &upper, Element::BFloat16, &brain, 0);
    same("float16-of-float32", Element::Float16, &halves, Element::Float32, &from_halves, 0);
    same("float32-of-float16", Element::Float32, &from_halves, Element::Float16, &halves, 0);
    same("float32-of-float64", Element::Float32, &single, Element::Float64, &wide, 0);
    same("float64-of-float32", Element::Float64, &wide, Element::Float32, &single, 1);
    let delta = Golden::new("float32-delta", Transform::Delta, Element::Float32, single_bytes(&later));
    all.push(Golden { name: "float32-trained".to_owned(), ..delta.on(Element::Float32, single, 0) });
    all
}

/// The value of a half, from its definition.
fn half_value(bits: u16) -> f32 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        _ => (1024.0 + mantissa) * 2_f64.powi(exponent - 25),
    };
    (if bits >> 15 == 1 { -magnitude } else { magnitude }) as f32
}

#[test]
fn all_decode() {
    write_missing();
    for golden in all() {
        let name = &golden.name;
        let encoded = fs::read(golden.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let header = Header::parse(&encoded).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((header.element, header.transform), (golden.element, golden.transform), "{name}");
        let base = golden.base.as_ref().map(|(_, bytes, _)| bytes.as_slice());
        let decoded = decode(&encoded, base, golden.bytes.len());
        assert!(decoded.as_ref() == Ok(&golden.bytes), "{name}: {:?}", decoded.map(|bytes| bytes.len()));
    }
}

/// `golden/decode.py` was written from FORMAT.md alone.
#[test]
fn an_independent_decoder_agrees() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for golden in all() {
        let name = &golden.name;
        let mut command = Command::new("python3");
        command.arg(folder.join("decode.py")).arg(golden.path());
        if let Some((_, bytes, _)) = &golden.base {
            let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.base"));
            fs::write(&base, bytes).expect("writable");
            command.arg(base);
        }
        let output = command.output().expect("this test needs python3");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == golden.bytes, "{name}: other bytes");
    }
}

#[test]
fn no_file_is_forgotten() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v0");
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    let mut expected: Vec<PathBuf> = all().iter().map(Golden::path).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// With `REPROOF_REGENERATE` set, writes files that are not there yet, and never one that is.
fn write_missing() {
    if std::env::var_os("REPROOF_REGENERATE").is_none() {
        return;
    }
    for golden in all() {
        if !golden.path().exists() {
            let base = golden.base.as_ref();
            let base = base.map(|(element, bytes, depth)| Base { element: *element, bytes, depth: *depth });
            let encoded = encode(golden.element, &golden.bytes, base).expect("valid arguments");
            fs::write(golden.path(), encoded).expect("writable");
        }
    }
}
