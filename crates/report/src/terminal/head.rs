//! Verdict, summary and what was verified against what.

use reproof_contract::Report;

use super::sheet::{Ink, Sheet, Span};
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Columns of the labels.
const LABEL: usize = 12;

/// Lines of the summary; `--verbose` has no limit.
const SUMMARY: usize = 3;

pub(super) fn write(sheet: &mut Sheet, report: &Report) {
    let tone = Tone::of_report(report);
    let reach = if report.verdict.reaches(report.required) { "" } else { "does not reach " };
    sheet.line(&[
        Span::new(Ink::of(tone), format!("{} {}", tone.mark(), report.verdict)),
        Span::new(Ink::Dim, format!("  {reach}required {}, assurance {}", report.required, report.assurance)),
    ]);
    if !report.summary.trim().is_empty() {
        sheet.excerpt(SUMMARY, &[Span::new(Ink::Plain, "  ")], &report.summary, Ink::Plain, None);
    }
    sheet.blank();

    let path = elide(&visible(&report.artifact.path), 2 * sheet.width() - LABEL - 8);
    fact(sheet, "artifact", &path);
    let digests = [report.artifact.artifact_digest, report.artifact.weights_digest];
    let digests: Vec<String> = digests.iter().flatten().map(reproof_digest::Digest::short).collect();
    if !digests.is_empty() {
        fact(sheet, "", &digests.join(", "));
    }
    let contract = &report.contract;
    let signed = if contract.signed { "signed" } else { "unsigned" };
    fact(sheet, "contract", &format!("{}, {signed}", contract.digest.short()));
    let with = contract.recorded_with.as_ref().map(|with| format!(" with {with}")).unwrap_or_default();
    fact(sheet, "", &format!("recorded {}{with}", contract.recorded_at));
    if report.relation != reproof_contract::Relation::Same {
        fact(sheet, "relation", report.relation.as_str());
    }
    if let Some(runner) = &report.runner {
        fact(sheet, "runner", runner);
    }
}

fn fact(sheet: &mut Sheet, label: &str, value: &str) {
    let ink = if label.is_empty() { Ink::Dim } else { Ink::Plain };
    sheet.paragraph(&[Span::cell(Ink::Dim, &format!("  {label}"), LABEL)], value, ink, None);
}
