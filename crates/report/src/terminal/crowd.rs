//! Many checks of one kind: how many of each verdict, and the worst by name.

use reproof_contract::report::Check;
use reproof_contract::{Report, Verdict};

use super::checks::Hints;
use super::sheet::{Ink, Sheet, Span};
use crate::catalogue;
use crate::figures::count;
use crate::outcome::{place, worst_first};
use crate::text::{elide, visible};
use crate::tone::Tone;

/// Fewer checks than this are listed one by one.
const FOLDED_FROM: usize = 3;

/// Checks that are named, over all verdicts but `identical`.
const NAMED: usize = 3;

/// The indentation of what stands below a line of the checklist.
const BELOW: &str = "    ";

/// Whether checks of one id are counted instead of listed.
pub(super) fn is_crowd(alike: &[&Check]) -> bool {
    alike.len() >= FOLDED_FROM
}

/// Writes a line for each verdict, worst first, below it the worst by name, and their hints once.
pub(super) fn write<'a>(sheet: &mut Sheet, report: &Report, alike: &[&'a Check], hints: &mut Hints<'a>) {
    let mut left = NAMED;
    for verdict in Verdict::ALL.iter().rev() {
        let members: Vec<&Check> = alike.iter().copied().filter(|check| check.verdict == *verdict).collect();
        let Some(first) = members.first() else { continue };
        let tone = members.iter().map(|check| Tone::of_check(check)).max().unwrap_or(Tone::Good);
        let ink = Ink::of(Tone::of_verdict(*verdict));
        let trail = (*verdict != Verdict::Identical).then(|| (ink, verdict.as_str()));
        let text = catalogue::counted_checks(&visible(&first.id), *verdict, members.len(), alike.len());
        sheet.paragraph(&[Span::mark(tone)], &text, Ink::Plain, trail);

        let telling: Vec<&Check> = members.into_iter().filter(|check| !is_quiet(check)).collect();
        let named: Vec<&Check> = worst_first(report, &telling).into_iter().take(left).collect();
        for check in &named {
            write_named(sheet, check);
        }
        let more = telling.len() - named.len();
        if more > 0 && !named.is_empty() {
            let text = format!("and {} more: --verbose lists them", count(more as u64));
            sheet.excerpt(1, &[Span::new(Ink::Plain, BELOW)], &text, Ink::Dim, None);
        }
        for check in &named {
            hints.give(sheet, check);
        }
        left -= named.len();
    }
}

/// Whether nothing is lost by counting the check instead of naming it.
fn is_quiet(check: &Check) -> bool {
    check.verdict == Verdict::Identical && Tone::of_check(check) == Tone::Good && check.hint.is_none()
}

/// One line for one check.
fn write_named(sheet: &mut Sheet, check: &Check) {
    let title = place(check).unwrap_or_else(|| check.title.clone());
    let title = elide(&visible(&title), sheet.width() / 2);
    let text = match &check.actual {
        Some(actual) => format!("{title}: {actual}"),
        None => title,
    };
    sheet.excerpt(1, &[Span::new(Ink::Plain, BELOW)], &text, Ink::Dim, None);
}
