//! What a diagnosis found, for people: the answer, what proves it, what was tried.

use reproof_contract::Real;
use reproof_contract::diagnosis::{Cause, Diagnosis, Experiment, Finding, Place, Stage, Start};
use reproof_contract::report::Confidence;

use super::Style;
use super::sheet::{Ink, Sheet, Span};
use crate::figures::{counted, measure, share};
use crate::tone::Tone;

/// Experiments without a finding that are listed; `--verbose` lists every one.
const LISTED: usize = 8;

/// Columns of what came of an experiment, and of its distance.
const FINDING: usize = 20;
const DISTANCE: usize = 12;

/// Steps at either end of a long way that are listed.
const ENDS: usize = 4;

/// Parts of the model that are listed, and the smallest share that is told.
const PARTS: usize = 5;
const TELLING: f64 = 0.01;

/// No difference, and eight heights of one.
const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The answer of a diagnosis. Ends with a line break.
pub fn diagnosis(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut sheet = Sheet::new(*style);
    let tone = Tone::of_verdict(diagnosis.verdict);
    sheet.line(&[
        Span::new(Ink::of(tone), diagnosis.verdict.to_string()),
        Span::new(Ink::Dim, format!("  {}", diagnosis.runner.as_deref().unwrap_or("not executed"))),
    ]);
    sheet.paragraph(&[Span::new(Ink::Plain, "  ")], &diagnosis.path, Ink::Plain, None);
    body(&mut sheet, diagnosis);
    sheet.into_text()
}

/// All but the verdict.
pub(super) fn body(sheet: &mut Sheet, diagnosis: &Diagnosis) {
    sheet.paragraph(&[Span::new(Ink::Strong, "  ")], &diagnosis.summary, Ink::Strong, None);
    for found in &diagnosis.causes {
        cause(sheet, found);
    }
    if let Some(unresolved) = &diagnosis.unresolved {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "to learn more ")], unresolved, Ink::Plain, None);
    }
    if let Some(start) = &diagnosis.start {
        begins(sheet, start);
    }
    if let Some(acceptable) = &diagnosis.acceptable {
        sheet.blank();
        sheet.paragraph(&[Span::new(Ink::Strong, "acceptable?   ")], &acceptable.statement, Ink::Plain, None);
        let lead = [Span::new(Ink::Plain, "              ")];
        sheet.paragraph(&lead, &acceptable.recommendation, Ink::Plain, None);
    }
    experiments(sheet, &diagnosis.experiments);
}

/// Where the difference starts, the way to the outputs, and the whole run as a row of bars.
fn begins(sheet: &mut Sheet, start: &Start) {
    sheet.blank();
    let told = |place: &Place| {
        let distance =
            place.distance.map_or_else(String::new, |distance| format!(", off by {}", measure(distance)));
        // Operators are named by what they are.
        let kind = if place.name.ends_with(&place.kind) { "" } else { &place.kind };
        match format!("{kind}{distance}").trim_start_matches(", ") {
            "" => place.name.clone(),
            told => format!("{} ({told})", place.name),
        }
    };
    let lead = [Span::new(Ink::Plain, "              ")];
    sheet.paragraph(&[Span::new(Ink::Strong, "starts at     ")], &told(&start.step), Ink::Plain, None);
    if let Some(recorded) = &start.recorded {
        sheet.paragraph(&lead, &format!("the recorded run had {recorded} there"), Ink::Plain, None);
    }
    if !start.inside.is_empty() {
        sheet.paragraph(&lead, &format!("in {}", start.inside.join(", in ")), Ink::Dim, None);
    }
    // The middle of a long way is as its ends.
    let shown =
        |place: usize| start.path.len() <= 2 * ENDS || place < ENDS || place + ENDS >= start.path.len();
    for (place, step) in start.path.iter().enumerate() {
        if shown(place) {
            sheet.paragraph(&[Span::new(Ink::Plain, "         then ")], &told(step), Ink::Plain, None);
        } else if place == ENDS {
            let between = counted((start.path.len() - 2 * ENDS) as u64, "step");
            sheet.paragraph(&lead, &format!("... {between} ..."), Ink::Dim, None);
        }
    }
    for other in &start.others {
        sheet.paragraph(&[Span::new(Ink::Plain, "     and also ")], &told(other), Ink::Plain, None);
    }
    let steps = format!("  {} of {} differ", start.differing, counted(start.steps, "step"));
    let room = sheet.width().saturating_sub(14 + steps.len()).clamp(8, 64);
    sheet.line(&[
        Span::new(Ink::Plain, "              "),
        Span::new(Ink::Plain, bars(&start.profile, room)),
        Span::new(Ink::Dim, steps),
    ]);
    adds(sheet, &start.stages);
}

/// The parts of the model that add most, with their shares.
fn adds(sheet: &mut Sheet, stages: &[Stage]) {
    let mut worst: Vec<&Stage> = stages.iter().filter(|stage| stage.share.0 >= TELLING).collect();
    worst.sort_by(|one, other| other.share.0.total_cmp(&one.share.0));
    for (place, stage) in worst.iter().take(PARTS).enumerate() {
        let lead = if place == 0 { "adds          " } else { "              " };
        let lead = [Span::new(Ink::Strong, format!("{lead}{:>5}  ", share(stage.share.0)))];
        sheet.paragraph(&lead, &stage.name, Ink::Plain, None);
    }
}

/// Distances as bars, the largest in each place, on a logarithmic scale of eight decades below the largest.
fn bars(profile: &[Real], room: usize) -> String {
    let largest =
        profile.iter().map(|distance| distance.0).filter(|distance| distance.is_finite()).fold(0.0, f64::max);
    let height = |distance: f64| match distance {
        distance if distance <= 0.0 => BARS[0],
        distance if distance.is_finite() && largest > 0.0 => {
            let below = (largest / distance).log10().clamp(0.0, 7.0);
            BARS[8 - below as usize]
        }
        _ => BARS[8],
    };
    let stretch = profile.len().div_ceil(room).max(1);
    profile
        .chunks(stretch)
        .map(|some| height(some.iter().map(|distance| distance.0).fold(0.0, f64::max)))
        .collect()
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
