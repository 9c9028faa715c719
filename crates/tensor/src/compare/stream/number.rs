//! Numbers as they are stored: their value, and how many steps lie between two of them.

use super::distance::Distance;
use crate::{DType, Elements};

/// The value of each byte of a type of 8-bit floats.
pub(super) type Table = [f64; 256];

/// For types that need none.
pub(super) static NO_TABLE: Table = [0.0; 256];

/// The table of a type of 8-bit floats.
pub(super) fn table(dtype: DType) -> Option<Box<Table>> {
    let eight = dtype.is_float() && dtype.bits() == 8;
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    let elements = Elements::new(dtype, &bytes, bytes.len()).filter(|_| eight)?;
    let mut table = Box::new(NO_TABLE);
    table.iter_mut().zip(elements.iter()).for_each(|(entry, value)| *entry = value);
    Some(table)
}

/// A stored number. Everything here is free of branches, so that loops over it become vector code.
pub(super) trait Number: Copy {
    /// Bytes per number.
    const SIZE: usize;
    /// Steps between two numbers of this type.
    type Steps: Distance;

    /// The number in the first bytes.
    fn read(bytes: &[u8]) -> Self;
    /// Its value if it is finite; exact but for 64-bit integers beyond 2^53.
    fn value(self, table: &Table) -> f64;
    /// Its value, whatever it is.
    fn careful(self, table: &Table) -> f64;
    /// Whether it is neither NaN nor infinite.
    fn is_finite(self, table: &Table) -> bool;
    /// Whether all bits are the same.
    fn same(self, other: Self) -> bool;
    /// How many numbers of this type lie between the two, one of them counted; 0 between both zeros.
    fn steps(self, other: Self) -> Self::Steps;
}

macro_rules! stored {
    ($name:ident, $bits:ty, $signed:ty, $steps:ty, $size:literal, |$number:ident, $table:ident| $value:expr, $finite:expr,
     $infinity:expr, |$place:ident| $order:expr) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name($bits);

        impl Number for $name {
            const SIZE: usize = $size;
            type Steps = $steps;

            #[inline(always)]
            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; $size];
                array.copy_from_slice(&bytes[..$size]);
                Self(<$bits>::from_le_bytes(array))
            }

            #[inline(always)]
            fn value(self, $table: &Table) -> f64 {
                let $number = self.0;
                $value
            }

            fn careful(self, table: &Table) -> f64 {
                let value = self.value(table);
                let infinity: Option<$bits> = $infinity;
                match infinity {
                    Some(infinity) if !self.is_finite(table) => {
                        let sign = 1 << (<$bits>::BITS - 1);
                        if self.0 & !sign != infinity {
                            f64::NAN
                        } else if self.0 & sign == 0 {
                            f64::INFINITY
                        } else {
                            f64::NEG_INFINITY
                        }
                    }
                    _ => value,
                }
            }

            #[inline(always)]
            fn is_finite(self, $table: &Table) -> bool {
                let $number = self.0;
                let _ = ($number, $table);
                $finite
            }

            #[inline(always)]
            fn same(self, other: Self) -> bool {
                self.0 == other.0
            }

            #[inline(always)]
            fn steps(self, other: Self) -> $steps {
                let place = |$place: $bits| $order;
                let (a, b): ($signed, $signed) = (place(self.0), place(other.0));
                // The distance of two signed numbers fits the unsigned type of the same width.
                if a > b { a.wrapping_sub(b) as $steps } else { b.wrapping_sub(a) as $steps }
            }
        }
    };
}

/// The place of a number with a sign bit on the number line: negative ones count down from 0.
macro_rules! signed_magnitude {
    ($bits:expr, $signed:ty) => {{
        let bits = $bits as $signed;
        let negative = bits >> (<$signed>::BITS - 1);
        (bits ^ (negative & <$signed>::MAX)).wrapping_sub(negative)
    }};
}

stored!(F64, u64, i64, u64, 8, |bits, _table| f64::from_bits(bits), bits << 1 < 0x7ff0 << 49, None, |bits| {
    signed_magnitude!(bits, i64)
});
stored!(
    F32,
    u32,
    i32,
    u32,
    4,
    |bits, _table| f64::from(f32::from_bits(bits)),
    bits << 1 < 0xff << 24,
    None,
    |bits| { signed_magnitude!(bits, i32) }
);
stored!(
    F16,
    u16,
    i32,
    u32,
    2,
    |bits, _table| {
        // Exponent and mantissa moved into place; the product puts the bias right, for subnormal numbers too.
        let bits = u32::from(bits);
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
        f64::from(f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16))
    },
    bits & 0x7c00 != 0x7c00,
    Some(0x7c00),
    |bits| {
        let bits = u32::from(bits) << 16;
        signed_magnitude!(bits, i32) >> 16
    }
);
stored!(
    Bf16,
    u16,
    i32,
    u32,
    2,
    |bits, _table| f64::from(f32::from_bits(u32::from(bits) << 16)),
    bits & 0x7f80 != 0x7f80,
    None,
    |bits| {
        let bits = u32::from(bits) << 16;
        signed_magnitude!(bits, i32) >> 16
    }
);
stored!(
    Float8,
    u8,
    i32,
    u32,
    1,
    |bits, table| table[bits as usize],
    table[bits as usize].is_finite(),
    None,
    |bits| {
        let bits = u32::from(bits) << 24;
        signed_magnitude!(bits, i32) >> 24
    }
);
// A power of two has no sign bit.
stored!(
    Scale8,
    u8,
    i32,
    u32,
    1,
    |bits, table| table[bits as usize],
    bits != u8::MAX,
    None,
    |bits| i32::from(bits)
);
stored!(U8, u8, i32, u32, 1, |bits, _table| f64::from(bits), true, None, |bits| i32::from(bits));
stored!(I8, i8, i32, u32, 1, |bits, _table| f64::from(bits), true, None, |bits| i32::from(bits));
stored!(U16, u16, i32, u32, 2, |bits, _table| f64::from(bits), true, None, |bits| i32::from(bits));
stored!(I16, i16, i32, u32, 2, |bits, _table| f64::from(bits), true, None, |bits| i32::from(bits));
stored!(I32, i32, i32, u32, 4, |bits, _table| f64::from(bits), true, None, |bits| bits);
stored!(U32, u32, i32, u32, 4, |bits, _table| f64::from(bits), true, None, |bits| (bits ^ 1 << 31) as i32);
stored!(I64, i64, i64, u64, 8, |bits, _table| bits as f64, true, None, |bits| bits);
stored!(U64, u64, i64, u64, 8, |bits, _table| bits as f64, true, None, |bits| (bits ^ 1 << 63) as i64);
