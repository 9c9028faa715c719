//! A code for each class of numbers: which one the next symbol has is known from the class of its number.
//!
//! A coded plane is: a byte with a bit for each class that has a code, their code lengths ([`lengths`]), the bytes of each
//! stream (four varints), the streams, as of planes with one code.
#![expect(clippy::inline_always, reason = "a call would cost as much as a lookup")]

use super::codes::{Code, ENTRIES, assign, first_symbols};
use super::encode::{Writer, gather, with_two_symbols};
use super::lengths::{self, Lengths};
use super::{LIMIT, STREAMS, quarters};
use crate::classes::CLASSES;
use crate::cursor::{Cursor, varint_length, write_varint};
use crate::decode::DecodeError;
use crate::histogram::Histogram;

/// Symbols between two loads or writes: as many of [`LIMIT`] bits, and up to 7 bits left over, fit into 64.
const GROUP: usize = 5;

/// How a plane would be coded, and into how many bytes.
pub(crate) struct Plan {
    lengths: [Option<Lengths>; CLASSES],
    /// The code lengths of all classes as stored.
    table: Vec<u8>,
    /// Bytes of the coded plane, at most: a few more than it will have.
    pub(crate) size: usize,
}

/// The best codes for a plane with these histograms by class.
pub(crate) fn plan(histograms: &[Histogram; CLASSES]) -> Plan {
    let (mut lengths, mut table, mut bits) = ([None; CLASSES], vec![0], 0_u64);
    for ((histogram, own), class) in histograms.iter().zip(&mut lengths).zip(0_u32..) {
        if histogram.iter().all(|count| *count == 0) {
            continue;
        }
        let Some(best) = lengths::best(&with_two_symbols(histogram)) else { continue };
        bits += histogram
            .iter()
            .zip(&best)
            .map(|(count, length)| u64::from(*count) * u64::from(*length))
            .sum::<u64>();
        if let Some(flags) = table.first_mut() {
            *flags |= 1_u8 << class;
        }
        lengths::write(&best, &mut table);
        *own = Some(best);
    }
    let bytes = (bits / 8) as usize;
    let size = table.len() + bytes + STREAMS * (1 + varint_length(bytes + 1));
    Plan { lengths, table, size }
}

impl Plan {
    /// Appends `plane`, of whose numbers these are the classes.
    pub(crate) fn write(&self, plane: &[u8], classes: &[u8], target: &mut Vec<u8>) {
        let mut codes = Box::new([[Code::default(); 256]; CLASSES]);
        for (codes, lengths) in codes.iter_mut().zip(&self.lengths) {
            if let Some(lengths) = lengths {
                *codes = assign(lengths);
            }
        }
        target.extend_from_slice(&self.table);
        // Behind the last stream lies room for the eight bytes that each write touches.
        let mut coded = vec![0; self.size + 8];
        let (mut symbols, mut classes, mut end) = (plane, classes, 0_usize);
        for length in quarters(plane.len()) {
            let (now, later) = symbols.split_at_checked(length).unwrap_or((symbols, &[]));
            let (classes_now, classes_later) = classes.split_at_checked(length).unwrap_or((classes, &[]));
            let written = write_stream(&codes, now, classes_now, coded.get_mut(end..).unwrap_or_default());
            write_varint(written, target);
            (symbols, classes, end) = (later, classes_later, end.saturating_add(written));
        }
        target.extend_from_slice(coded.get(..end).unwrap_or_default());
    }
}

/// Writes one stream to the front of `target` and tells its bytes.
fn write_stream(codes: &[[Code; 256]; CLASSES], symbols: &[u8], classes: &[u8], target: &mut [u8]) -> usize {
    const { assert!(GROUP * LIMIT as usize + 7 <= 64) };
    let code = |(symbol, class): (&u8, &u8)| codes[usize::from(*class) % CLASSES][usize::from(*symbol)];
    let mut writer = Writer::new(target);
    let (mut symbol_groups, mut class_groups) = (symbols.chunks_exact(GROUP), classes.chunks_exact(GROUP));
    for (symbols, classes) in (&mut symbol_groups).zip(&mut class_groups) {
        // Of a length that the compiler knows.
        if let (Some(symbols), Some(classes)) =
            (symbols.first_chunk::<GROUP>(), classes.first_chunk::<GROUP>())
        {
            writer.put(gather(symbols.iter().zip(classes).map(code)));
        }
    }
    writer.put(gather(symbol_groups.remainder().iter().zip(class_groups.remainder()).map(code)));
    writer.finish()
}

/// By class and the next [`LIMIT`] bits the first symbol (low byte) and its bits (high byte).
type Table = [[u16; ENTRIES]; CLASSES];

/// Reads a coded plane into `plane`, of whose numbers these are the classes.
pub(crate) fn decode(cursor: &mut Cursor<'_>, classes: &[u8], plane: &mut [u8]) -> Result<(), DecodeError> {
    let offset = cursor.offset();
    let flags = cursor.byte("classes")?;
    // Each class that occurs has a code.
    let occurring = classes.iter().fold(0_u8, |flags, class| flags | 1_u8.wrapping_shl(u32::from(*class)));
    if flags != occurring {
        return Err(DecodeError::Corrupt { what: "classes", offset });
    }
    let mut tables = vec![[0_u16; ENTRIES]; CLASSES];
    for (table, class) in tables.iter_mut().zip(0_u32..) {
        if flags >> class & 1 == 1 {
            *table = first_symbols(&lengths::read(cursor)?);
        }
    }
    let Some(table) = tables.first_chunk::<CLASSES>() else {
        return Err(DecodeError::Corrupt { what: "classes", offset });
    };
    let mut sizes = [0; STREAMS];
    for size in &mut sizes {
        *size = cursor.varint("stream size")?;
    }
    let (mut symbols, mut classes, quarters) = (plane, classes, quarters(classes.len()));
    let mut next = |size: usize, length: usize| -> Result<Stream<'_>, DecodeError> {
        let offset = cursor.offset();
        let bytes = cursor.take("stream", size)?;
        let (now, later) = std::mem::take(&mut symbols).split_at_mut_checked(length).unwrap_or_default();
        let (classes_now, classes_later) = classes.split_at_checked(length).unwrap_or_default();
        (symbols, classes) = (later, classes_later);
        Ok(Stream { bytes, offset, position: 0, symbols: now, classes: classes_now, filled: 0 })
    };
    let [quarter, _, _, last] = quarters;
    let mut streams =
        [next(sizes[0], quarter)?, next(sizes[1], quarter)?, next(sizes[2], quarter)?, next(sizes[3], last)?];
    while group_of_each(&mut streams, table).is_some() {}
    streams.into_iter().try_for_each(|stream| stream.finish(table))
}

/// One stream and the part of the plane that it fills.
struct Stream<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begin in the block.
    offset: usize,
    /// Bits read.
    position: usize,
    symbols: &'a mut [u8],
    classes: &'a [u8],
    filled: usize,
}

/// Some bits, the classes of the symbols that they begin with, and the place of these.
type Room<'a> = (u64, &'a [u8; GROUP], &'a mut [u8; GROUP]);

impl Stream<'_> {
    #[inline(always)]
    fn room(&mut self) -> Option<Room<'_>> {
        let word = self.bytes.get(self.position >> 3..)?.first_chunk::<8>()?;
        let classes = self.classes.get(self.filled..)?.first_chunk()?;
        let symbols = self.symbols.get_mut(self.filled..)?.first_chunk_mut()?;
        Some((u64::from_le_bytes(*word) >> (self.position & 7), classes, symbols))
    }

    #[inline(always)]
    fn advance(&mut self, bits: u64) {
        self.position = self.position.wrapping_add(bits as usize);
        self.filled = self.filled.wrapping_add(GROUP);
    }

    /// Reads what is left, one symbol at a time, and checks that the stream ends where its last symbol does.
    fn finish(mut self, table: &Table) -> Result<(), DecodeError> {
        for (symbol, class) in self.symbols.iter_mut().zip(self.classes).skip(self.filled) {
            let rest = self.bytes.get(self.position >> 3..).unwrap_or_default();
            let mut word = [0; 8];
            for (target, byte) in word.iter_mut().zip(rest) {
                *target = *byte;
            }
            let mut bits = 0;
            let mut left = u64::from_le_bytes(word) >> (self.position & 7);
            look_up(table, *class, &mut left, &mut bits, symbol);
            self.position = self.position.saturating_add(bits as usize);
        }
        super::decode::ends(self.bytes, self.position, self.offset)
    }
}

/// Writes what the lowest bits of `word` stand for in a class, and drops these bits.
#[inline(always)]
fn look_up(table: &Table, class: u8, word: &mut u64, bits: &mut u64, target: &mut u8) {
    let entry = table[usize::from(class) % CLASSES][*word as usize & (ENTRIES - 1)];
    *target = entry as u8;
    *word = word.wrapping_shr(u32::from(entry >> 8));
    *bits = bits.wrapping_add(u64::from(entry >> 8));
}

/// [`GROUP`] symbols of each stream; `None` if one of them has no room.
#[inline(always)]
fn group_of_each([a, b, c, d]: &mut [Stream<'_>; STREAMS], table: &Table) -> Option<()> {
    let ((mut word_a, class_a, to_a), (mut word_b, class_b, to_b)) = (a.room()?, b.room()?);
    let ((mut word_c, class_c, to_c), (mut word_d, class_d, to_d)) = (c.room()?, d.room()?);
    let (mut bits_a, mut bits_b, mut bits_c, mut bits_d) = (0, 0, 0, 0);
    for index in 0..GROUP {
        look_up(table, class_a[index], &mut word_a, &mut bits_a, &mut to_a[index]);
        look_up(table, class_b[index], &mut word_b, &mut bits_b, &mut to_b[index]);
        look_up(table, class_c[index], &mut word_c, &mut bits_c, &mut to_c[index]);
        look_up(table, class_d[index], &mut word_d, &mut bits_d, &mut to_d[index]);
    }
    a.advance(bits_a);
    b.advance(bits_b);
    c.advance(bits_c);
    d.advance(bits_d);
    Some(())
}
