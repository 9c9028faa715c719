//! Code lengths: the best for a histogram, and how a block stores them.
//!
//! Stored as nibbles, low nibble first, until 256 symbols are told: 0 is a symbol that does not occur, 1 to 11 a code
//! length, 14 and one nibble `n` are `n + 2` symbols that do not occur, 15 and two nibbles `n` (the low one first) are
//! `n + 18` of them. An odd last nibble is followed by a zero nibble.

use std::cmp::Reverse;

use super::LIMIT;
use crate::cursor::Cursor;
use crate::decode::DecodeError;
use crate::histogram::Histogram;

/// The length of each symbol's code, 0 for one that does not occur.
pub(super) type Lengths = [u8; 256];

/// Code space: the sum of `2^(LIMIT - length)` over all symbols of a complete code.
const SPACE: u32 = 1 << LIMIT;

/// Lengths that give `histogram` the shortest total, but none above [`LIMIT`]. `None` for fewer than two symbols.
pub(super) fn best(histogram: &Histogram) -> Option<Lengths> {
    let mut symbols: Vec<(u32, u8)> =
        histogram.iter().copied().zip(0..=255).filter(|(count, _)| *count > 0).collect();
    if symbols.len() < 2 {
        return None;
    }
    symbols.sort_unstable();
    let depths = depths(&symbols.iter().map(|(count, _)| u64::from(*count)).collect::<Vec<_>>())?;
    let mut lengths = [0; 256];
    for ((_, symbol), depth) in symbols.iter().zip(&depths) {
        lengths[usize::from(*symbol)] = (*depth).min(LIMIT) as u8;
    }
    if depths.iter().any(|depth| *depth > LIMIT) {
        repair(&symbols, &mut lengths);
    }
    (space(&lengths) == SPACE).then_some(lengths)
}

/// The depth of each leaf of the Huffman tree over `weights`, which ascend: the two lightest nodes are joined, always.
fn depths(weights: &[u64]) -> Option<Vec<u32>> {
    // Leaves and inner nodes both come in ascending order, so each is a queue of its own.
    let leaves = weights.len();
    let mut inner: Vec<u64> = Vec::with_capacity(leaves);
    let mut parents = vec![0_usize; leaves.saturating_mul(2)];
    let (mut leaf, mut node) = (0, 0);
    for parent in 0..leaves.checked_sub(1)? {
        let mut weight = 0_u64;
        for _ in 0..2 {
            let take_leaf = match (weights.get(leaf), inner.get(node)) {
                (Some(lightest), Some(joined)) => lightest <= joined,
                (Some(_), None) => true,
                _ => false,
            };
            let (index, taken) =
                if take_leaf { (leaf, *weights.get(leaf)?) } else { (leaves + node, *inner.get(node)?) };
            *parents.get_mut(index)? = leaves + parent;
            weight = weight.saturating_add(taken);
            *(if take_leaf { &mut leaf } else { &mut node }) += 1;
        }
        inner.push(weight);
    }
    // The root is the last inner node; parents have higher numbers than their children.
    let root = leaves.checked_mul(2)?.checked_sub(2)?;
    let mut depths = vec![0; root + 1];
    for index in (0..root).rev() {
        *depths.get_mut(index)? = depths.get(*parents.get(index)?)? + 1;
    }
    depths.truncate(leaves);
    Some(depths)
}

/// Makes a complete code again of one whose long codes were cut: lengthens the rarest symbols that can be until the
/// code fits, then gives what is left over to the most frequent ones. `symbols` ascend in frequency.
fn repair(symbols: &[(u32, u8)], lengths: &mut Lengths) {
    let mut used = space(lengths);
    while used > SPACE {
        let longest = symbols
            .iter()
            .filter(|(_, symbol)| u32::from(lengths[usize::from(*symbol)]) < LIMIT)
            .min_by_key(|(_, symbol)| Reverse(lengths[usize::from(*symbol)]));
        let Some((_, symbol)) = longest else { return };
        let length = &mut lengths[usize::from(*symbol)];
        *length += 1;
        used -= SPACE >> *length;
    }
    for (_, symbol) in symbols.iter().rev() {
        let length = &mut lengths[usize::from(*symbol)];
        while *length > 1 && used + (SPACE >> *length) <= SPACE {
            used += SPACE >> *length;
            *length -= 1;
        }
    }
}

fn space(lengths: &Lengths) -> u32 {
    lengths.iter().filter(|length| **length > 0).map(|length| SPACE >> *length).sum()
}

/// Appends `lengths` as a block stores them.
pub(super) fn write(lengths: &Lengths, target: &mut Vec<u8>) {
    let mut nibbles = Vec::with_capacity(256);
    for run in lengths.chunk_by(|left, right| *left == 0 && *right == 0) {
        match (run.first(), run.len()) {
            (Some(0), length @ 2..=17) => nibbles.extend([14, (length - 2) as u8]),
            (Some(0), length @ 18..) => {
                nibbles.extend([15, (length - 18) as u8 & 15, ((length - 18) >> 4) as u8]);
            }
            _ => nibbles.extend(run),
        }
    }
    target.extend(nibbles.chunks(2).map(|pair| match pair {
        [low, high] => low | high << 4,
        [low] => *low,
        _ => 0,
    }));
}

/// Reads what [`write()`] wrote, and refuses what is no complete code.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Lengths, DecodeError> {
    let start = cursor.offset();
    let corrupt = DecodeError::Corrupt { what: "code lengths", offset: start };
    let mut lengths = [0; 256];
    let mut symbol = 0;
    let mut pending = None;
    let mut nibble = |cursor: &mut Cursor<'_>| match pending.take() {
        Some(high) => Ok(high),
        None => cursor.byte("code lengths").map(|byte| {
            pending = Some(byte >> 4);
            byte & 15
        }),
    };
    while symbol < lengths.len() {
        match nibble(cursor)? {
            14 => symbol += usize::from(nibble(cursor)?) + 2,
            15 => {
                let (low, high) = (nibble(cursor)?, nibble(cursor)?);
                symbol += usize::from(low) + (usize::from(high) << 4) + 18;
            }
            length if u32::from(length) <= LIMIT => {
                if let Some(target) = lengths.get_mut(symbol) {
                    *target = length;
                }
                symbol += 1;
            }
            _ => return Err(corrupt),
        }
    }
    let complete = symbol == lengths.len() && pending.unwrap_or(0) == 0 && space(&lengths) == SPACE;
    if complete { Ok(lengths) } else { Err(corrupt) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(histogram: &Histogram, lengths: &Lengths) -> u64 {
        histogram.iter().zip(lengths).map(|(count, length)| u64::from(*count) * u64::from(*length)).sum()
    }

    #[test]
    fn known_codes() {
        let mut histogram = [0; 256];
        assert_eq!(best(&histogram), None);
        histogram[3] = 5;
        assert_eq!(best(&histogram), None);
        histogram[4] = 1;
        histogram[5] = 1;
        let lengths = best(&histogram).expect("three symbols");
        assert_eq!((lengths[3], lengths[4], lengths[5]), (1, 2, 2));
        assert_eq!(best(&[9; 256]), Some([8; 256]));
    }

    proptest! {
        /// Counts that double make the deepest trees; whatever they are, the code is complete and is read back.
        #[test]
        fn codes_are_complete(shifts in prop::collection::vec(0_u32..34, 256), some in 2_usize..256) {
            let mut histogram = [0; 256];
            for (count, shift) in histogram.iter_mut().zip(shifts).take(some) {
                *count = if shift > 30 { 0 } else { 1 << shift };
            }
            prop_assume!(histogram.iter().filter(|count| **count > 0).count() > 1);
            let lengths = best(&histogram).expect("a complete code");
            prop_assert!(lengths.iter().all(|length| u32::from(*length) <= LIMIT));
            prop_assert!(total(&histogram, &lengths) <= total(&histogram, &[8; 256]) * 9 / 8);
            let mut bytes = Vec::new();
            write(&lengths, &mut bytes);
            let mut cursor = Cursor::new(&bytes, 0);
            prop_assert_eq!(read(&mut cursor).expect("readable"), lengths);
            prop_assert!(cursor.finish().is_ok());
        }
    }
}
