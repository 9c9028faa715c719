//! Casts between floating-point types, so that a cast tensor can be told from a changed one.

use half::{bf16, f16};

use crate::DType;

/// A cast from one floating-point type to another, as frameworks do it: to the nearest, ties to even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    from: DType,
    to: DType,
}

impl Cast {
    /// The cast between two different types of F64, F32, F16 and BF16; `None` for any others.
    pub fn new(from: DType, to: DType) -> Option<Self> {
        let known = |dtype| matches!(dtype, DType::F64 | DType::F32 | DType::F16 | DType::BF16);
        (from != to && known(from) && known(to)).then_some(Self { from, to })
    }

    /// Whether every number of the first type is one of the second.
    pub fn is_exact(self) -> bool {
        matches!((self.from, self.to), (DType::F16 | DType::BF16, DType::F32) | (_, DType::F64))
    }

    /// The numbers of `bytes` in the other type, as they should be found in `expected`.
    ///
    /// Where there are two ways to round, directly or by way of float32 as PyTorch does it, the one that was taken
    /// in `expected` is; and NaN stays whatever NaN is there.
    pub fn apply(self, bytes: &[u8], expected: &[u8], out: &mut Vec<u8>) {
        out.clear();
        match self.from {
            DType::F64 => self.each::<8>(bytes, expected, out, f64::from_le_bytes),
            DType::F32 => self.each::<4>(bytes, expected, out, |bytes| f64::from(f32::from_le_bytes(bytes))),
            DType::F16 => self.each::<2>(bytes, expected, out, |bytes| f16::from_le_bytes(bytes).to_f64()),
            _ => self.each::<2>(bytes, expected, out, |bytes| bf16::from_le_bytes(bytes).to_f64()),
        }
    }

    fn each<const FROM: usize>(
        self,
        bytes: &[u8],
        expected: &[u8],
        out: &mut Vec<u8>,
        read: impl Fn([u8; FROM]) -> f64,
    ) {
        let values = bytes.chunks_exact(FROM).map(|bytes| {
            let mut array = [0; FROM];
            array.copy_from_slice(bytes);
            read(array)
        });
        match self.to {
            DType::F64 => write::<8>(values, expected, out, f64::to_le_bytes, f64::to_le_bytes, |bytes| {
                f64::from_le_bytes(bytes).is_nan()
            }),
            DType::F32 => {
                let cast = |value: f64| (value as f32).to_le_bytes();
                write::<4>(values, expected, out, cast, cast, |bytes| f32::from_le_bytes(bytes).is_nan());
            }
            DType::F16 => write::<2>(
                values,
                expected,
                out,
                |value| f16::from_f32(to_odd(value)).to_le_bytes(),
                |value| f16::from_f32(value as f32).to_le_bytes(),
                |bytes| f16::from_le_bytes(bytes).is_nan(),
            ),
            _ => write::<2>(
                values,
                expected,
                out,
                |value| bf16::from_f32(to_odd(value)).to_le_bytes(),
                |value| bf16::from_f32(value as f32).to_le_bytes(),
                |bytes| bf16::from_le_bytes(bytes).is_nan(),
            ),
        }
    }
}

fn write<const TO: usize>(
    values: impl Iterator<Item = f64>,
    expected: &[u8],
    out: &mut Vec<u8>,
    direct: impl Fn(f64) -> [u8; TO],
    detour: impl Fn(f64) -> [u8; TO],
    is_nan: impl Fn([u8; TO]) -> bool,
) {
    for (value, expected) in values.zip(expected.chunks_exact(TO)) {
        let mut found = [0; TO];
        found.copy_from_slice(expected);
        let cast = direct(value);
        let accepted = cast == found || detour(value) == found || (value.is_nan() && is_nan(found));
        out.extend_from_slice(if accepted { &found } else { &cast });
    }
}

/// The value in float32 such that rounding it once more is as good as rounding once: what is cut off leaves an
/// odd last bit (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
fn to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) == value || value.is_nan() || nearest == 0.0 && value == 0.0 {
        return nearest;
    }
    let bits = nearest.to_bits();
    let truncated = if f64::from(nearest).abs() > value.abs() { bits - 1 } else { bits };
    f32::from_bits(truncated | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(from: DType, to: DType, bytes: &[u8], width: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let size = bytes.len() / (from.bits() as usize / 8) * width;
        Cast::new(from, to).unwrap().apply(bytes, &vec![0x55; size], &mut out);
        out
    }

    #[test]
    fn numbers_are_rounded_once_and_ties_go_to_even() {
        let bf16 = |bits: u32| cast(DType::F32, DType::BF16, &bits.to_le_bytes(), 2);
        assert_eq!(bf16(0x3f80_8000), 0x3f80_u16.to_le_bytes());
        assert_eq!(bf16(0x3f81_8000), 0x3f82_u16.to_le_bytes());
        assert_eq!(bf16(0x3f80_8001), 0x3f81_u16.to_le_bytes());
        // 1 + 2^-11 + 2^-40 is above the tie of float16, and on it after a detour by float32.
        let above = 1.0 + 2_f64.powi(-11) + 2_f64.powi(-40);
        assert_eq!(cast(DType::F64, DType::F16, &above.to_le_bytes(), 2), 0x3c01_u16.to_le_bytes());
        assert_eq!(cast(DType::F32, DType::F16, &1e9_f32.to_le_bytes(), 2), 0x7c00_u16.to_le_bytes());
    }

    #[test]
    fn both_ways_to_round_and_every_nan_are_accepted() {
        let mut out = Vec::new();
        let above = 1.0 + 2_f64.powi(-11) + 2_f64.powi(-40);
        let narrow = Cast::new(DType::F64, DType::F16).unwrap();
        narrow.apply(&above.to_le_bytes(), &0x3c00_u16.to_le_bytes(), &mut out);
        assert_eq!(out, 0x3c00_u16.to_le_bytes());
        narrow.apply(&f64::NAN.to_le_bytes(), &0xfe01_u16.to_le_bytes(), &mut out);
        assert_eq!(out, 0xfe01_u16.to_le_bytes());
        assert!(Cast::new(DType::F32, DType::I32).is_none());
    }
}
