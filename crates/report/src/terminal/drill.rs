//! What a drill showed, for people.

use reproof_contract::Verdict;
use reproof_contract::drill::{Drill, Lost, LostOutcome};

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::figures::{counted, measure};
use crate::tone::Tone;

/// Columns of the table: piece, first step with another loss, size, evaluation.
const COLUMNS: [usize; 4] = [17, 15, 10, 11];

/// The table of what would be noticed. Ends with a line break.
pub fn drill(drill: &Drill, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    let title = [Span::new(Ink::Strong, "drill"), Span::new(Ink::Dim, "  state lost when training resumes")];
    sheet.line(&title);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &drill.path, Ink::Plain, None);
    let tone = Tone::of_verdict(drill.untouched);
    let lost = match drill.untouched {
        Verdict::Identical => "with nothing lost, training goes on as recorded".to_owned(),
        verdict => {
            format!("with nothing lost, training is {verdict} already: each piece is compared with that run")
        }
    };
    sheet.paragraph(
        &[Span::mark(tone)],
        &format!("{lost}; {} each", counted(drill.steps, "step")),
        Ink::Plain,
        None,
    );
    if !drill.repeats {
        let text = "this training does not repeat with nothing lost either: differences below may be noise";
        sheet.paragraph(&[Span::mark(Tone::Notice)], text, Ink::Plain, None);
    }
    sheet.blank();
    let [piece, step, size, evaluation] = COLUMNS;
    sheet.line(&[
        Span::cell(Ink::Strong, "    lost", piece + 4),
        Span::cell(Ink::Dim, "loss differs", step),
        Span::cell(Ink::Dim, "by", size),
        Span::cell(Ink::Dim, "evaluation", evaluation),
        Span::new(Ink::Dim, "named"),
    ]);
    for loss in drill.lost.iter().filter(|loss| loss.outcome != LostOutcome::Absent) {
        row(&mut sheet, loss);
    }
    let absent: Vec<&str> = drill
        .lost
        .iter()
        .filter(|loss| loss.outcome == LostOutcome::Absent)
        .map(|loss| loss.piece.as_str())
        .collect();
    if !absent.is_empty() {
        let text = format!("this training has none of: {}", absent.join(", "));
        sheet.paragraph(&[Span::mark(Tone::Muted)], &text, Ink::Dim, None);
    }
    sheet.into_text()
}

fn row(sheet: &mut Sheet, loss: &Lost) {
    let tone = match loss.outcome {
        LostOutcome::Loss | LostOutcome::Failed => Tone::Good,
        LostOutcome::Silent => Tone::Notice,
        LostOutcome::Unnoticed | LostOutcome::Absent => Tone::Muted,
    };
    let [piece, step, size, evaluation] = COLUMNS;
    let noticed = match (loss.outcome, loss.step) {
        (LostOutcome::Loss, Some(step)) => format!("from step {step}"),
        (outcome, _) => outcome.words().to_owned(),
    };
    let evaluated = match loss.evaluation {
        Some(true) => "differs",
        Some(false) => "the same",
        None => "",
    };
    sheet.line(&[
        Span::mark(tone),
        Span::cell(Ink::Plain, &loss.piece, piece),
        Span::cell(Ink::of(tone), &noticed, step),
        Span::cell(Ink::Plain, &loss.distance.map_or_else(String::new, measure), size),
        Span::cell(Ink::Plain, evaluated, evaluation),
        Span::new(Ink::Dim, loss.named.join(", ")),
    ]);
}
