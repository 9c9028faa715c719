//! Numbers of one width: reading, the reversible maps, and taking them apart into bytes of equal weight.
//!
//! Everything here is a loop over equally long slices without branches or overflow checks, which the compiler turns
//! into vector instructions. Wide numbers are halved step by step, as vector units narrow well by two and badly
//! by eight.

/// Numbers that are taken apart at a time: few enough for the first-level cache with all their halves.
pub(crate) const TILE: usize = 512;

/// An unsigned integer that holds one number.
pub(crate) trait Lane: Parts {
    /// Bytes of one number, and so planes of a block.
    const WIDTH: usize;

    /// Fills `tile` from little-endian `bytes`.
    fn read(bytes: &[u8], tile: &mut [Self]);

    /// Writes `tile` as little-endian `bytes`.
    fn write(tile: &[Self], bytes: &mut [u8]);

    /// The highest bit to the lowest place: after it, the exponent of a float is a whole byte or as near as can be.
    fn rotate(self) -> Self;

    /// Undoes [`Lane::rotate`].
    fn rotate_back(self) -> Self;

    /// A float's bits as a signed integer (in two's complement) that has the order of the floats, and back: it is its
    /// own inverse. Neighbouring floats become neighbouring integers, on both sides of zero too.
    fn order(self) -> Self;

    /// `self - base`, modulo the width, with the sign in the lowest bit, so that small differences are small numbers.
    fn subtract(self, base: Self) -> Self;

    /// Undoes [`Lane::subtract`].
    fn add(self, base: Self) -> Self;
}

/// A number that can be taken apart into its bytes.
pub(crate) trait Parts: Copy + Default {
    /// Takes a tile apart: `planes` are as many as the width, the lowest byte first, each as long as the tile.
    fn split(tile: &[Self], planes: &mut [&mut [u8]]);

    /// Undoes [`Parts::split`].
    fn join(planes: &[&[u8]], tile: &mut [Self]);
}

macro_rules! lane {
    ($lane:ty, $signed:ty) => {
        impl Lane for $lane {
            const WIDTH: usize = size_of::<$lane>();

            #[inline]
            fn read(bytes: &[u8], tile: &mut [Self]) {
                for (lane, bytes) in tile.iter_mut().zip(bytes.chunks_exact(Self::WIDTH)) {
                    if let Some(bytes) = bytes.first_chunk() {
                        *lane = Self::from_le_bytes(*bytes);
                    }
                }
            }

            #[inline]
            fn write(tile: &[Self], bytes: &mut [u8]) {
                for (lane, bytes) in tile.iter().zip(bytes.chunks_exact_mut(Self::WIDTH)) {
                    if let Some(bytes) = bytes.first_chunk_mut() {
                        *bytes = lane.to_le_bytes();
                    }
                }
            }

            #[inline]
            fn rotate(self) -> Self {
                self.rotate_left(1)
            }

            #[inline]
            fn rotate_back(self) -> Self {
                self.rotate_right(1)
            }

            #[inline]
            fn order(self) -> Self {
                let sign = (self as $signed) >> (Self::BITS - 1);
                self ^ ((sign as $lane) >> 1)
            }

            #[inline]
            fn subtract(self, base: Self) -> Self {
                let difference = self.wrapping_sub(base);
                let sign = (difference as $signed) >> (Self::BITS - 1);
                (difference << 1) ^ (sign as $lane)
            }

            #[inline]
            fn add(self, base: Self) -> Self {
                let sign = (self & 1).wrapping_neg();
                base.wrapping_add((self >> 1) ^ sign)
            }
        }
    };
}

lane!(u8, i8);
lane!(u16, i16);
lane!(u32, i32);
lane!(u64, i64);

impl Parts for u8 {
    #[inline]
    fn split(tile: &[Self], planes: &mut [&mut [u8]]) {
        if let [only] = planes {
            for (target, lane) in only.iter_mut().zip(tile) {
                *target = *lane;
            }
        }
    }

    #[inline]
    fn join(planes: &[&[u8]], tile: &mut [Self]) {
        if let [only] = planes {
            for (lane, source) in tile.iter_mut().zip(*only) {
                *lane = *source;
            }
        }
    }
}

impl Parts for u16 {
    #[inline]
    fn split(tile: &[Self], planes: &mut [&mut [u8]]) {
        if let [low, high] = planes {
            for ((lane, low), high) in tile.iter().zip(low.iter_mut()).zip(high.iter_mut()) {
                *low = *lane as u8;
                *high = (*lane >> 8) as u8;
            }
        }
    }

    #[inline]
    fn join(planes: &[&[u8]], tile: &mut [Self]) {
        if let [low, high] = planes {
            for ((lane, low), high) in tile.iter_mut().zip(*low).zip(*high) {
                *lane = Self::from(*high) << 8 | Self::from(*low);
            }
        }
    }
}

macro_rules! halved {
    ($lane:ty, $half:ty) => {
        impl Parts for $lane {
            #[inline]
            fn split(tile: &[Self], planes: &mut [&mut [u8]]) {
                let (mut high, mut low) = ([<$half>::default(); TILE], [<$half>::default(); TILE]);
                for ((lane, high), low) in tile.iter().zip(&mut high).zip(&mut low) {
                    *high = (*lane >> <$half>::BITS) as $half;
                    *low = *lane as $half;
                }
                let length = tile.len().min(TILE);
                let (below, above) = planes.split_at_mut((Self::WIDTH / 2).min(planes.len()));
                if let (Some(high), Some(low)) = (high.get(..length), low.get(..length)) {
                    <$half>::split(low, below);
                    <$half>::split(high, above);
                }
            }

            #[inline]
            fn join(planes: &[&[u8]], tile: &mut [Self]) {
                let (mut high, mut low) = ([<$half>::default(); TILE], [<$half>::default(); TILE]);
                let length = tile.len().min(TILE);
                let (below, above) = planes.split_at((Self::WIDTH / 2).min(planes.len()));
                if let (Some(high), Some(low)) = (high.get_mut(..length), low.get_mut(..length)) {
                    <$half>::join(below, low);
                    <$half>::join(above, high);
                }
                for ((lane, high), low) in tile.iter_mut().zip(&high).zip(&low) {
                    *lane = <$lane>::from(*high) << <$half>::BITS | <$lane>::from(*low);
                }
            }
        }
    };
}

halved!(u32, u16);
halved!(u64, u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_floats() {
        let mut floats: Vec<u16> = (0..=0x7c00).chain(0x8000..=0xfc00).collect();
        floats.sort_by_key(|bits| bits.order() as i16);
        // Half precision without NaNs: magnitudes compare as integers.
        let value = |bits: &u16| if bits >> 15 == 1 { -i32::from(bits & 0x7fff) } else { i32::from(*bits) };
        assert!(floats.windows(2).all(|pair| value(&pair[0]) <= value(&pair[1])));
    }

    #[test]
    fn maps_are_undone() {
        for bits in 0..=u16::MAX {
            assert_eq!(bits.order().order(), bits);
            assert_eq!(bits.rotate().rotate_back(), bits);
            for base in [0, 1, 0x7fff, 0x8000, 0xffff, bits] {
                assert_eq!(bits.subtract(base).add(base), bits);
            }
        }
        assert_eq!(6_u16.subtract(5), 2);
        assert_eq!(5_u16.subtract(6), 1);
    }
}
