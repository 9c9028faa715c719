//! Conversions between float formats that trainers make when they save a tensor twice: exact where the target is wider,
//! else to nearest, ties to even. A block that is the conversion of its base needs no bytes of its own.
//!
//! What happens to NaNs is part of the format: a quiet NaN with the sign and the highest bits of the payload. Where a
//! framework decides otherwise, the difference is stored, so nothing is lost.

use std::borrow::Cow;

use crate::element::Element;

/// Whether [`convert`] knows this pair.
pub(crate) fn is_known(from: Element, to: Element) -> bool {
    use Element::{BFloat16, Float16, Float32, Float64};
    from == to
        || matches!(
            (from, to),
            (Float32, BFloat16 | Float16 | Float64) | (Float64 | BFloat16 | Float16, Float32)
        )
}

/// The numbers in `bytes` as another element; `None` for a pair that is not known. Odd bytes at the end are
/// dropped unless nothing is converted.
pub(crate) fn convert(from: Element, to: Element, bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    use Element::{BFloat16, Float16, Float32, Float64};
    let converted = match (from, to) {
        _ if from == to => return Some(Cow::Borrowed(bytes)),
        (Float32, BFloat16) => each(bytes, |value| single_to_brain(u32::from_le_bytes(value)).to_le_bytes()),
        (Float32, Float16) => each(bytes, |value| single_to_half(u32::from_le_bytes(value)).to_le_bytes()),
        (Float64, Float32) => each(bytes, |value| double_to_single(u64::from_le_bytes(value)).to_le_bytes()),
        (BFloat16, Float32) => {
            each(bytes, |value| (u32::from(u16::from_le_bytes(value)) << 16).to_le_bytes())
        }
        (Float16, Float32) => each(bytes, |value| half_to_single(u16::from_le_bytes(value)).to_le_bytes()),
        (Float32, Float64) => each(bytes, |value| single_to_double(u32::from_le_bytes(value)).to_le_bytes()),
        _ => return None,
    };
    Some(Cow::Owned(converted))
}

fn each<const FROM: usize, const TO: usize>(
    bytes: &[u8],
    convert: impl Fn([u8; FROM]) -> [u8; TO],
) -> Vec<u8> {
    let mut converted = vec![0; (bytes.len() / FROM).saturating_mul(TO)];
    for (target, value) in converted.chunks_exact_mut(TO).zip(bytes.chunks_exact(FROM)) {
        if let (Some(target), Some(value)) = (target.first_chunk_mut::<TO>(), value.first_chunk::<FROM>()) {
            *target = convert(*value);
        }
    }
    converted
}

const SINGLE_INFINITY: u32 = 0x7f80_0000;

fn single_to_brain(bits: u32) -> u16 {
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16;
    let quiet = bits >> 16 | 0x40;
    (if bits & 0x7fff_ffff > SINGLE_INFINITY { quiet } else { rounded }) as u16
}

fn single_to_half(bits: u32) -> u16 {
    /// 65520, halfway between the largest half and the next power of two.
    const OVERFLOW: u32 = 0x477f_f000;
    /// 2^-14, the smallest normal half.
    const NORMAL: u32 = 0x3880_0000;
    let magnitude = bits & 0x7fff_ffff;
    let half = if magnitude > SINGLE_INFINITY {
        0x7e00 | (magnitude >> 13 & 0x1ff)
    } else if magnitude >= OVERFLOW {
        0x7c00
    } else if magnitude < NORMAL {
        // In [0.5, 1) single precision has steps of 2^-24, those of subnormal halves: the addition rounds.
        (f32::from_bits(magnitude) + 0.5).to_bits().wrapping_sub(0.5_f32.to_bits())
    } else {
        // Exponent bias 127 to 15, and half a step less one where the result would be even.
        magnitude.wrapping_sub(112 << 23).wrapping_add(0xfff + (magnitude >> 13 & 1)) >> 13
    };
    (bits >> 16 & 0x8000 | half) as u16
}

fn half_to_single(bits: u16) -> u32 {
    let (sign, magnitude) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff));
    let single = if magnitude >= 0x7c00 {
        SINGLE_INFINITY | (magnitude & 0x3ff) << 13
    } else if magnitude < 0x400 {
        // A whole number of steps of 2^-24, which single precision holds exactly.
        (magnitude as f32 * f32::from_bits(103 << 23)).to_bits()
    } else {
        (magnitude << 13).wrapping_add(112 << 23)
    };
    sign | single
}

fn double_to_single(bits: u64) -> u32 {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        return (bits >> 32) as u32 & 0x8000_0000 | 0x7fc0_0000 | (bits >> 29) as u32 & 0x003f_ffff;
    }
    (value as f32).to_bits()
}

fn single_to_double(bits: u32) -> u64 {
    let value = f32::from_bits(bits);
    if value.is_nan() {
        let payload = u64::from(bits & 0x003f_ffff) << 29;
        return u64::from(bits & 0x8000_0000) << 32 | 0x7ff8_0000_0000_0000 | payload;
    }
    f64::from(value).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_survive_the_way_up_and_down() {
        for bits in 0..=u16::MAX {
            let back = single_to_half(half_to_single(bits));
            let quiet = if bits & 0x7fff > 0x7c00 { bits | 0x200 } else { bits };
            assert_eq!(back, quiet, "half {bits:#06x}");
        }
    }

    #[test]
    fn rounds_to_nearest_even() {
        let cases: [(f32, u16, u16); 9] = [
            (1.0, 0x3f80, 0x3c00),
            (-0.0, 0x8000, 0x8000),
            (1.0 + 1.0 / 256.0, 0x3f80, 0x3c04), // bfloat16: a tie, down to even
            (1.0 + 3.0 / 256.0, 0x3f82, 0x3c0c), // bfloat16: a tie, up to even
            (65519.996, 0x4780, 0x7bff),         // half: just below the overflow
            (65520.0, 0x4780, 0x7c00),           // half: a tie, up to infinity
            (f32::INFINITY, 0x7f80, 0x7c00),
            (2.980_232_2e-8, 0x3300, 0x0000), // half: half a subnormal step, down to even
            (8.940_697e-8, 0x33c0, 0x0002),   // half: one and a half steps, up to even
        ];
        for (value, brain, half) in cases {
            assert_eq!(single_to_brain(value.to_bits()), brain, "bfloat16 of {value}");
            assert_eq!(single_to_half(value.to_bits()), half, "half of {value}");
        }
        assert_eq!(single_to_brain(0xff80_0001), 0xffc0);
        assert_eq!(single_to_half(0x7f80_2000), 0x7e01);
        assert_eq!(double_to_single(0x7ff0_0000_2000_0000), 0x7fc0_0001);
        assert_eq!(single_to_double(0xff80_0001), 0xfff8_0000_2000_0000);
    }
}
