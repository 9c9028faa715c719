//! The distribution of differences, in decades of their size.

use reproof_contract::report::Histogram;

use super::markup::Page;
use crate::figures::count;

/// Bins that are drawn; decades of float64 are no more than this apart in practice.
const MOST: usize = 40;
/// Width of a bin with its gap.
const STEP: f64 = 38.0;
const HEIGHT: f64 = 130.0;
const TOP: f64 = 18.0;

pub(super) fn write(page: &mut Page, histogram: &Histogram) {
    let counts = &histogram.counts[..histogram.counts.len().min(MOST)];
    let first = i64::from(histogram.first_exponent);
    let edge = |index: usize| format!("1e{}", first + index as i64);
    let label = |index: usize| match index {
        0 => format!("below {}", edge(1)),
        index if index + 1 == counts.len() => format!("{} and more", edge(index)),
        index => format!("{} to {}", edge(index), edge(index + 1)),
    };
    let told: Vec<String> = std::iter::once(format!("equal: {}", count(histogram.equal)))
        .chain(
            counts.iter().enumerate().map(|(index, number)| format!("{}: {}", label(index), count(*number))),
        )
        .collect();
    // Counts span decades as well: the height is the logarithm, the number stands above the bar.
    let height = |number: u64| (number as f64).ln_1p();
    let tallest = counts.iter().copied().chain([histogram.equal]).map(height).fold(1.0, f64::max);

    let width = STEP * (counts.len() + 1) as f64 + 16.0;
    writeln!(
        page,
        "<figure>\n<figcaption>Elements by |difference| / rms of the golden</figcaption>\n\
         <svg class=\"histogram\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width:.0} 186\" width=\"{width:.0}\">",
        told.join(", "),
    );
    let bar = |page: &mut Page, slot: usize, class: &str, number: u64| {
        let left = 2.0 + STEP * slot as f64 + if slot > 0 { 10.0 } else { 0.0 };
        let tall = (height(number) / tallest * (HEIGHT - TOP)).max(if number > 0 { 2.0 } else { 0.0 });
        let (top, middle) = (HEIGHT - tall, left + STEP / 2.0 - 1.0);
        let wide = STEP - 3.0;
        write!(
            page,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide}\" height=\"{tall:.1}\" rx=\"2\"/>"
        );
        writeln!(page, "<text x=\"{middle:.1}\" y=\"{:.1}\">{}</text>", top - 4.0, short(number));
        left
    };
    bar(page, 0, "equal", histogram.equal);
    writeln!(page, "<text x=\"{:.1}\" y=\"146\">equal</text>", 2.0 + STEP / 2.0);
    for (index, number) in counts.iter().enumerate() {
        let left = bar(page, index + 1, "bin", *number);
        if index > 0 {
            writeln!(page, "<text x=\"{:.1}\" y=\"146\">{}</text>", left - 1.0, edge(index));
        }
    }
    writeln!(
        page,
        "<line x1=\"0\" x2=\"{width:.0}\" y1=\"130.5\" y2=\"130.5\"/>\n\
         <text class=\"note\" x=\"2\" y=\"172\">height: logarithm of the count</text>\n</svg>\n</figure>",
    );
}

/// A count in at most five characters.
fn short(number: u64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let mut scaled = number as f64;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1_000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && scaled < 9.95);
    format!("{scaled:.digits$}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_stay_short() {
        let texts = [0, 999, 1_000, 12_345, 999_999, u64::MAX].map(super::short);
        assert_eq!(texts, ["0", "999", "1.0k", "12k", "1.0M", "18E"]);
    }
}
