//! How often each byte occurs, and what that says about size.

/// Occurrences of each byte value. `u32` suffices: a block is shorter than 2^32 bytes.
pub(crate) type Histogram = [u32; 256];

/// Bytes from which on clearing and adding up several tables takes less time than they save.
const SEVERAL_TABLES: usize = 8 << 10;

/// Counts the bytes of `bytes`.
pub(crate) fn count(bytes: &[u8]) -> Histogram {
    if bytes.len() < SEVERAL_TABLES {
        let mut total = [0; 256];
        for byte in bytes {
            add(&mut total, *byte);
        }
        return total;
    }
    // Tables take turns, because bytes repeat and a counter that was just written is slow to read again.
    let mut tables = [[0; 256]; 8];
    let mut words = bytes.chunks_exact(tables.len());
    for word in &mut words {
        for (table, byte) in tables.iter_mut().zip(word) {
            add(table, *byte);
        }
    }
    let [mut total, others @ ..] = tables;
    for byte in words.remainder() {
        add(&mut total, *byte);
    }
    for other in &others {
        for (total, count) in total.iter_mut().zip(other) {
            *total = total.wrapping_add(*count);
        }
    }
    total
}

#[inline]
fn add(histogram: &mut Histogram, byte: u8) {
    let count = &mut histogram[usize::from(byte)];
    *count = count.wrapping_add(1);
}

/// The most frequent byte and how often it occurs; the lowest one of several.
pub(crate) fn most_common(histogram: &Histogram) -> (u8, u32) {
    let mut best = (0, 0);
    for (byte, count) in (0_u8..=255).zip(histogram) {
        if *count > best.1 {
            best = (byte, *count);
        }
    }
    best
}

/// [`entropy`] of a whole, of which `sample` is the histogram of a part: a part looks more orderly than the whole, by half a
/// bit times log2(e) for each value beyond the first and each byte that was looked at (Miller and Madow's correction).
pub(crate) fn entropy_of_whole(sample: &Histogram) -> f64 {
    let (mut values, mut total) = (0.0, 0.0);
    for count in sample.iter().filter(|count| **count > 0) {
        values += 1.0;
        total += f64::from(*count);
    }
    let missing = if values > 1.0 { (values - 1.0) / (2.0 * total) * std::f64::consts::LOG2_E } else { 0.0 };
    (entropy(sample) + missing).min(8.0)
}

/// The bits that an ideal coder of independent bytes needs for one of them: 0 to 8.
pub(crate) fn entropy(histogram: &Histogram) -> f64 {
    let total: f64 = histogram.iter().map(|count| f64::from(*count)).sum();
    let weighted: f64 = histogram
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) * f64::from(*count).log2())
        .sum();
    if total > 0.0 { (total.log2() - weighted / total).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_there() {
        for length in [0, 1, 1003, 20_005_u32] {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 7 % 251) as u8).collect();
            let mut expected = [0; 256];
            for byte in &bytes {
                expected[usize::from(*byte)] += 1;
            }
            assert_eq!(count(&bytes), expected);
        }
    }

    #[test]
    fn entropy_of_known_distributions() {
        let mut histogram = [0; 256];
        assert_eq!(entropy(&histogram), 0.0);
        histogram[7] = 100;
        assert_eq!(entropy(&histogram), 0.0);
        histogram[9] = 100;
        assert!((entropy(&histogram) - 1.0).abs() < 1e-12);
        assert!((entropy(&[3; 256]) - 8.0).abs() < 1e-12);
        assert_eq!(most_common(&histogram), (7, 100));
    }
}
