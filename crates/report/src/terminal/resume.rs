//! The timeline of a resumed training: streams against steps.

use reproof_contract::report::{Mark, ResumeReport, StreamReport};
use reproof_contract::{Report, Verdict};

use super::sheet::{Ink, Sheet, Span};
use crate::facts::moments;
use crate::figures::counted;
use crate::tone::Tone;

/// Columns of a stream's name, and of one moment.
const NAME: usize = 24;
const MOMENT: usize = 5;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    let Some(resume) = &report.resume else { return };
    sheet.blank();
    let (unseen, compared): (Vec<&StreamReport>, Vec<&StreamReport>) =
        resume.streams.iter().partition(|stream| stream.verdict == Verdict::Undecided);
    let steps = match resume.compared {
        all if all == resume.recorded => counted(all, "step"),
        some => format!("{some} of {}", counted(resume.recorded, "step")),
    };
    let streams = counted(compared.len() as u64, "stream");
    let reach = format!("{steps} after step {}, {streams}", resume.step);
    let title = [Span::new(Ink::Strong, "resume    ")];
    if compared.iter().all(|stream| stream.first.is_none()) {
        sheet.paragraph(&title, &format!("{reach}: every bit as recorded"), Ink::Dim, None);
    } else {
        sheet.paragraph(&title, &reach, Ink::Dim, None);
        table(sheet, resume, &compared);
    }
    if !unseen.is_empty() {
        let names: Vec<&str> = unseen.iter().map(|stream| stream.stream.words()).collect();
        let text = format!("not seen by the resumed training's recorder: {}", names.join(", "));
        sheet.excerpt(2, &[Span::mark(Tone::Muted)], &text, Ink::Dim, None);
    }
    if !resume.idle.is_empty() {
        let text =
            format!("not compared, as no step drew from them: random states of {}", resume.idle.join(", "));
        sheet.excerpt(2, &[Span::mark(Tone::Muted)], &text, Ink::Dim, None);
    }
    for setting in &resume.settings {
        let text = format!("{}: {} → {}", setting.name, setting.recorded, setting.current);
        sheet.excerpt(2, &[Span::mark(Tone::Notice)], &text, Ink::Plain, None);
    }
    for experiment in &resume.experiments {
        let lead = [Span::new(Ink::Dim, "    tried ")];
        sheet.excerpt(2, &lead, &format!("{}: {}", experiment.title, experiment.result), Ink::Plain, None);
    }
}

/// Streams that differ, with what they were at each moment; the others are counted.
fn table(sheet: &mut Sheet, resume: &ResumeReport, compared: &[&StreamReport]) {
    let moments = moments(resume);
    // Differences show in the first steps; what does not fit is left to --json and --html.
    let fits = (sheet.width().saturating_sub(NAME + 4) / MOMENT).min(moments.len());
    let mut header = vec![Span::cell(Ink::Dim, "", NAME + 4)];
    header.extend(moments.iter().take(fits).map(|moment| Span::cell(Ink::Dim, moment, MOMENT)));
    sheet.line(&header);
    let (differing, alike): (Vec<&StreamReport>, Vec<&StreamReport>) =
        compared.iter().partition(|stream| stream.first.is_some());
    for stream in differing {
        let tone = Tone::of_verdict(stream.verdict);
        let mut spans = vec![Span::mark(tone), Span::cell(Ink::Plain, stream.stream.words(), NAME)];
        spans.extend(stream.marks.iter().take(fits).map(|mark| match mark {
            Mark::Same => Span::cell(Ink::Good, "=", MOMENT),
            Mark::Different => Span::cell(Ink::of(tone), "×", MOMENT),
            Mark::Absent => Span::cell(Ink::Dim, "", MOMENT),
        }));
        sheet.line(&spans);
    }
    if !alike.is_empty() {
        let names: Vec<&str> = alike.iter().map(|stream| stream.stream.words()).collect();
        sheet.excerpt(
            2,
            &[Span::mark(Tone::Good)],
            &format!("as recorded: {}", names.join(", ")),
            Ink::Dim,
            None,
        );
    }
}
