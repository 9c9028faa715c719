//! How the wall time divides between the phases.

use reproof_contract::report::Phase;

use super::markup::Page;
use crate::figures::{bytes, seconds};

/// Width of the bar in units of its own; it is stretched to the page.
const WIDTH: f64 = 1_000.0;

pub(super) fn write(page: &mut Page, phases: &[Phase]) {
    let length = |phase: &Phase| if phase.seconds.is_finite() { phase.seconds.max(0.0) } else { 0.0 };
    let total: f64 = phases.iter().map(length).sum();
    if phases.is_empty() || total <= 0.0 || !total.is_finite() {
        return;
    }
    let names: Vec<String> =
        phases.iter().map(|phase| format!("{} {}", phase.name.as_str(), seconds(phase.seconds))).collect();
    write!(
        page,
        "<figure class=\"timeline\">\n<svg role=\"img\" aria-label=\"Wall time: {}\" viewBox=\"0 0 1000 10\" \
         preserveAspectRatio=\"none\">",
        names.join(", "),
    );
    let mut left = 0.0;
    for phase in phases {
        let width = length(phase) / total * WIDTH;
        let name = phase.name.as_str();
        write!(page, "<rect class=\"{name}\" x=\"{left:.1}\" y=\"0\" width=\"{width:.1}\" height=\"10\"/>");
        left += width;
    }
    writeln!(page, "</svg>\n<figcaption>");
    for phase in phases {
        let name = phase.name.as_str();
        write!(page, "<span><i class=\"swatch {name}\"></i>{name} <b>{}</b>", seconds(phase.seconds));
        if let Some(peak) = phase.peak_memory_bytes {
            write!(page, " · peak {}", bytes(peak));
        }
        writeln!(page, "</span>");
    }
    writeln!(page, "<span>together <b>{}</b></span>\n</figcaption>\n</figure>", seconds(total));
}
