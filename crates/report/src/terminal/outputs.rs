//! Outputs that differ from their goldens, with the evidence.

use reproof_contract::Report;
use reproof_contract::report::{CaseReport, OutputReport};

use super::sheet::{Ink, Sheet, Span};
use crate::facts::{evidence, metrics, worst};
use crate::figures::counted;
use crate::outcome::differing;
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Outputs that are written out; more would bury the worst.
const SHOWN: usize = 8;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    let outputs = differing(report);
    if outputs.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(&[Span::new(Ink::Strong, "outputs that differ")]);
    let shown = if sheet.verbose() { outputs.len() } else { SHOWN };
    for (case, output) in outputs.iter().take(shown) {
        write_output(sheet, case, output);
    }
    if outputs.len() > shown {
        let rest = counted((outputs.len() - shown) as u64, "more output");
        let text = format!("and {rest}, none worse: see the JSON or HTML report");
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
}

fn write_output(sheet: &mut Sheet, case: &CaseReport, output: &OutputReport) {
    let tone = Tone::of_verdict(output.verdict);
    let limit = 2 * sheet.width();
    let (case, name) = (elide(&visible(&case.name), limit), elide(&visible(&output.name), limit));
    let verdict = Some((Ink::of(tone), output.verdict.as_str()));
    sheet.paragraph(&[Span::mark(tone)], &format!("{case} / {name}"), Ink::Plain, verdict);
    sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &output.evidence.statement, Ink::Plain, None);
    let mut items: Vec<String> = Vec::new();
    if let Some(found) = &output.metrics {
        items.extend(metrics(found).into_iter().map(|(label, value)| format!("{label} {value}")));
        sheet.flow(4, &items);
        items.clear();
        items.extend(worst(found).map(|(label, value)| format!("{label} {value}")));
    }
    sheet.flow(4, &items);
    for (label, value) in evidence(&output.evidence) {
        sheet.flow(4, &[format!("{label}: {value}")]);
    }
}
