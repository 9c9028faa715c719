//! Where a difference starts, and how it reaches the outputs.

use reproof_contract::Real;
use reproof_contract::diagnosis::{Place, Stage, Start};

use super::heatmap;
use super::markup::{Name, Page};
use crate::figures::{counted, measure, share};

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
    if let Some(heatmap) = &start.heatmap {
        writeln!(
            page,
            "<h3>What <code>{}</code> gave, against the recorded tensor</h3>",
            Name(&start.step.name)
        );
        heatmap::write(page, heatmap);
    }
    if !start.stages.is_empty() {
        stages(page, &start.stages);
    }
    if !start.others.is_empty() {
        writeln!(page, "<h3>Other beginnings</h3>\n<ul>");
        for place in &start.others {
            writeln!(page, "<li><code>{}</code> ({})</li>", Name(&place.name), Name(&place.kind));
        }
        writeln!(page, "</ul>");
    }
    writeln!(page, "</section>");
}

/// What each part of the model adds, in the order of the run.
fn stages(page: &mut Page, stages: &[Stage]) {
    let shares: Vec<Real> = stages.iter().map(|stage| stage.share).collect();
    writeln!(
        page,
        "<h3>What each part adds</h3>\n<table>\n<thead><tr><th>part</th><th>steps</th><th>takes, off by</th><th>gives, off \
         by</th><th>adds</th></tr></thead>\n<tbody>"
    );
    for stage in stages {
        writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            Name(&stage.name),
            stage.steps,
            measure(stage.entering),
            measure(stage.leaving),
            share(stage.share.0),
        );
    }
    writeln!(page, "</tbody>\n</table>");
    heatmap::strip(page, &shares, "Shares of the parts, in the order of the run");
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
