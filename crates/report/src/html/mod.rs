//! One self-contained page: no script, no external resource, light and dark.

mod cases;
mod checks;
mod diagnosis;
mod diff;
mod engine_errors;
mod head;
mod heatmap;
mod histogram;
mod markup;
mod octaves;
mod outputs;
mod resume;
mod start;
mod tables;
mod timeline;

use reproof_contract::{Diagnosis, Diff, EngineErrors, Report};

use markup::{Name, Page};

/// The style sheet of the page; the policy below allows nothing else.
const STYLE: &str = include_str!("style.css");

/// What a browser may do with the page: draw it with its own style sheet, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The report as one HTML file. Everything from the report is escaped, names in either direction are isolated, and
/// very long ones are cut in the middle.
pub fn page(report: &Report) -> String {
    let mut page = Page::default();
    begin(&mut page, &format!("{}: {}", report.verdict, Name(&report.artifact.path)));
    head::write(&mut page, report);
    writeln!(page, "<main>");
    checks::write(&mut page, report);
    cases::write(&mut page, report);
    if let Some(diagnosis) = &report.diagnosis {
        writeln!(page, "<section>\n<h2>Why</h2>\n<p>{}</p>\n</section>", Name(&diagnosis.summary));
        diagnosis::sections(&mut page, diagnosis);
    }
    outputs::write(&mut page, report);
    resume::write(&mut page, report);
    tables::environment(&mut page, report);
    tables::digests(&mut page, report);
    writeln!(
        page,
        "</main>\n<footer>Verified {} by Reproof {}.</footer>\n</body>\n</html>",
        Name(&report.verified_at),
        Name(&report.verified_by),
    );
    page.into_text()
}

/// The comparison of two artifacts as one HTML file, escaped and bounded as [`page`].
pub fn diff(diff: &Diff) -> String {
    let mut page = Page::default();
    diff::write(&mut page, diff);
    page.into_text()
}

/// A diagnosis as one HTML file, escaped and bounded as [`page`].
pub fn diagnosis(diagnosis: &Diagnosis) -> String {
    let mut page = Page::default();
    diagnosis::write(&mut page, diagnosis);
    page.into_text()
}

/// Where an engine's errors are made, as one HTML file, escaped and bounded as [`page`].
pub fn engine_errors(found: &EngineErrors) -> String {
    let mut page = Page::default();
    engine_errors::write(&mut page, found);
    page.into_text()
}

/// Everything before the body; the title is escaped already.
fn begin(page: &mut Page, title: &str) {
    writeln!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title} – Reproof</title>\n<style>\n{STYLE}</style>\n</head>\n<body>",
    );
}
