//! The decoder: four streams side by side, which take turns because one lookup waits for the one before it.
#![expect(
    clippy::inline_always,
    reason = "a call, or a state that is kept in memory, would cost as much as a lookup"
)]

use super::codes::{ENTRIES, first_symbols};
use super::look_up::{LOOKUPS, SeveralSymbols, WINDOW};
use super::{STREAMS, lengths, quarters};
use crate::cursor::Cursor;
use crate::decode::DecodeError;

/// Symbols of a plane from which on making a table of several symbols takes less time than it saves.
const WORTH_A_TABLE: usize = 4096;

/// Reads a coded plane into `plane`.
pub(crate) fn decode(cursor: &mut Cursor<'_>, plane: &mut [u8]) -> Result<(), DecodeError> {
    let lengths = lengths::read(cursor)?;
    let mut sizes = [0; STREAMS];
    for size in &mut sizes {
        *size = cursor.varint("stream size")?;
    }
    let count = plane.len();
    let mut rest = plane;
    let mut next = |size: usize, length: usize| -> Result<Stream<'_>, DecodeError> {
        let offset = cursor.offset();
        let bytes = cursor.take("stream", size)?;
        let (symbols, later) = std::mem::take(&mut rest).split_at_mut_checked(length).unwrap_or_default();
        rest = later;
        Ok(Stream { bytes, offset, position: 0, symbols, filled: 0 })
    };
    let ([size_a, size_b, size_c, size_d], [quarter, _, _, last]) = (sizes, quarters(count));
    let (mut a, mut b) = (next(size_a, quarter)?, next(size_b, quarter)?);
    let (mut c, mut d) = (next(size_c, quarter)?, next(size_d, last)?);
    let first = first_symbols(&lengths);
    if count >= WORTH_A_TABLE {
        let table = SeveralSymbols::new(&first);
        while burst_together([&mut a, &mut b, &mut c, &mut d], &table).is_some() {}
        // Streams give more or fewer symbols per lookup, so that some are far from their end when the first one is there.
        for stream in [&mut a, &mut b, &mut c, &mut d] {
            while stream.burst(&table).is_some() {}
        }
    }
    [a, b, c, d].into_iter().try_for_each(|stream| stream.finish(&first))
}

/// One stream and the part of the plane that it fills.
struct Stream<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begin in the block.
    offset: usize,
    /// Bits read.
    position: usize,
    symbols: &'a mut [u8],
    filled: usize,
}

impl Stream<'_> {
    /// The next bits, and the place of what they stand for, if both have room for a whole burst.
    #[inline(always)]
    fn room(&mut self) -> Option<(u64, &mut [u8; WINDOW])> {
        let word = self.bytes.get(self.position >> 3..)?.first_chunk::<8>()?;
        let target = self.symbols.get_mut(self.filled..)?.first_chunk_mut::<WINDOW>()?;
        Some((u64::from_le_bytes(*word) >> (self.position & 7), target))
    }

    /// Notes what a burst took and gave.
    #[inline(always)]
    fn advance(&mut self, sums: u64) {
        self.position = self.position.wrapping_add((sums >> 8) as usize);
        self.filled = self.filled.wrapping_add(sums as usize & 0xff);
    }

    /// Some [`LOOKUPS`]; `None` if there is no room.
    fn burst(&mut self, table: &SeveralSymbols) -> Option<()> {
        let (mut word, target) = self.room()?;
        let mut sums = 0;
        for _ in 0..LOOKUPS {
            table.look_up(&mut word, &mut sums, target);
        }
        self.advance(sums);
        Some(())
    }

    /// Reads what is left, one symbol at a time, and checks that the stream ends where its last symbol does.
    fn finish(mut self, first: &[u16; ENTRIES]) -> Result<(), DecodeError> {
        for symbol in self.symbols.iter_mut().skip(self.filled) {
            let rest = self.bytes.get(self.position >> 3..).unwrap_or_default();
            let mut word = [0; 4];
            for (target, byte) in word.iter_mut().zip(rest) {
                *target = *byte;
            }
            let bits = u32::from_le_bytes(word) >> (self.position & 7);
            let entry = first[bits as usize & (ENTRIES - 1)];
            *symbol = entry as u8;
            self.position = self.position.saturating_add(usize::from(entry >> 8));
        }
        ends(self.bytes, self.position, self.offset)
    }
}

/// Checks that a stream at `offset` of the block ends where its last symbol does, and that zeros fill its last byte.
pub(super) fn ends(bytes: &[u8], position: usize, offset: usize) -> Result<(), DecodeError> {
    let used = position % 8;
    let padded = used == 0 || bytes.last().is_none_or(|last| last >> used == 0);
    if position.div_ceil(8) == bytes.len() && padded {
        Ok(())
    } else {
        Err(DecodeError::Corrupt { what: "stream", offset })
    }
}

/// [`LOOKUPS`] of each stream; `None` if one of them has no room.
#[inline(always)]
fn burst_together([a, b, c, d]: [&mut Stream<'_>; STREAMS], table: &SeveralSymbols) -> Option<()> {
    let ((mut word_a, target_a), (mut word_b, target_b)) = (a.room()?, b.room()?);
    let ((mut word_c, target_c), (mut word_d, target_d)) = (c.room()?, d.room()?);
    let (mut sums_a, mut sums_b, mut sums_c, mut sums_d) = (0, 0, 0, 0);
    for _ in 0..LOOKUPS {
        table.look_up(&mut word_a, &mut sums_a, target_a);
        table.look_up(&mut word_b, &mut sums_b, target_b);
        table.look_up(&mut word_c, &mut sums_c, target_c);
        table.look_up(&mut word_d, &mut sums_d, target_d);
    }
    a.advance(sums_a);
    b.advance(sums_b);
    c.advance(sums_c);
    d.advance(sums_d);
    Some(())
}
