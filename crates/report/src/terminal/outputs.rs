//! Outputs that differ from their goldens, with the evidence.

use reproof_contract::Report;
use reproof_contract::report::{CaseReport, OutputReport};

use super::sheet::{Ink, Sheet, Span};
use crate::facts::{evidence, in_short, metrics, worst};
use crate::figures::count;
use crate::outcome::differing;
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Outputs that are written out; more would bury the worst.
const SHOWN: usize = 3;
/// The same where all is well: one shows on what the verdict stands.
const SHOWN_OF_GOOD: usize = 1;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    let outputs = differing(report);
    if outputs.is_empty() {
        return;
    }
    sheet.blank();
    sheet.line(&[Span::new(Ink::Strong, "outputs that differ")]);
    if sheet.verbose() {
        for (case, output) in outputs {
            write_title(sheet, case, output);
            write_all(sheet, output);
        }
        return;
    }
    let good = outputs.iter().all(|(_, output)| Tone::of_verdict(output.verdict) == Tone::Good);
    let shown = if good { SHOWN_OF_GOOD } else { SHOWN };
    for (case, output) in outputs.iter().take(shown) {
        write_title(sheet, case, output);
        write_short(sheet, output);
    }
    let below = [Span::new(Ink::Plain, "    ")];
    if outputs.len() > shown {
        let rest = count((outputs.len() - shown) as u64);
        let text = format!("and {rest} more, none worse: --verbose lists them, --html FILE draws them");
        sheet.paragraph(&below, &text, Ink::Dim, None);
    }
    // One contract has one reason; naming it for every output would say nothing more.
    let mut reasons = outputs.iter().filter_map(|(_, output)| output.evidence.referee_none.as_deref());
    if let Some(reason) = reasons.next() {
        let text = format!("no float64 referee: {reason}");
        sheet.excerpt(2, &[Span::mark(Tone::Muted)], &text, Ink::Dim, None);
    }
}

fn write_title(sheet: &mut Sheet, case: &CaseReport, output: &OutputReport) {
    let tone = Tone::of_verdict(output.verdict);
    let limit = 2 * sheet.width();
    let (case, name) = (elide(&visible(&case.name), limit), elide(&visible(&output.name), limit));
    let verdict = Some((Ink::of(tone), output.verdict.as_str()));
    sheet.excerpt(1, &[Span::mark(tone)], &format!("{case} / {name}"), Ink::Plain, verdict);
}

/// The statement and the numbers that tell most, in at most three lines.
fn write_short(sheet: &mut Sheet, output: &OutputReport) {
    sheet.excerpt(2, &[Span::new(Ink::Plain, "    ")], &output.evidence.statement, Ink::Plain, None);
    sheet.row(4, &in_short(output));
}

/// Everything that is known.
fn write_all(sheet: &mut Sheet, output: &OutputReport) {
    sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &output.evidence.statement, Ink::Plain, None);
    let line = |(label, value)| format!("{label} {value}");
    if let Some(found) = &output.metrics {
        sheet.flow(4, &metrics(found).into_iter().map(line).collect::<Vec<_>>());
        sheet.flow(4, &worst(found).map(line).into_iter().collect::<Vec<_>>());
    }
    for (label, value) in evidence(&output.evidence) {
        sheet.flow(4, &[format!("{label}: {value}")]);
    }
}
