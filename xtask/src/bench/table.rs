//! Measurements as a table, for the terminal and for documents.

use crate::measure::Measured;

/// What one benchmark found.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What was measured, on what.
    pub title: String,
    /// The measured programs.
    pub rows: Vec<Measured>,
    /// The ratios that matter, ours over the peer's.
    pub ratios: Vec<Ratio>,
}

/// One quotient with its limit.
#[derive(Clone, Debug)]
pub(crate) struct Ratio {
    /// What is divided by what.
    pub name: String,
    /// The quotient.
    pub value: f64,
    /// The largest good one.
    pub limit: f64,
}

impl Ratio {
    /// Whether it is within its limit; what is no number is not.
    pub(crate) fn holds(&self) -> bool {
        self.value <= self.limit
    }
}

impl Table {
    /// The ratios above their limits.
    pub(crate) fn missed(&self) -> Vec<&Ratio> {
        self.ratios.iter().filter(|ratio| !ratio.holds()).collect()
    }

    /// The table as Markdown, which is also good to read on a terminal.
    pub(crate) fn text(&self) -> String {
        let heading = ["program", "wall s", "CPU s", "peak MB", "runs"].map(str::to_owned);
        let mut rows = vec![heading.to_vec()];
        rows.extend(self.rows.iter().map(|measured| {
            vec![
                measured.label.clone(),
                format!("{:.3}", measured.cost.wall),
                format!("{:.3}", measured.cost.cpu),
                format!("{:.0}", measured.cost.memory / 1e6),
                measured.runs.to_string(),
            ]
        }));
        let ratios = self.ratios.iter().map(|ratio| {
            let word = if ratio.holds() { "within" } else { "ABOVE" };
            format!("- {}: {:.2}x, {word} the limit of {:.2}x", ratio.name, ratio.value, ratio.limit)
        });
        let mut lines = vec![self.title.clone(), String::new()];
        lines.extend(aligned(&rows));
        lines.push(String::new());
        lines.extend(ratios);
        lines.join("\n")
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
        let ratio = |value| Ratio { name: "ours over theirs".to_owned(), value, limit: 1.25 };
        let cost = Cost { wall: 1.0, cpu: 2.0, memory: 3e6 };
        let table = Table {
            title: "one file".to_owned(),
            rows: vec![Measured { label: "ours".to_owned(), cost, runs: 3 }],
            ratios: vec![ratio(1.25), ratio(1.26), ratio(f64::NAN)],
        };
        assert_eq!(table.missed().len(), 2);
        let text = table.text();
        assert!(text.contains("| ours    |  1.000 | 2.000 |       3 |    3 |"), "{text}");
        assert!(text.contains("1.26x, ABOVE the limit of 1.25x"), "{text}");
    }
}
