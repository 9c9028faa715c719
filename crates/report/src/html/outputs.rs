//! Outputs that differ, each with its measures, evidence and pictures.

use reproof_contract::Report;
use reproof_contract::report::{CaseReport, OutputReport};

use super::markup::{Chip, Name, Page, Prose};
use super::{heatmap, histogram};
use crate::facts::{Fact, basis, evidence, metrics, worst};
use crate::figures::counted;
use crate::outcome::differing;
use crate::tone::Tone;

/// Outputs that are written out; a page with more would be slow and say no more.
const SHOWN: usize = 60;
/// Outputs that are open at first.
const OPEN: usize = 4;

pub(super) fn write(page: &mut Page, report: &Report) {
    let outputs = differing(report);
    if outputs.is_empty() {
        return;
    }
    writeln!(page, "<section aria-labelledby=\"outputs\">\n<h2 id=\"outputs\">Outputs that differ</h2>");
    for (index, (case, output)) in outputs.iter().take(SHOWN).enumerate() {
        write_output(page, case, output, index < OPEN);
    }
    if outputs.len() > SHOWN {
        let rest = counted((outputs.len() - SHOWN) as u64, "more output");
        writeln!(page, "<p class=\"quiet\">And {rest}, none worse: see the JSON report.</p>");
    }
    writeln!(page, "</section>");
}

fn write_output(page: &mut Page, case: &CaseReport, output: &OutputReport, open: bool) {
    writeln!(
        page,
        "<details class=\"output {}\"{}>\n<summary><span class=\"path\"><bdi>{}</bdi> \
         <span aria-hidden=\"true\">/</span> <bdi>{}</bdi></span> {}</summary>\n\
         <p class=\"statement\">{}</p>\n<div class=\"columns\">\n<div>",
        Tone::of_verdict(output.verdict).as_str(),
        if open { " open" } else { "" },
        Name(&case.name),
        Name(&output.name),
        Chip(output.verdict),
        Prose(&output.evidence.statement),
    );
    let mut basis_first = vec![("decided by", basis(output.evidence.basis).to_owned())];
    basis_first.extend(evidence(&output.evidence));
    list(page, "Evidence", &basis_first);
    let Some(found) = &output.metrics else {
        writeln!(page, "</div>\n</div>\n</details>");
        return;
    };
    writeln!(page, "</div>\n<div>");
    let mut measured = metrics(found);
    measured.extend(worst(found));
    list(page, "Difference", &measured);
    writeln!(page, "</div>\n</div>");
    if found.histogram.is_some() || found.heatmap.is_some() {
        writeln!(page, "<div class=\"pictures\">");
        if let Some(histogram) = &found.histogram {
            histogram::write(page, histogram);
        }
        if let Some(heatmap) = &found.heatmap {
            heatmap::write(page, heatmap);
        }
        writeln!(page, "</div>");
    }
    writeln!(page, "</details>");
}

fn list(page: &mut Page, title: &str, facts: &[Fact]) {
    writeln!(page, "<h4>{title}</h4>\n<dl class=\"pairs\">");
    for (label, value) in facts {
        writeln!(page, "<dt>{label}</dt><dd><bdi>{}</bdi></dd>", Prose(value));
    }
    writeln!(page, "</dl>");
}
