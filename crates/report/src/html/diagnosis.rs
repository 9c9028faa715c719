//! The page of a diagnosis: the answer, what proves it, what was tried.

use reproof_contract::diagnosis::{Diagnosis, Finding};

use super::markup::{Name, Page};
use super::{begin, start};
use crate::figures::measure;

pub(super) fn write(page: &mut Page, diagnosis: &Diagnosis) {
    begin(page, &format!("diagnosis: {}", Name(&diagnosis.path)));
    writeln!(
        page,
        "<header class=\"banner\">\n<p class=\"eyebrow\">Reproof diagnosis</p>\n<h1>{}</h1>\n\
         <p class=\"lead\"><bdi>{}</bdi>: {}</p>\n</header>\n<main>",
        diagnosis.verdict,
        Name(&diagnosis.path),
        Name(&diagnosis.summary),
    );
    sections(page, diagnosis);
    writeln!(page, "</main>\n</body>\n</html>");
}

/// All but the banner.
pub(super) fn sections(page: &mut Page, diagnosis: &Diagnosis) {
    for cause in &diagnosis.causes {
        writeln!(
            page,
            "<section>\n<h2><code>{}</code> ({})</h2>\n<p>{}</p>\n<ul>",
            Name(&cause.id),
            cause.confidence.as_str(),
            Name(&cause.statement),
        );
        for evidence in &cause.evidence {
            writeln!(page, "<li>{}</li>", Name(evidence));
        }
        writeln!(page, "</ul>\n<p><b>Fix:</b> {}</p>\n</section>", Name(&cause.fix));
    }
    if let Some(unresolved) = &diagnosis.unresolved {
        writeln!(page, "<p><b>To learn more:</b> {}</p>", Name(unresolved));
    }
    if let Some(acceptable) = &diagnosis.acceptable {
        writeln!(
            page,
            "<section>\n<h2>Acceptable?</h2>\n<p>{}</p>\n<p>{}</p>\n</section>",
            Name(&acceptable.statement),
            Name(&acceptable.recommendation),
        );
    }
    if let Some(start) = &diagnosis.start {
        start::write(page, start);
    }
    experiments(page, diagnosis);
}

fn experiments(page: &mut Page, diagnosis: &Diagnosis) {
    if diagnosis.experiments.is_empty() {
        return;
    }
    writeln!(
        page,
        "<section>\n<h2>Experiments</h2>\n<table>\n<thead><tr><th>changed</th><th>tests</th><th>gave</th><th>off by</th>\
         <th></th></tr></thead>\n<tbody>"
    );
    for experiment in &diagnosis.experiments {
        let gave = experiment.finding.words();
        let strong = matches!(experiment.finding, Finding::Recorded | Finding::Nearer);
        writeln!(
            page,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            Name(&experiment.title),
            Name(&experiment.cause),
            if strong { format!("<b>{gave}</b>") } else { gave.to_owned() },
            experiment.distance.map_or_else(String::new, measure),
            Name(experiment.note.as_deref().unwrap_or_default()),
        );
    }
    writeln!(page, "</tbody>\n</table>\n</section>");
}
