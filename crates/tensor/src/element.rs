//! Elements as numbers, and their distance in units in the last place.

use half::{bf16, f16};

use crate::DType;

/// Random access to the elements of a real tensor as `f64`.
///
/// Every float and every integer up to 2^53 is exact; larger 64-bit integers round, so that how far two of them lie apart
/// is told by [`Self::wide_integer`].
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    dtype: DType,
    bytes: &'a [u8],
    len: usize,
}

impl<'a> Elements<'a> {
    pub(crate) fn new(dtype: DType, bytes: &'a [u8], len: usize) -> Option<Self> {
        let readable = match dtype {
            DType::F6E2M3 | DType::F6E3M2 => false,
            DType::Block(block) => block.is_readable(),
            _ => !dtype.is_complex(),
        };
        readable.then_some(Self { dtype, bytes, len })
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element at `position` in row-major order.
    ///
    /// # Panics
    /// If `position` is not below [`Self::len`].
    #[inline]
    pub fn get(&self, position: usize) -> f64 {
        match self.dtype {
            DType::Bool | DType::U8 => f64::from(self.bytes[position]),
            DType::I8 => f64::from(self.bytes[position] as i8),
            DType::U2 => f64::from(self.packed(position, 2)),
            DType::I2 => f64::from(sign_extend(self.packed(position, 2), 2)),
            DType::U4 => f64::from(self.packed(position, 4)),
            DType::I4 => f64::from(sign_extend(self.packed(position, 4), 4)),
            DType::F4 => small_float(self.packed(position, 4), 2, 1, 1, Special::None),
            DType::F8E5M2 => small_float(self.bytes[position], 5, 2, 15, Special::Ieee),
            DType::F8E4M3 => small_float(self.bytes[position], 4, 3, 7, Special::NanAtEnd),
            DType::F8E5M2Fnuz => small_float(self.bytes[position], 5, 2, 16, Special::NanAtNegativeZero),
            DType::F8E4M3Fnuz => small_float(self.bytes[position], 4, 3, 8, Special::NanAtNegativeZero),
            DType::F8E8M0 => match self.bytes[position] {
                u8::MAX => f64::NAN,
                exponent => 2_f64.powi(i32::from(exponent) - 127),
            },
            DType::I16 => f64::from(i16::from_le_bytes(self.array(position))),
            DType::U16 => f64::from(u16::from_le_bytes(self.array(position))),
            DType::F16 => f16::from_le_bytes(self.array(position)).to_f64(),
            DType::BF16 => bf16::from_le_bytes(self.array(position)).to_f64(),
            DType::I32 => f64::from(i32::from_le_bytes(self.array(position))),
            DType::U32 => f64::from(u32::from_le_bytes(self.array(position))),
            DType::F32 => f64::from(f32::from_le_bytes(self.array(position))),
            DType::I64 => i64::from_le_bytes(self.array(position)) as f64,
            DType::U64 => u64::from_le_bytes(self.array(position)) as f64,
            DType::F64 => f64::from_le_bytes(self.array(position)),
            DType::Block(block) => {
                let (elements, bytes) = (block.elements() as usize, block.bytes() as usize);
                let start = position / elements * bytes;
                block.value(&self.bytes[start..start + bytes], position % elements)
            }
            DType::F6E2M3 | DType::F6E3M2 | DType::C32 | DType::C64 | DType::C128 => {
                unreachable!("refused when the view was made")
            }
        }
    }

    /// All elements in row-major order.
    pub fn iter(&self) -> impl Iterator<Item = f64> + use<'a> {
        let elements = *self;
        (0..elements.len).map(move |position| elements.get(position))
    }

    /// The element's place on the number line of its own dtype, such that neighbours differ by 1 and both
    /// zeros are 0: the difference of two places is their distance in ULP. `None` for what has no ULP here.
    #[inline]
    pub fn place(&self, position: usize) -> Option<i64> {
        Some(match self.dtype {
            DType::F16 | DType::BF16 => {
                let bits = i64::from(u16::from_le_bytes(self.array(position)));
                signed_magnitude(bits & 0x7fff, bits >> 15)
            }
            DType::F32 => {
                let bits = i64::from(u32::from_le_bytes(self.array(position)));
                signed_magnitude(bits & 0x7fff_ffff, bits >> 31)
            }
            DType::F64 => {
                let bits = u64::from_le_bytes(self.array(position));
                signed_magnitude((bits & !(1 << 63)) as i64, (bits >> 63) as i64)
            }
            _ => return None,
        })
    }

    /// The element of a dtype whose integers a float may round; `None` for all others.
    #[inline]
    pub fn wide_integer(&self, position: usize) -> Option<i128> {
        match self.dtype {
            DType::I64 => Some(i64::from_le_bytes(self.array(position)).into()),
            DType::U64 => Some(u64::from_le_bytes(self.array(position)).into()),
            _ => None,
        }
    }

    fn array<const N: usize>(&self, position: usize) -> [u8; N] {
        let start = position * N;
        self.bytes[start..start + N].try_into().expect("the slice has N bytes")
    }

    fn packed(&self, position: usize, bits: usize) -> u8 {
        let per_byte = 8 / bits;
        let shift = (position % per_byte) * bits;
        (self.bytes[position / per_byte] >> shift) & ((1 << bits) - 1)
    }
}

fn signed_magnitude(magnitude: i64, negative: i64) -> i64 {
    if negative == 0 { magnitude } else { -magnitude }
}

fn sign_extend(value: u8, bits: u32) -> i8 {
    let shift = 8 - bits;
    ((value << shift) as i8) >> shift
}

/// Where a small float format keeps its special values.
#[derive(Clone, Copy)]
enum Special {
    /// Nowhere.
    None,
    /// Largest exponent: infinity and NaN, as IEEE 754.
    Ieee,
    /// Only all ones is NaN (the `FN` formats).
    NanAtEnd,
    /// Only the pattern of negative zero is NaN (the `FNUZ` formats).
    NanAtNegativeZero,
}

/// The value of a float of at most 8 bits: sign, `exponent` bits with `bias`, `mantissa` bits.
fn small_float(bits: u8, exponent: u32, mantissa: u32, bias: i32, special: Special) -> f64 {
    let negative = (bits >> (exponent + mantissa)) & 1 == 1;
    let power = i32::from((bits >> mantissa) & ((1 << exponent) - 1));
    let fraction = bits & ((1 << mantissa) - 1);
    let last = (1 << exponent) - 1;
    let all_ones = (1 << mantissa) - 1;
    let magnitude = match special {
        Special::Ieee if power == last => {
            if fraction == 0 {
                f64::INFINITY
            } else {
                f64::NAN
            }
        }
        Special::NanAtEnd if power == last && fraction == all_ones => f64::NAN,
        Special::NanAtNegativeZero if negative && power == 0 && fraction == 0 => f64::NAN,
        _ => {
            let scale = 2_f64.powi(-(mantissa as i32));
            if power == 0 {
                f64::from(fraction) * scale * 2_f64.powi(1 - bias)
            } else {
                (1.0 + f64::from(fraction) * scale) * 2_f64.powi(power - bias)
            }
        }
    };
    if negative { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TensorView;

    fn value(dtype: DType, bytes: &[u8], shape: &[u64], position: usize) -> f64 {
        TensorView::new(dtype, shape, bytes).unwrap().elements().unwrap().get(position)
    }

    #[test]
    fn small_formats_follow_their_specifications() {
        // OCP 8-bit floating point specification, table 1: largest and smallest values.
        assert_eq!(value(DType::F8E5M2, &[0x7b], &[1], 0), 57344.0);
        assert_eq!(value(DType::F8E5M2, &[0x7c], &[1], 0), f64::INFINITY);
        assert_eq!(value(DType::F8E4M3, &[0x7e], &[1], 0), 448.0);
        assert!(value(DType::F8E4M3, &[0x7f], &[1], 0).is_nan());
        assert_eq!(value(DType::F8E4M3, &[0x01], &[1], 0), 2_f64.powi(-9));
        assert_eq!(value(DType::F8E4M3Fnuz, &[0x7f], &[1], 0), 240.0);
        assert!(value(DType::F8E5M2Fnuz, &[0x80], &[1], 0).is_nan());
        assert_eq!(value(DType::F8E8M0, &[127], &[1], 0), 1.0);
        // OCP MX specification, E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
        let all: Vec<f64> = (0..8).map(|i| value(DType::F4, &[0x10, 0x32, 0x54, 0x76], &[8], i)).collect();
        assert_eq!(all, [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]);
        assert_eq!(value(DType::I4, &[0xf8], &[2], 0), -8.0);
        assert_eq!(value(DType::I4, &[0xf8], &[2], 1), -1.0);
        assert_eq!(value(DType::I2, &[0b10_01_11_00], &[4], 1), -1.0);
    }

    #[test]
    fn neighbours_are_one_place_apart() {
        let values = [1.0_f32, 1.0_f32.next_up(), -0.0, 0.0, f32::from_bits(1), -f32::from_bits(1)];
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let elements = TensorView::new(DType::F32, &[6], &bytes).unwrap().elements().unwrap();
        let place = |i| elements.place(i).unwrap();
        assert_eq!(place(1) - place(0), 1);
        assert_eq!(place(2), place(3));
        assert_eq!(place(4) - place(5), 2);
    }
}
