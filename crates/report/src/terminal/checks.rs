//! Phases and their checks.

use reproof_contract::report::{Check, CheckStatus, Phase, PhaseName};
use reproof_contract::{Report, Verdict};

use super::crowd;
use super::sheet::{Ink, Sheet, Span};
use crate::advice;
use crate::figures::{bytes, seconds};
use crate::outcome::place;
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Lines of one detail; `--verbose` has no limit.
const DETAIL: usize = 3;

/// The command that the last line names where a change may be wanted.
const ACCEPT: &str = "reproof accept";

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
            write_phase(sheet, report, phase);
        }
    }
}

fn write_phase(sheet: &mut Sheet, report: &Report, phase: &Phase) {
    let mut cost = seconds(phase.seconds);
    if let Some(peak) = phase.peak_memory_bytes {
        cost = format!("{cost}, peak {}", bytes(peak));
    }
    let ink = Ink::of(Tone::of_verdict(phase.verdict));
    let title = Span::cell(Ink::Strong, phase.name.as_str(), 10);
    sheet.paragraph(&[title], &cost, Ink::Dim, Some((ink, phase.verdict.as_str())));

    let mut hints = Hints {
        given: Vec::new(),
        ends_with_accept: advice::next(report).is_some_and(|last| last.contains(ACCEPT)),
    };
    let mut seen: Vec<&str> = Vec::new();
    for check in &phase.checks {
        if sheet.verbose() {
            write_check(sheet, check, &mut hints);
        } else if !seen.contains(&check.id.as_str()) {
            seen.push(&check.id);
            let alike: Vec<&Check> = phase.checks.iter().filter(|other| other.id == check.id).collect();
            if crowd::is_crowd(&alike) {
                crowd::write(sheet, report, &alike, &mut hints);
            } else {
                for check in alike {
                    write_check(sheet, check, &mut hints);
                }
            }
        }
    }
}

/// Hints of a phase that were given: one that is repeated says nothing new.
#[derive(Debug)]
pub(super) struct Hints<'a> {
    given: Vec<&'a str>,
    /// Whether the last line of the checklist says how to accept the change.
    ends_with_accept: bool,
}

impl<'a> Hints<'a> {
    /// Writes the hint of a check, if it has one that was not given yet.
    pub(super) fn give(&mut self, sheet: &mut Sheet, check: &'a Check) {
        let Some(hint) = check.hint.as_deref() else { return };
        let told = self.given.contains(&hint) || (self.ends_with_accept && hint.contains(ACCEPT));
        if sheet.verbose() || !told {
            self.given.push(hint);
            let lead = [Span::new(Ink::Plain, "    "), Span::new(Ink::Strong, "hint: ")];
            sheet.excerpt(DETAIL, &lead, hint, Ink::Plain, None);
        }
    }
}

fn write_check<'a>(sheet: &mut Sheet, check: &'a Check, hints: &mut Hints<'a>) {
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
    hints.give(sheet, check);
}

fn detail(sheet: &mut Sheet, label: &str, text: Option<&str>) {
    if let Some(text) = text {
        let lead = [Span::new(Ink::Dim, format!("    {label}"))];
        sheet.excerpt(DETAIL, &lead, text, Ink::Plain, None);
    }
}
