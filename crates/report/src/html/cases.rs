//! The table of cases.

use reproof_contract::report::CaseReport;
use reproof_contract::{Report, Verdict};

use super::markup::{Chip, Name, Page};
use crate::facts::{basis, headline};
use crate::figures::{count, counted, seconds};
use crate::outcome::decisive;

/// More identical cases than this go into a table that opens on demand.
const LISTED: usize = 24;

pub(super) fn write(page: &mut Page, report: &Report) {
    writeln!(page, "<section aria-labelledby=\"cases\">\n<h2 id=\"cases\">Cases</h2>");
    let (identical, different): (Vec<&CaseReport>, Vec<&CaseReport>) =
        report.cases.iter().partition(|case| case.verdict == Verdict::Identical);
    if report.cases.is_empty() {
        writeln!(page, "<p class=\"quiet\">No case was compared.</p>");
    } else if identical.len() <= LISTED {
        let all: Vec<&CaseReport> = report.cases.iter().collect();
        table(page, "All cases", &all);
    } else {
        if !different.is_empty() {
            table(page, "Cases that are not identical", &different);
        }
        let number = counted(identical.len() as u64, "identical case");
        writeln!(page, "<details class=\"fold\"><summary>{number}</summary>");
        table(page, "Identical cases", &identical);
        writeln!(page, "</details>");
    }
    writeln!(page, "</section>");
}

fn table(page: &mut Page, caption: &str, cases: &[&CaseReport]) {
    writeln!(
        page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table class=\"cases\">\n\
         <caption class=\"unseen\">{caption}</caption>\n<thead><tr><th scope=\"col\">Case</th>\
         <th scope=\"col\">Class</th><th scope=\"col\">Verdict</th><th scope=\"col\">Worst difference</th>\
         <th scope=\"col\">Decided by</th><th scope=\"col\" class=\"number\">Outputs</th>\
         <th scope=\"col\" class=\"number\">Time</th></tr></thead>\n<tbody>",
    );
    for case in cases {
        let output = decisive(case);
        writeln!(
            page,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Name(&case.name),
            case.class,
            Chip(case.verdict),
            output.and_then(headline).as_deref().unwrap_or("–"),
            output.map_or("no output", |output| basis(output.evidence.basis)),
            count(case.outputs.len() as u64),
            seconds(case.seconds),
        );
    }
    writeln!(page, "</tbody>\n</table>\n</div>");
}
