//! Where an engine's errors are made, for people.

use reproof_contract::diagnosis::{EngineErrors, ErrorBudget, NodeError};

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::budget::{Scale, worst_first};
use crate::figures::{counted, measure};
use crate::tone::Tone;

/// Nodes that are listed; `--verbose` lists every one.
const LISTED: usize = 10;

/// Heights of a bar.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns of a node's name, its operator, and each of two measures.
const OPERATOR: usize = 20;
const MEASURE: usize = 12;

/// Where errors are made: the worst nodes, and all of them in the order of the graph as bars. Ends with a line break.
pub fn engine_errors(found: &EngineErrors, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    let budget = &found.errors;
    sheet.line(&[
        Span::new(Ink::Strong, "errors by node"),
        Span::new(Ink::Dim, format!("  {}", budget.engine)),
    ]);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &found.path, Ink::Plain, None);
    let text = format!(
        "case {}, {} against float64; by itself: with what the engine gave it; so far: from the inputs on",
        budget.case,
        counted(budget.nodes.len() as u64, "value"),
    );
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &text, Ink::Dim, None);
    if budget.disturbed {
        let text = "the engine fuses fewer operators where their values are asked for: its outputs differ from those of a plain run";
        sheet.paragraph(&[Span::mark(Tone::Notice)], text, Ink::Plain, None);
    }
    table(&mut sheet, budget);
    bars(&mut sheet, budget);
    sheet.into_text()
}

fn table(sheet: &mut Sheet, budget: &ErrorBudget) {
    let worst = worst_first(budget);
    let most = if sheet.verbose() { worst.len() } else { LISTED };
    let name = sheet.width().saturating_sub(4 + OPERATOR + 2 * MEASURE).max(12);
    sheet.blank();
    sheet.line(&[
        Span::cell(Ink::Strong, "    worst first", name + 4),
        Span::cell(Ink::Dim, "operator", OPERATOR),
        Span::cell(Ink::Dim, "by itself", MEASURE),
        Span::cell(Ink::Dim, "so far", MEASURE),
    ]);
    for node in worst.iter().take(most) {
        let tone = if node.changed { Tone::Bad } else { Tone::Muted };
        sheet.line(&[
            Span::mark(tone),
            Span::cell(Ink::Plain, &node.name, name - 1),
            Span::new(Ink::Plain, " "),
            Span::cell(Ink::Dim, &node.operator, OPERATOR),
            Span::cell(Ink::Plain, &by_itself(node), MEASURE),
            Span::cell(Ink::Plain, &node.total.map_or_else(String::new, |apart| measure(apart.l2)), MEASURE),
        ]);
    }
    if let Some(more) = worst.len().checked_sub(most).filter(|more| *more > 0) {
        let text = format!("and {more} more, none worse: --verbose lists them");
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
}

fn by_itself(node: &NodeError) -> String {
    match node.own {
        _ if node.changed => "changed".to_owned(),
        Some(apart) => format!("{} eps", measure(apart.units)),
        None => "exact".to_owned(),
    }
}

/// The nodes in the order of the graph, several in one column where there are many: the largest counts.
fn bars(sheet: &mut Sheet, budget: &ErrorBudget) {
    let scale = Scale::of(budget);
    let Some(scale) = scale else { return };
    sheet.blank();
    let room = sheet.width().saturating_sub(12).max(8);
    let row = |title: &str, of: &dyn Fn(&NodeError) -> Option<f64>| {
        let columns = room.min(budget.nodes.len());
        let bar = |column: usize| {
            let (from, to) =
                (column * budget.nodes.len() / columns, (column + 1) * budget.nodes.len() / columns);
            let largest = budget.nodes[from..to.max(from + 1)].iter().filter_map(of).fold(0.0, f64::max);
            BARS[scale.level(largest, BARS.len() - 1)]
        };
        (format!("{title:<11} "), (0..columns).map(bar).collect::<String>())
    };
    let own = |node: &NodeError| node.own.map(|apart| apart.l2.0);
    let total = |node: &NodeError| node.total.map(|apart| apart.l2.0);
    for (title, bars) in [row("by itself", &own), row("so far", &total)] {
        sheet.line(&[Span::new(Ink::Dim, title), Span::new(Ink::Notice, bars)]);
    }
    let text = format!(
        "relative L2, from {} (empty) to {} (full), each step the same factor; inputs on the left",
        scale.lowest(),
        scale.highest()
    );
    sheet.paragraph(&[Span::new(Ink::Plain, " ".repeat(12))], &text, Ink::Dim, None);
}
