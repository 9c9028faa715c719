//! Where a difference starts, and how it reaches the outputs.

use reproof_contract::Real;
use reproof_contract::diagnosis::{Place, Start};

use super::heatmap;
use super::markup::{Name, Page};
use crate::figures::{counted, measure};

pub(super) fn write(page: &mut Page, start: &Start) {
    writeln!(page, "<section>\n<h2>Where it starts</h2>\n<p>{}</p>", Name(&sentence(start)));
    let label = "From the first step to the last: how far each stretch of the run is from the recorded one";
    heatmap::strip(page, &start.profile, label);
    writeln!(
        page,
        "<table>\n<thead><tr><th>step</th><th>what it is</th><th>gave</th><th>off by</th></tr></thead>\n<tbody>"
    );
    row(page, &start.step);
    for place in &start.path {
        row(page, place);
    }
    writeln!(page, "</tbody>\n</table>");
    if !start.others.is_empty() {
        writeln!(page, "<h3>Other beginnings</h3>\n<ul>");
        for place in &start.others {
            writeln!(page, "<li><code>{}</code> ({})</li>", Name(&place.name), Name(&place.kind));
        }
        writeln!(page, "</ul>");
    }
    writeln!(page, "</section>");
}

fn row(page: &mut Page, place: &Place) {
    writeln!(
        page,
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
        Name(&place.name),
        Name(&place.kind),
        place.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" × "),
        distance(place.distance),
    );
}

fn distance(distance: Option<Real>) -> String {
    distance.map_or_else(String::new, measure)
}

/// The beginning in words.
fn sentence(start: &Start) -> String {
    let recorded = start
        .recorded
        .as_ref()
        .map_or_else(String::new, |kind| format!(", where the recorded run had {kind}"));
    let inside = match start.inside.as_slice() {
        [] => String::new(),
        [inner, ..] => format!(" in {inner}"),
    };
    format!(
        "In case {}, {} ({}){inside} is the first step that gave something else from what was recorded{recorded}; {} of {} differ.",
        start.case,
        start.step.name,
        start.step.kind,
        start.differing,
        counted(start.steps, "step"),
    )
}
