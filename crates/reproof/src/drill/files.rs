//! Faults in files: a tensor of a copy is damaged where it lies, whatever reads the format, or what prepares its inputs is.

mod preprocessing;

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use reproof_formats::{Format, Storage, TensorDescription};
use reproof_tensor::DType;

use crate::artifact::{Artifact, MODEL_PART};

/// The largest artifact of which copies are made, in bytes.
const LARGEST: u64 = 4 << 30;

/// The largest tensor that is damaged as a whole, in bytes.
const LARGEST_TENSOR: u64 = 64 << 20;

/// Formats whose files hold tensors as they are, without a checksum over them that the framework would refuse.
const OPEN: [Format; 4] =
    [Format::Onnx, Format::Safetensors, Format::SafetensorsSharded, Format::HuggingFace];

/// A fault in the file of an artifact.
pub(super) struct FileFault {
    pub(super) text: String,
    /// The file that has it.
    location: PathBuf,
    offset: u64,
    /// The bytes that take the place of those there.
    bytes: Vec<u8>,
}

/// What is done to a tensor, by its bytes and the size of an element.
type Damage = fn(&mut [u8], &TensorDescription, usize);

/// Faults by name, and the tensors that show them: the largest for most, as nearly everything passes through it.
const FAULTS: [(&str, Damage); 6] = [
    ("file=bit:sign", |bytes, tensor, size| flip(bytes, tensor, size, Bit::Sign)),
    ("file=bit:mantissa", |bytes, tensor, size| flip(bytes, tensor, size, Bit::Mantissa)),
    ("file=negated", |bytes, _, size| {
        bytes.iter_mut().skip(size - 1).step_by(size).for_each(|byte| *byte ^= 0x80);
    }),
    ("file=reversed", |bytes, tensor, _| reverse(bytes, tensor)),
    ("file=narrowed", |bytes, _, size| narrow(bytes, size)),
    ("file=zeroed", |bytes, _, _| bytes.fill(0)),
];

#[derive(Clone, Copy)]
enum Bit {
    Sign,
    /// The highest bit of the fraction.
    Mantissa,
}

/// The faults that can be planted in an artifact.
pub(super) fn known(artifact: &Artifact) -> Vec<FileFault> {
    let description = &artifact.description;
    let size: u64 = artifact.files.iter().map(|file| file.layout.size()).sum();
    if !OPEN.contains(&description.format) || size > LARGEST {
        return Vec::new();
    }
    let mut tensors: Vec<&TensorDescription> =
        description.tensors.iter().filter(|tensor| is_weight(tensor)).collect();
    // The largest is damaged in every way; another one by a bit, as faults have places.
    tensors.sort_by_key(|tensor| std::cmp::Reverse(elements(tensor)));
    let largest = tensors.first().copied();
    let other = tensors.iter().copied().find(|tensor| tensor.shape.len() == 1);
    let damaged = largest.into_iter().flat_map(|tensor| FAULTS.into_iter().map(move |fault| (tensor, fault)));
    let also = other.into_iter().map(|tensor| (tensor, FAULTS[1]));
    let tensors = damaged.chain(also).filter_map(|(tensor, fault)| planned(artifact, tensor, fault));
    tensors.chain(preprocessing::faults(artifact)).collect()
}

fn is_weight(tensor: &TensorDescription) -> bool {
    let floats = matches!(tensor.dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64);
    let whole = elements(tensor).checked_mul(width(tensor) as u64);
    let in_a_row = matches!(
        tensor.storage,
        Storage::Range { length, .. } if length <= LARGEST_TENSOR && Some(length) == whole
    );
    floats && in_a_row && tensor.part == MODEL_PART && tensor.tied_to.is_none() && elements(tensor) > 1
}

/// Elements of a tensor, as far as they can be counted.
fn elements(tensor: &TensorDescription) -> u64 {
    tensor.shape.iter().fold(1, |count, dim| u64::saturating_mul(count, *dim))
}

/// Bytes of an element.
fn width(tensor: &TensorDescription) -> usize {
    (tensor.dtype.bits() / 8) as usize
}

fn planned(
    artifact: &Artifact,
    tensor: &TensorDescription,
    (name, damage): (&str, Damage),
) -> Option<FileFault> {
    let Storage::Range { file, offset, length } = &tensor.storage else { return None };
    let described = artifact.description.files.get(*file)?;
    let mut before = vec![0; usize::try_from(*length).ok()?];
    let mut opened = fs::File::open(&described.location).ok()?;
    opened.seek(SeekFrom::Start(*offset)).ok()?;
    opened.read_exact(&mut before).ok()?;
    let mut bytes = before.clone();
    damage(&mut bytes, tensor, width(tensor));
    let text = format!("{name}:{}", tensor.name);
    (bytes != before).then(|| FileFault {
        text,
        location: described.location.clone(),
        offset: *offset,
        bytes,
    })
}

/// One bit of the element with the largest magnitude, which no other value hides.
fn flip(bytes: &mut [u8], tensor: &TensorDescription, size: usize, bit: Bit) {
    let (top, fraction) = match tensor.dtype {
        DType::F64 => (63, 51),
        DType::F32 => (31, 22),
        DType::BF16 => (15, 6),
        _ => (15, 9),
    };
    // Magnitudes of floats have the order of their bits without the sign.
    let magnitude = |element: &[u8]| {
        let mut wide = [0; 8];
        wide[..size].copy_from_slice(element);
        u64::from_le_bytes(wide) & !(1 << top)
    };
    let largest = bytes.chunks_exact(size).enumerate().max_by_key(|(_, element)| magnitude(element));
    let Some((place, _)) = largest else { return };
    let bit = match bit {
        Bit::Sign => top,
        Bit::Mantissa => fraction,
    };
    bytes[place * size + bit / 8] ^= 1 << (bit % 8);
}

/// The blocks along the first dim in the other order.
fn reverse(bytes: &mut [u8], tensor: &TensorDescription) {
    let count = usize::try_from(tensor.shape.first().copied().unwrap_or(1)).unwrap_or(1).max(1);
    let block = bytes.len() / count;
    let reversed: Vec<u8> = bytes.chunks(block.max(1)).rev().flatten().copied().collect();
    bytes.copy_from_slice(&reversed);
}

/// Single precision as it is after bfloat16, towards 0.
fn narrow(bytes: &mut [u8], size: usize) {
    if size == 4 {
        bytes.chunks_exact_mut(4).for_each(|element| element[..2].fill(0));
    }
}

impl FileFault {
    /// Makes a copy of the artifact with the fault below a folder; files that are as they were are linked where that can be.
    pub(super) fn plant(&self, artifact: &Artifact, folder: &Path) -> std::io::Result<PathBuf> {
        let name = artifact.path.file_name().unwrap_or_default();
        let copy = folder.join(name);
        for file in &artifact.files {
            // External weights lie beside a single file, by their own path.
            let target = match (artifact.path.is_dir(), file.path.as_str()) {
                (true, path) => copy.join(path),
                (false, "") => copy.clone(),
                (false, path) => folder.join(path),
            };
            fs::create_dir_all(target.parent().unwrap_or(folder))?;
            if file.location == self.location || fs::hard_link(&file.location, &target).is_err() {
                fs::copy(&file.location, &target)?;
            }
            if file.location == self.location {
                let mut opened = fs::OpenOptions::new().write(true).open(&target)?;
                opened.seek(SeekFrom::Start(self.offset))?;
                opened.write_all(&self.bytes)?;
            }
        }
        Ok(copy)
    }
}
