//! From bits to symbols: as many at a time as a table's index holds whole codes of.
#![expect(clippy::inline_always, reason = "a call would cost as much as a lookup")]

use super::LIMIT;
use super::codes::ENTRIES;

/// Lookups per load of 64 bits, of which at least 57 are of use.
pub(super) const LOOKUPS: usize = 5;

/// Bytes of the plane that [`LOOKUPS`] may touch: 8 are written at each place, and places are masked to 64.
pub(super) const WINDOW: usize = 63 + 8;

/// Symbols of one entry, at most: the bytes beside their number and their bits.
const SYMBOLS: u32 = 6;

/// All whole codes in each sequence of bits: their symbols from the lowest byte on, in byte 6 their number, in byte 7
/// their bits.
pub(super) struct SeveralSymbols([u64; ENTRIES]);

impl SeveralSymbols {
    /// From the first symbol (low byte) and its bits (high byte) of each sequence of bits.
    pub(super) fn new(first: &[u16; ENTRIES]) -> Self {
        let mut entries = [0; ENTRIES];
        for (entry, bits) in entries.iter_mut().zip(0_usize..) {
            let (mut symbols, mut count, mut used) = (0_u64, 0_u32, 0_u32);
            while count < SYMBOLS {
                let next = first[(bits >> used) & (ENTRIES - 1)];
                let length = u32::from(next >> 8);
                if used + length > LIMIT {
                    break;
                }
                symbols |= u64::from(next & 0xff) << (8 * count);
                count += 1;
                used += length;
            }
            *entry = symbols | u64::from(count) << 48 | u64::from(used) << 56;
        }
        Self(entries)
    }

    /// Writes what the lowest bits of `word` stand for and drops these bits. The low byte of `sums` adds up numbers of
    /// symbols, what is above it numbers of bits: in [`LOOKUPS`] at most 30 and 55.
    #[inline(always)]
    pub(super) fn look_up(&self, word: &mut u64, sums: &mut u64, target: &mut [u8; WINDOW]) {
        let entry = self.0[*word as usize & (ENTRIES - 1)];
        let place = *sums as usize & 63;
        if let Some(target) = target.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
            *target = entry.to_le_bytes();
        }
        *word = word.wrapping_shr((entry >> 56) as u32);
        *sums = sums.wrapping_add(entry >> 48);
    }
}
