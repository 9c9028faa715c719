//! Work shared by threads. Each makes its own elements, so their number changes no bit.

/// Fewer units of work than this are not worth a thread, whose start takes some ten microseconds.
const WORTH: usize = 1 << 20;

/// Fills `output` in parts whose lengths are multiples of `row`: `fill` gets the position of a part and the part.
/// `work` is about how many operations one element takes.
pub(crate) fn fill<T: Send>(
    threads: usize,
    output: &mut [T],
    row: usize,
    work: usize,
    fill: impl Fn(usize, &mut [T]) + Sync,
) {
    let row = row.max(1);
    let rows = output.len() / row;
    let useful = (output.len().saturating_mul(work.max(1)) / WORTH).clamp(1, threads.max(1)).min(rows.max(1));
    if useful == 1 {
        return fill(0, output);
    }
    let part = rows.div_ceil(useful) * row;
    std::thread::scope(|scope| {
        // This thread is there, and its memory is in use already.
        let (own, others) = output.split_at_mut(part);
        for (index, part_of) in others.chunks_mut(part).enumerate() {
            let fill = &fill;
            scope.spawn(move || fill((index + 1) * part, part_of));
        }
        fill(0, own);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_made_once_whatever_the_threads() {
        for threads in [1, 2, 7] {
            let mut output = vec![0_usize; 3 * 100_001];
            fill(threads, &mut output, 3, 1, |start, part| {
                assert_eq!(start % 3, 0);
                part.iter_mut().enumerate().for_each(|(index, value)| *value += start + index);
            });
            assert!(output.iter().enumerate().all(|(index, value)| index == *value), "{threads}");
        }
    }
}
