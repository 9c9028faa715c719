//! Filling a tensor of a given dtype with a kind of values.

use half::{bf16, f16};
use reproof_tensor::{DType, StringTensor, Tensor, Value, element_count};

use super::random::Random;

/// The largest tensor that is made up, in bytes: proposals for all inputs of all cases are in memory together.
const LARGEST: u64 = 16 << 20;

/// What a tensor is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Realistic values of its role.
    Typical,
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// The largest and smallest finite values in turn; for integers those of their known range.
    Extremes,
    /// Values below the smallest normal number.
    Denormals,
    /// Typical values with a NaN among them.
    Nan,
    /// Typical values with both infinities among them.
    Infinities,
    /// All -0.
    NegativeZeros,
    /// One past the known range of an integer.
    OutOfRange,
}

/// What an input means, as far as its name, type and use tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Pixels from 0 to 1 (floats) or 0 to 255 (bytes).
    Image,
    /// Indices below a bound, such as token ids.
    Index(u64),
    /// 1 where there is data, 0 where there is padding.
    Mask,
    /// 0, 1, 2, ...
    Position,
    /// Small sizes, counts, flags.
    Count,
    /// Roughly normal numbers.
    Number,
}

/// A value of the dtype and shape, `None` where the dtype cannot hold what is asked.
pub(super) fn fill(
    dtype: DType,
    shape: &[u64],
    role: Role,
    kind: Fill,
    random: &mut Random,
) -> Option<Value> {
    let count = element_count(shape).filter(|count| count.saturating_mul(dtype.bits()) / 8 <= LARGEST)?;
    let last = shape.last().copied().unwrap_or(1).max(1);
    let mut bytes = Vec::new();
    for position in 0..count {
        if dtype.is_float() {
            encode(dtype, float(dtype, role, kind, position, count, last, random)?, &mut bytes)?;
        } else {
            integer(dtype, whole(dtype, role, kind, position, last, random)?, &mut bytes)?;
        }
    }
    Tensor::new(dtype, shape.to_vec(), bytes).ok().map(Value::Tensor)
}

/// A tensor of texts: words, nothing (zeros), very many words (ones), signs that are treated in their own ways
/// (extremes).
pub(super) fn texts(shape: &[u64], kind: Fill, random: &mut Random) -> Option<Value> {
    const ODD: &str =
        "e\u{301}\u{202e}abc\u{202c} \u{fb01}\tI\u{307}  \u{1f9d1}\u{200d}\u{1f680} <s> [MASK] \u{0}\u{fffd}";
    const WORDS: [&str; 6] = ["the quick brown fox", "Zürich", "", "12:30", "日本語", "a"];
    let count = element_count(shape).filter(|count| *count < (1 << 20))?;
    let mut words = || WORDS[random.below(WORDS.len() as u64) as usize].to_owned();
    let word = |_| match kind {
        Fill::Zeros => String::new(),
        Fill::Ones => (0..200).map(|_| words()).collect::<Vec<_>>().join(" "),
        Fill::Extremes => ODD.to_owned(),
        _ => words(),
    };
    let values = (0..count).map(word).collect();
    Some(Value::Strings(StringTensor { shape: shape.to_vec(), values }))
}

fn float(
    dtype: DType,
    role: Role,
    kind: Fill,
    position: u64,
    count: u64,
    last: u64,
    random: &mut Random,
) -> Option<f64> {
    let (largest, denormal) = match dtype {
        DType::F64 => (f64::MAX, 1e-310),
        DType::F32 => (f64::from(f32::MAX), 1e-40),
        DType::F16 => (f64::from(f16::MAX), 3e-6),
        DType::BF16 => (f64::from(bf16::MAX), 1e-40),
        _ => return None,
    };
    let mut typical = || match role {
        Role::Image => {
            // A slope with noise on it looks more like a picture to a convolution than noise alone.
            let slope = (position % last) as f64 / last as f64;
            (0.7 * slope + 0.3 * random.uniform()).clamp(0.0, 1.0)
        }
        Role::Mask => 1.0,
        _ => random.normal(),
    };
    // The special value stands in the middle, where every window and every reduction meets it.
    let special = position == count / 2;
    Some(match kind {
        Fill::Typical | Fill::OutOfRange => typical(),
        Fill::Zeros => 0.0,
        Fill::NegativeZeros => -0.0,
        Fill::Ones => 1.0,
        Fill::Extremes => {
            if position.is_multiple_of(2) {
                largest
            } else {
                -largest
            }
        }
        Fill::Denormals => {
            if position.is_multiple_of(2) {
                denormal
            } else {
                -denormal
            }
        }
        Fill::Nan => {
            if special {
                f64::NAN
            } else {
                typical()
            }
        }
        Fill::Infinities => match position {
            position if position == count / 2 => f64::INFINITY,
            position if position == count / 3 => f64::NEG_INFINITY,
            _ => typical(),
        },
    })
}

fn whole(
    dtype: DType,
    role: Role,
    kind: Fill,
    position: u64,
    last: u64,
    random: &mut Random,
) -> Option<i128> {
    let typical = |random: &mut Random| match role {
        Role::Image if dtype == DType::U8 => i128::from(random.below(256)),
        Role::Index(bound) => i128::from(random.below(bound)),
        Role::Mask => i128::from(u8::from(position % last < last.div_ceil(2).max(last * 3 / 4))),
        Role::Position => i128::from(position % last),
        Role::Count | Role::Image => 1,
        Role::Number => i128::from(random.below(if dtype == DType::Bool { 2 } else { 10 })),
    };
    Some(match (kind, role) {
        (Fill::Zeros, Role::Count) => return None,
        (Fill::Zeros, _) => 0,
        (Fill::Ones, _) => 1,
        (Fill::Extremes, Role::Index(bound)) => {
            if position.is_multiple_of(2) {
                i128::from(bound) - 1
            } else {
                0
            }
        }
        (Fill::Extremes, Role::Image) => {
            if position.is_multiple_of(2) {
                255
            } else {
                0
            }
        }
        (Fill::OutOfRange, Role::Index(bound)) => i128::from(bound),
        // Masks and flags have no extremes, and an integer of unknown meaning may be a size: nobody allocates
        // 2^63 elements to find out.
        _ => typical(random),
    })
}

fn encode(dtype: DType, value: f64, bytes: &mut Vec<u8>) -> Option<()> {
    match dtype {
        DType::F64 => bytes.extend(value.to_le_bytes()),
        DType::F32 => bytes.extend((value as f32).to_le_bytes()),
        DType::F16 => bytes.extend(f16::from_f32(value as f32).to_le_bytes()),
        DType::BF16 => bytes.extend(bf16::from_f32(value as f32).to_le_bytes()),
        _ => return None,
    }
    Some(())
}

fn integer(dtype: DType, value: i128, bytes: &mut Vec<u8>) -> Option<()> {
    let width = match dtype {
        DType::Bool | DType::U8 | DType::I8 => 1,
        DType::U16 | DType::I16 => 2,
        DType::U32 | DType::I32 => 4,
        DType::U64 | DType::I64 => 8,
        _ => return None,
    };
    bytes.extend(&value.to_le_bytes()[..width]);
    Some(())
}
