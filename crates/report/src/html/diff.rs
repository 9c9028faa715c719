//! The page of a comparison of two artifacts: what changed on one screen, then tensors with pictures, then state.

use reproof_contract::Real;
use reproof_contract::diff::{
    Diff, DiffSide, StateDiff, StateStatus, TensorDiff, TensorStatus, ValueMetrics,
};

use super::markup::{Name, Page, Prose};
use super::{begin, heatmap, octaves};
use crate::figures::{count, counted, exact, measure, percent};
use crate::tone::Tone;

/// Tensors with pictures; a page with more would be slow and say no more.
const PICTURED: usize = 64;
/// Tensors that are open at first.
const OPEN: usize = 4;
/// Rows of the table of tensors.
const ROWS: usize = 500;
/// Facts of one part of state.
const FACTS: usize = 200;

pub(super) fn write(page: &mut Page, diff: &Diff) {
    let (tone, word) = if diff.equal { (Tone::Good, "equal") } else { (Tone::Bad, "different") };
    begin(page, &format!("{word}: {} and {}", Name(&diff.a.path), Name(&diff.b.path)));
    writeln!(
        page,
        "<header class=\"banner {}\">\n<p class=\"eyebrow\">Reproof comparison</p>\n\
         <h1><span class=\"seal\" aria-hidden=\"true\">{}</span> {word}</h1>",
        tone.as_str(),
        tone.mark(),
    );
    for (index, sentence) in diff.summary.iter().enumerate() {
        let class = if index == 0 { "lead" } else { "reach" };
        writeln!(page, "<p class=\"{class}\">{}</p>", Prose(sentence));
    }
    writeln!(page, "<dl class=\"facts\">");
    side(page, "First", &diff.a);
    side(page, "Second", &diff.b);
    writeln!(page, "</dl>\n</header>\n<main>");
    states(page, diff);
    pictures(page, diff);
    table(page, diff);
    writeln!(
        page,
        "</main>\n<footer>Compared by Reproof {}{}.</footer>\n</body>\n</html>",
        Name(&diff.compared_by),
        if diff.bits_only { ", bits alone" } else { "" },
    );
}

fn side(page: &mut Page, label: &str, side: &DiffSide) {
    let by = side.trainer.as_ref().map(|trainer| format!(", by {}", Name(trainer))).unwrap_or_default();
    writeln!(
        page,
        "<div><dt>{label}</dt><dd><bdi>{}</bdi><br>{}, {}{by}</dd></div>",
        Name(&side.path),
        Name(&side.format),
        counted(side.tensors, "tensor"),
    );
}

/// Tensors that were measured and differ, each with where and how much.
fn pictures(page: &mut Page, diff: &Diff) {
    let measured: Vec<(&TensorDiff, &ValueMetrics)> = diff
        .tensors
        .iter()
        .filter_map(|tensor| Some((tensor, tensor.metrics.as_ref()?.values.as_ref()?)))
        .collect();
    if measured.is_empty() {
        return;
    }
    writeln!(page, "<section aria-labelledby=\"changed\">\n<h2 id=\"changed\">Tensors that changed</h2>");
    for (index, (tensor, values)) in measured.iter().take(PICTURED).enumerate() {
        let open = if index < OPEN { " open" } else { "" };
        writeln!(
            page,
            "<details class=\"output bad\"{open}>\n<summary><span class=\"path\"><bdi>{}</bdi></span> \
             <span class=\"chip bad\">{}</span></summary>\n<dl class=\"pairs\">",
            Name(&tensor.name),
            tensor.status.as_str(),
        );
        for (label, value) in measures(tensor, values) {
            writeln!(page, "<dt>{label}</dt><dd><bdi>{}</bdi></dd>", Prose(&value));
        }
        writeln!(page, "</dl>\n<div class=\"pictures\">");
        octaves::write(page, &values.ulp_octaves, tensor.dtype.is_float());
        if let Some(map) = &values.heatmap {
            heatmap::write(page, map);
        }
        writeln!(page, "</div>\n</details>");
    }
    if let Some(rest) = measured.len().checked_sub(PICTURED).filter(|rest| *rest > 0) {
        let rest = counted(rest as u64, "more tensor");
        writeln!(
            page,
            "<p class=\"quiet\">And {rest}, none with a larger distance: see the table below.</p>"
        );
    }
    writeln!(page, "</section>");
}

/// What was measured of a tensor, in words and figures.
fn measures(tensor: &TensorDiff, values: &ValueMetrics) -> Vec<(&'static str, String)> {
    let mut told = vec![("part", tensor.part.clone())];
    if let Some(name) = &tensor.name_in_b {
        told.push(("name in the second", name.clone()));
    }
    told.push(("type", format!("{} {:?}", tensor.dtype, tensor.shape)));
    if let Some(dtype) = tensor.dtype_in_b {
        told.push(("in the second", dtype.to_string()));
    }
    if let Some(metrics) = &tensor.metrics {
        let share = percent(metrics.differing, metrics.elements);
        told.push((
            "differing",
            format!("{share} ({} of {})", count(metrics.differing), count(metrics.elements)),
        ));
    }
    if values.bits_only > 0 {
        told.push(("of those in bits alone", count(values.bits_only)));
    }
    if values.special_mismatches > 0 {
        told.push(("NaN or infinity against others", count(values.special_mismatches)));
    }
    told.push(("relative L2 distance", measure(values.relative_l2)));
    told.push(("largest |a - b|", measure(values.maximum_absolute)));
    let unit = if tensor.dtype.is_float() {
        ("99 % within, ULP", "largest, ULP")
    } else {
        ("99 % within, steps", "largest, steps")
    };
    let steps = |value: Option<Real>| value.map(measure);
    told.extend(steps(values.ulp_p99).map(|value| (unit.0, value)));
    told.extend(steps(values.ulp_maximum).map(|value| (unit.1, value)));
    if let Some(worst) = &values.worst {
        told.push(("worst element", format!("{:?}: {} and {}", worst.index, exact(worst.a), exact(worst.b))));
    }
    told
}

/// Everything that differs, in one table.
fn table(page: &mut Page, diff: &Diff) {
    let differing = || diff.tensors.iter().filter(|tensor| tensor.status != TensorStatus::Identical);
    let number = differing().count();
    if number == 0 {
        return;
    }
    writeln!(
        page,
        "<section aria-labelledby=\"all\">\n<h2 id=\"all\">All that differs</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Tensors that differ\">\n<table>\n\
         <caption class=\"unseen\">Tensors that differ, the largest distance first</caption>\n<thead><tr>\
         <th scope=\"col\">Tensor</th><th scope=\"col\">Part</th><th scope=\"col\">Status</th>\
         <th scope=\"col\">Now</th><th scope=\"col\">Differing</th><th scope=\"col\">Relative L2</th></tr></thead>\n<tbody>",
    );
    for tensor in differing().take(ROWS) {
        let metrics = tensor.metrics.as_ref();
        let share = metrics.map(|metrics| percent(metrics.differing, metrics.elements)).unwrap_or_default();
        let distance = tensor.distance().map(|distance| measure(Real(distance))).unwrap_or_default();
        writeln!(
            page,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td><bdi>{}</bdi></td><td>{}{}</td><td><bdi>{}</bdi></td>\
             <td class=\"number\">{share}</td><td class=\"number\">{distance}</td></tr>",
            Name(&tensor.name),
            Name(&tensor.part),
            tensor.status.as_str(),
            match tensor.exact {
                Some(true) => ", exactly",
                Some(false) if tensor.status == TensorStatus::Cast => " and changed",
                _ => "",
            },
            Name(&now(tensor)),
        );
    }
    writeln!(page, "</tbody>\n</table>\n</div>");
    if let Some(rest) = number.checked_sub(ROWS).filter(|rest| *rest > 0) {
        let rest = counted(rest as u64, "more tensor");
        writeln!(page, "<p class=\"quiet\">And {rest}: see the JSON document.</p>");
    }
    writeln!(page, "</section>");
}

/// What a tensor is in the second artifact, where that is something else.
fn now(tensor: &TensorDiff) -> String {
    let mut told = Vec::new();
    told.extend(tensor.name_in_b.clone());
    told.extend(tensor.dtype_in_b.map(|dtype| dtype.to_string()));
    told.extend(tensor.shape_in_b.as_ref().map(|shape| format!("{shape:?}")));
    if !tensor.pieces.is_empty() {
        told.push(tensor.pieces.join(" + "));
    }
    told.join(", ")
}

fn states(page: &mut Page, diff: &Diff) {
    if diff.states.is_empty() {
        return;
    }
    writeln!(
        page,
        "<section aria-labelledby=\"state\">\n<h2 id=\"state\">Training state</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Training state\">\n<table>\n\
         <caption class=\"unseen\">Training state, part by part</caption>\n<thead><tr><th scope=\"col\">Part</th>\
         <th scope=\"col\">Fact</th><th scope=\"col\">First</th><th scope=\"col\">Second</th></tr></thead>\n<tbody>",
    );
    for state in &diff.states {
        write_state(page, state);
    }
    writeln!(page, "</tbody>\n</table>\n</div>\n</section>");
}

fn write_state(page: &mut Page, state: &StateDiff) {
    let mut row = |fact: &str, a: &str, b: &str| {
        writeln!(
            page,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td></tr>",
            Name(&state.part),
            Name(fact),
            Prose(a),
            Prose(b),
        );
    };
    let kind = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "there".to_owned());
    match state.status {
        StateStatus::Identical => row(&counted(state.same, "fact"), "the same", "the same"),
        StateStatus::Added => row("all of it", "", &kind(&state.kind_in_b)),
        StateStatus::Removed => row("all of it", &kind(&state.kind), ""),
        StateStatus::Changed => {
            if state.kind != state.kind_in_b {
                row("kind", &kind(&state.kind), &kind(&state.kind_in_b));
            }
            let shown = |value: &Option<serde_json::Value>| match value {
                None => String::new(),
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            };
            for change in state.changes.iter().take(FACTS) {
                row(&change.fact, &shown(&change.a), &shown(&change.b));
            }
            if let Some(rest) = state.changes.len().checked_sub(FACTS).filter(|rest| *rest > 0) {
                row(&format!("and {rest} more"), "", "");
            }
        }
    }
}
