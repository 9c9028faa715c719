//! Floats of a type as the bits that the type stores.

use reproof_tensor::DType;

use crate::arithmetic::{exponent, power};

/// Little-endian bytes of floats that are numbers of a type; NaN is the type's quiet one.
pub fn encode_floats(dtype: DType, values: &[f64]) -> Vec<u8> {
    match dtype {
        DType::F64 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DType::F32 => values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect(),
        DType::F16 => values
            .iter()
            .flat_map(|value| (small(*value, 10, 15, 0x7E00, 0x7C00) as u16).to_le_bytes())
            .collect(),
        DType::BF16 => values
            .iter()
            .flat_map(|value| (small(*value, 7, 127, 0x7FC0, 0x7F80) as u16).to_le_bytes())
            .collect(),
        DType::F8E4M3 => values.iter().map(|value| small(*value, 3, 7, 0x7F, 0x7F) as u8).collect(),
        DType::F8E5M2 => values.iter().map(|value| small(*value, 2, 15, 0x7F, 0x7C) as u8).collect(),
        DType::F8E4M3Fnuz => values.iter().map(|value| small(*value, 3, 8, 0x80, 0x80) as u8).collect(),
        DType::F8E5M2Fnuz => values.iter().map(|value| small(*value, 2, 16, 0x80, 0x80) as u8).collect(),
        other => unreachable!("{other} is no float of an operator"),
    }
}

/// The bits of a number of a type with so many bits of fraction and this bias, without rounding.
fn small(value: f64, fraction: i32, bias: i32, nan: u32, infinity: u32) -> u32 {
    if value.is_nan() {
        return nan;
    }
    let width = if fraction > 3 { 16 } else { 8 };
    let sign = u32::from(value.is_sign_negative()) << (width - 1);
    if value.is_infinite() {
        return sign | infinity;
    }
    if value == 0.0 {
        return sign;
    }
    let exponent = exponent(value).max(1 - bias);
    // An integer of at most `fraction + 1` bits: exact.
    let whole = (value.abs() / power(exponent - fraction)) as u32;
    let is_normal = whole >> fraction != 0;
    let field = if is_normal { (exponent + bias) as u32 } else { 0 };
    sign | (field << fraction) | (whole & ((1 << fraction) - 1))
}

#[cfg(test)]
mod tests {
    use reproof_tensor::Tensor;

    use super::*;

    #[test]
    fn every_pattern_of_small_types_survives() {
        for dtype in
            [DType::F16, DType::BF16, DType::F8E4M3, DType::F8E5M2, DType::F8E4M3Fnuz, DType::F8E5M2Fnuz]
        {
            let width = dtype.bits() as usize / 8;
            let patterns: Vec<u8> = if width == 2 {
                (0..=u16::MAX).flat_map(u16::to_le_bytes).collect()
            } else {
                (0..=u8::MAX).collect()
            };
            let count = (patterns.len() / width) as u64;
            let tensor = Tensor::new(dtype, vec![count], patterns.clone()).unwrap();
            let values: Vec<f64> = tensor.view().elements().unwrap().iter().collect();
            let back = encode_floats(dtype, &values);
            for (index, value) in values.iter().enumerate() {
                let (was, is) = (&patterns[index * width..][..width], &back[index * width..][..width]);
                assert!(value.is_nan() || was == is, "{dtype}: {was:?} is {value}, and became {is:?}");
            }
        }
    }
}
