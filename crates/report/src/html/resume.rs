//! The timeline of a resumed training: streams against steps.

use reproof_contract::Report;
use reproof_contract::report::{Mark, ResumeReport};

use super::markup::{Name, Page};
use crate::facts::moments;

pub(super) fn write(page: &mut Page, report: &Report) {
    let Some(resume) = &report.resume else { return };
    writeln!(page, "<section>\n<h2>Resume</h2>");
    writeln!(
        page,
        "<p>{} of {} recorded steps after step {}: <code>{}</code></p>",
        resume.compared,
        resume.recorded,
        resume.step,
        Name(&resume.command),
    );
    for finding in &resume.findings {
        writeln!(
            page,
            "<p><b>{}</b> ({}, {}). {}</p>",
            Name(&finding.statement),
            Name(&finding.cause),
            finding.confidence.as_str(),
            Name(&finding.fix),
        );
    }
    table(page, resume);
    for setting in &resume.settings {
        let (name, recorded, current) =
            (Name(&setting.name), Name(&setting.recorded), Name(&setting.current));
        writeln!(page, "<p>{name}: {recorded} → {current}</p>");
    }
    if !resume.idle.is_empty() {
        writeln!(page, "<p>Not compared, as no step drew from them: random states of</p>\n<ul>");
        for name in &resume.idle {
            writeln!(page, "<li>{}</li>", Name(name));
        }
        writeln!(page, "</ul>");
    }
    if !resume.experiments.is_empty() {
        writeln!(page, "<table>\n<thead><tr><th>tried</th><th>result</th></tr></thead>\n<tbody>");
        for experiment in &resume.experiments {
            let (title, result) = (Name(&experiment.title), Name(&experiment.result));
            writeln!(page, "<tr><td>{title}</td><td>{result}</td></tr>");
        }
        writeln!(page, "</tbody>\n</table>");
    }
    writeln!(page, "</section>");
}

fn table(page: &mut Page, resume: &ResumeReport) {
    write!(page, "<table class=\"moments\">\n<thead><tr><th>stream</th>");
    for moment in moments(resume) {
        write!(page, "<th>{moment}</th>");
    }
    writeln!(page, "</tr></thead>\n<tbody>");
    for stream in &resume.streams {
        write!(page, "<tr><td>{}</td>", stream.stream.words());
        for mark in &stream.marks {
            match mark {
                Mark::Same => write!(page, "<td class=\"same\">=</td>"),
                Mark::Different => write!(page, "<td class=\"different\">×</td>"),
                Mark::Absent => write!(page, "<td></td>"),
            }
        }
        writeln!(page, "</tr>");
    }
    writeln!(page, "</tbody>\n</table>");
}
