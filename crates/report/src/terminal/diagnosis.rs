//! What a diagnosis found, for people: the answer, what proves it, what was tried.

use reproof_contract::diagnosis::{Cause, Diagnosis, Experiment, Finding};
use reproof_contract::report::Confidence;

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::figures::{counted, measure};
use crate::tone::Tone;

/// Experiments without a finding that are listed; `--verbose` lists every one.
const LISTED: usize = 8;

/// Columns of what came of an experiment, and of its distance.
const FINDING: usize = 20;
const DISTANCE: usize = 12;

/// The answer of a diagnosis. Ends with a line break.
pub fn diagnosis(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    let tone = Tone::of_verdict(diagnosis.verdict);
    sheet.line(&[
        Span::new(Ink::of(tone), diagnosis.verdict.to_string()),
        Span::new(Ink::Dim, format!("  {}", diagnosis.runner.as_deref().unwrap_or("not executed"))),
    ]);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &diagnosis.path, Ink::Plain, None);
    sheet.paragraph(&[Span::new(Ink::Strong, "  ")], &diagnosis.summary, Ink::Strong, None);
    for found in &diagnosis.causes {
        cause(&mut sheet, found);
    }
    if let Some(unresolved) = &diagnosis.unresolved {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "to learn more ")], unresolved, Ink::Plain, None);
    }
    if let Some(acceptable) = &diagnosis.acceptable {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "acceptable?   ")], &acceptable.statement, Ink::Plain, None);
        let lead = [Span::new(Ink::Plain, "              ")];
        sheet.paragraph(&lead, &acceptable.recommendation, Ink::Plain, None);
    }
    experiments(&mut sheet, &diagnosis.experiments);
    sheet.into_text()
}

fn cause(sheet: &mut Sheet, found: &Cause) {
    sheet.blank();
    let tone = match found.confidence {
        Confidence::Confirmed => Tone::Bad,
        Confidence::Likely => Tone::Notice,
    };
    sheet.line(&[
        Span::mark(tone),
        Span::new(Ink::Strong, found.id.clone()),
        Span::new(Ink::Dim, format!("  {}", found.confidence.as_str())),
    ]);
    let lead = [Span::new(Ink::Plain, "    ")];
    sheet.paragraph(&lead, &found.statement, Ink::Plain, None);
    for evidence in &found.evidence {
        sheet.paragraph(&lead, evidence, Ink::Dim, None);
    }
    sheet.paragraph(&[Span::new(Ink::Dim, "    fix ")], &found.fix, Ink::Plain, None);
}

/// What was tried: everything that moved the outputs, and some of what did not.
fn experiments(sheet: &mut Sheet, experiments: &[Experiment]) {
    if experiments.is_empty() {
        return;
    }
    let seconds: f64 = experiments.iter().map(|experiment| experiment.seconds.0).sum();
    let title = sheet.width().saturating_sub(4 + FINDING + DISTANCE).max(12);
    sheet.blank();
    sheet.line(&[
        Span::cell(
            Ink::Strong,
            &format!("    {}, {seconds:.1} s", counted(experiments.len() as u64, "experiment")),
            title + 4,
        ),
        Span::cell(Ink::Dim, "gave", FINDING),
        Span::cell(Ink::Dim, "off by", DISTANCE),
    ]);
    let telling = |experiment: &&Experiment| {
        matches!(experiment.finding, Finding::Recorded | Finding::Nearer) || experiment.note.is_some()
    };
    let (telling, rest): (Vec<&Experiment>, Vec<&Experiment>) = experiments.iter().partition(telling);
    let most = if sheet.verbose() { rest.len() } else { LISTED };
    for experiment in telling.iter().chain(rest.iter().take(most)) {
        let tone = match experiment.finding {
            Finding::Recorded => Tone::Good,
            Finding::Nearer => Tone::Notice,
            _ => Tone::Muted,
        };
        sheet.line(&[
            Span::mark(tone),
            Span::cell(Ink::Plain, &experiment.title, title - 1),
            Span::new(Ink::Plain, " "),
            Span::cell(Ink::of(tone), experiment.finding.words(), FINDING),
            Span::cell(Ink::Dim, &experiment.distance.map_or_else(String::new, measure), DISTANCE),
        ]);
        let told = sheet.verbose() || experiment.cause == "package";
        if let Some(note) = experiment.note.as_ref().filter(|_| told) {
            sheet.paragraph(&[Span::new(Ink::Plain, "      ")], note, Ink::Dim, None);
        }
    }
    if let Some(more) = rest.len().checked_sub(most).filter(|more| *more > 0) {
        let text = format!("and {more} more that did not undo it: --verbose lists them");
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
}
