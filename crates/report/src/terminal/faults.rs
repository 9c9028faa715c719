//! Which mistakes a suite would catch, for people.

use reproof_contract::drill::{Answer, FaultDrill, FaultOutcome, PlantedFault};

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::figures::{counted, measure, percent};
use crate::tone::Tone;

/// Columns of what came of a fault, how far outputs are off, and what the diagnosis says.
const OUTCOME: usize = 12;
const DISTANCE: usize = 10;
const ANSWER: usize = 24;

/// The table of planted faults, with the score. Ends with a line break.
pub fn fault_drill(drill: &FaultDrill, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    sheet.line(&[
        Span::new(Ink::Strong, "drill"),
        Span::new(
            Ink::Dim,
            format!("  faults planted, {}", drill.runner.as_deref().unwrap_or("not executed")),
        ),
    ]);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &drill.path, Ink::Plain, None);
    score(&mut sheet, drill);
    sheet.blank();
    let diagnosed = drill.faults.iter().any(|fault| fault.named.is_some());
    let answer = if diagnosed { ANSWER } else { 0 };
    let name = sheet.width().saturating_sub(4 + OUTCOME + DISTANCE + answer).max(16);
    sheet.line(&[
        Span::cell(Ink::Strong, "    fault", name + 4),
        Span::cell(Ink::Dim, "suite", OUTCOME),
        Span::cell(Ink::Dim, "off by", DISTANCE),
        Span::new(Ink::Dim, if diagnosed { "diagnosis" } else { "" }),
    ]);
    for fault in &drill.faults {
        row(&mut sheet, fault, name);
    }
    if drill.left_out > 0 {
        let text = format!(
            "{} left out for want of time: give more with --budget",
            counted(drill.left_out, "fault")
        );
        sheet.paragraph(&[Span::mark(Tone::Notice)], &text, Ink::Plain, None);
    }
    for advice in &drill.advice {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "to catch more ")], advice, Ink::Plain, None);
    }
    sheet.into_text()
}

fn score(sheet: &mut Sheet, drill: &FaultDrill) {
    let caught = drill.count(FaultOutcome::Caught);
    let text = format!(
        "{caught} of {} are caught ({}): {} accepted, {} unseen in any output",
        counted(drill.planted(), "fault"),
        percent(caught, drill.planted()),
        drill.count(FaultOutcome::Accepted),
        drill.count(FaultOutcome::Unseen),
    );
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &text, Ink::Strong, None);
    let answers: Vec<Answer> =
        drill.faults.iter().filter_map(|fault| Some(fault.named.as_ref()?.answer)).collect();
    if answers.is_empty() {
        return;
    }
    let count = |wanted: Answer| answers.iter().filter(|answer| **answer == wanted).count();
    let text = format!(
        "of {} that outputs show, the diagnosis names {} right, {} as likely, {} not, {} wrong",
        answers.len(),
        count(Answer::Right),
        count(Answer::Likely),
        count(Answer::Unresolved),
        count(Answer::Wrong),
    );
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &text, Ink::Plain, None);
}

fn row(sheet: &mut Sheet, fault: &PlantedFault, name: usize) {
    let tone = match fault.outcome {
        FaultOutcome::Caught => Tone::Good,
        FaultOutcome::Accepted | FaultOutcome::Unseen => Tone::Notice,
        FaultOutcome::Failed => Tone::Muted,
    };
    let named = fault.named.as_ref().map_or_else(String::new, |named| {
        format!("{} {}", named.answer.as_str(), named.cause.as_deref().unwrap_or_default())
    });
    sheet.line(&[
        Span::mark(tone),
        Span::cell(Ink::Plain, &fault.fault, name - 1),
        Span::new(Ink::Plain, " "),
        Span::cell(Ink::of(tone), fault.outcome.words(), OUTCOME),
        Span::cell(Ink::Dim, &fault.distance.map_or_else(String::new, measure), DISTANCE),
        Span::new(Ink::Plain, named),
    ]);
    let lead = [Span::new(Ink::Plain, "      ")];
    if let Some(note) = &fault.note {
        sheet.paragraph(&lead, note, Ink::Dim, None);
    }
    if !sheet.verbose() {
        return;
    }
    if !fault.cases.is_empty() {
        sheet.paragraph(&lead, &format!("caught by {}", fault.cases.join(", ")), Ink::Dim, None);
    }
    if let Some(named) = &fault.named {
        sheet.paragraph(&lead, &named.summary, Ink::Dim, None);
    }
}
