//! The table of cases.

use std::cmp::Reverse;

use reproof_contract::report::{Basis, CaseReport};
use reproof_contract::{CaseClass, Report, Verdict};

use super::sheet::{Ink, Sheet, Span};
use crate::facts::{basis, headline};
use crate::figures::{count, counted};
use crate::outcome::decisive;
use crate::text::{columns, visible};
use crate::tone::Tone;

/// Fewer identical cases than this are listed one by one.
const FOLDED_FROM: usize = 2;
/// Lines of the table; `--verbose` lists every case.
const LISTED: usize = 8;
/// Columns of everything but the name: mark, class, verdict, measure, basis.
const FIXED: usize = 4 + 10 + 13 + 17 + 17;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    sheet.blank();
    if report.cases.is_empty() {
        sheet.line(&[Span::new(Ink::Strong, "cases"), Span::new(Ink::Dim, "     none was compared")]);
        return;
    }
    let identical = |case: &&CaseReport| case.verdict == Verdict::Identical;
    let alike: Vec<&CaseReport> = report.cases.iter().filter(identical).collect();
    let fold = alike.len() >= FOLDED_FROM && !sheet.verbose();
    let mut listed: Vec<&CaseReport> =
        report.cases.iter().filter(|case| !(fold && identical(case))).collect();
    // What the model meets every day before its corners, and the order of the suite within.
    listed.sort_by_key(|case| (Reverse(case.verdict), case.class));
    let widest = listed.iter().map(|case| columns(&visible(&case.name))).max().unwrap_or(0);
    let narrow = widest + 2 + FIXED > sheet.width();
    let lines = if narrow { 2 } else { 1 };
    let most = if sheet.verbose() { listed.len() } else { LISTED / lines };
    let rest = listed.split_off(most.min(listed.len()));
    let taken = if narrow { FIXED - 17 - 17 } else { FIXED };
    let table = Table { name: widest.clamp(6, sheet.width().saturating_sub(taken + 2).max(8)) + 2, narrow };
    if listed.is_empty() {
        sheet.line(&[Span::new(Ink::Strong, "cases")]);
    } else {
        table.header(sheet);
    }
    for case in listed {
        table.row(sheet, case);
    }
    if !rest.is_empty() {
        let text = format!("and {} more: {}", count(rest.len() as u64), verdicts(&rest));
        sheet.paragraph(&[Span::new(Ink::Plain, "    ")], &text, Ink::Dim, None);
    }
    if fold {
        let lead = [Span::mark(Tone::Good)];
        sheet.paragraph(&lead, &summary(&alike), Ink::Plain, Some((Ink::Good, "identical")));
    }
}

/// How many cases came to each verdict, worst first.
fn verdicts(cases: &[&CaseReport]) -> String {
    let number = |verdict: Verdict| cases.iter().filter(|case| case.verdict == verdict).count();
    let parts = Verdict::ALL.iter().rev().filter(|verdict| number(**verdict) > 0);
    let parts: Vec<String> =
        parts.map(|verdict| format!("{} {verdict}", count(number(*verdict) as u64))).collect();
    parts.join(", ")
}

/// Many identical cases: how many of each class, and what they stand on.
fn summary(cases: &[&CaseReport]) -> String {
    let mut parts = Vec::new();
    for class in CaseClass::ALL {
        let number = cases.iter().filter(|case| case.class == *class).count();
        if number > 0 {
            parts.push(format!("{} {class}", count(number as u64)));
        }
    }
    let refused =
        |case: &&&CaseReport| case.outputs.iter().any(|output| output.evidence.basis == Basis::Refusal);
    let refused = cases.iter().filter(refused).count();
    let refused =
        if refused > 0 { format!("; {} refused as recorded", count(refused as u64)) } else { String::new() };
    format!("{} ({}{refused})", counted(cases.len() as u64, "case"), parts.join(", "))
}

struct Table {
    /// Columns of the name with the gap after it.
    name: usize,
    /// Whether measure and basis get a line of their own, because the names are long or the sheet is narrow.
    narrow: bool,
}

impl Table {
    fn header(&self, sheet: &mut Sheet) {
        let mut spans = vec![
            Span::cell(Ink::Strong, "cases", self.name + 4),
            Span::cell(Ink::Dim, "class", 10),
            Span::cell(Ink::Dim, "verdict", 13),
        ];
        if !self.narrow {
            spans.push(Span::cell(Ink::Dim, "worst", 17));
            spans.push(Span::cell(Ink::Dim, "decided by", 17));
        }
        sheet.line(&spans);
    }

    fn row(&self, sheet: &mut Sheet, case: &CaseReport) {
        let tone = Tone::of_verdict(case.verdict);
        let mut spans = vec![
            Span::mark(tone),
            Span::cell(Ink::Plain, &case.name, self.name - 2),
            Span::new(Ink::Plain, "  "),
            Span::cell(Ink::Dim, case.class.as_str(), 10),
            Span::cell(Ink::of(tone), case.verdict.as_str(), 13),
        ];
        let output = decisive(case);
        let measure = output.and_then(headline).unwrap_or_else(|| "–".to_owned());
        let basis = output.map_or("no output", |output| basis(output.evidence.basis));
        if self.narrow {
            sheet.line(&spans);
            sheet.flow(6, &[measure, basis.to_owned()]);
        } else {
            spans.push(Span::cell(Ink::Plain, &measure, 17));
            spans.push(Span::cell(Ink::Dim, basis, 17));
            sheet.line(&spans);
        }
    }
}
