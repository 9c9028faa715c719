//! Steps between numbers, counted in bins of bounded number.

/// Bins per doubling: percentiles are good to 1/16, and exact below 32.
const BINS_PER_OCTAVE: u32 = 16;

/// Bits of a float32 below those that name a bin.
const SHIFT: u32 = 19;

/// The bits above [`SHIFT`] of 1.0, less one: bin 0 is for no step, bin 1 for one.
const BASE: u32 = (127 << 4) - 1;

/// Bins up to 2^64 steps.
const BINS: usize = 64 * BINS_PER_OCTAVE as usize + 2;

/// A number of steps: 32 bits where the type allows, because vectors hold twice as many of them.
pub(super) trait Distance: Copy + Ord + Default + Into<u64> {
    /// The bin that counts it.
    fn bin(self) -> u16;
}

impl Distance for u32 {
    #[expect(
        clippy::inline_always,
        reason = "a call in the innermost loop keeps it from becoming vector code"
    )]
    #[inline(always)]
    fn bin(self) -> u16 {
        // Processors convert signed numbers; what is beyond is in the last bin of them.
        let signed = if self as i32 >= 0 { self as i32 } else { i32::MAX };
        bin(signed as f32)
    }
}

impl Distance for u64 {
    #[expect(
        clippy::inline_always,
        reason = "a call in the innermost loop keeps it from becoming vector code"
    )]
    #[inline(always)]
    fn bin(self) -> u16 {
        bin(self as f32)
    }
}

/// Exponent and first bits of the mantissa make logarithmic bins without a logarithm.
#[expect(clippy::inline_always, reason = "a call in the innermost loop keeps it from becoming vector code")]
#[inline(always)]
fn bin(steps: f32) -> u16 {
    let bits = (steps.to_bits() >> SHIFT) as i32;
    (if bits > BASE as i32 { bits } else { BASE as i32 }).wrapping_sub(BASE as i32) as u16
}

/// Counts per bin while a block is looked at: four of each, so that neighbours in one bin do not wait for each other.
pub(super) struct Counters([[u32; BINS]; 4]);

impl Counters {
    #[expect(clippy::large_stack_arrays, reason = "16 KiB, on the way to the heap")]
    pub(super) fn new() -> Box<Self> {
        Box::new(Self([[0; BINS]; 4]))
    }

    pub(super) fn add(&mut self, bins: &[u16]) {
        let [first, second, third, fourth] = &mut self.0;
        let mut fours = bins.chunks_exact(4);
        let one = |counts: &mut [u32; BINS], bin: u16| {
            let count = &mut counts[usize::from(bin)];
            *count = count.wrapping_add(1);
        };
        for four in &mut fours {
            one(first, four[0]);
            one(second, four[1]);
            one(third, four[2]);
            one(fourth, four[3]);
        }
        fours.remainder().iter().for_each(|bin| one(first, *bin));
    }

    /// Moves the counts, which have to stay below 2^32, to the sum.
    pub(super) fn drain(&mut self, bins: &mut Bins) {
        for counts in &mut self.0 {
            bins.0
                .iter_mut()
                .zip(counts.iter_mut())
                .for_each(|(sum, count)| *sum += u64::from(std::mem::take(count)));
        }
    }
}

/// How many pairs are so many steps apart.
#[derive(Clone, Debug)]
pub(super) struct Bins(Vec<u64>);

impl Bins {
    pub(super) fn new() -> Self {
        Self(vec![0; BINS])
    }

    pub(super) fn add(&mut self, bin: u16, count: u64) {
        self.0[usize::from(bin)] += count;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum += count);
    }

    /// The smallest number of steps that `share` of the pairs do not exceed.
    pub(super) fn percentile(&self, share: f64, maximum: u64) -> u64 {
        let wanted = (self.0.iter().sum::<u64>() as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bin, count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper(bin as u32).min(maximum);
            }
        }
        maximum
    }

    /// Pairs per doubling: none, 1, 2 to 3, 4 to 7 steps and so on; ends with the last that is not empty.
    pub(super) fn octaves(&self) -> Vec<u64> {
        let mut octaves = vec![0; 65];
        for (bin, count) in self.0.iter().enumerate() {
            octaves[(bin + BINS_PER_OCTAVE as usize - 1).div_euclid(BINS_PER_OCTAVE as usize).min(64)] +=
                count;
        }
        octaves.truncate(octaves.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1));
        octaves
    }
}

/// The most steps that a bin counts.
fn upper(bin: u32) -> u64 {
    if bin == 0 { 0 } else { (f32::from_bits((bin + BASE + 1) << SHIFT).ceil() as u64).saturating_sub(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_distances_have_bins_of_their_own() {
        for steps in 0..32_u32 {
            assert_eq!(upper(u32::from(steps.bin())), u64::from(steps));
            assert_eq!(steps.bin(), u64::from(steps).bin());
        }
        for steps in [33_u64, 1000, 1 << 31, 1 << 40, 1 << 63, u64::MAX] {
            let upper = upper(u32::from(steps.bin()));
            assert!(upper >= steps.saturating_sub(1) && upper / 17 <= steps / 16, "{steps}: {upper}");
        }
    }

    #[test]
    fn octaves_are_doublings() {
        let mut bins = Bins::new();
        for steps in [0_u32, 1, 2, 3, 4, 7, 8, u32::MAX] {
            bins.add(steps.bin(), 1);
        }
        let octaves = bins.octaves();
        assert_eq!(octaves[..5], [1, 1, 2, 2, 1]);
        assert_eq!(octaves.len(), 33, "distances of 32 bits end in the octave of 2^31");
        assert_eq!(bins.percentile(0.5, u64::MAX), 3);
    }
}
