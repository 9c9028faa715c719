//! Planes in which one byte is far more common than all others: which places hold another one, and what they hold.
//!
//! A Huffman code spends at least one bit on each symbol. Eight places make one byte of a bitmap, so a plane that is
//! almost all one byte costs an eighth of a bit per place, or a 64th where the bitmap is taken apart once more; runs
//! of rows that did not change vanish in it.

/// Bytes of the bitmap of a plane.
pub(crate) fn bitmap_length(plane: usize) -> usize {
    plane.div_ceil(8)
}

/// The bitmap of the places that do not hold `common`, lowest bit first, and the bytes at those places.
pub(crate) fn split(plane: &[u8], common: u8) -> (Vec<u8>, Vec<u8>) {
    let mut bitmap = vec![0; bitmap_length(plane.len())];
    let mut others = vec![0; plane.len() + 8];
    let mut found = 0_usize;
    let mut words = plane.chunks_exact(8);
    for (word, target_flags) in (&mut words).zip(&mut bitmap) {
        let Some(word) = word.first_chunk::<8>() else { break };
        let flags = flags(u64::from_le_bytes(*word) ^ (LOWEST * u64::from(common)));
        if flags == 0 {
            continue;
        }
        *target_flags = flags;
        if let Some(target) = others.get_mut(found..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            // All eight are written, and what follows those that are marked is overwritten by the next word.
            for (target, place) in target.iter_mut().zip(&PLACES[usize::from(flags)]) {
                *target = word[usize::from(place & 7)];
            }
            found = found.wrapping_add(usize::from(COUNTS[usize::from(flags)]));
        }
    }
    if !words.remainder().is_empty() {
        let mut flags = 0;
        for (byte, bit) in words.remainder().iter().zip(0_u32..).filter(|(byte, _)| **byte != common) {
            flags |= 1 << bit;
            if let Some(target) = others.get_mut(found) {
                *target = *byte;
            }
            found = found.wrapping_add(1);
        }
        if let Some(target_flags) = bitmap.last_mut() {
            *target_flags = flags;
        }
    }
    others.truncate(found);
    (bitmap, others)
}

/// For each byte of a bitmap how many places it marks.
static COUNTS: [u8; 256] = {
    let mut table = [0; 256];
    let mut flags = 0;
    while flags < 256 {
        table[flags] = flags.count_ones() as u8;
        flags += 1;
    }
    table
};

/// For each byte of a bitmap the places that it marks, in order.
static PLACES: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut flags = 0;
    while flags < 256 {
        let (mut place, mut found) = (0, 0);
        while place < 8 {
            if flags >> place & 1 == 1 {
                table[flags][found] = place as u8;
                found += 1;
            }
            place += 1;
        }
        flags += 1;
    }
    table
};

/// The number that stands for the common byte in [`ORIGINS`].
const COMMON: u8 = 8;

/// For each byte of a bitmap, which of the next others goes to each place.
static ORIGINS: [[u8; 8]; 256] = {
    let mut table = [[COMMON; 8]; 256];
    let mut flags = 0;
    while flags < 256 {
        let (mut place, mut found) = (0, 0);
        while place < 8 {
            if flags >> place & 1 == 1 {
                table[flags][place] = found;
                found += 1;
            }
            place += 1;
        }
        flags += 1;
    }
    table
};

/// The lowest bit of each byte of a word.
const LOWEST: u64 = 0x0101_0101_0101_0101;

/// One bit for each byte of `word` that is not zero, that of the lowest byte lowest.
fn flags(word: u64) -> u8 {
    let low = LOWEST * 0x7f;
    // The highest bit of each byte: carried into by any lower one, or there already.
    let marks = ((word & low).wrapping_add(low) | word) >> 7 & LOWEST;
    // Each mark is moved to its place in the highest byte; no two meet.
    (marks.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// The number of places that a bitmap marks.
pub(crate) fn marked(bitmap: &[u8]) -> usize {
    let words = bitmap.chunks_exact(8);
    let rest: usize = words.remainder().iter().map(|flags| flags.count_ones() as usize).sum();
    let whole =
        words.filter_map(|word| word.first_chunk()).map(|word| u64::from_le_bytes(*word).count_ones());
    whole.fold(rest, |sum, count| sum.wrapping_add(count as usize))
}

/// Undoes [`split`] for a plane of `length` bytes. `others` are as many as the bitmap marks; it marks no place behind the
/// plane.
pub(crate) fn join(bitmap: &[u8], others: &[u8], common: u8, length: usize) -> Vec<u8> {
    let mut plane = vec![common; length];
    let mut rest = others;
    let mut places = plane.chunks_exact_mut(8);
    let mut flags = bitmap.iter();
    for (places, flags) in (&mut places).zip(&mut flags) {
        if *flags == 0 {
            continue;
        }
        if let (Some(others), Some(places)) = (rest.first_chunk::<8>(), places.first_chunk_mut::<8>()) {
            let mut sources = [common; 16];
            if let Some(sources) = sources.first_chunk_mut() {
                *sources = *others;
            }
            for (place, origin) in places.iter_mut().zip(&ORIGINS[usize::from(*flags)]) {
                *place = sources[usize::from(origin & 15)];
            }
            rest = rest.get(usize::from(COUNTS[usize::from(*flags)])..).unwrap_or_default();
        } else {
            rest = join_slowly(*flags, rest, places);
        }
    }
    if let Some(flags) = flags.next() {
        join_slowly(*flags, rest, places.into_remainder());
    }
    plane
}

/// One byte of the bitmap where fewer than eight others or places are left.
fn join_slowly<'a>(flags: u8, mut rest: &'a [u8], places: &mut [u8]) -> &'a [u8] {
    for (place, bit) in places.iter_mut().zip(0_u32..8) {
        if flags >> bit & 1 == 1 {
            if let Some((other, later)) = rest.split_first() {
                *place = *other;
                rest = later;
            }
        }
    }
    rest
}
