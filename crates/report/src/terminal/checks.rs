//! Phases and their checks.

use reproof_contract::report::{Check, CheckStatus, Phase, PhaseName};
use reproof_contract::{Report, Verdict};

use super::sheet::{Ink, Sheet, Span};
use crate::catalogue;
use crate::figures::{bytes, seconds};
use crate::outcome::place;
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Fewer checks than this are not worth folding.
const FOLDED_FROM: usize = 3;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    let mut silent = false;
    for name in [PhaseName::Load, PhaseName::Execute, PhaseName::Validate] {
        if !silent {
            sheet.blank();
        }
        let mut phases = report.phases.iter().filter(|phase| phase.name == name).peekable();
        silent = phases.peek().is_none();
        if silent {
            let title = Span::cell(Ink::Dim, name.as_str(), 10);
            sheet.line(&[title, Span::new(Ink::Dim, "did not run")]);
        }
        for phase in phases {
            write_phase(sheet, phase);
        }
    }
}

fn write_phase(sheet: &mut Sheet, phase: &Phase) {
    let mut cost = seconds(phase.seconds);
    if let Some(peak) = phase.peak_memory_bytes {
        cost = format!("{cost}, peak {}", bytes(peak));
    }
    let ink = Ink::of(Tone::of_verdict(phase.verdict));
    let title = Span::cell(Ink::Strong, phase.name.as_str(), 10);
    sheet.paragraph(&[title], &cost, Ink::Dim, Some((ink, phase.verdict.as_str())));

    let mut folded: Vec<&str> = Vec::new();
    for check in &phase.checks {
        let number = if can_fold(check) && !sheet.verbose() { alike(phase, check) } else { 1 };
        if number < FOLDED_FROM {
            write_check(sheet, check);
        } else if !folded.contains(&check.id.as_str()) {
            folded.push(&check.id);
            let text = catalogue::folded(&visible(&check.id), number);
            sheet.paragraph(&[Span::mark(Tone::Good)], &text, Ink::Plain, None);
        }
    }
}

/// How many checks of the phase one line can stand for, with this one.
fn alike(phase: &Phase, check: &Check) -> usize {
    phase.checks.iter().filter(|other| other.id == check.id && can_fold(other)).count()
}

/// Whether nothing is lost by counting the check instead of naming it.
fn can_fold(check: &Check) -> bool {
    check.status == CheckStatus::Pass
        && check.verdict == Verdict::Identical
        && check.case.is_some()
        && check.hint.is_none()
}

fn write_check(sheet: &mut Sheet, check: &Check) {
    let tone = Tone::of_check(check);
    let mut title = elide(&visible(&check.title), 2 * sheet.width());
    let names = [&check.case, &check.output];
    if let Some(place) = place(check)
        && !names.into_iter().flatten().all(|name| check.title.contains(name.as_str()))
    {
        title = format!("{title}: {}", elide(&visible(&place), 2 * sheet.width()));
    }
    let ink = if tone == Tone::Muted { Ink::Dim } else { Ink::Plain };
    let verdict = check.verdict;
    let verdict =
        (verdict != Verdict::Identical).then(|| (Ink::of(Tone::of_verdict(verdict)), verdict.as_str()));
    sheet.paragraph(&[Span::mark(tone)], &title, ink, verdict);

    match check.status {
        CheckStatus::Skip => detail(sheet, "skipped: ", check.actual.as_deref()),
        CheckStatus::Pass if tone == Tone::Good && !sheet.verbose() => {}
        _ => {
            detail(sheet, "expected: ", check.expected.as_deref());
            detail(sheet, "actual:   ", check.actual.as_deref());
        }
    }
    let lead = [Span::new(Ink::Plain, "    "), Span::new(Ink::Strong, "hint: ")];
    if let Some(hint) = &check.hint {
        sheet.paragraph(&lead, hint, Ink::Plain, None);
    }
}

fn detail(sheet: &mut Sheet, label: &str, text: Option<&str>) {
    if let Some(text) = text {
        sheet.paragraph(&[Span::new(Ink::Dim, format!("    {label}"))], text, Ink::Plain, None);
    }
}
