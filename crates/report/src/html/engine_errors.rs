//! The page of an engine's errors: where they are made, as a picture and as a table.

use reproof_contract::diagnosis::{EngineErrors, ErrorBudget, NodeError};

use super::begin;
use super::markup::{Name, Page};
use crate::budget::{Scale, worst_first};
use crate::figures::{counted, measure};

/// Rows of the table.
const ROWS: usize = 300;
/// Height of the picture, and the widest that it gets, in units of its own.
const HEIGHT: usize = 60;
const WIDTH: f64 = 1_000.0;

pub(super) fn write(page: &mut Page, found: &EngineErrors) {
    let budget = &found.errors;
    begin(page, &format!("errors by node: {}", Name(&found.path)));
    writeln!(
        page,
        "<header class=\"banner\">\n<p class=\"eyebrow\">Reproof diagnosis</p>\n<h1>Errors by node</h1>\n\
         <p class=\"lead\"><bdi>{}</bdi>, case {}: {} of {} against float64</p>\n</header>\n<main>",
        Name(&found.path),
        Name(&budget.case),
        counted(budget.nodes.len() as u64, "value"),
        Name(&budget.engine),
    );
    if budget.disturbed {
        writeln!(
            page,
            "<p>The engine fuses fewer operators where their values are asked for: its outputs differ from those of \
             a plain run.</p>"
        );
    }
    writeln!(page, "<section>\n<h2>In the order of the graph</h2>");
    let picture =
        |page: &mut Page, title: &str, of: &dyn Fn(&NodeError) -> Option<f64>| bars(page, budget, title, of);
    picture(page, "by itself, with what the engine gave it", &|node| node.own.map(|apart| apart.l2.0));
    picture(page, "so far, from the inputs on", &|node| node.total.map(|apart| apart.l2.0));
    writeln!(page, "</section>");
    table(page, budget);
    writeln!(page, "</main>\n</body>\n</html>");
}

fn bars(page: &mut Page, budget: &ErrorBudget, title: &str, of: &dyn Fn(&NodeError) -> Option<f64>) {
    let Some(scale) = Scale::of(budget) else { return };
    let width = WIDTH / budget.nodes.len().max(1) as f64;
    writeln!(
        page,
        "<figure class=\"budget\">\n<figcaption>{title}: relative L2 from {} to {}</figcaption>\n\
         <svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\">",
        scale.lowest(),
        scale.highest(),
    );
    for (index, node) in budget.nodes.iter().enumerate() {
        let distance = of(node).unwrap_or_default();
        let height = scale.level(distance, HEIGHT);
        let (left, top) = (index as f64 * width, HEIGHT - height);
        let shown = measure(reproof_contract::Real(distance));
        writeln!(
            page,
            "<rect class=\"bin\" x=\"{left:.2}\" y=\"{top}\" width=\"{:.2}\" height=\"{height}\">\
             <title>{} {}: {shown}</title></rect>",
            width * 0.9,
            Name(&node.operator),
            Name(&node.name),
        );
    }
    writeln!(page, "</svg>\n</figure>");
}

fn table(page: &mut Page, budget: &ErrorBudget) {
    writeln!(
        page,
        "<section>\n<h2>Worst first</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr><th>value</th><th>operator</th>\
         <th class=\"number\">by itself, eps</th><th class=\"number\">by itself, L2</th>\
         <th class=\"number\">largest</th><th class=\"number\">so far, L2</th></tr></thead>\n<tbody>"
    );
    for node in worst_first(budget).into_iter().take(ROWS) {
        let cell = |value: Option<reproof_contract::Real>| value.map_or_else(String::new, measure);
        let own = if node.changed { "changed".to_owned() } else { cell(node.own.map(|apart| apart.units)) };
        writeln!(
            page,
            "<tr><td><bdi>{}</bdi></td><td>{}</td><td class=\"number\">{own}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Name(&node.name),
            Name(&node.operator),
            cell(node.own.map(|apart| apart.l2)),
            cell(node.own.map(|apart| apart.maximum)),
            cell(node.total.map(|apart| apart.l2)),
        );
    }
    writeln!(page, "</tbody>\n</table>\n</div>\n</section>");
}
