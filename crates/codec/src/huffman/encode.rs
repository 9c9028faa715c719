//! The encoder: decides from a histogram, then writes.
#![expect(clippy::inline_always, reason = "a call would cost as much as a group of symbols")]

use super::codes::{Code, assign};
use super::lengths::{self, Lengths};
use super::{LIMIT, STREAMS, quarters};
use crate::cursor::{varint_length, write_varint};
use crate::histogram::Histogram;

/// How a plane would be coded, and into how many bytes.
pub(crate) struct Plan {
    lengths: Lengths,
    /// The code lengths as stored.
    table: Vec<u8>,
    /// Bytes of the coded plane, at most: a few more than it will have.
    pub(crate) size: usize,
}

/// The best code for a plane with this histogram; `None` where a code does not apply (fewer than two symbols).
pub(crate) fn plan(histogram: &Histogram) -> Option<Plan> {
    let lengths = lengths::best(histogram)?;
    let mut table = Vec::new();
    lengths::write(&lengths, &mut table);
    let bits: u64 =
        histogram.iter().zip(&lengths).map(|(count, length)| u64::from(*count) * u64::from(*length)).sum();
    let bytes = (bits / 8) as usize;
    // Each stream is rounded up to bytes, and none is longer than all together.
    let size = table.len() + bytes + STREAMS * (1 + varint_length(bytes + 1));
    Some(Plan { lengths, table, size })
}

impl Plan {
    /// Appends `plane`, which has the histogram that was planned for.
    pub(crate) fn write(&self, plane: &[u8], target: &mut Vec<u8>) {
        let codes = assign(&self.lengths);
        target.extend_from_slice(&self.table);
        // Behind the last stream lies room for the eight bytes that each write touches.
        let mut coded = vec![0; self.size + 8];
        let (mut rest, mut end) = (plane, 0_usize);
        for length in quarters(plane.len()) {
            let (symbols, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            let free = coded.get_mut(end..).unwrap_or_default();
            let written = write_stream(&codes, symbols, free);
            write_varint(written, target);
            (rest, end) = (later, end.saturating_add(written));
        }
        target.extend_from_slice(coded.get(..end).unwrap_or_default());
    }
}

/// Symbols between two writes of whole bytes: 5 of at most 11 bits and up to 7 bits left over fit into 64.
const GROUP: usize = 5;

/// Writes one stream to the front of `target` and tells its bytes.
fn write_stream(codes: &[Code; 256], symbols: &[u8], target: &mut [u8]) -> usize {
    const { assert!(GROUP * LIMIT as usize + 7 <= 64) };
    let mut writer = Writer::new(target);
    let mut groups = symbols.chunks_exact(GROUP);
    for group in &mut groups {
        if let Some(group) = group.first_chunk::<GROUP>() {
            writer.put(gather(group.iter().map(|symbol| codes[usize::from(*symbol)])));
        }
    }
    writer.put(gather(groups.remainder().iter().map(|symbol| codes[usize::from(*symbol)])));
    writer.finish()
}

/// A histogram with a second symbol where there is only one, so that a code applies.
pub(super) fn with_two_symbols(histogram: &Histogram) -> Histogram {
    let mut known = *histogram;
    let only = histogram.iter().filter(|count| **count > 0).count() < 2;
    if let Some(other) = known.iter_mut().find(|count| **count == 0).filter(|_| only) {
        *other = 1;
    }
    known
}

/// Codes, the first one lowest, and how many bits they are.
#[inline(always)]
pub(super) fn gather(codes: impl Iterator<Item = Code>) -> (u64, u32) {
    let (mut bits, mut length) = (0_u64, 0_u32);
    for code in codes {
        bits |= u64::from(code.bits).wrapping_shl(length);
        length = length.wrapping_add(u32::from(code.length));
    }
    (bits, length)
}

/// Bits on their way into bytes.
pub(super) struct Writer<'a> {
    target: &'a mut [u8],
    /// Whole bytes written.
    written: usize,
    /// Bits that do not fill a byte yet, the first one lowest.
    pending: u64,
    /// How many they are: at most 7 between groups.
    filled: u32,
}

impl<'a> Writer<'a> {
    /// To the front of `target`.
    pub(super) fn new(target: &'a mut [u8]) -> Self {
        Self { target, written: 0, pending: 0, filled: 0 }
    }

    /// The bytes that were written.
    pub(super) fn finish(self) -> usize {
        self.written.wrapping_add(usize::from(self.filled > 0))
    }

    /// Writes at most 57 bits. They were put together apart from what is pending, so that the processor can begin with the
    /// next group meanwhile.
    #[inline(always)]
    pub(super) fn put(&mut self, (bits, length): (u64, u32)) {
        let pending = self.pending | bits.wrapping_shl(self.filled);
        let filled = self.filled.wrapping_add(length);
        if let Some(target) = self.target.get_mut(self.written..).and_then(|rest| rest.first_chunk_mut()) {
            *target = pending.to_le_bytes();
        }
        self.written = self.written.wrapping_add((filled >> 3) as usize);
        self.pending = pending.wrapping_shr(filled & !7);
        self.filled = filled & 7;
    }
}
