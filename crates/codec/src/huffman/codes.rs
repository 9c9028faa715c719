//! Canonical codes: which bits stand for which symbol follows from the lengths alone.
//!
//! Shorter codes come first, and lower symbols among equally long ones. Codes are stored with their first bit lowest,
//! because bits are read from the low end of a word.

use super::LIMIT;
use super::lengths::Lengths;

/// Entries of a table that is indexed by the next [`LIMIT`] bits.
pub(super) const ENTRIES: usize = 1 << LIMIT;

/// A code and its length, as the encoder needs it.
#[derive(Clone, Copy, Default)]
pub(super) struct Code {
    /// The bits, first bit lowest.
    pub(super) bits: u16,
    /// How many they are; 0 for a symbol that does not occur.
    pub(super) length: u8,
}

/// The code of each symbol.
pub(super) fn assign(lengths: &Lengths) -> [Code; 256] {
    let mut counts = [0_u32; LIMIT as usize + 1];
    for length in lengths.iter().filter(|length| **length > 0) {
        if let Some(count) = counts.get_mut(usize::from(*length)) {
            *count = count.wrapping_add(1);
        }
    }
    // The next code of each length.
    let mut next = [0_u32; LIMIT as usize + 1];
    let mut first = 0_u32;
    for (next, count) in next.iter_mut().zip(counts) {
        first = first.wrapping_shl(1);
        *next = first;
        first = first.wrapping_add(count);
    }
    let mut codes = [Code::default(); 256];
    for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| **length > 0) {
        if let Some(next) = next.get_mut(usize::from(*length)) {
            let bits = next.reverse_bits().wrapping_shr(32 - u32::from(*length)) as u16;
            *code = Code { bits, length: *length };
            *next = next.wrapping_add(1);
        }
    }
    codes
}

/// The first symbol of each possible sequence of [`LIMIT`] bits (low byte) and its code's length (high byte).
pub(super) fn first_symbols(lengths: &Lengths) -> [u16; ENTRIES] {
    let mut table = [0_u16; ENTRIES];
    for (code, symbol) in assign(lengths).iter().zip(0_u16..).filter(|(code, _)| code.length > 0) {
        let entry = symbol | u16::from(code.length) << 8;
        for target in table.iter_mut().skip(usize::from(code.bits)).step_by(1 << code.length) {
            *target = entry;
        }
    }
    table
}
