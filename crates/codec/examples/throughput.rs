//! How fast blocks are encoded and decoded on one core, and how small they get.
//!
//! ```text
//! cargo run --release --example throughput                            # generated weights
//! cargo run --release --example throughput -- FILE... [--base FILE]   # safetensors files, alone and as differences
//! ```
//!
//! Prints encoded bytes / decoded bytes, and GB/s of decoded bytes: the sum of the best time of each block in several
//! repeats, which a busy machine disturbs least.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::error::Error;
use std::time::Instant;

use reproof_codec::{BLOCK_LENGTH, Base, Element, decode_into, encode};

/// One tensor: its name, its dtype as safetensors spells it, its bytes.
type Tensor = (String, String, Vec<u8>);

/// Repeats, of which the best one counts.
const REPEATS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<String> = Vec::new();
    let mut base = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--base" {
            base = Some(arguments.next().ok_or("--base needs a file")?);
        } else {
            files.push(argument);
        }
    }
    println!("{:<44} {:>9} {:>7} {:>8} {:>8}", "what", "MB", "ratio", "encode", "decode");
    if files.is_empty() {
        return generated();
    }
    let base = base.as_deref().map(read).transpose()?;
    for file in files {
        let tensors = read(&file)?;
        let name = file.rsplit('/').next().unwrap_or(&file);
        measure(name, &tensors, None)?;
        if let Some(base) = &base {
            measure(&format!("{name} on its base"), &tensors, Some(base))?;
        }
    }
    Ok(())
}

/// Encodes and decodes all tensors in blocks. A base tensor is the one with the same name.
fn measure(name: &str, tensors: &[Tensor], bases: Option<&[Tensor]>) -> Result<(), Box<dyn Error>> {
    let mut work = Vec::new();
    for (name, dtype, bytes) in tensors {
        let element = Element::of_dtype(dtype);
        let base = bases.and_then(|bases| bases.iter().find(|(other, ..)| other == name));
        let base = base.map(|(_, dtype, bytes)| (Element::of_dtype(dtype), bytes));
        for (index, block) in bytes.chunks(BLOCK_LENGTH).enumerate() {
            let base = base.map(|(base, bytes)| {
                let unit = BLOCK_LENGTH / element.width() * base.width();
                Base { element: base, bytes: bytes.chunks(unit).nth(index).unwrap_or_default(), depth: 0 }
            });
            work.push((element, block, base));
        }
    }
    let total: usize = work.iter().map(|(_, block, _)| block.len()).sum();
    let mut best = vec![(f64::INFINITY, f64::INFINITY); work.len()];
    let mut size = 0;
    let mut target = vec![0; BLOCK_LENGTH];
    for _ in 0..REPEATS {
        size = 0;
        for ((element, block, base), (encode_seconds, decode_seconds)) in work.iter().zip(&mut best) {
            let start = Instant::now();
            let encoded = encode(*element, block, *base)?;
            *encode_seconds = encode_seconds.min(start.elapsed().as_secs_f64());
            size += encoded.len();
            let target = target.get_mut(..block.len()).ok_or("a block longer than its limit")?;
            let start = Instant::now();
            decode_into(&encoded, base.map(|base| base.bytes), target)?;
            *decode_seconds = decode_seconds.min(start.elapsed().as_secs_f64());
            if target != *block {
                return Err("decoded bytes differ".into());
            }
        }
    }
    let (encode_seconds, decode_seconds) =
        best.iter().fold((0.0, 0.0), |(encode, decode), best| (encode + best.0, decode + best.1));
    println!(
        "{name:<44} {:>9.2} {:>7.4} {:>8.2} {:>8.2}",
        total as f64 / 1e6,
        size as f64 / total as f64,
        total as f64 / encode_seconds / 1e9,
        total as f64 / decode_seconds / 1e9,
    );
    Ok(())
}

/// Reads a safetensors file: a length, a JSON header without nesting beyond its tensors, the bytes.
fn read(path: &str) -> Result<Vec<Tensor>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or("too short")?;
    let (header, data) = rest.split_at_checked(u64::from_le_bytes(*length) as usize).ok_or("too short")?;
    let header = std::str::from_utf8(header)?;
    let mut tensors = Vec::new();
    for entry in header.split("},") {
        let Some((name, fields)) = entry.split_once(":{\"dtype\":\"") else { continue };
        let name = name.rsplit('"').nth(1).unwrap_or(name);
        let (dtype, fields) = fields.split_once('"').ok_or("no dtype")?;
        let (_, offsets) = fields.split_once("\"data_offsets\":[").ok_or("no offsets")?;
        let (begin, end) =
            offsets.split(']').next().and_then(|pair| pair.split_once(',')).ok_or("no offsets")?;
        let range = begin.trim().parse::<usize>()?..end.trim().parse::<usize>()?;
        let values = data.get(range).ok_or("offsets behind the end")?;
        tensors.push((name.to_owned(), dtype.to_owned(), values.to_vec()));
    }
    Ok(tensors)
}

/// Normal weights, a step of training on them, and what else a checkpoint holds.
fn generated() -> Result<(), Box<dyn Error>> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let weights: Vec<f32> = (0..4 << 20).map(|_| (random.normal() * 0.02) as f32).collect();
    let after: Vec<f32> =
        weights.iter().map(|weight| (f64::from(*weight) + random.normal() * 1e-5) as f32).collect();
    let brain = |value: &f32| ((value.to_bits() + 0x7fff + (value.to_bits() >> 16 & 1)) >> 16) as u16;
    let tensor = |dtype: &str, bytes: Vec<u8>| vec![("w".to_owned(), dtype.to_owned(), bytes)];
    let single =
        |values: &[f32]| tensor("F32", values.iter().flat_map(|value| value.to_le_bytes()).collect());
    let double = |values: &[f32]| {
        tensor(
            "F64",
            values
                .iter()
                .flat_map(|value| (f64::from(*value) * 0.731_058_578_630_004_9).to_le_bytes())
                .collect(),
        )
    };
    let half =
        |values: &[f32]| tensor("BF16", values.iter().flat_map(|value| brain(value).to_le_bytes()).collect());
    measure("f32 normal", &single(&weights), None)?;
    measure("f32 normal, a step later", &single(&after), Some(&single(&weights)))?;
    measure("bf16 normal", &half(&weights), None)?;
    measure("bf16 normal, a step later", &half(&after), Some(&half(&weights)))?;
    measure("bf16 copy of f32", &half(&weights), Some(&single(&weights)))?;
    measure("f64 normal", &double(&weights), None)?;
    let integers = (0..2_u64 << 20).flat_map(|index| (index * 3).to_le_bytes()).collect();
    measure("i64 counting", &tensor("I64", integers), None)?;
    let bools = (0..16 << 20).map(|_| u8::from(random.next() % 10 == 0)).collect();
    measure("bool, one in ten", &tensor("BOOL", bools), None)?;
    let noise = (0..2 << 20).flat_map(|_| random.next().to_le_bytes()).collect();
    measure("u8 noise", &tensor("U8", noise), None)
}

/// splitmix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A sum of twelve uniform numbers: near enough to normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| (self.next() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0
    }
}
