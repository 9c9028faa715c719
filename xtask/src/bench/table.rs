//! Measurements as tables, for the terminal and for documents.

use crate::measure::Measured;

/// What one benchmark found.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What was measured, on what, against which versions.
    pub title: String,
    /// The measured programs.
    pub rows: Vec<Measured>,
    /// The figures that matter.
    pub bounds: Vec<Bound>,
}

/// One figure with its limit.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// What it is; for a quotient, what is divided by what.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// The largest good one.
    pub limit: f64,
    /// What it is counted in.
    pub unit: Unit,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Ours over the peer's.
    Times,
    /// Units of 10^6 bytes.
    Megabytes,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds for 10^9 bytes.
    SecondsPerGigabyte,
}

impl Bound {
    /// Whether it is within its limit; what is no number is not.
    pub(crate) fn holds(&self) -> bool {
        self.value <= self.limit
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Times => format!("{value:.2}x"),
            Self::Megabytes => format!("{value:.0} MB"),
            Self::Milliseconds if value < 10.0 => format!("{value:.2} ms"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::SecondsPerGigabyte => format!("{value:.2} s/GB"),
        }
    }
}

impl Table {
    /// The figures above their limits.
    pub(crate) fn missed(&self) -> Vec<&Bound> {
        self.bounds.iter().filter(|bound| !bound.holds()).collect()
    }

    /// The tables as Markdown, which is also good to read on a terminal.
    pub(crate) fn text(&self) -> String {
        let mut rows = vec![["program", "wall s", "CPU s", "peak MB", "runs"].map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(|measured| {
            // What was not measured is no number.
            let cell = |value: f64, digits: usize| {
                if value.is_nan() { "–".to_owned() } else { format!("{value:.digits$}") }
            };
            vec![
                measured.label.clone(),
                cell(measured.cost.wall, 3),
                cell(measured.cost.cpu, 3),
                cell(measured.cost.memory / 1e6, 0),
                measured.runs.to_string(),
            ]
        }));
        let mut bounds = vec![["figure", "value", "at most", "holds"].map(str::to_owned).to_vec()];
        bounds.extend(self.bounds.iter().map(|bound| {
            let holds = if bound.holds() { "yes" } else { "NO" };
            let (value, limit) = (bound.unit.text(bound.value), bound.unit.text(bound.limit));
            vec![bound.name.clone(), value, limit, holds.to_owned()]
        }));
        [self.title.clone(), aligned(&rows).join("\n"), aligned(&bounds).join("\n")].join("\n\n")
    }
}

/// Rows of equal length as a Markdown table: first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default().max(3))
        .collect();
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            });
            format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
        })
        .collect();
    let rule = widths.iter().enumerate().map(|(column, width)| match column {
        0 => format!(" {} ", "-".repeat(*width)),
        _ => format!(" {}: ", "-".repeat(width - 1)),
    });
    lines.insert(1, format!("|{}|", rule.collect::<Vec<_>>().join("|")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Cost;

    #[test]
    fn a_table_says_which_limits_are_missed() {
        let bound = |value, unit| Bound { name: "ours over theirs".to_owned(), value, limit: 1.25, unit };
        let cost = Cost { wall: 1.0, cpu: 2.0, memory: 3e6 };
        let table = Table {
            title: "one file".to_owned(),
            rows: vec![Measured { label: "ours".to_owned(), cost, runs: 3 }],
            bounds: vec![
                bound(1.25, Unit::Times),
                bound(1.26, Unit::Times),
                bound(f64::NAN, Unit::Megabytes),
            ],
        };
        assert_eq!(table.missed().len(), 2);
        let text = table.text();
        assert!(text.contains("| ours    |  1.000 | 2.000 |       3 |    3 |"), "{text}");
        assert!(text.contains("| ours over theirs |  1.25x |   1.25x |   yes |"), "{text}");
        assert!(text.contains("| ours over theirs |  1.26x |   1.25x |    NO |"), "{text}");
    }
}
