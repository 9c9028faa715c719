//! Where in a tensor the differences are largest: a small grid over its last two dims.

use crate::compare::Grid;

/// Rows and columns of a grid at most.
const GRID: u64 = 32;

/// The last two dims of a tensor, divided into cells; other dims are folded together.
#[derive(Clone, Debug)]
pub(super) struct Plane {
    rows: Axis,
    columns: Axis,
}

/// A dim divided into at most [`GRID`] parts.
#[derive(Clone, Debug)]
struct Axis {
    size: u64,
    /// Where each part ends.
    ends: Vec<u64>,
}

impl Axis {
    fn new(size: u64) -> Self {
        let parts = size.min(GRID);
        let end = |part: u64| (u128::from(part + 1) * u128::from(size)).div_ceil(u128::from(parts)) as u64;
        Self { size, ends: (0..parts).map(end).collect() }
    }

    fn part(&self, at: u64) -> usize {
        self.ends.partition_point(|end| *end <= at)
    }
}

impl Plane {
    /// The plane of a shape; `None` if it has no element.
    pub(super) fn new(shape: &[u64]) -> Option<Self> {
        let dim = |back: usize| shape.len().checked_sub(back).map_or(1, |index| shape[index]);
        let plane = || Self { rows: Axis::new(dim(2)), columns: Axis::new(dim(1)) };
        (!shape.contains(&0)).then(plane)
    }

    pub(super) fn cells(&self) -> usize {
        self.rows.ends.len() * self.columns.ends.len()
    }

    /// Raises the cells to the largest of these values, which start at `position`; returns the largest of all.
    pub(super) fn raise(&self, cells: &mut [f64], position: u64, values: &[f64]) -> f64 {
        let mut column = position % self.columns.size;
        let mut row = position / self.columns.size % self.rows.size;
        let (mut across, mut down) = (self.columns.part(column), self.rows.part(row));
        let (mut rest, mut largest) = (values, 0.0_f64);
        while !rest.is_empty() {
            let room = (self.columns.ends[across] - column).min(rest.len() as u64);
            let (run, others) = rest.split_at(room as usize);
            let top = maximum(run);
            let cell = &mut cells[down * self.columns.ends.len() + across];
            *cell = cell.max(top);
            largest = largest.max(top);
            rest = others;
            column += room;
            if column < self.columns.ends[across] {
                break;
            }
            across += 1;
            if across == self.columns.ends.len() {
                (across, column) = (0, 0);
                row += 1;
                if row == self.rows.ends[down] {
                    down += 1;
                }
                if row == self.rows.size {
                    (row, down) = (0, 0);
                }
            }
        }
        largest
    }

    /// The cells over `rms`.
    pub(super) fn grid(&self, cells: &[f64], rms: f64) -> Grid {
        let scaled = |cell: &f64| match *cell {
            0.0 => 0.0,
            cell if rms == 0.0 => cell * f64::INFINITY,
            cell => cell / rms,
        };
        Grid {
            rows: self.rows.ends.len(),
            columns: self.columns.ends.len(),
            cells: cells.iter().map(scaled).collect(),
        }
    }
}

/// The largest of values that are not negative.
fn maximum(values: &[f64]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let mut eights = values.chunks_exact(8);
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    for eight in &mut eights {
        for lane in 0..8 {
            lanes[lane] = larger(eight[lane], lanes[lane]);
        }
    }
    lanes.iter().chain(eights.remainder()).fold(0.0, |top, value| larger(*value, top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_fall_into_the_cells_of_their_elements() {
        for shape in [vec![3, 70, 45], vec![7], vec![2, 3, 3], vec![100, 1], vec![], vec![1, 33]] {
            let plane = Plane::new(&shape).unwrap();
            let count: u64 = shape.iter().product();
            let (height, width) = (plane.rows.size, plane.columns.size);
            let (rows, columns) = (height.min(32), width.min(32));
            let value = |position: u64| ((position * 7919) % 1009) as f64;
            let mut expected = vec![0.0_f64; plane.cells()];
            for position in 0..count {
                let (row, column) = (position / width % height, position % width);
                let cell = &mut expected[(row * rows / height * columns + column * columns / width) as usize];
                *cell = cell.max(value(position));
            }
            let mut cells = vec![0.0; plane.cells()];
            for start in (0..count).step_by(13) {
                let values: Vec<f64> = (start..count.min(start + 13)).map(value).collect();
                assert_eq!(
                    plane.raise(&mut cells, start, &values),
                    values.iter().copied().fold(0.0, f64::max)
                );
            }
            assert_eq!(cells, expected, "{shape:?}");
        }
    }
}
