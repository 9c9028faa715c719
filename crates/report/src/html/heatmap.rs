//! Where the differences lie: a grid whose colours get darker (on a dark page: brighter) step by step.

use reproof_contract::Real;
use reproof_contract::report::Heatmap;

use super::markup::Page;
use crate::figures::{counted, measure};

/// Steps of the colour scale, `heat-1` to `heat-8` in the style sheet.
const STEPS: usize = 8;
/// Rows and columns that are drawn; a report holds no more.
const MOST: usize = 32;
/// Sides of the grid that a small map is enlarged to.
const SIDE: usize = 256;

/// Sides of a cell of a strip.
const STRIP_CELL: usize = 5;
const STRIP_HEIGHT: usize = 28;

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// No difference.
    Equal,
    /// A difference, by its step on the scale from 1.
    Step(usize),
    /// NaN or infinity.
    Special,
}

/// A logarithmic scale from the smallest to the largest difference.
#[derive(Clone, Copy, Debug)]
struct Scale {
    smallest: f64,
    largest: f64,
}

impl Scale {
    fn of(values: &[Real]) -> Option<Self> {
        let drawn = || values.iter().map(|value| value.0).filter(|value| value.is_finite() && *value > 0.0);
        let largest = drawn().reduce(f64::max)?;
        // Eight decades are more than an eye can tell apart; what is smaller shares the lightest step.
        let smallest = drawn().fold(largest, f64::min).max(largest * 1e-8);
        Some(Self { smallest, largest })
    }

    /// The lower edge of a step from 1.
    fn edge(self, step: usize) -> f64 {
        let share = (step - 1) as f64 / STEPS as f64;
        self.smallest * (self.largest / self.smallest).powf(share)
    }

    fn cell(scale: Option<Self>, value: f64) -> Cell {
        match scale {
            _ if !value.is_finite() => Cell::Special,
            Some(scale) if value > 0.0 => {
                Cell::Step((2..=STEPS).rev().find(|step| value >= scale.edge(*step)).unwrap_or(1))
            }
            _ => Cell::Equal,
        }
    }
}

pub(super) fn write(page: &mut Page, heatmap: &Heatmap) {
    let rows = (heatmap.rows as usize).min(MOST);
    let columns = (heatmap.columns as usize).min(MOST);
    if rows == 0 || columns == 0 {
        return;
    }
    let stride = heatmap.columns as usize;
    let scale = Scale::of(&heatmap.values);
    let cell = |row: usize, column: usize| {
        let value = row.checked_mul(stride).and_then(|start| heatmap.values.get(start + column));
        Scale::cell(scale, value.map_or(0.0, |value| value.0))
    };
    let side = (SIDE / rows.max(columns)).clamp(8, 32);
    let (width, height) = (columns * side, rows * side);
    writeln!(
        page,
        "<figure>\n<figcaption>Where they lie: last two dims, largest |difference| / rms per cell</figcaption>\n\
         <svg class=\"heatmap\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {height}\" width=\"{width}\">\n\
         <rect class=\"heat-0\" width=\"{width}\" height=\"{height}\"/>",
        description(heatmap, scale),
    );
    for step in 1..=STEPS {
        let mut path = Page::default();
        for row in 0..rows {
            // Neighbours of one colour are one rectangle.
            let mut column = 0;
            while column < columns {
                let run = (column..columns).take_while(|at| cell(row, *at) == Cell::Step(step)).count();
                if run > 0 {
                    let (x, y, wide) = (column * side, row * side, run * side);
                    write!(path, "M{x} {y}h{wide}v{side}h-{wide}z");
                }
                column += run.max(1);
            }
        }
        let path = path.into_text();
        if !path.is_empty() {
            writeln!(page, "<path class=\"heat-{step}\" d=\"{path}\"/>");
        }
    }
    // A shape of its own tells what is not a number without colour.
    let (half, mut diamonds) = (side / 2, Page::default());
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        if cell(row, column) == Cell::Special {
            let (x, y) = (column * side + half, row * side);
            write!(diamonds, "M{x} {y}l{half} {half}l-{half} {half}l-{half}-{half}z");
        }
    }
    let diamonds = diamonds.into_text();
    if !diamonds.is_empty() {
        writeln!(page, "<path class=\"heat-special\" d=\"{diamonds}\"/>");
    }
    writeln!(page, "</svg>");
    legend(page, &heatmap.values, scale);
    writeln!(page, "</figure>");
}

/// A row of distances, one cell each, on a scale of its own.
pub(super) fn strip(page: &mut Page, distances: &[Real], label: &str) {
    let scale = Scale::of(distances);
    let width = distances.len() * STRIP_CELL;
    writeln!(
        page,
        "<figure>\n<figcaption>{label}</figcaption>\n<svg class=\"heatmap\" role=\"img\" aria-label=\"{label}\" \
         viewBox=\"0 0 {width} {STRIP_HEIGHT}\" width=\"{width}\" preserveAspectRatio=\"none\">\n\
         <rect class=\"heat-0\" width=\"{width}\" height=\"{STRIP_HEIGHT}\"/>",
    );
    for (place, distance) in distances.iter().enumerate() {
        let class = match Scale::cell(scale, distance.0) {
            Cell::Equal => continue,
            Cell::Step(step) => step.to_string(),
            Cell::Special => "special".to_owned(),
        };
        let x = place * STRIP_CELL;
        writeln!(
            page,
            "<rect class=\"heat-{class}\" x=\"{x}\" width=\"{STRIP_CELL}\" height=\"{STRIP_HEIGHT}\"/>"
        );
    }
    writeln!(page, "</svg>");
    legend(page, distances, scale);
    writeln!(page, "</figure>");
}

/// The picture in words.
fn description(heatmap: &Heatmap, scale: Option<Scale>) -> String {
    let cells = format!(
        "Heat map of {} by {}",
        counted(heatmap.rows.into(), "row"),
        counted(heatmap.columns.into(), "column")
    );
    let special = heatmap.values.iter().filter(|value| !value.0.is_finite()).count();
    let special = if special > 0 {
        format!("; {} with NaN or infinity", counted(special as u64, "cell"))
    } else {
        String::new()
    };
    let Some(scale) = scale else { return format!("{cells}; no finite difference{special}") };
    let at = heatmap.values.iter().position(|value| value.0 == scale.largest).unwrap_or(0);
    let columns = (heatmap.columns as usize).max(1);
    let differing = heatmap.values.iter().filter(|value| value.0 != 0.0).count() as u64;
    format!(
        "{cells}; {} differ; largest {} in row {}, column {}{special}",
        counted(differing, "cell"),
        measure(Real(scale.largest)),
        at / columns + 1,
        at % columns + 1,
    )
}

fn legend(page: &mut Page, values: &[Real], scale: Option<Scale>) {
    writeln!(page, "<ul class=\"legend\">\n<li><i class=\"swatch heat-0\"></i>equal</li>");
    if let Some(scale) = scale {
        write!(page, "<li>{} ", measure(Real(scale.smallest)));
        for step in 1..=STEPS {
            write!(page, "<i class=\"swatch heat-{step}\"></i>");
        }
        writeln!(page, " {} (logarithmic)</li>", measure(Real(scale.largest)));
    }
    if values.iter().any(|value| !value.0.is_finite()) {
        writeln!(page, "<li><span class=\"special\" aria-hidden=\"true\">◆</span> NaN or infinity</li>");
    }
    writeln!(page, "</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_logarithmic_and_cover_the_ends() {
        let values = [0.0, 1e-8, 1e-4, 1.0, f64::NAN].map(Real);
        let scale = Scale::of(&values);
        let cells = values.map(|value| Scale::cell(scale, value.0));
        assert_eq!(cells, [Cell::Equal, Cell::Step(1), Cell::Step(5), Cell::Step(8), Cell::Special]);
        assert_eq!(Scale::cell(scale, 1e-30), Cell::Step(1));
    }

    #[test]
    fn a_map_without_differences_has_no_scale() {
        assert!(Scale::of(&[Real(0.0), Real(f64::INFINITY)]).is_none());
        assert_eq!(Scale::cell(None, 0.0), Cell::Equal);
    }
}
