//! Where and how large differences are, small enough to draw.

use crate::TensorView;

/// Rows and columns of a [`Grid`] at most.
const GRID: usize = 32;

/// Exponents of ten that a [`Spread`] covers.
const DECADES: std::ops::Range<i32> = -16..2;

/// Distribution of `|difference| / rms` in decades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Elements without difference.
    pub equal: u64,
    /// Exponent of the lower edge of the first bin.
    pub first_exponent: i32,
    /// Elements per decade; the first and last bins also hold what lies beyond, special mismatches are in the last.
    pub counts: Vec<u64>,
}

/// Largest `|difference| / rms` per cell over the last two dims, other dims folded together.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Row-major cells.
    pub cells: Vec<f64>,
}

/// The difference of one position in units of `rms`; infinite where special values differ.
fn scaled(a: f64, b: f64, rms: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0.0;
    }
    let absolute = (a - b).abs();
    if absolute.is_nan() || rms == 0.0 { f64::INFINITY } else { absolute / rms }
}

/// The distribution of the difference; `rms` is the golden's. `None` for complex tensors.
pub fn spread(golden: TensorView<'_>, produced: TensorView<'_>, rms: f64) -> Option<Spread> {
    let (expected, actual) = (golden.elements()?, produced.elements()?);
    let mut result = Spread { equal: 0, first_exponent: DECADES.start, counts: vec![0; DECADES.len()] };
    for (a, b) in expected.iter().zip(actual.iter()) {
        let size = scaled(a, b, rms);
        if size == 0.0 {
            result.equal += 1;
        } else {
            let decade = size.log10().floor().clamp(f64::from(DECADES.start), f64::from(DECADES.end - 1));
            result.counts[(decade as i32 - DECADES.start) as usize] += 1;
        }
    }
    Some(result)
}

/// Where the differences lie; `rms` is the golden's. `None` for complex and empty tensors.
pub fn grid(golden: TensorView<'_>, produced: TensorView<'_>, rms: f64) -> Option<Grid> {
    let (expected, actual) = (golden.elements()?, produced.elements()?);
    if expected.is_empty() {
        return None;
    }
    let dim = |back: usize| {
        let shape = golden.shape();
        shape.len().checked_sub(back).map_or(1, |index| shape[index] as usize)
    };
    let (height, width) = (dim(2), dim(1));
    let (rows, columns) = (height.min(GRID), width.min(GRID));
    let mut cells = vec![0.0_f64; rows * columns];
    for (position, (a, b)) in expected.iter().zip(actual.iter()).enumerate() {
        let (row, column) = ((position / width) % height, position % width);
        let cell = &mut cells[(row * rows / height) * columns + column * columns / width];
        *cell = cell.max(scaled(a, b, rms));
    }
    Some(Grid { rows, columns, cells })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn the_grid_shows_where_and_the_spread_how_much() {
        let golden = Tensor::from_f64(vec![1, 64, 2], &[1.0; 128]).unwrap();
        let mut values = [1.0; 128];
        values[127] = 1.001;
        values[0] = f64::NAN;
        let produced = Tensor::from_f64(vec![1, 64, 2], &values).unwrap();
        let grid = grid(golden.view(), produced.view(), 1.0).unwrap();
        assert_eq!((grid.rows, grid.columns), (32, 2));
        assert_eq!(grid.cells[0], f64::INFINITY);
        assert!((grid.cells[63] - 1e-3).abs() < 1e-9);
        assert_eq!(grid.cells.iter().filter(|cell| **cell > 0.0).count(), 2);
        let spread = spread(golden.view(), produced.view(), 1.0).unwrap();
        assert_eq!(spread.equal, 126);
        assert_eq!(spread.counts.iter().sum::<u64>(), 2);
        assert_eq!(spread.counts.last(), Some(&1));
    }
}
