//! The checklist that people read.

mod cases;
mod checks;
mod crowd;
mod diagnosis;
mod drill;
mod engine_errors;
mod faults;
mod head;
mod outputs;
mod resume;
mod scan;
mod sheet;

use reproof_contract::Report;
use reproof_contract::environment::EVERYWHERE;

use crate::{advice, facts, figures, tone::Tone};
pub use diagnosis::diagnosis;
pub use drill::drill;
pub use engine_errors::engine_errors;
pub use faults::fault_drill;
pub use scan::scan;
use sheet::{Ink, Sheet, Span};

/// Differences of the environment that are listed; `--verbose` lists every one.
const DIFFERENCES: usize = 5;

/// How the checklist is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns that no line exceeds; fewer than 40 count as 40.
    pub width: usize,
    /// Whether ANSI colours are written. Nothing is said by colour alone.
    pub colour: bool,
    /// Whether everything is written out; without, what repeats is counted and details are cut to one screen.
    pub verbose: bool,
}

impl Default for Style {
    /// 80 columns, no colour, folded.
    fn default() -> Self {
        Self { width: 80, colour: false, verbose: false }
    }
}

/// The report as a checklist: verdict and summary, phases with their checks, cases, differing outputs with their
/// evidence, the environment, and what to do next. Ends with a line break.
pub fn checklist(report: &Report, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    head::write(&mut sheet, report);
    checks::write(&mut sheet, report);
    cases::write(&mut sheet, report);
    outputs::write(&mut sheet, report);
    resume::write(&mut sheet, report);
    environment(&mut sheet, report);
    if let Some(diagnosis) = &report.diagnosis {
        sheet.blank();
        sheet.line(&[Span::new(Ink::Strong, "why")]);
        diagnosis::body(&mut sheet, diagnosis);
    }
    if let Some(advice) = advice::next(report) {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "next: ")], &advice, Ink::Plain, None);
    }
    sheet.into_text()
}

fn environment(sheet: &mut Sheet, report: &Report) {
    let environment = &report.environment;
    if environment.differences.is_empty() && environment.class.is_empty() {
        return;
    }
    sheet.blank();
    let mut classes = environment.class.clone();
    if let Some(golden) = environment.golden_class.as_ref().filter(|golden| **golden != classes) {
        classes = format!("{classes}, goldens of {golden}");
    }
    // Without a runner nothing was compared.
    if environment.differences.is_empty() && report.runner.is_some() {
        let anywhere = classes == EVERYWHERE;
        classes = format!("{classes}, {}", if anywhere { "the same bits everywhere" } else { "as recorded" });
    }
    sheet.paragraph(&[Span::new(Ink::Strong, "environment  ")], &classes, Ink::Dim, None);
    // The worst first: it is what may explain a drift.
    let mut differences: Vec<_> = environment.differences.iter().collect();
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.grade));
    let most = if sheet.verbose() { differences.len() } else { DIFFERENCES };
    for difference in differences.iter().take(most) {
        let tone = Tone::of_grade(difference.grade);
        let text = format!("{}: {} → {}", difference.item, difference.recorded, difference.current);
        let grade = (Ink::of(tone), facts::grade(difference.grade));
        sheet.excerpt(2, &[Span::mark(tone)], &text, Ink::Plain, Some(grade));
        if sheet.verbose() && !difference.reason.is_empty() {
            sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &facts::because(difference), Ink::Dim, None);
        }
    }
    if let Some(more) = differences.len().checked_sub(most).filter(|more| *more > 0) {
        let text = format!("and {} more, none graver: --verbose lists them", figures::count(more as u64));
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
    if let Some(found) = &environment.fingerprint {
        sheet.excerpt(
            1,
            &[Span::new(Ink::Strong, "operators  ")],
            &facts::fingerprint(found),
            Ink::Plain,
            None,
        );
    }
}
