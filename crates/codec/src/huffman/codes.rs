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
    let mut codes = [Code::default(); 256];
    let mut next = 0_u32;
    for length in 1..=LIMIT {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, own)| u32::from(**own) == length) {
            *code = Code { bits: (next.reverse_bits() >> (32 - length)) as u16, length: length as u8 };
            next = next.wrapping_add(1);
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
