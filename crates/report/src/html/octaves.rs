//! The distribution of steps between two tensors, in doublings.

use super::markup::Page;
use crate::figures::count;

/// Width of a bar with its gap.
const STEP: f64 = 20.0;
const HEIGHT: f64 = 130.0;
const TOP: f64 = 8.0;

/// Draws how many elements are no step, 1, 2 to 3, 4 to 7 steps apart and so on.
pub(super) fn write(page: &mut Page, counts: &[u64], is_float: bool) {
    if counts.len() < 2 {
        return;
    }
    let unit = if is_float { "units in the last place" } else { "steps" };
    let label = |index: usize| match index {
        0 => "equal".to_owned(),
        1 => "1".to_owned(),
        index => format!("from 2^{}", index - 1),
    };
    let told: Vec<String> = counts
        .iter()
        .enumerate()
        .filter(|(_, number)| **number > 0)
        .map(|(index, number)| format!("{}: {}", label(index), count(*number)))
        .collect();
    // Counts span decades: the height is the logarithm.
    let height = |number: u64| (number as f64).ln_1p();
    let tallest = counts.iter().copied().map(height).fold(1.0, f64::max);
    let width = STEP * counts.len() as f64 + 8.0;
    writeln!(
        page,
        "<figure>\n<figcaption>Elements by distance in {unit}</figcaption>\n\
         <svg class=\"histogram\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width:.0} 186\" width=\"{width:.0}\">",
        told.join(", "),
    );
    for (index, number) in counts.iter().enumerate() {
        let left = 4.0 + STEP * index as f64;
        let tall = (height(*number) / tallest * (HEIGHT - TOP)).max(if *number > 0 { 2.0 } else { 0.0 });
        let class = if index == 0 { "equal" } else { "bin" };
        let (top, wide) = (HEIGHT - tall, STEP - 3.0);
        writeln!(
            page,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide}\" height=\"{tall:.1}\" rx=\"2\"/>"
        );
        // Every fourth power has its name; more would not fit.
        if index % 4 == 1 {
            let middle = left + wide / 2.0;
            let name = if index == 1 { "1".to_owned() } else { format!("2^{}", index - 1) };
            writeln!(page, "<text x=\"{middle:.1}\" y=\"146\">{name}</text>");
        }
    }
    writeln!(
        page,
        "<line x1=\"0\" x2=\"{width:.0}\" y1=\"130.5\" y2=\"130.5\"/>\n\
         <text class=\"note\" x=\"2\" y=\"172\">first bar: equal; height: logarithm of the count</text>\n</svg>\n</figure>",
    );
}
