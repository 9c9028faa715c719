//! Matrices the other way round.

use std::io;

use reproof_digest::ReadAt as _;
use reproof_formats::TensorBytes;

/// Bytes of a strip of rows that is turned at once.
const STRIP: u64 = 4 << 20;

/// Elements of the first row that a quick look compares.
const LOOK: u64 = 16;

/// Whether two shapes are matrices the other way round.
pub(super) fn are_reversed(a: &[u64], b: &[u64]) -> bool {
    matches!((a, b), ([rows, columns], [width, height]) if rows == height && columns == width && rows * columns > 0)
}

/// Whether `b`, of shape `[columns, rows]`, is the transpose of `a`, with elements of `size` bytes: exactly, and not
/// because all its elements are the same.
pub(super) fn is_transpose(
    (a, b): (&TensorBytes<'_>, &TensorBytes<'_>),
    (rows, columns): (u64, u64),
    size: u64,
) -> io::Result<bool> {
    if !looks_alike((a, b), (rows, columns), size)? {
        return Ok(false);
    }
    let strip = (STRIP / (columns * size)).clamp(1, rows);
    let size = size as usize;
    let mut segment = vec![0; strip as usize * size];
    let mut straight = vec![0; (strip * columns) as usize * size];
    for first in (0..rows).step_by(strip as usize) {
        let height = (rows - first).min(strip) as usize;
        let straight = &mut straight[..height * columns as usize * size];
        a.read_exact_at(straight, first * columns * size as u64)?;
        let segment = &mut segment[..height * size];
        for column in 0..columns as usize {
            b.read_exact_at(segment, (column as u64 * rows + first) * size as u64)?;
            let turned = segment.chunks_exact(size).enumerate().all(|(row, element)| {
                let at = (row * columns as usize + column) * size;
                straight[at..at + size] == *element
            });
            if !turned {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whether the start of the first row of `a` is that of the first column of `b`.
fn looks_alike(
    (a, b): (&TensorBytes<'_>, &TensorBytes<'_>),
    (rows, columns): (u64, u64),
    size: u64,
) -> io::Result<bool> {
    let count = columns.min(LOOK);
    let row = a.read_range(0, (count * size) as usize)?;
    for (column, element) in row.chunks_exact(size as usize).enumerate() {
        if b.read_range(column as u64 * rows * size, size as usize)? != element {
            return Ok(false);
        }
    }
    Ok(true)
}
