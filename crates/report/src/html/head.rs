//! The banner: verdict, summary, the ladder, and what was verified against what.

use reproof_contract::{Report, Verdict};

use super::markup::{Name, Page, Prose};
use crate::advice;
use crate::tone::Tone;

pub(super) fn write(page: &mut Page, report: &Report) {
    let tone = Tone::of_report(report);
    let reach = if report.verdict.reaches(report.required) { "reaches" } else { "does not reach" };
    writeln!(
        page,
        "<header class=\"banner {}\">\n<p class=\"eyebrow\">Reproof verification</p>\n\
         <h1><span class=\"seal\" aria-hidden=\"true\">{}</span> {}</h1>\n\
         <p class=\"lead\">{}</p>\n<p class=\"reach\">It {reach} the required <strong>{}</strong>. \
         Assurance: <strong>{}</strong>.</p>",
        tone.as_str(),
        tone.mark(),
        report.verdict,
        Prose(&report.summary),
        report.required,
        report.assurance,
    );
    ladder(page, report);
    if let Some(advice) = advice::next(report) {
        writeln!(page, "<p class=\"next\"><strong>Next:</strong> {}</p>", Prose(&advice));
    }
    facts(page, report);
    writeln!(page, "</header>");
}

/// The verdicts from best to worst with the current and the required one.
fn ladder(page: &mut Page, report: &Report) {
    writeln!(page, "<ol class=\"ladder\" aria-label=\"Verdicts from best to worst\">");
    for verdict in Verdict::ALL {
        let current = if *verdict == report.verdict { " aria-current=\"true\"" } else { "" };
        let required = if *verdict == report.required { "<small>required</small>" } else { "" };
        let tone = Tone::of_verdict(*verdict).as_str();
        writeln!(page, "<li class=\"{tone}\"{current}><span>{verdict}</span>{required}</li>");
    }
    writeln!(page, "</ol>");
}

fn facts(page: &mut Page, report: &Report) {
    let artifact = &report.artifact;
    let contract = &report.contract;
    write!(page, "<dl class=\"facts\">\n<div><dt>Artifact</dt><dd><bdi>{}</bdi>", Name(&artifact.path));
    if let Some(digest) = artifact.artifact_digest {
        write!(page, "<br><code>{}</code>", digest.short());
    }
    let signed = if contract.signed { "signed" } else { "unsigned" };
    writeln!(
        page,
        "</dd></div>\n<div><dt>Contract</dt><dd>{signed}, recorded {}<br><code>{}</code></dd></div>",
        Name(&contract.recorded_at),
        contract.digest.short(),
    );
    let mut fact = |label: &str, value: &str| {
        writeln!(page, "<div><dt>{label}</dt><dd><bdi>{}</bdi></dd></div>", Name(value));
    };
    fact("Relation", report.relation.as_str());
    fact("Verified with", report.runner.as_deref().unwrap_or("nothing was executed"));
    if let Some(with) = &contract.recorded_with {
        fact("Recorded with", with);
    }
    writeln!(page, "</dl>");
}
