//! The checklist, phase by phase.

use reproof_contract::report::{Check, CheckStatus, Phase, PhaseName};
use reproof_contract::{Report, Verdict};

use super::markup::{Chip, Name, Page, Prose};
use super::timeline;
use crate::catalogue;
use crate::figures::seconds;
use crate::outcome::place;
use crate::text::visible;
use crate::tone::Tone;

/// Fewer checks than this are not worth folding.
const FOLDED_FROM: usize = 4;

pub(super) fn write(page: &mut Page, report: &Report) {
    writeln!(page, "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">Checklist</h2>");
    timeline::write(page, &report.phases);
    for name in [PhaseName::Load, PhaseName::Execute, PhaseName::Validate] {
        if !report.phases.iter().any(|phase| phase.name == name) {
            let name = name.as_str();
            writeln!(
                page,
                "<div class=\"phase\"><h3>{name} <span class=\"quiet\">did not run</span></h3></div>"
            );
        }
        for phase in report.phases.iter().filter(|phase| phase.name == name) {
            write_phase(page, phase);
        }
    }
    writeln!(page, "</section>");
}

fn write_phase(page: &mut Page, phase: &Phase) {
    let (name, time) = (phase.name.as_str(), seconds(phase.seconds));
    let chip = Chip(phase.verdict);
    writeln!(page, "<div class=\"phase\">\n<h3>{name} <span class=\"quiet\">{time}</span> {chip}</h3>");
    let (folded, listed): (Vec<&Check>, Vec<&Check>) = phase.checks.iter().partition(|check| can_fold(check));
    let (folded, listed) = if folded.len() < FOLDED_FROM {
        (Vec::new(), phase.checks.iter().collect())
    } else {
        (folded, listed)
    };
    list(page, &listed);
    let mut rest = folded;
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<&Check>, Vec<&Check>) =
            rest.into_iter().partition(|check| check.id == first.id);
        let title =
            catalogue::counted_checks(&visible(&first.id), Verdict::Identical, same.len(), same.len());
        let mark = Tone::Good.mark();
        writeln!(
            page,
            "<details class=\"fold\"><summary><span class=\"mark good\" aria-hidden=\"true\">{mark}</span> {}\
             </summary>",
            Name(&title),
        );
        list(page, &same);
        writeln!(page, "</details>");
        rest = others;
    }
    writeln!(page, "</div>");
}

fn can_fold(check: &Check) -> bool {
    check.status == CheckStatus::Pass
        && check.verdict == Verdict::Identical
        && check.case.is_some()
        && check.hint.is_none()
}

fn list(page: &mut Page, checks: &[&Check]) {
    if checks.is_empty() {
        return;
    }
    writeln!(page, "<ul class=\"checks\">");
    for check in checks {
        write_check(page, check);
    }
    writeln!(page, "</ul>");
}

fn write_check(page: &mut Page, check: &Check) {
    let tone = Tone::of_check(check);
    let status = match check.status {
        _ if tone == Tone::Open => "undecided",
        CheckStatus::Pass => "passed",
        CheckStatus::Warn => "warning",
        CheckStatus::Fail => "failed",
        CheckStatus::Skip => "skipped",
    };
    write!(
        page,
        "<li class=\"{0}\"><span class=\"mark {0}\" role=\"img\" aria-label=\"{status}\">{1}</span>\n\
         <div><p><bdi>{2}</bdi>",
        tone.as_str(),
        tone.mark(),
        Name(&check.title),
    );
    if let Some(place) = place(check) {
        write!(page, " <span class=\"quiet\"><bdi>{}</bdi></span>", Name(&place));
    }
    write!(page, " <code class=\"id\">{}</code>", Name(&check.id));
    if check.verdict != Verdict::Identical {
        write!(page, " {}", Chip(check.verdict));
    }
    write!(page, "</p>");
    let told = if check.status == CheckStatus::Skip {
        [("because", check.actual.as_ref()), ("hint", check.hint.as_ref()), ("", None)]
    } else {
        let (expected, actual) = (check.expected.as_ref(), check.actual.as_ref());
        [("expected", expected), ("actual", actual), ("hint", check.hint.as_ref())]
    };
    if told.iter().any(|(_, text)| text.is_some()) {
        write!(page, "\n<dl class=\"told\">");
        for (label, text) in told {
            if let Some(text) = text {
                write!(page, "<dt>{label}</dt><dd><bdi>{}</bdi></dd>", Prose(text));
            }
        }
        write!(page, "</dl>");
    }
    writeln!(page, "</div></li>");
}
